"""Three lines for the first start: how to move, what to ask for, how to leave."""

from typing import Final

from tui_tracker.tui.keys import KeyBook
from tui_tracker.tui.runs import Line, Run, packed
from tui_tracker.tui.widgets.canvas import Canvas

ROWS: Final = 3
KEYS_UNTIL_GONE: Final = 5
SENTENCES: Final = (
    (
        (("cursor.up", "cursor.down"), "move"),
        (("chart.full",), "open the chart"),
        (("filter",), "find a pair"),
    ),
    (
        (("sort.next",), "sort"),
        (("measure",), "rank by another measure"),
        (("view.2",), "most volatile in %"),
        (("quote",), "another currency"),
        (("favourite",), "watchlist"),
    ),
    ((("help",), "all keys"), (("palette",), "any command"), (("quit",), "quit")),
)
ARROWS: Final = "arrow keys"
WORDS: Final = "Welcome ", "Rank    ", "Help    "


class Welcome(Canvas):
    """Help for the first minutes, above the keys; it makes room for itself and covers nothing."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._left = KEYS_UNTIL_GONE

    def show(self, key_book: KeyBook, width: int) -> None:
        """Write the lines with the keys in force."""
        lines: list[Line] = []
        for word, sentence in zip(WORDS, SENTENCES, strict=True):
            groups: list[list[Run]] = [[(word, "strong")]]
            for names, text in sentence:
                if keys := " ".join(key for name in names if (key := key_book.label(name).partition(" ")[0])):
                    groups.append([(ARROWS if keys == "↑ ↓" else keys, "accent"), (f" {text}", "muted")])
            lines.append(Line(((" ", "muted"), *packed(groups, width - 2, "  "))))
        self.paint(lines)

    def count_key(self) -> bool:
        """Take note of a key; return whether that were enough."""
        self._left -= 1
        return self._left <= 0

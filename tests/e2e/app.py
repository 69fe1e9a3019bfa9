"""The app in a pseudo-terminal, looked at as a person does: panes, titles, rows, the marked pair."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.e2e import commands
from tests.support.pty_session import PtySession

RANKED: Final = re.compile(r" 1/[\d,]+ ")
"""The first row of a ranking."""
DEADLINE_S: Final = 20.0
PAIR: Final = re.compile(r"[A-Z0-9]*[A-Z][A-Z0-9]*/[A-Z]{3,5}")
_TITLE: Final = re.compile(r"(?:╭─|┏━|\+-) (.*?) [─━-]*[╮┓+]")
"""A pane's upper edge: as usual, with the focus where there is no colour, in ASCII."""
_CURSOR: Final = re.compile(r"▌|(?<=[|+])>")


class App:
    """The app on a terminal of its own."""

    def __init__(self, session: PtySession) -> None:
        self.session = session

    @property
    def text(self) -> str:
        """The whole screen."""
        return self.session.text

    @property
    def header(self) -> str:
        """The top line."""
        return self.text.split("\n", 1)[0]

    @property
    def keys(self) -> str:
        """The bottom line."""
        return self.text.rstrip("\n").rpartition("\n")[2]

    @property
    def titles(self) -> list[str]:
        """Titles of the panes, from the top left."""
        return [title.replace(" -- ", " ── ") for title in _TITLE.findall(self.text)]

    @property
    def table(self) -> list[str]:
        """Rows of the ranked table that are in view."""
        start = max((found.start() for found in _TITLE.finditer(self.text)), default=len(self.text))
        lines = self.text[start:].split("\n")[2:]
        return [line.strip("│┃|▐▇ ") for line in lines if line.startswith(("│", "┃", "|")) and PAIR.search(line)]

    @property
    def table_pairs(self) -> list[str]:
        """Pairs of these rows."""
        return [found[0] for row in self.table if (found := PAIR.search(row))]

    @property
    def marked(self) -> set[str]:
        """Pairs that a cursor is on, in any list, and the one of the chart's title."""
        rows = [piece for line in self.text.split("\n") for piece in _CURSOR.split(line)[1:]]
        found = {match[0] for row in rows if (match := PAIR.search(row))}
        return found | {match[0] for title in self.titles if (match := PAIR.match(title))}

    def press(self, keys: str) -> None:
        """Type."""
        self.session.send(keys)

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Read until something holds."""
        self.session.wait_until(condition, DEADLINE_S, what)

    def until_shown(self, text: str | re.Pattern[str]) -> None:
        """Read until a text is on the screen."""
        self.session.wait_for(text, DEADLINE_S)

    def until_gone(self, text: str | re.Pattern[str]) -> None:
        """Read until a text is on the screen no more."""
        self.session.wait_gone(text, DEADLINE_S)

    def until_prompt(self, text: str) -> None:
        """Read until a prompt is all of the bottom line, which is drawn from the left, maybe in pieces."""
        self.until(lambda: self.keys.startswith(text) and "? help" not in self.keys, f"the prompt {text!r}")

    def until_no_prompt(self) -> None:
        """Read until the bottom line tells the keys again, to its end."""
        self.until(lambda: "? help" in self.keys, "the bottom line")

    def until_titled(self, text: str) -> None:
        """Read until a pane's title has a text."""
        self.until(lambda: any(text in title for title in self.titles), f"a title with {text!r}")

    def press_until_titled(self, keys: str, text: str) -> None:
        """Type, and read until a pane's title has a text."""
        self.press(keys)
        self.until_titled(text)

    def assert_left_clean(self, code: int) -> None:
        """Wait for the end: this exit code, and the terminal as it was before."""
        session = self.session
        assert session.wait_exit(10) == code, session.text
        assert session.left_on == set()
        assert session.attributes() == session.attributes_before
        assert not session.screen.is_alternate
        assert "Traceback" not in session.text


@contextmanager
def started(
    home: Path,
    *arguments: str,
    cols: int = 120,
    rows: int = 28,
    stdin: Path | None = None,
    stderr: Path | None = None,
    stdout: Path | None = None,
    **environ: str,
) -> Iterator[App]:
    """Start the command in a terminal of a size."""
    home.mkdir(parents=True, exist_ok=True)
    argv: Sequence[str] = (str(commands.COMMAND), *arguments)
    env = commands.environment(home, **environ)
    with PtySession(argv, env, rows, cols, cwd=home, stdin=stdin, stdout=stdout, stderr=stderr) as session:
        yield App(session)


@contextmanager
def demo(home: Path, *arguments: str, cols: int = 120, rows: int = 28, **environ: str) -> Iterator[App]:
    """The app on its simulated market, once the first pairs are ranked."""
    with started(
        home,
        "--demo",
        "--pairs",
        "100",
        *arguments,
        cols=cols,
        rows=rows,
        stdin=None,
        stderr=None,
        stdout=None,
        **environ,
    ) as app:
        app.until_shown(RANKED)
        yield app

"""Every key of the app: one list that the app, the bottom line, the palette and the help are made from."""

from dataclasses import dataclass
from typing import Final

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that a key does."""

    id: str
    keys: str
    action: str
    hint: str
    """Two words at most, for the bottom line."""
    help: str
    """One line, for the help and the palette."""
    display: str
    group: str
    is_priority: bool = False
    in_palette: bool = True

    @property
    def binding(self) -> Binding:
        """The binding of the keys."""
        return Binding(
            self.keys,
            self.action,
            self.help,
            id=self.id,
            key_display=self.display,
            priority=self.is_priority,
            show=False,
        )


MOVE, LOOK, SHOW, DO = "Move", "Rank and filter", "Show", "Do"

KEY_COMMANDS: Final = (
    Command("cursor.up", "up,k", "move(-1)", "up", "previous pair", "↑ k", MOVE, in_palette=False),
    Command("cursor.down", "down,j", "move(1)", "down", "next pair", "↓ j", MOVE, in_palette=False),
    Command("cursor.page_up", "pageup", "move_page(-1)", "page up", "one page up", "PgUp", MOVE, in_palette=False),
    Command(
        "cursor.page_down", "pagedown", "move_page(1)", "page down", "one page down", "PgDn", MOVE, in_palette=False
    ),
    Command("cursor.half_up", "ctrl+u", "move_half(-1)", "half up", "half a page up", "ctrl+u", MOVE, in_palette=False),
    Command(
        "cursor.half_down", "ctrl+d", "move_half(1)", "half down", "half a page down", "ctrl+d", MOVE, in_palette=False
    ),
    Command("cursor.first", "home,g", "move_end(False)", "first", "first pair", "Home g", MOVE, in_palette=False),
    Command("cursor.last", "end,G", "move_end(True)", "last", "last pair", "End G", MOVE, in_palette=False),
    Command("pane.next", "tab", "pane(1)", "pane", "next pane", "Tab", MOVE, in_palette=False),
    Command("pane.previous", "shift+tab", "pane(-1)", "pane", "previous pane", "Shift-Tab", MOVE, in_palette=False),
    Command("chart.full", "enter,vertical_line", "open", "chart", "chart over the whole screen", "Enter", MOVE),
    Command("back", "escape", "go_back", "back", "back; clears the filter", "Esc", MOVE),
    Command(
        "filter",
        "slash",
        "filter",
        "filter",
        "filter both lists as you type (!word leaves out)",
        "/",
        LOOK,
        is_priority=True,  # so that what is typed right behind it waits for the field
    ),
    Command("sort", "s", "sort", "sort", "sort rows by the next column", "s", LOOK),
    Command("sort.reverse", "S", "look('reverse')", "reverse", "reverse the rows; ranks stay", "S", LOOK),
    Command("metric", "m", "look('metric')", "metric", "next metric, for chart and ranking", "m", LOOK),
    Command(
        "measure", "e", "look('measure')", "measure", "next measure to rank by: σ, cv, volatility, range", "e", LOOK
    ),
    Command("quote", "u", "quote", "quote", "next quote currency, then all", "u", LOOK),
    Command("freeze", "p", "freeze", "freeze", "freeze the order; values stay live", "p", LOOK),
    Command("favourite", "f", "favourite", "★", "put the pair on the watchlist, or take it off", "f", LOOK),
    Command("watchlist", "F", "look('watchlist')", "watchlist", "rank the watchlist only", "F", LOOK),
    Command(
        "range.shorter", "left_square_bracket", "look('shorter')", "range", "shorter range of the chart", "[", SHOW
    ),
    Command("range.longer", "right_square_bracket", "look('longer')", "range", "longer range of the chart", "]", SHOW),
    Command("time_zone", "t", "look('time_zone')", "UTC/local", "times in UTC or local time", "t", SHOW),
    Command("theme", "T", "theme", "theme", "next theme, those of your own too", "T", SHOW),
    Command("layout", "z", "look('layout')", "layout", "next layout: balanced, chart, table", "z", SHOW),
    Command("list.narrower", "less_than_sign", "resize_list(-2)", "list", "pair list narrower", "<", SHOW),
    Command("list.wider", "greater_than_sign", "resize_list(2)", "list", "pair list wider", ">", SHOW),
    Command("chart.lower", "left_curly_bracket", "resize_chart(-1)", "chart", "chart lower", "{", SHOW),
    Command("chart.higher", "right_curly_bracket", "resize_chart(1)", "chart", "chart higher", "}", SHOW),
    Command("poll", "R", "poll", "poll", "poll the exchange now", "R", DO),
    Command("demo", "d", "demo", "demo", "watch a simulated market", "d", DO),
    Command(
        "palette",
        "ctrl+p",
        "command_palette",
        "commands",
        "go to a pair, or any command",
        "ctrl+p",
        DO,
        in_palette=False,
    ),
    Command("help", "question_mark,f1", "help", "help", "all keys", "?", DO),
    Command("suspend", "ctrl+z", "suspend_process", "suspend", "back to the shell; fg returns", "ctrl+z", DO),
    Command("quit", "q", "quit", "quit", "quit", "q", DO),
    Command(
        "quit.now", "ctrl+c", "quit", "quit", "quit from anywhere", "ctrl+c", DO, is_priority=True, in_palette=False
    ),
)
BY_ID: Final = {command.id: command for command in KEY_COMMANDS}

LIST_HINTS: Final = ("filter", "favourite", "chart.full", "quote", "metric", "watchlist", "palette")
TABLE_HINTS: Final = (
    "filter",
    "sort",
    "metric",
    "measure",
    "quote",
    "favourite",
    "freeze",
    "range",
    "chart.full",
    "palette",
)
CHART_HINTS: Final = (
    "back",
    "range",
    "metric",
    "time_zone",
    "favourite",
    "palette",
)


LOST_HINTS: Final = ("poll", "demo")
ALWAYS_HINTS: Final = ("help", "quit")

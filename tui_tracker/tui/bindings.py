"""Every key of the app: one list that the app, the bottom line, the palette and the help are made from."""

from dataclasses import dataclass, replace
from typing import Final

from textual.binding import Binding

from tui_tracker.core.figures import Measure


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

    @property
    def app_binding(self) -> Binding:
        """The binding for a widget whose keys are actions of the app."""
        return replace(self, action=f"app.{self.action}").binding


MOVE, LOOK, SHOW, TIME, DO = "Move", "Rank and filter", "Show", "Back in time", "Do"

_MEASURES: Final = ", ".join(measure.label for measure in Measure)
_VIEW_COMMANDS: Final = tuple(
    Command(f"view.{n}", f"{n}", f"pick_view({n})", "view", f"saved view {n}", f"{n}", LOOK, in_palette=False)
    for n in range(1, 10)
)
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
    Command(
        "pair", "enter", "enter", "pair", "all about the pair; in the chart: chart over the whole screen", "Enter", MOVE
    ),
    Command("chart.full", "vertical_line", "open", "chart", "chart over the whole screen", "|", MOVE),
    Command("back", "escape", "go_back", "back", "back; clears the filter", "Esc", MOVE),
    Command(
        "filter",
        "slash",
        "filter",
        "filter",
        "filter both lists: words, !word, /pattern/, cv > 2% and quote = USD",
        "/",
        LOOK,
        is_priority=True,  # so that what is typed right behind it waits for the field
    ),
    Command("sort.next", "s", "sort", "sort", "sort rows by the next column", "s", LOOK),
    Command("sort.reverse", "S", "look('reverse')", "reverse", "reverse the rows; ranks stay", "S", LOOK),
    Command("metric", "m", "look('metric')", "metric", "next metric, for chart and ranking", "m", LOOK),
    Command("measure", "e", "look('measure')", "measure", f"next measure to rank by: {_MEASURES}", "e", LOOK),
    Command("window", "r", "look('window')", "window", "all figures and ranks over an hour … 30 days", "r", LOOK),
    Command("quote", "u", "quote", "quote", "next quote currency, then all", "u", LOOK),
    Command("exchange", "E", "exchange", "exchange", "next exchange where several are watched, then all", "E", LOOK),
    Command("freeze", "p", "freeze", "freeze", "freeze the order; values stay live", "p", LOOK),
    Command("sort.then", "a", "then", "then by", "second column to sort by", "a", LOOK),
    Command("favourite", "f", "favourite", "★", "put the pair on the watchlist, or take it off", "f", LOOK),
    Command("watchlist.only", "F", "look('watchlist')", "watchlist", "rank the watchlist only", "F", LOOK),
    Command("watchlist.next", "W", "next_watchlist", "next list", "rank the next watchlist", "W", LOOK),
    Command("watchlist.add", "A", "add_to_watchlist", "add", "search a pair and add it to the watchlist", "A", LOOK),
    Command("view.next", "asterisk", "next_view", "view", "next saved view", "*", LOOK),
    Command("view.save", "V", "save_view", "save view", "save this view as …", "V", LOOK),
    *_VIEW_COMMANDS,
    Command("unique_base", "U", "look('unique_base')", "unique", "one row an asset: its most traded pair", "U", LOOK),
    Command("classes", "X", "look('classes')", "classes", "hide or show stable, fiat, wrapped … pairs", "X", LOOK),
    Command("shift", "D", "look('shift')", "Δrank", "change of rank against 5 min, 1 h or 24 h ago", "D", LOOK),
    Command("cursor.mode", "l", "look('cursor')", "follow", "cursor follows its pair, or stays at its line", "l", LOOK),
    Command("columns", "C", "columns", "columns", "choose columns, their order and width", "C", SHOW),
    Command(
        "range.shorter", "left_square_bracket", "look('shorter')", "range", "shorter range of the chart", "[", SHOW
    ),
    Command("range.longer", "right_square_bracket", "look('longer')", "range", "longer range of the chart", "]", SHOW),
    Command("time_zone", "t", "look('time_zone')", "UTC/local", "times in UTC or local time", "t", SHOW),
    Command("theme", "T", "theme", "theme", "next theme: auto, those built in, those of your own", "T", SHOW),
    Command("options", "O,f2", "options", "settings", "settings: colors, keys, numbers, clock …", "O F2", SHOW),
    Command("layout", "z", "look('layout')", "layout", "next layout: balanced, chart, table", "z", SHOW),
    Command("list.narrower", "less_than_sign", "resize_list(-2)", "list", "pair list narrower", "<", SHOW),
    Command("list.wider", "greater_than_sign", "resize_list(2)", "list", "pair list wider", ">", SHOW),
    Command("chart.lower", "left_curly_bracket", "resize_chart(-1)", "chart", "chart lower", "{", SHOW),
    Command("chart.higher", "right_curly_bracket", "resize_chart(1)", "chart", "chart higher", "}", SHOW),
    Command("chart.style", "v", "chart_look('style')", "style", "chart as line, area or candles", "v", SHOW),
    Command(
        "chart.band", "b", "chart_look('band')", "band", "Bollinger band: mean ± 2σ of 24 h, 4 h, 1 h, none", "b", SHOW
    ),
    Command("chart.compare", "c", "compare", "compare", "compare the pair in the chart, or no longer", "c", SHOW),
    Command("chart.compare_none", "N", "compare_none", "alone", "the pair alone in the chart again", "N", SHOW),
    Command("chart.zoom_reset", "0", "zoom_reset", "zoom reset", "the chart's whole range again", "0", SHOW),
    Command("chart.ranks", "h", "chart_look('ranks')", "ranks", "the pair's rank over time in the chart", "h", SHOW),
    Command("why", "i", "open_page('why')", "why", "why the pair has its rank", "i", SHOW),
    Command("across", "M", "open_page('across')", "markets", "the pair on every exchange, side by side", "M", SHOW),
    Command("overview", "o", "open_page('overview')", "overview", "the market: heat map, breadth, events", "o", SHOW),
    Command("health", "H", "open_page('health')", "health", "how source and app are doing", "H", SHOW),
    Command("past.go", "B", "past", "go back", "back in time: everything as it was at a past moment", "B", TIME),
    Command("past.earlier", "left_parenthesis", "past_step(-1)", "earlier", "a minute earlier", "(", TIME),
    Command("past.later", "right_parenthesis", "past_step(1)", "later", "a minute later", ")", TIME),
    Command("past.hour_earlier", "J", "past_step(-60)", "− 1 h", "an hour earlier", "J", TIME),
    Command("past.hour_later", "K", "past_step(60)", "+ 1 h", "an hour later", "K", TIME),
    Command("past.play", "space", "past_play", "play", "let time go on, a minute a second, or stand", "Space", TIME),
    Command("past.live", "L", "past_leave", "live", "return to live", "L", TIME),
    Command("poll", "R", "poll", "poll", "poll the exchange now", "R", DO),
    Command("copy.row", "y", "copy_row", "copy", "copy the pair's row", "y", DO),
    Command("copy.view", "Y", "copy_view", "copy all", "copy the rows of the view", "Y", DO),
    Command("export", "w", "export", "write", "write the view to a file, CSV or JSON", "w", DO),
    Command(
        "picture",
        "P",
        "picture",
        "picture",
        "save a picture of the screen, a screenshot (SVG)",
        "P",
        DO,
        is_priority=True,  # on every screen; where one types, the app refuses it
    ),
    Command("demo", "d", "demo", "demo", "watch a simulated market where nothing is known, and back", "d", DO),
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
    Command("redraw", "ctrl+l", "redraw", "redraw", "draw the whole screen anew", "ctrl+l", DO),
    Command("suspend", "ctrl+z", "suspend_process", "suspend", "back to the shell; fg returns", "ctrl+z", DO),
    Command("quit", "q", "quit", "quit", "quit", "q", DO),
    Command(
        "quit_now", "ctrl+c", "quit", "quit", "quit from anywhere", "ctrl+c", DO, is_priority=True, in_palette=False
    ),
)
CHART: Final = "In the chart"
CHART_COMMANDS: Final = (
    Command("crosshair.left", "left", "crosshair(-1)", "crosshair", "crosshair to the left", "←", CHART),
    Command("crosshair.right", "right", "crosshair(1)", "crosshair", "crosshair to the right", "→", CHART),
    Command("chart.earlier", "comma,shift+left", "pan(-1)", "earlier", "earlier minutes", ", Shift-←", CHART),
    Command("chart.later", "full_stop,shift+right", "pan(1)", "later", "later minutes", ". Shift-→", CHART),
    Command("chart.zoom_in", "plus,equals_sign", "zoom(True)", "zoom in", "zoom in, around the crosshair", "+", CHART),
    Command("chart.zoom_out", "minus", "zoom(False)", "zoom out", "zoom out, to the whole window", "-", CHART),
    Command("chart.copy", "y", "copy_readout", "copy", "copy the values at the crosshair", "y", CHART),
    Command("chart.toggle", "enter,vertical_line", "toggle_full", "full", "whole screen, and back", "| Enter", CHART),
    Command(
        "chart.back",
        "escape",
        "leave_crosshair",
        "back",
        "leave crosshair or full screen",
        "Esc",
        CHART,
        in_palette=False,
    ),
)
"""Keys that the chart takes while it has the focus; their actions are the app's."""
BY_ID: Final = {command.id: command for command in (*KEY_COMMANDS, *CHART_COMMANDS)}

LIST_HINTS: Final = ("filter", "favourite", "pair", "quote", "metric", "watchlist.only", "palette")
TABLE_HINTS: Final = (
    "filter",
    "sort.next",
    "metric",
    "measure",
    "quote",
    "favourite",
    "freeze",
    "range",
    "pair",
    "why",
    "palette",
)
CHART_HINTS: Final = (
    "back",
    "crosshair",
    "range",
    "zoom",
    "chart.style",
    "chart.band",
    "chart.compare",
    "chart.ranks",
    "chart.copy",
    "metric",
    "time_zone",
    "palette",
)


LOST_HINTS: Final = ("poll", "demo")
PAIRED_HINTS: Final = {
    "range": (("range.shorter", "range.longer"), ""),
    "crosshair": (("crosshair.left", "crosshair.right"), "crosshair"),
    "zoom": (("chart.zoom_in", "chart.zoom_out"), "zoom"),
}
"""Hints that stand for two actions, and their word where it isn't the first one's."""
ALWAYS_HINTS: Final = ("help", "quit")

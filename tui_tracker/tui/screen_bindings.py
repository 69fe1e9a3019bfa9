"""The keys of the screens over the panes; each list is obeyed where it is shown, beside no other but the app's."""

from typing import Final

from tui_tracker.tui.bindings import CHART_COMMANDS, KEY_COMMANDS, Command

HERE, ELSEWHERE, ALWAYS = "On this screen", "Other screens", "Everywhere"

SCROLL_COMMANDS: Final = (
    Command("page.up", "up,k", "scroll(-1)", "up", "one line up", "↑ k", HERE),
    Command("page.down", "down,j", "scroll(1)", "down", "one line down", "↓ j", HERE),
    Command("page.page_up", "pageup", "scroll_page(-1)", "page up", "one screen up", "PgUp", HERE),
    Command("page.page_down", "pagedown,space", "scroll_page(1)", "page down", "one screen down", "PgDn", HERE),
    Command("page.half_up", "ctrl+u", "scroll_page(-0.5)", "half up", "half a screen up", "ctrl+u", HERE),
    Command("page.half_down", "ctrl+d", "scroll_page(0.5)", "half down", "half a screen down", "ctrl+d", HERE),
    Command("page.first", "home,g", "move_end(False)", "top", "to the top", "Home g", HERE),
    Command("page.last", "end,G", "move_end(True)", "end", "to the end", "End G", HERE),
)
"""What moves through a text, here and in the help."""
PAGE_COMMANDS: Final = (
    Command("page.close", "escape,q", "close", "back", "back to the panes", "Esc q", HERE),
    *SCROLL_COMMANDS,
    Command("page.why", "i", "app.open_page('why')", "why", "why this rank", "i", ELSEWHERE),
    Command("page.overview", "o", "app.open_page('overview')", "overview", "overview of the market", "o", ELSEWHERE),
    Command("page.across", "M", "app.open_page('across')", "markets", "the pair on every exchange", "M", ELSEWHERE),
    Command("page.health", "H", "app.open_page('health')", "health", "health of source and app", "H", ELSEWHERE),
    Command("page.filter", "slash", "app.filter", "filter", "back to the panes, and filter them", "/", ALWAYS),
    Command("page.time_zone", "t", "app.look('time_zone')", "UTC/local", "times in UTC or local time", "t", ALWAYS),
    Command("page.theme", "T", "app.theme", "theme", "next theme", "T", ALWAYS),
    Command("page.picture", "P", "app.picture", "picture", "save a picture of the screen (SVG)", "P", ALWAYS),
    Command("page.poll", "R", "app.poll", "poll", "poll the exchange now", "R", ALWAYS),
    Command(
        "page.palette", "ctrl+p", "app.command_palette", "commands", "go to a pair, or any command", "ctrl+p", ALWAYS
    ),
    Command("page.help", "question_mark,f1", "keys", "help", "these keys", "?", ALWAYS),
    Command("page.suspend", "ctrl+z", "app.suspend_process", "suspend", "back to the shell", "ctrl+z", ALWAYS),
)
MEASURE_COMMANDS: Final = (
    Command("page.metric", "m", "app.look('metric')", "metric", "next metric", "m", HERE),
    Command("page.measure", "e", "app.look('measure')", "measure", "next measure to rank by", "e", HERE),
)
PAIR_COMMANDS: Final = (
    Command("page.previous_pair", "left", "app.step_pair(-1)", "previous", "previous pair of the table", "←", HERE),
    Command("page.next_pair", "right", "app.step_pair(1)", "next pair", "next pair of the table", "→", HERE),
    Command("page.favourite", "f", "app.favourite", "★", "put the pair on the watchlist, or take it off", "f", HERE),
)
WHY_COMMANDS: Final = (
    Command("page.copy", "y", "copy_command", "copy", "copy the command that ranks again", "y", HERE),
)
OVERVIEW_COMMANDS: Final = (
    Command("page.heat", "m", "heat", "change/cv", "colour the heat map by change or by cv", "m", HERE),
    Command("page.quote", "u", "app.quote", "quote", "next quote currency of the heat map, then all", "u", HERE),
)
CHOOSING: Final = "Choosing columns"
COLUMN_COMMANDS: Final = (
    Command("column_list.close", "escape,q,C,enter", "leave", "done", "back to the table", "Esc Enter", CHOOSING),
    Command("column_list.down", "down,j", "step(1)", "next", "next column", "↓ j", CHOOSING),
    Command("column_list.up", "up,k", "step(-1)", "previous", "previous column", "↑ k", CHOOSING),
    Command("column_list.first", "home,g", "step(-99)", "first", "first column", "Home g", CHOOSING),
    Command("column_list.last", "end,G", "step(99)", "last", "last column", "End G", CHOOSING),
    Command("column_list.show", "space", "show_or_hide", "show", "show or hide the column", "Space", CHOOSING),
    Command("column_list.later", "J,shift+down", "move(1)", "move", "column to the right", "J Shift-↓", CHOOSING),
    Command("column_list.earlier", "K,shift+up", "move(-1)", "move", "column to the left", "K Shift-↑", CHOOSING),
    Command("column_list.wider", "right", "widen(1)", "wider", "column wider", "→", CHOOSING),
    Command("column_list.narrower", "left", "widen(-1)", "narrower", "column narrower", "←", CHOOSING),
    Command("column_list.reset", "r", "reset", "reset", "columns as configured, or the usual ones", "r", CHOOSING),
    Command("column_list.help", "question_mark,f1", "keys", "help", "these keys", "?", CHOOSING),
)
SETTING: Final = "Setting things"
OPTION_COMMANDS: Final = (
    Command("option_list.close", "escape,q,O,f2", "leave", "done", "back to the panes", "Esc", SETTING),
    Command("option_list.down", "down,j", "step(1)", "next", "next setting", "↓ j", SETTING),
    Command("option_list.up", "up,k", "step(-1)", "previous", "previous setting", "↑ k", SETTING),
    Command("option_list.later", "right,l,enter,space", "change(1)", "change", "next choice", "→ Enter", SETTING),
    Command("option_list.earlier", "left,h", "change(-1)", "change", "choice before", "←", SETTING),
    Command("option_list.help", "question_mark,f1", "keys", "help", "these keys", "?", SETTING),
)

PLACES: Final = (
    KEY_COMMANDS,
    CHART_COMMANDS,
    (*PAGE_COMMANDS, *PAIR_COMMANDS, *MEASURE_COMMANDS, *WHY_COMMANDS),
    OVERVIEW_COMMANDS,
    COLUMN_COMMANDS,
    OPTION_COMMANDS,
)
"""The commands by the place where they are obeyed: a key has one meaning in each. A page's keys that do what one of the
app's does follow that one's."""

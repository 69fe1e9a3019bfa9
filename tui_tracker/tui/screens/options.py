"""Setting how the app looks and works, while the panes show the effect."""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.binding import BindingType
from typing_extensions import override

from tui_tracker.tui.options import Option, options
from tui_tracker.tui.runs import Line, Run, fit
from tui_tracker.tui.screen_bindings import OPTION_COMMANDS
from tui_tracker.tui.screens.choices import ChoicesScreen, Host

TITLE_CELLS: Final = 20
WORD_CELLS: Final = 17


class OptionsScreen(ChoicesScreen):
    """All that can be set, with the cursor on one of it; each change takes effect at once and is remembered."""

    OWN_COMMANDS = OPTION_COMMANDS
    BINDINGS: ClassVar[list[BindingType]] = [command.binding for command in OPTION_COMMANDS]
    box_id = "options"
    heading = "Settings"
    keys_told = "← → change  ? keys  Esc done"
    called = "settings"

    def __init__(self, host: Host, themes: Sequence[str]) -> None:
        super().__init__(host)
        self._themes = themes

    @property
    @override
    def count(self) -> int:
        return len(self._all())

    @override
    def lines(self) -> Sequence[Line]:
        return option_lines(self._all(), self._place)

    def action_change(self, step: int) -> None:
        """Take the next choice, or the one before."""
        self._host.choose(self._all()[self._place].stepped(step))
        self.show()

    def _all(self) -> tuple[Option, ...]:
        desk = self._host.desk
        return options(desk.view, desk.settings, self._themes)


def option_lines(listed: Sequence[Option], place: int) -> list[Line]:
    """The list: title and choice; below it, what the one at the cursor is, and where it is configured."""
    lines: list[Line] = []
    for index, option in enumerate(listed):
        is_here = index == place
        runs: tuple[Run, ...] = (
            ("▌" if is_here else " ", "accent"),
            (fit(option.title, TITLE_CELLS), "text"),
            ("◂ " if is_here else "  ", "accent"),
            (fit(option.present, WORD_CELLS), "strong"),
            (" ▸" if is_here else "", "accent"),
        )
        lines.append(Line(runs, is_here))
    chosen = listed[place]
    where = f"{chosen.setting} in the configuration file" if chosen.setting else "remembered, as it was left"
    return [*lines, Line(), Line(((f" {chosen.about}", "muted"),)), Line(((f" {where}", "faint"),))]

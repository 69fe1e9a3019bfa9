"""Setting how the app looks and works, while the panes show the effect."""

from collections.abc import Sequence
from typing import ClassVar, Final, Protocol

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from tui_tracker.tui.desk import Desk
from tui_tracker.tui.keys import KeyBook
from tui_tracker.tui.options import Option, options
from tui_tracker.tui.runs import Line, Run, fit
from tui_tracker.tui.screen_bindings import OPTION_COMMANDS
from tui_tracker.tui.view import ViewState
from tui_tracker.tui.widgets.canvas import Canvas

TITLE_CELLS: Final = 20
WORD_CELLS: Final = 17


class Host(Protocol):
    """What the screen needs of the app."""

    @property
    def key_book(self) -> KeyBook:
        """The keys in force."""
        ...

    @property
    def desk(self) -> Desk:
        """What is shown and chosen."""
        ...

    @property
    def theme_choices(self) -> Sequence[str]:
        """Names of the themes."""
        ...

    def choose(self, view: ViewState) -> None:
        """Look at things in another way."""
        ...


class OptionsScreen(ModalScreen[None]):
    """All that can be set, with the cursor on one of it; each change takes effect at once and is remembered."""

    BINDINGS: ClassVar[list[BindingType]] = [command.binding for command in OPTION_COMMANDS]

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        self._place = 0

    def compose(self) -> ComposeResult:
        """One list."""
        with VerticalScroll(id="options", can_focus=False) as box:
            box.border_title = Content("Settings")
            box.border_subtitle = Content("← → change  ? keys  Esc done")
            yield Canvas(id="options-text")

    def on_mount(self) -> None:
        """Obey the keys in force, and show the list."""
        self._host.key_book.bind(self, OPTION_COMMANDS)
        self.query_one("#options-text", Canvas).styles.height = len(self._all()) + 3
        self._paint()

    def action_leave(self) -> None:
        """Back to the panes."""
        self.dismiss()

    def action_keys(self) -> None:
        """Show the keys that work here."""
        from tui_tracker.tui.screens.help import HelpScreen

        commands = self._host.key_book.in_force(OPTION_COMMANDS)
        self.app.push_screen(HelpScreen("settings", [command.id for command in commands], commands))

    def action_step(self, step: int) -> None:
        """Move the cursor."""
        self._place = max(0, min(self._place + step, len(self._all()) - 1))
        self._paint()

    def action_change(self, step: int) -> None:
        """Take the next choice, or the one before."""
        self._host.choose(self._all()[self._place].stepped(step))
        self._paint()

    def _all(self) -> tuple[Option, ...]:
        desk = self._host.desk
        return options(desk.view, desk.settings, self._host.theme_choices)

    def _paint(self) -> None:
        listed = self._all()
        self.query_one("#options-text", Canvas).paint(option_lines(listed, self._place))
        self.query_one("#options", VerticalScroll).scroll_to(y=self._place - 3, animate=False)


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

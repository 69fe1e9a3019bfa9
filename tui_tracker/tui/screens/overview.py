"""The screen that shows the market as a whole."""

from typing import ClassVar

from textual.binding import BindingType
from typing_extensions import override

from tui_tracker.tui.bindings import Command
from tui_tracker.tui.pages.blocks import Page
from tui_tracker.tui.pages.overview import Heat, OverviewFacts, overview_page
from tui_tracker.tui.screen_bindings import OVERVIEW_COMMANDS
from tui_tracker.tui.screens.page import PageScreen
from tui_tracker.tui.titles import scope_text, window_text
from tui_tracker.tui.view import after


class OverviewScreen(PageScreen):
    """Heat map, breadth, volatility and events."""

    page_name = "overview"
    OWN_COMMANDS: ClassVar[tuple[Command, ...]] = OVERVIEW_COMMANDS
    BINDINGS: ClassVar[list[BindingType]] = [command.binding for command in OVERVIEW_COMMANDS]
    heat = Heat.CHANGE

    @override
    def state(self) -> object:
        return super().state(), self.heat

    @override
    def build(self, width: int) -> Page:
        desk = self.desk
        rows = () if desk.snapshot is None else desk.snapshot.rows
        if desk.is_several:
            rows = tuple(row for row in rows if not row.instrument.is_consolidated)
        places = () if desk.scene is None else desk.scene.ranking.places
        known = OverviewFacts(
            rows=rows,
            scope=scope_text(desk.view),
            in_scope=[place.row for place in places],
            heat=self.heat,
            end_ms=None if desk.snapshot is None else desk.snapshot.end_ms,
            events=desk.events,
            pulse=desk.pulse,
            zone=desk.zone,
            window=window_text(desk.window),
        )
        return overview_page(known, width, self.body.size.height)

    def action_heat(self) -> None:
        """Colour the heat map by the other figure."""
        self.heat = after(tuple(Heat), self.heat)
        self.show()

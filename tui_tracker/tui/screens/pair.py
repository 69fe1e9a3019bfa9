"""The screen that tells everything about the selected pair."""

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from typing_extensions import override

from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Row
from tui_tracker.stats.ranking import Ranking, Scope
from tui_tracker.tui.bindings import Command
from tui_tracker.tui.chart_data import ChartData
from tui_tracker.tui.pages.blocks import Page, said
from tui_tracker.tui.pages.pair import PairFacts, Reference, find_reference, pair_page
from tui_tracker.tui.screen_bindings import MEASURE_COMMANDS, PAIR_COMMANDS
from tui_tracker.tui.screens.page import PageScreen, SeriesKey
from tui_tracker.tui.titles import scope_text
from tui_tracker.tui.widgets.chart import ChartPane

LEAST_CHART: Final = 12
"""Rows from which on a chart fills what the words leave free."""


class PairStepping(PageScreen):
    """A page about the selected pair, over its chart where there is room; arrows go to its neighbours in the table."""

    BINDINGS: ClassVar[list[BindingType]] = [command.binding for command in PAIR_COMMANDS]
    pane: ChartPane

    @override
    def compose(self) -> ComposeResult:
        self.pane = ChartPane(marker=self.host.marker)
        self.pane.chart.can_focus = False
        yield self.header
        yield self.body
        yield self.pane
        yield self.keys

    @override
    def give_room(self, lines: int) -> None:
        framed = lines + self.body.gutter.height
        room = self.body.outer_size.height + (self.pane.outer_size.height if self.pane.display else 0)
        self.pane.display = room - framed >= LEAST_CHART
        self.body.styles.height = framed if self.pane.display else "1fr"

    @override
    def show_chart(self, data: ChartData) -> None:
        if self.is_mounted:  # a poll may come before; what it told is shown then
            self.pane.chart.show(data)


class PairScreen(PairStepping):
    """Everything about the selected pair."""

    page_name = "pair"
    OWN_COMMANDS: ClassVar[tuple[Command, ...]] = (*PAIR_COMMANDS, *MEASURE_COMMANDS)
    BINDINGS: ClassVar[list[BindingType]] = [command.binding for command in MEASURE_COMMANDS]

    @override
    def needs(self) -> tuple[SeriesKey, ...]:
        row = self.desk.row
        if row is None:
            return ()
        reference = self._reference(row).row
        ids = dict.fromkeys((row.id, row.id if reference is None else reference.id))
        return tuple((key, Metric.PRICE) for key in ids)

    @override
    def build(self, width: int) -> Page:
        row, snapshot = self.desk.row, self.desk.snapshot
        if row is None or snapshot is None:
            return Page("Pair", tuple(said("No pair is selected.", width)))
        reference = self._reference(row)
        known = PairFacts(
            row=row,
            snapshot=snapshot,
            rankings=self._rankings(),
            prices=self.series((row.id, Metric.PRICE)),
            reference=reference,
            reference_prices=None if reference.row is None else self.series((reference.row.id, Metric.PRICE)),
            zone=self.desk.zone,
        )
        return pair_page(known, width)

    def _reference(self, row: Row) -> Reference:
        rows = () if self.desk.snapshot is None else self.desk.snapshot.rows
        return find_reference(rows, row, self.desk.settings.reference)

    def _rankings(self) -> list[tuple[str, Ranking]]:
        """In the scope that was chosen, and over all pairs."""
        snapshot, scope = self.desk.snapshot, self.desk.scope()
        if snapshot is None:
            return []
        everything = Scope(min_volume_usd=scope.min_volume_usd, source=scope.source)
        found = [(scope_text(self.desk.view), self.desk.ranking(snapshot, scope))]
        return found if scope == everything else [*found, ("of all", self.desk.ranking(snapshot, everything))]

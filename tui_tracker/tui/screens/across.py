"""The screen that shows the selected pair on every exchange."""

from collections.abc import Iterable
from typing import ClassVar, Final

from typing_extensions import override

from tui_tracker.core.instrument import CONSOLIDATED, consolidated_id
from tui_tracker.core.snapshot import Row
from tui_tracker.core.status import SourceStatus
from tui_tracker.stats.ranking import Scope
from tui_tracker.tui.bindings import Command
from tui_tracker.tui.pages.across import AcrossFacts, across_page
from tui_tracker.tui.pages.blocks import Page, said
from tui_tracker.tui.screen_bindings import PAIR_COMMANDS
from tui_tracker.tui.screens.pair import PairStepping

REFRESH_S: Final = 5.0
"""How often ages are written anew."""


class AcrossScreen(PairStepping):
    """The selected pair on every exchange, side by side."""

    page_name = "across"
    OWN_COMMANDS: ClassVar[tuple[Command, ...]] = PAIR_COMMANDS

    @override
    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(REFRESH_S, self.show)

    @override
    def state(self) -> object:
        return object()  # ages are among what is shown

    @override
    def build(self, width: int) -> Page:
        desk = self.desk
        row, snapshot, rows = desk.row, desk.snapshot, self._rows()
        if row is None or snapshot is None:
            return Page("Across exchanges", tuple(said("No pair is selected.", width)))
        ranking = desk.ranking(snapshot, Scope(source=CONSOLIDATED, quote=row.instrument.quote))
        known = AcrossFacts(
            row=row,
            rows=rows,
            ages_ms=self._ages_ms(rows, snapshot.status),
            place=ranking.place(consolidated_id(row.instrument.base, row.instrument.quote)),
            ranked=ranking.ranked,
            zone=desk.zone,
            min_coverage=desk.settings.min_coverage,
        )
        return across_page(known, width)

    @override
    def in_sight(self) -> tuple[str, ...]:
        return tuple(row.id for row in self._rows())

    def _rows(self) -> list[Row]:
        """The selected pair's base, in every quote currency on every exchange."""
        row, snapshot = self.desk.row, self.desk.snapshot
        if row is None or snapshot is None:
            return []
        return [one for one in snapshot.rows if one.instrument.base == row.instrument.base]

    def _ages_ms(self, rows: Iterable[Row], whole: SourceStatus) -> dict[str, int | None]:
        """How old bid and ask of each pair are; where there are none, the last good answer."""
        statuses = {status.source: status for status in whole.parts or (whole,)}
        ages: dict[str, int | None] = {}
        for row in rows:
            status = statuses.get(row.instrument.source)
            if status is not None:
                said_ms = status.last_good_ms if row.mid_ms is None else row.mid_ms
                ages[row.id] = None if said_ms is None else max(0, self.desk.source_now_ms(status) - said_ms)
        return ages

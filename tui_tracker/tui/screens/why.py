"""The screen that says why a pair has its rank."""

import shlex
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from typing_extensions import override

from tui_tracker.tui.bindings import Command
from tui_tracker.tui.pages.blocks import Page, said
from tui_tracker.tui.pages.command import rank_words
from tui_tracker.tui.pages.why import WhyFacts, why_page
from tui_tracker.tui.screen_bindings import MEASURE_COMMANDS, PAIR_COMMANDS, WHY_COMMANDS
from tui_tracker.tui.screens.page import SeriesKey
from tui_tracker.tui.screens.pair import PairStepping
from tui_tracker.tui.titles import scope_text


class WhyScreen(PairStepping):
    """Why the selected pair has its rank."""

    page_name = "why"
    OWN_COMMANDS: ClassVar[tuple[Command, ...]] = (*WHY_COMMANDS, *PAIR_COMMANDS, *MEASURE_COMMANDS)
    BINDINGS: ClassVar[list[BindingType]] = [command.binding for command in (*MEASURE_COMMANDS, *WHY_COMMANDS)]
    _command: Sequence[str] | None = None

    @override
    def needs(self) -> tuple[SeriesKey, ...]:
        key = self.desk.view.selected
        return () if key is None or self.desk.row is None else ((key, self.desk.view.metric),)

    @override
    def build(self, width: int) -> Page:
        row, scene, snapshot, settings = self.desk.row, self.desk.scene, self.desk.snapshot, self.desk.settings
        if row is None or scene is None or snapshot is None:
            return Page("Why this rank", tuple(said("No pair is selected.", width)))
        ranking = scene.ranking
        rows = list(ranking.rows)
        self._command = rank_words(
            settings,
            ranking,
            snapshot.window_minutes,
            rows,
            is_simulated=snapshot.status.is_simulated,
            needle=self.desk.view.needle,
        )
        known = WhyFacts(
            row=row,
            ranking=ranking,
            scope=scope_text(self.desk.view),
            min_coverage=settings.min_coverage,
            series=self.series((row.id, ranking.metric)),
            command=self._command,
            zone=self.desk.zone,
            is_simulated=snapshot.status.is_simulated,
            is_several=self.desk.is_several,
        )
        return why_page(known, width)

    def action_copy_command(self) -> None:
        """Copy the command that ranks the same again, in one line."""
        if self._command is None:
            self.host.say("no command can rank this again")
            return
        self.app.copy_to_clipboard(shlex.join(self._command))
        self.host.say("copied the command")

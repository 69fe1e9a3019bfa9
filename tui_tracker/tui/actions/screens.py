"""The screens over the panes: opening, closing, and keeping what they show up to date."""

import time
from functools import partial
from typing import TYPE_CHECKING

from textual import work
from textual.driver import Driver
from typing_extensions import override

from tui_tracker.core.errors import UnknownPairError
from tui_tracker.core.status import SourceReport
from tui_tracker.feed.base import Feed
from tui_tracker.tui.desk import Desk, no_snapshot
from tui_tracker.tui.follower import FeedApp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui_tracker.tui.screens.page import PageScreen, SeriesKey


class ScreenActions(FeedApp):
    """Pages that explain: why this rank, everything about a pair, the pair across exchanges, overview, health.

    While one is open the panes below it are not painted: what they changed would be written to the terminal again
    although nobody sees it.
    """

    def __init__(self, feed: Feed, desk: Desk, driver_class: type[Driver] | None, has_color: bool) -> None:
        super().__init__(feed, desk, driver_class, has_color)
        self.page: PageScreen | None = None
        """What is open over the panes."""
        self._began_s = time.monotonic()

    def action_open_page(self, name: str) -> None:
        """Open a page by its name, in the place of one that is open."""
        if self.page is not None:
            if self.page.page_name == name:
                return
            self.page.dismiss()
        page = self.page = self._made(name)
        self.push_screen(page, partial(self._page_closed, page))

    def action_enter(self) -> None:
        """In the chart: the chart over the whole screen. Elsewhere: everything about the selected pair."""
        if self.main.focused_pane == "chart":
            self.action_open()
        elif self.desk.row is not None:
            self.action_open_page("pair")

    def go_to(self, key: str) -> None:
        """Select a pair."""
        raise NotImplementedError

    def action_open(self) -> None:
        """Give the chart the whole screen."""
        raise NotImplementedError

    def action_step_pair(self, delta: int) -> None:
        """Select the next or previous pair of the table."""
        self.main.table.step(delta)
        if self.main.table.cursor is not None:
            self.go_to(self.main.table.cursor)

    def health(self) -> SourceReport:
        """Everything that is known of how the source is doing."""
        return self._feed.health()

    @property
    def uptime_ms(self) -> int:
        """How long the app has been running, ms of real time."""
        return round((time.monotonic() - self._began_s) * 1000)

    def _made(self, name: str) -> "PageScreen":
        match name:
            case "why":
                from tui_tracker.tui.screens.why import WhyScreen

                return WhyScreen(self.desk)
            case "pair":
                from tui_tracker.tui.screens.pair import PairScreen

                return PairScreen(self.desk)
            case "across":
                from tui_tracker.tui.screens.across import AcrossScreen

                return AcrossScreen(self.desk)
            case "overview":
                from tui_tracker.tui.screens.overview import OverviewScreen

                return OverviewScreen(self.desk)
            case _:
                from tui_tracker.tui.screens.health import HealthScreen

                return HealthScreen(self.desk)

    def _page_closed(self, page: "PageScreen", _result: None) -> None:
        if self.page is page:
            self.page = None
            self.show()

    def show_page(self) -> None:
        """Tell the open page what it shows now; it repaints what differs."""
        if self.page is None:
            return
        self._show_header()
        self.page.show()
        self._show_chart()
        self.prioritise_soon()
        if lacking := self.page.lacks():
            self._read_for_page(self.page, lacking)

    @override
    def in_sight(self) -> "Sequence[str]":
        return (*(() if self.page is None else self.page.in_sight()), *super().in_sight())

    @work(name="page", group="page", exclusive=True)
    async def _read_for_page(self, page: "PageScreen", keys: "Sequence[SeriesKey]") -> None:
        found = []
        for key, metric in keys:
            try:
                found.append(await self._feed.series(key, metric))
            except UnknownPairError:
                continue
        page.take(found)
        page.show()

    @override
    def show(self) -> None:
        if self.page is None:
            super().show()
        else:
            self.desk.build(self.desk.snapshot or no_snapshot(self.status()), self.can_demo)
            self.show_page()

    @override
    def show_strip(self) -> None:
        if self.page is None:
            super().show_strip()
        else:
            self.show_page()

    @override
    def _show_chart(self) -> None:
        if self.page is None:
            super()._show_chart()
        elif (data := self.desk.chart()) is not None:
            self.page.show_chart(data)

    @override
    def _show_header(self) -> None:
        super()._show_header()
        if self.page is not None:
            self.page.header.paint(self.main.header.lines)

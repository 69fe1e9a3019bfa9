"""The screen that says how source and app are doing."""

import time
from typing import Final

from typing_extensions import override

from tui_tracker import __version__
from tui_tracker.tui.lag import LagMeter
from tui_tracker.tui.pages.blocks import Page
from tui_tracker.tui.pages.health import AppHealth, health_page
from tui_tracker.tui.process import log_file, memory_bytes
from tui_tracker.tui.screens.page import PageScreen

BEAT_S: Final = 0.25
REFRESH_S: Final = 2.0


class HealthScreen(PageScreen):
    """State, requests, errors, history, memory and lag; the only screen on which something ticks."""

    page_name = "health"
    lag: LagMeter

    @override
    def on_mount(self) -> None:
        super().on_mount()
        self.lag = LagMeter(BEAT_S)
        self.set_interval(BEAT_S, lambda: self.lag.beat(time.monotonic()))
        self.set_interval(REFRESH_S, self.show)

    @override
    def state(self) -> object:
        return object()  # time itself is among what is shown

    @override
    def build(self, width: int) -> Page:
        report, snapshot = self.host.health(), self.desk.snapshot
        app = AppHealth(
            version=__version__,
            uptime_ms=self.host.uptime_ms,
            memory=memory_bytes(),
            lag_ms=(self.lag.quantile_ms(0.5), self.lag.quantile_ms(0.95), self.lag.quantile_ms(1.0)),
            log_file=log_file(),
            pairs=0 if snapshot is None else len(snapshot.rows),
            version_shown=None if snapshot is None else snapshot.version,
        )
        return health_page(report, app, self.desk.source_now_ms(report.status), self.desk.zone, width)

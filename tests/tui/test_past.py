"""Back in time: keys and prompt, the mark in the header, ranks of before, and the way back to live."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.support.feed import AT_MS, END_MS, FakeFeed, live_status, make_pairs
from tests.tui.test_app import Rig, running
from tui_tracker.config.state import State, View
from tui_tracker.core.errors import ConfigError, NoDataError
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import HistoryStatus, Moment
from tui_tracker.feed.base import PastFeed
from tui_tracker.tui.app import TrackerApp
from tui_tracker.tui.moments import moment_of
from tui_tracker.tui.times import UTC_ZONE

SIZE = (160, 40)
HOUR_MS = 60 * MINUTE_MS


class FakePast(FakeFeed):
    """Implements ``PastFeed``: shows the same pairs at any moment."""

    def __init__(self) -> None:
        super().__init__(make_pairs(count=30))
        self.pairs, self.all_pairs = [], self.pairs
        self.current = self.snapshot()
        self.went: list[int] = []
        self.told: list[tuple[int, int, Metric]] = []
        self.is_gone = False
        self.error: NoDataError | None = None

    def _moment(self) -> Moment:
        return self.current.status.moment or Moment(0, first_ms=0, last_ms=END_MS)

    async def go(self, minute_ms: int, metric: Metric) -> None:
        if self.error is not None:
            raise self.error
        self.went.append(minute_ms)
        self.pairs = self.all_pairs
        moment = replace(self._moment(), minute_ms=minute_ms)
        made = self.snapshot(live_status(moment=moment, last_good_ms=minute_ms), self.current.version + 1)
        self.publish(replace(made, at_ms=minute_ms, end_ms=minute_ms))

    def play(self, is_playing: bool) -> None:
        self.publish_status(moment=replace(self._moment(), is_playing=is_playing))

    async def earlier(self, first_ms: int, minutes: int, metric: Metric) -> AsyncIterator[Snapshot]:
        self.told.append((first_ms, minutes, metric))
        order = list(FakeFeed(self.all_pairs).current.rows)
        for at in range(minutes):
            yield replace(self.current, end_ms=first_ms + at * MINUTE_MS, rows=tuple(order[1:]))

    def close(self) -> None:
        self.is_gone = True


class PastRig(Rig):
    """An app with a past."""

    def __init__(self, start_ms: int | None = None) -> None:
        super().__init__(FakeFeed(make_pairs(count=30)))
        self.pasts: list[FakePast] = []
        self.open_error: NoDataError | None = None
        self.app = TrackerApp(
            self.feed,
            self.app.desk.settings,
            None,
            self.store,
            lambda: AT_MS + 2000,
            None,
            zone=UTC_ZONE,
            open_past=self.open_past,
            start_ms=start_ms,
        )

    async def open_past(self) -> PastFeed:
        if self.open_error is not None:
            raise self.open_error
        self.pasts.append(FakePast())
        return self.pasts[-1]

    @property
    def header(self) -> str:
        return self.app.main.header.plain

    async def type(self, text: str) -> None:
        await self.press("B", "ctrl+u", *("space" if char == " " else char for char in text), "enter")

    def said(self, part: str) -> bool:
        return any(part in note.message for note in self.app._notifications)


async def test_a_typed_moment_moves_everything_there_and_back() -> None:
    async with running(PastRig(), SIZE) as rig:
        assert isinstance(rig, PastRig)
        assert "live" in rig.header
        selected = rig.view.selected
        await rig.type("-2h")
        [past] = rig.pasts
        at_ms = END_MS - 2 * HOUR_MS
        assert past.went == [at_ms]
        assert "PAST 2025-11-24 19:57 UTC ‖" in rig.header
        assert "live" not in rig.header
        assert rig.view.selected == selected
        assert (selected, Metric.PRICE) in past.series_calls
        assert past.told == [(at_ms - HOUR_MS, 60, Metric.PRICE)]
        desk = rig.app.desk
        assert desk.has_ranks(at_ms - HOUR_MS)
        assert any(shift for shift in desk.highlights.shifts.values())
        await rig.press("space")
        assert "▶ ×60" in rig.header
        await rig.press("space", "R")
        assert "‖" in rig.header
        assert rig.said("the past is not polled")
        assert not rig.feed.polls
        await rig.press("L")
        assert past.is_gone
        assert "live" in rig.header
        assert desk.snapshot is rig.feed.current
        assert not desk.has_ranks(at_ms - HOUR_MS)
        await rig.press("L")
        assert rig.said("this is live")


async def test_who_is_live_again_is_told_what_is_in_sight() -> None:
    async with running(PastRig(), SIZE) as rig:
        assert isinstance(rig, PastRig)
        await rig.type("-2h")
        rig.app._prioritise()
        rig.feed.priorities.clear()
        await rig.press("L")
        rig.app._prioritise()
        assert rig.view.selected in rig.feed.priorities[-1]


async def test_steps_lead_into_the_past_and_through_it() -> None:
    async with running(PastRig(), SIZE) as rig:
        assert isinstance(rig, PastRig)
        await rig.press(")", "space")
        assert not rig.pasts
        assert rig.said("this is live")
        await rig.press("(")
        await rig.press("J")
        await rig.press("K")
        await rig.press(")", "m")
        steps = [END_MS - at * MINUTE_MS for at in (1, 61, 1, 0, 0)]
        assert rig.pasts[0].went == steps
        assert len(rig.pasts) == 1


async def test_what_is_no_moment_is_said_and_the_question_stays() -> None:
    async with running(PastRig(), SIZE) as rig:
        assert isinstance(rig, PastRig)
        await rig.type("soon")
        assert rig.app.prompt is not None
        assert not rig.pasts
        await rig.press("escape")
        rig.open_error = NoDataError("there is no history yet", "wait")
        await rig.type("-2h")
        assert rig.said("there is no history yet; wait")
        assert "live" in rig.header


async def test_a_past_that_fails_leads_back_to_live() -> None:
    async with running(PastRig(start_ms=END_MS - HOUR_MS), SIZE) as rig:
        assert isinstance(rig, PastRig)
        assert rig.pasts[0].went == [END_MS - HOUR_MS]
        assert "PAST 2025-11-24 20:57" in rig.header
        rig.pasts[0].error = NoDataError("the file is gone")
        await rig.press("J")
        assert rig.said("the file is gone")
        assert "PAST 2025-11-24 20:57" in rig.header
        await rig.press("L")
        assert "live" in rig.header


async def test_without_a_history_there_is_nothing_to_go_back_to() -> None:
    async with running(Rig(), SIZE) as rig:
        await rig.press("B")
        assert rig.app.prompt is None
        assert any("no history is kept" in note.message for note in rig.app._notifications)


NOW = 1_764_150_030_000  # 2025-11-26 09:40:30 UTC


@pytest.mark.parametrize(
    ("typed", "ago_minutes"),
    [
        ("-2h", 120),
        ("90m", 90),
        ("- 1 d", 1440),
        ("1w", 10080),
        ("09:30", 10),
        ("09:41", 1439),
        ("2025-11-25 09:30", 1450),
        ("2025-11-26T10:30+01:00", 10),
        ("2025-11-26", 580),
    ],
)
def test_moments(typed: str, ago_minutes: int) -> None:
    assert moment_of(typed, NOW, UTC_ZONE) == NOW - 30_000 - ago_minutes * MINUTE_MS


@pytest.mark.parametrize("typed", ["soon", "25:00", "2025-13-01", "2h ago", "\x1b[31m", "2030-01-01", "99999999h"])
def test_no_moments(typed: str) -> None:
    with pytest.raises(ConfigError):
        moment_of(typed, NOW, UTC_ZONE)


async def test_where_no_volume_is_known_the_floor_leaves_nothing_out() -> None:
    rig = Rig(state=State(view=View(quote="USD", min_volume=1e5)))
    for pair in rig.feed.pairs:
        pair.volume = None
    rig.feed.publish()
    async with running(rig, (150, 30)) as rig:
        assert rig.app.main.table.keys
        assert "volume unknown" in rig.title("table")
        rig.feed.pairs[0].volume = 1e7
        rig.feed.publish()
        await rig.settle()
        assert list(rig.app.main.table.keys) == [rig.feed.pairs[0].id]
        assert "≥ $100k" in rig.title("table")


async def test_ranks_of_before_the_start_come_from_the_history() -> None:
    async with running(PastRig(), SIZE) as rig:
        assert isinstance(rig, PastRig)
        assert not rig.pasts, "no history is told of"
        rig.feed.publish_status(history=HistoryStatus(stored_ms=END_MS))
        await rig.settle()
        [past] = rig.pasts
        assert past.told == [(END_MS - HOUR_MS, 60, Metric.PRICE)]
        assert past.is_gone
        assert not past.went
        assert rig.app.desk.has_ranks(END_MS - HOUR_MS)
        rig.feed.publish(rig.feed.snapshot(version=rig.feed.current.version + 1))
        await rig.settle()
        assert any(rig.app.desk.highlights.shifts.values())
        assert len(rig.pasts) == 1

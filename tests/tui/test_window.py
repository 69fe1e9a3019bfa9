"""The window of all figures: a key cycles it, the feed makes the figures, titles say it."""

from dataclasses import replace

from tests.support.feed import FakeFeed, live_status
from tests.tui.test_app import Rig, running
from tui_tracker.config.model import Settings
from tui_tracker.core.errors import FeedError
from tui_tracker.core.metric import Metric
from tui_tracker.core.status import HistoryStatus, SourceState

SIZE = (200, 40)


async def test_a_key_cycles_the_window() -> None:
    async with running(Rig(), SIZE) as rig:
        assert "24 h" in rig.title("table")
        await rig.press("r")
        assert rig.feed.windows == [(10_080, Metric.PRICE)]
        assert "7 d" in rig.title("table")
        assert any("of 7 d only what came since the start is known" in note.message for note in rig.app._notifications)
        rig.feed.publish_status(history=HistoryStatus())
        rig.app.set_window()
        await rig.settle()
        assert any("reading 7 d" in note.message for note in rig.app._notifications)
        await rig.press("m")
        assert rig.feed.windows[-1] == (10_080, Metric.MID)
        await rig.press("r", "r", "m")
        assert rig.feed.windows[-1] == (60, Metric.MID)
        assert "1 h" in rig.title("table")
        snapshot = replace(rig.feed.current, window_minutes=43_200, known_minutes=20_000, version=9)
        rig.feed.publish(snapshot)
        await rig.settle()
        assert "30 d, 13 d known, 1 h coming" in rig.title("table"), "what was chosen last is told at once"


async def test_the_configured_window_is_asked_for_at_the_start() -> None:
    async with running(Rig(settings=replace(Settings(), window=360)), SIZE) as rig:
        assert rig.feed.windows == [(360, Metric.PRICE)]
        assert "6 h" in rig.title("table")


async def test_titles_say_the_chosen_window_before_there_are_figures() -> None:
    feed = FakeFeed((), live_status(state=SourceState.OFFLINE, last_good_ms=None, error=""))
    async with running(Rig(feed, replace(Settings(), window=10_080)), SIZE) as rig:
        rig.feed.publish(replace(rig.feed.current, window_minutes=1440, known_minutes=1440, version=2))
        await rig.settle()
        assert " ── 7 d ── " in rig.title("table")
        await rig.press("o")
        assert rig.app.page is not None
        assert "Overview ── 7 d" in str(rig.app.page.body._border_title)


async def test_a_feed_that_has_one_window_says_so_and_keeps_it() -> None:
    rig = Rig()
    rig.feed.window_error = FeedError("the server keeps statistics over 24 h alone")
    async with running(rig, SIZE) as rig:
        await rig.press("r")
        assert rig.view.window == 1440
        assert any("24 h alone" in note.message for note in rig.app._notifications)
        assert "24 h" in rig.title("table")


async def test_ranks_over_different_windows_are_not_compared() -> None:
    async with running(Rig(), SIZE) as rig:
        rig.feed.publish()
        await rig.settle()
        desk = rig.app.desk
        assert desk.scene is not None
        since = desk.ranks.track_of(desk.scene.ranking).since_ms
        assert since is not None
        rig.feed.pairs = rig.feed.pairs[:20]
        rig.feed.publish()
        await rig.settle()
        await rig.press("r")
        track = desk.ranks.track_of(desk.scene.ranking)
        assert len(track.series(rig.feed.pairs[0].id)) <= 1

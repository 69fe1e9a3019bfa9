"""Pictures of each screen and state. After a wanted change: pytest tests/tui/test_snapshots.py --snapshot-update."""

import re
from dataclasses import dataclass, field

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.support.feed import (
    AT_MS,
    FakeFeed,
    live_status,
    loading,
    make_pairs,
    several_pairs,
    several_status,
)
from tests.tui.test_app import Rig, running
from tui_tracker.config.choices import Theme
from tui_tracker.config.model import Settings
from tui_tracker.config.state import State
from tui_tracker.core.status import SourceState, SourceStatus


@dataclass(frozen=True)
class Scene:
    name: str
    size: tuple[int, int] = (120, 28)
    keys: tuple[str, ...] = ()
    status: SourceStatus = field(default_factory=live_status)
    theme: Theme = Theme.DARK
    is_empty: bool = False


SCENES = (
    Scene("wide", status=live_status(backfill=loading(842, 1123))),
    Scene("medium", (80, 24)),
    Scene("narrow", (60, 20)),
    Scene("tiny", (40, 12)),
    Scene("light", theme=Theme.LIGHT, keys=("slash", "s", "o", "l")),
    Scene("unranked", keys=("G",)),
    Scene("chart", (100, 30), keys=("vertical_line",)),
    Scene("pair", (140, 40), keys=("j", "enter")),
    Scene("why", (80, 24), keys=("j", "i")),
    Scene("overview", (120, 40), keys=("o",)),
    Scene("several", (120, 28), status=several_status()),
    Scene("across", (120, 28), keys=("M",), status=several_status()),
    Scene("help", (100, 44), keys=("question_mark",)),
    Scene(
        "offline",
        (100, 28),
        status=live_status(state=SourceState.OFFLINE, last_good_ms=None, error="connection refused"),
        is_empty=True,
    ),
    Scene("stale", status=live_status(state=SourceState.STALE, last_good_ms=AT_MS - 300_000, error="timed out")),
)


@pytest.mark.parametrize("scene", SCENES, ids=[scene.name for scene in SCENES])
async def test_picture(scene: Scene, picture: SnapshotAssertion) -> None:
    pairs = several_pairs() if scene.status.parts else make_pairs()
    feed = FakeFeed(() if scene.is_empty else pairs, scene.status)
    state = State(watchlist=("kraken:BTC-USD", "kraken:ETH-USD"))
    async with running(Rig(feed, Settings(theme=scene.theme), state), scene.size) as rig:
        await rig.press(*scene.keys)
        rig.app.load_trends()
        await rig.settle()
        svg = rig.app.export_screenshot()
    assert re.sub(r"terminal-\d+-", "terminal-", svg) == picture

"""Makes the pictures of the README: ``python -m screenshots.make [FOLDER] [NAME …]``.

The market is the demo's, its engine and its app are the real ones, and only their clock is ours, so that equal versions
make equal SVG files. A PNG is made of each where a Chromium and Pillow are installed (``pip install pillow``).
"""

import argparse
import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from textual.pilot import Pilot

from screenshots.drawing import BROWSERS, as_terminal_draws, write_png
from tests.support.clock import FakeClock
from tests.support.feed import FakeStore
from tui_tracker.config.choices import ChartStyle, Theme
from tui_tracker.config.model import Settings
from tui_tracker.config.state import State, View
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.engine.engine import Engine
from tui_tracker.feed.local import LocalFeed
from tui_tracker.sources.simulated import START_MS, SimulatedSource
from tui_tracker.tui.app import TrackerApp
from tui_tracker.tui.times import UTC_ZONE

FOLDER: Final = Path(__file__).parent
SEED: Final = 1
LIVE_MINUTES: Final = 65
"""How long the app watches the market before its first picture: ranks of an hour ago are known then."""
WATCHLIST: Final = ("simulated:BTC-USD", "simulated:ETH-USD", "simulated:SOL-EUR")
WIDE: Final = (120, 28)
_BUSY: Final = ("series", "chart", "trends", "page")


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: how the app is opened, and the keys pressed before it is taken."""

    name: str
    keys: tuple[str, ...] = ()
    size: tuple[int, int] = WIDE
    settings: Settings = field(default_factory=lambda: Settings(demo=True, theme=Theme.DARK))
    selected: str = "BTC-USD"
    view: View = field(default_factory=View)


def _settings(theme: Theme = Theme.DARK, *, ascii: bool = False) -> Settings:  # noqa: A002
    return Settings(demo=True, theme=theme, ascii=ascii)


MOST_VOLATILE, BY_CV = "2", "e"
TO_CHART: Final = ("vertical_line",)
SHOTS: Final = (
    Shot("main", (MOST_VOLATILE, "down", "down")),
    Shot("chart", (*TO_CHART, "b", *["left"] * 24), selected="ETH-USD"),
    Shot("candles", (*TO_CHART, *["b"] * 2), selected="SOL-USD", view=View(chart_style=ChartStyle.CANDLES.value)),
    Shot(
        "compare",
        (*TO_CHART, *["left"] * 30),
        selected="SOL-USD",
        view=View(compared=tuple(f"simulated:{name}-USD" for name in ("BTC", "ETH", "XRP", "DOGE"))),
    ),
    Shot("overview", ("o",), size=(120, 40)),
    Shot("pair", ("enter",), size=(120, 40), selected="ETH-USD"),
    Shot("why", (MOST_VOLATILE, "down", "i"), size=(120, 34)),
    Shot("filter", ("slash", *"sigma"), size=(100, 28)),
    Shot("light", (MOST_VOLATILE,), settings=_settings(Theme.LIGHT)),
    Shot("ascii", (MOST_VOLATILE,), settings=_settings(ascii=True), size=(100, 28)),
    Shot("small", size=(80, 24)),
    Shot("help", ("question_mark",), size=(120, 40)),
)


@asynccontextmanager
async def loaded_market(clock: FakeClock) -> AsyncIterator[LocalFeed]:
    """The demo's market with its history loaded."""
    engine = Engine(SimulatedSource(clock, SEED), clock)
    async with engine.running():
        feed = LocalFeed(engine)
        await polled(feed, START_MS)
        yield feed


async def polled(feed: LocalFeed, at_ms: int) -> None:
    """Return once the feed tells of a poll at or after an instant, and of all history."""
    async for snapshot in feed.updates():
        status = snapshot.status
        is_loaded = status.backfill.total > 0 and not status.backfill.is_running
        if is_loaded and status.last_good_ms is not None and status.last_good_ms >= at_ms:
            return


async def taken(shot: Shot, feed: LocalFeed, clock: FakeClock, minutes: int) -> str:
    """The SVG of one picture, of an app that has watched the market for some minutes."""
    state = State(watchlist=WATCHLIST, view=opened(shot))
    app = TrackerApp(feed, shot.settings, state, FakeStore(), clock.now_ms, zone=UTC_ZONE)
    async with app.run_test(size=shot.size) as pilot:
        await settled(pilot)
        for _ in range(minutes):
            at_ms = clock.now_ms() // MINUTE_MS * MINUTE_MS + MINUTE_MS
            await clock.advance(60)
            await polled(feed, at_ms)
            await settled(pilot)
        for key in shot.keys:
            await pilot.press(key)
            await settled(pilot)
        app.end_flash()
        await settled(pilot)
        return as_terminal_draws(app.export_screenshot(title="crypto-tui --demo"))


def opened(shot: Shot) -> View:
    """What the app opens on."""
    from dataclasses import replace

    return replace(shot.view, selected=f"simulated:{shot.selected}", quote="USD")


async def settled(pilot: Pilot[None]) -> None:
    """Return once the app has nothing more to fetch or draw."""
    while True:
        await pilot.pause()
        busy = [worker for worker in pilot.app.workers if worker.group in _BUSY and not worker.is_finished]
        if not busy:
            return
        await pilot.app.workers.wait_for_complete(busy)


async def write_svgs(folder: Path, shots: Sequence[Shot]) -> list[Path]:
    """Take pictures of one market."""
    clock = FakeClock(START_MS)
    written = []
    async with loaded_market(clock) as feed:
        for place, shot in enumerate(shots):
            path = folder / f"{shot.name}.svg"
            path.write_text(await taken(shot, feed, clock, LIVE_MINUTES if not place else 1), encoding="utf-8")
            written.append(path)
    return written


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description="Make the pictures of the README.")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these pictures")
    options = parser.parse_args()
    folder: Path = options.folder
    os.environ.pop("NO_COLOR", None)
    os.environ.pop("COLORFGBG", None)
    os.environ["TERM"], os.environ["COLORTERM"] = "xterm-256color", "truecolor"
    folder.mkdir(parents=True, exist_ok=True)
    shots = [shot for shot in SHOTS if not options.names or shot.name in options.names]
    svgs = asyncio.run(write_svgs(folder, shots))
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    for svg in svgs:
        if browser is not None:
            write_png(browser, svg)
        print(svg.name, svg.with_suffix(".png").name if browser is not None else "(no Chromium: no PNG)")


if __name__ == "__main__":
    main()

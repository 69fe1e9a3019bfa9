"""Makes the pictures of the README: ``python -m screenshots.make [FOLDER] [NAME …]``.

The market is the demo's, its engine and its app are the real ones, and only their clock is ours, so that equal versions
make equal SVG files. A PNG is made of each where a Chromium is installed, a small one with Pillow
(``pip install -e '.[test,pictures]'``).
"""

import argparse
import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
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
from tui_tracker.tui.view import ViewState
from tui_tracker.tui.views import BUILT_IN, named, taken_up

FOLDER: Final = Path(__file__).parent
SEED: Final = 1
LIVE_MINUTES: Final = 65
"""How long the app watches the market before its first picture: ranks of an hour ago are known then."""
WATCHLIST: Final = ("simulated:BTC-USD", "simulated:ETH-USD", "simulated:SOL-EUR")
WIDE: Final = (120, 28)
CHARACTERS: Final = {" ": "space", ">": "greater_than_sign", "%": "percent_sign"}
_BUSY: Final = ("series", "chart", "trends", "page")


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: the keys pressed before it is taken, and those that lead back."""

    name: str
    keys: tuple[str, ...] = ()
    size: tuple[int, int] = WIDE
    back: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sitting:
    """How the app is opened, how long it watches the market, and the pictures taken meanwhile."""

    shots: tuple[Shot, ...]
    selected: str = "BTC-USD"
    settings: Settings = field(default_factory=lambda: in_theme(Theme.DARK))
    view: View = field(default_factory=View)
    minutes: int = 1


def in_theme(theme: Theme, *, ascii: bool = False) -> Settings:  # noqa: A002
    """The demo in some colours."""
    return Settings(demo=True, theme=theme, ascii=ascii)


def view_named(name: str) -> View:
    """One of the views that everyone has."""
    view = named(BUILT_IN, name)
    assert view is not None, name
    return taken_up(view, ViewState(theme=Theme.DARK)).remembered()


TO_CHART: Final = ("vertical_line",)
SITTINGS: Final = (
    Sitting(
        (
            Shot("main", ("g", "down", "down", "down")),
            Shot("why", ("i",), (110, 26), ("escape",)),
            Shot("overview", ("o",), (120, 36), ("escape",)),
            Shot("help", ("question_mark",), (100, 40), ("escape",)),
        ),
        view=view_named("Most volatile USD"),
        minutes=LIVE_MINUTES,
    ),
    Sitting((Shot("chart", (*TO_CHART, "b", *["left"] * 24)),), "ETH-USD"),
    Sitting((Shot("candles", (*TO_CHART, "b", "b")),), "SOL-USD", view=View(chart_style=ChartStyle.CANDLES.value)),
    Sitting(
        (Shot("compare", (*TO_CHART, *["left"] * 30)),),
        "SOL-USD",
        view=View(compared=tuple(f"simulated:{name}-USD" for name in ("BTC", "ETH", "DOGE"))),
    ),
    Sitting((Shot("pair", ("enter",), (120, 42)),), "ETH-USD"),
    Sitting(
        (Shot("filter", ("slash", *"volatility > 80% and volume > 1M")),), "KAS-USD", view=view_named("Biggest movers")
    ),
    Sitting((Shot("light"),), settings=in_theme(Theme.LIGHT), view=view_named("σ of USD pairs")),
    Sitting(
        (Shot("ascii", size=(100, 28)),), "SOL-USD", in_theme(Theme.DARK, ascii=True), view_named("σ of USD pairs")
    ),
    Sitting((Shot("small", size=(80, 24)),), view=view_named("σ of USD pairs")),
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


async def taken(sitting: Sitting, feed: LocalFeed, clock: FakeClock) -> AsyncIterator[tuple[str, str]]:
    """Names and SVGs of the pictures of one sitting."""
    view = replace(sitting.view, selected=f"simulated:{sitting.selected}", theme=None)
    state = State(watchlist=WATCHLIST, view=view if view.quote else replace(view, quote="USD"))
    app = TrackerApp(feed, sitting.settings, state, FakeStore(), clock.now_ms, zone=UTC_ZONE)
    async with app.run_test(size=sitting.shots[0].size) as pilot:
        await settled(pilot)
        for _ in range(sitting.minutes):
            at_ms = clock.now_ms() // MINUTE_MS * MINUTE_MS + MINUTE_MS
            await clock.advance(60)
            await polled(feed, at_ms)
            await settled(pilot)
        for shot in sitting.shots:
            await pilot.resize_terminal(*shot.size)
            await pressed(pilot, shot.keys)
            app.end_flash()
            await settled(pilot)
            yield shot.name, as_terminal_draws(app.export_screenshot(title="crypto-tui --demo"))
            await pressed(pilot, shot.back)


async def pressed(pilot: Pilot[None], keys: Sequence[str]) -> None:
    """Press keys, each once the one before has done its work."""
    for key in keys:
        await pilot.press(CHARACTERS.get(key, key))
        await settled(pilot)


async def settled(pilot: Pilot[None]) -> None:
    """Return once the app has nothing more to fetch or draw."""
    while True:
        await pilot.pause()
        while isinstance(pilot.app, TrackerApp) and not pilot.app.is_at_rest:
            await pilot.pause()
        busy = [worker for worker in pilot.app.workers if worker.group in _BUSY and not worker.is_finished]
        if not busy:
            return
        await pilot.app.workers.wait_for_complete(busy)


async def write_svgs(folder: Path, sittings: Sequence[Sitting]) -> list[Path]:
    """Take pictures of one market."""
    clock = FakeClock(START_MS)
    written = []
    async with loaded_market(clock) as feed:
        for sitting in sittings:
            async for name, svg in taken(sitting, feed, clock):
                written.append(folder / f"{name}.svg")
                written[-1].write_text(svg, encoding="utf-8")
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
    wanted = set(options.names) or {shot.name for sitting in SITTINGS for shot in sitting.shots}
    sittings = [sitting for sitting in SITTINGS if wanted & {shot.name for shot in sitting.shots}]
    svgs = asyncio.run(write_svgs(folder, sittings))
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    for svg in svgs:
        if browser is not None:
            write_png(browser, svg)
        print(svg.name, svg.with_suffix(".png").name if browser is not None else "(no Chromium: no PNG)")


if __name__ == "__main__":
    main()

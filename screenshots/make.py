"""Makes the pictures of the README: ``python -m screenshots.make [FOLDER]``.

The market is the demo's, its engine and its app are the real ones, and only their clock is ours, so that equal versions
make equal SVG files. A PNG is made of each where a Chromium is installed.
"""

import argparse
import asyncio
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from textual.pilot import Pilot

from tests.support.clock import FakeClock
from tui_tracker.config.choices import Theme
from tui_tracker.config.model import Settings
from tui_tracker.config.state import State, View
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.engine.engine import Engine
from tui_tracker.feed.local import LocalFeed
from tui_tracker.sources.simulated import START_MS, SimulatedSource
from tui_tracker.tui.app import TrackerApp
from tui_tracker.tui.svg import placed
from tui_tracker.tui.times import UTC_ZONE

FOLDER: Final = Path(__file__).parent
SEED: Final = 1
LIVE_MINUTES: Final = 3
"""How long the market is watched before a picture is taken, after its history was loaded."""
WATCHLIST: Final = ("simulated:BTC-USD", "simulated:ETH-USD", "simulated:SOL-EUR")
WIDE: Final = (120, 28)
SCALE: Final = 1.5
"""Pixels of a PNG for one of the SVG."""
DESCENT: Final = 3
"""What letters below the line need more in this font than in the one that Rich lays out for."""
_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_WEB_FONT: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_CLIP: Final = re.compile(r'(-clip-terminal">\s*<rect [^>]*height=")([\d.]+)"')
_LINE_CLIP: Final = re.compile(r' clip-path="url\(#[\w-]*-line-\d+\)"')
_FIRST_CELLS: Final = re.compile(r'(?<=-clip-terminal\)">)(\s*)(?=<rect fill="(#\w+)")')
_BUSY: Final = ("series", "chart")


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: how the app is opened, and the keys pressed before it is taken."""

    name: str
    size: tuple[int, int] = WIDE
    theme: Theme = Theme.DARK
    keys: tuple[str, ...] = ()


SHOTS: Final = (
    Shot("main"),
    Shot("small", size=(80, 24)),
    Shot("chart", keys=("j", "left_square_bracket", "enter")),
    Shot("light", theme=Theme.LIGHT, keys=("e", "e", "g")),
    Shot("help", keys=("question_mark",)),
)


class Forgetful:
    """A store that keeps nothing: what a picture's app does must not reach the next one, nor a person's state."""

    def save_view(self, view: View) -> None:
        """Forget it."""

    def add_favourite(self, instrument_id: str) -> None:
        """Forget it."""

    def remove_favourite(self, instrument_id: str) -> None:
        """Forget it."""


@asynccontextmanager
async def watched_market(clock: FakeClock) -> AsyncIterator[LocalFeed]:
    """The demo's market with its history loaded, watched for some minutes."""
    engine = Engine(SimulatedSource(clock, SEED), clock)
    async with engine.running():
        feed = LocalFeed(engine)
        await polled(feed, START_MS)
        for minute in range(1, LIVE_MINUTES + 1):
            await clock.advance(60)
            await polled(feed, START_MS + minute * MINUTE_MS)
        yield feed


async def polled(feed: LocalFeed, at_ms: int) -> None:
    """Return once the feed tells of a poll at or after an instant, and of all history."""
    async for snapshot in feed.updates():
        status = snapshot.status
        is_loaded = status.backfill.total > 0 and not status.backfill.is_running
        if is_loaded and status.last_good_ms is not None and status.last_good_ms >= at_ms:
            return


async def taken(shot: Shot, feed: LocalFeed, clock: FakeClock) -> str:
    """The SVG of one picture."""
    settings = Settings(demo=True, theme=shot.theme)
    app = TrackerApp(feed, settings, State(watchlist=WATCHLIST), Forgetful(), clock.now_ms, zone=UTC_ZONE)
    async with app.run_test(size=shot.size) as pilot:
        await settled(pilot)
        for key in shot.keys:
            await pilot.press(key)
            await settled(pilot)
        return as_terminal_draws(app.export_screenshot(title="crypto-tui --demo"))


async def settled(pilot: Pilot[None]) -> None:
    """Return once the app has nothing more to fetch or draw."""
    while True:
        await pilot.pause()
        busy = [worker for worker in pilot.app.workers if worker.group in _BUSY and not worker.is_finished]
        if not busy:
            return
        await pilot.app.workers.wait_for_complete(busy)


def as_terminal_draws(svg: str) -> str:
    """The picture in a font of the machine instead of one from the web, its cells filled as terminals fill them.

    Its lines don't touch: we let the letters be high enough, and the ground be whole enough, to leave no seams.
    """

    def heightened(clip: re.Match[str]) -> str:
        return f'{clip[1]}{float(clip[2]) + DESCENT:.1f}"'

    svg = _WEB_FONT.sub("", svg).replace("Fira Code", "DejaVu Sans Mono").replace("font-size: 20px", "font-size: 21px")
    svg = _CLIP.sub(heightened, _LINE_CLIP.sub("", svg))
    svg = _FIRST_CELLS.sub(r'\1<rect fill="\2" width="100%" height="100%"/>\g<0>', svg, count=1)
    return placed(svg)


def write_png(browser: str, svg: Path) -> None:
    """Let a browser draw an SVG file, at ``SCALE`` pixels each."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg.read_text(encoding="utf-8"))
    assert found is not None, "Rich writes a viewBox"
    width, height = (round(float(side)) for side in found.groups())
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                browser,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--no-first-run",
                "--hide-scrollbars",
                "--default-background-color=00000000",
                f"--force-device-scale-factor={SCALE}",
                f"--user-data-dir={profile}",
                f"--screenshot={svg.with_suffix('.png')}",
                f"--window-size={width},{height}",
                svg.resolve().as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )


async def write_svgs(folder: Path, shots: Sequence[Shot]) -> list[Path]:
    """Take all pictures of one market."""
    clock = FakeClock(START_MS)
    written = []
    async with watched_market(clock) as feed:
        for shot in shots:
            path = folder / f"{shot.name}.svg"
            path.write_text(await taken(shot, feed, clock), encoding="utf-8")
            written.append(path)
    return written


def main() -> None:
    """Write all pictures."""
    parser = argparse.ArgumentParser(description="Make the pictures of the README.")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    folder: Path = parser.parse_args().folder
    os.environ.pop("NO_COLOR", None)
    os.environ["TERM"] = "xterm-256color"
    folder.mkdir(parents=True, exist_ok=True)
    svgs = asyncio.run(write_svgs(folder, SHOTS))
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    for svg in svgs:
        if browser is not None:
            write_png(browser, svg)
        print(svg.name, svg.with_suffix(".png").name if browser is not None else "(no Chromium: no PNG)")


if __name__ == "__main__":
    main()

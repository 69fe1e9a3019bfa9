"""A feed whose snapshots are made by the test: a seeded market of hundreds of pairs with everything that goes wrong."""

import asyncio
import math
import random
import time
from array import array
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache

from tui_tracker.config.views import ViewSpec
from tui_tracker.core.errors import TrackerError, UnknownPairError
from tui_tracker.core.figures import Figures
from tui_tracker.core.hours import HOUR_MS, Hours
from tui_tracker.core.instrument import Instrument, Trading
from tui_tracker.core.kept import Kept, Loaded, Rollup, Span, Stretch
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.series import MINUTE_MS, Series
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import BackfillProgress, SourceReport, SourceState, SourceStatus
from tui_tracker.stats.hours import hours_in, join_hours

END_MS = 1_764_021_420_000
"""21:57 UTC on 2025-11-24."""
AT_MS = END_MS + 57_000
WINDOW = 1440
KNOWN = (
    ("BTC", 84_120.5, 1),
    ("ETH", 4_310.22, 2),
    ("SOL", 212.87, 2),
    ("XRP", 2.441, 5),
    ("ADA", 0.71233, 6),
    ("DOGE", 0.21874, 7),
    ("USDT", 1.0001, 5),
    ("LINK", 18.442, 5),
    ("PEPE", 0.00001102, 9),
    ("AVAX", 31.07, 2),
    ("DOT", 5.8812, 4),
    ("LTC", 96.41, 2),
    ("TRX", 0.3172, 6),
    ("YFI", 5_412.0, 0),
    ("ZEC", 612.4, 2),
    ("PAXG", 4_021.1, 2),
    ("BNB", 911.08, 2),
    ("SHIB", 0.00000891, 10),
)
HOSTILE = ("X[/b]Y", "\x1b[31mRED", "‮EVIL", "长江长江长江", "[@click=app.quit]Q", "A" * 90)
QUOTES = ("USD", "EUR", "USDT", "BTC")


@cache
def _walk(seed: int, index: int, level: float) -> tuple[float, ...]:
    chance = random.Random(f"{seed}/{index}")
    calm = chance.uniform(0.0002, 0.002)
    values: list[float] = []
    value = level
    for _ in range(WINDOW):
        value *= math.exp(chance.gauss(0, calm))
        values.append(value)
    scale = level / value
    return tuple(round(value * scale, 12) for value in values)


def figures_of(values: Sequence[float], start_ms: int) -> Figures:
    """Figures of a series, fast and only as exact as floats: the app shows them and never computes them."""
    return _figures_of(tuple(values), start_ms)


@lru_cache(maxsize=4_096)
def _figures_of(values: tuple[float, ...], start_ms: int) -> Figures:
    seen = [(index, value) for index, value in enumerate(values) if not math.isnan(value)]
    if not seen:
        return Figures(len(values), 0, None, None, None, None, None, None, None, None, None)
    plain = [value for _, value in seen]
    mean = math.fsum(plain) / len(plain)
    stddev = math.sqrt(math.fsum((value - mean) ** 2 for value in plain) / len(plain))
    returns = [math.log(b / a) for a, b in zip(plain[::5], plain[5::5], strict=False) if a > 0 and b > 0]
    volatility = math.sqrt(525_600 * math.fsum(r * r for r in returns) / (5 * len(returns))) if returns else None
    return Figures(
        length=len(values),
        samples=len(plain),
        mean=mean,
        stddev=stddev,
        minimum=min(plain),
        maximum=max(plain),
        first=plain[0],
        first_ms=start_ms + seen[0][0] * MINUTE_MS,
        last=plain[-1],
        last_ms=start_ms + seen[-1][0] * MINUTE_MS,
        volatility=volatility,
        bipower=volatility,
    )


@lru_cache(maxsize=4_096)
def _scaled(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(value * 1000 / values[-1] for value in values)


class Pair:
    """One pair of the market: its instrument and its samples."""

    def __init__(self, seed: int, index: int, base: str, quote: str, level: float, digits: int) -> None:
        name = f"{base}-{quote}"
        self.instrument = Instrument(f"kraken:{name}", base, quote, base + quote, (), digits)
        self.values = list(_walk(seed, index, level))
        self.volume = 8e8 / (index + 1) ** 1.6
        self.halted = ""
        self.has_other_metrics = True

    @property
    def id(self) -> str:
        return self.instrument.id

    def series(self, metric: Metric) -> list[float]:
        """Its samples: those of other metrics follow the price."""
        if metric is Metric.PRICE or metric is Metric.MID:
            return self.values
        return list(_scaled(tuple(self.values)))

    def row(self) -> Row:
        """What a snapshot says of it."""
        start_ms = END_MS - (WINDOW - 1) * MINUTE_MS
        price = figures_of(self.values, start_ms)
        others = figures_of(self.series(Metric.VOLUME), start_ms) if self.has_other_metrics else None
        figures = tuple(price if metric.is_price else others for metric in METRICS)
        last = price.last
        return Row(
            instrument=self.instrument,
            last=last,
            bid=None if last is None else last * 0.9999,
            ask=None if last is None else last * 1.0001,
            volume_usd=None if last is None else self.volume,
            traded=last is not None,
            halted=self.halted,
            halted_since_ms=END_MS - 7_200_000 if self.halted else None,
            figures=figures,
            high=price.maximum,
            low=price.minimum,
            activity=None if last is None else round(1 - self.instrument.digits / 20, 3),
        )


def make_pairs(seed: int = 1, count: int = 240) -> list[Pair]:
    """A market: well-known pairs first, then made-up ones, with gaps, young, quiet, halted and hostile ones."""
    chance = random.Random(seed)
    pairs: list[Pair] = []
    for index in range(count):
        quote = QUOTES[0] if index < len(KNOWN) else QUOTES[index % len(QUOTES)]
        if index < len(KNOWN):
            base, level, digits = KNOWN[index]
        elif index < len(KNOWN) + len(HOSTILE):
            base, quote, level, digits = HOSTILE[index - len(KNOWN)], "USD", 3.0, 4
        else:
            base, digits = f"C{index:03}", chance.randint(2, 6)
            level = 10 ** chance.uniform(-3, 3)
        pairs.append(Pair(seed, index, base, quote, level, digits))
    nan = math.nan
    pairs[5].values[400:520] = [nan] * 120
    pairs[9].values[:1300] = [nan] * 1300
    pairs[10].values[:60] = [nan] * 60
    pairs[11].values = [nan] * WINDOW
    pairs[12].halted = "maintenance"
    pairs[12].instrument = replace(pairs[12].instrument, trading=Trading.MAINTENANCE)
    pairs[13].has_other_metrics = False
    pairs[14].values[:-3] = [nan] * (WINDOW - 3)
    return pairs


def live_status(**changes: object) -> SourceStatus:
    """A source that is doing well; ``changes`` are fields of the status."""
    status = SourceStatus(
        source="kraken",
        state=SourceState.LIVE,
        last_good_ms=AT_MS,
        last_attempt_ms=AT_MS,
        next_poll_ms=AT_MS + 60_000,
        skew_ms=100,
        instruments=240,
    )
    return replace(status, **changes)  # type: ignore[arg-type]


def loading(done: int, total: int) -> BackfillProgress:
    return BackfillProgress(done, total, (), (total - done) * 1.1)


class FakeFeed:
    """Implements ``DeepFeed``: yields what ``publish`` was given, remembers what was asked of it."""

    def __init__(self, pairs: Sequence[Pair] = (), status: SourceStatus | None = None) -> None:
        self.pairs = list(pairs)
        self.current = self.snapshot(status)
        self.polls = 0
        self.priorities: list[tuple[str, ...]] = []
        self.series_calls: list[tuple[str, Metric]] = []
        self.hours_calls: list[tuple[str, Metric, int]] = []
        self.windows: list[tuple[int, Metric]] = []
        self.window_error: TrackerError | None = None
        self.older_days = 0
        """Days of which hours are kept beside the window."""
        self._changed = asyncio.Event()
        self._is_closed = False
        self.report: SourceReport | None = None
        self.slid = 0
        """Minutes by which the windows slid; the test moves the values."""

    def snapshot(self, status: SourceStatus | None = None, version: int = 1) -> Snapshot:
        """All pairs as they are now."""
        status = status or live_status()
        polled = bool(self.pairs)
        return Snapshot(
            version=version,
            at_ms=AT_MS if polled else None,
            end_ms=END_MS if polled else None,
            window_minutes=WINDOW,
            rows=tuple(pair.row() for pair in self.pairs),
            status=status,
        )

    def publish(self, snapshot: Snapshot | None = None, **changes: object) -> None:
        """Give the next snapshot: of the pairs as they are now, a status with ``changes``, unless it is given."""
        if snapshot is None:
            snapshot = self.snapshot(live_status(**changes), self.current.version + 1)
        self.current = snapshot
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def publish_status(self, **changes: object) -> None:
        """Give the same rows with another status."""
        self.publish(replace(self.current, status=replace(self.current.status, **changes)))  # type: ignore[arg-type]

    def close(self) -> None:
        """End the updates."""
        self._is_closed = True
        self._changed.set()

    async def updates(self) -> AsyncIterator[Snapshot]:
        """See ``Feed.updates``."""
        seen: Snapshot | None = None
        while not self._is_closed:
            changed = self._changed
            if self.current is not seen:
                seen = self.current
                yield seen
            else:
                await changed.wait()

    async def series(self, instrument_id: str, metric: Metric) -> Series:
        """See ``Feed.series``."""
        self.series_calls.append((instrument_id, metric))
        for pair in self.pairs:
            if pair.id == instrument_id:
                start_ms = END_MS - (WINDOW - 1 - self.slid) * MINUTE_MS
                return Series(instrument_id, metric, start_ms, array("d", pair.series(metric)), self.current.version)
        raise UnknownPairError(instrument_id)

    async def hours(self, instrument_id: str, metric: Metric, count: int) -> Hours:
        """See ``Feed.hours``: the hours of the window, and ``older_hours`` copies of them before."""
        self.hours_calls.append((instrument_id, metric, count))
        series = await self.series(instrument_id, metric)
        recent = hours_in(series)
        older = {
            start_ms - day * 24 * HOUR_MS: each._replace(start_ms=start_ms - day * 24 * HOUR_MS)
            for day in range(1, self.older_days + 1)
            for start_ms, each in recent.items()
        }
        return join_hours(series, count, older, recent, "" if self.older_days else "no history is kept")

    async def set_window(self, minutes: int, metric: Metric) -> None:
        """See ``Feed.set_window``: remembers what was asked for, and says so in the next snapshot."""
        self.windows.append((minutes, metric))
        if self.window_error is not None:
            raise self.window_error
        self.publish(replace(self.current, window_minutes=minutes, version=self.current.version + 1))

    async def kept(self) -> Kept:
        """See ``History.kept``: the minutes of the window."""
        instruments = tuple(sorted((pair.instrument for pair in self.pairs), key=lambda one: one.id))
        span = Span(END_MS - (WINDOW - 1) * MINUTE_MS, END_MS)
        return Kept(self.current.status.source, span, None, instruments, tuple(one.id for one in instruments))

    async def minutes(
        self, ids: Collection[str] | None, metrics: Sequence[Metric], start_ms: int, count: int
    ) -> Loaded:
        """See ``History.minutes``: those of the window, which ``start_ms`` lies in."""
        first = (start_ms - END_MS) // MINUTE_MS + WINDOW - 1
        found: Loaded = {}
        for pair in self.pairs:
            if ids is None or pair.id in ids:
                cuts = {metric: pair.series(metric)[first : first + count] for metric in metrics}
                found[pair.id] = {name: Stretch(array("d", cut), bytes([1]) * len(cut)) for name, cut in cuts.items()}
        return found

    async def rollups(
        self, ids: Collection[str] | None, start_ms: int, end_ms: int
    ) -> Mapping[str, tuple[Rollup, ...]]:
        """See ``History.rollups``: one hour of each pair."""
        one = Rollup(start_ms, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, (end_ms - start_ms) // MINUTE_MS, None)
        return {pair.id: (one,) for pair in self.pairs if ids is None or pair.id in ids}

    async def over(self, minutes: int, metric: Metric) -> Snapshot:
        """See ``DeepFeed.over``: the same figures, said to be over another window."""
        self.windows.append((minutes, metric))
        return replace(self.current, window_minutes=minutes)

    def status(self) -> SourceStatus:
        """See ``Feed.status``."""
        return self.current.status

    def health(self) -> SourceReport:
        """See ``Feed.health``: ``report`` where the test gave one, with the present status."""
        return replace(self.report or SourceReport(self.status()), status=self.status())

    def request_poll(self) -> int:
        """See ``Feed.request_poll``."""
        self.polls += 1
        return AT_MS + 5_000

    def prioritise(self, instrument_ids: Sequence[str]) -> None:
        """See ``Feed.prioritise``."""
        self.priorities.append(tuple(instrument_ids))


class FakeStore:
    """Remembers in memory what the app wants remembered."""

    def __init__(self) -> None:
        self.views: list[object] = []
        self.changes: list[tuple[str, str]] = []
        self.delay_s = 0.0
        """How long the disk takes."""
        self.named_views: dict[str, ViewSpec] = {}

    def save_view(self, view: object) -> None:
        self.views.append(view)

    def add_favourite(self, instrument_id: str, watchlist: str = "main") -> None:
        self._note("add", instrument_id, watchlist)

    def remove_favourite(self, instrument_id: str, watchlist: str = "main") -> None:
        self._note("remove", instrument_id, watchlist)

    def add_favourites(self, instrument_ids: tuple[str, ...], watchlist: str) -> None:
        for instrument_id in instrument_ids:
            self._note("add", instrument_id, watchlist)

    def remove_watchlist(self, name: str) -> None:
        self.changes.append(("remove list", name))

    def rename_watchlist(self, name: str, new_name: str) -> None:
        self.changes.append(("rename list", f"{name} {new_name}"))

    def save_named_view(self, view: ViewSpec) -> None:
        self.named_views[view.name] = view

    def remove_named_view(self, name: str) -> None:
        self.named_views.pop(name, None)

    def _note(self, change: str, instrument_id: str, watchlist: str) -> None:
        time.sleep(self.delay_s)
        self.changes.append((change, instrument_id if watchlist == "main" else f"{watchlist}/{instrument_id}"))


def several_pairs() -> list[Pair]:
    """Two assets on five exchanges, and what is made of them: on one exchange a name stands for another asset."""
    found: list[Pair] = []
    levels = {"all": 1.0, "bitfinex": 1.0008, "bitstamp": 0.9996, "gate": 1.31, "kraken": 1.0, "okx": 1.0001}
    for source, factor in levels.items():
        for index, (base, level, digits) in enumerate((("BTC", 84_120.5, 1), ("GTC", 0.41, 5))):
            quote = "USDT" if source == "okx" else "USD"
            at = level * factor if base == "GTC" or source != "gate" else level
            pair = Pair(1, index, base, quote, at, digits)
            pair.instrument = replace(pair.instrument, id=f"{source}:{base}-{quote}")
            found.append(pair)
    return sorted(found, key=lambda pair: pair.id)


def several_status(**changes: object) -> SourceStatus:
    """Five exchanges of which kraken is out of reach, and what is made of them."""
    names = ("all", "bitfinex", "bitstamp", "gate", "kraken", "okx")
    parts = {name: live_status(source=name, instruments=2) for name in names}
    parts["kraken"] = replace(parts["kraken"], state=SourceState.OFFLINE, error="no route", last_good_ms=AT_MS - 70_000)
    whole = live_status(source="bitfinex,bitstamp,gate,kraken,okx", state=SourceState.OFFLINE, error="kraken: no route")
    return replace(whole, parts=tuple(parts.values()), **changes)  # type: ignore[arg-type]

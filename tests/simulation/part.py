"""One source of a trial: the engine that watches it, the exchange, and all that must hold."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Final

from tests.simulation.exchange import BANS, UPLINK_S, WEIGHTS, SimulatedExchange
from tests.simulation.ledger import Ledger, Refused, Told
from tests.simulation.loop import SimulatedClock
from tests.simulation.model import MINUTE_MS, Model
from tests.simulation.schedule import BODY, CONNECT, STATUS, Plan
from tests.simulation.stream import SimulatedStream
from tests.simulation.watch import Watch, WatchedStream
from tests.simulation.world import BEGIN, world_of
from tests.support.oracle import mean_of
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import STREAMING, SourceState
from tui_tracker.engine.engine import LONG_WAIT_S, SOON_MS, Engine
from tui_tracker.sources.budget import RequestBudget
from tui_tracker.sources.http import HttpClient
from tui_tracker.sources.registry import SOURCES, SourceInfo
from tui_tracker.sources.stream import SocketStream
from tui_tracker.sources.through_ccxt import CcxtSource

ALLOWED: Final = {
    "kraken": (1, 1.0),
    "binance": (6_000, 60.0),
    "bitfinex": (30, 60.0),
    "bitstamp": (10_000, 600.0),
    "bybit": (600, 5.0),
    "coinbase": (10, 1.0),
    "coinbase_exchange": (10, 1.0),
    "gate": (200, 10.0),
    "kucoin": (4_000, 30.0),
    "okx": (20, 2.0),
    "mexc": (500, 10.0),
}
"""Requests, or weight, that each exchange documents to allow in so many seconds."""
MEXC: Final = SourceInfo("mexc", "MEXC", "", 0.0, "a weight of 500 in 10 s", "", bans={418: 120.0})
"""By ccxt, which keeps the pace."""
FAILING: Final = frozenset(
    {*CONNECT, *BODY, *STATUS, "reset_body", "hang", "drip"} - {"418", "403", "429", "429_after", "503_after"}
)
"""Faults that spoil every answer and ask for no pause."""
HEARD_S: Final = 1.5
"""So long a refusal may be on its way, whose end has to come too."""
MOST_ERROR: Final = 300
OPENINGS: Final = {
    "kraken": (150, 600.0),
    "binance": (300, 300.0),
    "coinbase": (8, 1.0),
    "okx": (3, 1.0),
    "bybit": (500, 300.0),
}
"""WebSockets that each exchange documents to let one open in so many seconds …"""
QUESTIONS: Final = {"binance": (5, 1.0), "coinbase": (8, 1.0), "okx": (480, 3_600.0)}
"""… and messages that may be said on one of them."""
RECONNECT_S: Final = 60.0 + 15.0
"""The longest pause before a WebSocket is opened again, and until it is."""
QUEUE_S: Final = 4.5
"""Openings of as many connections as there are pairs wait for each other for so long."""
DOWN_S: Final = 15.0
"""A stream that went down causes a poll, but at most one in this time."""


class BrokenPromiseError(AssertionError):
    """Something did not hold."""


def promise(holds: object, text: str) -> None:
    """Check what must hold.

    Raises:
        BrokenPromiseError: If it doesn't.
    """
    if not holds:
        raise BrokenPromiseError(text)


class Part:
    """One source of a trial."""

    def __init__(self, plan: Plan, place: int, clock: SimulatedClock) -> None:
        self.name = plan.sources[place]
        self.plan = plan
        self.clock = clock
        self.ledger = Ledger()
        self.model = Model(self.name, remembers=bool(plan.jumps))
        self.world = world_of(self.name)
        self.spells = plan.spells[place]
        info = SOURCES.get(self.name, MEXC)
        rng = random.Random(f"line {plan.seed} {self.name}")
        transport = SimulatedExchange(self.world, self.spells, plan.away_s, clock, rng, self.ledger, self._told)
        self.budget = RequestBudget(clock, info.spacing_s)
        idle_s = 2 * plan.interval_s + 30
        http = HttpClient(info.base_url, clock, self.budget, idle_s=idle_s, bans=info.bans, transport=transport)
        self.watch = Watch(CcxtSource(self.name, http) if info is MEXC else info.connect(http))
        spells = plan.stream_spells[place] if plan.stream_spells else None
        self.stream: SimulatedStream | None = None
        self.watched_stream: WatchedStream | None = None
        if spells is not None:
            rng = random.Random(f"sockets {plan.seed} {self.name}")
            self.stream = SimulatedStream(self.world, spells, rng, self.ledger, self._heard)
            sockets = SocketStream(self.stream.url, clock, info.dialogue(), self.budget, "", info.bans)
            self.watched_stream = WatchedStream(sockets, self._note_end)
        self.engine = Engine(
            self.watch,
            clock,
            interval_s=plan.interval_s,
            window_minutes=plan.window_minutes,
            stream=self.watched_stream,
        )
        self.heaviest_s = info.spacing_s * max(WEIGHTS.get(self.name, {"": 1}).values())
        self.rows = 0

    def _told(self, told: Told) -> None:
        self.model.take(told, self.end)

    def _heard(self, pair: str, price: float, stamp_ms: int | None) -> None:
        self.model.hear(pair, price, stamp_ms, self.clock.now_ms())

    def _note_end(self, pairs: Sequence[str]) -> None:
        self.model.end_stream(pairs, self.clock.now_ms())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Collect while inside."""
        async with self.stream.running() if self.stream is not None else nullcontext(), self.engine.running():
            yield

    def forget_before(self, first: int) -> None:
        """Let go of what was checked, and of minutes that left all windows."""
        for some in (self.ledger.asked, self.ledger.refused, self.ledger.opened_s, self.ledger.stream_refused):
            some.clear()
        self.ledger.faults.clear()
        del self.watch.polled_s[:-300]
        if self.stream is not None and self.watched_stream is not None:
            self.stream.sockets.clear()
            self.watched_stream.lost_s.clear()
        self.model.forget_before(first)

    def hush(self, *, is_hushed: bool) -> None:
        """Let the stream say nothing for a moment, or go on."""
        if self.stream is not None:
            self.stream.is_hushed = is_hushed

    @property
    def end(self) -> int | None:
        """The last minute of the windows."""
        end_ms = self.engine.market.end_ms
        return None if end_ms is None else end_ms // MINUTE_MS

    @property
    def lacks_history(self) -> bool:
        """Whether there is still some to be loaded."""
        progress = self.engine.backfill.progress()
        return progress.is_running or bool(progress.failed)

    def clear_s(self) -> float:
        """From when on nothing stands in the way of a poll."""
        ends_s = max(spell.end_s for spell in self.spells)
        return max(ends_s, self.ledger.last_fault_s, self.watch.paused_until_s, self._shut_out_until_s())

    def _shut_out_until_s(self) -> float:
        """Until when a WebSocket that was refused shuts requests out too: a ban is one of the address."""
        return max((ban.until_s for ban in self._stream_bans()), default=0.0)

    def _stream_bans(self) -> list[Refused]:
        bans = BANS.get(self.name, {})
        return [refused for refused in self.ledger.stream_refused if refused.kind.split("_")[1] in bans]

    def slack_s(self) -> float:
        """How long the requests before a poll may take."""
        return 4 * self.heaviest_s + 4.0

    def check_all(self, clear_s: float) -> None:
        """Check all that holds once nothing has stood in the way since then."""
        self.check_recovery(clear_s)
        self.check_shown()
        self.check_windows()
        self.check_history()
        self.check_figures()
        self.check_requests()
        self.check_stream()
        self.check_sockets()

    def stream_clear_s(self) -> float:
        """From when on the stream should be live again, at the latest."""
        if self.stream is None:
            return 0.0
        return max(self.clear_s(), self.ledger.stream_clear_s, self.stream.ends_s) + RECONNECT_S

    def check_stream(self) -> None:
        """The stream is back."""
        told = self.engine.status().stream
        promise(self.stream is None or told == STREAMING, f"{self.name}: the stream is still {told!r}")

    def check_sockets(self) -> None:
        """WebSockets never came too often or while they were not to, and polls made up for their fall."""
        if self.stream is None or self.watched_stream is None:
            return
        opened = self.ledger.opened_s
        limit, span_s = OPENINGS[self.name]
        promise(is_within(opened, limit, span_s), f"{self.name}: more than {limit} openings in {span_s:g} s")
        for refused in self.ledger.stream_refused:
            broken = [at_s for at_s in opened if refused.at_s + HEARD_S < at_s < refused.until_s]
            promise(not broken, f"{self.name}: opened at {broken[:3]} in spite of {refused}")
        for refused in self.ledger.refused:
            is_long = refused.until_s - refused.at_s > LONG_WAIT_S
            broken = [at_s for at_s in opened if refused.at_s + QUEUE_S < at_s < refused.until_s - LONG_WAIT_S]
            promise(not (is_long and broken), f"{self.name}: opened at {broken[:3]} in spite of {refused}")
        limit, span_s = QUESTIONS.get(self.name, (10, 1.0))
        for socket in self.stream.sockets:
            said = [at_s for at_s, _ in socket.said]
            promise(is_within(said, limit, span_s), f"{self.name}: more than {limit} messages in {span_s:g} s")
        for lost_s in self.watched_stream.lost_s:
            latest_s = lost_s + DOWN_S + self.slack_s()
            is_clear = not any(spell.start_s <= latest_s and lost_s < spell.end_s + 15 for spell in self.spells)
            refusals = (*self.ledger.refused, *self._stream_bans())
            is_free = not any(refused.at_s < latest_s and refused.until_s > lost_s for refused in refusals)
            if is_clear and is_free and latest_s < asyncio.get_running_loop().time():
                polled = any(lost_s - DOWN_S <= at_s <= latest_s for at_s in self.watch.polled_s)
                promise(polled, f"{self.name}: no poll after the stream went down at {lost_s:.1f} s")

    def check_windows(self) -> None:
        """Good data stays: windows hold what was told, bit for bit."""
        end = self.end
        promise((end is None) is (self.model.polled is None), "windows begin with the first poll")
        if end is None:
            return
        self.model.settle(self.clock.now_ms())
        for pair in self.world.pairs:
            name = f"{self.name}:{pair.replace('/', '-')}"
            if name not in self.engine.market:
                promise(pair not in self.model.prices, f"{self.name}: {pair} isn't listed")
                continue
            series = self.engine.market.series(name, Metric.PRICE)
            got = [None if value != value else value for value in series.values]
            if self.plan.jumps:
                strange = {value for value in got if value is not None} - self.model.said.get(pair, set())
                promise(not strange, f"{self.name} {pair}: prices that were never told: {sorted(strange)[:3]}")
                continue
            expected = self.model.series(pair, end, got)
            promise(got == expected, f"{self.name} {pair}: {difference(got, expected)}")
        if not self.plan.jumps:
            now = (self.clock.now_ms() + self.model.offset_ms) // MINUTE_MS
            promise((self.model.polled or 0) <= end <= now, f"{self.name}: windows end in {end}, now is {now}")

    def check_history(self) -> None:
        """What could be known is: no minute is missing, unless the exchange told nothing usable of it."""
        progress = self.engine.backfill.progress()
        promise(not progress.is_running and not progress.failed, f"{self.name}: history still {progress}")
        if self.plan.jumps or self.plan.interval_s > 60 or self.end is None:
            return
        first = max(BEGIN + 5, self.end - self.plan.window_minutes + 1)
        for pair in self.world.pairs:
            known = self.model.known(pair)
            missing = [minute - self.end for minute in range(first, self.end) if minute not in known]
            promise(not missing, f"{self.name} {pair}: nothing of the minutes {missing[:5]}")

    def check_figures(self) -> None:
        """What is shown is made of what the windows hold."""
        latest = self.engine.hub.latest
        rows = [] if latest is None else [row for row in latest.rows if row.instrument.pair in self.world.pairs]
        promise(len(rows) == len(self.world.pairs), f"{self.name}: not all rows")
        if latest is not None and self._is_left_to_the_stream(latest):
            return
        for row in rows:
            series = self.engine.market.series(row.instrument.id, Metric.PRICE)
            values = [value for value in series.values if value == value]
            figures = row.figures_of(Metric.PRICE)
            promise(figures is not None and figures.samples == len(values), f"{row.instrument.id}: not all samples")
            assert figures is not None
            told = figures.mean, figures.minimum, figures.maximum, figures.last
            expected = mean_of(values), min(values), max(values), values[-1]
            promise(told == expected, f"{row.instrument.id}: {told} instead of {expected}")

    def _is_left_to_the_stream(self, latest: Snapshot) -> bool:
        """Whether the last poll of a minute is not shown yet, as it may until a few seconds after its end."""
        status = self.engine.status()
        into_ms = (self.clock.now_ms() + (status.skew_ms or 0)) % MINUTE_MS
        is_time = into_ms >= MINUTE_MS - SOON_MS or into_ms <= SOON_MS + 500
        return self.stream is not None and latest.at_ms != status.last_good_ms and is_time

    def check_shown(self) -> None:
        """What a person sees meanwhile: rows stay, and an error is one line."""
        latest, status = self.engine.hub.latest, self.engine.status()
        rows = 0 if latest is None else len(latest.rows)
        promise(rows >= self.rows, f"{self.name}: {self.rows} rows became {rows}")
        self.rows = rows
        promise(status.error.isprintable() and len(status.error) < MOST_ERROR, f"{self.name}: {status.error!r}")
        now_s = asyncio.get_running_loop().time()
        for spell in self.spells:
            is_whole = spell.chance == 1.0 and "quotes" in spell.calls and FAILING.issuperset(spell.kinds)
            if is_whole and spell.start_s + 2.5 * self.plan.interval_s + 30 < now_s < spell.end_s:
                is_told = status.state is not SourceState.LIVE or status.is_streamed
                promise(is_told and (status.error or status.limited_until_ms), f"{self.name}: nothing tells of {spell}")

    def check_requests(self) -> None:
        """The exchange was never asked too often, nor while it forbade it."""
        limit, span_s = ALLOWED[self.name]
        asked, first, weight = self.ledger.asked, 0, 0
        for request in asked:
            weight += request.weight
            while request.at_s - asked[first].at_s >= span_s - 1e-6:
                weight -= asked[first].weight
                first += 1
            promise(weight <= limit, f"{self.name}: a weight of {weight} in {span_s:g} s at {request.at_s:.3f} s")
        for refused in self.ledger.refused:
            broken = [r.at_s for r in asked if refused.at_s + UPLINK_S < r.at_s < refused.until_s]
            promise(not broken, f"{self.name}: asked at {broken[:3]} in spite of {refused}")

    def check_recovery(self, clear_s: float) -> None:
        """It went on by itself within one interval."""
        after = next((at_s for at_s in self.watch.polled_s if at_s >= clear_s), None)
        latest_s = clear_s + self.plan.interval_s + self.slack_s()
        polled = ", ".join(f"{at_s:.1f}" for at_s in self.watch.polled_s[-4:])
        promise(after is not None and after <= latest_s, f"{self.name}: clear at {clear_s:.1f} s, polled at {polled}")
        status = self.engine.status()
        promise((status.state, status.error) == (SourceState.LIVE, ""), f"{self.name}: still {status}")
        promise(status.limited_until_ms is None, f"{self.name}: still limited")
        true_skew_ms = -self.clock.ahead_ms
        allowed_ms = 5_500 if self.plan.jumps else 600 + self.model.vague_ms  # slow readings: half of 10 s
        promise(abs((status.skew_ms or 0) - true_skew_ms) <= allowed_ms, f"{self.name}: skew {status.skew_ms}")


def is_within(instants: Sequence[float], limit: int, span_s: float) -> bool:
    """Whether no more than so many came in any such span."""
    return all(later - earlier >= span_s - 1e-6 for earlier, later in zip(instants, instants[limit:], strict=False))


def difference(got: Sequence[float | None], expected: Sequence[float | None]) -> str:
    """Where two windows differ."""
    places = [i for i, (a, b) in enumerate(zip(got, expected, strict=True)) if a != b]
    shown = "; ".join(f"{i - len(got) + 1}: {got[i]} instead of {expected[i]}" for i in places[:4])
    return f"{len(places)} of {len(got)} minutes differ: {shown}"

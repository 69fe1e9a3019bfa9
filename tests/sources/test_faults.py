"""Each source with each fault, over real HTTP: what a person sees, that good data stays, and that work goes on after.

Time is the test's, so that nothing waits; that requests keep to what is documented is measured in `tests/simulation`.
"""

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.sources.broken import BROKEN, OFFLINE, STALE
from tests.support.clock import FakeClock
from tests.support.exchanges.server import FakeExchange
from tests.support.exchanges.wires import NATIVE
from tests.support.fake_kraken_clock import ExchangeClock
from tests.support.fake_kraken_http import HttpResponse
from tests.support.names import Names
from tui_tracker.core.metric import Metric
from tui_tracker.core.status import SourceState, SourceStatus
from tui_tracker.engine.engine import Engine
from tui_tracker.sources.budget import RequestBudget
from tui_tracker.sources.http import HttpClient, Timeouts
from tui_tracker.sources.registry import SOURCES
from tui_tracker.sources.rest import RestSource

START_MS = 1_790_000_000_000 // 60_000 * 60_000 + 57_000
INTERVAL_S = 60
PATIENCE_S = 20.0
HERE, HOST = "127.0.0.1", "exchange.test"
NAMES = ["kraken", *(wire.name for wire in NATIVE)]
every_source = pytest.mark.parametrize("name", NAMES)


class BriskClock(FakeClock):
    """Gives tasks few turns: what comes over the line is waited for anyway."""

    async def settle(self, rounds: int = 12) -> None:
        await super().settle(rounds)


class Stage:
    """An engine whose clock the test moves, and the exchange that it watches.

    Args:
        name: Of the exchange.
        exchange: Its server.
        exchange_clock: Its clock.
        host: By which name it is asked.
    """

    def __init__(self, name: str, exchange: FakeExchange, exchange_clock: ExchangeClock, host: str) -> None:
        info = SOURCES[name]
        self.exchange = exchange
        self.exchange_clock = exchange_clock
        self.clock = clock = BriskClock(START_MS)
        self.budget = RequestBudget(clock, 0)
        self.http = HttpClient(exchange.url.replace(HERE, host), clock, self.budget, idle_s=150, bans=info.bans)
        source = info.connect(self.http)
        assert isinstance(source, RestSource)
        source.history = ()
        self.source = source
        self.engine = Engine(self.source, clock, interval_s=INTERVAL_S)

    async def until(self, holds: Callable[[SourceStatus], bool]) -> SourceStatus:
        """The first status of which something holds; what is on the line takes real time."""
        async with asyncio.timeout(PATIENCE_S):
            async for snapshot in self.engine.hub.subscribe():
                if holds(snapshot.status):
                    return snapshot.status
        raise AssertionError("the engine ended")

    async def passes(self, seconds: float) -> None:
        """Let so much time pass on all clocks."""
        self.exchange_clock.advance(round(seconds * 1000))
        await self.clock.advance(seconds)

    async def polled(self) -> SourceStatus:
        """Wait for the next attempt to come, and to be over, for better or worse."""
        before = self.engine.status()
        now_ms = self.clock.now_ms() + (before.skew_ms or 0)
        due_s = max(((before.next_poll_ms or now_ms) - now_ms) / 1000, self.budget.next_slot_s())
        assert due_s <= INTERVAL_S
        await self.passes(due_s + 0.001)
        return await self.until(
            lambda now: now.last_attempt_ms != before.last_attempt_ms and now.next_poll_ms is not None
        )

    def begin(self, fault: str | HttpResponse | Callable[[object], object]) -> None:
        """Let every answer fail from now on."""
        if fault in ("hang", "drip"):
            self.http._timeouts = Timeouts(total_s=0.1)  # nothing good is waited for meanwhile
        if isinstance(fault, str):
            self.exchange.faults.set(fault)
        elif isinstance(fault, HttpResponse):
            self.exchange.queue.extend([fault] * 4)
        else:
            self.exchange.said.spoil = lambda _, document: fault(document)

    def end(self) -> None:
        """Let answers be good again."""
        self.exchange.faults.clear()
        self.exchange.queue.clear()
        self.exchange.said.spoil = None
        self.http._timeouts = Timeouts()

    async def asks_nothing_for(self, seconds: float) -> None:
        """Let the time of a ban pass, in which no request may come."""
        asked = self.asked
        await self.passes(seconds - 1)
        assert self.asked == asked
        assert self.budget.next_slot_s() == pytest.approx(1, abs=0.1)

    @property
    def asked(self) -> int:
        """How many requests came to the exchange."""
        return len(self.exchange.requests)

    def prices(self) -> dict[str, list[float]]:
        """All that the windows of prices hold."""
        market = self.engine.market
        found = {holding.instrument.pair: market.series(holding.instrument.id, Metric.PRICE) for holding in market}
        return {pair: [value for value in series.values if value == value] for pair, series in found.items()}


@asynccontextmanager
async def staged(name: str, host: str = HERE) -> AsyncIterator[Stage]:
    """An engine that has polled once, well."""
    exchange_clock = ExchangeClock(START_MS, rate=0)
    async with FakeExchange(name, pairs=9, now_ms=exchange_clock) as exchange:
        stage = Stage(name, exchange, exchange_clock, host)
        async with stage.engine.running():
            status = await stage.until(lambda now: now.last_good_ms is not None and now.next_poll_ms is not None)
            assert (status.state, status.error) == (SourceState.LIVE, "")
            assert all(stage.prices().values())
            yield stage


BANS = {"binance": {"403": 300.0, "418": 120.0}, "bybit": {"403": 600.0}}
"""By which faults an exchange shuts an address out, and for how many seconds at least."""


@pytest.mark.parametrize("fault", BROKEN)
@every_source
async def test_an_answer_that_fails_is_told_in_one_line_and_costs_nothing_but_itself(name: str, fault: str) -> None:
    seen, ban_s = BROKEN[fault], BANS.get(name, {}).get(fault, 0.0)
    async with staged(name) as stage:
        before = stage.prices()
        stage.begin(seen.fault)
        status = await stage.polled()
        assert re.search(seen.error, status.error), status.error
        assert status.error.isprintable()
        assert (status.state, stage.prices()) == (seen.state, before)
        stage.end()
        if ban_s:
            await stage.asks_nothing_for(ban_s)
        status = await stage.polled()
        assert (status.state, status.error, status.limited_until_ms) == (SourceState.LIVE, "", None)
        assert all(len(prices) > len(before[pair]) for pair, prices in stage.prices().items())


@every_source
async def test_its_own_words_for_too_many_requests_stop_them_for_a_while(name: str) -> None:
    async with staged(name) as stage:
        said = stage.exchange.wire.too_many()
        stage.exchange.queue.append(HttpResponse(json.dumps(said.document).encode(), said.status))
        status = await stage.polled()
        assert re.search("(?i)too m|rate", status.error)
        assert status.state is STALE
        assert stage.budget.next_slot_s() == pytest.approx(5, abs=0.1)
        assert (await stage.polled()).state is SourceState.LIVE


@every_source
async def test_an_exchange_that_is_away_is_found_again(name: str) -> None:
    async with staged(name) as stage:
        before = stage.prices()
        await stage.exchange.stop()
        for _ in range(3):
            status = await stage.polled()
            assert (status.state, status.error) == (OFFLINE, "connection refused")
        assert stage.prices() == before
        await stage.exchange.start()
        assert (await stage.polled()).state is SourceState.LIVE


@every_source
async def test_a_name_that_is_not_known_is_told_and_found_again(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(monkeypatch, HOST)
    async with staged(name, HOST) as stage:
        before = stage.prices()
        names.addresses = None
        await stage.exchange.drop_connections()
        status = await stage.polled()
        assert status.error == "the host name cannot be resolved (Name or service not known)"
        assert (status.state, stage.prices()) == (OFFLINE, before)
        names.addresses = [(socket.AF_INET, HERE)]
        assert (await stage.polled()).state is SourceState.LIVE


@every_source
async def test_redirects_in_a_circle_end(name: str) -> None:
    async with staged(name) as stage:
        here = stage.source.quotes.path
        stage.exchange.queue.extend([HttpResponse(b"", 302, headers={"Location": here})] * 4)
        asked = stage.asked
        status = await stage.polled()
        assert status.error == "the exchange redirects more than 3 times"
        assert stage.asked == asked + 4
        assert (await stage.polled()).state is SourceState.LIVE


def bad_prices(exchange: FakeExchange, rows: list[Any]) -> list[Any]:
    """Put what is no price in place of the first."""
    if exchange.wire.name == "kraken":
        rows[0]["c"][0] = "NaN"
    else:
        rows[0][exchange.wire.last_key] = "-Infinity"
    return rows


SPOILED: dict[str, Callable[[FakeExchange, list[Any]], list[Any]]] = {
    "a bad price": bad_prices,
    "a row that is none": lambda _, rows: [*rows[1:], {"symbol": "?"}],
    "a pair that is gone": lambda _, rows: rows[1:],
}


@pytest.mark.parametrize("fault", SPOILED)
@every_source
async def test_one_bad_pair_costs_no_other_and_is_back_when_it_is_good_again(name: str, fault: str) -> None:
    async with staged(name) as stage:
        before, wire = stage.prices(), stage.exchange.wire
        first = wire.market.pairs[0].name

        def spoil(path: str, document: object) -> object:
            if path != wire.quotes_path:
                return document
            return wire.with_rows(document, SPOILED[fault](stage.exchange, list(wire.rows(document))))

        stage.exchange.said.spoil = spoil
        status = await stage.polled()
        assert (status.state, status.error) == (SourceState.LIVE, "")
        now = stage.prices()
        assert now[first] == before[first]
        assert all(len(now[pair]) == len(before[pair]) + 1 for pair in now if pair != first)
        stage.exchange.said.spoil = None
        assert (await stage.polled()).malformed == 0
        assert len(stage.prices()[first]) == len(before[first]) + 1


BOOKS: dict[str, tuple[Any, Any]] = {
    "kraken": ("b", "a"),
    "binance": ("bidPrice", "askPrice"),
    "bitfinex": (1, 3),
    "bitstamp": ("bid", "ask"),
    "bybit": ("bid1Price", "ask1Price"),
    "gate": ("highest_bid", "lowest_ask"),
    "kucoin": ("buy", "sell"),
    "okx": ("bidPx", "askPx"),
}
"""Where bid and ask are, of exchanges that tell them."""


@pytest.mark.parametrize("name", BOOKS)
async def test_a_crossed_book_has_a_negative_spread_and_costs_nothing(name: str) -> None:
    async with staged(name) as stage:
        before, wire = stage.prices(), stage.exchange.wire
        bid, ask = BOOKS[name]

        def cross(path: str, document: object) -> object:
            if path != wire.quotes_path:
                return document
            rows: list[Any] = list(wire.rows(document))
            rows[0][bid], rows[0][ask] = rows[0][ask], rows[0][bid]
            return wire.with_rows(document, rows)

        stage.exchange.said.spoil = cross
        status = await stage.polled()
        assert (status.state, status.error, status.malformed, status.refused) == (SourceState.LIVE, "", 0, 0)
        first = stage.engine.market.holding(f"{name}:{wire.market.pairs[0].name.replace('/', '-')}").instrument.id
        assert stage.engine.market.series(first, Metric.SPREAD).values[-1] < 0
        assert all(len(prices) == len(before[pair]) + 1 for pair, prices in stage.prices().items())


@every_source
async def test_an_exchange_whose_clock_stands_still_is_polled_on(name: str) -> None:
    async with staged(name) as stage:
        frozen_ms = stage.exchange_clock()
        for _ in range(3):
            status = await stage.polled()
            stage.exchange_clock.set(frozen_ms)
            assert (status.state, status.error) == (SourceState.LIVE, "")
        assert all(len(prices) == 4 for prices in stage.prices().values())

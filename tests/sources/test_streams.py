"""What every exchange's live quotes have to do, over real sockets, and how recorded messages read."""

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Close

from tests.support.clock import FakeClock
from tests.support.exchanges.nine import Nine
from tests.support.exchanges.stream import FakeStream, Told
from tests.support.exchanges.streams import BybitStream
from tests.support.recorded import recorded
from tui_tracker.core.errors import RateLimitedError, RejectedError, SourceError, TimedOutError, UnreachableError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.ticker import Ticker
from tui_tracker.engine.clock import SystemClock
from tui_tracker.engine.streaming import Streaming
from tui_tracker.sources.base import Listener, Stream
from tui_tracker.sources.budget import FIRST_PAUSE_S, LONGEST_BAN_S, RequestBudget
from tui_tracker.sources.dialogue import Dialogue
from tui_tracker.sources.registry import SOURCES, create, open_stream, request_budget
from tui_tracker.sources.stream import SocketStream

NAMES = tuple(name for name, info in SOURCES.items() if info.stream is not None)
QUOTE = Told(last=12.5, bid=12.0, ask=13.0, volume=2.0, turnover=20.0, high=14.0, low=9.0, trades=7)
LATER = QUOTE._replace(last=12.6)
each_exchange = pytest.mark.parametrize("name", NAMES)


def kind_of(name: str) -> type[Dialogue]:
    return SOURCES[name].dialogue()


class Heard:
    """Implements ``Listener`` over one connection: the newest quote of each pair, and what else happened."""

    def __init__(self, stream: Stream, instruments: Sequence[Instrument]) -> None:
        self.newest: dict[str, Ticker] = {}
        self.said_ms: int | None = None
        self.openings = self.losses = 0
        self.pause_s = 0.0
        self.rests = 0
        self._changed = asyncio.Event()
        self.running = asyncio.ensure_future(stream.run(instruments, self))

    def told(self, tickers: Sequence[Ticker], said_ms: int | None = None) -> None:
        self.said_ms = said_ms
        self.newest |= {ticker.instrument_id: ticker for ticker in tickers}
        self._changed.set()

    def opened(self) -> None:
        self.openings += 1
        self._changed.set()

    def missed(self) -> None:
        self.losses += 1
        self._changed.set()

    def rest_s(self) -> float:
        self.rests += 1
        return self.pause_s

    async def until(self, happened: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not happened():
                self._changed.clear()
                await self._changed.wait()


class Opened:
    """An exchange, and one connection to it."""

    def __init__(self, exchange: FakeStream, heard: Heard, instruments: Sequence[Instrument]) -> None:
        self.exchange, self.heard, self.instruments = exchange, heard, instruments
        self.ids = {one.id for one in instruments}

    async def all_followed(self) -> None:
        """Wait until every pair is asked for, and told of where the exchange does so at once."""
        exchange, followed = self.exchange, len(self.instruments) - len(self.exchange.unknown)
        await exchange.until(lambda: sum(len(socket.symbols) for socket in exchange.sockets) == followed)
        await self.heard.until(lambda: self.heard.openings)
        if exchange.has_first_quotes:
            await self.heard.until(lambda: len(self.heard.newest) == followed)

    async def say(self, act: Callable[[], None]) -> None:
        """Let the exchange say something, and wait until the program has read it."""
        other = self.exchange.symbols[-1]
        other_id = self.id_of(other)
        act()
        self.exchange.push(other, QUOTE)
        self.heard.newest.pop(other_id, None)
        await self.heard.until(lambda: other_id in self.heard.newest)

    def id_of(self, symbol: str) -> str:
        kind = self.heard_kind
        return next(one.id for one in self.instruments if kind.symbol(one) == symbol)

    heard_kind: type[Dialogue]
    stream: Stream
    budget: RequestBudget


@asynccontextmanager
async def opened(
    name: str, pairs: int = 30, dialogue: dict[str, float] | None = None, **faults: object
) -> AsyncIterator[Opened]:
    async with Nine(pairs, (name,)) as nine:
        (exchange,) = nine.streams
        for fault, value in faults.items():
            setattr(exchange, fault, value)
        source = create(name, clock=FakeClock(), base_url=nine.urls[name], interval_s=60, spacing_s=0)
        instruments = (await source.instruments()).instruments
        await source.aclose()
        budget = request_budget(name, SystemClock())
        stream = open_stream(name, clock=SystemClock(), base_url=nine.urls[name], budget=budget)
        assert stream is not None
        if dialogue is not None:
            url = nine.urls[name].replace("http", "ws") + exchange.path
            stream = SocketStream(url, SystemClock(), type("Changed", (kind_of(name),), dialogue), budget)
        heard = Heard(stream, instruments)
        it = Opened(exchange, heard, instruments)
        it.heard_kind, it.stream, it.budget = kind_of(name), stream, budget
        yield it
        heard.running.cancel()
        await asyncio.gather(heard.running, return_exceptions=True)


@pytest.mark.parametrize(
    ("closed", "told"),
    [
        (ConnectionClosedError(None, Close(1011, "keepalive ping timeout"), None), "said nothing for 20 s"),
        (ConnectionClosedError(None, Close(1009, "frame too big"), None), "what is no message: frame too big"),
        (ConnectionClosedError(None, Close(1007, ""), None), "what is no message: INVALID_DATA"),
        (ConnectionClosedError(Close(1013, "later"), Close(1013, "later"), True), "ended the stream: later"),
        (ConnectionClosedError(None, None, None), "OKX ended the stream$"),
    ],
)
def test_who_ended_a_stream_is_told_truly(closed: ConnectionClosedError, told: str) -> None:
    stream = open_stream("okx", clock=FakeClock(0), base_url="http://127.0.0.1:9")
    assert isinstance(stream, SocketStream)
    assert re.search(told, stream._ended(closed).message)


@pytest.mark.parametrize(("ago_s", "told"), [(1.0, "this machine may be too busy"), (60.0, "keepalive")])
async def test_a_stream_that_is_read_too_slowly_is_not_called_silent(ago_s: float, told: str) -> None:
    stream = open_stream("okx", clock=SystemClock(), base_url="http://127.0.0.1:9")
    assert isinstance(stream, SocketStream)
    dialogue = kind_of("okx")({})
    dialogue.heard_s = asyncio.get_running_loop().time() - ago_s

    class Unanswered:
        async def recv(self) -> str:
            raise ConnectionClosedError(None, Close(1011, "keepalive ping timeout"), None)

        async def send(self, message: str) -> None:
            pass

    with pytest.raises((TimedOutError, ConnectionClosedError), match=told):
        await stream._follow(cast(ClientConnection, Unanswered()), dialogue, cast(Listener, None))


@each_exchange
async def test_every_pair_is_asked_for_and_each_change_told(name: str) -> None:
    async with opened(name) as it:
        await it.all_followed()
        assert it.exchange.opened == 1
        assert it.heard.openings == 1
        assert set(it.heard.newest) == (it.ids if it.exchange.has_first_quotes else set())
        for symbol in it.exchange.symbols:
            it.exchange.push(symbol)
        await it.heard.until(lambda: it.ids <= it.heard.newest.keys())
        symbol = it.exchange.symbols[0]
        instrument_id = it.id_of(symbol)
        whole = Ticker(instrument_id, 12.5, 12.0, 13.0, 2.0, 20.0, 7, 14.0, 9.0)
        expected = whole._replace(**dict.fromkeys(it.exchange.omits))  # type: ignore[arg-type]
        it.exchange.push(symbol, QUOTE)
        await it.heard.until(lambda: it.heard.newest[instrument_id] == expected)


async def test_what_is_said_while_nobody_looks_is_told_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui_tracker.sources.stream.AWAKE_S", 0.0)
    async with opened("kraken", pairs=4) as it:
        await it.all_followed()
        it.heard.pause_s = 0.05
        symbol = it.exchange.symbols[0]
        for last in range(100, 300):
            it.exchange.push(symbol, QUOTE._replace(last=float(last)))
        await it.heard.until(lambda: it.heard.newest[it.id_of(symbol)].last == 299)
        assert it.heard.rests


@each_exchange
@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", '"x"', "null", "[" * 100_000, "{}", '{"id":[1]}', '{"channel":"ticker","data":{}}',
        '{"channel":"ticker","data":[{"symbol":5}]}', '{"channel":"ticker","data":[{"bid":1}]}',
        '{"channel":"ticker","data":[{"symbol":"NO/NO","last":1}]}', '{"channel":"ticker","events":[{"tickers":[1]}]}',
        '{"stream":"x","data":{"e":"24hrTicker","s":7}}', '{"stream":"x","data":[1]}', '{"topic":"tickers.","data":5}',
        '{"arg":{"channel":"tickers"},"data":[{"instId":null}]}', '{"arg":5,"data":"x"}', '{"event":"unheard-of"}',
        '{"channel":"ticker","sequence_num":"x","events":[]}', '{"error":{"code":"x"},"id":1}', '{"op":"subscribe"}',
        '{"op":"subscribe","success":false,"ret_msg":"\\u001b[2J","req_id":"99"}', '{"type":"error","message":5}',
    ],
)  # fmt: skip
async def test_what_makes_no_sense_costs_nothing_else(name: str, text: str) -> None:
    async with opened(name, pairs=4) as it:
        await it.all_followed()
        await it.say(lambda: it.exchange.say(it.exchange.symbols[0], text))
        assert not it.heard.running.done()


@each_exchange
async def test_numbers_that_are_none_are_not_told(name: str) -> None:
    async with opened(name, pairs=4) as it:
        await it.all_followed()
        symbol = it.exchange.symbols[0]
        row = it.exchange.row(symbol, QUOTE, it.exchange.now_ms())
        hostile = (1e308, "NaN", "-1", "0x1F", "", None, True, "1e999", "١٢", "9" * 70)
        fields = [field for field, value in row.items() if value not in (symbol, "24hrTicker")]
        spoilt = {field: hostile[at % len(hostile)] for at, field in enumerate(fields)}
        await it.say(lambda: it.exchange.push(symbol, QUOTE, 0, **spoilt))
        told = it.heard.newest.get(it.id_of(symbol))
        assert told is None or {told.last, told.bid, told.ask, told.high} <= {None, *_first(it)}


def _first(it: Opened) -> tuple[float | None, ...]:
    """What the market itself said of the first pair, and what hostile numbers may not become."""
    first = it.exchange.quote_of(it.exchange.symbols[0])
    return first.last, first.bid, first.ask, first.high


@each_exchange
async def test_late_and_repeated_messages_change_nothing(name: str) -> None:
    async with opened(name, pairs=4) as it:
        await it.all_followed()
        symbol = it.exchange.symbols[0]
        await it.say(lambda: it.exchange.push(symbol, LATER))
        await it.say(lambda: it.exchange.push_late(symbol, QUOTE))
        assert it.heard.newest[it.id_of(symbol)].last == LATER.last
        await it.say(lambda: it.exchange.repeat_last(symbol))
        assert it.heard.newest[it.id_of(symbol)].last == LATER.last
        assert it.heard.losses == 0


@each_exchange
async def test_a_lost_message_is_noticed_where_they_are_numbered(name: str) -> None:
    async with opened(name, pairs=4) as it:
        await it.all_followed()
        symbol = it.exchange.symbols[0]
        it.exchange.lose()
        await it.say(lambda: it.exchange.push(symbol, LATER))
        assert it.heard.newest[it.id_of(symbol)].last == LATER.last
        assert it.heard.losses == (name == "coinbase")
        assert not it.heard.running.done()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "coinbase"])
async def test_a_pair_that_is_refused_costs_no_other(name: str) -> None:
    async with opened(name, pairs=12, dialogue={"ping_s": 0.05}) as it:
        it.exchange.unknown.add(it.exchange.symbols[3])
        await it.all_followed()
        await it.say(lambda: None)
        assert not it.heard.running.done()


async def test_a_connection_on_which_everything_is_refused_says_why() -> None:
    async with opened("coinbase", pairs=12, dialogue={"silence_s": 1.5}) as it:
        it.exchange.unknown.add(it.exchange.symbols[3])
        with pytest.raises(TimedOutError, match=r"did not answer for 1.5 s \(failure to subscribe .* is not valid\)"):
            await it.heard.running


@each_exchange
async def test_a_broken_connection_ends_it(name: str) -> None:
    async with opened(name, pairs=4) as it:
        await it.all_followed()
        it.exchange.drop()
        with pytest.raises(UnreachableError):
            await it.heard.running


async def test_one_that_cannot_be_opened_says_why() -> None:
    async with Nine(4, ("kraken",)) as nine:
        url = nine.urls["kraken"]
    stream = open_stream("kraken", clock=SystemClock(), base_url=url)
    assert stream is not None
    with pytest.raises(UnreachableError, match="no stream: connection refused"):
        await Heard(stream, ()).running


@each_exchange
async def test_a_connection_that_is_closed_says_why(name: str) -> None:
    async with opened(name, pairs=4) as it:
        await it.all_followed()
        it.exchange.end(1012, "service \x1b[2Jrestart")
        with pytest.raises(UnreachableError, match=r"ended the stream: service ·.*restart"):
            await it.heard.running


@pytest.mark.parametrize("name", ["binance", "okx"])
async def test_a_planned_shutdown_ends_it(name: str) -> None:
    async with opened(name, pairs=4) as it:
        await it.all_followed()
        it.exchange.announce(it.exchange.shutdown())
        with pytest.raises(UnreachableError, match="shuts this stream down"):
            await it.heard.running


@each_exchange
async def test_a_silent_connection_is_dead(name: str) -> None:
    async with opened(name, pairs=4, dialogue={"silence_s": 0.2}, is_silent=True) as it:
        with pytest.raises(TimedOutError, match="said nothing for"):
            await it.heard.running


@each_exchange
async def test_a_connection_that_only_beats_is_dead(name: str) -> None:
    quick = {"silence_s": 0.4, "ping_s": 0.05, "pause_s": 0.0}
    async with opened(name, pairs=4, dialogue=quick, is_deaf=True, beat_s=0.05) as it:
        with pytest.raises(TimedOutError, match="did not answer for"):
            await it.heard.running


@each_exchange
async def test_a_connection_without_quotes_is_replaced(name: str) -> None:
    quick = {"quoteless_s": 0.4, "ping_s": 0.05}
    async with opened(name, pairs=4, dialogue=quick, beat_s=0.05) as it:
        with pytest.raises(TimedOutError, match="told no quote for"):
            await it.heard.running


@each_exchange
async def test_a_quiet_connection_is_kept_alive(name: str) -> None:
    quick = {"silence_s": 1.0, "ping_s": 0.02, "pause_s": 0.0}
    async with opened(name, pairs=4, dialogue=quick, beat_s=0.02) as it:
        await it.all_followed()
        (socket,) = it.exchange.sockets
        before = len(socket.said)
        if it.exchange.beat_s and not it.heard_kind.ping:
            return
        await it.exchange.until(lambda: len(socket.said) >= before + 20)
        assert socket.said[-1][1] == it.heard_kind.ping
        assert not it.heard.running.done()


@each_exchange
async def test_pings_of_the_protocol_are_answered(name: str) -> None:
    async with opened(name, pairs=4) as it:
        await it.all_followed()
        (socket,) = it.exchange.sockets
        socket.ping(b"1234")
        await it.exchange.until(lambda: b"1234" in socket.pongs)


@each_exchange
@pytest.mark.parametrize(
    ("status", "error"), [(429, RateLimitedError), (403, RejectedError), (503, RejectedError), (302, RejectedError)]
)
async def test_a_refusal_says_why(name: str, status: int, error: type[Exception]) -> None:
    async with opened(name, pairs=4, refuses=status) as it:
        with pytest.raises(RateLimitedError if status in SOURCES[name].bans else error, match=f"HTTP {status}"):
            await it.heard.running


@pytest.mark.parametrize(
    ("name", "status", "retry_after", "seconds", "requests_wait_s"),
    [
        ("binance", 418, None, 120, 120),
        ("binance", 418, "600", 600, 600),
        ("binance", 418, "Tue, 01 Jan 2999 00:00:00 GMT", LONGEST_BAN_S, LONGEST_BAN_S),
        ("binance", 403, None, 300, FIRST_PAUSE_S),
        ("bybit", 403, None, 600, 600),
    ],
)
async def test_an_address_that_is_shut_out_asks_for_nothing_meanwhile(
    name: str, status: int, retry_after: str | None, seconds: float, requests_wait_s: float
) -> None:
    async with opened(name, pairs=4, refuses=status, retry_after=retry_after) as it:
        with pytest.raises(RateLimitedError) as caught:
            await it.heard.running
        assert caught.value.retry_after_s == seconds
        assert it.budget.next_slot_s() == pytest.approx(requests_wait_s, abs=5)
        assert ("nothing is asked for" in caught.value.message) is (seconds == requests_wait_s)
        before = it.exchange.opened
        second = asyncio.ensure_future(it.stream.run(it.instruments, it.heard))
        await asyncio.sleep(0)
        assert not second.done()
        assert it.exchange.opened == before
        second.cancel()


@pytest.mark.parametrize("retry_after", ["600", "Thu, 01 Jan 1970 00:10:00 GMT"])
async def test_a_stream_waits_until_then_and_requests_go_on_after_a_moment(retry_after: str) -> None:
    clock = FakeClock(0)
    budget = request_budget("okx", clock)
    stream = open_stream("okx", clock=clock, budget=budget)
    assert isinstance(stream, SocketStream)
    error = stream._refusal(429, retry_after)
    assert isinstance(error, RateLimitedError)
    assert (error.retry_after_s, budget.next_slot_s()) == (600, FIRST_PAUSE_S)


@pytest.mark.parametrize(
    ("data", "seconds"),
    [({}, 120), ({"data": {"serverTime": 1659142907531, "retryAfter": 1659146400000}}, 3492.469)],
)
async def test_a_ban_that_is_told_on_a_stream_stops_requests(data: dict[str, object], seconds: float) -> None:
    said = "Way too much request weight used; IP banned until 1659146400000."
    async with opened("binance", pairs=4) as it:
        await it.all_followed()
        it.exchange.announce({"id": 1, "status": 418, "error": {"code": -1003, "msg": said, **data}})
        with pytest.raises(RateLimitedError, match=r"IP banned .*nothing is asked for (2|58) min") as caught:
            await it.heard.running
        assert caught.value.retry_after_s == seconds
        assert it.budget.next_slot_s() == pytest.approx(seconds, abs=5)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("binance", {"error": {"code": -1003, "msg": "Too many requests: too frequent"}, "id": 1}),
        ("okx", {"event": "error", "code": "60014", "msg": "Requests too frequent", "connId": "a"}),
        ("kraken", {"method": "subscribe", "success": False, "error": "Exceeded msg rate"}),
    ],
)
async def test_too_many_questions_are_told_as_such(name: str, answer: dict[str, object]) -> None:
    async with opened(name, pairs=4) as it:
        await it.all_followed()
        it.exchange.announce(answer)
        with pytest.raises(RateLimitedError, match=r"too frequent|msg rate"):
            await it.heard.running


MOST_A_SECOND = {"binance": 5, "coinbase": 8, "okx": 3, "bybit": 20, "kraken": 20}
"""What is allowed, or where nothing is documented, a modest number."""


@each_exchange
async def test_questions_come_no_faster_than_allowed(name: str) -> None:
    async with opened(name, pairs=60) as it:
        await it.all_followed()
        assert it.exchange.most_said_in(1) <= MOST_A_SECOND[name]


@pytest.mark.parametrize(
    ("name", "most_pairs", "most_a_message", "most_characters"),
    [("binance", 1_024, 200, 4_096), ("bybit", 1_000, 10, 21_000), ("okx", 1_000, 500, 65_536),
     ("coinbase", 500, 250, 16_384), ("kraken", 2_000, 500, 65_536)],
)  # fmt: skip
def test_pairs_are_spread_within_what_an_exchange_takes(
    name: str, most_pairs: int, most_a_message: int, most_characters: int
) -> None:
    kind = kind_of(name)
    assert kind.most_pairs <= most_pairs
    symbols = [f"LONGER{number:04}-USDT" for number in range(kind.most_pairs)]
    dialogue = kind({symbol: symbol for symbol in symbols})
    texts = list(dialogue.unsaid)
    assert sum(text.lower().count("longer") for text in texts) == len(symbols)
    assert max(text.lower().count("longer") for text in texts) <= most_a_message
    assert max(map(len, texts)) <= most_characters


async def test_what_a_refusal_asks_for_holds_for_all_connections() -> None:
    async with Nine(4, ("okx",)) as nine:
        clock = FakeClock()
        stream = open_stream("okx", clock=clock, base_url=nine.urls["okx"])
        assert stream is not None
        (exchange,) = nine.streams
        exchange.refuses, exchange.retry_after = 429, "130"
        with pytest.raises(RateLimitedError):
            await Heard(stream, ()).running
        second = Heard(stream, ())
        await clock.advance(129)
        assert exchange.opened == 1
        await clock.advance(2)
        await exchange.until(lambda: exchange.opened == 2)
        second.running.cancel()


async def test_a_ban_that_comes_while_connections_wait_for_their_turn_holds_them_back() -> None:
    async with Nine(4, ("kraken",)) as nine:
        clock = FakeClock()
        budget = request_budget("kraken", clock)
        stream = open_stream("kraken", clock=clock, base_url=nine.urls["kraken"], budget=budget)
        assert stream is not None
        heard = [Heard(stream, ()) for _ in range(2)]
        (exchange,) = nine.streams
        await exchange.until(lambda: exchange.opened == 1)
        budget.pause(300.0)
        await clock.advance(299)
        assert exchange.opened == 1
        await clock.advance(2)
        await exchange.until(lambda: exchange.opened == 2)
        for one in heard:
            one.running.cancel()


async def test_connections_are_opened_one_after_the_other() -> None:
    async with Nine(4, ("kraken",)) as nine:
        clock = FakeClock()
        stream = open_stream("kraken", clock=clock, base_url=nine.urls["kraken"])
        assert stream is not None
        heard = [Heard(stream, ()) for _ in range(3)]
        (exchange,) = nine.streams
        for count in range(1, 4):
            await exchange.until(lambda count=count: exchange.opened >= count)  # type: ignore[misc]
            assert exchange.opened == count
            await clock.advance(1)
        for one in heard:
            one.running.cancel()
        await asyncio.gather(*(one.running for one in heard), return_exceptions=True)


async def test_pairs_are_followed_over_several_connections_of_which_one_breaks() -> None:
    async with Nine(24, ("okx",)) as nine:
        (exchange,) = nine.streams
        source = create("okx", clock=FakeClock(), base_url=nine.urls["okx"], interval_s=60, spacing_s=0)
        instruments = (await source.instruments()).instruments
        await source.aclose()
        url = nine.urls["okx"].replace("http", "ws") + exchange.path
        stream = SocketStream(
            url, SystemClock(), type("Few", (kind_of("okx"),), {"most_pairs": 10}), request_budget("okx", SystemClock())
        )
        told: dict[str, Ticker] = {}
        changed = asyncio.Event()

        class Host:
            """Implements ``Host``."""

            async def take_streamed(self, tickers: Sequence[Ticker], at_ms: int) -> None:
                told.update({ticker.instrument_id: ticker for ticker in tickers})
                changed.set()

            def note_stream_changed(self) -> None:
                changed.set()

            def note_stream_missed(self) -> None: ...

            def note_stream_back(self, instrument_ids: Collection[str], since_ms: int) -> None: ...

            def shut_out_s(self) -> float:
                return 0.0

        async def until(happened: Callable[[], bool]) -> None:
            async with asyncio.timeout(20):
                while not happened():
                    changed.clear()
                    await changed.wait()

        streaming = Streaming(stream, SystemClock(), SystemClock().now_ms, Host())
        streaming.want(instruments)
        running = asyncio.ensure_future(streaming.run())
        await until(lambda: len(told) == len(instruments) and streaming.state == "live")
        assert sorted(len(socket.symbols) for socket in exchange.sockets) == sorted([10, len(instruments) - 20, 10])
        exchange.sockets[0].abort()
        await until(lambda: streaming.state.startswith("2 of 3 connections"))
        last = exchange.sockets[-1]
        exchange.push(next(iter(last.symbols)), QUOTE)
        await until(lambda: any(ticker.last == QUOTE.last for ticker in told.values()))
        await until(lambda: streaming.state == "live")
        assert exchange.opened == 4
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def test_only_exchanges_with_live_quotes_have_a_stream() -> None:
    clock = FakeClock()
    assert set(NAMES) == {"kraken", "binance", "coinbase", "okx", "bybit"}
    assert open_stream("gate", clock=clock) is None
    assert open_stream("ccxt:mexc", clock=clock) is None


def test_a_delta_holds_what_changed_alone() -> None:
    dialogue = kind_of("bybit")({"BTCUSDT": "bybit:BTC-USDT"})

    def read(kind: str, at_ms: int, **row: str) -> list[Ticker]:
        document = {"topic": "tickers.BTCUSDT", "ts": at_ms, "type": kind, "data": {"symbol": "BTCUSDT", **row}}
        return dialogue.read(json.dumps(document))

    read("snapshot", 1_000, lastPrice="5", volume24h="7", highPrice24h="9", lowPrice24h="3")
    (changed,) = read("delta", 2_000, lastPrice="6")
    assert (changed.last, changed.base_volume, changed.high, changed.low) == (6, 7, 9, 3)
    assert read("delta", 1_500, lastPrice="8") == []
    (anew,) = read("snapshot", 3_000, lastPrice="4")
    assert (anew.last, anew.base_volume) == (4, None)


async def test_deltas_over_a_socket() -> None:
    async with opened("bybit", pairs=4) as it:
        assert isinstance(it.exchange, BybitStream)
        await it.all_followed()
        symbol, exchange = it.exchange.symbols[0], it.exchange
        await it.say(lambda: exchange.push(symbol, QUOTE))
        await it.say(lambda: exchange.push_delta(symbol, lastPrice="12.7"))
        told = it.heard.newest[it.id_of(symbol)]
        assert (told.last, told.base_volume, told.high) == (12.7, QUOTE.volume, QUOTE.high)


def test_an_exchange_whose_clock_was_set_is_heard_again() -> None:
    dialogue = kind_of("okx")({"BTC-USDT": "okx:BTC-USDT"})

    def last(at_ms: object, price: str) -> list[float | None]:
        row = {"instId": "BTC-USDT", "last": price, "ts": at_ms}
        document = {"arg": {"channel": "tickers", "instId": "BTC-USDT"}, "data": [row]}
        return [ticker.last for ticker in dialogue.read(json.dumps(document))]

    assert last("1700000000000", "1") == [1]
    assert last("1700000000500", "2") == [2]
    assert last("1700000000400", "3") == []
    assert last("9999999999999", "4") == [4]
    assert last("1700000000600", "5") == [5]
    assert last("nonsense", "6") == [6]


WORDS = [
    "channel", "ticker", "data", "symbol", "BTC/USD", "last", "bid", "ask", "timestamp", "method", "subscribe",
    "success", "stream", "24hrTicker", "e", "s", "E", "c", "b", "a", "BTCUSDT", "id", "error", "code", "msg",
    "result", "topic", "tickers.BTCUSDT", "ts", "type", "delta", "snapshot", "lastPrice", "op", "ret_msg", "req_id",
    "1", "events", "tickers", "product_id", "BTC-USD", "price", "sequence_num", "subscriptions", "message", "arg",
    "instId", "BTC-USDT", "event", "askPx", "bidPx",
]  # fmt: skip
numbers = st.integers() | st.floats() | st.sampled_from(["1.5", "1e400", "-3", "0", "NaN", "1700000000000"])
anything = st.recursive(
    st.none() | st.booleans() | numbers | st.sampled_from(WORDS) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6),
    max_leaves=20,
)


@each_exchange
@given(messages=st.lists(anything, max_size=8))
def test_whatever_is_said_nothing_but_numbers_comes_of_it(name: str, messages: list[object]) -> None:
    dialogue = kind_of(name)({symbol: symbol for symbol in ("BTC/USD", "BTCUSDT", "BTC-USD", "BTC-USDT")})
    for message in messages:
        try:
            tickers = dialogue.read(json.dumps(message))
        except (ValueError, SourceError):
            continue
        for one in tickers:
            told = (one.last, one.bid, one.ask, one.high, one.low)
            assert all(value is None or 0 < value < math.inf for value in told)
    assert not dialogue.refusal or dialogue.refusal.isprintable()


def lines_of(path: str, word: str) -> list[str]:
    """Recorded messages of an exchange that hold a word, as they came."""
    lines = [json.loads(line) for line in recorded(path).read_text().splitlines()]
    return [json.dumps(line["msg"]) for line in lines if line["dir"] == "in" and word in json.dumps(line["msg"])]


@pytest.mark.parametrize(
    ("name", "path", "word", "symbol", "first"),
    [
        ("okx", "okx/ws_tickers_20220513.jsonl", '"tickers"', "BTC-USDT",
         Ticker("x", 30236, 30228.6, 30228.7, 17602.13085371, 525802090.62716611, None, 31073, 28020.3)),
        ("bybit", "bybit/ws_v5_spot_20260809.jsonl", "tickers.BTCUSDT", "BTCUSDT",
         Ticker("x", 65140.5, None, None, 2953.835931, 191907024.69597728, None, 65305.6, 64727.9)),
        ("coinbase", "coinbase/ws_advanced_20260809.jsonl", '"tickers"', "BTC-USD",
         Ticker("x", 65086.18, 65083.66, 65083.67, 2867.54532609, None, None, 65252.99, 64675.22)),
    ],
)  # fmt: skip
def test_recorded_messages_read_as_they_say(name: str, path: str, word: str, symbol: str, first: Ticker) -> None:
    dialogue = kind_of(name)({symbol: "x"})
    tickers = [ticker for text in lines_of(path, word) for ticker in dialogue.read(text)]
    assert tickers[0] == first
    assert len(tickers) > 5
    assert all(ticker.last is not None for ticker in tickers)
    for text in lines_of(path, ""):
        dialogue.read(text)


def test_recorded_messages_of_other_channels_of_binance_are_none() -> None:
    dialogue = kind_of("binance")({"NKNUSDT": "x"})
    for text in lines_of("binance/ws_kline_bookTicker_20211012.jsonl", ""):
        assert dialogue.read(text) == []


def test_recorded_messages_of_kraken_read_as_they_say() -> None:
    snapshot = recorded("kraken/ws_v2_ticker_snapshot.json").read_text()
    (told,) = json.loads(snapshot)["data"]
    (ticker,) = kind_of("kraken")({told["symbol"]: "x"}).read(snapshot)
    assert (ticker.last, ticker.bid, ticker.ask) == (told["last"], told["bid"], told["ask"])
    assert (ticker.high, ticker.low, ticker.base_volume) == (told["high"], told["low"], told["volume"])
    for name in ("ws_v2_subscribe_response", "ws_v2_ohlc_update"):
        assert kind_of("kraken")({"BTC/USD": "x"}).read(recorded(f"kraken/{name}.json").read_text()) == []

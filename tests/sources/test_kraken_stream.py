"""Kraken's live quotes over real sockets, and as they were recorded."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from tests.support.clock import FakeClock
from tests.support.fake_kraken import FakeKraken
from tests.support.recorded import recorded
from tui_tracker.core.errors import RateLimitedError, RejectedError, TimedOutError, UnreachableError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.ticker import Ticker
from tui_tracker.engine.clock import SystemClock
from tui_tracker.sources.kraken_stream import KrakenStream
from tui_tracker.sources.registry import create, open_stream


class Heard:
    """A stream that runs, and the newest quote of each pair."""

    def __init__(self, stream: KrakenStream, instruments: Sequence[Instrument]) -> None:
        self.newest: dict[str, Ticker] = {}
        self._changed = asyncio.Event()
        self.running = asyncio.ensure_future(stream.run(instruments, self._take))

    def _take(self, tickers: Sequence[Ticker]) -> None:
        self.newest |= {ticker.instrument_id: ticker for ticker in tickers}
        self._changed.set()

    async def wait_for(self, count: int = 1) -> dict[str, Ticker]:
        async with asyncio.timeout(20):
            while len(self.newest) < count:
                self._changed.clear()
                await self._changed.wait()
        return self.newest


@asynccontextmanager
async def opened(**changes: object) -> AsyncIterator[tuple[FakeKraken, Heard, Sequence[Instrument]]]:
    async with FakeKraken(pairs=300) as exchange:
        for name, value in changes.items():
            setattr(exchange.stream, name, value)
        source = create("kraken", clock=FakeClock(), base_url=exchange.url, interval_s=60, spacing_s=0)
        instruments = (await source.instruments()).instruments
        await source.aclose()
        stream = open_stream("kraken", clock=SystemClock(), base_url=exchange.url)
        assert isinstance(stream, KrakenStream)
        stream.silence_s = 0.2 if changes.get("is_silent") else 15.0  # type: ignore[misc]
        heard = Heard(stream, instruments)
        yield exchange, heard, instruments
        heard.running.cancel()
        await asyncio.gather(heard.running, return_exceptions=True)


async def test_every_pair_is_told_and_then_each_change() -> None:
    async with opened() as (exchange, heard, instruments):
        newest = dict(await heard.wait_for(len(instruments)))
        assert newest.keys() == {one.id for one in instruments}
        told = exchange.stream.quote("BTC/USD")
        ticker = newest["kraken:BTC-USD"]
        assert ticker.bid is not None
        assert ticker.ask is not None
        assert ticker.bid < ticker.ask
        assert abs(ticker.bid / float(str(told["bid"])) - 1) < 0.01
        assert "kraken:DOGE-USD" in newest
        heard.newest.clear()
        exchange.stream.push("BTC/USD", last=12.5, bid=12.0, ask=13.0, volume=2.0, vwap=10.0, low=9.0, high=14.0)
        await heard.wait_for()
        assert heard.newest == {
            "kraken:BTC-USD": Ticker("kraken:BTC-USD", 12.5, 12.0, 13.0, 2.0, 20.0, None, 14.0, 9.0)
        }


@pytest.mark.parametrize(
    "text",
    [
        "{", "[]", '"x"', '{"channel":"ticker","data":{}}', '{"channel":"ticker","data":[{"symbol":5}]}', "[" * 100_000,
        '{"channel":"ticker","data":[{"bid":1}]}', '{"channel":"heartbeat"}', '{"channel":"ticker","data":[]}',
        '{"channel":"ticker","data":[{"symbol":"NO/NO","last":1}]}', '{"method":"pong","req_id":5}',
    ],
)  # fmt: skip
async def test_what_makes_no_sense_costs_nothing_else(text: str) -> None:
    async with opened() as (exchange, heard, instruments):
        await heard.wait_for(len(instruments))
        heard.newest.clear()
        exchange.stream.say("BTC/USD", text)
        exchange.stream.push("BTC/USD", last=1e308, bid="1", ask=None, volume=-1, vwap=0, low=5, high=4)
        await heard.wait_for()
        assert heard.newest["kraken:BTC-USD"] == Ticker("kraken:BTC-USD", None, 1.0, None, None, None, None)


async def test_a_broken_connection_ends_it() -> None:
    async with opened() as (exchange, heard, _):
        await heard.wait_for()
        exchange.stream.drop()
        with pytest.raises(UnreachableError):
            await heard.running


async def test_a_silent_connection_is_dead() -> None:
    async with opened(is_silent=True) as (_, heard, _instruments):
        with pytest.raises(TimedOutError, match="said nothing for"):
            await heard.running


@pytest.mark.parametrize(("status", "error"), [(429, RateLimitedError), (403, RejectedError), (503, RejectedError)])
async def test_a_refusal_says_why(status: int, error: type[Exception]) -> None:
    async with opened(refuses=status) as (_, heard, _instruments):
        with pytest.raises(error, match=f"HTTP {status}"):
            await heard.running


def test_recorded_messages_read_as_they_say() -> None:
    stream = KrakenStream("ws://127.0.0.1:1", FakeClock())
    snapshot = recorded("kraken/ws_v2_ticker_snapshot.json").read_text()
    document = json.loads(snapshot)
    (told,) = document["data"]
    (ticker,) = stream.read(snapshot, {told["symbol"]: "kraken:X-Y"})
    assert (ticker.last, ticker.bid, ticker.ask) == (told["last"], told["bid"], told["ask"])
    assert (ticker.high, ticker.low, ticker.base_volume) == (told["high"], told["low"], told["volume"])
    assert (
        stream.read(recorded("kraken/ws_v2_subscribe_response.json").read_text(), {"BTC/USD": "kraken:BTC-USD"}) == []
    )
    assert stream.read(recorded("kraken/ws_v2_ohlc_update.json").read_text(), {"BTC/USD": "kraken:BTC-USD"}) == []


def test_only_exchanges_with_live_quotes_have_a_stream() -> None:
    clock = FakeClock()
    assert open_stream("okx", clock=clock) is None
    assert open_stream("ccxt:mexc", clock=clock) is None
    assert open_stream("kraken", clock=clock) is not None

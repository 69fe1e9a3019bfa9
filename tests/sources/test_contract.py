"""What every source guarantees, over real HTTP against a server that speaks as its exchange does."""

import contextlib
import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.support.clock import FakeClock
from tests.support.exchanges.market import Pair
from tests.support.exchanges.server import FakeExchange
from tests.support.exchanges.wires import NATIVE
from tests.support.fake_kraken_clock import ExchangeClock
from tests.support.fake_kraken_http import HttpResponse
from tui_tracker.core.errors import MalformedDataError, RateLimitedError, RejectedError
from tui_tracker.core.instrument import Instrument, InstrumentClass, Trading
from tui_tracker.core.ticker import TickerBatch
from tui_tracker.sources.base import Source
from tui_tracker.sources.registry import SOURCES, create

NOW_MS = 1_790_000_012_345
SKEW_MS = 1_500
NAMES = [wire.name for wire in NATIVE]
HTML = b"<!DOCTYPE html><html><title>\x1b[31mJust a moment...</title></html>"
every_exchange = pytest.mark.parametrize("name", NAMES)


@asynccontextmanager
async def opened(name: str, clock: FakeClock | None = None) -> AsyncIterator[tuple[Source, FakeExchange]]:
    """A source and its exchange, whose clocks stand still, the exchange's 1.5 s ahead."""
    async with FakeExchange(name, pairs=40, now_ms=ExchangeClock(NOW_MS + SKEW_MS, rate=0)) as exchange:
        clock = clock or FakeClock(NOW_MS)
        source = create(name, clock=clock, base_url=exchange.url, interval_s=60, spacing_s=0)
        try:
            yield source, exchange
        finally:
            await source.aclose()


def instrument_of(source: Source, pair: Pair, symbol: str) -> Instrument:
    return Instrument(f"{source.name}:{pair.base}-{pair.quote}", pair.base, pair.quote, symbol, (), pair.digits)


async def quoted(
    name: str, spoil: Callable[[FakeExchange, list[object]], list[object]], before: bool = False
) -> TickerBatch:
    """The quotes when the rows of the answer are spoiled, after the list was read from a good one."""
    async with opened(name) as (source, exchange):
        await source.instruments()

        def spoiled(path: str, document: object) -> object:
            if path != exchange.wire.quotes_path:
                return document
            return exchange.wire.with_rows(document, spoil(exchange, list(exchange.wire.rows(document))))

        exchange.said.spoil = spoiled
        return await source.tickers()


@every_exchange
async def test_every_pair_is_listed_under_its_own_name_and_ours(name: str) -> None:
    async with opened(name) as (source, exchange):
        batch = await source.instruments()
        found = {one.pair: one for one in batch.instruments}
        assert batch.malformed == ()
        assert len(found) == len(batch.instruments) == len(exchange.market.pairs) > 20
        for pair in exchange.market.pairs:
            one = found[pair.name]
            assert one.id == f"{name}:{pair.base}-{pair.quote}"
            assert one.symbol == exchange.wire.symbol(pair)
            assert one.source == name
            assert one.trading is Trading.ONLINE
        digits = {pair.name: pair.digits for pair in exchange.market.pairs}
        if name != "bitfinex":  # whose decimals follow from the price
            assert {one.pair: one.digits for one in batch.instruments} == digits
        assert InstrumentClass.FIAT in found["EUR/" + exchange.market.dollar].classes


@every_exchange
async def test_every_quote_is_what_the_market_says(name: str) -> None:
    async with opened(name) as (source, exchange):
        await source.instruments()
        batch = await source.tickers()
        assert (batch.malformed, batch.unknown, batch.sent_ms) == ((), (), NOW_MS)
        tickers = {ticker.instrument_id: ticker for ticker in batch.tickers}
        assert len(tickers) == len(exchange.market.pairs)
        quiet = 0
        for pair in exchange.market.pairs:
            ticker = tickers[f"{name}:{pair.base}-{pair.quote}"]
            quote = exchange.market.quote(pair, NOW_MS + SKEW_MS)
            if not quote.trades:
                quiet += 1
                assert (ticker.last, ticker.base_volume, ticker.high, ticker.low) == (None, 0, None, None)
                continue
            price = [float(pair.text(ticks)) for ticks in (quote.last, quote.high, quote.low)]
            assert [ticker.last, ticker.high, ticker.low] == price
            if not name.startswith("coinbase"):  # which tells no bid and no ask
                assert (ticker.bid, ticker.ask) == tuple(float(pair.text(ticks)) for ticks in (quote.bid, quote.ask))
            assert ticker.base_volume == quote.volume / 1e8
            assert ticker.quote_volume is not None
            assert math.isclose(ticker.quote_volume, float(quote.turnover), rel_tol=0.1)
            assert ticker.trades == (quote.trades if name == "binance" else None)
        assert quiet > 0
        assert len(exchange.requests) == 2


@every_exchange
async def test_candles_are_closed_ordered_and_those_of_the_market(name: str) -> None:
    async with opened(name) as (source, exchange):
        await source.server_time()
        for step in source.history:
            for pair in exchange.market.pairs[:3]:
                symbol = exchange.wire.symbol(pair)
                batch = await source.candles(instrument_of(source, pair, symbol), step.minutes)
                end_ms = (NOW_MS + SKEW_MS) // (step.minutes * 60_000) * step.minutes * 60_000
                starts = [candle.start_ms for candle in batch.candles]
                assert batch.step_minutes == step.minutes
                assert batch.malformed == ()
                assert starts == sorted(set(starts))
                assert starts[-1] <= end_ms - step.minutes * 60_000
                assert len(starts) >= (step.rows - 3) / (3 if exchange.wire.omits_quiet else 1)
                for candle in batch.candles:
                    last = candle.start_ms // 60_000 + step.minutes - 1
                    assert candle.close == float(pair.text(pair.trades.close_state(last).last))
                minutes = range(starts[-1] // 60_000, starts[-1] // 60_000 + step.minutes)
                traded = sum(pair.trades.bar(minute).volume for minute in minutes)
                assert batch.candles[-1].volume == pytest.approx(traded / 1e8)


CLOSE: dict[str, int | str] = {
    "binance": 4,
    "bitfinex": 2,
    "bitstamp": "close",
    "bybit": 4,
    "coinbase": "close",
    "coinbase_exchange": 4,
    "gate": 2,
    "kucoin": 2,
    "okx": 4,
}
"""Where the closing price of a candle is: columns come in four orders."""


@every_exchange
async def test_a_bad_candle_costs_no_other_and_leaves_its_minute_unknown(name: str) -> None:
    async with opened(name) as (source, exchange):
        pair = exchange.market.pairs[0]
        one = instrument_of(source, pair, exchange.wire.symbol(pair))
        good = await source.candles(one, 1)

        def spoil(path: str, document: object) -> object:
            rows = _list_of(document)
            rows[20][CLOSE[name]] = "NaN"  # type: ignore[index]  # a list or a dict, whatever the exchange sends
            rows[30:33] = [None, [], {"start": "x", "timestamp": -5}]
            return document

        exchange.said.spoil = spoil
        batch = await source.candles(one, 1)
        known = {candle.start_ms: candle for candle in batch.candles}
        lost = [candle.start_ms for candle in good.candles if candle.start_ms not in known]
        assert sorted(batch.malformed)[:3] == [0, 0, 0]
        assert len(batch.malformed) == len(lost) == 4
        assert sorted(batch.malformed)[3] in lost
        assert all(known[candle.start_ms] == candle for candle in good.candles if candle.start_ms in known)


@every_exchange
async def test_no_candles_of_a_length_that_is_not_among_the_steps(name: str) -> None:
    async with opened(name) as (source, exchange):
        pair = exchange.market.pairs[0]
        with pytest.raises(RejectedError, match="no candles of 7 minutes"):
            await source.candles(instrument_of(source, pair, exchange.wire.symbol(pair)), 7)
        assert exchange.requests == []


@every_exchange
async def test_history_reaches_back_a_day_and_its_finest_step_is_a_minute(name: str) -> None:
    async with opened(name) as (source, _):
        assert max(step.span_minutes for step in source.history) > 1_440
        assert [step.minutes for step in source.history] in ([5, 1], [1])


@every_exchange
async def test_the_clock_is_that_of_the_exchange(name: str) -> None:
    async with opened(name) as (source, _):
        reading = await source.server_time()
        assert abs(reading.offset_ms - SKEW_MS) <= 500


@every_exchange
async def test_a_rate_limit_in_its_own_words_pauses_everything(name: str) -> None:
    async with opened(name) as (source, exchange):
        limit = exchange.wire.too_many()
        exchange.queue.append(HttpResponse(json.dumps(limit.document).encode(), limit.status))
        with pytest.raises(RateLimitedError) as caught:
            await source.tickers()
        assert source.next_slot_s() == 5
        assert "too m" in caught.value.message.lower() or "rate" in caught.value.message.lower()


@pytest.mark.parametrize(("status", "retry_after", "pause_s"), [(429, "7", 7), (429, None, 5), (503, "11", 11)])
async def test_a_status_that_asks_to_wait_does(status: int, retry_after: str | None, pause_s: int) -> None:
    async with opened("gate") as (source, exchange):
        headers = {} if retry_after is None else {"Retry-After": retry_after}
        exchange.queue.append(HttpResponse(HTML, status, "text/html", headers))
        with pytest.raises(RateLimitedError if status == 429 else RejectedError):
            await source.tickers()
        assert source.next_slot_s() == pause_s


@pytest.mark.parametrize(("name", "status"), [(name, ban) for name in NAMES for ban in SOURCES[name].bans])
async def test_a_ban_stops_requests(name: str, status: int) -> None:
    """Nothing is asked before it is over, whoever wants to."""
    clock = FakeClock(NOW_MS)
    async with opened(name, clock) as (source, exchange):
        exchange.queue.append(HttpResponse(HTML, status, "text/html"))
        with pytest.raises(RateLimitedError) as caught:
            await source.tickers()
        ban_s = SOURCES[name].bans[status]
        assert (caught.value.retry_after_s, source.next_slot_s()) == (ban_s, ban_s)
        assert ban_s >= 120


async def test_a_ban_lasts_as_long_as_the_exchange_says() -> None:
    async with opened("binance") as (source, exchange):
        exchange.queue.append(HttpResponse(b"{}", 418, headers={"Retry-After": "259200"}))
        with pytest.raises(RateLimitedError, match="nothing is asked for 4320 min"):
            await source.server_time()
        assert source.next_slot_s() == 259_200


@every_exchange
async def test_a_refusal_is_told_in_the_exchanges_words(name: str) -> None:
    async with opened(name) as (source, exchange):
        pair = exchange.market.pairs[0]
        with pytest.raises(RejectedError, match=r"(?i)invalid|exist|not found"):
            await source.candles(instrument_of(source, pair, "NOSUCH"), source.history[-1].minutes)
        assert source.next_slot_s() == 0


@every_exchange
async def test_what_is_no_answer_is_malformed(name: str) -> None:
    bodies = (HTML, b"", b"null", b"[]", b"{}", b'"x"', b"[" * 100_000, b'{"a":"\xff"}', b"[NaN")
    async with opened(name) as (source, exchange):
        pair = exchange.market.pairs[0]
        one = instrument_of(source, pair, exchange.wire.symbol(pair))
        for body in bodies:
            for call in (source.instruments, source.tickers):
                exchange.queue.append(HttpResponse(body))
                with pytest.raises(MalformedDataError) as caught:
                    await call()
                assert caught.value.message.isprintable()
            exchange.queue.append(HttpResponse(body))
            with contextlib.suppress(MalformedDataError):  # an empty list is one of no candles
                assert (await source.candles(one, source.history[-1].minutes)).candles == ()


@every_exchange
async def test_half_an_answer_is_malformed(name: str) -> None:
    async with opened(name) as (source, exchange):
        good = exchange.said.good(exchange.wire.quotes_path, _query(source), NOW_MS).body
        exchange.queue.append(HttpResponse(good[: len(good) * 2 // 3]))
        with pytest.raises(MalformedDataError):
            await source.tickers()


def _query(source: Source) -> dict[str, str]:
    quotes = getattr(source, "quotes")  # noqa: B009  # of RestSource, not of the protocol
    return dict(quotes.params)


def with_last(values: tuple[object, ...]) -> Callable[[FakeExchange, list[object]], list[object]]:
    """Put these in place of the last prices of the first rows."""

    def spoil(exchange: FakeExchange, rows: list[object]) -> list[object]:
        for row, value in zip(rows, values, strict=False):
            row[exchange.wire.last_key] = value  # type: ignore[index]  # a list or a dict, whatever the exchange sends
        return rows

    return spoil


@every_exchange
async def test_what_is_no_price_is_absent_and_named_and_costs_no_other(name: str) -> None:
    bad = ("NaN", "Infinity", "-5", "1e309", "abc", " 1", "1_0", "٣", 10**400, -1, 1e61)
    batch = await quoted(name, with_last(bad))
    assert len(batch.malformed) == len(bad)
    assert all("last price" in reason for _, reason in batch.malformed)
    assert all(ticker.last is None for ticker in batch.tickers[: len(bad)])
    assert batch.tickers[len(bad)].last is not None


@every_exchange
async def test_a_zero_or_nothing_is_no_price_and_no_fault(name: str) -> None:
    batch = await quoted(name, with_last(("0", "0.000", 0, "", None)))
    assert batch.malformed == ()
    assert [ticker.last for ticker in batch.tickers[:5]] == [None] * 5
    assert batch.tickers[5].last is not None


@every_exchange
async def test_a_bare_nan_costs_one_number(name: str) -> None:
    batch = await quoted(name, with_last((float("nan"), float("inf"))))
    assert [ticker.last for ticker in batch.tickers[:2]] == [None, None]
    assert batch.tickers[2].last is not None


@every_exchange
async def test_a_row_that_is_none_costs_no_other(name: str) -> None:
    bad: list[object] = [None, [], {}, "x", 7, {"symbol": 5}, True]
    batch = await quoted(name, lambda _, rows: [*bad, *rows])
    assert len(batch.malformed) + len(batch.unknown) == len(bad)
    assert all((symbol + reason).isprintable() for symbol, reason in batch.malformed)
    assert len(batch.tickers) > 20


@every_exchange
async def test_a_number_that_no_float_holds_costs_one_row_at_most(name: str) -> None:
    async with opened(name) as (source, exchange):
        await source.instruments()

        def spoil(path: str, document: object) -> object:
            exchange.wire.rows(document)[1][exchange.wire.last_key] = "@"  # type: ignore[index]  # a list or a dict
            return json.dumps(document).replace('"@"', "1e309").encode()

        exchange.said.spoil = spoil
        batch = await source.tickers()
        assert len(batch.malformed) == 1
        assert len(batch.tickers) > 20


@every_exchange
async def test_an_empty_list_is_malformed(name: str) -> None:
    with pytest.raises(MalformedDataError):
        await quoted(name, lambda _, rows: [])


@every_exchange
async def test_a_second_row_and_one_of_an_unknown_pair_are_counted(name: str) -> None:
    def spoil(exchange: FakeExchange, rows: list[object]) -> list[object]:
        text = json.dumps(rows[0]).replace(json.dumps(_symbol(exchange, rows[0]))[1:-1], "tNEW:\\u001b[2J/X")
        return [*rows, rows[0], json.loads(text)]

    batch = await quoted(name, spoil)
    if name != "coinbase_exchange":  # whose rows are named, each once
        assert len(batch.malformed) == 1
        assert "a second row for" in batch.malformed[0][1]
    assert batch.unknown == ("tNEW:·[2J/X",)


def _symbol(exchange: FakeExchange, row: object) -> str:
    found: str = row[exchange.wire.symbol_key]  # type: ignore[index]  # a list or a dict, whatever the exchange sends
    return found


@every_exchange
async def test_hostile_names_are_left_out_of_the_list_and_named_in_plain_text(name: str) -> None:
    async with opened(name) as (source, exchange):
        pair = exchange.market.pairs[0]
        hostile = ["\x1b[31mRED", "\u202eDSU", "A" * 5_000, "[bold]X", "../../ETC", "LINE\nBREAK", ""]

        def spoil(path: str, document: object) -> object:
            rows = _list_of(document)
            first = json.dumps(rows[0])
            for base in hostile:
                text = first.replace(f'"{pair.base}"', json.dumps(base))
                text = text.replace(json.dumps(exchange.wire.symbol(pair)), json.dumps(f"t{base}:{pair.quote}"))
                text = text.replace(json.dumps(pair.name), json.dumps(f"{base}/{pair.quote}"))
                rows.append(json.loads(text))
            return document

        exchange.said.spoil = spoil
        batch = await source.instruments()
        assert len(batch.instruments) == len(exchange.market.pairs)
        assert len(batch.malformed) >= len(hostile) - 1
        assert all((symbol + reason).isprintable() for symbol, reason in batch.malformed)


def _list_of(document: object) -> list[object]:
    """The longest list in a document."""
    if isinstance(document, list):
        return document
    assert isinstance(document, dict)
    found = [_list_of(value) for value in document.values() if isinstance(value, list | dict) and value]
    return max(found, key=len, default=[])


@every_exchange
async def test_symbols_are_recalled_instead_of_read_again(name: str) -> None:
    async with opened(name) as (source, exchange):
        batch = await source.instruments()
        again = create(name, clock=FakeClock(NOW_MS), base_url=exchange.url, interval_s=60, spacing_s=0)
        try:
            again.recall(batch.instruments)
            assert len((await again.tickers()).tickers) == len(batch.instruments)
        finally:
            await again.aclose()


@every_exchange
async def test_ten_polls_are_one_connection(name: str) -> None:
    async with opened(name) as (source, exchange):
        await source.instruments()
        for _ in range(9):
            await source.tickers()
        assert exchange.connections == 1


def test_every_budget_is_below_what_is_documented() -> None:
    """Requests (or weight) a second that an exchange allows, from its documentation."""
    allowed = {
        "kraken": 1.0,
        "binance": 6_000 / 60,
        "bitfinex": 30 / 60,
        "bitstamp": 10_000 / 600,
        "bybit": 600 / 5,
        "coinbase": 10.0,
        "coinbase_exchange": 10.0,
        "gate": 200 / 10,
        "kucoin": 4_000 / 30,
        "okx": 20 / 2,
    }
    assert allowed.keys() == SOURCES.keys()
    for name, rate in allowed.items():
        assert 1 / SOURCES[name].spacing_s < 0.9 * rate


async def test_a_heavy_request_takes_its_weight_of_the_budget() -> None:
    clock = FakeClock(NOW_MS)
    async with FakeExchange("binance", pairs=30, now_ms=ExchangeClock(NOW_MS, rate=0)) as exchange:
        source = create("binance", clock=clock, base_url=exchange.url, interval_s=60)
        await source.instruments()
        assert source.next_slot_s() == pytest.approx(20 * 0.0125)
        await clock.advance(1)
        await source.tickers()
        assert source.next_slot_s() == pytest.approx(80 * 0.0125)
        await source.aclose()

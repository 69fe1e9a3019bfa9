"""Sources through ccxt, over real HTTP against a fake MEXC: what every source guarantees, as far as ccxt allows."""

import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

pytest.importorskip("ccxt", reason="the extra ccxt is not installed")

from tests.sources.broken import BROKEN
from tests.support.clock import FakeClock
from tests.support.exchanges.server import FakeExchange
from tests.support.fake_kraken_clock import ExchangeClock
from tests.support.fake_kraken_http import HttpResponse
from tests.support.proxy import Proxy, without_proxies
from tui_tracker.core.errors import (
    ConfigError,
    MalformedDataError,
    RateLimitedError,
    RejectedError,
    SourceError,
    UnreachableError,
)
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.ticker import Ticker
from tui_tracker.sources.base import Source
from tui_tracker.sources.budget import RequestBudget
from tui_tracker.sources.http import HttpClient, Timeouts
from tui_tracker.sources.registry import check_name, create
from tui_tracker.sources.through_ccxt import CcxtSource

NOW_MS = 1_790_000_012_345


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Source, FakeExchange]]:
    async with FakeExchange("mexc", pairs=30, now_ms=ExchangeClock(NOW_MS + 1_500, rate=0)) as exchange:
        source = create("ccxt:mexc", clock=FakeClock(NOW_MS), base_url=exchange.url, interval_s=60, spacing_s=0)
        try:
            yield source, exchange
        finally:
            await source.aclose()


def bitcoin(exchange: FakeExchange) -> Instrument:
    pair = exchange.market.pairs[0]
    return Instrument(f"mexc:{pair.base}-{pair.quote}", pair.base, pair.quote, pair.name, (), pair.digits)


async def test_pairs_and_quotes_are_those_of_the_market() -> None:
    async with opened() as (source, exchange):
        listed = await source.instruments()
        assert listed.malformed == ()
        found = {one.pair: one for one in listed.instruments}
        assert found.keys() == {*(pair.name for pair in exchange.market.pairs), "OLD/BTC"}
        assert not found["OLD/BTC"].trading.is_sampled
        batch = await source.tickers()
        tickers = {ticker.instrument_id: ticker for ticker in batch.tickers}
        assert (batch.malformed, batch.unknown, batch.sent_ms) == ((), (), NOW_MS)
        for pair in exchange.market.pairs:
            quote = exchange.market.quote(pair, NOW_MS + 1_500)
            one = found[pair.name]
            assert (one.id, one.digits) == (f"mexc:{pair.base}-{pair.quote}", pair.digits)
            assert pair.base + pair.quote in one.aliases
            ticker = tickers[one.id]
            assert ticker.last == (float(pair.text(quote.last)) if quote.trades else None)
            assert ticker.bid == float(pair.text(quote.bid))
            assert ticker.base_volume == quote.volume / 1e8
        assert not [asked for asked in exchange.requests if "contract" in str(asked)], "spot pairs alone"


@pytest.mark.parametrize("said", [None, "", "0", "-5", "1e309", float("nan")])
async def test_a_price_that_is_not_told_is_not_made_of_others(said: object) -> None:
    def spoiled(_: str, document: object) -> object:
        if isinstance(document, list):
            document[0]["lastPrice"] = said
        return document

    async with opened() as (source, exchange):
        await source.instruments()
        exchange.said.spoil = spoiled
        first = next(one for one in (await source.tickers()).tickers if one.instrument_id == bitcoin(exchange).id)
        assert first.last is None
        assert first.bid is not None


@pytest.mark.parametrize("said", ["NaN", "Infinity", "abc", {}, [], [1]])
async def test_a_number_that_cannot_be_read_spoils_no_other_pair(said: object) -> None:
    def spoiled(_: str, document: object) -> object:
        if isinstance(document, list):
            document[0] |= dict.fromkeys(("lastPrice", "bidPrice", "highPrice", "volume"), said)
        return document

    async with opened() as (source, exchange):
        await source.instruments()
        good = {one.instrument_id: one for one in (await source.tickers()).tickers}
        del good[bitcoin(exchange).id]
        exchange.said.spoil = spoiled
        batch = await source.tickers()
        found = {one.instrument_id: one for one in batch.tickers}
        first = found.pop(bitcoin(exchange).id, None)
        assert found == good
        if first is not None:  # ccxt takes what is no number at all for none told
            assert (first.last, first.bid, first.high, first.base_volume, batch.malformed) == (None,) * 4 + ((),)
            return
        [(symbol, why)] = batch.malformed
        assert symbol == "BTCUSDT"
        assert re.fullmatch(r"ccxt cannot read it: \w+Error\(.*", why)


@pytest.mark.parametrize("row", [None, 7, "x", [], ["BTCUSDT"], {}])
async def test_a_row_that_is_none_spoils_no_other_pair(row: object) -> None:
    async with opened() as (source, exchange):
        await source.instruments()
        count = len((await source.tickers()).tickers)
        exchange.said.spoil = lambda _, document: [row, *document] if isinstance(document, list) else document
        batch = await source.tickers()
        assert len(batch.tickers) == count
        assert len(batch.malformed) + len(batch.unknown) <= 1


async def test_candles_are_closed_and_those_of_the_market() -> None:
    async with opened() as (source, exchange):
        await source.server_time()
        pair = exchange.market.pairs[0]
        for step in source.history:
            batch = await source.candles(bitcoin(exchange), step.minutes)
            assert (len(batch.candles), batch.malformed) == (step.rows - 1, ())
            end_ms = batch.candles[-1].start_ms + step.minutes * 60_000
            assert end_ms <= NOW_MS + 1_500 < end_ms + step.minutes * 60_000
            for candle in batch.candles:
                last = candle.start_ms // 60_000 + step.minutes - 1
                assert candle.close == float(pair.text(pair.trades.close_state(last).last))


async def test_the_clock_is_that_of_the_exchange() -> None:
    async with opened() as (source, _):
        assert (await source.server_time()).offset_ms == 1_500


async def test_a_rate_limit_pauses_everything() -> None:
    async with opened() as (source, exchange):
        limit = exchange.wire.too_many()
        headers = {"Retry-After": "7"}
        exchange.queue.append(HttpResponse(json.dumps(limit.document).encode(), limit.status, headers=headers))
        with pytest.raises(RateLimitedError):
            await source.server_time()
        assert source.next_slot_s() == 7


@pytest.mark.parametrize("body", [b"<html>\x1b[31mno</html>", b"", b"[1,2", b"null", b"7", b'"x"', b"[NaN]"])
async def test_what_is_no_answer_is_one_of_our_errors(body: bytes) -> None:
    async with opened() as (source, exchange):
        exchange.queue.append(HttpResponse(body))
        with pytest.raises(SourceError) as caught:
            await source.server_time()
        assert isinstance(caught.value, MalformedDataError | RejectedError)
        assert caught.value.message.isprintable()


async def test_a_refusal_is_told() -> None:
    async with opened() as (source, exchange):
        await source.instruments()
        exchange.queue.append(HttpResponse(b'{"code":-1121,"msg":"Invalid symbol."}', 400))
        with pytest.raises(
            RejectedError, match=r"^127.0.0.1 answered HTTP 400 Bad Request: Invalid symbol. \(-1121\)$"
        ):
            await source.candles(bitcoin(exchange), 1)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"code":0,"msg":"Service unavailable from a restricted location"}', "Service .* location \\(0\\)"),
        ('{"label":"FORBIDDEN","message":"not in your country"}', "not in your country \\(FORBIDDEN\\)"),
        ('{"error":"no service here"}', "no service here"),
        ('{"unheard":"of"}', '{"unheard":"of"}'),
    ],
)
async def test_a_block_is_told_in_words_with_the_host_that_was_asked_and_what_to_do(body: str, told: str) -> None:
    async with opened() as (source, exchange):
        exchange.queue.append(HttpResponse(body.encode(), 451))
        message = (
            f"^127.0.0.1 answered HTTP 451 Unavailable For Legal Reasons: {told}; closed to this country or address"
        )
        with pytest.raises(RejectedError, match=message) as caught:
            await source.server_time()
        assert caught.value.hint == "crypto-tui sources --check tells which exchanges answer here"


@pytest.mark.parametrize("fault", BROKEN)
async def test_an_answer_that_fails_is_told_as_of_any_other_source(fault: str) -> None:
    seen = BROKEN[fault]
    async with opened() as (source, exchange):
        await source.instruments()
        if isinstance(seen.fault, HttpResponse):
            exchange.queue.append(seen.fault)
        elif isinstance(seen.fault, str):
            exchange.faults.set(seen.fault)
        else:
            exchange.said.spoil = lambda _, document: seen.fault(document)  # type: ignore[operator]
        if fault in ("hang", "slow drip"):
            source._http._timeouts = Timeouts(total_s=0.1)  # type: ignore[attr-defined]
        with pytest.raises(SourceError, match=seen.error) as caught:
            await source.tickers()
        assert caught.value.message.isprintable()


LIMIT = b'{"code":-1003,"msg":"Way too much request weight used."}'


@pytest.mark.parametrize(
    ("status", "headers", "kind", "message", "pause_s"),
    [
        (418, {}, RateLimitedError, "HTTP 418 I'm a .*: .*-1003.*; nothing is asked for 2 min", 120),
        (418, {"Retry-After": "600"}, RateLimitedError, "HTTP 418 .*; nothing is asked for 10 min", 600),
        (429, {"Retry-After": "7"}, RateLimitedError, r"HTTP 429 Too Many Requests: Way too .* \(-1003\)", 7),
        (403, {}, RejectedError, "HTTP 403 Forbidden: .*-1003.*; closed to this country or address", 0),
        (451, {}, RejectedError, "HTTP 451 .*-1003.*; closed to this country or address", 0),
        (500, {"Retry-After": "9"}, RejectedError, "HTTP 500 Internal Server Error: .*-1003", 9),
    ],
)
async def test_a_status_counts_whatever_the_body_says(
    status: int, headers: dict[str, str], kind: type[SourceError], message: str, pause_s: float
) -> None:
    async with opened() as (source, exchange):
        await source.instruments()
        exchange.queue.append(HttpResponse(LIMIT, status, headers=headers))
        with pytest.raises(kind, match=message) as caught:
            await source.tickers()
        assert (caught.value.http_status, source.next_slot_s()) == (status, pause_s)
        assert ("sources --check" in caught.value.hint) is (status in (403, 451))


async def test_redirects_in_a_circle_end() -> None:
    async with opened() as (source, exchange):
        await source.instruments()
        exchange.queue.extend([HttpResponse(b"", 302, headers={"Location": "/again"})] * 9)
        asked = len(exchange.requests)
        with pytest.raises(RejectedError, match="redirects more than 3 times"):
            await source.tickers()
        assert len(exchange.requests) == asked + 4


async def test_what_is_sent_says_who_asks_and_is_logged() -> None:
    async with opened() as (source, exchange):
        await source.instruments()
        sent = exchange.requests[-1].headers
        report = source._http.budget.log.report()  # type: ignore[attr-defined]
    assert sent["user-agent"].startswith("crypto-tui/")
    assert sent["accept-encoding"] == "gzip"
    assert (report.answered, report.failed, report.last_minute) == (len(exchange.requests), 0, len(exchange.requests))


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_every_proxy_variable_counts(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without_proxies(monkeypatch)
    async with Proxy().running() as proxy, opened() as (direct, exchange):
        assert (await direct.tickers()).unknown != ()
        place = exchange.url.removeprefix("http://")
        monkeypatch.setenv("ALL_PROXY", f"{kind}://127.0.0.1:{proxy.port}")
        assert await asked_over(exchange) == []
        assert set(proxy.asked) == {f"{'GET' if kind == 'http' else 'SOCKS5'} {place}"}
        seen = len(proxy.asked)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert await asked_over(exchange) == []
        assert len(proxy.asked) == seen


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_nothing_goes_past_a_proxy_that_is_away(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    without_proxies(monkeypatch)
    async with FakeExchange("mexc", pairs=3) as exchange:
        monkeypatch.setenv("ALL_PROXY", f"{kind}://127.0.0.1:1")
        [error] = await asked_over(exchange)
        assert isinstance(error, UnreachableError)
        assert error.message.endswith(f"through the proxy {kind}{'h' * (kind == 'socks5')}://127.0.0.1:1")
        assert exchange.requests == []


async def asked_over(exchange: FakeExchange) -> list[SourceError]:
    """Ask for pairs once, by the proxies of now; the failure if it is one."""
    source = create("ccxt:mexc", clock=FakeClock(NOW_MS), base_url=exchange.url, interval_s=60, spacing_s=0)
    try:
        await source.instruments()
    except SourceError as error:
        return [error]
    finally:
        await source.aclose()
    return []


async def test_no_connection_is_told() -> None:
    source = create("ccxt:mexc", clock=FakeClock(NOW_MS), base_url="http://127.0.0.1:1", interval_s=60)
    with pytest.raises(UnreachableError):
        await source.server_time()
    await source.aclose()


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ccxt", None)
    with pytest.raises(ConfigError) as caught:
        check_name("ccxt:mexc")
    assert caught.value.hint == "install it: pip install 'crypto-tui[ccxt]'"


def test_names_that_ccxt_does_not_know_and_those_that_need_none() -> None:
    with pytest.raises(ConfigError, match="ccxt knows no exchange 'mecx'") as caught:
        check_name("ccxt:mecx")
    assert "ccxt:mexc" in caught.value.hint
    with pytest.raises(ConfigError, match="kraken needs no ccxt"):
        check_name("ccxt:kraken")


@pytest.mark.parametrize("name", ["binance", "bitstamp", "bybit", "coinbase", "gate", "kucoin", "okx"])
async def test_our_modules_and_ccxt_read_the_same_of_the_same_answers(name: str) -> None:
    """ccxt knows the formats too: a mistake shared by a module and its fake exchange shows here."""
    async with FakeExchange(name, pairs=30, now_ms=ExchangeClock(NOW_MS, rate=0)) as exchange:
        clock = FakeClock(NOW_MS)
        own = create(name, clock=clock, base_url=exchange.url, interval_s=60, spacing_s=0)
        http = HttpClient("", clock, RequestBudget(clock, 0), idle_s=60)
        other = CcxtSource(name, http, exchange.url, keeps_pace=False)
        try:
            listed = {one.id: one for one in (await own.instruments()).instruments}
            others = {one.id: one for one in (await other.instruments()).instruments}
            assert listed.keys() <= others.keys()
            assert all(others[key].digits == one.digits for key, one in listed.items())
            quoted = {ticker.instrument_id: ticker for ticker in (await other.tickers()).tickers}
            for ticker in (await own.tickers()).tickers:
                assert numbers(quoted[ticker.instrument_id], name) == pytest.approx(numbers(ticker, name))
            first = next(iter(listed.values()))
            candles = {one.start_ms: one for one in (await own.candles(first, 1)).candles}
            found = (await other.candles(others[first.id], 1)).candles
            assert len(found) > 290
            assert all(
                (candles[one.start_ms].close, candles[one.start_ms].volume) == (one.close, one.volume) for one in found
            )
        finally:
            await own.aclose()
            await other.aclose()


def numbers(ticker: Ticker, name: str) -> tuple[float, ...]:
    """What is compared; ccxt doesn't know high and low of Coinbase, which are new."""
    extremes = () if name == "coinbase" else (ticker.high, ticker.low)
    values = (ticker.last, ticker.bid, ticker.ask, ticker.base_volume, ticker.quote_volume, *extremes)
    return tuple(-1.0 if value is None else value for value in values)

"""The traps of Kraken's API, one by one."""

import asyncio
import json
import logging

import httpx
import pytest

from tests.sources.kraken_server import answering, envelope
from tests.support.clock import FakeClock
from tui_tracker.core.candle import Candle, CandleBatch
from tui_tracker.core.errors import MalformedDataError, RateLimitedError, RejectedError
from tui_tracker.core.instrument import Instrument, Trading
from tui_tracker.core.ticker import Ticker, TickerBatch
from tui_tracker.sources.base import InstrumentBatch

BTC = Instrument("kraken:BTC-USD", "BTC", "USD", "XXBTZUSD", (), 1)
PAIRS = {
    "XXBTZUSD": {"altname": "XBTUSD", "wsname": "XBT/USD", "base": "XXBT", "quote": "ZUSD"},
    "XDGUSD": {"altname": "XDGUSD", "wsname": "XDG/USD", "base": "XXDG", "quote": "ZUSD"},
    "AAVEUSD": {"altname": "AAVEUSD", "wsname": "AAVE/USD", "base": "AAVE", "quote": "ZUSD"},
}
ROW = {
    "a": ["101", "1", "1"],
    "b": ["99", "1", "1"],
    "c": ["100", "1"],
    "v": ["1", "20"],
    "p": ["7", "50"],
    "t": [3, 40],
    "l": ["96", "95"],
    "h": ["104", "110"],
    "o": "12345",
}
NOTHING = ["0.0", "0.0"]
ZEROS = {"c": ["0.000", "0.0"], "v": NOTHING, "p": NOTHING, "t": [0, 0], "l": NOTHING, "h": NOTHING, "o": "0.0"}
DAY = (110.0, 95.0, 1.0, 3)
"""High and low of 24 h, volume and trades of today."""


def seen(instrument_id: str = "kraken:BTC-USD") -> Ticker:
    return Ticker(instrument_id, 100.0, 99.0, 101.0, 20.0, 1000.0, 40, *DAY)


async def listed(entries: object) -> InstrumentBatch:
    async with answering({"AssetPairs": envelope(entries)}) as source:
        return await source.instruments()


async def quoted(rows: object, pairs: object = PAIRS) -> TickerBatch:
    body = rows if isinstance(rows, bytes) else envelope(rows)
    async with answering({"AssetPairs": envelope(pairs), "Ticker": body}) as source:
        await source.instruments()
        return await source.tickers()


async def charted(rows: object, last: object = None, step_minutes: int = 1, key: str = "XXBTZUSD") -> CandleBatch:
    result = {key: rows} if last is None else {key: rows, "last": last}
    async with answering({"OHLC": envelope(result)}) as source:
        return await source.candles(BTC, step_minutes)


def entry(**fields: object) -> dict[str, object]:
    return {"altname": "ABCUSD", "wsname": "ABC/USD", "base": "ABC", "quote": "ZUSD", **fields}


@pytest.mark.parametrize(
    ("base", "quote", "pair"),
    [
        ("XXBT", "ZUSD", "BTC/USD"),
        ("XXDG", "XXBT", "DOGE/BTC"),
        ("XETH", "ZEUR", "ETH/EUR"),
        ("XTZ", "USDT", "XTZ/USDT"),
        ("ZETA", "ZUSD", "ZETA/USD"),
        ("XION", "XETH", "XION/ETH"),
        ("ETH2.S", "ETH", "ETH2.S/ETH"),
        ("UST", "ZUSD", "USTC/USD"),
    ],
)
async def test_names_without_a_wsname_come_from_base_and_quote(base: str, quote: str, pair: str) -> None:
    batch = await listed({"WHATEVER": {"altname": "W", "base": base, "quote": quote}})
    assert [one.pair for one in batch.instruments] == [pair]


async def test_the_wsname_decides_and_the_id_is_never_split() -> None:
    batch = await listed({"USDTZUSD": entry(wsname="USDT/USD", base="XXXX", quote="YYYY", altname="USDTUSD")})
    assert [(one.id, one.symbol) for one in batch.instruments] == [("kraken:USDT-USD", "USDTZUSD")]


async def test_dark_pools_and_other_venues_are_left_out() -> None:
    batch = await listed(
        {
            "XETHXXBT.d": {"altname": "ETHXBT.d", "base": "XETH", "quote": "XXBT"},
            "BTC/USD:BTNL": entry(wsname="BTC/USD:BTNL"),
            "ODD": entry(altname="ODDUSD:BTNL"),
            "ABCUSD": entry(),
        }
    )
    assert ([one.id for one in batch.instruments], batch.malformed) == (["kraken:ABC-USD"], ())


async def test_malformed_entries_are_left_out_and_named() -> None:
    batch = await listed(
        {
            "NOTHING": None,
            "LIST": [1, 2],
            "NOBASE": {"altname": "x", "quote": "y"},
            "TYPES": entry(pair_decimals="five"),
            "HOSTILE": entry(wsname="\x1b[2J/USD"),
            "LONG": entry(wsname="A" * 21 + "/USD"),
            "EMPTY": entry(wsname="/USD"),
            "EVIL\x1b[31m\u202e": entry(),
            "DASH": entry(wsname="A-B/USD"),
            "ABCUSD": entry(),
            "ABCUSD2": entry(),
        }
    )
    assert [one.symbol for one in batch.instruments] == ["ABCUSD"]
    symbols = [symbol for symbol, _ in batch.malformed]
    assert symbols == [
        *("NOTHING", "LIST", "NOBASE", "TYPES", "HOSTILE", "LONG", "EMPTY", "EVIL·[31m·", "DASH", "ABCUSD2"),
    ]
    assert all(reason and reason.isprintable() for _, reason in batch.malformed)
    assert dict(batch.malformed)["ABCUSD2"] == "the same pair as ABCUSD"


@pytest.mark.parametrize("entries", [{}, {"X": None}, [], "text", 5, None])
async def test_a_list_without_a_usable_pair_is_no_list(entries: object) -> None:
    with pytest.raises(MalformedDataError):
        await listed(entries)


@pytest.mark.parametrize(
    ("status", "trading"),
    [
        (None, Trading.ONLINE),
        ("online", Trading.ONLINE),
        ("post_only", Trading.LIMITED),
        ("limit_only", Trading.LIMITED),
        ("reduce_only", Trading.LIMITED),
        ("cancel_only", Trading.CANCEL_ONLY),
        ("maintenance", Trading.MAINTENANCE),
        ("delisted", Trading.DELISTED),
    ],
)
async def test_trading_status(status: str | None, trading: Trading) -> None:
    batch = await listed({"ABCUSD": entry(status=status), "ZUSD": entry(wsname="Z/USD")})
    assert [one.trading for one in batch.instruments] == [trading, Trading.ONLINE]


async def test_an_unknown_status_is_limited_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        batch = await listed({"ABCUSD": entry(status="on\x1bfire")})
    assert batch.instruments[0].trading is Trading.LIMITED
    assert "ABCUSD has the unknown status 'on·fire'" in caplog.text


@pytest.mark.parametrize(
    ("fields", "digits"),
    [
        ({"pair_decimals": 5, "tick_size": "0.1"}, 1),
        ({"pair_decimals": 5, "tick_size": "0.00001000"}, 5),
        ({"pair_decimals": 5, "tick_size": "0.05"}, 2),
        ({"tick_size": "10"}, 0),
        ({"tick_size": 0.001}, 3),
        ({"pair_decimals": 7}, 7),
        ({"pair_decimals": 5, "tick_size": "nonsense"}, 5),
        ({"pair_decimals": 5, "tick_size": "NaN"}, 5),
        ({"pair_decimals": 99}, 18),
        ({"pair_decimals": -3}, 0),
        ({"tick_size": "1e-400"}, 18),
        ({}, 8),
    ],
)
async def test_digits(fields: dict[str, object], digits: int) -> None:
    assert (await listed({"ABCUSD": entry(**fields)})).instruments[0].digits == digits


@pytest.mark.parametrize("key", ["XXBTZUSD", "XBTUSD", "XBT/USD", "BTC/USD"])
async def test_a_row_is_found_by_every_name_of_its_pair(key: str) -> None:
    batch = await quoted({key: ROW})
    assert (batch.tickers, batch.malformed, batch.unknown) == ((seen(),), (), ())


async def test_a_rest_id_wins_over_the_alias_of_another_pair() -> None:
    pairs = {"AUSD": entry(wsname="A/USD", altname="BUSD"), "BUSD": entry(wsname="B/USD", altname="AUSD")}
    batch = await quoted({"AUSD": ROW, "BUSD": ROW}, pairs)
    assert batch.tickers == (seen("kraken:A-USD"), seen("kraken:B-USD"))


async def test_unknown_rows_are_counted_and_hidden_ones_are_not() -> None:
    batch = await quoted({"NEWUSD": ROW, "\x1bUSD": ROW, "XBTUSD": ROW, "BTC/USD:BTNL": ROW, "XETHXXBT.d": ROW})
    assert (batch.tickers, batch.malformed, batch.unknown) == ((seen(),), (), ("NEWUSD", "·USD"))


async def test_a_zero_is_no_price() -> None:
    batch = await quoted({"XDGUSD": {**ROW, **ZEROS}, "AAVEUSD": {**ROW, **ZEROS, "a": ["0"], "b": ["0.0"]}})
    assert batch.malformed == ()
    assert batch.tickers == (
        Ticker("kraken:DOGE-USD", None, 99.0, 101.0, 0.0, 0.0, 0, None, None, 0.0, 0),
        Ticker("kraken:AAVE-USD", None, None, None, 0.0, 0.0, 0, None, None, 0.0, 0),
    )


@pytest.mark.parametrize("bad", ["NaN", "inf", "-1", "1e61", "1e-61", "1e400", "abc", "", " 1", "1_0", "٣", None, True])
async def test_what_is_no_price_is_absent_and_named(bad: object) -> None:
    rows = {"XXBTZUSD": {**ROW, "c": [bad, "1"]}, "XDGUSD": {**ROW, "a": [bad]}, "AAVEUSD": ROW}
    batch = await quoted(rows)
    assert batch.tickers == (
        Ticker("kraken:BTC-USD", None, 99.0, 101.0, 20.0, 1000.0, 40, *DAY),
        Ticker("kraken:DOGE-USD", 100.0, 99.0, None, 20.0, 1000.0, 40, *DAY),
        seen("kraken:AAVE-USD"),
    )
    assert batch.malformed == (("XXBTZUSD", "no usable last price"), ("XDGUSD", "no usable ask"))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"v": ["1", "NaN"]}, (None, None, 40)),
        ({"v": ["1", "-1"]}, (None, None, 40)),
        ({"p": ["1", "0"]}, (20.0, None, 40)),
        ({"p": ["1", "NaN"]}, (20.0, None, 40)),
        ({"v": ["1", "1e59"], "p": ["1", "1e59"]}, (1e59, None, 40)),
        ({"t": [1, -1]}, (20.0, 1000.0, None)),
        ({"t": [1, "many"]}, (20.0, 1000.0, None)),
        ({"t": [1, 10**400]}, (20.0, 1000.0, None)),
        ({"v": ["1", "0.0"], "p": ["1", "0.0"]}, (0.0, 0.0, 40)),
    ],
)
async def test_volumes_and_counts(
    change: dict[str, object], expected: tuple[float | None, float | None, int | None]
) -> None:
    batch = await quoted({"XBTUSD": {**ROW, **change}})
    one = batch.tickers[0]
    assert (one.base_volume, one.quote_volume, one.trades) == expected
    assert len(batch.malformed) == (None in expected)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"h": ["1", "NaN"]}, (None, None, 1.0, 3)),
        ({"h": ["1"]}, (None, None, 1.0, 3)),
        ({"l": ["1", "0"]}, (None, None, 1.0, 3)),
        ({"l": ["1", "111"]}, (None, None, 1.0, 3)),
        ({"l": []}, (None, None, 1.0, 3)),
        ({"v": ["x", "20"]}, (110.0, 95.0, None, 3)),
        ({"v": ["-1", "20"]}, (110.0, 95.0, None, 3)),
        ({"t": [-1, 40]}, (110.0, 95.0, 1.0, None)),
        ({"t": [0, 40], "v": ["0", "20"]}, (110.0, 95.0, 0.0, 0)),
    ],
)
async def test_extremes_and_todays_counters(
    change: dict[str, object], expected: tuple[float | None, float | None, float | None, int | None]
) -> None:
    one = (await quoted({"XBTUSD": {**ROW, **change}})).tickers[0]
    assert (one.high, one.low, one.today_volume, one.today_trades) == expected


@pytest.mark.parametrize(
    "row", [None, [], "x", {}, {**ROW, "c": "100"}, {**ROW, "c": []}, {**ROW, "v": ["1"]}, {**ROW, "t": None}]
)
async def test_a_malformed_row_is_left_out_and_the_others_go_on(row: object) -> None:
    batch = await quoted({"XBTUSD": row, "XDGUSD": ROW})
    assert batch.tickers == (seen("kraken:DOGE-USD"),)
    assert [symbol for symbol, _ in batch.malformed] == ["XBTUSD"]


async def test_a_second_row_of_a_pair_is_left_out() -> None:
    batch = await quoted({"XXBTZUSD": ROW, "BTC/USD": {**ROW, "c": ["5"]}})
    assert (batch.tickers, batch.malformed) == ((seen(),), (("BTC/USD", "a second row for kraken:BTC-USD"),))


async def test_json_numbers_do_as_well() -> None:
    row = {"a": [101.0], "b": [99], "c": [100], "v": [1, 20], "p": [7, 50.0], "t": ["3", "40"]}
    row |= {"h": [104, 110], "l": [96, 95]}
    assert (await quoted({"XBTUSD": row})).tickers == (seen(),)
    assert (await quoted({"XBTUSD": row, "XDGUSD": {**row, "c": ["x"]}})).tickers[0] == seen()


async def test_a_bare_nan_costs_one_row_only() -> None:
    body = json.dumps({"error": [], "result": {"XBTUSD": ROW, "XDGUSD": {**ROW, "c": [float("nan")]}}}).encode()
    assert b"NaN" in body
    batch = await quoted(body)
    assert batch.tickers[0] == seen()
    assert batch.tickers[1].last is None
    assert [symbol for symbol, _ in batch.malformed] == ["XDGUSD"]


@pytest.mark.parametrize("rows", [{}, {"XBTUSD": None}, {"XBTUSD": {**ROW, "c": []}}, [], 1, "x", None])
async def test_quotes_without_a_usable_row_are_a_bad_answer(rows: object) -> None:
    with pytest.raises(MalformedDataError):
        await quoted(rows)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!DOCTYPE html><title>\x1b[31mattention</title>",
        b'{"error":[],"result":{"XBTUSD":{"a":["1',
        b'{"error":[]}',
        b"{}",
        b"[]",
        b"null",
        b'{"error":5,"result":{}}',
        b'{"error":[],"result":{"\xff":1}}',
        b'{"error":[],"result":' + b"[" * 100_000,
        b'{"error":[],"result":NaN' + b"[" * 100_000,
        b'{"error":[],"result":{"a":NaN',
    ],
)
async def test_what_is_no_answer_of_kraken(body: bytes) -> None:
    async with answering({"Ticker": body}) as source:
        with pytest.raises(MalformedDataError) as caught:
            await source.tickers()
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "error", ["EAPI:Rate limit exceeded", "EGeneral:Too many requests", "EGeneral:Temporary lockout"]
)
async def test_a_rate_limit_with_http_200_pauses_everything(error: str) -> None:
    clock = FakeClock()
    bodies = {name: envelope({}, error) for name in ("Ticker", "AssetPairs", "Time", "OHLC")}
    async with answering(bodies, clock) as source:
        with pytest.raises(RateLimitedError, match=error):
            await source.tickers()
        assert source.next_slot_s() == 5
        for call in (source.instruments, source.server_time, lambda: source.candles(BTC, 1)):
            pause_s = source.next_slot_s()
            waiting = asyncio.ensure_future(call())
            await clock.advance(pause_s)
            with pytest.raises(RateLimitedError):
                await waiting
            assert source.next_slot_s() == 2 * pause_s


@pytest.mark.parametrize("error", ["EService:Unavailable", "EService:Busy", "EQuery:Unknown asset pair", "odd\x1b"])
async def test_other_errors_are_refusals(error: str) -> None:
    async with answering({"Ticker": json.dumps({"error": [error]}).encode()}) as source:
        with pytest.raises(RejectedError) as caught:
            await source.tickers()
        assert source.next_slot_s() == 0
    assert error.replace("\x1b", "·") in caught.value.message
    assert ("maintenance" in caught.value.message) == error.startswith("EService")


async def test_a_web_page_is_called_one() -> None:
    async with answering({"Ticker": b" <!DOCTYPE html><title>Sign in</title>"}) as source:
        with pytest.raises(MalformedDataError, match="Kraken answered with a web page instead of data"):
            await source.tickers()


async def test_a_warning_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        batch = await quoted(envelope({"XBTUSD": ROW}, "WGeneral:Soon\x1b"))
    assert batch.tickers == (seen(),)
    assert "WGeneral:Soon·" in caplog.text


def candle_row(seconds: object, close: object = "5", volume: object = "2") -> list[object]:
    return [seconds, "1", "9", "0.5", close, "4", volume, 3]


T = 1_700_000_040


async def test_candles_are_sorted_single_and_closed() -> None:
    rows = [candle_row(T + 60), candle_row(T), candle_row(T + 60, "6"), candle_row(T + 120, "7")]
    batch = await charted(rows, last=T + 60, key="XBTUSD")
    assert batch == CandleBatch(1, (Candle(T * 1000, 5.0, 2.0, 3), Candle((T + 60) * 1000, 6.0, 2.0, 3)))


async def test_without_last_the_newest_candle_is_open() -> None:
    assert [one.start_ms for one in (await charted([candle_row(T), candle_row(T + 60)])).candles] == [T * 1000]
    assert (await charted([], last="soon")).candles == ()


async def test_malformed_candles_are_named_by_their_start() -> None:
    rows = [
        candle_row(T),
        candle_row(T + 60, "0"),
        candle_row(T + 120, "NaN"),
        candle_row(T + 180, volume="-1"),
        candle_row(T + 240)[:5],
        candle_row(T + 301),
        candle_row("soon"),
        candle_row(-60),
        [],
        {},
        candle_row(T + 300),
    ]
    batch = await charted(rows, last=T + 300)
    assert [one.start_ms for one in batch.candles] == [T * 1000, (T + 300) * 1000]
    starts = [(T + seconds) * 1000 for seconds in (60, 120, 180, 240)]
    assert batch.malformed == (*starts, 0, 0, 0, 0, 0)


async def test_times_must_fit_the_step() -> None:
    start = T - T % 300
    batch = await charted([candle_row(start), candle_row(start + 60)], last=start + 60, step_minutes=5)
    assert ([one.start_ms for one in batch.candles], batch.malformed) == ([start * 1000], (0,))


async def test_a_candle_that_holds_the_present_of_the_exchange_is_open() -> None:
    clock = FakeClock((T + 90 + 3600) * 1000)
    rows = [candle_row(T), candle_row(T + 60)]
    bodies = {"Time": envelope({"unixtime": T + 90}), "OHLC": envelope({"XXBTZUSD": rows, "last": T + 60})}
    async with answering(bodies, clock) as source:
        assert len((await source.candles(BTC, 1)).candles) == 2
        assert (await source.server_time()).offset_ms == 500 - 3_600_000
        assert [one.start_ms for one in (await source.candles(BTC, 1)).candles] == [T * 1000]


@pytest.mark.parametrize("result", [{}, {"last": 1}, [], {"X": 5, "last": 1}, None])
async def test_no_candles_at_all(result: object) -> None:
    async with answering({"OHLC": envelope(result)}) as source:
        with pytest.raises(MalformedDataError):
            await source.candles(BTC, 1)


@pytest.mark.parametrize("result", [{}, {"unixtime": "now"}, {"unixtime": 0}, {"unixtime": 10**15}, None])
async def test_no_time(result: object) -> None:
    async with answering({"Time": envelope(result)}) as source:
        with pytest.raises(MalformedDataError):
            await source.server_time()


async def test_what_is_asked_for() -> None:
    asked: list[httpx.URL] = []
    bodies = {
        "AssetPairs": envelope(PAIRS),
        "Ticker": envelope({"XBTUSD": ROW}),
        "OHLC": envelope({"XXBTZUSD": []}),
        "Time": envelope({"unixtime": 5}),
    }
    async with answering(bodies, FakeClock(123), asked) as source:
        await source.instruments()
        assert (await source.tickers()).sent_ms == 123
        await source.candles(BTC, 5)
        await source.server_time()
    paths = ["AssetPairs", "Ticker", "OHLC?pair=XXBTZUSD&interval=5", "Time"]
    assert [str(url) for url in asked] == [f"http://kraken.test/0/public/{path}" for path in paths]

"""The fake exchange keeps its word: one market behind every endpoint, and faults that do what they say."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.fake_kraken import ExchangeClock, FakeKraken, FakeKrakenThread
from tests.support.fake_kraken_faults import DATA_PATHS, NAMES
from tests.support.recorded import recorded

START_MS = 1_790_000_057_000
"""57 seconds into a minute."""
MINUTE_MS = 60_000


@pytest.fixture
def clock() -> ExchangeClock:
    return ExchangeClock(start_ms=START_MS, rate=0)


@pytest.fixture
async def exchange(clock: ExchangeClock) -> AsyncIterator[FakeKraken]:
    async with FakeKraken(seed=3, pairs=60, now_ms=clock) as server:
        yield server


@pytest.fixture
async def client(exchange: FakeKraken) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=exchange.url, timeout=5, trust_env=False) as opened:
        yield opened


async def get(client: httpx.AsyncClient, path: str, **query: object) -> Any:
    parameters = {name: str(value) for name, value in query.items()}
    response = await client.get(f"/0/public/{path}", params=parameters)
    assert response.status_code == 200
    answer = response.json()
    assert answer["error"] == []
    return answer["result"]


async def test_last_is_the_close_of_its_minute(client: httpx.AsyncClient, clock: ExchangeClock) -> None:
    lasts: dict[int, dict[str, float]] = {}
    first = START_MS // MINUTE_MS
    for minute in range(first, first + 12):
        clock.set((minute + 1) * MINUTE_MS - 1)
        lasts[minute] = {key: float(row["c"][0]) for key, row in (await get(client, "Ticker")).items()}
    for key in list(lasts[first])[:40]:
        if key.endswith(":BTNL") or not lasts[first][key]:
            continue
        rows = (await get(client, "OHLC", pair=key, interval=1))[key]
        closes = {row[0] // 60: float(row[4]) for row in rows}
        assert {minute: closes[minute] for minute in lasts} == {minute: lasts[minute][key] for minute in lasts}
        for row in (await get(client, "OHLC", pair=key, interval=5))[key][:-1]:
            end = row[0] // 60 + 4
            assert end not in closes or float(row[4]) == closes[end]


async def test_candles_of_five_minutes_sum_up_those_of_one(client: httpx.AsyncClient) -> None:
    ones = (await get(client, "OHLC", pair="XDGUSD", interval=1))["XXDGZUSD"]
    fives = (await get(client, "OHLC", pair="XDGUSD", interval=5))["XXDGZUSD"]
    by_minute = {row[0] // 60: row for row in ones[:-1]}
    for start, opening, high, low, close, _, volume, trades in fives[-100:-1]:
        minutes = [by_minute[start // 60 + step] for step in range(5)]
        busy = [row for row in minutes if row[7]] or minutes[-1:]
        assert (opening, close) == (busy[0][1], busy[-1][4])
        assert (float(high), float(low)) == (max(float(r[2]) for r in busy), min(float(r[3]) for r in busy))
        assert float(volume) == pytest.approx(sum(float(row[6]) for row in minutes), abs=1e-7)
        assert trades == sum(row[7] for row in minutes)


async def test_candles_are_shaped_as_recorded(client: httpx.AsyncClient) -> None:
    result = await get(client, "OHLC", pair="BTC/GBP")
    rows = result["XXBTZGBP"]
    steps = {after[0] - before[0] for before, after in pairwise(rows)}
    assert (len(rows), steps) == (720, {60})
    assert rows[-1][0] * 1000 <= START_MS < rows[-1][0] * 1000 + MINUTE_MS
    assert result["last"] == rows[-2][0]
    assert [type(field) for field in rows[0]] == [int, str, str, str, str, str, str, int]
    quiet = [row for row in rows if row[7] == 0]
    assert quiet
    assert all(len(set(row[1:5])) == 1 and row[5:7] == ["0.0", "0.00000000"] for row in quiet)
    later = await get(client, "OHLC", pair="BTC/GBP", since=rows[-4][0])
    assert [row[0] for row in later["XXBTZGBP"]] == [row[0] for row in rows[-3:]]


async def test_ticker_has_the_shape_of_a_recorded_one(client: httpx.AsyncClient) -> None:
    recording = json.loads(recorded("kraken/Ticker_XBTUSDT_20251111.json").read_text())["result"]["XBTUSDT"]
    row = (await get(client, "Ticker", pair="XBTUSDT"))["XBTUSDT"]

    def shape(value: object) -> object:
        if isinstance(value, dict):
            return {key: shape(inner) for key, inner in value.items()}
        return [shape(inner) for inner in value] if isinstance(value, list) else type(value)

    assert shape(row) == shape(recording)
    assert list(row) == list(recording)


async def test_listing_has_the_traps(client: httpx.AsyncClient, exchange: FakeKraken) -> None:
    pairs, tickers = await get(client, "AssetPairs"), await get(client, "Ticker")
    dark = {key for key in pairs if key.endswith(".d")}
    assert dark
    assert all("wsname" not in pairs[key] for key in dark)
    assert {key for key in tickers if key not in pairs} == {key for key in tickers if key.endswith(":BTNL")} != set()
    assert pairs.keys() - tickers.keys() == dark
    assert pairs["XXBTZUSD"]["altname"] == "XBTUSD"
    assert pairs["XXBTZUSD"]["wsname"] == "XBT/USD"
    assert {"cancel_only", "maintenance", "online", None} <= {entry.get("status") for entry in pairs.values()}
    silent = [key for key, row in tickers.items() if float(row["c"][0]) == 0]
    assert silent
    assert all(tickers[key]["t"] == [0, 0] and set(tickers[key]["o"]) == {"0", "."} for key in silent)
    assert all(float(row["a"][0]) > float(row["b"][0]) for key, row in tickers.items() if key not in silent)
    assert len(exchange.listings) == 60


async def test_modern_keys(clock: ExchangeClock) -> None:
    async with (
        FakeKraken(pairs=5, modern_keys=True, now_ms=clock) as exchange,
        httpx.AsyncClient(base_url=exchange.url, trust_env=False) as client,
    ):
        assert {"BTC/USD", "DOGE/USD", "BTC/USD:BTNL"} <= (await get(client, "Ticker")).keys()


async def test_same_seed_same_bytes(clock: ExchangeClock) -> None:
    bodies = []
    for seed in (1, 1, 2):
        async with (
            FakeKraken(seed=seed, pairs=30, now_ms=clock) as exchange,
            httpx.AsyncClient(base_url=exchange.url, trust_env=False) as client,
        ):
            bodies.append((await client.get("/0/public/Ticker")).content)
    assert bodies[0] == bodies[1] != bodies[2]


async def test_unknown_pair_and_bad_arguments(client: httpx.AsyncClient) -> None:
    answers = [
        (await client.get(f"/0/public/{query}")).json()
        for query in ("Ticker?pair=XBTUSD,NOPE", "OHLC?pair=NOPE", "OHLC?pair=XBTUSD&interval=7", "Nothing")
    ]
    assert answers == [
        {"error": ["EQuery:Unknown asset pair"]},
        {"error": ["EQuery:Unknown asset pair"]},
        {"error": ["EGeneral:Invalid arguments"]},
        {"error": ["EGeneral:Unknown method"]},
    ]


async def test_connections_and_requests_are_counted(client: httpx.AsyncClient, exchange: FakeKraken) -> None:
    for _ in range(3):
        await get(client, "Time")
    async with httpx.AsyncClient(base_url=exchange.url, trust_env=False) as other:
        stats = (await other.get("/control/stats")).json()
        await get(other, "Time")
    assert stats == {"requests": 3, "connections": 1, "faults": {}}
    assert [request.connection for request in exchange.requests] == [1, 1, 1, 2]
    assert exchange.paths() == ["Time"] * 4
    assert exchange.most_requests_in(60) == 4


async def test_compressed_only_when_asked(client: httpx.AsyncClient) -> None:
    packed = await client.get("/0/public/Ticker")
    plain = await client.get("/0/public/Ticker", headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) == len(plain.content)


async def test_time_follows_its_clock(client: httpx.AsyncClient, clock: ExchangeClock) -> None:
    clock.advance(3_600_000)
    assert (await get(client, "Time"))["unixtime"] == START_MS // 1000 + 3_600


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"huge", "gzip_bomb", "drip", "slow", "hang"}))
async def test_every_fault_hits_once_and_changes_the_answer(
    name: str, client: httpx.AsyncClient, exchange: FakeKraken
) -> None:
    path = DATA_PATHS.get(name, ("Ticker",))[0]
    good = (await client.get(f"/0/public/{path}")).content
    exchange.faults.set(name, count=1)
    try:
        spoiled: object = (await client.get(f"/0/public/{path}")).content
    except httpx.TransportError as error:
        spoiled = error
    assert spoiled != good
    assert (await client.get(f"/0/public/{path}")).content == good
    assert [request.faults for request in exchange.requests] == [(), (name,), ()]


async def test_hang_and_drip_give_no_whole_answer(client: httpx.AsyncClient, exchange: FakeKraken) -> None:
    for name in ("hang", "drip"):
        exchange.faults.set(name, count=1, path="Time")
        with pytest.raises(httpx.ReadTimeout):
            await client.get("/0/public/Time", timeout=0.05)


async def test_endless_answers_exceed_any_bound(client: httpx.AsyncClient, exchange: FakeKraken) -> None:
    for name in ("huge", "gzip_bomb"):
        exchange.faults.set(name, count=1)
        async with client.stream("GET", "/0/public/Ticker") as response:
            read = 0
            async for chunk in response.aiter_bytes():
                read += len(chunk)
                if read > 20_000_000:
                    break
        assert read > 20_000_000


async def test_reset_idle_spares_fresh_connections(exchange: FakeKraken) -> None:
    exchange.faults.set("reset_idle", count=1)
    async with httpx.AsyncClient(base_url=exchange.url, trust_env=False) as client:
        await get(client, "Time")
        with pytest.raises(httpx.TransportError):
            await client.get("/0/public/Time")
        await get(client, "Time")
    assert exchange.connections == 2


async def test_redirect_within_the_host_leads_to_the_answer(client: httpx.AsyncClient, exchange: FakeKraken) -> None:
    exchange.faults.set("redirect_same_host")
    response = await client.get("/0/public/Ticker?pair=XBTUSD", follow_redirects=True)
    assert "XXBTZUSD" in response.json()["result"]
    exchange.faults.clear()
    exchange.faults.set("redirect_other_host")
    response = await client.get("/0/public/Ticker")
    assert response.headers["Location"].startswith("http://exchange.invalid/")


async def test_rate_limit_says_how_long(client: httpx.AsyncClient, exchange: FakeKraken) -> None:
    exchange.faults.set("rate_limited", value=7)
    response = await client.get("/0/public/Time")
    assert (response.status_code, response.headers["Retry-After"]) == (429, "7")


async def test_pairs_come_and_go(client: httpx.AsyncClient, exchange: FakeKraken) -> None:
    exchange.faults.set("missing_pairs", pairs=("SOLUSD",))
    exchange.faults.set("new_pairs")
    tickers, pairs = await get(client, "Ticker"), await get(client, "AssetPairs")
    assert "SOLUSD" not in tickers
    assert "SOLUSD" in pairs
    assert "NEWONEUSD" in tickers
    assert "NEWONEUSD" in pairs
    exchange.faults.clear()
    exchange.faults.set("cancel_only", pairs=("SOLUSD",))
    assert (await get(client, "AssetPairs"))["SOLUSD"]["status"] == "cancel_only"


async def test_away_and_back_on_the_same_port(client: httpx.AsyncClient, exchange: FakeKraken) -> None:
    await get(client, "Time")
    url = exchange.url
    await exchange.stop()
    with pytest.raises(httpx.ConnectError):
        await client.get("/0/public/Time")
    await exchange.start()
    assert exchange.url == url
    await get(client, "Time")


async def test_serves_as_a_proxy(exchange: FakeKraken) -> None:
    async with httpx.AsyncClient(proxy=exchange.url, trust_env=False) as client:
        response = await client.get("http://api.kraken.invalid/0/public/Time")
    assert response.json()["error"] == []
    assert exchange.requests[0].target == "http://api.kraken.invalid/0/public/Time"


async def test_many_at_once(client: httpx.AsyncClient, exchange: FakeKraken) -> None:
    await asyncio.gather(*(get(client, "OHLC", pair=listing.id) for listing in exchange.listings[:20]))
    assert len(exchange.requests) == 20


@pytest.fixture
def threaded() -> Iterator[FakeKrakenThread]:
    with FakeKrakenThread(pairs=5) as exchange:
        yield exchange


def test_in_a_thread(threaded: FakeKrakenThread) -> None:
    with httpx.Client(base_url=threaded.url, trust_env=False) as client:
        assert client.get("/0/public/Time").status_code == 200
        threaded.faults.set("http_503", count=1)
        assert client.get("/0/public/Time").status_code == 503
        threaded.stop_listening()
        with pytest.raises(httpx.TransportError):
            client.get("/0/public/Time")
        threaded.start_listening()
        assert client.get("/0/public/Time").status_code == 200
    assert threaded.paths() == ["Time"] * 3


def test_from_the_command_line() -> None:
    command = [sys.executable, "-m", "tests.support.fake_kraken", "--pairs", "5", "--fault", "http_500@Time:1"]
    root = Path(__file__).parents[2]
    with subprocess.Popen([*command, "--duration", "30"], stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with httpx.Client(base_url=url, trust_env=False) as client:
            assert client.get("/0/public/Time").status_code == 500
            assert client.get("/0/public/Time").status_code == 200
            assert client.post("/control/fault?name=html&count=1").json() == {"active": ["html"]}
            assert client.post("/control/fault?name=nonsense").status_code == 400
            assert client.post("/control/clear").json() == {"active": []}
            assert client.get("/control/stats").json()["requests"] == 2
        process.terminate()
        assert process.wait(timeout=10) == 0

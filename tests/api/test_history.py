"""What lies before the window, and over other windows: over the line as it is on the disk of the server."""

import asyncio
import math
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.feed.test_remote import Proxy, no_wait
from tests.support.clock import FakeClock
from tests.support.source import MINUTE, FakeSource
from tests.unit.engine.test_archive import collecting
from tests.unit.engine.test_engine import START, latest
from tests.unit.engine.test_hours import BTC, bring, price_at
from tui_tracker.api.server import ServeOptions, serving
from tui_tracker.core.errors import FeedError, UnknownPairError
from tui_tracker.core.figures import Measure
from tui_tracker.core.hours import HOUR_MS
from tui_tracker.core.kept import Loaded
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import SourceState
from tui_tracker.engine.engine import Engine
from tui_tracker.feed.local import LocalFeed
from tui_tracker.feed.remote import RemoteFeed
from tui_tracker.stats.ranking import rank

NOW = START // MINUTE
DAYS = 3
WEEK = 7 * 1440


@dataclass
class Served:
    engine: Engine
    clock: FakeClock
    url: str
    http: httpx.AsyncClient

    async def get(self, path: str, **parameters: object) -> dict[str, object]:
        answer = await self.http.get(f"/app/v1/{path}", params=parameters)  # type: ignore[arg-type]
        assert answer.status_code == 200, answer.text
        document: dict[str, object] = answer.json()
        return document


def bits(loaded: Loaded) -> object:
    """Minutes, to be compared: NaN equals nothing."""
    return {
        (name, metric): (one.values.tobytes(), one.provenance)
        for name, series in loaded.items()
        for metric, one in series.items()
    }


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Served]:
    """A server over three days of a history, of which the last is in the window."""
    clock = FakeClock(START)
    bring(folder, NOW - DAYS * 1440, NOW - 400, Metric.PRICE)
    source = FakeSource(clock)
    source.price = lambda _, minute: price_at(minute)
    async with collecting(folder, source, clock) as engine:
        await clock.advance(120)
        feed = LocalFeed(engine)
        async with (
            serving(feed, clock, ServeOptions(port=0, min_frame_s=0.0), feed) as server,
            httpx.AsyncClient(base_url=server.url, trust_env=False) as http,
        ):
            yield Served(engine, clock, server.url, http)


async def test_history_and_candles_reach_as_far_as_the_store(tmp_path: Path) -> None:
    async with served(tmp_path) as one:
        since = (NOW - DAYS * 1440 - 100) * MINUTE
        told = await one.get("pairs/btcusd/history", **{"from": since, "every": "1m"})
        end = (latest(one.engine).end_ms or 0) // MINUTE
        known = {at: value for at, value in told["points"] if value is not None}  # type: ignore[attr-defined]
        assert known == {minute * MINUTE: price_at(minute) for minute in range(NOW - DAYS * 1440, end + 1)}
        assert told["points"][0] == [since, None]  # type: ignore[index]
        assert told["missing"] is None
        hours = await one.get("pairs/btcusd/history", **{"from": since, "every": "2h"})
        for at, value in hours["points"]:  # type: ignore[attr-defined]
            inside = [price_at(m) for m in range(at // MINUTE, at // MINUTE + 120) if m * MINUTE in known]
            assert value == (inside[-1] if inside else None)
        for every, step in (("15m", 15), ("1h", 60), ("12h", 720)):
            to = (NOW - 1440) * MINUTE
            candles = await one.get("pairs/btcusd/candles", **{"from": since, "to": to, "every": every})
            found = candles["candles"]
            assert len(found) >= (DAYS - 1) * 1440 // step  # type: ignore[arg-type]
            for each in found[1:-1]:  # type: ignore[index]
                first = each["start_ms"] // MINUTE
                values = [price_at(minute) for minute in range(first, first + step)]
                expected = (values[0], max(values), min(values), values[-1])
                assert (each["open"], each["high"], each["low"], each["close"]) == expected
        lines = (await one.http.get("/app/v1/pairs/btcusd/history", params={"from": str(since), "format": "csv"})).text
        assert len(lines.splitlines()) == DAYS * 1440 + 100 + end - NOW + 2


@pytest.mark.parametrize(("every", "said"), [("1m", "35 days"), ("1h", "366 days")])
async def test_more_than_is_bounded_is_refused(tmp_path: Path, every: str, said: str) -> None:
    async with served(tmp_path) as one:
        answer = await one.http.get(
            "/app/v1/pairs/btcusd/history", params={"from": "2020-01-01T00:00Z", "every": every}
        )
        assert (answer.status_code, said in answer.text) == (422, True)


async def test_the_ranking_of_another_window_is_that_of_the_engine(tmp_path: Path) -> None:
    async with served(tmp_path) as one:
        for window, minutes in (("6h", 360), ("7d", WEEK)):
            for _ in range(2):
                told = await one.get("ranking", window=window, by="cv")
                snapshot = await one.engine.over(minutes, Metric.PRICE)
                ranking = rank(snapshot, Metric.PRICE, Measure.CV, min_coverage=0.9)
                assert told["window_s"] == minutes * 60
                assert [(each["id"], each["rank"], each["value"]) for each in told["pairs"]] == [  # type: ignore[attr-defined]
                    (place.row.id, place.rank, place.value) for place in ranking.places
                ]
                assert ranking.ranked
                await one.clock.advance(60)
        statistic = await one.get("statistic", pair="btc/usd", window="7d")
        place = rank(await one.engine.over(WEEK, Metric.PRICE), Metric.PRICE, Measure.STDDEV, min_coverage=0.9).place(
            BTC
        )
        assert place is not None
        assert statistic["value"] == place.value
        assert (await one.get("ranking"))["window_s"] == 86_400
        for window in ("9m", "31d", "x", "-1h"):
            assert (await one.http.get("/app/v1/ranking", params={"window": window})).status_code == 422


async def until(feed: RemoteFeed, minutes: int, version: int = 0) -> Snapshot:
    """The first live snapshot over a window, of a version or a later one."""
    async with asyncio.timeout(10):
        async for snapshot in feed.updates():
            is_live = snapshot.rows and snapshot.status.state is SourceState.LIVE
            if is_live and snapshot.window_minutes == minutes and snapshot.version >= version:
                return snapshot
    raise AssertionError("the feed ended")


async def test_a_client_has_weeks_of_hours_and_asks_for_them_once(tmp_path: Path) -> None:
    async with served(tmp_path) as one, RemoteFeed(one.url).running() as feed:
        await until(feed, 1440)
        here = await one.engine.hours(BTC, Metric.PRICE, 168)
        for _ in range(2):
            there = await feed.hours(BTC, Metric.PRICE, 168)
            assert (there.start_ms, there.missing) == (here.start_ms, "")
            assert there.closes.tobytes() == here.closes.tobytes()
            assert there.highs.tobytes() == here.highs.tobytes()
        assert feed._questions._number == 1
        with pytest.raises(UnknownPairError):
            await feed.hours("fake:NO-NO", Metric.PRICE, 168)


async def test_a_client_has_any_window_and_keeps_it_over_a_broken_line(tmp_path: Path) -> None:
    async with served(tmp_path) as one:
        proxy = Proxy(int(one.url.rpartition(":")[2]))
        async with proxy.running() as url, RemoteFeed(url, sleep=no_wait).running() as feed:
            await until(feed, 1440)
            for minutes in (360, WEEK, 1440, WEEK):
                await feed.set_window(minutes, Metric.PRICE)
                there, here = await until(feed, minutes), await one.engine.over(minutes, Metric.PRICE)
                assert (there.rows, there.known_minutes) == (here.rows, here.known_minutes)
            proxy.cut()
            await one.clock.advance(60)
            version = latest(one.engine).version
            there = await until(feed, WEEK, version)
            assert there.rows == (await one.engine.over(WEEK, Metric.PRICE)).rows
            assert proxy.opened == 2
            with pytest.raises(FeedError, match="10 minutes to 30 days"):
                await feed.set_window(5, Metric.PRICE)
            await one.clock.advance(60)
            assert (await until(feed, WEEK, version + 1)).rows == (await one.engine.over(WEEK, Metric.PRICE)).rows
        early = RemoteFeed(one.url)
        await early.set_window(360, Metric.SPREAD)
        async with early.running():
            assert (await until(early, 360)).rows == (await one.engine.over(360, Metric.PRICE)).rows
        async with RemoteFeed(one.url, once=True, window=360).running() as once:
            assert (await until(once, 360)).rows == (await one.engine.over(360, Metric.PRICE)).rows


async def test_minutes_and_sums_over_the_line_are_those_on_disk(tmp_path: Path) -> None:
    async with served(tmp_path) as one, RemoteFeed(one.url).running() as feed:
        await until(feed, 1440)
        kept = await feed.history.kept()
        assert kept == await one.engine.kept()
        first_ms = (NOW - DAYS * 1440) * MINUTE
        for ids in (None, [BTC], ["fake:NO-NO"]):
            there = await feed.history.minutes(ids, (Metric.PRICE, Metric.FLOW), first_ms, 1440)
            assert bits(there) == bits(await one.engine.minutes(ids, (Metric.PRICE, Metric.FLOW), first_ms, 1440))
        values = (await feed.history.minutes([BTC], [Metric.PRICE], first_ms, 60))[BTC][Metric.PRICE].values
        assert values == array("d", [price_at(minute) for minute in range(NOW - DAYS * 1440, NOW - DAYS * 1440 + 60)])
        sums = await feed.history.rollups([BTC], first_ms, first_ms + 50 * HOUR_MS)
        assert sums == await one.engine.rollups([BTC], first_ms, first_ms + 50 * HOUR_MS)
        assert len(sums[BTC]) >= 49
        for work in (
            feed.history.minutes(None, [Metric.PRICE], 0, 1441),
            feed.history.minutes(["x"] * 20_000, [Metric.PRICE], 0, 1440),
            feed.history.minutes(None, [], 0, 1),
            feed.history.rollups(None, 0, 10**15),
        ):
            with pytest.raises(FeedError):
                await work
        assert math.isfinite((await feed.hours(BTC, Metric.PRICE, 24)).closes[-1])

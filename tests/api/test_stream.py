"""The stream over real sockets: whole at once, then what changes; nothing doubled, nothing missing, nobody slowed."""

import asyncio
import json
import math
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.api.conftest import Serve, Served
from tests.api.stream_client import DEADLINE_S, Client, client
from tests.support.feed import END_MS, FakeFeed, make_pairs
from tui_tracker.api import server
from tui_tracker.api.security import Limits
from tui_tracker.core.figures import Measure
from tui_tracker.core.instrument import InstrumentClass
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.feed import messages
from tui_tracker.feed.wire import Encoding
from tui_tracker.stats.ranking import Scope, rank

BTC = "kraken:BTC-USD"
ETH = "kraken:ETH-USD"
HANDSHAKE = (
    "GET /app/v1/stream HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


def window(served: Served, place: int = 0) -> dict[int, float | None]:
    """The samples that the feed has of a pair."""
    start = END_MS - 1439 * MINUTE_MS
    values = served.feed.pairs[place].values
    return {start + n * MINUTE_MS: None if math.isnan(value) else value for n, value in enumerate(values)}


async def publish(served: Served) -> None:
    """Give a new version, whose rows are as they were, and wait until streams have it: fast."""
    feed, seq = served.feed, served.server.streams.seq
    feed.publish(replace(feed.current, version=feed.current.version + 1))
    await eventually(lambda: served.server.streams.seq > seq)


async def eventually(fits: Callable[[], bool]) -> None:
    """Wait, bounded, until something holds."""
    async with asyncio.timeout(DEADLINE_S):
        while not fits():  # noqa: ASYNC110 - what is waited for lies in the server
            await asyncio.sleep(0)


async def test_hello_then_the_last_day_at_once_then_what_changes(served: Served) -> None:
    async with client(served.stream_url) as one:
        assert one.hello["protocol"] == 1
        assert one.hello["source"] == "kraken"
        await one.send(subscribe=["btc/usd", ETH], metrics=["price"])
        events = await one.frame()
        assert [event["type"] for event in events] == ["series", "statistics"] * 2
        assert one.series[BTC, "price"] == window(served)
        served.feed.pairs[0].values[-1] += 5.0
        served.feed.publish()
        changed = await one.until("samples")
        assert changed["samples"] == [[END_MS, served.feed.pairs[0].values[-1]]]
        assert one.series[BTC, "price"] == window(served)
        assert not [event for event in one.frames[-1]["events"] if event["type"] == "samples" and event["id"] == ETH]


async def test_statistics_and_ranks_are_those_of_the_engine(served: Served) -> None:
    async with client(served.stream_url) as one:
        await one.send(subscribe=[ETH])
        told = await one.until("statistics")
        row = served.feed.pairs[1].row()
        figures = row.figures_of(Metric.PRICE)
        assert figures is not None
        assert (told["stddev"], told["cv"], told["coverage"]) == (figures.stddev, figures.cv, figures.coverage)
        for measure in Measure:
            ranking = rank(served.feed.current, Metric.PRICE, measure, Scope())
            place = ranking.place(ETH)
            assert place is not None
            assert told["ranks"][measure] == (place.rank and f"{place.rank}/{ranking.ranked}")


async def test_a_ranking_is_followed_and_left(served: Served) -> None:
    async with client(served.stream_url) as one:
        await one.send(ranking={"by": "cv", "quote": "USD", "limit": 3})
        told = await one.until("ranking")
        expected = rank(served.feed.current, Metric.PRICE, Measure.CV, Scope(quote="USD"))
        assert told["ranked"] == expected.ranked
        assert [(place["id"], place["rank"], place["value"]) for place in told["places"]] == [
            (place.row.id, place.rank, place.value) for place in expected.places[:3]
        ]
        await one.send(ranking=False)
        served.feed.pairs[0].values[-1] *= 3
        served.feed.publish()
        await one.send(ping=7)
        assert (await one.until("pong"))["ping"] == 7
        assert not [event for frame in one.frames[2:] for event in frame["events"] if event["type"] == "ranking"]


async def test_unsubscribed_is_told_no_more(served: Served) -> None:
    async with client(served.stream_url) as one:
        await one.send(subscribe=[BTC, ETH])
        await one.until("series")
        await one.send(unsubscribe=[BTC])
        await one.send(ping=1)
        await one.until("pong")
        served.feed.pairs[0].values[-1] += 1
        served.feed.pairs[1].values[-1] += 1
        served.feed.publish()
        assert (await one.until("samples"))["id"] == ETH


async def test_a_client_that_comes_back_gets_what_it_missed_and_no_more(served: Served) -> None:
    async with client(served.stream_url) as one:
        await one.send(subscribe=[BTC], statistics=False)
        await one.until("series")
        epoch, seq, series = one.hello["epoch"], one.seq, one.series
    for step in range(3):
        served.feed.pairs[0].values[-1 - step] += 1.0
        await publish(served)
    async with client(served.stream_url) as again:
        again.series = series
        await again.send(resume={"epoch": epoch, "seq": seq}, subscribe=[BTC], statistics=False)
        events = await again.frame()
        assert [event["type"] for event in events] == ["samples"] * 3
        assert [event["samples"][0][0] for event in events] == [END_MS - n * MINUTE_MS for n in range(3)]
        assert again.series[BTC, "price"] == window(served)
        await again.send(ping=1)
        assert [event["type"] for event in await again.frame()] == ["pong"]


@pytest.mark.parametrize("resume", [{"epoch": "other", "seq": 10**9}, {"epoch": "", "seq": -5}])
async def test_who_comes_back_to_another_server_gets_the_whole(served: Served, resume: dict[str, object]) -> None:
    async with client(served.stream_url) as one:
        await one.send(resume=resume, subscribe=[BTC], statistics=False)
        assert [event["type"] for event in await one.frame()] == ["series"]
        assert one.series[BTC, "price"] == window(served)


async def test_a_window_that_slides_is_followed(served: Served) -> None:
    async with client(served.stream_url) as one:
        await one.send(subscribe=[BTC], statistics=False)
        await one.until("series")
        for place in (0, 5):
            values = served.feed.pairs[place].values
            values[:] = [*values[7:], *(values[n] + 1 for n in range(7))]
        served.feed.slid = 7
        served.feed.publish()
        told = await one.until("samples")
        assert (told["length"], len(told["samples"])) == (1440, 7)
        expected = {minute + 7 * MINUTE_MS: value for minute, value in window(served).items()}
        assert one.series[BTC, "price"] == expected


async def test_history_that_was_loaded_replaces_the_whole(served: Served) -> None:
    async with client(served.stream_url) as one:
        await one.send(subscribe=["kraken:ZEC-USD"], statistics=False)
        await one.until("series")
        pair = served.feed.pairs[14]
        pair.values[:] = [float(n) for n in range(1, 1441)]
        served.feed.publish()
        await one.until("series", lambda event: event["id"] == pair.id)
        assert one.series[pair.id, "price"] == window(served, 14)


async def test_one_encoding_serves_all(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[messages.Event] = []
    codec = served.server.streams.codecs[Encoding.JSON]
    encode = codec.event

    def noted(event: messages.Event) -> bytes:
        made.append(event)
        return encode(event)

    monkeypatch.setattr(codec, "event", noted)
    async with asyncio.TaskGroup() as group, client(served.stream_url) as last:
        ready = asyncio.Barrier(9)

        async def follow() -> None:
            async with client(served.stream_url) as one:
                await one.send(subscribe=[BTC], statistics=False)
                await one.until("series")
                await ready.wait()
                await one.until("samples")

        for _ in range(8):
            group.create_task(follow())
        await ready.wait()
        before = len(made)
        served.feed.pairs[0].values[-1] += 1
        served.feed.publish()
        await last.send(subscribe=[BTC], statistics=False)
        await last.until("series")
    assert len([event for event in made[before:] if isinstance(event, messages.Samples)]) == 1


async def test_at_most_one_frame_in_so_long_carries_all_that_changed(serve: Serve) -> None:
    async with serve(min_frame_s=0.2) as served, client(served.stream_url) as one:
        await one.send(subscribe=[BTC, ETH], ranking={})
        await one.until("series")
        start = asyncio.get_running_loop().time()
        for _ in range(10):
            for pair in served.feed.pairs[:2]:
                pair.values[-1] += 1.0
            await publish(served)
        published = asyncio.get_running_loop().time() - start
        await eventually(lambda: True)
        await one.until("samples")
        while one.seq < served.server.streams.seq:
            await one.frame()
        elapsed = asyncio.get_running_loop().time() - start
        assert published <= elapsed
        assert len(one.frames) - 2 <= elapsed / 0.2 + 1
        assert one.series[BTC, "price"] == window(served)


async def test_a_client_that_never_reads_slows_nobody_and_is_closed(serve: Serve) -> None:
    limits = Limits(stall_s=0.5)
    async with serve(FakeFeed(make_pairs(count=240)), limits=limits) as served:
        stuck = await connect(served.stream_url, proxy=None, max_queue=1)
        raw: socket.socket = stuck.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await stuck.send(json.dumps({"rows": True}))
        stuck.transport.pause_reading()
        async with client(served.stream_url) as quick:
            await quick.send(subscribe=[BTC], statistics=False)
            await quick.until("series")
            assert served.server.streams.count == 2
            async with asyncio.timeout(30):
                while served.server.streams.count > 1:
                    served.feed.pairs[0].values[-1] += 1.0
                    served.feed.current = replace(
                        served.feed.current, rows=tuple(row._replace() for row in served.feed.current.rows)
                    )
                    await publish(served)
                    await quick.until("samples")
            assert quick.series[BTC, "price"] == window(served)
        stuck.transport.abort()
        await stuck.wait_closed()


async def test_a_slow_client_gets_the_newest_state(serve: Serve) -> None:
    async with serve(min_frame_s=0.2) as served, client(served.stream_url) as slow:
        await slow.send(subscribe=[BTC], statistics=False)
        await slow.until("series")
        for _ in range(200):
            served.feed.pairs[0].values[-1] += 1.0
            await publish(served)
        while slow.seq < served.server.streams.seq:
            await slow.frame()
        assert len(slow.frames) < 100
        assert slow.series[BTC, "price"] == window(served)


@pytest.mark.parametrize(
    ("command", "title"),
    [
        ({"subscribe": ["nope"]}, "Unknown pair"),
        ({"subscribe": [BTC], "metrics": ["luck"]}, "Unknown metric"),
        ({"ranking": {"by": "luck"}}, "Wrong ranking"),
        ({"ranking": {"limit": 0}}, "Wrong ranking"),
        ({"ranking": {"quote": "XYZ"}}, "Wrong ranking"),
        ({"ranking": {"pairs": ["nope"]}}, "Wrong ranking"),
    ],
)
async def test_what_cannot_be_done_is_told_and_the_stream_goes_on(
    served: Served, command: dict[str, object], title: str
) -> None:
    async with client(served.stream_url) as one:
        await one.send(**command)
        assert (await one.until("trouble"))["title"] == title
        await one.send(ping=3)
        await one.until("pong")


async def closed(url: str, *sent: str | bytes, **options: object) -> tuple[int, str]:
    """Code and reason that a server closes a stream with after these messages."""
    async with connect(url, proxy=None, **options) as socket:  # type: ignore[arg-type]
        with pytest.raises(ConnectionClosed) as caught:  # noqa: PT012
            for each in sent:
                await socket.send(each)
            async with asyncio.timeout(DEADLINE_S):
                while True:
                    await socket.recv()
        close = caught.value.rcvd
        assert close is not None
        return close.code, close.reason


@pytest.mark.parametrize("message", ["", "{", "[]", "nonsense", '{"subscribe": 5}', b"\x00\xff", '{"poll": "yes"}'])
async def test_malformed_messages_end_the_stream(served: Served, message: str | bytes) -> None:
    code, reason = await closed(served.stream_url, message)
    assert code == 1007
    assert reason.startswith("no command")
    assert (await served.http.get("/healthz")).status_code == 200


async def test_oversized_messages_end_the_stream(serve: Serve) -> None:
    async with serve(limits=Limits(message_bytes=1_000)) as served:
        code, _ = await closed(served.stream_url, json.dumps({"subscribe": ["x" * 2_000]}))
        assert code == 1009
        await eventually(lambda: served.server.streams.count == 0)


async def test_an_unknown_encoding_ends_the_stream(served: Served) -> None:
    assert (await closed(served.stream_url + "?encoding=xml"))[0] == 1008


async def test_a_flood_of_commands_is_read_slowly_and_bounds_hold(serve: Serve) -> None:
    async with serve(limits=Limits(subscriptions=3, messages_per_s=1000)) as served:
        async with client(served.stream_url) as one:
            await one.send(subscribe=[pair.id for pair in served.feed.pairs[:20]], statistics=False)
            events = await one.frame()
            assert sum(event["type"] == "series" for event in events) == 3
            assert {event["title"] for event in events if event["type"] == "trouble"} == {"Too many subscriptions"}
            for number in range(200):
                await one.send(ping=number)
            await one.until("pong", lambda event: event["ping"] == 199)
        await eventually(lambda: served.server.streams.count == 0)


async def test_no_more_streams_than_allowed(serve: Serve) -> None:
    async with serve(limits=Limits(streams=2)) as served:
        async with client(served.stream_url), client(served.stream_url):
            assert await closed(served.stream_url) == (1013, "too many streams")
        await eventually(lambda: served.server.streams.count == 0)
        async with client(served.stream_url):
            pass


async def test_half_a_handshake_and_half_open_sockets_hold_up_nobody(served: Served) -> None:
    port = int(served.url.rpartition(":")[2])
    writers = []
    for data in (b"", b"GET /app/v1/stream HTTP/1.1\r\n", b"GET /app/v1/ranking HTTP/1.1\r\nHost: 127"):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        writers.append(writer)
    async with client(served.stream_url) as one:
        one.socket.transport.abort()
    assert (await served.get("ranking")).status_code == 200
    await eventually(lambda: served.server.streams.count == 0)
    for writer in writers:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_client_that_is_gone_unsaid_is_let_go_of(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PING_S", 0.2)
    async with serve() as served:
        port = int(served.url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HANDSHAKE.format(port).encode())
        assert await reader.readexactly(12) == b"HTTP/1.1 101"
        await eventually(lambda: served.server.streams.count == 1)
        async with client(served.stream_url) as alive:
            await eventually(lambda: served.server.streams.count == 1)  # nobody there answers the ping
            await alive.send(ping=1)
            await alive.until("pong")
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_server_that_stops_says_so(serve: Serve) -> None:
    async with serve() as served:
        one = await connect(served.stream_url, proxy=None)
    with pytest.raises(ConnectionClosed) as caught:  # noqa: PT012
        while True:
            await one.recv()
    assert caught.value.rcvd is not None
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1001, "the server stops; try again soon")


async def test_polls_and_priorities_are_passed_on(served: Served) -> None:
    async with client(served.stream_url) as one:
        await one.send(poll=True, prioritise=[ETH, BTC])
        assert (await one.until("polling"))["at_ms"] > END_MS
        assert served.feed.polls == 1
        async with client(served.stream_url) as other:
            await other.send(prioritise=["kraken:SOL-USD", ETH], ping=1)
            await other.until("pong")
    assert served.feed.priorities[:2] == [(ETH, BTC), (ETH, "kraken:SOL-USD", BTC)]


async def test_a_browser_gets_the_subprotocol_it_asks_for(served: Served) -> None:
    async with client(served.stream_url, subprotocols=["crypto-tui.v1"]) as one:
        assert isinstance(one, Client)
        assert one.socket.subprotocol == "crypto-tui.v1"


async def test_a_message_of_many_names_is_bounded_before_they_are_looked_up(serve: Serve) -> None:
    async with serve(limits=Limits(subscriptions=8)) as served, client(served.stream_url) as one:
        await one.send(subscribe=["btc/usd"] * 1_500, metrics=["price"] * 50, statistics=False)
        assert [event["type"] for event in await one.frame()] == ["series"]
        await one.send(subscribe=[f"dog{number}usd" for number in range(1_500)], ping=1)
        told = [event for event in await one.frame() if event["type"] == "trouble"]
        assert told[0]["title"] == "Too many subscriptions"
        assert {event["title"] for event in told[1:]} == {"Unknown pair"}
        assert sum("did you mean" in event["detail"] for event in told) == 2
        await one.send(windows=[[f"zz{number}", "price"] for number in range(1_500)])
        assert (await one.until("trouble"))["title"] == "Too many subscriptions"


async def test_a_ranking_of_many_names_has_each_once_and_a_bound(served: Served) -> None:
    async with client(served.stream_url) as one:
        await one.send(ranking={"pairs": ["btc/usd", "btcusd", "eth/usd"] * 500})
        assert (await one.until("ranking"))["ranked"] == 2
        await one.send(ranking={"pairs": [f"zz{number}" for number in range(1_001)]})
        assert "1 to 1000 pairs" in (await one.until("trouble"))["detail"]


async def test_a_ranking_has_a_window_and_leaves_out_classes(serve: Serve) -> None:
    async with serve(is_deep=True) as served, client(served.stream_url) as one:
        await one.send(ranking={"window": "1h", "exclude": ["stable"], "unique_base": True, "source": "kraken"})
        told = await one.until("ranking")
        assert (60, Metric.PRICE) in served.feed.windows
        assert told["spec"]["window"] == "1h"
        scope = Scope(excluded=frozenset({InstrumentClass.STABLE}), unique_base=True)
        assert told["ranked"] == rank(served.feed.current, Metric.PRICE, Measure.STDDEV, scope).ranked
        asked = len(served.feed.windows)
        served.feed.pairs[0].values[-1] *= 3
        served.feed.publish()
        await one.until("ranking")
        assert len(served.feed.windows) == asked + 1
        await one.send(ranking={"window": "1y"})
        assert "window" in (await one.until("trouble"))["detail"]


async def test_a_window_that_is_not_served_is_told(served: Served) -> None:
    async with client(served.stream_url) as one:
        await one.send(ranking={"window": "1h"})
        assert "1440m" in (await one.until("trouble"))["detail"]


@pytest.mark.parametrize("encoding", list(Encoding))
async def test_fields_that_nobody_knows_are_told_and_left_out(served: Served, encoding: Encoding) -> None:
    codec = served.server.streams.codecs[encoding]
    sent = {"ranking": {"by": "cv", "colour": "red"}, "subscribes": [BTC], "ping": 3}
    data = json.dumps(sent) if encoding is Encoding.JSON else msgspec.msgpack.encode(sent)
    async with connect(f"{served.stream_url}?encoding={encoding}", proxy=None) as line:
        await line.recv()
        await line.send(data)
        frame = codec.read_frame(await line.recv(decode=False))
    trouble = next(event for event in frame.events if isinstance(event, messages.Trouble))
    assert trouble.title == "Unknown field"
    assert "subscribes, ranking.colour" in trouble.detail
    assert any(isinstance(event, messages.RankingWire) for event in frame.events)


async def test_what_is_asked_for_before_the_first_quotes_comes_with_them(serve: Serve) -> None:
    feed = FakeFeed(make_pairs(count=60))
    whole, feed.current = feed.current, replace(feed.current, version=0, at_ms=None, rows=())
    async with serve(feed) as served, client(served.stream_url) as one:
        await one.send(
            subscribe=["btc/usd", "nope"], ranking={"limit": 2}, statistics=False, resume={"epoch": "", "seq": 0}
        )
        assert (await one.until("trouble"))["title"] == "Not yet"
        await one.send(unsubscribe=[ETH], ping=1)
        assert [event["type"] for event in await one.frame()] == ["pong"]
        feed.publish(whole)
        events = await one.frame()
        assert [event["type"] for event in events] == ["trouble", "trouble", "series", "ranking"]
        assert [event["title"] for event in events[:2]] == ["Unknown pair", "Not followed"]
        assert one.series[BTC, "price"] == window(served)


async def test_a_pair_is_left_in_every_metric_and_by_any_of_its_names(served: Served) -> None:
    async with client(served.stream_url) as one:
        await one.send(subscribe=[BTC, ETH], metrics=["price", "mid"])
        await one.until("series")
        await one.send(unsubscribe=["btc/usd"])
        await one.send(unsubscribe=["eth/usd"], metrics=["mid"])
        await one.send(unsubscribe=["nope", BTC], ping=1)
        events = await one.frame()
        while events[-1]["type"] != "pong":
            events += await one.frame()
        assert [event["id"] for event in events if event["type"] == "trouble"] == ["nope", BTC]
        served.feed.pairs[0].values[-1] += 1
        served.feed.pairs[1].values[-1] += 1
        served.feed.publish()
        assert {(event["id"], event["metric"]) for event in await one.frame() if "metric" in event} == {(ETH, "price")}


async def test_windows_without_their_pair_end_one_by_one(served: Served) -> None:
    async with client(served.stream_url) as one:
        await one.send(windows=[[BTC, "price"], [BTC, "mid"]])
        await one.until("series")
        await one.send(unsubscribe=[BTC], ping=1)
        await one.until("pong")
        served.feed.pairs[0].values[-1] += 1
        served.feed.publish()
        assert [event["metric"] for event in await one.frame()] == ["mid"]


async def test_a_client_follows_only_so_many_rankings(served: Served) -> None:
    async with client(served.stream_url) as one:
        most = one.hello["max_rankings"]
        for limit in range(1, most + 2):
            await one.send(ranking={"limit": limit})
        assert (await one.until("trouble"))["title"] == "Too many rankings"
        await one.send(ranking=False)
        await one.send(ranking={"limit": most + 1})
        assert await one.until("ranking", lambda event: event["spec"]["limit"] == most + 1)


async def test_a_state_that_never_was_is_not_resumed(served: Served) -> None:
    async with client(served.stream_url) as one:
        await one.send(resume={"epoch": one.hello["epoch"], "seq": 999_999}, subscribe=[BTC], statistics=False)
        assert [event["type"] for event in await one.frame()] == ["series"]


async def test_who_was_told_nothing_but_hello_has_nothing_to_resume_from(served: Served) -> None:
    async with client(served.stream_url) as one:
        assert one.seq == 0
        epoch = one.hello["epoch"]
    async with client(served.stream_url) as again:
        await again.send(resume={"epoch": epoch, "seq": 0}, subscribe=[BTC], statistics=False)
        assert [event["type"] for event in await again.frame()] == ["series"]
        assert again.seq == served.server.streams.seq


async def test_a_ranking_that_is_not_followed_is_named(served: Served) -> None:
    async with client(served.stream_url) as one:
        await one.send(ranking={"quote": "XYZ", "limit": 3})
        assert (await one.until("trouble"))["spec"]["quote"] == "XYZ"

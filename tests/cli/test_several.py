"""Several sources at once, from the real composition down, over HTTP against fake exchanges."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome
from tests.support.exchanges.nine import NAMES, Nine, NineThread
from tests.support.exchanges.stream import Told
from tests.support.fake_kraken_http import HttpResponse
from tui_tracker.cli import compose
from tui_tracker.cli.collecting import told_of
from tui_tracker.cli.main import main
from tui_tracker.cli.options import Invocation
from tui_tracker.config.model import Settings
from tui_tracker.core.errors import NoDataError, SourcesError, UnreachableError
from tui_tracker.core.metric import Metric
from tui_tracker.core.status import SourceState

FAST = ("binance", "okx", "bybit")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    def run(*arguments: str, **environ: str) -> Outcome:
        code = main(arguments, Invocation(compose, environ))
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def closed_url() -> Iterator[str]:
    """Where nobody listens, nor can begin to."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_pairs_of_several_are_ranked_together_and_a_broken_source_is_said(
    run: Callable[..., Outcome], closed_url: str
) -> None:
    with NineThread(names=FAST) as thread:
        flags = [*thread.nine.flags, "--source", f"{','.join(FAST)},gate", "--base-url", f"gate={closed_url}"]
        outcome = run("rank", *flags, "--pairs", "btcusdt,okx:btcusdt,bybit:eth/usdt,gate:btcusdt", "--json")
        assert run("rank", *flags, "--pairs", "gate:btcusdt").code == 3, "an outage is no typing error"
        made = run("rank", *flags, "--pairs", "all:btc/usdt,all:ETH-USDT,okx:btcusdt,gate:btcusdt", "--json")
        [line] = run("watch", *flags, "--count", "1", "--limit", "1").out.splitlines()
        assert json.loads(line)["sources"] == {**dict.fromkeys(FAST, "live"), "gate": "offline"}
    assert outcome.code == 0
    assert outcome.err == (
        "crypto-tui: note: gate: connection refused\ncrypto-tui: note: left out: gate:btcusdt: connection refused\n"
    )
    document = json.loads(outcome.out)
    assert document["source"] == "binance,okx,bybit,gate"
    assert {(pair["exchange"], pair["pair"]) for pair in document["pairs"]} == {
        ("binance", "BTC/USDT"),
        ("okx", "BTC/USDT"),
        ("bybit", "ETH/USDT"),
    }
    assert document["ranked"] == 3
    assert made.code == 0, made.err
    pairs = {(pair["exchange"], pair["pair"]): pair for pair in json.loads(made.out)["pairs"]}
    assert set(pairs) == {("all", "BTC/USDT"), ("all", "ETH/USDT"), ("okx", "BTC/USDT")}
    assert all(pair["rank"] is not None and pair["samples"] > 1_000 for pair in pairs.values()), pairs


def test_nothing_but_broken_sources_is_a_failure_that_names_them(run: Callable[..., Outcome], closed_url: str) -> None:
    flags = [word for name in FAST[:2] for word in ("--base-url", f"{name}={closed_url}")]
    outcome = run("pairs", "--source", "binance,okx", *flags)
    assert (outcome.code, outcome.out) == (3, "")
    assert f"binance at {closed_url}, okx at {closed_url}" in outcome.err


def test_where_every_source_fails_each_reason_is_told(run: Callable[..., Outcome], closed_url: str) -> None:
    with NineThread(names=FAST) as thread:
        for name in ("binance", "okx"):
            thread.nine.servers[name].faults.set("http_403" if name == "okx" else "html")
        away = [word for name in ("gate", "bybit") for word in ("--base-url", f"{name}={closed_url}")]
        urls = thread.nine.urls
        outcome = run("pairs", *thread.nine.flags, "--source", "gate,binance,bybit,okx", *away)
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.splitlines() == [
        f"crypto-tui: note: gate at {closed_url}, bybit at {closed_url}: connection refused",
        f"crypto-tui: note: binance at {urls['binance']}: Binance answered with a web page instead of data: "
        "a sign-in page, a proxy, or maintenance",
        f"crypto-tui: note: okx at {urls['okx']}: the exchange answered HTTP 403 Forbidden; "
        "closed to this country or address, as a rule; crypto-tui sources --check tells which exchanges answer here",
        "crypto-tui: error: none of 4 sources gave quotes; try again later; "
        "crypto-tui sources --check tells which exchanges answer here",
    ]


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--source", "kraken,okx"], "all:BTC-USD is made of 3 exchanges or more; name three with --source"),
        (["--demo"], "all:BTC-USD is made of 3 exchanges or more"),
        (["--source", "kraken,okx,gate", "--window", "7d"], "all:BTC-USD isn't kept, so that it has no longer windows"),
        (["--connect", "http://127.0.0.1:9", "--window", "7d"], "all:BTC-USD isn't kept"),
    ],
)
def test_pairs_across_exchanges_that_cannot_be_made_say_why(
    run: Callable[..., Outcome], flags: list[str], told: str
) -> None:
    outcome = run("rank", *flags, "--pairs", "all:BTC-USD")
    assert outcome.code == 2
    assert told in outcome.err


def test_a_pair_that_too_few_exchanges_answer_for_is_left_out_with_the_reason(
    run: Callable[..., Outcome], closed_url: str
) -> None:
    with NineThread(names=FAST[:2]) as thread:
        flags = [*thread.nine.flags, "--source", "binance,okx,gate", "--base-url", f"gate={closed_url}"]
        outcome = run("rank", *flags, "--pairs", "all:BTC-USDT,okx:BTC-USDT", "--json")
    assert outcome.code == 0
    assert "left out: all:BTC-USDT: 2 of 3 exchanges gave quotes, 3 are needed" in outcome.err
    assert "note: all" not in outcome.err
    assert [pair["exchange"] for pair in json.loads(outcome.out)["pairs"]] == ["okx"]


def test_a_source_by_ccxt_that_fails_is_named_as_it_was_asked_for_with_its_address() -> None:
    settings = Settings(source="okx,ccxt:mexc", base_urls={"ccxt:mexc": "http://127.0.0.1:9"})
    refused = UnreachableError("connection refused")
    with pytest.raises(NoDataError) as caught, told_of(settings):
        raise SourcesError({"okx": refused, "mexc": refused})
    assert caught.value.message == "okx, ccxt:mexc at http://127.0.0.1:9: connection refused"


async def test_all_nine_live_at_once_beside_each_other(tmp_path: Path) -> None:
    async with Nine() as nine:
        nine.servers["kucoin"].faults.set("http_503")
        settings = Settings(source=",".join(NAMES), base_urls=nine.urls, data_dir=str(tmp_path))
        async with asyncio.timeout(60), compose.collect_live(settings) as feed:
            async for snapshot in feed.updates():
                states = {part.source: part.state for part in snapshot.status.parts}
                errors = {part.source for part in snapshot.status.parts if part.error}
                ids = {row.id for row in snapshot.rows}
                if list(states.values()).count(SourceState.LIVE) == 9 and errors == {"kucoin"}:
                    break
            assert states.pop("kucoin") is SourceState.OFFLINE
            assert set(states) == {"all", *NAMES} - {"kucoin"}
            assert {name.partition(":")[0] for name in ids} == set(states)
            assert {"all:BTC-USD", "all:BTC-USDT", "kraken:BTC-USD", "binance:BTC-USDT"} <= ids
            assert snapshot.status.collector == "this session"
            feed.prioritise(["okx:BTC-USDT", "all:BTC-USDT"])
            async for snapshot in feed.updates():
                row = next(row for row in snapshot.rows if row.id == "okx:BTC-USDT")
                if row.provenance[3] > 100:
                    break
            assert (await feed.series("okx:BTC-USDT", Metric.PRICE)).version <= snapshot.version
        assert all(server.requests for server in nine.servers.values())


STREAMED = ("kraken", "binance", "coinbase", "okx", "bybit")


async def test_five_are_streamed_at_once_and_what_is_told_shows_between_polls(tmp_path: Path) -> None:
    async with Nine(12, (*STREAMED, "gate")) as nine:
        settings = Settings(
            source=",".join(nine.servers), base_urls=nine.urls, data_dir=str(tmp_path), stream=True, interval=3600
        )
        async with asyncio.timeout(60), compose.collect_live(settings) as feed:
            async for snapshot in feed.updates():
                streams = {part.source: part.stream for part in snapshot.status.parts if part.source != "all"}
                if list(streams.values()).count("live") == len(STREAMED):
                    break
            assert streams == {**dict.fromkeys(STREAMED, "live"), "gate": ""}
            assert snapshot.status.stream == "live"
            for stream in nine.streams:
                for symbol in stream.symbols:
                    stream.push(symbol, Told(12.5, 12.0, 13.0, 2.0, 20.0, 14.0, 9.0, 7))
            async for snapshot in feed.updates():
                told = {row.instrument.source for row in snapshot.rows if row.last == 12.5}
                if set(STREAMED) <= told:
                    break
            assert told <= {*STREAMED, "all"}
            nine.streams[0].drop()
            async for snapshot in feed.updates():  # what is shown a second later may already be live again
                streams = {part.source: part.stream for part in snapshot.status.parts}
                assert {streams[name] for name in STREAMED[1:]} == {"live"}
                if nine.streams[0].opened == 2 and streams[STREAMED[0]] == "live":
                    break


def test_streams_can_be_wanted_of_some_sources_and_only_of_those_that_have_them(run: Callable[..., Outcome]) -> None:
    settings = Settings(source="kraken,okx", stream=("okx",))
    assert [replace(settings, source=name).is_streamed for name in settings.sources] == [False, True]
    assert Settings(stream=True).is_streamed
    refused = run("sources", CRYPTO_TUI_STREAM="kraken,gate")
    assert refused.code == 2
    assert "CRYPTO_TUI_STREAM: quotes of gate can't be read live" in refused.err
    assert "of these they can: kraken, binance, bybit, coinbase, okx" in refused.err
    assert run("sources", CRYPTO_TUI_STREAM="nowhere").code == 2


def test_each_source_is_tested_and_what_to_do_is_said(run: Callable[..., Outcome], closed_url: str) -> None:
    with NineThread(names=FAST) as thread:
        thread.nine.servers["okx"].queue.append(HttpResponse(b"<html>no", 451))  # type: ignore[attr-defined]
        flags = [*thread.nine.flags, "--source", "binance,okx", "--base-url", f"gate={closed_url}"]
        outcome = run("sources", "--check", "--json", *flags)
        plain = run("sources", "--check", *thread.nine.flags, "--source", "binance")
    assert outcome.code == 3
    checks = {one["name"]: one["check"] for one in json.loads(outcome.out)["sources"]}
    assert checks["binance"]["ok"]
    assert checks["binance"]["latency_ms"] >= 0
    assert abs(checks["binance"]["skew_ms"]) < 5_000
    assert checks["binance"]["requests"]["answered"] == 1
    assert checks["okx"]["is_blocked"]
    assert "HTTP 451" in checks["okx"]["error"]
    assert "doesn't serve this country or network: watch binance, bybit instead" in checks["okx"]["advice"]
    assert not checks["gate"]["ok"]
    assert not checks["gate"]["is_blocked"]
    assert "check network and proxy" in checks["gate"]["advice"]
    assert checks["binance"]["stream"] is None
    assert plain.code == 0
    assert "binance            yes     answers" in plain.out


def test_a_ban_is_remembered_by_every_command_that_follows(run: Callable[..., Outcome], tmp_path: Path) -> None:
    with NineThread(names=FAST) as thread:
        server = thread.nine.servers["binance"]
        server.queue.append(HttpResponse(b"{}", 418, headers={"Retry-After": "9000"}))  # type: ignore[attr-defined]
        flags = [*thread.nine.flags, "--data-dir", str(tmp_path)]
        first = run("rank", *flags, "--source", "binance")
        asked = len(server.requests)
        later = [
            run(*words, *flags, "--source", "binance") for words in (("rank",), ("pairs",), ("sources", "--check"))
        ]
        several = run("rank", *flags, "--source", "binance,okx")
        assert len(server.requests) == asked
    assert (first.code, several.code) == (3, 0)
    assert "nothing is asked for 150 min" in first.err
    for outcome in later[:2]:
        assert outcome.code == 3
        assert "binance wants to be left alone for 2h" in outcome.err
    assert later[2].code == 3
    assert "left alone for 2h" in later[2].out
    assert "left alone for 2h" in several.err


def test_streams_that_are_wanted_are_tried_too(run: Callable[..., Outcome]) -> None:
    with NineThread(names=FAST) as thread:
        thread.nine.servers["okx"].stream.refuses = 403  # type: ignore[attr-defined]
        outcome = run("sources", "--check", "--json", *thread.nine.flags, "--source", "binance,okx", "--stream")
    checks = {one["name"]: one["check"] for one in json.loads(outcome.out)["sources"]}
    assert checks["binance"]["stream"] == "opens"
    assert checks["okx"]["stream"] == "OKX refused the stream: HTTP 403"
    assert "it is polled; a proxy or firewall" in checks["okx"]["advice"]
    assert outcome.code == 0


def test_what_to_do_fits_what_went_wrong_and_is_not_cut(run: Callable[..., Outcome]) -> None:
    with NineThread(names=FAST) as thread:
        servers = thread.nine.servers
        servers["okx"].queue.append(HttpResponse(b"<html>no", 451))  # type: ignore[attr-defined]
        servers["bybit"].queue.append(HttpResponse(b"", 503))  # type: ignore[attr-defined]
        servers["binance"].stream.refuses = 429  # type: ignore[attr-defined]
        outcome = run("sources", "--check", *thread.nine.flags, "--stream")
    told = dict(line.split(maxsplit=1) for line in outcome.out.splitlines())
    url = "name another place, --base-url okx=URL"
    assert told["okx"].endswith(f"doesn't serve this country or network: watch binance instead, or {url}")
    assert told["bybit"].endswith(
        "it is reached, but gives no usable answer: wait, or see what its status page says; meanwhile binance answers"
    )
    assert told["binance"].endswith("it is polled; too many came from this address: wait")


def test_all_stands_for_every_exchange_once(run: Callable[..., Outcome]) -> None:
    outcome = run("sources", "--source", "all", "--json")
    used = {one["name"] for one in json.loads(outcome.out)["sources"] if one["in_use"]}
    assert used == set(NAMES)
    assert run("sources", "--source", "kraken,nowhere").code == 2
    assert run("--replay", "6h..", "--source", "kraken,okx", TERM="xterm").code == 2

"""``crypto-tui rank --json`` against an independent, exact computation from what the exchange answered."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import commands
from tests.e2e.commands import Outcome
from tests.support.fake_kraken import FakeKrakenThread
from tests.support.oracle_rank import ExchangeRecord, differences

pytestmark = pytest.mark.timeout(150)

OBJECT = ["source", "metric", "by", "window_s", "at", "scope_pairs", "ranked", "pairs"]
LINE = [
    *("pair", "base", "quote", "rank", "reason", "stddev", "mean", "min", "max", "first", "last", "change_pct", "cv"),
    *("volatility", "range_pct", "bipower", "high", "low", "hl_range_pct", "parkinson", "volume_usd", "samples"),
    *("coverage", "activity", "is_suspect", "classes", "id", "provenance"),
]


@dataclass(frozen=True)
class Case:
    """One ranking, and the exchange that it is made on."""

    arguments: str
    pairs: int = 60
    seed: int = 1
    modern_keys: bool = False
    fault: Mapping[str, Any] = field(default_factory=dict)


CASES = {
    "a day by σ": Case("--quote USD --limit 5", pairs=1_100),
    "an hour by cv": Case("--window 1h --by cv --limit 6", seed=2),
    "half a day by volatility": Case("--window 12h --by volatility --quote EUR --limit 4", modern_keys=True, seed=3),
    "a day by range, named": Case("--by range --pairs btcusd,ETH/USD,xdgusd,kraken:sol-usd,XBTEUR,kraken:BTC-USD"),
    "with pairs that can't be": Case("--window 90m --pairs ETHEUR,ADAEUR,BTC/USD,EURUSD --min-coverage 50%"),
    "above a volume": Case("--window 6h --quote usd --min-volume 20M --limit 3", pairs=1_100, seed=4),
    "after a reset": Case("--window 2h --limit 2", fault={"name": "reset_idle", "count": 2}),
    "with bad candles": Case("--window 1h --pairs btcusd,ethusd,solusd", fault={"name": "no_result", "path": "OHLC"}),
    "with bad candles of one": Case(
        "--window 1h --pairs btcusd,ethusd,solusd", fault={"name": "no_result", "path": "OHLC", "count": 3}
    ),
    "with bad quotes": Case("--window 1h --quote USD --limit 3", fault={"name": "nan", "path": "Ticker"}),
}


@dataclass(frozen=True)
class Result:
    """How a ranking came out, and the exchange, which still runs."""

    outcome: Outcome
    exchange: FakeKrakenThread

    @property
    def document(self) -> dict[str, Any]:
        assert self.outcome.code == 0, self.outcome
        document = json.loads(self.outcome.out)
        assert isinstance(document, dict)
        return document


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Result]]:
    """All rankings, made side by side: exchanges want a second between requests, so most of the time is waiting."""
    with ExitStack() as stack:
        started = {name: _start(stack, case, tmp_path_factory.mktemp("home")) for name, case in CASES.items()}
        done: dict[str, Result] = {}

        def result(name: str) -> Result:
            if name not in done:
                process, exchange = started[name]
                done[name] = Result(process.outcome(), exchange)
            return done[name]

        yield result


def _start(stack: ExitStack, case: Case, home: Path) -> tuple[commands.Running, FakeKrakenThread]:
    exchange = stack.enter_context(FakeKrakenThread(case.seed, case.pairs, modern_keys=case.modern_keys))
    if case.fault:
        exchange.faults.set(**case.fault)
    arguments = ("rank", "--json", *commands.at(exchange.url), *case.arguments.split())
    return stack.enter_context(commands.running(home, *arguments)), exchange


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "path" not in case.fault])
def test_every_figure_and_rank_is_exact(name: str, results: Callable[[str], Result]) -> None:
    result = results(name)
    assert differences(result.document, result.exchange.url) == []


@pytest.mark.parametrize(
    ("name", "window_s", "by", "provenance"),
    [
        ("a day by σ", 86_400, "stddev", {"candle_1m": 719, "stream": 0, "poll": 1, "candle_5m": 720}),
        ("an hour by cv", 3_600, "cv", {"candle_1m": 59, "stream": 0, "poll": 1, "candle_5m": 0}),
        ("half a day by volatility", 43_200, "volatility", {"candle_1m": 719, "stream": 0, "poll": 1, "candle_5m": 0}),
        ("a day by range, named", 86_400, "range", {"candle_1m": 719, "stream": 0, "poll": 1, "candle_5m": 720}),
    ],
)
def test_every_minute_of_the_window_is_known_and_says_from_where(
    name: str, window_s: int, by: str, provenance: dict[str, int], results: Callable[[str], Result]
) -> None:
    document = results(name).document
    assert (document["source"], document["metric"], document["by"]) == ("kraken", "price", by)
    assert document["window_s"] == window_s
    ranked = [pair for pair in document["pairs"] if pair["rank"] is not None]
    assert ranked
    for pair in ranked:
        counts = pair["provenance"]
        # Each minute that ends between the poll and a pair's candles costs one of the 720 rows: the 5-minute candles
        # know that minute too, where they were asked for.
        passed = provenance["candle_1m"] - counts["candle_1m"]
        assert 0 <= passed <= 2
        lost = 0 if counts["candle_5m"] or passed == 0 else passed
        assert pair["samples"] == sum(counts.values()) == window_s // 60 - lost
        assert (counts["poll"], counts["stream"]) == (1, 0)
        assert counts["candle_5m"] == (provenance["candle_5m"] and provenance["candle_5m"] + passed)


def test_the_object_is_as_promised(results: Callable[[str], Result]) -> None:
    """The keys of the issue, in its order; ``at`` is the instant of the poll."""
    result = results("a day by σ")
    document = result.document
    assert list(document) == OBJECT
    assert all(list(pair) == LINE for pair in document["pairs"])
    assert document["at"].endswith("Z")
    at = datetime.fromisoformat(document["at"])
    assert at.tzinfo == UTC
    assert document["ranked"] == 5
    assert [pair["rank"] for pair in document["pairs"]] == [1, 2, 3, 4, 5]
    assert result.outcome.err == ""


def test_a_limit_takes_the_most_traded_in_usd(results: Callable[[str], Result]) -> None:
    result = results("a day by σ")
    document, volumes = result.document, usd_volumes(result)
    assert document["scope_pairs"] == len(volumes)
    most = sorted(volumes, key=lambda pair: -volumes[pair])[:5]
    assert {pair["pair"] for pair in document["pairs"]} == set(most)
    assert {pair["pair"]: pair["volume_usd"] for pair in document["pairs"]} == {
        pair: pytest.approx(volumes[pair], rel=1e-12) for pair in most
    }


def test_a_floor_narrows_the_scope(results: Callable[[str], Result]) -> None:
    result = results("above a volume")
    above = [pair for pair, volume in usd_volumes(result).items() if volume >= 20e6]
    assert result.document["scope_pairs"] == len(above) > 3
    assert len(result.document["pairs"]) == 3


def usd_volumes(result: Result) -> dict[str, float]:
    """24 h volume of the pairs in USD, v[1]·p[1], from the answers that the command got."""
    record = ExchangeRecord(result.exchange.url)
    (poll,) = record.of("Ticker")
    rows = record.replay(poll)["result"]
    return {
        listing.display: float(rows[listing.id]["v"][1]) * float(rows[listing.id]["p"][1])
        for listing in result.exchange.listings
        if listing.quote == "ZUSD"
    }


def test_every_spelling_names_its_pair_once(results: Callable[[str], Result]) -> None:
    document = results("a day by range, named").document
    pairs = {pair["pair"] for pair in document["pairs"]}
    assert pairs == {"BTC/USD", "ETH/USD", "DOGE/USD", "SOL/USD", "BTC/EUR"}
    assert document["scope_pairs"] == len(document["pairs"]) == 5


def test_what_cannot_be_ranked_comes_last_with_its_reason(results: Callable[[str], Result]) -> None:
    """A pair that nobody trades, one that only takes cancellations: no rank, and no zeros for prices."""
    result = results("with pairs that can't be")
    document = result.document
    reasons = {pair["pair"]: pair["reason"] for pair in document["pairs"]}
    assert document["ranked"] == 2
    assert [pair["rank"] for pair in document["pairs"]] == [1, 2, None, None]
    assert (reasons["BTC/USD"], reasons["EUR/USD"]) == (None, None)
    assert reasons["ETH/EUR"] == "no trades"
    assert reasons["ADA/EUR"]
    assert all(pair["min"] != 0 for pair in document["pairs"])


def test_candles_that_never_come_leave_nothing_to_rank(results: Callable[[str], Result]) -> None:
    """Nothing has a history here: exit 3, one line that says why and of which pairs."""
    line = results("with bad candles").outcome.assert_failed(3)
    assert "nothing could be ranked" in line
    assert "1 % observed (3)" in line
    assert "no history of 3 of 3 pairs: BTC/USD, ETH/USD, SOL/USD" in line


def test_candles_of_one_pair_that_never_come_are_told_and_the_others_ranked(results: Callable[[str], Result]) -> None:
    """The first pair asked for fails for good (three attempts): exit 0, with a line on stderr."""
    result = results("with bad candles of one")
    assert result.outcome.err.startswith("crypto-tui: note: no history of 1 of 3 pairs: ")
    assert result.outcome.err.count("\n") == 1
    assert [pair["rank"] for pair in result.document["pairs"]] == [1, 2, None]
    assert "observed" in result.document["pairs"][2]["reason"]


def test_unreadable_quotes_cost_only_their_own_pairs(results: Callable[[str], Result]) -> None:
    """Every fifth row of Ticker is NaN, infinite or no number; the most traded of the others are ranked."""
    result = results("with bad quotes")
    assert result.document["ranked"] == 3
    hit = {listing.display for listing in result.exchange.listings[3::5]}
    assert hit.isdisjoint(pair["pair"] for pair in result.document["pairs"])


def test_requests_are_a_second_apart_on_one_connection(results: Callable[[str], Result]) -> None:
    exchange = results("a day by range, named").exchange
    paths = exchange.paths()
    assert paths[:3] == ["Time", "AssetPairs", "Ticker"]
    assert sorted(paths[3:]) == ["OHLC"] * 10
    assert exchange.connections == 1
    instants = [request.monotonic_s for request in exchange.requests]
    assert instants[-1] - instants[0] > len(instants) - 2


def test_a_short_window_skips_the_five_minute_call(results: Callable[[str], Result]) -> None:
    record = ExchangeRecord(results("an hour by cv").exchange.url)
    assert {request["query"]["interval"] for request in record.of("OHLC")} == {"1"}


def test_a_dead_connection_is_no_failure(results: Callable[[str], Result]) -> None:
    """A reset of a kept connection is asked again at once: nothing failed, nothing is said."""
    result = results("after a reset")
    assert result.outcome.err == ""
    assert result.exchange.faults.taken["reset_idle"] == 2

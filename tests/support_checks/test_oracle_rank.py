"""The check of a printed ranking accepts the truth and finds each lie."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.support import oracle
from tests.support.fake_kraken import ExchangeClock, FakeKrakenThread
from tests.support.oracle_rank import ExchangeRecord, differences, expected_pairs

AT_MS = 1_790_000_099_800
"""A fifth of a second before a minute ends."""
HEARD_MS = AT_MS + 300
WINDOW = 1_440


@pytest.fixture(scope="module")
def output_and_url() -> Any:
    clock = ExchangeClock(start_ms=HEARD_MS, rate=0)
    with FakeKrakenThread(pairs=20, now_ms=clock) as exchange:
        with httpx.Client(base_url=exchange.url, trust_env=False) as client:
            client.get("/0/public/Ticker")
            for listing in exchange.listings[4:18]:
                clock.advance(2_000)
                for step in (5, 1):
                    client.get("/0/public/OHLC", params={"pair": listing.id, "interval": step})
        yield _output(exchange.url), exchange.url


def _output(url: str) -> dict[str, Any]:
    expected = expected_pairs(ExchangeRecord(url), AT_MS, WINDOW)
    figures = {name: pair.alternatives[0] for name, pair in expected.items()}
    ranks = oracle.ranks({name: figures[name].stddev or 0 for name, pair in expected.items() if pair.is_rankable})
    pairs = [
        {**asdict(exact), "pair": name, "rank": ranks.get(name), "reason": None if name in ranks else "halted"}
        for name, exact in figures.items()
    ]
    pairs.sort(key=lambda pair: (pair["rank"] is None, pair["rank"]))
    at = datetime.fromtimestamp(AT_MS / 1000, UTC).isoformat()
    return {"at": at, "window_s": WINDOW * 60, "by": "stddev", "pairs": pairs}


def test_accepts_the_truth(output_and_url: tuple[dict[str, Any], str]) -> None:
    output, url = output_and_url
    assert differences(output, url) == []
    ranked = [pair for pair in output["pairs"] if pair["rank"] is not None]
    assert len(output["pairs"]) == 14
    assert len(ranked) == 12, "one pair has no trade in 24 h, one is cancel_only"
    assert all(pair["samples"] == WINDOW for pair in ranked)


def test_the_window_ends_with_the_minute_that_is_told(output_and_url: tuple[dict[str, Any], str]) -> None:
    """The exchange may have heard the poll when its next minute had begun."""
    output, url = output_and_url
    heard = datetime.fromtimestamp(HEARD_MS / 1000, UTC).isoformat()
    assert any("mean is" in line for line in differences({**output, "at": heard}, url))


@pytest.mark.parametrize(
    ("lie", "found"),
    [
        (lambda pair: pair.update(stddev=pair["stddev"] * (1 + 2e-16)), "stddev is"),
        (lambda pair: pair.update(samples=pair["samples"] - 1), "samples is"),
        (lambda pair: pair.update(volatility=pair["volatility"] * (1 + 1e-11)), "volatility is"),
        (lambda pair: pair.update(rank=2), "rank is 2, exactly 1"),
        (lambda pair: pair.update(rank=None, reason="why not"), "though it can be ranked"),
        (lambda pair: pair.update(pair="NO/PAIR"), "no candles were asked for"),
    ],
)
def test_finds_a_lie(
    lie: Callable[[dict[str, Any]], None], found: str, output_and_url: tuple[dict[str, Any], str]
) -> None:
    output, url = output_and_url
    first, *others = output["pairs"]
    changed = dict(first)
    lie(changed)
    assert any(found in line for line in differences({**output, "pairs": [changed, *others]}, url))

"""Check the output of ``crypto-tui rank --json`` against the data of the fake exchange that it ran on.

Everything is read from the exchange over HTTP (``/control/requests`` says what was asked when, ``/control/replay``
gives the same answers again), so that it works with an exchange in any process.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from math import isclose
from typing import Any
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

from tests.support import oracle
from tests.support.oracle import Expected

MIN_COVERAGE = 0.9


class ExchangeRecord:
    """What a fake exchange was asked, and what it answered.

    Args:
        base_url: Of the exchange.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._opener = build_opener(ProxyHandler({}))
        self.requests: list[dict[str, Any]] = self._get("requests", {})

    def _get(self, control: str, query: Mapping[str, object]) -> Any:
        with self._opener.open(f"{self._base_url}/control/{control}?{urlencode(query)}", timeout=30) as response:
            return json.load(response)

    def replay(self, request: Mapping[str, Any]) -> Any:
        """The result that a logged request got (spoiled by no fault)."""
        name = request["path"].rpartition("/")[2]
        return self._get("replay", {**request["query"], "path": name, "at_ms": request["at_ms"]})

    def of(self, name: str, **query: str) -> list[dict[str, Any]]:
        """Logged requests of a path that were not spoiled, with these parameters among theirs, oldest first."""
        return [
            request
            for request in self.requests
            if request["path"].endswith(f"/{name}")
            and not request["faults"]
            and query.items() <= request["query"].items()
        ]

    def poll(self, at_ms: int) -> dict[str, Any]:
        """The Ticker request that was answered nearest to an instant of the exchange's clock.

        Raises:
            AssertionError: If there is none within two seconds.
        """
        nearest = min(self.of("Ticker"), key=lambda request: abs(int(request["at_ms"]) - at_ms), default=None)
        assert nearest is not None, "the exchange was never polled"
        assert abs(nearest["at_ms"] - at_ms) <= 2_000, f"no poll within 2 s of {at_ms}: {nearest}"
        return nearest


@dataclass(frozen=True, slots=True)
class ExpectedPair:
    """What one pair's line must say."""

    alternatives: tuple[Expected, ...]
    """Acceptable figures: several only where the open minute has no polled value or the pair is halted."""
    is_rankable: bool
    """Whether it is online, covered and traded in the window, so that it must have a rank."""


def expected_pairs(record: ExchangeRecord, at_ms: int, window: int) -> dict[str, ExpectedPair]:
    """What must be said of every pair whose candles were asked for, by display name (``BTC/USD``).

    Args:
        record: Of the exchange.
        at_ms: Instant of the poll as the output tells it. Its minute is the window's last one: near the end of a
            minute the exchange may hear a request in the next.
        window: Minutes.
    """
    poll = record.poll(at_ms)
    tickers = record.replay(poll)["result"]
    pairs = record.replay({"path": "/0/public/AssetPairs", "query": {}, "at_ms": poll["at_ms"]})["result"]
    end = at_ms // 60_000
    found: dict[str, ExpectedPair] = {}
    for key, entry in pairs.items():
        if "wsname" not in entry:
            continue
        display = "/".join({"XBT": "BTC", "XDG": "DOGE"}.get(name, name) for name in entry["wsname"].split("/"))
        names = {key, entry["altname"], entry["wsname"], display}
        answers = {step: _candles(record, names, step) for step in (1, 5)}
        row = tickers.get(key) or tickers.get(display)
        if row is None or not any(answers.values()):
            continue
        last = float(row["c"][0])
        is_online = entry.get("status") not in ("cancel_only", "maintenance", "delisted")
        alternatives = _alternatives(end, window, last if last > 0 else None, is_online, answers)
        traded = any(_has_trade(answer, end - window + 1, end, step) for step, answer in answers.items())
        is_covered = alternatives[0].coverage >= MIN_COVERAGE
        found[display] = ExpectedPair(alternatives, is_rankable=is_online and is_covered and traded and last > 0)
    return found


def _alternatives(
    end: int, window: int, polled: float | None, is_online: bool, answers: Mapping[int, Any]
) -> tuple[Expected, ...]:
    """Figures with the open minute polled; held or unobserved only where nothing was polled or sampled."""
    rows = {step: oracle.kraken_rows(answer) if answer else [] for step, answer in answers.items()}
    series = oracle.filled(end, window, polled, rows[1], rows[5])
    if polled is not None and is_online:
        return (oracle.expected(series, end),)
    held = oracle.filled(end, window, None, rows[1], rows[5])
    unobserved = [*series[:-1], None]
    return tuple(oracle.expected(values, end) for values in (series, held, unobserved))


def _candles(record: ExchangeRecord, names: set[str], step: int) -> Any:
    """The last answer with candles of a pair, or ``None`` if they were not asked for."""
    asked = [
        request
        for request in record.of("OHLC")
        if request["query"].get("pair") in names and int(request["query"].get("interval", "1")) == step
    ]
    return record.replay(asked[-1]) if asked else None


def _has_trade(answer: Any, first: int, last: int, step: int) -> bool:
    if not answer:
        return False
    (rows,) = (value for key, value in answer["result"].items() if key != "last")
    return any(row[7] > 0 and first <= row[0] // 60 and row[0] // 60 + step - 1 <= last for row in rows)


def differences(output: Mapping[str, Any], base_url: str) -> list[str]:
    """Where the object printed by ``rank --json`` differs from an exact computation, one line each; empty if nowhere.

    Figures are compared bit for bit, but for ``volatility`` and ``bipower`` (1e-12, as they sum rounded logarithms).
    Ranks are recomputed among the pairs that the output ranks; each of these must have the coverage for it.
    """
    record = ExchangeRecord(base_url)
    at_ms = round(datetime.fromisoformat(output["at"]).timestamp() * 1000)
    expected = expected_pairs(record, at_ms, output["window_s"] // 60)
    wrong: list[str] = []
    for pair in output["pairs"]:
        found = expected.get(pair["pair"])
        if found is not None:
            wrong += _figure_differences(pair, found)
        elif pair["samples"] > 1 or pair["rank"] is not None:
            wrong.append(f"{pair['pair']}: no candles were asked for, yet it has figures")
    return wrong + _rank_differences(output["pairs"], expected, output["by"])


def _figure_differences(pair: Mapping[str, Any], expected: ExpectedPair) -> list[str]:
    attempts = [
        [
            f"{pair['pair']}: {field.name} is {pair[field.name]!r}, exactly {getattr(figures, field.name)!r}"
            for field in fields(figures)
            if not _equal(field.name, pair[field.name], getattr(figures, field.name))
        ]
        for figures in expected.alternatives
    ]
    return min(attempts, key=len)


def _equal(name: str, shown: object, exact: object) -> bool:
    if (
        name not in ("volatility", "bipower")
        or not isinstance(shown, float | int)
        or not isinstance(exact, float | int)
    ):
        return shown == exact
    return isclose(shown, exact, rel_tol=1e-12, abs_tol=1e-15)


def _rank_differences(pairs: Sequence[Mapping[str, Any]], expected: Mapping[str, ExpectedPair], by: str) -> list[str]:
    values: dict[str, float] = {}
    wrong: list[str] = []
    for pair in pairs:
        found = expected.get(pair["pair"])
        value = None if found is None else found.alternatives[0].by(by)
        if pair["rank"] is None:
            if not pair["reason"]:
                wrong.append(f"{pair['pair']}: unranked without a reason")
            if found is not None and found.is_rankable and value is not None:
                wrong.append(f"{pair['pair']}: unranked ({pair['reason']}), though it can be ranked")
        elif found is None or value is None or found.alternatives[0].coverage < MIN_COVERAGE:
            wrong.append(f"{pair['pair']}: ranked {pair['rank']} without the figures for it")
        else:
            values[pair["pair"]] = value
    exact = oracle.ranks(values)
    wrong += [
        f"{pair['pair']}: rank is {pair['rank']}, exactly {exact[pair['pair']]}"
        for pair in pairs
        if pair["pair"] in exact and pair["rank"] != exact[pair["pair"]]
    ]
    order = [pair["rank"] for pair in pairs if pair["rank"] is not None]
    if order != sorted(order) or any(pair["rank"] is None for pair in pairs[: len(order)]):
        wrong.append("pairs are not in order of rank, unranked last")
    return wrong

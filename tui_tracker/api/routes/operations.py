"""For whoever operates the server: is it up, is it ready, how is it doing."""

import math
from collections.abc import Iterable, Iterator
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from tui_tracker.api.board import Board
from tui_tracker.api.loop_lag import LoopLag
from tui_tracker.api.reply import Reply
from tui_tracker.api.routes.access import BoardOf, failures
from tui_tracker.api.schemas import NamesQuery
from tui_tracker.api.scope import named
from tui_tracker.api.security import Guard
from tui_tracker.api.streams import Streams
from tui_tracker.core import metric
from tui_tracker.core.figures import Measure
from tui_tracker.core.snapshot import Row
from tui_tracker.core.status import SourceState
from tui_tracker.stats.ranking import Scope

MOST_TRADED: Final = 50
"""Pairs that are told of where none are named."""
router = APIRouter(tags=["operations"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers. `curl http://127.0.0.1:8080/healthz`"""
    return {"status": "ok"}


@router.get("/readyz", responses=failures())
async def readyz(board: BoardOf) -> dict[str, str]:
    """There are quotes to answer with; 503 before. `curl http://127.0.0.1:8080/readyz`"""
    board.snapshot()
    return {"status": "ready"}


@router.get(
    "/metrics",
    response_class=Response,
    responses=failures(404, 422) | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request, board: BoardOf, query: Annotated[NamesQuery, Query()]) -> Response:
    """For Prometheus: σ, rank, age and coverage of the pairs named (or the 50 most traded), source, server.

    `curl 'http://127.0.0.1:8080/metrics?pairs=BTC/USD,ETH/USD'`
    """
    ids = None if query.pairs is None else named(board, query.pairs)
    state = request.app.state
    registry = CollectorRegistry()
    registry.register(_Gauges(board, ids, state.streams, state.guard, state.lag))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return Reply(generate_latest(registry), CONTENT_TYPE_LATEST).to(request.headers)


class _Gauges(Collector):
    """Everything that changes, read at the moment of a scrape."""

    def __init__(self, board: Board, ids: frozenset[str] | None, streams: Streams, guard: Guard, lag: LoopLag) -> None:
        self._board, self._ids = board, ids
        self._streams, self._guard, self._lag = streams, guard, lag

    def collect(self) -> Iterator[Metric]:
        yield from self._sources()
        yield GaugeMetricFamily("crypto_tui_streams", "Open WebSocket streams.", value=self._streams.count)
        yield GaugeMetricFamily(
            "crypto_tui_loop_lag_seconds", "Longest lag of the loop of late.", value=self._lag.worst_s()
        )
        answers = CounterMetricFamily("crypto_tui_responses", "Responses by HTTP status.", labels=["status"])
        for status, count in sorted(self._guard.answered.items()):
            answers.add_metric([str(status)], count)
        yield answers
        if self._board.latest is not None and self._board.latest.at_ms is not None:
            yield from self._pairs(self._chosen())

    def _sources(self) -> Iterator[Metric]:
        """How each source is doing."""
        whole = self._board.feed.status()
        states = GaugeMetricFamily(
            "crypto_tui_source_state", "1 for the state of the source.", labels=["source", "state"]
        )
        others = {
            name: GaugeMetricFamily(f"crypto_tui_source_{name}", text, labels=["source"])
            for name, text in {
                "age_seconds": "Since all pairs were last quoted, by a poll or by a stream of all of them.",
                "instruments": "Instruments listed.",
                "malformed": "Unreadable rows of the last answer.",
                "history_left": "Instruments whose history is to load.",
            }.items()
        }
        now_ms = self._board.now_ms() - (whole.skew_ms or 0)
        for status in whole.parts or (whole,):
            for state in SourceState:
                states.add_metric([status.source, state.value], float(state is status.state))
            quoted_ms = status.quoted_ms
            values = {
                "age_seconds": math.nan if quoted_ms is None else (now_ms + (status.skew_ms or 0) - quoted_ms) / 1000,
                "instruments": status.instruments,
                "malformed": status.malformed,
                "history_left": status.backfill.total - status.backfill.done,
            }
            for name, value in values.items():
                others[name].add_metric([status.source], value)
        yield states
        yield from others.values()

    def _chosen(self) -> tuple[Row, ...]:
        rows = self._board.snapshot().rows
        if self._ids is not None:
            return tuple(row for row in rows if row.id in self._ids)
        return tuple(sorted(rows, key=lambda row: -(row.volume_usd or 0.0))[:MOST_TRADED])

    def _pairs(self, rows: Iterable[Row]) -> Iterator[Metric]:
        price = metric.Metric.PRICE
        ranking = self._board.ranking(price, Measure.STDDEV, Scope())
        volatile = self._board.ranking(price, Measure.VOLATILITY, Scope())
        names = {
            "stddev": "Standard deviation of the price in the window, in quote currency.",
            "rank": "Rank by it among all pairs; absent without a rank.",
            "volatility": "Annualised volatility of the price in the window, a fraction: comparable across currencies.",
            "volatility_rank": "Rank by that among all pairs.",
            "coverage": "Observed share of the window.",
            "age_seconds": "Since the last sample.",
        }
        told = {
            name: GaugeMetricFamily(f"crypto_tui_pair_{name}", text, labels=["pair"]) for name, text in names.items()
        }
        for row in rows:
            figures, place, other = row.figures_of(price), ranking.place(row.id), volatile.place(row.id)
            values = {
                "stddev": figures and figures.stddev,
                "rank": place and place.rank,
                "volatility": figures and figures.volatility,
                "volatility_rank": other and other.rank,
                "coverage": figures.coverage if figures else 0.0,
                "age_seconds": figures and figures.last_ms and (self._board.now_ms() - figures.last_ms) / 1000,
            }
            for name, value in values.items():
                if value is not None:
                    told[name].add_metric([row.id], value)
        yield from told.values()
        yield GaugeMetricFamily("crypto_tui_ranked", "Pairs with a rank.", value=ranking.ranked)

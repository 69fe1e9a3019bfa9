"""Pairs: the list of them, and everything about one."""

from array import array
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from tui_tracker.api import documents, older, schemas
from tui_tracker.api.board import Board
from tui_tracker.api.chart import chart_svg
from tui_tracker.api.reply import Reply
from tui_tracker.api.routes.access import BoardOf, failures
from tui_tracker.api.scope import check_source, quote_of, whole_scope
from tui_tracker.api.times import points, span_of, step_minutes
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS, Series
from tui_tracker.core.snapshot import Row
from tui_tracker.stats.hours import candles_in
from tui_tracker.stats.ohlc import Ohlc, joined
from tui_tracker.stats.ohlc import candles as candles_of

router = APIRouter(tags=["pairs"])
SVG = "image/svg+xml"
_SVG_SCHEMA = {"type": "string", "xml": {"name": "svg"}}
"""The docs page puts examples of XML into an element, so it wants a name."""


@router.get("/pairs", response_model=schemas.Pairs, responses=failures(422))
async def pairs(request: Request, board: BoardOf, query: Annotated[schemas.PairsQuery, Query()]) -> Response:
    """All pairs, by id; filtered, a page at a time.

    `curl 'http://127.0.0.1:8080/app/v1/pairs?quote=USD&text=btc'`
    """
    check_source(board, query.source)
    quote = quote_of(board, query.quote)

    def make() -> Reply:
        found = [row for row in board.snapshot().rows if _matches(row, query, quote)]
        page = found[query.offset : query.offset + query.limit]
        lines = [documents.pair_brief(row) for row in page]
        return Reply.of({"total": len(found), "offset": query.offset, "pairs": lines})

    return board.reply(request, ("pairs", query.model_dump_json()), make)


def _matches(row: Row, query: schemas.PairsQuery, quote: str | None) -> bool:
    one = row.instrument
    if quote is not None and one.quote != quote:
        return False
    if query.source is not None and one.source != query.source:
        return False
    needle = (query.text or "").casefold()
    return not needle or any(needle in text.casefold() for text in (one.id, one.pair, one.symbol, *one.aliases))


@router.get(
    "/pairs/{pair:path}/history",
    response_model=schemas.History,
    responses=failures(404, 422) | {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def history(
    request: Request, board: BoardOf, pair: schemas.Name, query: Annotated[schemas.HistoryQuery, Query()]
) -> Response:
    """The samples of the window, one a minute or the last of each longer interval; JSON or CSV.

    With `from` before the window they come from the history of the server: up to 35 days of minutes, as long as single
    minutes are kept, or a year where `every` is a multiple of an hour (then `from` and `to` mean whole hours).
    Intervals start at multiples of their length (UTC). Minutes that nobody observed are null, in CSV empty.

    `curl 'http://127.0.0.1:8080/app/v1/pairs/BTC-USD/history?every=5m&format=csv'`
    """
    row, step = board.named(pair), step_minutes(query.every)
    since_ms, to_ms = span_of(query.since, query.to, board.now_ms())
    series, missing = await _line(board, row.id, query.metric, since_ms, step)
    found = points(series, since_ms, to_ms, step)
    if query.format == "csv":
        lines = [f"{documents.instant(at_ms)},{'' if value is None else repr(value)}\n" for at_ms, value in found]
        text = "".join(("time,value\n", *lines))
        name = f"{row.instrument.base}-{row.instrument.quote}-{query.metric.value}.csv"
        safe = "".join(char if char.isascii() and (char.isalnum() or char in "-_.") else "_" for char in name)
        shown = {"Content-Disposition": f'inline; filename="{safe}"'}
        return board.told(Reply(text.encode(), "text/csv", shown), request.headers)
    told = {**_named(row, query.metric), "every_s": step * 60, "points": found, "missing": missing or None}
    return board.told(Reply.of(told), request.headers)


async def _line(board: Board, name: str, metric: Metric, since_ms: int | None, step: int) -> tuple[Series, str]:
    """(samples from an instant on, why there are no earlier ones): whole hours where those do."""
    window = await board.feed.series(name, metric)
    if since_ms is None or since_ms >= window.start_ms:
        return window, ""
    if step % 60:
        (series,), missing = await older.minutes(board, name, [metric], since_ms)
        return series, missing
    hours = await older.hours(board, name, metric, since_ms, window.end_ms)
    return Series(name, metric, hours.start_ms, hours.closes, step_minutes=60), hours.missing


@router.get("/pairs/{pair:path}/candles", response_model=schemas.Candles, responses=failures(404, 422))
async def candles(
    request: Request, board: BoardOf, pair: schemas.Name, query: Annotated[schemas.CandlesQuery, Query()]
) -> Response:
    """Candles made of the window's samples: of one price a minute, so they are not the exchange's own.

    Open is the first sample in a candle, close the last; what happened within a minute is not in them. `from` reaches
    back before the window as in `history`; a candle in which the span begins or ends is told whole. Candles start
    at multiples of their length (UTC); the newest one is still open. Volume is the sum of the known minutes' volume.

    `curl 'http://127.0.0.1:8080/app/v1/pairs/BTC-USD/candles?every=1h'`
    """
    row, step = board.named(pair), step_minutes(query.every)
    metric = Metric(query.metric)
    since_ms, to_ms = span_of(query.since, query.to, board.now_ms())
    found, has_volume, missing = await _candles(board, row.id, metric, since_ms, step)
    made = [
        {**each._asdict(), "volume": each.volume if has_volume else None}
        for each in found
        if (since_ms is None or each.start_ms + step * MINUTE_MS > since_ms)
        and (to_ms is None or each.start_ms <= to_ms)
    ]
    told = {**_named(row, metric), "every_s": step * 60, "candles": made, "missing": missing or None}
    return board.told(Reply.of(told), request.headers)


async def _candles(
    board: Board, name: str, metric: Metric, since_ms: int | None, step: int
) -> tuple[list[Ohlc], bool, str]:
    """(candles from an instant on, whether volume is known, why there are no earlier ones)."""
    window = await board.feed.series(name, metric)
    if since_ms is not None and since_ms < window.start_ms and step % 60 == 0:
        hours = await older.hours(board, name, metric, since_ms, window.end_ms)
        return joined(candles_in(hours), step), bool(hours.volumes), hours.missing
    (series, flow), missing = await older.minutes(board, name, [metric, Metric.FLOW], since_ms)
    volumes = flow.values if flow.start_ms == series.start_ms else array("d")
    has_volume = any(value == value for value in volumes)
    return candles_of(series.values, series.start_ms, step, volumes), has_volume, missing


@router.get(
    "/pairs/{pair:path}/chart.svg",
    response_class=Response,
    responses=failures(404, 422) | {200: {"content": {SVG: {"schema": _SVG_SCHEMA}}}},
)
async def chart(
    request: Request, board: BoardOf, pair: schemas.Name, query: Annotated[schemas.ChartQuery, Query()]
) -> Response:
    """The window of a pair as a picture; gaps are gaps, times are UTC.

    `curl -o btc.svg 'http://127.0.0.1:8080/app/v1/pairs/BTC-USD/chart.svg?width=900'`
    """
    row = board.named(pair)
    series = await board.feed.series(row.id, query.metric)
    body = chart_svg(row.instrument, series, query.width, query.height)
    return board.told(Reply(body.encode(), SVG), request.headers)


@router.get("/pairs/{pair:path}", response_model=schemas.Pair, responses=failures(404, 422))
async def pair(
    request: Request, board: BoardOf, pair: schemas.Name, query: Annotated[schemas.PairQuery, Query()]
) -> Response:
    """Everything about one pair: last quote, statistics of every metric, rank and N by every measure.

    `curl 'http://127.0.0.1:8080/app/v1/pairs/BTC-USD?quote=USD' | jq .ranks`
    """
    row, quote = board.named(pair), quote_of(board, query.quote)

    def make() -> Reply:
        return Reply.of(documents.pair_whole(row, board.snapshot(), _ranks(board, row, query.metric, quote)))

    return board.reply(request, ("pair", row.id, query.metric, quote), make)


def _ranks(board: Board, row: Row, metric: Metric, quote: str | None) -> dict[str, documents.Document]:
    rankings = {measure: board.ranking(metric, measure, whole_scope(row, quote)) for measure in Measure}
    return {
        measure.value: documents.rank_document(ranking.place(row.id), ranking) for measure, ranking in rankings.items()
    }


def _named(row: Row, metric: Metric) -> documents.Document:
    return {"id": row.id, "pair": row.instrument.pair, "metric": metric.value}

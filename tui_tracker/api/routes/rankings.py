"""Rankings, whole or of one pair, and as freqtrade reads them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from tui_tracker.api import documents, schemas
from tui_tracker.api.reply import Reply
from tui_tracker.api.routes.access import BoardOf, failures
from tui_tracker.api.scope import scope_asked, window_of
from tui_tracker.api.times import points
from tui_tracker.core.snapshot import Row

router = APIRouter(tags=["rankings"])


@router.get("/ranking", response_model=schemas.Ranking, responses=failures(404, 422))
async def ranking(request: Request, board: BoardOf, query: Annotated[schemas.RankingQuery, Query()]) -> Response:
    """Pairs by rank, the unranked last, each with its figures; of all pairs, or of given ones among themselves.

    With `window` over another span than the usual one: it is made when it is asked for first, which takes a while for
    many days, and kept up to date while it is asked for. Beyond a day only price and `metric` have figures.

    `curl 'http://127.0.0.1:8080/app/v1/ranking?by=cv&quote=USD&limit=10' | jq -r '.pairs[] | [.rank,.pair,.cv] | @tsv'`
    """
    scope = scope_asked(board, query)
    snapshot = await board.over(window_of(board, query.window), query.metric)

    def make() -> Reply:
        ranked = board.ranking(query.metric, query.by, scope, snapshot)
        return Reply.of(documents.ranking_document(snapshot, ranked, query.offset, query.limit))

    window = snapshot.version, snapshot.window_minutes
    key = ("ranking", query.metric, query.by, scope, window, query.offset, query.limit)
    return board.reply(request, key, make)


@router.get("/statistic", response_model=schemas.Statistic, responses=failures(404, 422))
async def statistic(request: Request, board: BoardOf, query: Annotated[schemas.StatisticQuery, Query()]) -> Response:
    """One pair and metric: the last 24 h, and its rank as `"1/3"`, among all pairs or among those of `pairs`.

    `curl 'http://127.0.0.1:8080/app/v1/statistic?pair=BTC/USD&quote=USD' | jq -r .rank`
    """
    row = board.named(query.pair)
    scope = scope_asked(board, query)
    snapshot = await board.over(window_of(board, query.window), query.metric)
    ranked = board.ranking(query.metric, query.by, scope, snapshot)
    place = ranked.place(row.id)
    shown = next((one for one in snapshot.rows if one.id == row.id), row)
    document = {
        "id": row.id,
        "pair": row.instrument.pair,
        "metric": query.metric.value,
        "by": query.by.value,
        "value": shown.measured(query.metric, query.by),
        "rank": documents.rank_text(place, ranked),
        "reason": documents.rank_document(place, ranked)["reason"],
        "at": documents.instant(snapshot.at_ms),
        "history": points(await board.feed.series(row.id, query.metric), None, None, 1),
    }
    return board.told(Reply.of(document), request.headers)


@router.get("/freqtrade/pairlist", response_model=schemas.Pairlist, responses=failures(404, 422))
async def pairlist(request: Request, board: BoardOf, query: Annotated[schemas.PairlistQuery, Query()]) -> Response:
    """The ranked pairs in the form that freqtrade's RemotePairList reads; those without a rank are left out.

    In freqtrade: `"pairlists": [{"method": "RemotePairList", "number_assets": 30, "pairlist_url":
    "http://127.0.0.1:8080/app/v1/freqtrade/pairlist?quote=USD&by=volatility&floor=1e6"}]`, and `"bearer_token"` where
    this server wants one.

    `curl 'http://127.0.0.1:8080/app/v1/freqtrade/pairlist?quote=USD&exclude=stable,leveraged'`
    """
    scope = scope_asked(board, query)
    snapshot = await board.over(window_of(board, query.window), query.metric)

    def make() -> Reply:
        places = board.ranking(query.metric, query.by, scope, snapshot).places
        ranked = dict.fromkeys(_ccxt_name(place.row) for place in places if place.rank is not None)
        names = list(ranked)[: query.limit]
        return Reply.of({"pairs": names, "refresh_period": max(1, int(board.interval_s / board.clock_rate))})

    key = ("pairlist", query.metric, query.by, scope, snapshot.version, snapshot.window_minutes, query.limit)
    return board.reply(request, key, make)


def _ccxt_name(row: Row) -> str:
    return f"{row.instrument.base}/{row.instrument.quote}"

"""What there is to ask for, and how the source is doing."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from tui_tracker import __version__
from tui_tracker.api import documents, schemas
from tui_tracker.api.reply import Reply
from tui_tracker.api.routes.access import BoardOf, failures
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import METRICS

router = APIRouter(tags=["server"])
_METRICS = Reply.of(
    {
        "metrics": [{"name": one.value, "label": one.label, "unit": documents.UNITS[one]} for one in METRICS],
        "measures": [{"name": one.value, "label": one.label} for one in Measure],
    }
)


@router.get("/metrics", response_model=schemas.Metrics, responses=failures(422))
async def metrics(request: Request, query: Annotated[schemas.NoParameters, Query()]) -> Response:  # noqa: ARG001
    """The metrics that are sampled, and the measures that pairs are ranked by.

    `curl http://127.0.0.1:8080/app/v1/metrics`
    """
    return _METRICS.to(request.headers, 3_600)


@router.get("/sources", response_model=schemas.Sources, responses=failures(422))
async def sources(
    request: Request,
    board: BoardOf,
    query: Annotated[schemas.NoParameters, Query()],  # noqa: ARG001
) -> Response:
    """The exchanges that this server watches, and their state.

    `curl http://127.0.0.1:8080/app/v1/sources`
    """
    status = board.feed.status()
    found = [
        {
            "name": one.source,
            "state": one.state.value,
            "is_simulated": one.is_simulated,
            "instruments": one.instruments,
        }
        for one in status.parts or (status,)
    ]
    return Reply.of({"sources": found}).to(request.headers)


@router.get("/status", response_model=schemas.Status, responses=failures(422))
async def status(
    request: Request,
    board: BoardOf,
    query: Annotated[schemas.NoParameters, Query()],  # noqa: ARG001
) -> Response:
    """How server and source are doing: age of the data, state, errors, requests, loading of history.

    `curl http://127.0.0.1:8080/app/v1/status | jq .source.status.state`
    """
    report, latest = board.feed.health(), board.latest
    quoted_ms = report.status.quoted_ms
    document = {
        "server": __version__,
        "epoch": board.epoch,
        "now": documents.instant(board.now_ms()),
        "version": 0 if latest is None else latest.version,
        "at": None if latest is None else documents.instant(latest.at_ms),
        "window_s": 0 if latest is None else latest.window_minutes * 60,
        "interval_s": board.interval_s,
        "age_s": None if quoted_ms is None else (board.now_ms() - quoted_ms) / 1000,
        "clients": request.app.state.streams.count,
        "source": documents.report_document(report),
    }
    return Reply.of(document).to(request.headers)

"""The calls are as their document says, whatever is asked: made up by schemathesis, in this process."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi import checks
from starlette.types import ASGIApp

from tests.support.clock import FakeClock
from tests.support.feed import AT_MS, FakeFeed, make_pairs
from tui_tracker.api.app import make_app
from tui_tracker.api.board import Board
from tui_tracker.api.security import Access, Limits
from tui_tracker.api.streams import Streams


def app() -> ASGIApp:
    """The service over a market of a few pairs, without a poll to come."""
    feed = FakeFeed(make_pairs(count=24))
    board = Board(feed, FakeClock(AT_MS), min_coverage=0.9, interval_s=60)
    board.take(feed.current)
    return make_app(board, Streams(board), access=Access(hosts=frozenset({"testserver"})), limits=Limits(rate_per_s=0))


schema = schemathesis.openapi.from_asgi("/app/v1/openapi.json", app())


@schema.parametrize()
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_answers_are_as_documented(case: "schemathesis.Case[Any]") -> None:
    response = case.call()
    # A name may be well-formed and no pair of this market; what is too long is refused before anybody looks at it.
    beside: list[Any] = [checks.positive_data_acceptance]
    if response.status_code == 414:
        beside.append(checks.negative_data_rejection)
    case.validate_response(response, excluded_checks=beside)

"""``rank`` from the real composition down, once for each exchange, against a fake one that speaks its wire format."""

import json
from collections.abc import Callable

import pytest

from tests.cli.conftest import Outcome
from tests.support.exchanges.server import FakeExchangeThread
from tests.support.exchanges.wires import NATIVE
from tui_tracker.cli import compose
from tui_tracker.cli.main import main
from tui_tracker.cli.options import Invocation


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    def run(*arguments: str) -> Outcome:
        code = main(arguments, Invocation(compose, {}))
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.mark.parametrize("name", [wire.name for wire in NATIVE])
def test_one_pair_is_ranked_over_a_day_of_candles(name: str, run: Callable[..., Outcome]) -> None:
    with FakeExchangeThread(name, pairs=30) as fake:
        pair = fake.exchange.market.pairs[0].name
        spelling = pair.replace("/", "").lower()
        outcome = run("rank", "--source", name, "--base-url", f"{name}={fake.url}", "--pairs", spelling, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    document = json.loads(outcome.out)
    (one,) = document["pairs"]
    assert (document["source"], one["pair"], one["rank"]) == (name, pair, 1)
    assert one["samples"] >= 1_438
    assert one["min"] <= one["mean"] <= one["max"]
    assert one["stddev"] > 0
    assert one["volume_usd"] > 0

"""The two commands that follow a market without a screen."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cli.conftest import Outcome
from tests.cli.scripted import ScriptedComposition, ScriptedFeed, make_row
from tui_tracker.cli.following import polled
from tui_tracker.cli.status_format import Field, parsed, written
from tui_tracker.core.errors import ConfigError
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import SourceState, SourceStatus
from tui_tracker.feed.base import Feed

Run = Callable[..., Outcome]
ROWS = [
    make_row("BTC", stddev=9.0, volume_usd=9e6),
    make_row("ETH", stddev=3.0, volume_usd=5e6),
    make_row("BTC", "EUR", stddev=8.0, volume_usd=7e6),
    make_row("NEW", stddev=5.0, samples=100, volume_usd=2e6),
]


def composed() -> ScriptedComposition:
    return ScriptedComposition(ScriptedFeed(ROWS))


def test_each_snapshot_is_one_line_of_json(run: Run) -> None:
    composition = composed()
    outcome = run("watch", "--jsonl", "--quote", "usd", "--limit", "2", composition=composition)
    assert (outcome.code, outcome.err) == (0, "")
    lines = [json.loads(line) for line in outcome.out.splitlines()]
    assert len(lines) == 3
    last = lines[-1]
    assert list(last) == ["at", "source", "metric", "by", "state", "ranked", "pairs"]
    assert [(pair["pair"], pair["rank"]) for pair in last["pairs"]] == [("BTC/USD", 1), ("ETH/USD", 2)]
    assert (last["state"], last["ranked"], last["pairs"][0]["stddev"]) == ("live", 2, 9.0)
    assert composition.feed.asked == ["kraken:BTC-USD", "kraken:ETH-USD", "kraken:NEW-USD"]
    assert composition.is_closed


def test_watching_ends_after_a_count(run: Run) -> None:
    outcome = run("watch", "--count", "1", composition=composed(), CRYPTO_TUI_QUOTE="EUR")
    assert len(outcome.out.splitlines()) == 1
    assert len(json.loads(outcome.out)["pairs"]) == 4


def test_a_status_line_follows_or_comes_once(run: Run) -> None:
    text = "{1.pair} {1.cv:.0%} {btc/eur.last:,.1f} {state} {{{9.pair}}}"
    outcome = run("status-line", text, composition=composed())
    assert outcome.out.splitlines()[-1] == "BTC/USD 9% 101.5 live {–}"
    once = composed()
    assert run("status-line", "--once", text, composition=once).out == "BTC/USD 9% 101.5 live {–}\n"
    assert once.feed.asked[0] == "kraken:BTC-USD"


def test_a_status_line_tells_how_much_history_is_loaded(run: Run) -> None:
    lines = run("status-line", "{loaded:.0%} {1.pair}", composition=composed()).out.splitlines()
    assert lines[0] == "100% –", "nothing was asked for yet"
    assert lines[1].startswith("0% ")
    assert lines[-1] == "100% BTC/USD"
    assert run("status-line", "--once", "{loaded:.0%} {1.pair}", composition=composed()).out == "100% BTC/USD\n"
    named = run("status-line", "--once", "{1.id} on {1.exchange}", composition=composed()).out
    assert named == "kraken:BTC-USD on kraken\n"


def test_a_format_without_figures_needs_no_history(run: Run) -> None:
    composition = composed()
    assert run("status-line", "--once", "{ETH/USD.last:.0f}", composition=composition).out == "102\n"
    assert composition.feed.asked == []


def test_without_a_form_numbers_are_as_the_app_shows_them(run: Run) -> None:
    text = "{loaded} {ranked} {1.last} {1.volume_usd} {1.stddev} {1.cv} {1.coverage} {1.range_pct} {1.mean} {1.samples}"
    told = run("status-line", "--once", text, composition=composed()).out
    assert told == "100% 3 101.50 9.0M 9.0000 9.00% 100% 10.00 100.00 1440\n"


@pytest.mark.parametrize(
    "text",
    [
        "{1.__class__}",
        "{state.__class__}",
        "{nothing}",
        "{1}",
        "{.last}",
        "{0.last}",
        "{1.last!r}",
        "{1.last:{2.last}}",
        "{1.last:99999999f}",
        "{1.pair:,.2f}",
        "{1.last:x}",
        "{",
        "}",
        "{1.last",
        "{}",
    ],
)
def test_what_a_format_may_not_hold(text: str, run: Run) -> None:
    outcome = run("status-line", text)
    assert (outcome.code, outcome.out) == (2, "")
    assert "FORMAT" in outcome.err


def test_an_unknown_pair_is_wrong_usage(run: Run) -> None:
    outcome = run("status-line", "--once", "{GONE/USD.last}", composition=composed())
    assert outcome.code == 2
    assert "GONE/USD" in outcome.err


@given(st.text(st.sampled_from("{}1.pairlst:,%fBTC/USD0- "), max_size=30))
def test_a_format_is_understood_or_refused(text: str) -> None:
    try:
        parts = parsed(text)
    except ConfigError:
        return
    for part in parts:
        if isinstance(part, Field):
            written(None, part.spec)


def test_absent_values_keep_their_width() -> None:
    assert written(None, ">8,.2f") == "       –"
    assert written(None, ".2f") == "–"


async def test_a_source_that_is_left_alone_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    resting = SourceStatus("binance", SourceState.OFFLINE, limited_until_ms=1_709_330_277_123)

    class Resting:
        async def updates(self) -> AsyncIterator[Snapshot]:
            for status in (resting, resting, replace(resting, error="HTTP 418"), resting):
                yield Snapshot(0, None, None, 1440, (), status)
            parts = (resting, replace(resting, source="okx"))
            yield Snapshot(0, None, None, 1440, (), SourceStatus("all", SourceState.OFFLINE, parts=parts))

    assert [snapshot async for snapshot in polled(cast(Feed, Resting()))] == []
    told = "note: {}: asked for nothing until 2024-03-01T21:57:57.123Z, as it wants"
    assert capsys.readouterr().err.replace("crypto-tui: ", "").splitlines() == [
        told.format("binance"),
        "note: binance: HTTP 418",
        told.format("binance"),
        told.format("okx"),
    ]

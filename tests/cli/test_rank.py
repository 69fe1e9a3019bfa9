import asyncio
import csv
import json
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from io import StringIO

import pytest

from tests.cli.conftest import Outcome
from tests.cli.scripted import AT_MS, ScriptedComposition, ScriptedFeed, Terminal, make_row
from tui_tracker.config.model import Settings
from tui_tracker.core.errors import MalformedDataError, UnreachableError
from tui_tracker.core.figures import Measure
from tui_tracker.core.instrument import InstrumentClass
from tui_tracker.core.metric import METRIC_INDEX, Metric
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import BackfillProgress, SourceState, SourceStatus
from tui_tracker.filters.columns import Subject
from tui_tracker.filters.language import compile_filter
from tui_tracker.stats.ranking import Scope, rank
from tui_tracker.tui.pages.command import rank_words, shell_lines

Run = Callable[..., Outcome]
ROWS = [
    make_row("BTC", stddev=9.0, volume_usd=9e6),
    make_row("ETH", stddev=3.0, volume_usd=5e6),
    make_row("BTC", "EUR", stddev=8.0, volume_usd=7e6),
    make_row("NEW", stddev=5.0, samples=100, volume_usd=2e6),
    make_row("OFF", stddev=5.0, volume_usd=1e6, halted="maintenance"),
    make_row("ODD", "XYZ", stddev=1.0, volume_usd=None),
]
KEYS = [
    *("pair", "base", "quote", "rank", "reason", "stddev", "mean", "min", "max", "first", "last", "change_pct"),
    *("cv", "volatility", "range_pct", "bipower", "high", "low", "hl_range_pct", "parkinson", "volume_usd", "samples"),
    *("coverage", "activity", "is_suspect", "classes", "id", "provenance"),
]


def composed(rows: list[Row] | None = None, **more: object) -> ScriptedComposition:
    return ScriptedComposition(ScriptedFeed(ROWS if rows is None else rows, **more))  # type: ignore[arg-type]


def ranked(outcome: Outcome) -> list[tuple[str, int | None]]:
    assert outcome.code == 0, outcome.err
    return [(pair["pair"], pair["rank"]) for pair in json.loads(outcome.out)["pairs"]]


def test_another_metric_is_ranked_by_what_the_history_has_of_it(run: Run) -> None:
    flow = METRIC_INDEX[Metric.FLOW]
    rows = [
        row._replace(figures=tuple(row.figures[0] if at == flow else None for at in range(len(row.figures))))
        for row in ROWS
    ]
    outcome = run("rank", "--json", "--metric", "flow", "--quote", "usd", composition=composed(rows))
    document = json.loads(outcome.out)
    assert (document["metric"], document["ranked"], document["pairs"][0]["stddev"]) == ("flow", 2, 9.0)
    composition = composed()
    nothing = run("rank", "--metric", "mid", composition=composition)
    assert (nothing.code, "mid is known of minutes that were polled alone" in nothing.err) == (3, True)
    assert composition.feed.asked == [], "candles tell nothing of it"


def test_the_json_object_has_its_keys_in_order_and_full_precision(run: Run) -> None:
    composition = composed()
    outcome = run("rank", "--json", "--quote", "usd", composition=composition)
    assert (outcome.code, outcome.err) == (0, "")
    document = json.loads(outcome.out)
    assert list(document) == ["source", "metric", "by", "window_s", "at", "scope_pairs", "ranked", "pairs"]
    assert {name: document[name] for name in list(document)[:-1]} == {
        "source": "kraken",
        "metric": "price",
        "by": "stddev",
        "window_s": 86_400,
        "at": "2024-03-01T21:57:57.123Z",
        "scope_pairs": 4,
        "ranked": 2,
    }
    first = document["pairs"][0]
    assert list(first) == KEYS
    assert first["provenance"] == {"candle_1m": 3, "stream": 0, "poll": 1436, "candle_5m": 1}
    assert list(first["provenance"]) == ["candle_1m", "stream", "poll", "candle_5m"]
    assert first["change_pct"] == (101.5 - 99.0) / 99.0 * 100
    assert (first["rank"], first["reason"], first["cv"], first["samples"]) == (1, None, 0.09, 1440)
    assert composition.is_closed
    assert composition.window == 1440


def test_unranked_pairs_come_last_with_their_reason(run: Run) -> None:
    document = json.loads(run("rank", "--json", composition=composed()).out)
    last = {pair["pair"]: pair for pair in document["pairs"][-2:]}
    assert {pair["rank"] for pair in last.values()} == {None}
    assert last["NEW/USD"]["reason"] == "6 % observed"
    off = last["OFF/USD"]
    assert off["reason"] == "halted: maintenance"
    assert off["stddev"] is off["mean"] is off["cv"] is None
    assert (off["samples"], off["coverage"]) == (0, 0.0)


def test_the_scope_is_all_unless_a_flag_says_otherwise(run: Run) -> None:
    everything = [("BTC/USD", 1), ("BTC/EUR", 2), ("ETH/USD", 3), ("ODD/XYZ", 4), ("NEW/USD", None), ("OFF/USD", None)]
    assert ranked(run("rank", "--json", composition=composed(), CRYPTO_TUI_QUOTE="USD")) == everything
    assert ranked(run("rank", "--json", "--quote", "all", composition=composed())) == everything
    assert ranked(run("rank", "--json", "--quote", "EUR", composition=composed())) == [("BTC/EUR", 1)]
    assert ranked(run("--quote", "EUR", "rank", "--json", composition=composed())) == [("BTC/EUR", 1)]


def test_limit_takes_the_most_traded(run: Run) -> None:
    composition = composed()
    outcome = run("rank", "--json", "--limit", "2", composition=composition)
    assert ranked(outcome) == [("BTC/USD", 1), ("BTC/EUR", 2)]
    assert composition.feed.asked == ["kraken:BTC-USD", "kraken:BTC-EUR"]
    assert json.loads(outcome.out)["scope_pairs"] == 6
    assert len(ranked(run("rank", "--json", "--limit", "0", composition=composed()))) == 6


def test_pairs_ignores_the_limit_and_takes_every_spelling(run: Run) -> None:
    composition = composed()
    names = "btcusd, ETH/USD,kraken:btc-usd,odd_xyz"
    outcome = run(
        "rank", "--json", "--limit", "1", "--pairs", names, composition=composition, CRYPTO_TUI_MIN_VOLUME="1M"
    )
    assert ranked(outcome) == [("BTC/USD", 1), ("ETH/USD", 2), ("ODD/XYZ", 3)]
    assert json.loads(outcome.out)["scope_pairs"] == 3


def test_named_pairs_that_a_condition_leaves_out_are_told(run: Run) -> None:
    outcome = run("rank", "--json", "--pairs", "btceur,btcusd", "--quote", "USD", composition=composed())
    assert ranked(outcome) == [("BTC/USD", 1)]
    assert outcome.err == "crypto-tui: note: left out: BTC/EUR: not priced in USD\n"
    outcome = run("rank", "--json", "--pairs", "btcusd,new/usd", "--min-volume", "1B", composition=composed())
    assert outcome.code == 3
    assert "left out: BTC/USD, NEW/USD: below the floor" in outcome.err
    outcome = run("rank", "--pairs", "btceur", "--quote", "USD", composition=composed())
    assert outcome.code == 2
    assert "--pairs: none is priced in USD" in outcome.err


def test_history_of_halted_pairs_is_not_asked_for(run: Run) -> None:
    composition = composed()
    run("rank", composition=composition)
    assert "kraken:OFF-USD" not in composition.feed.asked
    assert len(composition.feed.asked) == 5


def test_measure_and_window_are_passed_on(run: Run) -> None:
    composition = composed([make_row("A", stddev=1.0), make_row("B", stddev=2.0)])
    outcome = run("rank", "--json", "--by", "cv", "--window", "6h", "--min-coverage", "5%", composition=composition)
    assert ranked(outcome) == [("B/USD", 1), ("A/USD", 2)]
    assert json.loads(outcome.out)["by"] == "cv"
    assert composition.window == 360


def test_of_a_history_no_more_is_read_than_is_ranked_by(run: Run) -> None:
    composition = composed([make_row("A", stddev=1.0), make_row("B", stddev=2.0)])
    run("rank", "--json", composition=composition)
    assert composition.metrics == {Metric.PRICE}
    run("rank", "--json", "--filter", "cv > 0", composition=composition)
    assert set(composition.metrics) == set(Metric)


def test_a_window_over_a_day_is_read_from_the_history(run: Run) -> None:
    composition = composed([make_row("A", stddev=1.0), make_row("B", stddev=2.0)])
    outcome = run("rank", "--json", "--window", "7d", composition=composition)
    assert composition.window == 1440
    assert composition.feed.longer == (7 * 1440, Metric.PRICE)
    assert json.loads(outcome.out)["window_s"] == 7 * 86_400
    refused = run("rank", "--window", "7d", "--no-history", composition=composed())
    assert refused.code == 2
    assert "stored history" in refused.err


def test_a_floor_says_how_many_have_no_route_to_usd(run: Run) -> None:
    outcome = run("rank", "--json", "--min-volume", "3M", composition=composed())
    assert ranked(outcome) == [("BTC/USD", 1), ("BTC/EUR", 2), ("ETH/USD", 3)]
    assert "1 pair left out: volume has no route to USD" in outcome.err


def test_some_failures_are_one_line_and_exit_0(run: Run) -> None:
    outcome = run("rank", "--json", composition=composed(failed=["kraken:ETH-USD"]))
    assert outcome.code == 0
    assert outcome.err == "crypto-tui: note: no history of 1 of 6 pairs: ETH/USD (the log says why)\n"
    assert json.loads(outcome.out)["pairs"][-2]["pair"] in ("ETH/USD", "NEW/USD")


@pytest.mark.parametrize(
    ("composition", "said"),
    [
        (composed(error=UnreachableError("connection refused")), "kraken: connection refused; try again later"),
        (composed(error=MalformedDataError("no result")), "kraken: no result"),
        (composed([]), "the source gave no quotes"),
        (composed([ROWS[3]]), "nothing could be ranked; 6 % observed (1)"),
        (composed(ROWS[:1], failed=["kraken:BTC-USD"]), "nothing could be ranked; 0 % observed (1)"),
    ],
)
def test_without_a_ranking_stdout_is_empty_and_the_code_3(
    run: Run, composition: ScriptedComposition, said: str
) -> None:
    for arguments in (["rank", "--json"], ["rank"]):
        outcome = run(*arguments, composition=composition)
        assert (outcome.code, outcome.out) == (3, "")
        assert said in outcome.err
    assert composition.is_closed


def test_of_a_source_that_is_out_of_reach_it_says_whose_poll_it_shows(run: Run) -> None:
    composition = composed(state=SourceState.OFFLINE, reason="connection refused")
    outcome = run("rank", "--json", composition=composition)
    assert outcome.code == 0
    assert outcome.err == (
        "crypto-tui: note: kraken is offline, this is its poll of 21:57:57 UTC: connection refused\n"
    )


def test_an_empty_scope_is_no_data(run: Run) -> None:
    outcome = run("rank", "--min-volume", "1B", composition=composed())
    assert (outcome.code, outcome.out) == (3, "")
    assert "no pair is in scope" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--metric", "mid", "--no-history"], "--metric mid: only price can be ranked without a stored history"),
        (["--pairs", " , "], "--pairs names no pair"),
        (["--pairs", "nope"], "unknown pair 'nope'"),
        (["--pairs", "btc"], "BTC/USD"),
        (["--quote", "GBP"], "no pair is priced in 'GBP'; there is EUR, USD, XYZ"),
        (["--window", "9m"], "--window: '9m' is not allowed; allowed: 10m to 30d"),
        (["--by", "charm"], "--by: 'charm' is not allowed; allowed: stddev, cv, volatility, range"),
        (["--demo", "--connect", "http://127.0.0.1:1"], "--connect and --demo are two markets"),
        (["--source", "okx", "--connect", "http://127.0.0.1:1"], "the server decides what is watched"),
        (["--pairs", ",".join(f"a{n}" for n in range(5001))], "at most 5000"),
    ],
)
def test_wrong_use_is_exit_2(run: Run, arguments: list[str], said: str) -> None:
    outcome = run("rank", *arguments, composition=composed())
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_metric_that_only_the_file_names_does_not_stop_a_ranking(run: Run) -> None:
    assert run("rank", composition=composed(), CRYPTO_TUI_METRIC="mid").code == 0


def test_plain_text_is_aligned(run: Run) -> None:
    outcome = run("rank", composition=composed(ROWS[:4]))
    lines = outcome.out.splitlines()
    assert lines[0].split("  ")[0] == "rank"
    assert lines[1].split()[:4] == ["1", "BTC/USD", "101.50", "+2.53"]
    assert lines[1].split()[-3:] == ["9.0M", "100%", "50%"]
    assert lines[-1].split()[:2] == ["–", "NEW/USD"]
    assert "~5.0000" in lines[-1]
    assert lines[-1].endswith("6 % observed")
    assert len({line.index("/") for line in lines[1:]}) == 1


def test_a_measure_without_a_usual_column_gets_one(run: Run) -> None:
    outcome = run("rank", "--by", "hl_range", composition=composed(ROWS[:4]))
    lines = outcome.out.splitlines()
    assert "24 h high-low %" in lines[0]
    assert " 9.9 " in lines[1]
    assert "~9.9" in lines[-1]
    assert "Parkinson" not in lines[0]


def test_classes_are_left_out_and_each_asset_shown_once(run: Run) -> None:
    stable = ROWS[1]._replace(instrument=replace(ROWS[1].instrument, classes=frozenset({InstrumentClass.STABLE})))
    rows = [ROWS[0], stable, ROWS[2]]
    outcome = run("rank", "--json", "--exclude", "Stable, fiat", "--unique-base", composition=composed(rows))
    assert ranked(outcome) == [("BTC/USD", 1)]
    assert json.loads(outcome.out)["scope_pairs"] == 1
    assert json.loads(run("rank", "--json", composition=composed(rows)).out)["pairs"][2]["classes"] == ["stable"]


@pytest.mark.parametrize(("names", "said"), [("stable,odd", "'odd' is no class"), (",", "names no class")])
def test_only_known_classes_can_be_left_out(run: Run, names: str, said: str) -> None:
    outcome = run("rank", "--exclude", names, composition=composed())
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert "second_venue" in outcome.err


def test_hostile_names_reach_no_terminal(run: Run) -> None:
    outcome = run("rank", composition=composed([make_row("X\x1b[31m\u202e"), make_row("[bold]Y[/x]")]))
    assert "\x1b" not in outcome.out
    assert "\u202e" not in outcome.out
    assert "[bold]Y[/x]/USD" in outcome.out


def test_progress_is_shown_on_a_terminal_and_taken_away(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    run("rank", composition=composed(ROWS[:2]))
    said = terminal.getvalue()
    assert "\rhistory 1/2, about 2 s left\x1b[K" in said
    assert said.endswith("\r\x1b[K")
    assert "\n" not in said


def test_on_a_terminal_a_table_that_fits_is_drawn(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    rows = [make_row("[bold]Y[/x]"), *ROWS]
    assert run("rank", composition=composed(rows)).code == 0
    text = stream.getvalue()
    assert "\x1b[1m" in text
    assert "mixed units" in text
    assert "[bold]Y[/x]/USD" in text
    assert "no room for: volatility %, range %, volume USD, coverage, active, why unranked" in text
    monkeypatch.setenv("COLUMNS", "200")
    assert run("rank", composition=composed(rows)).code == 0
    assert "halted: maintenance" in stream.getvalue()


def test_no_color_is_honoured(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    run("rank", composition=composed())
    assert "\x1b[3" not in stream.getvalue()
    assert "BTC/USD" in stream.getvalue()


def test_pairs_lists_what_the_source_has(run: Run) -> None:
    outcome = run("pairs", composition=composed())
    lines = [line.split() for line in outcome.out.splitlines()]
    assert lines[0] == ["pair", "last", "volume", "USD", "id", "symbol", "trading"]
    assert [line[0] for line in lines[1:]] == ["BTC/EUR", "BTC/USD", "ETH/USD", "NEW/USD", "ODD/XYZ", "OFF/USD"]
    assert lines[2] == ["BTC/USD", "101.50", "9.0M", "kraken:BTC-USD", "BTCUSD", "online"]
    assert lines[-1][-1] == "maintenance"


def test_pairs_as_json_in_one_currency(run: Run) -> None:
    document = json.loads(run("pairs", "--json", "--quote", "eur", composition=composed()).out)
    assert [pair["pair"] for pair in document["pairs"]] == ["BTC/EUR"]
    assert document["at"] == "2024-03-01T21:57:57.123Z"
    outcome = run("pairs", "--quote", "GBP", composition=composed())
    assert (outcome.code, outcome.out) == (2, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_with_its_code_and_no_output(run: Run, number: signal.Signals) -> None:
    class Signalled(ScriptedFeed):
        async def updates(self) -> AsyncIterator[Snapshot]:
            signal.raise_signal(number)
            await asyncio.Event().wait()
            yield self._snapshot(0, (), BackfillProgress())

    composition = ScriptedComposition(Signalled(ROWS))
    before = signal.getsignal(number)
    outcome = run("rank", composition=composition)
    assert (outcome.code, outcome.out) == (128 + number, "")
    assert signal.getsignal(number) == before
    assert composition.is_closed


def test_csv_has_a_line_a_pair_with_every_figure(run: Run) -> None:
    outcome = run("rank", "--csv", composition=composed())
    rows = list(csv.DictReader(StringIO(outcome.out)))
    document = json.loads(run("rank", "--json", composition=composed()).out)
    assert [(row["pair"], row["rank"]) for row in rows] == [
        (pair["pair"], str(pair["rank"] or "")) for pair in document["pairs"]
    ]
    assert list(rows[0])[: len(KEYS) - 1] == KEYS[:-1]
    assert [row["stddev"] for row in rows] == [str(pair["stddev"] or "") for pair in document["pairs"]]
    assert rows[0]["provenance_candle_1m"] == "3"
    assert rows[0]["is_suspect"] == "false"
    assert run("rank", "--csv", "--json", composition=composed()).code == 2


STABLE = InstrumentClass.STABLE
MANY_ROWS = [
    *ROWS,
    make_row("ETH", "USDT", stddev=4.0, volume_usd=8e6),
    make_row("USDX", stddev=0.1, volume_usd=3e6)._replace(
        instrument=replace(make_row("USDX").instrument, classes=frozenset({STABLE})),
    ),
]


@pytest.mark.parametrize(
    ("scope", "measure", "needle"),
    [
        (Scope(quote="USD", min_volume_usd=1.5e6, excluded=frozenset({STABLE})), Measure.STDDEV, ""),
        (Scope(), Measure.CV, ""),
        (Scope(unique_base=True), Measure.VOLATILITY, ""),
        (Scope(quote="EUR"), Measure.RANGE, ""),
        (Scope(ids=frozenset({"kraken:BTC-EUR", "kraken:ODD-XYZ", "kraken:OFF-USD"})), Measure.CV, ""),
        (Scope(quote="USD"), Measure.CV, "rank <= 2"),
    ],
    ids=["floor and classes", "everything", "unique base", "EUR", "watchlist", "filter"],
)
def test_the_command_that_the_app_prints_makes_the_same_ranking(
    scope: Scope, measure: Measure, needle: str, run: Run
) -> None:
    status = SourceStatus("kraken", SourceState.LIVE)
    snapshot = Snapshot(1, AT_MS, AT_MS, 1440, tuple(MANY_ROWS), status)
    shown = rank(snapshot, Metric.PRICE, measure, scope)
    matches = compile_filter(needle).matches
    expected = [
        (place.row.instrument.pair, place.rank)
        for place in shown.places
        if matches(Subject(place.row, place.row.figures_of(Metric.PRICE), place.rank, place.row.last, ""))
    ]
    words = rank_words(
        Settings(min_volume=100, quote="GBP"), shown, 1440, [place.row for place in shown.places], needle=needle
    )
    assert words is not None
    printed = " ".join(line.removesuffix("\\") for line in shell_lines(words, 60))
    configured = {"CRYPTO_TUI_MIN_VOLUME": "100", "CRYPTO_TUI_QUOTE": "GBP"}
    outcome = run(*shlex.split(printed)[1:], "--json", composition=composed(MANY_ROWS), **configured)
    assert ranked(outcome) == expected
    assert json.loads(outcome.out)["ranked"] == shown.ranked


def test_an_empty_scope_is_told_in_one_line(run: Run) -> None:
    outcome = run("rank", "--min-volume", "1e15", composition=composed())
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.count("\n") == 1
    assert "no pair is in scope" in outcome.err

"""What the pages say, without a screen."""

import math
import re
import shlex
import time
from array import array
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.feed import END_MS, WINDOW, FakeFeed, live_status, make_pairs, several_pairs
from tui_tracker.config.model import Settings
from tui_tracker.core.figures import Measure
from tui_tracker.core.instrument import CONSOLIDATED, InstrumentClass
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS, Series
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import BackfillProgress, ErrorTally, RequestReport, SourceReport, SourceState
from tui_tracker.stats.histogram import histogram
from tui_tracker.stats.ranking import Ranking, Scope, rank
from tui_tracker.tui.events import Event, EventLog, Happening
from tui_tracker.tui.pages.across import AcrossFacts, across_page
from tui_tracker.tui.pages.blocks import GAP, Block, Page, chunked, laid_out, said, tabulated
from tui_tracker.tui.pages.command import MOST_NAMED, rank_words, shell_lines
from tui_tracker.tui.pages.health import AppHealth, health_page
from tui_tracker.tui.pages.overview import (
    Breadth,
    Heat,
    OverviewFacts,
    breadth,
    gathered,
    heat_tiles,
    overview_page,
)
from tui_tracker.tui.pages.pair import PairFacts, bin_labels, find_reference, pair_page
from tui_tracker.tui.pages.why import WhyFacts, why_page
from tui_tracker.tui.pages.wording import bar
from tui_tracker.tui.pulse import Pulse
from tui_tracker.tui.runs import Line, Run, width_of
from tui_tracker.tui.times import UTC_ZONE
from tui_tracker.tui.titles import header_line

PAIRS = make_pairs()
SNAPSHOT = FakeFeed(PAIRS).snapshot()
USD = Scope(quote="USD")


def row_of(name: str) -> Row:
    return next(row for row in SNAPSHOT.rows if row.instrument.pair == name)


def series_of(name: str, metric: Metric = Metric.PRICE) -> Series:
    pair = next(pair for pair in PAIRS if pair.instrument.pair == name)
    return Series(pair.id, metric, END_MS - (WINDOW - 1) * MINUTE_MS, array("d", pair.series(metric)), 1)


def ranking(measure: Measure = Measure.STDDEV, metric: Metric = Metric.PRICE, scope: Scope = USD) -> Ranking:
    return rank(SNAPSHOT, metric, measure, scope)


def why(name: str, width: int = 76, **changes: object) -> str:
    known = WhyFacts(row_of(name), ranking(), "USD", 0.9, series_of(name), ["crypto-tui", "rank"], UTC_ZONE)
    return text_of(why_page(replace(known, **changes), width))  # type: ignore[arg-type]


def pair_text(name: str, width: int = 76, reference: str = "BTC", snapshot: Snapshot = SNAPSHOT) -> str:
    row = row_of(name)
    found = find_reference(snapshot.rows, row, reference)
    other = None if found.row is None else series_of(found.row.instrument.pair)
    known = PairFacts(row, snapshot, [("USD", ranking())], series_of(name), found, other, UTC_ZONE)
    return text_of(pair_page(known, width))


def text_of(page: Page) -> str:
    return "\n".join(line.text.rstrip() for line in page.lines)


def test_returns_are_of_five_minutes_where_candles_of_five_fill_the_minutes() -> None:
    row = row_of("BTC/USD")._replace(provenance=(720, 720, 0, 0))
    steps = [100.0 + step % 7 for step in range(WINDOW // 5)]
    held = array("d", [value for value in steps for _ in range(5)])
    start_ms = END_MS - (WINDOW - 1) * MINUTE_MS
    series = Series(row.id, Metric.PRICE, start_ms, held, 1)
    found = find_reference(SNAPSHOT.rows, row, "BTC")
    known = PairFacts(row, SNAPSHOT, [("USD", ranking())], series, found, None, UTC_ZONE)
    text = text_of(pair_page(known, 136))
    assert "5-minute returns of the last 24 h" in text
    assert f"{WINDOW // 5 - 1} returns, 0 without a change" in text


# Blocks


BLOCKS = st.lists(
    st.tuples(st.integers(1, 60), st.integers(1, 12)).map(
        lambda size: Block("t", tuple(Line((("x" * size[0], "text"),)) for _ in range(size[1])))
    ),
    max_size=6,
)


@given(BLOCKS, st.integers(60, 220))
def test_no_line_of_a_block_is_lost_or_cut(blocks: list[Block], width: int) -> None:
    lines = laid_out(blocks, width)
    assert all(width_of(line.text) <= width for line in lines)
    wanted = sum(len(line.text) for block in blocks for line in block.lines)
    assert sum(line.text.count("x") for line in lines) == wanted
    assert len(lines) <= sum(block.height + 1 for block in blocks)


def test_blocks_stand_side_by_side_where_there_is_room() -> None:
    one, two = (Block(name, (Line((("x" * 10, "text"),)),)) for name in "ab")
    assert [line.text.rstrip() for line in laid_out([one, two], 80)] == [
        "a" + " " * (9 + GAP) + "b",
        "x" * 10 + " " * GAP + "x" * 10,
    ]
    assert len(laid_out([one, two], 20)) == 5
    assert laid_out([], 20) == ()


def test_what_is_too_wide_says_so() -> None:
    (_, line) = laid_out([Block("t", (Line((("x" * 30, "text"),)),))], 20)
    assert line.text == "x" * 19 + "…"


def test_a_wide_table_goes_on_below() -> None:
    rows = [[("name", "text"), ("one", "text"), ("two", "text")], [("a", "text"), ("1", "text"), ("2", "text")]]
    assert [line.text for line in tabulated(rows)] == ["name  one  two", "a       1    2"]  # type: ignore[arg-type]
    assert [line.text for line in chunked(rows, 10)] == ["name  one", "a       1", "", "name  two", "a       2"]  # type: ignore[arg-type]


def test_sentences_are_broken_between_words() -> None:
    assert [line.text for line in said("one two three", 8)] == ["one two", "three"]


@pytest.mark.parametrize(("share", "shown"), [(0.0, ""), (1e-9, "▏"), (0.5, "██"), (0.6, "██▍"), (2.0, "████")])
def test_a_bar_shows_whatever_is_above_nothing(share: float, shown: str) -> None:
    assert bar(share, 4) == shown


# The command


@given(st.text(min_size=1, max_size=20), st.integers(30, 120))
def test_a_shell_reads_back_what_is_quoted(asset: str, width: int) -> None:
    words = ["crypto-tui", "rank", "--quote", f"'{asset}", "--pairs", asset.replace("-", "x") + "/USD"]
    lines = shell_lines(words, width)
    assert all(line.endswith(" \\") for line in lines[:-1])
    joined = "\n".join(lines).replace(" \\\n", " ")
    assert shlex.split(joined) == words


def test_the_command_names_every_setting_of_the_ranking() -> None:
    settings = Settings(base_urls={"kraken": "http://127.0.0.1:1"}, min_coverage=0.75)
    floor = Scope(quote=None, min_volume_usd=1.5e6)
    words = rank_words(settings, ranking(Measure.CV, scope=floor), 90, [])
    assert words is not None
    assert shlex.join(words) == (
        "crypto-tui rank --source kraken --base-url kraken=http://127.0.0.1:1 --quote all --limit 0 "
        "--min-volume 1500000 --metric price --by cv --window 90m --min-coverage 0.75"
    )


def test_the_command_leaves_out_what_the_ranking_leaves_out() -> None:
    scope = Scope(quote="USD", excluded=frozenset({InstrumentClass.FIAT, InstrumentClass.STABLE}), unique_base=True)
    words = rank_words(Settings(), ranking(scope=scope), 1440, [])
    assert words is not None
    assert "--exclude fiat,stable --unique-base" in shlex.join(words)


def test_the_command_of_a_watchlist_names_its_pairs_and_that_of_the_demo_its_seed() -> None:
    rows = [row_of("BTC/USD"), row_of("ETH/USD")]
    watched = ranking(scope=Scope(ids=frozenset(row.id for row in rows)))
    words = rank_words(Settings(seed=7), watched, 1440, rows, is_simulated=True)
    assert words is not None
    assert words[:6] == ["crypto-tui", "rank", "--demo", "--seed", "7", "--pairs"]
    assert words[6] == "BTC/USD,ETH/USD"
    assert rank_words(Settings(), ranking(metric=Metric.MID), 1440, []) is None
    words = rank_words(Settings(demo_pairs=5_000), ranking(), 1440, rows, is_simulated=True)
    assert words is not None
    assert words[:5] == ["crypto-tui", "--pairs", "5000", "rank", "--demo"]


def test_the_command_names_every_condition_of_the_scope() -> None:
    scope = Scope(
        quote="USD",
        min_volume_usd=1e5,
        excluded=frozenset({InstrumentClass.STABLE, InstrumentClass.FIAT}),
        unique_base=True,
    )
    words = rank_words(Settings(min_coverage=1 / 3), ranking(scope=scope), 1440, [], needle="activity >= 50%")
    assert words is not None
    assert shlex.join(words) == (
        "crypto-tui rank --source kraken --quote USD --limit 0 --min-volume 100000 --exclude fiat,stable --unique-base "
        "--metric price --by stddev --window 24h --min-coverage 0.3333333333333333 --filter 'activity >= 50%'"
    )


def test_the_command_of_what_is_put_together_names_its_pairs_and_all_exchanges() -> None:
    settings, rows = Settings(source="a,b,c"), [row_of("BTC/USD"), row_of("ETH/USD")]
    across = ranking(scope=Scope(quote="USD", source=CONSOLIDATED))
    words = rank_words(settings, across, 1440, rows)
    assert words is not None
    assert words[:6] == ["crypto-tui", "rank", "--source", "a,b,c", "--pairs", ",".join(row.id for row in rows)]
    assert rank_words(settings, across, 1440, rows * MOST_NAMED) is None


def test_the_command_says_that_there_is_no_floor_where_the_settings_have_one() -> None:
    words = rank_words(Settings(min_volume=5e6), ranking(scope=Scope(quote="USD")), 1440, [])
    assert words is not None
    assert words[words.index("--min-volume") + 1] == "0"


@given(st.integers(1, 60), st.integers(40, 120))
def test_a_shell_reads_back_a_long_list_of_pairs(count: int, width: int) -> None:
    pairs = ",".join(f"COIN{number}/USD" for number in range(count))
    lines = shell_lines(["crypto-tui", "rank", "--demo", "--pairs", pairs, "--by", "cv"], width)
    assert max(map(len, lines)) <= width
    pasted = shlex.split("\n".join(f"  {line}" for line in lines).replace("\\\n", ""))
    names = pasted.pop(4)
    assert pasted == ["crypto-tui", "rank", "--demo", "--pairs", "--by", "cv"]
    assert [name.strip() for name in names.split(",")] == pairs.split(",")


# Why this rank


def test_why_of_a_ranked_pair() -> None:
    text = why("ETH/USD", 140)
    own = ranking().place("kraken:ETH-USD")
    assert own is not None
    assert f"{own.rank} of {ranking().ranked}" in text
    assert "this pair" in text
    assert text.count("%") > 10
    assert "1,440 of 1,440 min" in text


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("AVAX/USD", "none: 9 % observed, would be"),
        ("DOT/USD", "1,380 of 1,440 min"),
        ("LTC/USD", "none of price yet"),
        ("TRX/USD", "none: halted: maintenance"),
        ("C026/USDT", "not in this scope: other pairs are compared"),
    ],
)
def test_why_of_what_has_no_rank(name: str, words: str) -> None:
    found = next((row.instrument.pair for row in SNAPSHOT.rows if row.instrument.pair == name), None)
    if found is None:
        name = next(row.instrument.pair for row in SNAPSHOT.rows if row.instrument.quote == "USDT")
    assert words in why(name)


def test_why_below_the_floor() -> None:
    name = min((row for row in SNAPSHOT.rows if row.volume_usd), key=lambda row: row.volume_usd or 0).instrument.pair
    assert "it must trade at least 1,000,000 USD a day" in why(name, ranking=ranking(scope=Scope(min_volume_usd=1e6)))


def test_why_of_other_measures() -> None:
    assert "5-minute returns that carry most of it" in why("BTC/USD", ranking=ranking(Measure.VOLATILITY))
    assert "highest  86,099.7  at 20:07" in why("BTC/USD", ranking=ranking(Measure.RANGE))
    assert "For one add --pairs kraken:BTC-USD" in why("BTC/USD", command=None)
    assert "No command can" in why("BTC/USD", ranking=ranking(metric=Metric.VOLUME), command=None)
    assert "on their way" in why("BTC/USD", series=None)


def test_provenance_is_named() -> None:
    row = row_of("BTC/USD")._replace(provenance=(700, 30, 0, 710))
    assert "30 polls · 710 1-min candles · 700 5-min candles" in why("BTC/USD", row=row)
    row = row._replace(provenance=(2, 1, 1, 1))
    assert "1 poll · 1 1-min candle · 2 5-min candles · 1 streamed minute" in why("BTC/USD", row=row)


# The pair


def test_everything_about_a_pair() -> None:
    text = pair_text("ETH/USD", 140)
    for words in ("bid · ask", "rank USD", "high  4,", "below -", "no gap", "correlation of 287", "every".title()):
        assert words in text
    for metric in ("price", "mid", "volume", "quote volume", "spread bps", "trades"):
        assert f"\n{metric} " in text


@pytest.mark.parametrize("width", [76, 96, 136, 196])
@pytest.mark.parametrize("name", ["BTC/USD", "DOGE/USD", "LTC/USD", "TRX/USD", "PEPE/USD", "SHIB/USD", "YFI/USD"])
def test_pages_fit(name: str, width: int) -> None:
    for text in (pair_text(name, width), why(name, width)):
        lines = text.splitlines()
        assert max(map(width_of, lines)) <= width
        assert not any(line.endswith("…") for line in lines)


def test_gaps_are_listed_with_times() -> None:
    text = pair_text("DOGE/USD")
    assert "1, the longest:" in text
    assert "04:38 – 06:38  120 min" in text


def test_the_reference_is_of_the_same_quote_where_there_is_one() -> None:
    eur = next(row for row in SNAPSHOT.rows if row.instrument.quote == "EUR")
    assert find_reference(SNAPSHOT.rows, row_of("ETH/USD"), "BTC").row == row_of("BTC/USD")
    found = find_reference(SNAPSHOT.rows, eur, "BTC")
    assert (found.row, found.is_same_quote) == (row_of("BTC/USD"), False)
    assert "no BTC/EUR is listed" in pair_text(eur.instrument.pair)
    assert find_reference(SNAPSHOT.rows, eur, "NONE").row is None
    assert "No pair has NONE as its base." in pair_text("ETH/USD", reference="NONE")
    assert "It is the reference itself" in pair_text("BTC/USD")


def test_labels_of_bins_differ() -> None:
    for scale in (1e-7, 0.01, 1.0, 30.0):
        labels = bin_labels(histogram([scale * step / 50 for step in range(-50, 51)], 11))
        assert len(set(labels)) == 11
    assert bin_labels(histogram([0.0], 11)) == ["0 %"]


# The overview


def overview(heat: Heat = Heat.CHANGE, width: int = 76, rows: tuple[Row, ...] = SNAPSHOT.rows) -> str:
    pulse, events = Pulse(0.5), EventLog()
    pulse.note(SNAPSHOT, pulse.measured(SNAPSHOT))
    known = OverviewFacts(
        rows, "USD", [row for row in rows if row.instrument.quote == "USD"], heat, events, pulse, UTC_ZONE, "24 h"
    )
    return text_of(overview_page(known, width))


def test_breadth_counts_every_pair_that_trades() -> None:
    found = breadth(SNAPSHOT.rows)
    assert found.all == sum(1 for row in SNAPSHOT.rows if not row.halted and row.last is not None)
    still = row_of("BTC/USD")._replace(figures=row_of("PAXG/USD").figures)
    assert still.figures[0] is not None
    flat = still.figures[0]._replace(first=1.0, last=1.0)
    assert breadth([still._replace(figures=(flat, *still.figures[1:]))]) == Breadth(0, 0, 1)


def test_tiles_have_signs_and_shades() -> None:
    tiles = heat_tiles(SNAPSHOT.rows, Heat.CHANGE)
    assert len(tiles) == 100
    assert [sum(tile.level == level for tile in tiles) for level in range(4)] == [25, 25, 25, 25]
    assert tiles[0].name == "BTC/USD"
    text = overview()
    assert all(sign in text for sign in "░▒▓█▲▼")
    assert "BTC" in text


def test_a_pair_of_several_exchanges_is_one_tile_of_where_it_is_traded_most() -> None:
    rows = [row for pair in several_pairs() if not (row := pair.row()).instrument.is_consolidated]
    tiles = heat_tiles(rows, Heat.CHANGE)
    assert len({tile.name for tile in tiles}) == len(tiles) < len(rows)
    known = [row for row in rows if row.volume_usd and not row.halted and row.figures[0] is not None]
    most = max(known, key=lambda row: row.volume_usd or 0.0)
    assert most.figures[0] is not None
    assert (tiles[0].name, tiles[0].value) == (most.instrument.pair, most.figures[0].change_pct)
    text = text_of(
        overview_page(OverviewFacts(rows, "all", rows, Heat.CHANGE, EventLog(), Pulse(0.9), UTC_ZONE, "24 h"), 120)
    )
    assert "where most is traded" in text
    assert most.instrument.pair in text


def test_what_happens_on_several_exchanges_at_once_is_told_once() -> None:
    def event(at_s: int, happening: Happening, exchange: str, pair: str = "BTC/USD") -> Event:
        return Event(at_s * 1_000, happening, f"{exchange}:{pair}", pair, "", exchange)

    found = gathered(
        [
            event(200, Happening.HIGH, "kraken"),
            event(190, Happening.HIGH, "gate"),
            event(189, Happening.RISE, "gate"),
            event(188, Happening.RISE, "kraken"),
            event(150, Happening.HIGH, "okx", "ETH/USD"),
            event(140, Happening.HIGH, "okx"),
            event(100, Happening.HIGH, "bybit"),
            event(99, Happening.NEW, ""),
            event(98, Happening.NEW, ""),
        ]
    )
    assert [(one.exchange, one.at_ms // 1_000, others) for one, others in found] == [
        ("kraken", 200, 2),
        ("gate", 189, 0),
        ("kraken", 188, 0),
        ("okx", 150, 0),
        ("bybit", 100, 0),
        ("", 99, 0),
        ("", 98, 0),
    ]


def test_an_exchange_that_left_stays_out_until_it_is_near_again() -> None:
    rows = [row for pair in several_pairs() if (row := pair.row()).instrument.base == "GTC"]
    rows = [
        row._replace(bid=0.424, ask=0.4241) if row.id == "gate:GTC-USD" else row for row in rows
    ]  # 3.4 % off: it may not come back, and need not leave
    one = next(row for row in rows if row.id == "gate:GTC-USD")
    inside = AcrossFacts(one, rows, {row.id: 1_000 for row in rows}, None, 0, UTC_ZONE)
    assert "of all 4 exchanges" in text_of(across_page(inside, 140))
    few = [
        row._replace(figures=(row.figures[0] and row.figures[0]._replace(samples=60), *row.figures[1:])) for row in rows
    ]
    assert len(re.findall(r" ~\d", text_of(across_page(replace(inside, rows=few), 140)))) == 4
    assert "bid over ask" in text_of(across_page(inside, 140))
    level = [row._replace(bid=0.41, ask=0.4101) for row in rows]
    assert "bid over ask" not in text_of(across_page(replace(inside, rows=level), 140))
    lower = replace(inside, rows=few, min_coverage=60 / 1_440)
    assert not re.findall(r" ~\d", text_of(across_page(lower, 140)))
    left = [
        row._replace(members=("bitfinex", "bitstamp", "kraken")) if row.id == "all:GTC-USD" else row for row in rows
    ]
    text = text_of(across_page(replace(inside, rows=left), 140))
    assert "of 3 of 4 exchanges" in text
    assert "3.4 % off" in text
    aged = replace(inside, ages_ms={**inside.ages_ms, "gate:GTC-USD": 91_000})
    assert "too old" in text_of(across_page(aged, 140))


def test_tiles_are_large_where_all_stays_in_view() -> None:
    known = OverviewFacts(SNAPSHOT.rows, "all", SNAPSHOT.rows, Heat.CHANGE, EventLog(0.9), Pulse(0.9), UTC_ZONE, "24 h")
    small, large = overview_page(known, 196), overview_page(known, 196, 56)
    assert len(small.lines) < len(large.lines) <= 56
    assert overview_page(known, 196, 40) == small
    texts = [line.text for line in large.lines]
    upper = next(index for index, text in enumerate(texts) if " BTC/USD" in text)
    assert texts[upper][:5] == texts[upper + 1][:5]
    assert texts[upper + 1][6:].split()[0] in "▲▼"
    assert {width_of(text) for text in texts[upper : upper + 2]} == {188}


def test_the_overview_of_nothing_has_words() -> None:
    text = overview(rows=())
    assert "No pair has a price yet." in text
    assert "No change is known yet." in text


@pytest.mark.parametrize("heat", Heat)
@pytest.mark.parametrize("width", [76, 136, 196])
def test_the_overview_fits(heat: Heat, width: int) -> None:
    assert max(map(width_of, overview(heat, width).splitlines())) <= width


def test_three_thousand_pairs_take_a_few_milliseconds() -> None:
    rows = SNAPSHOT.rows * 13
    began_s = time.process_time()
    heat_tiles(rows, Heat.CV)
    breadth(rows)
    assert time.process_time() - began_s < 0.05


# Health


def test_health_estimates_nothing_while_nothing_can_be_loaded() -> None:
    progress = BackfillProgress(3, 9, (), 55.0, 5)
    for state, told in ((SourceState.LIVE, "time left  55s"), (SourceState.OFFLINE, "time left  –")):
        status = live_status(state=state, backfill=progress)
        assert told in text_of(health_page(SourceReport(status), APP, END_MS, UTC_ZONE, 76))
        several = SourceReport(status, parts=(SourceReport(status),))
        page = text_of(health_page(several, APP, END_MS, UTC_ZONE, 76))
        assert ("~55s left" in page) == (state is SourceState.LIVE)
        line = header_line(status, 9, END_MS, UTC_ZONE, 140).text
        assert ("~55s" in line) == (state is SourceState.LIVE)


def test_health_counts_what_is_made_of_several_exchanges_as_none_of_them() -> None:
    one, together = live_status(), replace(live_status(), source="all", instruments=1_070)
    report = SourceReport(one, parts=(SourceReport(one), SourceReport(together)))
    page = text_of(health_page(report, APP, END_MS, UTC_ZONE, 140))
    assert "Source all" not in page
    assert re.search(r"Across exchanges.*\n.*pairs +1,070, each of 3 exchanges or more", page)
    fresh = replace(together, last_good_ms=None, streamed_ms=None)
    early = SourceReport(one, parts=(SourceReport(one), SourceReport(fresh)))
    assert "Made once three exchanges have answered." in text_of(health_page(early, APP, END_MS, UTC_ZONE, 140))


def test_health_says_that_it_measures_at_first() -> None:
    page = text_of(health_page(SourceReport(live_status()), replace(APP, lag_ms=(None,) * 3), END_MS, UTC_ZONE, 76))
    assert "loop is late  measuring …" in page


APP = AppHealth("1.0", 3_700_000, (104_000_000, True), (0.2, 1.5, 80.0), "/tmp/x.log", 240, 7)


def test_health_without_and_with_requests() -> None:
    status = live_status(backfill=BackfillProgress(3, 9, tuple(f"kraken:F{n}-USD" for n in range(14)), 12.0, 5))
    plain = text_of(health_page(SourceReport(status), APP, END_MS + 60_000, UTC_ZONE, 76))
    for words in ("made up in here", "1h01", "104 MB", "80 ms", "3 of 9", "5-min candles", "and 2 more", "/tmp/x.log"):
        assert words in plain
    report = SourceReport(
        status,
        RequestReport(10, 1, 10, 5, 1_234, 58, 59, 2),
        (ErrorTally("timed out", 1, END_MS, "nothing \x1b[31m came"),),
        (("X[/b]Y", "no tick"),),
    )
    full = text_of(health_page(report, APP, END_MS + 60_000, UTC_ZONE, 136))
    for words in ("1,234 ms", "58 of 59", "timed out", "nothing ·[31m came", "X[/b]Y", "no tick"):
        assert words in full


def test_health_claims_nothing_before_the_source_has_answered() -> None:
    for instruments, unknown in ((0, 2), (240, 0)):
        page = text_of(health_page(SourceReport(live_status(instruments=instruments)), APP, END_MS, UTC_ZONE, 76))
        assert page.count("Not known before it has answered.") == unknown
        assert ("Nothing is to be loaded." in page) == ("could be used." in page) == (not unknown)


def test_health_and_the_top_line_tell_where_another_session_asks() -> None:
    status = live_status(collector="pid 7 by ada", asked_at="http://127.0.0.1:1")
    page = text_of(health_page(SourceReport(status), APP, END_MS, UTC_ZONE, 136))
    assert re.search("asked at +http://127.0.0.1:1 by that session, not", page)
    for width, told in ((80, "asked elsewhere (H)"), (120, "asked at http://127.0.0.1:1")):
        assert told in header_line(status, 9, END_MS, UTC_ZONE, width).text


def test_pages_have_no_steering_characters() -> None:
    for pair in PAIRS[18:24]:
        if not math.isnan(pair.values[-1]):
            text = pair_text(pair.instrument.pair) + why(pair.instrument.pair) + overview()
            assert all(char.isprintable() or char == "\n" for char in text)


def test_what_follows_below_a_table_leaves_out_rows_without_anything_to_say() -> None:
    rows: list[list[Run]] = [
        [(text, "text") for text in row]
        for row in (("metric", "last", "volatility"), ("price", "1", "50 %"), ("trades", "2", "–"))
    ]
    assert [line.text.split() for line in chunked(rows, 13)] == [
        ["metric", "last"], ["price", "1"], ["trades", "2"], [], ["metric", "volatility"], ["price", "50", "%"],
    ]  # fmt: skip


def test_columns_that_belong_together_follow_below_together() -> None:
    rows: list[list[Run]] = [[(text, "text") for text in "abcd"], [(text, "text") for text in "1234"]]
    assert [line.text for line in chunked(rows, 9)] == ["a  b  c", "1  2  3", "", "a  d", "1  4"]
    assert [line.text for line in chunked(rows, 9, together=2)] == ["a  b", "1  2", "", "a  c  d", "1  3  4"]
    assert len(chunked(rows, 10, together=2)) == 2


def test_a_change_since_lately_is_none_over_the_window() -> None:
    young = [
        row._replace(figures=(row.figures[0]._replace(first_ms=END_MS - 3 * MINUTE_MS), *row.figures[1:]))
        for row in SNAPSHOT.rows
        if row.figures[0] is not None
    ]
    known = OverviewFacts(
        young, "USD", young, Heat.CHANGE, EventLog(0.9), Pulse(0.9), UTC_ZONE, "24 h", SNAPSHOT.end_ms
    )
    text = "\n".join(line.text for line in overview_page(known, 100).lines)
    assert "No change is known yet." in text
    assert "No pair has a price and its history yet." in text

from dataclasses import replace

import pytest

from tests.support.feed import AT_MS, END_MS, FakeFeed, live_status, loading, make_pairs
from tui_tracker.config.views import CLASSES
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Row
from tui_tracker.core.status import BackfillProgress, HistoryStatus, SourceState, SourceStatus
from tui_tracker.stats.ranking import Scope, rank
from tui_tracker.stats.window import DAY_MINUTES
from tui_tracker.tui.present import Presenter
from tui_tracker.tui.texts import Extremes, chart_message, empty_lines, strip_lines
from tui_tracker.tui.times import UTC_ZONE
from tui_tracker.tui.titles import Counts, chart_title, header_line, list_title, table_title
from tui_tracker.tui.view import Frozen, ViewState

SNAPSHOT = FakeFeed(make_pairs()).current
COUNTS = Counts(78, 78, 240)
OFFLINE = live_status(state=SourceState.OFFLINE, last_good_ms=None, error="connection refused")


def header(status: SourceStatus, width: int = 140) -> str:
    return header_line(status, 1123, AT_MS + 2000, UTC_ZONE, width).text


def said(status: SourceStatus, view: ViewState, has_rows: bool = False, demo: bool = False) -> str:
    return "\n".join(line.text for line in empty_lines(status, view, has_rows, UTC_ZONE, AT_MS, demo))


def title(view: ViewState, width: int = 120, loading: bool = False, name: str = "") -> str:
    ranking = rank(SNAPSHOT, view.metric, view.measure, Scope(quote=view.quote))
    return table_title(view, ranking, COUNTS, 1440, UTC_ZONE, loading, width, name)


def _extremes(row: Row | None, view: ViewState) -> Extremes:
    figures = None if row is None else row.figures_of(view.metric)
    if figures is None or figures.minimum is None or figures.maximum is None:
        return Extremes()
    return Extremes(END_MS, END_MS, figures.minimum, figures.maximum)


def strip(key: str, view: ViewState | None = None, width: int = 110, lines: int = 2) -> str:
    view = view or ViewState(selected=key)
    presenter = Presenter(0.9, 0.0)
    standings = presenter.standings(SNAPSHOT, view, ("kraken:BTC-USD",))
    row = presenter.row(SNAPSHOT, key)
    shown = strip_lines(
        row,
        SNAPSHOT,
        view,
        standings,
        _extremes(row, view),
        UTC_ZONE,
        (width, lines),
    )
    assert len(shown) == lines
    return "\n".join(line.text for line in shown)


def test_header_of_a_live_source() -> None:
    text = header(live_status(backfill=loading(842, 1123)))
    assert "kraken ● live   polled 21:57:57  next 21:58:57 UTC   1,123 pairs" in text
    assert "history ▓▓▓▓▓░░░ 74 % ~5m" in text
    assert "clock" not in text


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (live_status(state=SourceState.STALE, last_good_ms=AT_MS - 120_000), "◌ stale 2m "),
        (live_status(state=SourceState.STALE, error="bad \x1b[2J answer"), "◌ stale 2s: bad ·[2J answer"),
        (OFFLINE, "○ offline: connection refused   next try 21:58:57"),
        (live_status(state=SourceState.OFFLINE, last_good_ms=None, next_poll_ms=None), "○ starting"),
        (live_status(limited_until_ms=AT_MS + 90_000), "◌ rate-limited until 21:59:27"),
        (live_status(stream="live"), "kraken ● streaming   polled"),
        (live_status(stream="HTTP 403"), "kraken ● live  stream: HTTP 403   polled"),
        (
            live_status(stream="live", error="HTTP 503", last_good_ms=AT_MS - 300_000),
            "● streaming  polls fail: HTTP 503   polled 21:52:57  next try",
        ),
        (
            live_status(stream="live", error="HTTP 429", limited_until_ms=AT_MS + 90_000),
            "● streaming  polls rate-limited until 21:59:27   polled",
        ),
        (
            live_status(
                state=SourceState.STALE,
                stream="reset",
                streamed_ms=AT_MS - 20_000,
                last_good_ms=AT_MS - 300_000,
                error="HTTP 503",
            ),
            "◌ stale 22s: HTTP 503",
        ),
        (live_status(skew_ms=2_500), "clock 2s behind"),
        (live_status(skew_ms=-3_600_000), "clock 1h00 ahead"),
        (live_status(is_simulated=True), "▮ SIMULATED"),
        (live_status(is_simulated=True, state=SourceState.STALE), "▮ SIMULATED ◌ stale"),
        (live_status(malformed=3, unknown=2, refused=1), "3 unreadable rows · 2 unknown symbols · 1 sample refused"),
        (live_status(backfill=BackfillProgress(2, 2, ("a",))), "1 without history"),
    ],
)
def test_header_states(status: SourceStatus, text: str) -> None:
    assert text in header(status)


@pytest.mark.parametrize("width", range(10, 150, 7))
def test_header_never_exceeds_the_width(width: int) -> None:
    status = live_status(backfill=loading(842, 1123), malformed=3, error="x" * 300, state=SourceState.STALE)
    assert len(header(status, width)) <= width


def test_titles() -> None:
    assert list_title(ViewState(), COUNTS) == "Pairs ── USD ── 78/240"
    assert list_title(ViewState(needle="so"), Counts(3, 78, 240)) == "Pairs ── USD ── 3 of 78"
    assert list_title(ViewState(quote=None), COUNTS) == "Pairs ── all ── 78/240"
    assert title(ViewState()) == "Ranked by σ of price ── USD ── 24 h ── ranked 74 of 78 ── live order ── follows pair"
    assert "ranked 74 of 78 so far" in title(ViewState(), loading=True)
    nothing = rank(SNAPSHOT, Metric.MID, Measure.STDDEV, Scope(quote="USD"), 2.0)
    told = table_title(ViewState(metric=Metric.MID), nothing, COUNTS, 1440, UTC_ZONE, True, 200)
    assert "ranked 0 of 78: its past can't be loaded, only collected" in told
    assert "by last reversed" in title(ViewState(sort="last", reverse=True))
    assert "frozen 21:57" in title(ViewState(frozen=Frozen(AT_MS, ())))
    assert "/so 78 of 78" in title(ViewState(needle="so"))
    assert "── /^so/ 78 of 78" in title(ViewState(needle="/^so/"))
    assert chart_title(SNAPSHOT.rows[0], ViewState(), UTC_ZONE, 1440) == "BTC/USD ── price ── 24 h ── UTC"
    assert "90 min" in chart_title(SNAPSHOT.rows[0], ViewState(range_hours=6), UTC_ZONE, 90, 90)
    of_an_hour = chart_title(SNAPSHOT.rows[0], ViewState(band_minutes=1440), UTC_ZONE, 60, 1440)
    assert of_an_hour == "BTC/USD ── price ── 24 h ── mean ± 2σ of 1 h ── UTC"
    assert "2σ of 4 h" in chart_title(SNAPSHOT.rows[0], ViewState(band_minutes=240), UTC_ZONE, 60, 1440)


def test_a_long_name_of_a_view_is_shortened_before_it_goes() -> None:
    view = ViewState(measure=Measure.CV, needle="volume > 1M")
    assert title(view, 60, name="my own pairs of the week, by size").startswith("my own pairs of… ── ")


def test_titles_of_named_views_say_nothing_twice() -> None:
    view = ViewState(min_volume=1e5, excluded=CLASSES)
    text = title(view, name="σ of USD pairs")
    assert text.startswith("σ of USD pairs ── 24 h ── ≥ $100k ── no stable, fiat, … ── ranked")
    volatile = replace(view, measure=Measure.VOLATILITY, excluded=("stable", "fiat"))
    assert title(volatile, name="Most volatile USD").startswith(
        "Most volatile USD ── 24 h ── ≥ $100k ── no stable or f"
    )
    calm = replace(volatile, needle="activity >= 50%")
    assert title(calm, 78, name="Calmest").startswith("Calmest ── volatility")
    assert "/activity" not in title(calm, 160, name="Calmest")
    assert "── 78 of 78 match ──" in title(calm, 160, name="Calmest")
    movers = ViewState(measure=Measure.CV, sort="move")
    assert title(movers, name="Biggest movers").startswith("Biggest movers ── cv of price ── USD ── 24 h")


def test_a_changed_view_shows_the_truth_and_what_it_was() -> None:
    view = ViewState(metric=Metric.VOLUME, measure=Measure.CV, quote="USDT")
    text = title(view, 140, name="σ of USD pairs*")
    assert text.startswith("Ranked by cv of volume ── USDT ── 24 h")
    assert text.endswith("was σ of USD pairs")
    assert "was" not in title(view, 56, name="σ of USD pairs*")


def test_progress_is_told_in_narrow_headers_too() -> None:
    status = live_status(backfill=loading(468, 2112))
    assert "history ▓░░░░░░░ 22 %" in header(status, 130)
    for width in (80, 100):
        assert "hist 22 % ~" in header(status, width)
    assert "1,123 pairs   hist 22 %" in header(status, 60), "what is left to wait for goes before the pairs"


def test_when_a_value_was_reached_is_told_only_of_that_value() -> None:
    presenter, view = Presenter(0.9, 0.0), ViewState(selected="kraken:BTC-USD")
    row = presenter.row(SNAPSHOT, "kraken:BTC-USD")
    known = _extremes(row, view)
    for extremes, times in ((known, 2), (replace(known, high=known.high + 1), 1)):
        lines = strip_lines(row, SNAPSHOT, view, (), extremes, UTC_ZONE, (110, 2))
        assert lines[0].text.count(UTC_ZONE.minute(END_MS)) == times


def test_what_keeps_pairs_out_is_named_with_the_way_out() -> None:
    live = SourceStatus("kraken", SourceState.LIVE, last_good_ms=AT_MS)
    assert "E  look further than kraken" in said(live, ViewState(source="kraken", needle="zzz"), has_rows=True)
    across = said(live, ViewState(needle="exchange = all"), has_rows=True)
    assert "E  look among what is put together across exchanges" in across
    made = said(live, ViewState(source="all", quote="USD"), has_rows=True)
    assert "no USD pair is put together of three exchanges or more, or not yet" in made


def test_a_single_sample_tells_no_change_and_no_spread() -> None:
    row = next(row for row in SNAPSHOT.rows if row.id == "kraken:BTC-USD")
    figures = row.figures_of(Metric.PRICE)
    assert figures is not None
    one = figures._replace(samples=1, first_ms=END_MS, first=figures.last, stddev=0.0)
    snapshot = replace(SNAPSHOT, rows=(row._replace(figures=(one, *row.figures[1:])),))
    scene = Presenter(0.9, 0.0).scene(snapshot, ViewState(selected=row.id), (), ())
    table = "".join(text for text, _ in scene.table.row(0, 98))
    assert table.split()[:7] == ["<1", "%", "BTC/USD", "84,120.5", "–", "–", "–"]
    assert "".join(text for text, _ in scene.pairs.row(0, 34)).endswith(" –")
    words = strip_lines(snapshot.rows[0], snapshot, ViewState(), (), Extremes(), UTC_ZONE, (110, 2))
    assert "one sample since 21:57" in words[0].text
    assert "σ –" in words[1].text


def test_a_late_change_is_marked_in_both_lists() -> None:
    scene = Presenter(0.9, 0.0).scene(SNAPSHOT, ViewState(), (), ())
    for model in (scene.table, scene.pairs):
        texts = {}
        for key in ("kraken:AVAX-USD", "kraken:BTC-USD"):
            index = model.index(key)
            assert index is not None
            texts[key] = "".join(part for part, _ in model.row(index, 58))
        assert "~▲" in texts["kraken:AVAX-USD"] or "~▼" in texts["kraken:AVAX-USD"]
        assert "~" not in texts["kraken:BTC-USD"]


def test_titles_say_when_units_are_mixed() -> None:
    assert "mixed units" in title(ViewState(quote=None))
    assert "mixed units" not in title(ViewState(quote=None, measure=Measure.CV))


@pytest.mark.parametrize("width", [34, 54, 74])
def test_titles_keep_what_matters_in_little_room(width: int) -> None:
    text = title(ViewState(frozen=Frozen(AT_MS, ())), width, loading=True)
    assert "frozen 21:57" in text
    assert "σ of price" in text
    assert "USD" in text


@pytest.mark.parametrize("width", [24, 30, 34, 44])
def test_titles_of_named_views_are_never_cut(width: int) -> None:
    ranking = rank(SNAPSHOT, Metric.PRICE, Measure.STDDEV, Scope(quote="USD"))
    text = table_title(ViewState(), ranking, COUNTS, 1440, UTC_ZONE, True, width, "σ of USD pairs")
    assert text.startswith(("σ of USD pairs", "σ of price"))
    assert len(text) <= width
    assert ("74 of 78" in text) == (width > 24)


def test_strip_says_where_the_pair_stands() -> None:
    text = strip("kraken:BTC-USD")
    assert "last 84,120.5  ▲ 3.64 %   high 86,099.7 21:57   low 76,445.9 21:57   mean 81,120.8" in text
    assert "σ 2,398.1  rank 1 of 74 USD · 1 of 236 all · 1 of 1 ★" in text
    assert "cover 1,440/1,440" in text
    assert "since" not in text


def test_strip_says_since_when_a_change_is_measured() -> None:
    assert "% since 19:38" in strip("kraken:AVAX-USD")
    assert "% since 22:58" in strip("kraken:DOT-USD")


def test_strip_says_why_there_is_no_rank() -> None:
    assert "not ranked: 9 % observed" in strip("kraken:AVAX-USD")
    assert "not ranked: halted: maintenance" in strip("kraken:TRX-USD")
    assert "no samples of price yet" in strip("kraken:LTC-USD")
    assert "the exchange gives no spread for it" in strip("kraken:YFI-USD", ViewState(metric=Metric.SPREAD))
    assert strip("kraken:GONE") == "\n"


def test_strip_in_one_line() -> None:
    text = strip("kraken:BTC-USD", width=78, lines=1)
    assert len(text) <= 78
    assert "rank 1 of 74 USD" in text


def test_strip_names_the_measure() -> None:
    assert "rank by cv " in strip("kraken:BTC-USD", ViewState(measure=Measure.CV))


def test_an_empty_view_says_why() -> None:
    view = ViewState(needle="history < 23")
    running = live_status(backfill=loading(57, 297))
    typed = said(running, view, has_rows=True)
    assert "no pair matches “history < 23”" in typed
    assert "history is loading, 19 %: more may match soon" in typed
    own = "\n".join(
        line.text for line in empty_lines(live_status(), view, True, UTC_ZONE, AT_MS, False, "New listings")
    )
    assert "nothing in “New listings” now" in own
    assert "its filter: history < 23" in own
    assert "clear the filter" not in own
    bare = said(live_status(), ViewState(min_volume=1e5, excluded=("stable", "fiat")), has_rows=True)
    assert "that trades at least $100k a day" in bare
    assert "isn't stable or fiat" in bare


@pytest.mark.parametrize(
    ("width", "ranks"),
    [
        (72, "rank by volatility 34 of 74 USD · 119 of 236"),
        (60, "rank 34 of 74 USD · 119 of 236"),
        (40, "rank 34 of 74 USD"),
    ],
)
def test_strip_leaves_out_whole_ranks_where_there_is_no_room(width: int, ranks: str) -> None:
    text = strip("kraken:PEPE-USD", ViewState(measure=Measure.VOLATILITY), width=width).split("\n")[1]
    assert text.startswith(f" σ 0.00000017596  {ranks}")
    assert "…" not in text
    assert len(text) <= width


def test_what_an_empty_screen_says() -> None:
    view = ViewState()
    first = replace(OFFLINE, error="", last_attempt_ms=None)
    assert said(first, view) == " the first answer of kraken is on its way"
    made_up = replace(first, is_simulated=True)
    assert "being made up" in said(made_up, view)
    first = replace(first, history=HistoryStatus())
    assert said(first, view) == " what is kept of kraken is read, and its first poll is on the way"
    lost = said(OFFLINE, view, demo=True)
    assert "kraken gives no data yet\n   connection refused" in lost
    assert "next try at 21:58:57 UTC" in lost
    assert " d  watch a simulated market" in lost
    assert "simulated" not in said(OFFLINE, view)
    limited = said(live_status(limited_until_ms=AT_MS + 1000, last_good_ms=None), view)
    assert "kraken is asked for nothing until 21:57:58 UTC." in limited
    assert said(live_status(), view) == " kraken lists no pair"


def test_what_empty_lists_say() -> None:
    hidden = said(live_status(), ViewState(needle="usdt", quote="USD", min_volume=1e5), has_rows=True)
    assert "u  look further than USD" in hidden
    assert "pairs under $100k a day are left out" in hidden
    assert "no pair matches “q·q”" in said(live_status(), ViewState(needle="q\x07q"), has_rows=True)
    assert "f  adds the selected pair" in said(live_status(), ViewState(watchlist_only=True), has_rows=True)
    assert "no pair in XYZ" in said(live_status(), ViewState(quote="XYZ"), has_rows=True)


def test_what_an_empty_chart_says() -> None:
    rows = {row.instrument.pair: row for row in SNAPSHOT.rows}

    def message(pair: str | None, view: ViewState, minutes: int = DAY_MINUTES) -> str:
        row = None if pair is None else rows[pair]
        snapshot = replace(SNAPSHOT, window_minutes=minutes)
        return " ".join(line.text.strip() for line in chart_message(row, view, snapshot, UTC_ZONE))

    assert message(None, ViewState()) == ""
    assert message("LTC/USD", ViewState()) == "no sample of LTC/USD yet its history is on the way"
    assert message("TRX/USD", ViewState()) == "not sampled: maintenance since 19:57"
    assert message("YFI/USD", ViewState(metric=Metric.SPREAD)) == "the exchange gives no spread for YFI/USD"
    assert message("BTC/USD", ViewState(range_hours=1)) == "no sample in the last 1 h"
    one = next(row for row in SNAPSHOT.rows if row.instrument.pair == "YFI/USD")
    together = one._replace(instrument=replace(one.instrument, id="all:YFI-USD"))
    [said] = chart_message(together, ViewState(metric=Metric.SPREAD), SNAPSHOT, UTC_ZONE)
    assert said.text == " across exchanges there is no spread, only the price; M has each exchange"
    coming = message("YFI/USD", ViewState(metric=Metric.SPREAD), 7 * DAY_MINUTES)
    assert coming == "spread over 7 d is on its way, or the exchange gives none"


def test_a_history_that_cannot_be_kept_is_told_in_the_header_and_on_the_page_of_health() -> None:
    from tui_tracker.core.status import HistoryStatus, SourceReport
    from tui_tracker.tui.pages.health import AppHealth, health_page

    history = HistoryStatus(AT_MS, "the disk is full", "free some space", 3, False, "")
    status = live_status(history=history)
    assert "not stored: the disk is full" in header_line(status, 78, AT_MS, UTC_ZONE, 160).text
    app = AppHealth("1", 0, (0, True), (None, None, None), None, 78, 1)
    page = "\n".join(line.text for line in health_page(SourceReport(status), app, AT_MS, UTC_ZONE, 120).lines)
    for words in ("up to 21:57", "3 minutes", "the disk is full", "free some space"):
        assert words in page
    notice = live_status(history=HistoryStatus(AT_MS, notice="the history was damaged"))
    assert "damaged history (H)" in header_line(notice, 78, AT_MS, UTC_ZONE, 160).text


def test_counts_of_what_is_skipped_outlast_the_bar_of_the_history() -> None:
    status = live_status(malformed=35, unknown=12, backfill=loading(7, 116))
    assert "35 unreadable rows · 12 unknown symbols" in header(status, 140)
    assert "35 unreadable rows" in header(status, 110)
    assert "hist 6 %" in header(status, 110)

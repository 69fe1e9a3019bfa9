"""Pictures of each way to draw, and the pure parts that they are made from."""

import math
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.support.feed import END_MS, make_pairs
from tui_tracker.config.choices import ChartStyle
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.stats.axis import even_axis
from tui_tracker.stats.ohlc import candles
from tui_tracker.stats.rolling import rolling
from tui_tracker.tui.charts.compare import changes
from tui_tracker.tui.charts.crosshair import moved, readout, with_crosshair
from tui_tracker.tui.charts.picture import draw
from tui_tracker.tui.charts.request import Band, ChartRequest, Normal, Picture, Trace, Unit
from tui_tracker.tui.charts.span import Span
from tui_tracker.tui.runs import Line, packed
from tui_tracker.tui.times import UTC_ZONE

PAIRS = {pair.instrument.pair: pair.values for pair in make_pairs(count=30)}
BTC = PAIRS["BTC/USD"]


def request(values: list[float], unit: Unit = Unit.PRICE, **changed: object) -> ChartRequest:
    start_ms = END_MS - (len(values) - 1) * MINUTE_MS
    return ChartRequest((1,), start_ms, tuple(values), 60, 14, 1, unit, UTC_ZONE, **changed)  # type: ignore[arg-type]


def text(picture: Picture) -> str:
    assert {len(line.text) for line in picture.lines} == {60}
    return "\n".join(line.text.rstrip() for line in picture.lines)


def test_candles_of_a_line_up_and_down() -> None:
    values = [100.0 + index / 2 for index in range(60)] + [130.0 - index / 2 for index in range(60)]
    drawn = draw(request(values, style=ChartStyle.CANDLES))
    assert drawn.note == "10 min candles, □ up █ down"
    shown = text(drawn)
    assert shown.count("┌") > 2
    assert shown.count("█") > 2
    assert "▐" in shown


def test_wicks_touch_the_bodies_of_candles() -> None:
    drawn = draw(request(BTC, style=ChartStyle.CANDLES))
    lines = text(drawn).splitlines()
    for upper, lower in pairwise(lines):
        for above, below in zip(upper.ljust(60), lower.ljust(60), strict=True):
            assert (above, below) not in {("│", "▄"), ("▀", "│"), ("╵", "█"), ("█", "╷")}


def test_volumes_stand_under_candles_only_where_they_are_known() -> None:
    with_volume = draw(request(BTC, style=ChartStyle.CANDLES, volumes=(1.0,) * 1440))
    late = draw(request(BTC, style=ChartStyle.CANDLES, volumes=(math.nan,) * 720 + (1.0,) * 720))
    assert "volume, known from 09:58" in text(late)
    assert with_volume.frame is not None
    assert with_volume.frame.below == 2
    without = draw(request(BTC, style=ChartStyle.CANDLES))
    assert without.frame is not None
    assert without.frame.below == 0


def test_an_area_is_filled_below_its_line_but_not_in_gaps() -> None:
    values = [1.0 + index / 100 for index in range(300)]
    values[100:200] = [math.nan] * 100
    bottom = draw(request(values, style=ChartStyle.AREA)).lines[10].text
    assert "░" in bottom[8:20]
    assert "░" not in bottom[30:40]


def test_a_chart_without_fancy_characters() -> None:
    for style in ChartStyle:
        plot = draw(request(BTC, style=style, marker="*", band=Band(0, (), 80_000.0, 1000.0))).lines[1:-2]
        assert all(ord(char) < 128 or char in "│┤▾▴" for line in plot for char in line.text)


def test_compared_pairs_have_letters_on_the_line_at_its_end_and_in_the_legend() -> None:
    traces = tuple(Trace(letter, name, changes(PAIRS[name])) for letter, name in (("A", "BTC/USD"), ("B", "ETH/USD")))
    drawn = draw(request(BTC, Unit.PERCENT, traces=(*traces, Trace("", "SOL/USD", changes(PAIRS["SOL/USD"])))))
    assert drawn.lines[0].text.startswith(" A BTC/USD +3.64 %   B ETH/USD")
    late = Trace("B", "ETH/USD", (math.nan,) * 1_400 + changes(PAIRS["ETH/USD"][1_400:]))
    shown = draw(request(BTC, Unit.PERCENT, traces=(traces[0], late))).lines[0].text
    assert shown.startswith(" A BTC/USD +3.64 %   B ETH/USD ~"), "less is known of it than the chart shows"
    ends = "".join(line.text[-1] for line in drawn.lines[2:-2]).replace(" ", "")
    assert sorted(ends) == ["A", "B", "•"]


def test_rank_one_is_at_the_top() -> None:
    drawn = text(draw(request([-1.0] * 30 + [-4.0] * 30, Unit.RANK)))
    assert drawn.index("1 ┤") < drawn.index("4 ┤")


def test_the_crosshair_changes_one_column_and_says_what_is_there() -> None:
    one = request(BTC)
    drawn = draw(one)
    assert drawn.frame is not None
    at_ms = moved(one, drawn.frame, moved(one, drawn.frame, None, 0), -10)
    for before_ms in range(at_ms - 3 * 60_000, at_ms, 60_000):
        assert moved(one, drawn.frame, before_ms, 0) == before_ms, "it stays on its minute while others come"
    lines = with_crosshair(drawn, one, at_ms)
    differing = {
        column
        for old, new in zip(drawn.lines, lines, strict=True)
        for column, (was, now) in enumerate(zip(old.text, new.text, strict=True))
        if was != now
    }
    assert differing == {drawn.frame.left + drawn.frame.column(at_ms)}
    words = ["".join(part for part, _ in group) for group in readout(one, drawn.frame, at_ms, Normal(80_000.0, 1000.0))]
    assert len(words) == 3
    assert words[2].startswith("z +")


def test_a_gap_under_the_crosshair_is_not_observed() -> None:
    one = request([1.0, math.nan, 2.0] * 10)
    drawn = draw(one)
    assert drawn.frame is not None
    groups = readout(one, drawn.frame, one.start_ms + MINUTE_MS, Normal())
    assert groups[1][0][0] == "not observed"


def test_a_candle_opens_with_its_first_and_closes_with_its_last_sample() -> None:
    made = candles([1.0, 3.0, 0.5, 2.0, math.nan, 7.0], 0, 5, [1.0] * 6)
    assert made[0] == (0, 1.0, 3.0, 0.5, 2.0, 5.0)
    assert (made[1].start_ms, made[1].close) == (300_000, 7.0)


@given(st.lists(st.one_of(st.just(math.nan), st.floats(-1e6, 1e6)), min_size=1, max_size=40), st.integers(1, 10))
def test_a_rolling_band_agrees_with_an_obvious_one(values: list[float], minutes: int) -> None:
    for index, found in enumerate(rolling(values, minutes)):
        part = [value for value in values[max(0, index - minutes + 1) : index + 1] if value == value]
        if index < minutes - 1 or 2 * len(part) < minutes:
            assert found is None
            continue
        mean = sum(part) / len(part)
        assert found is not None
        assert math.isclose(found[0], mean, rel_tol=1e-6, abs_tol=1e-3)
        stddev = math.sqrt(sum((value - mean) ** 2 for value in part) / len(part))
        assert math.isclose(found[1], stddev, rel_tol=1e-3, abs_tol=0.5)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(3, 40), st.integers(0, 1))
def test_ticks_are_evenly_spaced_and_the_data_is_inside(low: float, span: float, rows: int, free: int) -> None:
    axis = even_axis(low, low + span, rows, free)
    if axis is None:
        return
    height = (axis.high - axis.low) / rows
    assert axis.low + free * height <= low + height * 1e-6
    assert low + span <= axis.high - free * height + height * 1e-6
    places = [(tick - axis.low) / height for tick in axis.ticks]
    assert all(abs(place % 1 - 0.5) < 1e-3 for place in places)
    assert len({round(b - a) for a, b in pairwise(places)}) <= 1


@given(st.lists(st.sampled_from(["in", "out", "left", "right"]), max_size=20), st.integers(1, 1440))
def test_a_span_never_leaves_the_window(steps: list[str], count: int) -> None:
    span = Span(1440)
    for step in steps:
        if step in ("in", "out"):
            span = span.zoomed(step == "in", None, 0, count)
        else:
            span = span.panned(1 if step == "right" else -1, 0, count)
        start, stop = span.bounds(0, count)
        assert 0 <= start < stop <= count


def test_the_values_of_seven_pairs_fit_below_each_other_s_letters() -> None:
    traces = tuple(Trace(letter, f"LONGNAME{letter}/USDT", changes(BTC)) for letter in (*"ABCDEF", ""))
    asked = request(BTC, Unit.PERCENT, traces=traces)
    drawn = draw(asked)
    assert drawn.frame is not None
    groups = readout(asked, drawn.frame, asked.start_ms, Normal(), 118)
    line = Line(packed(groups, 118)).text
    assert [letter for letter in "ABCDEF" if f"{letter} " in line] == list("ABCDEF")
    assert "LONGNAME" not in line
    wide = Line(packed(readout(asked, drawn.frame, asked.start_ms, Normal(), 300), 300)).text
    assert "F LONGNAMEF/USDT" in wide


def test_every_letter_stands_on_its_line_with_dashes_too() -> None:
    walks = [[value * (1 + place / 50 * index / 1440) for index, value in enumerate(BTC)] for place in range(6)]
    traces = tuple(Trace(letter, letter, changes(walk)) for letter, walk in zip("ABCDEF", walks, strict=True))
    shown = draw(replace(request(BTC, Unit.PERCENT, traces=traces), width=120, height=30))
    plot = "\n".join(line.text[:100] for line in shown.lines[2:])
    assert all(letter in plot for letter in "ABCDEF")

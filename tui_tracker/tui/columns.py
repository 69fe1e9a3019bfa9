"""The columns of the ranked table: what they show, how wide they are, what they sort by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tui_tracker.core import format as fmt
from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.text import clean
from tui_tracker.stats.ranking import UNDEFINED, Place
from tui_tracker.tui.runs import Kind
from tui_tracker.tui.trends import bar, sparkline

GUTTER: Final = 2
"""Cells in front of the first column: cursor and star."""
NARROW_WIDTH: Final = 56
"""Below this width only the narrow columns are shown."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a column says about one row."""

    text: str
    kind: Kind = "muted"


@dataclass(frozen=True, slots=True)
class Shift:
    """How a rank has changed since some instant."""

    places: int | None
    """How many places it rose, negative if it fell; ``None`` if there was no rank then."""
    enters_top: bool = False
    """Whether the pair is among the first now, and was not then."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One row and what it is looked at for."""

    place: Place
    metric: Metric
    measure: Measure
    ranked: int
    move: int = 0
    """How many rows further up it would stand if the order weren't frozen."""
    shift: Shift | None = None
    """How its rank has changed; ``None`` while that is unknown."""
    trend: Sequence[float] = ()
    """Means over equal parts of the window, oldest first, NaN in gaps; empty while they are unknown."""

    @property
    def figures(self) -> Figures | None:
        """The statistics of the metric."""
        return self.place.row.figures_of(self.metric)

    def measured(self, measure: Measure) -> float | None:
        """What a measure says of the metric; ``None`` where it is undefined."""
        return self.place.row.measured(self.metric, measure)

    @property
    def last(self) -> float | None:
        """The newest value of the metric."""
        if self.metric is Metric.PRICE:
            return self.place.row.last
        figures = self.figures
        return None if figures is None else figures.last


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``value`` is what it sorts by, the largest first unless it is text."""

    key: str
    title: str
    width: int
    value: Callable[[Subject], float | str | None]
    cell: Callable[[Subject, int], Cell]
    is_left: bool = False
    measure: Measure | None = None
    """The measure that it shows."""
    grows_to: int = 0
    """Up to which width it takes the cells that are left over."""
    is_optional: bool = False
    """Whether it is shown only where it was chosen."""
    is_sortable: bool = True
    about: str = ""
    """What it shows, for people who choose columns."""


def number(value: float | None, text: str, width: int) -> str:
    """``text``, or where it is too long the same value with fewer digits: never cut inside a number."""
    if len(text) <= width or value is None:
        return text
    for significant in (5, 4, 3):
        shorter = fmt.figure(value, significant)
        if len(shorter) <= width:
            return shorter
    return scientific(value, width)


def scientific(value: float, width: int) -> str:
    """``1.76e-7``: with as many digits as fit, at most five."""
    for digits in (4, 3, 2, 1, 0):
        mantissa, exponent = f"{value:.{digits}e}".split("e")
        text = f"{mantissa}e{int(exponent)}"
        if len(text) <= width:
            return text
    return "#" * width


def value_text(value: float | None, metric: Metric, digits: int, width: int) -> str:
    """A value of a metric: a price with its tick's digits, anything else with five significant ones."""
    return number(value, fmt.price(value, digits) if metric.is_price else fmt.figure(value), width)


def change_run(value: float | None, width: int) -> Cell:
    """``▲ 1.21``: a change in percent whose direction doesn't rest on colour."""
    text = fmt.percent(None if value is None else abs(value), 2)
    if len(text) > width - 2:
        text = fmt.compact(None if value is None else abs(value))
    if value is None or not text.strip("0."):
        return Cell(text, "faint")
    return Cell(f"▲ {text}", "up") if value > 0 else Cell(f"▼ {text}", "down")


def short_reason(reason: str, width: int) -> str:
    """Why a row is unranked, in a rank's room: ``~12 %``, ``–`` where there is nothing to rank by."""
    if reason == UNDEFINED:
        return fmt.ABSENT
    return ("~" + reason.removesuffix(" observed").partition(":")[0])[:width]


def _rank_cell(subject: Subject, width: int) -> Cell:
    rank = subject.place.rank
    if rank is None:
        return Cell(short_reason(subject.place.reason, width), "faint")
    if subject.move:
        arrow = "↑" if subject.move > 0 else "↓"
        return Cell(f"{rank} {arrow}{abs(subject.move)}"[:width], "accent")
    text = f"{rank}/{subject.ranked}"
    return Cell(text if len(text) <= width else str(rank), "text")


def _measured(measure: Measure, text: Callable[[float | None, int], str]) -> Callable[[Subject, int], Cell]:
    def cell(subject: Subject, width: int) -> Cell:
        is_main = subject.measure is measure
        shown = text(subject.measured(measure), width - 1)
        if subject.place.rank is None:
            return Cell(shown if shown == fmt.ABSENT else f"~{shown}", "faint")
        return Cell(shown, "strong" if is_main else "muted")

    return cell


def _measure_column(
    measure: Measure, title: str, width: int, text: Callable[[float | None, int], str], about: str = ""
) -> Column:
    shown = _measured(measure, text)
    return Column(measure.value, title, width, lambda s: s.measured(measure), shown, measure=measure, about=about)


def _percent(value: float | None, digits: int, width: int) -> str:
    text = fmt.percent(value, digits)
    return text if len(text) <= width else number(value, fmt.compact(value), width)


def _figure_text(value: float | None, width: int) -> str:
    return number(value, fmt.figure(value), width)


def _percent_text(digits: int) -> Callable[[float | None, int], str]:
    return lambda value, width: _percent(value, digits, width)


def _fraction_text(digits: int) -> Callable[[float | None, int], str]:
    return lambda value, width: _percent(None if value is None else value * 100, digits, width)


def _value_column(key: str, title: str, pick: Callable[[Figures], float | None], about: str) -> Column:
    def value(subject: Subject) -> float | None:
        figures = subject.figures
        return None if figures is None else pick(figures)

    def cell(subject: Subject, width: int) -> Cell:
        kind: Kind = "muted" if subject.place.rank is not None else "faint"
        return Cell(value_text(value(subject), subject.metric, subject.place.row.instrument.digits, width), kind)

    return Column(key, title, 12, value, cell, about=about)


def _last_cell(subject: Subject, width: int) -> Cell:
    """The newest value; a price that is hard to believe ends in ``!``."""
    row = subject.place.row
    if row.is_suspect and subject.metric is Metric.PRICE:
        return Cell(f"{value_text(subject.last, subject.metric, row.instrument.digits, width - 1)}!", "warn")
    return Cell(value_text(subject.last, subject.metric, row.instrument.digits, width), "text")


def _change(subject: Subject) -> float | None:
    figures = subject.figures
    return None if figures is None else figures.change_pct


def _coverage(subject: Subject) -> float | None:
    figures = subject.figures
    return None if figures is None else figures.coverage


def _coverage_cell(subject: Subject, width: int) -> Cell:
    coverage = _coverage(subject)
    text = fmt.share(coverage)
    if coverage is None or width < 6:
        return Cell(text)
    return Cell(f"{bar(coverage, width - 5)} {text:>4}")


def _shift_value(subject: Subject) -> float | None:
    shift = subject.shift
    return None if shift is None or shift.places is None else float(shift.places)


def _shift_cell(subject: Subject, width: int) -> Cell:
    """``▲12``, ``▼3``, ``·`` where nothing changed, ``new``; ``◆`` in front of what came into the top."""
    shift = subject.shift
    if shift is None or subject.place.rank is None:
        return Cell("", "faint")
    mark = ENTERED if shift.enters_top else ""
    if shift.places is None:
        return Cell(f"{mark}new"[:width], "accent")
    if not shift.places:
        return Cell("·", "faint")
    rose = shift.places > 0
    kind: Kind = "accent" if mark else "up" if rose else "down"
    return Cell(f"{mark}{'▲' if rose else '▼'}{abs(shift.places)}"[:width], kind)


ENTERED: Final = "◆"
"""Marks a pair that came into the top of the ranking."""
RANK: Final = Column(
    "rank", "rank", 9, lambda s: s.place.rank, _rank_cell, about="rank, of how many; why there is none"
)
SHIFT: Final = Column("shift", "Δrank", 5, _shift_value, _shift_cell, about="change of the rank, ◆ new in the top 20")
PAIR: Final = Column(
    "pair",
    "pair",
    12,
    lambda s: s.place.row.instrument.pair,
    lambda s, width: Cell(clean(s.place.row.instrument.pair, 2 * width), "text"),
    is_left=True,
    about="base and quote",
)
QUOTE: Final = Column(
    "quote",
    "quote",
    5,
    lambda s: s.place.row.instrument.quote,
    lambda s, width: Cell(clean(s.place.row.instrument.quote, 2 * width)),
    is_left=True,
    is_optional=True,
    about="quote currency, to sort by",
)
LAST: Final = Column(
    "last",
    "last",
    12,
    lambda s: s.last,
    _last_cell,
    about="newest value; an arrow where the last poll changed it, ! if far off mid",
)
CHANGE: Final = Column(
    "change",
    "Δ24h %",
    9,
    _change,
    lambda s, width: change_run(_change(s), width),
    about="change over the window, percent",
)
STDDEV: Final = _measure_column(Measure.STDDEV, "σ", 10, _figure_text, "standard deviation, shaded by cv")
CV: Final = _measure_column(Measure.CV, "cv %", 7, _fraction_text(2), "σ over mean, percent")
VOLATILITY: Final = _measure_column(Measure.VOLATILITY, "vol %", 7, _fraction_text(0), "annualised volatility, percent")
RANGE: Final = _measure_column(Measure.RANGE, "range %", 7, _percent_text(1), "high less low over mean, percent")
HL_RANGE: Final = _measure_column(
    Measure.HL_RANGE, "hl %", 7, _percent_text(1), "the exchange's 24 h high less low over mid, percent"
)
PARKINSON: Final = _measure_column(
    Measure.PARKINSON, "pk %", 7, _fraction_text(0), "annualised volatility of the exchange's high and low"
)
BIPOWER: Final = _measure_column(
    Measure.BIPOWER, "bip %", 7, _fraction_text(0), "annualised volatility in which jumps count little"
)
TREND: Final = Column(
    "trend",
    "trend",
    12,
    lambda _: None,
    lambda s, width: Cell(sparkline(s.trend, width)),
    is_left=True,
    grows_to=24,
    is_sortable=False,
    about="the window as a small line, each row on its own scale",
)
VOLUME: Final = Column(
    "volume",
    "vol $",
    7,
    lambda s: s.place.row.volume_usd,
    lambda s, _: Cell(fmt.compact(s.place.row.volume_usd)),
    about="volume of 24 h in US dollars",
)
COVERAGE: Final = Column("coverage", "cover", 8, _coverage, _coverage_cell, about="observed share of the window")
ACTIVITY: Final = Column(
    "activity",
    "active",
    6,
    lambda s: s.place.row.activity,
    lambda s, _: Cell(fmt.share(s.place.row.activity)),
    about="share of 5-minute spans with a trade",
)
COLUMNS: Final = (
    RANK,
    SHIFT,
    PAIR,
    QUOTE,
    LAST,
    CHANGE,
    STDDEV,
    CV,
    VOLATILITY,
    RANGE,
    TREND,
    VOLUME,
    COVERAGE,
    ACTIVITY,
    HL_RANGE,
    PARKINSON,
    BIPOWER,
    _value_column("min", "min", lambda figures: figures.minimum, "lowest of the window"),
    _value_column("max", "max", lambda figures: figures.maximum, "highest of the window"),
    _value_column("mean", "mean", lambda figures: figures.mean, "mean of the window"),
)
"""All columns, from left to right."""
COLUMN_KEYS: Final = tuple(column.key for column in COLUMNS)
SORT_KEYS: Final = tuple(column.key for column in COLUMNS if column.is_sortable)
BY_KEY: Final = {column.key: column for column in COLUMNS}
_FIRST: Final = (RANK, PAIR, LAST, CHANGE, STDDEV, CV, VOLATILITY, SHIFT, TREND, VOLUME, COVERAGE)
"""Which columns get room first; the others follow from left to right."""
_NARROW: Final = ((RANK, 7), (PAIR, 9), (LAST, 10))
_NARROW_MEASURE: Final = 7
_BY_MEASURE: Final = {column.measure: column for column in COLUMNS if column.measure is not None}

Shown = tuple[tuple[Column, int], ...]
"""Columns from left to right, each with its width."""


def default_keys() -> tuple[str, ...]:
    """The columns that are shown where nobody chose any, room permitting."""
    return tuple(column.key for column in COLUMNS if not column.is_optional)


@lru_cache(maxsize=32)
def columns_for(width: int, measure: Measure, chosen: tuple[str, ...] = ()) -> Shown:
    """The columns, with their widths, that fit into a pane of ``width`` cells.

    The column of the measure is always among them: where it would have been dropped it takes the last place. Cells that
    are left over go to a column that can grow.

    Args:
        width: Of the pane.
        measure: What pairs are ranked by.
        chosen: ``key`` or ``key:width`` of columns from left to right, as many of them as fit; the usual ones if empty.
    """
    main = _BY_MEASURE[measure]
    if chosen:
        wanted = [_sized(spec) for spec in chosen]
        shown = _fitting(wanted, width, is_whole=False)
    elif width < NARROW_WIDTH:
        return (*_NARROW, (main, _NARROW_MEASURE))
    else:
        usual = [column for column in COLUMNS if not column.is_optional]
        first = [column for column in usual if column in _FIRST]
        rest = [column for column in usual if column not in _FIRST]
        wanted = [(column, column.width) for column in (*sorted(first, key=_FIRST.index), *rest)]
        shown = sorted(_fitting(wanted, width, is_whole=True), key=lambda pair: COLUMNS.index(pair[0]))
    if all(column is not main for column, _ in shown):
        shown[-1:] = [(main, shown[-1][1] if shown else min(main.width, width - GUTTER))]
    return _grown(shown, width)


def _sized(spec: str) -> tuple[Column, int]:
    key, _, size = spec.partition(":")
    column = BY_KEY[key]
    return column, int(size) if size else column.width


def _fitting(wanted: Sequence[tuple[Column, int]], width: int, *, is_whole: bool) -> list[tuple[Column, int]]:
    """Those that fit, in their order; the rest ends at the first that doesn't fit, unless the whole list is tried."""
    room = width - GUTTER + 1
    shown: list[tuple[Column, int]] = []
    for column, size in wanted:
        if size + 1 <= room:
            room -= size + 1
            shown.append((column, size))
        elif not is_whole:
            break
    return shown


def _grown(shown: Sequence[tuple[Column, int]], width: int) -> Shown:
    left = width - GUTTER + 1 - sum(size + 1 for _, size in shown)
    grown: list[tuple[Column, int]] = []
    for column, size in shown:
        more = max(0, min(left, column.grows_to - size)) if size == column.width else 0
        left -= more
        grown.append((column, size + more))
    return tuple(grown)

"""The columns of the ranked table: what they show, how wide they are, what they sort by."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tui_tracker.core import format as fmt
from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.text import clean
from tui_tracker.stats.ranking import UNDEFINED, Place
from tui_tracker.tui.runs import Kind

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
class Subject:
    """One row and what it is looked at for."""

    place: Place
    metric: Metric
    measure: Measure
    ranked: int
    move: int = 0
    """How many rows further up it would stand if the order weren't frozen."""

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


def _measure_column(measure: Measure, title: str, width: int, text: Callable[[float | None, int], str]) -> Column:
    return Column(measure.value, title, width, lambda s: s.measured(measure), _measured(measure, text), measure=measure)


def _percent(value: float | None, digits: int, width: int) -> str:
    text = fmt.percent(value, digits)
    return text if len(text) <= width else number(value, fmt.compact(value), width)


def _figure_text(value: float | None, width: int) -> str:
    return number(value, fmt.figure(value), width)


def _percent_text(digits: int) -> Callable[[float | None, int], str]:
    return lambda value, width: _percent(value, digits, width)


def _fraction_text(digits: int) -> Callable[[float | None, int], str]:
    return lambda value, width: _percent(None if value is None else value * 100, digits, width)


def _value_column(key: str, title: str, pick: Callable[[Figures], float | None]) -> Column:
    def value(subject: Subject) -> float | None:
        figures = subject.figures
        return None if figures is None else pick(figures)

    def cell(subject: Subject, width: int) -> Cell:
        kind: Kind = "muted" if subject.place.rank is not None else "faint"
        return Cell(value_text(value(subject), subject.metric, subject.place.row.instrument.digits, width), kind)

    return Column(key, title, 12, value, cell)


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


RANK: Final = Column("rank", "rank", 9, lambda s: s.place.rank, _rank_cell)
PAIR: Final = Column(
    "pair",
    "pair",
    12,
    lambda s: s.place.row.instrument.pair,
    lambda s, width: Cell(clean(s.place.row.instrument.pair, 2 * width), "text"),
    is_left=True,
)
LAST: Final = Column("last", "last", 12, lambda s: s.last, _last_cell)
CHANGE: Final = Column("change", "Δ24h %", 9, _change, lambda s, width: change_run(_change(s), width))
STDDEV: Final = _measure_column(Measure.STDDEV, "σ", 10, _figure_text)
CV: Final = _measure_column(Measure.CV, "cv %", 7, _fraction_text(2))
VOLATILITY: Final = _measure_column(Measure.VOLATILITY, "vol %", 7, _fraction_text(0))
RANGE: Final = _measure_column(Measure.RANGE, "range %", 7, _percent_text(1))
HL_RANGE: Final = _measure_column(Measure.HL_RANGE, "hl %", 7, _percent_text(1))
PARKINSON: Final = _measure_column(Measure.PARKINSON, "pk %", 7, _fraction_text(0))
BIPOWER: Final = _measure_column(Measure.BIPOWER, "bip %", 7, _fraction_text(0))
VOLUME: Final = Column(
    "volume", "vol $", 7, lambda s: s.place.row.volume_usd, lambda s, _: Cell(fmt.compact(s.place.row.volume_usd))
)
COVERAGE: Final = Column("coverage", "cover", 5, _coverage, lambda s, _: Cell(fmt.share(_coverage(s))))
ACTIVITY: Final = Column(
    "activity",
    "active",
    6,
    lambda s: s.place.row.activity,
    lambda s, _: Cell(fmt.share(s.place.row.activity)),
)
COLUMNS: Final = (
    RANK,
    PAIR,
    LAST,
    CHANGE,
    STDDEV,
    CV,
    VOLATILITY,
    RANGE,
    VOLUME,
    COVERAGE,
    ACTIVITY,
    HL_RANGE,
    PARKINSON,
    BIPOWER,
    _value_column("min", "min", lambda figures: figures.minimum),
    _value_column("max", "max", lambda figures: figures.maximum),
    _value_column("mean", "mean", lambda figures: figures.mean),
)
"""All columns, in the order in which they are dropped from the right."""
COLUMN_KEYS: Final = tuple(column.key for column in COLUMNS)
_NARROW: Final = ((RANK, 7), (PAIR, 9), (LAST, 10))
_NARROW_MEASURE: Final = 7
_BY_MEASURE: Final = {column.measure: column for column in COLUMNS if column.measure is not None}


def columns_for(width: int, measure: Measure) -> tuple[tuple[Column, int], ...]:
    """The columns, with their widths, that fit into a pane of ``width`` cells.

    A column keeps its width whatever the pane's. The column of the measure is always among them: where it would have
    been dropped it takes the last place.
    """
    main = _BY_MEASURE[measure]
    if width < NARROW_WIDTH:
        return (*_NARROW, (main, _NARROW_MEASURE))
    room = width - GUTTER + 1
    shown: list[tuple[Column, int]] = []
    for column in COLUMNS:
        room -= column.width + 1
        if room < 0:
            break
        shown.append((column, column.width))
    if all(column is not main for column, _ in shown):
        shown[-1] = (main, shown[-1][1])
    return tuple(shown)

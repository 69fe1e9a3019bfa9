"""The columns of the ranked table: what they show, how wide they are, what they sort by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from tui_tracker.core import format as fmt
from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.snapshot import Row
from tui_tracker.core.text import clean
from tui_tracker.stats.ranking import UNDEFINED, Place
from tui_tracker.tui.runs import Kind
from tui_tracker.tui.trends import bar, sparkline

LATE_MS: Final = 5 * MINUTE_MS
"""A first sample later than this after the window's start makes a change say since when."""
OF_EXCHANGE: Final = (Measure.HL_RANGE, Measure.PARKINSON)
"""Measures that the exchange's own high and low tell, whatever was sampled."""
GUTTER: Final = 2
"""Cells in front of the first column: cursor and star."""


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
    end_ms: int | None = None
    """The last minute of the window; ``None`` while that is unknown."""

    @property
    def figures(self) -> Figures | None:
        """The statistics of the metric."""
        return self.place.row.figures_of(self.metric)

    def measured(self, measure: Measure) -> float | None:
        """What a measure says of the metric; ``None`` where it is undefined, or would be told by a single sample."""
        figures = self.figures
        if measure not in OF_EXCHANGE and figures is not None and figures.samples < 2:
            return None
        return self.place.row.measured(self.metric, measure)

    @property
    def is_late(self) -> bool:
        """Whether the first sample came so late that a change over the window would mislead."""
        figures = self.figures
        return figures is not None and late_since(figures, self.end_ms) is not None

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


def change_of(figures: Figures | None) -> float | None:
    """The change over the window in percent; ``None`` where fewer than two samples tell it."""
    return None if figures is None or figures.samples < 2 else figures.change_pct


def late_since(figures: Figures, end_ms: int | None) -> int | None:
    """The first sample's minute, if it came so late that a change up to ``end_ms`` would mislead."""
    if figures.first_ms is None or end_ms is None:
        return None
    start = end_ms - (figures.length - 1) * MINUTE_MS
    return figures.first_ms if figures.first_ms - start > LATE_MS else None


def short_reason(reason: str, width: int) -> str:
    """Why a row is unranked, in a rank's room: ``~12 %``, ``<1 %``, ``–`` where there is nothing to rank by."""
    if reason == UNDEFINED:
        return fmt.ABSENT
    short = reason.removesuffix(" observed").partition(":")[0]
    return short if short.startswith("<") or len(short) >= width else f"~{short}"


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


def _change_cell(subject: Subject, width: int) -> Cell:
    """The change; behind a faint ``~`` where the window began later than it should have."""
    value = change_of(subject.figures)
    if value is None or not subject.is_late:
        return change_run(value, width)
    return Cell(f"~{change_run(value, width - 1).text}", "faint")


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


def _newest_column(metric: Metric, title: str, width: int, about: str) -> Column:
    """The newest value of a metric of its own, whichever is looked at."""

    def value(subject: Subject) -> float | None:
        figures = subject.place.row.figures_of(metric)
        return None if figures is None else figures.last

    def cell(subject: Subject, _: int) -> Cell:
        return Cell(fmt.compact(value(subject)))

    return Column(metric.value, title, width, value, cell, is_optional=True, about=about)


def _sides() -> tuple[Column, ...]:
    """Bid, ask and what lies between them."""

    def quote(key: str, pick: Callable[[Row], float | None], about: str) -> Column:
        def cell(subject: Subject, width: int) -> Cell:
            row = subject.place.row
            return Cell(value_text(pick(row), Metric.PRICE, row.instrument.digits, width))

        return Column(key, key, 12, lambda s: pick(s.place.row), cell, is_optional=True, about=about)

    def spread_cell(subject: Subject, width: int) -> Cell:
        value = subject.place.row.spread_bps
        return Cell(number(value, fmt.percent(value, 1), width))

    return (
        quote("bid", lambda row: row.bid, "best bid"),
        quote("ask", lambda row: row.ask, "best ask"),
        Column(
            "spread",
            "spread bps",
            11,
            lambda s: s.place.row.spread_bps,
            spread_cell,
            is_optional=True,
            about="bid to ask, in basis points of mid",
        ),
    )


ENTERED: Final = "◆"
"""Marks a pair that came into the top of the ranking."""
RANK: Final = Column(
    "rank", "rank", 9, lambda s: s.place.rank, _rank_cell, about="rank, of how many; why there is none"
)
SHIFT: Final = Column(
    "shift",
    "Δrank",
    5,
    _shift_value,
    _shift_cell,
    about="change of the rank, ◆ new in the top 20, <1h if less is known",
)
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
EXCHANGE: Final = Column(
    "exchange",
    "exchange",
    10,
    lambda s: s.place.row.instrument.source,
    lambda s, width: Cell(clean(s.place.row.instrument.source, 2 * width)),
    is_left=True,
    is_optional=True,
    about="exchange that lists it; shown where several are watched",
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
    8,
    lambda s: change_of(s.figures),
    _change_cell,
    about="change over the window, percent; ~ if less is known",
)
STDDEV: Final = _measure_column(Measure.STDDEV, "σ", 10, _figure_text, "standard deviation")
CV: Final = _measure_column(Measure.CV, "cv %", 7, _fraction_text(2), "σ over mean, percent")
VOLATILITY: Final = _measure_column(
    Measure.VOLATILITY, "volat %", 7, _fraction_text(0), "annualised volatility, percent"
)
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
    "volume $",
    8,
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
    EXCHANGE,
    QUOTE,
    LAST,
    *_sides(),
    CHANGE,
    STDDEV,
    CV,
    VOLATILITY,
    RANGE,
    TREND,
    VOLUME,
    COVERAGE,
    _value_column("min", "min", lambda figures: figures.minimum, "lowest of the window"),
    _value_column("max", "max", lambda figures: figures.maximum, "highest of the window"),
    _value_column("mean", "mean", lambda figures: figures.mean, "mean of the window"),
    ACTIVITY,
    HL_RANGE,
    PARKINSON,
    BIPOWER,
    _newest_column(Metric.TRADES, "trades", 7, "trades of 24 h"),
    _newest_column(Metric.TRADES_MIN, "tr/min", 7, "trades of the newest minute"),
    _newest_column(Metric.FLOW, "flow", 8, "base volume of the newest minute"),
)
"""All columns, from left to right."""
COLUMN_KEYS: Final = tuple(column.key for column in COLUMNS)
SORT_KEYS: Final = tuple(column.key for column in COLUMNS if column.is_sortable)
BY_KEY: Final = {column.key: column for column in COLUMNS}

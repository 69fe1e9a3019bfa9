"""Figures as pages write them. Pure."""

from collections.abc import Callable
from typing import Final

from tui_tracker.core import format as fmt
from tui_tracker.core.figures import Measure
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Row
from tui_tracker.tui.columns import OF_EXCHANGE, change_run, value_text
from tui_tracker.tui.runs import Run

NUMBER_WIDTH: Final = 12


def percent(fraction: float | None, digits: int = 2) -> str:
    """A fraction as ``1.21 %``."""
    return fmt.ABSENT if fraction is None else f"{fmt.percent(fraction * 100, digits)} %"


def _in_percent(value: float | None) -> str:
    return fmt.ABSENT if value is None else f"{fmt.percent(value)} %"


def _of_a_year(fraction: float | None) -> str:
    return percent(fraction, 1)


_MEASURES: Final[dict[str, Callable[[float | None], str]]] = {
    "stddev": fmt.figure,
    "cv": percent,
    "volatility": _of_a_year,
    "parkinson": _of_a_year,
    "bipower": _of_a_year,
    "range": _in_percent,
    "hl_range": _in_percent,
}


def measured(row: Row, metric: Metric, measure: Measure) -> float | None:
    """A measure of a metric; ``None`` where it is undefined, or would be told by a single sample."""
    figures = row.figures_of(metric)
    if measure not in OF_EXCHANGE and figures is not None and figures.samples < 2:
        return None
    return row.measured(metric, measure)


def activity(row: Row) -> float | None:
    """Share of 5-minute intervals with a trade, a fraction; ``None`` where rows don't tell it."""
    found: float | None = getattr(row, "activity", None)
    return found


def classes(instrument: Instrument) -> str:
    """The classes of an instrument in words, or nothing."""
    return ", ".join(sorted(str(each).replace("_", " ") for each in getattr(instrument, "classes", ())))


def measure_text(measure: Measure, value: float | None) -> str:
    """The value of a measure with its unit."""
    return _MEASURES.get(measure.value, fmt.figure)(value)


def metric_text(metric: Metric, value: float | None, digits: int) -> str:
    """A value of a metric; a price has ``digits`` decimals."""
    return value_text(value, metric, digits, NUMBER_WIDTH)


def change(value_pct: float | None) -> Run:
    """``▲ 1.21 %``."""
    cell = change_run(value_pct, NUMBER_WIDTH)
    return (cell.text if value_pct is None else f"{cell.text} %", cell.kind)


def bar(share: float, width: int) -> str:
    """A bar whose length is a share of ``width``; anything above 0 is seen."""
    eighths = max(1 if share > 0 else 0, round(min(share, 1.0) * width * 8))
    return "█" * (eighths // 8) + (" ▏▎▍▌▋▊▉"[eighths % 8] if eighths % 8 else "")

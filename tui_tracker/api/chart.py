"""A window as a picture: small SVG, no library."""

from collections.abc import Iterable, Sequence
from typing import Final
from xml.sax.saxutils import escape

from tui_tracker.core.format import figure, price, utc_time
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.series import MINUTE_MS, Series
from tui_tracker.core.text import clean
from tui_tracker.stats.downsample import extremes, min_max_columns, runs, time_ticks, value_ticks

LEFT, RIGHT, TOP, BOTTOM = 12, 84, 28, 24
"""Margins in pixels: the values stand at the right."""
_STYLE: Final = (
    "text{font:11px sans-serif;fill:#57606a}.t{font-size:13px;fill:#24292f}.g{stroke:#d0d7de;stroke-width:.5}"
    ".l{fill:none;stroke:#0969da;stroke-width:1.3;stroke-linejoin:round}.m{fill:#0969da}"
    "@media(prefers-color-scheme:dark){text{fill:#8b949e}.t{fill:#e6edf3}.g{stroke:#30363d}.l{stroke:#58a6ff}"
    ".m{fill:#58a6ff}}"
)


class _Frame:
    """From minutes and values to pixels."""

    def __init__(self, values: Sequence[float], width: int, height: int, low: float, high: float) -> None:
        self.right, self.bottom = width - RIGHT, height - BOTTOM
        pad = (high - low) * 0.05 or abs(high) * 0.01 or 1.0
        self.low, self.high = low - pad, high + pad
        self._minutes = max(1, len(values) - 1)

    def x(self, minute: float) -> float:
        return round(LEFT + (self.right - LEFT) * minute / self._minutes, 1)

    def y(self, value: float) -> float:
        return round(self.bottom - (self.bottom - TOP) * ((value - self.low) / (self.high - self.low)), 1)


def chart_svg(instrument: Instrument, series: Series, width: int, height: int) -> str:
    """A line chart of a window, with ticks, high and low; a stretch without samples is a gap.

    Args:
        instrument: Whose.
        series: What.
        width: Pixels, 200 or more.
        height: Pixels, 100 or more.
    """
    title = f"{instrument.pair} · {series.metric.label} · {len(series.values) // 60} h · UTC"
    found = extremes(series.values)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img"><style>{_STYLE}</style>',
        _text(LEFT, 18, title, "t"),
    ]
    if found is None:
        parts.append(_text(LEFT, height / 2, "nothing observed yet"))
    else:
        frame = _Frame(series.values, width, height, *(series.values[place] for place in found))
        parts += [*_grid(frame, series, instrument, height), *_lines(frame, series), *_marks(frame, series, found)]
    return "".join((*parts, "</svg>"))


def _grid(frame: _Frame, series: Series, instrument: Instrument, height: int) -> Iterable[str]:
    for value in value_ticks(frame.low, frame.high, max(2, height // 60)):
        y = frame.y(value)
        label = price(value, instrument.digits) if series.metric.is_price else figure(value)
        yield f'<path class="g" d="M{LEFT} {y}H{frame.right}"/>' + _text(frame.right + 6, y + 4, label)
    for at_ms in time_ticks(series.start_ms, series.end_ms, max(2, (frame.right - LEFT) // 90), lambda _: 0):
        x = frame.x((at_ms - series.start_ms) / MINUTE_MS)
        yield f'<path class="g" d="M{x} {TOP}V{frame.bottom}"/>'
        yield _text(x, frame.bottom + 16, utc_time(at_ms)[:5], anchor="middle")


def _lines(frame: _Frame, series: Series) -> Iterable[str]:
    count = len(series.values)
    columns = min_max_columns(series.values, min(count, frame.right - LEFT))
    step = count / len(columns)
    for start, stop in runs(columns):
        spots = [
            f"{frame.x(index * step)} {frame.y(value)}"
            for index in range(start, stop)
            if (column := columns[index]) is not None
            for value in column.path()
        ]
        yield f'<path class="l" d="M{"L".join(spots if len(spots) > 1 else spots * 2)}"/>'


def _marks(frame: _Frame, series: Series, found: tuple[int, int]) -> Iterable[str]:
    for place in found:
        yield f'<circle class="m" cx="{frame.x(place)}" cy="{frame.y(series.values[place])}" r="2.5"/>'


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    kind = f' class="{style}"' if style else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{kind}>{escape(clean(text))}</text>'

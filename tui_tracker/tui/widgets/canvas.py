"""A widget that shows lines of styled text and repaints only the cells that differ."""

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget
from typing_extensions import override

from tui_tracker.tui.plain_ascii import in_words
from tui_tracker.tui.runs import KINDS, Kind, Line, changed_span

BLANK = Line()
KIND_CLASSES: Final = frozenset({*(f"kind--{kind}" for kind in KINDS), "kind--cursor"})
"""Component classes that an app with canvases has.

Those of the app and not of each canvas, since Textual matches every rule with each of them whenever a class changes.
"""
FRAMED_LINES: Final = 400
"""Most drawn lines that are kept: some pages of them."""
MANY_LINES: Final = 8
"""Where more lines change, whole ones are drawn: to find which cells of them differ would take longer."""


class Canvas(Widget):
    """Base of every pane: a tuple of lines, compared with the one before when it is painted."""

    STALE_KINDS: ClassVar[frozenset[Kind]] = frozenset()
    """What is muted where the data is old."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes, markup=False)
        self._lines: tuple[Line, ...] = ()
        self._is_stale = False
        self._palette: dict[tuple[Kind, bool], Style] = {}
        self._framed: dict[Line, Strip] = {}
        """Lines as they were drawn, with the border at both sides."""
        self._framed_size = Size(0, 0)

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown."""
        return self._lines

    @property
    def plain(self) -> str:
        """What is shown, without styles."""
        return "\n".join(line.text.rstrip() for line in self._lines)

    def paint(self, lines: Sequence[Line]) -> None:
        """Show ``lines``; cells that are the same are not written again."""
        old, new = self._lines, in_words(lines) if getattr(self.app, "is_ascii", False) else tuple(lines)
        if old == new:
            return
        self._lines = new
        width = self.size.width
        changed: list[tuple[int, Line, Line]] = []
        for y in range(min(max(len(old), len(new)), self.size.height)):
            was = old[y] if y < len(old) else BLANK
            now = new[y] if y < len(new) else BLANK
            if was is not now and was != now:
                changed.append((y, was, now))
        regions: list[Region] = []
        for y, was, now in changed:
            left, right = (len(changed) <= MANY_LINES and changed_span(was, now)) or (0, width)
            if left < min(right, width):
                regions.append(Region(left, y, right - left, 1))
        if regions:
            self.refresh(*regions)

    def set_stale(self, is_stale: bool) -> None:
        """Mute ``STALE_KINDS`` or no longer."""
        if is_stale != self._is_stale:
            self._is_stale = is_stale
            self._palette.clear()
            self._framed.clear()
            self.refresh()

    def forget(self) -> None:
        """Paint everything again the next time."""
        self._lines = ()

    @override
    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y >= len(self._lines):
            return Strip.blank(width, self._style("text", False))
        line = self._lines[y]
        segments = [
            Segment(text, self._style(kind, line.is_cursor and place > 0))
            for place, (text, kind) in enumerate(line.runs)
        ]
        fill = self._style(line.runs[-1][1] if line.runs else "text", line.is_cursor)
        return Strip(segments).adjust_cell_length(width, fill).simplify()

    @override
    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw lines with what stands at their sides; a line that only moved is not drawn again."""
        width, top = self.outer_size.width, self.gutter.top
        if self.outer_size != self._framed_size or len(self._framed) > FRAMED_LINES:
            self._framed_size = self.outer_size
            self._framed.clear()
        strips: list[Strip] = []
        for y in crop.line_range:
            is_line = 0 <= y - top < min(len(self._lines), self.size.height)
            strip = self._framed.get(self._lines[y - top]) if is_line else None
            if strip is None:
                (strip,) = super().render_lines(Region(0, y, width, 1))
                if is_line:
                    self._framed[self._lines[y - top]] = strip
            strips.append(strip)
        left, right = crop.column_span
        return strips if (left, right) == (0, width) else [strip.crop(left, right) for strip in strips]

    def _style(self, kind: Kind, is_cursor: bool) -> Style:
        style = self._palette.get((kind, is_cursor))
        if style is None:
            style = self._component_style(kind)
            if self._is_stale and kind in self.STALE_KINDS:
                style += Style.from_color(self._component_style("muted").color)
            if is_cursor:
                cursor = self._component_style("cursor")
                is_reverse = bool(cursor.reverse)
                style = cursor if is_reverse else style + Style(bgcolor=cursor.bgcolor, bold=cursor.bold)
            self._palette[kind, is_cursor] = style
        return style

    def _component_style(self, name: str) -> Style:
        return self.app.get_component_styles(f"kind--{name}").rich_style

    @override
    def notify_style_update(self) -> None:
        self._palette.clear()
        self._framed.clear()
        super().notify_style_update()

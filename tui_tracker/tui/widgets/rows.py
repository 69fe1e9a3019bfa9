"""The one virtual table: it formats and paints the rows in view, however many there are."""

from textual import events
from typing_extensions import override

from tui_tracker.tui.messages import HeadingClicked, PaneResized, RowOpened, RowSelected, RowsScrolled
from tui_tracker.tui.runs import Line, joined
from tui_tracker.tui.table import CURSOR, RowsModel
from tui_tracker.tui.widgets.canvas import Canvas
from tui_tracker.tui.widgets.titled import Titled

WHEEL_ROWS = 3
PAGES = 4
"""So many pages of lines are kept."""


class Rows(Canvas, Titled, can_focus=True):
    """Rows with a cursor that belongs to a pair, not to a place."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._model: RowsModel | None = None
        self._made: dict[str, tuple[tuple[object, ...], Line]] = {}
        """Lines that were looked at, by their keys, without a cursor, with what they depended on."""
        self._made_for: tuple[object, ...] = ()
        """What all of them depended on."""
        self._cursor: str | None = None
        self._top = 0
        self._was_moved = False
        """Until then the first rows stay in view, wherever the cursor is: they are what one came to see."""

    @property
    def cursor(self) -> str | None:
        """The key of the row that the cursor is on."""
        return self._cursor

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all rows, in order."""
        return () if self._model is None else tuple(self._model.keys)

    @property
    def visible_keys(self) -> tuple[str, ...]:
        """The keys of the rows in view."""
        return () if self._model is None else tuple(self._model.keys[self._top : self._top + self._page()])

    def show(self, model: RowsModel, cursor: str | None) -> None:
        """Show other rows; the cursor keeps its pair and its line on the screen."""
        line = self._cursor_line()
        is_same = cursor == self._cursor
        self._was_moved = self._was_moved or (self._cursor is not None and not is_same)
        self._model, self._cursor = model, cursor
        index = model.index(cursor)
        if not self._was_moved:
            self._top = 0
        elif index is not None and line is not None and is_same:
            self._top = index - line
        elif index is not None and not is_same:
            self._reveal(index)
        self._sync()

    def start_over(self) -> None:
        """Show the first rows, and keep them in view until the cursor is moved."""
        self._was_moved, self._top = False, 0
        self._sync()

    def set_cursor(self, key: str | None) -> None:
        """Put the cursor on a row, and bring that into view."""
        if key == self._cursor:
            return
        was_first = not self._was_moved and key is not None and self._model is not None and self._model.index(key) == 0
        self._cursor, self._was_moved = key, not was_first
        index = None if self._model is None else self._model.index(key)
        if index is not None:
            self._reveal(index)
        self._sync()

    def step(self, delta: int) -> None:
        """Move the cursor by so many rows."""
        if self._model is None or not self._model.keys:
            return
        index = self._model.index(self._cursor)
        is_lost = index is None or (not self._was_moved and self._cursor_line() is None)
        self._move_to(self._top if is_lost or index is None else index + delta)

    def page(self, direction: int) -> None:
        """Move the cursor and the view by one page."""
        step = max(1, self._page() - 1) * direction
        self._top += step
        self.step(step)

    def jump(self, to_end: bool) -> None:
        """Move the cursor to the last or first row."""
        if self._model is not None:
            self._move_to(len(self._model.keys) - 1 if to_end else 0)

    def _move_to(self, index: int) -> None:
        if self._model is not None and self._model.keys:
            self._was_moved = True
            self.set_cursor(self._model.keys[max(0, min(index, len(self._model.keys) - 1))])

    def _page(self) -> int:
        return max(0, self.size.height - self._header_lines())

    def _header_lines(self) -> int:
        return 0 if self._model is None or self._model.header(self.size.width) is None else 1

    def _cursor_line(self) -> int | None:
        index = None if self._model is None else self._model.index(self._cursor)
        if index is None or not 0 <= index - self._top < self._page():
            return None
        return index - self._top

    def _reveal(self, index: int) -> None:
        page = self._page()
        if index < self._top - page or index > self._top + 2 * page:
            self._top = index - page // 3
        elif index < self._top:
            self._top = index
        elif page and index >= self._top + page:
            self._top = index - page + 1

    def _sync(self) -> None:
        model, width = self._model, self.size.width
        if model is None or not width:
            return
        lines: list[Line] = []
        header = model.header(width)
        if header is not None:
            lines.append(header)
        page = self._page()
        self._top = max(0, min(self._top, len(model.keys) - page))
        if (made_for := (width, *model.common())) != self._made_for or len(self._made) > PAGES * page:
            self._made_for = made_for
            self._made.clear()
        for index in range(self._top, min(self._top + page, len(model.keys))):
            is_cursor = model.keys[index] == self._cursor
            lines.append(self._cursor_row(model, index, width) if is_cursor else self._row(model, index, width))
        if not model.keys:
            lines = [Line(), *model.placeholder]
        self.paint(lines)

    def _row(self, model: RowsModel, index: int, width: int) -> Line:
        key, stamp = model.keys[index], model.stamp(index)
        made = self._made.get(key)
        if made is None or made[0] != stamp:
            made = self._made[key] = stamp, Line(joined(((" ", "text"), *model.row(index, width))))
        return made[1]

    def _cursor_row(self, model: RowsModel, index: int, width: int) -> Line:
        return Line(((CURSOR, "accent"), *model.row(index, width)), self.has_focus)

    def repaint(self) -> None:
        """Paint the cells again whose content has changed under the same model."""
        self._made.clear()
        self._sync()

    def on_resize(self) -> None:
        """Fit columns and page to the new size."""
        if self._model is not None:
            index = self._model.index(self._cursor)
            if index is not None:
                self._reveal(index)
        self._sync()
        self.post_message(PaneResized())

    @override
    def watch_has_focus(self, _has_focus: bool) -> None:
        super().watch_has_focus(_has_focus)
        self._sync()

    def on_click(self, event: events.Click) -> None:
        """Select the row under the mouse, or report the heading."""
        offset = event.get_content_offset(self)
        if offset is None or self._model is None:
            return
        headers = self._header_lines()
        if offset.y < headers:
            column = self._model.column_at(offset.x, self.size.width)
            if column is not None:
                self.post_message(HeadingClicked(column))
            return
        index = self._top + offset.y - headers
        if index < len(self._model.keys):
            self._move_to(index)
            key = self._model.keys[index]
            self.post_message(RowOpened(key) if event.chain == 2 else RowSelected(key))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Show later rows; the cursor stays."""
        event.stop()
        self._scroll(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Show earlier rows; the cursor stays."""
        event.stop()
        self._scroll(-WHEEL_ROWS)

    def _scroll(self, rows: int) -> None:
        top = self._top
        self._was_moved = True
        self._top += rows
        self._sync()
        if self._top != top:
            self.post_message(RowsScrolled())

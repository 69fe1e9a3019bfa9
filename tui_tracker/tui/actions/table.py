"""What keys do to the ranked table: its columns, its small lines, its flashes, and what is taken out of it."""

import asyncio
from pathlib import Path
from typing import Final

from textual import work
from textual.timer import Timer

from tui_tracker.core.errors import TrackerError, UnknownPairError
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.snapshot import Row
from tui_tracker.tui import export
from tui_tracker.tui.actions.screens import ScreenActions
from tui_tracker.tui.columns import TREND
from tui_tracker.tui.highlights import FLASH_S
from tui_tracker.tui.runs import Line
from tui_tracker.tui.svg import placed
from tui_tracker.tui.table import TableModel
from tui_tracker.tui.theme import has_no_color
from tui_tracker.tui.titles import count, progress_bar, scope_text
from tui_tracker.tui.view import ViewState

TRENDS_DELAY_S: Final = 0.1
"""Rows that pass by in less are not read."""
LET_GO: Final = 256
"""Rows that are freed in one turn of the loop."""
MANY_ROWS: Final = 1_000
"""From so many rows on, writing shows how far it is."""


class TableActions(ScreenActions):
    """The ranked table's share of the app."""

    _flash_timer: Timer | None = None
    _trends_timer: Timer | None = None

    def choose(self, view: ViewState) -> None:
        """Look at things in another way."""
        raise NotImplementedError

    def sortable_columns(self) -> list[str]:
        """The keys of the columns in view that rows can be sorted by."""
        model = self._model
        return [] if model is None else [c.key for c, _ in model.columns(self.main.table.size.width) if c.is_sortable]

    @property
    def _model(self) -> TableModel | None:
        return None if self.desk.scene is None else self.desk.scene.table

    def action_then(self) -> None:
        """Sort what the first column doesn't tell apart by the next column in view."""
        self.choose(self.desk.view.next_then(self.sortable_columns()))

    # Changed values

    def show(self) -> None:
        """Tell all panes what they show, and read what the rows in view need for that."""
        is_pale = self.console.color_system in (None, "standard") or self.current_theme.ansi
        self.desk.highlights.marks_heat = is_pale or has_no_color()
        super().show()
        if self.desk.highlights.is_comparing and self._flash_timer is None:
            self._flash_timer = self.set_timer(FLASH_S, self.end_flash)
        if self.page is None:
            self._load_trends_soon()

    def end_flash(self) -> None:
        """Set changed values off no more; only their cells are painted again."""
        if self._flash_timer is not None:
            self._flash_timer.stop()
            self._flash_timer = None
        self.run_worker(_let_go(self.desk.highlights.end_flash()), name="let go")
        self._repaint()

    def _repaint(self) -> None:
        if self.page is None:
            self.main.table.repaint()

    # Small lines

    def on_rows_scrolled(self) -> None:
        """Read the series of what came into view."""
        self._load_trends_soon()

    def tell_at_rest(self) -> None:
        """Read the series of what came into view with the cursor."""
        super().tell_at_rest()
        self._load_trends_soon()

    def _load_trends_soon(self) -> None:
        if self._trends_timer is None:
            self._trends_timer = self.set_timer(TRENDS_DELAY_S, self.load_trends)

    def load_trends(self) -> None:
        """Read the series of the rows in view, if the column is shown."""
        if self._trends_timer is not None:
            self._trends_timer.stop()
            self._trends_timer = None
        model = self._model
        if model is not None and any(column is TREND for column, _ in model.columns(self.main.table.size.width)):
            self._read_trends(self.main.table.visible_keys, self.desk.view.metric)

    @work(name="trends", group="trends", exclusive=True)
    async def _read_trends(self, keys: tuple[str, ...], metric: Metric) -> None:
        desk, highlights = self.desk, self.desk.highlights
        is_new = False
        for key in keys:
            row = desk.row_of(key)
            if row is None or not highlights.wants_trend(row, metric):
                continue
            try:
                series = await self._feed.series(key, metric)
            except UnknownPairError:
                continue
            window = 0 if desk.snapshot is None else desk.snapshot.window_minutes
            highlights.take_trend(row, metric, series.last(window).values)
            is_new = True
            await asyncio.sleep(0)
        if is_new:
            self._repaint()

    # Columns

    # What is taken out

    def action_copy_row(self) -> None:
        """Copy the selected pair's row, tab-separated, full precision."""
        model, key = self._model, self.desk.view.selected
        index = None if model is None else model.index(key)
        if model is None or index is None:
            self.say("no pair to copy")
            return
        place = model.places[index]
        self.copy_to_clipboard(export.tab_separated(self._shown_table(model).values(place)))
        self.say(f"copied the row of {place.row.instrument.pair}")

    def action_copy_view(self) -> None:
        """Copy headings and rows of the view, as many as the terminal's clipboard takes."""
        model = self._model
        if model is None or not model.places:
            self.say("no rows to copy")
            return
        text, rows = export.copied(self._shown_table(model))
        self.copy_to_clipboard(text)
        is_all = rows == len(model.places)
        rest = "" if is_all else f" of {count(len(model.places))}, all that a terminal takes; w writes the whole view"
        self.say(f"copied {count(rows)} rows{rest}")

    def _shown_table(self, model: TableModel) -> export.Table:
        return export.table_of(model, [column for column, _ in model.columns(self.main.table.size.width)])

    def action_export(self) -> None:
        """Ask for the format, and write the view to a file."""
        from tui_tracker.tui.screens.format_prompt import FormatPrompt

        model = self._model
        if model is None or not model.places:
            self.say("no rows to write")
            return
        folder = export.shown_path(self.desk.settings.export_dir)

        def write(chosen: export.Format | None) -> None:
            if chosen is not None:
                self._write_rows(export.table_of(model), chosen)

        self.push_screen(FormatPrompt(len(model.places), folder), write)

    @work(name="export", group="export", description="without it Textual writes out every row")
    async def _write_rows(self, table: export.Table, chosen: export.Format) -> None:
        rows, loop = len(table.places), asyncio.get_running_loop()

        def report(done: int) -> None:
            loop.call_soon_threadsafe(self._show_progress, done, rows)

        on_rows = report if rows >= MANY_ROWS else lambda _: None
        make = export.as_csv if chosen == "csv" else export.as_json
        scope = scope_text(self.desk.view)

        def write() -> Path:
            return export.write_new(self.desk.settings.export_dir, self._stem(scope), chosen, make(table, on_rows))

        await self.have_figures([place.row for place in table.places], METRICS)
        try:
            path = await asyncio.to_thread(write)
        except TrackerError as error:
            self.say(error.told)
        else:
            self.say(f"wrote {count(rows)} rows to {export.shown_path(path)}")
        finally:
            self.main.keys.repaint()

    def _show_progress(self, done: int, rows: int) -> None:
        done_text = f" {count(done)}/{count(rows)} rows"
        self.main.keys.paint(
            (Line(((" writing ", "text"), (progress_bar(done, rows), "accent"), (done_text, "muted"))),)
        )

    def _stem(self, *words: str) -> str:
        return export.file_stem(self.desk.source_now_ms(self.status()), *words)

    @work(name="picture", group="export")
    async def action_picture(self) -> None:
        """Save what the screen shows as an SVG picture."""
        svg = placed(self.export_screenshot())
        try:
            path = await asyncio.to_thread(
                export.write_new, self.desk.settings.export_dir, self._stem("screen"), "svg", svg
            )
        except TrackerError as error:
            self.say(error.told)
        else:
            self.say(f"saved a picture in {export.shown_path(path)}")


async def _let_go(rows: list[Row]) -> None:
    """Free rows some at a time: to free all those of a poll at once would hold the loop for long."""
    while rows:
        del rows[-LET_GO:]
        await asyncio.sleep(0)

"""The virtual table on its own: what it paints, and where its cursor stays."""

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.geometry import Region
from typing_extensions import override

from tui_tracker.tui.runs import Line, Run
from tui_tracker.tui.widgets.canvas import KIND_CLASSES, Canvas
from tui_tracker.tui.widgets.keys_line import KeysLine
from tui_tracker.tui.widgets.rows import Rows


class Model:
    """Rows named by their keys, which count how often they are formatted."""

    def __init__(self, keys: list[str], header: str = "head", values: str = "") -> None:
        self.keys: Sequence[str] = keys
        self.placeholder: tuple[Line, ...] = (Line((("nothing", "muted"),)),)
        self.formatted = 0
        self._header = header
        self._values = values

    def header(self, width: int) -> Line | None:
        return Line(((self._header, "faint"),)) if self._header else None

    def row(self, index: int, width: int) -> tuple[Run, ...]:
        self.formatted += 1
        return ((f"{self.keys[index]} {self._values}", "text"),)

    def common(self) -> tuple[object, ...]:
        return ()

    def stamp(self, index: int) -> tuple[object, ...]:
        return (self._values,)

    def column_at(self, x: int, width: int) -> str | None:
        return None

    def index(self, key: str | None) -> int | None:
        return self.keys.index(key) if key in self.keys else None


class WatchedRows(Rows):
    """Remembers which cells it repaints."""

    painted: list[Region]

    @override
    def refresh(self, *regions: Region, **options: Any) -> "WatchedRows":
        if not hasattr(self, "painted"):
            self.painted = []
        self.painted.extend(regions or [self.size.region])
        super().refresh(*regions, **options)
        return self


class RowsApp(App[None]):
    COMPONENT_CLASSES: ClassVar[set[str]] = set(KIND_CLASSES)

    def compose(self) -> ComposeResult:
        yield WatchedRows()


def numbers(count: int) -> list[str]:
    return [f"{index:04}" for index in range(count)]


async def test_only_rows_in_view_are_formatted() -> None:
    app = RowsApp()
    async with app.run_test(size=(30, 11)) as pilot:
        rows, model = app.query_one(WatchedRows), Model(numbers(3000))
        rows.show(model, "0000")
        await pilot.pause()
        assert model.formatted == 10
        assert len(rows.lines) == 11
        assert rows.visible_keys == tuple(numbers(10))


async def test_a_move_of_the_cursor_repaints_two_rows() -> None:
    app = RowsApp()
    async with app.run_test(size=(30, 11)) as pilot:
        rows = app.query_one(WatchedRows)
        rows.show(Model(numbers(50)), "0000")
        rows.focus()
        await pilot.pause()
        rows.painted.clear()
        rows.step(1)
        assert sorted(region.y for region in rows.painted) == [1, 2]
        assert rows.cursor == "0001"


async def test_without_the_focus_only_the_mark_of_the_cursor_is_repainted() -> None:
    app = RowsApp()
    async with app.run_test(size=(30, 11)) as pilot:
        rows = app.query_one(WatchedRows)
        app.screen.set_focus(None)
        rows.show(Model(numbers(50)), "0000")
        await pilot.pause()
        rows.painted.clear()
        rows.set_cursor("0003")
        assert sorted((region.x, region.y, region.width) for region in rows.painted) == [(0, 1, 1), (0, 4, 1)]


async def test_equal_rows_are_not_repainted_and_changed_ones_only_where_they_differ() -> None:
    app = RowsApp()
    async with app.run_test(size=(30, 11)) as pilot:
        rows = app.query_one(WatchedRows)
        rows.show(Model(numbers(8), values="10.00"), "0000")
        await pilot.pause()
        rows.painted.clear()
        rows.show(Model(numbers(8), values="10.00"), "0000")
        assert rows.painted == []
        rows.show(Model(numbers(8), values="10.25"), "0000")
        assert {(region.x, region.width) for region in rows.painted} == {(9, 2)}


async def test_a_line_that_only_moved_is_drawn_as_before() -> None:
    app = RowsApp()
    async with app.run_test(size=(30, 11)) as pilot:
        rows, keys = app.query_one(WatchedRows), numbers(50)
        rows.show(Model(keys), "0000")
        await pilot.pause()
        (third,) = rows.render_lines(Region(0, 3, 30, 1))
        rows.show(Model(keys[1:]), "0001")
        await pilot.pause()
        assert rows.render_lines(Region(0, 2, 30, 1))[0] is third
        app.theme = "textual-light"
        await pilot.pause()
        assert rows.render_lines(Region(0, 2, 30, 1))[0] != third


async def test_the_cursor_keeps_its_line_when_rows_move() -> None:
    app = RowsApp()
    async with app.run_test(size=(30, 11)) as pilot:
        rows, keys = app.query_one(WatchedRows), numbers(50)
        rows.show(Model(keys), "0004")
        await pilot.pause()
        rows.step(1)
        rows.show(Model(keys[6:30] + keys[:6] + keys[30:]), "0005")
        assert rows.visible_keys.index("0005") == 5
        rows.show(Model(["0005", *keys[6:]]), "0005")
        assert rows.visible_keys.index("0005") == 0


async def test_the_first_rows_stay_in_view_until_the_cursor_is_moved() -> None:
    app = RowsApp()
    async with app.run_test(size=(30, 11)) as pilot:
        rows, keys = app.query_one(WatchedRows), numbers(50)
        rows.show(Model(keys), "0030")
        await pilot.pause()
        assert rows.visible_keys[0] == "0000"
        rows.show(Model(keys[::-1]), "0030")
        assert rows.visible_keys[0] == "0049"
        rows.step(1)
        assert rows.cursor == "0049", "the cursor starts where one looks"
        rows.show(Model(keys), "0049")
        assert "0049" in rows.visible_keys


async def test_a_cursor_that_a_filter_moved_is_brought_into_view() -> None:
    app = RowsApp()
    async with app.run_test(size=(30, 11)) as pilot:
        rows, keys = app.query_one(WatchedRows), numbers(50)
        rows.show(Model(keys), "0005")
        await pilot.pause()
        rows.start_over()
        rows.show(Model(["0030", "0031"]), "0030")
        rows.show(Model(keys), "0030")
        assert "0030" in rows.visible_keys
        rows.step(1)
        assert rows.cursor == "0031"


async def test_a_view_that_was_scrolled_away_stays_where_it_is() -> None:
    app = RowsApp()
    async with app.run_test(size=(30, 11)) as pilot:
        rows, keys = app.query_one(WatchedRows), numbers(50)
        rows.show(Model(keys), "0000")
        await pilot.pause()
        rows._scroll(20)
        rows.show(Model(keys, values="new"), "0000")
        assert rows.visible_keys[0] == "0020"


async def test_rows_that_are_as_before_are_not_formatted_again() -> None:
    app = RowsApp()
    async with app.run_test(size=(30, 11)) as pilot:
        rows, keys = app.query_one(WatchedRows), numbers(50)
        rows.show(Model(keys, values="a"), "0000")
        await pilot.pause()
        page = len(rows.visible_keys)
        same, moved, changed = Model(keys, values="a"), Model(keys[1:], values="a"), Model(keys, values="b")
        rows.show(same, "0000")
        assert same.formatted == 1, "the one with the cursor"
        rows.show(moved, "0001")
        assert moved.formatted == 2, "and the one that came into view"
        rows.show(changed, "0000")
        assert changed.formatted == page
        assert rows.plain.count(" b") == page
        await pilot.resize_terminal(40, 11)
        assert changed.formatted == 2 * page


async def test_no_rows_and_no_cursor() -> None:
    app = RowsApp()
    async with app.run_test(size=(30, 11)) as pilot:
        rows = app.query_one(WatchedRows)
        rows.step(1)
        rows.jump(True)
        rows.show(Model([]), None)
        await pilot.pause()
        assert rows.plain.strip() == "nothing"
        rows.step(1)
        rows.page(1)
        rows.jump(True)
        assert rows.cursor is None
        rows.show(Model(numbers(3), header=""), "gone")
        rows.step(1)
        assert rows.cursor == "0000"


async def test_lines_shorter_than_before_are_cleared() -> None:
    class CanvasApp(App[None]):
        COMPONENT_CLASSES: ClassVar[set[str]] = set(KIND_CLASSES)

        def compose(self) -> ComposeResult:
            yield Canvas()

    app = CanvasApp()
    async with app.run_test(size=(20, 3)) as pilot:
        canvas = app.query_one(Canvas)
        canvas.paint((Line((("one", "text"),)), Line((("two", "text"),))))
        await pilot.pause()
        canvas.paint((Line((("one", "text"),)),))
        await pilot.pause()
        assert canvas.render_line(1).text.strip() == ""
        assert canvas.render_line(0).cell_length == 20


async def test_the_keys_that_always_matter_are_always_there() -> None:
    class KeysApp(App[None]):
        COMPONENT_CLASSES: ClassVar[set[str]] = set(KIND_CLASSES)
        CSS = "KeysLine { height: 1; }"

        def compose(self) -> ComposeResult:
            yield KeysLine()

    app = KeysApp()
    async with app.run_test(size=(40, 3)) as pilot:
        line = app.query_one(KeysLine)
        line.show([("a", "one"), ("b", "two"), ("c", "a long thing to do")], [("?", "help"), ("q", "quit")])
        assert line.plain == " a one  b two  ? help  q quit"
        await pilot.resize_terminal(16, 3)
        await pilot.pause()
        assert line.plain == " ? help  q quit"

"""The cells of a plot while it is painted."""

from collections.abc import Sequence

from tui_tracker.tui.runs import Kind, Run, joined

BRAILLE = range(0x2800, 0x2900)


class Grid:
    """Rows of cells, each a character and its kind; what is put outside is left out."""

    def __init__(self, rows: int, columns: int) -> None:
        self.rows = rows
        self.columns = columns
        self._chars = [[" "] * columns for _ in range(rows)]
        self._kinds: list[list[Kind]] = [["text"] * columns for _ in range(rows)]

    def put(self, row: int, column: int, char: str, kind: Kind) -> None:
        """Set one cell."""
        if 0 <= row < self.rows and 0 <= column < self.columns:
            self._chars[row][column] = char
            self._kinds[row][column] = kind

    def under(self, row: int, column: int, char: str, kind: Kind) -> None:
        """Set one cell if it is blank."""
        if self.is_blank(row, column):
            self.put(row, column, char, kind)

    def write(self, row: int, column: int, text: str, kind: Kind) -> None:
        """Set neighbouring cells."""
        for place, char in enumerate(text, column):
            self.put(row, place, char, kind)

    def lay(self, lines: Sequence[str], kind: Kind) -> None:
        """Lay a drawing over what is there; dots that meet in a cell are both kept."""
        for row, line in enumerate(lines[: self.rows]):
            for column, char in enumerate(line[: self.columns]):
                if char not in " ⠀":
                    self.put(row, column, _both(self._chars[row][column], char), kind)

    def is_blank(self, row: int, column: int) -> bool:
        """Whether a cell is empty; none outside is."""
        return 0 <= row < self.rows and 0 <= column < self.columns and self._chars[row][column] == " "

    def is_free(self, row: int, left: int, stop: int) -> bool:
        """Whether the cells ``[left, stop)`` lie inside and are empty, and so are their neighbours."""
        if not 0 <= row < self.rows or left < 0 or stop > self.columns:
            return False
        return all(char == " " for char in self._chars[row][max(0, left - 1) : stop + 1])

    def lowest(self, column: int) -> int | None:
        """The lowest row of a column that isn't blank."""
        return next((row for row in range(self.rows - 1, -1, -1) if self._chars[row][column] != " "), None)

    def runs(self, row: int) -> tuple[Run, ...]:
        """One row as styled text."""
        return joined(zip(self._chars[row], self._kinds[row], strict=True))


def _both(old: str, new: str) -> str:
    if ord(old) in BRAILLE and ord(new) in BRAILLE:
        return chr(ord(old) | ord(new))
    return new

"""The market as a whole: a heat map, how many rise and fall, how volatile it is, what happened. Pure."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from heapq import nlargest
from itertools import islice
from typing import Final

from tui_tracker.core import format as fmt
from tui_tracker.core.metric import METRIC_INDEX, Metric
from tui_tracker.core.snapshot import Row
from tui_tracker.core.text import clean
from tui_tracker.tui.columns import late_since
from tui_tracker.tui.events import Event, EventLog, Happening
from tui_tracker.tui.pages.blocks import Block, Page, facts, laid_out, said, tabulated
from tui_tracker.tui.pages.wording import bar, percent
from tui_tracker.tui.pulse import Pulse, sparkline
from tui_tracker.tui.runs import Kind, Line, Run, fit, joined, width_of
from tui_tracker.tui.times import Zone
from tui_tracker.tui.titles import SEPARATOR, count

MOST_TILES: Final = 100
TILE_WIDTH: Final = 17
NUMBER_WIDTH: Final = 6
NAME_WIDTH: Final = TILE_WIDTH - NUMBER_WIDTH - 4
"""Beside number, shade, sign and two spaces."""
MOST_OF_A_NAME: Final = 11
"""Cells: small tiles are wider where more than one name in ten is longer than theirs."""
SHADES: Final = "░▒▓█"
LARGE_SHADE: Final = 5
"""Cells that show the heat of a large tile, in each of its lines."""
SAME_MS: Final = 90_000
"""Within this time the same on several exchanges is told as one."""
FEW_EVENTS: Final = 12
"""Lines that large tiles leave for events, of which there may be none yet."""
SPARK_WIDTH: Final = 40
BREADTH_WIDTH: Final = 24
_PRICE: Final = METRIC_INDEX[Metric.PRICE]
WORDS: Final[dict[Happening, tuple[str, Kind]]] = {
    Happening.NEW: ("+ new pair", "accent"),
    Happening.HALTED: ("‖ halted", "warn"),
    Happening.RESUMED: ("› resumed", "accent"),
    Happening.DELISTED: ("× delisted", "warn"),
    Happening.HIGH: ("▲ new high", "up"),
    Happening.LOW: ("▼ new low", "down"),
    Happening.RISE: ("↑ rank", "up"),
    Happening.FALL: ("↓ rank", "down"),
}


class Heat(StrEnum):
    """What the heat map shows."""

    CHANGE = "change"
    CV = "cv (σ / mean)"


YOUNG: Final = "No pair has a price and its history yet."


LEGEND_FROM: Final = 90
"""Columns from which on the heat map's marks are explained."""


@dataclass(frozen=True, slots=True)
class Breadth:
    """How many pairs rose, fell and stood still over the window."""

    up: int
    down: int
    unchanged: int

    @property
    def all(self) -> int:
        """All pairs whose change is known."""
        return self.up + self.down + self.unchanged


@dataclass(frozen=True, slots=True)
class OverviewFacts:
    """What the page is made from."""

    rows: Sequence[Row]
    """Of the whole market."""
    scope: str
    """What the heat map is limited to, in a word."""
    in_scope: Sequence[Row]
    heat: Heat
    events: EventLog
    pulse: Pulse
    zone: Zone
    window: str
    end_ms: int | None = None
    """The last minute of the windows: a pair whose history begins late has no known change over them yet."""


def overview_page(known: OverviewFacts, width: int, height: int = 0) -> Page:
    """Everything, the heat map over the whole width, in large tiles where all is in view with them too."""
    tiles = heat_tiles(_with_history(known.in_scope, known.end_ms), known.heat)
    what = f"change in {known.window}" if known.heat is Heat.CHANGE else known.heat.value
    title = f"The {len(tiles)} most traded of {known.scope} by {what}" if tiles else f"Most traded of {known.scope}"
    if tiles and len({row.instrument.source for row in known.in_scope}) > 1:
        title += ", where most is traded"
    if tiles and width >= LEGEND_FROM:
        title += " ── ░ ▒ ▓ █ a quarter each, █ moved most"
    nothing = YOUNG if any(row.last is not None for row in known.in_scope) else "No pair has a price yet."
    heat = _heat_lines(tiles, known.heat, width) or said(nothing, width)
    blocks = [
        Block("Breadth of all pairs", tuple(_breadth_lines(known, width))),
        Block("Market-wide volatility", tuple(_pulse_lines(known))),
    ]
    above = [*laid_out(blocks, width), Line(), Line(((title, "accent"),))]
    told = gathered(known.events)
    below = [Line(), Line(((f"Events ── {count(len(told))}", "accent"),)), *_event_lines(told, known.zone, width)]
    large = _large_lines(tiles, known.heat, width)
    is_roomy = len(above) + len(large) + FEW_EVENTS <= height
    lines = [*above, *(large if tiles and is_roomy else heat), *below]
    return Page(SEPARATOR.join(("Overview", known.window, known.zone.name)), tuple(lines))


@dataclass(frozen=True, slots=True)
class Tile:
    """One pair of the heat map."""

    name: str
    value: float
    """In percent."""
    level: int
    """0 … 3: how much it moved among those shown."""


def heat_tiles(rows: Iterable[Row], heat: Heat) -> list[Tile]:
    """The most traded pairs, each of the exchange where it is traded most; equally many of them on each level. O(n)."""
    most: dict[str, tuple[Row, float]] = {}
    for row in rows:
        if not row.volume_usd or (value := _heat_value(row, heat)) is None:
            continue
        known = most.get(row.instrument.pair)
        if known is None or row.volume_usd > (known[0].volume_usd or 0.0):
            most[row.instrument.pair] = row, value
    top = nlargest(MOST_TILES, most.values(), key=lambda pair: pair[0].volume_usd or 0.0)
    is_one_quote = len({row.instrument.quote for row, _ in top}) == 1
    sizes = sorted(abs(value) for _, value in top)
    bounds = [sizes[len(sizes) * part // 4] for part in (1, 2, 3)] if sizes else []
    return [
        Tile(
            clean(row.instrument.base if is_one_quote else row.instrument.pair),
            value,
            bisect_right(bounds, abs(value)),
        )
        for row, value in top
    ]


def _heat_value(row: Row, heat: Heat) -> float | None:
    figures = row.figures[_PRICE]
    if figures is None or row.halted:
        return None
    if heat is Heat.CHANGE:
        return figures.change_pct
    return None if figures.cv is None else figures.cv * 100


def _heat_lines(tiles: Sequence[Tile], heat: Heat, width: int) -> list[Line]:
    """Rows of tiles, read from left to right."""
    lengths = sorted(width_of(tile.name) for tile in tiles) or [NAME_WIDTH]
    room = max(NAME_WIDTH, min(MOST_OF_A_NAME, lengths[len(lengths) * 9 // 10]))
    rows = _rows_of(tiles, width, TILE_WIDTH + room - NAME_WIDTH)
    return [_beside([_tile_runs(tile, heat, room) for tile in row]) for row in rows]


def _large_lines(tiles: Sequence[Tile], heat: Heat, width: int) -> list[Line]:
    """The same in tiles of two lines, with a line between."""
    lines: list[Line] = []
    for row in _rows_of(tiles, width):
        parts = [_large_runs(tile, heat) for tile in row]
        lines += [_beside([upper for upper, _ in parts]), _beside([lower for _, lower in parts]), Line()]
    return lines[:-1]


def _rows_of(tiles: Sequence[Tile], width: int, size: int = TILE_WIDTH) -> list[Sequence[Tile]]:
    across = max(1, (width + 2) // (size + 2))
    return [tiles[start : start + across] for start in range(0, len(tiles), across)]


def _beside(parts: Iterable[Sequence[Run]]) -> Line:
    runs: list[Run] = []
    for part in parts:
        runs.append(("  " if runs else "", "text"))
        runs.extend(part)
    return Line(joined(runs))


def _tile_runs(tile: Tile, heat: Heat, room: int) -> list[Run]:
    """A small tile whose name has ``room`` cells."""
    sign, text, kind = _value_of(tile, heat)
    return [
        (f"{SHADES[tile.level]} ", kind),
        (f"{fit(tile.name, room)} ", "text"),
        (f"{sign}{fit(text, NUMBER_WIDTH, right=True)}", kind),
    ]


def _large_runs(tile: Tile, heat: Heat) -> tuple[list[Run], list[Run]]:
    """The upper and the lower line of a large tile."""
    sign, text, kind = _value_of(tile, heat)
    shade: Run = (SHADES[tile.level] * LARGE_SHADE + " ", kind)
    room = TILE_WIDTH - LARGE_SHADE - 1
    return [shade, (fit(tile.name, room), "text")], [shade, (fit(f"{sign} {text} %".strip(), room), kind)]


def _value_of(tile: Tile, heat: Heat) -> tuple[str, str, Kind]:
    """(sign, number, colour) of a tile."""
    text = fmt.percent(abs(tile.value), 2)
    if len(text) > NUMBER_WIDTH:
        text = fmt.compact(abs(tile.value))
    sign, kind = _direction(tile, text, heat)
    return sign, text, kind


def _direction(tile: Tile, text: str, heat: Heat) -> tuple[str, Kind]:
    """A sign and what colours it: direction for changes, size for a deviation, which has none."""
    if heat is Heat.CV:
        return " ", ("faint", "muted", "accent", "warn")[tile.level]
    if not text.strip("0."):
        return " ", "faint"
    return ("▲", "up") if tile.value > 0 else ("▼", "down")


def _with_history(rows: Iterable[Row], end_ms: int | None) -> list[Row]:
    return [row for row in rows if (figures := row.figures[_PRICE]) is not None and late_since(figures, end_ms) is None]


def breadth(rows: Iterable[Row]) -> Breadth:
    """How the pairs that trade moved over the window. O(n)."""
    up = down = unchanged = 0
    for row in rows:
        figures = row.figures[_PRICE]
        if figures is None or row.halted or figures.last is None or figures.first is None:
            continue
        if figures.last > figures.first:
            up += 1
        elif figures.last < figures.first:
            down += 1
        else:
            unchanged += 1
    return Breadth(up, down, unchanged)


def _breadth_lines(known: OverviewFacts, width: int) -> list[Line]:
    found = breadth(_with_history(known.rows, known.end_ms))
    if not found.all:
        return said("No change is known yet.", 36)
    named: tuple[tuple[str, int, Kind], ...] = (
        ("▲ up", found.up, "up"),
        ("▼ down", found.down, "down"),
        ("· unchanged", found.unchanged, "muted"),
    )
    size = max(4, min(BREADTH_WIDTH, width - 28))
    rows: list[list[Run]] = []
    for name, number, kind in named:
        share = number / found.all
        rows.append(
            [
                (name, kind),
                (count(number), "strong"),
                (f"{percent(share, 0)}", "muted"),
                (bar(share, size), kind),
            ]
        )
    others = len(known.rows) - found.all
    note = [Line(((f"{count(others)} more: halted, or too little is known", "faint"),))] if others else []
    return [*tabulated(rows, left={0, 3}), *note]


def _pulse_lines(known: OverviewFacts) -> list[Line]:
    pulse = known.pulse
    if pulse.last is None or pulse.extent is None:
        return said("Known once most pairs have their history.", 36)
    low, high = pulse.extent
    since = f"since {known.zone.minute(pulse.start_ms)}"
    return [
        *facts(
            [
                ("median cv", [(percent(pulse.last, 3), "strong"), (" now", "muted")]),
                (since, [(f"{percent(low, 3)} … {percent(high, 3)}", "text")]),
            ]
        ),
        Line(((sparkline(pulse.columns(SPARK_WIDTH)), "accent"),)),
    ]


def gathered(events: Iterable[Event]) -> list[tuple[Event, int]]:
    """Events, and on how many more exchanges the same happened at about that time; of ranks each is its own."""
    found: list[tuple[Event, int]] = []
    newest: dict[tuple[str, Happening], int] = {}
    for event in events:
        key = event.pair, event.happening
        place = newest.get(key)
        is_own = event.happening in (Happening.RISE, Happening.FALL) or not event.exchange
        if is_own or place is None or abs(found[place][0].at_ms - event.at_ms) > SAME_MS:
            newest[key] = len(found)
            found.append((event, 0))
        else:
            found[place] = found[place][0], found[place][1] + 1
    return found


def _event_lines(told: Sequence[tuple[Event, int]], zone: Zone, width: int) -> list[Line]:
    if not told:
        return said(
            "Nothing yet: halts, new pairs, 24 h highs and lows and jumps in rank come here as they happen.", width
        )
    columns = 2 if width >= 130 else 1
    shown = [_event_runs(event, others, zone) for event, others in told]
    height = -(-len(shown) // columns)
    blocks = [
        tabulated(list(islice(shown, start, start + height)), left={0, 1, 2, 3})
        for start in range(0, len(shown), height)
    ]
    size = (width - 4) // columns
    lines: list[Line] = []
    for row in range(height):
        runs: list[Run] = []
        for block in blocks:
            if row < len(block):
                runs.extend(((" " * 4 if runs else "", "text"), *block[row].runs))
                runs.append((" " * max(0, size - len(block[row].text)), "text"))
        lines.append(Line(joined(runs)))
    return lines


def _event_runs(event: Event, others: int, zone: Zone) -> list[Run]:
    word, kind = WORDS[event.happening]
    detail = clean(event.detail, 40)
    exchange = f" {clean(event.exchange, 16)}" if event.exchange else ""
    exchange += f" and {count(others)} more" if others else ""
    return [
        (zone.second(event.at_ms), "faint"),
        (word, kind),
        (fit(clean(event.pair), 14).rstrip() + exchange, "strong"),
        (detail, "muted"),
    ]

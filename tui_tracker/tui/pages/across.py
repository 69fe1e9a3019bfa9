"""One pair on every exchange that lists it, side by side. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from tui_tracker.core import format as fmt
from tui_tracker.core.figures import Figures
from tui_tracker.core.instrument import LEAST_EXCHANGES, InstrumentClass, consolidated_id
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Row
from tui_tracker.core.text import clean
from tui_tracker.stats.consolidation import (
    MOST_AGE_MS,
    MOST_OFF,
    NOBODY,
    RETURNS_WITHIN,
    Consolidated,
    consolidate,
)
from tui_tracker.stats.ranking import MIN_COVERAGE, Place
from tui_tracker.tui.pages.blocks import Block, Page, chunked, facts, laid_out, said
from tui_tracker.tui.runs import Kind, Line, Run
from tui_tracker.tui.times import Zone
from tui_tracker.tui.titles import SEPARATOR, count

BPS: Final = 10_000
OTHERS_MOST: Final = 8
_HEADS: Final = ("exchange", "last", "bid", "ask", "spread bps", "off bps", "σ", "age", "volume $", "")


@dataclass(frozen=True, slots=True)
class AcrossFacts:
    """What the page is made from."""

    row: Row
    """The selected pair."""
    rows: Sequence[Row]
    """All pairs of its asset, of all exchanges."""
    ages_ms: Mapping[str, int | None]
    """How old bid and ask of each pair of this asset are, by its id."""
    place: Place | None
    """Where the consolidated pair stands among its like, if there is one."""
    ranked: int
    """How many of those have a rank."""
    zone: Zone
    min_coverage: float = MIN_COVERAGE
    """Observed share of the window from which on a pair is ranked."""


def across_page(known: AcrossFacts, width: int) -> Page:
    """All exchanges in a table, then what they say together, in ``width`` cells."""
    one = known.row.instrument
    sides = _sides_of(known.rows, one.quote)
    found = _consolidated(known, sides)
    title = SEPARATOR.join((clean(one.pair, 24), "across exchanges", known.zone.name))
    if not sides:
        return Page(title, tuple(said("No exchange that is watched lists it.", width)))
    blocks = [
        Block("Together", tuple(_together(known, sides, found))),
        Block("Other quote currencies, not mixed with these", tuple(_others(known))),
        Block("How to read it", tuple(_legend(known.min_coverage))),
    ]
    return Page(title, (*chunked(_table(known, sides, found), width), Line(), *laid_out(blocks, width)))


def _sides_of(rows: Sequence[Row], quote: str) -> list[Row]:
    """The pair of an asset on each exchange, the most traded first."""
    found = [
        row
        for row in rows
        if row.instrument.quote == quote
        and not row.instrument.is_consolidated
        and InstrumentClass.SECOND_VENUE not in row.instrument.classes
    ]
    return sorted(found, key=lambda row: (-(row.volume_usd or 0.0), row.instrument.source))


def _consolidated(known: AcrossFacts, sides: Sequence[Row]) -> Consolidated:
    """What they say together; those that the consolidated pair left out are out until they are near again."""
    mids = {row.instrument.source: mid for row in sides if (mid := _fresh_mid(row, known.ages_ms)) is not None}
    together = consolidated_id(sides[0].instrument.base, sides[0].instrument.quote) if sides else ""
    members = next((row.members for row in known.rows if row.id == together), ())
    return consolidate(mids, frozenset(mids) - frozenset(members) if members else NOBODY)


def _fresh_mid(row: Row, ages_ms: Mapping[str, int | None]) -> float | None:
    age_ms, mid = ages_ms.get(row.id), row.mid
    if row.halted or mid is None or not mid > 0 or age_ms is None or age_ms > MOST_AGE_MS:
        return None
    return mid


def _middle(sides: Sequence[Row], found: Consolidated) -> float | None:
    mids = [mid for row in sides if row.instrument.source in found.members and (mid := row.mid) is not None]
    return median(mids) if mids else None


def _outermost(sides: Sequence[Row], found: Consolidated) -> tuple[Row, Row] | None:
    """(lowest, highest) of the exchanges that count; ``None`` unless they differ."""
    counted = [row for row in sides if row.instrument.source in found.members]
    if len(counted) < 2:
        return None
    low, high = min(counted, key=lambda row: row.mid or 0.0), max(counted, key=lambda row: row.mid or 0.0)
    return None if low.mid == high.mid else (low, high)


def _table(known: AcrossFacts, sides: Sequence[Row], found: Consolidated) -> list[list[Run]]:
    middle, ends = _middle(sides, found), _outermost(sides, found)
    rows: list[list[Run]] = [[(head, "faint") for head in _HEADS]]
    for row in sides:
        source, digits = row.instrument.source, row.instrument.digits
        age_ms = known.ages_ms.get(row.id)
        price = row.figures_of(Metric.PRICE)
        note, kind = _note(row, found, known.ages_ms, middle)
        mark = "▲ highest" if ends and row is ends[1] else "▼ lowest " if ends and row is ends[0] else ""
        is_counted = source in found.members
        rows.append(
            [
                (clean(source, 18), "strong" if is_counted else "muted"),
                (fmt.price(row.last, digits), "text"),
                (fmt.price(row.bid, digits), "text"),
                (fmt.price(row.ask, digits), "text"),
                (_bps(row.spread_bps), "muted"),
                _off(row, None if found.level is None else middle, is_counted=is_counted),
                _sigma(price, known.min_coverage),
                (fmt.ABSENT if age_ms is None else fmt.age(age_ms), "text" if _is_recent(age_ms) else "warn"),
                (fmt.compact(row.volume_usd), "muted"),
                (mark, "accent") if mark else (note, kind),
            ]
        )
    return rows


def _sigma(price: Figures | None, min_coverage: float) -> Run:
    """σ, marked where too little of the window is known to be ranked."""
    if price is None or price.samples < 2:
        return fmt.ABSENT, "faint"
    is_known = price.coverage >= min_coverage
    return f"{'' if is_known else '~'}{fmt.figure(price.stddev)}", "text" if is_known else "faint"


def _is_recent(age_ms: int | None) -> bool:
    return age_ms is not None and age_ms <= MOST_AGE_MS


def _bps(value: float | None, *, signed: bool = False) -> str:
    return fmt.ABSENT if value is None else fmt.percent(value, 1, signed=signed)


def _off(row: Row, middle: float | None, *, is_counted: bool) -> Run:
    mid = row.mid
    if mid is None or middle is None:
        return fmt.ABSENT, "faint"
    return _bps((mid / middle - 1) * BPS, signed=True), "text" if is_counted else "warn"


def _note(row: Row, found: Consolidated, ages_ms: Mapping[str, int | None], middle: float | None) -> tuple[str, Kind]:
    """Why an exchange doesn't count, or nothing."""
    source, mid = row.instrument.source, row.mid
    if source in found.members:
        return "", "muted"
    if row.halted:
        return clean(row.halted, 24), "warn"
    if mid is None:
        return "gives no bid and ask", "muted"
    if not _is_recent(ages_ms.get(row.id)):
        return "too old", "warn"
    if middle is None:
        return "", "muted"
    return f"{fmt.percent(abs(mid / middle - 1) * 100, 1)} % off: another asset, or closed off?", "warn"


def _together(known: AcrossFacts, sides: Sequence[Row], found: Consolidated) -> list[Line]:
    digits = max(row.instrument.digits for row in sides)
    pairs: list[tuple[str, Sequence[Run]]] = []
    if found.level is None:
        text = f"none: fewer than {LEAST_EXCHANGES} exchanges agree" if len(sides) > 1 else "none: one exchange alone"
        pairs.append(("median", [(text, "warn")]))
    else:
        pairs.append(("median", [(fmt.price(found.level, digits), "strong"), (_of(found, sides), "muted")]))
    ends = _outermost(sides, found)
    if ends is not None and (low := ends[0].mid) and (high := ends[1].mid):
        names = f"  {clean(ends[1].instrument.source, 16)} over {clean(ends[0].instrument.source, 16)}"
        pairs.append(("widest gap", [(f"{_bps((high / low - 1) * BPS)} bps", "accent"), (names, "text")]))
    if (crossed := _crossed(sides, found)) is not None:
        pairs.append(("bid over ask", crossed))
    if known.place is not None:
        place = known.place
        rank = clean(place.reason, 30) if place.rank is None else f"{count(place.rank)} of {count(known.ranked)}"
        pairs.append(("σ", [_sigma(place.row.figures_of(Metric.PRICE), known.min_coverage)]))
        pairs.append(("rank", [(f"{rank} across exchanges", "text" if place.rank is not None else "warn")]))
    return facts(pairs)


def _crossed(sides: Sequence[Row], found: Consolidated) -> Sequence[Run] | None:
    """By how much the best bid of an exchange is over the best ask of another, before fees; ``None`` if none is."""
    counted = [row for row in sides if row.instrument.source in found.members and row.bid and row.ask]
    if not counted:
        return None
    buyer, seller = max(counted, key=lambda row: row.bid or 0.0), min(counted, key=lambda row: row.ask or 0.0)
    over = ((buyer.bid or 0.0) / (seller.ask or 1.0) - 1) * BPS
    if over <= 0 or buyer is seller:
        return None
    names = f"  buy on {clean(seller.instrument.source, 16)}, sell on {clean(buyer.instrument.source, 16)}, fees aside"
    return [(f"{_bps(over)} bps", "accent"), (names, "text")]


def _of(found: Consolidated, sides: Sequence[Row]) -> str:
    counted = count(len(found.members))
    return f"  of {'all ' if len(found.members) == len(sides) else f'{counted} of '}{count(len(sides))} exchanges"


def _others(known: AcrossFacts) -> list[Line]:
    """The same asset in other currencies, each by itself."""
    quotes = {row.instrument.quote for row in known.rows if not row.halted} - {known.row.instrument.quote}
    found = [(quote, _sides_of(known.rows, quote)) for quote in quotes]
    found.sort(key=lambda each: (-len(each[1]), each[0]))
    pairs: list[tuple[str, Sequence[Run]]] = []
    for quote, sides in found[:OTHERS_MOST]:
        together, digits = _consolidated(known, sides), max((row.instrument.digits for row in sides), default=0)
        told: list[Run]
        if together.level is None:
            told = [(f"{count(len(sides))} exchange{'' if len(sides) == 1 else 's'}", "text")]
        else:
            told = [(f"median {fmt.price(together.level, digits)}", "text"), (_of(together, sides), "muted")]
        pairs.append((clean(quote, 12), told))
    return facts(pairs) if pairs else said("None.", 40)


def _legend(min_coverage: float) -> list[Line]:
    rough = (
        f"~ stands before σ where less than {min_coverage * 100:g} % of the window is known." if min_coverage else ""
    )
    text = (
        f"The median is of mids that are at most {MOST_AGE_MS // 1000} s old, of {LEAST_EXCHANGES} exchanges or more. "
        f"One that is over {MOST_OFF * 100:g} % off the others doesn't count, as where a name means another asset; it "
        f"counts again under {RETURNS_WITHIN * 100:g} %. A change of who counts moves the level, not the volatility. "
        f"{rough}"
    )
    return said(text, 60)

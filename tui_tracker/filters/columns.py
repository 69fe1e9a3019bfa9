"""What a filter can ask of a pair: names, units, and how each is read off."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import Final, NamedTuple

from tui_tracker.core.candle import Provenance
from tui_tracker.core.figures import Figures
from tui_tracker.core.instrument import InstrumentClass
from tui_tracker.core.metric import METRIC_INDEX, Metric
from tui_tracker.core.snapshot import Row

MS_PER_HOUR: Final = 3_600_000
_FROM_CANDLES: Final = tuple(
    place for place, kind in enumerate(Provenance) if kind in (Provenance.CANDLE_5M, Provenance.CANDLE_1M)
)


class Subject(NamedTuple):
    """One pair, as a filter sees it."""

    row: Row
    figures: Figures | None = None
    """Of the metric that is looked at."""
    rank: int | None = None
    last: float | None = None
    """The newest value of the metric that is looked at."""
    text: str = ""
    """What plain words are looked for in: see ``haystack``."""
    shift: int | None = None
    """How many places its rank rose, negative if it fell; ``None`` while that is unknown."""


class Unit(Enum):
    """What a number of a column means; the value is what one percent is in it, 0 where that makes no sense."""

    PLAIN = 0.0
    FRACTION = 0.01
    PERCENT = 1.0
    BPS = 100.0


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A column of numbers."""

    name: str
    value: Callable[[Subject], float | None]
    unit: Unit
    help: str
    aliases: tuple[str, ...] = ()
    in_percent: str = ""
    """The column that is meant where it is compared with a percentage."""
    in_hours: bool = False
    """Whether its numbers are hours, so that it can be compared with ``2d``."""
    in_dollars: bool = False
    """Whether its numbers are US dollars, whatever the pair is priced in."""
    is_share: bool = False
    """Whether it is a part of a whole, so that ``0.9`` means 90 %."""


@dataclass(frozen=True, slots=True)
class TextColumn:
    """A column of one or several texts, in any case."""

    name: str
    values: Callable[[Subject], Iterable[str]]
    help: str
    aliases: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    """All its values, in lower case, where the list is closed."""


Column = NumberColumn | TextColumn


def haystack(row: Row) -> str:
    """Every usual spelling of the pair, in lower case, without the name of its exchange."""
    one = row.instrument
    spellings = (one.pair, f"{one.base}{one.quote}", one.id.partition(":")[2], one.symbol, *one.aliases)
    return " ".join(spellings).lower()


def _of_figures(pick: Callable[[Figures], float | None]) -> Callable[[Subject], float | None]:
    def value(subject: Subject) -> float | None:
        figures = subject[1]
        return None if figures is None else pick(figures)

    return value


def _newest(metric: Metric) -> Callable[[Subject], float | None]:
    index = METRIC_INDEX[metric]

    def value(subject: Subject) -> float | None:
        figures = subject[0].figures[index]
        return None if figures is None else figures.last

    return value


def _peg_pct(subject: Subject) -> float | None:
    last = subject.row.last
    return None if last is None else abs(last - 1) * 100


def _move_pct(figures: Figures) -> float | None:
    change = figures.change_pct
    return None if change is None else abs(change)


def _history_hours(subject: Subject) -> float | None:
    """How far back its prices go; unknown until candles told it, since before that every pair looks new."""
    row = subject.row
    figures = row.figures[METRIC_INDEX[Metric.PRICE]]
    if figures is None or figures.first_ms is None or figures.last_ms is None:
        return None
    if not any(row.provenance[place] for place in _FROM_CANDLES):
        return None
    return (figures.last_ms - figures.first_ms) / MS_PER_HOUR


COLUMNS: Final[tuple[Column, ...]] = (
    NumberColumn("rank", lambda s: s.rank, Unit.PLAIN, "rank in the scope"),
    TextColumn("pair", lambda s: (s.row.instrument.pair,), "pair, BTC/USD"),
    TextColumn("base", lambda s: (s.row.instrument.base,), "asset that is priced"),
    TextColumn("quote", lambda s: (s.row.instrument.quote,), "asset that it is priced in"),
    TextColumn("exchange", lambda s: (s.row.instrument.source,), "exchange that lists it, kraken", ("source",)),
    TextColumn(
        "class",
        lambda s: s.row.instrument.classes,
        "stable, fiat, wrapped, leveraged, …",
        ("classes",),
        tuple(InstrumentClass),
    ),
    NumberColumn("price", lambda s: s.row.last, Unit.PLAIN, "last price, whatever the metric"),
    NumberColumn("last", lambda s: s.last, Unit.PLAIN, "newest value of the metric"),
    NumberColumn("bid", lambda s: s.row.bid, Unit.PLAIN, "best bid"),
    NumberColumn("ask", lambda s: s.row.ask, Unit.PLAIN, "best ask"),
    NumberColumn("change", _of_figures(lambda f: f.change_pct), Unit.PERCENT, "change over the window", ("chg",)),
    NumberColumn("move", _of_figures(_move_pct), Unit.PERCENT, "size of the change, up or down"),
    NumberColumn(
        "sigma", _of_figures(lambda f: f.stddev), Unit.PLAIN, "σ; against a percentage cv", ("σ", "stddev"), "cv"
    ),
    NumberColumn("cv", _of_figures(lambda f: f.cv), Unit.FRACTION, "σ over mean"),
    NumberColumn("volatility", _of_figures(lambda f: f.volatility), Unit.FRACTION, "annualised volatility", ("vol",)),
    NumberColumn("range", _of_figures(lambda f: f.range_pct), Unit.PERCENT, "(max − min) over mean"),
    NumberColumn(
        "bipower", _of_figures(lambda f: f.bipower), Unit.FRACTION, "annualised volatility without jumps", ("bip",)
    ),
    NumberColumn("hl_range", lambda s: s.row.hl_range_pct, Unit.PERCENT, "the exchange's high less low", ("hl",)),
    NumberColumn("parkinson", lambda s: s.row.parkinson, Unit.FRACTION, "volatility of high and low", ("pk",)),
    NumberColumn("shift", lambda s: s.shift, Unit.PLAIN, "places that its rank rose", ("delta_rank", "rise")),
    NumberColumn(
        "volume",
        lambda s: s.row.volume_usd,
        Unit.PLAIN,
        "24 h volume in US dollars",
        ("volume_usd",),
        in_dollars=True,
    ),
    NumberColumn(
        "spread", lambda s: s.row.spread_bps, Unit.BPS, "bid to ask in basis points; 1% is 100", ("spread_bps",)
    ),
    NumberColumn("trades", _newest(Metric.TRADES), Unit.PLAIN, "trades of 24 h"),
    NumberColumn("trades_min", _newest(Metric.TRADES_MIN), Unit.PLAIN, "trades of the newest minute"),
    NumberColumn("flow", _newest(Metric.FLOW), Unit.PLAIN, "base volume of the newest minute"),
    NumberColumn("mid", lambda s: s.row.mid, Unit.PLAIN, "middle of bid and ask"),
    NumberColumn(
        "coverage",
        _of_figures(lambda f: f.coverage),
        Unit.FRACTION,
        "observed share",
        ("cover", "cov"),
        is_share=True,
    ),
    NumberColumn(
        "activity",
        lambda s: s.row.activity,
        Unit.FRACTION,
        "share of 5-minute spans with a trade",
        ("active",),
        is_share=True,
    ),
    NumberColumn("min", _of_figures(lambda f: f.minimum), Unit.PLAIN, "lowest", ("minimum", "low")),
    NumberColumn("max", _of_figures(lambda f: f.maximum), Unit.PLAIN, "highest", ("maximum", "high")),
    NumberColumn("mean", _of_figures(lambda f: f.mean), Unit.PLAIN, "mean", ("average", "avg")),
    NumberColumn(
        "history", _history_hours, Unit.PLAIN, "hours since its first sample", ("age", "hours"), in_hours=True
    ),
    NumberColumn("peg", _peg_pct, Unit.PERCENT, "distance of the last price from 1"),
)
"""All columns of the language."""

BY_NAME: Final[dict[str, Column]] = {name: column for column in COLUMNS for name in (column.name, *column.aliases)}


def near(name: str) -> str:
    """A hint: the columns whose names look like this one, else those that there are."""
    return near_of(name, [column.name for column in COLUMNS], BY_NAME)


def near_of(word: str, known: Sequence[str], aliases: Iterable[str] = ()) -> str:
    """A hint: what of a list looks like a word, else the whole list."""
    word = word.lower()[:40]
    begun = [name for name in known if len(word) > 1 and name.startswith(word)]
    found = begun[:3] or get_close_matches(word, [*known, *aliases], n=1, cutoff=0.6)
    if found:
        return f"did you mean {' or '.join(found)}?"
    return f"known: {', '.join(known)}"


def begins_name(text: str) -> bool:
    """Whether a text ends in a word that begins the name of a column: an expression may follow."""
    word = text.replace("(", " ").rstrip().rpartition(" ")[2].lower()
    return bool(word) and any(name.startswith(word) for name in BY_NAME)

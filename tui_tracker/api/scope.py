"""Which pairs a request compares."""

from tui_tracker.api.board import LONGEST_MINUTES, SHORTEST_MINUTES, Board
from tui_tracker.api.problems import wrong
from tui_tracker.api.schemas import ScopeQuery
from tui_tracker.config import parse
from tui_tracker.core.instrument import CONSOLIDATED, InstrumentClass
from tui_tracker.core.snapshot import Row
from tui_tracker.stats.ranking import Scope

MAX_NAMED: int = 1_000


def scope_of(
    board: Board,
    *,
    quote: str | None,
    pairs: str | None,
    floor: float,
    exclude: str | None,
    source: str | None,
    unique_base: bool,
) -> Scope:
    """The scope of a request; lists have commas between.

    Raises:
        Refusal: For another source, a currency that no pair is priced in, unknown classes.
        UnknownPairError: If a name is no pair.
        AmbiguousPairError: If it may be several.
    """
    check_source(board, source)
    wanted = quote_of(board, quote)
    ids = None if pairs is None else named(board, pairs)
    return Scope(wanted, ids, floor, _classes(exclude), unique_base, _source(board, source))


def scope_asked(board: Board, query: ScopeQuery) -> Scope:
    """The scope of a query: see ``scope_of``."""
    return scope_of(
        board,
        quote=query.quote,
        pairs=query.pairs,
        floor=query.floor,
        exclude=query.exclude,
        source=query.source,
        unique_base=query.unique_base,
    )


def named(board: Board, names: str) -> frozenset[str]:
    """The ids of a list of names with commas between.

    Raises:
        Refusal: If it is no list of pairs.
        UnknownPairError: If a name is no pair.
        AmbiguousPairError: If it may be several.
    """
    each = dict.fromkeys(name for name in (part.strip() for part in names.split(",")) if name)
    if not each or len(each) > MAX_NAMED:
        raise wrong("pairs", f"name 1 to {MAX_NAMED} pairs, with commas between")
    return frozenset(board.named(name).id for name in each)


def window_of(board: Board, text: str | None) -> int:
    """The window of a request in minutes, the published one if none is named.

    Raises:
        Refusal: If it is none, or one that isn't served.
    """
    served = board.snapshot().window_minutes
    if text is None:
        return served
    try:
        minutes = parse.minutes(SHORTEST_MINUTES, LONGEST_MINUTES)(text)
    except ValueError:
        raise wrong("window", "10m to 30d") from None
    if minutes != served and board.deep is None:
        raise wrong("window", f"this server keeps statistics over {served} minutes only, so use {served}m")
    return minutes


def check_source(board: Board, source: str | None) -> None:
    """Refuse a source that isn't served."""
    status = board.snapshot().status
    served = [part.source for part in status.parts] or [status.source]
    if source is not None and source not in served:
        raise wrong("source", f"this server watches {', '.join(served)} only")


def _source(board: Board, source: str | None) -> str | None:
    """The source of a scope, where there is a choice."""
    return source if board.snapshot().status.parts else None


def whole_scope(row: Row, quote: str | None = None) -> Scope:
    """Everything that a pair is compared with where nothing else is said: its like."""
    return Scope(quote=quote, source=CONSOLIDATED if row.instrument.is_consolidated else None)


def quote_of(board: Board, quote: str | None) -> str | None:
    """The currency that somebody names, in any case; ``None`` for ``all``.

    Raises:
        Refusal: If no pair is priced in it.
    """
    if quote is None:
        return None
    quotes = {row.instrument.quote for row in board.snapshot().rows}
    if quote in quotes:
        return quote
    if quote.lower() == "all":
        return None
    found = next((each for each in sorted(quotes) if each.lower() == quote.lower()), None)
    if found is None:
        raise wrong("quote", f"no pair is priced in it; there is all, {', '.join(sorted(quotes)[:40])}")
    return found


def _classes(names: str | None) -> frozenset[InstrumentClass]:
    known = {each.value: each for each in InstrumentClass}
    wanted = [name for name in (part.strip() for part in (names or "").split(",")) if name]
    if any(name not in known for name in wanted):
        raise wrong("exclude", f"known are {', '.join(known)}")
    return frozenset(known[name] for name in wanted)

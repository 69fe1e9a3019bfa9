"""Lists of instruments, put together from entries of any exchange, and the names that lead back to them."""

import logging
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from tui_tracker.core.classes import classes_of
from tui_tracker.core.errors import MalformedDataError
from tui_tracker.core.instrument import Instrument, InstrumentClass, Trading
from tui_tracker.core.text import clean
from tui_tracker.sources.base import InstrumentBatch

_ASSET: Final = re.compile(r"[A-Za-z0-9._]{1,20}")
_SYMBOL: Final = re.compile(r"[A-Za-z0-9._/:\-]{1,48}")

logger = logging.getLogger(__name__)

T = TypeVar("T")


def gather_instruments(
    entries: Iterable[tuple[str, T | str]], read: Callable[[str, T], Instrument | None]
) -> InstrumentBatch:
    """Turn the entries of a list into instruments; a second entry of the same pair is left out and reported.

    Args:
        entries: Symbol and entry, or why the entry can't be read.
        read: Makes the instrument, ``None`` for one that isn't shown; raises ``MalformedDataError``.

    Raises:
        MalformedDataError: If no entry can be used.
    """
    found: dict[str, Instrument] = {}
    malformed: list[tuple[str, str]] = []
    for symbol, entry in entries:
        if isinstance(entry, str):
            malformed.append((clean(symbol), entry))
            continue
        try:
            instrument = read(symbol, entry)
        except MalformedDataError as error:
            malformed.append((clean(symbol), error.message))
            continue
        if instrument is None:
            continue
        first = found.setdefault(instrument.id, instrument)
        if first is not instrument:
            malformed.append((clean(symbol), f"the same pair as {first.symbol}"))
    if not found:
        raise MalformedDataError("the list of pairs has no usable entry")
    return InstrumentBatch(tuple(found.values()), tuple(malformed))


def make_instrument(
    source: str,
    symbol: str,
    base: str,
    quote: str,
    digits: int,
    trading: Trading = Trading.ONLINE,
    *,
    aliases: Collection[str] = (),
    classes: Collection[InstrumentClass] = (),
) -> Instrument:
    """Return an instrument, with the classes that its names tell.

    Args:
        source: Name of the source.
        symbol: The exchange's own name.
        base: As most people spell it.
        quote: As most people spell it.
        digits: Decimals of a price.
        trading: What can be done with it.
        aliases: More spellings; those that can't be names are left out.
        classes: What the exchange itself tells of it.

    Raises:
        MalformedDataError: If one of the names can't be one.
    """
    if not (_ASSET.fullmatch(base) and _ASSET.fullmatch(quote) and _SYMBOL.fullmatch(symbol)):
        raise MalformedDataError(f"no usable name in {clean(f'{symbol} {base}/{quote}', 60)!r}")
    spellings = dict.fromkeys((f"{base}/{quote}", *aliases))
    names = tuple(name for name in spellings if name != symbol and _SYMBOL.fullmatch(name))
    known = classes_of(base, symbol).union(classes)
    return Instrument(f"{source}:{base}-{quote}", base, quote, symbol, names, digits, trading, known)


def trading_of(status: str, known: Mapping[str, Trading], symbol: str) -> Trading:
    """What a status means; an unknown one is taken as limited, and logged."""
    trading = known.get(status)
    if trading is None:
        logger.warning("%s has the unknown status %r, taken as limited", clean(symbol, 60), clean(status, 40))
        return Trading.LIMITED
    return trading


def symbol_index(instruments: Sequence[Instrument]) -> Mapping[str, str]:
    """Ids by every name that a row of quotes may carry; a symbol wins over another pair's alias."""
    ids = {instrument.symbol: instrument.id for instrument in instruments}
    for instrument in instruments:
        for name in instrument.aliases:
            ids.setdefault(name, instrument.id)
    return ids

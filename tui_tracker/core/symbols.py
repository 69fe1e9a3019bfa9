"""Finding the pair that a person means, however they spell it."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Final

from tui_tracker.core.errors import AmbiguousPairError, UnknownPairError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.text import clean

OLD_NAMES: Final = {"XBT": "BTC", "XDG": "DOGE"}
"""Assets by the names that some exchanges, and people, still call them by."""
_SEPARATORS: Final = re.compile(r"[\s/_\-]+")
_LONGEST_NAME: Final = 64
_NEAR: Final = 3
_USUAL_QUOTES: Final = ("USD", "EUR", "USDT", "USDC", "BTC", "GBP", "ETH")


def resolve(name: str, instruments: Sequence[Instrument], default_source: str) -> Instrument:
    """Return the instrument that ``name`` means: O(n).

    An id, the exchange's own spellings, base and quote with any separator or none, in any case, with or without the
    name of the source before a colon. Where it fits several, the one in exactly this spelling is meant.

    Args:
        name: What a person typed.
        instruments: The choice.
        default_source: Tried first where the name has no source; several with commas between, in their order.

    Raises:
        UnknownPairError: With up to three near names.
        AmbiguousPairError: With the ids that it fits.
    """
    text = name.strip()
    if not text or len(text) > _LONGEST_NAME:
        raise UnknownPairError(clean(name, _LONGEST_NAME))
    for instrument in instruments:
        if instrument.id == text:
            return instrument
    source, text = _split_source(text, instruments)
    chosen: list[Instrument] = []
    found: list[Instrument] = []
    for tried in [source] if source else default_source.split(","):
        chosen = [instrument for instrument in instruments if instrument.source == tried]
        if found := _matches(text, chosen):
            break
    if not found and not source:
        chosen = list(instruments)
        found = _matches(text, chosen)
    if len(found) > 1:
        found = [instrument for instrument in found if text in _spellings(instrument)] or found
    if not found:
        raise UnknownPairError(clean(name, _LONGEST_NAME), _near(text, chosen))
    if len(found) > 1:
        raise AmbiguousPairError(clean(name, _LONGEST_NAME), tuple(sorted(instrument.id for instrument in found)))
    return found[0]


def _split_source(text: str, instruments: Iterable[Instrument]) -> tuple[str, str]:
    """The source that a name begins with (or an empty string), and the rest."""
    prefix, colon, rest = text.partition(":")
    prefix = prefix.strip().lower()
    if colon and any(instrument.source == prefix for instrument in instruments):
        return prefix, rest.strip()
    return "", text


def _matches(text: str, instruments: Iterable[Instrument]) -> list[Instrument]:
    wanted = _halves(text)
    if len(wanted) == 1:
        return [
            instrument
            for instrument in instruments
            if any("".join(_halves(spelling)) == wanted[0] for spelling in _spellings(instrument))
        ]
    return [
        instrument
        for instrument in instruments
        if any(_halves(spelling) == wanted for spelling in _spellings(instrument))
    ]


def _spellings(instrument: Instrument) -> tuple[str, ...]:
    return (instrument.pair, instrument.id.partition(":")[2], instrument.symbol, *instrument.aliases)


def _halves(text: str) -> tuple[str, ...]:
    return tuple(part for part in _SEPARATORS.split(text.upper()) if part)


def _near(text: str, instruments: Sequence[Instrument]) -> tuple[str, ...]:
    """Pairs of that name, if it is an asset; else pairs whose name looks alike."""
    asset = "".join(_halves(text))
    pairs = [instrument for instrument in instruments if asset in _base_names(instrument)]
    if pairs:
        pairs.sort(key=lambda instrument: (_quote_order(instrument.quote), instrument.pair))
        return tuple(instrument.pair for instrument in pairs[:_NEAR])
    names = {(instrument.base + instrument.quote).upper(): instrument.pair for instrument in instruments}
    return tuple(names[match] for match in get_close_matches(asset, names, n=_NEAR))


def _base_names(instrument: Instrument) -> set[str]:
    spelled = (_halves(spelling) for spelling in _spellings(instrument) if _SEPARATORS.search(spelling))
    return {halves[0] for halves in spelled if len(halves) == 2}


def _quote_order(quote: str) -> int:
    return _USUAL_QUOTES.index(quote) if quote in _USUAL_QUOTES else len(_USUAL_QUOTES)

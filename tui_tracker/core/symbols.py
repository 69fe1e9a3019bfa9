"""Finding the pair that a person means, however they spell it."""

import re
from collections import defaultdict
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final

from tui_tracker.core.errors import AmbiguousPairError, UnknownPairError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.text import clean

OLD_NAMES: Final = {"XBT": "BTC", "XDG": "DOGE"}
"""Assets by the names that some exchanges, and people, still call them by."""
CCXT: Final = "ccxt:"
"""Begins the name of a source that is reached through ccxt: ``ccxt:mexc``, whose ids begin with ``mexc``."""
_SEPARATORS: Final = re.compile(r"[\s/_\-]+")
_LONGEST_NAME: Final = 64
_NEAR: Final = 3
Spelled = str | tuple[str, ...]
_USUAL_QUOTES: Final = ("USD", "EUR", "USDT", "USDC", "BTC", "GBP", "ETH")


def resolve(name: str, instruments: Sequence[Instrument], default_source: str) -> Instrument:
    """Return the instrument that ``name`` means: see ``Names.find``, which is for more names than one.

    Raises:
        UnknownPairError: With up to three near names.
        AmbiguousPairError: With the ids that it fits.
    """
    return Names(instruments, default_source).find(name)


class Names:
    """Instruments by all their usual spellings; made in O(n), asked in O(1).

    Args:
        instruments: The choice.
        default_source: Tried first where a name has no source; several with commas between, in their order.
    """

    def __init__(self, instruments: Sequence[Instrument], default_source: str) -> None:
        self.instruments: Final = instruments
        self.default_source: Final = default_source
        self._by_id: Final = {instrument.id: instrument for instrument in reversed(instruments)}
        self._sources: Final = {instrument.source for instrument in instruments}
        self._spelled: Final = defaultdict[Spelled, list[Instrument]](list)
        for instrument in instruments:
            halves = {_halves(spelling) for spelling in _spellings(instrument)}
            for key in halves | {"".join(each) for each in halves}:
                self._spelled[key].append(instrument)

    def find(self, name: str, *, has_near: bool = True) -> Instrument:
        """Return the instrument that ``name`` means.

        An id, the exchange's own spellings, base and quote with any separator or none, in any case, with or without the
        name of the source before a colon. Where it fits several, the one in exactly this spelling is meant.

        Args:
            name: What a person typed.
            has_near: Whether near names are looked for where it is unknown: O(n), milliseconds.

        Raises:
            UnknownPairError: With up to three near names.
            AmbiguousPairError: With the ids that it fits.
        """
        text = name.strip()
        if not text or len(text) > _LONGEST_NAME:
            raise UnknownPairError(clean(name, _LONGEST_NAME))
        if text in self._by_id:
            return self._by_id[text]
        source, text = self._split_source(text)
        found = self._fitting(source, text)
        if len(found) > 1:
            found = [instrument for instrument in found if text in _spellings(instrument)] or found
        if not found:
            near = self._near(source, text) if has_near else ()
            raise UnknownPairError(clean(name, _LONGEST_NAME), near)
        if len(found) > 1:
            raise AmbiguousPairError(clean(name, _LONGEST_NAME), tuple(sorted(instrument.id for instrument in found)))
        return found[0]

    def _fitting(self, source: str, text: str) -> list[Instrument]:
        wanted = _halves(text)
        fitting = self._spelled.get(wanted[0] if len(wanted) == 1 else wanted, [])
        for tried in [source] if source else self.default_source.split(","):
            if found := [instrument for instrument in fitting if instrument.source == tried]:
                return found
        return [] if source else fitting

    def _split_source(self, text: str) -> tuple[str, str]:
        """The source that a name begins with (or an empty string), and the rest."""
        prefix, _, rest = text.removeprefix(CCXT).partition(":")
        prefix = prefix.strip().lower()
        return (prefix, rest.strip()) if rest and prefix in self._sources else ("", text)

    def _near(self, source: str, text: str) -> tuple[str, ...]:
        """Pairs of that name, if it is an asset; else pairs whose name looks alike."""
        prefix, colon, rest = text.partition(":")
        if colon and prefix.isalnum():  # as of a source that isn't here
            text = rest
        chosen = [instrument for instrument in self.instruments if not source or instrument.source == source]
        asset = "".join(_halves(text))
        pairs = [instrument for instrument in chosen if asset in _base_names(instrument)]
        if pairs:
            pairs.sort(key=lambda instrument: (_quote_order(instrument.quote), instrument.pair))
            return tuple(instrument.pair for instrument in pairs[:_NEAR])
        names = {(instrument.base + instrument.quote).upper(): instrument.pair for instrument in chosen}
        return tuple(names[match] for match in get_close_matches(asset, names, n=_NEAR))


def _spellings(instrument: Instrument) -> tuple[str, ...]:
    return (instrument.pair, instrument.id.partition(":")[2], instrument.symbol, *instrument.aliases)


def _halves(text: str) -> tuple[str, ...]:
    return tuple(part for part in _SEPARATORS.split(text.upper()) if part)


def _base_names(instrument: Instrument) -> set[str]:
    spelled = (_halves(spelling) for spelling in _spellings(instrument) if _SEPARATORS.search(spelling))
    return {halves[0] for halves in spelled if len(halves) == 2}


def _quote_order(quote: str) -> int:
    return _USUAL_QUOTES.index(quote) if quote in _USUAL_QUOTES else len(_USUAL_QUOTES)

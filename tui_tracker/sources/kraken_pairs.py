"""Kraken's list of pairs, and the names that go with each: pure decoding of the ``result`` of AssetPairs.

Format: ``https://docs.kraken.com/api/docs/rest-api`` (Get Tradable Asset Pairs). Ids are of two generations
(``XXBTZUSD``, ``AAVEUSD``) and say neither base nor quote.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from tui_tracker.core.classes import classes_of
from tui_tracker.core.errors import MalformedDataError
from tui_tracker.core.instrument import Instrument, InstrumentClass, Trading
from tui_tracker.core.text import clean
from tui_tracker.sources.answer import decoded
from tui_tracker.sources.base import InstrumentBatch

NAME: Final = "kraken"
_HIDDEN_SUFFIXES: Final = (".d", ":BTNL")
"""Dark pools, and the book of another venue (Bitnomial) beside the pair of the same name."""
_LEGACY_ASSETS: Final = frozenset(
    {
        *("XDAO", "XETC", "XETH", "XICN", "XLTC", "XMLN", "XNMC", "XREP", "XXBT", "XXDG", "XXLM", "XXMR", "XXRP"),
        *("XXVN", "XZEC", "ZAUD", "ZCAD", "ZEUR", "ZGBP", "ZJPY", "ZKRW", "ZUSD"),
    }
)
"""Old assets carry a letter for their class; new ones, such as ZETA, merely begin with one."""
_SHARES: Final = "tokenized_asset"
"""Class of the base of ``AAPLx/USD`` and its like."""
_COMMON_NAMES: Final = {"XBT": "BTC", "XDG": "DOGE"}
_ASSET: Final = re.compile(r"[A-Za-z0-9._]{1,20}")
_SYMBOL: Final = re.compile(r"[A-Za-z0-9._/:\-]{1,48}")
_TRADING: Final = {
    "online": Trading.ONLINE,
    "post_only": Trading.LIMITED,
    "limit_only": Trading.LIMITED,
    "reduce_only": Trading.LIMITED,
    "cancel_only": Trading.CANCEL_ONLY,
    "maintenance": Trading.MAINTENANCE,
    "delisted": Trading.DELISTED,
}
_MAX_DIGITS: Final = 18
_USUAL_DIGITS: Final = 8

logger = logging.getLogger(__name__)


class _Pair(msgspec.Struct, frozen=True, gc=False):
    altname: str
    base: str
    quote: str
    wsname: str | None = None
    pair_decimals: int | None = None
    tick_size: str | float | None = None
    status: str | None = None
    aclass_base: str | None = None


_RAW_ENTRIES: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PAIR: Final = msgspec.json.Decoder(_Pair)


def is_hidden(*names: str | None) -> bool:
    """Whether one of the names belongs to a dark pool or to the book of another venue."""
    return any(name is not None and name.endswith(_HIDDEN_SUFFIXES) for name in names)


def decode_instruments(result: msgspec.Raw) -> InstrumentBatch:
    """Turn the result of AssetPairs into instruments, without dark pools and the books of other venues.

    Raises:
        MalformedDataError: If no entry can be used.
    """
    found: dict[str, Instrument] = {}
    malformed: list[tuple[str, str]] = []
    for symbol, raw in decoded(_RAW_ENTRIES, result, "list of pairs").items():
        try:
            pair = decoded(_PAIR, raw, "entry")
            if is_hidden(symbol, pair.altname, pair.wsname):
                continue
            instrument = _instrument(symbol, pair)
        except MalformedDataError as error:
            malformed.append((clean(symbol), error.message))
            continue
        first = found.setdefault(instrument.id, instrument)
        if first is not instrument:
            malformed.append((clean(symbol), f"the same pair as {first.symbol}"))
    if not found:
        raise MalformedDataError("the list of pairs has no usable entry")
    return InstrumentBatch(tuple(found.values()), tuple(malformed))


def _instrument(symbol: str, pair: _Pair) -> Instrument:
    base, quote = _assets(pair)
    if not (_ASSET.fullmatch(base) and _ASSET.fullmatch(quote) and _SYMBOL.fullmatch(symbol)):
        raise MalformedDataError(f"no usable name in {clean(f'{symbol} {base}/{quote}', 60)!r}")
    spellings = dict.fromkeys((f"{base}/{quote}", pair.wsname or symbol, pair.altname))
    aliases = tuple(name for name in spellings if name != symbol and _SYMBOL.fullmatch(name))
    trading = _TRADING.get((pair.status or "online").lower())
    if trading is None:
        logger.warning("%s has the unknown status %r, taken as limited", symbol, clean(pair.status or "", 40))
        trading = Trading.LIMITED
    classes = classes_of(base, symbol)
    if pair.aclass_base == _SHARES:
        classes |= {InstrumentClass.TOKENISED}
    return Instrument(f"{NAME}:{base}-{quote}", base, quote, symbol, aliases, _digits(pair), trading, classes)


def _assets(pair: _Pair) -> tuple[str, str]:
    """Base and quote as most people spell them; the id says neither, so it is never split."""
    halves = (pair.wsname or "").split("/")
    if len(halves) != 2:
        halves = [name[1:] if name in _LEGACY_ASSETS else name for name in (pair.base, pair.quote)]
    base, quote = (_COMMON_NAMES.get(name, name) for name in halves)
    return base, quote


def _digits(pair: _Pair) -> int:
    """Decimals of a price: those of the tick size, else the stated number."""
    digits = _USUAL_DIGITS if pair.pair_decimals is None else pair.pair_decimals
    if pair.tick_size is not None:
        try:
            exponent = Decimal(str(pair.tick_size)).normalize().as_tuple().exponent
        except InvalidOperation:
            exponent = "F"
        if isinstance(exponent, int):
            digits = -exponent
    return min(max(digits, 0), _MAX_DIGITS)


def symbol_index(instruments: Sequence[Instrument]) -> Mapping[str, str]:
    """Ids by every name that a Ticker row may carry; a REST id wins over another pair's alias."""
    ids = {instrument.symbol: instrument.id for instrument in instruments}
    for instrument in instruments:
        for name in instrument.aliases:
            ids.setdefault(name, instrument.id)
    return ids

"""Kraken's list of pairs, and the names that go with each: pure decoding of the ``result`` of AssetPairs.

Format: ``https://docs.kraken.com/api/docs/rest-api`` (Get Tradable Asset Pairs). Ids are of two generations
(``XXBTZUSD``, ``AAVEUSD``) and say neither base nor quote.
"""

from typing import Final

import msgspec

from tui_tracker.core.instrument import Instrument, InstrumentClass, Trading
from tui_tracker.core.symbols import OLD_NAMES
from tui_tracker.sources.answer import decoded
from tui_tracker.sources.base import InstrumentBatch
from tui_tracker.sources.listings import gather_instruments, make_instrument, trading_of
from tui_tracker.sources.numbers import USUAL_DIGITS, decimals, limited_digits

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
_COMMON_NAMES: Final = OLD_NAMES | {"UST": "USTC"}
_TRADING: Final = {
    "online": Trading.ONLINE,
    "post_only": Trading.LIMITED,
    "limit_only": Trading.LIMITED,
    "reduce_only": Trading.LIMITED,
    "cancel_only": Trading.CANCEL_ONLY,
    "maintenance": Trading.MAINTENANCE,
    "delisted": Trading.DELISTED,
}


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
    return gather_instruments(decoded(_RAW_ENTRIES, result, "list of pairs").items(), _instrument)


def _instrument(symbol: str, raw: msgspec.Raw) -> Instrument | None:
    pair = decoded(_PAIR, raw, "entry")
    if is_hidden(symbol, pair.altname, pair.wsname):
        return None
    base, quote = _assets(pair)
    trading = trading_of((pair.status or "online").lower(), _TRADING, symbol)
    digits = limited_digits(USUAL_DIGITS if pair.pair_decimals is None else pair.pair_decimals)
    return make_instrument(
        NAME,
        symbol,
        base,
        quote,
        decimals(pair.tick_size, digits),
        trading,
        aliases=(pair.wsname or symbol, pair.altname),
        classes=(InstrumentClass.TOKENISED,) if pair.aclass_base == _SHARES else (),
    )


def _assets(pair: _Pair) -> tuple[str, str]:
    """Base and quote as most people spell them; the id says neither, so it is never split."""
    halves = (pair.wsname or "").split("/")
    if len(halves) != 2:
        halves = [name[1:] if name in _LEGACY_ASSETS else name for name in (pair.base, pair.quote)]
    base, quote = (_COMMON_NAMES.get(name, name) for name in halves)
    return base, quote

"""Kraken's live quotes: the channel ``ticker`` of its WebSocket API, version 2.

Format: ``https://docs.kraken.com/api/docs/websocket-v2/ticker``. Numbers are JSON numbers; each message holds all
fields of a pair. An idle pair may send zeros. Heartbeats come about once a second while nothing else does.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from typing_extensions import override

from tui_tracker.core.instrument import Instrument
from tui_tracker.core.symbols import OLD_NAMES
from tui_tracker.core.text import clean
from tui_tracker.core.ticker import Ticker
from tui_tracker.sources.numbers import price, volume
from tui_tracker.sources.stream import SocketStream

SYMBOLS_A_MESSAGE: Final = 250
_log = logging.getLogger(__name__)


class _Message(msgspec.Struct, frozen=True, gc=False):
    channel: str = ""
    data: list[msgspec.Raw] = []
    success: bool = True
    error: str = ""


class _Quote(msgspec.Struct, frozen=True, gc=False):
    symbol: str
    bid: object = None
    ask: object = None
    last: object = None
    volume: object = None
    vwap: object = None
    low: object = None
    high: object = None


_MESSAGE: Final = msgspec.json.Decoder(_Message)
_QUOTE: Final = msgspec.json.Decoder(_Quote)


class KrakenStream(SocketStream):
    """See ``SocketStream``."""

    title = "Kraken"
    silence_s = 15.0

    @override
    def symbol(self, instrument: Instrument) -> str:
        spelled = [name for name in instrument.aliases if name.count("/") == 1]
        base, _, quote = (spelled[-1] if spelled else instrument.pair).partition("/")
        # Version 2 has the usual names, the list of pairs and version 1 the old ones.
        return f"{OLD_NAMES.get(base, base)}/{OLD_NAMES.get(quote, quote)}"

    @override
    def subscriptions(self, symbols: Sequence[str]) -> Iterable[str]:
        for number, start in enumerate(range(0, len(symbols), SYMBOLS_A_MESSAGE), 1):
            asked = list(symbols[start : start + SYMBOLS_A_MESSAGE])
            params = {"channel": "ticker", "symbol": asked, "event_trigger": "bbo", "snapshot": True}
            yield msgspec.json.encode({"method": "subscribe", "params": params, "req_id": number}).decode()

    @override
    def read(self, message: str | bytes, ids: Mapping[str, str]) -> list[Ticker]:
        told = _MESSAGE.decode(message)
        if not told.success:
            _log.info("Kraken streams not all: %s", clean(told.error, 100))
        if told.channel != "ticker":
            return []
        tickers: list[Ticker] = []
        for raw in told.data:
            quote = _QUOTE.decode(raw)
            instrument_id = ids.get(quote.symbol)
            if instrument_id is not None:
                tickers.append(_ticker(instrument_id, quote))
        return tickers


def _ticker(instrument_id: str, quote: _Quote) -> Ticker:
    """An idle pair sends zeros: no prices."""
    base_volume, vwap = volume(quote.volume), volume(quote.vwap)
    low, high = price(quote.low), price(quote.high)
    has_range = low is not None and high is not None and low <= high
    return Ticker(
        instrument_id,
        price(quote.last),
        price(quote.bid),
        price(quote.ask),
        base_volume,
        None if base_volume is None or vwap is None else volume(base_volume * vwap),
        None,
        high if has_range else None,
        low if has_range else None,
    )

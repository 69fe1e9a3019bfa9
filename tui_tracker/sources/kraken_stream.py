"""Kraken's live quotes: the channel ``ticker`` of its WebSocket API, version 2.

Format: ``https://docs.kraken.com/api/docs/websocket-v2/ticker``. Numbers are JSON numbers; each message holds all
fields of a pair. An idle pair may send zeros. Heartbeats come about once a second while nothing else does.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec
from typing_extensions import override

from tui_tracker.core.errors import RateLimitedError
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.symbols import OLD_NAMES
from tui_tracker.core.text import clean
from tui_tracker.core.ticker import Ticker
from tui_tracker.sources.dialogue import Dialogue, in_groups
from tui_tracker.sources.quotes import product

SYMBOLS_A_MESSAGE: Final = 250
_TOO_FAST: Final = "msg rate"


class _Message(msgspec.Struct, frozen=True, gc=False):
    channel: str = ""
    data: list[msgspec.Raw] = []
    method: str = ""
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
    timestamp: object = None


_MESSAGE: Final = msgspec.json.Decoder(_Message)
_QUOTE: Final = msgspec.json.Decoder(_Quote)


class KrakenDialogue(Dialogue):
    """See ``Dialogue``."""

    title = "Kraken"
    most_pairs = 2_000
    silence_s = 15.0
    pause_s = 0.25

    @override
    @staticmethod
    def symbol(instrument: Instrument) -> str:
        spelled = [name for name in instrument.aliases if name.count("/") == 1]
        base, _, quote = (spelled[-1] if spelled else instrument.pair).partition("/")
        # Version 2 has the usual names, the list of pairs and version 1 the old ones.
        return f"{OLD_NAMES.get(base, base)}/{OLD_NAMES.get(quote, quote)}"

    @override
    def subscriptions(self, symbols: Sequence[str]) -> Iterable[str]:
        for number, asked in enumerate(in_groups(symbols, SYMBOLS_A_MESSAGE), 1):
            params = {"channel": "ticker", "symbol": asked, "event_trigger": "bbo", "snapshot": True}
            yield msgspec.json.encode({"method": "subscribe", "params": params, "req_id": number}).decode()

    @override
    def read(self, message: str | bytes) -> list[Ticker]:
        told = _MESSAGE.decode(message)
        if told.method == "subscribe":
            if told.success:
                self.is_answered = True
            elif _TOO_FAST in told.error.lower():
                raise RateLimitedError(f"Kraken: {clean(told.error, 80)}")
            else:
                self.note_refusal(told.error)
        if told.channel != "ticker":
            return []
        return [ticker for raw in told.data for ticker in self._quote(_QUOTE.decode(raw))]

    def _quote(self, row: _Quote) -> list[Ticker]:
        turnover = product(row.volume, row.vwap)
        stamp = _instant_ms(row.timestamp)
        return self.quote(
            row.symbol, stamp, row.last, row.bid, row.ask, row.volume, turnover, high=row.high, low=row.low
        )


def _instant_ms(text: object) -> int | None:
    """RFC 3339; older messages have none."""
    if not isinstance(text, str):
        return None
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1_000)
    except (ValueError, OverflowError):
        return None

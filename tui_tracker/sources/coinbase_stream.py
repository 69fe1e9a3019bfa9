"""Coinbase's live quotes: the channel ``ticker`` of Advanced Trade's WebSocket API.

Format: ``https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis/websocket``. It takes 8 connections and 8
messages a second, and ends a connection that asks for nothing within 5 s. Heartbeats come each second where they are
asked for. Messages of a connection are numbered. The volume in the quote currency is not told.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from typing_extensions import override

from tui_tracker.core.ticker import Ticker
from tui_tracker.sources.dialogue import Dialogue, in_groups

PRODUCTS_A_MESSAGE: Final = 100
MOST_REPEATED: Final = 1_000
"""A number that is behind the last one by more is no repeated one: the exchange counts anew."""
_CHANNEL: Final = "ticker"
_ANSWER: Final = "subscriptions"


class _Quote(msgspec.Struct, frozen=True, gc=False):
    product_id: str
    price: object = None
    best_bid: object = None
    best_ask: object = None
    volume_24_h: object = None
    high_24_h: object = None
    low_24_h: object = None


class _Event(msgspec.Struct, frozen=True, gc=False):
    tickers: list[msgspec.Raw] = []
    subscriptions: dict[str, object] = {}


class _Message(msgspec.Struct, frozen=True, gc=False):
    channel: str = ""
    sequence_num: int | None = None
    events: list[msgspec.Raw] = []
    type: str = ""
    message: str = ""
    reason: str = ""


_MESSAGE: Final = msgspec.json.Decoder(_Message)
_EVENT: Final = msgspec.json.Decoder(_Event)
_QUOTE: Final = msgspec.json.Decoder(_Quote)


class CoinbaseDialogue(Dialogue):
    """See ``Dialogue``."""

    title = "Coinbase"
    most_pairs = 250
    silence_s = 15.0
    pause_s = 0.25

    def __init__(self, ids: Mapping[str, str]) -> None:
        super().__init__(ids)
        self._number: int | None = None

    @override
    def subscriptions(self, symbols: Sequence[str]) -> Iterable[str]:
        yield msgspec.json.encode({"type": "subscribe", "channel": "heartbeats"}).decode()
        for asked in in_groups(symbols, PRODUCTS_A_MESSAGE):
            question = {"type": "subscribe", "product_ids": asked, "channel": _CHANNEL}
            yield msgspec.json.encode(question).decode()

    @override
    def read(self, message: str | bytes) -> list[Ticker]:
        told = _MESSAGE.decode(message)
        if told.type == "error":
            self.note_refusal(f"{told.message} {told.reason}".strip())
        if told.sequence_num is not None and self._is_repeated(told.sequence_num):
            return []
        if told.channel not in (_CHANNEL, _ANSWER):
            return []
        events = [_EVENT.decode(event) for event in told.events]
        self.is_answered |= any(_CHANNEL in event.subscriptions for event in events)
        rows = (_QUOTE.decode(row) for event in events for row in event.tickers)
        return [ticker for row in rows for ticker in self._quote(row)]

    def _is_repeated(self, number: int) -> bool:
        """Whether a message came before, or after one that followed it; counts where some are missing."""
        last = self._number
        if last is not None and 0 <= last - number < MOST_REPEATED:
            return True
        self.gaps += last is not None and number != last + 1
        self._number = number
        return False

    def _quote(self, row: _Quote) -> list[Ticker]:
        return self.quote(
            row.product_id,
            None,
            row.price,
            row.best_bid,
            row.best_ask,
            row.volume_24_h,
            None,
            high=row.high_24_h,
            low=row.low_24_h,
        )

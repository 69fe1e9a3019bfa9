"""Bybit's live quotes: the topics ``tickers.<symbol>`` of spot, at most one message in 50 ms and pair.

Format: ``https://bybit-exchange.github.io/docs/v5/websocket/public/ticker``. A message asks for 10 topics at most, of
21,000 characters on a connection; one topic that isn't known spoils the whole message, whose others are then asked for
one by one. Quotes of spot have no bid and no ask, which polls tell. What is called a delta holds what changed alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import Final

import msgspec
from typing_extensions import override

from tui_tracker.core.ticker import Ticker
from tui_tracker.sources.dialogue import Dialogue, in_groups

TOPICS_A_MESSAGE: Final = 10
_TOPIC: Final = "tickers."
_FIELDS: Final = ("lastPrice", "bid1Price", "ask1Price", "volume24h", "turnover24h", "highPrice24h", "lowPrice24h")


class _Message(msgspec.Struct, frozen=True, gc=False):
    topic: str = ""
    type: str = ""
    ts: object = None
    data: msgspec.Raw = msgspec.Raw(b"{}")
    op: str = ""
    success: bool = True
    ret_msg: str = ""
    req_id: str = ""


_MESSAGE: Final = msgspec.json.Decoder(_Message)
_ROW: Final = msgspec.json.Decoder(dict[str, str | int | float | bool | None])


class BybitDialogue(Dialogue):
    """See ``Dialogue``."""

    title = "Bybit"
    most_pairs = 500
    silence_s = 45.0
    ban_status = 403
    ping = '{"op":"ping"}'

    def __init__(self, ids: Mapping[str, str]) -> None:
        self._numbers: Final = count(1)
        self._asked: Final[dict[str, Sequence[str]]] = {}
        """Questions that are not answered yet, by their number."""
        self._rows: Final[dict[str, dict[str, object]]] = {}
        super().__init__(ids)

    @override
    def subscriptions(self, symbols: Sequence[str]) -> Iterable[str]:
        return [self._question(asked) for asked in in_groups(symbols, TOPICS_A_MESSAGE)]

    def _question(self, symbols: Sequence[str]) -> str:
        number = str(next(self._numbers))
        self._asked[number] = symbols
        topics = [_TOPIC + symbol for symbol in symbols]
        return msgspec.json.encode({"req_id": number, "op": "subscribe", "args": topics}).decode()

    @override
    def read(self, message: str | bytes) -> list[Ticker]:
        told = _MESSAGE.decode(message)
        if told.op == "subscribe":
            self._note_answer(told)
        if not told.topic.startswith(_TOPIC):
            return []
        symbol = told.topic.removeprefix(_TOPIC)
        if symbol not in self.ids or self.is_late(symbol, told.ts):
            return []
        row = self._merged(symbol, told)
        last, bid, ask, volume, turnover, high, low = (row.get(name) for name in _FIELDS)
        return self.quote(symbol, told.ts, last, bid, ask, volume, turnover, high=high, low=low)

    def _note_answer(self, told: _Message) -> None:
        symbols = self._asked.pop(told.req_id, ())
        if told.success:
            self.is_answered = True
            return
        self.note_refusal(told.ret_msg)
        if len(symbols) > 1:
            self.unsaid.extend(self._question([symbol]) for symbol in symbols)

    def _merged(self, symbol: str, told: _Message) -> Mapping[str, object]:
        """All fields of a pair, of which a delta tells some."""
        said = _ROW.decode(told.data)
        before = self._rows.get(symbol, {}) if told.type == "delta" else {}
        row = {name: said.get(name, before.get(name)) for name in _FIELDS}
        self._rows[symbol] = row
        return row

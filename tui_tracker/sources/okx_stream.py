"""OKX's live quotes: the channel ``tickers``, at most one message in 100 ms and pair.

Format: ``https://www.okx.com/docs-v5/en/#public-data-websocket``. Names of channels on a connection may have 64 KB
together, 480 questions an hour are allowed and 3 connections a second. It ends a connection on which nobody spoke for
30 s, unless ``ping`` is said; a notice comes before it is shut down.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from typing_extensions import override

from tui_tracker.core.errors import RateLimitedError, UnreachableError
from tui_tracker.core.text import clean
from tui_tracker.core.ticker import Ticker
from tui_tracker.sources.dialogue import Dialogue, in_groups

ARGUMENTS_A_MESSAGE: Final = 100
_CHANNEL: Final = "tickers"
_PONG: Final = ("pong", b"pong")
_LIMITS: Final = ("60014", "60023")
"""Too many questions; too many connections."""


class _Argument(msgspec.Struct, frozen=True, gc=False):
    channel: str = ""


class _Quote(msgspec.Struct, frozen=True, gc=False):
    instId: str
    last: object = None
    bidPx: object = None
    askPx: object = None
    vol24h: object = None
    volCcy24h: object = None
    high24h: object = None
    low24h: object = None
    ts: object = None


class _Message(msgspec.Struct, frozen=True, gc=False):
    event: str = ""
    code: str = ""
    msg: str = ""
    arg: _Argument = _Argument()
    data: list[msgspec.Raw] = []


_MESSAGE: Final = msgspec.json.Decoder(_Message)
_QUOTE: Final = msgspec.json.Decoder(_Quote)


class OkxDialogue(Dialogue):
    """See ``Dialogue``."""

    title = "OKX"
    most_pairs = 500
    silence_s = 45.0
    pause_s = 0.4
    ping = "ping"

    @override
    def subscriptions(self, symbols: Sequence[str]) -> Iterable[str]:
        for asked in in_groups(symbols, ARGUMENTS_A_MESSAGE):
            arguments = [{"channel": _CHANNEL, "instId": symbol} for symbol in asked]
            yield msgspec.json.encode({"op": "subscribe", "args": arguments}).decode()

    @override
    def read(self, message: str | bytes) -> list[Ticker]:
        if message in _PONG:
            return []
        told = _MESSAGE.decode(message)
        match told.event:
            case "subscribe":
                self.is_answered = True
            case "notice":
                raise UnreachableError(f"OKX shuts this stream down: {clean(told.msg, 80)} ({clean(told.code, 10)})")
            case "error" if told.code in _LIMITS:
                raise RateLimitedError(f"OKX: {clean(told.msg, 80)} ({told.code})")
            case "error":
                self.note_refusal(f"{told.msg} ({told.code})")
        if told.arg.channel != _CHANNEL:
            return []
        return [ticker for raw in told.data for ticker in self._quote(_QUOTE.decode(raw))]

    def _quote(self, row: _Quote) -> list[Ticker]:
        return self.quote(
            row.instId,
            row.ts,
            row.last,
            row.bidPx,
            row.askPx,
            row.vol24h,
            row.volCcy24h,
            high=row.high24h,
            low=row.low24h,
        )

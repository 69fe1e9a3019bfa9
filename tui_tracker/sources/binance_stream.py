"""Binance's live quotes: the streams ``<symbol>@ticker``, at most one message a second and pair, of what changed.

Format: ``https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams``. A connection takes 1,024
streams and 5 messages a second, and ends after 24 hours, or after a ``serverShutdown``. Quotes come without being asked
twice, and no first ones: a pair is told of once it changes. The server pings by itself, below what is read here, so it
is asked something small now and then.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from typing_extensions import override

from tui_tracker.core.errors import RateLimitedError, UnreachableError
from tui_tracker.core.text import clean
from tui_tracker.core.ticker import Ticker
from tui_tracker.sources.dialogue import Dialogue, in_groups

STREAMS_A_MESSAGE: Final = 100
_TICKER: Final = "24hrTicker"
_SHUTDOWN: Final = "serverShutdown"


class _Until(msgspec.Struct, frozen=True, rename="camel"):
    """How long an address is shut out, by the exchange's clock, ms."""

    server_time: float = 0.0
    retry_after: float = 0.0


class _Error(msgspec.Struct, frozen=True):
    code: int = 0
    msg: str = ""
    data: _Until | None = None


class _Quote(msgspec.Struct, frozen=True, gc=False):
    e: str = ""
    s: str = ""
    E: object = None
    c: object = None
    b: object = None
    a: object = None
    v: object = None
    q: object = None
    n: object = None
    h: object = None
    l: object = None  # noqa: E741 - the exchange's own name


class _Message(msgspec.Struct, frozen=True, gc=False):
    """A quote in its wrapping, or the answer to a question; a shutdown is said with and without one."""

    data: _Quote | None = None
    id: object = None
    error: _Error | None = None
    code: int | None = None
    msg: str = ""
    e: str = ""


_TOO_MUCH: Final = -1003
_SHUT_OUT: Final = "banned"
_MESSAGE: Final = msgspec.json.Decoder(_Message)


class BinanceDialogue(Dialogue):
    """See ``Dialogue``."""

    title = "Binance"
    most_pairs = 1_000
    silence_s = 45.0
    pause_s = 0.25
    ban_status = 418
    ping = '{"method":"GET_PROPERTY","params":["combined"],"id":0}'

    @override
    def subscriptions(self, symbols: Sequence[str]) -> Iterable[str]:
        for number, asked in enumerate(in_groups(symbols, STREAMS_A_MESSAGE), 1):
            streams = [f"{symbol.lower()}@ticker" for symbol in asked]
            yield msgspec.json.encode({"method": "SUBSCRIBE", "params": streams, "id": number}).decode()

    @override
    def read(self, message: str | bytes) -> list[Ticker]:
        told = _MESSAGE.decode(message)
        row = told.data
        if _SHUTDOWN in (told.e, row.e if row is not None else ""):
            raise UnreachableError("Binance shuts this stream down")
        if row is not None:
            return self._quote(row) if row.e == _TICKER else []
        if told.error is not None or told.code is not None:
            error = told.error or _Error(told.code or 0, told.msg)
            if error.code == _TOO_MUCH:
                raise _limited(error)
            self.note_refusal(f"{error.msg} ({error.code})")
        elif told.id not in (None, 0):
            self.is_answered = True
        return []

    def _quote(self, row: _Quote) -> list[Ticker]:
        return self.quote(row.s, row.E, row.c, row.b, row.a, row.v, row.q, row.n, row.h, row.l)


def _limited(error: _Error) -> RateLimitedError:
    """Too much was asked, or so much that the address is shut out, as a request would be with HTTP 418."""
    until = error.data or _Until()
    wait_s = (until.retry_after - until.server_time) / 1000
    limited = RateLimitedError(f"Binance: {clean(error.msg, 80)} ({error.code})", wait_s if wait_s > 0 else None)
    if _SHUT_OUT in error.msg:
        limited.http_status = BinanceDialogue.ban_status
    return limited

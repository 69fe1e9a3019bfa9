"""What is said on one connection that tells live quotes: an exchange's own questions and answers."""

import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import ClassVar, Final, TypeVar

from tui_tracker.core.instrument import Instrument
from tui_tracker.core.text import clean
from tui_tracker.core.ticker import Ticker
from tui_tracker.sources.numbers import count
from tui_tracker.sources.quotes import reading

MOST_LATE_MS: Final = 60_000
"""A quote that is older than the last one of its pair by more is no late one: the exchange's clock was set."""
MOST_LOGGED: Final = 20
T = TypeVar("T")
_log = logging.getLogger(__name__)


class Dialogue(ABC):
    """One connection from its opening to its end; a subclass an exchange.

    Args:
        ids: Of the instruments to ask for, by what the stream calls them.
    """

    title: ClassVar[str]
    most_pairs: ClassVar[int]
    """So many pairs are asked for on one connection."""
    silence_s: ClassVar[float]
    """A connection on which nothing was said for so long, or no answer to what was asked, is dead."""
    quoteless_s: ClassVar[float] = 300.0
    """… and so is one that told no quote for so long, whatever else it says."""
    pause_s: ClassVar[float] = 0.1
    """Least time between two messages of ours."""
    ping: ClassVar[str] = ""
    """What is said now and then to be answered; empty where the exchange speaks up by itself."""
    ping_s: ClassVar[float] = 20.0
    ban_status: ClassVar[int | None] = None
    """The HTTP status that shuts an address out of everything, connections and requests alike."""

    def __init__(self, ids: Mapping[str, str]) -> None:
        self.ids: Final = ids
        self.is_answered = False
        """Whether the exchange said yes to something that was asked."""
        self.heard_s = -inf
        """When something was last read, by the clock of the event loop, give or take a moment."""
        self.gaps = 0
        """How often the numbers of messages showed that some got lost."""
        self.refusal = ""
        """What the exchange last refused, and why."""
        self.said_ms: int | None = None
        """When the exchange said the last quote that was read, by its own clock; ``None`` where it doesn't tell."""
        self._refused = 0
        self._newest: dict[str, int] = {}
        self.unsaid: Final = deque(self.subscriptions(tuple(ids)))
        """Messages that are still to be sent."""

    @staticmethod
    def symbol(instrument: Instrument) -> str:
        """What the stream calls an instrument."""
        return instrument.symbol

    @abstractmethod
    def subscriptions(self, symbols: Sequence[str]) -> Iterable[str]:
        """The messages that ask for the quotes of all symbols."""

    @abstractmethod
    def read(self, message: str | bytes) -> list[Ticker]:
        """The quotes in a message, none where it is of another kind.

        Raises:
            SourceError: If it says that the stream can't go on.
            ValueError: If it can't be read.
        """

    def quote(
        self,
        symbol: str,
        stamp: object,
        last: object,
        bid: object,
        ask: object,
        base_volume: object,
        quote_volume: object,
        trades: object = None,
        high: object = None,
        low: object = None,
    ) -> list[Ticker]:
        """The quote of a symbol, from numbers as the exchange wrote them; none if it wasn't asked for, or comes late.

        Args:
            stamp: When the exchange said it, ms since the epoch; anything else to take it as it comes.
        """
        instrument_id = self.ids.get(symbol)
        if instrument_id is None or self.is_late(symbol, stamp):
            return []
        self.is_answered = True
        ticker, _ = reading(instrument_id, last, bid, ask, base_volume, quote_volume, trades, high, low)
        return [] if ticker is None else [ticker]

    def is_late(self, symbol: str, stamp: object) -> bool:
        """Whether a newer quote of the symbol came before this one."""
        at_ms = self.said_ms = count(stamp)
        if at_ms is None:
            return False
        newest_ms = self._newest.get(symbol, at_ms)
        if 0 < newest_ms - at_ms <= MOST_LATE_MS:
            return True
        self._newest[symbol] = at_ms
        return False

    def note_refusal(self, why: str) -> None:
        """Log the first few of what is not told; those pairs are left to polls."""
        self.refusal = clean(why, 100)
        self._refused += 1
        if self._refused <= MOST_LOGGED:
            _log.info("%s streams not all: %s", self.title, self.refusal)


def in_groups(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """Parts of at most so many."""
    return (items[start : start + most] for start in range(0, len(items), most))

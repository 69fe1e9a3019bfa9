"""A pair on an exchange."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

CONSOLIDATED: Final = "all"
"""The source of pairs that are made of the same pair of several exchanges: ``all:BTC-USD``."""
LEAST_EXCHANGES: Final = 3
"""From so many exchanges on there is a majority to believe."""
_CONSOLIDATED: Final = f"{CONSOLIDATED}:"


class Trading(StrEnum):
    """What an exchange lets one do with an instrument; only ``ONLINE`` and ``LIMITED`` ones are sampled."""

    ONLINE = "online"
    LIMITED = "limited"
    """Trades happen, with restrictions on orders (post only, limit only, reduce only)."""
    CANCEL_ONLY = "cancel_only"
    MAINTENANCE = "maintenance"
    DELISTED = "delisted"

    @property
    def is_sampled(self) -> bool:
        """Whether trades can happen, so that a quote means something."""
        return self in (Trading.ONLINE, Trading.LIMITED)


class InstrumentClass(StrEnum):
    """A trait of a pair that makes its figures mean something else than those of other pairs.

    A class tells of the base: USDT/USD is stable, BTC/USDT is not.
    """

    STABLE = "stable"
    """The base follows a currency."""
    FIAT = "fiat"
    """The base is a currency."""
    WRAPPED = "wrapped"
    """The base stands for another asset: bridged, or staked."""
    LEVERAGED = "leveraged"
    """The base multiplies the moves of another asset."""
    TOKENISED = "tokenised"
    """The base is a share of a company or fund, as a token."""
    SECOND_VENUE = "second_venue"
    """The order book of another venue, beside the exchange's own of the same pair."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """A pair on an exchange, named the same way whatever the exchange calls it."""

    id: str
    """``kraken:BTC-USD``: source, base and quote."""
    base: str
    """The asset that is priced, as most people spell it (``BTC``, not ``XBT``)."""
    quote: str
    """The asset that it is priced in."""
    symbol: str
    """The exchange's own name, used in requests; never split to find base and quote."""
    aliases: tuple[str, ...]
    """Other spellings that the exchange uses for it."""
    digits: int
    """Decimals of a price."""
    trading: Trading = Trading.ONLINE
    classes: frozenset[InstrumentClass] = frozenset()
    """What is special about it; empty for most."""

    @property
    def pair(self) -> str:
        """``BTC/USD``."""
        return f"{self.base}/{self.quote}"

    @property
    def source(self) -> str:
        """The name of the source, ``kraken``."""
        return self.id.partition(":")[0]

    @property
    def is_consolidated(self) -> bool:
        """Whether it is made of the same pair of several exchanges."""
        return self.id.startswith(_CONSOLIDATED)


def consolidated_id(base: str, quote: str) -> str:
    """The id of what is made of a pair on several exchanges."""
    return f"{CONSOLIDATED}:{base}-{quote}"

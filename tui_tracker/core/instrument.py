"""A pair on an exchange."""

from dataclasses import dataclass
from enum import StrEnum


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

    @property
    def pair(self) -> str:
        """``BTC/USD``."""
        return f"{self.base}/{self.quote}"

    @property
    def source(self) -> str:
        """The name of the source, ``kraken``."""
        return self.id.partition(":")[0]

"""Which pairs the simulated exchange lists: mostly in dollars, the most traded first, some of them odd."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from tui_tracker.core.classes import classes_of
from tui_tracker.core.instrument import Instrument, Trading
from tui_tracker.sources.simulated_assets import FIAT, STABLE, Asset, Kind, traded_assets
from tui_tracker.sources.simulated_noise import key_of

NAME: Final = "simulated"
START_MS: Final = 1_768_478_397_000
"""2026-01-15T11:59:57Z: where the clock of the demo starts, at the instant of a scheduled poll."""
MOST_PAIRS: Final = 10_000

_START_MINUTE: Final = START_MS // 60_000
_FEWEST_FOR_ODDITIES: Final = 40
_SMALLEST_PRICE: Final = 1e-6
_LOST: Final = range(7 * 60 + 10, 7 * 60 + 50)
_MOST_DIGITS: Final = 12
_QUOTES: Final = {
    "EUR": (30, 0.2),
    "USDT": (14, 0.12),
    "USDC": (8, 0.06),
    "BTC": (10, 0.03),
    "ETH": (4, 0.02),
    "GBP": (6, 0.04),
}
_FIAT_PAIRS: Final = (
    ("EUR", "USD"),
    ("GBP", "USD"),
    ("AUD", "USD"),
    ("EUR", "GBP"),
    ("USD", "CHF"),
    ("USD", "CAD"),
    ("USD", "JPY"),
)


@dataclass(frozen=True, slots=True)
class Listing:
    """A pair of the simulated exchange. Minutes count from the epoch."""

    instrument: Instrument
    base: int
    """Index of the base asset."""
    quote: int
    price: float
    """Usual price, in the quote currency."""
    volume_usd: float
    """Usual volume of 24 h in US dollars; 0 for a pair that nobody trades."""
    base_usd: float
    """Usual price of the base asset in US dollars."""
    first_minute: int | None = None
    """When it was listed, where that matters."""
    end_minute: int | None = None
    """When trading stopped; a full hour."""
    lost_minutes: range = range(0)
    """Minutes of each day (UTC) whose candles the exchange has lost."""


@dataclass(frozen=True, slots=True)
class Universe:
    """Everything that is listed, at any time."""

    assets: tuple[Asset, ...]
    listings: tuple[Listing, ...]
    """By falling volume."""


def universe(seed: int, pairs: int) -> Universe:
    """Return the listings of a simulated exchange: O(pairs).

    Args:
        seed: Which market.
        pairs: How many pairs, 1 to 10,000.

    Raises:
        ValueError: If ``pairs`` is out of range.
    """
    if not 1 <= pairs <= MOST_PAIRS:
        raise ValueError(f"pairs must be 1 to {MOST_PAIRS:,}, not {pairs}")
    coins = traded_assets(pairs, seed)
    fiat = _FIAT_PAIRS[: pairs * len(_FIAT_PAIRS) // 300]
    crosses = list(_crosses(coins, pairs))
    dollars = pairs - len(fiat) - len(crosses)
    assets = (*FIAT, *coins[:dollars])
    symbols = {asset.symbol: index for index, asset in enumerate(assets)}
    wanted = [(symbols[base], symbols[quote], 1.0) for base, quote in fiat]
    wanted += [(base, symbols["USD"], 0.55) for base in range(len(FIAT), len(assets))]
    wanted += [(base + len(FIAT), symbols[quote], share) for base, quote, share in crosses]
    rng = Random(key_of(seed, "volumes"))
    listings = [_listing(assets, base, quote, share, rng) for base, quote, share in wanted]
    listings.sort(key=lambda listing: (-listing.volume_usd, listing.instrument.id))
    return Universe(assets, tuple(_with_oddities(listings)))


def _crosses(coins: Sequence[Asset], pairs: int) -> Iterator[tuple[int, str, float]]:
    """Yield (index of the base, quote, share of the base's volume) of the pairs that are not priced in dollars."""
    prices = {asset.symbol: asset.price for asset in (*FIAT, *coins)}
    for quote, (per_300, share) in _QUOTES.items():
        wanted = per_300 * pairs // 300
        for base, asset in enumerate(coins):
            if not wanted:
                break
            is_odd = asset.kind is Kind.STABLE and quote in ("BTC", "ETH")
            is_turned = asset.symbol == quote or (asset.symbol, quote) in (("BTC", "ETH"), ("USDT", "USDC"))
            if is_odd or is_turned or asset.price / prices[quote] < _SMALLEST_PRICE:
                continue
            wanted -= 1
            yield base, quote, share


def _listing(assets: Sequence[Asset], base: int, quote: int, share: float, rng: Random) -> Listing:
    one, other = assets[base], assets[quote]
    price = one.price / other.price
    usual_usd = share * (other if one.symbol == "USD" else one).volume_usd
    volume_usd = max(200.0, usual_usd * math.exp(0.25 * rng.gauss(0.0, 1.0)))
    instrument = Instrument(
        id=f"{NAME}:{one.symbol}-{other.symbol}",
        base=one.symbol,
        quote=other.symbol,
        symbol=f"{one.symbol}{other.symbol}",
        aliases=_aliases(one.symbol, other.symbol),
        digits=_digits(one, other, price, volume_usd),
        classes=classes_of(one.symbol),
    )
    return Listing(instrument, base, quote, price, volume_usd, one.price)


def _aliases(base: str, quote: str) -> tuple[str, ...]:
    """Other spellings, those with the old name of bitcoin among them."""
    old = [f"{'XBT' if base == 'BTC' else base}{'XBT' if quote == 'BTC' else quote}"] if "BTC" in (base, quote) else []
    return (f"{base}-{quote}", *old)


def _digits(base: Asset, quote: Asset, price: float, volume_usd: float) -> int:
    """Return the decimals of a price: five or six digits in all, four decimals where both are kinds of dollars."""
    if base.kind is Kind.STABLE and quote.symbol in ("USD", *STABLE):
        return 4
    significant = 6 if volume_usd > 2e7 or base.kind is Kind.FIAT else 5
    return min(_MOST_DIGITS, max(1, significant - 1 - math.floor(math.log10(price))))


def _with_oddities(listings: list[Listing]) -> list[Listing]:
    """Mark a few dollar pairs as halted, new, never traded, or with a hole in their history."""
    if len(listings) < _FEWEST_FOR_ODDITIES:
        return listings
    money = STABLE.union(asset.symbol for asset in FIAT)
    coins = [
        index
        for index, one in enumerate(listings)
        if one.instrument.quote == "USD" and one.instrument.base not in money
    ]
    for place, change in _ODDITIES:
        index = coins[int(place * len(coins))]
        listings[index] = change(listings[index])
    return listings


def _halted(listing: Listing, trading: Trading) -> Listing:
    return replace(listing, instrument=replace(listing.instrument, trading=trading), end_minute=_START_MINUTE - 119)


_ODDITIES: Final[tuple[tuple[float, Callable[[Listing], Listing]], ...]] = (
    (0.08, lambda listing: replace(listing, lost_minutes=_LOST)),
    (0.25, lambda listing: replace(listing, lost_minutes=_LOST)),
    (0.35, lambda listing: replace(listing, first_minute=_START_MINUTE - 179)),
    (0.42, lambda listing: replace(listing, first_minute=_START_MINUTE + 8)),
    (0.55, lambda listing: _halted(listing, Trading.MAINTENANCE)),
    (0.62, lambda listing: _halted(listing, Trading.CANCEL_ONLY)),
    (0.97, lambda listing: replace(listing, volume_usd=0.0)),
    (0.98, lambda listing: replace(listing, volume_usd=0.0)),
    (0.99, lambda listing: replace(listing, volume_usd=0.0)),
)
"""Where in the dollar pairs by volume, as a fraction, and what is odd there."""

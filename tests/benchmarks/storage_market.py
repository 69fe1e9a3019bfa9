"""A day of a realistic market: what an exchange would have answered each minute, rounded as exchanges do."""

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tui_tracker.core.instrument import Instrument
from tui_tracker.core.ticker import Ticker
from tui_tracker.sources.simulated_listings import START_MS, universe
from tui_tracker.sources.simulated_market import SimulatedMarket
from tui_tracker.sources.simulated_pair import SimulatedPair
from tui_tracker.stats.counters import minute_gain

FIELDS: Final = 10
FIRST: Final = START_MS // 60_000 // 1_440 * 1_440
"""A midnight, in minutes since the epoch."""
_EIGHT: Final = 1e8
_AVERAGE: Final = 1e5


@dataclass(frozen=True, slots=True)
class Day:
    """Samples of all pairs."""

    instruments: tuple[Instrument, ...]
    first: int
    """The first minute since the epoch."""
    minutes: list[tuple["array[float]", ...]]
    """For each minute one array a field (the metrics, then today's volume and trades), one double a pair."""


def market_day(pairs: int, minutes: int = 1_440, seed: int = 1) -> Day:
    """Simulate a day; some 10 s for 1,100 pairs."""
    listed = universe(seed, pairs)
    market = SimulatedMarket(listed.assets, seed)
    simulated = [SimulatedPair(listing, market, seed) for listing in listed.listings]
    rows = [tuple(array("d", [math.nan]) * pairs for _ in range(FIELDS)) for _ in range(minutes)]
    for place, pair in enumerate(simulated):
        for row, values in zip(rows, _sampled(pair, minutes), strict=True):
            for field, value in zip(row, values, strict=True):
                if value is not None:
                    field[place] = value
    return Day(tuple(pair.listing.instrument for pair in simulated), FIRST, rows)


def _sampled(pair: SimulatedPair, minutes: int) -> Iterator[tuple[float | None, ...]]:
    before: Ticker | None = None
    for minute in range(FIRST, FIRST + minutes):
        at_ms = minute * 60_000
        if not pair.is_listed(minute):
            yield (None,) * FIELDS
            continue
        ticker = _rounded(pair.ticker(minute))
        flow = trades = None
        if before is not None:
            flow = minute_gain(at_ms - 60_000, before.today_volume, at_ms, ticker.today_volume)
            trades = minute_gain(at_ms - 60_000, before.today_trades, at_ms, ticker.today_trades)
        yield (*ticker.values(), flow, trades, ticker.today_volume, ticker.today_trades)
        before = ticker


def _rounded(ticker: Ticker) -> Ticker:
    """Volumes to eight decimals, and the quote volume from an average price to five, as Kraken answers."""
    volume, quote = ticker.base_volume or 0.0, ticker.quote_volume or 0.0
    base = round(volume * _EIGHT) / _EIGHT
    average = round(quote / volume * _AVERAGE) / _AVERAGE if volume else 0.0
    today = round((ticker.today_volume or 0.0) * _EIGHT) / _EIGHT
    return Ticker(
        ticker.instrument_id,
        ticker.last,
        ticker.bid,
        ticker.ask,
        base,
        base * average,
        ticker.trades,
        ticker.high,
        ticker.low,
        today,
        ticker.today_trades,
    )

"""Rows of a snapshot, from what the market holds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, overload

from typing_extensions import override

from tui_tracker.core.figures import Figures
from tui_tracker.core.metric import METRIC_INDEX, METRICS, Metric
from tui_tracker.core.snapshot import Row
from tui_tracker.core.ticker import Ticker
from tui_tracker.engine.market import Holding, Market
from tui_tracker.stats.conversion import PairPrice, usd_rates

MOVED: Final = 1e-3
"""A price that moved by more, as a fraction of it, may soon count in a ranking: σ of a day is a few percent."""
_PRICE = METRIC_INDEX[Metric.PRICE]


class DeferredFigures(Sequence[Figures | None]):
    """Figures of a row: those of the price as of when it was made, others as of when they are first asked for.

    To be asked on the loop that changes the windows, until all were asked for that a thread needs.

    Args:
        market: What they are over.
        holding: Whose they are.
    """

    __slots__ = ("_holding", "_known", "_market")

    def __init__(self, market: Market, holding: Holding) -> None:
        price = market.samples(holding, _PRICE)
        self._market: Final = market
        self._holding: Final = holding
        self._known: Final[dict[int, Figures | None]] = {_PRICE: None if price is None else price.figures()}

    @override
    def __len__(self) -> int:
        return len(METRICS)

    @overload
    def __getitem__(self, index: int) -> Figures | None: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Figures | None, ...]: ...

    @override
    def __getitem__(self, index: int | slice) -> Figures | tuple[Figures | None, ...] | None:
        if isinstance(index, slice):
            return tuple(self)[index]
        if index not in self._known:
            window = self._market.samples(self._holding, index)
            self._known[index] = None if window is None else window.figures()
        return self._known[index]


def make_row(market: Market, holding: Holding, rates: Mapping[str, float], *, is_deferred: bool = False) -> Row:
    """Return the row of one instrument at this moment.

    Args:
        market: What its figures are over.
        holding: Of the instrument.
        rates: Dollars per unit of each asset.
        is_deferred: Whether figures of other metrics than the price are made once somebody looks.
    """
    ticker = holding.ticker
    price = market.samples(holding, _PRICE)
    return Row(
        holding.instrument,
        ticker.last if ticker is not None and ticker.last is not None else price.last() if price is not None else None,
        ticker.bid if ticker is not None else None,
        ticker.ask if ticker is not None else None,
        volume_usd(holding, rates),
        market.has_traded(holding),
        holding.halted,
        holding.halted_since_ms,
        DeferredFigures(market, holding) if is_deferred else market.figures(holding),
        price.provenance_counts() if price is not None else (0, 0, 0, 0),
        ticker.high if ticker is not None else None,
        ticker.low if ticker is not None else None,
        market.activity(holding),
        holding.is_suspect,
        holding.mid_ms,
        holding.members,
    )


def has_moved(row: Row, ticker: Ticker) -> bool:
    """Whether a newer quote is so far from the row that the row says something else."""
    return _is_apart(row.last, ticker.last) or _is_apart(row.mid, ticker.mid)


def _is_apart(before: float | None, now: float | None) -> bool:
    if before is None or now is None:
        return before is not now
    return abs(now - before) > MOVED * before


def volume_usd(holding: Holding, rates: Mapping[str, float]) -> float | None:
    """24 h quote volume in US dollars; ``None`` where it is unknown or no route to USD exists."""
    rate = rates.get(holding.instrument.quote)
    if rate is None or holding.ticker is None or holding.ticker.quote_volume is None:
        return None
    return holding.ticker.quote_volume * rate


def market_rates(market: Market) -> dict[str, float]:
    """Dollars per unit of each asset that some route leads to USD from."""
    return usd_rates(pair_prices(market))


def pair_prices(holdings: Iterable[Holding]) -> list[PairPrice]:
    """What the pairs that trade say of their assets."""
    return [
        PairPrice(holding.instrument.base, holding.instrument.quote, ticker.last, ticker.quote_volume or 0.0)
        for holding in holdings
        if (ticker := holding.ticker) is not None and ticker.last is not None and not holding.halted
    ]

"""Resident memory, in KiB, of the loaded program with 24 h of 2,500 pairs. Run by ``app.py``: price, or all metrics."""

import random
import sys
from importlib import import_module
from pathlib import Path

from tui_tracker.core.instrument import Instrument
from tui_tracker.core.ticker import Ticker
from tui_tracker.engine.market import Market
from tui_tracker.engine.rows import make_row, market_rates

PAIRS = 2_500
MINUTES = 1_440
FIRST_MINUTE = 28_000_000


def ticker(name: str, price: float, minute: int, every_metric: bool) -> Ticker:
    """A quote that gives every metric a new value, or the price alone."""
    if not every_metric:
        return Ticker(name, price, None, None, None, None, None)
    day = minute % MINUTES
    volume, trades = price * 1e-3 * day * (day + 1), day * 3
    bid, ask = price * 0.999, price * 1.001
    return Ticker(name, price, bid, ask, 5 * price, 7 * price, int(price) + 1, price, price, volume, trades)


def main(every_metric: bool) -> None:
    """Fill the windows minute by minute, make all rows, print what is resident."""
    for module in ("tui_tracker.tui.app", "tui_tracker.engine.engine", "httpx"):
        import_module(module)
    market, source = Market(), random.Random(1)
    names = [f"kraken:A{number}-USD" for number in range(PAIRS)]
    market.list_instruments([Instrument(name, name[7:-4], "USD", name, (), 2) for name in names], 0)
    prices = [source.uniform(0.01, 90_000) for _ in names]
    for minute in range(FIRST_MINUTE, FIRST_MINUTE + MINUTES):
        at_ms = minute * 60_000 + 57_000
        prices = [round(price * (1 + source.gauss(0, 5e-4)), 4) or 0.01 for price in prices]
        quotes = [ticker(name, price, minute, every_metric) for name, price in zip(names, prices, strict=True)]
        market.apply(quotes, at_ms, at_ms)
        market.close_poll(at_ms)
        market.advance(at_ms)
    rates = market_rates(market)
    rows = [make_row(market, holding, rates) for holding in market]
    assert len(rows) == PAIRS
    print(resident_kib())


def resident_kib() -> int:
    """Resident memory of this process (Linux)."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


if __name__ == "__main__":
    main(sys.argv[1] == "all")

"""Real 1-minute series: the window's σ over the last 24 h, quiet minutes held, against figures computed elsewhere."""

import csv

import pytest

from tests.support.recorded import recorded
from tui_tracker.core.candle import Candle, CandleBatch, Provenance
from tui_tracker.stats.resample import minute_samples
from tui_tracker.stats.window import Window

# file: (filled samples, filled population σ), from the index of the recordings
FILLED = {
    "bitstamp_btcusd_1m.csv": (1_000, 34.6308896783),
    "freqtrade_ADA_BTC_1m.csv": (1_440, 5.13476167598e-07),
    "freqtrade_ETH_BTC_1m.csv": (1_440, 0.000554081842724),
    "freqtrade_LTC_BTC_1m.csv": (1_440, 5.77760279977e-05),
    "freqtrade_UNITTEST_BTC_1m.csv": (1_440, 6.80878380874e-05),
    "freqtrade_XMR_BTC_1m.csv": (1_440, 0.000143121706964),
    "freqtrade_XRP_ETH_1m.csv": (1_440, 1.31429555576e-05),
    "kraken_XBTUSDT_1m.csv": (721, 402.64341802),
    "nautilus_FTX_BTC-PERP_1m.csv": (1_440, 515.486000979),
}


@pytest.mark.parametrize("name", FILLED)
def test_filled_stddev_of_a_recorded_series(name: str) -> None:
    with recorded(f"candles/{name}").open(newline="") as file:
        rows = list(csv.DictReader(file))
    candles = tuple(Candle(int(r["time_ms"]), float(r["close"]), float(r["volume"])) for r in rows)
    window = Window()
    window.advance(candles[-1].start_ms)
    start_ms = candles[-1].start_ms - 1_439 * 60_000
    for minute_ms, price in minute_samples(CandleBatch(1, candles), start_ms):
        window.fill(minute_ms, price, Provenance.CANDLE_1M)
    samples, stddev = FILLED[name]
    assert window.samples == samples
    assert window.stddev == pytest.approx(stddev, rel=1e-11)

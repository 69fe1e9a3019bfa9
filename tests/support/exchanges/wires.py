"""All wire formats, by the name of the exchange."""

from collections.abc import Mapping
from typing import Final

from tests.support.exchanges.binance import BinanceWire
from tests.support.exchanges.bitfinex import BitfinexWire
from tests.support.exchanges.bitstamp import BitstampWire
from tests.support.exchanges.bybit import BybitWire
from tests.support.exchanges.coinbase import CoinbaseWire
from tests.support.exchanges.coinbase_exchange import CoinbaseExchangeWire
from tests.support.exchanges.gate import GateWire
from tests.support.exchanges.kraken import KrakenWire
from tests.support.exchanges.kucoin import KucoinWire
from tests.support.exchanges.mexc import MexcWire
from tests.support.exchanges.okx import OkxWire
from tests.support.exchanges.wire import Wire

NATIVE: Final[tuple[type[Wire], ...]] = (
    BinanceWire,
    BitfinexWire,
    BitstampWire,
    BybitWire,
    CoinbaseWire,
    CoinbaseExchangeWire,
    GateWire,
    KucoinWire,
    OkxWire,
)
"""Those of exchanges that have a module of their own, Kraken aside."""
EVERY: Final[tuple[type[Wire], ...]] = (*NATIVE, KrakenWire, MexcWire)
WIRES: Final[Mapping[str, type[Wire]]] = {wire.name: wire for wire in EVERY}

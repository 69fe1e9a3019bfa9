"""Classes of instruments, from the names of their assets. Pure rules; a source that knows better adds what it knows."""

import re
from typing import Final

from tui_tracker.core.instrument import InstrumentClass


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FIAT: Final = _names(
    """
    AED ARS AUD BRL CAD CHF CLP CNY COP CZK DKK EUR GBP GHS HKD HUF IDR ILS INR JPY KES KRW KZT MXN MYR NGN NOK NZD PEN
    PHP PLN RON RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR
    """
)
_STABLE: Final = _names(
    """
    APXUSD AUDX AUSD BRL1 BUSD BVND COPM CUSD DAI DUSD EURC EURCV EUROC EUROP EURQ EURR EURS EURT FDUSD FIDD FRNT
    FRXUSD GHO GUSD HUSD IDRT LUSD MIM MXNB MXNT NZDS PAX PYUSD QCAD RLUSD SUSD TAUD TCAD TGBP TRYB TUSD USAT USD0 USD1
    USDB USDC USDD USDE USDF USDG USDJ USDK USDM USDP USDQ USDR USDS USDT USDX USDY VAI XSGD XUSD
    """
)
"""Not all that is named like one is: ``UST`` broke, ``USDUC`` is a jest, ``USUAL`` is a share in an issuer."""
DOLLARS: Final = (
    *("USDT", "USDC", "DAI", "USDS", "USDE", "USD1", "PYUSD", "FDUSD"),
    *("TUSD", "USDP", "GUSD", "RLUSD", "USDG", "USDD", "USDQ", "USDR"),
)
"""Coins that promise a dollar, the best known first."""
_WRAPPED: Final = _names(
    """
    BETH BNSOL BTCB CBBTC CBETH CMETH EETH EZETH FBTC HBTC JITOSOL JUPSOL KBTC LBTC LSETH LSSOL METH MSOL OSETH RENBTC
    RETH RSETH SAVAX SOLVBTC STETH STSOL SWETH TBTC WAVAX WAXL WBETH WBNB WBTC WEETH WETH WSOL WSTETH WTRX XSOLVBTC
    """
)
_MULTIPLIED: Final = re.compile(r"[A-Z0-9]{2,}[2-5][LS]")
"""``BTC3L``, ``ETH5S``."""
_DIRECTED: Final = re.compile(r"([A-Z0-9]+?)(UP|DOWN|BULL|BEAR)")
_DIRECTED_ASSETS: Final = _names(
    """
    1INCH AAVE ADA ALGO ATOM BCH BNB BSV BTC COMP DOGE DOT EOS ETC ETH FIL LINK LTC MATIC SOL SUSHI SXP THETA TRX UNI
    VET XLM XRP XTZ YFI ZEC
    """
)
"""What tokens such as ``BTCUP`` are made of: other names merely end alike (``JUP``, ``SYRUP``)."""
_OF_BITCOIN: Final = frozenset({"BULL", "BEAR"})
_SHARE: Final = re.compile(r"[A-Z][A-Z0-9.]*x")
"""``AAPLx``: names of coins have no small letters."""
_SECOND_VENUE: Final = re.compile(r".+:[A-Z]{3,}")
"""``BTC/USD:BTNL``."""


def classes_of(base: str, symbol: str = "") -> frozenset[InstrumentClass]:
    """The classes of a pair.

    Args:
        base: The asset that is priced, as most people spell it.
        symbol: The exchange's own name of the pair.
    """
    applies = {
        InstrumentClass.STABLE: base in _STABLE,
        InstrumentClass.FIAT: base in _FIAT,
        InstrumentClass.WRAPPED: base in _WRAPPED,
        InstrumentClass.LEVERAGED: _is_leveraged(base),
        InstrumentClass.TOKENISED: _SHARE.fullmatch(base) is not None,
        InstrumentClass.SECOND_VENUE: _SECOND_VENUE.fullmatch(symbol) is not None,
    }
    return frozenset(each for each, does_apply in applies.items() if does_apply)


def _is_leveraged(base: str) -> bool:
    if _MULTIPLIED.fullmatch(base):
        return True
    directed = _DIRECTED.fullmatch(base)
    return base in _OF_BITCOIN or (directed is not None and directed[1] in _DIRECTED_ASSETS)

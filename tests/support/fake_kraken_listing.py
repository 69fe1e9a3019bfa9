"""What the fake exchange lists: names, decimals, statuses and liquidity of its pairs, from a seed.

Shapes follow recorded answers of Kraken's AssetPairs (2021 and 2025) and Ticker (2026): legacy ids such as
``XXBTZUSD`` beside modern ones such as ``SOLUSD``, ``XBT`` and ``XDG`` for Bitcoin and Dogecoin, dark pools (``.d``)
without a ``wsname``.
"""

import math
import random
from dataclasses import dataclass, replace

LEGACY = {
    **{name: f"X{name}" for name in ("XBT", "ETH", "XDG", "LTC", "XRP", "XLM", "XMR", "ZEC", "ETC", "MLN", "REP")},
    **{name: f"Z{name}" for name in ("USD", "EUR", "GBP", "CAD", "JPY", "AUD")},
}
"""Kraken's code of an old asset, by its short name; newer assets have no prefix."""
DISPLAY = {"XBT": "BTC", "XDG": "DOGE"}
"""What people call an asset that Kraken names otherwise."""
QUOTE_USD = {
    "USD": 1.0,
    "USDT": 1.0,
    "USDC": 1.0,
    "DAI": 1.0,
    "EUR": 1.13,
    "GBP": 1.31,
    "CHF": 1.23,
    "CAD": 0.70,
    "AUD": 0.69,
    "JPY": 0.00624,
    "XBT": 60_950.0,
    "ETH": 1_650.0,
}
DORMANT = 1 << 24
"""Block length, in minutes, of a pair that nobody trades: 32 years."""

_MAJORS = "XBT ETH SOL XDG XRP ADA LTC DOT LINK AVAX BCH XLM XTZ ZRX ATOM UNI XMR ZEC ETC TRX"
_USD_PRICES = {
    "XBT": 60_950.0,
    "ETH": 1_650.0,
    "SOL": 71.0,
    "XDG": 0.0766,
    "XRP": 1.05,
    "ADA": 0.24,
    "LTC": 48.0,
    "DOT": 1.4,
    "LINK": 8.1,
    "AVAX": 9.3,
    "BCH": 320.0,
    "XMR": 310.0,
    "ZEC": 210.0,
    "BTT": 2.7e-7,
    "SHIB": 5.2e-6,
    "PEPE": 3.1e-6,
    "USDT": 0.9995,
    "USDC": 0.9999,
    "DAI": 0.9997,
    "PAXG": 4010.0,
    "EUR": 1.13,
    "GBP": 1.31,
    "AUD": 0.69,
    "USD": 1.0,
}
_FIAT_PAIRS = "EUR/USD GBP/USD USD/CAD USD/JPY USD/CHF AUD/USD EUR/GBP EUR/JPY EUR/CHF EUR/CAD EUR/AUD AUD/JPY"
_STABLE_PAIRS = "USDT/USD USDC/USD DAI/USD USDT/EUR USDC/EUR USDC/USDT DAI/USDT USDT/GBP USDC/GBP"
_NAMES = (
    "0G 1INCH 2Z AAVE ACA ACH ACT ADX AERO AEVO AI AIR AIXBT AKT ALCX ALGO ALICE ALT AMP ANKR APE API3 APT APU AR ARB "
    "ARKM ARPA ASTR ATH ATLAS AUDIO AXS B2 B3 BADGER BAL BAND BAT BEAM BERA BICO BIGTIME BLUR BLZ BNB BNC BNT BOBA "
    "BOND BONK BSX BTT C98 CAKE CELO CELR CFG CFX CHR CHZ COMP COTI COW CQT CRO CRV CTSI CVC CVX CXT CYBER DASH DENT "
    "DOGS DYDX DYM EGLD EIGEN ENA ENJ ENS ETHFI ETHW EUL EWT FARM FET FIL FIS FLOKI FLOW FLR FORTH FTM FXS GAL GALA "
    "GARI GAS GHST GLMR GMT GMX GNO GRT GTC HBAR HFT HNT HYPE ICP ICX IDEX IMX INJ INTR IOTX IP JASMY JTO JUNO JUP "
    "KAR KAS KAVA KEEP KEY KILT KIN KINT KNC KP3R KSM LCX LDO LMWR LPT LQTY LRC LSK LUNA LUNA2 MANA MASK MC MINA MIR "
    "MNGO MOG MOON MOVE MOVR MULTI MV MXC NANO NEAR NMR NODL NOS NYM OCEAN OGN OM OMG ONDO OP ORCA OSMO OXT OXY PAXG "
    "PENDLE PEPE PERP PHA PLA PNUT POL POLIS POLS POND POPCAT POWR PRIME PROM PSTAKE PYTH QNT QTUM RAD RARE RARI RAY "
    "RBC REN RENDER REQ RLC ROOK RPL RUNE SAFE SAGA SAMO SAND SBR SC SCRT SDN SEI SGB SHIB SNX SPELL SRM SSV STEP "
    "STG STORJ STRK STX SUI SUPER SUSHI SWELL SYN TAO TBTC TIA TLM TNSR TON TRB TRUMP TURBO TVK UMA UNFI USUAL "
    "VANRY VELODROME VINE W WAVES WBTC WEN WIF WLD WOO XAI XCN XNO XRT YFI YGG ZETA ZEUS ZEX ZK ZRO"
)
_SYLLABLES = (
    "BA BE BO CHA DEX DO FI FLU GA GLO HO JU KA KI LO LU MA MI MO NA NE NO ORB PA PI QU RA RO SA SO TA TI VO XA ZE"
)


@dataclass(frozen=True, slots=True)
class Listing:
    """One entry of AssetPairs, with what drives its simulated trades."""

    id: str
    """Key of AssetPairs and, in the old style, of Ticker: ``XXBTZUSD``, ``SOLUSD``."""
    altname: str
    wsname: str | None
    base: str
    """Kraken's code: ``XXBT``."""
    quote: str
    """Kraken's code: ``ZUSD``."""
    display: str
    """Key of Ticker in the new style: ``BTC/USD``."""
    digits: int
    """``pair_decimals``."""
    status: str | None
    """``None`` where the key is absent, as in old recordings."""
    price: float
    """Typical price, in quote currency."""
    quote_usd: float
    """Rough price of the quote currency in USD."""
    block: int
    """Trades happen in exactly one minute of each span of so many minutes."""
    sigma: float
    """Standard deviation of the log price over about a day."""
    turnover_usd: float
    """Rough volume of a day."""
    has_tick_size: bool = True
    quoted: str = "ab"
    """Which of ask (a) and bid (b) are quoted."""


def make_listings(seed: int, pairs: int) -> list[Listing]:
    """Return ``pairs`` tradeable listings, the best known first; the same for the same arguments.

    A longer list starts with the shorter one. From the tenth on, about 7 % have no trade in 24 h, 2 % each are
    ``cancel_only`` and ``maintenance``, 6 % are restricted, and 9 % have no ``status``.
    """
    rng = random.Random(f"listings {seed}")
    listings: list[Listing] = []
    for base, quote in _names(rng):
        if len(listings) == pairs:
            break
        listings.append(_listing(rng, len(listings), base, quote))
    return listings


def reserve_listings(seed: int) -> list[Listing]:
    """Listings that are not there at first, for the fault ``new_pairs``."""
    rng = random.Random(f"reserve {seed}")
    names = [("NEWONE", "USD"), ("NEWTWO", "USD"), ("NEWONE", "EUR"), ("NEWTHREE", "XBT")]
    return [replace(_listing(rng, index, base, quote), block=2) for index, (base, quote) in enumerate(names)]


def hostile_listings(seed: int) -> list[Listing]:
    """Listings whose names try to steer a terminal, a markup parser or a layout."""
    rng = random.Random(f"hostile {seed}")
    names = [
        *("X[/b]Y", "[bold red]Z", "\x1b[31mRED\x1b[2J", "\x1b]0;title\x07", "\u202eDSU\u2066", "A" * 5_000),
        *("LINE\nBREAK", "NUL\0", "TAB\t", "ZERO\u200bWIDTH", "\u9f99\u9f99", "\U0001f600", "../../ETC", "$(id)", "%s"),
        *("\x9b31m", "\u2028", "A\u0301\u0302\u0303"),
    ]
    found = []
    for index, name in enumerate(names):
        plain = _listing(rng, index, "EVIL", "USD")
        found.append(
            replace(
                plain, id=f"{name}USD", altname=f"{name}USD", wsname=f"{name}/USD", base=name, display=f"{name}/USD"
            )
        )
    return found


def dark_pools(listings: list[Listing]) -> list[Listing]:
    """The ``.d`` twins of the old majors: in AssetPairs only, without ``wsname``."""
    legacy = [listing for listing in listings if listing.id.startswith(("XXBT", "XETH")) and listing.quote in _DARK]
    return [replace(x, id=f"{x.id}.d", altname=f"{x.altname}.d", wsname=None, display="") for x in legacy]


_DARK = frozenset({"ZUSD", "ZEUR", "ZGBP", "ZCAD", "ZJPY"})


def _names(rng: random.Random) -> list[tuple[str, str]]:
    majors, others = _MAJORS.split(), _NAMES.split()
    taken = {*majors, *others, *LEGACY, *QUOTE_USD}
    while len(others) < 1_500:
        name = "".join(rng.choices(_SYLLABLES.split(), k=rng.choice((2, 2, 3))))
        if name not in taken:
            taken.add(name)
            others.append(name)
    slashed = [f"{base}/USD" for base in majors[:12]]
    slashed += [f"{base}/EUR" for base in majors[:6]] + _FIAT_PAIRS.split()[:4] + _STABLE_PAIRS.split()[:3]
    slashed += ["ETH/XBT", "XDG/XBT", "SOL/USDT", "ADA/XBT", "SOL/ETH", "XBT/USDT", "XBT/USDC", "XBT/GBP", "ETH/GBP"]
    slashed += [f"{base}/{quote}" for quote in ("USD", "EUR", "USDT", "USDC", "XBT", "ETH", "GBP") for base in majors]
    slashed += [f"{base}/{quote}" for base in majors[:2] for quote in ("CAD", "JPY", "AUD", "CHF")]
    slashed += _FIAT_PAIRS.split() + _STABLE_PAIRS.split()
    for index, base in enumerate(others):
        slashed += [f"{base}/USD", f"{base}/EUR"]
        slashed += [f"{base}/{quote}" for quote in ("XBT", "USDT") if index % 9 == 4]
        slashed += [f"{base}/{quote}" for quote in ("ETH", "GBP", "USDC") if index % 25 == 7]
    unique = dict.fromkeys(slashed)
    return [(base, quote) for base, quote in (name.split("/") for name in unique) if base != quote]


def _listing(rng: random.Random, index: int, base: str, quote: str) -> Listing:
    usd = _USD_PRICES.get(base) or 10 ** random.Random(f"price {base}").uniform(-5, 2)
    price = usd / QUOTE_USD[quote] * rng.uniform(0.999, 1.001)
    is_money = base in QUOTE_USD and base not in ("XBT", "ETH")
    block = 1 if index < 12 else rng.choices((1, 2, 5, 13, 31, 97, 240), (3, 7, 15, 20, 20, 20, 15))[0]
    quoted = "ab"
    if index >= 10 and index % 14 == 13:
        block = DORMANT
        quoted = ("", "ab", "a", "ab", "ab", "b", "ab", "ab")[index // 14 % 8]
    return Listing(
        id=_id(base, quote),
        altname=base + quote,
        wsname=f"{base}/{quote}",
        base=LEGACY.get(base, base),
        quote=LEGACY.get(quote, quote),
        display=f"{DISPLAY.get(base, base)}/{DISPLAY.get(quote, quote)}",
        digits=min(10, max(1, 5 - math.floor(math.log10(price)))),
        status=_status(index),
        price=price,
        quote_usd=QUOTE_USD[quote],
        block=block,
        sigma=0.0008 if is_money else 10 ** rng.uniform(-2.3, -1.0),
        turnover_usd=4e8 / (index + 1) ** 1.2 * rng.uniform(0.5, 2),
        has_tick_size=index % 17 != 3,
        quoted=quoted,
    )


def _id(base: str, quote: str) -> str:
    """Old assets against old ones (and USDT/USD) carry prefixes; ``XBTUSDT`` and ``SOLXBT`` do not."""
    if (base in LEGACY and quote in LEGACY) or (base, quote) == ("USDT", "USD"):
        return LEGACY.get(base, base) + LEGACY[quote]
    return base + quote


def _status(index: int) -> str | None:
    if index < 10:
        return "online"
    by_place = {17: "cancel_only", 37: "maintenance", 27: "post_only", 47: "limit_only", 7: "reduce_only"}
    if index % 50 in by_place:
        return by_place[index % 50]
    return None if index % 11 == 5 else "online"

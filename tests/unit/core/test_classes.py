"""Classes of pairs, by the names of their assets."""

import json

import pytest

from tests.support.recorded import recorded
from tui_tracker.core.classes import classes_of
from tui_tracker.core.instrument import InstrumentClass


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        *((name, {"stable"}) for name in ("USDT", "USDC", "DAI", "EURC", "PYUSD", "TGBP")),
        *((name, {"fiat"}) for name in ("USD", "EUR", "GBP", "JPY")),
        *((name, {"wrapped"}) for name in ("WBTC", "TBTC", "STETH", "MSOL")),
        *((name, {"leveraged"}) for name in ("BTCUP", "XRPDOWN", "BTC3L", "1INCH3S", "ETH5L", "BULL", "ETHBEAR")),
        *((name, {"tokenised"}) for name in ("AAPLx", "BRK.Bx")),
        *((name, set()) for name in ("BTC", "JUP", "SYRUP", "UP", "SUP", "PUPS", "L3", "UST", "USUAL", "W", "x", "S")),
    ],
)
def test_the_base_decides(base: str, expected: set[str]) -> None:
    assert classes_of(base) == expected


def test_the_book_of_another_venue_is_told_by_its_symbol() -> None:
    assert classes_of("BTC", "BTC/USD:BTNL") == {InstrumentClass.SECOND_VENUE}
    assert classes_of("BTC", "BTC/USD") == frozenset()
    assert classes_of("USDT", "USDT/USD:BTNL") == {InstrumentClass.SECOND_VENUE, InstrumentClass.STABLE}


def test_all_leveraged_tokens_of_a_recorded_list_are_found_and_no_other() -> None:
    pairs = json.loads(recorded("gate/currency_pairs_20210422.json").read_bytes())
    bases = {pair["base"] for pair in pairs}
    leveraged = {base for base in bases if InstrumentClass.LEVERAGED in classes_of(base)}
    assert len(leveraged) == 156
    assert {"BTC3L", "YFII3S", "ETHBULL", "XRPBEAR"} < leveraged
    assert all(base.endswith(("3L", "3S", "5L", "5S", "BULL", "BEAR")) for base in leveraged)

"""Candles as minutes, without looking ahead."""

from tui_tracker.core.candle import Candle, CandleBatch
from tui_tracker.stats.resample import minute_samples

M = 60_000


def five(*closes: tuple[int, float], malformed: tuple[int, ...] = ()) -> CandleBatch:
    return CandleBatch(5, tuple(Candle(minute * M, close, 1.0) for minute, close in closes), malformed)


def minutes(batch: CandleBatch, start: int = 0) -> dict[int, float]:
    return {ms // M: price for ms, price in minute_samples(batch, start * M)}


def test_a_five_minute_close_belongs_to_its_last_minute() -> None:
    assert minutes(five((100, 1.0), (105, 2.0))) == {104: 1.0, 105: 1.0, 106: 1.0, 107: 1.0, 108: 1.0, 109: 2.0}


def test_minutes_before_the_start_are_left_out_but_their_close_is_held() -> None:
    assert minutes(five((100, 1.0), (105, 2.0)), 107) == {107: 1.0, 108: 1.0, 109: 2.0}


def test_a_candle_left_out_means_nothing_traded() -> None:
    batch = CandleBatch(1, (Candle(10 * M, 1.0, 1.0), Candle(13 * M, 2.0, 1.0)))
    assert minutes(batch) == {10: 1.0, 11: 1.0, 12: 1.0, 13: 2.0}


def test_an_unreadable_candle_is_a_gap() -> None:
    batch = CandleBatch(1, (Candle(10 * M, 1.0, 1.0), Candle(13 * M, 2.0, 1.0)), (11 * M,))
    assert minutes(batch) == {10: 1.0, 13: 2.0}
    assert minutes(five((100, 1.0), (110, 2.0), malformed=(105 * M,))) == {104: 1.0, 114: 2.0}


def test_nothing() -> None:
    assert minutes(five()) == {}

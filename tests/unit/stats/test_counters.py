"""Gains of counters that start anew at midnight."""

import pytest

from tui_tracker.stats.counters import minute_gain

MINUTE = 60_000
NOON = 1_764_072_000_000
MIDNIGHT = 1_764_028_800_000


@pytest.mark.parametrize(
    ("before_ms", "before", "at_ms", "now", "expected"),
    [
        (NOON - MINUTE, 10.0, NOON, 12.5, 2.5),
        (NOON - MINUTE, 10.0, NOON, 10.0, 0.0),
        (NOON - 1, 10.0, NOON + 59_999, 11.0, 1.0),
        (NOON - MINUTE, 10.0, NOON, 9.0, None),
        (NOON - 2 * MINUTE, 10.0, NOON, 12.0, None),
        (NOON, 10.0, NOON + 30_000, 12.0, None),
        (NOON + MINUTE, 10.0, NOON, 12.0, None),
        (None, None, NOON, 12.0, None),
        (NOON - MINUTE, None, NOON, 12.0, None),
        (NOON - MINUTE, 10.0, NOON, None, None),
        (MIDNIGHT - 3_000, 5_000.0, MIDNIGHT + 57_000, 3.0, 3.0),
        (MIDNIGHT - 3_000, 0.0, MIDNIGHT + 57_000, 0.0, 0.0),
        (MIDNIGHT - 63_000, 5_000.0, MIDNIGHT + 57_000, 3.0, None),
    ],
)
def test_gains(
    before_ms: int | None, before: float | None, at_ms: int, now: float | None, expected: float | None
) -> None:
    assert minute_gain(before_ms, before, at_ms, now) == expected

"""Back in time in a real terminal: a file is replayed from the start, stepped through and played."""

import time
from pathlib import Path

import pytest

from tests.e2e.app import started

pytestmark = pytest.mark.timeout(60)
MINUTE_MS = 60_000


def test_a_file_is_replayed_stepped_through_and_played(tmp_path: Path) -> None:
    end = time.time_ns() // 1_000_000 // MINUTE_MS - 3 * 1_440
    file = tmp_path / "two.csv"
    lines = ["time_ms,pair,close,volume"]
    for at in range(1_500):
        lines += [f"{(end - 1_499 + at) * MINUTE_MS},{pair},{100 + at % period},2" for pair, period in PAIRS]
    file.write_text("\n".join(lines) + "\n")
    with started(
        tmp_path, "--replay", str(file), "--quote", "USD", cols=140, rows=40, stdin=None, stderr=None, stdout=None
    ) as app:
        app.until_shown("PAST ")
        app.until_shown("‖")
        app.press("B")
        app.until_shown("go back to")
        app.press("-1m\r")
        app.until_shown("1/2")
        app.press("(")
        app.press(" ")
        app.until_shown("▶ ×60")
        app.until_shown("‖")  # the file ends
        app.press("q")
        app.assert_left_clean(0)


PAIRS = (("BTC/USD", 7), ("ETH/USD", 11))

"""What is measured of the process itself."""

import logging
from pathlib import Path

import pytest

from tui_tracker.tui.lag import MOST_BEATS, LagMeter
from tui_tracker.tui.process import log_file, memory_bytes


def test_lag_is_what_came_after_the_time_it_was_due() -> None:
    meter = LagMeter(0.25)
    assert meter.quantile_ms(0.5) is None
    for now_s in (0.0, 0.25, 0.55, 0.80, 1.0):
        meter.beat(now_s)
    assert meter.quantile_ms(1.0) == pytest.approx(50)
    assert meter.quantile_ms(0.5) == pytest.approx(0, abs=1e-9)
    for count in range(2 * MOST_BEATS):
        meter.beat(1.25 + count * 0.25)
    assert meter.quantile_ms(1.0) == pytest.approx(0, abs=1e-9)


def test_memory_is_of_now_where_the_system_says_so(tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_text("Name:\tx\nVmRSS:\t  2048 kB\n")
    assert memory_bytes(status) == (2048 * 1024, True)
    for text in ("Name:\tx\n", "VmRSS:\n"):
        status.write_text(text)
        size, is_now = memory_bytes(status)
        assert size > 1_000_000
        assert not is_now
    assert not memory_bytes(tmp_path / "none")[1]


def test_the_log_file_is_the_one_that_records_go_to(tmp_path: Path) -> None:
    handler = logging.FileHandler(tmp_path / "x.log", delay=True)
    logging.getLogger().handlers.insert(0, handler)
    try:
        assert log_file() == str(tmp_path / "x.log")
    finally:
        logging.getLogger().removeHandler(handler)

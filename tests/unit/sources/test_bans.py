"""What is remembered of bans."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tui_tracker.sources.bans import FILE_NAME, MOST_KEPT, Ban
from tui_tracker.sources.budget import LONGEST_BAN_S, RequestBudget


def ban(folder: Path, clock: FakeClock, source: str = "binance", place: str = "") -> Ban:
    return Ban(folder, source, place, clock.now_ms)


async def test_a_ban_is_known_to_whoever_asks_the_same_exchange_at_the_same_place(tmp_path: Path) -> None:
    clock = FakeClock()
    ban(tmp_path / "new", clock).note(9_000.0)
    folder = tmp_path / "new"
    assert ban(folder, clock).left_s() == 9_000
    assert not ban(folder, clock, "okx").left_s()
    assert not ban(folder, clock, place="http://127.0.0.1:1").left_s()
    ban(folder, clock).note(60.0)
    assert ban(folder, clock).left_s() == 9_000, "never shorter"
    await clock.advance(9_001)
    assert not ban(folder, clock).left_s()
    ban(folder, clock, "okx").note(100.0)
    assert list(json.loads((folder / FILE_NAME).read_text())) == ["okx"], "what is over is let go"
    assert [file.name for file in folder.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("text", ["", "nothing", "[1, 2]", '{"binance": "soon"}', '{"binance": 1e400}', "[" * 99_000])
def test_a_file_that_makes_no_sense_holds_nobody_up(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    clock = FakeClock()
    assert not ban(tmp_path, clock).left_s()
    ban(tmp_path, clock).note(100.0)
    assert ban(tmp_path, clock).left_s() == 100


def test_no_ban_is_longer_than_exchanges_make_them(tmp_path: Path) -> None:
    clock = FakeClock()
    (tmp_path / FILE_NAME).write_text(json.dumps({"binance": clock.now_ms() + 10**15}))
    assert ban(tmp_path, clock).left_s() == LONGEST_BAN_S


def test_no_more_are_kept_than_there_may_be(tmp_path: Path) -> None:
    clock = FakeClock()
    for number in range(MOST_KEPT + 5):
        ban(tmp_path, clock, f"s{number}").note(100.0 + number)
    assert len(json.loads((tmp_path / FILE_NAME).read_text())) == MOST_KEPT
    assert not ban(tmp_path, clock, "s0").left_s()


def test_a_folder_that_cannot_be_written_is_told_of_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    ban(tmp_path / "file", FakeClock()).note(100.0)
    assert "binance wants to be left alone" in caplog.text


async def test_a_budget_remembers_long_pauses_alone_and_recalls_them(tmp_path: Path) -> None:
    clock = FakeClock()
    first = RequestBudget(clock, 0.0, ban(tmp_path, clock))
    first.pause(5.0)
    first.refused(600.0)
    await asyncio.get_running_loop().shutdown_default_executor()  # it is written in a thread
    late = RequestBudget(clock, 0.0, ban(tmp_path, clock))
    assert late.next_slot_s() == pytest.approx(600, abs=1)
    ban(tmp_path, clock).note(9_000.0)
    late.recall()
    assert late.next_slot_s() == 9_000

"""What is remembered of bans."""

import json
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tui_tracker.sources.bans import FOLDER, Ban
from tui_tracker.sources.budget import LONGEST_BAN_S, RequestBudget


def ban(folder: Path, clock: FakeClock, source: str = "binance", place: str = "") -> Ban:
    return Ban(folder, source, place, clock.now_ms)


async def test_a_ban_is_known_to_whoever_asks_the_same_exchange_at_the_same_place(tmp_path: Path) -> None:
    clock, folder = FakeClock(), tmp_path / "new"
    ban(folder, clock).note(9_000.0)
    assert ban(folder, clock).left_s() == 9_000
    for other in (ban(folder, clock, "okx"), ban(folder, clock, place="http://127.0.0.1:1")):
        assert not other.left_s()
        other.note(100.0)
        assert other.left_s() == 100
    ban(folder, clock).note(60.0)
    assert ban(folder, clock).left_s() == 9_000, "never shorter"
    await clock.advance(9_001)
    assert not ban(folder, clock).left_s()
    assert len(list((folder / FOLDER).iterdir())) == 3, "nothing is left of what was written aside"


@pytest.mark.parametrize(
    "text", ["", "nothing", "[1, 2]", '{"until_ms": "soon"}', '{"until_ms": 1e400}', "[" * 9_000, '{"until_ms": null}']
)
def test_a_file_that_makes_no_sense_holds_nobody_up(tmp_path: Path, text: str) -> None:
    clock = FakeClock()
    ban(tmp_path, clock).note(5.0)
    ban(tmp_path, clock).path.write_text(text)
    assert not ban(tmp_path, clock).left_s()
    ban(tmp_path, clock).note(100.0)
    assert ban(tmp_path, clock).left_s() == 100


def test_what_was_noted_by_a_wrong_clock_holds_nobody_up(tmp_path: Path) -> None:
    clock = FakeClock()
    ban(tmp_path, clock).note(LONGEST_BAN_S)
    assert ban(tmp_path, clock).left_s() == LONGEST_BAN_S
    clock.jump_wall(-3_600)
    assert not ban(tmp_path, clock).left_s()


def test_a_name_or_place_makes_no_other_path(tmp_path: Path) -> None:
    one = ban(tmp_path, FakeClock(), "ccxt:mexc", "http://127.0.0.1:1/../../x")
    one.note(100.0)
    assert one.path.parent == tmp_path / FOLDER
    assert json.loads(one.path.read_text())["source"] == "ccxt:mexc"


def test_a_folder_that_cannot_be_written_is_told_of_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    ban(tmp_path / "file", FakeClock()).note(100.0)
    assert "binance wants to be left alone" in caplog.text


def test_a_budget_remembers_long_pauses_alone_and_recalls_them(tmp_path: Path) -> None:
    clock = FakeClock()
    first = RequestBudget(clock, 0.0, ban(tmp_path, clock))
    first.pause(5.0)
    assert not (tmp_path / FOLDER).exists()
    first.refused(600.0)
    late = RequestBudget(clock, 0.0, ban(tmp_path, clock))
    assert late.next_slot_s() == 600
    ban(tmp_path, clock).note(9_000.0)
    late.recall()
    assert late.next_slot_s() == 9_000

"""What ``--replay`` means: spans and files."""

from pathlib import Path

import pytest

from tests.cli.histories import LAST, make_history
from tests.storage.made import MINUTE_MS, SOURCE
from tui_tracker.cli.main import main
from tui_tracker.cli.replay import opened_replay
from tui_tracker.config.model import Settings
from tui_tracker.core.errors import ConfigError, NoDataError, TrackerError
from tui_tracker.storage.connection import FILE_NAME, open_for_reading
from tui_tracker.storage.reader import Reader

NOW_MS = LAST * MINUTE_MS + 90_000
SETTINGS = Settings(source=SOURCE)


@pytest.mark.parametrize(
    ("given", "first_ms", "last_ms"),
    [
        ("6h..", NOW_MS - 6 * 3_600_000, None),
        ("-2h..-1h", NOW_MS - 7_200_000, NOW_MS - 3_600_000),
        ("2026-01-14T09:00..2026-01-14T10:30", 1_768_381_200_000, 1_768_386_600_000),
    ],
)
def test_spans(tmp_path: Path, given: str, first_ms: int, last_ms: int | None) -> None:
    make_history(tmp_path, 60)
    with opened_replay(given, SETTINGS, tmp_path, NOW_MS) as spec:
        assert (spec.folder, spec.source) == (tmp_path, SOURCE)
        assert (spec.first_ms, spec.last_ms) == (first_ms, last_ms)


@pytest.mark.parametrize("given", ["soon..", "1h..2h", "nothing.csv", "..", "\x1b[31m"])
def test_what_is_neither_span_nor_file_is_one_clear_line(tmp_path: Path, given: str) -> None:
    make_history(tmp_path, 10)
    with pytest.raises(ConfigError) as caught, opened_replay(given, SETTINGS, tmp_path, NOW_MS):
        pass
    assert caught.value.message.startswith("--replay: ")
    assert "\x1b" not in caught.value.message
    assert "for example" in caught.value.hint


def test_a_span_needs_a_history(tmp_path: Path) -> None:
    with pytest.raises(NoDataError, match="no history"), opened_replay("6h..", SETTINGS, tmp_path, NOW_MS):
        pass


def test_a_file_becomes_a_history_of_its_own_that_goes_again(tmp_path: Path) -> None:
    file = tmp_path / "hour.csv"
    first = LAST - 60
    rows = (f"{(first + at) * MINUTE_MS},other:BTC-USD,{100 + at % 7},1\n" for at in range(60))
    file.write_text("time_ms,id,close,volume\n" + "".join(rows))
    with opened_replay(str(file), SETTINGS, tmp_path, NOW_MS) as spec:
        assert (spec.source, spec.first_ms, spec.last_ms) == ("other", first * MINUTE_MS, None)
        database = open_for_reading(spec.folder / FILE_NAME)
        span = Reader(database).span("other")
        database.close()
        assert span is not None
        assert span.last_ms == (first + 59) * MINUTE_MS
    assert not spec.folder.exists()
    assert not (tmp_path / FILE_NAME).exists()
    file.write_text("time_ms,id,close\n")
    with pytest.raises(TrackerError), opened_replay(str(file), SETTINGS, tmp_path, NOW_MS):
        pass


def test_plain_candles_are_played_under_the_pair_that_is_named(tmp_path: Path) -> None:
    file = tmp_path / "candles.csv"
    file.write_text(f"time_ms,open,high,low,close,volume\n{LAST * MINUTE_MS},1,2,1,2,5\n")
    with (
        pytest.raises(ConfigError) as caught,
        opened_replay(str(file), SETTINGS, tmp_path, NOW_MS),
    ):
        pass
    assert caught.value.hint.startswith("name it: --replay BTC/USD=")
    with opened_replay(f"BTC/USD={file}", SETTINGS, tmp_path, NOW_MS) as spec:
        database = open_for_reading(spec.folder / FILE_NAME)
        assert list(Reader(database).instrument_ids(spec.source)) == [f"{spec.source}:BTC-USD"]
        database.close()


def test_commands_take_no_replay(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--replay", "6h..", "sources"]) == 2
    assert "for the app alone" in capsys.readouterr().err

import logging
import os
import warnings
from pathlib import Path

import pytest

from tui_tracker.cli import logs
from tui_tracker.cli.logs import MAX_TOTAL_BYTES, prune, start_logging
from tui_tracker.core.errors import StateError


def test_records_go_to_a_file_of_this_process_made_at_the_first(tmp_path: Path) -> None:
    path = start_logging(tmp_path / "log", debug=False, now_s=lambda: 1_709_330_277.0)
    assert path.name == f"crypto-tui-20240301T215757Z-{os.getpid()}.log"
    assert not path.exists()
    logging.getLogger("x").debug("quiet")
    logging.getLogger("x").info("loud %s", "a\nb\x1b[31m")
    text = path.read_text()
    assert "quiet" not in text
    assert text.endswith("INFO x: loud a·b·[31m\n")


def test_debug_keeps_debug_records(tmp_path: Path) -> None:
    path = start_logging(tmp_path, debug=True)
    logging.getLogger("x").debug("quiet")
    assert "DEBUG x: quiet" in path.read_text()


def test_tracebacks_are_kept_and_cleaned(tmp_path: Path) -> None:
    path = start_logging(tmp_path, debug=False)
    try:
        raise RuntimeError("a\x1b[2J\nb")
    except RuntimeError:
        logging.getLogger("x").exception("failed")
    text = path.read_text()
    assert "  Traceback" in text
    assert "\x1b" not in text


def test_warnings_go_to_the_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = start_logging(tmp_path, debug=False)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("old thing", UserWarning, stacklevel=1)
    assert "old thing" in path.read_text()
    assert capsys.readouterr().err == ""


def test_a_record_that_cannot_be_written_is_lost_in_silence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = start_logging(tmp_path, debug=False)
    handler = logging.getLogger().handlers[-1]
    handler.handle(logging.LogRecord("x", logging.ERROR, "", 1, "%d", ("no number",), None))
    path.unlink(missing_ok=True)
    path.mkdir()
    handler.close()
    handler.handle(logging.LogRecord("x", logging.ERROR, "", 1, "nowhere", (), None))
    assert capsys.readouterr().err == ""


def test_a_folder_that_cannot_be_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="no log can be kept"):
        start_logging(tmp_path / "file" / "log", debug=False)
    logging.getLogger("x").error("nowhere")
    assert capsys.readouterr().err == ""


def make_files(folder: Path, count: int, size: int) -> list[Path]:
    paths = []
    for number in range(count):
        path = folder / f"crypto-tui-{number:03}.log"
        path.write_bytes(b"x" * size)
        os.utime(path, (number, number))
        paths.append(path)
    return paths


def test_the_oldest_files_go_first(tmp_path: Path) -> None:
    paths = make_files(tmp_path, 10, 100)
    other = tmp_path / "mine.txt"
    other.write_text("x")
    prune(tmp_path, 450, 60)
    assert sorted(tmp_path.glob("crypto-tui-*")) == paths[6:]
    prune(tmp_path, 450, 2)
    assert sorted(tmp_path.glob("crypto-tui-*")) == paths[8:]
    assert other.exists()


def test_all_files_together_stay_within_20_mb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_FILE_BYTES", 1_000_000)
    make_files(tmp_path, 30, 1_000_000)
    start_logging(tmp_path, debug=False)
    log = logging.getLogger("x")
    for _ in range(1_200):
        log.info("%s", "y" * 3_900)
    total = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert total <= MAX_TOTAL_BYTES
    own = [path for path in tmp_path.iterdir() if str(os.getpid()) in path.name]
    assert len(own) == 3

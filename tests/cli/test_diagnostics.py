import io
import signal
import sys

import click
import pytest

from tests.cli.scripted import Terminal
from tui_tracker.cli.diagnostics import Exit, ProgressLine, exit_code, expected_error, guarded, say
from tui_tracker.core.errors import (
    AmbiguousPairError,
    ConfigError,
    NoDataError,
    RateLimitedError,
    StateError,
    TrackerError,
    UnknownPairError,
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (UnknownPairError("x"), 2),
        (AmbiguousPairError("x", ("a", "b")), 2),
        (RateLimitedError("x"), 3),
        (NoDataError("x"), 3),
        (StateError("x"), 1),
        (TrackerError("x"), 1),
    ],
)
def test_each_expected_error_has_its_code(error: TrackerError, code: int) -> None:
    assert exit_code(error) == code


def ending(error: BaseException) -> int:
    def run() -> int:
        raise error

    return guarded(run, lambda: False)


def test_expected_errors_are_one_line_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(ConfigError("it is\nodd\x1b", "do this")) == 2
    assert capsys.readouterr().err == "crypto-tui: error: it is·odd·; do this\n"


def test_expected_errors_in_groups_count_if_nothing_else_is_in_them(capsys: pytest.CaptureFixture[str]) -> None:
    group = ExceptionGroup("x", [ExceptionGroup("y", [RateLimitedError("slow down")]), NoDataError("none")])
    assert ending(group) == 3
    assert capsys.readouterr().err == "crypto-tui: error: slow down\n"
    assert expected_error(ExceptionGroup("x", [ConfigError("a"), KeyError("b")])) is None


def test_bugs_are_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(ZeroDivisionError("division by zero")) == 1
    said = "crypto-tui: error: unexpected ZeroDivisionError: division by zero; this is a bug; --debug shows where\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (SystemExit(143), 143),
        (SystemExit(), 0),
        (SystemExit("words"), 1),
    ],
)
def test_ends_without_a_word(capsys: pytest.CaptureFixture[str], error: BaseException, code: int) -> None:
    assert ending(error) == code
    assert capsys.readouterr().err == ""


def test_clicks_own_errors_are_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(click.UsageError("odd.")) == 2
    assert ending(click.ClickException("odd.")) == 2
    said = "crypto-tui: error: odd; see crypto-tui --help\ncrypto-tui: error: odd\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, Exit.TERMINATED), (signal.SIGHUP, Exit.HANGUP)])
def test_signals_end_a_command_wherever_it_is(number: signal.Signals, code: int) -> None:
    def run() -> int:
        signal.raise_signal(number)
        return 0

    assert guarded(run, lambda: False) == code
    assert signal.getsignal(number) is signal.SIG_DFL


def test_a_signal_that_is_ignored_stays_so() -> None:
    def run() -> int:
        signal.raise_signal(signal.SIGHUP)
        return 0

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert guarded(run, lambda: False) == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


class Broken(Terminal):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_nobody_has_to_read_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    for stream in (Broken(), None):
        monkeypatch.setattr(sys, "stderr", stream)
        say("hello")
        assert ending(ConfigError("x")) == 2
        progress = ProgressLine()
        progress.show("a")
        progress.show("b")
        progress.clear()


def test_progress_says_nothing_but_to_a_terminal_that_can_move(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, dumb = io.StringIO(), Terminal()
    ProgressLine(pipe).show("a")
    monkeypatch.setenv("TERM", "dumb")
    ProgressLine(dumb).show("a")
    assert (pipe.getvalue(), dumb.getvalue()) == ("", "")


def test_progress_rewrites_its_line_when_it_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "10")
    stream = Terminal()
    progress = ProgressLine(stream)
    progress.clear()
    for text in ("one", "one", "a long long text\x1b"):
        progress.show(text)
    progress.clear()
    assert stream.getvalue() == "\rone\x1b[K\ra long l…\x1b[K\r\x1b[K"

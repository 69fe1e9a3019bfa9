"""The driver in a real pseudo-terminal: what it leaves behind, what it survives, and what it costs."""

import fcntl
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyte
import pytest

from tests.tui.driver_app import screen_text

APP = Path(__file__).with_name("driver_app.py")
ROOT = APP.parents[2]
COLUMNS, ROWS = 80, 24
PATIENCE_S = 20.0


class Session:
    """A process in a pseudo-terminal of its own, whose output is read only when asked for."""

    def __init__(self, command: list[str], *, ignore_hangup: bool = False, stdin: int | None = None) -> None:
        self.master, self.slave = pty.openpty()
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.set_blocking(self.master, False)
        self.attributes = termios.tcgetattr(self.slave)
        self.output = b""
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self._reports, report_fd = os.pipe()
        self._unread = b""
        slave = self.slave

        def own_terminal() -> None:
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            if ignore_hangup:
                signal.signal(signal.SIGHUP, signal.SIG_IGN)

        environment = {key: value for key, value in os.environ.items() if not key.startswith(("TEXTUAL", "NO_COLOR"))}
        self.process = subprocess.Popen(
            [word.replace("{report}", str(report_fd)) for word in command],
            stdin=slave if stdin is None else stdin,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=own_terminal,
            pass_fds=(report_fd,),
            env=environment
            | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "COLUMNS": "33", "LINES": "7", "PS1": "bash-$ "},
        )
        self.report_fd = report_fd
        os.close(report_fd)

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_S)
        for fd in (self.master, self.slave, self._reports):
            if fd >= 0:
                os.close(fd)

    def hang_up(self) -> None:
        os.close(self.slave)
        os.close(self.master)
        self.master = self.slave = -1

    def send(self, data: bytes) -> None:
        """Type; reads output meanwhile."""
        while data:
            self.pump(0)
            with suppress(BlockingIOError):
                data = data[os.write(self.master, data) :]
                continue
            select.select([self.master], [self.master], [], 1)

    def pump(self, seconds: float) -> int:
        """Read what comes until it is quiet for so long; returns the number of bytes."""
        before = len(self.output)
        while select.select([self.master], [], [], seconds)[0]:
            try:
                data = os.read(self.master, 65536)
            except (BlockingIOError, OSError):
                break
            self.output += data
            self.stream.feed(data)
        return len(self.output) - before

    def wait_output(self, is_there: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not is_there():
            assert time.monotonic() < deadline, "\n".join(self.screen.display)
            self.pump(0.05)

    def report(self, starts: str, *, reads: bool = True) -> str:
        """The next report that starts so; those before it are skipped. Reads output meanwhile unless told not to."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            line, found, rest = self._unread.partition(b"\n")
            if found:
                self._unread = rest
                if line.decode().startswith(starts):
                    return line.decode()
                continue
            assert time.monotonic() < deadline, f"no report {starts!r}; screen:\n" + "\n".join(self.screen.display)
            ready = select.select([self._reports, self.master] if reads else [self._reports], [], [], 1)[0]
            if self.master in ready:
                self.pump(0)
            if self._reports in ready:
                data = os.read(self._reports, 65536)
                assert data, f"ended with {self.process.wait(1)} before {starts!r}:\n" + "\n".join(self.screen.display)
                self._unread += data

    def wait(self, *, reads: bool = True, seconds: float = PATIENCE_S) -> int:
        """The exit code."""
        deadline = time.monotonic() + seconds
        while True:
            with suppress(subprocess.TimeoutExpired):
                code = self.process.wait(0.05)
                if reads:
                    self.pump(0)
                return code
            if reads:
                self.pump(0)
            assert time.monotonic() < deadline, "still running"

    def assert_clean(self) -> None:
        on = {mode for mode, is_on in modes_in(self.output).items() if is_on}
        assert on <= {"7", "25"}, on
        assert {"7", "25"} <= on
        assert termios.tcgetattr(self.slave) == self.attributes


def modes_in(output: bytes) -> dict[str, bool]:
    """The last state of each private mode that was written; ``kitty`` for the keyboard protocol."""
    text = output.decode("utf-8", "replace")
    found = {mode: state == "h" for mode, state in re.findall(r"\x1b\[\?(\d+)([hl])", text)}
    return found | {"kitty": text.count("\x1b[>") > text.count("\x1b[<u")}


@contextmanager
def running(*features: str, **options: Any) -> Iterator[Session]:
    session = Session([sys.executable, str(APP), "{report}", *features], **options)
    try:
        session.report("ready")
        yield session
    finally:
        session.close()


def test_quit_leaves_no_mode_on() -> None:
    with running() as session:
        session.send(b"q")
        assert session.wait() == 0
        assert modes_in(session.output)["1049"] is False
        session.assert_clean()


def test_modes_while_running() -> None:
    with running() as session:
        session.pump(0.2)
        modes = modes_in(session.output)
        assert all(modes[mode] for mode in ("1049", "1000", "1003", "1006", "1004", "2004", "kitty"))
        assert not modes["25"]
        assert not termios.tcgetattr(session.slave)[3] & (termios.ECHO | termios.ICANON | termios.ISIG)


def test_inherited_descriptors_stay_blocking() -> None:
    with running() as session:
        assert os.get_blocking(session.slave)


def test_answers_of_a_modern_terminal_are_used_and_undone() -> None:
    with running() as session:
        session.send(b"\x1b[?2026;2$y\x1b[?2048;2$y")
        session.wait_output(lambda: modes_in(session.output).get("2048", False))
        session.send(b"\x1b[48;30;90;600;900t")
        assert session.report("size 90") == "size 90 30"
        session.wait_output(lambda: b"\x1b[?2026h" in session.output)
        session.send(b"q")
        assert session.wait() == 0
        session.assert_clean()


def test_stepping_aside_for_another_program() -> None:
    with running() as session:
        start = len(session.output)
        session.send(b"s")
        session.report("aside")
        session.report("resumed")
        session.wait_output(lambda: session.screen.display == screen_text(0, COLUMNS, ROWS).split("\n"))
        before, _, after = session.output[start:].partition(b"somebody else")
        assert modes_in(before)["1049"] is False
        assert modes_in(after)["1049"] is True
        session.send(b"q")
        assert session.wait() == 0
        session.assert_clean()


def test_size_is_that_of_the_terminal_whatever_the_environment_says() -> None:
    with running() as session:
        fcntl.ioctl(session.master, termios.TIOCSWINSZ, struct.pack("HHHH", 31, 97, 0, 0))
        assert session.report("size") == "size 97 31"
        session.send(b"q")
        assert session.wait() == 0
    with running() as session:
        session.wait_output(lambda: session.screen.display == screen_text(0, COLUMNS, ROWS).split("\n"))


def test_crash_prints_its_traceback_on_a_clean_terminal() -> None:
    with running() as session:
        session.send(b"x")
        assert session.wait() == 1
        session.assert_clean()
        assert b"crashed as told" in session.output.rpartition(b"\x1b[?1049l")[2]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signal_ends_it_cleanly(number: int, code: int) -> None:
    with running() as session:
        session.process.send_signal(number)
        session.report("unmount")
        assert session.wait() == code
        session.assert_clean()


def test_unread_terminal_holds_up_nothing_and_gets_one_full_repaint() -> None:
    with running("churn") as session:
        session.report("tick")
        for _ in range(100):
            last = session.report("tick", reads=False)
        assert int(last.split()[1]) > 200
        while not last.endswith("True"):  # a slow machine repaints seldom
            last = session.report("tick", reads=False)
        session.process.send_signal(signal.SIGUSR1)
        frozen = session.report("frozen", reads=False).split()
        assert frozen[2] == "True"
        start = len(session.output)
        session.wait_output(lambda: session.screen.display == screen_text(int(frozen[1]), COLUMNS, ROWS).split("\n"))
        session.pump(0.3)
        late = session.output[start:]
        assert len(late) < 200_000
        assert f"{int(frozen[1]):06}:00:".encode() in late
        assert late.count(f"{int(frozen[1]):06}:00:".encode()) == 1
        session.send(b"q")
        assert session.wait() == 0
        session.assert_clean()


@pytest.mark.parametrize("key", [b"", b"q", b"x"])
def test_unread_terminal_is_handed_back_in_time(key: bytes) -> None:
    with running("churn") as session:
        for _ in range(40):
            session.report("tick", reads=False)
        began = time.monotonic()
        if key:
            os.write(session.master, key)
        else:
            session.process.send_signal(signal.SIGTERM)
        session.report("unmount", reads=False)
        if key != b"x":
            code = session.wait(reads=False, seconds=10)
            assert time.monotonic() - began < 2
            assert code == (0 if key else 143)
        session.pump(0.3)
        session.assert_clean()
        assert session.output.rpartition(b"\x18")[2].startswith(b"\x1b[?2026l")


@pytest.mark.parametrize("ignore_hangup", [False, True])
@pytest.mark.parametrize("feature", ["churn", "quiet"])
def test_vanished_terminal_ends_it(feature: str, ignore_hangup: bool) -> None:
    with running(feature, ignore_hangup=ignore_hangup) as session:
        session.hang_up()
        assert session.process.wait(10) == 129


def test_end_of_input_ends_it() -> None:
    ours, theirs = os.pipe()
    with running(stdin=ours) as session:
        os.close(ours)
        os.write(theirs, b"j")
        session.report("key j")
        os.close(theirs)
        assert session.wait() == 129
        session.assert_clean()


def test_input_that_is_no_terminal_at_all_ends_it() -> None:
    with Path(os.devnull).open("rb") as nothing:
        session = Session([sys.executable, str(APP), "{report}"], stdin=nothing.fileno())
        try:
            assert session.wait() == 129
        finally:
            session.close()


def test_keys_lone_escape_and_split_sequences() -> None:
    with running() as session:
        session.send(b"\x1b")
        assert session.report("key") == "key escape"
        session.send(b"\x1b[")
        session.send(b"A")
        assert session.report("key") == "key up"
        session.send("é".encode()[:1])
        session.send("é".encode()[1:])
        assert session.report("key") == "key é"


def test_malformed_input_is_survived() -> None:
    with running() as session:
        session.send(b"\x1b[99999999999;1u\xff\xfe\x80\x1b[48;60000;60000;1;1tj")
        assert session.report("key j") == "key j"
        session.send(b"\x1b[200~a\x1b[48;60000;60000;1;1tb\x1b[201~k")
        assert session.report("paste").startswith("paste ")
        assert session.report("key k") == "key k"


def test_long_paste_arrives_whole() -> None:
    text = "".join(chr(ord("a") + i % 26) for i in range(100_000))
    with running() as session:
        session.send(b"\x1b[200~" + text.encode() + b"\x1b[201~")
        assert session.report("paste") == f"paste {len(text)} {sum(map(ord, text))}"


def test_flood_of_keys_arrives_in_order() -> None:
    keys = b"0123456789" * 500
    with running() as session:
        session.send(keys)
        for key in keys:
            assert session.report("key") == f"key {chr(key)}"


@contextmanager
def stopped_in_a_shell() -> Iterator[Session]:
    """The app in an interactive shell, after ctrl+z and the shell's word that it is stopped."""
    shell = shutil.which("bash")
    if shell is None:
        pytest.skip("needs a shell with job control")
    script = f"{sys.executable} {APP} {{report}}; echo code=$?"
    session = Session([shell, "--norc", "--noprofile", "-i"])
    try:
        session.send(script.replace("{report}", str(session.report_fd)).encode() + b"\r")
        session.report("ready")
        session.send(b"\x1a")
        session.wait_output(lambda: b"Stopped" in session.output)
        yield session
    finally:
        session.close()


@pytest.mark.parametrize("background_first", [False, True])
def test_stop_and_continue_under_a_shell(background_first: bool) -> None:
    with stopped_in_a_shell() as session:
        modes = modes_in(session.output.partition(b"Stopped")[0])
        assert not any(modes[mode] for mode in ("1049", "1000", "1003", "2004", "1004", "kitty"))
        if background_first:
            session.send(b"bg\r")
            while session.output.count(b"Stopped") < 2:
                session.send(b"jobs\r")
                session.pump(0.05)
        start = len(session.output)
        session.send(b"fg\r")
        session.report("resumed")
        session.wait_output(lambda: session.screen.display == screen_text(0, COLUMNS, ROWS).split("\n"))
        assert session.output[start:].count(b"000000:00:") == 1
        modes = modes_in(session.output)
        assert all(modes[mode] for mode in ("1049", "1000", "1003", "1006", "1004", "2004", "kitty"))
        session.send(b"q")
        session.report("unmount")
        session.wait_output(lambda: b"bash-" in session.output.rpartition(b"\x1b[?1049l")[2])
        session.send(b"echo code=$?\r")
        session.wait_output(lambda: b"code=0" in session.output)


def test_job_that_is_killed_while_stopped_ends_at_once() -> None:
    with stopped_in_a_shell() as session:
        start = len(session.output)
        session.send(b"kill %1\r")
        session.report("unmount")
        # 148: the shell doesn't know yet that the job was continued
        session.send(b"code=148; while [ $code = 148 ]; do wait %1 2>&-; code=$?; done; echo code=$code\r")
        session.wait_output(lambda: b"code=143" in session.output)
        assert b"\x1b[?1049h" not in session.output[start:]


def test_continue_after_a_stop_that_it_did_not_see() -> None:
    with running() as session:
        session.pump(0.2)
        session.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, session.process.pid, os.WSTOPPED)
        termios.tcsetattr(session.slave, termios.TCSANOW, session.attributes)
        start = len(session.output)
        session.process.send_signal(signal.SIGCONT)
        session.wait_output(lambda: b"000000:00:" in session.output[start:])
        assert not termios.tcgetattr(session.slave)[3] & termios.ICANON
        session.send(b"q")
        assert session.wait() == 0
        session.assert_clean()


def test_idle_costs_nothing() -> None:
    def switches() -> int:
        status = Path(f"/proc/{session.process.pid}/status").read_text()
        return int(re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.M)[0])

    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc")
    with running() as session:
        session.pump(0.5)
        before = switches()
        assert session.pump(2) == 0
        assert switches() - before <= 2
        assert len(list(Path(f"/proc/{session.process.pid}/task").iterdir())) == 1

"""The terminal harness sees what a person would see."""

import signal
import sys
from pathlib import Path

import pytest

from tests.support.pty_screen import PtyScreen
from tests.support.pty_session import PtySession
from tests.support.terminal_modes import left_on

ECHO = """
import sys, termios, tty, os, signal, shutil
signal.signal(signal.SIGWINCH, lambda *_: os.write(1, b"size %d %d\\n" % shutil.get_terminal_size()))
before = termios.tcgetattr(0)
tty.setcbreak(0)
print("\\x1b[?1049h\\x1b[?1003h\\x1b[>1u\\x1b[?2026$pready", os.ttyname(0), flush=True)
while (key := os.read(0, 1)) != b"q":
    print("got", key, flush=True)
termios.tcsetattr(0, termios.TCSADRAIN, before)
print("\\x1b[<u\\x1b[?1003l\\x1b[?1049lbye", flush=True)
sys.exit(3)
"""


def python(script: str) -> list[str]:
    return [sys.executable, "-I", "-c", script]


def test_keys_screen_size_modes_and_exit_status() -> None:
    with PtySession(python(ECHO), rows=10, cols=40) as session:
        session.wait_for("ready")
        assert session.screen.is_alternate
        assert session.left_on == {"alternate screen (1049)", "mouse moves (1003)", "kitty keyboard"}
        assert not session.attributes().echo
        session.send("j")
        session.wait_for("got b'j'")
        session.resize(12, 50)
        session.wait_for("size 50 12")
        session.send("q")
        assert session.wait_exit() == 3
        assert session.text.strip() == "bye"
        assert session.left_on == set()
        assert session.attributes() == session.attributes_before


def test_failure_shows_the_screen() -> None:
    with PtySession(python("print('what there is', flush=True); input()"), rows=5, cols=40) as session:
        session.wait_for("there is")
        with pytest.raises(AssertionError, match=r"'missing' did not come in 0\.5 s(?s:.*)what there is"):
            session.wait_for("missing", timeout=0.5)


def test_dropped_line_hangs_up() -> None:
    with PtySession(python("print('here', flush=True); input()")) as session:
        session.wait_for("here")
        session.close_master()
        assert session.wait_exit() == -signal.SIGHUP


def test_signals_arrive() -> None:
    with PtySession(python("print('here', flush=True); input()")) as session:
        session.wait_for("here")
        session.signal(signal.SIGTERM)
        assert session.wait_exit() == -signal.SIGTERM


def test_unread_output_blocks_the_writer() -> None:
    script = "import sys\nfor n in range(4000): print(n, 'x' * 60, flush=True)\nprint('END', flush=True)"
    with PtySession(python(script), read=False) as session:
        session.pump(0.3)
        assert session.bytes_read == 0
        session.resume()
        session.wait_for("END")
        assert session.wait_exit() == 0


def test_files_in_place_of_the_terminal(tmp_path: Path) -> None:
    script = "import sys; print('out'); print(sys.stdin.isatty(), sys.stderr.isatty(), file=open('/dev/tty', 'w'))"
    out = tmp_path / "it's out"
    with PtySession(python(script), stdin=Path("/dev/null"), stdout=out) as session:
        assert session.wait_exit() == 0
        assert "False True" in session.text
    assert out.read_text() == "out\n"


def test_split_and_foreign_sequences_do_not_spoil_the_picture() -> None:
    screen = PtyScreen(3, 20)
    output = "a\x1b[?2026$p\x1b[>1u\x1b[4:3mb\x1b]0;title\x07\x1bP+q\x1b\\é\x1b[38;2;1;2;3mc\x1b[<u\x1b[>4;1md".encode()
    for index in range(len(output)):
        screen.feed(output[index : index + 1])
    assert screen.lines[0].rstrip() == "abécd"
    assert screen.modes.left_on() == {"modifyOtherKeys"}


def test_modes_left_on() -> None:
    assert left_on(b"\x1b[?1000;1006h\x1b[?25l\x1b[?1000l") == {"mouse SGR (1006)", "hidden cursor (25)"}
    assert left_on(b"\x1b[?1006h\x1b[?25l\x1b[?25h\x1b[?1006l\x1b[>1u\x1b[>1u\x1b[<2u") == set()

"""The writer and the terminal behind the driver, without a process around them."""

import asyncio
import fcntl
import os
import pty
import termios
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_tracker.tui.terminal import FALLBACK_SIZE, Terminal, terminal_size, write_within
from tui_tracker.tui.terminal_writer import TerminalWriter

PIPE_BYTES = 4096
LIMIT = 10_000


class Line:
    """A pipe of one page with a writer at its end, and what was called back."""

    def __init__(self) -> None:
        self.read_fd, self.write_fd = os.pipe()
        os.set_blocking(self.read_fd, False)
        os.set_blocking(self.write_fd, False)
        fcntl.fcntl(self.write_fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self.repaints = 0
        self.gone = 0
        self.output = b""
        self.writer = TerminalWriter(
            self.write_fd,
            asyncio.get_running_loop(),
            on_caught_up=self.count_repaint,
            on_gone=self.count_gone,
            limit=LIMIT,
        )

    def count_repaint(self) -> None:
        self.repaints += 1

    def count_gone(self) -> None:
        self.gone += 1

    def is_behind(self) -> bool:
        return self.writer.is_behind

    def frame(self, text: str) -> None:
        self.writer.add(text)
        self.writer.flush()

    async def read(self, size: int) -> bytes:
        try:
            data = os.read(self.read_fd, size)
        except BlockingIOError:
            data = b""
        self.output += data
        for _ in range(3):
            await asyncio.sleep(0)
        return data

    async def read_all(self) -> None:
        while await self.read(65536) or self.writer.waiting_bytes:
            pass

    def close(self) -> None:
        self.writer.close()
        os.close(self.write_fd)
        if self.read_fd >= 0:
            os.close(self.read_fd)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    line = Line()
    yield line
    line.close()


async def test_pieces_until_the_flush_are_one_write(line: Line) -> None:
    for piece in ("<", "frame", ">"):
        line.writer.add(piece)
    assert await line.read(100) == b""
    line.writer.add("!")
    line.writer.flush()
    assert await line.read(100) == b"<frame>!"


async def test_what_is_not_flushed_leaves_with_the_loops_step(line: Line) -> None:
    line.writer.add("\a")
    await asyncio.sleep(0)
    assert await line.read(100) == b"\a"


async def test_unencodable_characters_do_no_harm(line: Line) -> None:
    line.frame("a\ud800b")
    assert await line.read(100) == b"a?b"


async def test_a_frame_larger_than_the_limit_is_written_when_nothing_waits(line: Line) -> None:
    line.frame("x" * 5 * LIMIT)
    await line.read_all()
    assert len(line.output) == 5 * LIMIT
    assert line.repaints == 0


async def test_unread_it_stays_bounded_keeps_modes_and_asks_for_one_repaint(line: Line) -> None:
    for number in range(1000):
        line.frame(f"<{number}{'.' * 1000}>")
    line.writer.put_modes("[mode]")
    line.frame("<late>")
    assert line.is_behind()
    assert line.writer.waiting_bytes < LIMIT
    await line.read_all()
    assert line.repaints == 1
    assert not line.is_behind()
    assert line.output.endswith(b">[mode]")
    assert b"<late>" not in line.output
    line.frame("<whole>")
    await line.read_all()
    assert line.output.endswith(b"<whole>")
    assert line.repaints == 1


async def test_nobody_at_the_other_end_is_told_once(line: Line) -> None:
    os.close(line.read_fd)
    line.read_fd = -1
    line.frame("a")
    line.frame("b")
    line.writer.put_modes("c")
    assert line.gone == 1


async def test_closing_tells_whether_something_is_half_written(line: Line) -> None:
    line.frame("whole")
    assert line.writer.close() is False
    line.frame("ignored")
    assert await line.read(100) == b"whole"


async def test_closing_in_the_middle_of_a_frame(line: Line) -> None:
    line.frame("x" * 2 * PIPE_BYTES)
    assert line.writer.close() is True
    assert line.writer.waiting_bytes == 0


@settings(max_examples=60)
@given(steps=st.lists(st.integers(-6000, 6000).filter(bool), max_size=60))
def test_frames_are_whole_in_order_and_made_up_for(steps: list[int]) -> None:
    """Positive: a frame of about so many bytes; negative: so many bytes are read."""

    async def play() -> None:
        line = Line()
        try:
            for number, step in enumerate(steps):
                if step > 0:
                    line.frame(f"<{number}:{'.' * step}>")
                else:
                    await line.read(-step)
                assert line.writer.waiting_bytes <= LIMIT
            was_behind = line.writer.is_behind
            repaints = line.repaints
            await line.read_all()
            assert line.repaints == repaints + was_behind
            frames = line.output.decode().split("<")
            assert frames[0] == ""
            assert all(frame.endswith(">") for frame in frames[1:])
            numbers = [int(frame.partition(":")[0]) for frame in frames[1:]]
            assert numbers == sorted(set(numbers))
            if not line.repaints:
                assert numbers == [number for number, step in enumerate(steps) if step > 0]
        finally:
            line.close()

    asyncio.run(play())


def test_terminal_is_opened_on_a_description_of_its_own() -> None:
    master, slave = pty.openpty()
    terminal = Terminal.open(slave, slave)
    assert terminal.output == terminal.input
    assert not os.get_blocking(terminal.output)
    assert os.get_blocking(slave)
    terminal.close()
    os.close(master)
    os.close(slave)


def test_output_that_is_no_terminal_is_shared_and_given_back_blocking() -> None:
    read_fd, write_fd = os.pipe()
    terminal = Terminal.open(write_fd, read_fd)
    assert terminal.size() == FALLBACK_SIZE
    assert not os.get_blocking(write_fd)
    assert not write_within(terminal.output, b"x" * 1_000_000, 0.05)
    terminal.hand_back(b"off", is_cut=False, swallow=True)
    terminal.close()
    assert os.get_blocking(write_fd)
    os.close(read_fd)
    os.close(write_fd)


def test_size_of_a_terminal_that_does_not_tell() -> None:
    master, slave = pty.openpty()
    assert terminal_size(slave) == FALLBACK_SIZE
    termios.tcsetwinsize(slave, (5, 0))
    assert terminal_size(slave) == (80, 5)
    os.close(master)
    os.close(slave)

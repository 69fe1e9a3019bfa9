"""What a terminal says about its background is taken out of the input, whole, in pieces or late."""

import asyncio
import os

import pytest
from textual.events import Key
from textual.message import Message

from tui_tracker.tui.terminal_reader import TerminalReader

ANSWER = "\x1b]11;rgb:ffff/ffff/ffff"


@pytest.mark.parametrize(
    "pieces",
    [
        ["a" + ANSWER + "\x07b"],
        ["a" + ANSWER + "\x1b\\b"],
        ["a", ANSWER + "\x07", "b"],
        ["a" + ANSWER[:9], ANSWER[9:] + "\x07b"],
        ["a\x1b]", ANSWER[2:], "\x07b"],
    ],
)
async def test_it_is_no_key(pieces: list[str]) -> None:
    keys: list[str] = []
    is_over = asyncio.Event()

    def take(message: Message) -> None:
        if isinstance(message, Key):
            keys.append(message.key)
            if message.key == "b":
                is_over.set()

    answers: list[str] = []
    source, sink = os.pipe()
    os.set_blocking(source, False)
    reader = TerminalReader(
        source,
        asyncio.get_running_loop(),
        on_message=take,
        on_background=answers.append,
        on_end=lambda: None,
        is_crowded=lambda: False,
    )
    reader.open()
    try:
        for piece in pieces:
            os.write(sink, piece.encode())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await is_over.wait()
    finally:
        reader.close()
        os.close(source)
        os.close(sink)
    assert keys == ["a", "b"]
    assert answers == ["rgb:ffff/ffff/ffff"]

"""Frames written in fewer bytes look the same on an independent terminal."""

import pyte
from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.tui.sgr import shortened

COLUMNS, LINES = 20, 5
CODES = "0 1 2 3 4 7 9 22 23 24 27 29 31 39 44 49 91 103 38;2;1;2;3 38;2;9;9;9 48;2;16;20;23 48;5;17 38;5;200"
codes = st.sampled_from(["", *CODES.split()])
sgr = st.lists(codes, min_size=1, max_size=4).map(lambda parts: f"\x1b[{';'.join(parts)}m")
move = st.tuples(st.integers(1, LINES), st.integers(1, COLUMNS)).map(lambda place: f"\x1b[{place[0]};{place[1]}H")
text = st.text("ab ─█", min_size=1, max_size=6)
other = st.sampled_from(["\x1b[K", "\x1b[2J", "\x1b[?25l", "\r"])
frames = st.lists(st.one_of(sgr, sgr, move, text, text, other), max_size=30).map("".join)


def shown(*frames: str) -> list[list[object]]:
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.Stream(screen)
    for frame in frames:
        stream.feed(frame)
    return [[screen.buffer[y][x] for x in range(COLUMNS)] for y in range(LINES)]


@given(st.lists(frames, max_size=4))
def test_the_picture_is_the_same(given_frames: list[str]) -> None:
    rested = [f"{frame}\x1b[0m" for frame in given_frames]
    assert shown(*map(shortened, rested)) == shown(*rested)


@given(frames)
def test_it_is_never_longer_but_for_the_last_reset(frame: str) -> None:
    assert len(shortened(f"{frame}\x1b[0m")) <= len(frame) + 4 + 3


def test_what_textual_writes_shrinks() -> None:
    style = "\x1b[38;2;152;161;170;48;2;16;20;23m"
    frame = f"\x1b[1;1H{style}a\x1b[0m{style}b\x1b[0m\r\n\x1b[2;1H{style}c\x1b[0m"
    assert shortened(frame) == f"\x1b[1;1H{style}ab\r\n\x1b[2;1Hc\x1b[0m"
    bold = "\x1b[1;38;2;152;161;170;48;2;16;20;23m"
    assert shortened(f"{style}a\x1b[0m{bold}b\x1b[0m") == f"{style}a\x1b[1mb\x1b[0m"


def test_what_is_not_understood_stays_as_it_is() -> None:
    for frame in ("\x1b[38;9;1ma\x1b[0m", "\x1b7\x1b[1m\x1b8a", "\x1b[77ma", "\x1b[38ma", "\x1b[38;2;1ma"):
        assert shortened(frame) == frame

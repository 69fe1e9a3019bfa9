"""Frames written in fewer bytes look the same on an independent terminal."""

import re

import pyte
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui_tracker.tui.shown import ShownScreen

COLUMNS, LINES = 20, 5
CODES = "0 1 2 3 4 7 9 22 23 24 27 29 31 39 44 49 91 103 38;2;1;2;3 38;2;9;9;9 48;2;16;20;23 48;5;17 38;5;200"
codes = st.sampled_from(["", *CODES.split()])
sgr = st.lists(codes, min_size=1, max_size=4).map(lambda parts: f"\x1b[{';'.join(parts)}m")
text = st.text("ab  ─█", min_size=1, max_size=6)
wide = st.sampled_from(["字", "a字b", "e\u0301"])
mode = st.sampled_from(["\x1b[?25l", "\x1b]22;default\x07"])
piece = st.one_of(sgr, sgr, text, text, text, mode)
line = st.tuples(st.integers(1, LINES), st.integers(1, COLUMNS - 12), st.lists(piece, max_size=5)).map(
    lambda parts: f"\x1b[{parts[0]};{parts[1]}H{''.join(parts[2])[:200]}"
)
CONTROLS = re.compile(r"\x1b\[[^A-Za-z]*[A-Za-z]|\x1b\][^\x07]*\x07")
AT_REST = "\x1b[0m\x1b[1;1H"
frames = st.lists(line, max_size=8).map(lambda lines: "\n".join(lines) + AT_REST)


def shown(*frames: str) -> list[list[object]]:
    """Cells of a terminal after some frames; of a space only what can be seen."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.Stream(screen)
    for frame in frames:
        stream.feed(frame.replace("\n", ""))
    return [[seen(screen.buffer[y][x]) for x in range(COLUMNS)] for y in range(LINES)]


def seen(cell: "pyte.screens.Char") -> object:
    if cell.data != " " or cell.underscore or cell.reverse or cell.strikethrough:
        return cell
    return cell.bg


def fits(frame: str) -> bool:
    """Whether no line goes beyond the last column, where a terminal would wrap it, and scroll; the app's never do."""
    return all(
        int(part[2:].partition("H")[0].partition(";")[2]) - 1 + len(CONTROLS.sub("", part)) <= COLUMNS
        for part in frame.split("\n")
        if part != AT_REST
    )


def differences(*frames: str) -> list[str]:
    screen = ShownScreen()
    return [screen.difference(frame) for frame in frames]


@given(st.lists(frames, max_size=5))
@example(["\x1b[1;1H\x1b[4ma\x1b[1m \x1b[0m\x1b[1;1H"]).via("the line under a bold space is bold")
def test_the_picture_is_the_same(given_frames: list[str]) -> None:
    fitting = [frame for frame in given_frames if fits(frame)]
    assert shown(*differences(*fitting)) == shown(*fitting)


@given(st.lists(frames, max_size=3), st.lists(st.tuples(st.integers(0, LINES - 1), st.integers(0, 12), wide)), frames)
def test_wide_text_is_the_same_too(before: list[str], words: list[tuple[int, int, str]], following: str) -> None:
    frame = "".join(f"\x1b[{y + 1};{x + 1}H{word}" for y, x, word in words) + "\x1b[1;1H"
    given_frames = [*before, frame, following, frame]
    assert shown(*differences(*given_frames)) == shown(*given_frames)


@given(st.lists(line, max_size=8, unique_by=lambda line: line[:4]).map(lambda lines: "\n".join(lines) + AT_REST))
def test_a_frame_that_changes_nothing_costs_nothing(frame: str) -> None:
    first, second = differences(frame, frame)
    kept = "".join(part for part in ("\x1b[?25l", "\x1b]22;default\x07") for _ in range(frame.count(part)))
    assert len(first) <= len(frame) + 12
    assert sorted(second) == sorted(kept)


def test_only_what_differs_is_written() -> None:
    grey = "\x1b[38;2;152;161;170;48;2;16;20;23m"
    frame = f"\x1b[1;1H{grey}last 100.25 cv\x1b[0m\n\x1b[2;1H{grey}rank\x1b[0m\x1b[1;1H"
    screen = ShownScreen()
    assert screen.difference(frame) == f"\x1b[1H{grey}last 100.25 cv\x1b[2Hrank\x1b[1;1H\x1b[0m"
    assert screen.difference(frame.replace("100.25", "100.37")) == f"\x1b[9C{grey}37\x1b[1;1H\x1b[0m"
    assert screen.difference(frame.replace("100.25", "100.37")) == ""
    screen.forget()
    assert "last 100.25 cv" in screen.difference(frame)


def test_a_space_needs_no_colour_of_its_own() -> None:
    screen = ShownScreen()
    assert screen.difference("\x1b[1;1H\x1b[31ma\x1b[32m  b\x1b[0m\x1b[1;1H") == (
        "\x1b[1H\x1b[31ma  \x1b[32mb\x1b[1;1H\x1b[0m"
    )
    assert screen.difference("\x1b[1;1H\x1b[31ma \x1b[33m \x1b[32mb\x1b[0m\x1b[1;1H") == ""


def test_synchronized_frames_stay_so_and_empty_ones_vanish() -> None:
    screen = ShownScreen()
    assert screen.difference("\x1b[?2026h\x1b[1;1Ha\x1b[1;1H\x1b[?2026l") == "\x1b[?2026h\x1b[1Ha\x1b[1;1H\x1b[?2026l"
    assert screen.difference("\x1b[?2026h\x1b[1;1Ha\x1b[1;1H\x1b[?2026l") == ""


@pytest.mark.parametrize(
    "frame",
    [
        "\x1b[38;9;1ma\x1b[0m",
        "\x1b[1;1H\x1b7\x1b[1m\x1b8a",
        "\x1b[77ma",
        "\x1b[1;1H\x1b[2J",
        "\x1b[1;1H\x1b[Ka",
        "a place is unknown\x1b[0m",
        "\x1b[1;1Ha\nb\x1b[0m",
        "\x1b[99999;1Ha\x1b[0m",
        "\x1b[6;1Ha\x1b[1;1H",
        "\x1b[1;18Habcd\x1b[1;1H",
        "\x1b[1;1Hno rest",
    ],
)
def test_what_is_not_understood_stays_as_it_is(frame: str) -> None:
    screen = ShownScreen()
    screen.resize(COLUMNS, LINES)
    before = "\x1b[1;1Hab\x1b[1;1H"
    screen.difference(before)
    if not frame.startswith("a place"):
        assert screen.difference(frame) == frame
        assert "ab" in screen.difference(before), "the screen is unknown now"
    screen.forget()
    assert screen.difference(frame) == frame

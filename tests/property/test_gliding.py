"""A window that glides either way, against one that is made anew at each minute."""

from array import array
from math import nan
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.core.series import MINUTE_MS
from tui_tracker.stats.gliding import Glide, Reach
from tui_tracker.stats.window import Window

FIRST = 29_000_000


def made(minutes: int, seed: int, kind: str) -> Reach:
    """Samples of a kind of pair, with gaps."""
    random = Random(seed)
    value, values, origins, is_gap = 100.0, array("d"), bytearray(), False
    for _ in range(minutes):
        is_gap = random.random() < (0.5 if is_gap else 0.02)
        if kind == "moving":
            value = round(value * (1 + random.gauss(0, 0.01)), random.choice((2, 9)))
        elif random.random() < 0.03:
            value = random.choice((0.0, -1.25, 1e-7, 100.0, 100.5)) if kind == "odd" else random.choice((99.5, 100.0))
        values.append(nan if is_gap else value)
        origins.append(0 if is_gap else random.randrange(1, 5))
    return Reach(FIRST + seed % 5, values, bytes(origins))


def expected(reach: Reach, end: int, length: int) -> tuple[object, ...]:
    start = end - length + 1
    values, origins = array("d", [nan]) * length, bytearray(length)
    for minute in range(max(start, reach.first), min(end + 1, reach.end)):
        values[minute - start] = reach.values[minute - reach.first]
        origins[minute - start] = reach.origins[minute - reach.first]
    return told(Window.restore(end * MINUTE_MS, values, bytes(origins), length))


def told(window: Window | Glide) -> tuple[object, ...]:
    end_ms = window.end_ms
    assert end_ms is not None
    near = [window.sample(end_ms + offset * MINUTE_MS) for offset in (-window.length, 1 - window.length, -1, 0, 1)]
    said = window.values().tobytes(), window.origins(), window.provenance_counts(), window.extrema(), window.last()
    return (*said, window.figures(), repr(near))


@given(st.integers(0, 10**6), st.sampled_from(("moving", "flat", "odd")), st.sampled_from((1, 7, 60, 150)), st.data())
def test_every_figure_equals_that_of_a_window_made_there(
    seed: int, kind: str, length: int, data: st.DataObject
) -> None:
    whole = made(400, seed, kind)
    reach = whole.cut(whole.first + 60, whole.first + 300)
    glide = Glide(reach, reach.first + 120, length)
    steps = st.lists(st.sampled_from((1, 1, 1, -1, -1, 3, -4, 30, -25, 130, -140, 0)), max_size=60)
    for step in data.draw(steps):
        if step:
            glide.end += step
        else:
            reach = glide.reach = whole if len(glide.reach.values) < 400 else reach
        if data.draw(st.booleans()):
            assert told(glide) == expected(glide.reach, glide.end, length)
    assert told(glide) == expected(glide.reach, glide.end, length)


def test_reaches_join_and_are_cut() -> None:
    whole = made(100, 5, "moving")
    early, late = whole.cut(whole.first, whole.first + 30), whole.cut(whole.first + 40, whole.end)
    joined = late.joined(early)
    assert (joined.first, joined.end) == (whole.first, whole.end)
    assert joined.origins == whole.origins[:30] + bytes(10) + whole.origins[40:]
    assert joined.cut(whole.first + 40, whole.end).values.tobytes() == late.values.tobytes()
    assert not whole.cut(whole.end + 5, whole.end + 9).values

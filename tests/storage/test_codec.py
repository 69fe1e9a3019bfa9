"""Every accepted double comes back bit for bit, whatever it is and whatever came before."""

import math
import struct
from array import array
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.storage.made import FIRST, made_fill, made_latest, made_minute
from tui_tracker.core.candle import Provenance
from tui_tracker.core.metric import Metric
from tui_tracker.storage import decimals, lanes
from tui_tracker.storage.codec import DamagedError, MinuteCodec, decode_hour, encode_hour
from tui_tracker.storage.fills import decode_fill, decode_traded, encode_fill
from tui_tracker.storage.groups import FIELDS, GROUPS, Frame, usual_hints
from tui_tracker.storage.latest import decode_latest, encode_latest
from tui_tracker.storage.model import FILLED, Fill, Latest

numbers = st.one_of(
    st.floats(1e-60, 1e60),
    st.floats(-1e60, -1e-60),
    st.integers(0, 10**9).map(lambda ticks: ticks / 100),
    st.integers(0, 10**17).map(lambda ticks: ticks / 10**8),
    st.integers(0, 10**6).map(float),
    st.sampled_from([0.0, 1e-60, 1e60, 0.1 + 0.2, 2.0**53, 2.0**53 + 2, 1e22, 1e15 / 3, 5e-324 * 2**900]),
)
samples = st.tuples(numbers, st.sampled_from(Provenance)) | st.none()


@st.composite
def hours(draw: st.DrawFn) -> tuple[int, int, list[list[tuple[float, int] | None]]]:
    """(instruments, minutes, for each field and cell a sample)."""
    count, minutes = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    palette = draw(st.lists(samples, min_size=1, max_size=12))
    random = Random(draw(st.integers(0, 2**32)))
    return count, minutes, [random.choices(palette, k=count * minutes) for _ in range(FIELDS)]


def arrays(fields: list[list[tuple[float, int] | None]]) -> tuple[list["array[float]"], list[bytes]]:
    values = [array("d", [math.nan if cell is None else cell[0] for cell in field]) for field in fields]
    return values, [bytes([0 if cell is None else int(cell[1]) for cell in field]) for field in fields]


@given(hours(), st.integers(0, 8), st.sampled_from([0, 1, 1_438, 1_439]))
@settings(max_examples=150)
def test_minutes_in_a_row_come_back(
    made: tuple[int, int, list[list[tuple[float, int] | None]]], digits: int, start: int
) -> None:
    count, minutes, fields = made
    hints = usual_hints([digits] * count)
    encoder, decoder = MinuteCodec(hints), MinuteCodec(hints)
    for minute in range(minutes):
        values, origins = arrays([field[minute * count : (minute + 1) * count] for field in fields])
        block = encoder.encode(start + minute, values, origins)
        found, sources = decoder.decode(start + minute, block)
        assert list(sources) == origins
        assert [found[field].tobytes() for field in range(FIELDS)] == [each.tobytes() for each in values]


@given(hours(), st.integers(0, 8), st.sampled_from([0, 60, 1_380]))
@settings(max_examples=150)
def test_hours_come_back(made: tuple[int, int, list[list[tuple[float, int] | None]]], digits: int, start: int) -> None:
    count, minutes, fields = made
    values, origins = arrays(fields)
    frame = Frame(values, origins, usual_hints([digits] * count * minutes), ())
    for group, known in enumerate(GROUPS):
        block = encode_hour(group, start, minutes, frame)
        found = decode_hour(group, start, minutes, count, block)
        assert [sources for _, sources in found] == [origins[field] for field in known.fields]
        assert [each.tobytes() for each, _ in found] == [values[field].tobytes() for field in known.fields]


def test_what_an_exchange_says_is_told_from_other_metrics() -> None:
    """No double of a realistic minute has to be kept whole, but the few that are no multiple of anything."""
    minute = made_minute(FIRST + 7, 200)
    frame = Frame(
        minute.arrays(),
        minute.origins(),
        usual_hints([at % 6 for at in range(200)]),
        made_minute(FIRST + 6, 200).arrays()[-2:],
    )
    wholes = {number: sum(len(track.wholes) for track in group.encode(frame)) for number, group in enumerate(GROUPS)}
    assert wholes[1] == wholes[2] == wholes[3] == 0
    assert wholes[0] < 20
    assert wholes[4] < 20


@given(st.lists(st.integers(-(2**62), 2**62 - 1), min_size=1, max_size=50))
def test_integers_come_back(found: list[int]) -> None:
    width, packed = lanes.pack(found)
    assert (lanes.unpack(width, packed).tolist() if width else [0] * len(found)) == found


@given(st.lists(st.integers(-130, 130), min_size=1, max_size=50))
def test_small_integers_take_few_bytes(found: list[int]) -> None:
    width, _ = lanes.pack(found)
    assert width == (0 if not any(found) else 1 if all(-128 <= each <= 127 for each in found) else 2)


@given(numbers)
def test_a_decimal_is_found_where_there_is_one(value: float) -> None:
    found = decimals.exact_decimal(value)
    if found is not None:
        ticks, how = found
        assert struct.pack("<d", ticks / 10.0 ** (how - 1)) == struct.pack("<d", value)


@pytest.mark.parametrize(
    ("value", "expected"), [(84_120.5, (841_205, 2)), (5.3e-05, (53, 7)), (0.0, (0, 1)), (1e15, (10**15, 1))]
)
def test_decimals_have_as_few_digits_as_can_be(value: float, expected: tuple[int, int]) -> None:
    assert decimals.exact_decimal(value) == expected


@pytest.mark.parametrize("value", [1 / 3, 1e16, 1e-16, 0.1 + 0.2])
def test_other_doubles_have_none(value: float) -> None:
    found = decimals.exact_decimal(value)
    assert found is None or found[0] / 10.0 ** (found[1] - 1) == value


def test_the_state_beside_the_windows_comes_back() -> None:
    latest = made_latest(FIRST, [f"made:A{at}-USD" for at in range(9)])
    assert decode_latest(encode_latest(latest)) == latest
    assert decode_latest(encode_latest(Latest(0, ()))) == Latest(0, ())


def test_fills_come_back() -> None:
    fill = made_fill(3, FIRST + 11, 600)
    block = encode_fill(fill, 2)
    stored = decode_fill(8, block)
    assert (stored.instrument, stored.first) == (8, fill.first)
    for metric, values in fill.values.items():
        assert stored.series[metric].values.tobytes() == values.tobytes()
        assert stored.series[metric].provenance == fill.provenance[metric]
    assert decode_traded(block) == fill.traded
    part = decode_fill(8, block, [Metric.FLOW], FIRST + 100, FIRST + 130)
    assert (part.first, list(part.series)) == (FIRST + 100, [Metric.FLOW])
    assert part.series[Metric.FLOW].values.tobytes() == fill.values[Metric.FLOW][89:119].tobytes()
    assert decode_fill(8, block, FILLED, FIRST, FIRST + 5).series[Metric.PRICE].provenance == b""


def test_part_of_a_fill_has_its_own_wholes() -> None:
    values = array("d", [1 / 3, 1.0, 1 / 7, math.nan, 2 / 3, 1 / 9])
    fill = Fill("made", "made:A", FIRST, {Metric.PRICE: values}, {Metric.PRICE: bytes([4, 4, 4, 0, 4, 4])})
    part = decode_fill(1, encode_fill(fill, 2), FILLED, FIRST + 2, FIRST + 5)
    assert part.series[Metric.PRICE].values.tobytes() == values[2:5].tobytes()


@given(st.data())
@settings(max_examples=150)
def test_damaged_blocks_say_so(data: st.DataObject) -> None:
    minute = made_minute(FIRST, 4)
    codec = MinuteCodec(usual_hints([2] * 4))
    block = bytearray(codec.encode(FIRST, minute.arrays(), minute.origins()))
    if data.draw(st.booleans()):
        block[data.draw(st.integers(0, len(block) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del block[data.draw(st.integers(0, len(block) - 1)) :]
    try:
        found, _ = MinuteCodec(usual_hints([2] * 4)).decode(FIRST, bytes(block))
    except DamagedError:
        return
    assert [found[field].tobytes() for field in range(FIELDS)] == [each.tobytes() for each in minute.arrays()]

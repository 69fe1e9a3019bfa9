"""The codec: bit for bit, whatever comes in, and across versions."""

import math
import struct
import zlib
from array import array
from contextlib import suppress
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.feed.protocol_1 import COMMAND, events, recorded
from tests.support.feed import AT_MS, END_MS, WINDOW, live_status, loading, make_pairs
from tui_tracker.core.errors import FeedError
from tui_tracker.core.instrument import Trading
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import Series
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import ErrorTally, HistoryStatus, RequestReport, SourceReport, SourceState
from tui_tracker.feed import messages, wire
from tui_tracker.feed.translate import report_event, report_of, rows_event, rows_of, series_event, series_of
from tui_tracker.feed.wire import Codec, Encoding, Frame

CODECS = {encoding: Codec(encoding) for encoding in Encoding}
codecs = pytest.mark.parametrize("codec", CODECS.values(), ids=lambda codec: codec.encoding.value)
doubles = st.floats(allow_nan=False, allow_infinity=False)


def sent(codec: Codec, *each: messages.Event) -> Frame:
    """A frame as the other side reads it."""
    return codec.read_frame(codec.frame(1, 2, 3, [codec.event(event) for event in each]))


def bits(values: "array[float]") -> bytes:
    return struct.pack(f"<{len(values)}d", *values)


@codecs
@given(values=st.lists(doubles | st.none(), max_size=50), metric=st.sampled_from(Metric))
def test_samples_survive_bit_for_bit(codec: Codec, values: list[float | None], metric: Metric) -> None:
    made = array("d", [math.nan if value is None else value for value in values])
    series = Series("fake:BTC-USD", metric, END_MS, made, 2)
    (event,) = sent(codec, series_event(series)).events
    assert isinstance(event, messages.SeriesWire)
    back = series_of(event, metric, 2)
    assert bits(back.values) == bits(made)
    assert (back.instrument_id, back.metric, back.start_ms, back.version) == ("fake:BTC-USD", metric, END_MS, 2)


@codecs
def test_rows_survive(codec: Codec) -> None:
    rows = tuple(sorted((pair.row() for pair in make_pairs()), key=lambda row: row.id))
    snapshot = Snapshot(9, AT_MS, END_MS, WINDOW, rows, live_status())
    frame = sent(codec, rows_event(snapshot, rows))
    (event,) = frame.events
    assert isinstance(event, messages.Rows)
    assert tuple(rows_of(event).values()) == rows
    assert (event.version, event.at_ms, event.end_ms, event.window_minutes) == (9, AT_MS, END_MS, WINDOW)
    assert (frame.seq, frame.version, frame.now_ms) == (1, 2, 3)


@codecs
def test_a_report_survives(codec: Codec) -> None:
    status = live_status(state=SourceState.STALE, error="late", backfill=replace(loading(3, 9), failed=("a", "b")))
    status = replace(status, history=HistoryStatus(1, "full", "free some", 2, True, "moved"))
    report = SourceReport(status, RequestReport(1, 2, 3, 4, 5, 6, 7, 8), (ErrorTally("x", 1, 2, "y"),), (("s", "why"),))
    for one in (report, SourceReport(live_status())):
        (event,) = sent(codec, report_event(one)).events
        assert isinstance(event, messages.Report)
        assert report_of(event) == one


def test_whose_session_collects_is_told_from_where_a_client_stands() -> None:
    for collector, told in (("this session", "the server"), ("pid 7 by ada", "pid 7 by ada"), ("", "")):
        assert report_of(report_event(SourceReport(live_status(collector=collector)))).status.collector == told


@codecs
def test_every_version_reads_what_was_recorded(codec: Codec) -> None:
    frame = codec.read_frame(recorded(codec.encoding, "frame"))
    assert (frame.seq, frame.version, frame.now_ms) == (42, 7, AT_MS)
    assert frame.events == sent(codec, *events()).events
    assert {type(event) for event in frame.events} == set(wire._KINDS) - {messages.Answer}, "which came later"
    assert codec.read_command(recorded(codec.encoding, "command")) == COMMAND


@codecs
def test_what_a_newer_program_adds_is_skipped(codec: Codec) -> None:
    module = msgspec.json if codec.encoding is Encoding.JSON else msgspec.msgpack
    later = module.encode({"type": "weather", "text": "rain"})
    richer = module.encode({"type": "pong", "ping": 6, "colour": "red"})
    frame = codec.read_frame(codec.frame(1, 1, 1, [later, richer]))
    assert frame.events == (messages.Pong(ping=6),)
    assert codec.read_command(module.encode({"ping": 6, "colour": "red"})) == messages.Command(ping=6)
    (event,) = sent(codec, events()[1]).events
    assert isinstance(event, messages.Rows)
    wide = msgspec.to_builtins(event)
    for row in wide["rows"]:
        row.append("more")
        row[0][6], row[0][7] = "auction_only", ("odd", *row[0][7])
        row[8] = [None if figures is None else [*figures, "more"] for figures in reversed(row[8])]
        row.extend([1])
    wide["metrics"] = [*reversed(wide["metrics"])]
    (event,) = codec.read_frame(codec.frame(1, 1, 1, [module.encode(wide)])).events
    assert isinstance(event, messages.Rows)
    same = {pair.id: pair.row() for pair in make_pairs(count=20)}
    for name, row in rows_of(event).items():
        assert row == same[name]._replace(instrument=replace(same[name].instrument, trading=Trading.LIMITED))


@codecs
@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(codec: Codec, data: bytes) -> None:
    for read in (codec.read_frame, codec.read_command):
        with suppress(FeedError):
            read(data)


@codecs
@given(place=st.integers(0, 100_000), flip=st.integers(1, 255))
def test_a_flipped_byte_is_read_or_refused(codec: Codec, place: int, flip: int) -> None:
    data = bytearray(recorded(codec.encoding, "frame"))
    data[place % len(data)] ^= flip
    with suppress(FeedError):
        for event in codec.read_frame(bytes(data)).events:
            if isinstance(event, messages.Rows):
                rows_of(event)
            elif isinstance(event, messages.Report):
                report_of(event)


@codecs
@pytest.mark.parametrize("cut", [0, 1, 10, -1])
def test_a_cut_frame_is_refused(codec: Codec, cut: int) -> None:
    with pytest.raises(FeedError):
        codec.read_frame(recorded(codec.encoding, "frame")[:cut])


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_EVENT_BYTES", 10_000)
    codec = CODECS[Encoding.MSGPACK]
    bomb = msgspec.msgpack.encode(zlib.compress(bytes(100_000)))
    with pytest.raises(FeedError, match="larger than allowed"):
        codec.read_frame(codec.frame(1, 1, 1, [bomb]))


def test_figures_of_no_window_and_twins_are_refused() -> None:
    (event,) = sent(CODECS[Encoding.JSON], events()[1]).events
    assert isinstance(event, messages.Rows)
    with pytest.raises(FeedError, match="twice"):
        rows_of(msgspec.structs.replace(event, rows=event.rows + event.rows[:1]))
    broken = msgspec.to_builtins(event)
    broken["rows"][0][8][0][0] = 0
    with pytest.raises(FeedError, match="no window"):
        rows_of(msgspec.convert(broken, messages.Rows))


def test_large_events_are_deflated_once_and_small_ones_not() -> None:
    codec = CODECS[Encoding.MSGPACK]
    rows, pong = codec.event(events()[1]), codec.event(messages.Pong(ping=1))
    assert rows[:1] in (b"\xc4", b"\xc5", b"\xc6")
    assert pong[0] & 0xF0 == 0x80
    assert len(rows) < len(CODECS[Encoding.JSON].event(events()[1])) / 1.5

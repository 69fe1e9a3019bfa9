"""Rows that are written and read again, and bytes that nobody wrote."""

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.cli.transfer.columns import Line, Shape
from tui_tracker.cli.transfer.encoders import Encoder, Format, encoder
from tui_tracker.cli.transfer.files import opened
from tui_tracker.cli.transfer.reading import Meaning, Sample
from tui_tracker.cli.transfer.times import Times
from tui_tracker.core.errors import ConfigError
from tui_tracker.core.metric import METRICS

NOW = 29_472_480
NAN = float("nan")
POSITIVE = st.floats(1e-60, 1e60)
CELLS = st.lists(
    st.one_of(st.just((NAN, 0)), st.tuples(POSITIVE, st.integers(1, 4))), min_size=len(METRICS), max_size=len(METRICS)
)
ROWS = st.lists(
    st.tuples(st.integers(NOW - 10_000, NOW - 1), st.sampled_from(["a:X-Y", "kraken:BTC-USD"]), CELLS), max_size=20
)


def nobody(name: str) -> str:
    raise ValueError(name)


def read(data: bytes) -> list[tuple[str, int, list[Sample]] | str]:
    found: list[tuple[str, int, list[Sample]] | str] = []
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        with opened(str(path)) as (table, _, _):
            meaning = Meaning(table.heads, NOW, None, nobody)
            meaning.check("file")
            for _, cells in table.rows:
                if isinstance(cells, str):
                    found.append(cells)
                    continue
                try:
                    meant = meaning.read(cells)
                except ValueError as error:
                    found.append(str(error))
                else:
                    found += [(meant.id, minute, samples) for minute, samples in meant.minutes]
    return found


@given(ROWS, st.sampled_from([Format.CSV, Format.JSON]), st.sampled_from(Times))
def test_every_double_comes_back(
    rows: list[tuple[int, str, list[tuple[float, int]]]], kind: Format, times: Times
) -> None:
    made: Encoder = encoder(kind, Shape(times=times, has_provenance=True))
    known = [row for row in rows if any(origin for _, origin in row[2])]
    lines = [
        Line(minute * 60_000, name, [value for value, _ in cells], [origin for _, origin in cells])
        for minute, name, cells in known
    ]
    expected = [
        (name, minute, [(at, value, origin) for at, (value, origin) in enumerate(cells) if origin])
        for minute, name, cells in known
    ]
    if not known:
        return
    assert read(made.begin() + made.rows(lines[:3]) + made.rows(lines[3:]) + made.end()) == expected


HEADS = st.sampled_from(
    [b"time,id,price\n", b"time_ms,pair,close,volume\n", b"[", b'{"time":1,"id":"a:X-Y","price":1}\n', b""]
)
TOKENS = b'2026-01-01T00:00Z , \n 1e999 " a:X-Y -1 { } "price": 1762777020000 null \xff'.split(b" ")
PIECES = st.lists(st.one_of(st.binary(max_size=40), st.sampled_from(TOKENS)), max_size=30)


@given(HEADS, PIECES)
def test_bytes_that_nobody_wrote_are_refused_and_break_nothing(head: bytes, pieces: list[bytes]) -> None:
    with suppress(ConfigError):
        assert all(isinstance(each, str) or each[2] for each in read(head + b"".join(pieces)))

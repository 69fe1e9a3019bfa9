"""Writes a history of the current schema, and what is in it, for the tests of all later versions.

``python -m tests.storage.make_fixture``: once before each release that has a new schema; never changed afterwards.
"""

import json
import tempfile
from pathlib import Path

from tests.storage.made import FIRST, MINUTE_MS, SOURCE, instruments, made_fill, made_minute
from tests.storage.reading import everything
from tui_tracker.storage.connection import FILE_NAME, open_for_writing
from tui_tracker.storage.merging import Merger
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.schema import SCHEMA
from tui_tracker.storage.writer import Writer

FOLDER = Path(__file__).parent / "fixtures"
START, MINUTES = FIRST + 1_340, 170
Told = dict[str, list[list[object]]]


def told(reader: Reader) -> Told:
    """Everything in such a history, as it can be kept in a text file."""
    samples = everything(reader, START - 100, MINUTES + 200)
    name = instruments(2)[1].id
    rollups = reader.rollups(SOURCE, name, 0, (FIRST + 10_000) * MINUTE_MS)
    latest, span = reader.latest(SOURCE), reader.span(SOURCE)
    return {
        "samples": [
            [name, metric.value, minute, value.hex(), origin]
            for (name, metric, minute), (value, origin) in sorted(samples.items())
        ],
        "rollups": [[each.hour_ms, each.mean.hex(), each.stddev.hex(), each.count] for each in rollups],
        "instruments": [[each.instrument.id, each.instrument.digits] for each in reader.listings(SOURCE)],
        "latest": [] if latest is None else [[latest.minute_ms, [each.instrument_id for each in latest.instruments]]],
        "span": [] if span is None else [[span.first_ms, span.last_ms]],
    }


def main() -> None:
    """Write both files."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE_NAME
        database = open_for_writing(path)
        writer, merger = Writer(database), Merger(database)
        writer.put_instruments(SOURCE, instruments(2), 1)
        for minute in range(START, START + MINUTES):
            writer.append(made_minute(minute, 2))
        while merger.step():
            pass
        writer.add_fills([made_fill(0, START + 80, 80)])
        content = told(Reader(database))
        database.close()
        FOLDER.mkdir(exist_ok=True)
        (FOLDER / f"schema-{SCHEMA.version}.sqlite").write_bytes(path.read_bytes())
        (FOLDER / f"schema-{SCHEMA.version}.json").write_text(json.dumps(content, indent=None), encoding="utf-8")


if __name__ == "__main__":
    main()

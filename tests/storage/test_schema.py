"""A history of each released schema, as that version wrote it, opened by this one."""

import json
import shutil
from pathlib import Path

import pytest

from tests.storage.child import NEXT_SCHEMA
from tests.storage.made import made_minute
from tests.storage.make_fixture import FOLDER, MINUTES, START, told
from tui_tracker.storage.connection import FILE_NAME, open_for_reading, open_for_writing
from tui_tracker.storage.reader import Reader
from tui_tracker.storage.recovery import check
from tui_tracker.storage.schema import SCHEMA, Schema
from tui_tracker.storage.writer import Writer

RELEASED = range(1, SCHEMA.version + 1)


@pytest.mark.parametrize("version", RELEASED)
@pytest.mark.parametrize("schema", [SCHEMA, NEXT_SCHEMA], ids=["this", "next"])
def test_a_history_of_each_released_schema_reads_as_it_did(version: int, schema: Schema, tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    shutil.copy(FOLDER / f"schema-{version}.sqlite", path)
    database = open_for_writing(path, schema)
    check(database)
    assert told(Reader(database)) == json.loads((FOLDER / f"schema-{version}.json").read_text(encoding="utf-8"))
    assert database.connection.execute("PRAGMA user_version").fetchone()[0] == schema.version
    assert schema is NEXT_SCHEMA or Writer(database).append(made_minute(START + MINUTES, 2))
    database.close()


def test_each_released_schema_has_its_fixture() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {
        f"schema-{version}.{kind}" for version in RELEASED for kind in ("sqlite", "json")
    }


def test_opening_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    open_for_writing(path).close()
    before = path.read_bytes()
    open_for_writing(path).close()
    open_for_reading(path).close()
    assert path.read_bytes() == before


def test_a_migration_that_fails_leaves_the_old_version(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    open_for_writing(path).close()
    before = path.read_bytes()

    def broken(connection: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        open_for_writing(path, Schema((*SCHEMA.migrations, broken)))
    assert path.read_bytes() == before
    open_for_writing(path).close()

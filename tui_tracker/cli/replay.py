"""What ``--replay`` means: a span of the history, or a file that is imported into one of its own."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui_tracker.cli.replay_spec import ReplaySpec
from tui_tracker.config.model import Settings
from tui_tracker.core.errors import ConfigError, NoDataError
from tui_tracker.core.text import clean

EXAMPLES = "for example --replay -6h.., --replay 2026-11-25T09:00..2026-11-25T12:00 or --replay week.parquet"


@contextmanager
def opened_replay(given: str, settings: Settings, folder: Path, now_ms: int) -> Iterator[ReplaySpec]:
    """Make a span or a file ready to be replayed while inside.

    Args:
        given: What was given; a file that doesn't say of which pair it is has that before it, ``BTC/USD=FILE``.
        settings: What is in force.
        folder: Of the history that spans are of.
        now_ms: The wall clock.

    Raises:
        ConfigError: If it is neither a span nor a file.
        NoDataError: If nothing of it is known.
        TrackerError: If the file or the history can't be read.
    """
    if ".." in given and not os.path.exists(given):
        yield _span(given, settings, folder, now_ms)
        return
    pair, _, file = given.rpartition("=")
    if os.path.isfile(given):
        pair, file = "", given
    if not os.path.isfile(file):
        raise ConfigError(f"--replay: {clean(given, 60)} is neither a file nor a span", EXAMPLES)
    if len(settings.sources) > 1:
        raise ConfigError("--replay FILE shows one source", "name one, such as --source kraken")
    with tempfile.TemporaryDirectory(prefix="crypto-tui-") as made:
        yield _imported(file, pair or None, settings, Path(made), now_ms)


def _span(given: str, settings: Settings, folder: Path, now_ms: int) -> ReplaySpec:
    from tui_tracker.cli.transfer.times import read_moment
    from tui_tracker.storage.connection import FILE_NAME

    start, _, end = given.partition("..")
    try:
        first_ms = read_moment(start.strip().removeprefix("-"), now_ms)
        last_ms = read_moment(end.strip().removeprefix("-"), now_ms) if end.strip() else None
    except ValueError as error:
        raise ConfigError(f"--replay: {clean(given, 60)} is no span of time: {error}", EXAMPLES) from error
    if last_ms is not None and last_ms < first_ms:
        raise ConfigError(f"--replay: {clean(given, 60)} ends before it begins", EXAMPLES)
    if not os.path.exists(folder / FILE_NAME):
        raise NoDataError(f"there is no history in {folder}", "it begins with the app, or with crypto-tui import")
    return ReplaySpec(folder, settings.market, first_ms, last_ms)


def _imported(file: str, pair: str | None, settings: Settings, folder: Path, now_ms: int) -> ReplaySpec:
    from tui_tracker.cli.diagnostics import say
    from tui_tracker.cli.history_files import writing
    from tui_tracker.cli.import_command import Import
    from tui_tracker.cli.transfer.reading import UnnamedPairError
    from tui_tracker.storage.reader import Reader

    with writing(folder) as database:
        try:
            report = Import(database, settings.source, now_ms).run(file, pair)
        except UnnamedPairError as error:
            raise ConfigError(error.message, f"name it: --replay BTC/USD={clean(file, 60)}") from error
        names = Reader(database).sources()
    if report.refused:
        say(f"{report.file}: {report.refused:,} of {report.rows:,} rows refused")
    if not report.taken or not names:
        raise NoDataError(f"{report.file} tells of no minute", "it takes what crypto-tui import takes")
    source = settings.source if settings.source in names else names[0]
    return ReplaySpec(folder, source, report.first_ms)

"""``crypto-tui import``: files of minutes or candles, merged into the history."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Final

import click

from tui_tracker.cli.diagnostics import Exit, ProgressLine, say
from tui_tracker.cli.history_files import SETTINGS, history_folder, source_of, source_option, writing
from tui_tracker.cli.options import Invocation, pass_invocation, setting_flags
from tui_tracker.core.errors import AmbiguousPairError, ConfigError, UnknownPairError
from tui_tracker.core.text import clean

if TYPE_CHECKING:
    from tui_tracker.cli.transfer.reading import Meaning
    from tui_tracker.cli.transfer.tables import Table
    from tui_tracker.config.model import Settings
    from tui_tracker.storage.bringing import Bringer
    from tui_tracker.storage.connection import Database

MOST_TOLD: Final = 20
"""Refused lines that are told of one by one."""
MOST_SOURCES: Final = 16
_AHEAD: Final = 2_000
"""Rows that the length of candles is found out from."""
_PACE: Final = 5_000
"""Rows between two looks at the progress."""
_PLAIN: Final = re.compile(r"(?:([a-z][a-z0-9_-]{0,31}):)?([A-Z0-9._]{1,20})[/\-]([A-Z0-9._]{1,20})")


@dataclass(slots=True)
class FileReport:
    """What became of one file."""

    file: str
    unit: str = "line"
    rows: int = 0
    taken: int = 0
    known: int = 0
    refused: int = 0
    refusals: list[tuple[int, str]] = field(default_factory=list)
    """(line, why) of the first ones."""
    first_ms: int = 0
    last_ms: int = 0

    def refuse(self, number: int, reason: str) -> None:
        """Count a row that was refused."""
        self.refused += 1
        if len(self.refusals) < MOST_TOLD:
            self.refusals.append((number, reason))

    def document(self) -> dict[str, object]:
        """The report for a program."""
        refusals = [{self.unit: number, "reason": reason} for number, reason in self.refusals]
        return {
            "file": self.file,
            "rows": self.rows,
            "samples_taken": self.taken,
            "samples_known": self.known,
            "refused": self.refused,
            "refusals": refusals,
        }


@click.command("import", short_help="Merge files of minutes or candles into the history.")
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
@click.option("--pair", metavar="PAIR", help="The pair of rows that name none, as BTC/USD or kraken:BTC-USD.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@source_option
@setting_flags(*SETTINGS, "raw_days", "rollup_days")
@pass_invocation
def import_(invocation: Invocation, files: Sequence[str], pair: str | None, as_json: bool, source: str | None) -> int:
    """Merge files into the history on disk: what "crypto-tui export" writes, and candles; - is stdin.

    CSV with a heading, JSON with an object a line, or Parquet. Candles have time_ms (or time), close, and perhaps open,
    high, low, volume, trades; they are of one minute or of five, and of --pair unless a column id or pair says it. A
    minute that no row tells of stays unknown.

    What the history knows stays, unless the file knows it better (candle_1m over stream over poll over candle_5m), so
    importing twice changes nothing. Rows that can't be are refused, with line and reason; the others are taken, and
    the exit code is 1. Sessions that run take the imported minutes into their windows a second or two later.

    \b
    Examples:
      crypto-tui import week.parquet
      crypto-tui import --pair XBT/USDT kraken_XBTUSDT_1m.csv
    """
    from tui_tracker.cli.output import show_json
    from tui_tracker.engine.clock import SystemClock

    settings = invocation.load().settings
    now_ms = SystemClock().now_ms()
    with writing(history_folder(settings, invocation.paths())) as database:
        work = Import(database, source_of(source, settings), now_ms)
        reports = [work.run(file, pair) for file in files]
    for report in reports:
        _tell(report, now_ms, settings)
    if as_json:
        show_json({"files": [report.document() for report in reports]})
    return Exit.FAILURE if any(report.refused for report in reports) else Exit.OK


class Import:
    """Imports files into one open history."""

    def __init__(self, database: "Database", source: str, now_ms: int) -> None:
        self._database: Final = database
        self._source: Final = source
        self._now_ms: Final = now_ms
        self._bringers: dict[str, Bringer] = {}
        self._progress: Final = ProgressLine()

    def run(self, file: str, pair: str | None) -> FileReport:
        """Import one file.

        Raises:
            TrackerError: If it can't be read as a whole, or the history can't be written.
        """
        from tui_tracker.cli.transfer.files import opened
        from tui_tracker.cli.transfer.reading import Meaning
        from tui_tracker.core.series import MINUTE_MS

        report = FileReport("stdin" if file == "-" else clean(file))
        try:
            with opened(file) as (table, stream, size):
                report.unit = table.unit
                chosen = None if pair is None else self._pair(pair)
                meaning = Meaning(table.heads, self._now_ms // MINUTE_MS, chosen, self._resolve)
                meaning.check(report.file)
                self._take(table, meaning, report, lambda rows: self._show(report, stream, size, rows))
            for bringer in self._bringers.values():
                bringer.finish(lambda steps: self._progress.show(f"{report.file}: merging, step {steps}"))
        finally:
            self._progress.clear()
        report.taken = sum(bringer.taken for bringer in self._bringers.values())
        report.known = sum(bringer.known for bringer in self._bringers.values())
        self._bringers = {}
        return report

    def _take(self, table: "Table", meaning: "Meaning", report: FileReport, on_row: Callable[[int], None]) -> None:
        from tui_tracker.core.series import MINUTE_MS

        ahead = list(islice(table.rows, _AHEAD))
        meaning.look_ahead(ahead)
        if meaning.is_too_coarse:
            raise ConfigError(
                f"{report.file} has candles of {meaning.step} minutes",
                "those of 1 and 5 are taken; a column minutes tells",
            )
        first, last = 1 << 62, -1
        for number, cells in chain(ahead, table.rows):
            report.rows += 1
            if report.rows % _PACE == 0:
                on_row(report.rows)
            if isinstance(cells, str):
                report.refuse(number, cells)
                continue
            try:
                meant = meaning.read(cells)
                bringer = self._bringer(meant.id)
                for minute, samples in meant.minutes:
                    bringer.add(meant.id, minute, samples)
                    first, last = min(first, minute), max(last, minute)
                if meant.traded is not None:
                    bringer.note_traded(meant.id, *meant.traded)
            except ValueError as error:
                report.refuse(number, str(error))
        report.first_ms, report.last_ms = first * MINUTE_MS, last * MINUTE_MS

    def _bringer(self, instrument_id: str) -> "Bringer":
        from tui_tracker.storage.bringing import Bringer

        source = instrument_id.partition(":")[0]
        bringer = self._bringers.get(source)
        if bringer is None:
            if len(self._bringers) >= MOST_SOURCES:
                raise ValueError(f"more than {MOST_SOURCES} sources")
            bringer = self._bringers[source] = Bringer(self._database, source, self._now_ms)
        return bringer

    def _show(self, report: FileReport, stream: IO[bytes], size: int, rows: int) -> None:
        share = f"{min(1.0, stream.tell() / size):.0%}, " if size else ""
        refused = f", {report.refused:,} refused" if report.refused else ""
        self._progress.show(f"{report.file}: {share}{rows:,} rows{refused}")

    def _pair(self, name: str) -> str:
        try:
            return self._resolve(name)
        except ValueError as error:
            raise ConfigError(f"--pair: {error}", "for example --pair BTC/USD or --pair kraken:BTC-USD") from error

    def _resolve(self, name: str) -> str:
        """Return the id of a pair: one that the history knows, or else what the name says."""
        from tui_tracker.core.symbols import OLD_NAMES, resolve
        from tui_tracker.storage.reader import Reader

        reader = Reader(self._database)
        listed = [each.instrument for source in reader.sources() for each in reader.listings(source)]
        try:
            return resolve(name, listed, self._source).id
        except AmbiguousPairError as error:
            raise ValueError(error.told) from error
        except UnknownPairError:
            match = _PLAIN.fullmatch(name.strip())
            if match is None:
                raise ValueError(f"{clean(name, 40)!r} is no pair that the history knows") from None
        source, base, quote = match[1] or self._source, *(OLD_NAMES.get(half, half) for half in match.groups()[1:])
        return f"{source}:{base}-{quote}"


def _tell(report: FileReport, now_ms: int, settings: "Settings") -> None:
    """Say on stderr what became of a file."""
    for number, reason in report.refusals:
        say(f"{report.file}: {report.unit} {number}: {reason}")
    if report.refused > len(report.refusals):
        say(f"{report.file}: and {report.refused - len(report.refusals):,} more refused")
    taken = f"{report.taken:,} samples taken, {report.known:,} known already"
    say(f"{report.file}: {report.rows:,} rows, {taken}, {report.refused:,} rows refused")
    if report.taken:
        _warn(report, now_ms, settings)


def _warn(report: FileReport, now_ms: int, settings: "Settings") -> None:
    """Say what of a file the next session lets go of again."""
    age_days = (now_ms - report.first_ms) // 86_400_000
    keep = "to keep it, start the session that collects with longer"
    if age_days >= settings.rollup_days:
        say(
            f"note: what {report.file} has from before the last {settings.rollup_days} days is let go of again, hourly"
            f" sums too; {keep} --raw-days and --rollup-days"
        )
    elif age_days >= settings.raw_days:
        say(
            f"note: of what {report.file} has from before the last {settings.raw_days} days, hourly sums alone stay;"
            f" {keep} --raw-days"
        )

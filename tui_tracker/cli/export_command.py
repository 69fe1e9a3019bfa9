"""``crypto-tui export``: the history as a file for other programs."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from tui_tracker.cli.diagnostics import Exit, ProgressLine, say
from tui_tracker.cli.history_files import SETTINGS, history_folder, source_of, source_option
from tui_tracker.cli.options import Invocation, pass_invocation, setting_flags
from tui_tracker.core.errors import ConfigError, NoDataError
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui_tracker.cli.transfer.columns import Shape
    from tui_tracker.cli.transfer.encoders import Encoder
    from tui_tracker.cli.transfer.lines import Selection
    from tui_tracker.storage.reader import Reader

_EVERY: Final = {"1m": 1, "5m": 5, "1h": 60}


@click.command(short_help="Write the history as CSV, JSON or Parquet.")
@click.option("--pairs", metavar="PAIR,PAIR…", help="Only these pairs; all of the source by default.")
@click.option("--metric", "metrics", metavar="METRIC,METRIC…", help="Only these metrics; all by default.")
@click.option("--from", "start", metavar="TIME", help="First instant: RFC 3339, ms since the epoch, or 36h or 7d ago.")
@click.option("--to", "end", metavar="TIME", help="End, itself not included.")
@click.option("--every", type=click.Choice(list(_EVERY)), default="1m", show_default=True, help="Length of a row.")
@click.option("--format", "kind", type=click.Choice(["csv", "json", "parquet"]), help="By the file's name, else csv.")
@click.option("--times", type=click.Choice(["rfc3339", "ms"]), default="rfc3339", show_default=True, help="Of rows.")
@click.option("--provenance", is_flag=True, help="Add where each sample came from: poll, candle_1m …")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Instead of stdout.")
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@source_option
@setting_flags(*SETTINGS)
@pass_invocation
def export(
    invocation: Invocation,
    pairs: str | None,
    metrics: str | None,
    start: str | None,
    end: str | None,
    every: str,
    kind: str | None,
    times: str,
    provenance: bool,
    output: Path | None,
    force: bool,
    source: str | None,
) -> int:
    """Write the history on disk to stdout or to a file, hour by hour; nothing is sent.

    A row is a minute of a pair, with a column a metric, empty where nothing was observed. With --every 5m or 1h it is
    an interval, named by its first instant: open, high, low and close of the minutes' prices, the sum of flow and
    trades_min, the last value of the other metrics. Hours are made of minutes where those are still kept, else of
    hourly sums, which have price and flow alone.

    Numbers keep every bit, and "crypto-tui import" takes the files. A FILE appears once it is whole.

    \b
    Examples:
      crypto-tui export --pairs btc/usd --from 24h > day.csv
      crypto-tui export --from 2026-11-01 --to 2026-11-08 --provenance -o week.parquet
      crypto-tui export --metric price,flow --every 1h --format json -o hours.json
    """
    from tui_tracker.cli.history_files import reading
    from tui_tracker.cli.transfer.columns import Shape
    from tui_tracker.cli.transfer.encoders import Format, encoder
    from tui_tracker.cli.transfer.times import Times
    from tui_tracker.storage.reader import Reader

    settings = invocation.load().settings
    if provenance and every != "1m":
        raise ConfigError("--provenance is told of single minutes", "leave --every out")
    shape = Shape(_metrics(metrics), _EVERY[every], Times(times), provenance)
    made = encoder(Format(kind or _kind_of(output)), shape)
    with reading(history_folder(settings, invocation.paths())) as database:
        reader = Reader(database)
        chosen = _selection(reader, source_of(source, settings), pairs, start, end, shape)
        with _sink(output, force) as put:
            rows = _copy(reader, chosen, made, put)
    if reader.damaged:
        say(f"note: {reader.damaged} damaged rows of the history were left out")
    if output is not None:
        say(f"{rows:,} rows in {clean(str(output))}")
    return Exit.OK


def _metrics(names: str | None) -> tuple[Metric, ...]:
    """The metrics that are named, in their usual order.

    Raises:
        ConfigError: If one of them is none.
    """
    if names is None:
        return METRICS
    wanted = {name.strip().lower().replace("-", "_") for name in names.split(",") if name.strip()}
    unknown = sorted(wanted - set(METRICS))
    if unknown or not wanted:
        what = f"{clean(unknown[0], 40)!r} is no metric" if unknown else "names no metric"
        raise ConfigError(f"--metric: {what}", f"known: {', '.join(METRICS)}")
    return tuple(metric for metric in METRICS if metric in wanted)


def _kind_of(output: Path | None) -> str:
    ending = "" if output is None else output.suffix.lower()
    return {".json": "json", ".parquet": "parquet"}.get(ending, "csv")


def _selection(
    reader: "Reader", source: str, pairs: str | None, start: str | None, end: str | None, shape: "Shape"
) -> "Selection":
    """What is wanted, as far as it is there.

    Raises:
        ConfigError: A time that is none, or an end before the start.
        NoDataError: If nothing of the source is stored.
    """
    from tui_tracker.cli.transfer.lines import Selection
    from tui_tracker.core.series import MINUTE_MS

    spans = [reader.span(source), reader.rollup_span(source) if shape.every == 60 else None]
    known = [span for span in spans if span is not None]
    if not known:
        there = ", ".join(reader.sources()) or "nothing"
        raise NoDataError(f"the history has nothing of {source}", f"there is {there}")
    first_ms, end_ms = min(span.first_ms for span in known), max(span.last_ms for span in known) + MINUTE_MS
    start_ms = max(first_ms, _moment("--from", start, first_ms))
    end_ms = min(end_ms, _moment("--to", end, end_ms))
    ids = None if pairs is None else _ids(reader, source, pairs)
    return Selection(source, ids, start_ms, end_ms, shape)


def _moment(flag: str, text: str | None, default_ms: int) -> int:
    from tui_tracker.cli.transfer.times import read_moment
    from tui_tracker.engine.clock import SystemClock

    if text is None:
        return default_ms
    try:
        return read_moment(text, SystemClock().now_ms())
    except ValueError as error:
        raise ConfigError(f"{flag} {clean(text, 40)!r}: {error}", "for example 2026-11-25T12:00:00Z, or 24h") from error


def _ids(reader: "Reader", source: str, names: str) -> frozenset[str]:
    from tui_tracker.core.symbols import resolve

    listed = [listing.instrument for listing in reader.listings(source)]
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if not wanted:
        raise ConfigError("--pairs names no pair", "for example --pairs btc/usd,eth/usd")
    return frozenset(resolve(name, listed, source).id for name in wanted)


def _sink(output: Path | None, force: bool) -> "AbstractContextManager[Callable[[bytes], bool]]":
    from tui_tracker.cli.transfer.sinks import to_file, to_stdout

    return to_stdout() if output is None else to_file(output, force=force)


def _copy(reader: "Reader", chosen: "Selection", made: "Encoder", put: "Callable[[bytes], bool]") -> int:
    """Copy hour by hour, as long as somebody reads; return how many rows."""
    from tui_tracker.cli.transfer.lines import hours
    from tui_tracker.cli.transfer.times import Times, written

    progress, rows = ProgressLine(), 0
    total_ms = max(1, chosen.end_ms - chosen.start_ms)
    try:
        is_read = put(made.begin())
        for at_ms, lines in hours(reader, chosen) if is_read else ():
            share = max(0, at_ms - chosen.start_ms) / total_ms
            progress.show(f"export {share:.0%}, {written(at_ms, Times.RFC3339)}, {rows:,} rows")
            rows += len(lines)
            if not put(made.rows(lines)):
                return rows
        put(made.end())
    finally:
        progress.clear()
    return rows

"""``crypto-tui export``: the history as a file for other programs."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
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
    from tui_tracker.cli.transfer.lines import Rows, Selection
    from tui_tracker.config.load import Loaded
    from tui_tracker.core.kept import Kept

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
@setting_flags(*SETTINGS, "connect", "token_file", "ca_file")
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

    With --connect it is the history of that server.

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
      crypto-tui export --connect http://127.0.0.1:8080 --pairs btc/usd --from 7d
    """
    from tui_tracker.cli.transfer.columns import Shape
    from tui_tracker.cli.transfer.encoders import Format, encoder
    from tui_tracker.cli.transfer.times import Times

    loaded = invocation.load()
    if provenance and every != "1m":
        raise ConfigError("--provenance is told of single minutes", "leave --every out")
    shape = Shape(_metrics(metrics), _EVERY[every], Times(times), provenance)
    made = encoder(Format(kind or _kind_of(output)), shape)
    with _opened(invocation, loaded, source) as (reader, kept, now_ms):
        moments = (_moment("--from", start, now_ms), _moment("--to", end, now_ms))
        chosen = _selection(kept, pairs, moments, shape)
        with _sink(output, force) as put:
            rows = _copy(reader, chosen, made, put)
    if output is not None:
        say(f"{rows:,} rows in {clean(str(output))}")
    return Exit.OK


_ENDINGS: Final = {"": "csv", ".csv": "csv", ".txt": "csv", ".json": "json", ".parquet": "parquet"}


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
    """The format that a file's ending tells; none tells CSV, and so does a pipe or a device.

    Raises:
        ConfigError: If it tells another one.
    """
    ending = "" if output is None else output.suffix.lower()
    if ending not in _ENDINGS:
        raise ConfigError(f"-o: {clean(ending, 20)} is no format that is written", "name one: --format csv")
    return _ENDINGS[ending]


@contextmanager
def _opened(invocation: Invocation, loaded: "Loaded", source: str | None) -> "Iterator[tuple[Rows, Kept, int]]":
    """(what is read, what there is, the present instant): of a server, where one is configured, else on disk."""
    settings = loaded.settings
    if settings.connect and not loaded.is_flag("data_dir"):
        from tui_tracker.cli.far_reader import far_reader

        with far_reader(settings) as far:
            if source is not None and source_of(source, settings) != far.kept.source:
                raise NoDataError(f"the server has nothing of {clean(source, 40)}", f"it has {clean(far.kept.source)}")
            yield far, far.kept, far.now_ms
        return
    from tui_tracker.cli.history_files import reading
    from tui_tracker.core.kept import Kept
    from tui_tracker.engine.clock import SystemClock
    from tui_tracker.storage.reader import Reader

    with reading(history_folder(settings, invocation.paths())) as database:
        reader, name = Reader(database), source_of(source, settings)
        spans = reader.span(name), reader.rollup_span(name)
        if spans == (None, None):
            raise NoDataError(
                f"the history has nothing of {name}", f"there is {', '.join(reader.sources()) or 'nothing'}"
            )
        listed = tuple(listing.instrument for listing in reader.listings(name))
        yield reader, Kept(name, *spans, listed, reader.instrument_ids(name)), SystemClock().now_ms()
    if reader.damaged:
        say(f"note: {reader.damaged} damaged rows of the history were left out")


def _selection(kept: "Kept", pairs: str | None, moments: tuple[int | None, int | None], shape: "Shape") -> "Selection":
    """What is wanted, as far as it is there.

    Raises:
        ConfigError: If it ends before it begins.
        NoDataError: If nothing of the source is stored, or nothing of that time.
        UnknownPairError: If a name is no pair.
    """
    from tui_tracker.cli.transfer.lines import Selection
    from tui_tracker.core.format import rfc3339
    from tui_tracker.core.series import MINUTE_MS

    known = [span for span in (kept.minutes, kept.hours if shape.every == 60 else None) if span is not None]
    if not known:
        raise NoDataError(f"the history has no single minutes of {kept.source}", "take --every 1h")
    first_ms, end_ms = min(span.first_ms for span in known), max(span.last_ms for span in known) + MINUTE_MS
    wanted_ms, until_ms = moments
    if wanted_ms is not None and until_ms is not None and wanted_ms >= until_ms:
        raise ConfigError("--from is not before --to", "for example --from 2h --to 1h")
    start_ms = first_ms if wanted_ms is None else max(first_ms, wanted_ms)
    stop_ms = end_ms if until_ms is None else min(end_ms, until_ms)
    if start_ms >= stop_ms:
        there = f"there is {rfc3339(first_ms)[:16]}Z to {rfc3339(end_ms)[:16]}Z"
        raise NoDataError(f"no minute of {kept.source} is stored in that time", there)
    ids = None if pairs is None else _ids(kept, pairs)
    return Selection(kept.source, ids, start_ms, stop_ms, shape)


def _moment(flag: str, text: str | None, now_ms: int) -> int | None:
    """The instant that a flag names.

    Raises:
        ConfigError: If it is none.
    """
    from tui_tracker.cli.transfer.times import read_moment

    if text is None:
        return None
    try:
        return read_moment(text, now_ms)
    except ValueError as error:
        raise ConfigError(f"{flag} {clean(text, 40)!r}: {error}", "for example 2026-11-25T12:00:00Z, or 24h") from error


def _ids(kept: "Kept", names: str) -> frozenset[str]:
    from tui_tracker.core.symbols import Names

    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if not wanted:
        raise ConfigError("--pairs names no pair", "for example --pairs btc/usd,eth/usd")
    listed = Names(kept.instruments, kept.source)
    return frozenset(listed.find(name).id for name in wanted)


def _sink(output: Path | None, force: bool) -> "AbstractContextManager[Callable[[bytes], bool]]":
    from tui_tracker.cli.transfer.sinks import to_file, to_stdout

    return to_stdout() if output is None else to_file(output, force=force)


def _copy(reader: "Rows", chosen: "Selection", made: "Encoder", put: "Callable[[bytes], bool]") -> int:
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

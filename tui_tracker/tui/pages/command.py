"""The command line that makes a ranking again. Pure."""

import re
import shlex
from collections.abc import Sequence
from typing import Final

from tui_tracker.config.fields import field_named
from tui_tracker.config.model import Settings
from tui_tracker.core.instrument import CONSOLIDATED
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Row
from tui_tracker.core.text import clean
from tui_tracker.stats.ranking import Ranking, Scope

PROGRAM: Final = "crypto-tui"
MOST_NAMED: Final = 40
"""Pairs that a command still names one by one."""
_LIST: Final = re.compile(r"[\w/.\-]+(,[\w/.\-]+)+")
"""A list that is plain text between double quotes."""


def rank_words(
    settings: Settings,
    ranking: Ranking,
    window_minutes: int,
    rows: Sequence[Row],
    *,
    is_simulated: bool = False,
    needle: str = "",
) -> list[str] | None:
    """The words of the command that ranks the same pairs by the same figure; ``None`` where none can.

    Only prices have a history that a new process could load. Pairs that are put together are named, up to
    ``MOST_NAMED`` of them; where there are more, none can.

    Args:
        settings: What is configured.
        ranking: What is to be made again.
        window_minutes: Span of its figures.
        rows: The pairs in its scope.
        is_simulated: Whether they are those of the simulated market.
        needle: What the rows on the screen are filtered by.
    """
    scope = ranking.scope
    if scope.source == CONSOLIDATED:
        scope = Scope(ids=frozenset(row.id for row in rows))
        if len(rows) > MOST_NAMED:
            return None
    if ranking.metric is not Metric.PRICE:
        return None
    window = str(field_named("window").written(window_minutes))
    is_resized = is_simulated and settings.demo_pairs != Settings().demo_pairs
    size = ["--pairs", str(settings.demo_pairs)] if is_resized else []
    words = [
        PROGRAM,
        *size,
        "rank",
        *_market_words(settings, is_simulated, scope.source),
        *_scope_words(settings, scope, rows),
    ]
    words += ["--metric", ranking.metric.value, "--by", ranking.measure.value, "--window", window]
    words += ["--min-coverage", repr(settings.min_coverage)]
    return [*words, "--filter", clean(needle)] if needle else words


def _market_words(settings: Settings, is_simulated: bool, source: str | None) -> list[str]:
    if is_simulated:
        return ["--demo", "--seed", str(settings.seed)]
    sources = settings.sources
    if source is not None:
        sources = tuple(name for name in sources if name.rpartition(":")[2] == source)
    words = ["--source", ",".join(sources)]
    for name in sources:
        if name in settings.base_urls:
            words += ["--base-url", f"{name}={settings.base_urls[name]}"]
    return words


def _scope_words(settings: Settings, scope: Scope, rows: Sequence[Row]) -> list[str]:
    """Every condition of a scope; a floor of none too where the settings have another."""
    if scope.ids is not None:
        is_several = len(settings.sources) > 1
        words = ["--pairs", ",".join(clean(row.id if is_several else row.instrument.pair) for row in rows)]
    else:
        words = ["--quote", scope.quote or "all", "--limit", "0"]
        if scope.min_volume_usd > 0 or settings.min_volume > 0:
            words += ["--min-volume", f"{scope.min_volume_usd:.17g}"]
    if scope.excluded:
        words += ["--exclude", ",".join(sorted(scope.excluded))]
    return [*words, "--unique-base"] if scope.unique_base else words


def shell_lines(words: Sequence[str], width: int) -> list[str]:
    """The words quoted for a shell, in lines that can be pasted as they are; each flag stays with its value.

    A list with commas that is too long for a line is broken behind commas, between double quotes: blanks do no harm.
    """
    lines: list[str] = []
    for part in _parts(words, width - 4):
        first, *more = part
        if lines and len(lines[-1]) + 1 + len(first) + 2 <= width:
            lines[-1] += f" {first}"
        else:
            lines.append(first if not lines else f"  {first}")
        lines += [f"  {text}" for text in more]
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]


def _parts(words: Sequence[str], width: int) -> list[list[str]]:
    """Each flag with its value, in one line unless that is too long."""
    parts: list[list[str]] = []
    for word in words:
        if not parts or word.startswith("--"):
            parts.append([shlex.quote(word)])
        elif len(parts[-1][-1]) + 1 + len(word) <= width or not _LIST.fullmatch(word):
            parts[-1][-1] += f" {shlex.quote(word)}"
        else:
            parts[-1] = _broken(f'{parts[-1][-1]} "', word.split(","), width)
    return parts


def _broken(start: str, items: Sequence[str], width: int) -> list[str]:
    lines = [start + items[0]]
    for item in items[1:]:
        lines[-1] += ","
        if len(lines[-1]) + len(item) + 2 <= width:
            lines[-1] += item
        else:
            lines.append(item)
    lines[-1] += '"'
    return lines

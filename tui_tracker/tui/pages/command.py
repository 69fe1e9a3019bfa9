"""The command line that makes a ranking again. Pure."""

import shlex
from collections.abc import Sequence
from typing import Final

from tui_tracker.config.fields import field_named
from tui_tracker.config.model import Settings
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Row
from tui_tracker.core.text import clean
from tui_tracker.stats.ranking import Ranking

PROGRAM: Final = "crypto-tui"


def rank_words(settings: Settings, ranking: Ranking, window_minutes: int, rows: Sequence[Row]) -> list[str] | None:
    """The words of the command that ranks the same pairs by the same figure; ``None`` where none can.

    Only prices have a history that a new process could load. ``rows`` are the pairs in scope.
    """
    if ranking.metric is not Metric.PRICE:
        return None
    scope = ranking.scope
    if settings.demo:
        market = [] if settings.demo_pairs == Settings().demo_pairs else ["--pairs", str(settings.demo_pairs)]
        words = [PROGRAM, *market, "rank", "--demo", "--seed", str(settings.seed)]
    else:
        words = [PROGRAM, "rank", "--source", settings.source]
        if settings.source in settings.base_urls:
            words += ["--base-url", f"{settings.source}={settings.base_urls[settings.source]}"]
    if scope.ids is not None:
        words += ["--pairs", ",".join(clean(row.instrument.pair) for row in rows)]
    else:
        words += ["--quote", scope.quote or "all", "--limit", "0"]
        if scope.excluded:
            words += ["--exclude", ",".join(sorted(kind.value for kind in scope.excluded))]
        if scope.unique_base:
            words.append("--unique-base")
    window = str(field_named("window").written(window_minutes))
    words += ["--metric", ranking.metric.value, "--by", ranking.measure.value, "--window", window]
    words += ["--min-coverage", f"{settings.min_coverage:g}"]
    return [*words, "--min-volume", f"{scope.min_volume_usd:.17g}"] if scope.min_volume_usd > 0 else words


def shell_lines(words: Sequence[str], width: int) -> list[str]:
    """The words quoted for a shell, in lines that can be pasted as they are; each flag stays with its value."""
    lines: list[str] = []
    for part in _parts(words):
        if lines and len(lines[-1]) + 1 + len(part) + 2 <= width:
            lines[-1] += f" {part}"
        else:
            lines.append(part if not lines else f"  {part}")
    return [f"{line} \\" for line in lines[:-1]] + lines[-1:]


def _parts(words: Sequence[str]) -> list[str]:
    parts: list[str] = []
    for word in words:
        if parts and not word.startswith("--"):
            parts[-1] += f" {shlex.quote(word)}"
        else:
            parts.append(shlex.quote(word))
    return parts

"""A ranking as a JSON object and as a table."""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from tui_tracker.cli.output import Column, Table
from tui_tracker.core import format as fmt
from tui_tracker.core.candle import Provenance
from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.stats.ranking import Place, Ranking

_PROVENANCE: Final = (Provenance.CANDLE_1M, Provenance.STREAM, Provenance.POLL, Provenance.CANDLE_5M)


@dataclass(frozen=True, slots=True)
class RankReport:
    """What ``crypto-tui rank`` has to say."""

    snapshot: Snapshot
    ranking: Ranking
    scope_pairs: int
    """Pairs in the scope, of which the ranking holds the chosen ones."""
    scope_name: str
    """The scope in a word or two."""

    def document(self) -> dict[str, object]:
        """The ranking as one JSON object, full precision, ``None`` where undefined."""
        return {
            "source": self.snapshot.status.source,
            "metric": self.ranking.metric.value,
            "by": self.ranking.measure.value,
            "window_s": self.snapshot.window_minutes * 60,
            "at": None if self.snapshot.at_ms is None else fmt.rfc3339(self.snapshot.at_ms),
            "scope_pairs": self.scope_pairs,
            "ranked": self.ranking.ranked,
            "pairs": [_pair(place, self.ranking.metric) for place in self.ranking.places],
        }

    def table(self) -> Table:
        """The ranking as a table; a reason column is there only if some pair is unranked."""
        ranking = self.ranking
        columns = [
            Column("rank", is_number=True),
            Column("pair"),
            *(Column(title, is_number=True) for title in ("last", "change %", "σ", "cv %", "volatility %", "range %")),
            Column("volume USD", is_number=True),
            Column("coverage", is_number=True),
        ]
        has_reasons = ranking.ranked < len(ranking.places)
        if has_reasons:
            columns.append(Column("why unranked"))
        rows = tuple(_cells(place, ranking)[: len(columns)] for place in ranking.places)
        dim = frozenset(index for index, place in enumerate(ranking.places) if place.rank is None)
        return Table(self._title(), tuple(columns), rows, dim)

    def _title(self) -> str:
        ranking, minutes = self.ranking, self.snapshot.window_minutes
        span = f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
        parts = [
            f"Ranked by {ranking.measure.label} of {ranking.metric.label}",
            self.scope_name,
            span,
            f"{ranking.ranked} ranked, {self.scope_pairs:,} in scope",
            f"{self.snapshot.status.source} {fmt.utc_time(self.snapshot.at_ms)} UTC",
        ]
        if self.snapshot.status.is_simulated:
            parts.insert(0, "SIMULATED")
        if ranking.mixed_units:
            parts.append("mixed units")
        return " · ".join(parts)


def unranked_reasons(ranking: Ranking) -> str:
    """Why pairs have no rank, the commonest first: ``no trades (12), 3 % observed (1)``."""
    counts = Counter(place.reason for place in ranking.places if place.rank is None)
    return ", ".join(f"{reason} ({count})" for reason, count in counts.most_common(3))


def _pair(place: Place, metric: Metric) -> dict[str, object]:
    row = place.row
    figures = row.figures_of(metric) or _NOTHING
    return {
        "pair": row.instrument.pair,
        "base": row.instrument.base,
        "quote": row.instrument.quote,
        "rank": place.rank,
        "reason": place.reason or None,
        "stddev": figures.stddev,
        "mean": figures.mean,
        "min": figures.minimum,
        "max": figures.maximum,
        "first": figures.first,
        "last": figures.last,
        "change_pct": figures.change_pct,
        "cv": figures.cv,
        "volatility": figures.volatility,
        "range_pct": figures.range_pct,
        "volume_usd": row.volume_usd,
        "samples": figures.samples,
        "coverage": figures.coverage,
        "provenance": {kind.name.lower(): row.provenance[kind - 1] for kind in _PROVENANCE},
    }


def _cells(place: Place, ranking: Ranking) -> tuple[str, ...]:
    row = place.row
    figures = row.figures_of(ranking.metric) or _NOTHING
    cells = [
        "–" if place.rank is None else str(place.rank),
        row.instrument.pair,
        _last(row, figures, ranking.metric),
        fmt.percent(figures.change_pct, signed=True),
        fmt.figure(figures.stddev),
        fmt.percent(None if figures.cv is None else figures.cv * 100),
        fmt.percent(None if figures.volatility is None else figures.volatility * 100, 1),
        fmt.percent(figures.range_pct, 1),
        fmt.compact(row.volume_usd),
        fmt.share(figures.coverage),
        place.reason,
    ]
    if place.rank is None:
        index = _MEASURE_CELL[ranking.measure]
        cells[index] = f"~{cells[index]}" if cells[index] != fmt.ABSENT else cells[index]
    return tuple(cells)


def _last(row: Row, figures: Figures, metric: Metric) -> str:
    return fmt.price(figures.last, row.instrument.digits) if metric.is_price else fmt.figure(figures.last)


_MEASURE_CELL: Final = {Measure.STDDEV: 4, Measure.CV: 5, Measure.VOLATILITY: 6, Measure.RANGE: 7}
_NOTHING: Final = Figures(1, 0, None, None, None, None, None, None, None, None, None)

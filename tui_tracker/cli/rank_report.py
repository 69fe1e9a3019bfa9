"""A ranking as a JSON object and as a table."""

from collections import Counter
from csv import DictWriter
from dataclasses import dataclass
from io import StringIO
from typing import Final

from tui_tracker.cli.output import Column, Table
from tui_tracker.core import format as fmt
from tui_tracker.core.candle import Provenance
from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.text import clean
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
            "pairs": self._pairs(),
        }

    def csv(self) -> str:
        """The pairs as comma-separated values (RFC 4180), full precision, empty where undefined."""
        rows = [_flat(pair) for pair in self._pairs()]
        text = StringIO()
        writer = DictWriter(text, list(rows[0]) if rows else ["pair"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()

    def _pairs(self) -> list[dict[str, object]]:
        """The pairs; where several exchanges are ranked each says of which it is."""
        found = [_pair(place, self.ranking.metric) for place in self.ranking.places]
        if not self._is_several:
            return found
        exchanges = [row.instrument.source for row in self.ranking.rows]
        return [{"exchange": exchange, **pair} for exchange, pair in zip(exchanges, found, strict=True)]

    @property
    def _is_several(self) -> bool:
        return bool(self.snapshot.status.parts)

    def table(self) -> Table:
        """The ranking as a table; a reason column is there only if some pair is unranked."""
        ranking = self.ranking
        columns = [
            Column("rank", is_number=True),
            Column("pair"),
            *([Column("exchange")] if self._is_several else ()),
            *(
                Column(title, is_number=True)
                for title in ("last", "change %", *_shown_measures(ranking.measure).values())
            ),
            *(Column(title, is_number=True) for title in ("volume USD", "coverage", "active")),
        ]
        has_reasons = ranking.ranked < len(ranking.places)
        if has_reasons:
            columns.append(Column("why unranked"))
        rows = tuple(_cells(place, ranking, is_several=self._is_several)[: len(columns)] for place in ranking.places)
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


def _flat(pair: dict[str, object]) -> dict[str, object]:
    """The fields of a pair as cells: lists with spaces between, counts by provenance each a cell."""
    cells: dict[str, object] = {}
    for name, value in pair.items():
        if isinstance(value, dict):
            cells |= {f"{name}_{part}": count for part, count in value.items()}
        elif isinstance(value, list):
            cells[name] = " ".join(map(str, value))
        elif isinstance(value, bool):
            cells[name] = str(value).lower()
        else:
            cells[name] = clean(value) if isinstance(value, str) else value
    return cells


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
        "bipower": figures.bipower,
        "high": row.high,
        "low": row.low,
        "hl_range_pct": row.measured(metric, Measure.HL_RANGE),
        "parkinson": row.measured(metric, Measure.PARKINSON),
        "volume_usd": row.volume_usd,
        "samples": figures.samples,
        "coverage": figures.coverage,
        "activity": row.activity,
        "is_suspect": row.is_suspect,
        "classes": sorted(row.instrument.classes),
        "id": row.id,
        "provenance": {kind.name.lower(): row.provenance[kind - 1] for kind in _PROVENANCE},
    }


def _cells(place: Place, ranking: Ranking, *, is_several: bool) -> tuple[str, ...]:
    row = place.row
    figures = row.figures_of(ranking.metric) or _NOTHING
    return (
        "–" if place.rank is None else str(place.rank),
        row.instrument.pair,
        *([row.instrument.source] if is_several else ()),
        _last(row, figures, ranking.metric),
        fmt.percent(figures.change_pct, signed=True),
        *(_measured(place, ranking, measure) for measure in _shown_measures(ranking.measure)),
        fmt.compact(row.volume_usd),
        fmt.share(figures.coverage),
        fmt.share(row.activity),
        place.reason,
    )


def _shown_measures(ranked_by: Measure) -> dict[Measure, str]:
    """Measures with a column, and its title; the usual ones and the one that pairs are ranked by."""
    return {measure: title for measure, title in _TITLES.items() if measure in _USUAL or measure is ranked_by}


def _measured(place: Place, ranking: Ranking, measure: Measure) -> str:
    value = place.row.measured(ranking.metric, measure)
    if measure in _FRACTIONS and value is not None:
        value *= 100
    text = fmt.figure(value) if measure is Measure.STDDEV else fmt.percent(value, 2 if measure is Measure.CV else 1)
    is_unsure = place.rank is None and measure is ranking.measure and text != fmt.ABSENT
    return f"~{text}" if is_unsure else text


def _last(row: Row, figures: Figures, metric: Metric) -> str:
    return fmt.price(figures.last, row.instrument.digits) if metric.is_price else fmt.figure(figures.last)


_TITLES: Final = {
    Measure.STDDEV: "σ",
    Measure.CV: "cv %",
    Measure.VOLATILITY: "volatility %",
    Measure.RANGE: "range %",
    Measure.HL_RANGE: "24 h high-low %",
    Measure.PARKINSON: "Parkinson %",
    Measure.BIPOWER: "bipower %",
}
_USUAL: Final = (Measure.STDDEV, Measure.CV, Measure.VOLATILITY, Measure.RANGE)
_FRACTIONS: Final = (Measure.CV, Measure.VOLATILITY, Measure.PARKINSON, Measure.BIPOWER)
_NOTHING: Final = Figures(1, 0, None, None, None, None, None, None, None, None, None)

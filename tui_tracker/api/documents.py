"""What REST answers, as plain data: full precision, ``None`` where undefined."""

from typing import Final

from tui_tracker.core.candle import Provenance
from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.format import rfc3339
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.status import SourceReport
from tui_tracker.feed.translate import report_event
from tui_tracker.stats.ranking import Place, Ranking

Document = dict[str, object]
NO_FIGURES: Final = Figures(1, 0, None, None, None, None, None, None, None, None, None)
UNITS: Final = {
    Metric.PRICE: "quote currency",
    Metric.MID: "quote currency",
    Metric.VOLUME: "base currency",
    Metric.QUOTE_VOLUME: "quote currency",
    Metric.SPREAD: "basis points",
    Metric.TRADES: "trades",
    Metric.FLOW: "base currency a minute",
    Metric.TRADES_MIN: "trades a minute",
}


def instant(at_ms: int | None) -> str | None:
    """An instant in RFC 3339, UTC."""
    return None if at_ms is None else rfc3339(at_ms)


def pair_brief(row: Row) -> Document:
    """One line of the list of pairs."""
    one = row.instrument
    return {
        "id": one.id,
        "pair": one.pair,
        "base": one.base,
        "quote": one.quote,
        "source": one.source,
        "symbol": one.symbol,
        "digits": one.digits,
        "trading": row.halted or one.trading.value,
        "classes": sorted(one.classes),
        "last": row.last,
        "volume_usd": row.volume_usd,
    }


def pair_whole(row: Row, snapshot: Snapshot, ranks: dict[str, Document]) -> Document:
    """Everything about one pair."""
    return {
        **pair_brief(row),
        "at": instant(snapshot.at_ms),
        "window_s": snapshot.window_minutes * 60,
        "bid": row.bid,
        "ask": row.ask,
        "mid": row.mid,
        "high": row.high,
        "low": row.low,
        "halted_since": instant(row.halted_since_ms),
        "activity": row.activity,
        "is_suspect": row.is_suspect,
        "provenance": {kind.name.lower(): row.provenance[kind - 1] for kind in Provenance},
        "statistics": {
            metric.value: figures_document(figures)
            for metric, figures in zip(METRICS, row.figures, strict=True)
            if figures is not None
        },
        "ranks": ranks,
    }


def figures_document(figures: Figures) -> Document:
    """The statistics of one window."""
    return {
        "samples": figures.samples,
        "coverage": figures.coverage,
        "stddev": figures.stddev,
        "mean": figures.mean,
        "min": figures.minimum,
        "max": figures.maximum,
        "first": figures.first,
        "first_at": instant(figures.first_ms),
        "last": figures.last,
        "last_at": instant(figures.last_ms),
        "change_pct": figures.change_pct,
        "cv": figures.cv,
        "volatility": figures.volatility,
        "range_pct": figures.range_pct,
        "bipower": figures.bipower,
    }


def rank_text(place: Place | None, ranking: Ranking) -> str | None:
    """``3/418``, or ``None`` without a rank."""
    return None if place is None or place.rank is None else f"{place.rank}/{ranking.ranked}"


def rank_document(place: Place | None, ranking: Ranking) -> Document:
    """Where a pair stands in one ranking."""
    return {
        "rank": None if place is None else place.rank,
        "ranked": ranking.ranked,
        "value": None if place is None else place.value,
        "reason": "not in scope" if place is None else place.reason or None,
    }


def place_document(place: Place, ranking: Ranking) -> Document:
    """One line of a ranking."""
    row = place.row
    figures = row.figures_of(ranking.metric) or NO_FIGURES
    return {
        "id": row.id,
        "pair": row.instrument.pair,
        "base": row.instrument.base,
        "quote": row.instrument.quote,
        "rank": place.rank,
        "reason": place.reason or None,
        "value": place.value,
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
        "hl_range_pct": row.measured(ranking.metric, Measure.HL_RANGE),
        "parkinson": row.measured(ranking.metric, Measure.PARKINSON),
        "volume_usd": row.volume_usd,
        "samples": figures.samples,
        "coverage": figures.coverage,
    }


def ranking_document(snapshot: Snapshot, ranking: Ranking, offset: int, limit: int) -> Document:
    """A ranking, from place ``offset`` on."""
    return {
        "source": snapshot.status.source,
        "metric": ranking.metric.value,
        "by": ranking.measure.value,
        "window_s": snapshot.window_minutes * 60,
        "at": instant(snapshot.at_ms),
        "version": snapshot.version,
        "known_s": (snapshot.window_minutes if snapshot.known_minutes is None else snapshot.known_minutes) * 60,
        "scope_pairs": len(ranking.places),
        "ranked": ranking.ranked,
        "mixed_units": ranking.mixed_units,
        "offset": offset,
        "pairs": [place_document(place, ranking) for place in ranking.places[offset : offset + limit]],
    }


def report_document(report: SourceReport) -> Document:
    """How the source is doing; the fields of ``SourceReport``."""
    event = report_event(report)
    document: Document = {
        "status": event.status,
        "requests": event.requests,
        "errors": event.errors,
        "skipped": event.skipped[:100],
    }
    return {**document, "parts": [report_document(part) for part in report.parts]} if report.parts else document

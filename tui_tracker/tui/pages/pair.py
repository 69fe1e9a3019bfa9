"""Everything that is known of one pair. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tui_tracker.core import format as fmt
from tui_tracker.core.candle import Provenance
from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.series import MINUTE_MS, Series
from tui_tracker.core.snapshot import Row, Snapshot
from tui_tracker.core.text import clean
from tui_tracker.stats.correlation import Correlation, grid_returns, return_correlation
from tui_tracker.stats.downsample import extremes
from tui_tracker.stats.gaps import find_gaps
from tui_tracker.stats.histogram import Histogram, histogram, plain_returns
from tui_tracker.stats.ranking import Ranking
from tui_tracker.stats.returns import GRID_MINUTES
from tui_tracker.tui.columns import change_of
from tui_tracker.tui.pages.blocks import Block, Page, chunked, facts, laid_out, said, tabulated
from tui_tracker.tui.pages.wording import bar, change, classes, measure_text, measured, metric_text
from tui_tracker.tui.runs import Line, Run
from tui_tracker.tui.times import Zone
from tui_tracker.tui.titles import METRIC_WORDS, SEPARATOR, count, window_text

BINS: Final = 11
BAR_WIDTH: Final = 20
MOST_GAPS: Final = 5
OF_PRICES: Final = (Measure.VOLATILITY, Measure.BIPOWER, Measure.HL_RANGE, Measure.PARKINSON)
"""Measures that only prices have."""
OF_ALL: Final = tuple(measure for measure in Measure if measure not in OF_PRICES)
ON_ITS_WAY: Final = "The samples are on their way."


@dataclass(frozen=True, slots=True)
class Reference:
    """The pair that another is compared with."""

    row: Row | None
    """``None`` where no pair has the asset as its base."""
    asset: str
    is_same_quote: bool = True


@dataclass(frozen=True, slots=True)
class PairFacts:
    """What the page is made from."""

    row: Row
    snapshot: Snapshot
    rankings: Sequence[tuple[str, Ranking]]
    """Scopes by name, in which the pair may have a rank."""
    prices: Series | None
    reference: Reference
    reference_prices: Series | None
    zone: Zone


def pair_page(known: PairFacts, width: int) -> Page:
    """Everything, in columns where ``width`` cells have room for them."""
    row, span = known.row, window_text(known.snapshot.window_minutes)
    blocks = [
        Block("Now", tuple(_now(known))),
        Block("Highs and lows", tuple(_extremes(known))),
        Block("Instrument", tuple(_instrument(row))),
        Block(f"{_step_word(known)} returns of the last {span}", tuple(_returns(known))),
        Block("Coverage", tuple(_coverage(known))),
        Block(f"Moves with {clean(_reference_name(known.reference), 24)}", tuple(_correlation(known))),
    ]
    table = [Line(), Line((("Every figure", "accent"),)), *_figures(row, width)]
    pair = clean(row.instrument.pair, 24)
    return Page(
        SEPARATOR.join((pair, clean(row.instrument.source, 16), known.zone.name)), (*laid_out(blocks, width), *table)
    )


def find_reference(rows: Sequence[Row], row: Row, asset: str) -> Reference:
    """The pair of ``asset`` in the same quote currency, else the most traded one of it; of its exchange if it can be.

    O(n).
    """
    found = [other for other in rows if other.instrument.base == asset]
    found = [other for other in found if other.instrument.source == row.instrument.source] or found
    same = next((other for other in found if other.instrument.quote == row.instrument.quote), None)
    if same is not None:
        return Reference(same, asset)
    return Reference(max(found, key=lambda other: other.volume_usd or 0.0, default=None), asset, is_same_quote=False)


def _reference_name(reference: Reference) -> str:
    return reference.asset if reference.row is None else reference.row.instrument.pair


def _now(known: PairFacts) -> list[Line]:
    row, digits = known.row, known.row.instrument.digits
    price = row.figures_of(Metric.PRICE)
    pairs: list[tuple[str, Sequence[Run]]] = [
        (
            "last",
            [
                (fmt.price(row.last, digits), "strong"),
                ("  ", "text"),
                change(change_of(price)),
            ],
        ),
        ("bid · ask", [(f"{fmt.price(row.bid, digits)} · {fmt.price(row.ask, digits)}", "text")]),
        ("volume", [(f"{fmt.compact(row.volume_usd)} USD in 24 h", "text")]),
    ]
    if row.halted:
        since = "" if row.halted_since_ms is None else f" since {known.zone.minute(row.halted_since_ms)}"
        pairs.insert(0, ("halted", [(f"{clean(row.halted, 30)}{since}", "warn")]))
    for name, ranking in known.rankings:
        place = ranking.place(row.id)
        if place is None:
            continue
        text = clean(place.reason, 30) if place.rank is None else f"{count(place.rank)} of {count(ranking.ranked)}"
        pairs.append((f"rank {name}", [(text, "text" if place.rank is not None else "warn")]))
    if known.rankings:
        ranking = known.rankings[0][1]
        pairs.append(("ranked by", [(f"{ranking.measure.label} of {METRIC_WORDS[ranking.metric]}", "muted")]))
    return facts(pairs)


def _extremes(known: PairFacts) -> list[Line]:
    series, row = known.prices, known.row
    if series is None:
        return said(ON_ITS_WAY, 36)
    found = extremes(series.values)
    if found is None:
        return said("No sample yet.", 36)
    low, high = found
    digits, last = row.instrument.digits, row.last

    def runs(index: int) -> list[Run]:
        value = series.values[index]
        away = (
            "" if last is None or not value > 0 else f"  now {fmt.percent((last / value - 1) * 100, 2, signed=True)} %"
        )
        when = known.zone.minute(series.start_ms + index * MINUTE_MS)
        return [(fmt.price(value, digits), "strong"), (f"  at {when}", "text"), (away, "muted")]

    return facts([("high", runs(high)), ("low", runs(low))])


def _instrument(row: Row) -> list[Line]:
    instrument = row.instrument
    pairs: list[tuple[str, Sequence[Run]]] = [
        ("status", [(instrument.trading.value.replace("_", " "), "text" if instrument.trading.is_sampled else "warn")]),
        ("symbol", [(clean(instrument.symbol, 40), "text")]),
        (
            "tick",
            [
                (f"{10.0**-instrument.digits:.{max(0, instrument.digits)}f}", "text"),
                (f"  {instrument.digits} decimal{'' if instrument.digits == 1 else 's'}", "muted"),
            ],
        ),
        ("id", [(clean(instrument.id, 40), "text")]),
    ]
    if instrument.aliases:
        pairs.append(("also", [(clean(" ".join(instrument.aliases), 40), "text")]))
    if found := classes(instrument):
        pairs.append(("classes", [(found, "text")]))
    return facts(pairs)


def _returns(known: PairFacts) -> list[Line]:
    series = known.prices
    if series is None:
        return said(ON_ITS_WAY, 40)
    values = _grid(series) if _is_coarse(known) else series.values
    returns = [change * 100 for change in plain_returns(values)]
    if not returns:
        return said("No two in turn were observed.", 40)
    found = histogram(returns, BINS)
    most = max(found.counts)
    rows: list[list[Run]] = []
    for label, number in zip(bin_labels(found), found.counts, strict=True):
        rows.append([(label, "muted"), (count(number), "text"), (bar(number / most, BAR_WIDTH), "accent")])
    flat = sum(1 for value in returns if value == 0)
    return [
        *tabulated(rows, left={2}),
        Line(((f"{count(len(returns))} returns, {count(flat)} without a change", "faint"),)),
    ]


def _is_coarse(known: PairFacts) -> bool:
    """Whether minutes hold the close of a 5-minute candle: four returns in five would be 0."""
    return known.row.provenance[Provenance.CANDLE_5M - 1] > 0


def _step_word(known: PairFacts) -> str:
    return "5-minute" if _is_coarse(known) else "Minute"


def _grid(series: Series) -> Sequence[float]:
    """The last minutes of the 5-minute grid."""
    first_minute = series.start_ms // MINUTE_MS
    return series.values[(GRID_MINUTES - 1 - first_minute) % GRID_MINUTES :: GRID_MINUTES]


def bin_labels(found: Histogram) -> list[str]:
    """``-0.12 … -0.08 %`` of each bin; the outer ones are open."""
    edges = found.edges
    if not edges:
        return ["0 %"]
    step = edges[1] - edges[0]
    digits = next((digits for digits in range(2, 10) if round(step, digits) >= 10.0**-digits * 5), 9)
    texts = [f"{edge:+.{digits}f}" for edge in edges]
    inner = [f"{low} … {high} %" for low, high in pairwise(texts)]
    return [f"below {texts[0]} %", *inner, f"from {texts[-1]} %"]


def _coverage(known: PairFacts) -> list[Line]:
    figures, series = known.row.figures_of(Metric.PRICE), known.prices
    if figures is None or series is None:
        return said(ON_ITS_WAY if figures is not None else "No price was observed.", 40)
    gaps = find_gaps(series.values)
    runs: list[Run] = [
        (f"{bar(figures.coverage, 10):10} ", "accent"),
        (f"{fmt.share(figures.coverage)}  {count(figures.samples)} of {count(figures.length)} min", "text"),
    ]
    if not gaps:
        return [*facts([("observed", runs)]), Line((("no gap", "muted"),))]
    lines = facts([("observed", runs), ("gaps", [(f"{count(len(gaps))}, the longest:", "text")])])
    rows: list[list[Run]] = []
    for gap in gaps[:MOST_GAPS]:
        start_ms = series.start_ms + gap.start * MINUTE_MS
        end_ms = start_ms + gap.minutes * MINUTE_MS
        rows.append(
            [
                (f"  {known.zone.minute(start_ms)} – {known.zone.minute(end_ms)}", "text"),
                (f"{count(gap.minutes)} min", "muted"),
            ]
        )
    more = len(gaps) - MOST_GAPS
    return [*lines, *tabulated(rows), *([Line(((f"  and {count(more)} more", "faint"),))] if more > 0 else [])]


def _correlation(known: PairFacts) -> list[Line]:
    reference = known.reference
    if reference.row is None:
        return said(f"No pair has {clean(reference.asset, 12)} as its base.", 40)
    if reference.row.id == known.row.id:
        return said("It is the reference itself; the setting “reference” names another.", 40)
    if known.prices is None or known.reference_prices is None:
        return said(ON_ITS_WAY, 40)
    found = _correlated(known.prices, known.reference_prices)
    if found is None:
        return said("Too few 5-minute returns that both have.", 40)
    lines = [
        Line(
            (
                (f"{found.coefficient:+.3f}", "strong"),
                (f"  {_scale(found.coefficient)}", "accent"),
                (f"  {_in_words(found.coefficient)}", "text"),
            )
        ),
        Line(((f"correlation of {count(found.returns)} 5-minute returns", "faint"),)),
    ]
    if not reference.is_same_quote:
        lines.append(
            Line(((f"no {clean(reference.asset, 8)}/{clean(known.row.instrument.quote, 8)} is listed", "faint"),))
        )
    return lines


def _correlated(one: Series, other: Series) -> Correlation | None:
    first, second = (grid_returns(series.values, series.start_ms // MINUTE_MS) for series in (one, other))
    return return_correlation(first, second)


def _scale(coefficient: float) -> str:
    """``····│══··``: −1 left, 0 in the middle, +1 right."""
    half = 6
    size = round(abs(coefficient) * half)
    left = "·" * (half - size) + "━" * size if coefficient < 0 else "·" * half
    right = "━" * size + "·" * (half - size) if coefficient > 0 else "·" * half
    return f"{left}│{right}"


def _in_words(coefficient: float) -> str:
    size = abs(coefficient)
    if size < 0.1:
        return "unrelated"
    word = "hardly" if size < 0.3 else "partly" if size < 0.7 else "closely"
    return f"{word} {'together' if coefficient > 0 else 'opposed'}"


def _figures(row: Row, width: int) -> list[Line]:
    """One line a metric; the measures of prices follow below where there is no room for them."""
    figures_of_all = [measure.label for measure in OF_ALL]
    heads = ["metric", "last", "mean", *figures_of_all, "min", "max", "Δ window", "cover"]
    heads += [measure.label for measure in OF_PRICES]
    rows: list[list[Run]] = [[(head, "faint") for head in heads]]
    for metric in METRICS:
        figures = row.figures_of(metric)
        name: Run = (METRIC_WORDS[metric] + (" bps" if metric is Metric.SPREAD else ""), "muted")
        if figures is None or not figures.samples:
            rows.append([name, *((fmt.ABSENT, "faint") for _ in heads[1:])])
        else:
            rows.append([name, *_figure_cells(row, metric, figures)])
    return chunked(rows, width, together=len(OF_PRICES))


def _figure_cells(row: Row, metric: Metric, figures: Figures) -> list[Run]:
    digits = row.instrument.digits

    def text(value: float | None) -> Run:
        return metric_text(metric, value, digits), "text"

    def measure_of(measure: Measure) -> Run:
        value = measured(row, metric, measure)
        return measure_text(measure, value), "faint" if value is None else "strong"

    return [
        text(figures.last),
        text(figures.mean),
        *(measure_of(measure) for measure in OF_ALL),
        text(figures.minimum),
        text(figures.maximum),
        change(change_of(figures)),
        (fmt.share(figures.coverage), "muted"),
        *(measure_of(measure) for measure in OF_PRICES),
    ]

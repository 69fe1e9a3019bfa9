"""Why a pair has its rank: what its figure is made of, how well it is known, and who is next to it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tui_tracker.core import format as fmt
from tui_tracker.core.candle import Provenance
from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS, Series
from tui_tracker.core.snapshot import Row
from tui_tracker.core.text import clean
from tui_tracker.stats.correlation import grid_returns
from tui_tracker.stats.downsample import extremes
from tui_tracker.stats.influence import heaviest_returns, heaviest_samples
from tui_tracker.stats.ranking import Place, Ranking
from tui_tracker.tui.pages.blocks import Block, Page, facts, laid_out, said, tabulated
from tui_tracker.tui.pages.command import PROGRAM, shell_lines
from tui_tracker.tui.pages.wording import activity, bar, measure_text, measured, metric_text, percent
from tui_tracker.tui.runs import Kind, Line, Run
from tui_tracker.tui.times import Zone
from tui_tracker.tui.titles import METRIC_WORDS, SEPARATOR, count, counted, pair_name, window_text

MOST_MINUTES: Final = 5
NEIGHBOURS: Final = 2
SOURCES: Final = (
    (Provenance.POLL, "poll"),
    (Provenance.CANDLE_1M, "1-min candle"),
    (Provenance.CANDLE_5M, "5-min candle"),
    (Provenance.STREAM, "streamed minute"),
)


@dataclass(frozen=True, slots=True)
class WhyFacts:
    """What the page is made from."""

    row: Row
    ranking: Ranking
    scope: str
    """The scope in a word."""
    min_coverage: float
    series: Series | None
    """Samples of the ranking's metric, ``None`` while they are on their way."""
    command: Sequence[str] | None
    """Words of the command that makes the ranking again."""
    zone: Zone
    is_simulated: bool = False
    """Whether the market is the demo's, which a command sees at its first moment."""
    is_several: bool = False
    """Whether pairs of several exchanges are watched."""


def why_page(known: WhyFacts, width: int) -> Page:
    """Everything, in columns where ``width`` cells have room for them."""
    ranking = known.ranking
    what = f"{ranking.measure.label} of {METRIC_WORDS[ranking.metric]}"
    pair = pair_name(known.row.instrument, 34 if known.is_several else 24, is_several=known.is_several)
    blocks = [
        Block("Standing", tuple(_standing(known))),
        Block("Neighbours in the ranking", tuple(_neighbours(known))),
        _weight_block(known),
    ]
    command = Block("Run it again", tuple(_command(known, width)))
    lines = (*laid_out(blocks, width), Line(), *laid_out([command], width))
    return Page(SEPARATOR.join(("Why this rank", pair, what, known.scope)), lines)


def _standing(known: WhyFacts) -> list[Line]:
    row, ranking = known.row, known.ranking
    place = ranking.place(row.id)
    figures = row.figures_of(ranking.metric)
    pairs: list[tuple[str, Sequence[Run]]] = [("rank", _rank_runs(place, ranking))]
    if figures is None or not figures.samples:
        return facts([*pairs, ("samples", [(f"none of {METRIC_WORDS[ranking.metric]} yet", "warn")])])
    for measure in Measure:
        kind: Kind = "strong" if measure is ranking.measure else "text"
        pairs.append((measure.label, [(measure_text(measure, measured(row, ranking.metric, measure)), kind)]))
    pairs.append(("mean", [(metric_text(ranking.metric, figures.mean, row.instrument.digits), "text")]))
    pairs.append(("coverage", _coverage_runs(figures, known.min_coverage)))
    pairs.append(("samples from", [(_samples_text(row, figures, ranking.metric), "text")]))
    pairs.append(("traded", [(f"{fmt.compact(row.volume_usd)} USD in 24 h" if row.traded else "no trade", "text")]))
    if (active := activity(row)) is not None:
        pairs.append(("active", [(f"{fmt.share(active)} of 5-minute intervals had a trade", "text")]))
    return facts(pairs)


def _rank_runs(place: Place | None, ranking: Ranking) -> list[Run]:
    if place is None:
        floor = ranking.scope.min_volume_usd
        reason = f"it must trade at least {floor:,.0f} USD a day" if floor > 0 else "other pairs are compared"
        return [("not in this scope", "warn"), (f": {reason}", "muted")]
    if place.rank is not None:
        return [(f"{count(place.rank)} of {count(ranking.ranked)}", "strong")]
    runs: list[Run] = [(f"none: {clean(place.reason, 40)}", "warn")]
    if place.value is not None and ranking.ranked:
        larger = sum(1 for other in ranking.places[: ranking.ranked] if (other.value or 0.0) > place.value)
        runs.append((f", would be {count(larger + 1)} as it stands", "muted"))
    return runs


def _coverage_runs(figures: Figures, least: float) -> list[Run]:
    text = f"{fmt.share(figures.coverage)}  {count(figures.samples)} of {count(figures.length)} min"
    if figures.coverage < least:
        return [(text, "warn"), (f"  needs {fmt.share(least)}", "muted")]
    return [(text, "text")]


def _samples_text(row: Row, figures: Figures, metric: Metric) -> str:
    if metric is not Metric.PRICE:
        return counted(figures.samples, "poll")
    parts = [counted(row.provenance[kind - 1], name) for kind, name in SOURCES if row.provenance[kind - 1]]
    return " · ".join(parts) or counted(figures.samples, "minute")


def _neighbours(known: WhyFacts) -> list[Line]:
    """Two places above and two below."""
    ranking, own = known.ranking, known.ranking.place(known.row.id)
    ranked = ranking.places[: ranking.ranked]
    if own is None or own.rank is None or own.value is None:
        return said("No neighbours: it has no rank.", 40)
    index = next(index for index, place in enumerate(ranked) if place.row.id == known.row.id)
    heads = ("rank", "pair", ranking.measure.label, "distance")
    rows: list[list[Run]] = [[(head, "faint") for head in heads]]
    for place in ranked[max(0, index - NEIGHBOURS) : index + NEIGHBOURS + 1]:
        is_own = place.row.id == known.row.id
        rows.append(
            [
                (str(place.rank), "strong" if is_own else "text"),
                (
                    pair_name(place.row.instrument, 30 if known.is_several else 20, is_several=known.is_several),
                    "strong" if is_own else "text",
                ),
                (measure_text(ranking.measure, place.value), "strong" if is_own else "muted"),
                ("this pair" if is_own else _distance(place.value, own.value), "muted"),
            ]
        )
    return tabulated(rows, left={1})


def _distance(value: float | None, own: float) -> str:
    if value is None:
        return fmt.ABSENT
    if value == own:
        return "equal"
    if not own > 0:
        return fmt.figure(value - own, 3)
    return f"{fmt.percent((value / own - 1) * 100, 1, signed=True)} %"


def _weight_block(known: WhyFacts) -> Block:
    """The minutes that make the figure what it is."""
    series, measure = known.series, known.ranking.measure
    if series is None:
        return Block("Minutes that weigh most", tuple(said("The samples are on their way.", 40)))
    if measure is Measure.RANGE:
        return Block("The minutes that make the range", tuple(_range_lines(known, series)))
    if measure is Measure.VOLATILITY:
        return Block("5-minute returns that carry most of it", tuple(_return_lines(known, series)))
    return Block("Minutes that carry most of σ", tuple(_sample_lines(known, series)))


def _sample_lines(known: WhyFacts, series: Series) -> list[Line]:
    parts = heaviest_samples(series.values, MOST_MINUTES)
    figures = known.row.figures_of(series.metric)
    if not parts or figures is None or figures.mean is None:
        return said("Nothing varies.", 40)
    digits = known.row.instrument.digits
    rows: list[list[Run]] = [[(head, "faint") for head in ("time", METRIC_WORDS[series.metric], "x − mean", "of σ²")]]
    for part in parts:
        off = part.value - figures.mean
        rows.append(
            [
                (known.zone.minute(series.start_ms + part.minute * MINUTE_MS), "text"),
                (metric_text(series.metric, part.value, digits), "text"),
                (f"{'+' if off > 0 else ''}{metric_text(series.metric, off, digits)}", "up" if off > 0 else "down"),
                (percent(part.share), "strong"),
            ]
        )
    return [*tabulated(rows), _sum_line([part.share for part in parts], figures.samples, "minutes")]


def _return_lines(known: WhyFacts, series: Series) -> list[Line]:
    returns = grid_returns(series.values, series.start_ms // MINUTE_MS)
    parts = heaviest_returns(returns, MOST_MINUTES)
    if not parts:
        return said("No return between two 5-minute points is known.", 40)
    rows: list[list[Run]] = [[(head, "faint") for head in ("until", "return", "of Σr²")]]
    for part in parts:
        text = f"{fmt.percent(part.value * 100, 3, signed=True)} %"
        rows.append(
            [
                (known.zone.minute(part.minute * MINUTE_MS), "text"),
                (text, "up" if part.value > 0 else "down"),
                (percent(part.share), "strong"),
            ]
        )
    return [*tabulated(rows), _sum_line([part.share for part in parts], len(returns), "returns")]


def _sum_line(shares: Sequence[float], of: int, what: str) -> Line:
    whole = sum(shares)
    return Line(
        ((f"{bar(whole, 12)} ", "accent"), (f"{percent(whole, 1)} in {len(shares)} of {count(of)} {what}", "muted"))
    )


def _range_lines(known: WhyFacts, series: Series) -> list[Line]:
    found = extremes(series.values)
    if found is None:
        return said("No sample yet.", 40)
    digits = known.row.instrument.digits

    def runs(index: int) -> list[Run]:
        when = known.zone.minute(series.start_ms + index * MINUTE_MS)
        return [(metric_text(series.metric, series.values[index], digits), "strong"), (f"  at {when}", "muted")]

    return facts([("highest", runs(found[1])), ("lowest", runs(found[0]))])


def _command(known: WhyFacts, width: int) -> list[Line]:
    if known.command is None:
        if known.ranking.metric is Metric.PRICE:
            text = f"There are too many pairs to name. For one add --pairs {clean(known.row.id, 40)} to {PROGRAM} rank."
            return said(f"{text} Its exchanges are named with --source, as for this session.", width)
        return said(
            f"No command can: an exchange keeps a history of prices alone, so {METRIC_WORDS[known.ranking.metric]} "
            "is ranked only where it was collected.",
            width,
        )
    lines = [Line(((text, "text"),)) for text in shell_lines(known.command, width)]
    window = window_text(next((f.length for f in known.row.figures if f is not None), 0))
    until = "the first moment of the demo, where commands stand" if known.is_simulated else "the moment it runs"
    return [*lines, Line(((f"ranks the {window} up to {until}", "faint"),))]

"""The market as it stood at a past minute, from what was stored of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from typing_extensions import override

from tui_tracker.core.candle import Provenance
from tui_tracker.core.figures import Figures
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.metric import METRIC_INDEX, METRICS, Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.ticker import Ticker
from tui_tracker.engine.market import NOT_QUOTED, Holding, Market
from tui_tracker.engine.past_minutes import Reaches
from tui_tracker.stats.activity import BUCKET_MINUTES, Activity
from tui_tracker.stats.gliding import Glide, Reach
from tui_tracker.stats.samples import Samples
from tui_tracker.stats.window import DAY_MINUTES
from tui_tracker.storage.model import LastSeen

_FLOW: Final = METRIC_INDEX[Metric.FLOW]
_NOTED_MINUTES: Final = 4 * DAY_MINUTES
"""Minutes that it is known of whether something traded."""


class PastMarket(Market):
    """Windows that end in a past minute and glide in both directions.

    What lies beside the windows is told by their newest samples, since no more was stored: the last quote is made of
    price, mid and spread, and a pair of which a polled minute has no quote counts as not quoted.
    """

    def __init__(self, window_minutes: int = DAY_MINUTES, figured: Sequence[Metric] = METRICS) -> None:
        """Know nothing."""
        super().__init__(window_minutes)
        self.figured: frozenset[Metric] = frozenset(figured)
        """Metrics whose figures are made."""
        self._reaches: Reaches = {}
        self._glides: dict[str, list[Glide | None]] = {}
        self._noted: dict[str, Reach] = {}

    @override
    def __iter__(self) -> Iterator[Holding]:
        """Holdings that anything is known of, in the order of their ids."""
        for name, holding in self._holdings.items():
            if any(window is not None and window.last() is not None for window in self._glides[name]):
                yield holding

    @override
    def samples(self, holding: Holding, index: int) -> Samples | None:
        return self._glides[holding.instrument.id][index]

    @override
    def figures(self, holding: Holding) -> tuple[Figures | None, ...]:
        figured = self.figured
        found = zip(METRICS, self._glides[holding.instrument.id], strict=True)
        return tuple(
            [window.figures() if window is not None and metric in figured else None for metric, window in found]
        )

    def begin(self, instruments: Iterable[Instrument]) -> None:
        """Take up what was listed, without a sample."""
        self.clear()
        self._noted.clear()
        for instrument in sorted(instruments, key=lambda each: each.id):
            self.restore(instrument, LastSeen(instrument.id), {})
        self._glides = {name: [None] * len(METRICS) for name in self._holdings}

    def stand_at(self, end_ms: int, reaches: Reaches) -> None:
        """Let all windows end in a minute, and say of each instrument what its newest samples tell.

        Args:
            end_ms: The minute.
            reaches: What is known; may be more or less than before.
        """
        self._reaches = reaches
        self._end_ms = self._polled_ms = end_ms
        for index, metric in enumerate(METRICS):
            self._set(index, metric.has_returns, reaches.get(metric, {}), end_ms // MINUTE_MS)
        polled = set()
        for name, holding in self._holdings.items():
            windows = self._glides[name]
            holding.ticker = _quote(name, windows)
            if any(window is not None and window.sample(end_ms)[1] == Provenance.POLL for window in windows):
                polled.add(name)
        for name, holding in self._holdings.items():
            holding.halted = NOT_QUOTED if polled and name not in polled else ""
            holding.quoted_ms = end_ms if name in polled else None

    def _set(self, index: int, has_returns: bool, reaches: Mapping[str, Reach], end: int) -> None:
        """Let the windows of one metric be over these minutes, and end in one."""
        length = self.window_minutes
        for name, glides in self._glides.items():
            reach, glide = reaches.get(name), glides[index]
            if reach is None:
                glides[index] = None
            elif glide is None:
                glides[index] = Glide(reach, end, length, has_returns=has_returns)
            else:
                glide.end = end
                if glide.reach is not reach:
                    glide.reach = reach

    def warm(self, metric: Metric, names: Sequence[str]) -> None:
        """Bring the figures of one metric along, of some instruments."""
        for name in names:
            window = self.samples(self._holdings[name], METRIC_INDEX[metric])
            if window is not None:
                window.extrema()

    @override
    def has_traded(self, holding: Holding) -> bool:
        if super().has_traded(holding):
            return True
        flow = self.samples(holding, _FLOW)
        extremes = None if flow is None else flow.extrema()
        return extremes is not None and extremes[1] > 0

    @override
    def active_share(self, instrument_id: str, start: int, end: int) -> float | None:
        holding = self._holdings[instrument_id]
        self._note_flow(holding)
        newest, known, active = holding.activity.state  # also of later intervals
        late = max(0, newest - end // BUCKET_MINUTES + 1)
        inside = (1 << max(0, newest - late + (-start // BUCKET_MINUTES) + 1)) - 1
        flow = self.samples(holding, _FLOW)
        open_ones = range(end - end % BUCKET_MINUTES, end + 1)
        is_open = flow is not None and any(flow.sample(minute * MINUTE_MS)[0] > 0 for minute in open_ones)
        observed = (known >> late & inside).bit_count() + is_open
        return ((active >> late & inside).bit_count() + is_open) / observed if observed else None

    def _note_flow(self, holding: Holding) -> None:
        """Take whether something traded in each interval of the minutes that are new."""
        name = holding.instrument.id
        reach, before = self._reaches.get(Metric.FLOW, {}).get(name), self._noted.get(name)
        if reach is None or reach is before:
            return
        if before is None or not reach.first <= before.first <= before.end <= reach.end:
            holding.activity = Activity(_NOTED_MINUTES)
            parts = [reach]
        else:
            parts = [reach.cut(reach.first, before.first), reach.cut(before.end, reach.end)]
        for part in parts:
            for at in range(-part.first % BUCKET_MINUTES - BUCKET_MINUTES, len(part.values), BUCKET_MINUTES):
                known = [flow for flow in part.values[max(0, at) : at + BUCKET_MINUTES] if flow == flow]
                if known:
                    holding.activity.note(part.first + max(0, at), any(known))
        self._noted[name] = reach


def _quote(name: str, windows: Sequence[Samples | None]) -> Ticker:
    """The last quote, as far as samples tell it."""
    newest = [None if window is None else window.last() for window in windows]
    last, mid, volume, quote_volume, spread, trades = newest[: METRICS.index(Metric.FLOW)]
    bid = ask = None
    if mid is not None and spread is not None:
        bid, ask = mid * (1 - spread / 20_000), mid * (1 + spread / 20_000)
    whole = None if trades is None else int(trades)
    return Ticker(name, last, bid, ask, volume, quote_volume, whole)

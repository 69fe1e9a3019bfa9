"""The market as it stood at a past minute, from what was stored of it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from typing_extensions import override

from tui_tracker.core.candle import Provenance
from tui_tracker.core.figures import Figures
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.kept import Stretch
from tui_tracker.core.metric import METRIC_INDEX, METRICS, Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.ticker import Ticker
from tui_tracker.engine.market import NOT_QUOTED, Holding, Market
from tui_tracker.stats.activity import BUCKET_MINUTES
from tui_tracker.stats.window import DAY_MINUTES
from tui_tracker.storage.model import LastSeen

_FLOW: Final = METRIC_INDEX[Metric.FLOW]
Stored = Mapping[str, Mapping[Metric, Stretch]]
"""Minutes of instruments by metric, from one start on."""


class PastMarket(Market):
    """Windows that end in a past minute and move in both directions.

    What lies beside the windows is told by their newest samples, since no more was stored: the last quote is made of
    price, mid and spread, and a pair of which a polled minute has no quote counts as not quoted.
    """

    def __init__(self, window_minutes: int = DAY_MINUTES, figured: Sequence[Metric] = METRICS) -> None:
        """Know nothing."""
        super().__init__(window_minutes)
        self.figured: frozenset[Metric] = frozenset(figured)
        """Metrics whose figures are made."""

    @override
    def __iter__(self) -> Iterator[Holding]:
        """Holdings that anything is known of, in the order of their ids."""
        return (holding for holding in self._holdings.values() if _is_known(holding))

    @override
    def figures(self, holding: Holding) -> tuple[Figures | None, ...]:
        found = zip(METRICS, holding.windows, strict=True)
        return tuple(window.figures() if window and metric in self.figured else None for metric, window in found)

    def begin(self, instruments: Iterable[Instrument], end_ms: int) -> None:
        """Take up what was listed, without a sample, up to a minute."""
        self.clear()
        for instrument in instruments:
            self.restore(instrument, LastSeen(instrument.id), {})
        self.restore_end(end_ms, end_ms)

    def take(self, loaded: Stored) -> None:
        """Take up samples of the windows, all up to their end."""
        for name, found in loaded.items():
            for metric, series in found.items():
                self.restore_window(name, metric, series.values, series.provenance)
            holding, flow = self._holdings.get(name), found.get(Metric.FLOW)
            if holding is not None and flow is not None:
                self._note_flow(holding, (self._end_ms or 0) // MINUTE_MS - len(flow.values) + 1, flow.values)

    def settle(self) -> None:
        """Say of each instrument what its newest samples tell."""
        end_ms = self._end_ms or 0
        polled = {name for name, each in self._holdings.items() if _is_quoted(each, end_ms)}
        for name, holding in self._holdings.items():
            holding.ticker = _quote(holding)
            holding.halted = NOT_QUOTED if polled and name not in polled else ""
            holding.quoted_ms = end_ms if name in polled else None

    def move(self, end_ms: int, first_ms: int, loaded: Stored) -> None:
        """Let all windows end in another minute.

        Args:
            end_ms: The minute.
            first_ms: First minute of ``loaded``.
            loaded: The minutes that come into the windows.
        """
        before_ms = self._end_ms or 0
        self._end_ms = self._polled_ms = end_ms
        for window in self._windows():
            if end_ms < before_ms:
                window.drop_after(end_ms)
            window.advance(end_ms)
        for holding in self._holdings.values():
            if end_ms < before_ms:
                holding.activity.drop_after(end_ms // MINUTE_MS)
        for name, found in loaded.items():
            holding_or_none = self._holdings.get(name)
            if holding_or_none is not None:
                self._add(holding_or_none, first_ms, found)

    def _add(self, holding: Holding, first_ms: int, found: Mapping[Metric, Stretch]) -> None:
        for metric, series in found.items():
            window = self._window(holding, METRIC_INDEX[metric])
            for at, (value, origin) in enumerate(zip(series.values, series.provenance, strict=True)):
                if origin:
                    window.replace(first_ms + at * MINUTE_MS, value, origin)
            if metric is Metric.FLOW:
                self._note_flow(holding, first_ms // MINUTE_MS, series.values)

    def _note_flow(self, holding: Holding, first: int, flows: Sequence[float]) -> None:
        """Take whether something traded in each interval."""
        for start in range(-first % BUCKET_MINUTES - BUCKET_MINUTES, len(flows), BUCKET_MINUTES):
            known = [flow for flow in flows[max(0, start) : start + BUCKET_MINUTES] if flow == flow]
            if known:
                holding.activity.note(first + max(0, start), any(known))

    @override
    def has_traded(self, holding: Holding) -> bool:
        flow = holding.windows[_FLOW]
        extremes = None if flow is None else flow.extrema()
        return super().has_traded(holding) or (extremes is not None and extremes[1] > 0)


def _is_known(holding: Holding) -> bool:
    return any(window.samples for window in holding.windows if window is not None)


def _is_quoted(holding: Holding, minute_ms: int) -> bool:
    return any(window is not None and window.sample(minute_ms)[1] == Provenance.POLL for window in holding.windows)


def _quote(holding: Holding) -> Ticker:
    """The last quote, as far as samples tell it."""
    newest = [None if window is None else window.last() for window in holding.windows]
    last, mid, volume, quote_volume, spread, trades = newest[: METRICS.index(Metric.FLOW)]
    bid = ask = None
    if mid is not None and spread is not None:
        bid, ask = mid * (1 - spread / 20_000), mid * (1 + spread / 20_000)
    whole = None if trades is None else int(trades)
    return Ticker(holding.instrument.id, last, bid, ask, volume, quote_volume, whole)

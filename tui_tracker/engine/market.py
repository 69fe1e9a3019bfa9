"""The windows of all instruments of a source. Nothing else owns or changes them."""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from tui_tracker.core.candle import Candle, CandleBatch, Provenance
from tui_tracker.core.errors import SampleError, UnknownPairError
from tui_tracker.core.figures import Figures
from tui_tracker.core.instrument import Instrument, Trading
from tui_tracker.core.metric import METRIC_INDEX, METRICS, Metric
from tui_tracker.core.series import MINUTE_MS, Series
from tui_tracker.core.ticker import Ticker
from tui_tracker.stats.activity import Activity
from tui_tracker.stats.counters import minute_gain
from tui_tracker.stats.resample import known_trades, minute_counts, minute_samples
from tui_tracker.stats.samples import Samples
from tui_tracker.stats.window import DAY_MINUTES, Window

if TYPE_CHECKING:
    from tui_tracker.storage.model import LastSeen

MAX_AHEAD_MS: Final = 60_000
"""A sample further ahead of the corrected clock than this is refused."""
BOOK_MS: Final = 90_000
"""Bid and ask of a stream hold for so long where polls don't tell them."""
NOT_QUOTED: Final = "not quoted"
_FROM_CANDLES: Final = (Provenance.CANDLE_1M, Provenance.CANDLE_5M)
_PRICE: Final = METRIC_INDEX[Metric.PRICE]
_FLOW: Final = METRIC_INDEX[Metric.FLOW]
_TRADES_MIN: Final = METRIC_INDEX[Metric.TRADES_MIN]
COUNT_OF: Final[tuple[tuple[int, Callable[[Candle], float | None]], ...]] = (
    (_FLOW, attrgetter("volume")),
    (_TRADES_MIN, attrgetter("trades")),
)
"""What a 1-minute candle says of its minute, by the index of the metric."""


@dataclass(slots=True)
class Holding:
    """What the market holds of one instrument. Others read it, only the market writes."""

    instrument: Instrument
    activity: Activity
    windows: list[Window | None] = field(default_factory=lambda: [None] * len(METRICS))
    ticker: Ticker | None = None
    is_suspect: bool = False
    """Whether the last price of ``ticker`` is hard to believe."""
    halted: str = ""
    halted_since_ms: int | None = None
    last_trade_ms: int | None = None
    """Minute of the newest trade that we know of."""
    quoted_ms: int | None = None
    """Instant of the last poll that quoted it."""
    earlier: Ticker | None = None
    """The last quote of a minute before that of ``ticker``."""
    earlier_ms: int | None = None
    book_ms: int | None = None
    """Instant of the last bid and ask that a stream told."""
    mid_ms: int | None = None
    """Instant of the last bid and ask that anybody told."""
    members: tuple[str, ...] = ()
    """Exchanges that it is made of, if it is consolidated."""
    past: int = 0
    """Number of the last change of its past; of a market's none repeats."""


class Market:
    """Windows of every (instrument, metric), over the same minutes. Synchronous; one task calls it.

    A window slides when it is read or sampled, since most minutes nobody looks at most of them: ``samples`` gives them
    as they are at the end of the market, those of a holding may be behind.

    ``refused`` counts the samples that were not taken: too old, too far ahead, or no acceptable number.
    """

    def __init__(self, window_minutes: int = DAY_MINUTES) -> None:
        self.window_minutes: Final = window_minutes
        self.refused = 0
        self._holdings: dict[str, Holding] = {}
        self._end_ms: int | None = None
        self._polled_ms: int | None = None
        self._streamed_ms: int | None = None
        self._returned: dict[str, int] = {}
        self._pasts: Final = count(1)

    @property
    def polled_ms(self) -> int | None:
        """Minute of the last accepted poll; ``None`` before the first."""
        return self._polled_ms

    @property
    def sampled_ms(self) -> int | None:
        """The last minute of which a poll or a stream told anything; ``None`` before the first poll."""
        if self._polled_ms is None or self._streamed_ms is None:
            return self._polled_ms
        return max(self._polled_ms, self._streamed_ms)

    @property
    def end_ms(self) -> int | None:
        """The last minute of every window; ``None`` before the first poll."""
        return self._end_ms

    @property
    def start_ms(self) -> int:
        """The first minute of every window."""
        return (self._end_ms or 0) - (self.window_minutes - 1) * MINUTE_MS

    def __iter__(self) -> Iterator[Holding]:
        """Holdings in the order of their ids."""
        return iter(self._holdings.values())

    def __len__(self) -> int:
        return len(self._holdings)

    def __contains__(self, instrument_id: object) -> bool:
        return instrument_id in self._holdings

    def holding(self, instrument_id: str) -> Holding:
        """What is held of one instrument.

        Raises:
            UnknownPairError: If it is not listed.
        """
        try:
            return self._holdings[instrument_id]
        except KeyError:
            raise UnknownPairError(instrument_id) from None

    def samples(self, holding: Holding, index: int) -> Samples | None:
        """The window of one metric, to be read; ``None`` where it was never observed."""
        return self._slid(holding, index)

    def _slid(self, holding: Holding, index: int) -> Window | None:
        """The window of a metric at the end of the market; ``None`` where it was never observed."""
        window = holding.windows[index]
        if window is not None and self._end_ms is not None:
            window.advance(self._end_ms)
        return window

    def clear(self) -> None:
        """Forget everything, to begin anew."""
        self._holdings, self._returned = {}, {}
        self._end_ms = self._polled_ms = self._streamed_ms = None

    def restore(self, instrument: Instrument, seen: "LastSeen", traded: Mapping[int, bool]) -> None:
        """Take up what was kept of an instrument beside its windows; before the first poll only.

        Args:
            instrument: As it was last listed.
            seen: What was known of it.
            traded: Whether something traded, by the first minute of an interval.
        """
        activity = Activity(self.window_minutes)
        activity.restore(seen.activity_newest, seen.activity_known, seen.activity_active)
        for minute, has_traded in traded.items():
            activity.note(minute, has_traded)
        self._holdings[instrument.id] = Holding(
            instrument,
            activity,
            ticker=seen.ticker,
            is_suspect=seen.is_suspect,
            halted=seen.halted,
            halted_since_ms=seen.halted_since_ms,
            last_trade_ms=seen.last_trade_ms,
            quoted_ms=seen.quoted_ms,
            mid_ms=seen.quoted_ms,
        )

    def restore_end(self, end_ms: int, polled_ms: int | None) -> None:
        """Let all windows end in a minute."""
        self._holdings = dict(sorted(self._holdings.items()))
        self._end_ms, self._polled_ms = end_ms, polled_ms

    def restore_window(
        self, instrument_id: str, metric: Metric, values: "array[float]", provenance: bytes, end_ms: int | None = None
    ) -> None:
        """Take up the kept samples of one metric, beside those that were taken meanwhile; of unknown instruments none.

        Args:
            instrument_id: Whose.
            metric: Which.
            values: One a minute, the last of the minute ``end_ms``.
            provenance: Of each.
            end_ms: A minute; ``None`` for the end of all windows.
        """
        holding = self._holdings.get(instrument_id)
        end_ms = self._end_ms if end_ms is None else end_ms
        if holding is None or end_ms is None:
            return
        index, length = METRIC_INDEX[metric], self.window_minutes
        window = Window.restore(end_ms, values, provenance, length, has_returns=metric.has_returns)
        if (newer := holding.windows[index]) is not None:
            window.take_over(newer)
        holding.windows[index], holding.past = window, next(self._pasts)

    def take_kept(
        self, instrument_id: str, metric: Metric, start_ms: int, values: "array[float]", origins: bytes
    ) -> bool:
        """Take in kept samples of one metric where they are better than what is there; return whether any was.

        Args:
            instrument_id: Whose; of unknown instruments none is taken.
            metric: Which.
            start_ms: Minute of the first sample.
            values: One a minute.
            origins: Provenance of each, 0 where there is none.
        """
        holding = self._holdings.get(instrument_id)
        if holding is None or self._end_ms is None:
            return False
        window = self._opened(holding, METRIC_INDEX[metric])
        known, before = window.origins(), (start_ms - self.start_ms) // MINUTE_MS
        has_taken = False
        for at, origin in enumerate(origins, before):
            if 0 <= at < len(known) and origin > known[at]:
                minute_ms, value = self.start_ms + at * MINUTE_MS, values[at - before]
                has_taken |= window.fill(minute_ms, value, Provenance(origin))
                if metric is Metric.FLOW:
                    holding.activity.note(minute_ms // MINUTE_MS, value > 0)
                    holding.last_trade_ms = max(holding.last_trade_ms or 0, minute_ms if value > 0 else 0) or None
        if has_taken:
            holding.past = next(self._pasts)
        return has_taken

    def missing(self, holding: Holding, recent: int) -> tuple[int, bool]:
        """What history of the price could still tell of an instrument.

        Args:
            holding: Of the instrument.
            recent: So many of the last minutes could be told by 1-minute candles.

        Returns:
            How many minutes before the end of the window the oldest hole is, 0 without one, and whether any of the
            recent minutes is only told by a 5-minute candle.
        """
        window = self._slid(holding, _PRICE)
        if window is None:
            return self.window_minutes, True
        values, origins = window.values(), window.origins()
        return len(values) - _oldest_hole(values, origins), Provenance.CANDLE_5M in origins[-recent:]

    def add(self, instruments: Iterable[Instrument]) -> None:
        """Take instruments that were unknown so far; what is known of others stays."""
        for instrument in instruments:
            if instrument.id not in self._holdings:
                self._holdings[instrument.id] = Holding(instrument, Activity(self.window_minutes))

    def list_instruments(self, instruments: Iterable[Instrument], at_ms: int) -> None:
        """Take the exchange's list: new instruments appear, missing ones are marked as delisted.

        An instrument that was delisted and is listed again starts with empty windows.
        """
        listed = {instrument.id: instrument for instrument in instruments}
        for instrument_id, instrument in listed.items():
            holding = self._holdings.get(instrument_id)
            is_back = holding is not None and holding.halted == Trading.DELISTED
            if is_back and instrument.trading is not Trading.DELISTED:
                del self._holdings[instrument_id]
                self._returned[instrument_id] = self.window_minutes
            self.add((instrument,))
            holding = self._holdings[instrument_id]
            holding.instrument = instrument
            if not instrument.trading.is_sampled:
                self._halt(holding, instrument.trading.value, at_ms)
            elif holding.halted and holding.halted != NOT_QUOTED:
                self._resume(holding)
        for instrument_id, holding in self._holdings.items():
            if instrument_id not in listed:
                self._halt(holding, Trading.DELISTED.value, at_ms)
        self._holdings = dict(sorted(self._holdings.items()))

    def apply(self, tickers: Sequence[Ticker], at_ms: int, now_ms: int) -> int:
        """Take the quotes of one poll, whole or in parts; return how many instruments were sampled.

        Args:
            tickers: Quotes of listed instruments.
            at_ms: Instant of the poll, corrected clock.
            now_ms: The corrected clock.
        """
        if at_ms > now_ms + MAX_AHEAD_MS or (self._polled_ms is not None and at_ms < self._polled_ms):
            self.refused += len(tickers)
            return 0
        return sum(self._sample(ticker, at_ms) for ticker in tickers)

    def _sample(self, ticker: Ticker, at_ms: int) -> bool:
        holding = self._holdings.get(ticker.instrument_id)
        if holding is None or not holding.instrument.trading.is_sampled:
            return False
        if holding.halted == NOT_QUOTED:
            self._resume(holding)
        if holding.quoted_ms is not None and self._polled_ms is not None and holding.quoted_ms < self._polled_ms:
            self._returned[ticker.instrument_id] = (at_ms - holding.quoted_ms) // MINUTE_MS
        for index, value in enumerate(ticker.values()):
            if value is None:
                if index != _PRICE or not is_quiet(ticker) or (held := self._last(holding)) is None:
                    continue
                value = held
            self._push(self._window(holding, index), at_ms, value)
        self._count(holding, ticker, at_ms)
        holding.is_suspect = holding.ticker is not None and ticker.is_suspect_after(holding.ticker)
        if _has_traded_since(holding.ticker, ticker):
            holding.last_trade_ms = at_ms - at_ms % MINUTE_MS
        holding.ticker, holding.quoted_ms = _with_book(holding, ticker, at_ms), at_ms
        if ticker.mid is not None:
            holding.mid_ms = at_ms
        return True

    def _last(self, holding: Holding) -> float | None:
        """The newest price in its window."""
        window = self._slid(holding, _PRICE)
        return None if window is None else window.last()

    def stream(self, tickers: Iterable[Ticker], at_ms: int) -> list[str]:
        """Take what was said between two polls, of the newest minute; return the ids of what differs now.

        A pair that no poll has quoted yet, or that is halted, is left to polls. What isn't told holds as it was: a
        stream may know nothing of trades or of bid and ask, and today's counters are counted by polls alone.
        """
        minute_ms = at_ms - at_ms % MINUTE_MS
        taken: list[str] = []
        for said in tickers:
            holding = self._holdings.get(said.instrument_id)
            before = None if holding is None or holding.halted else holding.ticker
            if holding is None or before is None:
                continue
            ticker = said.completed_by(before)
            if said.mid is not None:
                holding.book_ms = holding.mid_ms = at_ms
            if ticker == before and _is_observed(holding, minute_ms):
                continue
            for index, value in enumerate(said.values()):
                if value is not None:
                    self._push(self._window(holding, index), at_ms, value, Provenance.STREAM)
            if said.mid is not None:
                holding.is_suspect = said.is_suspect_after(before)
            if ticker.last is not None and ticker.last != before.last:
                holding.last_trade_ms = minute_ms
            holding.ticker = ticker
            taken.append(said.instrument_id)
        if taken:
            self._streamed_ms = minute_ms
        return taken

    def _push(self, window: Window, at_ms: int, value: float, provenance: Provenance = Provenance.POLL) -> None:
        try:  # what a poll told late, after a stream told of the next minute, still belongs to its own
            self.refused += not (window.push(at_ms, value, provenance) or window.fill(at_ms, value, provenance))
        except SampleError:
            self.refused += 1

    def _count(self, holding: Holding, ticker: Ticker, at_ms: int) -> None:
        """Sample what happened in this minute, from today's counters now and in the minute before."""
        before, before_ms = holding.ticker, holding.quoted_ms
        if before_ms is not None and before_ms // MINUTE_MS < at_ms // MINUTE_MS:
            holding.earlier, holding.earlier_ms = before, before_ms
        earlier, earlier_ms = holding.earlier, holding.earlier_ms
        if earlier is None:
            return
        gains = (
            (_FLOW, minute_gain(earlier_ms, earlier.today_volume, at_ms, ticker.today_volume)),
            (_TRADES_MIN, minute_gain(earlier_ms, earlier.today_trades, at_ms, ticker.today_trades)),
        )
        for index, gain in gains:
            if gain is None:
                continue
            self._push(self._window(holding, index), at_ms, float(gain))
            holding.activity.note(at_ms // MINUTE_MS, gain > 0)

    def unobserved(self, after_ms: int, before_ms: int) -> set[str]:
        """Ids of those whose price is not known of every minute between two others."""
        first, last = after_ms // MINUTE_MS * MINUTE_MS + MINUTE_MS, before_ms // MINUTE_MS * MINUTE_MS
        minutes = range(first, last, MINUTE_MS)
        return {
            holding.instrument.id
            for holding in self._holdings.values()
            if not all(_is_observed(holding, minute_ms) for minute_ms in minutes)
        }

    def set_members(self, members: Mapping[str, tuple[str, ...]]) -> None:
        """Note of which exchanges consolidated pairs are made now."""
        for holding in self._holdings.values():
            holding.members = members.get(holding.instrument.id, ())

    def take_returned(self) -> dict[str, int]:
        """Instruments that a poll quoted again since the last call, with the minutes that none had quoted them."""
        returned, self._returned = self._returned, {}
        return returned

    def close_poll(self, at_ms: int, unreadable: Collection[str] = ()) -> None:
        """End a poll of which all parts were applied; to be followed by ``advance``, so that windows end in its minute.

        Instruments that it did not quote are marked since then, unless their symbol is among the ``unreadable``.
        """
        for holding in self._holdings.values():
            if holding.quoted_ms != at_ms and not holding.halted and holding.instrument.symbol not in unreadable:
                self._halt(holding, NOT_QUOTED, at_ms)
        self._polled_ms = at_ms - at_ms % MINUTE_MS

    def advance(self, at_ms: int) -> None:
        """Let all windows end in the minute of ``at_ms``, if it is later than their end. O(1)."""
        self._end_ms = max(self._end_ms or 0, at_ms - at_ms % MINUTE_MS)

    def drop_after(self, now_ms: int) -> int:
        """Take out the minutes after the one of ``now_ms``, stamped by a wrong clock; return how many samples."""
        minute_ms = now_ms - now_ms % MINUTE_MS
        if self._end_ms is None or self._end_ms <= minute_ms:
            return 0
        self._end_ms = minute_ms
        if self._polled_ms is not None:
            self._polled_ms = min(self._polled_ms, minute_ms)
        if self._streamed_ms is not None:
            self._streamed_ms = min(self._streamed_ms, minute_ms)
        for holding in self._holdings.values():
            holding.activity.drop_after(minute_ms // MINUTE_MS)
        return sum(window.drop_after(minute_ms) for window in self._windows())

    def fill(self, instrument_id: str, batch: CandleBatch, now_ms: int, before_ms: int | None = None) -> int:
        """Set closed minutes of the price window from candles; return how many were set.

        Args:
            instrument_id: Whose candles.
            batch: Closed candles.
            now_ms: The corrected clock.
            before_ms: Only minutes before this one; ``None`` for all.
        """
        holding = self.holding(instrument_id)
        if self._end_ms is None:
            return 0
        limit_ms = _limit_ms(now_ms, before_ms)
        window = self._opened(holding, _PRICE)
        taken = self._fill(holding, _PRICE, minute_samples(batch, self.start_ms, limit_ms), provenance_of(batch))
        self._hold_last(holding, window)
        traded = [candle.start_ms for candle in batch.candles if candle.volume > 0 and candle.start_ms < limit_ms]
        if traded:
            last_ms = traded[-1] + (batch.step_minutes - 1) * MINUTE_MS
            holding.last_trade_ms = max(holding.last_trade_ms or 0, last_ms)
        return taken

    def fill_prices(self, instrument_id: str, samples: Sequence[tuple[int, float]], before_ms: int) -> int:
        """Set minutes of the price window before one, as by 1-minute candles; return how many were set.

        Args:
            instrument_id: Whose minutes.
            samples: (minute in ms, price), oldest first.
            before_ms: Where to stop.
        """
        wanted = samples[: bisect_left(samples, (before_ms,))]
        return self._fill(self.holding(instrument_id), _PRICE, wanted, Provenance.CANDLE_1M)

    def fill_counts(self, instrument_id: str, batch: CandleBatch, now_ms: int, before_ms: int | None = None) -> None:
        """Set what happened in closed minutes, and which intervals saw a trade; arguments as for ``fill``.

        Apart from ``fill``, since each takes milliseconds.
        """
        holding = self.holding(instrument_id)
        if self._end_ms is None:
            return
        limit_ms = _limit_ms(now_ms, before_ms)
        for index, count_of in COUNT_OF:
            counts = minute_counts(batch, self.start_ms, limit_ms, count_of)
            self._fill(holding, index, counts, provenance_of(batch))
        for minute, has_traded in known_trades(batch, self.start_ms, limit_ms).items():
            holding.activity.note(minute, has_traded)

    def break_returns(self, instrument_id: str, minutes_ms: Iterable[int]) -> None:
        """Let no return of the price lead into these minutes from before: see ``Window.break_returns``."""
        window = self._slid(self.holding(instrument_id), _PRICE)
        if window is not None:
            for minute_ms in minutes_ms:
                window.break_returns(minute_ms)

    def _window(self, holding: Holding, index: int) -> Window:
        """The window of a metric, made when the first sample comes; it may be behind."""
        window = holding.windows[index]
        if window is None:
            window = holding.windows[index] = self._new_window(index)
        return window

    def _new_window(self, index: int) -> Window:
        return Window(self.window_minutes, has_returns=METRICS[index].has_returns)

    def _opened(self, holding: Holding, index: int) -> Window:
        """The window of a metric at the end of the market, for minutes inside it to be set."""
        window = self._window(holding, index)
        window.advance(self._end_ms or 0)
        return window

    def _fill(self, holding: Holding, index: int, samples: Sequence[tuple[int, float]], provenance: Provenance) -> int:
        """Set minutes of one metric; return how many were set."""
        if not samples:
            return 0
        taken, refused = self._opened(holding, index).fill_all(samples, provenance)
        self.refused += refused
        if taken:
            holding.past = next(self._pasts)
        return taken

    def _hold_last(self, holding: Holding, window: Window) -> None:
        """Observe the polled minute of a pair that the exchange said is quiet, now that its last price is known."""
        polled_ms, ticker, last = self._polled_ms, holding.ticker, window.last()
        is_quoted = polled_ms is not None and (holding.quoted_ms or 0) >= polled_ms
        if polled_ms is not None and is_quoted and ticker is not None and is_quiet(ticker) and last is not None:
            window.fill(polled_ms, last, Provenance.POLL)

    def has_traded(self, holding: Holding) -> bool:
        """Whether a trade of the instrument in the window is known."""
        if holding.last_trade_ms is not None and holding.last_trade_ms >= self.start_ms:
            return True
        ticker = holding.ticker
        if self.window_minutes < DAY_MINUTES or ticker is None:
            return False
        return bool(ticker.trades if ticker.trades is not None else ticker.base_volume)

    def activity(self, holding: Holding) -> float | None:
        """Share of the window's 5-minute intervals that saw a trade, of those that we know of, or ``None``."""
        return self.active_share(holding.instrument.id, self.start_ms // MINUTE_MS, (self._end_ms or 0) // MINUTE_MS)

    def active_share(self, instrument_id: str, start: int, end: int) -> float | None:
        """The same, of the intervals that begin in some minutes since the epoch; see ``Activity.share``."""
        return self._holdings[instrument_id].activity.share(start, end)

    def figures(self, holding: Holding) -> tuple[Figures | None, ...]:
        """Statistics of each metric's window, in the order of ``METRICS``."""
        found = [self._slid(holding, index) for index in range(len(METRICS))]
        return tuple([None if window is None else window.figures() for window in found])

    def keep_up(self, instrument_id: str) -> None:
        """Keep windows of an instrument up whose figures nobody asks for; see ``Window.keep_up``."""
        holding = self.holding(instrument_id)
        for index in range(len(METRICS)):
            window = self._slid(holding, index)
            if window is not None:
                window.keep_up()

    def series(self, instrument_id: str, metric: Metric, version: int = 0) -> Series:
        """A copy of one window's samples, marked with a version; all NaN where the metric was never observed.

        Raises:
            UnknownPairError: If the instrument is not listed.
        """
        window = self.samples(self.holding(instrument_id), METRIC_INDEX[metric]) or Window(self.window_minutes)
        values, end_ms = window.values(), window.end_ms  # in the middle of a poll not yet that of all
        start_ms = self.start_ms if end_ms is None else end_ms - (len(values) - 1) * MINUTE_MS
        return Series(instrument_id, metric, start_ms, values, version)

    def _windows(self) -> Iterator[Window]:
        return (window for holding in self._holdings.values() for window in holding.windows if window is not None)

    def _halt(self, holding: Holding, reason: str, at_ms: int) -> None:
        if holding.halted != reason:
            holding.halted, holding.halted_since_ms = reason, at_ms

    def _resume(self, holding: Holding) -> None:
        holding.halted, holding.halted_since_ms = "", None


def _oldest_hole(values: "array[float]", origins: bytes) -> int:
    """Where the first minutes are missing that candles may still tell of; the length if there are none.

    They were asked before for what is empty before the first of them, and for what is between one and a sample of the
    same price: some exchanges tell no candle of minutes without a trade.
    """
    if (total := sum(values)) == total:
        return len(values)
    place, count = 0, len(values)
    while place < count:
        if values[place] == values[place]:
            place += 1
            continue
        after = next((at for at in range(place, count) if values[at] == values[at]), count)
        is_told = after < count and origins[after if not place else place - 1] in _FROM_CANDLES
        if not is_told or (place and values[place - 1] != values[after]):
            return place
        place = after
    return count


def _limit_ms(now_ms: int, before_ms: int | None) -> int:
    """The first instant that candles may not set."""
    return now_ms + MAX_AHEAD_MS if before_ms is None else min(now_ms + MAX_AHEAD_MS, before_ms)


def provenance_of(batch: CandleBatch) -> Provenance:
    """What samples from these candles count as."""
    return Provenance.CANDLE_1M if batch.step_minutes == 1 else Provenance.CANDLE_5M


def is_quiet(ticker: Ticker) -> bool:
    """Whether the exchange says that nothing traded, so that the last price still holds."""
    return ticker.trades == 0 if ticker.trades is not None else ticker.base_volume == 0


def _with_book(holding: Holding, ticker: Ticker, at_ms: int) -> Ticker:
    """A polled quote; where polls tell neither bid nor ask, with those that a stream told a short while ago."""
    before, has_book = holding.ticker, ticker.bid is not None or ticker.ask is not None
    if has_book or before is None or holding.book_ms is None or at_ms - holding.book_ms > BOOK_MS:
        return ticker
    return ticker._replace(bid=before.bid, ask=before.ask)


def _is_observed(holding: Holding, minute_ms: int) -> bool:
    """Whether the price of a minute is known."""
    window = holding.windows[_PRICE]
    return window is not None and window.sample(minute_ms)[1] > 0


def _has_traded_since(before: Ticker | None, now: Ticker) -> bool:
    """Whether two polls in turn prove a trade between them."""
    if before is None or now.last is None:
        return False
    return now.last != before.last or (now.trades or 0) > (before.trades or 0)

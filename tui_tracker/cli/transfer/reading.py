"""Rows of a file as samples: what is meant, and whether it can be."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tui_tracker.cli.transfer.columns import FROM, ID, MINUTES, ORIGIN_NAMES, TIME
from tui_tracker.cli.transfer.tables import PAIR, Row
from tui_tracker.cli.transfer.times import read_ms
from tui_tracker.core.candle import Provenance
from tui_tracker.core.errors import ConfigError
from tui_tracker.core.metric import METRIC_INDEX, METRICS, Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.text import clean

FIVE: Final = 5
COARSE: Final = 15
"""No exchange has candles between those of 5 minutes and those of 15."""
FEW_STEPS: Final = 20
"""So many steps from candle to candle may have a common divisor by chance."""
_CANDLE_COUNTS: Final = {"volume": Metric.FLOW, "trades": Metric.TRADES_MIN, "flow": Metric.FLOW}
"""What a candle's columns stand for."""
_NUMBER: Final = re.compile(r"[-+]?(\d{1,40}(\.\d{0,60})?|\.\d{1,60})([eE][-+]?\d{1,3})?", re.ASCII)
_LARGEST, _SMALLEST = 1e60, 1e-60
_ABOVE_ZERO: Final = frozenset(METRIC_INDEX[metric] for metric in (Metric.PRICE, Metric.MID))
_SPREAD: Final = METRIC_INDEX[Metric.SPREAD]
_FLOW: Final = METRIC_INDEX[Metric.FLOW]
_ID: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}:[^\s,:]{1,40}-[^\s,:\-]{1,40}")
_ORIGINS: Final = {name: number for number, name in ORIGIN_NAMES.items()}
Sample = tuple[int, float, int]
"""(index of the metric, value, provenance)"""


class UnnamedPairError(ConfigError):
    """A file doesn't say of which pair it is."""


@dataclass(slots=True)
class Meant:
    """What a row says."""

    id: str
    minutes: list[tuple[int, list[Sample]]]
    """Samples by minute since the epoch."""
    traded: tuple[int, bool] | None = None
    """A minute of an interval of which only as a whole it is known whether something traded."""


class Meaning:
    """Makes samples of the rows of one file.

    Args:
        heads: The file's columns.
        now: The open minute, since the epoch: only minutes before it are taken.
        pair: Id of the pair of all rows that don't say which they are of.
        resolve: Makes an id of the name of a pair; ``ValueError`` if there is none.
    """

    def __init__(self, heads: Sequence[str], now: int, pair: str | None, resolve: Callable[[str], str]) -> None:
        self.step = 1
        """Minutes of a candle."""
        places = {name: at for at, name in enumerate(heads)}
        self._now: Final = now
        self._pair: Final = pair
        self._resolve: Final = resolve
        self._name: Final = places.get(ID, places.get(PAIR, -1))
        self._times: Final = [places[name] for name in TIME.values() if name in places]
        self._length: Final = places.get(MINUTES, -1)
        self._limits: Final = tuple(places.get(name, -1) for name in ("high", "low", "close"))
        self._is_candle: Final = "close" in places and ID not in places
        self._columns: Final[list[tuple[int, int, int]]] = []
        """(place, index of the metric, place of its provenance or -1)"""
        for name, at in places.items():
            metric = _CANDLE_COUNTS.get(name) if self._is_candle else Metric(name) if name in METRICS else None
            if metric is not None:
                self._columns.append((at, METRIC_INDEX[metric], places.get(name + FROM, -1)))
        self._ids: dict[str, str] = {}
        self._closes: dict[str, tuple[int, float]] = {}
        """The last close of each pair, and its interval's first minute."""
        self._told: tuple[object, int] = ("", 0)
        """The last time that was read, since many rows have the same."""

    def check(self, place: str) -> None:
        """Refuse a file that can't mean anything.

        Raises:
            ConfigError: Saying what is missing.
        """
        if not self._times:
            raise ConfigError(
                f"{place} has no column time or time_ms", "for example time_ms,open,high,low,close,volume"
            )
        if self._name < 0 and self._pair is None:
            raise UnnamedPairError(f"{place} does not say of which pair it is", "name it: --pair BTC/USD")
        if not self._columns and self._limits[2] < 0:
            raise ConfigError(f"{place} has no column that could be imported", f"known: close, {', '.join(METRICS)}")

    def look_ahead(self, rows: Iterable[Row]) -> None:
        """Find out how long candles are, from some rows: the largest span that all steps of a pair are multiples of."""
        last: dict[str, int] = {}
        common = 0
        steps: list[int] = []
        for _, cells in rows:
            if isinstance(cells, str):
                continue
            try:
                name, minute = self._pair_of(cells), self._minute_of(cells)
            except ValueError:
                continue
            if name in last:
                steps.append(minute - last[name])
                common = math.gcd(common, steps[-1])
            last[name] = minute
        is_even = len(steps) > 1 and min(steps) == max(steps)
        if len(steps) < FEW_STEPS and common % COARSE and not is_even:  # perhaps by chance: not each has a trade
            common = FIVE if common % FIVE == 0 else 1
        self.step = common or 1

    @property
    def is_too_coarse(self) -> bool:
        """Whether candles are neither of one nor of five minutes."""
        return self._is_candle and self._length < 0 and self.step not in (1, FIVE)

    def read(self, cells: Sequence[object]) -> Meant:
        """Return what a row says.

        Raises:
            ValueError: Why it is refused.
        """
        name, minute = self._pair_of(cells), self._minute_of(cells)
        length = self._length_of(cells)
        if minute + length > self._now:
            raise ValueError("in the future, or not over yet")
        close = self._close_of(cells)
        samples = self._samples(cells)
        if length == FIVE:
            if close is None:
                raise ValueError("5 minutes without a close")
            return self._of_five(name, minute, close, samples)
        if close is not None:
            samples.append((0, close, int(Provenance.CANDLE_1M)))
        if not samples:
            raise ValueError("nothing in it")
        return Meant(name, [(minute, samples)])

    def _of_five(self, name: str, minute: int, close: float, counts: list[Sample]) -> Meant:
        """A close belongs to the last minute; those before hold the close before (as ``minute_samples`` has it)."""
        origin = int(Provenance.CANDLE_5M)
        before, held = self._closes.get(name, (-1, 0.0))
        minutes = [(minute + FIVE - 1, [(0, close, origin)])]
        if before == minute - FIVE:
            minutes += [(each, [(0, held, origin)]) for each in range(minute, minute + FIVE - 1)]
        self._closes[name] = minute, close
        flow = next((value for metric, value, _ in counts if metric == _FLOW), None)
        return Meant(name, minutes, None if flow is None else (minute, flow > 0))

    def _pair_of(self, cells: Sequence[object]) -> str:
        given = cells[self._name] if self._name >= 0 else None
        if self._pair is not None and (given is None or given == ""):
            return self._pair
        if not isinstance(given, str) or len(given) > 100:
            raise ValueError("no pair")
        found = self._ids.get(given)
        if found is None:
            found = given if _ID.fullmatch(given) and clean(given) == given else self._resolve(given)
            if len(self._ids) < 100_000:
                self._ids[given] = found
        return found

    def _minute_of(self, cells: Sequence[object]) -> int:
        given = cells[self._times[0]]
        if given is None and len(self._times) > 1:
            given = cells[self._times[1]]
        if given == self._told[0]:
            return self._told[1]
        minute, rest = divmod(read_ms(given), MINUTE_MS)
        if rest:
            raise ValueError("not the beginning of a minute")
        self._told = given, minute
        return minute

    def _length_of(self, cells: Sequence[object]) -> int:
        if self._length < 0 or _is_absent(given := cells[self._length]):
            return self.step if self._is_candle else 1
        length = _number(given)
        if length not in (1, FIVE):
            raise ValueError("an interval of neither 1 nor 5 minutes: its minutes are not told")
        return int(length)

    def _close_of(self, cells: Sequence[object]) -> float | None:
        given = (cells[at] if at >= 0 else None for at in self._limits)
        high, low, close = (None if _is_absent(cell) else _number(cell) for cell in given)
        if close is None:
            if self._is_candle:
                raise ValueError("no close")
            return None
        if not _SMALLEST <= close <= _LARGEST:
            raise ValueError("a close that is no price")
        if (high is not None and close > high) or (low is not None and close < low):
            raise ValueError("close is not between low and high")
        return close

    def _samples(self, cells: Sequence[object]) -> list[Sample]:
        samples: list[Sample] = []
        usual = int(Provenance.CANDLE_1M if self._is_candle else Provenance.POLL)
        for place, metric, told in self._columns:
            given = cells[place]
            if _is_absent(given):
                continue
            value = _number(given)
            _check(metric, value)
            origin = usual
            if told >= 0 and (name := cells[told]):
                known = _ORIGINS.get(name) if isinstance(name, str) else None
                if known is None:
                    raise ValueError(f"{METRICS[metric]}{FROM} is none of {', '.join(_ORIGINS)}")
                origin = known
            samples.append((metric, value, origin))
        return samples


def _is_absent(given: object) -> bool:
    """Whether a cell says nothing: other programs write NaN for it."""
    return given is None or given == "" or given != given


def _number(given: object) -> float:
    if isinstance(given, str):
        if not _NUMBER.fullmatch(text := given.strip()):
            raise ValueError(f"{clean(text, 30)!r} is no number")
        return float(text)
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise ValueError("no number")
    try:
        return float(given)
    except OverflowError:
        return math.inf


def _check(metric: int, value: float) -> None:
    if not (value == 0 or _SMALLEST <= abs(value) <= _LARGEST):
        raise ValueError(f"{METRICS[metric]} is no number that can be kept")
    if value < 0 and metric != _SPREAD:
        raise ValueError(f"{METRICS[metric]} is negative")
    if value == 0 and metric in _ABOVE_ZERO:
        raise ValueError(f"{METRICS[metric]} is 0")

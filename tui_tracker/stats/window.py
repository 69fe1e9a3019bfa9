"""The samples of the last minutes of one metric, with statistics that are exact at any moment."""

from array import array
from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import repeat
from math import frexp, inf, nan
from operator import eq, mul, or_
from typing import Final

from tui_tracker.core.candle import Provenance
from tui_tracker.core.errors import SampleError
from tui_tracker.core.figures import Figures
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.stats.exact import sqrt_ratio
from tui_tracker.stats.extrema import Extrema
from tui_tracker.stats.returns import SquaredReturns

DAY_MINUTES: Final = 1_440
SMALLEST: Final = 1e-60
LARGEST: Final = 1e60
MANY: Final = 50
"""From so many samples on it takes less time to sum all up anew than to bring the sums along."""
_MANTISSA_BITS: Final = 53
_POLL: Final = int(Provenance.POLL)
_POLLED: Final = bytes((0, _POLL)).ljust(256, b"\0")
_CANDLE: Final = int(Provenance.CANDLE_1M)


class Window:
    """A sliding window over minutes: one slot a minute, NaN where nothing was observed.

    A double x is exactly i·2^-k for integers i and k. The window keeps S = Σi and Q = Σi² for one k that fits all its
    samples, so n·Q − S² is exact: σ and mean never drift and don't depend on the order in which samples came. Setting
    and evicting a sample is O(1) amortised; each minute costs 8 bytes, and one more once samples of different
    provenance meet.

    All times are ms since the epoch, UTC; any instant stands for the minute that it is in.
    """

    __slots__ = (
        "_end",
        "_extrema",
        "_figures",
        "_k",
        "_newest",
        "_oldest",
        "_provenance",
        "_returns",
        "_ring",
        "_samples",
        "_scale",
        "_squares",
        "_sum",
        "length",
    )

    def __init__(self, length: int = DAY_MINUTES, *, has_returns: bool = True) -> None:
        """Make an empty window of ``length`` minutes (1 or more); without returns it has no volatility."""
        if length < 1:
            raise ValueError("a window spans at least one minute")
        self.length: Final = length
        self._ring = array("d", [nan]) * length
        self._provenance: bytearray | None = None
        self._extrema: Final = Extrema()
        self._returns: Final = SquaredReturns() if has_returns else None
        self._figures: Figures | None = None
        self._end = -1
        self._reset()

    def _reset(self) -> None:
        self._oldest = self._newest = -1
        self._samples = self._sum = self._squares = self._k = 0
        self._scale = 1.0
        self._forget()

    @classmethod
    def restore(
        cls,
        end_ms: int,
        values: "array[float]",
        provenance: bytes | None = None,
        length: int = DAY_MINUTES,
        *,
        has_returns: bool = True,
    ) -> "Window":
        """Make a window of samples that were kept: equal to one that they were pushed into one by one, and far faster.

        O(n), some 0.2 µs a sample; what figures need besides the sums is built when they are first asked for.

        Args:
            end_ms: The window's last minute, observed or not.
            values: One double a minute, oldest first, up to that minute; NaN where nothing was observed.
            provenance: Of each minute, 0 where nothing was observed; ``None`` where all were polled.
            length: Minutes of the window; older values are left out.

        Raises:
            SampleError: As for ``push``.
        """
        window = cls(length, has_returns=has_returns)
        if len(values) > length:
            values = values[-length:]
            provenance = None if provenance is None else provenance[-length:]
        window._end = end_ms // MINUTE_MS
        if any(value == value for value in values):
            window._lay_down(values, provenance)
        return window

    def _lay_down(self, values: "array[float]", provenance: bytes | bytearray | None) -> None:
        """Let the last minutes be these, of which one is observed, and those before be unobserved."""
        observed = _observed(values)
        self._k, self._sum, self._squares = exact_sums(observed, min(observed), max(observed))
        self._scale, self._samples = 2.0**self._k, len(observed)
        if 0.0 in observed:
            values = array("d", [value or 0.0 for value in values])  # no negative zero, as push has it
        length, end, count = self.length, self._end, len(values)
        full = array("d", [nan]) * (length - count) + values
        cut = length - (end + 1) % length
        self._ring = full[cut:] + full[:cut]
        first = next(index for index, value in enumerate(values) if value == value)
        last = next(index for index, value in enumerate(reversed(values)) if value == value)
        self._oldest, self._newest = end - count + 1 + first, end - last
        self._provenance = None
        if provenance is not None and provenance.count(_POLL) != self._samples:
            sources = bytes(length - count) + bytes(provenance)
            self._provenance = bytearray(sources[cut:] + sources[:cut])
        self._forget()

    @property
    def end_ms(self) -> int | None:
        """Start of the window's last minute; ``None`` before the first sample or ``advance``."""
        return None if self._end < 0 else self._end * MINUTE_MS

    @property
    def samples(self) -> int:
        """How many minutes are observed."""
        return self._samples

    def push(self, minute_ms: int, value: float, provenance: Provenance = Provenance.POLL) -> bool:
        """Take a live sample; the window slides to its minute.

        A sample of the newest minute replaces what is there, unless that is a 1-minute candle, which closes a minute.

        Returns:
            Whether it was taken: one older than the newest sample is not.

        Raises:
            SampleError: If ``value`` is not finite, or not 0 and outside 1e-60 … 1e60.
        """
        if not SMALLEST <= value <= LARGEST:
            value = accepted(value)
        minute = minute_ms // MINUTE_MS
        if minute == self._end + 1 and self._replace_oldest(minute, value, provenance):
            return True
        if minute < self._newest or minute <= self._end - self.length:
            return False
        if minute > self._end:
            self._slide(minute)
        elif minute == self._newest:
            slot = minute % self.length
            origin = _POLL if self._provenance is None else self._provenance[slot]
            if origin == _CANDLE:
                return False
            if origin == provenance and self._ring[slot] == value:
                return True
        if not self._set_last(minute, value, provenance):
            self._put(minute, value, provenance)
        return True

    def _replace_oldest(self, minute: int, value: float, provenance: int) -> bool:
        """Slide by one minute and set it, where nothing but sums change: the usual case, in one step."""
        ring, scale = self._ring, self._scale
        slot = minute % self.length
        old = ring[slot]
        exact = value * scale
        new = int(exact)
        if old != old or new != exact or (self._provenance is None and provenance != _POLL):
            return False
        out = int(old * scale)
        self._sum += new - out
        self._squares += (new - out) * (new + out)
        ring[slot] = value
        if self._provenance is not None:
            self._provenance[slot] = provenance
        self._newest = self._end = minute
        self._figures = None
        return True

    def _set_last(self, minute: int, value: float, provenance: int) -> bool:
        """Set the window's last minute, which is never queued, where nothing but sums change."""
        exact = value * self._scale
        new = int(exact)
        origins = self._provenance
        if new != exact or minute != self._end or self._oldest < 0 or (origins is None and provenance != _POLL):
            return False
        slot = minute % self.length
        old = self._ring[slot]
        if old == old:
            out = int(old * self._scale)
            self._sum += new - out
            self._squares += (new - out) * (new + out)
        else:
            self._sum += new
            self._squares += new * new
            self._samples += 1
        self._ring[slot] = value
        if origins is not None:
            origins[slot] = provenance
        self._newest = minute
        self._figures = None
        return True

    def fill(self, minute_ms: int, value: float, provenance: Provenance) -> bool:
        """Set a closed minute inside the window, in any order; the window doesn't slide.

        Returns:
            Whether it was taken: not outside the window, nor over a sample of higher provenance.

        Raises:
            SampleError: As for ``push``.
        """
        if not SMALLEST <= value <= LARGEST:
            value = accepted(value)
        minute = minute_ms // MINUTE_MS
        if not self._end - self.length < minute <= self._end or minute < 0:
            return False
        if self._provenance_at(minute) > provenance:
            return False
        self._put(minute, value, provenance)
        return True

    def fill_all(self, samples: Sequence[tuple[int, float]], provenance: Provenance) -> tuple[int, int]:
        """Set closed minutes inside the window as ``fill`` does; many that follow each other in a fifth of its time.

        Args:
            samples: (minute in ms, value) of each, oldest first, each minute once.
            provenance: Of all.

        Returns:
            How many were taken, and how many are no acceptable numbers.
        """
        first, values = samples[0][0] // MINUTE_MS if samples else 0, [value for _, value in samples]
        skipped = max(0, self._end - self.length + 1 - first)
        inside = values[skipped : max(skipped, self._end + 1 - first)]
        is_span = len(inside) >= MANY and samples[-1][0] // MINUTE_MS - first == len(samples) - 1
        if not is_span or not _are_acceptable(values):
            return self._fill_each(samples, provenance)
        return self._fill_span(first + skipped, array("d", inside), provenance), 0

    def _fill_each(self, samples: Iterable[tuple[int, float]], provenance: Provenance) -> tuple[int, int]:
        taken = refused = 0
        for minute_ms, value in samples:
            try:
                taken += self.fill(minute_ms, value, provenance)
            except SampleError:
                refused += 1
        return taken, refused

    def _fill_span(self, first: int, values: "array[float]", provenance: Provenance) -> int:
        """Set minutes that follow each other, all inside the window; return how many were taken."""
        known, origins, before = self.values(), bytearray(self.origins()), first - (self._end - self.length + 1)
        span = slice(before, before + len(values))
        there, found = origins[span], known[span]
        known[span], origins[span] = values, bytes((provenance,)) * len(values)
        kept = [at for at, origin in enumerate(there) if origin > provenance]
        for at in kept:
            known[at + before], origins[at + before] = found[at], there[at]
        self._lay_down(known, origins)
        return len(values) - len(kept)

    def replace(self, minute_ms: int, value: float, provenance: int) -> None:
        """Set a minute inside the window to what another window has there, whatever was there before."""
        self._put(minute_ms // MINUTE_MS, value, provenance)

    def take_over(self, newer: "Window") -> None:
        """Take the samples of another window of the same length that aren't known better here, and its end.

        O(minutes from its oldest sample to its newest).
        """
        for minute in range(
            max(newer._oldest, newer._end - newer.length + 1), newer._newest + 1 if newer._samples else 0
        ):
            minute_ms = minute * MINUTE_MS
            value, origin = newer.sample(minute_ms)
            if not origin or origin < self.sample(minute_ms)[1]:
                continue
            if minute > self._end:
                self.push(minute_ms, value, Provenance(origin))
            elif minute > self._end - self.length:
                self.replace(minute_ms, value, origin)
        self.advance(newer._end * MINUTE_MS)
        for minute_ms in newer.breaks_ms:
            self.break_returns(minute_ms)

    @property
    def breaks_ms(self) -> tuple[int, ...]:
        """Minutes that no return leads into from before, oldest first."""
        return () if self._returns is None else tuple(minute * MINUTE_MS for minute in self._returns.breaks)

    def break_returns(self, minute_ms: int) -> None:
        """Let no return lead into a minute from before: its sample can't be compared with those."""
        if self._returns is not None:
            self._returns.break_at(minute_ms // MINUTE_MS, self._end - self.length)
            self._figures = None

    def advance(self, minute_ms: int) -> None:
        """Slide to a minute without a sample; does nothing if the window already reaches it."""
        minute = minute_ms // MINUTE_MS
        if minute > self._end:
            self._slide(minute)

    def drop_after(self, minute_ms: int) -> int:
        """Take out every sample after a minute and end there; return how many they were."""
        minute = minute_ms // MINUTE_MS
        before = self._samples
        for late in range(max(minute, self._end - self.length) + 1, self._end + 1):
            self._take_out(late)
        if self._end > minute:
            self._end = minute
            self._forget()  # minutes that left at the other end are inside again
            while self._newest > minute or (self._newest >= 0 and self._samples and self._at(self._newest) is None):
                self._newest -= 1
        if not self._samples:
            self._reset()
        return before - self._samples

    def value(self, minute_ms: int) -> float | None:
        """The sample of a minute, or ``None``."""
        minute = minute_ms // MINUTE_MS
        return self._at(minute) if self._end - self.length < minute <= self._end else None

    def sample(self, minute_ms: int) -> tuple[float, int]:
        """(sample, provenance) of a minute; (NaN, 0) where nothing was observed."""
        minute = minute_ms // MINUTE_MS
        if not self._end - self.length < minute <= self._end:
            return nan, 0
        slot = minute % self.length
        value = self._ring[slot]
        if value != value:
            return value, 0
        return value, _POLL if self._provenance is None else self._provenance[slot]

    def last(self) -> float | None:
        """The newest sample; ``None`` if empty."""
        return self._ring[self._newest % self.length] if self._samples else None

    def values(self) -> "array[float]":
        """A copy of all minutes, oldest first; NaN where nothing was observed."""
        cut = (self._end + 1) % self.length
        return self._ring[cut:] + self._ring[:cut]

    def origins(self) -> bytes:
        """A copy of the provenance of all minutes, oldest first; 0 where nothing was observed."""
        if self._provenance is None:
            return polled(self.values())
        cut = (self._end + 1) % self.length
        return bytes(self._provenance[cut:] + self._provenance[:cut])

    def provenance_counts(self) -> tuple[int, int, int, int]:
        """Observed minutes by where they came from, in the order of ``Provenance``."""
        if self._provenance is None:
            return 0, self._samples, 0, 0
        count = self._provenance.count
        return count(1), count(2), count(3), count(4)

    @property
    def mean(self) -> float | None:
        """Rational mean, correctly rounded; ``None`` if empty."""
        return self._sum / (self._samples << self._k) if self._samples else None

    @property
    def variance(self) -> float | None:
        """Population variance, correctly rounded; ``None`` if empty. Its root may differ from ``stddev`` by 1 ulp."""
        n = self._samples
        if not n:
            return None
        return (n * self._squares - self._sum * self._sum) / (n * n << 2 * self._k)

    @property
    def stddev(self) -> float | None:
        """Population standard deviation, correctly rounded; ``None`` if empty."""
        n = self._samples
        if not n:
            return None
        return sqrt_ratio(n * self._squares - self._sum * self._sum, n * n, -self._k)

    @property
    def volatility(self) -> float | None:
        """Annualised volatility of 5-minute log returns, a fraction; ``None`` without a return."""
        if not self._samples or self._returns is None:
            return None
        start = self._end - self.length + 1
        return self._returns.volatilities(self._ring, start, self._find_oldest(start)[0], self._end)[0]

    def extrema(self) -> tuple[float, float] | None:
        """(smallest, largest) sample; ``None`` if empty."""
        if not self._samples:
            return None
        start = self._end - self.length + 1
        return self._extrema.query(self._ring, start, self._find_oldest(start)[0], self._end)

    def figures(self) -> Figures:
        """All statistics of this moment; worked out once for as long as nothing changes."""
        if self._figures is None:
            self._figures = self._figures_now()
        return self._figures

    def keep_up(self) -> None:
        """Bring along what figures take longest to be made from, where they aren't asked for.

        To be called every 5 minutes: volatility is counted from nothing where two of its 5-minute returns have left.
        Extremes can wait for longer, and take the less time the longer they do.
        """
        if not self._samples or self._figures is not None:
            return
        start = self._end - self.length + 1
        oldest = self._find_oldest(start)[0]
        if self._returns is not None:
            self._returns.keep_up(self._ring, start, oldest, self._end)
        if self._extrema.is_behind(self._end):
            self._extrema.query(self._ring, start, oldest, self._end)

    def _figures_now(self) -> Figures:
        n, length, ring, end = self._samples, self.length, self._ring, self._end
        if not n:
            return Figures(length, 0, None, None, None, None, None, None, None, None, None)
        start = end - length + 1
        oldest = self._oldest if self._oldest > start else start
        if (first := ring[oldest % length]) != first:
            oldest, first = self._find_oldest(start)
        total, k, newest = self._sum, self._k, self._newest
        low, high = self._extrema.query(ring, start, oldest, end)
        returns = self._returns
        volatility, bipower = (None, None) if returns is None else returns.volatilities(ring, start, oldest, end)
        return Figures(
            length,
            n,
            total / (n << k),
            sqrt_ratio(n * self._squares - total * total, n * n, -k),
            low,
            high,
            first,
            oldest * MINUTE_MS,
            ring[newest % length],
            newest * MINUTE_MS,
            volatility,
            bipower,
        )

    def _find_oldest(self, start: int) -> tuple[int, float]:
        """(minute, value) of the oldest sample, from where it was last known to be."""
        minute = max(self._oldest, start)
        while (value := self._at(minute)) is None:
            minute += 1
        self._oldest = minute
        return minute, value

    def _forget(self) -> None:
        """Let all that is kept up with the samples be made of them anew."""
        self._figures = None
        self._extrema.note_change(-1)
        if self._returns is not None:
            self._returns.forget()

    def _note_change(self, minute: int) -> None:
        self._figures = None
        self._extrema.note_change(minute)
        if self._returns is not None:
            self._returns.note_change(minute)

    def _at(self, minute: int) -> float | None:
        value = self._ring[minute % self.length]
        return value if value == value else None

    def _provenance_at(self, minute: int) -> int:
        if self._at(minute) is None:
            return 0
        return _POLL if self._provenance is None else self._provenance[minute % self.length]

    def _slide(self, minute: int) -> None:
        end, self._figures = self._end, None
        if self._samples:
            if minute - end >= self.length:
                self._ring = array("d", [nan]) * self.length
                self._provenance = None
                self._reset()
            else:
                for gone in range(end - self.length + 1, minute - self.length + 1):
                    self._take_out(gone)
                if not self._samples:
                    self._reset()
        self._end = minute

    def _take_out(self, minute: int) -> None:
        slot = minute % self.length
        value = self._ring[slot]
        if value != value:
            return
        scaled = int(value * self._scale)
        self._sum -= scaled
        self._squares -= scaled * scaled
        self._samples -= 1
        self._ring[slot] = nan
        if self._provenance is not None:
            self._provenance[slot] = 0

    def _put(self, minute: int, value: float, provenance: int) -> None:
        slot = minute % self.length
        old = self._ring[slot]
        if old == old:
            self._take_out(minute)
        scaled = int(value * self._scale)
        if scaled != value * self._scale:
            self._widen(value)
            scaled = int(value * self._scale)
        self._sum += scaled
        self._squares += scaled * scaled
        self._samples += 1
        self._ring[slot] = value
        if self._provenance is not None:
            self._provenance[slot] = provenance
        elif provenance != _POLL:
            self._provenance = bytearray(polled(self._ring))
            self._provenance[slot] = provenance
        if minute > self._newest:
            self._newest = minute
        if minute < self._oldest or self._oldest < 0:
            self._oldest = minute
        self._note_change(minute)

    def _widen(self, value: float) -> None:
        """Choose a larger k, so that ``value`` is a whole number of 2^-k too."""
        k = value.as_integer_ratio()[1].bit_length() - 1
        self._sum <<= k - self._k
        self._squares <<= 2 * (k - self._k)
        self._k, self._scale = k, 2.0**k


def add_samples(windows: Iterable[Window | None], minute_ms: int, values: "array[float]", origins: bytearray) -> None:
    """Append what each window has of a minute, as ``Window.sample`` tells it; NaN and 0 where there is no window."""
    minute = minute_ms // MINUTE_MS
    for window in windows:
        value, origin = nan, 0
        if window is not None and window._end - window.length < minute <= window._end:
            slot = minute % window.length
            value = window._ring[slot]
            if value == value:
                origin = _POLL if window._provenance is None else window._provenance[slot]
        values.append(value)
        origins.append(origin)


def _are_acceptable(values: list[float]) -> bool:
    """Whether all are finite, and 0 or in range."""
    sizes = list(map(abs, values))
    return sum(sizes) < inf and max(sizes) <= LARGEST and min(filter(None, sizes), default=1.0) >= SMALLEST


def _observed(values: "array[float]") -> list[float]:
    """The samples among the values of minutes."""
    found = values.tolist()
    return [value for value in found if value == value] if (total := sum(found)) != total else found


def polled(values: "array[float]") -> bytes:
    """The provenance of samples that polls alone told: 0 where there is none."""
    return bytes(map(eq, values, values)).translate(_POLLED)


def exact_sums(observed: list[float], low: float, high: float, *, is_least: bool = True) -> tuple[int, int, int]:
    """(k, Σi, Σi²) of samples from ``low`` to ``high`` that are whole numbers i of 2^-k.

    For a k that surely fits all, that of the smallest sample; or for the least one, which takes a quarter more time.

    Raises:
        SampleError: If one is not 0 and outside 1e-60 … 1e60.
    """
    if low < -LARGEST or high > LARGEST:
        accepted(low if low < -LARGEST else high)
    smallest = low if low > 0 else min(filter(None, map(abs, observed)), default=1.0)
    if smallest < SMALLEST:
        accepted(smallest)
    k = max(0, _MANTISSA_BITS - frexp(smallest)[1])
    numbers = list(map(int, map(mul, observed, repeat(2.0**k))))
    bits = reduce(or_, numbers) if is_least else 1
    spare = min(k, (bits & -bits).bit_length() - 1) if bits else k
    return k - spare, sum(numbers) >> spare, sum(map(mul, numbers, numbers)) >> 2 * spare


def accepted(value: float) -> float:
    """Return a value that is not simply positive and in range, or raise ``SampleError``."""
    if value == 0:
        return 0.0
    if -LARGEST <= value <= -SMALLEST:
        return value
    what = "not finite" if value != value or value in (inf, -inf) else "outside 1e-60 … 1e60"
    raise SampleError(f"sample {value!r} is {what}")

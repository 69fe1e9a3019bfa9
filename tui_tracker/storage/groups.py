"""Which metrics are coded together, since one can be told from another.

- mid and spread come from bid and ask, which are multiples of the tick;
- the quote volume is often the base volume times an average price;
- what happened in a minute is the difference of today's counters.

Each such formula is computed again at decoding and used only where it gives the same double, bit for bit.
"""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from math import copysign, nan
from operator import add, mul, or_, sub, truediv
from typing import Final

from tui_tracker.core.metric import METRIC_INDEX, METRICS, Metric
from tui_tracker.storage import decimals
from tui_tracker.storage.decimals import HOPELESS, WHOLE, Track, filled, put_gaps, put_wholes, scale_of, scales_of

PRICE, MID, VOLUME, QUOTE_VOLUME, SPREAD, TRADES, FLOW, TRADES_MIN = (METRIC_INDEX[metric] for metric in Metric)
TODAY_VOLUME: Final = len(METRICS)
"""Base volume since 00:00 UTC: no metric, but flow is its gain."""
TODAY_TRADES: Final = TODAY_VOLUME + 1
FIELDS: Final = TODAY_TRADES + 1
"""Metrics and today's counters: the arrays of a minute."""

_TIMES_VOLUME: Final = 64
"""Code: the volume times so many 10^-digits."""
_GAIN: Final = 96
"""Code: today's counter less that of the minute before."""
_MOST_AVERAGE_DIGITS: Final = 12
_LARGEST_AVERAGE: Final = 10**11
"""An average price has no more digits than this; one of 16 would fit any double."""
_NO_GAIN: Final = bytes(1 if how == _GAIN else how for how in range(256))
_AS_AVERAGE: Final = bytes(how | _TIMES_VOLUME if how < _GAIN else _TIMES_VOLUME + 1 for how in range(256))
_BY_ITSELF: Final = bytes(how & 31 if _TIMES_VOLUME <= how < _GAIN else how for how in range(256))
_LARGEST: Final = 2**53
Values = Sequence["array[float]"]
"""One array a field; NaN where nothing was observed."""
Origins = Sequence[bytes]
"""Provenance, one string a field; 0 where nothing was observed."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Samples of several metrics, and what is needed to code them."""

    values: Values
    origins: Origins
    hints: Sequence[bytes]
    """The how that probably fits, one string a field."""
    before: Values
    """Today's counters (volume, trades) in the minute before each sample; 0 at midnight, NaN where unknown."""


@dataclass(frozen=True, slots=True)
class Group:
    """Metrics that are coded together."""

    fields: tuple[int, ...]
    encode: Callable[[Frame], list[Track]]
    decode: Callable[[Sequence[Track], Values], list["array[float]"]]
    """From the tracks and the counters before; arrays in the order of ``fields``."""


def _encode_plain(*fields: int) -> Callable[[Frame], list[Track]]:
    def encode(frame: Frame) -> list[Track]:
        return [decimals.encode(frame.values[each], frame.origins[each], frame.hints[each]) for each in fields]

    return encode


def _decode_plain(tracks: Sequence[Track], _before: Values) -> list["array[float]"]:
    return [decimals.decode(track) for track in tracks]


def _encode_book(frame: Frame) -> list[Track]:
    """Mid and spread as ticks of the bid and ticks between bid and ask; whole where that doesn't restore both."""
    origins, spread_origins = frame.origins[MID], frame.origins[SPREAD]
    if decimals.is_unobserved(origins) and decimals.is_unobserved(spread_origins):
        book = decimals.unobserved(origins, frame.hints[MID])
        between = decimals.unobserved(spread_origins, bytes(len(origins)))
        book.ticks = [1] * len(origins)
        return [book, between]
    hints = frame.hints[MID].replace(bytes([HOPELESS]), b"\x01")
    scales = scales_of(hints)
    mids = filled(frame.values[MID], origins, 1.0)
    spreads = filled(frame.values[SPREAD], spread_origins, 0.0)
    widths = list(map(round, map(mul, map(truediv, map(mul, spreads, mids), repeat(10_000.0)), scales)))
    doubled = map(round, map(mul, map(mul, mids, repeat(2.0)), scales))
    bids = [(twice - width) >> 1 for twice, width in zip(doubled, widths, strict=True)]
    bids = [bid if 0 < bid < _LARGEST else 1 for bid in bids]
    widths = [width if -bid < width < _LARGEST else 0 for bid, width in zip(bids, widths, strict=True)]
    again = _book(bids, widths, scales)
    bad = {*decimals.unequal(again[0], mids), *decimals.unequal(again[1], spreads)}
    hows = bytearray(hints)
    book, between = Track(origins, hints, bids), Track(spread_origins, bytes(len(hints)), widths)
    for at in sorted(bad):
        if origins[at] or spread_origins[at]:
            hows[at] = WHOLE
            book.wholes.extend(mids[at : at + 1] if origins[at] else ())
            between.wholes.extend(spreads[at : at + 1] if spread_origins[at] else ())
    book.hows = bytes(hows)
    book.gaps = between.gaps = decimals.gaps(bytes(map(or_, origins, spread_origins)), book.hows)
    return [book, between]


def _decode_book(tracks: Sequence[Track], _before: Values) -> list["array[float]"]:
    book, between = tracks
    found = _book(book.ticks, between.ticks, scales_of(book.hows))
    for values, track in zip(found, tracks, strict=True):
        put_wholes(values, track, book.hows)
        put_gaps(values, track.origins)
    return list(found)


def _book(bids: Sequence[int], widths: Sequence[int], scales: Sequence[float]) -> tuple["array[float]", "array[float]"]:
    """Mid and spread in basis points, computed as ``Ticker.values`` does."""
    bid = decimals.restored(bids, scales)
    ask = decimals.restored(list(map(add, bids, widths)), scales)
    mids = array("d", map(truediv, map(add, bid, ask), repeat(2.0)))
    spreads = array("d", map(mul, map(truediv, map(sub, ask, bid), mids), repeat(10_000.0)))
    return mids, spreads


def _encode_volumes(frame: Frame) -> list[Track]:
    volume = decimals.encode(frame.values[VOLUME], frame.origins[VOLUME], frame.hints[VOLUME])
    return [volume, _encode_quote(frame)]


def _encode_quote(frame: Frame) -> Track:
    """The quote volume: an average price, or by itself, whichever fitted most samples before."""
    values, origins, hints = frame.values[QUOTE_VOLUME], frame.origins[QUOTE_VOLUME], frame.hints[QUOTE_VOLUME]
    if decimals.is_unobserved(origins):
        return decimals.unobserved(origins, hints)
    volumes = filled(frame.values[VOLUME], frame.origins[VOLUME], 0.0)
    if sum(map(hints.count, range(_TIMES_VOLUME, _GAIN))) > sum(map(hints.count, range(WHOLE + 1, _TIMES_VOLUME))):
        codes = hints.translate(_AS_AVERAGE)
        scales = scales_of(codes)
        observed = filled(values, origins, 0.0)
        averages = map(truediv, observed, [volume or 1.0 for volume in volumes])
        track = Track(origins, codes, list(map(round, map(mul, averages, scales))))
        odd = decimals.unequal(_times(volumes, track.ticks, scales), observed)
        if not -_LARGEST < min(track.ticks) <= max(track.ticks) < _LARGEST:
            odd += [at for at, tick in enumerate(track.ticks) if abs(tick) >= _LARGEST]
    else:
        track = decimals.encode(values, origins, hints.translate(_BY_ITSELF))
        odd = decimals.whole_places(origins, track.hows)
    hows, track.wholes = bytearray(track.hows), array("d")
    for at in sorted(set(odd)):
        hows[at], track.ticks[at] = _quote_code(values[at], volumes[at], hints[at])
        if hows[at] == WHOLE and origins[at]:
            track.wholes.append(values[at])
    track.hows = bytes(hows)
    track.gaps = decimals.gaps(origins, track.hows)
    return track


def _quote_code(value: float, volume: float, hint: int) -> tuple[int, int]:
    """(how, ticks) of one quote volume, found by trying."""
    if value != value or hint == HOPELESS:
        return WHOLE, 0
    if not value and copysign(1.0, value) > 0:
        return (hint if volume >= 0 else 1), 0
    for digits in range(_MOST_AVERAGE_DIGITS + 1 if volume else 0):
        ticks = round(value / volume * 10.0**digits)
        if abs(ticks) > _LARGEST_AVERAGE:
            break
        if volume * (ticks / 10.0**digits) == value:
            return _TIMES_VOLUME + digits + 1, ticks
    ticks, how = decimals.exact_decimal(value) or (0, WHOLE)
    return how, ticks


def _times(volumes: "array[float]", ticks: Sequence[int], scales: Sequence[float]) -> "array[float]":
    return array("d", map(mul, volumes, map(truediv, ticks, scales)))


def _decode_volumes(tracks: Sequence[Track], _before: Values) -> list["array[float]"]:
    volumes, quote = decimals.decode(tracks[0]), tracks[1]
    scales = scales_of(quote.hows)
    values = decimals.restored(quote.ticks, scales)
    if any(how >= _TIMES_VOLUME for how in set(quote.hows)):
        bases = filled(volumes, tracks[0].origins, 0.0)
        for at, product in enumerate(map(mul, bases, values)):
            if quote.hows[at] >= _TIMES_VOLUME:
                values[at] = product
    put_wholes(values, quote)
    put_gaps(values, quote.origins)
    return [volumes, values]


def _encode_flows(frame: Frame) -> list[Track]:
    tracks = _encode_plain(TODAY_VOLUME, TODAY_TRADES)(frame)
    for field, today, before in ((FLOW, TODAY_VOLUME, 0), (TRADES_MIN, TODAY_TRADES, 1)):
        values, origins = frame.values[field], frame.origins[field]
        if decimals.is_unobserved(origins):
            tracks.append(decimals.unobserved(origins, bytes([_GAIN]) * len(values)))
            continue
        gains = array("d", map(sub, frame.values[today], frame.before[before]))
        put_gaps(gains, origins)
        others = decimals.unequal(gains, values)
        track = Track(origins, bytes([_GAIN]) * len(values), [0] * len(values))
        apart = [at for at in others if origins[at]]
        if apart:
            _encode_apart(track, apart, values, frame.hints[field])
            track.gaps = [at for at, how in enumerate(track.hows) if how in (WHOLE, _GAIN) or not origins[at]]
        tracks.append(track)
    return tracks


def _encode_apart(track: Track, apart: Sequence[int], values: "array[float]", hints: bytes) -> None:
    """Code the samples that are no gain of a counter by themselves."""
    by_itself = decimals.encode(
        array("d", [values[at] for at in apart]),
        bytes([track.origins[at] for at in apart]),
        bytes([hints[at] for at in apart]).translate(_NO_GAIN),
    )
    hows = bytearray(track.hows)
    for at, how, ticks in zip(apart, by_itself.hows, by_itself.ticks, strict=True):
        hows[at], track.ticks[at] = how, ticks
    track.hows, track.wholes = bytes(hows), by_itself.wholes


def _decode_flows(tracks: Sequence[Track], before: Values) -> list["array[float]"]:
    found = [decimals.decode(track) for track in tracks[:2]]
    for track, today, earlier in zip(tracks[2:], found, before, strict=False):
        values = array("d", map(sub, today, earlier))
        if track.hows.count(_GAIN) != len(values):
            for at, how in enumerate(track.hows):
                if how != _GAIN:
                    values[at] = track.ticks[at] / scale_of(how)
        put_wholes(values, track)
        put_gaps(values, track.origins)
        found.append(values)
    return found


GROUPS: Final = (
    Group((PRICE,), _encode_plain(PRICE), _decode_plain),
    Group((MID, SPREAD), _encode_book, _decode_book),
    Group((VOLUME, QUOTE_VOLUME), _encode_volumes, _decode_volumes),
    Group((TRADES,), _encode_plain(TRADES), _decode_plain),
    Group((TODAY_VOLUME, TODAY_TRADES, FLOW, TRADES_MIN), _encode_flows, _decode_flows),
)
"""All groups; a group's place here is its number on disk."""
GROUP_OF: Final = {field: number for number, group in enumerate(GROUPS) for field in group.fields}


def usual_hints(digits: Sequence[int]) -> tuple[bytes, ...]:
    """Return a first guess for instruments with these decimals of a price, one string a field."""
    price = bytes([min(each, decimals.MOST_DIGITS) + 1 for each in digits])
    eight, none = bytes([9]) * len(price), bytes([1]) * len(price)
    average = price.translate(_AS_AVERAGE)
    of_field = {PRICE: price, MID: price, VOLUME: eight, QUOTE_VOLUME: average, FLOW: eight, TODAY_VOLUME: eight}
    return tuple(of_field.get(field, none) for field in range(FIELDS))


def next_hints(hows: bytes) -> bytes:
    """Return what to try after samples that were coded by ``hows``."""
    if WHOLE not in hows:
        return hows
    return hows.replace(bytes([WHOLE]), bytes([HOPELESS]))


def unknown_counters(count: int) -> tuple["array[float]", "array[float]"]:
    """Return counters of a minute before that nobody knows."""
    return array("d", [nan]) * count, array("d", [nan]) * count

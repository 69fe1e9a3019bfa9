"""A small market for the tests of storage: cheap, seeded, with everything in it that an exchange may say."""

import math
from array import array
from collections.abc import Sequence
from random import Random

from tui_tracker.core.candle import Provenance
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.core.ticker import Ticker
from tui_tracker.storage.model import Fill, LastSeen, Latest, Minute

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
FIRST = 29_472_480
"""A midnight of 2026, in minutes since the epoch."""
SOURCE = "made"


def instruments(count: int) -> tuple[Instrument, ...]:
    return tuple(
        Instrument(f"{SOURCE}:A{at}-USD", f"A{at}", "USD", f"A{at}USD", (f"A{at}/USD",), at % 6) for at in range(count)
    )


def made_minute(minute: int, pairs: int = 5, *, source: str = SOURCE, with_latest: bool = True) -> Minute:
    """One minute since the epoch: the same for the same number."""
    listed = instruments(pairs)
    rows = [_quote(minute, at, each.digits) for at, each in enumerate(listed)]
    values = tuple(array("d", [row[field] for row in rows]) for field in range(len(METRICS) + 2))
    ids = tuple(each.id.replace(SOURCE, source) for each in listed)
    latest = made_latest(minute, ids) if with_latest else None
    return Minute(source, minute * MINUTE_MS, ids, values[:-2], None, values[-2], values[-1], latest)


def _quote(minute: int, at: int, digits: int) -> tuple[float, ...]:
    random = Random(minute * 1_000 + at)
    if random.random() < 0.03:
        return (math.nan,) * (len(METRICS) + 2)
    tick = 10.0**digits
    ticks = 10_000 + 37 * at + Random(at).randrange(5_000) + round(20 * math.sin(minute / 7 + at)) + random.randrange(9)
    bid, ask = ticks / tick, (ticks + 1 + random.randrange(3)) / tick
    volume = round(random.random() * 1e6, 8) if at % 4 else 0.0
    today, before = _today(minute, at), _today(minute - 1, at)
    flow = today if minute % 1_440 == 0 else today - before
    average = round(bid * 1.01, 5)
    ticker = Ticker("", ticks / tick, bid, ask, volume, volume * average, random.randrange(10_000))
    quoted = [math.nan if value is None else value for value in ticker.values()]
    if random.random() < 0.05:
        quoted[0] = random.random() * 1e-7
    return (*quoted, flow, float(random.randrange(40)), today, float(minute % 1_440 * 3))


def _today(minute: int, at: int) -> float:
    return round((minute % 1_440 + 1) * (0.123_456_78 + at) + Random(minute * 7 + at).random() * 0.1, 8)


def made_latest(minute: int, ids: Sequence[str]) -> Latest:
    random = Random(minute)
    seen = [
        LastSeen(
            name,
            Ticker(name, 1.5 * minute, 0.1 + at, None, 1 / 3, None, minute + at, 9.9, None, 0.7, 12)
            if at % 3
            else None,
            minute * MINUTE_MS + 1_234 if at % 3 else None,
            at % 2 == 1,
            "not quoted" if at % 4 == 2 else "",
            minute * MINUTE_MS if at % 4 == 2 else None,
            (minute - at) * MINUTE_MS,
            minute // 5,
            random.getrandbits(290),
            random.getrandbits(200),
        )
        for at, name in enumerate(ids)
    ]
    return Latest(minute * MINUTE_MS, tuple(seen), minute * MINUTE_MS)


def made_fill(at: int, first: int, minutes: int, provenance: Provenance = Provenance.CANDLE_1M, seed: int = 0) -> Fill:
    random = Random(f"{at} {first} {seed}")
    price = [((first + n) * MINUTE_MS, 5_000 + random.randrange(900) / 100) for n in range(minutes)]
    flow = [(ms, round(random.random(), 8)) for ms, _ in price if random.random() < 0.9]
    trades = [(ms, float(random.randrange(9))) for ms, _ in flow]
    traded = {first - first % 5 + 5 * n: random.random() < 0.5 for n in range(minutes // 5 + 1)}
    fill = Fill.of(
        SOURCE,
        f"{SOURCE}:A{at}-USD",
        {Metric.PRICE: price, Metric.FLOW: flow, Metric.TRADES_MIN: trades},
        provenance,
        traded,
    )
    assert fill is not None
    return fill


Samples = dict[tuple[str, Metric, int], tuple[float, int]]
"""(value, provenance) by (instrument, metric, minute): the slow, obvious history."""


def add_minute(model: Samples, minute: Minute) -> None:
    for metric, values, origins in zip(METRICS, minute.values, minute.origins(), strict=False):
        for name, value, origin in zip(minute.instrument_ids, values, origins, strict=True):
            if origin:
                _put(model, (name, metric, minute.minute), value, origin)


def add_fill(model: Samples, fill: Fill) -> None:
    for metric, values in fill.values.items():
        for at, (value, origin) in enumerate(zip(values, fill.provenance[metric], strict=True)):
            if origin:
                _put(model, (fill.instrument_id, metric, fill.first + at), value, origin)


def _put(model: Samples, key: tuple[str, Metric, int], value: float, origin: int) -> None:
    if key not in model or model[key][1] <= origin:
        model[key] = value, origin

"""A history as one dictionary, to be compared with what it should hold."""

import struct
from collections.abc import Iterable

from tests.storage.made import MINUTE_MS, SOURCE, Samples
from tui_tracker.core.metric import METRICS, Metric
from tui_tracker.storage.reader import Reader


def everything(reader: Reader, first: int, minutes: int, metrics: Iterable[Metric] = METRICS) -> Samples:
    """All samples of some minutes since the epoch."""
    found: Samples = {}
    for name, known in reader.load(SOURCE, tuple(metrics), first * MINUTE_MS, minutes).items():
        for metric, series in known.items():
            for at, (value, origin) in enumerate(zip(series.values, series.provenance, strict=True)):
                assert (value == value) is (origin != 0)
                if origin:
                    found[name, metric, first + at] = value, origin
    return found


def bits(samples: Samples) -> dict[tuple[str, Metric, int], tuple[bytes, int]]:
    """The same, so that doubles compare bit for bit."""
    return {key: (struct.pack("<d", value), origin) for key, (value, origin) in samples.items()}


def between(samples: Samples, first: int, minutes: int) -> Samples:
    """Those of some minutes."""
    return {key: value for key, value in samples.items() if first <= key[2] < first + minutes}

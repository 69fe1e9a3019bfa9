"""Samples of many instruments over the same minutes, put together from whatever tells of them."""

from array import array
from collections.abc import Sequence
from math import nan
from typing import Final

from tui_tracker.core.kept import Stretch


class Columns:
    """One array for each (instrument, field). Of two samples of a minute the one of higher provenance stays.

    Among equals the one that was put last stays, as ``Window.fill`` has it.
    """

    def __init__(self, first: int, minutes: int) -> None:
        """Hold nothing of ``minutes`` minutes from ``first`` on (since the epoch)."""
        self.first: Final = first
        self.minutes: Final = minutes
        self._unknown: Final = array("d", [nan]) * minutes
        self._held: dict[tuple[int, int], tuple[array[float], bytearray]] = {}

    def put(self, instrument: int, field: int, first: int, values: "array[float]", origins: bytes) -> None:
        """Take samples of consecutive minutes from ``first`` on; those outside are left out."""
        start = first - self.first
        if start < 0 or start + len(values) > self.minutes:
            low, high = max(0, -start), max(0, self.minutes - start)
            values, origins, start = values[low:high], origins[low:high], max(start, 0)
        if not origins or origins.count(0) == len(origins):
            return
        held = self._held.get((instrument, field))
        if held is None:
            held = self._held[instrument, field] = self._unknown[:], bytearray(self.minutes)
        stop = start + len(values)
        known, sources = held
        if not any(sources[start:stop]):
            known[start:stop] = values
            sources[start:stop] = origins
            return
        for at, (value, origin) in enumerate(zip(values, origins, strict=True), start):
            if origin and origin >= sources[at]:
                known[at], sources[at] = value, origin

    def put_hour(
        self, instruments: Sequence[int], field: int, first: int, values: "array[float]", origins: bytes
    ) -> None:
        """Take samples of several instruments over the same minutes, one instrument after the other."""
        minutes = len(values) // len(instruments)
        for place, instrument in enumerate(instruments):
            part = slice(place * minutes, (place + 1) * minutes)
            self.put(instrument, field, first, values[part], origins[part])

    def series(self, instrument: int, field: int) -> Stretch | None:
        """Return what is known of one, or ``None`` if nothing is. Not to be changed."""
        held = self._held.get((instrument, field))
        return None if held is None else Stretch(held[0], bytes(held[1]))

    def instruments(self) -> list[int]:
        """Return the instruments of which anything is known, in order."""
        return sorted({instrument for instrument, _ in self._held})

    def flat(self, instruments: Sequence[int], field: int) -> tuple["array[float]", bytes]:
        """Return (values, provenance) of several, one instrument after the other."""
        values, origins = array("d"), bytearray()
        for instrument in instruments:
            held = self._held.get((instrument, field))
            values.extend(self._unknown if held is None else held[0])
            origins += bytes(self.minutes) if held is None else held[1]
        return values, bytes(origins)

"""What an exchange was asked and answered, noted on its side of the line."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Rows = tuple[tuple[int, float | None], ...]
"""(first minute, close) of candles, oldest first; ``None`` where it could not be read."""


class Asked(NamedTuple):
    """A request that reached the exchange."""

    at_s: float
    call: str
    weight: int


class Told(NamedTuple):
    """A good answer that came whole. Local wall clock as it was then, ms, unless said otherwise."""

    call: str
    sent_ms: int
    received_ms: int
    server_ms: int
    """The exchange's clock when it answered."""
    prices: Mapping[str, float | None] = {}
    """Of quotes: by pair; ``None`` where there was no price to be read. Of a list: the pairs that are in it."""
    pair: str = ""
    step: int = 0
    rows: Rows = ()


class Refused(NamedTuple):
    """A refusal that came whole, and until when nothing may be asked. Seconds since the beginning."""

    at_s: float
    until_s: float
    kind: str


@dataclass(slots=True)
class Ledger:
    """All of it, in order."""

    asked: list[Asked] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    """What went wrong how often."""
    last_fault_s: float = 0.0
    """When the last fault was over, for who met it."""
    open_streams: int = 0
    opened_s: list[float] = field(default_factory=list)
    """When somebody wanted to open a WebSocket."""
    stream_refused: list[Refused] = field(default_factory=list)
    """By what those were refused."""
    stream_clear_s: float = 0.0
    """From when on nothing stands in the way of a WebSocket."""

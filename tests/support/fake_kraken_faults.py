"""What can go wrong at the fake exchange: which request is hit, and how a good answer is spoiled."""

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

TRANSPORT: Final = frozenset(
    {
        *("rate_limited", "kraken_rate_limit", "kraken_unavailable", "kraken_busy", "kraken_lockout", "http_500"),
        *("http_503", "http_403", "html", "hang", "drip", "slow", "reset", "reset_idle", "truncated", "short_body"),
        *("no_result", "empty_result", "empty_body", "wrong_shape", "not_utf8", "deep", "huge", "gzip_bomb"),
        *("redirect_other_host", "redirect_same_host"),
    }
)
"""Faults that replace or break a whole answer; they hit every path unless told."""

DATA_PATHS: Final = {
    "nan": ("Ticker", "OHLC"),
    "bare_nan": ("Ticker", "OHLC"),
    "missing_fields": ("Ticker", "AssetPairs", "OHLC"),
    "zeros": ("Ticker",),
    "missing_pairs": ("Ticker",),
    "delisted": ("Ticker", "AssetPairs"),
    "new_pairs": ("Ticker", "AssetPairs"),
    "hostile_names": ("Ticker", "AssetPairs"),
    "cancel_only": ("AssetPairs",),
    "maintenance": ("AssetPairs",),
    "crossed": ("Ticker",),
}
"""Faults that spoil, add or remove rows of a good answer, and the paths that they hit unless told."""

NAMES: Final = TRANSPORT | DATA_PATHS.keys()

_BAD_NUMBERS: Final = ("NaN", "Infinity", "-Infinity", "abc", "", "1e999", "-5.0", "0x10", "1_000", "\u0663.5")


@dataclass(slots=True)
class Fault:
    """One way to fail, and when."""

    name: str
    count: int | None = None
    """Requests still to be hit; ``None`` until cleared."""
    path: str | None = None
    """Last part of the path (``Ticker``) that is hit; ``None`` for the fault's own default."""
    period_s: float | None = None
    """At most one hit in so many seconds."""
    pairs: tuple[str, ...] = ()
    """Keys of the rows that are hit, as the answer spells them; empty for every fifth row."""
    value: float | None = None
    """``Retry-After`` of ``rate_limited``, delay of ``slow``, seconds a byte of ``drip``."""
    last_hit_s: float = field(default=float("-inf"))

    def is_due(self, path: str, now_s: float) -> bool:
        """Whether a request of ``path`` is hit."""
        if self.count is not None and self.count <= 0:
            return False
        if self.period_s is not None and now_s - self.last_hit_s < self.period_s:
            return False
        if self.path is not None:
            return path == self.path
        return path in DATA_PATHS.get(self.name, (path,))

    def affects(self, key: str, index: int) -> bool:
        """Whether a row is hit."""
        return key in self.pairs if self.pairs else index % 5 == 3


class Faults:
    """The faults in force. Safe to change from another thread: each change is one assignment."""

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self.taken: Counter[str] = Counter()
        """How often each fault has happened."""
        self._active: tuple[Fault, ...] = ()
        self._monotonic_s = monotonic_s

    def set(
        self,
        name: str,
        count: int | None = None,
        path: str | None = None,
        period_s: float | None = None,
        pairs: tuple[str, ...] = (),
        value: float | None = None,
    ) -> Fault:
        """Let ``name`` happen to the next ``count`` requests (until cleared if ``None``); see :class:`Fault`.

        Raises:
            ValueError: If there is no such fault.
        """
        return self.add(Fault(name, count, path, period_s, pairs, value))

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force, in place of one of the same name and path."""
        if fault.name not in NAMES:
            raise ValueError(f"no fault {fault.name!r}; there are {', '.join(sorted(NAMES))}")
        others = (other for other in self._active if (other.name, other.path) != (fault.name, fault.path))
        self._active = (*others, fault)
        return fault

    def clear(self, name: str | None = None) -> None:
        """End one fault, or all."""
        self._active = () if name is None else tuple(fault for fault in self._active if fault.name != name)

    @property
    def active(self) -> tuple[Fault, ...]:
        """Faults that can still happen."""
        return tuple(fault for fault in self._active if fault.count is None or fault.count > 0)

    def take(self, path: str, is_reused: bool) -> list[Fault]:
        """Choose and count the faults of one request: at most one of the transport, and all of the data."""
        now_s = self._monotonic_s()
        chosen: list[Fault] = []
        has_transport = False
        for fault in self._active:
            is_transport = fault.name in TRANSPORT
            if not fault.is_due(path, now_s) or (is_transport and has_transport):
                continue
            if fault.name == "reset_idle" and not is_reused:
                continue
            has_transport = has_transport or is_transport
            self.taken[fault.name] += 1
            fault.last_hit_s = now_s
            if fault.count is not None:
                fault.count -= 1
            chosen.append(fault)
        return chosen


def parse_fault(text: str) -> Fault:
    """Read ``NAME[@PATH][:COUNT|:SECONDSs]`` as the command line takes it.

    ``reset:3`` hits three requests, ``hang@OHLC`` every OHLC request, ``http_503:30s`` one request each 30 seconds.
    """
    name, _, limit = text.partition(":")
    name, _, path = name.partition("@")
    fault = Fault(name, path=path or None)
    if limit.endswith("s"):
        fault.period_s = float(limit[:-1])
    elif limit:
        fault.count = int(limit)
    return fault


def spoil_ticker(rows: dict[str, str], fault: Fault) -> dict[str, str]:
    """Apply a data fault to rows of Ticker."""
    hit = [key for index, key in enumerate(rows) if fault.affects(key, index)]
    if fault.name in ("missing_pairs", "delisted"):
        return {key: row for key, row in rows.items() if key not in set(hit)}
    return rows | {key: _spoil_ticker_row(rows[key], fault.name, place) for place, key in enumerate(hit)}


def _spoil_ticker_row(text: str, name: str, place: int) -> str:
    row = json.loads(text)
    match name:
        case "nan":
            row["c"][0] = _BAD_NUMBERS[place % len(_BAD_NUMBERS)]
            row["v"][1] = _BAD_NUMBERS[(place + 1) % len(_BAD_NUMBERS)]
        case "bare_nan":
            row["c"][0] = float("nan")
        case "zeros":
            for key in "cvpltho":
                row[key] = "0.00000" if key == "o" else [0, 0] if key == "t" else ["0.00000", "0.00000"]
        case "crossed":
            row["a"], row["b"] = row["b"], row["a"]
        case "missing_fields":
            return _without_fields(row, place)
    return json.dumps(row)


def _without_fields(row: dict[str, object], place: int) -> str:
    variants: list[object] = [{}, None, [], 7, "text"]
    if place % 8 < 5:
        return json.dumps(variants[place % 8])
    if place % 8 == 5:
        del row["c"]
    elif place % 8 == 6:
        row["c"], row["p"] = [], None
    else:
        row["v"], row["t"] = ["1.0"], {}
    return json.dumps(row)


def spoil_asset_pairs(entries: dict[str, dict[str, object]], fault: Fault) -> dict[str, object]:
    """Apply a data fault to entries of AssetPairs."""
    spoiled: dict[str, object] = {}
    for index, (key, entry) in enumerate(entries.items()):
        if not fault.affects(key, index):
            spoiled[key] = entry
        elif fault.name in ("cancel_only", "maintenance", "delisted"):
            spoiled[key] = entry | {"status": fault.name}
        elif index % 3 == 0:
            spoiled[key] = None
        else:
            dropped = ("base", "quote") if index % 3 == 1 else ("altname", "wsname", "pair_decimals", "tick_size")
            spoiled[key] = {name: value for name, value in entry.items() if name not in dropped}
    return spoiled


def spoil_ohlc(rows: list[str], fault: Fault) -> list[str]:
    """Apply a data fault to rows of OHLC."""
    spoiled = list(rows)
    for index, text in enumerate(rows):
        if index % 5 != 3:
            continue
        row = json.loads(text)
        if fault.name == "nan":
            row[4] = _BAD_NUMBERS[index // 5 % len(_BAD_NUMBERS)]
        elif fault.name == "bare_nan":
            row[4] = float("inf")
        else:
            row = row[: index // 5 % 4]
        spoiled[index] = json.dumps(row)
    return spoiled

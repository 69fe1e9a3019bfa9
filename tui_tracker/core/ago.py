"""Spans as people write them, back from now."""

import re
from typing import Final

from tui_tracker.core.series import MINUTE_MS

_AGO: Final = re.compile(r"(\d{1,5})([mhd])", re.ASCII)
_UNITS_MS: Final = {"m": MINUTE_MS, "h": 60 * MINUTE_MS, "d": 1_440 * MINUTE_MS}


def ago_ms(text: str) -> int | None:
    """How many ms ``90m``, ``36h`` or ``7d`` are; ``None`` for anything else."""
    found = _AGO.fullmatch(text)
    return None if found is None else int(found[1]) * _UNITS_MS[found[2]]

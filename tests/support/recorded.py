"""Recorded answers of exchanges, read where they lie beside the repository."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3] / "shared" / "recorded"
"""Where they are; they are too large, and not ours, to be copied into the repository."""


def recorded(path: str) -> Path:
    """Return the file at ``path`` below the recordings; skip the calling test, saying so, where there is none."""
    file = ROOT / path
    if not file.is_file():
        pytest.skip(f"no recording {path}: ../shared/recorded is not here")
    return file

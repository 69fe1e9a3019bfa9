"""Instants as exchanges write them."""

from datetime import UTC, datetime


def rfc3339(at_ms: int) -> str:
    """``2026-08-09T21:05:48.348000Z``."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

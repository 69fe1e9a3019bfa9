"""What an examination finds."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How a finding is to be taken."""

    OK = "ok"
    NOTE = "note"
    """Worth knowing; nothing has to be done."""
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One plain sentence, and what to do about it."""

    area: str
    """What it is about: ``history``."""
    verdict: Verdict
    text: str
    advice: str = ""


def ok(area: str, text: str) -> Finding:
    """A finding that all is well."""
    return Finding(area, Verdict.OK, text)


def note(area: str, text: str, advice: str = "") -> Finding:
    """A finding that is worth knowing."""
    return Finding(area, Verdict.NOTE, text, advice)


def problem(area: str, text: str, advice: str) -> Finding:
    """A finding that something has to be done about."""
    return Finding(area, Verdict.PROBLEM, text, advice)

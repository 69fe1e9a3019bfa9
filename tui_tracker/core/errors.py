"""The errors that callers are expected to handle.

::

    TrackerError                 a one-line message for a person, and what to do about it
    ├── ConfigError              a setting, flag, file or terminal that cannot be used
    ├── StateError               the watchlist or the view could not be kept
    ├── NoDataError              good answers, but nothing in them that could be ranked
    ├── SampleError              a number that no window accepts
    ├── UnknownPairError         no instrument of that name; carries near names
    ├── AmbiguousPairError       several instruments of that name; carries the candidates
    ├── StorageError             the history on disk could not be read or written; carries ``fault`` and ``path``
    ├── FeedError                a server of ours gave nothing usable
    │   └── AccessError          … because it wants another token
    ├── ServiceError             the service could not be started
    └── SourceError              the exchange gave no usable answer
        ├── UnreachableError     no connection, or it broke
        ├── TimedOutError        connected, but no whole answer in time
        ├── RateLimitedError     asked to slow down; carries ``retry_after_s``
        ├── RejectedError        a well-formed refusal (an error body or HTTP status)
        ├── MalformedDataError   an answer that is not what the exchange documents
        └── SourcesError         all of several exchanges failed; carries each one's error
"""

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Final

BARRING: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS)
"""How exchanges answer to countries and networks that they don't serve."""


class TrackerError(Exception):
    """Base of all expected failures.

    Args:
        message: What happened, in one line.
        hint: What the person can do about it, or an empty string.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def told(self) -> str:
        """What happened, and what the person can do about it if there is something."""
        return f"{self.message}; {self.hint}" if self.hint else self.message


class ConfigError(TrackerError):
    """A setting, flag, file or terminal that cannot be used; ``parts`` holds what it sums up, if it does."""

    def __init__(self, message: str, hint: str = "", parts: "tuple[ConfigError, ...]" = ()) -> None:
        super().__init__(message, hint)
        self.parts = parts


class StateError(TrackerError):
    """The watchlist or the view could not be kept; the app goes on without."""


class NoDataError(TrackerError):
    """The source answered well, but nothing in it could be ranked (yet)."""


class SampleError(TrackerError, ValueError):
    """A number that no window accepts: not finite, or a magnitude outside 1e-60 … 1e60."""


class UnknownPairError(TrackerError):
    """No instrument goes by this name; ``near`` holds similar names."""

    def __init__(self, name: str, near: tuple[str, ...] = ()) -> None:
        hint = f"did you mean {', '.join(near)}?" if near else "list them with: crypto-tui pairs"
        super().__init__(f"unknown pair {name!r}", hint)
        self.name = name
        self.near = near


class AmbiguousPairError(TrackerError):
    """Several instruments go by this name; ``candidates`` holds their ids."""

    def __init__(self, name: str, candidates: tuple[str, ...]) -> None:
        super().__init__(f"pair {name!r} is ambiguous", f"use one of {', '.join(candidates)}")
        self.name = name
        self.candidates = candidates


class StorageFault(StrEnum):
    """Why the history on disk could not be read or written."""

    FULL = "full"
    """The disk, a quota or the largest file size."""
    READ_ONLY = "read-only"
    """The file, its folder or the file system may only be read."""
    PERMISSION = "permission"
    """The file can't be opened."""
    LOCKED = "locked"
    """Another process held a lock for too long."""
    IO = "i/o"
    """The operating system failed to read or write."""
    CORRUPT = "corrupt"
    """The file is no history, or a damaged one."""
    NEWER_SCHEMA = "newer schema"
    """A newer version of the program wrote it."""
    NETWORK = "network"
    """The folder is on a file system of another machine."""
    OVERFLOW = "overflow"
    """Nothing could be written for so long that it was let go."""
    CLOSED = "closed"
    SUPERSEDED = "superseded"
    """Another process collects; this one may not write."""
    OTHER = "other"


class StorageError(TrackerError):
    """The history on disk could not be read or written; the app goes on in memory.

    Args:
        message: What happened, in one line.
        fault: Why.
        path: The file or folder, where it is about one.
        hint: What the person can do about it.
    """

    def __init__(self, message: str, fault: StorageFault, path: str = "", hint: str = "") -> None:
        super().__init__(message, hint)
        self.fault: Final = fault
        self.path: Final = path

    @property
    def is_passing(self) -> bool:
        """Whether the same may succeed later, without a restart."""
        lasting = (StorageFault.NEWER_SCHEMA, StorageFault.NETWORK, StorageFault.CLOSED, StorageFault.OVERFLOW)
        return self.fault not in lasting


class FeedError(TrackerError):
    """A server of ours could not be reached, or said something that is no message of its protocol."""


class AccessError(FeedError):
    """The server wants a token, or another one; trying again does not help."""


class ServiceError(TrackerError):
    """The service could not be started, or can't do something now: its address is taken, too much is asked of it.

    Args:
        message: What happened, in one line.
        hint: What the person can do about it, or an empty string.
        retry_after_s: When that may be otherwise, if it is known.
    """

    def __init__(self, message: str, hint: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message, hint)
        self.retry_after_s = retry_after_s


class SourceError(TrackerError):
    """The exchange gave no usable answer to one request."""

    http_status: int | None = None
    """The status that it refused with, if that was the refusal."""

    @property
    def is_barred(self) -> bool:
        """Whether it refused as exchanges do to countries and networks that they don't serve."""
        return self.http_status in BARRING


class UnreachableError(SourceError):
    """No connection could be made, or it broke before a whole answer."""


class TimedOutError(SourceError):
    """Connected, but no whole answer came in time."""


class RateLimitedError(SourceError):
    """The exchange asked to slow down.

    Args:
        message: What happened, in one line.
        retry_after_s: Seconds to wait, where the exchange said so.
        hint: What the person can do about it.
    """

    def __init__(self, message: str, retry_after_s: float | None = None, hint: str = "") -> None:
        super().__init__(message, hint)
        self.retry_after_s = retry_after_s


class RejectedError(SourceError):
    """A well-formed refusal: an error body or an HTTP status."""


class MalformedDataError(SourceError):
    """An answer that is not what the exchange documents."""


class SourcesError(SourceError):
    """All of several sources failed.

    Args:
        parts: Why, by the name of each; at least one.
    """

    def __init__(self, parts: Mapping[str, SourceError]) -> None:
        alike: dict[str, tuple[tuple[str, ...], SourceError]] = {}
        for name, error in parts.items():
            names, first = alike.get(error.told, ((), error))
            alike[error.told] = ((*names, name), first)
        self.alike: Final = tuple(alike.values())
        """The names of those that failed for the same reason, and that reason."""
        super().__init__("; ".join(f"{', '.join(names)}: {error.message}" for names, error in self.alike))

"""Whom to believe that a server is who it says: the authorities of the system, and those of a file beside them."""

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Final

from tui_tracker.core.errors import ConfigError
from tui_tracker.core.text import clean

_MAKING: Final = Lock()


def trusting(ca_file: str = "") -> ssl.SSLContext:
    """What secures connections: one for all of a process that trust the same, since it takes some 20 to 300 ms to make.

    ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` replace the authorities of the system; where that has none, those that come
    with the program take their place.

    Args:
        ca_file: Certificates (PEM) of authorities that are trusted beside those; empty for none.

    Raises:
        ConfigError: If a file can't be used.
    """
    with _MAKING:
        return _made(ca_file, os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", ""))


@lru_cache(maxsize=4)
def _made(ca_file: str, told: str, folder: str) -> ssl.SSLContext:
    if told:
        with _explained(told):
            context = ssl.create_default_context(cafile=told, capath=folder or None)
    else:
        context = ssl.create_default_context()  # minds SSL_CERT_DIR itself
        if not _has_own():
            import certifi

            context.load_verify_locations(certifi.where())
    if ca_file:
        with _explained(ca_file):
            context.load_verify_locations(Path(ca_file).expanduser())
    return context


def _has_own() -> bool:
    """Whether this system keeps authorities where OpenSSL looks for them."""
    paths = ssl.get_default_verify_paths()
    places = [Path(place) for place in (paths.cafile, paths.capath) if place]
    return any(place.is_file() or (place.is_dir() and any(place.iterdir())) for place in places)


@contextmanager
def _explained(ca_file: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # ssl.SSLError is one
        reason = clean(error.strerror or str(error))
        raise ConfigError(f"the authorities in {clean(ca_file)} cannot be used: {reason}", "a PEM file") from error

"""Whom to believe that a server is who it says: the authorities of the system, and those of a file beside them."""

import os
import ssl
from pathlib import Path

from tui_tracker.core.errors import ConfigError
from tui_tracker.core.text import clean


def trusting(ca_file: str = "") -> ssl.SSLContext:
    """What secures connections; some 20 ms of work.

    ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` replace the authorities of the system; where that has none, those that come
    with the program take their place.

    Args:
        ca_file: Certificates (PEM) of authorities that are trusted beside those; empty for none.

    Raises:
        ConfigError: If a file can't be used.
    """
    context = ssl.create_default_context()
    if told := os.environ.get("SSL_CERT_FILE"):
        _load(context, told)
    elif not _has_own():
        import certifi

        _load(context, certifi.where())
    if ca_file:
        _load(context, ca_file)
    return context


def _has_own() -> bool:
    """Whether this system keeps authorities where OpenSSL looks for them."""
    paths = ssl.get_default_verify_paths()
    places = [Path(place) for place in (paths.cafile, paths.capath) if place]
    return any(place.is_file() or (place.is_dir() and any(place.iterdir())) for place in places)


def _load(context: ssl.SSLContext, ca_file: str) -> None:
    try:
        context.load_verify_locations(Path(ca_file).expanduser())
    except OSError as error:  # ssl.SSLError is one
        reason = clean(error.strerror or str(error))
        raise ConfigError(f"the authorities in {clean(ca_file)} cannot be used: {reason}", "a PEM file") from error

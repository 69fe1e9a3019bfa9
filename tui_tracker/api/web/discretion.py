"""Keeping the token that somebody gives in an address or a header out of the log."""

import logging
import re
from typing import Final
from urllib.parse import unquote_plus

LOGGERS: Final = ("uvicorn.access", "uvicorn.error")
_PARAMETER: Final = re.compile(r"(?<=[?&;])([^&;=\s]*)=[^&;\s]*")
_SECRET_HEADERS: Final = ("authorization", "cookie", "set-cookie", "sec-websocket-protocol")


def hide_tokens() -> None:
    """Keep tokens out of whatever uvicorn logs, of requests, of streams and, with ``--debug``, of their headers."""
    for name in LOGGERS:
        logging.getLogger(name).addFilter(hide_token)


def hide_token(record: logging.LogRecord) -> bool:
    """Take tokens out of what uvicorn logs of a request; nothing is left out of the log."""
    if isinstance(record.args, tuple):
        first = record.args[0] if record.args else None
        if isinstance(first, str) and first.lower() in _SECRET_HEADERS:
            record.args = (first, "…")
        else:
            record.args = tuple(_without(each) if isinstance(each, str) else each for each in record.args)
    return True


def _without(text: str) -> str:
    return _PARAMETER.sub(
        lambda found: f"{found[1]}=…" if "token" in unquote_plus(found[1]).lower() else found[0], text
    )

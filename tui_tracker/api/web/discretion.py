"""Keeping the token that a browser gives in its first address out of the log."""

import logging
import re
from typing import Final

_TOKEN: Final = re.compile(r"((?:^|[?&;])[^&;=]*token[^&;=]*=)[^&;\s]*", re.IGNORECASE)


def hide_token(record: logging.LogRecord) -> bool:
    """Take tokens out of what uvicorn logs of a request; nothing is left out of the log."""
    if isinstance(record.args, tuple):
        record.args = tuple(_TOKEN.sub(r"\1…", each) if isinstance(each, str) else each for each in record.args)
    return True

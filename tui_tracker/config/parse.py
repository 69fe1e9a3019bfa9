"""What people write for a setting, made into its value. Each parser raises ``ValueError`` for what it doesn't take.

Values come as text (flags, environment) or as TOML's own types, so every parser takes both.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from math import isfinite
from typing import Final, TypeVar
from urllib.parse import urlsplit

E = TypeVar("E", bound=StrEnum)

MAX_URL: Final = 2_048
MAX_SOURCES: Final = 32
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_ASSET: Final = re.compile(r"[A-Z0-9._]{1,20}")
_MINUTES: Final = re.compile(r"(\d{1,5}) ?(m|min|h)?", re.ASCII)
_AMOUNT: Final = re.compile(r"(.+?) ?([kKmMbB]?)")
_SCALES: Final = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}


def whole(low: int, high: int) -> Callable[[object], int]:
    """Parser of a whole number in ``low`` … ``high``."""

    def parse(given: object) -> int:
        if isinstance(given, str) and re.fullmatch(r"\d{1,20}", given.strip(), re.ASCII):
            given = int(given)
        if isinstance(given, bool) or not isinstance(given, int) or not low <= given <= high:
            raise ValueError
        return given

    return parse


def choice(kind: type[E]) -> Callable[[object], E]:
    """Parser of a member of an enumeration, in any case."""

    def parse(given: object) -> E:
        return kind(_text(given).lower().replace("-", "_"))

    return parse


def boolean(given: object) -> bool:
    """``true`` or ``false``; text may also say 1, yes, on, 0, no, off."""
    if isinstance(given, bool):
        return given
    text = _text(given).lower()
    if text in ("true", "1", "yes", "on"):
        return True
    if text in ("false", "0", "no", "off"):
        return False
    raise ValueError


def fraction(given: object) -> float:
    """A fraction of 0 to 1, or a percentage with its sign (``90%``)."""
    if isinstance(given, str) and given.rstrip().endswith("%"):
        value = _number(given.rstrip()[:-1]) / 100
    else:
        value = _number(given)
    if not 0 <= value <= 1:
        raise ValueError
    return value


def amount(given: object) -> float:
    """A number of at least 0; text may end in k, M or B (``100k``, ``1.5M``)."""
    if isinstance(given, str):
        match = _AMOUNT.fullmatch(given.strip())
        if match is None:
            raise ValueError
        value = _number(match[1]) * _SCALES[match[2].lower()]
    else:
        value = _number(given)
    if not 0 <= value <= 1e18:
        raise ValueError
    return value


def amount_text(value: object) -> str:
    """An amount as :func:`amount` takes it: ``100000``, ``0.5``."""
    return repr(value).removesuffix(".0")


def minutes(low: int, high: int) -> Callable[[object], int]:
    """Parser of a span of minutes in ``low`` … ``high``: a number of minutes, ``90m`` or ``24h``."""
    in_range = whole(low, high)

    def parse(given: object) -> int:
        if isinstance(given, str):
            match = _MINUTES.fullmatch(given.strip().lower())
            if match is None:
                raise ValueError
            given = int(match[1]) * (60 if match[2] == "h" else 1)
        return in_range(given)

    return parse


def span_text(value: object) -> str:
    """A number of minutes as :func:`minutes` takes it: ``24h``, ``90m``."""
    number = int(str(value))
    return f"{number}m" if number % 60 else f"{number // 60}h"


def quote(given: object) -> str | None:
    """A quote currency in capitals, or ``None`` for ``all``."""
    text = _text(given).upper()
    if text == "ALL":
        return None
    if not _ASSET.fullmatch(text):
        raise ValueError
    return text


def asset(given: object) -> str:
    """The name of an asset, in capitals."""
    text = _text(given).upper()
    if not _ASSET.fullmatch(text):
        raise ValueError
    return text


def source_name(given: object) -> str:
    """The name of a source, in lower case; whether it exists is for the sources to say."""
    text = _text(given).lower()
    if not _NAME.fullmatch(text):
        raise ValueError
    return text


def base_urls(given: object) -> Mapping[str, str]:
    """URLs by source name: a TOML table, ``NAME=URL`` texts, or one text of them with commas between."""
    if isinstance(given, str):
        given = [part for part in given.split(",") if part.strip()]
    if isinstance(given, list | tuple):
        pairs = [_text(part).partition("=")[::2] for part in given]
    elif isinstance(given, dict):
        pairs = [(name, _text(url)) for name, url in given.items()]
    else:
        raise ValueError
    if len(pairs) > MAX_SOURCES:
        raise ValueError
    return {source_name(name): _url(url) for name, url in pairs}


def _url(text: str) -> str:
    text = text.strip()
    parts = urlsplit(text)
    port = parts.port  # raises ValueError where it is no port
    plain = text.isprintable() and " " not in text and len(text) <= MAX_URL
    bare = not (parts.username or parts.password or parts.query or parts.fragment) and port != 0
    if not (plain and bare and parts.scheme in ("http", "https") and parts.hostname):
        raise ValueError
    return text.rstrip("/")


def _text(given: object) -> str:
    if not isinstance(given, str) or len(given) > MAX_URL:
        raise ValueError
    return given.strip()


def _number(given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise ValueError
    if isinstance(given, str) and (len(given) > 64 or "_" in given):
        raise ValueError
    try:
        value = float(given)
    except OverflowError as error:
        raise ValueError from error
    if not isfinite(value):
        raise ValueError
    return value

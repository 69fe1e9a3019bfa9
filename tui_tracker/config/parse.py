"""What people write for a setting, made into its value. Each parser raises ``ValueError`` for what it doesn't take.

Values come as text (flags, environment) or as TOML's own types, so every parser takes both.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from math import isfinite
from typing import Final, TypeVar
from urllib.parse import urlsplit

from tui_tracker.config.choices import Theme
from tui_tracker.core.symbols import OLD_NAMES

E = TypeVar("E", bound=StrEnum)

MAX_URL: Final = 2_048
MAX_SOURCES: Final = 32
ALL_SOURCES: Final = "all"
"""Stands for every source with a module of its own."""
_BELOW_SERVER: Final = re.compile(r"/app/v1(/[^?#]*)?$")
_NAME: Final = re.compile(r"(ccxt:)?[a-z][a-z0-9_-]{0,31}")
_ASSET: Final = re.compile(r"[A-Z0-9._]{1,20}")
_COLUMN: Final = re.compile(r"[^\W\d]\w{0,31}(:([3-9]|[1-3]\d|40))?")
MAX_COLUMNS: Final = 64
DAY_MINUTES: Final = 1440
_SPAN: Final = re.compile(r"\d{1,5}|(?:\d{1,7} ?(?:s|m|min|h|d) ?){1,4}", re.ASCII)
_PART: Final = re.compile(r"(\d+) ?(s|min|m|h|d)?", re.ASCII)
_SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_AMOUNT: Final = re.compile(r"(.+?) ?([kKmMbB]?)")
_THEME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_ACTION: Final = re.compile(r"([A-Za-z][A-Za-z0-9_.]*)=(.+)", re.DOTALL)
MOST_KEY: Final = 40
"""Characters of a key's name."""
MAX_KEYS: Final = 500
_SIZE: Final = re.compile(r"(\d{1,15}(?:\.\d{1,6})?) ?([kKMGT]?B|)", re.ASCII)
_UNITS: Final = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
LEAST_DISK: Final = 20 * 10**6
MOST_DISK: Final = 10**14
_SCALES: Final = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9}


ALLOWED_KEYS: Final = "a key such as s, F6 or ctrl+d, a list of up to 20, or none"


class EntriesError(ValueError):
    """Some entries of a table that is fine otherwise.

    Args:
        entries: The name of each, and what was given.
        allowed: What such an entry takes, for people.
        rest: The value that all others make.
    """

    def __init__(self, entries: Mapping[str, object], allowed: str, rest: object) -> None:
        super().__init__(", ".join(entries))
        self.entries = entries
        self.allowed = allowed
        self.rest = rest


class ElementsError(ValueError):
    """Some elements of a list that is fine otherwise.

    Args:
        elements: Those that can't be used.
    """

    def __init__(self, elements: Sequence[object]) -> None:
        super().__init__(", ".join(map(str, elements)))
        self.elements = tuple(elements)


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


def spelled_choice(kind: type[E]) -> Callable[[object], E]:
    """Parser of a member of an enumeration whose values have dashes or are numbers."""

    def parse(given: object) -> E:
        is_number = isinstance(given, int) and not isinstance(given, bool)
        return kind(str(given) if is_number else _text(given).lower().replace("_", "-"))

    return parse


def theme(given: object) -> str:
    """A built-in theme, or what may be the name of one's own; whether that exists is for its folder to say."""
    text = _text(given).lower()
    if text in tuple(Theme):
        return Theme(text)
    if not _THEME.fullmatch(text):
        raise ValueError
    return text


def keys(given: object) -> Mapping[str, tuple[str, ...]]:
    """Keys by action, an empty tuple for ``none``; whether either exists is for the app to say.

    Takes a TOML table of texts or lists of texts, or texts such as ``sort=s cursor.down=j down``.

    Raises:
        EntriesError: If some of them can't be keys.
    """
    if isinstance(given, str):
        given = given.split()
    if isinstance(given, list | tuple):
        given = _keys_by_action([part for text in given for part in _text(text).split()])
    if not isinstance(given, dict) or len(given) > MAX_KEYS:
        raise ValueError
    found: dict[str, tuple[str, ...]] = {}
    wrong: dict[str, object] = {}
    for name, value in _flat(given):
        try:
            found[name] = _keys(value)
        except ValueError:
            wrong[name] = value
    if wrong:
        raise EntriesError(wrong, ALLOWED_KEYS, found)
    return found


def _flat(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Ids with what is given for them; TOML makes tables of the dots of an id that isn't quoted."""
    for name, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _keys_by_action(parts: list[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    keys: list[str] = []
    for part in parts:
        match = _ACTION.fullmatch(part)
        if match is not None:
            keys = [match[2]]
            found[match[1]] = keys
        elif found:
            keys.append(part)
        else:
            raise ValueError
    return found


def _keys(given: object) -> tuple[str, ...]:
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or len(names) > 20:
        raise ValueError
    texts = tuple(" " if name == " " else _text(name) for name in names)
    if not all(text == " " or _is_key(text) for text in texts):
        raise ValueError
    return () if texts in ((), ("none",)) else texts


def _is_key(text: str) -> bool:
    """Whether it may name a key."""
    return 0 < len(text) <= MOST_KEY and text.isprintable() and " " not in text


def keys_text(value: object) -> object:
    """Keys by action as :func:`keys` takes them."""
    assert isinstance(value, Mapping)
    return {name: list(keys) or "none" for name, keys in value.items()}


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
    """Parser of a span of minutes in ``low`` … ``high``: a number of them, ``90m``, ``24h``, ``7d``, ``1h30m``."""
    in_range = whole(low, high)

    def parse(given: object) -> int:
        if isinstance(given, str):
            text = given.strip().lower()
            if not _SPAN.fullmatch(text):
                raise ValueError
            given, rest_s = divmod(sum(int(one[1]) * _SECONDS[one[2] or "m"] for one in _PART.finditer(text)), 60)
            if rest_s:
                raise ValueError
        return in_range(given)

    return parse


def span_text(value: object) -> str:
    """A number of minutes as :func:`minutes` takes it: ``24h``, ``90m``, ``7d``."""
    number = int(str(value))
    if number > DAY_MINUTES and number % DAY_MINUTES == 0:
        return f"{number // DAY_MINUTES}d"
    return f"{number}m" if number % 60 else f"{number // 60}h"


def quote(given: object) -> str | None:
    """A quote currency in capitals, or ``None`` for ``all``."""
    text = _text(given).upper()
    if text == "ALL":
        return None
    if not _ASSET.fullmatch(text):
        raise ValueError
    return OLD_NAMES.get(text, text)


def asset(given: object) -> str:
    """The name of an asset, in capitals."""
    text = _text(given).upper()
    if not _ASSET.fullmatch(text):
        raise ValueError
    return text


def columns(given: object) -> tuple[str, ...]:
    """Names of columns with or without a width: a TOML list, or one text with commas between.

    Whether there are columns of these names is for the app to say.

    Raises:
        ElementsError: If some of them can't be columns.
    """
    if isinstance(given, str):
        given = [part for part in given.split(",") if part.strip()]
    if not isinstance(given, list | tuple) or len(given) > MAX_COLUMNS:
        raise ValueError
    wrong = [part for part in given if not (isinstance(part, str) and _COLUMN.fullmatch(part.strip().lower()))]
    if wrong:
        raise ElementsError(wrong)
    return tuple(_text(part).lower() for part in given)


def columns_text(value: object) -> str:
    """Names of columns as :func:`columns` takes them."""
    return ",".join(value) if isinstance(value, tuple) else ""


def size(given: object) -> int:
    """Bytes, 20 million or more, with or without kB, MB, GB or TB."""
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    match = _SIZE.fullmatch(_text(given))
    if match is None:
        raise ValueError
    found = round(float(match[1]) * _UNITS[match[2].upper()])
    if not LEAST_DISK <= found <= MOST_DISK:
        raise ValueError
    return found


def size_text(value: object) -> str:
    """Bytes as :func:`size` takes them, in the largest unit that is exact."""
    assert isinstance(value, int)
    unit = next(unit for unit in ("TB", "GB", "MB", "KB", "") if value % _UNITS[unit] == 0)
    return f"{value // _UNITS[unit]}{unit.replace('K', 'k')}"


def folder(given: object) -> str:
    """A path, or nothing for the current folder; whether it is there shows when it is used."""
    text = _text(given)
    if not text.isprintable():
        raise ValueError
    return text


def server_url(given: object) -> str:
    """Where a server of ours is, http or https, without a slash at the end; nothing for none.

    What its calls and its docs page have behind that in a browser's address is left out.
    """
    text = _BELOW_SERVER.sub("", _text(given).strip())
    return _url(text) if text else ""


def source_name(given: object) -> str:
    """The name of a source, in lower case; whether it exists is for the sources to say."""
    text = _text(given).lower()
    if not _NAME.fullmatch(text):
        raise ValueError
    return text


def source_names(given: object) -> str:
    """Names of sources with commas between, each once: of a text or a list; ``all`` stands alone."""
    parts = given if isinstance(given, list | tuple) else _text(given).split(",")
    names = dict.fromkeys(source_name(part) for part in parts)
    if not 0 < len(names) <= MAX_SOURCES or (ALL_SOURCES in names and len(names) > 1):
        raise ValueError
    return ",".join(names)


def streamed(given: object) -> bool | tuple[str, ...]:
    """A truth value, or the names of sources: of a list, or of a text with commas between."""
    try:
        return boolean(given)
    except ValueError:
        names = source_names(given)
    if names == ALL_SOURCES:
        return True
    return tuple(names.split(","))


def streamed_text(value: object) -> object:
    """The same as :func:`streamed` takes it."""
    return ",".join(value) if isinstance(value, tuple) else value


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

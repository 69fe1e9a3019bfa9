from collections.abc import Callable
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.config import parse
from tui_tracker.config.choices import Theme
from tui_tracker.config.fields import FIELDS
from tui_tracker.core.metric import Metric


@pytest.mark.parametrize(
    ("parser", "given_value", "value"),
    [
        (parse.whole(5, 3600), 5, 5),
        (parse.whole(5, 3600), " 60 ", 60),
        (parse.choice(Theme), "LIGHT", Theme.LIGHT),
        (parse.choice(Metric), "quote-volume", Metric.QUOTE_VOLUME),
        (parse.boolean, True, True),
        (parse.boolean, "off", False),
        (parse.fraction, "90%", 0.9),
        (parse.fraction, "90 %", 0.9),
        (parse.fraction, 1, 1.0),
        (parse.fraction, "0", 0.0),
        (parse.amount, "1e6", 1e6),
        (parse.amount, "100k", 1e5),
        (parse.amount, "1.5 M", 1.5e6),
        (parse.amount, 250_000, 250_000.0),
        (parse.minutes(10, 1440), "10m", 10),
        (parse.minutes(10, 1440), "24h", 1440),
        (parse.minutes(10, 1440), "1d", 1440),
        (parse.minutes(10, 1440), "90", 90),
        (parse.minutes(10, 1440), "1h30m", 90),
        (parse.minutes(10, 1440), "1 h 30 min", 90),
        (parse.minutes(10, 1440), "600s", 10),
        (parse.minutes(10, 1440), 720, 720),
        (parse.quote, "usd", "USD"),
        (parse.quote, "ALL", None),
        (parse.quote, "xbt", "BTC"),
        (parse.source_name, "Kraken", "kraken"),
        (parse.source_names, "Kraken, okx,kraken", "kraken,okx"),
        (parse.source_names, ["gate", "ccxt:mexc"], "gate,ccxt:mexc"),
        (parse.source_names, "ALL", "all"),
        (parse.streamed, True, True),
        (parse.streamed, "no", False),
        (parse.streamed, "all", True),
        (parse.streamed, "Kraken, okx", ("kraken", "okx")),
        (parse.streamed, ["okx"], ("okx",)),
        (parse.base_urls, {"kraken": "http://127.0.0.1:80/"}, {"kraken": "http://127.0.0.1:80"}),
        (parse.base_urls, ("kraken=http://[::1]:8080",), {"kraken": "http://[::1]:8080"}),
        (parse.base_urls, "a=http://x, b=https://y/p", {"a": "http://x", "b": "https://y/p"}),
        (parse.base_urls, (), {}),
    ],
)
def test_what_is_taken(parser: Callable[[object], object], given_value: object, value: object) -> None:
    assert parser(given_value) == value


def each(parser: Callable[[object], object], *values: object) -> list[tuple[Callable[[object], object], object]]:
    return [(parser, value) for value in values]


REFUSED: list[tuple[Callable[[object], object], object]] = [
    *each(parse.whole(5, 3600), 4, 3601, True, 60.0, "6e1", "", "-5", "٦٠", "9" * 5000, None, []),
    *each(parse.choice(Theme), "drak", "", 1, None, ["dark"]),
    *each(parse.boolean, 1, 0, "maybe", "", None),
    *each(parse.fraction, -0.1, 1.1, "101%", "%", nan, "nan", True, "x", None),
    *each(parse.amount, -1, "-1k", inf, "inf", "k", "", "1kk", "1_000", True, 10**400, "1" * 100),
    *each(
        parse.minutes(10, 1440), "9m", "25h", "2d", "1.5h", "650s", "30 1h", "1h-", "h1", 9, 1441, "", 60.5, "h", True
    ),
    *each(parse.quote, "", "U SD", "US\x1b", "A" * 21, 1, None),
    *each(parse.streamed, 1, None, "", "kraken,,okx", "all,okx", [], ["okx", True]),
    *each(parse.source_name, "", "1x", "a b", "a" * 40, 5),
    *each(parse.source_names, "", ",", "kraken,", "kraken,all", [], ["kraken", 5], 5, [f"x{n}" for n in range(33)]),
    *(
        (parse.base_urls, {"kraken": url})
        for url in (
            "",
            "ftp://x",
            "http://",
            "http://u:p@x",
            "http://x?q",
            "http://x#f",
            "http://x:99999",
            "http://x:0",
            "http://[::1",
            "http://a b",
            "http://x/\x1b",
            "http://" + "x" * 3000,
            5,
        )
    ),
    (parse.base_urls, 5),
    (parse.base_urls, ("kraken",)),
    (parse.base_urls, ("=http://x",)),
    (parse.base_urls, {f"s{n}": "http://x" for n in range(40)}),
]


@pytest.mark.parametrize(("parser", "given_value"), REFUSED)
def test_what_is_refused(parser: Callable[[object], object], given_value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - parsers say no more than that
        parser(given_value)


toml = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(toml)
def test_parsers_raise_nothing_but_value_errors(anything: object) -> None:
    for field in FIELDS:
        try:
            field.parse(anything)
        except ValueError:
            continue


@given(st.integers(10, 1440))
def test_a_window_may_be_written_in_minutes(minutes: int) -> None:
    parsed = parse.minutes(10, 1440)
    assert parsed(minutes) == parsed(str(minutes)) == parsed(f"{minutes}m") == minutes


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        ({"sort": "s", "cursor.down": ["j", "down"]}, {"sort": ("s",), "cursor.down": ("j", "down")}),
        ({"demo": "none", "quit": []}, {"demo": (), "quit": ()}),
        ("sort=s cursor.down=j down demo=none", {"sort": ("s",), "cursor.down": ("j", "down"), "demo": ()}),
        (("sort=s", "zoom.in=+ ="), {"sort": ("s",), "zoom.in": ("+", "=")}),
        ({}, {}),
    ],
)
def test_keys_are_given_by_action(given: object, keys: object) -> None:
    assert parse.keys(given) == keys
    assert parse.keys(parse.keys_text(keys)) == keys


@pytest.mark.parametrize("given", ["s", 3, {"sort": 3}, {"sort": ["s", 4]}, {"sort": "\x1b"}, {"sort": "a b"}, None])
def test_what_are_no_keys_is_refused(given: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        parse.keys(given)

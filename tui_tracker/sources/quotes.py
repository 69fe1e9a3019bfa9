"""Quotes, put together from rows of any exchange."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Protocol, TypeVar

import msgspec

from tui_tracker.core.errors import MalformedDataError
from tui_tracker.core.text import clean
from tui_tracker.core.ticker import Ticker, TickerBatch
from tui_tracker.sources.answer import ANYTHING
from tui_tracker.sources.numbers import count, is_absent, price, volume


class Named(Protocol):
    """A row that says what it is about."""

    @property
    def symbol(self) -> str:
        """The exchange's name of the pair."""
        ...


T = TypeVar("T")
N = TypeVar("N", bound=Named)
Reading = tuple[Ticker | None, str]
"""One observation, and what is wrong with the row (empty if nothing)."""


def gather_tickers(
    rows: Iterable[tuple[str, T | str]],
    ids: Mapping[str, str],
    read: Callable[[str, T], Reading],
    sent_ms: int,
    is_hidden: Callable[[str], bool] = lambda _: False,
) -> TickerBatch:
    """Turn rows into observations; one that can't be read, or is of a pair that was told of, is left out and reported.

    Args:
        rows: Symbol and row, or why the row can't be read.
        ids: Of instruments, by every name that a row may carry (``symbol_index``).
        read: Makes the observation of an instrument by its id.
        sent_ms: When the request left.
        is_hidden: Whether a symbol that isn't listed isn't missed either.

    Raises:
        MalformedDataError: If no row can be used.
    """
    tickers: dict[str, Ticker] = {}
    malformed: list[tuple[str, str]] = []
    unknown: list[str] = []
    for symbol, row in rows:
        instrument_id = ids.get(symbol)
        if instrument_id is None:
            if not is_hidden(symbol):
                (malformed.append((clean(symbol), row)) if isinstance(row, str) else unknown.append(clean(symbol)))
            continue
        if instrument_id in tickers:
            malformed.append((clean(symbol), f"a second row for {instrument_id}"))
            continue
        if isinstance(row, str):
            malformed.append((clean(symbol), row))
            continue
        ticker, fault = read(instrument_id, row)
        if fault:
            malformed.append((clean(symbol), fault))
        if ticker is not None:
            tickers[instrument_id] = ticker
    if not tickers and not unknown:
        raise MalformedDataError("the quotes have no usable row")
    return TickerBatch(tuple(tickers.values()), tuple(malformed), tuple(unknown), sent_ms)


def named_rows(
    raw_rows: Iterable[msgspec.Raw], decoder: msgspec.json.Decoder[N], key: str | int
) -> Iterator[tuple[str, N | str]]:
    """Yield (symbol, row) of each row, or why it can't be read; ``key`` is where the symbol is, if only that can be."""
    for place, raw in enumerate(raw_rows, 1):
        try:
            row = decoder.decode(raw)
        except (ValueError, RecursionError) as error:
            yield _name(raw, key) or f"row {place}", clean(str(error), 100)
        else:
            yield row.symbol, row


def _name(raw: msgspec.Raw, key: str | int) -> str:
    try:
        name = ANYTHING.decode(raw)[key]
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""
    return name if isinstance(name, str) else ""


def reading(
    instrument_id: str,
    last: object,
    bid: object,
    ask: object,
    base_volume: object,
    quote_volume: object,
    trades: object = None,
    high: object = None,
    low: object = None,
) -> Reading:
    """One observation, from numbers as the exchange wrote them.

    What is no price (or no volume) is absent; unless it is a plain zero, empty or ``null``, by which exchanges say that
    nothing traded or nobody quotes, that is reported too. High and low are there both or not at all.
    """
    highest, lowest = price(high), price(low)
    is_range = highest is not None and lowest is not None and lowest <= highest
    ticker = Ticker(
        instrument_id,
        price(last),
        price(bid),
        price(ask),
        volume(base_volume),
        volume(quote_volume),
        count(trades),
        highest if is_range else None,
        lowest if is_range else None,
    )
    told = (
        ("last price", ticker.last, last),
        ("bid", ticker.bid, bid),
        ("ask", ticker.ask, ask),
        ("volume", ticker.base_volume, base_volume),
        ("volume in the quote currency", ticker.quote_volume, quote_volume),
        ("count of trades", ticker.trades, trades),
    )
    names = [name for name, value, raw in told if value is None and not is_absent(raw)]
    return ticker, f"no usable {', '.join(names)}" if names else ""


def product(one: object, other: object) -> float | None:
    """A volume times a price; ``None`` where one of them is none."""
    base_volume, each = volume(one), price(other)
    if base_volume == 0:
        return 0.0
    return None if base_volume is None or each is None else volume(base_volume * each)

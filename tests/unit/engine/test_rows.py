"""Rows whose figures wait until somebody looks."""

import pytest

from tests.support.clock import FakeClock
from tests.support.source import MINUTE, FakeSource, instrument, ticker
from tui_tracker.core.metric import METRIC_INDEX, METRICS, Metric
from tui_tracker.core.snapshot import Row
from tui_tracker.engine.board import KEPT_UP, Board
from tui_tracker.engine.engine import Engine
from tui_tracker.engine.market import Market
from tui_tracker.engine.rows import DeferredFigures, make_row
from tui_tracker.feed.local import LocalFeed
from tui_tracker.stats.window import Window

AT = 28_333_320 * MINUTE + 57_000
VOLUME = METRIC_INDEX[Metric.VOLUME]


def market_of(polls: int) -> Market:
    market = Market()
    market.list_instruments([instrument("BTC/USD")], AT)
    for number in range(polls):
        poll(market, number)
    return market


def poll(market: Market, number: int) -> None:
    at_ms = AT + number * MINUTE
    quote = ticker("BTC/USD", 100.0 + number)._replace(base_volume=7.0 * number)
    market.apply([quote], at_ms, at_ms)
    market.close_poll(at_ms)
    market.advance(at_ms)


def row_of(market: Market, *, is_deferred: bool) -> Row:
    return make_row(market, market.holding("fake:BTC-USD"), {}, is_deferred=is_deferred)


def test_deferred_figures_are_those_of_a_row_that_defers_nothing() -> None:
    market = market_of(9)
    whole, deferred = row_of(market, is_deferred=False), row_of(market, is_deferred=True)
    assert isinstance(deferred.figures, DeferredFigures)
    assert len(deferred.figures) == len(METRICS)
    assert tuple(deferred.figures) == whole.figures
    assert deferred.figures[1:3] == whole.figures[1:3]
    assert deferred.figures_of(Metric.TRADES_MIN) is None, "never observed"


def test_of_the_price_they_are_of_the_moment_of_the_row_of_others_of_the_first_look() -> None:
    market = market_of(3)
    row = row_of(market, is_deferred=True)
    poll(market, 3)
    price, volume = row.figures_of(Metric.PRICE), row.figures_of(Metric.VOLUME)
    assert price is not None
    assert volume is not None
    assert (price.samples, volume.samples) == (3, 4)
    poll(market, 4)
    assert row.figures_of(Metric.VOLUME) is volume, "what was looked at stays"


async def test_an_engine_defers_figures_that_nobody_sees_and_keeps_their_windows_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept: list[Window] = []
    monkeypatch.setattr(Window, "keep_up", lambda window: kept.append(window))
    clock = FakeClock(AT)
    engine = Engine(FakeSource(clock), clock)
    async with engine.running():
        await clock.advance(5)
        assert all(isinstance(row.figures, tuple) for row in rows(engine)), "everybody sees all"
        engine.spare_unseen()
        engine.prioritise(["fake:ETH-USD"])
        for _ in range(KEPT_UP):
            await clock.advance(60)
            bitcoin, ether = rows(engine)
            assert isinstance(ether.figures, tuple)
            assert isinstance(bitcoin.figures, DeferredFigures)
        windows = [window for window in engine.market.holding("fake:BTC-USD").windows if window is not None]
        assert len(kept) == len(windows) > 2
        assert all(one is other for one, other in zip(kept, windows, strict=True))
        engine.prioritise(["fake:BTC-USD"])
        await clock.advance(60)
        assert isinstance(rows(engine)[0].figures, tuple)


async def test_over_another_window_nothing_is_deferred() -> None:
    clock = FakeClock(AT)
    engine = Engine(FakeSource(clock), clock)
    async with engine.running():
        engine.spare_unseen()
        await clock.advance(5)
        await LocalFeed(engine).set_window(60, Metric.PRICE)
        await clock.advance(120)
        assert all(isinstance(row.figures, tuple) for row in rows(engine))


def rows(engine: Engine) -> tuple[Row, ...]:
    assert engine.hub.latest is not None
    return engine.hub.latest.rows


def test_each_instrument_has_its_minute_to_be_kept_up_also_where_rows_of_minutes_are_not_made() -> None:
    board, start = Board(Market(), lambda: 0.0), 28_333_320

    def due(after: int) -> list[int]:
        board.market.advance((start + after) * MINUTE)
        return sorted(board._due_to_keep_up())

    due(0)
    assert [due(1), due(1), due(3), due(4)] == [[1], [], [2, 3], [4]]
    assert due(400) == list(range(KEPT_UP))
    board.market.drop_after((start + 50) * MINUTE)  # a clock that was ahead
    assert [sorted(board._due_to_keep_up()), due(51)] == [[], [1]]

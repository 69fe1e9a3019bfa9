"""Figures over other windows than the collected one, against windows made from scratch."""

from array import array
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.source import MINUTE, FakeSource
from tests.unit.engine.test_archive import CountingSource, SlowCandles, collecting
from tests.unit.engine.test_engine import START, latest
from tests.unit.engine.test_hours import BTC, bring, price_at
from tui_tracker.core.candle import Provenance
from tui_tracker.core.errors import TimedOutError
from tui_tracker.core.figures import Figures, Measure
from tui_tracker.core.metric import METRIC_INDEX, METRICS, Metric
from tui_tracker.engine.engine import Engine
from tui_tracker.stats.ranking import rank
from tui_tracker.stats.window import Window


def from_scratch(engine: Engine, name: str, minutes: int) -> list[Figures | None]:
    """Figures of the last minutes of what is collected."""
    holding = engine.market.holding(name)
    return [
        None
        if window is None
        else Window.restore(
            window.end_ms or 0, window.values()[-minutes:], None, minutes, has_returns=metric.has_returns
        ).figures()
        for metric, window in zip(METRICS, holding.windows, strict=True)
    ]


def check(engine: Engine, minutes: int) -> None:
    snapshot = latest(engine)
    assert snapshot.window_minutes == minutes
    for row in snapshot.rows:
        assert list(row.figures) == from_scratch(engine, row.id, minutes), row.id


async def test_shorter_windows_are_the_last_minutes_of_the_collected_ones() -> None:
    clock = FakeClock(START)
    source = CountingSource(clock)
    async with Engine(source, clock).running() as engine:
        await engine.set_window(60, Metric.PRICE)
        for _ in range(4):
            await clock.advance(60)
            check(engine, 60)
        source.error = TimedOutError("slow")
        await clock.advance(5 * 60)
        source.error = None
        await clock.advance(240)
        check(engine, 60)
        await engine.set_window(360, Metric.PRICE)
        check(engine, 360)
        source.error = TimedOutError("away")
        await clock.advance(100 * 60)
        source.error = None
        await clock.advance(120)
        check(engine, 360)
        row = latest(engine).rows[0]
        assert row.traded
        assert row.provenance[Provenance.POLL - 1] == sum(row.provenance) - sum(
            count for at, count in enumerate(row.provenance) if at != Provenance.POLL - 1
        )
        await engine.set_window(1440, Metric.PRICE)
        check(engine, 1440)


async def test_what_is_known_to_have_traded_did_so_in_longer_windows_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """At past moments candles tell of trades, and no quote does."""
    clock = FakeClock(START)
    async with Engine(CountingSource(clock), clock).running() as engine:
        await clock.advance(60)
        for minutes, has_traded in ((10_080, True), (60, False)):
            await engine.set_window(minutes, Metric.PRICE)
            for market in (engine.market, engine.shown):
                for holding in market:
                    holding.ticker = holding.last_trade_ms = None
            monkeypatch.setattr(engine.market, "has_traded", lambda _: True)
            assert {engine.shown.has_traded(holding) for holding in engine.shown} == {has_traded}
            monkeypatch.undo()


async def test_history_that_is_loaded_later_counts_at_once() -> None:
    clock = FakeClock(START)
    source = SlowCandles(clock)
    async with Engine(source, clock).running() as engine:
        await engine.set_window(360, Metric.PRICE)
        await clock.advance(1)
        before = [figures for row in latest(engine).rows if (figures := row.figures_of(Metric.PRICE)) is not None]
        await clock.advance(65)
        after = [figures for row in latest(engine).rows if (figures := row.figures_of(Metric.PRICE)) is not None]
        assert max(figures.samples for figures in before) < max(figures.samples for figures in after)
        check(engine, 360)


async def test_longer_windows_are_read_from_the_history_and_follow(tmp_path: Path) -> None:
    now, clock, minutes = START // MINUTE, FakeClock(START), 5 * 1440
    bring(tmp_path, now - 3 * 1440, now - 400, Metric.PRICE)
    source = FakeSource(clock)
    source.price = lambda _, minute: price_at(minute)
    async with collecting(tmp_path, source, clock) as engine:
        await clock.advance(120)
        await engine.set_window(minutes, Metric.SPREAD)
        for wait_s in (0, 60, 180):
            await clock.advance(wait_s)
            snapshot = latest(engine)
            assert snapshot.end_ms is not None
            end, row = snapshot.end_ms // MINUTE, snapshot.rows[0]
            prices = array("d", [price_at(minute) for minute in range(now - 3 * 1440, end + 1)])
            assert row.figures_of(Metric.PRICE) == Window.restore(end * MINUTE, prices, None, minutes).figures()
            assert row.figures_of(Metric.SPREAD) is not None
            assert row.figures_of(Metric.MID) is None
            assert snapshot.known_minutes == len(prices)
            ranking = rank(snapshot, Metric.PRICE, Measure.CV)
            assert [place.row.id for place in ranking.places if place.rank == 1] == [BTC]
            assert len(engine.series(BTC, Metric.PRICE).values) == minutes
            assert len(engine.series(BTC, Metric.MID).values) == 1440
        followed = latest(engine).rows
        await engine.set_window(minutes, Metric.SPREAD)
        assert [row.figures for row in latest(engine).rows] == [row.figures for row in followed]


async def test_a_restart_takes_the_longer_window_up_again(tmp_path: Path) -> None:
    now, clock, minutes = START // MINUTE, FakeClock(START), 3 * 1440
    bring(tmp_path, now - 2 * 1440, now - 1, Metric.PRICE)
    source = FakeSource(clock)
    source.price = lambda _, minute: price_at(minute)
    async with collecting(tmp_path, source, clock) as engine:
        await engine.set_window(minutes, Metric.PRICE)
        await clock.advance(60)
        figures = latest(engine).rows[0].figures[METRIC_INDEX[Metric.PRICE]]
        assert figures is not None
        assert figures.samples >= 2 * 1440

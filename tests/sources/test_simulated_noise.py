"""The noise that the simulated market is made of."""

import itertools
import math
import statistics

import pytest

from tui_tracker.sources.simulated_assets import Asset, Kind, traded_assets
from tui_tracker.sources.simulated_market import Event, SimulatedMarket
from tui_tracker.sources.simulated_noise import Walk, gaussian, key_of, scrambled, uniform

HOUR = 491_244


def test_scrambled_is_splitmix64() -> None:
    """First outputs of the reference implementation, seed 0 (prng.di.unimi.it/splitmix64.c)."""
    assert [scrambled(0, index) for index in (1, 2, 3)] == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_keys_depend_on_seed_and_name() -> None:
    assert len({key_of(seed, name) for seed in (0, 1, 2**80) for name in ("a", "b", "")}) == 9
    assert key_of(1, "a") == key_of(1, "a") < 2**64


def test_draws_have_the_moments_that_they_claim() -> None:
    normal = [gaussian(9, index) for index in range(4_000)]
    assert statistics.fmean(normal) == pytest.approx(0, abs=0.06)
    assert statistics.pstdev(normal) == pytest.approx(1, abs=0.04)
    flat = [uniform(9, index) for index in range(4_000)]
    assert all(0 <= value < 1 for value in flat)
    assert statistics.fmean(flat) == pytest.approx(0.5, abs=0.02)


def test_an_hour_of_a_walk_leads_to_the_next_one() -> None:
    walk = Walk(key_of(3, "walk"))
    for hour in range(HOUR, HOUR + 130):
        minutes = walk.minutes(hour)
        assert len(minutes) == 60
        assert minutes[-1] == pytest.approx(walk.anchor(hour + 1), abs=1e-12)


def test_a_walk_moves_by_one_a_day_and_stays_where_it_is() -> None:
    walk = Walk(key_of(4, "walk"))
    anchors = [walk.anchor(hour) for hour in range(0, 24 * 4_000, 24)]
    steps = [after - before for before, after in itertools.pairwise(anchors)]
    assert statistics.pstdev(steps) == pytest.approx(1, abs=0.1)
    assert max(abs(anchor) for anchor in anchors) < 6


def test_steps_have_fat_tails_and_calm_and_wild_hours() -> None:
    walk = Walk(key_of(5, "walk"))
    hours = [walk.minutes(hour) for hour in range(HOUR, HOUR + 200)]
    steps = [[after - before for before, after in itertools.pairwise(hour)] for hour in hours]
    every = [step for hour in steps for step in hour]
    sigma = statistics.pstdev(every)
    assert sigma == pytest.approx(1 / math.sqrt(1_440), rel=0.35)
    assert statistics.fmean(step**4 for step in every) / sigma**4 > 4
    wildness = sorted(statistics.pstdev(hour) for hour in steps)
    assert wildness[150] > 1.4 * wildness[50]


def test_a_pump_rises_and_returns() -> None:
    pump = Event(start=100, rise=10, height=0.5, half_life=60)
    assert pump.level(99) == pump.level(100) == 0
    assert 0 < pump.level(105) < pump.level(109) < pump.level(110) == 0.5
    assert pump.level(170) == pytest.approx(0.25)
    assert pump.level(100 + 3 * 1_440) < 1e-15


def test_every_day_has_pumps_and_dumps() -> None:
    market = SimulatedMarket(traded_assets(200, 1), 1)
    for day in range(20_000, 20_010):
        hit = [index for index in range(200) if market.events(index, day * 24)]
        assert len(hit) > 10


def test_prices_are_continuous_from_hour_to_hour() -> None:
    assets = traded_assets(100, 1)
    market = SimulatedMarket(assets, 1)
    for index in range(0, 100, 9):
        for hour in range(HOUR, HOUR + 30):
            assert market.minutes(index, hour)[-1] == pytest.approx(market.anchor(index, hour + 1), abs=1e-12)


def test_a_market_without_coins_has_no_events() -> None:
    market = SimulatedMarket([Asset("USD", 1.0, 0.0, 0.0, Kind.FIAT, 0.0)], 1)
    assert list(market.minutes(0, HOUR)) == [0.0] * 60
    assert market.events(0, HOUR) == ()


def test_coins_have_much_in_common_with_the_market() -> None:
    assets = traded_assets(60, 1)
    market = SimulatedMarket(assets, 1)

    def moves(index: int) -> list[float]:
        anchors = [market.anchor(index, hour) for hour in range(0, 24 * 300, 24)]
        return [after - before for before, after in itertools.pairwise(anchors)]

    bitcoin, ether, tether = moves(0), moves(1), moves(2)
    assert statistics.correlation(bitcoin, ether) > 0.5
    assert abs(statistics.correlation(bitcoin, tether)) < 0.2

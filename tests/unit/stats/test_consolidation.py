"""One price out of several exchanges', and returns that no change of them enters."""

import math
from itertools import pairwise
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.core.series import MINUTE_MS
from tui_tracker.stats.consolidation import MOST_OFF, RETURNS_WITHIN, consolidate, consolidated_past, off
from tui_tracker.stats.window import Window

NAMES = "abcdefghi"
mids = st.dictionaries(st.sampled_from(NAMES), st.floats(1e-9, 1e9), min_size=1)
near = st.dictionaries(st.sampled_from(NAMES), st.floats(100, 104.9), min_size=3)


def test_it_is_the_median_of_those_that_agree() -> None:
    found = consolidate({"a": 100.0, "b": 101.0, "c": 103.0})
    assert (found.level, found.members, found.left) == (101.0, frozenset("abc"), frozenset())
    assert consolidate({"a": 100.0, "b": 101.0, "c": 102.0, "d": 103.0}).level == 101.5


def test_fewer_than_three_agree_on_nothing() -> None:
    assert consolidate({}).level is None
    assert consolidate({"a": 100.0, "b": 100.0}).level is None
    assert consolidate({"a": 100.0, "b": 100.0, "c": 200.0}).members == frozenset("ab")


@pytest.mark.parametrize("wrong", [1e-6, 50.0, 94.0, 106.0, 200.0, 1e6])
def test_a_wrong_one_leaves_and_drives_nobody_out(wrong: float) -> None:
    found = consolidate({"a": 100.0, "b": 100.1, "c": 99.9, "x": wrong})
    assert (found.members, found.left) == (frozenset("abc"), frozenset("x"))


def test_one_that_left_returns_only_under_half_of_what_made_it_leave() -> None:
    others = {"a": 100.0, "b": 100.0, "c": 100.0}
    assert "x" in consolidate({**others, "x": 104.9}).members
    left = consolidate({**others, "x": 105.1}).left
    for far in (104.9, 102.6, 97.4):
        left = consolidate({**others, "x": far}, left).left
        assert left == {"x"}
    assert consolidate({**others, "x": 102.4}, left).left == frozenset()


def test_one_that_left_is_remembered_while_it_says_nothing() -> None:
    others = {"a": 100.0, "b": 100.0, "c": 100.0}
    assert consolidate(others, frozenset("x")).left == {"x"}


def test_two_groups_that_contradict_each_other_have_no_level() -> None:
    groups = dict.fromkeys("abc", 100.0) | dict.fromkeys("def", 200.0)
    assert consolidate(groups).level is None


def test_where_all_that_are_left_had_left_they_begin_anew() -> None:
    assert consolidate({"x": 5.0, "y": 5.0, "z": 5.0}, frozenset("xyz")).level == 5.0


@given(mids, st.frozensets(st.sampled_from(NAMES)))
def test_members_and_those_that_left_are_apart_and_the_level_is_their_median(
    given_mids: dict[str, float], left: frozenset[str]
) -> None:
    found = consolidate(given_mids, left)
    assert found.members | (found.left & given_mids.keys()) == given_mids.keys()
    assert not found.members & found.left
    if found.level is not None:
        assert len(found.members) >= 3
        assert 2 * len(found.members) > len(given_mids)
        assert found.level == median(given_mids[name] for name in found.members)


@given(mids)
def test_every_member_is_near_the_median_of_the_others(given_mids: dict[str, float]) -> None:
    members = consolidate(given_mids).members
    for name in members if len(members) > 1 else ():
        assert off(given_mids[name], median(given_mids[one] for one in members if one != name)) <= MOST_OFF


@given(mids, st.randoms(use_true_random=False))
def test_the_order_in_which_they_are_named_is_of_no_account(given_mids: dict[str, float], chance: object) -> None:
    names = list(given_mids)
    chance.shuffle(names)  # type: ignore[attr-defined]
    assert consolidate({name: given_mids[name] for name in names}) == consolidate(given_mids)


@given(near, st.floats(1e-6, 1e6), st.sampled_from("xyz"))
def test_no_minority_moves_it_beyond_the_others(given_mids: dict[str, float], wrong: float, name: str) -> None:
    found = consolidate({**given_mids, name: wrong})
    assert found.level is not None
    assert 95 <= found.level <= 110


def test_half_of_what_makes_one_leave_lets_it_return() -> None:
    assert RETURNS_WITHIN == MOST_OFF / 2


def test_the_past_holds_one_missed_minute_and_tells_where_the_members_changed() -> None:
    nan = math.nan
    levels, changes = consolidated_past(
        {
            "a": [100, 100, 100, 100, 100, nan],
            "b": [101, 101, nan, 101, 101, nan],
            "c": [102, 102, 102, nan, nan, nan],
            "d": [nan, 103, 103, 103, 103, nan],
        }
    )
    assert levels == [(0, 101), (1, 101.5), (2, 101.5), (3, 101.5), (4, 101), (5, 101)]
    assert changes == [1, 4]
    assert consolidated_past({"a": [1.0], "b": [1.0]}) == ([], [])
    assert consolidated_past({}) == ([], [])


@given(
    st.lists(
        st.lists(st.sampled_from([math.nan, 100.0, 101.0, 104.9, 106.0, 120.0]), min_size=5, max_size=5), max_size=40
    )
)
def test_the_past_is_that_of_minutes_put_together_one_by_one(minutes: list[list[float]]) -> None:
    levels, changes, left, members = [], [], frozenset[str](), frozenset[str]()
    for index, now in enumerate(minutes):
        before = minutes[index - 1] if index else [math.nan] * 5
        seen = {name: a if a > 0 else b for name, a, b in zip(NAMES, now, before, strict=False)}
        mids = {name: mid for name, mid in seen.items() if mid > 0}
        if len(mids) < 3:
            continue
        found = consolidate(mids, left)
        left = found.left
        if found.level is not None:
            levels.append((index, found.level))
            changes += [index] if members and members != found.members else []
            members = found.members
    sides = dict(zip(NAMES, zip(*minutes, strict=True), strict=False))
    assert consolidated_past(sides) == (levels, changes)


STEPS = st.lists(st.tuples(st.floats(0.5, 2.0), st.booleans(), st.booleans()), min_size=1, max_size=60)


def naive_volatility(samples: dict[int, float], breaks: set[int], start: int, end: int) -> float | None:
    """√(525,600 · Σr² / minutes) over grid points, without those that a break lies between."""
    grid = [minute for minute in range(start, end + 1) if minute % 5 == 4 and minute in samples]
    total, minutes = 0.0, 0
    for before, after in pairwise(grid):
        if after - before <= 60 and not any(before < broken <= after for broken in breaks):
            total += math.log(samples[after] / samples[before]) ** 2
            minutes += after - before
    return math.sqrt(525_600 * total / minutes) if minutes else None


@given(STEPS, st.integers(0, 9))
def test_no_return_leads_across_a_break(steps: list[tuple[float, bool, bool]], first: int) -> None:
    window, samples, breaks, price = Window(30), dict[int, float](), set[int](), 100.0
    for minute, (factor, is_seen, is_break) in enumerate(steps, 1_000 + first):
        if is_seen:
            price *= factor
            samples[minute] = price
            window.push(minute * MINUTE_MS, price)
        else:
            window.advance(minute * MINUTE_MS)
        if is_break:
            breaks.add(minute)
            window.break_returns(minute * MINUTE_MS)
        found, wanted = window.volatility, naive_volatility(samples, breaks, minute - 29, minute)
        assert (found is None) == (wanted is None)
        assert found is None or found == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    assert all(minute_ms // MINUTE_MS in breaks for minute_ms in window.breaks_ms)


def test_a_break_of_an_older_minute_counts_too() -> None:
    window = Window(60)
    for minute in range(1_000, 1_060):
        window.push(minute * MINUTE_MS, 100.0 if minute < 1_030 else 150.0)
    assert window.volatility is not None
    assert window.volatility > 1
    window.break_returns(1_030 * MINUTE_MS)
    assert window.volatility == 0
    assert window.stddev == 25
    window.break_returns(1_030 * MINUTE_MS)
    assert window.breaks_ms == (1_030 * MINUTE_MS,)


def test_a_majority_that_left_counts_once_those_that_were_believed_are_gone() -> None:
    left = frozenset({"a", "b", "c"})
    wrong_alone = consolidate({"a": 100.0, "b": 100.1, "c": 99.9, "d": 108.0}, left)
    assert (wrong_alone.level, wrong_alone.members, wrong_alone.left) == (100.0, left, frozenset({"d"}))

from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.core.figures import Measure
from tui_tracker.tui.column_choice import chosen_of, entries, known, moved, toggled, unknown, widened
from tui_tracker.tui.columns import COLUMN_KEYS, columns_for, default_keys

SPECS = st.lists(st.sampled_from([*COLUMN_KEYS, "sigma:12", "nothing", "pair:2", "mean:400", "last:x"]), max_size=8)


@given(SPECS, st.integers(38, 200), st.sampled_from(Measure))
def test_any_choice_fits_and_holds_the_measure(specs: list[str], width: int, measure: Measure) -> None:
    shown = columns_for(width, measure, known(specs))
    assert 2 + sum(size for _, size in shown) + len(shown) - 1 <= width
    assert measure in [column.measure for column, _ in shown]


@given(SPECS)
def test_a_choice_comes_back_from_its_list(specs: list[str]) -> None:
    chosen = known(specs)
    listed = entries(chosen)
    assert sorted(entry.key for entry in listed) == sorted(COLUMN_KEYS)
    assert chosen_of(listed) == (() if chosen == default_keys() else chosen)


def test_names_and_widths() -> None:
    assert known(["rank", "sigma:12", "gone", "rank:9", "pair:1"]) == ("rank", "stddev:12", "pair:3")
    assert unknown(["rank:4", "sigma", "gone:9"]) == ["gone"]


def test_a_list_is_changed_one_column_at_a_time() -> None:
    listed = entries(("rank", "pair"))
    assert chosen_of(toggled(listed, 0)) == ("pair",)
    assert chosen_of(toggled(toggled(listed, 0), 1)) == ("pair",)
    swapped, place = moved(listed, 0, 1)
    assert (chosen_of(swapped), place) == (("pair", "rank"), 1)
    assert moved(listed, 0, -1) == (listed, 0)
    assert chosen_of(widened(listed, 1, 1)) == ("rank", "pair:13")
    assert chosen_of(widened(widened(listed, 1, 1), 1, -1)) == ("rank", "pair")

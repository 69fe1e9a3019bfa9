from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.core.figures import Measure
from tui_tracker.tui.column_choice import chosen_of, entries, known, moved, toggled, unknown, widened
from tui_tracker.tui.column_layout import columns_for, default_keys
from tui_tracker.tui.columns import COLUMN_KEYS
from tui_tracker.tui.derived import column_of

SPECS = st.lists(st.sampled_from([*COLUMN_KEYS, "sigma:12", "nothing", "pair:2", "mean:400", "last:x"]), max_size=8)


@given(SPECS, st.integers(38, 200), st.sampled_from(Measure))
def test_any_choice_fits_and_is_shown_as_it_was_chosen(specs: list[str], width: int, measure: Measure) -> None:
    chosen = known(specs)
    shown = columns_for(width, measure, chosen)
    assert 2 + sum(size for _, size in shown) + len(shown) - 1 <= width
    keys = [column.key for column, _ in shown]
    if chosen:
        wanted = [spec.partition(":")[0] for spec in chosen]
        assert keys[: len(wanted)] == wanted[: len(keys)]
    else:
        assert measure in [column.measure for column, _ in shown]


def test_measure_and_sorting_follow_what_was_chosen_where_there_is_room() -> None:
    chosen = known(["rank", "pair:20", "last", "change"])

    def shown(width: int, sort: str | None = None) -> list[tuple[str, int]]:
        return [(column.key, size) for column, size in columns_for(width, Measure.STDDEV, chosen, sort)]

    usual = [("rank", 9), ("pair", 20), ("last", 12), ("change", 8)]
    assert shown(58) == usual
    assert shown(78) == [*usual, ("stddev", 10)]
    assert shown(78, "spread") == [*usual, ("stddev", 10), ("spread", 11)]
    assert shown(78, "change") == [*usual, ("stddev", 10)]


def test_columns_come_in_the_order_of_the_issue_and_leave_from_the_right() -> None:
    def shown(width: int, sort: str | None = None) -> str:
        return " ".join(column.key for column, _ in columns_for(width, Measure.STDDEV, (), sort))

    assert shown(78) == "rank pair last change stddev cv volume"
    assert shown(98) == "rank shift pair last change stddev cv volatility range volume"
    assert shown(118) == "rank shift pair last change stddev cv volatility range trend volume coverage"
    assert shown(158) == shown(118) + " min max mean"
    assert shown(300).endswith("mean activity hl_range parkinson bipower")
    assert shown(78, "peg") == "rank pair last change peg stddev cv"


def test_a_newer_sorting_key_of_another_name_is_the_same_column() -> None:
    assert column_of("chg") is column_of("change")
    assert column_of("peg") is column_of("peg")


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

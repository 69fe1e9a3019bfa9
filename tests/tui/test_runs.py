from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.tui.runs import Line, Run, changed_span, clipped, fit, joined, packed, width_of

TEXTS = st.text(st.sampled_from("ab ▲长x"), max_size=12)
RUNS = st.lists(st.tuples(TEXTS, st.sampled_from(("text", "muted", "up"))), max_size=6)


@given(TEXTS, st.integers(0, 15), st.booleans())
def test_fit_has_exactly_the_width(text: str, width: int, right: bool) -> None:
    assert width_of(fit(text, width, right=right)) == width


def test_fit_pads_and_cuts() -> None:
    assert fit("ab", 4) == "ab  "
    assert fit("ab", 4, right=True) == "  ab"
    assert fit("abcdef", 4) == "abc…"
    assert fit("长长长", 4) == "长 …"


@given(RUNS)
def test_joined_keeps_the_text(runs: list[Run]) -> None:
    assert "".join(text for text, _ in joined(runs)) == "".join(text for text, _ in runs)


def test_joined_spares_styles_for_blanks() -> None:
    assert joined(((" ", "text"), ("1", "muted"), (" ", "text"), ("2", "muted"))) == ((" 1 2", "muted"),)


@given(RUNS, st.integers(0, 20))
def test_clipped_never_exceeds_the_width(runs: list[Run], width: int) -> None:
    assert sum(width_of(text) for text, _ in clipped(runs, width)) <= width


def test_packed_leaves_out_whole_groups() -> None:
    groups: list[list[Run]] = [[("one", "text")], [], [("two", "up")], [("three", "text")]]
    assert "".join(text for text, _ in packed(groups, 10)) == "one   two"
    assert "".join(text for text, _ in packed(groups, 2)) == "o…"


def test_a_changed_span_is_only_the_cells_that_differ() -> None:
    old = Line((("BTC   84,120.5", "text"), ("  ▲ 1.21", "up")))
    new = Line((("BTC   84,121.5", "text"), ("  ▼ 1.21", "down")))
    assert changed_span(old, old) == (0, 0)
    assert changed_span(old, new) == (11, 22)
    far = Line((("BTC" + " " * 30 + "1", "text"),)), Line((("ETH" + " " * 30 + "2", "text"),))
    assert changed_span(*far) == (0, 34)
    assert changed_span(Line((("ab", "text"), ("c", "text"))), Line((("abc", "text"),))) == (0, 0)


def test_lines_that_cannot_be_compared_by_cell_are_repainted() -> None:
    plain = Line((("abc", "text"),))
    assert changed_span(plain, Line((("abcd", "text"),))) is None
    assert changed_span(plain, Line((("a长", "text"),))) is None
    assert changed_span(plain, Line(plain.runs, True)) is None


@given(RUNS, RUNS)
def test_changed_span_cover_every_difference(left: list[Run], right: list[Run]) -> None:
    old, new = Line(joined(left)), Line(joined(right))
    span = changed_span(old, new)
    if span is None:
        return
    before = [(char, kind) for text, kind in old.runs for char in text]
    after = [(char, kind) for text, kind in new.runs for char in text]
    for place, (was, now) in enumerate(zip(before, after, strict=True)):
        assert was == now or span[0] <= place < span[1]

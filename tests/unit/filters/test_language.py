"""What filters let through, and how they say what is wrong with them."""

from dataclasses import replace
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.core.figures import Figures
from tui_tracker.core.instrument import Instrument, InstrumentClass
from tui_tracker.core.metric import METRICS
from tui_tracker.core.snapshot import Row
from tui_tracker.filters.columns import BY_NAME, COLUMNS, Subject, TextColumn, begins_name, haystack, near
from tui_tracker.filters.errors import FilterError
from tui_tracker.filters.language import MAX_LENGTH, begins_comparison, compile_filter, plain_words, problem_of


def subject(pair: str = "BTC/USD", *, is_known: bool = True, volume_usd: float | None = 2e6) -> Subject:
    """A pair with mean 100, σ 2, cv 2 %, change +2.5 %, range 10 %, volatility 50 %, coverage 50 %, spread 98.5 bps."""
    base, quote = pair.split("/")
    figures = Figures(1440, 720, 100.0, 2.0, 95.0, 105.0, 100.0, 0, 102.5, 43_200_000, 0.5) if is_known else None
    instrument = Instrument(f"kraken:{base}-{quote}", base, quote, base + quote, (), 2)
    row = Row(
        instrument, 102.5, 101.0, 102.0, volume_usd, True, "", None, (figures,) * len(METRICS),
        provenance=(700, 20, 0, 0) if is_known else (0, 0, 0, 0), high=110.0, low=100.0,
    )  # fmt: skip
    return Subject(row, figures, 3, 102.5, haystack(row), 4)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "btc",
        "btc usd",
        "btc !eur",
        "!",
        "/^btc/",
        "/^BTC",
        "/^(eth|btc)\\//",
        "/^b/ usd !eur",
        "/btc/usd",
        "sigma >= 2",
        "sigma >= 2%",
        "σ = 2",
        "cv = 2%",
        "cv = 2",
        "change > 2% and change > 2 and CHANGE < 3",
        "volatility >= 50%",
        "range = 10%",
        "spread > 90 and spread < 1%",
        "coverage = 50%",
        "volume > 1M",
        "volume > 1.9m and volume < 2000.5k",
        "volume>1e6&&volume<1b",
        "1M < volume <= 2e6",
        "2% < change",
        "rank <= 10",
        "last > mean",
        "min < last < max",
        "quote = usd",
        "quote == 'USD'",
        'pair = "btc/usd"',
        "pair = BTC/USD",
        "quote in (USD, USDT)",
        "USD in quote",
        "quote in usd",
        "quote not in (EUR, BTC)",
        "rank in (1, 3)",
        "rank not in (1, 2)",
        "base != quote",
        "base ~ ^B and base !~ x",
        "pair ~ /^(eth|btc)/",
        "pair = /^(eth|btc)/ and base != /^x/",
        "pair ~ '^b'",
        "not quote = eur",
        "! (quote = eur or cv > 5%)",
        "not (not cv > 1%)",
        "usd or eur",
        "cv > 1% and (btc or eth)",
        "cv > 1% and /^b/",
        "history = 12",
        "hl_range > 9% and hl < 10%",
        "parkinson > 100% and pk < 120%",
        "bid < ask and mid = 101.5",
        "trades = 102.5 and trades_min > 1 and flow > 1",
        "shift > 3",
        "move > 2",
        "peg > 100%",
        "base = MEAN or base in (btc, last)",
        "class not in (stable, fiat)",
        "BTC-usd",
        "kraken",
        "kraken btc",
        "Kraken:BTC-USD",
        "kraken:b !kraken:eth",
        "kraken and cv > 1%",
        "price > 100 and price = last",
        "volume > 1,000,000 and volume<2,000,000.5",
        "1,999,999 < volume < 2_000_001",
        "volume in (2_000_000, 1) and (volume > 1,000)",
        "rank in (1,3,100)",
        "volume > 1 000 000 and volume in (2 000 000, 3)",
        "cv=2%and volume>1e6",
        "cv=2 %or volume>1e9",
        "cv < change and change < range",
        "cv > spread and spread < range",
        "sigma < change and sigma > spread",
        "rank is 3 and rank is not 4",
        "quote is usd",
        "base IS NOT eth",
        "history < 24h and history = 12 h and history < 1d",
        "history in (1 h, 0.5d)",
        "spread < 99bps and spread < 99 bps and spread > 98bps",
        "cv = 200bps",
        "volume > 1 M and volume<3 m",
        "volume in (1 M, 2 M)",
        "class != Stable",
        "volume > $1M and price < $80,000 and price > $ 100 and last < €110",
        "usd /^b/",
        "usd /^[be]/ !/eur$/",
        "btc /us",
        "/^b/ and usd",
        "/^b/ and volume > 1e6",
        "cv => 2% and cv =< 2% and rank <> 4",
        "coverage = 0.5 and coverage >= 0.45 and 0.4 < coverage",
        "coverage in (0.5, 7)",
        "coverage > 1.5",
        "cv > 0.9",
    ],
)
def test_what_lets_the_pair_through(text: str) -> None:
    assert compile_filter(text).matches(subject())
    if any(sign in text for sign in "<>=~("):
        assert not compile_filter(f"not ({text})").matches(subject())


@pytest.mark.parametrize(
    "text",
    [
        "eth",
        "btc eth",
        "btc !usd",
        "/^usd/",
        "/^b/ eth",
        "sigma > 2%",
        "cv > 2%",
        "volume > 2M",
        "quote = eur",
        "rak",
        "kr",
        "krake:",
        "!kraken",
        "!kraken:btc",
        "kraken:eth",
        "class = stable",
        "quote is not usd",
        "usd /^(eth|xrp)/",
        "btc !/usd$/",
        "coverage > 0.9",
        "coverage >= 1",
    ],
)
def test_what_keeps_the_pair_out(text: str) -> None:
    assert not compile_filter(text).matches(subject())


@pytest.mark.parametrize("condition", ["volume > 1", "volume < 1", "volume = 1", "volume != 1", "volume in (1, 2)"])
@pytest.mark.parametrize("form", ["{}", "not ({})", "not not ({})", "not ({} and rank > 9)"])
def test_what_is_unknown_matches_no_comparison(condition: str, form: str) -> None:
    text = form.format(condition)
    is_let_by_the_rank = "rank" in form
    assert compile_filter(text).matches(subject(volume_usd=None)) is is_let_by_the_rank


def test_every_column_may_be_unknown() -> None:
    for column in COLUMNS:
        one, other = (column.known or ("1", "2"))[:2] if isinstance(column, TextColumn) else ("1", "2")
        text = f"{column.name} = {one} and {column.name} in ({one}, {other})"
        compile_filter(text).matches(subject(is_known=False))


@pytest.mark.parametrize(
    ("text", "mark", "message", "hint"),
    [
        ("volme > 5", "volme", "no column 'volme'", "did you mean volume?"),
        ("5 < volme", "volme", "no column 'volme'", "did you mean volume?"),
        ("volume > ", "", "a value is missing", ""),
        ("volume > 1 and ", "", "a condition is missing", ""),
        ("cv > 1 and quote in ", "", "a list is missing", ""),
        ("cv > abc", "abc", "cv is a number, 'abc' is none", ""),
        ("volume > 5%", "5%", "volume is no percentage", ""),
        ("cv > 1 2", "2", "and, or or a comparison is missing", "a > 1 and b < 2"),
        ("(cv > 1", "(", "this ( is not closed", ""),
        ("cv > 1)", ")", "this ) closes nothing", ""),
        ("base > 3", "base", "base has no order", "base = … or in (…)"),
        ("cv > (1, 2)", ",", "a comma is for lists and thousands", "in (1, 2), 1,000,000"),
        ("volume > 1,5", ",", "a comma is for lists and thousands", "in (1, 2), 1,000,000"),
        ("volume > 1,0000", ",", "a comma is for lists and thousands", "in (1, 2), 1,000,000"),
        ("quote in USD, EUR", ",", "a comma is for lists and thousands", "in (1, 2), 1,000,000"),
        ("last in (1,000, 2)", ",", "a comma in a list ends a number", "1000 or 1_000"),
        ("quote in ()", "()", "the list is empty", ""),
        ("cv > 1 and ()", "()", "nothing is in the parentheses", ""),
        ("= 5", "=", "'=' does not fit here", ""),
        ("5 && && cv > 1", "&&", "'&&' does not fit here", ""),
        ("cv is usd", "usd", "cv is a number, 'usd' is none", ""),
        ("class = stabl", "stabl", "no class 'stabl'", "did you mean stable?"),
        ("class in (fiat, tokenized)", "tokenized", "no class 'tokenized'", "did you mean tokenised?"),
        ("class != zzz", "zzz", "no class 'zzz'", f"known: {', '.join(InstrumentClass)}"),
        ("volume > 5h", "5h", "volume is no time", ""),
        ("last < 5bps", "5bps", "last is no percentage", ""),
        ("/btc/i", "i", "patterns ignore case already", "nothing follows the last /"),
        ("/btc/gi and cv > 2%", "gi", "patterns ignore case already", "nothing follows the last /"),
        ("cv > 2% and pair ~ /btc/i", "i", "patterns ignore case already", "nothing follows the last /"),
        ("cv > 1 and last", "last", "last is compared with nothing", "last = …"),
        ("cv = last", "last", "cv and last have different units", ""),
        ("volume > change", "change", "volume and change have different units", ""),
        ("base = 'x", "'x", "no ' at its end", ""),
        ("cv > 1 ;", ";", "';' means nothing here", ""),
        ("cv > < 1", "<", "'<' does not fit here", ""),
        ("cv ~ 1", "cv", "cv is a number", "~ is for text"),
        ("/(a+)+$/", ")+", "a group cannot be repeated", "repeat single characters or [sets]"),
        ("/a*b*c*d*/", "*", "too many repeats", "at most 3 of * + ? {}"),
        ("/(?i)a/", "(?", "(?…) is not taken", "groups are plain: (BTC|ETH)"),
        ("price 80000", "80000", "a comparison lacks its sign", "price > 80000"),
        ("cv > 1 and vol 5%", "5%", "a comparison lacks its sign", "vol > 5%"),
        ("eth /^b usd", "/", "no / at its end", "/^b/ usd"),
        ("eth /a/b/", "/", "the pattern ends at this /", "a slash in it is \\/"),
        ("eth /a)/", ")", "no pattern: unbalanced parenthesis", ""),
        ("btc and", "", "a condition is missing", ""),
        ("quote in (USD EUR)", "EUR", "a comma is missing", "in (USD, EUR)"),
        ("quote in [USD]", "[", "'[' means nothing here", "parentheses are ( )"),
        ("volume > €1M", "€", "volume is in US dollars", "$1M"),
        ("cv > $5", "$5", "cv is no amount of money", ""),
        ("/(a/", "(", "no pattern: missing ), unterminated subpattern", ""),
    ],
)
def test_what_is_wrong_and_where(text: str, mark: str, message: str, hint: str) -> None:
    with pytest.raises(FilterError) as caught:
        compile_filter(text)
    error = caught.value
    assert (error.message, error.hint) == (message, hint)
    assert text[error.position : error.position + error.length] == mark
    assert error.position <= len(text)


def test_a_slash_in_a_pattern_is_told_at_the_one_that_ends_it() -> None:
    for text in ("/^(BTC|ETH)/USD/", "/^(BTC|ETH)/USD$/ and cv > 2%", "pair ~ /^(BTC|ETH)/USD/"):
        error = problem_of(text)
        assert error is not None
        assert (error.message, error.hint) == ("the pattern ends at this /", "a slash in it is \\/")
        assert text[: error.position + 1].endswith("(BTC|ETH)/")


def test_every_spelling_finds_the_pair() -> None:
    row = subject().row
    one = row._replace(instrument=replace(row.instrument, symbol="XXBTZUSD", aliases=("XBT/USD",)))
    for text in ("btc", "BTC/USD", "btcusd", "btc-usd", "xxbtz", "xbt/u", "kraken:btc-usd", "  usd btc "):
        assert plain_words(text)(Subject(one, text=haystack(one)))


@pytest.mark.parametrize("metric", [None, 7.0])
def test_a_price_is_that_of_the_pair_whatever_the_metric(metric: float | None) -> None:
    pair = subject()._replace(last=metric)
    assert compile_filter("price > 100").matches(pair)
    assert not compile_filter("last > 100").matches(pair)


@pytest.mark.parametrize(
    ("text", "understood"),
    [("coverage > 0.9", "0.9 is 90 %"), ("not (1 > activity)", "1 is 100 %"), ("coverage > 90", ""), ("cv > 0.9", "")],
)
def test_a_share_of_the_whole_is_told(text: str, understood: str) -> None:
    assert compile_filter(text).understood == understood


def test_a_filter_has_a_bound() -> None:
    with pytest.raises(FilterError, match="too long"):
        compile_filter("x" * (MAX_LENGTH + 1))


@given(st.text(alphabet=st.sampled_from("abcv σ><=!~&|()/'\"%.,0159kMeE_$€-[]*+?{}^\\\x00é\n"), max_size=60))
def test_any_text_is_a_filter_or_says_where_it_is_none(text: str) -> None:
    error = problem_of(text)
    if error is None:
        compile_filter(text).matches(subject())
    if error is not None:
        assert 0 <= error.position <= len(text)
        assert error.message.isprintable()


@given(st.recursive(st.sampled_from(["cv > 1%", "quote = eur", "rank < 3", "volume > 1"]), lambda inner: st.one_of(
    st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})"),
    inner.map(lambda part: f"not {part}"),
), max_leaves=6))  # fmt: skip
def test_logic_is_that_of_python(text: str) -> None:
    truths = {"cv > 1%": "True", "quote = eur": "False", "rank < 3": "False", "volume > 1": "True"}
    plain = text
    for part, truth in truths.items():
        plain = plain.replace(part, truth)
    assert compile_filter(f"({text})").matches(subject()) is eval(plain)


def test_no_pattern_takes_long() -> None:
    hostile = subject("A" * 90 + "/USD")
    start = perf_counter()
    for text in ("/a*a*a*b/", "/a?a?a?a/", "/.{0,30}.{0,30}.{0,30}z/", "/(a|a|a|a)z/"):
        matches = compile_filter(text).matches
        for _ in range(10):
            matches(hostile)
    assert perf_counter() - start < 5


def test_an_age_is_unknown_until_candles_told_it() -> None:
    young = subject()
    polled = young._replace(row=young.row._replace(provenance=(0, 720, 0, 0)))
    assert compile_filter("history < 23").matches(young)
    assert not compile_filter("history < 23").matches(polled)


def test_every_figure_of_the_table_has_a_name_in_the_language() -> None:
    from tui_tracker.tui.columns import COLUMNS as SHOWN

    beside = {"trend"}
    assert {column.key for column in SHOWN} - set(BY_NAME) == beside


def test_an_unknown_name_lists_near_ones_or_all() -> None:
    assert near("volu") == "did you mean volume?"
    assert near("vola") == "did you mean volatility?"
    assert near("tra") == "did you mean trades or trades_min?"
    assert near("zzz").startswith("known: rank, pair, base")


def test_the_beginning_of_an_expression_is_told() -> None:
    for text in ("park", "parkinson ", "cv > 1% and (vol", "btc sig"):
        assert begins_name(text)
    for text in ("", "  ", "zzz", "cv > 1"):
        assert not begins_name(text)


def test_a_comparison_that_seems_to_follow_is_told() -> None:
    for text in ("sigma > 2% and v", "cv > 1 or not vol", "cv > 1% and (vol", "sigma > 2%&volume"):
        assert begins_comparison(text)
    for text in ("v", "sigma > 2% and eth", "quote = v", "quote in (usd, v)", "cv > 1 and v > 2", "btc v"):
        assert not begins_comparison(text)

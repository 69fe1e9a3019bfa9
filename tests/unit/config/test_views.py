"""Named views as the file and the state hold them."""

from pathlib import Path

import pytest

from tui_tracker.config.load import load
from tui_tracker.config.views import ViewSpec, check_name, view_of, written
from tui_tracker.core.errors import ConfigError
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric

TEXT = """
quote = "EUR"
[views.Alts]
filter = "volatility > 50% and base != BTC"
quote = "all"
metric = "mid"
by = "cv"
range = "6h"
sort = "-sigma"
min-volume = "100k"
exclude = ["stable", "fiat"]
unique-base = true
watchlist = "alts"
compare = ["kraken:BTC-USD"]
[views."Two words"]
watchlist = true
"""
ALTS = ViewSpec(
    "Alts",
    needle="volatility > 50% and base != BTC",
    quote=None,
    watchlist_only=True,
    watchlist="alts",
    metric=Metric.MID,
    measure=Measure.CV,
    range_hours=6,
    sort="stddev",
    reverse=True,
    min_volume=1e5,
    excluded=("stable", "fiat"),
    unique_base=True,
    compared=("kraken:BTC-USD",),
)


PLAIN = (
    ViewSpec("x"),
    ViewSpec("y", reverse=True),
    ViewSpec("z", min_volume=0.0),
    ViewSpec("one", source="gate"),
    ViewSpec("across", source="all"),
)


def test_views_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(TEXT)
    settings = load({}, {}, file).settings
    assert settings.views == (ALTS, ViewSpec("Two words", watchlist_only=True))
    assert settings.quote == "EUR"


@pytest.mark.parametrize("view", [*PLAIN, ALTS])
def test_what_is_written_is_read_back(view: ViewSpec) -> None:
    assert view_of(view.name, written(view), "here") == view


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("views = 3", "views is no table", "name each one: [views.NAME]"),
        ("[views]\nA = 1", "views.A is no table", "begin it with [views.A]"),
        ("[views.A]\nfilte = 'x'", "views.A: unknown key 'filte'", "did you mean filter?"),
        ("[views.A]\nby = 'x'", "views.A: by: 'x' is not allowed", "allowed: stddev, cv, volatility, range"),
        ("[views.A]\ncompare = 'BTC'", "views.A: compare: 'BTC' is not allowed", "allowed: at most 6 pairs"),
        ("[views.A]\nsort = 'x'", "views.A: sort: 'x' is not allowed", "allowed: a column, with -"),
        ("[views.A]\nrange = '2h'", "views.A: range: '2h' is not allowed", "allowed: 1h, 6h, 24h, 7d"),
        ("[views.A]\nexclude = ['stable', 'x']", "views.A: exclude: 'x' is not allowed", "allowed: classes of pairs"),
        ("[views.A]\ncolumns = ['last', 'a b']", "views.A: columns: 'a b' is not allowed", "allowed: names of columns"),
        ("[views.A]\nfilter = 'volme > 1'", "filter: no column 'volme', at character 1", "did you mean volume?"),
        ("[views.'A*']", "'A*' is no name", "no * at the end"),
        ("viewz = 1", "unknown key 'viewz'", "did you mean views?"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, message: str, hint: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load({}, {}, file)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_names() -> None:
    assert check_name(" a b ") == "a b"
    for name in ("", " ", "x" * 41, "a\x1b", "a*"):
        with pytest.raises(ConfigError, match="no name"):
            check_name(name)

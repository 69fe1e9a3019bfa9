"""``crypto-tui watchlist`` and the filter of commands."""

import json
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Outcome
from tests.cli.scripted import ScriptedComposition, ScriptedFeed, make_row
from tui_tracker.config.paths import default_paths
from tui_tracker.config.state import StateStore

Run = Callable[..., Outcome]
BTC, ETH = "kraken:BTC-USD", "kraken:ETH-USD"


def market() -> ScriptedComposition:
    return ScriptedComposition(ScriptedFeed([make_row("BTC", stddev=3.0), make_row("ETH"), make_row("ETH", "EUR")]))


def test_what_is_exported_is_imported(run: Run, tmp_path: Path) -> None:
    store = StateStore(default_paths().state_folder)
    store.add_favourites((ETH, BTC))
    out = run("watchlist", "export")
    assert (out.code, out.out) == (0, f"# main\n{ETH}\n{BTC}\n")
    file = tmp_path / "list.txt"
    file.write_text(out.out)
    assert run("watchlist", "import", str(file), "--to", "copy", composition=market()).code == 0
    assert store.load().watchlists == {"main": (ETH, BTC), "copy": (ETH, BTC)}
    listed = run("watchlist", "list", "--json")
    assert json.loads(listed.out) == {"watchlists": {"main": [ETH, BTC], "copy": [ETH, BTC]}}
    assert run("watchlist", "list").out.split() == ["watchlist", "pairs", "main", "2", "copy", "2"]


def test_unknown_names_are_reported_and_the_others_added(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("# mine\nbtc/usd  # the first\n\nBTCUSD\nBTX/USD\n")
    out = run("watchlist", "import", str(file), composition=market())
    assert out.code == 1
    assert "unknown pair 'BTX/USD'; did you mean BTC/USD" in out.err
    assert "1 of 3 pairs added to the watchlist main" in out.err
    assert StateStore(default_paths().state_folder).load().watchlist == (BTC,)


def test_what_cannot_be_imported_or_exported_is_wrong_use(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"\xff")
    (tmp_path / "empty").write_text("# nothing")
    for arguments, said in (
        (("import", str(tmp_path / "none")), "No such file"),
        (("import", str(tmp_path)), "directory"),
        (("import", str(tmp_path / "bad")), "not UTF-8"),
        (("import", str(tmp_path / "empty")), "names no pair"),
        (("import", str(tmp_path / "empty"), "--to", "a*"), "no name"),
        (("export", "alts"), "there is no watchlist 'alts'"),
    ):
        out = run("watchlist", *arguments, composition=market())
        assert out.code == 2, arguments
        assert said in out.err


def test_a_filter_hides_pairs_and_leaves_the_ranks(run: Run) -> None:
    out = run("rank", "--json", "--filter", "base = eth and cv < 2.5%", composition=market())
    document = json.loads(out.out)
    assert [(pair["pair"], pair["rank"]) for pair in document["pairs"]] == [("ETH/EUR", 2), ("ETH/USD", 2)]
    assert document["ranked"] == 3
    out = run("pairs", "--json", "--filter", "eth !eur", composition=market())
    assert [pair["pair"] for pair in json.loads(out.out)["pairs"]] == ["ETH/USD"]
    out = run("rank", "--filter", "volme > 1", composition=market())
    assert out.code == 2
    assert "did you mean volume?" in out.err

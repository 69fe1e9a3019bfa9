import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome
from tests.cli.scripted import ScriptedComposition, Terminal
from tui_tracker import __version__
from tui_tracker.cli.options import EVERY_SETTING
from tui_tracker.config.choices import Theme, TimeZone
from tui_tracker.config.fields import FIELDS
from tui_tracker.config.model import Settings
from tui_tracker.config.paths import default_paths
from tui_tracker.config.state import StateStore, View
from tui_tracker.core.metric import Metric
from tui_tracker.sources.registry import SOURCES
from tui_tracker.tui.columns import SORT_KEYS
from tui_tracker.tui.view import initial

Run = Callable[..., Outcome]


def whole_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make stdin and stderr terminals; return what is written to stderr. pytest's capture undoes it in a fixture."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def test_help_names_every_flag_command_and_exit_code(run: Run) -> None:
    outcome = run("--help")
    assert (outcome.code, outcome.err) == (0, "")
    for text in ("rank", "pairs", "sources", "config", "--config", "--version", "NO_COLOR", "CRYPTO_TUI_CONFIG", "143"):
        assert text in outcome.out
    for field in FIELDS:
        assert field.on_flag in outcome.out
        assert field.off_flag in outcome.out


@pytest.mark.parametrize("command", ["rank", "pairs", "sources", "config"])
def test_every_command_has_help(run: Run, command: str) -> None:
    outcome = run(command, "-h")
    assert outcome.code == 0
    assert f"crypto-tui {command} [OPTIONS]" in outcome.out


def test_version(run: Run) -> None:
    assert run("--version") == Outcome(0, f"crypto-tui {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bogus"], "No such command 'bogus'; see crypto-tui --help"),
        (["--bogus"], "No such option"),
        (["rank", "--limit", "x"], "'--limit'"),
        (["rank", "--limit", "-1"], "see crypto-tui rank --help"),
        (["--interval", "4", "config"], "--interval: '4' is not allowed; allowed: whole seconds from 5 to 3600"),
        (["config", "--theme", "\x1b[31mred"], "--theme: '·[31mred' is not allowed"),
        (
            ["--source", "krakn", "config"],
            "--source: there is no source 'krakn'; did you mean kraken? known: kraken",
        ),
        (["config", "--base-url", "mtgox=http://x"], "--base-url: there is no source 'mtgox'"),
        (["config", "--base-url", "kraken=http://x/%20"], "--base-url: kraken: base URL"),
        (["watchlist"], "a command is missing; see crypto-tui watchlist --help"),
        (["rank", "--filter", "cv > "], "--filter: a value is missing, at character"),
        (["pairs", "--filter", "foo > 1"], "--filter: no column 'foo', at character 1"),
        (["--config", "/nowhere/at/all.toml", "config"], "/nowhere/at/all.toml: there is no such file"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(run: Run, arguments: list[str], said: str) -> None:
    outcome = run(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.startswith("crypto-tui: error: ")
    assert said in outcome.err
    assert outcome.err.count("\n") == 1
    assert outcome.err.rstrip("\n").isprintable()


def test_debug_adds_the_traceback(run: Run) -> None:
    outcome = run("--debug", "--interval", "4", "config")
    assert outcome.code == 2
    assert "Traceback" in outcome.err
    assert outcome.err.splitlines()[-1].startswith("crypto-tui: error: --interval")


def test_the_app_starts_with_the_settings_in_force(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    terminal = whole_terminal(monkeypatch)
    composition = ScriptedComposition(app_code=143)
    outcome = run("--theme", "light", "--local", "--no-mouse", composition=composition, CRYPTO_TUI_INTERVAL="30")
    assert outcome.code == 143
    assert composition.settings is not None
    assert composition.settings.theme is Theme.LIGHT
    assert composition.settings.time_zone is TimeZone.LOCAL
    assert not composition.settings.mouse
    assert composition.settings.interval == 30
    assert terminal.getvalue() == ""


def test_a_flag_wins_over_what_the_last_run_left(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    whole_terminal(monkeypatch)
    composition = ScriptedComposition()
    run(composition=composition)
    left = View(quote="EUR", metric="mid", measure="cv", theme="light", time_zone="local", watchlist_only=True)
    StateStore(default_paths().state_folder).save_view(left)
    run(composition=composition)
    assert composition.state.view == left
    run("--quote", "USD", "--theme", "dark", composition=composition)
    assert composition.state.view == replace(left, quote=None, theme=None, watchlist_only=False)
    assert composition.store is not None
    opened = initial(composition.settings or Settings(), composition.state.view, SORT_KEYS)
    composition.store.save_view(replace(opened, metric=Metric.SPREAD).remembered())
    kept = StateStore(default_paths().state_folder).load().view
    assert (kept.quote, kept.theme, kept.watchlist_only, kept.metric) == ("EUR", "light", True, "spread")
    run("--quote", "USD", "--layout", "chart", composition=composition)
    composition.store.save_view(opened.with_quote("GBP").remembered())
    kept = StateStore(default_paths().state_folder).load().view
    assert (kept.quote, kept.watchlist_only) == ("GBP", False), "what is chosen in the app is remembered"


def test_the_first_start_opens_the_first_view(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_terminal(monkeypatch)
    composition = ScriptedComposition()
    run(composition=composition)
    assert (composition.state.view.name, composition.state.view.min_volume) == ("σ of USD pairs", 100_000)
    assert composition.state.view.theme is None
    run("--min-volume", "0", composition=composition)
    assert composition.state.view == View()
    run(composition=composition, CRYPTO_TUI_QUOTE="EUR")
    assert composition.state.view == View()
    StateStore(default_paths().state_folder).save_view(View(quote="EUR"))
    run(composition=composition)
    assert composition.state.view == View(quote="EUR")


def test_a_demo_and_an_exchange_remember_apart(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_terminal(monkeypatch)
    folder, composition = default_paths().state_folder, ScriptedComposition()
    StateStore(folder).add_favourites(("simulated:BTC-USDT", "kraken:BTC-USD"))
    StateStore(folder).save_view(View(quote="EUR", selected="simulated:X-EUR", compared=("simulated:BTC-USDT",)))
    StateStore(folder / "demo").save_view(View(quote="GBP", selected="simulated:X-GBP"))
    run(composition=composition)
    assert composition.state.watchlist == ("kraken:BTC-USD",)
    assert composition.state.view == View(quote="EUR")
    run("--demo", composition=composition)
    assert composition.state.view == View(quote="GBP", selected="simulated:X-GBP")
    assert not composition.state.watchlist


def test_a_watchlist_of_another_source_alone_is_not_opened_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_terminal(monkeypatch)
    composition, store = ScriptedComposition(), StateStore(default_paths().state_folder)
    store.add_favourite("simulated:BTC-USDT")
    store.save_view(View(quote="EUR", watchlist_only=True))
    run(composition=composition)
    assert not composition.state.view.watchlist_only
    assert store.load().watchlist == ("simulated:BTC-USDT",)


def test_the_app_does_not_start_without_a_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    composition = ScriptedComposition()
    outcome = run(composition=composition)
    assert outcome.code == 2
    assert "crypto-tui rank" in outcome.err
    assert composition.settings is None
    monkeypatch.setattr(sys, "stdin", Terminal())
    assert "stderr is none" in run().err


def test_the_app_does_not_start_on_a_dumb_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = whole_terminal(monkeypatch)
    assert run(TERM="dumb").code == 2
    assert "TERM is dumb; without a screen: crypto-tui rank" in terminal.getvalue()


def test_a_folder_that_takes_no_log_is_said_and_the_app_goes_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    terminal = whole_terminal(monkeypatch)
    (tmp_path / "state").touch()
    assert run().code == 0
    assert terminal.getvalue().startswith("crypto-tui: note: no log can be kept in ")


def test_config_shows_values_and_origins(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "config" / "crypto-tui"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('by = "cv"\n')
    outcome = run("--interval", "30", "config", "--quote", "all", CRYPTO_TUI_SEED="7")
    lines = {line.split()[0]: line.split()[1:] for line in outcome.out.splitlines() if line}
    assert lines["interval"] == ["30", "--interval"]
    assert lines["quote"] == ["all", "--quote"]
    assert lines["seed"] == ["7", "CRYPTO_TUI_SEED"]
    assert lines["by"] == ["cv", str(folder / "config.toml")]
    assert lines["mouse"] == ["true", "default"]
    assert lines["base-urls"] == ["none", "default"]
    assert lines["file"] == [str(folder / "config.toml")]
    assert set(lines) >= {name.replace("_", "-") for name in EVERY_SETTING}


def test_config_as_json(run: Run) -> None:
    document = json.loads(run("config", "--json", "--base-url", "kraken=http://127.0.0.1:1").out)
    assert document["file"]["found"] is False
    assert document["settings"]["base-urls"]["value"] == {"kraken": "http://127.0.0.1:1"}
    assert document["settings"]["base-urls"]["origin"] == "--base-url"
    assert document["settings"]["window"]["value"] == "24h"


def test_a_flag_after_the_command_wins_over_one_before_it(run: Run) -> None:
    document = json.loads(run("--interval", "30", "--seed", "5", "config", "--interval", "40", "--json").out)
    assert document["settings"]["interval"]["value"] == 40
    assert document["settings"]["seed"]["value"] == 5


def test_sources_lists_exchanges_and_where_each_is_found(run: Run) -> None:
    outcome = run("sources")
    assert outcome.out.splitlines()[1].split() == ["kraken", "Kraken", "yes", "yes", "https://api.kraken.com"]
    document = json.loads(run("sources", "--json", "--base-url", "kraken=http://127.0.0.1:1").out)
    kraken = {"name": "kraken", "title": "Kraken", "base_url": "http://127.0.0.1:1", "in_use": True, "streams": True}
    assert document["sources"][0] == kraken
    assert [one["name"] for one in document["sources"]] == list(SOURCES)
    assert [one["name"] for one in document["sources"] if one["in_use"]] == ["kraken"]
    assert run("sources", "--no-stream").out == outcome.out
    refused = run("sources", "--stream")
    assert refused.code == 2
    assert "--check" in refused.err


def test_config_check_tells_everything_that_is_wrong(run: Callable[..., Outcome], tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text('interval = -3\nmetric = "foo"\nbogus = 1\n')
    told = run("config", "--config", str(file), "check")
    assert told.code == 2
    assert all(part in line for part, line in zip(("interval", "metric", "bogus"), told.err.splitlines(), strict=True))
    other = run("rank", "--config", str(file))
    assert other.code == 2
    assert len(other.err.splitlines()) == 1
    assert other.err.rstrip().endswith("2 more: crypto-tui config check")


def test_config_check_tells_what_is_wrong_everywhere_at_once(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "themes"
    folder.mkdir()
    (folder / "night.toml").write_text('bakground = "#fff"\ntext = 3\n')
    file = tmp_path / "c.toml"
    file.write_text(
        'theme = "noght"\ncolumns = ["rnk", "prce", "last"]\nsource = "kraken,krakne"\n'
        '[keys]\nmetric = "a b"\nmeasure = "space"\nwindow = 3\nfreeze = "elephant"\nsrt = "x"\n'
        '[views.Alts]\nby = "x"\nsort = "y"\ncolumns = ["lst"]\nwatchlist = "a*"\n'
        '[views."B*"]\n[views.Odd]\nfilte = "btc"\n[views.Fine]\ncolumns = ["nothing"]\n'
    )
    told = run("config", "--config", str(file), "check")
    lines = told.err.splitlines()
    for part in (
        f"{file}: theme: 'noght' is not allowed; allowed: auto",
        f"{file}: columns: there is no column 'rnk'; known: rank",
        f"{file}: columns: there is no column 'prce'",
        f"{file}: source: ",
        f"{file}: keys.metric: 'a b' is not allowed; allowed: a key such as s, F6 or ctrl+d",
        f"{file}: keys.window: '3' is not allowed",
        f"{file}: keys.freeze: 'elephant' is no key; allowed: a character, or Enter",
        f"{file}: keys.srt: there is no action 'srt'",
        f"{file}: views.Alts: columns: there is no column 'lst'",
        f"{file}: views.Fine: columns: there is no column 'nothing'",
        f"{file}: views.Alts: by: 'x'",
        f"{file}: views.Alts: sort: 'y'",
        f"{file}: views.Alts: watchlist: 'a*' is no name",
        f"{file}: views: 'B*' is no name",
        f"{file}: views.Odd: unknown key 'filte'; did you mean filter?",
        f"{folder / 'night.toml'}: unknown key 'bakground'",
        f"{folder / 'night.toml'}: text: '3' is not allowed",
    ):
        assert [line for line in lines if part in line], part
    assert (told.code, told.out, len(lines)) == (2, "", 18), told.err
    file.write_text("a = = 1")
    told = run("config", "check", "--config", str(file), "--keymap", "x")
    assert len(told.err.splitlines()) == 4, told.err  # the file, the flag, and what is wrong in the theme


def test_config_check_warns_of_keys_that_may_not_arrive(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('[keys]\npoll = ["ctrl+b", "R"]\nquit = "none"\nquit_now = "none"\n')
    told = run("config", "check", "--config", str(file))
    assert (told.code, told.out[:3]) == (0, "ok:")
    poll, quit_ = told.err.splitlines()
    assert f"warning: {file}: keys.poll: ctrl+b may not reach the app: the prefix of tmux; " in poll
    assert "neither quit nor quit_now has a key, which leaves ctrl+q and quit in the palette (ctrl+p)" in quit_


def test_config_check_names_file_key_and_what_is_allowed(run: Callable[..., Outcome], tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('[keys]\nsort = "p"\nsrt = "x"\n')
    outcome = run("config", "--config", str(file), "check")
    assert outcome.code == 2
    assert f"{file}: keys.sort.next: p is on sort.next and on freeze" in outcome.err
    assert "allowed: another key for freeze, or none" in outcome.err
    assert "did you mean sort.then?" in outcome.err
    file.write_text('[keys]\nsort = ["x", "F6"]\ndemo = "none"\n')
    outcome = run("config", "--config", str(file), "check")
    assert (outcome.code, outcome.out[:3]) == (0, "ok:")


def test_config_keys_lists_every_action_with_its_keys(run: Run) -> None:
    told = run("config", "keys", "--json")
    assert told.code == 0
    listed = {one["action"]: one for one in json.loads(told.out)["keys"]}
    assert listed["help"] == {"action": "help", "keys": ["?", "f1"], "where": "Do", "does": "all keys"}
    assert listed["page.page_down"]["keys"] == ["pagedown", "space"]
    assert "option_list.close" in run("config", "keys").out


def test_a_file_is_checked_where_it_is_named(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('keymap = "vim"\n[keys]\nnonsense = "a"\n')
    told = run("config", "check", "--config", str(file))
    assert told.code == 2
    assert "keys.nonsense" in told.err
    assert run("config", "check").code == 0
    listed = json.loads(run("config", "keys", "--keymap", "vim", "--json").out)["keys"]
    assert next(one["keys"] for one in listed if one["action"] == "palette") == [":", "ctrl+p"]

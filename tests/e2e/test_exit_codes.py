"""Every way for a command to end: its exit code, one line on stderr or none, and nothing on stdout unless it worked."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import commands
from tests.e2e.commands import Outcome
from tests.e2e.waiting import wait_until
from tests.support.fake_kraken import FakeKrakenThread

pytestmark = pytest.mark.timeout(150)
Run = Callable[..., Outcome]

FAILURES: dict[str, tuple[str, dict[str, Any]]] = {
    "refused": ("connection refused", {}),
    "http_500": ("HTTP 500", {}),
    "http_403": ("HTTP 403", {}),
    "html": ("", {}),
    "truncated": ("", {"path": "Ticker"}),
    "short_body": ("", {}),
    "empty_body": ("", {}),
    "no_result": ("neither a result nor an error", {}),
    "empty_result": ("", {"path": "Ticker"}),
    "wrong_shape": ("", {}),
    "not_utf8": ("", {}),
    "deep": ("", {}),
    "gzip_bomb": ("MB", {}),
    "huge": ("MB", {}),
    "hang": ("10 s", {"path": "Ticker"}),
    "reset": ("reset", {}),
    "rate_limited": ("HTTP 429", {"value": 1.0}),
    "rate_limited for an hour": ("HTTP 429", {"value": 3600.0}),
    "kraken_rate_limit": ("Rate limit", {}),
    "kraken_unavailable": ("Unavailable", {}),
    "redirect_other_host": ("exchange.invalid", {}),
}
"""What the exchange does wrong, a word that the line must have, and details of the fault."""


def _start(stack: ExitStack, name: str, home: Path) -> commands.Running:
    exchange = stack.enter_context(FakeKrakenThread(pairs=20))
    if name == "refused":
        exchange.stop_listening()
    else:
        exchange.faults.set(name.split()[0], **FAILURES[name][1])
    return stack.enter_context(commands.running(home, "rank", "--json", *commands.at(exchange.url)))


def test_no_usable_answer_is_3_and_one_line_that_says_which_source_and_why(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """``rank`` on exchanges that fail, all started together: each is tried again before it is given up."""
    with ExitStack() as stack:
        started = {name: _start(stack, name, tmp_path_factory.mktemp("home")) for name in FAILURES}
        lines = {name: running.outcome(90).assert_failed(3) for name, running in started.items()}
    assert all("kraken at http://127.0.0.1:" in line for line in lines.values())
    assert {name: line for name, line in lines.items() if FAILURES[name][0] not in line} == {}


@pytest.fixture(scope="module")
def exchange() -> Iterator[FakeKrakenThread]:
    with FakeKrakenThread(pairs=1_100) as exchange:
        yield exchange


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=lambda v: str(v)
)
def test_a_signal_ends_a_command_at_once(number: signal.Signals, code: int, tmp_path: Path) -> None:
    """Also while the exchange hangs, before the first answer."""
    with FakeKrakenThread(pairs=20) as hanging:
        hanging.faults.set("hang")
        with commands.running(tmp_path, "rank", "--json", *commands.at(hanging.url)) as process:
            wait_until(lambda: bool(hanging.requests), 20, "a request")
            process.send_signal(number)
            assert process.outcome(10) == Outcome(code, "", "")


def test_success_is_0_and_two_demos_are_equal_to_the_byte(run: Run) -> None:
    one, other = run("rank", "--demo", "--json"), run("rank", "--demo", "--json")
    assert (one.code, one.err) == (0, "")
    assert one == other
    assert json.loads(one.out)["ranked"] == 20
    assert run("rank", "--demo", "--json", "--seed", "2").out != one.out


def test_every_pair_of_a_large_exchange_is_listed(exchange: FakeKrakenThread, run: Run) -> None:
    """At least 1,100 pairs, each once, dark pools and other venues left out."""
    done = run("pairs", "--json", *commands.at(exchange.url))
    assert (done.code, done.err) == (0, "")
    pairs = json.loads(done.out)["pairs"]
    assert sorted(pair["pair"] for pair in pairs) == sorted(listing.display for listing in exchange.listings)
    assert len({pair["id"] for pair in pairs}) == len(pairs) >= 1_100
    assert all(pair["last"] is None or pair["last"] > 0 for pair in pairs), "a zero is no price"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("rank --pairs btcusdd", "did you mean BTC/USD"),
        ("rank --pairs eth", "did you mean ETH/USD"),
        ("rank --pairs kraken:xbt-zzz", "unknown pair"),
        ("rank --quote QQQ", "no pair is priced in 'QQQ'; there is "),
        ("pairs --quote QQQ", "no pair is priced in 'QQQ'; there is "),
    ],
)
def test_a_wrong_name_is_2_and_near_ones_are_told(
    arguments: str, said: str, exchange: FakeKrakenThread, run: Run
) -> None:
    assert said in run(*arguments.split(), *commands.at(exchange.url)).assert_failed(2)


def test_an_ambiguous_name_is_2_and_gets_the_candidates(tmp_path: Path) -> None:
    """``AMB/IGUSD`` and ``AMBIG/USD`` both read ambigusd."""
    with FakeKrakenThread(pairs=20) as exchange:
        for place, wsname in enumerate(("AMB/IGUSD", "AMBIG/USD"), 10):
            exchange.listings[place] = replace(exchange.listings[place], wsname=wsname)
        done = commands.run(tmp_path, "rank", "--pairs", "ambigusd", *commands.at(exchange.url))
    line = done.assert_failed(2)
    assert "ambiguous" in line
    assert "kraken:AMB-IGUSD, kraken:AMBIG-USD" in line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("rank --demo --metric volume", "only price can be ranked"),
        ("rank --by beauty", "stddev, cv, volatility, range"),
        ("rank --window 5m", "10m to 30d"),
        ("rank --limit -1", "--limit"),
        ("rank --pairs ,", "names no pair"),
        ("rank --min-volume NaN", "US dollars"),
        ("rank --interval 60", "no such option"),
        ("rank --source nowhere", "kraken"),
        ("rank --base-url kraken=ftp://x", "http or https"),
        ("rank --base-url kraken=http://user:word@x", "http or https"),
        ("--interval 4", "5 to 3600"),
        ("--theme pink", "dark, light, terminal"),
        ("nonsense", "nonsense"),
        ("--nonsense", "--nonsense"),
    ],
)
def test_wrong_usage_is_2_and_says_what_is_allowed(arguments: str, said: str, run: Run) -> None:
    assert said.lower() in run(*arguments.split()).assert_failed(2).lower()


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("intervall = 60", ("'intervall'", "interval")),
        ("interval = 4", ("interval", "5 to 3600")),
        ('theme = "pink"', ("theme", "dark, light, terminal")),
        ("interval = ", ("no valid TOML",)),
        ('[base-urls]\nkraken = "nowhere"', ("base-urls", "http or https")),
    ],
)
def test_a_wrong_file_is_2_and_named_with_key_and_allowed_values(
    toml: str, said: tuple[str, ...], tmp_path: Path, run: Run
) -> None:
    file = tmp_path / "config" / "crypto-tui" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(toml)
    line = run("rank", "--demo").assert_failed(2)
    assert all(part in line for part in (str(file), *said)), line
    assert file.read_text() == toml, "the user's file is never rewritten"


def test_flag_wins_over_environment_over_file(tmp_path: Path, run: Run) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('interval = 30\ntheme = "light"\nquote = "EUR"\n')
    more = {"CRYPTO_TUI_CONFIG": str(file), "CRYPTO_TUI_THEME": "terminal", "CRYPTO_TUI_QUOTE": "GBP"}
    settings = json.loads(run("config", "--json", "--quote", "USDT", **more).out)["settings"]
    assert {key: settings[key]["value"] for key in ("interval", "theme", "quote", "seed")} == {
        "interval": 30,
        "theme": "terminal",
        "quote": "USDT",
        "seed": 1,
    }
    assert settings["quote"]["origin"] == "--quote"
    assert settings["interval"]["origin"] == str(file)


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_malformed_proxy_variable_is_2_and_named(name: str, run: Run, exchange: FakeKrakenThread) -> None:
    line = run("rank", *commands.at(exchange.url), **{name: "http://[::1"}).assert_failed(2)
    assert name in line


def test_a_proxy_is_honoured(tmp_path: Path) -> None:
    """The exchange plays the proxy: it gets absolute targets, for a host that exists nowhere else."""
    with FakeKrakenThread(pairs=20) as proxy:
        done = commands.run(tmp_path, "pairs", *commands.at("http://exchange.invalid"), http_proxy=proxy.url)
    assert done.code == 0, done
    assert {request.target.partition("/0/")[0] for request in proxy.requests} == {"http://exchange.invalid"}


@pytest.mark.parametrize("arguments", ["rank --demo --limit 0 --json", "pairs --demo"])
def test_a_reader_that_leaves_is_no_error(arguments: str, tmp_path: Path) -> None:
    script = f'set -o pipefail; "$0" {arguments} | head -1 >/dev/null; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(
        ["bash", "-c", script, commands.COMMAND],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
        env=commands.environment(tmp_path),
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


@pytest.mark.parametrize("arguments", ["rank --demo --limit 3", "pairs --demo", "sources", "config", "--help"])
def test_what_is_piped_is_plain_text(arguments: str, run: Run) -> None:
    done = run(*arguments.split(), FORCE_COLOR="1", COLORTERM="truecolor")
    assert (done.code, done.err) == (0, "")
    assert "\x1b" not in done.out
    assert done.out.endswith("\n")


@pytest.mark.parametrize("arguments", ["", "--demo", "--theme light"])
def test_the_app_does_not_start_without_a_terminal(arguments: str, run: Run) -> None:
    line = run(*arguments.split()).assert_failed(2)
    assert "terminal" in line
    assert "crypto-tui rank" in line


@pytest.mark.parametrize(
    ("arguments", "unneeded"),
    [
        ("--help", {"textual", "httpx", "plotext", "rich", "asyncio", "msgspec"}),
        ("--version", {"textual", "httpx", "plotext", "rich", "asyncio", "msgspec"}),
        ("rank --help", {"textual", "httpx", "plotext", "rich", "asyncio", "msgspec"}),
        ("export --help", {"textual", "httpx", "plotext", "rich", "asyncio", "msgspec", "sqlite3", "pyarrow"}),
        ("doctor --offline", {"textual", "plotext", "rich"}),
        ("config", {"textual", "httpx", "plotext", "rich"}),
        ("sources", {"textual", "httpx", "plotext", "rich"}),
        ("rank --demo --limit 1", {"textual", "httpx", "plotext", "rich"}),
    ],
)
def test_what_is_not_needed_is_not_loaded(arguments: str, unneeded: set[str], tmp_path: Path) -> None:
    """So that help is fast, and headless use loads no app."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", commands.COMMAND, *arguments.split()],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
        env=commands.environment(tmp_path),
    )
    assert done.returncode == 0
    assert done.stdout
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "click" in loaded
    assert not loaded & unneeded


def test_help_is_worth_reading(run: Run) -> None:
    everything = run("--help").out
    assert all(word in everything for word in ("rank", "pairs", "sources", "config", "--demo", "Exit codes", "143"))
    rank = run("rank", "--help").out
    assert all(word in rank for word in ("about 2 s a pair", "--window", "--by", "Examples"))


def test_nothing_is_written_outside_of_our_places(tmp_path: Path, run: Run) -> None:
    run("rank", "--demo")
    run("config")
    made = {path.relative_to(tmp_path).parts[:2] for path in tmp_path.rglob("*") if path.is_file()}
    assert made <= {("state", "crypto-tui"), ("cache", "crypto-tui")}

"""The command in a process of its own: what it loads, pipes, signals."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

COMMAND = "import sys; from tui_tracker.cli.main import main; sys.exit(main())"
HEAVY = ("textual", "httpx", "rich", "plotext", "msgspec", "asyncio", "sqlite3")


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CRYPTO_TUI_")}
    return kept | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)} | more


def command(*arguments: str, program: str = COMMAND, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        stdin=subprocess.DEVNULL,
        env=environment(**environ),
    )


def loaded_by(*arguments: str) -> set[str]:
    program = (
        "import sys; from tui_tracker.cli.main import main; main(); "
        f"print(*[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    return set(command(*arguments, program=program).stderr.split())


@contextmanager
def mute_server() -> Iterator[tuple[str, threading.Event]]:
    """A server that takes a connection and says nothing; its URL, and whether somebody has connected."""
    connected = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept = []

        def accept() -> None:
            try:
                while True:
                    kept.append(server.accept()[0])
                    connected.set()
            except OSError:
                return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", connected
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in kept:
            connection.close()


@pytest.mark.parametrize("arguments", [["--help"], ["rank", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    assert loaded_by(*arguments) == set()


def test_rank_loads_no_app() -> None:
    assert loaded_by("rank", "--demo", "--limit", "1").isdisjoint({"textual", "plotext", "rich", "httpx", "sqlite3"})


def test_two_demo_rankings_are_equal_to_the_byte() -> None:
    one, other = (command("rank", "--demo", "--json", "--limit", "3") for _ in range(2))
    assert (one.returncode, one.stderr) == (0, "")
    assert one.stdout == other.stdout
    assert [pair["rank"] for pair in json.loads(one.stdout)["pairs"]] == [1, 2, 3]


def test_a_reader_that_leaves_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, "rank", "--demo", "--limit", "3"],
            stdout=pipe,
            stderr=subprocess.PIPE,
            check=False,
            timeout=50,
            env=environment(),
        )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_a_failure_of_one_line() -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, "config"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=50,
            env=environment(),
        )
    assert done.returncode == 1
    assert done.stderr == "crypto-tui: error: stdout cannot be written: No space left on device\n"


def test_an_exchange_out_of_reach_is_exit_3_and_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    done = command("rank", "--json", "--base-url", f"kraken=http://127.0.0.1:{port}")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith(f"crypto-tui: error: kraken at http://127.0.0.1:{port}: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_hanging_request(number: signal.Signals) -> None:
    with mute_server() as (url, connected):
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "rank", "--base-url", f"kraken={url}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )
        try:
            assert connected.wait(30)
            process.send_signal(number)
            out, said = process.communicate(timeout=10)
        finally:
            process.kill()
    assert (process.returncode, out, said) == (128 + number, b"", b"")


def test_a_thread_that_hangs_does_not_hold_up_the_end() -> None:
    program = """
import asyncio, sys, threading
from tui_tracker.cli.diagnostics import guarded
from tui_tracker.cli.headless import run_headless
def hang():
    print("hanging", flush=True)
    threading.Event().wait()
async def work():
    await asyncio.to_thread(hang)
sys.exit(guarded(lambda: run_headless(work), lambda: False))
"""
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment())
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"hanging\n"
        process.terminate()
        assert process.wait(10) == 143
    finally:
        process.kill()
        process.communicate()


def test_nohup_is_respected() -> None:
    program = """
import signal, sys
signal.signal(signal.SIGHUP, signal.SIG_IGN)
from tui_tracker.cli.headless import run_headless
async def work():
    signal.raise_signal(signal.SIGHUP)
    return 7
sys.exit(run_headless(work))
"""
    assert command(program=program).returncode == 7


def test_a_bug_before_there_is_a_log_is_one_line() -> None:
    program = """
import sys
from tui_tracker.cli.diagnostics import guarded
sys.exit(guarded(lambda: 1 // 0, lambda: False))
"""
    done = command(program=program)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1

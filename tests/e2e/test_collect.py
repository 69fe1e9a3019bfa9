"""``crypto-tui collect`` as a supervisor runs it."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.commands import COMMAND, at, environment, run
from tests.e2e.waiting import wait_until
from tests.support.fake_kraken import FakeKrakenThread
from tui_tracker.cli.doctor.collector import holder_of
from tui_tracker.storage.connection import FILE_NAME

PATIENCE_S = 20.0
AS_PID_1 = ("unshare", "--pid", "--fork", "--kill-child")


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.settimeout(PATIENCE_S)
        yield channel


@pytest.mark.parametrize("before", [(), AS_PID_1], ids=["usual", "pid 1"])
def test_it_tells_its_supervisor_and_stops_cleanly(
    before: tuple[str, ...], tmp_path: Path, supervisor: socket.socket
) -> None:
    if before and (os.geteuid() != 0 or shutil.which(before[0]) is None):
        pytest.skip("no new name space of processes can be made")
    told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
    with FakeKrakenThread(pairs=3) as exchange:
        command = [*before, str(COMMAND), "collect", *at(exchange.url), "--data-dir", str(tmp_path / "data")]
        env = environment(tmp_path, **told)
        with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True) as process:
            try:
                heard = [supervisor.recv(1_000).decode()]
                while "live" not in heard[-1]:
                    heard.append(supervisor.recv(1_000).decode())
                assert heard[0] == "READY=1"
                assert "WATCHDOG=1" in heard
                assert heard[-1] == "STATUS=kraken live, 3 pairs, collected by this session"
                os.kill(child_of(process.pid) if before else process.pid, signal.SIGTERM)
                while heard[-1] != "STOPPING=1":
                    heard.append(supervisor.recv(1_000).decode())
                _, logged = process.communicate(timeout=PATIENCE_S)
            finally:
                process.kill()
    assert process.returncode == 143
    assert "this session collects kraken" in logged
    assert "Traceback" not in logged
    connection = sqlite3.connect(tmp_path / "data" / FILE_NAME)
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    connection.close()


def test_commands_beside_it_ask_nothing_of_the_exchange(tmp_path: Path, supervisor: socket.socket) -> None:
    with FakeKrakenThread(pairs=3) as exchange:
        places = (*at(exchange.url), "--data-dir", str(tmp_path / "data"))
        env = environment(tmp_path, NOTIFY_SOCKET=str(tmp_path / "notify"))
        seldom = "--interval", "600"  # else its own next poll may come in between
        with subprocess.Popen(
            [str(COMMAND), "collect", *seldom, *places], env=env, stderr=subprocess.DEVNULL
        ) as process:
            try:
                while "live" not in supervisor.recv(1_000).decode():
                    pass
                data = str(tmp_path / "data")
                wait_until(lambda: has_told_of_a_poll(tmp_path / "data"), PATIENCE_S, "what it tells others")
                told = {"CRYPTO_TUI_DATA_DIR": data, "CRYPTO_TUI_BASE_URLS": f"kraken={exchange.url}"}
                polls = exchange.paths().count("Ticker")
                listed = run(tmp_path, "pairs", "--json", **told)
                assert f"note: kraken is collected by pid {process.pid} by " in listed.err
                assert len(json.loads(listed.out)["pairs"]) == 3
                line = run(tmp_path, "status-line", "--once", "{BTC/USD.last} {state}", **told)
                assert line.out.endswith(" live\n")
                ranked = run(tmp_path, "rank", "--json", "--min-coverage", "0", **told)
                assert json.loads(ranked.out)["at"] == json.loads(listed.out)["at"]
                assert exchange.paths().count("Ticker") == polls
                alone = run(tmp_path, "pairs", "--json", **told, CRYPTO_TUI_HISTORY="false")
                assert "note" not in alone.err
                assert exchange.paths().count("Ticker") == polls + 1
            finally:
                process.kill()


def has_told_of_a_poll(folder: Path) -> bool:
    holder = holder_of(folder, "kraken")
    return holder is not None and holder.report is not None and holder.report.status.last_good_ms is not None


def child_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()[0])


@pytest.mark.parametrize("name", ["CRYPTO_TUI_DEMO", "CRYPTO_TUI_HISTORY"])
def test_it_needs_a_history(name: str, tmp_path: Path) -> None:
    outcome = run(tmp_path, "collect", **{name: "true" if name.endswith("DEMO") else "false"})
    assert "keeps a history" in outcome.assert_failed(2)

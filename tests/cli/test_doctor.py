"""``crypto-tui doctor``: each ill is found, said in a sentence, and told what to do about."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Outcome
from tests.cli.histories import make_history
from tests.support.fake_kraken import FakeKrakenThread
from tui_tracker.cli.doctor import places
from tui_tracker.cli.doctor.collector import Holder, collector, holder_of
from tui_tracker.cli.doctor.findings import Finding, Verdict
from tui_tracker.cli.doctor.network import _found, skew
from tui_tracker.cli.doctor.terminal import terminal
from tui_tracker.cli.source_check import SourceCheck
from tui_tracker.core.errors import RateLimitedError
from tui_tracker.core.status import SourceReport, SourceState, SourceStatus
from tui_tracker.sources.base import ServerTime
from tui_tracker.sources.registry import SOURCES
from tui_tracker.storage.connection import FILE_NAME
from tui_tracker.storage.lock import CollectorLock
from tui_tracker.storage.store import Store

Run = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("SSL_CERT"):
            monkeypatch.delenv(name)


def examined(run: Run, *arguments: str, code: int = 0, **environ: str) -> dict[str, list[dict[str, str]]]:
    done = run("doctor", "--json", *arguments, **environ)
    assert done.code == code, done
    document = json.loads(done.out)
    assert document["ok"] is (code == 0)
    areas: dict[str, list[dict[str, str]]] = {}
    for finding in document["findings"]:
        areas.setdefault(finding["area"], []).append(finding)
    return areas


def problems(areas: dict[str, list[dict[str, str]]], area: str) -> str:
    found = [finding for finding in areas[area] if finding["verdict"] == "problem"]
    assert all(finding["advice"] for finding in found)
    return " ".join(finding["text"] for finding in found)


def test_all_is_well_beside_an_exchange_that_answers(tmp_path: Path, run: Run) -> None:
    make_history(tmp_path / "here", 90)
    with FakeKrakenThread(pairs=3) as exchange:
        areas = examined(run, "--data-dir", str(tmp_path / "here"), "--base-url", f"kraken={exchange.url}")
        assert exchange.paths() == ["Time"]
    assert "answers in" in areas["sources"][0]["text"]
    assert areas["clock"][0]["verdict"] == "ok"
    assert "every page" in areas["history"][0]["text"]
    assert "--data-dir" in areas["config"][1]["text"]
    text = run("doctor", "--offline", "--data-dir", str(tmp_path / "here"))
    assert text.code == 0
    assert "sources" not in text.out
    assert all(line.startswith(("ok  ", "note")) for line in text.out.splitlines())


def test_nothing_is_changed(tmp_path: Path, run: Run) -> None:
    folder = tmp_path / "here"
    make_history(folder, 70)
    before = {path: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")}
    assert run("doctor", "--offline", "--data-dir", str(folder)).code == 0
    assert run("doctor", "--offline", "--data-dir", str(tmp_path / "none")).code == 0
    assert {path: path.read_bytes() for path in folder.iterdir() if not path.name.endswith("-shm")} == before
    assert not (tmp_path / "none").exists()


def test_an_exchange_out_of_reach_or_far_in_time_is_a_problem(run: Run) -> None:
    with FakeKrakenThread(pairs=3, clock_skew_s=90.0) as exchange:
        areas = examined(run, "--base-url", f"kraken={exchange.url}", code=1)
        assert "behind that of kraken" in problems(areas, "clock")
        url = exchange.url
    areas = examined(run, "--base-url", f"kraken={url}", code=1)
    assert f"kraken at {url} does not answer" in problems(areas, "sources")
    assert "clock" not in areas


def test_a_wrong_configuration_is_said_and_the_rest_examined(run: Run) -> None:
    areas = examined(run, "--offline", code=1, CRYPTO_TUI_INTERVAL="often")
    assert "CRYPTO_TUI_INTERVAL" in problems(areas, "config")
    assert "terminal" in areas


def test_a_damaged_history_is_a_problem(tmp_path: Path, run: Run) -> None:
    make_history(tmp_path, 90)
    path = tmp_path / FILE_NAME
    data = bytearray(path.read_bytes())
    data[8_192:40_960] = bytes(32_768)
    path.write_bytes(data)
    assert problems(examined(run, "--offline", "--data-dir", str(tmp_path), code=1), "history")
    path.write_bytes(b"no history at all" * 100)
    assert problems(examined(run, "--offline", "--data-dir", str(tmp_path), code=1), "history")


@pytest.mark.parametrize("table", ["minute", "fill", "hour", "rollup_hour"])
def test_a_bit_that_flipped_within_a_row_is_a_problem(table: str, tmp_path: Path, run: Run) -> None:
    make_history(tmp_path, 180, merged=table in ("hour", "rollup_hour"))
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    number, body = connection.execute(f"SELECT rowid, body FROM {table} LIMIT 1").fetchone()
    flipped = bytes([*body[:5], body[5] ^ 1, *body[6:]])
    connection.execute(f"UPDATE {table} SET body = ? WHERE rowid = ?", (flipped, number))
    connection.commit()
    connection.close()
    told = problems(examined(run, "--offline", "--data-dir", str(tmp_path), code=1), "history")
    assert told.startswith("1 row is damaged and left out, of 20")


def test_a_history_too_large_to_be_seen_in_time_is_a_note(tmp_path: Path) -> None:
    make_history(tmp_path, 600, merged=False)
    integrity, _ = places.stored(tmp_path, check_s=0.0)
    assert integrity.verdict is Verdict.NOTE


def test_a_folder_that_is_a_file_is_a_problem(tmp_path: Path, run: Run) -> None:
    (tmp_path / "file").write_text("")
    assert "is no folder" in problems(
        examined(run, "--offline", "--data-dir", str(tmp_path / "file"), code=1), "folders"
    )


def test_proxies_and_certificates_are_told_without_passwords(run: Run) -> None:
    areas = examined(run, "--offline", HTTPS_PROXY="http://me:secret@proxy.example:3128")
    assert "secret" not in json.dumps(areas)
    assert "proxy.example:3128" in areas["proxy"][0]["text"]
    areas = examined(run, "--offline", code=1, HTTPS_PROXY="http://[", SSL_CERT_FILE="/none.pem")
    assert problems(areas, "proxy")
    assert "/none.pem" in problems(areas, "certificates")


@pytest.mark.parametrize(
    ("ahead_ms", "verdict"), [(0, Verdict.OK), (-2_500, Verdict.NOTE), (31_000, Verdict.PROBLEM), (-31_000, "problem")]
)
def test_skew_is_noted_over_2_s_and_a_problem_over_30(ahead_ms: int, verdict: str) -> None:
    assert skew("kraken", ServerTime(1_000_000 + ahead_ms, 999_900, 1_000_100)).verdict == verdict


def one(findings: Iterable[Finding]) -> Finding:
    (finding,) = findings
    return finding


def told_of(holder: Holder | None, now_ms: int = 1_000_000_000_000) -> list[tuple[str, str]]:
    return [(finding.verdict.value, finding.text) for finding in collector(holder, "kraken", now_ms)]


def test_who_collects_is_told_and_how_long_ago_it_polled() -> None:
    now_ms = 1_000_000_000_000
    assert told_of(None) == [("note", "no process collects kraken")]
    frozen = one(collector(Holder("pid 7 by ada", 9.0), "kraken", now_ms))
    assert (frozen.verdict, "pid 7 by ada" in frozen.text, "for 9 s" in frozen.text) == (Verdict.PROBLEM, True, True)
    for age_s, verdict in ((70, "ok"), (200, "problem")):
        status = SourceStatus("kraken", SourceState.LIVE, last_good_ms=now_ms - age_s * 1000, error="slow")
        report = SourceReport(status, interval_s=60)
        holds, polled = told_of(Holder("pid 7 by ada", 0.3, now_ms - 3_600_000, report))
        assert holds == ("ok", f"pid 7 by ada collects kraken since 2001-09-09T00:46:40Z, epoch {now_ms - 3_600_000}")
        assert (polled[0], f"{age_s} s ago" in polled[1], "slow" in polled[1]) == (verdict, True, verdict == "problem")
        streamed = replace(report, status=replace(status, stream="live"))
        assert "come live" in told_of(Holder("pid 7 by ada", 0.3, 0, streamed))[1][1]
        assert "come live" not in polled[1]
    assert told_of(Holder("pid 7 by ada", 0.3, 0, SourceReport(SourceStatus("kraken", SourceState.OFFLINE))))[1] == (
        "note",
        "it has not polled kraken yet",
    )


def test_the_process_that_collects_is_found(tmp_path: Path, run: Run) -> None:
    lock = CollectorLock(tmp_path, "kraken")
    assert holder_of(tmp_path, "kraken") is None
    store = Store(tmp_path, lambda: 1_700_000_000_000)
    try:
        assert lock.take()
        store.take_lead("kraken").result(30)
        holder = holder_of(tmp_path, "kraken")
        assert holder is not None
        assert holder.who.startswith(f"pid {os.getpid()} by ")
        assert (holder.epoch, holder.report) == (1_700_000_000_000, None)
        areas = examined(run, "--offline", "--data-dir", str(tmp_path))
        assert f"pid {os.getpid()}" in areas["collector"][0]["text"]
    finally:
        store.close()
        lock.release()
    assert holder_of(tmp_path, "kraken") is None


def test_all_sources_are_asked_where_that_is_wanted(run: Run) -> None:
    nowhere = ",".join(f"{name}=http://127.0.0.1:1" for name in SOURCES)
    with FakeKrakenThread(pairs=3) as exchange:
        here = "--base-url", f"kraken={exchange.url}"
        assert len(examined(run, *here)["sources"]) == 1
        areas = examined(run, "--all-sources", *here, CRYPTO_TUI_BASE_URLS=nowhere)
    assert len(areas["sources"]) == len(SOURCES)
    assert {finding["verdict"] for finding in areas["sources"]} == {"ok", "note"}


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({"TERM": "dumb"}, "TERM is dumb"),
        ({}, "TERM is not set"),
        ({"TERM": "tmux-256color", "TMUX": "x"}, "inside tmux"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "16 million colours"),
        ({"TERM": "xterm-256color"}, "256 colours"),
        ({"TERM": "xterm"}, "few colours"),
        ({"NO_COLOR": "1"}, "NO_COLOR"),
        ({"LANG": "C.UTF-8"}, "LANG=C.UTF-8"),
    ],
)
def test_what_the_terminal_can_do_is_told(environ: dict[str, str], text: str) -> None:
    found: list[Finding] = list(terminal(environ))
    assert any(text in finding.text for finding in found)
    assert all(finding.verdict is not Verdict.PROBLEM for finding in found)


@pytest.mark.parametrize("hint", ["", "wait 5 s"])
def test_an_exchange_that_wants_to_be_left_alone_is_a_problem_with_advice(hint: str) -> None:
    error = RateLimitedError("answered HTTP 429 Too Many Requests", 5.0)
    error.hint = hint
    check = SourceCheck("binance", "127.0.0.1", None, error)
    watched, other = one(_found(check, is_watched=True)), one(_found(check, is_watched=False))
    assert (watched.verdict, watched.text) == (Verdict.PROBLEM, "binance: answered HTTP 429 Too Many Requests")
    assert watched.advice == (hint or "wait a while")
    assert other.verdict is Verdict.NOTE


def test_a_network_file_system_and_a_full_disk_are_problems(tmp_path: Path) -> None:
    assert "MB are free" in one(places.room(tmp_path, least=10**18)).text
    mounts = tmp_path / "mountinfo"
    mounts.write_text("1 1 0:1 / / rw - nfs4 server:/ rw\n")
    finding = one(places.room(tmp_path, mounts=mounts))
    assert finding.verdict is Verdict.PROBLEM
    assert "nfs4" in finding.text

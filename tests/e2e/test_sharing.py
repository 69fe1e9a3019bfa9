"""One collector and many sessions: real processes, one real fake exchange, a clock that runs fast."""

import os
import signal
import sys
from itertools import pairwise
from random import Random

import pytest

from tests.storage.child import NEXT_SCHEMA
from tests.support.sessions import NOBODY, Sessions, sessions
from tui_tracker.storage.connection import FILE_NAME, open_for_writing
from tui_tracker.storage.lock import CollectorLock

KILL_RATE = 4
"""A minute takes 15 s, and the 3 s in which it is polled last 0.75 s: enough for a new collector."""
RATE = 20
pytestmark = pytest.mark.timeout(150)


def test_sessions_that_start_at_once_share_one_client() -> None:
    with sessions(RATE) as found:
        for _ in range(3):
            found.start()
        leader = found.until_loaded()
        assert {each.last["collector"] for each in found.alive if each is not leader} == {
            f"pid {leader.process.pid} by root" if os.geteuid() == 0 else leader.last["collector"]
        }
        assert_one_client(found)
        found.until_minutes(2)
        found.until_equal()
        assert_all_see_each_poll(found)
        polls = found.exchange.paths().count("Ticker")
        follower = next(each for each in found.alive if each is not leader)
        follower.signal(signal.SIGUSR1)
        found.until(lambda: found.exchange.paths().count("Ticker") > polls, "the poll that it asked for")
        assert_one_client(found)


def assert_one_client(found: Sessions) -> None:
    """Whoever begins reads the clock and the list of pairs once."""
    paths = found.exchange.paths()
    assert (paths.count("Time"), paths.count("AssetPairs")) == (1, 1)


def assert_all_see_each_poll(found: Sessions) -> None:
    """Polls that the collector showed were shown by the others too."""
    leader = found.leader()
    others = [{line["polled_ms"] for line in each.lines} for each in found.alive if each is not leader]
    shared = [at_ms for at_ms in {line["polled_ms"] for line in leader.lines} if all(at_ms in seen for seen in others)]
    assert len(shared) >= 2


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_another_takes_over_at_the_end_without_a_lost_minute(number: signal.Signals) -> None:
    with sessions(KILL_RATE) as found:
        for _ in range(3):
            found.start()
        leader = found.until_loaded()
        delay_s = Random(number).random() * 60 / KILL_RATE
        due_s = leader.last["at_s"] + delay_s
        found.until(lambda: now_s() >= due_s, "the moment")
        before_s = leader.signal(number)
        found.until_taken_over(before_s, [each for each in found.all if each is not leader])
        found.until_minutes(2)
        found.until_equal()
        minutes = found.stored_minutes()
        assert all(after == before + 1 for before, after in pairwise(minutes)), minutes
        assert_one_client(found)


def now_s() -> float:
    import time

    return time.monotonic()


def test_one_that_is_frozen_is_taken_over_and_writes_nothing_when_it_goes_on() -> None:
    with sessions(RATE) as found:
        for _ in range(3):
            found.start()
        frozen = found.until_loaded()
        before_s = frozen.signal(signal.SIGSTOP)
        rest = [each for each in found.all if each is not frozen]
        found.until_taken_over(before_s, rest)
        found.until_minutes(2)
        epoch = found.query("SELECT epoch FROM lease")
        frozen.signal(signal.SIGCONT)
        found.until(lambda: frozen.last["collector"].startswith("pid"), "that it follows")
        found.until_minutes(1)
        found.until_equal()
        assert found.query("SELECT epoch FROM lease") == epoch
        assert found.leader() in rest
        minutes = found.stored_minutes()
        assert len(minutes) == len(set(minutes))


def test_ctrl_z_lets_another_collect_at_once() -> None:
    with sessions(RATE) as found:
        for _ in range(2):
            found.start()
        stopped = found.until_loaded()
        before_s = stopped.signal(signal.SIGTSTP)
        found.until_taken_over(before_s, [each for each in found.all if each is not stopped])
        stopped.signal(signal.SIGCONT)
        found.until(lambda: stopped.last["collector"].startswith("pid"), "that it follows")
        found.until_minutes(1)
        found.until_equal()


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="starts a process of another user")
def test_another_user_reads_without_write_access_and_says_that_nobody_collects() -> None:
    with sessions(RATE) as found:
        leader = found.start()
        found.until_loaded()
        reader = found.start(NOBODY)
        found.until_equal()
        name = f"pid {leader.process.pid} by root"
        found.until(lambda: reader.last["collector"] == name, "who collects")
        found.until_minutes(1)
        found.until_equal()
        leader.signal(signal.SIGTERM)
        found.until(lambda: "may not write" in reader.last["error"], "that nobody collects")
        late = found.start(NOBODY)
        found.until(lambda: "may not write" in late.last["error"] and late.last["pairs"] > 0, "the kept windows")
        assert late.last["state"] == "stale"
        found.start()
        found.until(lambda: not reader.last["error"] and not late.last["error"], "a new collector")
        found.until_minutes(1)
        found.until_equal()


def test_a_collector_that_meets_a_newer_schema_lets_go_and_collects_for_itself() -> None:
    with sessions(RATE) as found:
        old = found.start()
        found.until_loaded()
        open_for_writing(found.folder / FILE_NAME, NEXT_SCHEMA).close()
        found.until(CollectorLock(found.folder, "kraken").is_free, "that it lets go")
        end = old.last["end"]
        found.until(lambda: old.last["end"] > end + 1 and old.last["state"] == "live", "that it goes on")

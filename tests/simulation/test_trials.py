"""Trials of a whole engine over an exchange and a line that fail, all in simulated time, each made by its seed."""

import subprocess
import sys
from unittest import mock

import pytest

from tests.simulation.part import BrokenPromiseError
from tests.simulation.trial import run
from tui_tracker.engine.backfill import Backfill
from tui_tracker.engine.engine import Engine
from tui_tracker.engine.market import Market
from tui_tracker.engine.poller import Poller
from tui_tracker.sources.budget import RequestBudget
from tui_tracker.sources.stream import SocketStream

SEEDS = 1_000
BATCH = 25


@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_promises_hold_whatever_fails(first: int) -> None:
    for seed in range(first, first + BATCH):
        try:
            run(seed)
        except BrokenPromiseError as error:
            pytest.fail(f"{error}\nagain, told in detail: python -m tests.simulation --seed {seed}")


def run_first(seeds: int) -> None:
    """Run so many trials, until one fails."""
    for seed in range(seeds):
        run(seed)


@pytest.mark.parametrize(
    ("owner", "name", "replacement", "broken"),
    [
        (RequestBudget, "pause", lambda self, seconds, longest_s=0.0: None, "asked at|clear at"),
        (RequestBudget, "note_sent", lambda self, weight=1: None, "a weight of"),
        (Poller, "_pause_s", lambda self, state: 200.0, "clear at"),
        (Backfill, "repair", lambda self, *_: None, "nothing of the minutes"),
        (Backfill, "_try_again", lambda self: None, "history still"),
        (Market, "_fill", lambda self, *_: 0, "minutes differ"),
        (Market, "stream", lambda self, *_: [], "minutes differ"),
        (Engine, "note_stream_missed", lambda self: None, "no poll after the stream"),
        (SocketStream, "_check", lambda self, *_: None, "the stream is still"),
    ],
)
def test_a_promise_that_is_not_kept_is_found_out(owner: type, name: str, replacement: object, broken: str) -> None:
    with mock.patch.object(owner, name, replacement), pytest.raises(BrokenPromiseError, match=broken):
        run_first(60)


def test_a_seed_makes_the_same_trial_in_any_process() -> None:
    command = [sys.executable, "-m", "tests.simulation", "--seed", "11"]
    told = [
        subprocess.run(command, env={"PYTHONHASHSEED": order}, check=True, capture_output=True, text=True).stdout
        for order in ("1", "2")
    ]
    assert told[0] == told[1]
    assert len(told[0].splitlines()) > 10

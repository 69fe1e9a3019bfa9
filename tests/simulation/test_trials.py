"""Trials of a whole engine over an exchange and a line that fail, all in simulated time, each made by its seed."""

import subprocess
import sys

import pytest

from tests.simulation.trial import BrokenPromiseError, run

SEEDS = 1_000
BATCH = 25


@pytest.mark.parametrize("first", range(0, SEEDS, BATCH))
def test_promises_hold_whatever_fails(first: int) -> None:
    for seed in range(first, first + BATCH):
        try:
            run(seed)
        except BrokenPromiseError as error:
            pytest.fail(f"{error}\nagain, told in detail: python -m tests.simulation --seed {seed}")


def test_a_seed_makes_the_same_trial_in_any_process() -> None:
    command = [sys.executable, "-m", "tests.simulation", "--seed", "11"]
    told = [
        subprocess.run(command, env={"PYTHONHASHSEED": order}, check=True, capture_output=True, text=True).stdout
        for order in ("1", "2")
    ]
    assert told[0] == told[1]
    assert len(told[0].splitlines()) > 20

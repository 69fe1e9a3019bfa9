"""Run seeded trials: ``python -m tests.simulation --seed 7``, or ``--seeds 0-999``."""

import argparse
import logging
import sys
import time
from collections import Counter

from tests.simulation.part import BrokenPromiseError
from tests.simulation.schedule import Plan
from tests.simulation.trial import run
from tests.simulation.world import SHAPES


def main() -> int:
    """Return 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="this one, told in detail")
    parser.add_argument("--seeds", default="0-999", metavar="FIRST-LAST")
    options = parser.parse_args()
    logging.getLogger("tui_tracker").setLevel(logging.INFO if options.seed is not None else logging.CRITICAL)
    if options.seed is not None:
        print(Plan.of(options.seed, tuple(SHAPES)))
        for at_s, asked in run(options.seed).trace:
            print(f"{at_s:10.3f} {asked}")
        return 0
    first, _, last = options.seeds.partition("-")
    return _run_all(range(int(first), int(last or first) + 1))


def _run_all(seeds: range) -> int:
    began_s = time.process_time()
    minutes, requests, opened, streamed, broken = 0.0, 0, 0, 0, 0
    faults: Counter[tuple[str, str]] = Counter()
    for seed in seeds:
        try:
            outcome = run(seed)
        except BrokenPromiseError as error:
            broken += 1
            print(f"seed {seed}: {error}")
        else:
            minutes += outcome.minutes
            requests += len(outcome.trace)
            faults += outcome.faults
            opened += outcome.opened
            streamed += outcome.streamed
    took_s = time.process_time() - began_s
    print(
        f"{len(seeds):,} trials, {minutes:,.0f} simulated minutes, {requests:,} requests, "
        f"{opened:,} WebSockets with {streamed:,} quotes, {faults.total():,} faults of "
        f"{len(faults)} kinds at one source or another, {broken} broken promises; {took_s:.1f} s of a core"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

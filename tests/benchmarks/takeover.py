"""How soon another session collects: after the collector ended, was killed, or is frozen, at full load.

``python -m tests.benchmarks.takeover [pairs]``: two sessions over one history, on a clock that isn't fast, time after
time; a minute and a half.
"""

import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.kills import Session, start
from tests.benchmarks.timing import verdict

TIMES = 5
REST_S = 2.0
"""So long both are there before anything happens."""
PATIENCE_S = 60.0
CASES = (("exit", signal.SIGTERM, 1.0), ("kill", signal.SIGKILL, 1.0), ("freeze", signal.SIGSTOP, 3.0))


def until(session: Session, what: str, after_s: float = 0.0) -> float:
    """Wait until a session tells something (that it collects, with "leads"); return that instant."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        for said, number, at_s in tuple(session.told):
            if said == what and number and at_s > after_s:
                return at_s
        time.sleep(0.002)
    raise SystemExit(f"{what} did not come: {session.told}")


def measured(number: signal.Signals, pairs: int) -> float:
    """Seconds until the second of two sessions collects, once the first got a signal."""
    with tempfile.TemporaryDirectory() as name:
        sessions = []
        try:
            for what in ("leads", "ready"):
                sessions.append(start(Path(name), time.monotonic(), pairs, 1.0))
                until(sessions[-1], what)
            until(sessions[0], "ready")
            time.sleep(REST_S)
            begun_s = time.monotonic()
            sessions[0].process.send_signal(number)
            return until(sessions[1], "leads", begun_s) - begun_s
        finally:
            for each in sessions:
                each.process.kill()
                each.process.wait()


def main() -> None:
    """Run all."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 1_100
    print(f"Two sessions, {pairs} pairs: seconds until the other one collects, {TIMES} times each")
    for name, number, goal_s in CASES:
        times = [measured(number, pairs) for _ in range(TIMES)]
        verdict(f"after {name} (most {max(times):.2f} s)", statistics.median(times), goal_s, "s")


if __name__ == "__main__":
    main()

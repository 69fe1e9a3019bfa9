"""The app in a real pseudo-terminal of 140 × 40: ``python -m tests.benchmarks.app [PART …] [--peer crypto-terminal]``.

Each figure is printed beside its goal; parts say how long they take, and can be run alone. With ``--peer`` the parts
``first-paint`` and ``idle`` also measure another program (``pip install crypto-terminal==2.5.1`` in a venv of its own),
in turn with ours, both without a network. Other programs make times longer and processor shares uncertain: compare runs
on an idle machine only.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple
from urllib.request import urlopen

from tests.benchmarks.raw_pty import RawPty, command, exchange
from tests.benchmarks.timing import verdict

ROUNDS: Final = 9
NOWHERE: Final = ("--base-url", "kraken=http://127.0.0.1:9")
"""An exchange that is out of reach."""
OWN_PAINT: Final = rb"Pairs "
ANY_WORD: Final = rb"[A-Za-z]{3,} "
QUIET_PAIRS: Final = 20
LOADED: Final = 3 + 2 * QUIET_PAIRS
"""Requests after which all history is there: time, list, quotes, two of candles for each."""


class Contender(NamedTuple):
    """A program to be measured."""

    name: str
    argv: Sequence[str]
    painted: bytes
    """What its output has once something can be read."""


def contenders(peer: str) -> list[Contender]:
    """Our app without a network, and a peer if there is one."""
    ours = Contender("crypto-tui", command(*NOWHERE), OWN_PAINT)
    return [ours, Contender(Path(peer).name, [peer], ANY_WORD)] if peer else [ours]


def first_paint(peer: str) -> None:
    """Time to the first paint, beside the import of Textual alone."""
    imports: list[float] = []
    paints: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        start_s = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import textual.app"], check=True)
        imports.append(time.perf_counter() - start_s)
        for name, argv, painted in contenders(peer):
            with RawPty(argv) as app:
                paints.setdefault(name, []).append(app.read_until(painted))
    print(f"        import textual.app: {statistics.median(imports[1:]):.3f} s")
    for name, times_s in paints.items():
        print(f"        first paint of {name}: {statistics.median(times_s[1:]):.3f} s")
    ratios = [a / b for a, b in zip(paints["crypto-tui"][1:], imports[1:], strict=True)]
    verdict("first paint, of `python -c 'import textual.app'`", statistics.median(ratios), 1.8)


def idle(peer: str) -> None:
    """Bytes and processor time between two polls, all history loaded; then beside a peer, both without a network."""
    with exchange(QUIET_PAIRS) as url, RawPty(command("--base-url", f"kraken={url}", "--quote", "all")) as app:
        wait_for_history(app, url)
        cpu_s, written = app.cpu_s(), app.read_for(45)
        verdict("bytes written in 45 s between polls", written, 0, "B")
        verdict("idle processor time", (app.cpu_s() - cpu_s) / 45 * 100, 0.5, "%")
    for name, argv, painted in contenders(peer):
        with RawPty(argv) as program:
            program.read_until(painted)
            program.read_for(5)
            cpu_s, written = program.cpu_s(), program.read_for(20)
            share, size = (program.cpu_s() - cpu_s) / 20 * 100, written / 20
            print(f"        {name}, no network: {size:.0f} B/s, {share:.1f} % of a core, {program.rss_mb():.0f} MB")


def update(_peer: str) -> None:
    """Bytes of a full update: a minute of the simulated market, every price new, chart and table."""
    with RawPty(command("--demo", "--pairs", "60")) as app:
        app.read_until_shown(lambda text: "history" in text)
        app.read_until_shown(lambda text: "history" not in text, 120)
        app.read_for(2)
        before, first = len(app.output), polled_minute(app)
        app.read_for(20)
        written = len(app.output) - before
        polls = (polled_minute(app) - first) % (24 * 60)
        verdict(f"bytes of a full update, mean of {polls}", written / max(1, polls) / 1000, 25, "kB")


def polled_minute(app: RawPty) -> int:
    """The minute of the day of the last poll, as the top line tells it."""
    found = re.search(r"polled (\d\d):(\d\d):", app.text())
    assert found is not None, app.text()
    return int(found[1]) * 60 + int(found[2])


def cursor(_peer: str) -> None:
    """Key to paint and bytes of a cursor move between two polls, all history loaded."""
    with exchange(QUIET_PAIRS) as url, RawPty(command("--base-url", f"kraken={url}", "--quote", "all")) as app:
        wait_for_history(app, url)
        for pause_s, what in ((0.033, "held down"), (0.4, "one by one, with the chart that follows")):
            wait_for_second(app, 5)
            press_keys(app, 45.0, pause_s, what)


def wait_for_history(app: RawPty, url: str) -> None:
    """Read on until all history is there, and a minute has begun."""
    app.read_until(rb"history", 30)
    deadline_s = time.perf_counter() + 120
    while json.load(urlopen(f"{url}/control/stats"))["requests"] < LOADED and time.perf_counter() < deadline_s:
        app.read_for(1)
    wait_for_second(app, 5)


def press_keys(app: RawPty, seconds: float, pause_s: float, what: str) -> None:
    """Move the cursor down and up for a time, and print how long its paints took and how many bytes they had."""
    times_s: list[float] = []
    moved: list[int] = []
    end_s = time.perf_counter() + seconds
    while time.perf_counter() < end_s:
        before = len(app.output)
        times_s.append(app.key_s(b"j" if len(times_s) % 10 < 5 else b"k"))
        app.read_for(pause_s)
        moved.append(len(app.output) - before)
    report_latency(f"key to paint, {what}", times_s, 8)
    middle = statistics.median(moved)
    if pause_s < 0.2:
        verdict(f"bytes of a cursor move, {what}", middle, 600, "B")
    else:
        print(f"        bytes of a cursor move, {what}: median {middle:.0f}, most {max(moved)}")


def press_down(app: RawPty, seconds: float, pause_s: float) -> list[float]:
    """Move the cursor down for a time; return how long each paint took.

    Only down: a poll may bring the pair to the top, where a key that leads up paints nothing.
    """
    times_s: list[float] = []
    end_s = time.perf_counter() + seconds
    while time.perf_counter() < end_s:
        times_s.append(app.key_s(b"j"))
        app.read_for(pause_s)
    return times_s


def wait_for_second(app: RawPty, second: int) -> None:
    """Read on until a second of the minute."""
    app.read_for((second - time.time()) % 60)


def keys(_peer: str) -> None:
    """Key to paint at 3,000 pairs while history is loaded."""
    with exchange(3_000) as url, RawPty(command("--base-url", f"kraken={url}", "--quote", "all")) as app:
        app.read_until(rb"live", 60)
        app.read_for(3)
        wait_for_second(app, 5)
        report_latency("key to paint, 3,000 pairs, history loading", press_down(app, 45.0, 0.033), 8)


def busy(_peer: str) -> None:
    """Key to paint while polls of 3,000 pairs come in: one each 5 s, 3 s before the five are over."""
    with exchange(3_000) as url:
        arguments = ("--base-url", f"kraken={url}", "--quote", "all", "--interval", "5")
        with RawPty(command(*arguments)) as app:
            app.read_until(rb"live", 60)
            app.read_for(5)
            times_s: list[float] = []
            for _ in range(12):
                app.read_for((1.9 - time.time()) % 5)
                times_s += press_down(app, 1.5, 0.013)
            report_latency("key to paint, while a poll of 3,000 pairs comes in", times_s, 30)
            print(f"        resident memory with 3,000 pairs after a few polls: {app.rss_mb():.0f} MB")


def streamed(_peer: str) -> None:
    """Key to paint while 1,500 pairs are streamed, 5,000 changes a second."""
    flags = ("--quote", "all", "--stream")
    with exchange(1_500, updates=5_000) as url, RawPty(command("--base-url", f"kraken={url}", *flags)) as app:
        app.read_until(rb"streaming", 60)
        app.read_for(10)
        report_latency("key to paint, 5,000 changes a second", press_down(app, 45.0, 0.05), 50)


def report_latency(what: str, times_s: list[float], goal_ms: float) -> None:
    """Print the 99th percentile beside its goal."""
    ordered = sorted(times_s)
    middle, most = statistics.median(ordered) * 1e3, ordered[-1] * 1e3
    print(f"        {what}: median {middle:.1f} ms, most {most:.1f} ms, {len(ordered)} keys")
    verdict(f"{what}, p99", ordered[int(len(ordered) * 0.99)] * 1e3, goal_ms, "ms")


def many(_peer: str) -> None:
    """10,000 simulated pairs: first paint, first ranks, then keys, updates and memory."""
    with RawPty(command("--demo", "--pairs", "10000", "--quote", "all")) as app:
        print(f"        10,000 pairs: first paint {app.read_until(OWN_PAINT):.3f} s")
        print(f"        10,000 pairs: first ranks {app.read_until(rb'1/[0-9]', 120):.1f} s")
        app.read_for(10)
        report_latency("key to paint, 10,000 pairs, history loading", press_down(app, 10.0, 0.033), 8)
        before = len(app.output)
        report_latency("key to paint, 10,000 pairs, three polls of them", press_down(app, 45.0, 0.05), 30)
        print(f"        bytes with all of that: {(len(app.output) - before) / 45:.0f} B/s")
        print(f"        resident memory, 10,000 pairs, all metrics: {app.rss_mb():.0f} MB")


def day(_peer: str) -> None:
    """Memory over 24 simulated hours, painted minute by minute as fast as it goes.

    History has prices and flow only, so the windows of six other metrics fill meanwhile: some 100 kB a pair.
    """
    found: dict[int, float] = {}
    with RawPty([sys.executable, "-m", "tests.benchmarks.day"]) as app:
        deadline_s = time.perf_counter() + 900
        is_running = True
        while is_running and time.perf_counter() < deadline_s:
            with suppress(EOFError):
                is_running = False
                app.read_for(1)
                is_running = True
            marks = re.findall(rb"\x1b\]2;hour (\d+) rss (\d+)\x07", bytes(app.output))
            found |= {int(hour): int(rss) / 1024 for hour, rss in marks}
            del app.output[: max(0, len(app.output) - 200_000)]
    print("        " + "  ".join(f"{hour} h: {rss:.0f} MB" for hour, rss in sorted(found.items()) if hour % 4 == 0))
    last = max(found, default=0)
    if last < 13:
        raise TimeoutError(f"only {last} hours went by")
    what = f"memory growth from hour 12 to hour {last} of a simulated day"
    verdict(what, found[last] - found[12], 3, "MB")


def memory(_peer: str) -> None:
    """Resident memory of the loaded program with 24 h of 2,500 pairs."""
    for which, goal in (("price", 150), ("all", 320)):
        run = [sys.executable, "-m", "tests.benchmarks.memory", which]
        found = subprocess.run(run, capture_output=True, text=True, check=True)
        verdict(f"resident memory, 2,500 pairs, {which}", int(found.stdout) / 1024, goal, "MB")


def loop(_peer: str) -> None:
    """Longest time that one callback holds the event loop, from the bytes of a Ticker to the screen."""
    with exchange(1_500) as url:
        subprocess.run([sys.executable, "-m", "tests.benchmarks.loop", url], check=True)


@dataclass(frozen=True, slots=True)
class Part:
    """Something that can be measured alone."""

    run: Callable[[str], None]
    takes: str


PARTS: Final = {
    "first-paint": Part(first_paint, "10 s"),
    "idle": Part(idle, "4 min"),
    "update": Part(update, "30 s"),
    "cursor": Part(cursor, "4 min"),
    "keys": Part(keys, "2 min"),
    "busy": Part(busy, "80 s"),
    "streamed": Part(streamed, "70 s"),
    "memory": Part(memory, "1 min"),
    "day": Part(day, "5 min"),
    "many": Part(many, "2 min"),
    "loop": Part(loop, "20 s"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts that are asked for, one after the other; one that fails doesn't stop the others."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.app", description=__doc__)
    told = ", ".join(f"{name} ({part.takes})" for name, part in PARTS.items())
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{told}; all by default")
    parser.add_argument("--peer", default="", metavar="PATH", help="the command of a peer to measure beside ours")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    failed = False
    for name in options.parts or PARTS:
        print(f"{name} (about {PARTS[name].takes})", flush=True)
        try:
            PARTS[name].run(options.peer)
        except (TimeoutError, EOFError, subprocess.CalledProcessError) as error:
            failed = True
            print(f"  FAIL  {name}: {error}"[:500])
    sys.exit(failed)


if __name__ == "__main__":
    main()

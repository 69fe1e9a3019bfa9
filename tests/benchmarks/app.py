"""The app in a real pseudo-terminal, against the fake exchange in its own process: ``python -m tests.benchmarks.app``.

Each figure is printed beside its goal. Give parts as arguments (paint, idle, keys, memory, loop) to run only those.
"""

import fcntl
import json
import os
import pty
import re
import select
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Self
from urllib.request import urlopen

from tests.benchmarks.timing import verdict

ROWS, COLS = 40, 140
TICK: Final = os.sysconf("SC_CLK_TCK")


class RawPty:
    """A program in a pseudo-terminal whose output is only counted, not interpreted, so that reading takes no time."""

    def __init__(self, argv: Sequence[str]) -> None:
        home = tempfile.mkdtemp()
        environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "HOME": home}
        environ |= {name: f"{home}/{name}" for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")}
        environ.pop("NO_COLOR", None)
        self.began_s = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if not self.pid:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLS, 0, 0))
            os.execvpe(argv[0], list(argv), environ)
        self.output = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)

    def read(self, timeout_s: float) -> int:
        """Read what comes within a time; return the bytes, 0 if none came."""
        ready, _, _ = select.select([self.fd], [], [], timeout_s)
        if not ready:
            return 0
        data = os.read(self.fd, 65_536)
        self.output += data
        return len(data)

    def read_for(self, seconds: float) -> int:
        """Read for a time; return the bytes."""
        end_s, before = time.perf_counter() + seconds, len(self.output)
        while (left_s := end_s - time.perf_counter()) > 0:
            self.read(left_s)
        return len(self.output) - before

    def read_until(self, pattern: bytes, timeout_s: float = 60.0) -> float:
        """Read until the whole output holds a pattern; return the seconds since the start of the program."""
        end_s = time.perf_counter() + timeout_s
        while not re.search(pattern, self.output):
            if time.perf_counter() > end_s:
                raise TimeoutError(f"no {pattern!r} in {bytes(self.output[-2000:])!r}")
            self.read(0.5)
        return time.perf_counter() - self.began_s

    def key_s(self, key: bytes) -> float:
        """Send a key; return the seconds until the first byte of what it changed."""
        while self.read(0):
            pass
        start_s = time.perf_counter()
        os.write(self.fd, key)
        self.read(2.0)
        return time.perf_counter() - start_s

    def cpu_s(self) -> float:
        """Processor time used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def rss_mb(self) -> float:
        """Resident memory."""
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())
        return int(found[1]) / 1024 if found else 0.0


@contextmanager
def exchange(pairs: int) -> Iterator[str]:
    """The fake exchange in a process of its own; yields its URL."""
    command = [sys.executable, "-m", "tests.support.fake_kraken", "--pairs", str(pairs), "--port", "0"]
    process = subprocess.Popen([*command, "--duration", "600"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        for path in ("AssetPairs", "Ticker"):
            urlopen(f"{url}/0/public/{path}").read()  # the first answer is built slowly
        yield url
    finally:
        process.terminate()
        process.wait()


def command(*arguments: str) -> list[str]:
    """The installed command."""
    return [str(Path(sys.executable).with_name("crypto-tui")), *arguments]


def paint() -> None:
    """Time to the first paint, beside the import of Textual alone."""
    imports, paints = [], []
    for _ in range(9):
        start_s = time.perf_counter()
        subprocess.run([sys.executable, "-c", "import textual.app"], check=True)
        imports.append(time.perf_counter() - start_s)
        with RawPty(command("--base-url", "kraken=http://127.0.0.1:9")) as app:
            paints.append(app.read_until(b"Ranked"))
    ratios = [a / b for a, b in zip(paints[1:], imports[1:], strict=True)]
    painted, imported = statistics.median(paints[1:]), statistics.median(imports[1:])
    print(f"First paint: {painted:.3f} s; import textual.app: {imported:.3f} s")
    verdict("first paint, of `python -c 'import textual.app'`", statistics.median(ratios), 1.8)


def idle() -> None:
    """Bytes, processor time and key to paint between two polls, once all history is loaded."""
    with exchange(12) as url, RawPty(command("--base-url", f"kraken={url}", "--quote", "all")) as app:
        app.read_until(rb"history", 30)
        deadline_s = time.perf_counter() + 90
        while json.load(urlopen(f"{url}/control/stats"))["requests"] < LOADED and time.perf_counter() < deadline_s:
            app.read_for(1)
        wait_for_second(app, 5)
        cpu_s, written = app.cpu_s(), app.read_for(45)
        verdict("bytes written in 45 s between polls", written, 0, "B")
        verdict("idle processor time", (app.cpu_s() - cpu_s) / 45 * 100, 0.5, "%")
        for pause_s, what in ((0.3, "one by one"), (0.033, "held down")):
            wait_for_second(app, 5)
            press_keys(app, 45.0, pause_s, f"key to paint, idle, {what}", 8)


LOADED: Final = 3 + 2 * 12
"""Requests after which all history of 12 pairs is there: time, list, quotes, two of candles for each."""


def press_keys(app: RawPty, seconds: float, pause_s: float, what: str, goal_ms: float) -> None:
    """Move the cursor for a time, and print how long its paints took and how many bytes they had."""
    times_s: list[float] = []
    moved: list[int] = []
    end_s = time.perf_counter() + seconds
    while time.perf_counter() < end_s:
        before = len(app.output)
        times_s.append(app.key_s(b"j" if len(times_s) % 20 < 10 else b"k"))
        app.read_for(pause_s)
        moved.append(len(app.output) - before)
    report_latency(what, times_s, goal_ms)
    print(f"        bytes of a cursor move: median {statistics.median(moved):.0f}, most {max(moved)}")


def wait_for_second(app: RawPty, second: int) -> None:
    """Read on until a second of the minute."""
    app.read_for((second - time.time()) % 60)


def keys() -> None:
    """Key to paint while history is loaded, and while polls of 3,000 pairs come in."""
    with exchange(3_000) as url, RawPty(command("--base-url", f"kraken={url}", "--quote", "all")) as app:
        app.read_until(rb"live", 60)
        app.read_for(3)
        wait_for_second(app, 5)
        press_keys(app, 45.0, 0.033, "key to paint at 3,000 pairs while history loads", 8)
        busy_s = []
        for _ in range(3):
            wait_for_second(app, 56)
            end_s = time.perf_counter() + 5
            number = 0
            while time.perf_counter() < end_s:
                busy_s.append(app.key_s(b"j" if number % 40 < 20 else b"k"))
                number += 1
                app.read_for(0.013)
        report_latency("key to paint, while a poll of 3,000 pairs comes in", busy_s, 30)
        print(f"        resident memory with 3,000 pairs after a few polls: {app.rss_mb():.0f} MB")


def report_latency(what: str, times_s: list[float], goal_ms: float) -> None:
    """Print the 99th percentile beside its goal."""
    ordered = sorted(times_s)
    middle, most = statistics.median(ordered) * 1e3, ordered[-1] * 1e3
    print(f"        {what}: median {middle:.1f} ms, most {most:.1f} ms, {len(ordered)} keys")
    verdict(f"{what}, p99", ordered[int(len(ordered) * 0.99)] * 1e3, goal_ms, "ms")


MEMORY = """
import random, sys
import tui_tracker.tui.app, tui_tracker.engine.engine, httpx
from tui_tracker.core.instrument import Instrument
from tui_tracker.core.ticker import Ticker
from tui_tracker.engine.market import Market
from tui_tracker.engine.rows import make_row, market_rates
every_metric = sys.argv[1] == "all"
market, source = Market(), random.Random(1)
names = [f"kraken:A{n}-USD" for n in range(2500)]
market.list_instruments([Instrument(n, n[7:-4], "USD", n, (), 2) for n in names], 0)
prices = [source.uniform(0.01, 90000) for _ in names]
for minute in range(28_000_000, 28_000_000 + 1440):
    at_ms = minute * 60_000 + 57_000
    prices = [round(p * (1 + source.gauss(0, 5e-4)), 4) or 0.01 for p in prices]
    if every_metric:
        day = minute % 1440
        batch = [
            Ticker(n, p, p * 0.999, p * 1.001, 5 * p, 7 * p, int(p) + 1, p, p, p * 1e-3 * day * (day + 1), day * 3)
            for n, p in zip(names, prices)
        ]
    else:
        batch = [Ticker(n, p, None, None, None, None, None) for n, p in zip(names, prices)]
    market.apply(batch, at_ms, at_ms)
    market.close_poll(at_ms)
rows = [make_row(market, h, market_rates(market)) for h in market]
print(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1])
"""


def memory() -> None:
    """Resident memory of the loaded program with 24 h of 2,500 pairs."""
    for which, goal in (("price", 150), ("all", 320)):
        run = subprocess.run([sys.executable, "-c", MEMORY, which], capture_output=True, text=True, check=True)
        verdict(f"resident memory, 2,500 pairs, {which}", int(run.stdout) / 1024, goal, "MB")


def loop() -> None:
    """Longest time that one callback holds the event loop, from the bytes of a Ticker to the screen."""
    with exchange(1_500) as url:
        subprocess.run([sys.executable, "-m", "tests.benchmarks.loop", url], check=True)


PARTS = {"paint": paint, "loop": loop, "memory": memory, "keys": keys, "idle": idle}


if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()

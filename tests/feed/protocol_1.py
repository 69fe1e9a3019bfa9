"""One message of each kind of protocol 1, and the bytes that release 0.2 made of them.

``python -m tests.feed.protocol_1`` recorded the bytes, once. They are never written anew: every later version
reads them.
"""

from pathlib import Path
from typing import Final

from tests.support.feed import AT_MS, END_MS, WINDOW, live_status, make_pairs
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.feed import messages
from tui_tracker.feed.translate import rows_event
from tui_tracker.feed.wire import Codec, Encoding

FOLDER: Final = Path(__file__).parent / "recorded"


def events() -> tuple[messages.Event, ...]:
    """One event of each kind, every field filled."""
    rows = tuple(pair.row() for pair in make_pairs(count=20)[8:13])
    snapshot = Snapshot(7, AT_MS, END_MS, WINDOW, rows, live_status())
    backfill = messages.Backfill(3, 9, ("fake:A-B",), 12.5, 5)
    history = messages.History(1, "full", "free some", 2, True, "moved")
    status = messages.Status("kraken", "stale", False, 1, 2, 3, "timed out", 4, -5, 6, 7, 8, 9, backfill, history)
    return (
        messages.Hello(protocol=1, server="0.2.0", epoch="e", source="kraken", clock_rate=60.0, max_subscriptions=9),
        rows_event(snapshot, rows),
        rows_event(snapshot, rows[:1], base=6),
        messages.Report(
            status=status,
            requests=messages.Requests(1, 2, 3, 4, 5, 6, 7, 8),
            errors=(messages.Tally("timed out", 2, 3, "late"),),
            skipped=(("XBTX", "no base"),),
        ),
        messages.SeriesWire(id="fake:A-B", metric="price", start_ms=60_000, values=(0.1, None, 5e-324, 1e60)),
        messages.Samples(id="fake:A-B", metric="price", start_ms=0, length=9, samples=((60_000, 0.1), (120_000, None))),
        messages.Statistics(
            id="fake:A-B",
            metric="price",
            stddev=0.1,
            mean=1.0,
            min=0.5,
            max=2.0,
            first=1.0,
            last=1.5,
            change_pct=50.0,
            cv=0.1,
            volatility=0.9,
            range_pct=150.0,
            bipower=None,
            coverage=0.95,
            ranks={"stddev": "1/3", "cv": None},
            reason="undefined",
        ),
        messages.RankingWire(
            spec=messages.RankingSpec("price", "cv", "USD", ("fake:A-B",), 1e6, 5),
            ranked=1,
            places=(
                messages.PlaceWire("fake:A-B", "A/B", 1, 0.25),
                messages.PlaceWire("fake:C-D", "C/D", None, None, "no trades"),
            ),
        ),
        messages.Polling(at_ms=5),
        messages.Pong(ping=6),
        messages.Trouble(title="Unknown pair", detail="unknown pair 'x'", id="x"),
    )


COMMAND: Final = messages.Command(
    subscribe=("fake:A-B",),
    unsubscribe=("fake:C-D",),
    windows=(("fake:A-B", "flow"),),
    metrics=("price", "mid"),
    statistics=False,
    ranking=messages.RankingSpec(by="cv"),
    rows=True,
    resume=messages.Resume("e", 41),
    prioritise=("fake:A-B",),
    poll=True,
    ping=6,
)


def recorded(encoding: Encoding, what: str) -> bytes:
    """Bytes that were recorded."""
    return (FOLDER / f"protocol_1_{what}.{encoding.value}").read_bytes()


def _record() -> None:
    for encoding in Encoding:
        codec = Codec(encoding)
        frame = codec.frame(42, 7, AT_MS, [codec.event(event) for event in events()])
        for what, data in (("frame", frame), ("command", codec.command(COMMAND))):
            path = FOLDER / f"protocol_1_{what}.{encoding.value}"
            assert not path.exists(), f"{path} is what programs out there send"
            path.write_bytes(data)


if __name__ == "__main__":
    _record()

"""All open streams and what they follow: one refresh of each thing for every snapshot, however many follow it."""

import asyncio
import logging
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import zip_longest
from typing import Final, NamedTuple

from tui_tracker.api.board import Board
from tui_tracker.api.patience import Patience
from tui_tracker.api.topics import Topic
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.feed.wire import Codec, Encoding

MOST_IDLE: Final = 256
"""Things that are kept up to date although nobody follows them now, so that a client that comes back gets what it
missed and no more."""
TOPICS_AT_A_TIME: Final = 8
SHARED_S: Final = 0.05
"""A frame tells the time: it is sent again for no longer than this."""
MOST_SHARED: Final = 128
_log = logging.getLogger(__name__)


class _Shared(NamedTuple):
    """A frame that goes to several."""

    data: bytes | str
    parts: Sequence[bytes]
    """What it is known by: kept, so that no other bytes come to lie where these are."""
    until_s: float


class Streams:
    """Follows the board on behalf of every open stream.

    Args:
        board: Where snapshots come from.
        min_frame_s: A stream gets at most one frame in so many seconds.
    """

    def __init__(self, board: Board, min_frame_s: float = 0.2) -> None:
        self.board: Final = board
        self.min_frame_s: Final = min_frame_s
        self.codecs: Final = {encoding: Codec(encoding) for encoding in Encoding}
        self.seq = 0
        """Number of the newest state."""
        self.patience: Final = Patience()
        self.lock: Final = asyncio.Lock()
        """Held while things move from one state to the next."""
        self.count = 0
        """Open streams."""
        self.closing: str = ""
        """Why streams are to end; empty while they go on."""
        self._topics: dict[Hashable, Topic] = {}
        self._is_empty = asyncio.Event()
        self._wakes: set[asyncio.Event] = set()
        self._wanted: dict[object, Sequence[str]] = {}
        self._frames: dict[Hashable, _Shared] = {}

    async def run(self) -> None:
        """Bring every snapshot to every stream, until cancelled."""
        snapshot: Snapshot | None = None
        while True:
            snapshot = await self.board.newer_than(snapshot)
            async with self.lock:
                await self._advance(snapshot)
            self._wake()

    async def _advance(self, snapshot: Snapshot) -> None:
        seq = self.seq + 1
        self._frames.clear()
        idle = [key for key, topic in self._topics.items() if not topic.followers]
        costly = [key for key in idle if self._topics[key].is_costly]
        for key in {*idle[: max(0, len(idle) - MOST_IDLE)], *costly}:
            del self._topics[key]
        for index, topic in enumerate(tuple(self._topics.values())):
            await topic.refresh(self.board, snapshot, seq)
            if index % TOPICS_AT_A_TIME == 0:
                await asyncio.sleep(0)
        self.seq = seq

    async def topic(self, key: Hashable, make: Callable[[], Topic]) -> tuple[Topic, bool]:
        """The thing of this key, up to date, for one more follower; and whether it was kept until now.

        One that is made only now can't tell what led to it, so a client that resumes gets the whole of it.
        """
        async with self.lock:
            known = self._topics.pop(key, None)
            topic = make() if known is None else known
            if known is None and self.board.latest is not None:
                await topic.refresh(self.board, self.board.latest, self.seq)
            self._topics[key] = topic
            topic.followers += 1
            return topic, known is not None

    def frame(self, codec: Codec, seq: int, parts: Sequence[bytes]) -> bytes | str:
        """A frame of events, one for all that get the same at about the same instant; in JSON a text."""
        key = codec.encoding, seq, *map(id, parts)
        now_s = asyncio.get_running_loop().time()
        shared = self._frames.get(key)
        if shared is None or now_s > shared.until_s:
            if len(self._frames) >= MOST_SHARED:
                self._frames.clear()
            made = self.made_frame(codec, seq, parts)
            shared = self._frames[key] = _Shared(made, parts, now_s + SHARED_S)
        return shared.data

    def made_frame(self, codec: Codec, seq: int, parts: Sequence[bytes]) -> bytes | str:
        """A frame of events for one; in JSON a text."""
        latest = self.board.latest
        data = codec.frame(seq, 0 if latest is None else latest.version, self.board.now_ms(), parts)
        return data.decode() if codec.encoding is Encoding.JSON else data

    def release(self, topic: Topic) -> None:
        """One follower less."""
        topic.followers -= 1

    @contextmanager
    def open(self) -> Iterator[asyncio.Event]:
        """While inside a stream is open; the event is set whenever there may be something to send."""
        wake = asyncio.Event()
        self._wakes.add(wake)
        self.count += 1
        self._is_empty.clear()
        try:
            yield wake
        finally:
            self._wakes.discard(wake)
            self.count -= 1
            if not self.count:
                self._is_empty.set()

    def prioritise(self, who: object, instrument_ids: Sequence[str]) -> None:
        """Load history first of what each stream wants first, then of what each wants second, and so on."""
        if not instrument_ids and who not in self._wanted:
            return
        self._wanted.pop(who, None)
        if instrument_ids:
            self._wanted[who] = instrument_ids
        turns = zip_longest(*self._wanted.values())
        self.board.feed.prioritise(tuple(dict.fromkeys(name for turn in turns for name in turn if name is not None)))

    async def close(self, reason: str, most_s: float) -> None:
        """Have every stream end, with a reason, and wait for that, but not for longer than ``most_s``."""
        self.closing = reason
        self._wake()
        if self.count:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_empty.wait(), most_s)

    def _wake(self) -> None:
        for wake in self._wakes:
            wake.set()

"""The WebSockets of an exchange, and the line to them, without a network: seeded delays, faults, and what was said."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from socket import EAI_NONAME, gaierror
from typing import Final, cast

from tests.simulation.exchange import BANS
from tests.simulation.ledger import Ledger, Refused
from tests.simulation.link import End, connect
from tests.simulation.loop import SimulatedLoop, true_ms
from tests.simulation.schedule import OPENING, SAYING, Spell
from tests.simulation.world import World
from tests.support.exchanges.socket import FakeSocket
from tests.support.exchanges.stream import FakeStream, Json, Told
from tests.support.exchanges.streams import STREAMS
from tests.support.fake_kraken_http import read_request
from tests.support.fake_kraken_stream import FakeKrakenStream
from tests.support.fake_kraken_transport import Connection

MINUTE_S: Final = 60.0
SILENT: Final = ("ws_mute", "ws_deaf", "ws_silence", "ws_stall", "ws_unknown")
"""Faults after which a connection is there and says nothing …"""
FOUND_S: Final = {"kraken": 21.0, "coinbase": 21.0}
USUALLY_FOUND_S: Final = 66.0
"""… which is found within this time."""
UNSTAMPED: Final = ("coinbase",)
"""Those that don't tell when a quote is from."""
LAST_KEYS: Final = {"kraken": "last", "binance": "c", "bybit": "lastPrice", "coinbase": "price", "okx": "last"}
BAD_PRICES: Final[tuple[Json, ...]] = ("NaN", "-5", "1e309", "abc", None, {}, [])
GARBAGE: Final = ("", "{", "nonsense \x1b[31m", "[]", "null", "[" * 5_000, '{"data":7}', '{"channel":"ticker"}')
BEAT_S: Final = 8.0
Said = Callable[[str, float, int | None], None]


class _Kraken(FakeKrakenStream):
    """Of the pairs that all exchanges share."""

    def __init__(self, symbols: Sequence[str], told: Callable[[str], Told], now_ms: Callable[[], int]) -> None:
        FakeStream.__init__(self, symbols, told, now_ms)


class SimulatedStream:
    """The WebSockets of one exchange.

    Args:
        world: Of which pairs are told.
        spells: When what goes wrong, one after the other.
        rng: Draws all that is left to chance.
        ledger: Told of everything.
        on_said: Called when a good quote has come: pair, price, and the instant that it tells.
    """

    def __init__(
        self, world: World, spells: Sequence[Spell], rng: random.Random, ledger: Ledger, on_said: Said
    ) -> None:
        self.name = world.wire.name
        self._host = f"{self.name}.example"
        self.ends_s = max((spell.end_s for spell in spells), default=0.0)
        """When the last of the spells is over."""
        self.is_hushed = False
        """Whether nothing is said for a moment."""
        self.sockets: set[FakeSocket] = set()
        """All that quotes were told on."""
        self._world = world
        self._spells = deque(spells)
        self._rng = rng
        self._ledger = ledger
        self._on_said = on_said
        self._loop = cast(SimulatedLoop, asyncio.get_running_loop())
        own = world.wire.name == "kraken"
        self._pairs = {name if own else world.wire.symbol(pair): name for name, pair in world.pairs.items()}
        kind = _Kraken if own else STREAMS[self.name]
        self._fake = kind(list(self._pairs), self._told, lambda: true_ms(self._loop))
        self.url = f"ws://{self._host}{self._fake.path}"
        self._fake.on_quote = self._note_quote
        self._fake.beat_s = None if self._fake.beat_s is None else BEAT_S  # type: ignore[misc]
        self._is_good = True
        self._count = 0
        self._group: asyncio.TaskGroup
        self._ends: set[End] = set()

    @property
    def open_ends(self) -> int:
        """How many connections there are, seen from the exchange."""
        return len(self._ends)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Speak while inside; leaving waits for who is still connected to go."""
        self._loop.hosts[self._host] = self._dial
        async with asyncio.TaskGroup() as self._group:
            speaking = self._group.create_task(self._speak())
            try:
                yield
            finally:
                speaking.cancel()

    async def _dial(self, client: asyncio.Protocol) -> asyncio.Transport:
        fault = self._fault(OPENING)
        self._ledger.opened_s.append(self._loop.time())
        try:
            if fault == "ws_hang":
                await asyncio.sleep(1_000)
            await asyncio.sleep(self._rng.uniform(0.05, 0.3))
        finally:
            self._note_fault(fault)
        if fault == "ws_refused":
            raise ConnectionRefusedError(111, "Connection refused")
        if fault == "ws_dns":
            raise gaierror(EAI_NONAME, "Name or service not known")
        status = fault.removeprefix("ws_").partition("_")[0]
        self._fake.refuses = 302 if fault == "ws_redirect" else int(status) if status.isdecimal() else None
        self._fake.is_silent = fault == "ws_mute"
        self._fake.is_deaf = fault == "ws_deaf"
        is_said = fault == "ws_unknown" and self.name != "binance"  # which accepts unknown pairs in silence
        self._fake.unknown = set(self._pairs) if is_said else set()
        reader = asyncio.StreamReader()
        server = asyncio.StreamReaderProtocol(reader)
        near, far = connect(client, server, lambda: self._rng.uniform(0.01, 0.3))
        self._ends.add(far)
        writer = asyncio.StreamWriter(far, server, reader, self._loop)
        self._group.create_task(self._serve(Connection(reader, writer, 0), far, fault))
        return near

    async def _serve(self, connection: Connection, far: End, fault: str) -> None:
        try:
            request = await read_request(connection.reader)
            if request is None:
                return
            if self._fake.refuses is not None:
                self._note_refusal(str(self._fake.refuses), fault)
            await self._fake.serve(connection, request)
        finally:
            far.close()
            self._ends.discard(far)

    def _note_refusal(self, status: str, fault: str) -> None:
        """For how long it forbids to come again."""
        after_s = self._rng.choice((1, 7, 30, 130)) if fault.endswith("_after") else 0
        self._fake.retry_after = str(after_s) if after_s else None
        pause_s = max(BANS.get(self.name, {}).get(status, 0.0), float(after_s))
        at_s = self._loop.time()
        if pause_s:
            self._ledger.stream_refused.append(Refused(at_s, at_s + pause_s, fault))
            self._clear_at(at_s + pause_s)

    def _fault(self, kinds: Sequence[str]) -> str:
        now_s = self._loop.time()
        while self._spells and self._spells[0].end_s <= now_s:
            self._spells.popleft()
        spell = self._spells[0] if self._spells else None
        if spell is None or spell.start_s > now_s or self._rng.random() >= spell.chance:
            return ""
        found = [kind for kind in spell.kinds if kind in kinds]
        return self._rng.choice(found) if found else ""

    def _note_fault(self, fault: str) -> None:
        if fault:
            self._ledger.faults[fault] += 1
            found_s = FOUND_S.get(self.name, USUALLY_FOUND_S) if fault in SILENT else 0.0
            self._clear_at(self._loop.time() + found_s)

    def _clear_at(self, at_s: float) -> None:
        self._ledger.stream_clear_s = max(self._ledger.stream_clear_s, at_s)

    async def _speak(self) -> None:
        """Tell of each pair in each minute, at times once more at its very end."""
        while True:
            begins_s = self._loop.time() - true_ms(self._loop) % 60_000 / 1000
            symbols = list(self._pairs)
            moments = [(self._rng.uniform(0, MINUTE_S), symbol) for symbol in symbols]
            moments += [(MINUTE_S - self._rng.random(), symbol) for symbol in symbols if self._rng.random() < 0.3]
            for into_s, symbol in sorted(moments):
                if (wait_s := begins_s + into_s - self._loop.time()) > 0:
                    await asyncio.sleep(wait_s)
                    self._say(symbol)
            await asyncio.sleep(begins_s + MINUTE_S + 0.001 - self._loop.time())

    def _say(self, symbol: str) -> None:
        fake = self._fake
        self.sockets.update(fake.sockets)
        if self.is_hushed or fake.is_silent:
            return
        fault = self._fault(SAYING) if fake.followers(symbol) else ""
        self._note_fault(fault)
        match fault:
            case "ws_reset":
                fake.drop()
            case "ws_close":
                fake.end(1012, "service restart")
            case "ws_shutdown":
                self._shut_down()
            case "ws_stall":
                for socket in fake.sockets:
                    cast(End, socket.transport).other.is_stalled = True
            case "ws_silence":
                fake.is_silent = True
            case "ws_frame":
                self._break_off(b"\xff\xff\xff\xff")
            case "ws_big":
                self._break_off(b"\x81\x7f" + (5_000_000).to_bytes(8, "big") + bytes(100))
            case "ws_garbage":
                fake.say(symbol, self._rng.choice(GARBAGE))
            case "ws_lost":
                fake.lose()
                fake.push(symbol)
            case _:
                self._tell(symbol, fault)

    def _tell(self, symbol: str, fault: str) -> None:
        """Tell of a pair; perhaps of something else after it that counts for nothing."""
        fake = self._fake
        fake.push(symbol)
        self._is_good = fault == "ws_repeated"
        match fault:
            case "ws_late":
                fake.push_late(symbol, self._told(symbol))
            case "ws_repeated":
                fake.repeat_last(symbol)
            case "ws_bad_price":
                fake.push(symbol, None, 0, **{LAST_KEYS[self.name]: self._rng.choice(BAD_PRICES)})
        self._is_good = True

    def _shut_down(self) -> None:
        """As announced, where it is."""
        notice = self._fake.shutdown()
        if notice is None:
            self._fake.end(1001, "going away")
            return
        self._fake.announce(notice)
        self._stop_telling()
        self._loop.call_later(3, self._fake.end, 1001, "going away")

    def _break_off(self, data: bytes) -> None:
        """Send what is no message, and nothing after it."""
        for socket in self._fake.sockets:
            socket.transport.write(data)
        self._stop_telling()

    def _stop_telling(self) -> None:
        for socket in self._fake.sockets:
            socket.symbols.clear()

    def _told(self, symbol: str) -> Told:
        """What the market says, each time with another price of the last digits and another volume."""
        pair = self._world.pairs[self._pairs[symbol]]
        quote, unit = self._world.wire.market.quote(pair, true_ms(self._loop)), 10.0**pair.digits
        self._count += 1
        last = float(pair.text(max(quote.last, 1) + self._count % 7))
        bid, ask, high, low = (ticks / unit for ticks in (quote.bid, quote.ask, quote.high, quote.low))
        return Told(last, bid, ask, quote.volume / 1e8 + self._count, float(quote.turnover), high, low, quote.trades)

    def _note_quote(self, socket: FakeSocket, symbol: str, told: Told, at_ms: int) -> None:
        if self._is_good and socket.is_open:
            stamp_ms = None if self.name in UNSTAMPED else at_ms
            near = cast(End, socket.transport).other
            near.then(partial(self._hear, near, self._pairs[symbol], told.last, stamp_ms))

    def _hear(self, near: End, pair: str, price: float, stamp_ms: int | None) -> None:
        if not near.is_closing():
            self._on_said(pair, price, stamp_ms)

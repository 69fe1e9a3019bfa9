"""What goes wrong when, drawn from a seed."""

import random
from dataclasses import dataclass
from typing import Final

CONNECT: Final = ("refused", "dns", "tls", "connect_hang")
LINE: Final = ("reset", "reset_body", "hang", "drip", "slow")
BODY: Final = (
    *("truncated", "doubled", "empty", "html", "gzip_garbage", "gzip_bomb", "huge", "charset", "null", "empty_list"),
    *("redirect_loop", "redirect_away"),
)
STATUS: Final = (
    *("403", "451", "418", "429", "429_after", "500", "502", "503", "503_after", "504", "520", "too_many"),
)
DATA: Final = ("bad_price", "missing_pair", "bad_candle", "duplicate", "wrong_type")
KINDS: Final = (*CONNECT, *LINE, *BODY, *STATUS, *DATA)
OPENING: Final = (
    *("ws_refused", "ws_dns", "ws_hang", "ws_redirect", "ws_403", "ws_418", "ws_429", "ws_429_after", "ws_503"),
    *("ws_mute", "ws_deaf", "ws_unknown"),
)
"""What goes wrong when a WebSocket is opened …"""
SAYING: Final = (
    *("ws_reset", "ws_close", "ws_shutdown", "ws_stall", "ws_silence", "ws_frame", "ws_big"),
    *("ws_late", "ws_repeated", "ws_lost", "ws_garbage", "ws_bad_price"),
)
"""… and when a quote is to be told on one."""
STREAM_KINDS: Final = (*OPENING, *SAYING)
CALLS: Final = ("quotes", "candles", "instruments", "time")
STREAMED: Final = ("kraken", "binance", "coinbase", "okx", "bybit")
UNSTREAMED: Final = 0.8
"""Share of the trials of those in which there are only polls."""


@dataclass(frozen=True, slots=True)
class Spell:
    """A time in which something goes wrong. Seconds since the beginning."""

    start_s: float
    end_s: float
    kinds: tuple[str, ...]
    calls: tuple[str, ...]
    """Which requests it hits."""
    chance: float
    """Of each of them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One trial."""

    seed: int
    sources: tuple[str, ...]
    interval_s: int
    window_minutes: int
    ahead_ms: int
    """How wrong the clock of this machine is."""
    jumps: tuple[tuple[float, int], ...]
    """When that clock is set, and by how many ms."""
    spells: tuple[tuple[Spell, ...], ...]
    """For each source."""
    away_s: tuple[float, float] | None
    """From when until when each exchange neither lists nor quotes one of its pairs."""
    stream_spells: tuple[tuple[Spell, ...] | None, ...] = ()
    """For each source, of its stream; ``None`` where there are only polls."""
    most_pairs: int | None = None
    """So many pairs are asked for on one connection, and one in a message, instead of very many."""

    @staticmethod
    def of(seed: int, names: tuple[str, ...]) -> "Plan":
        """Draw one."""
        rng, chance = random.Random(f"plan {seed}"), random.Random(f"streams {seed}")
        count = 2 if rng.random() < 0.15 else 1
        sources = tuple(rng.sample(names, count))
        spells = tuple(_draw_spells(rng) for _ in sources)
        ends_s = max(spell.end_s for some in spells for spell in some)
        has_jumps = rng.random() < 0.15
        leaves_s = rng.uniform(60, 1_500)
        away_s = (leaves_s, leaves_s + rng.uniform(200, 1_500)) if rng.random() < 0.05 and not has_jumps else None
        jumps = tuple(sorted((rng.uniform(60, ends_s), _jump_ms(rng)) for _ in range(rng.randint(1, 3))))
        return Plan(
            seed,
            sources,
            rng.choice((60, 60, 60, 60, 30, 120)),
            rng.choice((60, 60, 60, 90, 90, 400, 1_440)),
            rng.randint(-4_000, 4_000),
            jumps if has_jumps else (),
            spells,
            away_s,
            tuple(_draw_stream(chance, name) if away_s is None else None for name in sources),
            chance.choice((None, None, 3, 1)),
        )


def _draw_stream(rng: random.Random, name: str) -> tuple[Spell, ...] | None:
    """What goes wrong with a stream, if there is one: from time to time, and not for long."""
    if name not in STREAMED or rng.random() < UNSTREAMED:
        return None
    spells: list[Spell] = []
    at_s = 0.0 if rng.random() < 0.2 else rng.uniform(20, 150)
    for _ in range(rng.choice((1, 2, 2))):
        end_s = at_s + rng.uniform(20, 200)
        kinds = tuple(rng.sample(STREAM_KINDS, rng.choice((1, 2, 4))))
        spells.append(Spell(at_s, end_s, kinds, ("stream",), rng.choice((1.0, 0.5, 0.2))))
        at_s = end_s + rng.uniform(30, 120)
    return tuple(spells)


def _draw_spells(rng: random.Random) -> tuple[Spell, ...]:
    spells: list[Spell] = []
    at_s = 0.0 if rng.random() < 0.2 else rng.uniform(20, 150)
    for _ in range(rng.choice((1, 2, 2))):
        end_s = at_s + rng.choice((rng.uniform(10, 90), rng.uniform(60, 300)))
        kinds = tuple(rng.sample(KINDS, rng.choice((1, 1, 2, 4))))
        calls = CALLS if rng.random() < 0.6 else tuple(rng.sample(CALLS, rng.randint(1, 2)))
        spells.append(Spell(at_s, end_s, kinds, calls, rng.choice((1.0, 1.0, 0.6, 0.3))))
        at_s = end_s + rng.uniform(30, 120)
    return tuple(spells)


def _jump_ms(rng: random.Random) -> int:
    return rng.choice((-1, 1)) * rng.choice((rng.randint(2_500, 20_000), rng.randint(60_000, 1_200_000)))

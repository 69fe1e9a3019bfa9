"""Sequences of integers as bytes that compress well, packed and unpacked without a loop over single numbers.

Signed integers become lanes of 1, 2, 4 or 8 bytes, as few as hold them all. Wider lanes are zigzag-coded, so that small
negative numbers have zeros in front (Protocol Buffers, "Encoding": ``(n << 1) ^ (n >> 63)``), and byte-shuffled: first
the lowest byte of every lane, then the next (Blosc). Zigzag is computed in all lanes at once, on one large integer.
"""

import sys
from array import array
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

_CODES: Final = {1: "b", 2: "h", 4: "i", 8: "q"}
WIDTHS: Final = (0, 1, 2, 4, 8)
"""Bytes a lane; 0 stands for zeros alone."""


def pack(numbers: Sequence[int]) -> tuple[int, bytes]:
    """Return (bytes a lane, lanes) of integers of at most 63 bits. O(n), some 20 ns each."""
    low, high = min(numbers), max(numbers)
    if low == high == 0:
        return 0, b""
    width = next(width for width in WIDTHS[1:] if -(1 << 8 * width - 1) <= low and high < 1 << 8 * width - 1)
    lanes = _little(array(_CODES[width], numbers))
    return width, lanes if width == 1 else shuffled(_zigzag(lanes, width), width)


def unpack(width: int, lanes: bytes) -> "array[int]":
    """Return the integers that ``pack`` was given; ``width`` is 1 or more."""
    numbers = array(_CODES[width])
    numbers.frombytes(lanes if width == 1 else _unzigzag(unshuffled(lanes, width), width))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def pack_doubles(values: "array[float]") -> bytes:
    """Return doubles byte-shuffled, 8 bytes each."""
    return shuffled(_little(values), 8)


def unpack_doubles(lanes: bytes) -> "array[float]":
    """Return the doubles that ``pack_doubles`` was given, bit for bit."""
    values = array("d")
    values.frombytes(unshuffled(lanes, 8))
    if sys.byteorder == "big":
        values.byteswap()
    return values


def pack_integers(numbers: "array[int]") -> bytes:
    """Return 64-bit integers byte-shuffled."""
    return shuffled(_little(numbers), 8)


def unpack_integers(lanes: bytes) -> "array[int]":
    """Return the integers that ``pack_integers`` was given."""
    numbers = array("q")
    numbers.frombytes(unshuffled(lanes, 8))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def shuffled(lanes: bytes, width: int) -> bytes:
    """Return the first bytes of all lanes, then the second ones, and so on."""
    return b"".join([lanes[place::width] for place in range(width)])


def unshuffled(planes: bytes, width: int) -> bytes:
    """Undo ``shuffled``."""
    count = len(planes) // width
    lanes = bytearray(count * width)
    for place in range(width):
        lanes[place::width] = planes[place * count : (place + 1) * count]
    return bytes(lanes)


def xored(one: bytes, other: bytes) -> bytes:
    """Return the exclusive or of two strings of equal length."""
    return (int.from_bytes(one, "little") ^ int.from_bytes(other, "little")).to_bytes(len(one), "little")


def _little(numbers: "array[int] | array[float]") -> bytes:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


@lru_cache(maxsize=16)
def _lowest_bits(count: int, width: int) -> int:
    """The lowest bit of every lane."""
    return int.from_bytes((1).to_bytes(width, "little") * count, "little")


def _zigzag(lanes: bytes, width: int) -> bytes:
    ones = _lowest_bits(len(lanes) // width, width)
    number = int.from_bytes(lanes, "little")
    signs = number >> 8 * width - 1 & ones
    doubled = (number ^ signs << 8 * width - 1) << 1
    return (doubled ^ (signs << 8 * width) - signs).to_bytes(len(lanes), "little")


def _unzigzag(lanes: bytes, width: int) -> bytes:
    ones = _lowest_bits(len(lanes) // width, width)
    number = int.from_bytes(lanes, "little")
    signs = number & ones
    return ((number ^ signs) >> 1 ^ (signs << 8 * width) - signs).to_bytes(len(lanes), "little")

"""Finding by some letters, for who types fast or slips: ``thm`` for theme, ``mosvol`` for most volatile. Pure."""

from collections.abc import Mapping
from typing import Final

LEAST_LETTERS: Final = 3
"""Fewer are in order nearly everywhere."""
MOST_LETTERS: Final = 40
SKIP, JUMP, EACH = 0.3, 0.5, 0.1
"""What it costs to leave out letters of a word, to go on at a later word, and each letter or word left out by that."""


def loose_fit(text: str, query: str) -> float:
    """How well the letters of a query fit a text, 0 to 1; 0 if they don't.

    They are there in order: the first begins a word, each other one is in the word of the one before or begins a later
    one. Of all ways to find them the best counts: few gaps, small ones, and an early beginning.
    O(len(text)² len(query)) for what has them in order at all, else O(len(text)).

    Args:
        text: In lower case.
        query: In lower case; spaces in it mean nothing.
    """
    letters = _letters(query)
    if not letters or not _is_in_order(text, letters):
        return 0.0
    words = _words(text)
    first = letters[0]
    costs = {
        place: EACH * (word - 1) for place, word in words.items() if text[place] == first and place - 1 not in words
    }
    for letter in letters[1:]:
        costs = {
            place: best
            for place in words
            if text[place] == letter and (best := _cheapest(costs, place, words)) is not None
        }
    return 1 / (1 + min(costs.values())) if costs else 0.0


def letters_left_out(name: str, query: str) -> int | None:
    """How many letters of a name a query leaves out up to its last one; ``None`` if it doesn't fit.

    A pair has a short name and there are thousands, so little may be left out: one letter in three that were typed,
    none at the beginning. O(len(name)).

    Args:
        name: Letters and digits, in lower case.
        query: In lower case; signs in it mean nothing, but ``!``, with which it says what is not wanted.
    """
    letters = _letters(query)
    if not letters or "!" in query or not name.startswith(letters[0]):
        return None
    end = 0
    for letter in letters:
        end = name.find(letter, end) + 1
        if not end:
            return None
    left_out = end - len(letters)
    return left_out if left_out <= len(letters) // 3 else None


def _letters(query: str) -> str:
    letters = "".join(filter(str.isalnum, query))
    return letters if LEAST_LETTERS <= len(letters) <= MOST_LETTERS else ""


def _is_in_order(text: str, letters: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


def _words(text: str) -> dict[int, int]:
    """The number of the word that each letter or digit belongs to, by place."""
    words: dict[int, int] = {}
    number = 0
    for place, char in enumerate(text):
        if char.isalnum():
            number += place - 1 not in words
            words[place] = number
    return words


def _cheapest(costs: Mapping[int, float], place: int, words: Mapping[int, int]) -> float | None:
    """What it costs to come to a place from the cheapest of those before; ``None`` if there is no way."""
    is_beginning = place - 1 not in words
    ways: list[float] = []
    for before, cost in costs.items():
        if before >= place:
            break
        if words[before] == words[place]:
            gap = place - before - 1
            ways.append(cost + (SKIP + EACH * gap if gap else 0.0))
        elif is_beginning:
            ways.append(cost + JUMP + EACH * (words[place] - words[before] - 1))
    return min(ways, default=None)

"""What the wire format of an exchange consists of."""

from abc import ABC, abstractmethod
from typing import ClassVar

from tests.support.exchanges.market import Pair, SeededMarket

Json = object


class RefusedError(Exception):
    """The exchange refuses, with this status and body."""

    def __init__(self, status: int, document: Json) -> None:
        super().__init__(status, document)
        self.status = status
        self.document = document


class Wire(ABC):
    """One exchange's answers, written from its documentation and recorded answers, without the product's code."""

    name: ClassVar[str]
    dollar: ClassVar[str] = "USDT"
    omits_quiet: ClassVar[bool] = False
    quotes_path: ClassVar[str]
    symbol_key: ClassVar[str | int]
    last_key: ClassVar[str | int]

    def __init__(self, market: SeededMarket) -> None:
        self.market = market
        self.by_symbol = {self.symbol(pair): pair for pair in market.pairs}

    @abstractmethod
    def symbol(self, pair: Pair) -> str:
        """The exchange's own name of a pair."""

    @abstractmethod
    def answer(self, path: str, query: dict[str, str], at_ms: int) -> Json | None:
        """The document at a path, ``None`` where there is none; raises ``RefusedError``."""

    @abstractmethod
    def rows(self, document: Json) -> list[object]:
        """The rows of quotes in an answer; to be spoiled."""

    @abstractmethod
    def too_many(self) -> RefusedError:
        """How it says that there are too many requests."""

    def row_symbol(self, pair: Pair) -> str:
        """How a row of quotes names a pair."""
        return self.symbol(pair)

    def with_rows(self, document: Json, rows: list[object]) -> Json:
        """The same answer with other rows."""
        found = self.rows(document)
        found[:] = rows
        return document


def whole(query: dict[str, str], name: str, most: int, usual: int) -> int:
    """A parameter that counts rows."""
    return min(int(query.get(name, usual)), most)

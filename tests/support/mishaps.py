"""What a program logs as errors of its own."""

import logging

from typing_extensions import override


class Mishaps(logging.Handler):
    """Everything that is logged as an error, once it is added to a logger."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record.getMessage())

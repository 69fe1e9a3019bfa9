"""Everything that is wrong with a configuration, told at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from tui_tracker.core.errors import ConfigError


class Problems:
    """What was found to be wrong so far."""

    def __init__(self) -> None:
        self._found: list[ConfigError] = []

    def add(self, *errors: ConfigError) -> None:
        """Take what else is wrong, each thing once."""
        told = {error.told for error in self._found}
        for error in errors:
            for part in error.parts or (error,):
                if part.told not in told:
                    told.add(part.told)
                    self._found.append(part)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """Go on after what can't be used."""
        try:
            yield
        except ConfigError as error:
            self.add(error)

    def check(self) -> None:
        """Go on if nothing is wrong.

        Raises:
            ConfigError: The first problem and how to see the others, which are its parts.
        """
        if not self._found:
            return
        first, *others = self._found
        if not others:
            raise first
        more = f"{len(others)} more: crypto-tui config check"
        raise ConfigError(first.message, f"{first.hint}; {more}" if first.hint else more, tuple(self._found))

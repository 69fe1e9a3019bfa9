"""What is wrong with a filter, and where."""

from tui_tracker.core.errors import ConfigError


class FilterError(ConfigError):
    """A text that is no filter.

    Args:
        message: What is wrong, in a few words.
        hint: What would be right, or an empty string.
        position: Where in the text, from 0; the length of the text if something is missing at its end.
        length: How many characters are wrong there.
    """

    def __init__(self, message: str, position: int, length: int = 1, hint: str = "") -> None:
        super().__init__(message, hint)
        self.position = position
        self.length = length

    def at(self, place: str) -> ConfigError:
        """The same error of a filter that was written somewhere: a flag, a key of a file."""
        return ConfigError(f"{place}: {self.message}, at character {self.position + 1}", self.hint)

"""The style sheet, read as often as its colours change."""

from textual.css.stylesheet import Stylesheet
from typing_extensions import override


class LastingStylesheet(Stylesheet):
    """Textual's is read for each theme that is set, at the start twice for the same: 10 ms of the first paint."""

    _is_outdated = False

    @override
    def set_variables(self, variables: dict[str, str]) -> None:
        if variables != self._variables:
            super().set_variables(variables)
            self._is_outdated = True

    @override
    def reparse(self) -> None:
        if self._is_outdated:
            super().reparse()
            self._is_outdated = False
        elif self._require_parse:
            self.parse()

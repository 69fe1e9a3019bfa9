"""A line in which one types."""

from textual import events
from textual.widgets import Input


class Field(Input):
    """Takes of a long paste what there is room for; Textual's own refuses it whole, without a word."""

    def _on_paste(self, event: events.Paste) -> None:
        if self.max_length:
            room = self.max_length - len(self.value) + len(self.selected_text)
            line = next(iter(event.text.splitlines()), "")
            event.text = line[: max(0, room)]

"""The command palette."""

from textual.await_complete import AwaitComplete
from textual.command import CommandPalette
from textual.message import Message
from textual.widgets import Button, Input, OptionList
from typing_extensions import override


class Palette(CommandPalette):
    """Textual's own, but nothing is chosen any more once it is gone.

    Of two Enters that come at once, as by a held key over a slow line, the second finds it on its way out: the original
    does the command twice, and closes whatever screen is below.
    """

    @override
    async def _dispatch_message(self, message: Message) -> None:
        is_choice = isinstance(message, Input.Submitted | Button.Pressed | OptionList.OptionSelected)
        if self.is_current or not is_choice:
            await super()._dispatch_message(message)

    @override
    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close it, once."""
        return super().dismiss(result) if self.is_current else AwaitComplete()

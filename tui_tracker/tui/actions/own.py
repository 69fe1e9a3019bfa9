"""What makes the app one's own: keys, theme, characters, the shares of the panes, how numbers are written."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

from textual import events
from textual.driver import Driver
from textual.filter import LineFilter
from typing_extensions import override

from tui_tracker.config.choices import ClockFace, Theme, Thousands
from tui_tracker.config.looks import Looks, looks_of
from tui_tracker.config.model import Settings
from tui_tracker.config.themes import OwnTheme
from tui_tracker.core.format import NumberStyle, StyleInUse, use_style
from tui_tracker.feed.base import Feed
from tui_tracker.tui.bindings import CHART_COMMANDS, KEY_COMMANDS, Command
from tui_tracker.tui.charts.glyphs import Marker
from tui_tracker.tui.desk import Desk
from tui_tracker.tui.follower import FeedApp
from tui_tracker.tui.keys import key_book
from tui_tracker.tui.messages import BackgroundTold
from tui_tracker.tui.plain_ascii import AsciiFilter
from tui_tracker.tui.stylesheet import LastingStylesheet
from tui_tracker.tui.theme import has_no_color, is_light_by_answer, is_light_by_environment, textual_themes, theme_name
from tui_tracker.tui.view import Layout, Panes, ViewState
from tui_tracker.tui.widgets.canvas import Canvas
from tui_tracker.tui.widgets.rows import Rows
from tui_tracker.tui.widgets.titled import Titled

SEPARATORS = {Thousands.COMMA: ",", Thousands.UNDERSCORE: "_", Thousands.SPACE: " ", Thousands.NONE: ""}


def number_style(looks: Looks) -> NumberStyle:
    """How the app writes numbers and times."""
    return NumberStyle(SEPARATORS[looks.thousands], looks.si_suffixes, looks.clock is ClockFace.H12)


class OwnActions(FeedApp):
    """The settings that change how the app looks and what it obeys.

    Args:
        feed: Where everything shown comes from.
        desk: What is selected and how it is looked at.
        settings: What is configured.
        themes: Themes of one's own.
        driver_class: What writes to the terminal; ``None`` for Textual's own.
    """

    def __init__(
        self, feed: Feed, desk: Desk, settings: Settings, themes: Sequence[OwnTheme], driver_class: type[Driver] | None
    ) -> None:
        super().__init__(feed, desk, driver_class, has_color=not has_no_color())
        self._looks = looks_of(settings, desk.view.looks)
        self._own_themes = tuple(themes)
        self._ascii_filter = AsciiFilter()
        self._style = StyleInUse()
        self.main.set_panes(desk.view.panes)
        self._follow_looks()
        self.theme_choices: tuple[str, ...] = (*Theme, *(theme.name for theme in themes))
        is_light = is_light_by_environment(os.environ)
        self.wants_background = is_light is None and not has_no_color() and settings.theme == Theme.AUTO
        self._is_light = bool(is_light)
        if desk.view.theme not in self.theme_choices:
            known = settings.theme if settings.theme in self.theme_choices else Theme.AUTO
            desk.view = replace(desk.view, theme=known)
        self.apply_theme()
        self.stylesheet = LastingStylesheet(variables=self.get_css_variables())

    def on_load(self) -> None:
        """Write numbers as wanted, in this task and all that it starts."""
        use_style(self._style)

    def _follow_looks(self) -> None:
        """Write and obey as the looks say."""
        looks, settings = self._looks, self.desk.settings
        self.is_ascii = looks.ascii
        self.main.pane.chart.use_marker(self.marker)
        self._style.style = number_style(looks)
        for theme in textual_themes(self._own_themes, looks.change_colors):
            self.register_theme(theme)
        self.desk.highlights.is_flashing = looks.flash
        self.key_book = key_book(looks.keymap, settings.keys)
        self.key_book.bind(self, KEY_COMMANDS)
        self.key_book.bind(self.main.pane.chart, CHART_COMMANDS, prefix="app.")
        self.main.use_keys(self.key_book)

    @property
    def marker(self) -> Marker:
        """What charts are drawn with."""
        return "*" if self.is_ascii else self.usual_marker

    def apply_looks(self) -> None:
        """Take what was chosen; nothing of what is on the screen stays as it was written."""
        before, self._looks = self._looks, looks_of(self.desk.settings, self.desk.view.looks)
        if self._looks == before:
            return
        self._follow_looks()
        for canvas in self.main.query(Canvas):
            canvas.forget()
        for titled in self.main.query(Titled):
            titled.forget_title()
        self.refresh_css(animate=False)
        self.main.arrange_for(*self.size)
        self.call_after_refresh(self.show)
        self.clear_up_soon()

    @override
    def get_line_filters(self) -> Sequence[LineFilter]:
        filters = super().get_line_filters()
        return [*filters, self._ascii_filter] if self.is_ascii else filters

    def key_problems(self) -> str:
        """What is wrong with the configured keys, in one line."""
        problems = self.key_book.problems
        if not problems:
            return ""
        more = f" (and {len(problems) - 1} more: crypto-tui config check)" if len(problems) > 1 else ""
        return f"keys: {problems[0].message}; {problems[0].hint}{more}"

    def commands(self) -> tuple[Command, ...]:
        """Everything that a key can do, with the keys in force."""
        return self.key_book.commands

    def choose(self, view: ViewState) -> None:
        """Look at things in another way."""
        raise NotImplementedError

    def move(self, step: Callable[[Rows], None]) -> None:
        """Move a cursor and select what it comes to."""
        raise NotImplementedError

    def apply_theme(self) -> None:
        """Take the colours that were chosen."""
        self.theme = theme_name(self.desk.view.theme, self._is_light)
        if self.is_running:
            self.clear_up_soon()

    def on_background_told(self, message: BackgroundTold) -> None:
        """Follow the terminal, where the theme is to do that."""
        is_light = is_light_by_answer(message.answer)
        if is_light is not None:
            self._is_light = is_light
            self.apply_theme()

    @override
    async def on_event(self, event: events.Event) -> None:
        """Let the help of the first start go with the first keys; whoever presses Esc or a key of it has read it."""
        if isinstance(event, events.Key) and self.main.has_class("welcoming"):
            is_read = event.key == "escape" or self.main.welcome.count_key()
            if is_read:
                self.main.set_welcome(False)
                self.call_after_refresh(self.show)
        await super().on_event(event)

    def action_theme(self) -> None:
        """Take the next theme; ``auto`` stands in the place of the one that it looks like here."""
        view, here = self.desk.view, Theme.LIGHT if self._is_light else Theme.DARK
        if view.theme == Theme.AUTO:
            view = replace(view, theme=here)
        view = view.next_theme(self.theme_choices[1:])
        if view.theme == here:
            view = replace(view, theme=Theme.AUTO)
        self.choose(view)
        self.say(f"theme: {f'auto, {here} here' if view.theme == Theme.AUTO else view.theme}")

    def action_columns(self) -> None:
        """Choose columns."""
        from tui_tracker.tui.screens.columns import ColumnsScreen

        self.push_screen(ColumnsScreen(self))

    def action_options(self) -> None:
        """Change settings."""
        from tui_tracker.tui.screens.options import OptionsScreen

        self.push_screen(OptionsScreen(self, self.theme_choices))

    def action_resize_list(self, step: int) -> None:
        """Make the pair list wider or narrower, where it has a place of its own."""
        if self.main.arrangement is Layout.WIDE and not self.main.is_chart_full:
            self._share(self.desk.view.panes.with_list(step, self.size.width))
        else:
            self.say("the pair list has no place of its own in this layout")

    def action_resize_chart(self, step: int) -> None:
        """Make the chart higher or lower, where something else is under it."""
        layout = self.main.arrangement
        if layout in (Layout.WIDE, Layout.MEDIUM) and not self.main.is_chart_full:
            self._share(self.desk.view.panes.with_chart(step, layout, self.main.body_rows))
        else:
            self.say("chart and table don't share the screen in this layout")

    def _share(self, panes: Panes) -> None:
        self.choose(replace(self.desk.view, panes=panes))

    def action_move_half(self, direction: int) -> None:
        """Move the cursor by half a page."""
        self.move(lambda rows: rows.step(direction * max(1, len(rows.visible_keys) // 2)))

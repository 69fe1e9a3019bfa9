"""The keys that go back in time."""

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from textual import work
from typing_extensions import override

from tui_tracker.core.errors import TrackerError
from tui_tracker.core.figures import Measure
from tui_tracker.core.metric import Metric
from tui_tracker.core.series import MINUTE_MS
from tui_tracker.core.snapshot import Snapshot
from tui_tracker.core.status import Moment
from tui_tracker.core.text import clean
from tui_tracker.stats.ranking import Scope
from tui_tracker.tui.actions.views import ViewActions
from tui_tracker.tui.desk import Memory
from tui_tracker.tui.moments import EXAMPLES, moment_of
from tui_tracker.tui.view import DAY_MINUTES

if TYPE_CHECKING:
    from tui_tracker.feed.base import Feed, PastFeed

Compared: TypeAlias = tuple[Metric, Measure, Scope, int]
TOLD_MINUTES: Final = 60
"""Minutes whose ranks are read ahead, so that the change of rank goes on being known while time goes on."""

_log = logging.getLogger(__name__)


class PastActions(ViewActions):
    """Moves everything to a past moment, lets time go on from there, and returns to live."""

    _open_past: "Callable[[], Awaitable[PastFeed]] | None"
    _past: "PastFeed | None"
    _live: "Feed"
    _memory: Memory | None
    _recalled: set[Compared]
    """Whose ranks of before were read."""

    @property
    def moment(self) -> Moment | None:
        """Which past moment is shown; ``None`` where it is live."""
        return self.status().moment if self._past is not None else None

    async def action_past(self) -> None:
        """Ask for a moment, and go there."""
        if self._can_look_back():
            await self.ask(f"go back to ({EXAMPLES})", self._answer_moment, done="go")

    def _answer_moment(self, text: str) -> None:
        if text.strip():
            now_ms = self.desk.source_now_ms(self._live.status())
            self.go_back_to(moment_of(text, now_ms, self.desk.zone))

    def action_past_step(self, minutes: int) -> None:
        """Go a little further back, or on."""
        moment = self.moment
        if moment is not None:
            self.go_back_to(moment.minute_ms + minutes * MINUTE_MS)
        elif minutes < 0 and self._can_look_back():
            snapshot = self.desk.snapshot
            now_ms = self.desk.source_now_ms(self._live.status())
            end_ms = now_ms if snapshot is None or snapshot.end_ms is None else snapshot.end_ms
            self.go_back_to(end_ms + minutes * MINUTE_MS)

    def action_past_play(self) -> None:
        """Let time go on from the moment that is shown, or stand."""
        if self._past is None or self.moment is None:
            self.say(f"this is live; {self.key_of('past.go')} goes back in time")
        else:
            self._past.play(not self.moment.is_playing)

    def action_past_leave(self) -> None:
        """Return to live."""
        if self._past is None:
            self.say("this is live")
            return
        self._past.close()
        self._past = None
        self.turn_to(self._live)
        self._memory = self.desk.turn(self._memory)
        self.show()
        self.listen()

    def _can_look_back(self) -> bool:
        if self._open_past is None:
            if self.desk.settings.connect:
                self.say("a server does not go back in time: that takes the app where the history is")
            else:
                self.say("no history is kept here: there is nothing to go back to")
        return self._open_past is not None

    @work(name="past", group="past", exclusive=True)
    async def go_back_to(self, at_ms: int) -> None:
        """Show a past minute, and then read the ranks that it is compared with."""
        is_first = self._past is None
        try:
            past = await self._opened()
            if is_first:
                self._past, self._live = past, self._feed
                self.turn_to(past)
                self._memory = self.desk.turn(None)
                self.show()
                self.listen()
            await past.go(at_ms, self.desk.view.metric)
            self._tell_bounds(past, at_ms)
            await self._read_ranks(past)
        except TrackerError as error:
            self.say(error.told)
            if is_first and self._past is not None:
                self.action_past_leave()

    def _tell_bounds(self, past: "PastFeed", at_ms: int) -> None:
        """Say where the history begins or ends, where one wanted to go further."""
        moment, zone = past.status().moment, self.desk.zone
        if moment is not None and not moment.first_ms <= at_ms < moment.last_ms + MINUTE_MS:
            what, edge_ms = ("begins", moment.first_ms) if at_ms < moment.first_ms else ("ends", moment.last_ms)
            self.say(f"the history {what} at {zone.date(edge_ms)} {zone.minute(edge_ms)} {zone.name}")

    @override
    def taken(self, snapshot: Snapshot) -> None:
        """Once the market is loaded, learn from the history how pairs ranked before the app began."""
        view, end_ms, status = self.desk.view, snapshot.end_ms, snapshot.status
        is_settled = status.history is not None and not status.backfill.is_running and view.window == DAY_MINUTES
        if self._past is not None or self._open_past is None or end_ms is None or not is_settled:
            return
        wanted = self._compared()
        first_ms = end_ms - view.shift_minutes * MINUTE_MS
        if wanted not in self._recalled and not self.desk.has_ranks(first_ms):
            self._recalled.add(wanted)
            self._recall_ranks(self._open_past, first_ms, wanted)

    def _compared(self) -> Compared:
        """What ranks are told of, and against when."""
        view = self.desk.view
        return view.metric, view.measure, self.desk.scope(), view.shift_minutes

    @work(name="recall", group="recall")
    async def _recall_ranks(
        self, open_past: "Callable[[], Awaitable[PastFeed]]", first_ms: int, what: Compared
    ) -> None:
        """Read the ranks that live ones are compared with, until something else is looked at."""
        try:
            past = await open_past()
            try:
                async for snapshot in past.earlier(first_ms, min(TOLD_MINUTES, what[-1]), what[0]):
                    if self._past is not None or self._compared() != what:
                        self._recalled.discard(what)
                        return
                    await self.desk.note_ranks(snapshot)
            finally:
                past.close()
        except TrackerError as error:
            _log.info("ranks of before not read: %s", clean(error.message))

    async def _opened(self) -> "PastFeed":
        assert self._open_past is not None
        return self._past or await self._open_past()

    async def _read_ranks(self, past: "PastFeed") -> None:
        """Remember the ranks of so long ago that the change of rank is told against, and those after them."""
        moment = past.status().moment
        view = self.desk.view
        if moment is None or view.window != DAY_MINUTES:
            return
        first_ms = moment.minute_ms - view.shift_minutes * MINUTE_MS
        if first_ms < moment.first_ms or self.desk.has_ranks(first_ms):
            return
        minutes = min(TOLD_MINUTES, view.shift_minutes)
        async for snapshot in past.earlier(first_ms, minutes, view.metric):
            await self.desk.note_ranks(snapshot)
        self.show()

"""The keys of named views."""

from functools import partial

from tui_tracker.config.views import ViewSpec, check_name
from tui_tracker.tui.actions.keeping import KeepingApp
from tui_tracker.tui.keys import label
from tui_tracker.tui.views import captured, following, named, taken_up


class ViewActions(KeepingApp):
    """Takes up, saves and removes named views."""

    def key_of(self, name: str) -> str:
        """What does something, for people: its first key, or the palette where it has none."""
        return next(
            (label(command.keys.split(",")[0]) for command in self.commands() if command.id == name and command.keys),
            "ctrl+p",
        )

    def action_next_view(self) -> None:
        """Take up the next named view."""
        self.take_view(following(self.desk.views, self.desk.view.name).name)

    def action_pick_view(self, number: int) -> None:
        """Take up one of the first nine views."""
        views = self.desk.views
        if number <= len(views):
            self.take_view(views[number - 1].name)
        else:
            self.say(f"there is no view {number} yet; {self.key_of('view.save')} saves this view")

    def take_view(self, name: str) -> None:
        """Take up a named view as it was saved, from its top."""
        view = named(self.desk.views, name)
        if view is not None:
            self.choose(taken_up(view, self.desk.view, self.desk.watched))
            self.main.table.start_over()
            if self.main.table.keys:
                self.go_to(self.main.table.keys[0])

    async def action_save_view(self) -> None:
        """Ask for a name and save the present view; that of a view of one's own is offered."""
        name = self.desk.view.name
        is_own = named(self.desk.saved_views, name) is not None
        await self.ask("save this view as", self._save_view_as, name if is_own else "")

    def _save_view_as(self, name: str) -> None:
        view = captured(check_name(name), self.desk.chosen)
        before = named(self.desk.saved_views, view.name)
        is_replaced = before is None and named(self.desk.views, view.name) is not None
        self._keep(view)
        self.choose(taken_up(view, self.desk.view, self.desk.watched))
        self.show()  # its name may be all that has changed
        place = [other.name for other in self.desk.views].index(view.name) + 1
        done = f"saved the view {view.name}" if self._is_lasting else f"kept the view {view.name} until the app ends"
        told = [f"{done}; {place if place < 10 else '*'} takes it up again"]
        if is_replaced:
            told.append("it stands for the one of that name; remove view (ctrl+p) brings that back")
        elif before is not None and before != view:
            self.can_undo(f"view {view.name}", partial(self._restore_view, before))
            told.append("it was saved before; bring back (ctrl+p) makes it what it was")
        self.say(*told)

    def remove_view(self, name: str) -> None:
        """Forget a saved view; what it showed stays on the screen."""
        view = named(self.desk.saved_views, name)
        if view is None:
            return
        self.desk.saved_views = tuple(other for other in self.desk.saved_views if other.name != name)
        self.write(partial(self._store.remove_named_view, name))
        self.can_undo(f"view {name}", partial(self._restore_view, view))
        self.say(f"removed the view {name}; bring back (ctrl+p) undoes that", *self._told_of_namesake(name))
        self.show()

    def _told_of_namesake(self, name: str) -> list[str]:
        return [f"{name} is again what it was before"] if named(self.desk.views, name) is not None else []

    def _restore_view(self, view: ViewSpec) -> None:
        self._keep(view)
        self.show()

    def _keep(self, view: ViewSpec) -> None:
        """Save a view, in the place of one of its name."""
        self.desk.saved_views = (*(other for other in self.desk.saved_views if other.name != view.name), view)
        self.write(partial(self._store.save_named_view, view))

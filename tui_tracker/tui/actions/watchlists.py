"""The keys of watchlists."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from textual import work

from tui_tracker.config.views import MAIN, check_name
from tui_tracker.config.watchlist_text import as_text, read_pairs, resolved
from tui_tracker.core.errors import ConfigError, TrackerError
from tui_tracker.tui import export
from tui_tracker.tui.actions.keeping import KeepingApp
from tui_tracker.tui.titles import counted, pair_name
from tui_tracker.tui.view import after

MAX_PATH: Final = 1_000


class WatchlistActions(KeepingApp):
    """Goes through watchlists, adds to them, makes and removes them, and takes them in and out as text."""

    def action_next_watchlist(self) -> None:
        """Rank the next watchlist; from elsewhere, the one in use."""
        view = self.desk.view
        names = tuple(self.desk.watchlists)
        self.take_watchlist(after(names, view.watchlist) if view.watchlist_only else view.watchlist)
        if len(names) == 1 and view.watchlist_only:
            self.say("there is one watchlist; ctrl+p, new watchlist")

    def take_watchlist(self, name: str) -> None:
        """Rank one watchlist."""
        self.choose(replace(self.desk.view, watchlist=name, watchlist_only=True, frozen=None))

    async def action_new_watchlist(self) -> None:
        """Ask for a name and begin a watchlist."""
        await self.ask("name of the new watchlist", self._begin_watchlist)

    def _begin_watchlist(self, name: str) -> None:
        name = check_name(name)
        if name in self.desk.watchlists:
            raise ConfigError(f"there is a watchlist {name} already")
        self.desk.watchlists[name] = ()
        self.take_watchlist(name)
        self.say("A adds a pair by search; it is kept once it has one")

    def action_add_to_watchlist(self) -> None:
        """Search a pair among all that the exchange lists, and add it."""
        from tui_tracker.tui.providers import WatchlistProvider
        from tui_tracker.tui.screens.palette import Palette

        name = self.desk.view.watchlist
        where = "the watchlist" if name == MAIN else name
        self.push_screen(Palette(providers=[WatchlistProvider], placeholder=f"add a pair to {where}"))

    def add_favourite(self, key: str) -> None:
        """Put a pair on the watchlist in use, if it isn't on it."""
        if key in self.desk.watchlist:
            self.say("it is on the watchlist")
        else:
            self.toggle_favourite(key)

    def toggle_favourite(self, key: str) -> None:
        """Put a pair on the watchlist in use, or take it off."""
        is_added, name = self.desk.toggle_favourite(key), self.desk.view.watchlist
        change = self._store.add_favourite if is_added else self._store.remove_favourite
        self.write(partial(change, key, watchlist=name))
        row = self.desk.row_of(key)
        pair = key if row is None else pair_name(row.instrument, 40, is_several=self.desk.is_several)
        where = "" if name == MAIN else f" {name}"
        number = len(self.desk.watchlist)
        self.say(
            f"{pair} is on the watchlist{where} now: {number} in all"
            if is_added
            else f"{pair} is off the watchlist{where} now: {number} left"
        )
        self.show()

    def remove_watchlist(self, name: str) -> None:
        """Forget a watchlist; who ranks it ranks the usual scope again."""
        ids = self.desk.watchlists.get(name, ())
        if name == MAIN:
            self.desk.watchlists[MAIN] = ()
        else:
            self.desk.watchlists.pop(name, None)
        self.write(partial(self._store.remove_watchlist, name))
        if name == self.desk.view.watchlist:
            self.choose(replace(self.desk.view, watchlist=MAIN, watchlist_only=False, frozen=None))
        done = "emptied the watchlist" if name == MAIN else f"removed the watchlist {name}"
        if ids:
            self.can_undo(f"watchlist {name} ({len(ids)})", partial(self._restore_watchlist, name, ids))
        self.say(f"{done} of {counted(len(ids), 'pair')}; bring back (ctrl+p) undoes that" if ids else done)
        self.show()

    def _restore_watchlist(self, name: str, ids: tuple[str, ...]) -> None:
        """Put the pairs back; those that are there by now stay."""
        self.desk.watchlists[name] = tuple(dict.fromkeys((*ids, *self.desk.watchlists.get(name, ()))))
        self.write(partial(self._store.add_favourites, ids, name))
        self.say(f"the watchlist {name} is back: {counted(len(self.desk.watchlists[name]), 'pair')}")
        self.show()

    async def action_rename_watchlist(self) -> None:
        """Ask for another name of the watchlist in use."""
        await self.ask("new name of the watchlist", self._rename_watchlist, self.desk.view.watchlist)

    def _rename_watchlist(self, new_name: str) -> None:
        name, new_name = self.desk.view.watchlist, check_name(new_name)
        if new_name == name:
            return
        if new_name in self.desk.watchlists:
            raise ConfigError(f"there is a watchlist {new_name} already")
        lists = {new_name if other == name else other: ids for other, ids in self.desk.watchlists.items()}
        self.desk.watchlists = {MAIN: lists.pop(MAIN, ()), **lists}
        self.write(partial(self._store.rename_watchlist, name, new_name))
        self.choose(replace(self.desk.view, watchlist=new_name))
        self.show()

    @work(name="watchlist", group="export")
    async def action_write_watchlist(self) -> None:
        """Write the watchlist in use to a file, one pair a line."""
        name = self.desk.view.watchlist
        text = as_text(name, self.desk.watchlist)
        stem = export.file_stem(self.desk.source_now_ms(self.status()), "watchlist", name)
        try:
            path = await asyncio.to_thread(export.write_new, self.desk.settings.export_dir, stem, "txt", text)
        except TrackerError as error:
            self.say(error.told)
        else:
            self.say(f"wrote {counted(len(self.desk.watchlist), 'pair')} to {export.shown_path(path)}")

    async def action_read_watchlist(self) -> None:
        """Ask for a file, and add its pairs to the watchlist in use."""
        await self.ask("add the pairs of the file", self._read_watchlist, done="add", max_length=MAX_PATH)

    def _read_watchlist(self, place: str) -> None:
        if not place.strip():
            raise ConfigError("which file?")
        self._add_from(Path(place.strip()).expanduser())

    @work(name="watchlist", group="export")
    async def _add_from(self, path: Path) -> None:
        name = self.desk.view.watchlist
        instruments = () if self.desk.snapshot is None else [row.instrument for row in self.desk.snapshot.rows]
        try:
            names = await asyncio.to_thread(read_pairs, path)
        except TrackerError as error:
            self.say(error.told)
            return
        source = self.status().source
        ids, problems = await asyncio.to_thread(resolved, names, instruments, source)
        before = self.desk.watchlists.get(name, ())
        self.desk.watchlists[name] = tuple(dict.fromkeys((*before, *ids)))
        if ids:
            self.write(partial(self._store.add_favourites, ids, name))
        added = len(self.desk.watchlists[name]) - len(before)
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        self.say(f"{added} of {len(names)} pairs added to the watchlist", *([problems[0] + more] if problems else []))
        self.show()

"""Which keys do what: a set of keys, changed by those of one's own. Pure.

A key that was chosen wins over one that was not, and every clash and every name that nobody knows is told as a
:class:`KeyProblem`, so that a slip in a file never keeps the app from starting.
"""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from textual.binding import BindingsMap
from textual.dom import DOMNode
from textual.keys import _character_to_key

from tui_tracker.config.choices import Keymap
from tui_tracker.core.text import clean
from tui_tracker.tui.bindings import KEY_COMMANDS, PAIRED_HINTS, Command
from tui_tracker.tui.kept_keys import kept_by
from tui_tracker.tui.screen_bindings import PLACES

SETS: Final[Mapping[Keymap, Mapping[str, str]]] = {
    Keymap.DEFAULT: {},
    Keymap.VIM: {
        "cursor.up": "k,up",
        "cursor.down": "j,down",
        "cursor.page_up": "pageup",
        "cursor.page_down": "pagedown,ctrl+f",
        "pane.next": "tab,l",
        "pane.previous": "shift+tab,h",
        "palette": "colon,ctrl+p",
        "chart.ranks": "n",
        "cursor.mode": "x",
    },
    Keymap.CLASSIC: {
        "help": "f1,question_mark,h",
        "options": "f2,O",
        "filter": "f4,slash,f3,backslash",
        "poll": "f5,R",
        "sort.next": "f6,s",
        "sort.reverse": "I,S",
        "range.shorter": "f7,left_square_bracket",
        "range.longer": "f8,right_square_bracket",
        "favourite": "space,f",
        "freeze": "Z,p",
        "quit": "f10,q",
        "chart.ranks": "n",
        "past.play": "x",
    },
}
"""What each set changes. Left out are keys that tmux (ctrl+a, ctrl+b), flow control (ctrl+s, ctrl+q) or a window
manager (shift or alt with arrows) would keep."""

LABELS: Final = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
    "tab": "Tab",
    "shift+tab": "Shift-Tab",
    "enter": "Enter",
    "escape": "Esc",
    "space": "Space",
    "backspace": "Backspace",
    "delete": "Del",
    "insert": "Ins",
}
ALIASES: Final = {
    "esc": "escape",
    "return": "enter",
    "pgup": "pageup",
    "page_up": "pageup",
    "pgdn": "pagedown",
    "page_down": "pagedown",
    "del": "delete",
    "ins": "insert",
    "backtab": "shift+tab",
    "plus": "+",
    "comma": ",",
}
MODIFIERS: Final = ("ctrl", "alt", "shift")
NAMED: Final = frozenset({*LABELS, *(f"f{number}" for number in range(1, 25))}) - {"shift+tab"}
ALLOWED: Final = "a character, or Enter, Space, Tab, Esc, F1 to F24, Up, PgUp, Home, …, with ctrl+, alt+ or shift+"
TEXTUALS_QUIT: Final = "ctrl+q"
"""What Textual itself quits by, unless an action has that key."""
RENAMED: Final = {"sort": "sort.next", "watchlist": "watchlist.only", "quit.now": "quit_now"}
"""Ids of before that began others: in TOML a name can't be both a value and a table."""


@dataclass(frozen=True, slots=True)
class KeyProblem:
    """Something about the configured keys that cannot be meant so."""

    action: str
    message: str
    hint: str


@dataclass(frozen=True)
class KeyBook:
    """The keys in force."""

    commands: tuple[Command, ...] = KEY_COMMANDS
    """Those of the panes."""
    problems: tuple[KeyProblem, ...] = ()
    others: tuple[Command, ...] = tuple(command for place in PLACES[1:] for command in place)
    """Those of the chart and of the screens over the panes."""
    warnings: tuple[KeyProblem, ...] = ()
    """What may be meant so, and may surprise."""

    @cached_property
    def by_id(self) -> Mapping[str, Command]:
        """Every command with the keys in force."""
        return {command.id: command for command in (*self.others, *self.commands)}

    def label(self, name: str) -> str:
        """The keys of an action for people, empty if it has none."""
        return self.by_id[name].display if name in self.by_id else ""

    def in_force(self, commands: Sequence[Command]) -> list[Command]:
        """Some commands with the keys in force."""
        return [self.by_id[command.id] for command in commands]

    def hint(self, command: Command) -> tuple[str, str] | None:
        """(key, word) of an action for the bottom line, ``None`` if it has no key."""
        (one,) = self.in_force((command,))
        return (label(one.keys.split(",")[0]), one.hint) if one.keys else None

    def hints(self, names: Sequence[str]) -> list[tuple[str, str]]:
        """(key, word) of some actions, for the bottom line; those without a key are left out."""
        found: list[tuple[str, str]] = []
        for name in names:
            ids, word = PAIRED_HINTS.get(name, ((name,), ""))
            members = [self.by_id[one] for one in ids]
            keys = [label(one.keys.split(",")[0]) for one in members] if len(ids) > 1 else [members[0].display]
            if all(keys):
                found.append((" ".join(keys), word or members[0].hint))
        return found

    def bind(self, node: DOMNode, commands: Sequence[Command], prefix: str = "") -> None:
        """Give a node the keys of some actions in place of those that it has for them.

        Textual's own keymap can't unbind, and lets the order of the bindings decide who keeps a key.
        """
        names = {command.id for command in commands}
        old = {key for default in KEY_COMMANDS if default.id in names for key in default.keys.split(",")}
        taken = {key for command in self.in_force(commands) for key in _keys(command)}
        bindings = BindingsMap()
        for key, bound in node._bindings.key_to_bindings.items():
            kept = [one for one in bound if one.id not in names and key not in taken and not (prefix and key in old)]
            if kept:
                bindings.key_to_bindings[key] = kept
        for command in self.in_force(commands):
            for key in command.keys.split(",") if command.keys else ():
                action = command.action if command.action.startswith(prefix) else prefix + command.action
                binding = replace(command.binding, key=key, action=action)
                bindings.key_to_bindings.setdefault(key, []).append(binding)
        node._bindings = bindings


def key_book(keymap: Keymap, chosen: Mapping[str, Sequence[str]]) -> KeyBook:
    """Put the keys together: those of the app, changed by a set, changed by the chosen ones.

    Args:
        keymap: The set.
        chosen: Keys by the id of an action, as people write them; none to unbind.
    """
    wanted, problems = _wanted(chosen)
    panes, found = _rebound(PLACES[0], SETS[keymap], wanted)
    problems += found
    changed = {new.id: new.keys for old, new in zip(PLACES[0], panes, strict=True) if new.keys != old.keys}
    others: list[Command] = []
    for place in PLACES[1:]:
        followed = {command.id: keys for command in place if (keys := _followed(command, changed)) is not None}
        commands, found = _rebound(place, _free(followed, place), wanted)
        others += commands
        problems += found
    warnings = _kept(wanted, (*panes, *others))
    (warnings if (ways := _ways_out(panes)) else problems).extend(_quitting(panes, ways))
    return KeyBook(tuple(panes), tuple(problems), tuple(others), tuple(warnings))


def _followed(command: Command, changed: Mapping[str, str]) -> str | None:
    """The keys of a page's command that does what a changed one of the panes does; ``None`` where none does.

    What else moves through a page, such as Space, stays.
    """
    name = command.id.removeprefix("page.")
    moving = f"cursor.{name}"
    if name == command.id or moving not in changed:
        return changed.get(name) if name != command.id else None
    usual = next(_keys(default) for default in PLACES[0] if default.id == moving)
    given = {key for keys in changed.values() for key in keys.split(",")}
    extra = (key for key in _keys(command) if key not in usual and key not in given)
    return ",".join([changed[moving], *extra]).strip(",")


def _kept(wanted: Mapping[str, Sequence[str]], commands: Sequence[Command]) -> list[KeyProblem]:
    """Chosen keys that may not reach the app; those that an action has anyway are known to be kept by some."""
    usual = {command.id: command.keys.split(",") for place in PLACES for command in place}
    in_force = {command.id: _keys(command) for command in commands}
    return [
        KeyProblem(name, f"{label(key)} may not reach the app: {why}", "another key is safer")
        for name, own in wanted.items()
        for key in own
        if key in in_force[name] and key not in usual[name] and (why := kept_by(key, _written_by(key)))
    ]


def _ways_out(panes: Sequence[Command]) -> list[str]:
    """What quits where no action that quits has a key."""
    taken = {key for command in panes for key in _keys(command)}
    palette = next((_keys(command) for command in panes if command.id == "palette"), [])
    ways = [] if TEXTUALS_QUIT in taken else [TEXTUALS_QUIT]
    return [*ways, *([f"quit in the palette ({label(palette[0])})"] if palette else [])]


def _quitting(panes: Sequence[Command], ways: Sequence[str]) -> list[KeyProblem]:
    """Whether an action that quits has a key; if not, what else quits."""
    if any(command.keys for command in panes if command.id in ("quit", "quit_now")):
        return []
    rest = f"which leaves {' and '.join(ways)}" if ways else "and nothing else quits the app"
    return [KeyProblem("quit", f"neither quit nor quit_now has a key, {rest}", "allowed: a key for one of them")]


def _wanted(chosen: Mapping[str, Sequence[str]]) -> tuple[dict[str, list[str]], list[KeyProblem]]:
    """The chosen keys as Textual calls them, by id."""
    names = tuple(command.id for place in PLACES for command in place)
    wanted: dict[str, list[str]] = {}
    problems: list[KeyProblem] = []
    for given, texts in chosen.items():
        name = RENAMED.get(given, given)
        if name not in names:
            problems.append(KeyProblem(name, f"there is no action {clean(name, 40)!r}", _nearest(name, names)))
            continue
        wanted[name] = []
        for text in texts:
            key = canonical(text)
            if key is None:
                problems.append(KeyProblem(name, f"{clean(text, 40)!r} is no key", f"allowed: {ALLOWED}, or none"))
            else:
                wanted[name].append(key)
    return wanted, problems


def _rebound(
    place: Sequence[Command], given: Mapping[str, str], wanted: Mapping[str, list[str]]
) -> tuple[list[Command], list[KeyProblem]]:
    """The commands of a place with given keys, then with wanted ones."""
    keys = {command.id: _keys(command) for command in place}
    for name, text in given.items():
        if name in keys:
            _give(keys, name, [key for key in text.split(",") if key])
    problems = _clashes(keys, {name: own for name, own in wanted.items() if name in keys})
    return [
        command if keys[command.id] == _keys(command) else _with_keys(command, keys[command.id]) for command in place
    ], problems


def _free(followed: Mapping[str, str], place: Sequence[Command]) -> dict[str, str]:
    """Keys that commands of a place follow, without those that mean something else there."""
    taken = {key for command in place if command.id not in followed for key in _keys(command)}
    return {name: ",".join(key for key in text.split(",") if key not in taken) for name, text in followed.items()}


def _clashes(keys: dict[str, list[str]], wanted: Mapping[str, list[str]]) -> list[KeyProblem]:
    """Give the actions the keys that are wanted for them, and say who else wants or loses them."""
    before = {name: list(own) for name, own in keys.items()}
    for name in wanted:
        keys[name] = []
    problems: list[KeyProblem] = []
    for name, own in wanted.items():
        for key in own:
            if key in before[name]:
                keys[name].append(key)
                continue
            for other, others in keys.items():
                if other == name or key not in others:
                    continue
                keeper, loser = (other, name) if other in wanted else (name, other)
                problems.append(
                    KeyProblem(
                        name,
                        f"{label(key)} is on {name} and on {other}; {keeper} has it",
                        f"allowed: another key for {loser}, or none",
                    )
                )
                if loser == other:
                    others.remove(key)
            if not any(key in keys[other] for other in wanted if other != name):
                keys[name].append(key)
    return problems


def _give(keys: dict[str, list[str]], name: str, own: list[str]) -> None:
    for other in keys.values():
        other[:] = [key for key in other if key not in own]
    keys[name] = own


def _keys(command: Command) -> list[str]:
    return [key for key in command.keys.split(",") if key]


def _with_keys(command: Command, keys: Sequence[str]) -> Command:
    return replace(command, keys=",".join(keys), display=" ".join(label(key) for key in keys[:2]))


def canonical(text: str) -> str | None:
    """A key as Textual calls it: ``question_mark`` for ``?``, ``pagedown`` for ``PgDn``; ``None`` if it is no key."""
    if len(text) == 1:
        return _character_to_key(text) if text.isprintable() else None
    *modifiers, base = text.split("+") if not text.endswith("+") else (*text[:-1].rstrip("+").split("+"), "+")
    modifiers = [modifier.lower() for modifier in modifiers]
    if len(base) > 1:
        base = ALIASES.get(base.lower(), base.lower())
    if any(modifier not in MODIFIERS for modifier in modifiers) or not base:
        return None
    if len(base) == 1:
        base = _character_to_key(base.lower() if "ctrl" in modifiers else base)
    elif base not in NAMED and base != "shift+tab" and _character_of(base) is None:
        return None
    return "+".join((*(modifier for modifier in MODIFIERS if modifier in modifiers), base))


def label(key: str) -> str:
    """A key for people: ``?``, ``PgDn``, ``F5``, ``ctrl+d``."""
    if key in LABELS:
        return LABELS[key]
    *modifiers, base = key.split("+")
    if base in NAMED:
        base = LABELS.get(base, base.upper())
    return "+".join((*modifiers, _character_of(base) or base))


def written(key: str) -> str:
    """A key as one writes it into a configuration file: ``?``, ``pagedown``, ``f5``, ``ctrl+d``."""
    *modifiers, base = key.split("+")
    return "+".join((*modifiers, _character_of(base) or base))


def _character_of(name: str) -> str | None:
    """The character with a name of Textual's, such as ``question_mark``."""
    return next((chr(code) for code in range(33, 127) if _character_to_key(chr(code)) == name), None)


def _written_by(key: str) -> str | None:
    """The character of a key, whatever is held down with it."""
    base = key.rpartition("+")[2]
    return base if len(base) == 1 else _character_of(base)


def _nearest(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name[:60].lower(), known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(known)}"

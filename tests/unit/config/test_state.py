import fcntl
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.config.state import LOCK_WAIT_S, MAX_FAVOURITES, MAX_FILE_BYTES, State, StateStore, View, of_source
from tui_tracker.config.views import ViewSpec
from tui_tracker.core.errors import StateError
from tui_tracker.core.figures import Measure

VIEW = View(
    selected="kraken:BTC-USD",
    quote="all",
    watchlist_only=True,
    metric="mid",
    measure="cv",
    range_hours=6,
    sort="volume",
    reverse=True,
    theme="light",
    time_zone="local",
)


class Ticks:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def monotonic(self) -> float:
        return self.now_s


@contextmanager
def held_lock(folder: Path) -> Iterator[None]:
    with (folder / "state.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_nothing_is_remembered_at_first_and_nothing_is_made(tmp_path: Path) -> None:
    assert StateStore(tmp_path / "state").load() == State(is_new=True)
    assert list(tmp_path.iterdir()) == []


def test_view_and_favourites_come_back(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "state"
    store = StateStore(folder)
    store.add_favourite("kraken:BTC-USD")
    store.save_view(VIEW)
    store.add_favourite("kraken:ETH-USD")
    store.add_favourite("kraken:BTC-USD")
    assert StateStore(folder).load() == State(VIEW, ("kraken:BTC-USD", "kraken:ETH-USD"))
    store.remove_favourite("kraken:BTC-USD")
    store.remove_favourite("kraken:NOT-THERE")
    assert store.load() == State(VIEW, ("kraken:ETH-USD",))
    assert sorted(path.name for path in folder.iterdir()) == ["state.json", "state.lock"]
    assert folder.stat().st_mode & 0o077 == 0


def test_two_instances_keep_each_others_favourites(tmp_path: Path) -> None:
    def add(source: str) -> None:
        store = StateStore(tmp_path)
        for number in range(25):
            store.add_favourite(f"{source}:A{number}-USD")

    threads = [threading.Thread(target=add, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(StateStore(tmp_path).load().watchlist) == 50


def test_a_lock_that_another_holds_is_waited_for_but_not_long(tmp_path: Path) -> None:
    ticks = Ticks()
    store = StateStore(tmp_path, sleep=ticks.sleep, monotonic=ticks.monotonic)
    with held_lock(tmp_path), pytest.raises(StateError, match="another instance holds it"):
        store.save_view(VIEW)
    assert LOCK_WAIT_S <= ticks.now_s < LOCK_WAIT_S + 0.1
    store.save_view(VIEW)
    assert store.load().view == VIEW


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"watchlist": 5}',
        b'{"watchlist": [5]}',
        b'{"view": {"range_hours": "6"}}',
        b'{"view": {"selected": 5}}',
        b'{"version": "1"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"watchlist": ["\\ud800"]}',
        b" " * (MAX_FILE_BYTES + 1),
    ],
)
def test_a_file_without_sense_is_moved_aside(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "state.json"
    file.write_bytes(data)
    state = StateStore(tmp_path).load()
    assert (state.view, state.watchlist) == (View(), ())
    assert state.warning.isprintable()
    assert "moved to" in state.warning
    assert (tmp_path / "state.json.bad").read_bytes() == data
    assert StateStore(tmp_path).load() == State(is_new=True)


def test_a_bad_file_does_not_stop_a_change(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_bytes(b"{")
    store = StateStore(tmp_path)
    store.add_favourite("kraken:BTC-USD")
    assert store.load() == State(watchlist=("kraken:BTC-USD",))
    assert (tmp_path / "state.json.bad").read_bytes() == b"{"


def test_a_bad_file_stays_while_another_instance_writes(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_bytes(b"{")
    ticks = Ticks()
    with held_lock(tmp_path):
        state = StateStore(tmp_path, sleep=ticks.sleep, monotonic=ticks.monotonic).load()
    assert "ignored" in state.warning
    assert (tmp_path / "state.json").read_bytes() == b"{"


def test_parts_without_sense_are_as_if_never_chosen(tmp_path: Path) -> None:
    view = {
        "selected": "x" * 500,
        "quote": "\x1b[31m",
        "metric": "charm",
        "measure": "",
        "range_hours": 7,
        "theme": "a\tb",
        "layout": "round",
        "list_width": -3,
        "chart_pct": 100,
        "time_zone": "mars",
        "sort": "a b",
        "unheard": [1],
    }
    watchlist = ["kraken:BTC-USD", "BTC", "", ":", "kraken:", "kraken:\u202eX", "kraken:" + "x" * 500]
    (tmp_path / "state.json").write_text(json.dumps({"view": view, "watchlist": watchlist, "more": 1}))
    assert StateStore(tmp_path).load() == State(View(), ("kraken:BTC-USD",))


def test_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text('{"version": 3, "watchlist": {"x": 1}}')
    store = StateStore(tmp_path)
    assert "newer version" in store.load().warning
    with pytest.raises(StateError, match="newer version"):
        store.save_view(VIEW)
    assert file.read_text() == '{"version": 3, "watchlist": {"x": 1}}'


def test_the_watchlist_is_bounded(tmp_path: Path) -> None:
    ids = [f"kraken:A{number}-USD" for number in range(MAX_FAVOURITES + 5)]
    (tmp_path / "state.json").write_text(json.dumps({"watchlist": ids}))
    store = StateStore(tmp_path)
    assert len(store.load().watchlist) == MAX_FAVOURITES
    with pytest.raises(StateError, match="full"):
        store.add_favourite("kraken:BTC-USD")


def test_the_watchlist_of_an_older_version_is_the_one_called_main(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text('{"version": 1, "watchlist": ["kraken:BTC-USD"], "view": {"metric": "mid"}}')
    store = StateStore(tmp_path)
    assert store.load() == State(View(metric="mid"), ("kraken:BTC-USD",))
    store.add_favourite("kraken:ETH-USD")
    assert store.load().watchlist == ("kraken:BTC-USD", "kraken:ETH-USD")
    document = json.loads((tmp_path / "state.json").read_text())
    assert document["version"] == 2
    assert "watchlist" not in document


def test_several_watchlists_and_views_come_back(tmp_path: Path) -> None:
    one, two = StateStore(tmp_path), StateStore(tmp_path)
    spec = ViewSpec(
        "Alts", needle="cv > 2%", quote=None, measure=Measure.CV, sort="change", reverse=True, min_volume=5e4
    )
    one.add_favourites(("kraken:SOL-USD", "kraken:ETH-USD"), "alts")
    two.save_named_view(spec)
    two.remove_favourite("kraken:SOL-USD", "alts")
    one.save_named_view(ViewSpec("Other"))
    one.save_named_view(replace(spec, quote="EUR"))
    state = two.load()
    assert state.watchlists == {"main": (), "alts": ("kraken:ETH-USD",)}
    assert state.views == (replace(spec, quote="EUR"), ViewSpec("Other"))
    one.remove_named_view("Alts")
    assert two.load().views == (ViewSpec("Other"),)


def test_a_view_that_cannot_be_read_is_said_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text('{"version": 2, "views": {"A": {"filter": "cv >"}, "B": {"quote": "EUR"}}}')
    store = StateStore(tmp_path)
    state = store.load()
    assert state.views == (ViewSpec("B", quote="EUR"),)
    assert "saved view A: filter: a value is missing" in state.warning
    store.save_view(VIEW)
    assert json.loads(file.read_text())["views"]["A"] == {"filter": "cv >"}


def test_only_ids_are_taken(tmp_path: Path) -> None:
    for text in ("", "BTC/USD", "kraken:", "kraken:\x1b", "kraken:" + "x" * 500):
        with pytest.raises(StateError, match="no id"):
            StateStore(tmp_path).add_favourite(text)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_is_said_once_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = StateStore(tmp_path / "file" / "state")
    with pytest.raises(StateError, match=r"state cannot be saved in .*: Not a directory"):
        store.save_view(VIEW)
    assert "cannot be read" in store.load().warning


def test_a_write_that_fails_leaves_the_old_state(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    store.add_favourite("kraken:BTC-USD")
    (tmp_path / "state.json.new").symlink_to(tmp_path / "victim")
    with pytest.raises(StateError, match="cannot be saved"):
        store.add_favourite("kraken:ETH-USD")
    assert store.load().watchlist == ("kraken:BTC-USD",)
    assert not (tmp_path / "victim").exists()


def test_what_a_killed_writer_left_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "state.json.new").write_text('{"watch')
    store = StateStore(tmp_path)
    store.add_favourite("kraken:BTC-USD")
    assert store.load() == State(watchlist=("kraken:BTC-USD",))


def test_nothing_is_written_where_nothing_changes(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    store.save_view(VIEW)
    before = os.stat(tmp_path / "state.json").st_ino
    store.save_view(replace(VIEW))
    assert os.stat(tmp_path / "state.json").st_ino == before


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["k:A-B", "k:C-D", "k:E-F"])), max_size=8))
def test_favourites_behave_as_an_ordered_set(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, str]]
) -> None:
    store = StateStore(tmp_path_factory.mktemp("state"))
    model: dict[str, None] = {}
    for is_added, name in steps:
        if is_added:
            store.add_favourite(name)
            model.setdefault(name)
        else:
            store.remove_favourite(name)
            model.pop(name, None)
    assert store.load().watchlist == tuple(model)


def test_a_folder_that_cannot_be_written_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write anywhere
    state = StateStore(tmp_path / "a" / "b").load()
    assert not state.is_lasting
    assert state.is_new
    assert "cannot be written" in state.warning


def test_the_first_start_is_known_until_something_is_saved(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    assert store.load().is_new
    store.save_view(VIEW)
    assert not store.load().is_new


def test_watchlists_are_renamed_and_removed(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    store.add_favourite("kraken:BTC-USD")
    store.add_favourites(("kraken:SOL-USD",), "alts")
    store.rename_watchlist("alts", "small")
    store.rename_watchlist("gone", "elsewhere")
    assert store.load().watchlists == {"main": ("kraken:BTC-USD",), "small": ("kraken:SOL-USD",)}
    with pytest.raises(StateError, match="already"):
        store.rename_watchlist("small", "main")
    with pytest.raises(StateError, match="no name"):
        store.rename_watchlist("small", "")
    store.remove_watchlist("small")
    store.remove_watchlist("main")
    assert store.load().watchlists == {"main": ()}


def test_of_several_sources_the_pairs_of_each_and_of_all_together_are_kept() -> None:
    ids = ("kraken:BTC-USD", "okx:BTC-USDT", "all:BTC-USD", "gate:BTC-USDT")
    state = State(View(selected="all:BTC-USD"), ids)
    assert of_source(state, "kraken,okx").watchlist == ids[:3]
    assert of_source(state, "kraken,okx").view.selected == "all:BTC-USD"
    assert of_source(state, "kraken").watchlist == ids[:1]
    assert of_source(state, "kraken").view.selected is None

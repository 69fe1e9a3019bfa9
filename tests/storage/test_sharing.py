"""What sessions tell each other through the history: the lock, the epoch, news and wishes."""

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

import pytest

from tests.storage.made import FIRST, MINUTE_MS, SOURCE, instruments, made_minute
from tui_tracker.core.candle import Candle, CandleBatch
from tui_tracker.core.errors import StorageError, StorageFault
from tui_tracker.core.status import SourceReport, SourceState, SourceStatus
from tui_tracker.core.ticker import Ticker
from tui_tracker.storage.codec import DamagedError
from tui_tracker.storage.events import Dropped, Event, Listed, Loaded, Polled, Slid
from tui_tracker.storage.lease import MOST_WISHED, MOST_WISHES, Wish
from tui_tracker.storage.lock import CollectorLock
from tui_tracker.storage.looking import Look
from tui_tracker.storage.news import MISSING, decode, encode
from tui_tracker.storage.store import Store

PATIENCE_S = 30
T = TypeVar("T")
NAME = instruments(1)[0].id
TICKER = Ticker(NAME, 0.1 + 0.2, None, 1e-60, 3.0, None, 7, 1.5, None, 0.25, 3)
EVENTS: tuple[Event, ...] = (
    Polled((TICKER,), FIRST * MINUTE_MS + 57_001, FIRST * MINUTE_MS + 57_009, ("A/B",)),
    Loaded(NAME, CandleBatch(5, (Candle(0, 1.1, 0.0, None), Candle(300_000, 1.2, 2.5, 3))), 7),
    Listed(instruments(3), 9),
    Dropped(11),
    Slid(12),
)


def now_ms() -> int:
    return FIRST * MINUTE_MS


def done(future: "Future[T]") -> T:
    return future.result(PATIENCE_S)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[list[Store]]:
    opened: list[Store] = []
    for _ in range(2):
        opened.append(Store(tmp_path, now_ms))
        done(opened[-1].read(lambda reader: reader.damaged))
    yield opened
    for store in opened:
        store.close()


def look(store: Store, after: int = 0) -> Look:
    found = done(store.look(SOURCE, after))
    assert found is not None
    return found


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_events_come_back_as_they_were_told(event: Event) -> None:
    kinds = [Polled, Loaded, Listed, Dropped, Slid]
    assert decode(kinds.index(type(event)), encode(event)) == event


def test_nonsense_is_no_event() -> None:
    for kind, body in ((0, b"x"), (9, encode(Slid(1))), (2, encode(Slid(1)))):
        with pytest.raises(DamagedError):
            decode(kind, body)


def test_others_see_in_order_what_the_collector_told(stores: list[Store]) -> None:
    leader, follower = stores
    follower.follow()
    done(leader.take_lead(SOURCE))
    for event in EVENTS:
        leader.tell(event)
    report = SourceReport(SourceStatus(SOURCE, SourceState.LIVE, last_good_ms=5, collector="this session"))
    done(leader.put_report(report))
    seen = look(follower)
    assert [news.event for news in seen.news] == list(EVENTS)
    assert [news.prior for news in seen.news] == [0, *(news.number for news in seen.news[:-1])]
    assert seen.report == report
    assert done(follower.look(SOURCE, 0)) is None, "nothing new"
    assert look(follower, seen.news[2].number).news == seen.news[3:]


def test_who_was_superseded_writes_nothing(stores: list[Store]) -> None:
    old, new = stores
    done(old.take_lead(SOURCE))
    assert done(old.append(made_minute(FIRST)))
    done(new.take_lead(SOURCE))
    with pytest.raises(StorageError) as caught:
        done(old.append(made_minute(FIRST + 1)))
    assert caught.value.fault is StorageFault.SUPERSEDED
    assert old.status.superseded == 1
    assert old.status.error is None
    old.tell(EVENTS[0])
    assert done(new.append(made_minute(FIRST + 1)))
    assert look(old).news == ()


def test_who_says_no_leaves_the_office(stores: list[Store]) -> None:
    leader, other = stores
    done(leader.take_lead(SOURCE))
    with pytest.raises(StorageError):
        done(other.take_lead(SOURCE, lambda: False))
    assert done(leader.append(made_minute(FIRST)))


def test_a_visitor_writes_until_somebody_collects(stores: list[Store]) -> None:
    visitor, leader = stores
    visitor.visit(SOURCE)
    assert done(visitor.put_instruments(SOURCE, instruments(2))) == 2
    done(leader.take_lead(SOURCE))
    with pytest.raises(StorageError):
        done(visitor.put_instruments(SOURCE, instruments(3)))


def test_old_news_go_and_a_reader_begins_after_the_minute_that_it_has(stores: list[Store]) -> None:
    leader, follower = stores
    done(leader.take_lead(SOURCE))
    for minute in range(FIRST, FIRST + 9):
        leader.tell(Polled((TICKER,), minute * MINUTE_MS + 57_000, 0, ()))
        assert done(leader.append(made_minute(minute)))
    seen = look(follower)
    assert len(seen.news) == 3
    assert seen.news[0].prior == seen.news[0].number - 1
    assert seen.minute == FIRST + 8
    assert done(follower.start_of_news(SOURCE, FIRST + 7)) == seen.news[1].number


def test_what_was_let_go_unwritten_is_told(stores: list[Store]) -> None:
    leader, follower = stores
    done(leader.take_lead(SOURCE))
    leader.tell(EVENTS[1])  # waits for the next fill
    leader.follow()
    done(leader.take_lead(SOURCE))
    leader.tell(EVENTS[4])
    done(leader.read(lambda reader: reader.damaged))
    assert [news.prior for news in look(follower).news] == [MISSING]


def test_wishes_are_bounded_and_the_newest_of_a_session_counts(stores: list[Store]) -> None:
    leader, follower = stores
    done(leader.take_lead(SOURCE))
    follower.follow()
    for number in range(MOST_WISHES + 5):
        done(follower.wish(SOURCE, Wish(f"s{number}", 1, (NAME,) * (MOST_WISHED + 5))))
    done(follower.wish(SOURCE, Wish("s50", 2)))
    wishes = look(leader).wishes
    assert len(wishes) <= MOST_WISHES
    assert wishes[0] == Wish("s50", 2)
    assert len(wishes[1].instrument_ids) == MOST_WISHED


def test_one_holds_the_lock_and_says_who(tmp_path: Path) -> None:
    one, other = CollectorLock(tmp_path, "a/b"), CollectorLock(tmp_path, "a/b")
    assert other.is_free()
    assert one.take()
    assert one.take()
    assert not other.take()
    assert not other.is_free()
    assert other.sign().holder.startswith("pid ")
    before = other.sign()
    assert one.beat()
    assert other.sign() != before
    assert CollectorLock(tmp_path, "c").take()
    one.release()
    assert other.sign().holder == ""
    assert not one.beat()
    assert other.take()
    other.release()


def test_a_lock_that_was_put_aside_is_nobodys(tmp_path: Path) -> None:
    frozen, new, third = (CollectorLock(tmp_path, SOURCE) for _ in range(3))
    assert frozen.take()
    new.seize()
    assert new.beat()
    assert not frozen.beat()
    assert not third.take()
    frozen.release()
    assert not third.take()
    assert third.sign().holder
    new.release()
    assert third.take()
    third.release()

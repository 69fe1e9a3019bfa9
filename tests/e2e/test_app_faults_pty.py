"""The app in a real terminal, against an exchange and a line that fail: it says so, keeps polling, and recovers."""

import re
import signal
from pathlib import Path

import pytest

from tests.e2e.app import RANKED, App, started
from tests.e2e.commands import at
from tests.support.fake_kraken import FakeKrakenThread

pytestmark = pytest.mark.timeout(120)
EVERY_5_S = ("--interval", "5")
LIVE = "● live"


def polls(exchange: FakeKrakenThread) -> int:
    """How often all tickers were asked for."""
    return exchange.paths().count("Ticker")


def until_polls(app: App, exchange: FakeKrakenThread, number: int) -> None:
    """Let the app run until the exchange has been polled so often."""
    app.session.wait_until(lambda: polls(exchange) >= number, 60, f"poll {number}")


def test_ten_polls_are_one_connection_and_nothing_is_written_between_them(tmp_path: Path) -> None:
    """Once the history is there, bytes come with a poll and at no other time."""
    with FakeKrakenThread(pairs=4) as exchange, started(tmp_path, *at(exchange.url), *EVERY_5_S) as app:
        app.until_shown(LIVE)
        app.until_shown("hist")
        app.until_gone("hist")
        opened = exchange.connections  # a second one if a poll and candles were asked for at once, on a busy machine
        assert opened <= 2
        while polls(exchange) < 10:
            until_polls(app, exchange, polls(exchange) + 1)
            app.session.pump(1.5)
            before = polls(exchange)
            silent = app.session.pump(2.0) == 0
            assert silent or polls(exchange) > before
        assert exchange.connections == opened
        assert exchange.most_requests_in(1.0) <= 2
        app.press("q")
        app.assert_left_clean(0)


def fill_the_line(app: App) -> None:
    """Leave the terminal unread, and ask for repaints until it is full."""
    app.session.stop_reading()
    for _ in range(60):
        app.session.send("T")
        app.session.pump(0.02)


def test_an_unread_terminal_misses_no_poll_and_gets_one_repaint(tmp_path: Path) -> None:
    with FakeKrakenThread(pairs=60) as exchange, started(tmp_path, *at(exchange.url), *EVERY_5_S, cols=200) as app:
        app.until_shown(LIVE)
        fill_the_line(app)
        until_polls(app, exchange, polls(exchange) + 4)
        app.press("e")
        until_polls(app, exchange, polls(exchange) + 1)
        unread = app.session.drain()
        assert unread <= 2 * 65_536, "no more than the kernel held is written late"
        app.session.resume()
        app.until_titled("cv of price")
        app.until_shown(LIVE)
        assert "Traceback" not in app.text
        app.press("q")
        app.assert_left_clean(0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda value: str(int(value)))
def test_an_unread_terminal_does_not_hold_up_the_end(number: signal.Signals, tmp_path: Path) -> None:
    with FakeKrakenThread(pairs=60) as exchange, started(tmp_path, *at(exchange.url), *EVERY_5_S, cols=200) as app:
        app.until_shown(LIVE)
        fill_the_line(app)
        app.session.signal(number)
        assert app.session.wait_exit(10) == 128 + number
        assert app.session.attributes() == app.session.attributes_before


def test_a_rate_limit_is_said_with_its_end_and_kept(tmp_path: Path) -> None:
    """429 with Retry-After: no request until then, and the data comes by itself afterwards."""
    with FakeKrakenThread(pairs=10) as exchange:
        exchange.faults.set("rate_limited", count=1, path="Ticker", value=6)
        with started(tmp_path, *at(exchange.url)) as app:
            app.until_shown(re.compile(r"rate-limited until \d\d:\d\d:\d\d"))
            limited = next(index for index, request in enumerate(exchange.requests) if request.faults)
            app.until_shown(LIVE)
            refused, retried = exchange.requests[limited : limited + 2]
            assert retried.monotonic_s - refused.monotonic_s >= 6
            app.until_shown(RANKED)


def test_offline_at_the_start_offers_the_simulated_market(tmp_path: Path) -> None:
    with FakeKrakenThread(pairs=4) as exchange:
        exchange.stop_listening()
        with started(tmp_path, *at(exchange.url)) as app:
            app.until_shown("kraken gives no data yet")
            assert "○ offline" in app.header
            app.until_shown("watch a simulated market")
            app.press("d")
            app.until_shown("SIMULATED")
            app.until_shown(RANKED)
            app.press("q")
            app.assert_left_clean(0)


def test_offline_at_the_start_recovers_by_itself(tmp_path: Path) -> None:
    with FakeKrakenThread(pairs=4) as exchange:
        exchange.stop_listening()
        with started(tmp_path, *at(exchange.url)) as app:
            app.until_shown("kraken gives no data yet")
            exchange.start_listening()
            app.until_shown(LIVE)
            app.until_shown(RANKED)


def test_an_outage_keeps_data_and_ranks_and_ends_by_itself(tmp_path: Path) -> None:
    with FakeKrakenThread(pairs=4) as exchange, started(tmp_path, *at(exchange.url), *EVERY_5_S) as app:
        app.until_gone(re.compile(r"hist|first poll"))
        app.until_shown(RANKED)
        exchange.stop_listening()
        app.until(lambda: "○ offline" in app.header, "the outage in the header")
        assert RANKED.search(app.text), "ranks stay"
        assert "next try" in app.header
        exchange.start_listening()
        app.press("R")
        app.until(lambda: LIVE in app.header, "the end of the outage")
        app.press("q")
        app.assert_left_clean(0)


@pytest.mark.parametrize("fault", ["http_503", "html", "truncated", "no_result", "reset", "kraken_rate_limit"])
def test_a_bad_answer_makes_the_data_stale_and_a_good_one_live(fault: str, tmp_path: Path) -> None:
    with FakeKrakenThread(pairs=4) as exchange, started(tmp_path, *at(exchange.url), *EVERY_5_S) as app:
        app.until_shown(RANKED)
        exchange.faults.set(fault, path="Ticker")
        app.until(lambda: re.search("◌ (stale|rate-limited)|○ offline", app.header) is not None, "the fault")
        assert RANKED.search(app.text), "ranks stay"
        exchange.faults.clear()
        app.until(lambda: LIVE in app.header, "the end of the fault")


def test_hostile_names_never_reach_the_terminal_raw(tmp_path: Path) -> None:
    """Control characters, markup and bidi overrides of the exchange's names are never among the bytes written."""
    with FakeKrakenThread(pairs=12) as exchange:
        exchange.faults.set("hostile_names")
        with started(tmp_path, *at(exchange.url), *EVERY_5_S, cols=200, rows=50) as app:
            app.until_shown(LIVE)
            app.until(
                lambda: re.search(r"\d+ unreadable rows? · \d+ unknown symbol", app.header) is not None, "the count"
            )
            app.press("u")
            app.until(lambda: "all" in app.titles[0], "all pairs")
            until_polls(app, exchange, 3)
            for payload in hostile_payloads(exchange):
                assert payload not in bytes(app.session.raw)
            assert "Traceback" not in app.text
            app.press("q")
            app.assert_left_clean(0)


def hostile_payloads(exchange: FakeKrakenThread) -> list[bytes]:
    """What is dangerous in the names, as bytes."""
    names = {
        text
        for listing in exchange.exchange.market.hostile
        for text in (listing.id, listing.display, listing.altname, listing.base, listing.quote)
    }
    found = [name.encode("utf-8", "surrogatepass") for name in names if not name.isprintable()]
    assert found, "there is something hostile to look for"
    return found


@pytest.mark.parametrize("fault", ["nan", "missing_fields"])
def test_malformed_pairs_are_counted_and_the_others_go_on(fault: str, tmp_path: Path) -> None:
    with FakeKrakenThread(pairs=20) as exchange:
        exchange.faults.set(fault, path="Ticker")
        with started(tmp_path, *at(exchange.url), cols=200) as app:
            app.until_shown(LIVE)
            app.until(lambda: re.search(r"\d+ unreadable row", app.header) is not None, "the count")
            app.until_shown(RANKED)


def test_a_pair_without_a_trade_has_no_price_of_zero(tmp_path: Path) -> None:
    with FakeKrakenThread(pairs=20) as exchange:
        exchange.faults.set("zeros", path="Ticker")
        with started(tmp_path, *at(exchange.url), "--quote", "all", cols=200, rows=50) as app:
            app.until_shown(LIVE)
            app.until(lambda: len(app.table_pairs) > 10, "rows")
            assert not re.search(r"/[A-Z]+ +0\.0* ", "\n".join(app.table))

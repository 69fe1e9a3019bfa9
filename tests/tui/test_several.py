"""The app over several exchanges at once."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.feed import AT_MS, FakeFeed, live_status, make_pairs, several_pairs, several_status
from tests.tui.test_app import Rig, messages, running
from tests.tui.test_pages import page_of
from tui_tracker.config.model import Settings
from tui_tracker.config.state import State, View
from tui_tracker.config.views import ViewSpec
from tui_tracker.core.snapshot import Row
from tui_tracker.core.status import ErrorTally, RequestReport, SourceReport, SourceState
from tui_tracker.tui.screens.across import AcrossScreen
from tui_tracker.tui.times import UTC_ZONE
from tui_tracker.tui.titles import state_runs
from tui_tracker.tui.widgets.canvas import Canvas

SETTINGS = Settings(source="bitfinex,bitstamp,gate,kraken,okx")


def rig_of(state: State | None = None) -> Rig:
    return Rig(FakeFeed(several_pairs(), several_status()), SETTINGS, state)


async def test_the_top_line_counts_and_names_who_is_not_well() -> None:
    async with running(rig_of(), (150, 30)) as rig:
        assert "5 sources ● 4 live ○ 1 offline: kraken" in rig.app.main.header.plain
        rig.feed.publish(status := rig.feed.snapshot(several_status(), 2))
        await rig.settle()
        parts = [replace(part, error="", state=SourceState.LIVE) for part in status.status.parts]
        rig.feed.publish_status(parts=tuple(parts))
        await rig.settle()
        assert "5 sources ● 5 live  " in rig.app.main.header.plain


def test_every_state_has_its_word() -> None:
    names = {
        "a": live_status(source="a"),
        "b": live_status(source="b", state=SourceState.STALE),
        "c": live_status(source="c", limited_until_ms=AT_MS + 60_000),
        "d": live_status(source="d", state=SourceState.OFFLINE, last_good_ms=None, error=""),
    }
    offline = [live_status(source=name, state=SourceState.OFFLINE, error="gone") for name in "efg"]
    streamed = [live_status(source=name, stream="live") for name in "hi"]
    streamed.append(live_status(source="j", stream="live", error="HTTP 503"))
    streamed += [live_status(source="k", stream="HTTP 403"), live_status(source="l", stream="not open yet")]
    status = live_status(parts=(*names.values(), *offline, *streamed))
    text = "".join(text for text, _ in state_runs(status, AT_MS, UTC_ZONE))
    assert text.startswith(
        "12 sources ● 2 streaming ● 2 live ● 1 streaming, polls fail: j ● 1 live, stream fails: k ◌ 1 stale: b"
    )
    assert text.endswith(": c ○ 3 offline: e, f … ○ 1 starting")


async def test_rows_say_their_exchange_and_those_of_one_out_of_reach_are_pale() -> None:
    async with running(rig_of(), (150, 30)) as rig:
        text = rig.app.main.table.plain
        assert re.search(r"pair +exchange +last", text)
        assert re.search(r"BTC/USD +kraken", text)
        assert " all " not in text
        assert "GTC/USD kraken" in rig.app.main.pairs.plain
        model = rig.app.desk.scene.table  # type: ignore[union-attr]
        kinds = {
            place.row.instrument.source: {kind for text, kind in model.row(index, 140) if "TC/USD" in text}
            for index, place in enumerate(model.places)
        }
        assert kinds["kraken"] == {"muted"}
        assert kinds["gate"] == {"text"}
        assert "BTC/USD bitfinex ── price" in str(rig.app.desk.chart().title)  # type: ignore[union-attr]
    async with running(Rig(), (150, 30)) as rig:
        assert "exchange" not in rig.app.main.table.plain


async def test_a_view_remembers_its_exchange_and_shows_all_where_that_is_not_watched() -> None:
    view = ViewSpec("Gate", quote=None, source="gate", min_volume=0.0)
    async with running(rig_of(State(views=(view,))), (150, 30)) as rig:
        rig.app.take_view("Gate")
        await rig.settle()
        assert {key.partition(":")[0] for key in rig.app.main.table.keys} == {"gate"}
        assert "Gate" in rig.title("table")
        assert "was Gate" not in rig.title("table")
        rig.app.choose(rig.view.with_source("okx"))
        await rig.settle()
        assert "was Gate" in rig.title("table")
        rig.app._save_view_as("Okx")
        await rig.settle()
        assert rig.app.desk.saved_views[-1].source == "okx"
    async with running(Rig(state=State(views=(view,))), (150, 30)) as rig:
        rig.app.take_view("Gate")
        await rig.settle()
        assert rig.app.main.table.keys
        assert "was Gate" not in rig.title("table")


async def test_a_key_goes_through_the_exchanges_and_a_filter_picks_one() -> None:
    async with running(rig_of(), (150, 30)) as rig:
        assert len(rig.app.main.table.keys) == 8
        await rig.press("E")
        assert rig.view.source == "all"
        assert set(rig.app.main.table.keys) == {"all:BTC-USD", "all:GTC-USD"}
        assert "across USD" in rig.title("table")
        await rig.press("E")
        assert set(rig.app.main.table.keys) == {"bitfinex:BTC-USD", "bitfinex:GTC-USD"}
        await rig.press("E", "E", "E", "E", "E")
        assert len(rig.app.main.table.keys) == 8
        await rig.press("slash", *"exchange", "space", "equals_sign", "space", *"gate", "enter")
        assert set(rig.app.main.table.keys) == {"gate:BTC-USD", "gate:GTC-USD"}
        await rig.press("escape", "u")
        assert set(rig.app.main.table.keys) == {"okx:BTC-USDT", "okx:GTC-USDT"}


async def test_the_exchange_is_remembered_where_it_is_still_watched() -> None:
    async with running(rig_of(State(View(source="gate"))), (150, 30)) as rig:
        assert rig.view.source == "gate"
        assert rig.view.remembered().source == "gate"
    async with running(rig_of(State(View(source="bybit"))), (150, 30)) as rig:
        assert rig.view.source is None


async def test_with_one_exchange_the_key_says_what_to_do() -> None:
    async with running(Rig()) as rig:
        await rig.press("E")
        assert messages(rig) == ["one exchange is watched: --source names several, such as kraken,binance"]


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_across_shows_a_pair_on_every_exchange(size: tuple[int, int]) -> None:
    async with running(rig_of(), size) as rig:
        rig.app.go_to("gate:GTC-USD")
        await rig.press("M")
        body = page_of(rig).body
        assert all(len(line) <= body.size.width for line in body.whole.splitlines())
        text = re.sub(r" +", " ", body.whole)
        assert "median 0.41000 of 3 of 4 exchanges" in text
        assert "12.0 bps bitfinex over bitstamp" in text
        assert "31.0 % off: another asset" in text
        assert "USDT 1 exchange" in text
        assert "okx" not in text.split("Together")[0]
        await rig.press("M", "escape")
        assert rig.app.screen is rig.app.main


async def test_what_the_page_shows_of_other_exchanges_comes_first_too() -> None:
    async with running(rig_of(), (80, 24)) as rig:
        rig.app.go_to("gate:GTC-USD")
        await rig.press("M")
        rig.app._prioritise()
        assert rig.feed.priorities[-1][0] == "gate:GTC-USD"
        assert "bitfinex:GTC-USD" in rig.feed.priorities[-1]


class Counted(tuple[Row, ...]):
    """Rows that count how often they are gone through."""

    walks = 0

    def __iter__(self) -> Iterator[Row]:
        Counted.walks += 1
        return super().__iter__()


async def test_across_goes_through_all_rows_once_however_many_currencies_there_are() -> None:
    async with running(rig_of(), (150, 40)) as rig:
        rig.app.go_to("gate:GTC-USD")
        await rig.press("M")
        snapshot = rig.app.desk.snapshot
        assert snapshot is not None
        rig.app.desk.snapshot = replace(snapshot, rows=Counted(snapshot.rows))
        screen = rig.app.screen
        assert isinstance(screen, AcrossScreen)
        screen.build(150)
        Counted.walks = 0
        assert screen.build(150).lines
        assert Counted.walks == 1


async def test_across_says_what_is_too_old() -> None:
    status = several_status()
    old = [replace(part, last_good_ms=AT_MS - 95_000) if part.source == "kraken" else part for part in status.parts]
    async with running(rig_of(), (140, 40)) as rig:
        rig.app.go_to("gate:GTC-USD")
        rig.feed.publish_status(parts=tuple(old))
        await rig.press("M")
        text = page_of(rig).body.whole
        assert "too old" in text
        assert "none: fewer than 3 exchanges agree" in text


async def test_what_comes_before_a_page_is_there_is_shown_once_it_is() -> None:
    async with running(rig_of(), (140, 60)) as rig:
        rig.app.action_open_page("across")
        rig.app.show_page()
        await rig.settle()
        for _ in range(100):  # it is mounted by a message of its own
            if page_of(rig).body.whole:
                break
            await rig.pilot.pause()
        assert "gate" in page_of(rig).body.whole


async def test_across_with_one_exchange_says_so() -> None:
    async with running(Rig(), (140, 40)) as rig:
        await rig.press("M")
        assert "none: one exchange alone" in page_of(rig).body.whole


async def test_health_has_a_block_for_each_source() -> None:
    async with running(rig_of(), (140, 50)) as rig:
        tally = ErrorTally("unreachable", 3, AT_MS, "no \x1broute")
        parts = tuple(
            SourceReport(part, RequestReport(5, 1, 5, 90, 120, 3, 59), (tally,) if part.error else ())
            for part in several_status().parts
        )
        rig.feed.report = SourceReport(several_status(), parts=parts)
        await rig.press("H")
        text = page_of(rig).body.whole
        assert re.search(r"^Source kraken +Source bitfinex", text)
        assert [f"Source {part.status.source}" in text for part in parts] == [
            part.status.source != "all" for part in parts
        ]
        assert "Across exchanges" in text
        assert re.search("3 unreachable, the last [0-9a-z]+ ago: no", text)
        assert "History of all" in text


async def test_the_command_of_why_names_the_sources() -> None:
    async with running(rig_of(), (140, 50)) as rig:
        await rig.press("i")
        pasted = page_of(rig).body.whole.replace("\\\n  ", "")
        assert "--source bitfinex,bitstamp,gate,kraken,okx --quote USD" in pasted
        await rig.press("escape", "E", "E", "i")
        assert "--source bitfinex --quote USD" in page_of(rig).body.whole.replace("\\\n  ", "")
        await rig.press("escape")
        rig.app.go_to("all:BTC-USD")
        await rig.press("i")
        pasted = page_of(rig).body.whole.replace("\\\n  ", "")
        assert "crypto-tui rank --source bitfinex,bitstamp,gate,kraken,okx --pairs all:BTC-USD" in pasted


async def test_the_palette_finds_pairs_by_their_exchange() -> None:
    async with running(rig_of(), (140, 40)) as rig:
        for query in ("btc kraken", "kraken:BTC-USD", "kraken:btc"):
            assert [row.id for row in rig.app.desk.search(query, 5)] == ["kraken:BTC-USD"]
        assert rig.app.desk.search("rak", 5) == []
        assert rig.app.desk.sources() == ["all", "bitfinex", "bitstamp", "gate", "kraken", "okx"]


def test_a_feed_of_one_exchange_has_no_parts() -> None:
    assert FakeFeed(make_pairs(count=30)).current.status.parts == ()


async def test_before_anything_came_the_sources_are_counted() -> None:
    status = live_status(
        source="kraken,okx", state=SourceState.OFFLINE, last_good_ms=None, error="kraken: refused", next_poll_ms=None
    )
    async with running(Rig(FakeFeed((), status), SETTINGS), (120, 30)) as rig:
        assert "2 sources ○ offline: kraken: refused" in rig.app.main.header.plain
        assert "2 sources give no data yet" in rig.app.main.table.plain


async def test_an_exchange_that_answers_late_lists_nothing_new() -> None:
    first = [pair for pair in several_pairs() if pair.id.startswith("gate")]
    async with running(Rig(FakeFeed(first, several_status()), SETTINGS), (150, 40)) as rig:
        rig.feed.pairs = several_pairs()
        rig.feed.publish(replace(rig.feed.snapshot(several_status(), 2), at_ms=AT_MS + 1_000))
        await rig.settle()
        assert list(rig.app.desk.events) == []
        rig.feed.pairs = [*several_pairs(), *make_pairs(count=30)[1:2]]
        rig.feed.publish(replace(rig.feed.snapshot(several_status(), 3), at_ms=AT_MS + 2_000))
        await rig.settle()
        (event,) = rig.app.desk.events
        assert (event.pair, event.exchange) == ("ETH/USD", "kraken")
        await rig.press("o")
        assert "ETH/USD kraken" in page_of(rig).body.whole


async def test_the_help_has_the_keys_of_several_exchanges_where_there_are_several() -> None:
    for rig, is_told in ((rig_of(), True), (Rig(), False)):
        async with running(rig, (120, 40)):
            await rig.press("question_mark")
            text = rig.app.screen.query_one("#help-text", Canvas).plain
            assert ("next exchange where several are watched" in text) is is_told
            assert ("the pair on every exchange" in text) is is_told


async def test_a_search_finds_first_what_is_called_so() -> None:
    async with running(rig_of(), (140, 40)) as rig:
        rows = rig.app.desk.snapshot.rows if rig.app.desk.snapshot else ()
        for row in (rows[0], rows[-1]):
            assert rig.app.desk.search(row.id.upper(), 9)[0] is row
            spelled = row.instrument.pair.replace("/", "").lower()
            assert {one.instrument.pair for one in rig.app.desk.search(spelled, 1)} == {row.instrument.pair}

"""REST over a real socket: each call's answer is the feed's own data, to the last bit."""

import json
import math
from dataclasses import replace
from email.utils import formatdate
from xml.etree import ElementTree

import httpx
import pytest
from pydantic import BaseModel

from tests.api.conftest import Serve, Served
from tests.support.feed import AT_MS, END_MS, FakeFeed, live_status, make_pairs
from tui_tracker.api import schemas
from tui_tracker.core.figures import Measure
from tui_tracker.core.instrument import InstrumentClass
from tui_tracker.core.metric import Metric
from tui_tracker.core.status import SourceState
from tui_tracker.stats.ranking import Scope, rank


def body(response: httpx.Response, model: type[BaseModel]) -> dict[str, object]:
    """The JSON of a good answer, that is as documented."""
    assert response.status_code == 200, response.text
    model.model_validate_json(response.content, strict=False)
    document: dict[str, object] = response.json()
    assert set(model.model_fields) >= set(document)
    return document


def refused(response: httpx.Response, status: int) -> dict[str, object]:
    """The problem that a call was refused with."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, object] = response.json()
    assert problem["status"] == status
    assert problem["type"]
    assert problem["title"]
    assert "Traceback" not in response.text
    return problem


async def test_pairs_are_filtered_and_paged(served: Served) -> None:
    rows = served.feed.current.rows
    whole = body(await served.get("pairs", limit=5000), schemas.Pairs)
    assert whole["total"] == len(rows) == len(whole["pairs"])  # type: ignore[arg-type]
    dollars = [row.id for row in rows if row.instrument.quote == "USD"]
    page = body(await served.get("pairs", quote="USD", limit=7, offset=3), schemas.Pairs)
    assert page["total"] == len(dollars)
    assert [one["id"] for one in page["pairs"]] == dollars[3:10]  # type: ignore[attr-defined]
    found = body(await served.get("pairs", text="btc", source="kraken"), schemas.Pairs)["pairs"]
    assert found
    assert all("BTC" in one["symbol"] for one in found)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["kraken:BTC-USD", "BTC/USD", "btcusd", "BTC%2FUSD", "kraken:btc-usd"])
async def test_a_pair_goes_by_any_usual_name(served: Served, name: str) -> None:
    pair = body(await served.get(f"pairs/{name}"), schemas.Pair)
    assert (pair["id"], pair["pair"]) == ("kraken:BTC-USD", "BTC/USD")


async def test_a_pair_has_its_quote_statistics_and_ranks(served: Served) -> None:
    snapshot = served.feed.current
    for metric, quote in ((Metric.PRICE, None), (Metric.SPREAD, "USD")):
        parameters = {"metric": metric.value} | ({"quote": quote} if quote else {})
        pair = body(await served.get("pairs/eth/usd", **parameters), schemas.Pair)
        row = next(row for row in snapshot.rows if row.id == pair["id"])
        assert (pair["last"], pair["bid"], pair["mid"], pair["volume_usd"]) == (
            row.last,
            row.bid,
            row.mid,
            row.volume_usd,
        )
        figures = row.figures_of(Metric.PRICE)
        assert figures is not None
        told = pair["statistics"]["price"]  # type: ignore[index]
        assert (told["stddev"], told["cv"], told["coverage"]) == (figures.stddev, figures.cv, figures.coverage)
        for measure in Measure:
            ranking = rank(snapshot, metric, measure, Scope(quote=quote))
            place = ranking.place(row.id)
            assert place is not None
            one = pair["ranks"][measure.value]  # type: ignore[index]
            assert (one["rank"], one["ranked"], one["value"]) == (place.rank, ranking.ranked, place.value)


async def test_history_is_the_window(served: Served) -> None:
    values = served.feed.pairs[5].values
    start = END_MS - 1439 * 60_000
    whole = body(await served.get("pairs/dogeusd/history"), schemas.History)
    points = whole["points"]
    assert [at for at, _ in points] == [start + n * 60_000 for n in range(1440)]  # type: ignore[attr-defined]
    assert [value for _, value in points] == [None if math.isnan(value) else value for value in values]  # type: ignore[attr-defined]
    hours = body(await served.get("pairs/dogeusd/history", every="1h"), schemas.History)["points"]
    assert len(hours) == 25  # type: ignore[arg-type]
    assert all(at % 3_600_000 == 0 for at, _ in hours)  # type: ignore[attr-defined]
    assert hours[-1][1] == values[-1]  # type: ignore[index]
    part = await served.http.get(
        "/app/v1/pairs/dogeusd/history", params={"from": "2025-11-24T21:50:30Z", "to": str(END_MS - 60_000)}
    )
    assert [at for at, _ in part.json()["points"]] == [END_MS - n * 60_000 for n in range(6, 0, -1)]


async def test_history_as_csv(served: Served) -> None:
    answer = await served.get("pairs/dogeusd/history", format="csv")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.text.splitlines()
    assert lines[0] == "time,value"
    assert lines[-1] == f"2025-11-24T21:57:00.000Z,{served.feed.pairs[5].values[-1]!r}"
    assert lines[401].endswith(",")


async def test_candles_are_made_of_the_samples(served: Served) -> None:
    made = body(await served.get("pairs/kraken:BTC-USD/candles", every="30m"), schemas.Candles)["candles"]
    values = served.feed.pairs[0].values[-28:]
    assert made[-1]["start_ms"] % 1_800_000 == 0  # type: ignore[index]
    last = made[-1]  # type: ignore[index]
    assert (last["open"], last["high"], last["low"], last["close"]) == (values[0], max(values), min(values), values[-1])


@pytest.mark.parametrize("name", ["dogeusd", "kraken:TRX-USD", "kraken:LTC-USD", "kraken:[@click=app.quit]Q-USD"])
async def test_a_chart_is_well_formed_and_breaks_at_gaps(served: Served, name: str) -> None:
    answer = await served.get(f"pairs/{name}/chart.svg", width=600, height=200)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    root = ElementTree.fromstring(answer.text)
    lines = [one for one in root if one.get("class") == "l"]
    assert len(lines) == {"dogeusd": 2, "kraken:LTC-USD": 0}.get(name, 1)


async def test_the_ranking_is_that_of_the_engine(served: Served) -> None:
    snapshot = served.feed.current
    for by, scope in ((Measure.CV, Scope(quote="USD", min_volume_usd=1e7)), (Measure.STDDEV, Scope())):
        parameters = {"by": by.value, "floor": scope.min_volume_usd} | ({"quote": "USD"} if scope.quote else {})
        told = body(await served.get("ranking", **parameters, limit=5000), schemas.Ranking)
        ranking = rank(snapshot, Metric.PRICE, by, scope)
        assert (told["ranked"], told["scope_pairs"]) == (ranking.ranked, len(ranking.places))
        assert [(one["id"], one["rank"], one["value"], one["reason"]) for one in told["pairs"]] == [  # type: ignore[attr-defined]
            (place.row.id, place.rank, place.value, place.reason or None) for place in ranking.places
        ]
        page = body(await served.get("ranking", **parameters, limit=4, offset=2), schemas.Ranking)
        assert page["pairs"] == told["pairs"][2:6]  # type: ignore[index]


async def test_one_statistic_and_its_rank_among_given_pairs(served: Served) -> None:
    parameters = {"pair": "eth/usd", "pairs": "BTC/USD,eth/usd,solusd", "metric": "price", "window": "24h"}
    told = body(await served.get("statistic", **parameters), schemas.Statistic)
    assert told["rank"] == "2/3"
    assert len(told["history"]) == 1440  # type: ignore[arg-type]
    outside = body(await served.get("statistic", pair="eth/usd", pairs="btc/usd"), schemas.Statistic)
    assert (outside["rank"], outside["reason"]) == (None, "not in scope")


async def test_freqtrade_gets_exactly_its_form(served: Served) -> None:
    answer = await served.get("freqtrade/pairlist", quote="USD", by="cv", limit=5, exclude="stable")
    told = body(answer, schemas.Pairlist)
    assert set(told) == {"pairs", "refresh_period"}
    assert told["refresh_period"] == 60
    ranking = rank(served.feed.current, Metric.PRICE, Measure.CV, Scope(quote="USD"))
    assert told["pairs"] == [place.row.instrument.pair for place in ranking.places][:5]
    assert "application/json" in answer.headers["content-type"]


async def test_metrics_sources_and_status(served: Served) -> None:
    metrics = body(await served.get("metrics"), schemas.Metrics)
    assert [one["name"] for one in metrics["metrics"]] == list(Metric)  # type: ignore[attr-defined]
    body(await served.get("sources"), schemas.Sources)
    status = body(await served.get("status"), schemas.Status)
    assert (status["window_s"], status["age_s"], status["version"]) == (86_400, 0.1, 1)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("ranking?window=2h", "1440m"),
        ("ranking?source=okx", "kraken only"),
        ("ranking?quote=XYZ", "no pair is priced"),
        ("ranking?by=luck", "by"),
        ("ranking?metric=luck", "metric"),
        ("ranking?limit=0", "limit"),
        ("ranking?limit=x", "limit"),
        ("ranking?floor=nan", "floor"),
        ("ranking?floor=-1", "floor"),
        ("ranking?pairs=,", "pairs"),
        ("ranking?colour=red", "colour"),
        ("pairs?offset=-1", "offset"),
        ("pairs/btcusd/history?every=0m", "1m to 24h"),
        ("pairs/btcusd/history?every=25h", "1m to 24h"),
        ("pairs/btcusd/history?every=x", "every"),
        ("pairs/btcusd/history?from=yesterday", "from"),
        ("pairs/btcusd/history?from=2025-11-24T00:00:00", "from"),
        ("pairs/btcusd/history?from=9&to=8", "from: it is after to"),
        ("pairs/btcusd/candles?every=7m", "every"),
        ("pairs/btcusd/chart.svg?width=9", "width"),
        ("freqtrade/pairlist?exclude=luck", "exclude"),
        ("status?x=1", "x"),
    ],
)
async def test_wrong_parameters_are_told(served: Served, path: str, said: str) -> None:
    problem = refused(await served.http.get(f"/app/v1/{path}"), 422)
    assert said in str(problem["detail"])
    assert problem["type"] == "urn:crypto-tui:problem:wrong-parameters"
    assert [error["where"].split(".")[0] for error in problem["errors"]] == ["query"]  # type: ignore[attr-defined]


async def test_classes_are_left_out_and_an_asset_has_one_pair(served: Served) -> None:
    usdt = served.feed.pairs[3].instrument
    served.feed.pairs[3].instrument = replace(usdt, classes=frozenset({InstrumentClass.STABLE}))
    served.feed.publish()
    for parameters, scope in (
        ({"exclude": "stable,fiat"}, Scope(excluded=frozenset({InstrumentClass.STABLE, InstrumentClass.FIAT}))),
        ({"unique_base": True}, Scope(unique_base=True)),
    ):
        expected = rank(served.feed.current, Metric.PRICE, Measure.STDDEV, scope)
        told = (await served.get("ranking", **parameters)).json()
        assert [one["id"] for one in told["pairs"]] == [place.row.id for place in expected.places]
        one = (await served.get("statistic", pair="btc/usd", **parameters)).json()
        place = expected.place("kraken:BTC-USD")
        assert one["rank"] == f"{place and place.rank}/{expected.ranked}"
    assert usdt.id not in [one["id"] for one in (await served.get("ranking", exclude="stable")).json()["pairs"]]


async def test_a_currency_may_be_in_any_case_or_all(served: Served) -> None:
    for path in ("ranking", "pairs", "pairs/btcusd", "freqtrade/pairlist"):
        given, lower = await served.get(path, quote="USD"), await served.get(path, quote="usd")
        assert lower.status_code == 200
        assert lower.content == given.content
    assert (await served.get("ranking", quote="all")).content == (await served.get("ranking")).content


async def test_an_unknown_pair_has_near_names(served: Served) -> None:
    for path in ("pairs/BTC-USDD", "pairs/BTC-USDD/history", "ranking?pairs=BTC-USDD", "statistic?pair=BTC-USDD"):
        problem = refused(await served.http.get(f"/app/v1/{path}"), 404)
        assert "BTC/USD" in problem["near"]  # type: ignore[operator]


async def test_other_paths_and_methods_are_problems(served: Served) -> None:
    refused(await served.get("nothing"), 404)
    refused(await served.http.post("/app/v1/ranking"), 405)


async def test_what_did_not_change_is_not_sent_again(served: Served) -> None:
    first = await served.get("ranking")
    assert first.headers["cache-control"] == "private, max-age=59"
    again = await served.http.get("/app/v1/ranking", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    served.feed.pairs[0].volume *= 2
    served.feed.publish()
    served.feed.pairs[0].values[-1] *= 2
    served.feed.publish()
    await served.http.get("/healthz")
    changed = await served.http.get("/app/v1/ranking", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


async def test_answers_are_compressed_where_that_is_understood(served: Served) -> None:
    plain = await served.http.get("/app/v1/ranking", headers={"Accept-Encoding": "identity"})
    refusing = await served.http.get("/app/v1/ranking", headers={"Accept-Encoding": "gzip;q=0"})
    packed = await served.http.get("/app/v1/ranking", headers={"Accept-Encoding": "br, gzip"})
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in refusing.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < len(plain.content) / 2


async def test_before_the_first_poll_it_says_so(serve: Serve) -> None:
    async with serve(FakeFeed()) as served:
        assert (await served.http.get("/healthz")).status_code == 200
        for path in ("/readyz", "/app/v1/ranking", "/app/v1/pairs", "/app/v1/pairs/btcusd"):
            answer = await served.http.get(path)
            refused(answer, 503)
            assert answer.headers["retry-after"] == "5"
        body(await served.get("status"), schemas.Status)
        assert (await served.http.get("/metrics")).status_code == 200
        served.feed.pairs = make_pairs(count=20)
        served.feed.publish()
        await served.http.get("/healthz")
        assert (await served.http.get("/readyz")).json() == {"status": "ready"}


async def test_prometheus_reads_pairs_and_source(served: Served) -> None:
    text = (await served.http.get("/metrics", params={"pairs": "btc/usd"})).text
    figures = served.feed.pairs[0].row().figures_of(Metric.PRICE)
    assert figures is not None
    assert f'crypto_tui_pair_stddev{{pair="kraken:BTC-USD"}} {figures.stddev}' in text
    assert text.count("crypto_tui_pair_rank{") == 1
    assert 'crypto_tui_source_state{source="kraken",state="live"} 1.0' in text
    assert "crypto_tui_loop_lag_seconds" in text
    assert (await served.http.get("/metrics")).text.count("crypto_tui_pair_coverage{") == 50


async def test_the_docs_need_nothing_from_elsewhere(served: Served) -> None:
    page = await served.get("docs")
    assert page.status_code == 200
    for outside in ("http://", "https://", "//cdn"):
        assert outside not in page.text
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert f"/app/v1/assets/{asset}" in page.text
        assert (await served.get(f"assets/{asset}")).status_code == 200


async def test_every_call_is_documented_with_an_example(served: Served) -> None:
    document = (await served.get("openapi.json")).json()
    paths = document["paths"]
    assert {f"/app/v1/{name}" for name in ("pairs", "metrics", "ranking", "statistic", "sources", "status")} <= set(
        paths
    )
    for path, calls in paths.items():
        for call in calls.values():
            assert "curl " in call["description"], path
            assert call["responses"]["200"], path
    assert json.dumps(document)


async def test_an_unexpected_error_tells_nothing_of_the_inside(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("the inside")

    monkeypatch.setattr(served.feed, "series", broken)
    answer = await served.get("pairs/btcusd/history")
    refused(answer, 500)
    assert "inside" not in answer.text
    assert (await served.http.get("/healthz")).status_code == 200


def test_the_clock_of_the_fake_is_where_the_tests_expect_it() -> None:
    assert AT_MS - END_MS == 57_000


async def test_a_name_may_be_given_often(served: Served) -> None:
    told = (await served.get("ranking", pairs="btc/usd,eth/usd," * 450)).json()
    assert told["scope_pairs"] == 2


async def test_a_ranking_says_of_when_it_is_and_is_not_fresh_while_polls_fail(served: Served) -> None:
    calls = ("ranking", "freqtrade/pairlist", "pairs", "statistic?pair=btcusd")
    for path in calls:
        good = await served.http.get(f"/app/v1/{path}")
        assert good.headers["last-modified"] == formatdate(AT_MS / 1000, usegmt=True)
        assert good.headers["cache-control"] == "private, max-age=59"
    served.feed.current = replace(served.feed.current, status=live_status(state=SourceState.STALE, error="timeout"))
    served.server.streams.board.take(served.feed.current)
    for path in calls:
        old = await served.http.get(f"/app/v1/{path}")
        assert old.headers["last-modified"] == formatdate(AT_MS / 1000, usegmt=True)
        assert old.headers["cache-control"] == "private, no-cache"


async def test_any_tag_will_do_for_a_star(served: Served) -> None:
    assert (await served.http.get("/app/v1/ranking", headers={"If-None-Match": "*"})).status_code == 304


async def test_an_instant_may_be_so_long_ago(served: Served) -> None:
    told = (await served.get("pairs/btcusd/history", **{"from": "90m"})).json()
    assert told["points"][0][0] == END_MS - 89 * 60_000
    assert (await served.get("pairs/btcusd/history", **{"from": "٦h"})).status_code == 422

"""The docs page and its document: examples that are true, and calls that can be tried as they stand."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from tests.api.conftest import Serve, Served
from tests.api.stream_client import client
from tests.support.feed import FakeFeed, Pair, make_pairs
from tui_tracker.api.security import Access

Document = dict[str, Any]


async def document_of(served: Served, **headers: str) -> Document:
    answer = await served.http.get("/app/v1/openapi.json", headers=headers)
    assert answer.status_code == 200
    document: Document = answer.json()
    return document


def calls_of(document: Document) -> Iterator[tuple[str, Document]]:
    for path, calls in document["paths"].items():
        for call in calls.values():
            yield path, call


async def test_every_answer_has_an_example_of_its_schema(served: Served) -> None:
    document = await document_of(served)
    for path, call in calls_of(document):
        for status, response in call["responses"].items():
            for kind, content in response.get("content", {}).items():
                schema = {**content["schema"], "components": document["components"]}
                jsonschema_rs.validator_for(schema).validate(content["example"])
                assert "problem" not in kind or content["example"]["status"] == int(status), path
    problems = document["paths"]["/app/v1/pairs/{pair}"]["get"]["responses"]
    assert problems["404"]["content"]["application/problem+json"]["example"]["near"]
    assert problems["422"]["content"]["application/problem+json"]["example"]["errors"]


@pytest.mark.parametrize("quote", ["USD", "USDT"])
async def test_every_call_succeeds_as_the_docs_page_fills_it_in(serve: Serve, quote: str) -> None:
    pairs = make_pairs(count=18) if quote == "USD" else [Pair(1, 0, "BTC", quote, 84_120.5, 1)]
    async with serve(FakeFeed(pairs)) as served:
        for path, call in calls_of(await document_of(served)):
            filled: dict[str, Any] = {}
            for parameter in call.get("parameters", ()):
                assert not parameter["required"] or "example" in parameter, path
                if (value := parameter.get("example", parameter["schema"].get("default"))) is not None:
                    filled[parameter["name"]] = value
            answer = await served.http.get(path.format_map(filled), params=filled if "{" not in path else None)
            assert answer.status_code == 200, answer.text
            if "pair" in filled:
                assert filled["pair"] in (f"BTC-{quote}", f"BTC/{quote}")
                assert f"BTC{filled['pair'][3]}{quote}" in call["description"]


async def test_texts_name_the_address_at_which_the_document_was_asked_for(served: Served) -> None:
    for headers, address in (
        ({}, served.url),
        ({"Host": "localhost:99"}, "http://localhost:99"),
        ({"Host": "[::1]:99", "X-Forwarded-Proto": "https"}, "https://[::1]:99"),
        ({"Host": 'localhost:9"9'}, "http://127.0.0.1:8080"),
    ):
        for path, call in calls_of(await document_of(served, **headers)):
            assert address + path.partition("{")[0] in call["description"]
    first = await served.get("openapi.json")
    again = await served.http.get("/app/v1/openapi.json", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304


async def test_the_first_address_leads_to_the_docs_page(served: Served) -> None:
    home = await served.http.get("/")
    assert (home.status_code, home.headers["location"]) == (307, "/app/v1/docs")
    assert (await served.http.get("/", headers={"Host": "evil.example"})).status_code == 421


async def test_what_is_said_on_the_stream_fits_its_schema(served: Served) -> None:
    schema = (await served.get("stream/schema.json")).json()
    frames = jsonschema_rs.validator_for(schema)
    commands = jsonschema_rs.validator_for({**schema["$defs"]["Command"], "$defs": schema["$defs"]})
    async with client(served.stream_url) as one:
        command = {"subscribe": ["btc/usd", "nope"], "ranking": {"limit": 2}, "rows": True, "ping": 1, "poll": True}
        commands.validate(command)
        await one.send(**command)
        await one.until("ranking")
        kinds = {event["type"] for frame in one.frames for event in frame["events"]}
        assert kinds >= {"hello", "series", "statistics", "ranking", "rows", "trouble", "pong", "polling"}
        for frame in one.frames:
            frames.validate(frame)


async def test_the_stream_says_what_it_is_to_who_asks_for_a_page(serve: Serve, served: Served) -> None:
    answer = await served.get("stream")
    assert (answer.status_code, answer.headers["upgrade"]) == (426, "websocket")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "WebSocket" in answer.json()["detail"]
    async with serve(access=Access(token="secret")) as guarded:
        assert (await guarded.get("stream")).status_code == 401

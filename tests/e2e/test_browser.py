"""The app in a real browser, and what becomes of its processes."""

import asyncio
import base64
import json
import os
import signal
import ssl
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import trustme
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.cli.test_serve import serving
from tests.e2e.commands import run
from tests.support import chromium
from tui_tracker.api import cookie

TOKEN = "open-sesame"
pytestmark = pytest.mark.timeout(150)


async def to_the_end(socket: ClientConnection) -> None:
    while True:
        await socket.recv()


def has_lines(tab: chromium.Tab, count: int) -> bool:
    return tab.lines >= count


def apps_of(url: str) -> list[int]:
    """Processes that watch a server for browsers."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                line = (folder / "cmdline").read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if b"--connect" in line and url.encode() in line:
                found.append(int(folder.name))
    return found


@pytest.mark.skipif(chromium.FOUND is None, reason="there is no Chromium here")
async def test_a_browser_shows_the_app_and_its_keys_work_over_a_restart(tmp_path: Path) -> None:
    port = "0"
    async with chromium.tab(tmp_path / "profile") as tab:
        for turn in range(2):
            with serving(tmp_path / "home", "--web", "--port", port, CRYPTO_TUI_TOKEN=TOKEN) as (_, url):
                port = str(urlsplit(url).port)
                if turn == 0:
                    await tab.go(url)
                    await tab.until_value("document.querySelector('input')?.name", "token")
                    await tab.go(f"{url}/?token={TOKEN}")
                await tab.until(partial(has_lines, tab, turn + 1), "a line to this server")
                await tab.until_shown(" 1/")
                assert await tab.value("window.location.href") == f"{url}/"
                assert await tab.value("document.cookie") == ""
                await tab.press("?")
                await tab.until_shown("Esc closes")
                await tab.press("q")
                picture = base64.b64decode((await tab.call("Page.captureScreenshot"))["data"])
                (tmp_path / "page.png").write_bytes(picture)
                assert picture.startswith(b"\x89PNG")
                assert {urlsplit(each).hostname for each in tab.asked if each.startswith(("http", "ws"))} == {
                    "127.0.0.1"
                }
                assert len(apps_of(url)) == 1
        await tab.until_value("document.getElementById('told')?.hidden", False)


async def test_no_more_browsers_than_allowed_and_pages_of_elsewhere_stay_out(tmp_path: Path) -> None:
    with serving(tmp_path, "--web", "--max-browsers", "1", CRYPTO_TUI_TOKEN=TOKEN) as (_, url):
        address = url.replace("http", "ws", 1) + "/web/socket?width=90&height=30"
        known = {"Cookie": f"{cookie.NAME}={cookie.value(TOKEN)}"}
        for headers, origin in ((known, "http://elsewhere.example"), ({}, url), ({"Cookie": "crypto_tui=x"}, url)):
            with pytest.raises(Exception, match=r"HTTP 40[13]"):
                async with connect(address, proxy=None, origin=origin, additional_headers=headers):  # type: ignore[arg-type]
                    pass
        async with connect(address, proxy=None, origin=url, additional_headers=known) as first:  # type: ignore[arg-type]
            seen = b""
            while b"Pairs " not in seen:
                data = await first.recv()
                seen += data if isinstance(data, bytes) else b""
            async with connect(address, proxy=None, origin=url, additional_headers=known) as second:  # type: ignore[arg-type]
                with pytest.raises(ConnectionClosed, match="1 browsers at a time"):
                    await second.recv()
            await first.send(json.dumps(["stdin", "q"]))
            with pytest.raises(ConnectionClosed, match="1000"):
                await to_the_end(first)
        assert apps_of(url) == []


async def test_everything_over_https_with_an_authority_of_ones_own(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    chain, key, trusted = (tmp_path / name for name in ("chain.pem", "key.pem", "ca.pem"))
    issued.cert_chain_pems[0].write_to_path(chain)
    issued.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(trusted)
    trusting = ssl.create_default_context(cafile=trusted)
    flags = ("--web", "--cert", str(chain), "--key", str(key))
    with serving(tmp_path / "server", *flags, CRYPTO_TUI_TOKEN=TOKEN) as (_, url):
        assert url.startswith("https://127.0.0.1:")
        async with httpx.AsyncClient(base_url=url, verify=trusting, trust_env=False) as http:
            told = (await http.get("/", params={"token": TOKEN})).headers["set-cookie"]
            assert told.startswith(f"{cookie.NAME}=")
            assert {"Secure", "HttpOnly", "SameSite=Strict"} <= set(told.split("; "))
            assert (await http.get("/")).status_code == 200
        address = url.replace("https", "wss", 1) + "/web/socket?width=90&height=30"
        known = {"Cookie": told.partition(";")[0]}
        async with connect(address, proxy=None, origin=url, ssl=trusting, additional_headers=known) as line:  # type: ignore[arg-type]
            seen = b""
            while b"Pairs " not in seen:
                data = await line.recv()
                seen += data if isinstance(data, bytes) else b""
        rank = partial(run, tmp_path / "client", "rank", "--connect", url, "--limit", "3", "--json")
        good = await asyncio.to_thread(rank, "--ca-file", str(trusted), CRYPTO_TUI_TOKEN=TOKEN)
        assert (good.code, len(json.loads(good.out)["pairs"])) == (0, 3), good.err
        bad = await asyncio.to_thread(rank, CRYPTO_TUI_TOKEN=TOKEN)
        assert "no secure connection" in bad.assert_failed(3)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_no_app_outlives_its_server(tmp_path: Path, number: int) -> None:
    with serving(tmp_path, "--web") as (process, url):
        address = url.replace("http", "ws", 1) + "/web/socket"
        async with connect(address, proxy=None, origin=url) as socket:  # type: ignore[arg-type]
            seen = b""
            while b"Pairs " not in seen:
                data = await socket.recv()
                seen += data if isinstance(data, bytes) else b""
            (app,) = apps_of(url)
            watched = os.pidfd_open(app)
            process.send_signal(number)
            await asyncio.to_thread(process.wait, 10)
            loop, gone = asyncio.get_running_loop(), asyncio.Event()
            loop.add_reader(watched, gone.set)
            async with asyncio.timeout(20):
                await gone.wait()
            loop.remove_reader(watched)
            os.close(watched)
        assert apps_of(url) == []

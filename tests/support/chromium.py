"""A headless Chromium, driven over its DevTools protocol."""

import asyncio
import base64
import json
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pyte
from websockets.asyncio.client import ClientConnection, connect

FOUND: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
    "--window-size=1200,700",
)  # fmt: skip
DEADLINE_S: Final = 40.0
_SHORTLY: Final = "new Promise(done => setTimeout(done, 100))"


class Tab:
    """A page, and what came to the terminal in it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._count = socket, 0
        self._answers: dict[int, dict[str, Any]] = {}
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.ByteStream(self.screen)
        self.lines = 0
        """WebSockets that were opened; each begins with an empty screen."""
        self.asked: list[str] = []
        """Every address that the page has asked."""

    @property
    def text(self) -> str:
        """What the terminal shows."""
        return "\n".join(self.screen.display)

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Do something; the answer to it."""
        self._count += 1
        number = self._count
        await self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        await self.until(lambda: number in self._answers, method)
        answer = self._answers.pop(number)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    async def value(self, expression: str) -> Any:
        """What an expression of JavaScript gives in the page."""
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return answer["result"].get("value")

    async def go(self, url: str) -> None:
        """Open an address."""
        await self.call("Page.navigate", url=url)

    async def press(self, key: str) -> None:
        """Press and let go of a key that writes a letter."""
        code = ord(key.upper())
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if kind == "keyDown" else {}
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **text)

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Follow events until something holds."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not condition():
                    self._take(json.loads(await self._socket.recv()))
        except TimeoutError:
            raise AssertionError(f"never came: {what}\n{self.text}\n{self.asked[-20:]}") from None

    async def until_shown(self, text: str) -> None:
        """Follow events until the terminal shows a text."""
        await self.until(lambda: text in self.text, text)

    async def until_value(self, expression: str, wanted: object) -> None:
        """Ask the page until an expression has a value."""
        async with asyncio.timeout(DEADLINE_S):
            while await self.value(expression) != wanted:
                await self.call(
                    "Runtime.evaluate", expression="new Promise(r => setTimeout(r, 100))", awaitPromise=True
                )

    def _take(self, event: dict[str, Any]) -> None:
        if "id" in event:
            self._answers[event["id"]] = event
        told = event.get("params", {})
        match event.get("method"):
            case "Network.requestWillBeSent":
                self.asked.append(told["request"]["url"])
            case "Network.webSocketCreated":
                self.asked.append(told["url"])
                self.lines += 1
                self.screen.reset()
            case "Network.webSocketFrameSent" if '"resize"' in told["response"]["payloadData"]:
                size = json.loads(told["response"]["payloadData"])[1]
                self.screen.resize(size["height"], size["width"])
            case "Network.webSocketFrameReceived" if told["response"]["opcode"] == 2:
                self._stream.feed(base64.b64decode(told["response"]["payloadData"]))


@asynccontextmanager
async def tab(folder: Path) -> AsyncIterator[Tab]:
    """A browser with a new profile and one empty tab; it ends with the block."""
    assert FOUND is not None
    command = [FOUND, *_FLAGS, f"--user-data-dir={folder}", "about:blank"]
    process = await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=PIPE)
    try:
        assert process.stderr is not None
        while b"DevTools listening on" not in (line := await process.stderr.readline()):
            assert line, "Chromium has ended"
        browser = line.decode().split()[-1]
        port = urlsplit(browser).port
        async with connect(browser, proxy=None, max_size=None) as root:
            await root.send(json.dumps({"id": 1, "method": "Target.getTargets"}))
            while "result" not in (answer := json.loads(await root.recv())):
                pass
            target = next(each for each in answer["result"]["targetInfos"] if each["type"] == "page")["targetId"]
            async with connect(f"ws://127.0.0.1:{port}/devtools/page/{target}", proxy=None, max_size=None) as socket:
                made = Tab(socket)
                for part in ("Network", "Page", "Runtime"):
                    await made.call(f"{part}.enable")
                yield made
    finally:
        process.kill()
        await process.communicate()

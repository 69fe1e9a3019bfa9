"""The page of the app, its files, and the line between a browser's terminal and the process behind it."""

import asyncio
import hmac
import logging
from typing import Final
from urllib.parse import parse_qs

import msgspec
from fastapi import APIRouter, Request, Response, WebSocket
from starlette.websockets import WebSocketDisconnect

from tui_tracker.api import cookie
from tui_tracker.api.problems import Refusal
from tui_tracker.api.security import is_own_page
from tui_tracker.api.web.browsers import Browsers, page
from tui_tracker.api.web.terminal import Terminal, opened

MOST_COLUMNS: Final = 500
MOST_ROWS: Final = 300
ENDED: Final = 1000
UNREADABLE: Final = 1007
REFUSED: Final = 1008
TRY_LATER: Final = 1013
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_log = logging.getLogger(__name__)
_messages: Final = msgspec.json.Decoder(list[msgspec.Raw])
router = APIRouter(include_in_schema=False)


class _Size(msgspec.Struct):
    width: int
    height: int


@router.get("/")
async def app_page(request: Request) -> Response:
    """The app for a browser that was let in, else the question for the token; ``?token=`` answers it once."""
    browsers: Browsers = request.app.state.browsers
    given = request.query_params.get("token")
    if given is not None:
        return _let_in(request, browsers, given)
    if cookie.is_let_in(browsers.token, request.headers):
        return _page("page.html")
    return _page("login.html", 401)


@router.post("/")
async def log_in(request: Request) -> Response:
    """Take the token of the form."""
    given = parse_qs((await request.body()).decode("latin-1"), max_num_fields=4).get("token", [""])
    return _let_in(request, request.app.state.browsers, given[0].strip())


@router.get("/web/assets/{name:path}")
async def asset(request: Request, name: str) -> Response:
    """A file of the page; none of them is from elsewhere."""
    browsers: Browsers = request.app.state.browsers
    found = await asyncio.to_thread(browsers.asset, name)
    if found is None:
        raise Refusal(404, "no such file")
    return Response(found[0], media_type=found[1], headers={"Cache-Control": "max-age=3600"})


@router.websocket("/web/socket")
async def browser(socket: WebSocket) -> None:
    """Run the app for one browser until either ends."""
    browsers: Browsers = socket.app.state.browsers
    if not is_own_page(socket.headers):
        await socket.close(REFUSED)
        return
    await socket.accept()
    with browsers.taken() as is_room:
        if not is_room:
            await socket.close(TRY_LATER, f"{browsers.most} browsers at a time have the app open; try again later")
            return
        try:
            code, reason = await _run(socket, browsers)
            await socket.close(code, reason)
        except (WebSocketDisconnect, RuntimeError) as error:
            _log.debug("the browser went first: %r", error)


async def _run(socket: WebSocket, browsers: Browsers) -> tuple[int, str]:
    """Join a browser to an app; return with which code and words the line is to be closed."""
    columns, rows = _side(socket, "width", 80, MOST_COLUMNS), _side(socket, "height", 24, MOST_ROWS)
    stall_s = socket.app.state.limits.stall_s
    try:
        async with opened(browsers.command, browsers.environ(), columns, rows) as terminal:
            shown = asyncio.create_task(_show(socket, terminal, stall_s))
            typed = asyncio.create_task(_type(socket, terminal))
            try:
                await asyncio.wait((shown, typed), return_when=asyncio.FIRST_COMPLETED)
                return (shown if shown.done() else typed).result()
            finally:
                shown.cancel()
                typed.cancel()
                await asyncio.gather(shown, typed, return_exceptions=True)
    except OSError as error:
        _log.warning("no app for a browser: %s", error)
        return TRY_LATER, "the server can't start an app now; try again later"


async def _show(socket: WebSocket, terminal: Terminal, stall_s: float) -> tuple[int, str]:
    """Send what the app paints; an app whose browser takes nothing paints no more, and after a while ends."""
    while data := await terminal.read():
        try:
            async with asyncio.timeout(stall_s):
                await socket.send_bytes(data)
        except TimeoutError:
            return TRY_LATER, f"nothing was taken for {stall_s:g} s"
    return ENDED, ""


async def _type(socket: WebSocket, terminal: Terminal) -> tuple[int, str]:
    """Follow what textual-serve's page sends: stdin with a text, resize with a size, ping with a text."""
    while True:
        message = await socket.receive()
        if message["type"] != "websocket.receive":
            raise WebSocketDisconnect(message.get("code", 1005))
        try:
            first, *rest = _messages.decode(message.get("text") or "")
            kind = msgspec.json.decode(first, type=str)
            if kind == "stdin":
                await terminal.write(msgspec.json.decode(rest[0], type=str).encode("utf-8", "ignore"))
            elif kind == "resize":
                size = msgspec.json.decode(rest[0], type=_Size)
                terminal.resize(_within(size.width, MOST_COLUMNS), _within(size.height, MOST_ROWS))
            elif kind == "ping":
                pong = ["pong", msgspec.json.decode(rest[0], type=str)[:40]]
                await socket.send_text(msgspec.json.encode(pong).decode())
        except (msgspec.DecodeError, IndexError, ValueError):
            return UNREADABLE, "that is no message of the page"


def _side(socket: WebSocket, name: str, usual: int, most: int) -> int:
    given = socket.query_params.get(name, "")
    return _within(int(given), most) if given.isascii() and given.isdecimal() and len(given) < 6 else usual


def _within(side: int, most: int) -> int:
    return max(1, min(side, most))


def _let_in(request: Request, browsers: Browsers, given: str) -> Response:
    if not browsers.token or hmac.compare_digest(given.encode(), browsers.token.encode()):
        headers = {"Location": "/", "Cache-Control": "no-store"}
        if browsers.token:
            headers["Set-Cookie"] = cookie.header(browsers.token, is_secure=request.url.scheme == "https")
        return Response(None, 303, headers)
    return _page("login.html", 401)


def _page(name: str, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store", "Content-Security-Policy": _POLICY}
    return Response(page(name), status, headers, "text/html")

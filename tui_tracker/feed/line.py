"""The connection to a server: opened, secured, and its failures in words."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from tui_tracker.core.errors import AccessError, FeedError, TrackerError
from tui_tracker.core.text import clean
from tui_tracker.core.trust import trusting
from tui_tracker.feed.wire import MAX_FRAME_BYTES
from tui_tracker.sources.proxies import NEXT_ADDRESS_S, proxy_of

OPEN_S: Final = 10.0
PING_S: Final = 5.0
SILENCE_S: Final = 10.0
"""The connection counts as broken when a ping is not answered for so long."""


class Line:
    """Where a server is and how it is spoken to.

    Args:
        url: Of the server, http or https, without a slash at the end.
        token: What it wants to see; empty for nothing.
        ca_file: Certificates of authorities that are trusted beside those of the system; empty for none.

    Raises:
        ConfigError: If the file can't be used.
    """

    def __init__(self, url: str, token: str, ca_file: str) -> None:
        self._address: Final = url.replace("http", "ws", 1) + "/app/v1/stream?encoding=msgpack"
        self._headers: Final = {"Authorization": f"Bearer {token}"} if token else {}
        self._tls: Final = trusting(ca_file) if url.startswith("https") else None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[ClientConnection]:
        """A connection while inside; its end is an error too.

        Raises:
            FeedError: With the reason, in words.
        """
        try:
            async with connect(
                self._address,
                additional_headers=self._headers,
                max_size=MAX_FRAME_BYTES,
                ssl=self._tls,
                proxy=proxy_of(self._address),
                happy_eyeballs_delay=NEXT_ADDRESS_S,
                compression=None,
                open_timeout=OPEN_S,
                close_timeout=1,
                ping_interval=PING_S,
                ping_timeout=SILENCE_S,
            ) as socket:
                yield socket
        except InvalidStatus as error:
            raise _refusal(error.response.status_code) from error
        except ConnectionClosed as error:
            said = error.rcvd.reason if error.rcvd is not None else ""
            raise FeedError(clean(said) or "the connection broke") from error
        except ssl.SSLError as error:
            reason = clean(error.reason or str(error))
            raise FeedError(f"no secure connection: {reason}", "is its authority in --ca-file?") from error
        except TimeoutError as error:
            raise FeedError("no answer in time") from error
        except (OSError, WebSocketException, ImportError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise FeedError(f"out of reach: {clean(reason)}", "does crypto-tui serve run there?") from error


def _refusal(status: int) -> TrackerError:
    match status:
        case 401:
            return AccessError("a token is needed, or another one", "set CRYPTO_TUI_TOKEN or token-file")
        case 421:
            return AccessError("the server does not answer to this name", "start it with --allow-host NAME")
        case 403 | 404:
            return FeedError(f"there is no crypto-tui there (HTTP {status})", "check the URL")
        case 429 | 503:
            return FeedError(f"the server is busy (HTTP {status})", "try again later")
        case _:
            return FeedError(f"the server refused (HTTP {status})", "check the URL")

"""Why a connection failed, in a person's words."""

import socket
import ssl

import httpx
import pytest

from tests.support.clock import FakeClock
from tui_tracker.core.errors import SourceError, TimedOutError, UnreachableError
from tui_tracker.sources.answer import reason
from tui_tracker.sources.budget import Priority, RequestBudget
from tui_tracker.sources.http import HttpClient


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (
            socket.gaierror(-2, "Name or service not known"),
            "the host name cannot be resolved (Name or service not known)",
        ),
        (untrusted(), "the server's certificate is not trusted (self-signed certificate)"),
        (ssl.SSLError(1, "[SSL] wrong version number"), "no secure connection ("),
        (ConnectionRefusedError(111, "Connection refused"), "connection refused"),
        (ConnectionResetError(104, "Connection reset by peer"), "the connection was reset"),
        (BrokenPipeError(32, "Broken pipe"), "the connection was reset"),
        (OSError(113, "No route to host"), "no route to host"),
        (ExceptionGroup("", [OSError(101, "Network is unreachable"), OSError()]), "network is unreachable"),
        (OSError(), "all attempts failed"),
    ],
)
def test_the_bottom_of_the_chain_is_what_counts(cause: Exception, expected: str) -> None:
    middle = OSError("all attempts failed")
    middle.__cause__ = cause
    outer = httpx.ConnectError("all attempts failed")
    outer.__context__ = middle
    assert reason(outer).startswith(expected)


def test_an_error_that_says_nothing() -> None:
    assert reason(httpx.ReadError("")) == "the connection broke"


def test_a_chain_without_end_ends() -> None:
    first, second = httpx.ReadError("here\x1b"), OSError()
    first.__cause__, second.__cause__ = second, first
    assert reason(first) == "here·"


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (httpx.ConnectTimeout(""), UnreachableError, "no connection within 8 s"),
        (httpx.PoolTimeout(""), TimedOutError, "nothing came for 10 s"),
        (httpx.ProxyError("407 Auth\x1b"), UnreachableError, "the proxy refuses: 407 Auth·"),
    ],
)
async def test_every_failure_is_one_of_ours(error: Exception, kind: type[SourceError], message: str) -> None:
    def fail(_request: httpx.Request) -> httpx.Response:
        raise error

    clock = FakeClock()
    transport = httpx.MockTransport(fail)
    client = HttpClient("http://x.test", clock, RequestBudget(clock, 0), idle_s=1, transport=transport)
    with pytest.raises(SourceError) as caught:
        await client.get("/", {}, Priority.POLL, 9)
    assert (type(caught.value), caught.value.message) == (kind, message)
    await client.aclose()

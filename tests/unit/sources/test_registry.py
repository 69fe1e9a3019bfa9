"""Opening a source by its name."""

import subprocess
import sys

import pytest

from tests.support.clock import FakeClock
from tui_tracker.core.errors import ConfigError
from tui_tracker.sources.registry import SOURCES, checked_base_url, create


async def test_kraken_is_there() -> None:
    source = create("kraken", clock=FakeClock(), interval_s=60)
    assert (source.name, source.is_simulated) == ("kraken", False)
    assert [(step.minutes, step.rows) for step in source.history] == [(5, 720), (1, 720)]
    assert source.next_slot_s() == 0
    await source.aclose()
    assert SOURCES["kraken"].base_url == "https://api.kraken.com"


def test_an_unknown_name_gets_near_ones() -> None:
    with pytest.raises(ConfigError, match="there is no source 'kraken2'") as caught:
        create("kraken2", clock=FakeClock(), interval_s=60)
    assert "did you mean kraken?" in caught.value.hint
    with pytest.raises(ConfigError) as caught:
        create("\x1b[31m", clock=FakeClock(), interval_s=60)
    assert "\x1b" not in caught.value.message


def test_a_malformed_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "ftp://x")
    monkeypatch.delenv("https_proxy", raising=False)
    with pytest.raises(ConfigError, match="HTTPS_PROXY"):
        create("kraken", clock=FakeClock(), interval_s=60)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8080", "https://api.kraken.com/", "http://localhost:1/prefix", "http://[::1]:80", "http://a_b"],
)
def test_usable_base_urls(url: str) -> None:
    assert checked_base_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        *("", "127.0.0.1:80", "ftp://host", "http://", "http://:80", "http://user:secret@host", "http://host?a=1"),
        *("http://host#x", "http://host:99999", "http://host:0", "http://[::1", "http://ho st", "http://h/\x1b[2J"),
        *("http://h/a b", "file:///etc/passwd", "http://-", "http://höst"),
    ],
)
def test_unusable_base_urls(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        checked_base_url(url)
    assert "secret" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_opening_loads_no_http_library() -> None:
    code = (
        "import sys; from tui_tracker.sources.registry import create;"
        "create('kraken', clock=None, interval_s=60);"
        "print('httpx' in sys.modules, 'ssl' in sys.modules and 'httpcore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={}, check=True)
    assert done.stdout.split() == ["False", "False"]

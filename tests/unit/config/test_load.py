import os
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_tracker.config.choices import Theme, TimeZone
from tui_tracker.config.fields import FIELDS, field_named
from tui_tracker.config.load import DEFAULT_ORIGIN, Loaded, load
from tui_tracker.config.model import Settings
from tui_tracker.core.errors import ConfigError
from tui_tracker.core.figures import Measure


def load_text(folder: Path, text: str | bytes, environ: dict[str, str] | None = None) -> Loaded:
    file = folder / "config.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load({}, environ or {}, folder / "elsewhere.toml", file)


def test_every_setting_is_in_the_list_once() -> None:
    assert [*(field.name for field in FIELDS), "views", "token"] == [field.name for field in fields(Settings)]


def test_defaults_need_no_file(tmp_path: Path) -> None:
    loaded = load({}, {}, tmp_path / "config.toml")
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {DEFAULT_ORIGIN}
    assert loaded.path == tmp_path / "config.toml"
    assert not loaded.is_found


def test_a_flag_wins_over_the_environment_over_the_file_over_the_default(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('interval = 10\nquote = "EUR"\nby = "cv"\n')
    environ = {"CRYPTO_TUI_INTERVAL": "20", "CRYPTO_TUI_QUOTE": "all", "OTHER": "1", "CRYPTO_TUI_THEME": ""}
    loaded = load({"interval": "30"}, environ, file)
    assert (loaded.settings.interval, loaded.settings.quote, loaded.settings.by) == (30, None, Measure.CV)
    assert loaded.settings.theme is Theme.AUTO
    assert loaded.origins["interval"] == "--interval"
    assert loaded.origins["quote"] == "CRYPTO_TUI_QUOTE"
    assert loaded.origins["by"] == str(file)
    assert loaded.origins["theme"] == DEFAULT_ORIGIN
    assert loaded.is_found
    assert loaded.is_flag("interval")
    assert not loaded.is_flag("quote")


def test_switches_are_named_as_they_were_given(tmp_path: Path) -> None:
    loaded = load({"mouse": False, "time_zone": False, "demo": True}, {}, tmp_path / "none.toml")
    assert not loaded.settings.mouse
    assert loaded.settings.time_zone is TimeZone.LOCAL
    assert loaded.settings.demo
    assert [loaded.origins[name] for name in ("mouse", "time_zone", "demo")] == ["--no-mouse", "--local", "--demo"]


def test_a_whole_file(tmp_path: Path) -> None:
    settings = load_text(
        tmp_path,
        """\ufeff
        source = "kraken"
        interval = 5
        quote = "all"
        metric = "quote_volume"
        by = "range"
        min-coverage = "50%"
        min-volume = "1.5M"
        window = "12h"
        theme = "terminal"
        time-zone = "local"
        mouse = false
        demo = true
        seed = 7
        debug = true
        [base-urls]
        kraken = "http://127.0.0.1:8080"
        """,
    ).settings
    assert settings.base_urls == {"kraken": "http://127.0.0.1:8080"}
    assert (settings.min_coverage, settings.min_volume, settings.window, settings.seed) == (0.5, 1.5e6, 720, 7)
    assert settings.quote is None


def test_what_config_shows_can_be_loaded_again() -> None:
    settings = Settings(quote=None, min_volume=5.0, base_urls={"kraken": "http://x"})
    for field in FIELDS:
        value = getattr(settings, field.name)
        assert field.parse(field.written(value)) == value


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("intervall = 5", ["unknown key 'intervall'", "did you mean interval?"]),
        ("min_coverage = 1", ["unknown key 'min_coverage'", "did you mean min-coverage?"]),
        ("zzzzzz = 1", ["unknown key", "known: source, base-urls"]),
        ("interval = 3", ["interval: '3' is not allowed", "whole seconds from 5 to 3600"]),
        ("columns = ['last', 'a b', 'cv:99']", ["columns: 'a b' is not allowed", "1 more"]),
        ("columns = [3]", ["columns: '3' is not allowed"]),
        ("interval = true", ["interval: 'true' is not allowed"]),
        ("theme = 'drak'", ["theme: 'drak'", "dark, light, terminal"]),
        ('theme = "\\u001b[31m\\u202e"', ["theme: '·[31m·'"]),
        ("window = '31d'", ["window: '31d'", "10m to 30d"]),
        ("quote = 5", ["quote: '5'"]),
        ("[base-urls]\nkraken = 'http://me:secret@x'", ["base-urls:", "//…@x"]),
        ("a = = 1", ["no valid TOML", "line 1"]),
        ("a = 1\na = 2", ["no valid TOML"]),
        (b"theme = '\xff'", ["not UTF-8 text, at byte 9"]),
        ("a = " + "[" * 5000, ["no valid TOML"]),
        ("a = " + "9" * 5000, ["no valid TOML"]),
        ("#" * 1_000_001, ["too large"]),
    ],
)
def test_a_bad_file_is_one_line_that_names_it(tmp_path: Path, text: str | bytes, parts: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, text)
    said = f"{caught.value.message}; {caught.value.hint}"
    assert str(tmp_path / "config.toml") in said
    assert "secret" not in said
    assert said.isprintable()
    for part in parts:
        assert part in said


def test_a_bad_variable_is_named() -> None:
    with pytest.raises(ConfigError, match="CRYPTO_TUI_INTERVAL: 'soon' is not allowed"):
        load({}, {"CRYPTO_TUI_INTERVAL": "soon"}, Path("none"))
    with pytest.raises(ConfigError, match="unknown variable CRYPTO_TUI_INTERVLA") as caught:
        load({}, {"CRYPTO_TUI_INTERVLA": "5"}, Path("none"))
    assert caught.value.hint == "did you mean CRYPTO_TUI_INTERVAL?"


def test_a_bad_flag_is_named() -> None:
    with pytest.raises(ConfigError, match="--base-url: 'kraken, x' is not allowed"):
        load({"base_urls": ("kraken", "x")}, {}, Path("none"))


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    for environ, path in (({}, missing), ({"CRYPTO_TUI_CONFIG": str(missing)}, None)):
        with pytest.raises(ConfigError, match="there is no such file"):
            load({}, environ, tmp_path / "default.toml", path)


def test_odd_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a folder"):
        load({}, {}, tmp_path)
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ConfigError, match="no regular file"):
        load({}, {}, tmp_path / "fifo")
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    with pytest.raises(ConfigError, match="no regular file"):
        load({}, {}, tmp_path / "dangling")
    with pytest.raises(ConfigError, match="no such file"):
        load({}, {}, tmp_path, Path("a\0b"))
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="no such file"):
        load({}, {}, tmp_path, tmp_path / "file" / "below")


def test_no_configuration_at_all_can_be_asked_for(tmp_path: Path) -> None:
    assert load({}, {}, tmp_path / "none", Path(os.devnull)).settings == Settings()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.touch(mode=0o000)
    with pytest.raises(ConfigError, match="cannot be read: Permission denied"):
        load({}, {}, file)


@given(st.binary(max_size=300))
def test_no_file_raises_anything_else(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_bytes(data)
    with suppress(ConfigError):
        load({}, {}, file)


def test_a_field_is_found_by_its_name() -> None:
    assert field_named("min_coverage").key == "min-coverage"
    with pytest.raises(KeyError):
        field_named("min-coverage")

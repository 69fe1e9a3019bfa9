from pathlib import Path

import pytest

from tui_tracker.config.choices import Theme
from tui_tracker.config.load import load
from tui_tracker.config.themes import OwnTheme, read_theme, read_themes
from tui_tracker.core.errors import ConfigError


def write(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.toml").write_text(text)
    return folder


def test_a_theme_says_what_differs_from_its_base(tmp_path: Path) -> None:
    write(tmp_path, "sepia", 'base = "light"\nbackground = "#f4ecd8"\nup = "ansi_bright_green"')
    wanted = OwnTheme("sepia", Theme.LIGHT, {"up": "ansi_bright_green", "background": "#f4ecd8"})
    assert read_theme(tmp_path, "sepia") == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('bakground = "#fff"', ["bad.toml: unknown key 'bakground'", "known: base, text"]),
        ('text = "red; background: blue"', ["bad.toml: text: 'red; background: blue'", "#1f2328"]),
        ("text = 3", ["bad.toml: text: '3'"]),
        ('base = "auto"', ["bad.toml: base: 'auto'", "dark, light, terminal, high-contrast"]),
        ("text = ", ["bad.toml is no valid TOML"]),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: list[str]) -> None:
    write(tmp_path, "bad", text)
    with pytest.raises(ConfigError) as caught:
        read_theme(tmp_path, "bad")
    for part in said:
        assert part in f"{caught.value.message} {caught.value.hint}"


def test_a_bad_theme_leaves_the_others_alone(tmp_path: Path) -> None:
    write(tmp_path, "bad", "x = 1")
    write(tmp_path, "good", "")
    themes, errors = read_themes(tmp_path)
    assert [theme.name for theme in themes] == ["good"]
    assert len(errors) == 1
    assert read_themes(tmp_path / "missing") == ([], [])


def test_a_file_whose_name_is_none_is_told(tmp_path: Path) -> None:
    for name in ("sepia", "Night Sky", "日本", "dark", "._sepia", ".#sepia"):
        write(tmp_path, name, 'base = "light"')
    themes, errors = read_themes(tmp_path)
    assert [theme.name for theme in themes] == ["sepia"]
    assert [error.message.split("/")[-1] for error in errors] == [
        f"{name}.toml: no theme can be called so" for name in ("Night Sky", "dark", "日本")
    ]
    assert all("a-z, 0-9" in error.hint for error in errors)


def test_a_setting_may_name_it(tmp_path: Path) -> None:
    write(tmp_path / "themes", "sepia", "")
    assert load({"theme": "sepia"}, {}, tmp_path / "config.toml").settings.theme == "sepia"
    with pytest.raises(ConfigError, match="--theme: 'sepja' is not allowed"):
        load({"theme": "sepja"}, {}, tmp_path / "config.toml")
    with pytest.raises(ConfigError, match="CRYPTO_TUI_THEME"):
        load({}, {"CRYPTO_TUI_THEME": "sepja"}, tmp_path / "config.toml")


def test_it_is_looked_for_beside_the_file_that_is_named(tmp_path: Path) -> None:
    write(tmp_path / "own" / "themes", "sepia", "")
    own = tmp_path / "own" / "my.toml"
    own.write_text('theme = "sepia"', encoding="utf-8")
    assert load({}, {}, tmp_path / "config.toml", own).themes == tmp_path / "own" / "themes"

import pytest
from rich.style import Style
from textual.color import Color

from tests.support.feed import AT_MS, FakeFeed, FakeStore, make_pairs
from tui_tracker.config.choices import Theme
from tui_tracker.config.model import Settings
from tui_tracker.tui.app import TrackerApp
from tui_tracker.tui.runs import KINDS, Kind
from tui_tracker.tui.theme import ACCENTS, BACKGROUNDS, VARIABLES, has_no_color, textual_theme


@pytest.mark.parametrize("theme", [Theme.DARK, Theme.LIGHT])
@pytest.mark.parametrize("name", ["text", "muted", "faint", "up", "down", "accent"])
def test_text_can_be_read_on_its_background(theme: Theme, name: str) -> None:
    colors = VARIABLES[theme] | {"accent": ACCENTS[theme]}
    for background in (BACKGROUNDS[theme], colors["cursor"]):
        contrast = ratio(colors[name], background)
        assert contrast >= (3.0 if name == "faint" else 4.5), (name, background, contrast)


def ratio(foreground: str, background: str) -> float:
    """Contrast as WCAG 2.1 defines it."""
    light, dark = sorted((luminance(foreground), luminance(background)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    parts = [value / 255 for value in Color.parse(color).rgb]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("value", "wanted"), [(None, False), ("", False), ("1", True)])
def test_no_color_is_asked_for_by_any_text(value: str | None, wanted: bool) -> None:
    assert has_no_color({} if value is None else {"NO_COLOR": value}) is wanted


def test_the_terminal_theme_uses_the_terminals_own_colours() -> None:
    theme = textual_theme(Theme.TERMINAL)
    assert theme.ansi
    assert theme.background == "ansi_default"


async def styles(app: TrackerApp) -> dict[tuple[Kind, bool], Style]:
    async with app.run_test(size=(120, 28)) as pilot:
        await pilot.pause()
        return {(kind, cursor): app.main.table._style(kind, cursor) for kind in KINDS for cursor in (False, True)}


def app_with(theme: Theme) -> TrackerApp:
    return TrackerApp(FakeFeed(make_pairs(count=30)), Settings(theme=theme), None, FakeStore(), lambda: AT_MS)


async def test_the_cursor_keeps_colours_where_it_has_a_background() -> None:
    found = await styles(app_with(Theme.DARK))
    assert found["up", True].color == found["up", False].color
    assert found["up", True].bgcolor != found["up", False].bgcolor


async def test_the_cursor_is_reversed_in_the_terminals_colours() -> None:
    found = await styles(app_with(Theme.TERMINAL))
    assert found["up", True].reverse
    assert found["faint", False].dim


async def test_without_colour_the_cursor_is_bold_and_reversed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_with(Theme.DARK)
    assert app.no_color
    assert app.native_ansi_color
    found = await styles(app)
    assert found["up", True].reverse
    assert found["up", True].bold

import sys
from pathlib import Path

import pytest

from tui_tracker.config.paths import default_paths


@pytest.mark.skipif(sys.platform != "linux", reason="XDG is Linux's")
def test_the_environment_is_honoured_and_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    paths = default_paths()
    assert paths.config_file == tmp_path / "config/crypto-tui/config.toml"
    assert paths.state_folder == tmp_path / "state/crypto-tui"
    assert paths.log_folder.is_relative_to(paths.state_folder)
    assert list(tmp_path.iterdir()) == []

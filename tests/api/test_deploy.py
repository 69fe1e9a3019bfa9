"""The files for containers and monitoring ask for what the product has."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.api.conftest import Served
from tui_tracker.cli.serve_command import serve
from tui_tracker.config.fields import FIELDS

ROOT = Path(__file__).parents[2]
DASHBOARD = ROOT / "deploy/grafana/crypto-tui.json"
LINTER = Path(sys.executable).with_name("hadolint")


def instructions() -> list[tuple[str, str]]:
    lines = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
    return [(name, value.strip()) for name, _, value in (line.partition(" ") for line in lines if line.strip())]


def test_the_image_runs_without_rights_keeps_history_and_tells_its_health() -> None:
    last = instructions()
    start = max(at for at, (name, _) in enumerate(last) if name == "FROM")
    final = last[start:]
    values = dict(final)
    assert values["USER"].isdecimal()
    assert values["USER"] != "0"
    assert values["VOLUME"] == "/data"
    assert "XDG_DATA_HOME=/data" in values["ENV"]
    assert "/healthz" in values["HEALTHCHECK"]
    command = json.loads(values["ENTRYPOINT"]) + json.loads(values["CMD"])
    assert command == ["crypto-tui", "serve", "--host", "0.0.0.0"]
    assert not any(name == "RUN" and "pip install" in value for name, value in final), "pip belongs to the first stage"


@pytest.mark.skipif(not LINTER.exists() and shutil.which("hadolint") is None, reason="there is no hadolint here")
def test_the_linter_of_dockerfiles_finds_nothing() -> None:
    linter = str(LINTER) if LINTER.exists() else "hadolint"
    found = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True, timeout=30, check=False)
    assert (found.returncode, found.stdout + found.stderr) == (0, "")


def test_the_command_of_the_image_is_one_that_there_is() -> None:
    text = CliRunner().invoke(serve, ["--help"]).output
    for flag in ("--host", "--token-file"):
        assert flag in text


def test_the_unit_of_systemd_asks_for_flags_and_settings_that_there_are() -> None:
    unit = (ROOT / "deploy/crypto-tui-serve.service").read_text()
    (command,) = re.findall(r"^ExecStart=\S+/crypto-tui (.+)$", unit, re.MULTILINE)
    name, *flags = command.split()
    text = CliRunner().invoke(serve, ["--help"]).output
    assert name == "serve"
    assert [flag for flag in flags if flag.startswith("--")]
    assert all(flag in text for flag in flags if flag.startswith("--"))
    (folder,) = re.findall(r"^StateDirectory=(.+)$", unit, re.MULTILINE)
    assert f"Environment=CRYPTO_TUI_DATA_DIR=/var/lib/{folder}\n" in unit
    assert "data_dir" in {setting.name for setting in FIELDS}


async def test_the_dashboard_asks_for_figures_that_the_server_tells(served: Served) -> None:
    told = set(re.findall(r"^# TYPE (\w+)", (await served.http.get("/metrics")).text, re.MULTILINE))
    asked = {
        name
        for panel in json.loads(DASHBOARD.read_text())["panels"]
        for target in panel["targets"]
        for name in re.findall(r"crypto_tui_\w+", target["expr"])
    }
    assert asked
    assert asked <= told

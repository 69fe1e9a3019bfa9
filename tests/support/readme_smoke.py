"""README's first command in a pseudo-terminal, with ``--demo``: ``python -m tests.support.readme_smoke DIR``."""

import os
import re
import sys
import tempfile
from pathlib import Path

from tests.support.pty_session import PtySession
from tests.support.readme_commands import README, command

INSTALL_S = 300.0
"""It makes a virtual environment and installs what the program needs."""


def main(folder: Path) -> None:
    """Set up and run in ``folder``, look at the screen, and quit."""
    line = f"{command('run', README.read_text(encoding='utf-8'))} --demo"
    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        environ |= {f"XDG_{name}_HOME": f"{home}/{name}" for name in ("CONFIG", "STATE", "DATA")}
        with PtySession(["bash", "-c", line], environ, 28, 120, cwd=folder) as session:
            session.wait_for("SIMULATED", INSTALL_S)
            session.wait_for(re.compile(r"1/\d+ "), 60)
            print(session.text)
            session.send("q")
            code = session.wait_exit(20)
            if code or session.left_on:
                raise SystemExit(f"exit code {code}, modes left on: {sorted(session.left_on)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

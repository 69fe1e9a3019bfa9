"""The process: ``crypto-tui`` and ``python -m tui_tracker``."""

import sys
from typing import NoReturn

from tui_tracker.cli.leaving import leave_if_threads_hang
from tui_tracker.cli.main import main


def run() -> NoReturn:
    """Run the command line and end the process with its code, whatever thread still hangs in a lookup."""
    code = main()
    leave_if_threads_hang(code)
    sys.exit(code)


if __name__ == "__main__":
    run()

"""The README's own commands, so that checks run what it says: ``python -m tests.support.readme_commands run|test``."""

import re
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def command(purpose: str, readme: str) -> str:
    """The code block that follows ``<!-- command: PURPOSE -->``."""
    found = re.search(rf"<!-- command: {purpose} -->\s*```\w*\n(.*?)\n```", readme, re.DOTALL)
    if found is None:
        raise SystemExit(f"README.md has no command marked {purpose!r}")
    return found[1]


if __name__ == "__main__":
    print(command(sys.argv[1], README.read_text(encoding="utf-8")))

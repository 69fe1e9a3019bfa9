"""What the operating system and the log say about this process."""

import logging
import resource
import sys
from pathlib import Path
from typing import Final

STATUS: Final = Path("/proc/self/status")


def memory_bytes(status: Path = STATUS) -> tuple[int, bool]:
    """Resident memory in bytes, and whether that is of now; elsewhere than on Linux it is the most there ever was."""
    try:
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024, True
    except (OSError, ValueError, IndexError):
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024), False


def log_file() -> str | None:
    """Where records go; ``None`` where none are kept."""
    handlers = logging.getLogger().handlers
    return next((handler.baseFilename for handler in handlers if isinstance(handler, logging.FileHandler)), None)

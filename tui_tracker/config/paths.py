"""Where the platform wants configuration, state and logs. Nothing is created here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

APPLICATION: Final = "crypto-tui"


@dataclass(frozen=True, slots=True)
class Paths:
    """The places of one user."""

    config_file: Path
    """The user's own; never written."""
    data_folder: Path
    """History."""
    state_folder: Path
    """Watchlist and view."""
    log_folder: Path

    def state_of(self, *, is_simulated: bool) -> Path:
        """Where a market's state is: what one did in a demo has no place where the exchange is watched."""
        return self.state_folder / "demo" if is_simulated else self.state_folder


def default_paths() -> Paths:
    """Return the places that the platform and the environment name.

    ``XDG_CONFIG_HOME``, ``XDG_DATA_HOME`` and ``XDG_STATE_HOME`` move them.
    On Linux: ``~/.config/crypto-tui/config.toml``, ``~/.local/share/crypto-tui``, ``~/.local/state/crypto-tui`` and
    its folder ``log``.
    """
    from platformdirs import PlatformDirs

    dirs = PlatformDirs(APPLICATION, appauthor=False)
    return Paths(dirs.user_config_path / "config.toml", dirs.user_data_path, dirs.user_state_path, dirs.user_log_path)

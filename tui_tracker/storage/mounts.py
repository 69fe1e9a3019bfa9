"""On what kind of file system a folder is."""

import re
from pathlib import Path
from typing import Final

from tui_tracker.core.errors import StorageError, StorageFault

MOUNTS: Final = Path("/proc/self/mountinfo")
"""Absent but on Linux, where every file system then passes."""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NETWORK: Final = _names(
    "afs ceph cifs coda davfs fuse.ceph fuse.cephfs fuse.davfs2 fuse.glusterfs fuse.rclone fuse.s3fs fuse.sshfs"
    " glusterfs gpfs lustre ncpfs nfs nfs3 nfs4 ocfs2 orangefs smb2 smb3 smbfs"
)
_ESCAPE: Final = re.compile(r"\\([0-7]{3})")


def refuse_network(folder: Path, mounts: Path = MOUNTS) -> None:
    """Do nothing, unless the folder is on a file system of another machine.

    SQLite's write-ahead log shares memory between processes, which no network file system does (sqlite.org/wal.html),
    and locks over a network are often broken (sqlite.org/howtocorrupt.html, 2.1).

    Raises:
        StorageError: If it is on one.
    """
    kind = kind_of(folder, mounts)
    if kind in _NETWORK:
        raise StorageError(
            f"{folder} is on a network file system ({kind}), where SQLite's write-ahead log doesn't work",
            StorageFault.NETWORK,
            str(folder),
            "name a folder on a local disk with --data-dir",
        )


def kind_of(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """Return the type of the file system (``ext4``), from proc(5) mountinfo; ``None`` where nothing tells it."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    path, best, found = folder.resolve(), -1, None
    for line in lines:
        place, _, kind = line.partition(" - ")
        fields = place.split(" ")
        if len(fields) < 5 or not kind:
            continue
        point = Path(_ESCAPE.sub(lambda octal: chr(int(octal[1], 8)), fields[4]))
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, found = len(point.parts), kind.split(" ")[0]
    return found

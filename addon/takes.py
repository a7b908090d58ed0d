"""The takes on disk, as the panel lists them."""

from pathlib import Path

from .core import places
from .core.take import SUFFIX

_SHOWN = 5
_listed: tuple[object, list[Path]] = (None, [])


def newest() -> list[Path]:
    """The newest takes, newest first. Reads the folder only when it has changed."""
    global _listed
    folder = places.takes_folder()
    try:
        state = folder, folder.stat().st_mtime_ns
        if state != _listed[0]:
            found = sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
            _listed = state, found[:_SHOWN]
    except OSError:
        return []
    return _listed[1]

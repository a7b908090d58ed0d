"""Where things live that must last: one per-user data folder, shared by the add-on and the worker.

It is outside Blender's folders, because uninstalling or upgrading an extension deletes those. MOCAP_DATA
moves it.
"""

import json
import os
import tempfile
from pathlib import Path

from .systems import data_root

_NAME = "vitpose-live-mocap"


def data_folder() -> Path:
    """The data folder (not made here): MOCAP_DATA, or the system's place for a user's application data."""
    override = os.environ.get("MOCAP_DATA")
    if override:
        return Path(override).expanduser().absolute()
    return data_root() / _NAME


def takes_folder() -> Path:
    """Where takes go: the settings' `takes_folder`, or `takes` in the data folder."""
    chosen = read_settings().get("takes_folder")
    return Path(chosen) if isinstance(chosen, str) and chosen else data_folder() / "takes"


def weights_folder() -> Path:
    """Downloaded weights."""
    return data_folder() / "weights"


def worker_folder() -> Path:
    """The worker's environment and log."""
    return data_folder() / "worker"


def settings_file() -> Path:
    return data_folder() / "settings.json"


def read_settings() -> dict:
    """The machine's settings; empty where there are none or the file is damaged."""
    try:
        settings = json.loads(settings_file().read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return settings if isinstance(settings, dict) else {}


def write_settings(settings: dict) -> None:
    """Replaces the settings in one step, readable by the user alone (they may hold a key). Raises OSError."""
    target = settings_file()
    target.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp makes the file readable by its owner only; the same folder makes the replacement one step.
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix="settings", suffix=".tmp")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            json.dump(settings, file, indent=2)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise

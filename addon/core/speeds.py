"""How fast models ran on this machine when they were last used: a small file in the data folder."""

import json
import os
from pathlib import Path

from .places import data_folder

LEAST_FRAMES = 100  # before which the first frames, which take longer, would count too much


def speeds_file() -> Path:
    return data_folder() / "speeds.json"


def read_speeds() -> dict[str, dict[str, float]]:
    """Milliseconds a frame of one person, median, by config and device; empty where nothing was measured."""
    try:
        found = json.loads(speeds_file().read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        str(config): {str(device): float(ms) for device, ms in kept.items() if type(ms) in (int, float) and ms > 0}
        for config, kept in found.items()
        if isinstance(kept, dict)
    }


def note_speed(figures: dict) -> bool:
    """Keeps what a worker's figures say of its model. False where they say too little. Raises OSError."""
    config, device, ms = figures.get("model"), figures.get("device"), figures.get("inference_ms_p50")
    enough = figures.get("frames_captured", 0) >= LEAST_FRAMES and figures.get("people") == 1
    if not (enough and config and device and type(ms) in (int, float) and ms > 0):
        return False
    speeds = read_speeds()
    speeds.setdefault(str(config), {})[str(device)] = round(float(ms), 2)
    temporary = speeds_file().with_suffix(f".{os.getpid()}.tmp")
    temporary.parent.mkdir(parents=True, exist_ok=True)
    temporary.write_text(json.dumps(speeds, indent=2), "utf-8")
    os.replace(temporary, speeds_file())
    return True

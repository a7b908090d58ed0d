"""The machine's settings: the per-user data folder's settings.json, which outlives the extension.

Blender stores none of it: disabling an extension resets its preferences, and a source's URL or the key must
never be saved in a .blend. What the user sees of it is `preferences`'.
"""

from .core import places
from .core.protocol import CONTROL_PORT

DEFAULTS = {
    "source": "0",
    "device": "auto",
    "worker_address": f"127.0.0.1:{CONTROL_PORT}",
    "replay_loop": False,
    "preview": True,
    "preview_size": "MEDIUM",
    "preview_corner": "BOTTOM_RIGHT",
    "ghost": False,
    "cameras": [],
    "camera_size": "AUTO",
    "camera_rate": "AUTO",
    "camera_mjpg": False,
    "picture_rotate": "0",
    "picture_mirror": False,
}
problem = ""  # a sentence for the user


def get(name: str):
    """A setting of this machine: of its default's type, text where it has none."""
    default = DEFAULTS.get(name, "")
    value = places.read_settings().get(name)
    return value if type(value) is type(default) and value != "" else default


def put(name: str, value: str | bool | list) -> None:
    """Change a setting. `problem` tells where the data folder cannot be written."""
    global problem
    settings = places.read_settings()
    if value != "" and value != DEFAULTS.get(name):
        settings[name] = value
    else:
        settings.pop(name, None)
    try:
        places.write_settings(settings)
        problem = ""
    except OSError as error:
        problem = f"The settings cannot be kept in {places.settings_file()}: {error.strerror}."

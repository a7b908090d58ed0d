"""The machine's settings as the user sees them: a view on what `machine` keeps; Blender stores none of it."""

from urllib.parse import urlsplit

import bpy

from .core import places
from .machine import get, put
from .preview_settings import PreviewSettings
from .sources import SourceSettings
from .translations import say

PACKAGE = __package__.rpartition(".")[0]  # the extension's, which `addon` lies in
DEVICES = (
    ("auto", "Auto", "The GPU if there is one, else the processor"),
    ("cpu", "CPU", "The processor"),
    ("cuda", "CUDA", "An NVIDIA GPU"),
    ("mps", "Metal", "An Apple GPU"),
)


def holds_password(source: str) -> bool:
    """True for a URL with a password in it."""
    try:
        return urlsplit(source).password is not None
    except ValueError:
        return "@" in source


def of(context: bpy.types.Context) -> "MocapPreferences":
    return context.preferences.addons[PACKAGE].preferences


def _text(name: str, title: str, description: str, setting: str = "", **more):
    setting = setting or name

    def write(_, value: str) -> None:
        put(setting, bpy.path.abspath(value) if value.startswith("//") else value)

    return bpy.props.StringProperty(
        name=title,
        description=description,
        get=lambda _: get(setting),
        set=write,
        options={"SKIP_SAVE"},
        **more,
    )


def _get_device(_) -> int:
    names = [item[0] for item in DEVICES]
    return names.index(get("device")) if get("device") in names else 0


def _set_device(_, index: int) -> None:
    put("device", DEVICES[index][0])


class MocapPreferences(SourceSettings, PreviewSettings, bpy.types.AddonPreferences):
    bl_idname = PACKAGE

    source: _text(
        "source", "Source", "A camera's number, a video file, or a URL (rtsp, http, udp)", subtype="FILE_PATH"
    )
    source_hidden: _text(
        "source_hidden", "Source", "The URL, hidden for its password", "source", subtype="PASSWORD"
    )
    model: _text("model", "Model", "A ViTPose model's name or its config file; empty for the one that ships")
    device: bpy.props.EnumProperty(
        name="Device",
        description="What the model runs on",
        items=DEVICES,
        get=_get_device,
        set=_set_device,
        options={"SKIP_SAVE"},
    )
    takes_folder: _text(
        "takes_folder", "Takes", "Folder for takes; empty for the data folder's", subtype="DIR_PATH"
    )
    worker: _text("worker", "Worker", "The program `mocap`; empty to look for it", subtype="FILE_PATH")
    worker_address: _text(
        "worker_address", "Worker's Address", "HOST:PORT of the worker; another machine needs the key"
    )
    key: _text("key", "Key", "Shared with a worker on another machine", subtype="PASSWORD")

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        for name in ("takes_folder", "worker", "worker_address", "key"):
            layout.prop(self, name)
        layout.label(text=say(f"These are kept in {places.settings_file()}"), icon="INFO")


CLASSES = (MocapPreferences,)

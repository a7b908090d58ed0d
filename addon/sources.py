"""What is captured, as the panel lets it be chosen: a camera, a file or URL, the test motion, or a take.

One setting of the machine's says it, `source`; its text tells the kind. What was chosen of the other kinds is
remembered, for when they are chosen again.
"""

import bpy

from . import cameras, machine
from .core import places
from .core.take import SUFFIX
from .drawing import sentence

TEST_MOTION = "test motion"
KINDS = (
    ("CAMERA", "Camera", "A camera at the worker's machine", "CAMERA_DATA", 0),
    ("FILE", "File or URL", "A video, or a stream (rtsp, http, udp)", "FILE_MOVIE", 1),
    ("TEST", "Test Motion", "Somebody who moves without a camera and without a worker, to try things out", "PLAY", 2),
    ("TAKE", "Take", "Play a take again, as if it were captured now; needs no worker", "ACTION", 3),
)
_NUMBERS = {item[0]: item[4] for item in KINDS}
_SIZES = ("AUTO", "640x480", "1280x720", "1920x1080")
_RATES = ("AUTO", "30", "60")
_ROTATIONS = ("0", "90", "180", "270")
_FIRST = {"CAMERA": "0", "TEST": TEST_MOTION}


class SourceError(Exception):
    """A source that cannot be had; the text is a sentence for the user."""


def kind_of(source: str) -> str:
    """The kind of a source by its text."""
    if source == TEST_MOTION:
        return "TEST"
    if source.endswith(SUFFIX) and "://" not in source:
        return "TAKE"
    return "CAMERA" if source.isascii() and source.isdigit() else "FILE"


def kind() -> str:
    """The chosen kind, which may have no source yet."""
    empty = machine.get("source_kind")
    return empty if empty in _NUMBERS and "source" not in places.read_settings() else kind_of(machine.get("source"))


def choose_kind(wanted: str) -> None:
    """Go to another kind and to what was chosen of it last."""
    before = kind()
    if wanted == before:
        return
    if is_chosen():
        machine.put(f"last_{before.lower()}", machine.get("source"))
    source = machine.get(f"last_{wanted.lower()}") or _FIRST.get(wanted, "")
    machine.put("source", source)
    machine.put("source_kind", "" if source else wanted)


def take_was_renamed(before: str, after: str) -> None:
    """Have what is or was chosen be the take under its new name."""
    for name in ("source", "last_take"):
        if machine.get(name) == before:
            machine.put(name, after)


def is_chosen() -> bool:
    """False as long as a kind has no source."""
    return kind() == kind_of(machine.get("source"))


def needs_worker() -> bool:
    """Whether what is chosen is seen by a worker, and not played in Blender."""
    return kind() not in ("TEST", "TAKE")


def _get_text(only: str):
    return lambda _: machine.get("source") if kind() == only == kind_of(machine.get("source")) else ""


def _set_file(_, value: str) -> None:
    if not value:
        machine.put("source_kind", kind())
    machine.put("source", bpy.path.abspath(value) if value.startswith("//") else value)


def options() -> dict:
    """What a start tells the worker of the camera's mode, and of how pictures are turned."""
    chosen: dict = {}
    if kind() in ("CAMERA", "FILE"):
        rotate = machine.get("picture_rotate")
        if rotate in _ROTATIONS[1:]:
            chosen["rotate"] = int(rotate)
        if machine.get("picture_mirror"):
            chosen["mirror"] = True
    if kind() == "CAMERA":
        size, rate = machine.get("camera_size"), machine.get("camera_rate")
        if size in _SIZES[1:]:
            chosen["size"] = [int(side) for side in size.split("x")]
        if rate in _RATES[1:]:
            chosen["rate"] = int(rate)
        if machine.get("camera_mjpg"):
            chosen["mjpg"] = True
    return chosen


def _choice(name: str, choices: tuple[str, ...], titles: tuple[str, ...], title: str, description: str):
    """An enumeration that `machine` keeps."""

    def get(_) -> int:
        value = machine.get(name)
        return choices.index(value if value in choices else choices[0])

    return bpy.props.EnumProperty(
        name=title,
        description=description,
        items=[(choice, shown, "") for choice, shown in zip(choices, titles, strict=True)],
        get=get,
        set=lambda _, number: machine.put(name, choices[number]),
        options={"SKIP_SAVE"},
    )


def _switch(name: str, title: str, description: str):
    return bpy.props.BoolProperty(
        name=title,
        description=description,
        get=lambda _: machine.get(name),
        set=lambda _, on: machine.put(name, on),
        options={"SKIP_SAVE"},
    )


def _camera_items(_settings, _context):
    """The cameras that were found, and the chosen one."""
    global _items  # Blender needs the texts to live on
    found = cameras.known()
    chosen = machine.get("source")
    if kind_of(chosen) == "CAMERA" and int(chosen) not in found:
        found[int(chosen)] = f"Camera {chosen}"
    _items = [(str(index), name, f"Camera {index}", "CAMERA_DATA", index) for index, name in sorted(found.items())]
    return _items


_items: list[tuple] = []


class SourceSettings:
    """The preferences' part of it; nothing is stored in Blender."""

    source_kind: bpy.props.EnumProperty(
        name="Source",
        description="What is captured",
        items=KINDS,
        get=lambda _: _NUMBERS[kind()],
        set=lambda _, number: choose_kind(KINDS[number][0]),
        options={"SKIP_SAVE"},
    )
    source_camera: bpy.props.IntProperty(
        name="Camera",
        description="The camera's number",
        min=0,
        max=99,
        get=lambda _: int(machine.get("source")) if kind() == "CAMERA" else 0,
        set=lambda _, number: machine.put("source", str(number)),
        options={"SKIP_SAVE"},
    )
    source_camera_name: bpy.props.EnumProperty(
        name="Camera",
        description="The camera by its name",
        items=_camera_items,
        get=lambda _: int(machine.get("source")) if kind() == "CAMERA" else 0,
        set=lambda _, number: machine.put("source", str(number)),
        options={"SKIP_SAVE"},
    )
    camera_size: _choice(
        "camera_size",
        _SIZES,
        ("Camera's Own", "640 × 480", "1280 × 720", "1920 × 1080"),
        "Size",
        "What the camera is asked for; one that lacks it gives its nearest and says so",
    )
    camera_rate: _choice(
        "camera_rate", _RATES, ("Camera's Own", "30 a second", "60 a second"), "Rate", "Pictures a second"
    )
    camera_mjpg: _switch(
        "camera_mjpg", "MJPG", "Have the camera compress: most cameras give their larger sizes at a full rate only so"
    )
    picture_rotate: _choice(
        "picture_rotate",
        _ROTATIONS,
        ("0°", "90°", "180°", "270°"),
        "Rotation",
        "Turn the picture clockwise, for a camera that stands on its side or hangs",
    )
    picture_mirror: _switch(
        "picture_mirror", "Mirror Picture", "Change left and right, for a camera that gives a mirror image"
    )
    source_take: bpy.props.StringProperty(
        name="Take",
        description="The take to play",
        subtype="FILE_PATH",
        get=_get_text("TAKE"),
        set=_set_file,
        options={"SKIP_SAVE"},
    )
    source_file: bpy.props.StringProperty(
        name="File or URL",
        description="A video file, or a URL (rtsp, http, udp)",
        subtype="FILE_PATH",
        get=_get_text("FILE"),
        set=_set_file,
        options={"SKIP_SAVE"},
    )
    replay_loop: _switch("replay_loop", "Loop", "Play the take again and again")


def draw(column: bpy.types.UILayout, settings: bpy.types.AddonPreferences, hidden: bool) -> None:
    """The source's rows in the panel. hidden: the URL holds a password."""
    column.prop(settings, "source_kind")
    chosen = kind()
    if chosen == "CAMERA":
        row = column.row(align=True)
        row.prop(settings, "source_camera_name" if cameras.known() else "source_camera")
        row.operator("mocap.find_cameras", text="", icon="FILE_REFRESH")
        if cameras.says:
            sentence(column, cameras.says, "INFO")
    elif chosen == "FILE":
        column.prop(settings, "source_hidden" if hidden else "source_file", text="File or URL")
    elif chosen == "TAKE":
        column.prop(settings, "source_take")
        column.prop(settings, "replay_loop")

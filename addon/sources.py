"""What is captured, as the panel lets it be chosen: a camera, a file or URL, the test motion, or a take.

One setting of the machine's says it, `source`; its text tells the kind. What was chosen of the other kinds is
remembered, for when they are chosen again.
"""

import bpy

from . import machine
from .core import places
from .core.take import SUFFIX

TEST_MOTION = "test motion"
KINDS = (
    ("CAMERA", "Camera", "A camera at the worker's machine", "CAMERA_DATA", 0),
    ("FILE", "File or URL", "A video, or a stream (rtsp, http, udp)", "FILE_MOVIE", 1),
    ("TEST", "Test Motion", "Somebody who moves without a camera and without a worker, to try things out", "PLAY", 2),
    ("TAKE", "Take", "Play a take again, as if it were captured now; needs no worker", "ACTION", 3),
)
_NUMBERS = {item[0]: item[4] for item in KINDS}
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


def is_chosen() -> bool:
    """False as long as a kind has no source."""
    return kind() == kind_of(machine.get("source"))


def _get_text(only: str):
    return lambda _: machine.get("source") if kind() == only == kind_of(machine.get("source")) else ""


def _set_file(_, value: str) -> None:
    if not value:
        machine.put("source_kind", kind())
    machine.put("source", bpy.path.abspath(value) if value.startswith("//") else value)


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
    replay_loop: bpy.props.BoolProperty(
        name="Loop",
        description="Play the take again and again",
        get=lambda _: machine.get("replay_loop"),
        set=lambda _, on: machine.put("replay_loop", on),
        options={"SKIP_SAVE"},
    )


def draw(column: bpy.types.UILayout, settings: bpy.types.AddonPreferences, hidden: bool) -> None:
    """The source's rows in the panel. hidden: the URL holds a password."""
    column.prop(settings, "source_kind")
    chosen = kind()
    if chosen == "CAMERA":
        column.prop(settings, "source_camera")
    elif chosen == "FILE":
        column.prop(settings, "source_hidden" if hidden else "source_file", text="File or URL")
    elif chosen == "TAKE":
        column.prop(settings, "source_take")
        column.prop(settings, "replay_loop")


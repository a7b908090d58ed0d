"""How takes are recorded, `scene.mocap.record`: when it begins and ends, which parts follow, what becomes of it."""

import bpy

from . import masks


class MocapRecord(bpy.types.PropertyGroup):
    countdown_s: bpy.props.FloatProperty(
        name="Countdown",
        description="Seconds between Record and the take's beginning",
        default=0.0,
        min=0.0,
        max=60.0,
        precision=0,
        step=100,
        subtype="TIME_ABSOLUTE",
        unit="TIME_ABSOLUTE",
    )
    length_s: bpy.props.FloatProperty(
        name="Length",
        description="Stop by itself after so many seconds; 0 goes on until Stop",
        default=0.0,
        min=0.0,
        soft_max=600.0,
        precision=0,
        step=100,
        subtype="TIME_ABSOLUTE",
        unit="TIME_ABSOLUTE",
    )
    hands_free: bpy.props.BoolProperty(
        name="Hands-Free",
        description=(
            "Hold both hands above your head for a second to begin a take, and again to end it. "
            "Raising them is not part of the take"
        ),
        default=False,
    )
    play: bpy.props.BoolProperty(
        name="Play the Timeline",
        description=(
            "Play from the playhead while recording, in time with the sound. Keys land on the frame that was to be "
            "seen and heard when the camera saw you. The take ends where the timeline does"
        ),
        default=False,
    )
    keep_video: bpy.props.BoolProperty(
        name="Keep Video",
        description=(
            "The worker keeps the camera's pictures beside the take, to look at and to refine it. A worker on another "
            "machine does not"
        ),
        default=False,
    )
    offset_ms: bpy.props.FloatProperty(
        name="Offset",
        description=(
            "Keys land so much later, or earlier if negative: for what a camera or loudspeakers delay and nobody "
            "can measure"
        ),
        default=0.0,
        soft_min=-500.0,
        soft_max=500.0,
        precision=0,
        step=500,
    )
    mask: bpy.props.EnumProperty(
        name="Parts",
        description="The parts of the body that follow; the rest keeps what the character plays. Shift-click for more",
        items=masks.ITEMS,
        options={"ENUM_FLAG"},
        default=set(masks.WHOLE),
    )
    destination: bpy.props.EnumProperty(
        name="Becomes",
        description="What a take is to the character. A take of some parts goes on a track in any case",
        items=(
            ("ACTION", "Action", "The character plays the take's Action; the one before is kept in the file"),
            ("TRACK", "NLA Track", "The take lies on a track of its own, over what the character played"),
        ),
        default="ACTION",
    )
    reduce: bpy.props.BoolProperty(
        name="Fewer Keys",
        description="Write only the keys that are needed for every frame to stay within the error",
        default=False,
    )
    error_deg: bpy.props.FloatProperty(
        name="Angle",
        description="By how much the rotation of a bone may be off at any frame, degrees",
        default=0.5,
        min=0.01,
        soft_max=10.0,
        max=90.0,
    )
    error_mm: bpy.props.FloatProperty(
        name="Distance",
        description="By how much a place may be off at any frame, millimetres",
        default=2.0,
        min=0.01,
        soft_max=50.0,
        max=1000.0,
    )


CLASSES = (MocapRecord,)

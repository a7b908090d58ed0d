"""What is saved with the scene: who is driven, and how. The machine's settings are `preferences`'."""

import bpy

from .chain_properties import MocapChain
from .record_settings import MocapRecord
from .rig import is_armature


class MocapBone(bpy.types.PropertyGroup):
    """A part of the body, by its name, and its bone."""

    bone: bpy.props.StringProperty(name="Bone", description="The bone that is this part of the body")


class MocapBoneMap(bpy.types.PropertyGroup):
    """An armature's map. controls: the text of a map's file, without its bones. notes: a JSON list."""

    armature: bpy.props.PointerProperty(type=bpy.types.Object)
    title: bpy.props.StringProperty()
    bones: bpy.props.CollectionProperty(type=MocapBone)
    controls: bpy.props.StringProperty()
    notes: bpy.props.StringProperty()


class MocapCharacter(bpy.types.PropertyGroup):
    """Another character, and whom it follows."""

    armature: bpy.props.PointerProperty(
        name="Character", description="The armature to drive", type=bpy.types.Object, poll=is_armature
    )
    person: bpy.props.IntProperty(
        name="Person", description="Who of the people in the picture drives this character", default=1, min=0, max=99
    )


class MocapScene(bpy.types.PropertyGroup):
    target: bpy.props.PointerProperty(
        name="Character",
        description="The armature to drive",
        type=bpy.types.Object,
        poll=is_armature,
    )
    bone_maps: bpy.props.CollectionProperty(type=MocapBoneMap)
    chains: bpy.props.CollectionProperty(
        name="Chains", description="Bones that follow something in a take", type=MocapChain
    )
    characters: bpy.props.CollectionProperty(
        name="Characters", description="Further characters, each driven by a person of its own", type=MocapCharacter
    )
    record: bpy.props.PointerProperty(type=MocapRecord)
    port: bpy.props.IntProperty(
        name="Port",
        description="UDP port that poses come in at. A free one is taken where it is in use, or for 0",
        default=5005,
        min=0,
        max=65535,
    )
    people: bpy.props.IntProperty(
        name="People", description="How many people the worker follows at once", default=1, min=1, max=8
    )
    person: bpy.props.IntProperty(
        name="Person",
        description="Who of the people in the picture drives the character. The first to be seen is number 0",
        default=0,
        min=0,
        max=99,
    )
    level: bpy.props.EnumProperty(
        name="Level",
        description="How the camera's tilt is handled",
        items=(
            ("AUTO", "Auto", "Find the camera's tilt and turn it out, so that the character stands upright"),
            ("OFF", "Off", "The camera is level"),
        ),
        default="AUTO",
    )
    mirror: bpy.props.BoolProperty(
        name="Mirror", description="The character moves as your mirror image", default=False
    )
    smoothness: bpy.props.FloatProperty(
        name="Smoothness",
        description="How much shaking is smoothed out: 0 is raw, 1 is heavy. A finished take is smoothed without lag",
        default=0.5,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    contact: bpy.props.BoolProperty(
        name="Pin Feet", description="Feet that stand still are held where they are", default=True
    )
    legs: bpy.props.EnumProperty(
        name="Legs",
        description="Whether hips and legs follow, or hold as they are for somebody who sits",
        items=(
            ("AUTO", "Auto", "They follow, and hold while the legs are out of the picture"),
            ("FOLLOW", "Follow", "They always follow"),
            ("HOLD", "Hold", "They hold as they are; the upper body follows"),
        ),
        default="AUTO",
    )


CLASSES = (MocapBone, MocapBoneMap, MocapChain, MocapCharacter, MocapRecord, MocapScene)


def add_to_scenes() -> None:
    bpy.types.Scene.mocap = bpy.props.PointerProperty(type=MocapScene)


def remove_from_scenes() -> None:
    del bpy.types.Scene.mocap

"""A character's takes to files: glTF and FBX by Blender's exporters, BVH and joints as numbers by ours.

Frames: in glTF, BVH and the tables the take's first frame is at 0 s; in FBX it keeps its time in the scene, and
Blender's importer shows it one frame later.
"""

import os
import re
import shutil
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import bpy
import numpy as np
from bpy_extras.io_utils import axis_conversion
from mathutils import Matrix

from . import action, bone_maps, bvh, export_numbers, silence, take_layers
from .core.root_motion import floor_path
from .export_copy import CopyError, RigCopy
from .export_sampling import Motion, SamplingError
from .recording import frames_a_second

SUFFIXES = {"GLB": ".glb", "GLTF": ".gltf", "FBX": ".fbx", "BVH": ".bvh", "CSV": ".csv", "NPZ": ".npz"}

_READING = "Reading the take"
BLENDER_WRITES = "Blender writes the file"  # and nothing else can be done until it has

Steps = Generator[tuple[str, float], None, object]  # what it does, and how far it is

_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')  # of files, on any system


class ExportError(Exception):
    """The file cannot be written; the text is a sentence for the user."""


@dataclass(frozen=True)
class Options:
    """fps: 0 for the scene's. preset: BLENDER, UNREAL or UNITY, of FBX. root_motion: BONE or OBJECT, what carries the
    way over the floor. deform_only: leave out the bones that move no mesh."""

    fps: float = 0.0
    preset: str = "BLENDER"
    root_motion: str = "BONE"
    deform_only: bool = False


@dataclass(frozen=True)
class FbxPreset:
    """forward and up: the file's axes. scaling: FBX_SCALE_NONE for a file in centimetres, FBX_SCALE_ALL for metres.
    in_data: bring axes and scale into the data, so that the file's objects have none. object_names: the armature's by
    root motion."""

    forward: str = "-Z"
    up: str = "Y"
    scaling: str = "FBX_SCALE_NONE"
    in_data: bool = False
    object_names: tuple[tuple[str, str], ...] = ()


# Who writes it, the format's name, and that of the add-on in Blender's preferences.
_WRITERS = {kind: ("gltf", "glTF", "glTF 2.0 format") for kind in ("GLB", "GLTF")}
_WRITERS["FBX"] = ("fbx", "FBX", "FBX format")

PRESETS = {
    "BLENDER": FbxPreset(),
    # Unreal's importer turns every file to Z up and front −Y, which this is already, and may take the unit for a
    # centimetre whatever the file says. It leaves out an object named Armature, and makes another the root bone.
    "UNREAL": FbxPreset("Y", "Z", in_data=True, object_names=(("BONE", "Armature"), ("OBJECT", "root"))),
    # With metres as the file's unit and Y up, Unity's objects have scale 1 and no rotation.
    "UNITY": FbxPreset("-Z", "Y", "FBX_SCALE_ALL", in_data=True),
}


def action_of(armature: bpy.types.Object) -> bpy.types.Action | None:
    """What the character plays and would be exported: its Action, or the uppermost take on its NLA tracks."""
    return take_layers.top(armature) or action.current(armature)


def with_suffix(path: Path, kind: str) -> Path:
    """The path with the format's ending, in place of another format's."""
    if path.suffix.lower() in SUFFIXES.values():
        path = path.with_suffix("")
    return path.with_name(path.name + SUFFIXES[kind]) if path.name else path


def file_name(pattern: str, armature: bpy.types.Object, take: str, fps: float, preset: str) -> str:
    """A file's name without its ending, from a pattern with {character}, {take}, {fps}, {preset} and {file}.

    Raises ExportError where the pattern has something else in braces.
    """
    parts = {
        "character": armature.name,
        "take": take,
        "fps": f"{fps:g}",
        "preset": preset.lower(),
        "file": Path(bpy.data.filepath).stem or "untitled",
    }
    try:
        name = pattern.format(**parts)
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        known = ", ".join(f"{{{part}}}" for part in parts)
        raise ExportError(f"The name {pattern!r} cannot be filled in: {error}. There are {known}.") from error
    name = _NOT_IN_NAMES.sub("_", name).strip().rstrip(". ")
    return name if name.strip("_") else "take"


def export(
    scene: bpy.types.Scene,
    view_layer: bpy.types.ViewLayer,
    armature: bpy.types.Object,
    path: Path,
    kind: str,
    options: Options = Options(),
    take: bpy.types.Action | None = None,
) -> Steps:
    """Write one take of the armature, and the meshes that it moves where the format has meshes. Raises ExportError.

    A generator of steps of a few milliseconds: yields what it does and how far it is. BLENDER_WRITES comes before the
    one step that is Blender's own. Closed early, it leaves nothing. kind: a key of SUFFIXES. take: an Action; None for
    what the character plays. One on its NLA tracks is exported with what plays beside it. The file appears complete or
    not at all, after those that a .gltf has beside it; nothing in the user's scenes changes.
    """
    if not path.name:
        raise ExportError("Choose a file to export to.")
    if path.is_dir():
        raise ExportError(f"{path} is a folder; choose a file to export to.")
    writer, title, add_on = _WRITERS.get(kind, ("", "", ""))
    if writer and not hasattr(bpy.types, f"EXPORT_SCENE_OT_{writer}"):
        raise ExportError(f"Blender's {title} add-on is off; enable “{add_on}” in the preferences.")
    unfinished = path.with_name(f".{path.name}.unfinished")  # a folder, as files of a .gltf name each other
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.mkdir(exist_ok=True)
        with silence.lifted():
            yield from _write(scene, view_layer, armature, unfinished / path.name, kind, options, take)
        for file in sorted(unfinished.iterdir(), key=lambda file: file.name == path.name):
            os.replace(file, path.with_name(file.name))
    except (CopyError, SamplingError) as error:
        raise ExportError(str(error)) from error
    except ReferenceError as error:
        raise ExportError("The character or its take was removed; the export ended.") from error
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).strip()
        raise ExportError(f"{path} cannot be written: {reason}.") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _write(
    scene, view_layer, armature, path: Path, kind: str, options: Options, take: bpy.types.Action | None
) -> Steps:
    if armature.mode == "EDIT":
        raise ExportError(f"{armature.name} is being edited. Leave Edit Mode first.")
    view_layer.update()
    yield _READING, 0.0
    take = take or action_of(armature)
    name = take.name
    bones = bone_maps.of(scene, armature).bones
    deforming = {bone.name for bone in armature.data.bones if bone.use_deform}
    metres, by_blender = scene.unit_settings.scale_length, kind in _WRITERS
    with RigCopy(scene, view_layer, armature) as copy:
        sampled = copy.sample(take, options.fps or frames_a_second(scene))
        motion = yield from _told(_READING, sampled, 0.0, 0.4)
        if by_blender:
            write = _fbx if kind == "FBX" else _gltf
            if options.root_motion == "OBJECT":
                motion = yield from _told("Preparing the motion", _on_object(motion, bones), 0.4, 0.5)
            axes, object_name, arguments = write(copy, path, name, options)
            yield from _told("Preparing the motion", copy.bake(motion, axes), 0.5, 0.9)
            yield BLENDER_WRITES, 0.9
            with copy.shown(name, object_name):
                written_by_blender(copy.scene, _WRITERS[kind][0], arguments)
            yield BLENDER_WRITES, 1.0
            return
    if kind == "BVH":
        writing = export_numbers.write_bvh(motion, path, bones, deforming if options.deform_only else None)
    else:
        writing = export_numbers.write_table(motion, path, bones, metres)
    yield from _told("Writing the file", writing, 0.4, 1.0)


def _told(doing: str, work: Iterator[float], begin: float, end: float) -> Steps:
    """The steps of a part of the whole, from `begin` to `end`; gives what the part gives."""
    while True:
        try:
            share = next(work)
        except StopIteration as over:
            return over.value
        yield doing, begin + (end - begin) * share


def _on_object(motion: Motion, bones: dict[str, str]) -> Iterator[float]:
    """The same motion with its way over the floor on the armature's object."""
    row = export_numbers.hips_of(motion, bones)
    rest, inside, object_moved = motion.rest_world[row], np.empty_like(motion.posed), np.empty_like(motion.armature)
    for block in motion.blocks():
        armature, posed = motion.armature[block], motion.posed[block]
        hips = armature @ posed[:, row]
        turns = bvh.rotation(hips) @ bvh.rotation(rest).T
        moved = floor_path(rest[:3, 3], hips[:, :3, 3], turns) @ motion.armature_rest
        inside[block] = (np.linalg.inv(moved) @ armature)[:, None] @ posed
        object_moved[block] = moved
        yield block.stop / len(motion.frames)
    return replace(motion, posed=inside, armature=object_moved)


def written_by_blender(scene: bpy.types.Scene, writer: str, arguments: dict) -> None:
    """Blender's own: it evaluates what was baked, and writes the whole file, in one call."""
    scene.frame_set(scene.frame_start)
    getattr(bpy.ops.export_scene, writer)(**arguments)


def _gltf(copy: RigCopy, path: Path, name: str, options: Options) -> tuple[Matrix | None, str, dict]:
    """The axes that are brought into the data, the armature's other name, what Blender's exporter is told."""
    return None, "", {
        "filepath": str(path),
        "export_format": "GLB" if path.suffix == SUFFIXES["GLB"] else "GLTF_SEPARATE",
        "use_active_scene": True,
        "export_animation_mode": "ACTIVE_ACTIONS",
        "export_nla_strips_merged_animation_name": name,
        "export_anim_single_armature": False,
        "export_anim_slide_to_zero": True,
        "export_optimize_animation_size": False,
        "export_def_bones": options.deform_only,
    }  # fmt: skip


def _fbx(copy: RigCopy, path: Path, name: str, options: Options) -> tuple[Matrix | None, str, dict]:
    """As `_gltf`."""
    preset, axes = PRESETS[options.preset], None
    if preset.in_data:
        axes = axis_conversion(to_forward=preset.forward, to_up=preset.up).to_4x4()
        if preset.scaling == "FBX_SCALE_NONE":
            axes = Matrix.Scale(100.0 * copy.scene.unit_settings.scale_length, 4) @ axes
    return axes, dict(preset.object_names).get(options.root_motion, ""), {
        "filepath": str(path),
        "object_types": {"ARMATURE", "MESH"},
        "axis_forward": preset.forward,
        "axis_up": preset.up,
        "apply_scale_options": preset.scaling,
        "use_armature_deform_only": options.deform_only,
        "add_leaf_bones": False,
        "bake_anim_use_all_actions": False,
        "bake_anim_use_nla_strips": False,
        "bake_anim_simplify_factor": 0.0,
    }  # fmt: skip

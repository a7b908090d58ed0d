"""A character's takes to files: glTF and FBX by Blender's exporters, BVH and joints as numbers by ours.

Frames: in glTF, BVH and the tables the take's first frame is at 0 s; in FBX it keeps its time in the scene, and
Blender's importer shows it one frame later.
"""

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from bpy_extras.io_utils import axis_conversion
from mathutils import Matrix

from . import action, bone_maps, bvh, joint_tables, silence, take_layers
from .core.bone_map import PARTS
from .core.root_motion import floor_path
from .export_copy import CopyError, Motion, RigCopy
from .recording import frames_a_second

SUFFIXES = {"GLB": ".glb", "GLTF": ".gltf", "FBX": ".fbx", "BVH": ".bvh", "CSV": ".csv", "NPZ": ".npz"}

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
    context: bpy.types.Context,
    armature: bpy.types.Object,
    path: Path,
    kind: str,
    options: Options = Options(),
    take: bpy.types.Action | None = None,
) -> None:
    """Write one take of the armature, and the meshes that it moves where the format has meshes. Raises ExportError.

    kind: a key of SUFFIXES. take: an Action; None for what the character plays. One on its NLA tracks is exported with
    what plays beside it. The file appears complete or not at all, after those that a .gltf has beside it; nothing in
    the user's scenes changes.
    """
    if not path.name:
        raise ExportError("Choose a file to export to.")
    if path.is_dir():
        raise ExportError(f"{path} is a folder; choose a file to export to.")
    if armature.mode == "EDIT":
        raise ExportError(f"{armature.name} is being edited. Leave Edit Mode first.")
    writer, title, add_on = _WRITERS.get(kind, ("", "", ""))
    if writer and not hasattr(bpy.types, f"EXPORT_SCENE_OT_{writer}"):
        raise ExportError(f"Blender's {title} add-on is off; enable “{add_on}” in the preferences.")
    unfinished = path.with_name(f".{path.name}.unfinished")  # a folder, as files of a .gltf name each other
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.mkdir(exist_ok=True)
        with silence.lifted():
            _write(context, armature, unfinished / path.name, kind, options, take)
        for file in sorted(unfinished.iterdir(), key=lambda file: file.name == path.name):
            os.replace(file, path.with_name(file.name))
    except CopyError as error:
        raise ExportError(str(error)) from error
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).strip()
        raise ExportError(f"{path} cannot be written: {reason}.") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _write(context, armature, path: Path, kind: str, options: Options, take: bpy.types.Action | None) -> None:
    context.view_layer.update()
    bones = bone_maps.of(context.scene, armature).bones
    window = context.window_manager
    window.progress_begin(0, 100)
    try:
        with RigCopy(context.scene, armature) as copy:
            fps = options.fps or frames_a_second(context.scene)
            take = take or action_of(armature)
            motion = copy.sample(take, fps, lambda done: window.progress_update(90 * done))
            if kind in ("GLB", "GLTF", "FBX"):
                if options.root_motion == "OBJECT":
                    motion = _on_object(motion, bones)
                (_write_fbx if kind == "FBX" else _write_gltf)(copy, motion, path, take.name, options)
            elif kind == "BVH":
                _write_bvh(motion, path, armature, bones, options)
            else:
                _write_table(motion, path, bones, context.scene.unit_settings.scale_length)
    finally:
        window.progress_end()


def _on_object(motion: Motion, bones: dict[str, str]) -> Motion:
    """The same motion with its way over the floor on the armature's object."""
    row = _hips(motion, bones)
    rest, posed = motion.rest_world[row], motion.posed_world[:, row]
    turns = bvh.rotation(posed) @ bvh.rotation(rest).T
    moved = floor_path(rest[:3, 3], posed[:, :3, 3], turns) @ motion.armature_rest
    inside = (np.linalg.inv(moved) @ motion.armature)[:, None] @ motion.posed
    return Motion(**{**vars(motion), "posed": inside, "armature": moved})


def _write_gltf(copy: RigCopy, motion: Motion, path: Path, name: str, options: Options) -> None:
    copy.bake(motion, name)
    with copy.shown():
        bpy.ops.export_scene.gltf(
            filepath=str(path),
            export_format="GLB" if path.suffix == SUFFIXES["GLB"] else "GLTF_SEPARATE",
            use_active_scene=True,
            export_animation_mode="ACTIVE_ACTIONS",
            export_nla_strips_merged_animation_name=name,
            export_anim_single_armature=False,
            export_anim_slide_to_zero=True,
            export_optimize_animation_size=False,
            export_def_bones=options.deform_only,
        )


def _write_fbx(copy: RigCopy, motion: Motion, path: Path, name: str, options: Options) -> None:
    preset = PRESETS[options.preset]
    axes = None
    if preset.in_data:
        axes = axis_conversion(to_forward=preset.forward, to_up=preset.up).to_4x4()
        if preset.scaling == "FBX_SCALE_NONE":
            axes = Matrix.Scale(100.0 * copy.scene.unit_settings.scale_length, 4) @ axes
    copy.bake(motion, name, axes, dict(preset.object_names).get(options.root_motion, ""))
    with copy.shown():
        bpy.ops.export_scene.fbx(
            filepath=str(path),
            object_types={"ARMATURE", "MESH"},
            axis_forward=preset.forward,
            axis_up=preset.up,
            apply_scale_options=preset.scaling,
            use_armature_deform_only=options.deform_only,
            add_leaf_bones=False,
            bake_anim_use_all_actions=False,
            bake_anim_use_nla_strips=False,
            bake_anim_simplify_factor=0.0,
        )


def _write_bvh(motion: Motion, path: Path, armature, bones: dict[str, str], options: Options) -> None:
    root = _hips(motion, bones)
    if options.deform_only:
        wanted = [row for row, name in enumerate(motion.names) if armature.data.bones[name].use_deform]
        heads = motion.rest[:, :3, 3]
        away = np.linalg.norm(heads - heads[root], axis=-1).round(4)
        sideways = np.abs(motion.tails - heads)[:, 0]  # a pelvis bone begins at the hips, too
        root = min(wanted, key=lambda row: (away[row], sideways[row]), default=root)
    else:
        wanted = [root]
        for row, parent in enumerate(motion.parents):
            if parent in wanted:
                wanted.append(row)
    kept, parents = _tree(wanted, motion, root)
    world = motion.armature_rest
    path.write_text(
        bvh.text(
            [motion.names[row] for row in kept],
            parents,
            motion.rest_world[kept],
            motion.tails[kept] @ world[:3, :3].T + world[:3, 3],
            motion.posed_world[:, kept],
            1.0 / motion.fps,
        ),
        "utf-8",
        newline="\n",
    )


def _write_table(motion: Motion, path: Path, bones: dict[str, str], metres: float) -> None:
    """The joints of the body's parts, by the parts' names; of all bones where none is known. CSV or .npz."""
    part_of = {bone: part for part, bone in bones.items() if bone in motion.names and part in PARTS}
    rows = [row for row, name in enumerate(motion.names) if name in part_of] or list(range(len(motion.names)))
    kept, parents = _tree(rows, motion, _hips(motion, bones))
    names = [part_of.get(motion.names[row], motion.names[row]) for row in kept]
    rest, posed = motion.rest_world[kept], motion.posed_world[:, kept]
    joints_m = posed[..., :3, 3] * metres
    if path.suffix == SUFFIXES["CSV"]:
        path.write_text(joint_tables.csv(names, joints_m, motion.times_s), "utf-8", newline="\n")
        return
    turns = bvh.rotation(posed) @ np.swapaxes(bvh.rotation(rest), -1, -2)
    table = joint_tables.arrays(
        names, parents, rest[:, :3, 3] * metres, joints_m, turns, motion.times_s, motion.fps
    )
    with path.open("wb") as file:
        np.savez_compressed(file, **table)


def _hips(motion: Motion, bones: dict[str, str]) -> int:
    name = bones.get("hips")
    return motion.names.index(name) if name in motion.names else int(np.flatnonzero(motion.parents < 0)[0])


def _tree(rows: Sequence[int], motion: Motion, root: int) -> tuple[list[int], list[int]]:
    """Some of the bones as one tree: the root first, each after its parent, which is the nearest above that is kept,
    else the root. Gives the bones and, for each, its parent's place among them.

    A bone that rests where a kept one does counts as that: rigs such as Rigify hang the bones that deform on others.
    """
    kept = {root, *rows}
    keys = [tuple(np.round(matrix[:3, [1, 3]], 4).ravel()) for matrix in motion.rest]
    resting = {keys[row]: row for row in kept}
    children: dict[int, list[int]] = {}
    for row in sorted(kept - {root}):
        above = motion.parents[row]
        while above >= 0 and resting.get(keys[above], row) == row:
            above = motion.parents[above]
        children.setdefault(resting[keys[above]] if above >= 0 else root, []).append(row)
    ordered, parents = [root], [-1]
    for place, row in enumerate(ordered):  # which grows
        ordered += children.get(row, [])
        parents += [place] * len(children.get(row, []))
    return ordered, parents

"""A character and its Action to a file: glTF and FBX by Blender's exporters, BVH by ours.

Frames: in glTF the take's first frame is at 0 s; in FBX it keeps its number, and Blender's importer shows it
one later; in BVH it is the first line.
"""

import os
from contextlib import contextmanager
from pathlib import Path

import bpy
import numpy as np

from . import action, bvh
from .recording import frames_a_second

_SUFFIXES = {"GLB": ".glb", "FBX": ".fbx", "BVH": ".bvh"}


class ExportError(Exception):
    """The file cannot be written; the text is a sentence for the user."""


def action_of(armature: bpy.types.Object) -> bpy.types.Action | None:
    """What would be exported."""
    return action.current(armature)


def with_suffix(path: Path, kind: str) -> Path:
    """The path with the format's ending, in place of another format's."""
    if path.suffix.lower() in _SUFFIXES.values():
        path = path.with_suffix("")
    return path.with_name(path.name + _SUFFIXES[kind]) if path.name else path


def export(context: bpy.types.Context, armature: bpy.types.Object, path: Path, kind: str) -> None:
    """Write the armature, the meshes it moves and its Action's frames. kind: GLB, FBX or BVH. Raises
    ExportError.

    The file appears complete or not at all; selection, frame range and playhead are as before.
    """
    if not path.name:
        raise ExportError("Choose a file to export to.")
    if path.is_dir():
        raise ExportError(f"{path} is a folder; choose a file to export to.")
    first, last = (round(frame) for frame in action_of(armature).frame_range)
    unfinished = path.with_name(f".{path.stem}.unfinished{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.touch()
        with _only(context, armature, first, last):
            _WRITERS[kind](context, armature, unfinished, range(first, last + 1))
        os.replace(unfinished, path)
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).strip()
        raise ExportError(f"{path} cannot be written: {reason}.") from error
    finally:
        try:
            unfinished.unlink(missing_ok=True)
        except OSError:  # said above: the folder cannot be written to
            pass


@contextmanager
def _only(context: bpy.types.Context, armature: bpy.types.Object, first: int, last: int):
    """The character alone selected and its frames the scene's, until the end."""
    scene, layer = context.scene, context.view_layer
    selected, active = list(context.selected_objects), layer.objects.active
    before = scene.frame_start, scene.frame_end, scene.frame_current, scene.frame_subframe
    wanted = {armature, *(item for item in layer.objects if _moved_by(item, armature))}
    try:
        for item in layer.objects:
            item.select_set(item in wanted)
        layer.objects.active = armature
        # The end first: a start behind the end would move it.
        scene.frame_end, scene.frame_start = max(last, first), first
        scene.frame_end = last
        yield
    finally:
        scene.frame_start, scene.frame_end = before[:2]
        scene.frame_set(before[2], subframe=before[3])
        for item in layer.objects:
            item.select_set(item in selected)
        layer.objects.active = active


def _moved_by(item: bpy.types.Object, armature: bpy.types.Object) -> bool:
    if item.type != "MESH":
        return False
    modified = any(modifier.type == "ARMATURE" and modifier.object == armature for modifier in item.modifiers)
    return modified or item.parent == armature


def _write_glb(context: bpy.types.Context, armature: bpy.types.Object, path: Path, frames: range) -> None:
    bpy.ops.export_scene.gltf(
        filepath=str(path),
        export_format="GLB",
        use_selection=True,
        export_animation_mode="ACTIVE_ACTIONS",
        export_anim_slide_to_zero=True,
        export_optimize_animation_size=False,
    )


def _write_fbx(context: bpy.types.Context, armature: bpy.types.Object, path: Path, frames: range) -> None:
    bpy.ops.export_scene.fbx(
        filepath=str(path),
        use_selection=True,
        object_types={"ARMATURE", "MESH"},
        add_leaf_bones=False,
        bake_anim_use_all_actions=False,
        bake_anim_use_nla_strips=False,
        bake_anim_simplify_factor=0.0,
    )


def _write_bvh(context: bpy.types.Context, armature: bpy.types.Object, path: Path, frames: range) -> None:
    bones = armature.data.bones
    root = bones.get("hips") or next(bone for bone in bones if bone.parent is None)
    chain = [root, *root.children_recursive]
    names = [bone.name for bone in chain]
    parents = [-1] + [names.index(bone.parent.name) for bone in chain[1:]]
    posed = np.empty((len(frames), len(chain), 4, 4))
    scene = context.scene
    for row, frame in enumerate(frames):
        scene.frame_set(frame)
        world = np.array(armature.matrix_world)
        posed[row] = world @ np.array([armature.pose.bones[name].matrix for name in names]).reshape(-1, 4, 4)
        if row == 0:
            rest = world @ np.array([bone.matrix_local for bone in chain]).reshape(-1, 4, 4)
            ends = np.array([bone.tail_local for bone in chain])
            tails = ends @ world[:3, :3].T + world[:3, 3]
    path.write_text(
        bvh.text(names, parents, rest, tails, posed, 1.0 / frames_a_second(scene)), "utf-8", newline="\n"
    )


_WRITERS = {"GLB": _write_glb, "FBX": _write_fbx, "BVH": _write_bvh}

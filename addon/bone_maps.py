"""The bone maps of a scene's characters: found, kept in the scene, and those that ship with the add-on.

They are kept in the scene and not on the armature, so that linked and overridden characters have theirs, too.
"""

import json
from functools import cache
from pathlib import Path

import bpy
import numpy as np

from .core import bone_map, bone_match
from .core.bone_map import BODY_PARTS, BoneMap
from .core.bone_match import Match
from .core.bone_shape import Bones

_FOLDER = Path(__file__).parent / "rigs"


@cache
def known() -> tuple[BoneMap, ...]:
    """The maps in the add-on's folder `rigs`, those first that ask for bones of their own."""
    found = [bone_map.read(path) for path in sorted(_FOLDER.glob(f"*{bone_map.SUFFIX}"))]
    return tuple(sorted(found, key=lambda each: not each.requires))


def find(armature: bpy.types.Object) -> Match:
    """The map of an armature by its bones' names, else by their shape."""
    bones = armature.data.bones
    rows = {bone.name: row for row, bone in enumerate(bones)}
    ends = np.empty((2, 3 * len(bones)), np.float32)
    bones.foreach_get("head_local", ends[0])
    bones.foreach_get("tail_local", ends[1])
    heads, tails = ends.reshape(2, -1, 3).astype(float)
    parents = np.array([rows[bone.parent.name] if bone.parent else -1 for bone in bones], dtype=int)
    return bone_match.find(Bones(tuple(rows), parents, heads, tails), known())


def of(scene: bpy.types.Scene, armature: bpy.types.Object) -> BoneMap:
    """The armature's map: the one that is kept, else what is found now."""
    kept = entry(scene, armature)
    return find(armature).bone_map if kept is None else as_map(kept)


def entry(scene: bpy.types.Scene, armature: bpy.types.Object | None):
    """The armature's entry in `scene.mocap.bone_maps`, or None."""
    return next((kept for kept in scene.mocap.bone_maps if armature and kept.armature == armature), None)


def bones_of(kept) -> dict[str, str]:
    """An entry's bones by part."""
    return {item.name: item.bone for item in kept.bones if item.bone}


def told_apart(scene: bpy.types.Scene, armature: bpy.types.Object) -> object:
    """What changes when the armature is another one, or its map is edited."""
    kept = entry(scene, armature)
    return armature.session_uid, armature.name, None if kept is None else bones_of(kept)


def as_map(kept) -> BoneMap:
    """An entry as a map."""
    controls = bone_map.decode(kept.controls) if kept.controls else BoneMap("", {})
    return BoneMap(kept.title, bones_of(kept), controls.keyed, controls.limbs)


def keep(scene: bpy.types.Scene, armature: bpy.types.Object, mapped: BoneMap, notes: tuple[str, ...] = ()) -> None:
    """Keep a map in the scene, with every part of the body, so that what is missing can be filled in."""
    maps = scene.mocap.bone_maps
    for number in reversed(range(len(maps))):  # of characters that are gone, and this one's
        if maps[number].armature in (None, armature):
            maps.remove(number)
    kept = maps.add()
    kept.armature, kept.title, kept.notes = armature, mapped.name, json.dumps(notes)
    if mapped.keyed or mapped.limbs:
        kept.controls = bone_map.encode(BoneMap(mapped.name, {}, mapped.keyed, mapped.limbs))
    for part in (part for part in bone_map.PARTS if part in BODY_PARTS or part in mapped.bones):
        item = kept.bones.add()
        item.name, item.bone = part, mapped.bones.get(part, "")


def notes(kept) -> list[str]:
    """What was to be told of an entry when it was made."""
    return list(json.loads(kept.notes)) if kept.notes else []

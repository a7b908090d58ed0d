"""Exports, read back: joints within 1 mm and skinned rotations within 0.1° of the Action at every frame."""

import json
import os
import struct

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

FIRST = 11
# The frame that the take's first one has after reading back with Blender's importers.
READ_BACK_FIRST = {"GLB": 0, "FBX": FIRST + 1, "BVH": 1}
READERS = {
    "GLB": lambda path: bpy.ops.import_scene.gltf(filepath=path, disable_bone_shape=True),
    "FBX": lambda path: bpy.ops.import_scene.fbx(filepath=path),
    "BVH": lambda path: bpy.ops.import_anim.bvh(filepath=path, frame_start=1, rotate_mode="QUATERNION"),
}


@pytest.fixture
def take(session, character, actor, sender):
    """A second's take from frame 11 on, on a character that stands elsewhere, beside things of the user's."""
    scene = bpy.context.scene
    scene.render.fps = 30
    scene.frame_set(FIRST)
    character.location, character.rotation_mode = (0.4, -0.3, 0.0), "XYZ"
    character.rotation_euler = (0.0, 0.0, 0.6)
    bpy.ops.mesh.primitive_cube_add()
    bpy.context.object.name = "The user's cube"
    bpy.context.object.keyframe_insert("location", frame=1)
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[:30])
    bpy.ops.mocap.record_stop()
    bpy.ops.mocap.disconnect()
    return session.last_take


def world_poses(armature, bones, frames):
    """Heads (F, B, 3) and rotations from rest (F, B, 3, 3), both in the world."""
    world = np.array(armature.matrix_world)
    rest = _rotations(world @ np.array([armature.data.bones[name].matrix_local for name in bones]))
    heads, turned = [], []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        posed = np.array(armature.matrix_world) @ np.array(
            [armature.pose.bones[name].matrix for name in bones]
        )
        heads.append(posed[:, :3, 3])
        turned.append(_rotations(posed) @ np.swapaxes(rest, -1, -2))
    return np.array(heads), np.array(turned)


def _rotations(matrices):
    axes = matrices[..., :3, :3]
    return axes / np.linalg.norm(axes, axis=-2, keepdims=True)


def angles_deg(a, b):
    relative = np.swapaxes(a, -1, -2) @ b
    skew = np.stack([relative[..., i, j] - relative[..., j, i] for i, j in ((2, 1), (0, 2), (1, 0))], -1)
    return np.degrees(np.arcsin(np.clip(np.linalg.norm(skew, axis=-1) / 2, 0, 1)))


@pytest.mark.parametrize("kind", ["GLB", "FBX", "BVH"])
def test_read_back_motion_is_the_actions(take, character, actor, tmp_path, kind):
    bones = [name for name in actor.rig.bones if not any(f in name for f in ("Thumb", "Proximal", "Distal"))]
    heads, turned = world_poses(character, bones, take.frames.tolist())
    path = tmp_path / "mit Leerzeichen ä" / f"take.{kind.lower()}"
    bpy.ops.mocap.export(filepath=str(path), format=kind)
    before = set(bpy.data.objects)
    READERS[kind](str(path))
    found = next(item for item in set(bpy.data.objects) - before if item.type == "ARMATURE")
    first = READ_BACK_FIRST[kind]
    read_heads, read_turned = world_poses(found, bones, range(first, first + len(take.frames)))
    assert np.linalg.norm(read_heads - heads, axis=-1).max() < 0.001
    assert angles_deg(read_turned, turned).max() < 0.1


def test_glb_holds_the_character_and_the_takes_action_alone(take, character, tmp_path):
    other = bpy.data.actions.new("Another action")
    other.use_fake_user = True
    path = tmp_path / "take.glb"
    bpy.ops.mocap.export(filepath=str(path), format="GLB")
    content = path.read_bytes()
    (length,) = struct.unpack_from("<I", content, 12)
    gltf = json.loads(content[20 : 20 + length])
    assert len(gltf["animations"]) == 1 and len(gltf["skins"]) == 1
    names = {node["name"] for node in gltf["nodes"]}
    assert "hips" in names and "The user's cube" not in names
    inputs = {sampler["input"] for sampler in gltf["animations"][0]["samplers"]}
    assert {gltf["accessors"][number]["min"][0] for number in inputs} == {0.0}
    assert max(gltf["accessors"][number]["count"] for number in inputs) == len(take.frames)


def test_fbx_holds_the_character_alone(take, character, tmp_path):
    path = tmp_path / "take.fbx"
    bpy.ops.mocap.export(filepath=str(path), format="FBX")
    before = set(bpy.data.objects), set(bpy.data.actions)
    bpy.ops.import_scene.fbx(filepath=str(path))
    kinds = sorted(item.type for item in set(bpy.data.objects) - before[0])
    assert kinds == ["ARMATURE", "MESH"]


def test_bvh_is_y_up_with_positions_on_the_root_alone(take, character, tmp_path):
    path = tmp_path / "take.bvh"
    bpy.ops.mocap.export(filepath=str(path), format="BVH")
    lines = path.read_text("utf-8").splitlines()
    channels = [line.split() for line in lines if "CHANNELS" in line]
    assert channels[0][1] == "6" and {line[1] for line in channels[1:]} == {"3"}
    assert not any("position" in name for line in channels[1:] for name in line)
    motion = lines.index("MOTION")
    assert lines[motion + 1] == f"Frames: {len(take.frames)}"
    assert float(lines[motion + 2].split()[-1]) == pytest.approx(1 / 30, abs=1e-7)
    height = float(lines[motion + 3].split()[1])  # the second number of the root is up
    assert 0.8 < height < 1.1


def test_exporting_changes_nothing_in_the_scene(take, character, tmp_path):
    scene, layer = bpy.context.scene, bpy.context.view_layer
    scene.frame_start, scene.frame_end = 100, 200
    scene.frame_set(150)
    cube = bpy.data.objects["The user's cube"]
    character.select_set(False)
    cube.select_set(True)
    layer.objects.active = cube
    for kind in READERS:
        bpy.ops.mocap.export(filepath=str(tmp_path / "x"), format=kind)
    assert (scene.frame_start, scene.frame_end, scene.frame_current) == (100, 200, 150)
    assert list(bpy.context.selected_objects) == [cube] and layer.objects.active == cube
    assert character.animation_data.action.name == take.action
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.bvh", "x.fbx", "x.glb"]


@pytest.mark.parametrize("kind", ["GLB", "FBX", "BVH"])
def test_a_path_that_cannot_be_written_is_told(take, character, tmp_path, kind):
    blocked = tmp_path / "a file"
    blocked.write_text("in the way")
    with pytest.raises(RuntimeError, match="cannot be written"):
        bpy.ops.mocap.export(filepath=str(blocked / "take"), format=kind)
    folder = tmp_path / f"folder.{kind.lower()}"
    folder.mkdir()
    with pytest.raises(RuntimeError, match="is a folder"):
        bpy.ops.mocap.export(filepath=str(folder), format=kind)
    assert os.listdir(folder) == []


def test_without_a_take_there_is_nothing_to_export(session, character, tmp_path):
    with pytest.raises(RuntimeError, match="poll"):
        bpy.ops.mocap.export(filepath=str(tmp_path / "x.glb"), format="GLB")

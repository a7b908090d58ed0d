"""What a capture leaves in the file: nothing but its take; on linked and overridden rigs, too."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

import dump  # noqa: E402
import imported  # noqa: E402
import rigs  # noqa: E402
import vendors  # noqa: E402
from skeletons import Made  # noqa: E402


@pytest.mark.parametrize("kind", ["mixamo", "unreal 5", "rigify IK", "rigify FK", "rigify IK with poles"])
def test_nothing_else_of_rig_and_scene_changes(session, actor_on, rig_folder, kind):
    made = rigs.BUILDERS[kind](rig_folder)
    armature, scene = made.armature, bpy.context.scene
    scene.mocap.target = armature
    bpy.context.view_layer.update()
    play = actor_on(armature)
    before = dump.everything()
    bpy.ops.mocap.record_start()
    play(12)
    bpy.ops.mocap.record_stop()
    bpy.ops.mocap.disconnect()
    after = dump.everything()
    action = bpy.data.actions[session.last_take.action]
    keyed = {f"objects[{armature.name}].{path}" for path in paths_of(action)}

    def others(state):
        taken = (f"actions[{action.name}]", f"objects[{armature.name}].animation_data")
        rotated = {path.replace('["', "[").replace('"]', "]") for path in keyed}
        return {path: value for path, value in state.items() if path not in rotated and not path.startswith(taken)}

    assert others(after) == others(before)
    bpy.ops.mocap.remove_take()
    removed = dump.everything()
    moved = {path for path in removed if removed[path] != before.get(path)} | (before.keys() - removed.keys())
    still_told = ("rotation_", "location", "action_slot_handle", "last_slot_identifier")  # the last two by Blender
    assert all(path.rpartition(".")[2].startswith(still_told) for path in moved), moved


def paths_of(action) -> set[str]:
    if bpy.app.version < (4, 4, 0):
        return {curve.data_path for curve in action.fcurves}
    return {curve.data_path for curve in action.layers[0].strips[0].channelbag(action.slots[0]).fcurves}


@pytest.fixture
def library(session, tmp_path, rig_folder):
    """A file with a generated Rigify rig."""
    made = imported.rigify(rig_folder)
    path = str(tmp_path / "library.blend")
    bpy.data.libraries.write(path, {made.armature})
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.context.scene.mocap.port = 0
    return path


def linked(path):
    with bpy.data.libraries.load(path, link=True) as (_, wanted):
        wanted.objects = ["rig"]
    return wanted.objects[0]


def test_an_overridden_rig_is_driven_and_keeps_its_take_in_the_file(session, capture, library, tmp_path):
    rig = linked(library).override_create()
    bpy.context.collection.objects.link(rig)
    bpy.context.view_layer.update()
    capture(Made(rig, {}, ""))
    name = session.last_take.action
    bpy.context.scene.frame_set(10)
    matrix = rig.pose.bones["DEF-hand.L"].matrix.copy()
    path = str(tmp_path / "mine.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path)
    rig = bpy.context.scene.mocap.target
    assert rig.override_library is not None and rig.animation_data.action.name == name
    bpy.context.scene.frame_set(3)
    bpy.context.scene.frame_set(10)
    assert np.allclose(rig.pose.bones["DEF-hand.L"].matrix, matrix, atol=1e-4)


def test_a_rig_with_linked_bones_is_driven(session, capture, library):
    rig = linked(library)
    mine = bpy.data.objects.new("Mine", rig.data)
    bpy.context.collection.objects.link(mine)
    capture(Made(mine, {}, ""))
    assert mine.animation_data.action.name == session.last_take.action


@pytest.mark.parametrize("how", ["object", "collection", "instance"])
def test_a_linked_character_is_made_an_override_by_a_button(session, actor_on, tmp_path, how):
    made = vendors.mixamo("")
    collection = bpy.data.collections.new("Character")
    collection.objects.link(made.armature)
    body = bpy.data.objects.new("Body", bpy.data.meshes.new("Body"))
    collection.objects.link(body)
    body.parent = made.armature
    path = str(tmp_path / "library.blend")
    bpy.data.libraries.write(path, {collection})
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    scene.mocap.port = 0
    with bpy.data.libraries.load(path, link=True) as (_, wanted):
        if how == "object":
            wanted.objects = ["Mixamo", "Body"]
        else:
            wanted.collections = ["Character"]
    if how == "object":
        for item in wanted.objects:
            scene.collection.objects.link(item)
    elif how == "collection":
        scene.collection.children.link(wanted.collections[0])
    else:
        empty = bpy.data.objects.new("There", None)
        empty.location = (2.0, 0.0, 0.0)
        empty.instance_type, empty.instance_collection = "COLLECTION", wanted.collections[0]
        scene.collection.objects.link(empty)
    scene.mocap.target = next(item for item in bpy.data.objects if item.type == "ARMATURE")
    assert bpy.ops.mocap.make_override() == {"FINISHED"}
    rig = scene.mocap.target
    assert rig.library is None and rig.override_library is not None
    armatures = [item for item in scene.objects if item.type == "ARMATURE"]
    assert armatures == [rig] and sum(item.type == "MESH" for item in scene.objects) == 1
    bpy.context.view_layer.update()
    assert rig.matrix_world.translation.x == pytest.approx(2.0 if how == "instance" else 0.0, abs=1e-5)
    before = [tuple(bone.rotation_quaternion) for bone in rig.pose.bones]
    actor_on(rig)(10)
    assert session.error == "" and [tuple(bone.rotation_quaternion) for bone in rig.pose.bones] != before
    assert not bpy.ops.mocap.make_override.poll()

"""The map of a rig: found by one operator, shown, edited, saved and loaded; and rigs that cannot be driven."""

import json

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

import rigs  # noqa: E402
import vendors  # noqa: E402
from mathutils import Vector  # noqa: E402
from skeletons import Bone, build, joints, skeleton  # noqa: E402


@pytest.fixture
def mapped(session, extension):
    """`mapped(made)`: the rig chosen and its bones found; the entry in the scene."""

    def find(made):
        bpy.context.scene.mocap.target = made.armature
        bpy.ops.mocap.map_rig()
        return extension.addon("bone_maps").entry(bpy.context.scene, made.armature)

    return find


@pytest.fixture
def body_of(extension):
    """The bones of an entry by part, without fingers."""
    core = extension.core("bone_map")
    parts = (*core.BODY_PARTS, *core.TWIST_PARTS)
    return lambda entry: {item.name: item.bone for item in entry.bones if item.name in parts and item.bone}


@pytest.mark.parametrize("kind", rigs.BUILDERS)
def test_every_rigs_bones_are_found(mapped, body_of, rig_folder, kind):
    made = rigs.BUILDERS[kind](rig_folder)
    entry = mapped(made)
    assert body_of(entry) == made.bones
    assert entry.title == made.map_name
    assert json.loads(entry.notes) == []


def test_what_is_missing_is_reported_with_its_effect(session, extension):
    names = {part: name for part, name in vendors.MIXAMO.items() if "Toes" not in part and part != "rightHand"}
    bpy.context.scene.mocap.target = build("Toeless", skeleton(names, joints()))
    said = extension.addon("map_operators").MOCAP_OT_map_rig.run(None, bpy.context)
    assert "Mixamo: 19 bones." in said
    assert "No Toes: feet stay flat." in said and "No rightHand: hands stay" in said


def test_an_edited_bone_is_driven_from_then_on(session, mapped, actor_on, extension):
    made = vendors.mixamo("")
    entry = mapped(made)
    play = actor_on(made.armature)
    play(5)
    fore = made.armature.pose.bones["LeftForeArm"]
    assert fore.rotation_quaternion.angle > 0.01
    entry.bones["leftShoulder"].bone = ""
    moved = made.armature.pose.bones["LeftShoulder"]
    moved.rotation_quaternion = (1, 0, 0, 0)
    play(5)
    assert tuple(moved.rotation_quaternion) == (1, 0, 0, 0)
    assert not session.error


# Files


def test_a_saved_map_is_loaded_on_another_rig_of_the_kind(mapped, body_of, tmp_path):
    entry = mapped(vendors.mixamo(""))
    entry.bones["leftToes"].bone = ""
    path = tmp_path / "mine.json"
    bpy.ops.mocap.save_bone_map(filepath=str(path))
    bones = body_of(entry)
    assert "leftToes" not in bones and json.loads(path.read_text("utf-8"))["bones"] == bones
    other = vendors.mixamo("")
    bpy.context.scene.mocap.target = other.armature
    bpy.ops.mocap.load_bone_map(filepath=str(path))
    (_, loaded) = bpy.context.scene.mocap.bone_maps
    assert loaded.armature == other.armature and body_of(loaded) == bones


def test_controls_are_saved_with_a_map(mapped, rig_folder, tmp_path, extension):
    made = rigs.BUILDERS["rigify IK"](rig_folder)
    mapped(made)
    path = tmp_path / "rigify.json"
    bpy.ops.mocap.save_bone_map(filepath=str(path))
    bpy.ops.mocap.load_bone_map(filepath=str(path))
    maps, rig = extension.addon("bone_maps"), extension.addon("rig")
    target = rig.read(made.armature, maps.of(bpy.context.scene, made.armature))
    assert {"torso", "hand_ik.L", "foot_ik.R"} <= {keyed.bone for keyed in target.driving.keyed}


def test_a_map_of_another_rig_is_refused_and_the_old_one_stays(mapped, body_of, tmp_path):
    mapped(vendors.unreal(4))
    path = tmp_path / "unreal.json"
    bpy.ops.mocap.save_bone_map(filepath=str(path))
    made = vendors.mixamo("")
    entry = mapped(made)
    with pytest.raises(RuntimeError, match="another rig's"):
        bpy.ops.mocap.load_bone_map(filepath=str(path))
    assert body_of(entry) == made.bones


def test_a_file_that_is_no_map_is_told(mapped, tmp_path):
    mapped(vendors.mixamo(""))
    path = tmp_path / "map.json"
    path.write_text('{"format": "mocap bone map", "version": 9}')
    with pytest.raises(RuntimeError, match="its version is 9"):
        bpy.ops.mocap.load_bone_map(filepath=str(path))


def test_maps_stay_with_the_file_and_go_with_their_rigs(mapped, body_of, tmp_path):
    made = vendors.mixamo("")
    bones = body_of(mapped(made))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "mine.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "mine.blend"))
    (entry,) = bpy.context.scene.mocap.bone_maps
    assert body_of(entry) == bones
    bpy.data.objects.remove(entry.armature)
    other = vendors.mixamo("")
    mapped(other)
    assert [kept.armature for kept in bpy.context.scene.mocap.bone_maps] == [other.armature]


# Rigs that cannot be driven, or not well


def chain(count):
    names = ["", *(f"tail{number}" for number in range(count))]
    places = [Vector((0, number, 1)) for number in range(count + 1)]
    return build("Tail", [Bone(names[n + 1], names[n], places[n], places[n + 1]) for n in range(count)])


@pytest.mark.parametrize("count", [0, 1, 30])
def test_no_humanoid_is_told_in_a_sentence(session, sender, actor_on, count):
    tail = chain(count)
    bpy.context.scene.mocap.target = tail
    with pytest.raises(RuntimeError, match="no humanoid") as caught:
        bpy.ops.mocap.map_rig()
    assert str(caught.value).count("\n") <= 1 and "leftUpperArm" in str(caught.value)
    actor_on(tail)(3)
    assert "no humanoid" in session.error
    bpy.context.scene.mocap.target = vendors.mixamo("").armature
    session.tick()
    assert not session.error


def test_two_candidates_are_told(mapped):
    names = {part: name for part, name in vendors.MIXAMO.items()}
    bones = skeleton(names, joints())
    bones.append(Bone("left_hand", "LeftForeArm", Vector((0.7, 0, 1.4)), Vector((0.8, 0, 1.4))))
    bones.append(Bone("Left-Hand", "LeftForeArm", Vector((0.7, 0, 1.4)), Vector((0.8, 0, 1.4))))
    next(bone for bone in bones if bone.name == "LeftHand").name = "left Hand"
    for bone in bones:
        bone.parent = "left Hand" if bone.parent == "LeftHand" else bone.parent
    bpy.context.scene.mocap.target = build("Twins", bones)
    bpy.ops.mocap.map_rig()
    (entry,) = bpy.context.scene.mocap.bone_maps
    assert any("Two bones could be leftHand" in note for note in json.loads(entry.notes))


@pytest.mark.parametrize(("scale", "words"), [((1, 1, -1), "negative scale"), ((1, 1.5, 1), "unevenly")])
def test_scale_that_bends_limbs_is_told_and_the_rest_goes_on(session, mapped, actor_on, scale, words):
    made = vendors.mixamo("")
    made.armature.scale = np.multiply(made.armature.scale, scale)
    bpy.context.view_layer.update()
    entry = mapped(made)
    assert any(words in note for note in json.loads(entry.notes))
    actor_on(made.armature)(5)
    assert made.armature.pose.bones["LeftForeArm"].rotation_quaternion.angle > 0.01
    assert not session.error


def test_rest_position_is_told(mapped):
    made = vendors.mixamo("")
    made.armature.data.pose_position = "REST"
    assert any("rest position" in note for note in json.loads(mapped(made).notes))


def test_bones_without_length_are_told(session, actor_on):
    places = joints()
    for side in ("left", "right"):
        places[side + "LowerArm"] = places[side + "UpperArm"] + Vector((0, 0, 1e-4))
    made = build("Armless", skeleton(vendors.MIXAMO, places))
    bpy.context.scene.mocap.target = made
    with pytest.raises(RuntimeError, match=r"LeftArm .* and LeftForeArm .* are at one place"):
        bpy.ops.mocap.map_rig()
    actor_on(made)(3)
    assert "at one place" in session.error


def test_a_bone_for_two_parts_is_told(session, mapped, actor_on):
    made = vendors.mixamo("")
    entry = mapped(made)
    entry.bones["leftHand"].bone = "LeftForeArm"
    actor_on(made.armature)(2)
    assert "LeftForeArm is mapped to leftHand and to leftLowerArm" in session.error
    entry.bones["leftHand"].bone = "LeftHand"
    session.tick()
    assert not session.error


def test_a_bone_that_another_constraint_moves_is_told(mapped):
    made = vendors.mixamo("")
    constraint = made.armature.pose.bones["LeftForeArm"].constraints.new("COPY_ROTATION")
    constraint.target = bpy.data.objects.new("Elsewhere", None)
    (note,) = json.loads(mapped(made).notes)
    assert "LeftForeArm" in note and "Copy Rotation" in note


def test_a_linked_rig_is_refused_with_what_to_do(session, tmp_path):
    made = vendors.mixamo("")
    path = str(tmp_path / "library.blend")
    bpy.data.libraries.write(path, {made.armature})
    bpy.data.objects.remove(made.armature)
    with bpy.data.libraries.load(path, link=True) as (_, wanted):
        wanted.objects = ["Mixamo"]
    bpy.context.collection.objects.link(wanted.objects[0])
    bpy.context.scene.mocap.target = wanted.objects[0]
    with pytest.raises(RuntimeError, match="Make an override"):
        bpy.ops.mocap.map_rig()


# What happens to bones while they are captured


def test_a_bone_that_is_renamed_is_told_and_the_rest_goes_on(session, mapped, actor_on):
    made = vendors.mixamo("")
    mapped(made)
    play = actor_on(made.armature)
    bpy.ops.mocap.record_start()
    play(10)
    made.armature.data.bones["LeftForeArm"].name = "Renamed"
    bones = made.armature.pose.bones
    before = [tuple(bones[name].rotation_quaternion) for name in ("Renamed", "RightForeArm")]
    play(10)
    after = [tuple(bones[name].rotation_quaternion) for name in ("Renamed", "RightForeArm")]
    assert before[0] == after[0] and before[1] != after[1]
    assert "LeftForeArm is gone" in session.error
    bpy.ops.mocap.record_stop()
    assert len(session.last_take.frames) >= 15
    made.armature.data.bones["Renamed"].name = "LeftForeArm"
    play(2)
    assert not session.error


def test_a_bone_that_is_deleted_is_told_and_the_rest_goes_on(session, mapped, actor_on):
    made = vendors.mixamo("")
    mapped(made)
    play = actor_on(made.armature)
    play(5)
    bpy.context.view_layer.objects.active = made.armature
    bpy.ops.object.mode_set(mode="EDIT")
    made.armature.data.edit_bones.remove(made.armature.data.edit_bones["RightHand"])
    bpy.ops.object.mode_set(mode="OBJECT")
    before = tuple(made.armature.pose.bones["RightForeArm"].rotation_quaternion)
    play(5)
    assert tuple(made.armature.pose.bones["RightForeArm"].rotation_quaternion) != before
    assert "RightHand is gone" in session.error


def test_a_take_goes_on_as_it_began_though_its_map_is_edited(session, mapped, actor_on):
    made = vendors.mixamo("")
    entry = mapped(made)
    play = actor_on(made.armature)
    bpy.ops.mocap.record_start()
    play(10)
    entry.bones["leftShoulder"].bone = ""
    play(10)
    bpy.ops.mocap.record_stop()
    assert not session.error and len(session.last_take.frames) > 14


def test_renaming_the_rig_while_recording_keeps_the_take_on_it(session, mapped, actor_on):
    made = vendors.mixamo("")
    mapped(made)
    play = actor_on(made.armature)
    bpy.ops.mocap.record_start()
    play(10)
    made.armature.name = "Somebody else"
    play(10)
    bpy.ops.mocap.record_stop()
    assert made.armature.animation_data.action.name == session.last_take.action
    assert not session.error

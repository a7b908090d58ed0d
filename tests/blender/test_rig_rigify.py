"""Rigify's generated rigs: limbs keyed as they stand, and switches that are put back."""

import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

import imported  # noqa: E402
import rigs  # noqa: E402
from driving import BENT, apart_deg, off_deg, turn_of  # noqa: E402

LIMBS = [f"{side}{part}" for side in ("left", "right") for part in ("UpperArm", "LowerArm", "UpperLeg", "LowerLeg")]


@pytest.mark.parametrize("kind", [kind for kind in rigs.BUILDERS if kind.startswith("rigify")])
def test_trunk_head_hands_and_feet_turn_as_the_pose_says(drive, rig_folder, kind):
    made = rigs.BUILDERS[kind](rig_folder)
    wanted, _ = drive(made, (0.2, -0.1, -0.15), **BENT)
    for part in ("hips", "head", "leftHand", "rightHand", "leftFoot", "rightFoot"):
        assert apart_deg(turn_of(made.armature, made.shown(part)), wanted[part]) < 2, part
    for part in ("chest", *LIMBS):
        assert off_deg(made, wanted, part) < 2, part


@pytest.mark.parametrize(("neck", "head"), [(0.0, 1.0), (1.0, 0.0), (0.3, 0.6)])
def test_a_head_that_follows_otherwise_looks_the_same_way(drive, rig_folder, neck, head):
    made = imported.rigify(rig_folder)
    torso = made.armature.pose.bones["torso"]
    torso["neck_follow"], torso["head_follow"] = neck, head
    made.armature.update_tag()
    wanted, _ = drive(made, **BENT)
    for part, bone in (("neck", "neck"), ("head", "DEF-spine.006")):
        assert apart_deg(turn_of(made.armature, bone), wanted[part]) < 1, part


PARENTS = [("IK_parent", 0), ("IK_parent", 2), ("IK_parent", 4), ("FK_limb_follow", 1.0)]


@pytest.mark.parametrize(("switch", "value"), PARENTS)
@pytest.mark.parametrize("fk", [0.0, 1.0])
def test_controls_may_hang_from_elsewhere(drive, rig_folder, switch, value, fk):
    made = imported.rigify(rig_folder, fk)
    for parent in ("upper_arm_parent.L", "thigh_parent.L"):
        made.armature.pose.bones[parent][switch] = value
    made.armature.update_tag()
    wanted, _ = drive(made, (0.1, 0.2, -0.1), **BENT)
    for part in ("leftHand", "leftFoot", *LIMBS):
        assert off_deg(made, wanted, part) < 2, part


def stretches(armature) -> list[float]:
    names = ("upper_arm_ik", "MCH-forearm_ik", "thigh_ik", "MCH-shin_ik")
    return [round(armature.pose.bones[f"{name}.{side}"].ik_stretch, 4) for name in names for side in "LR"]


def test_a_limb_is_keyed_as_it_stands(capture, rig_folder):
    made = imported.rigify(rig_folder)
    made.armature.pose.bones["upper_arm_parent.R"]["IK_FK"] = 1.0
    made.armature.pose.bones["thigh_parent.L"]["pole_vector"] = True
    bones = {path.split('"')[1] for path in capture(made)}
    assert {"torso", "chest", "neck", "head", "hand_ik.L", "upper_arm_ik.L", "upper_arm_fk.R", "forearm_fk.R"} <= bones
    assert {"foot_ik.L", "thigh_ik_target.L", "foot_ik.R", "thigh_ik.R", "hand_fk.R"} <= bones
    assert not bones & {"hand_ik.R", "upper_arm_fk.L", "upper_arm_ik_target.L", "thigh_ik_target.R", "thigh_fk.L"}


def test_a_limb_that_is_switched_while_captured_is_driven_the_new_way(session, actor_on, rig_folder):
    made = imported.rigify(rig_folder)
    play = actor_on(made.armature)
    play(5)
    bones = made.armature.pose.bones
    bones["upper_arm_parent.L"]["IK_FK"] = 1.0
    before = bones["hand_ik.L"].location.copy()
    play(5)
    assert bones["hand_ik.L"].location == before
    assert bones["forearm_fk.L"].rotation_quaternion.angle > 0.01


def test_what_ik_needs_otherwise_is_keyed_once_and_put_back_with_the_take(session, capture, rig_folder):
    made = imported.rigify(rig_folder)
    assert stretches(made.armature) == [0.1] * 8
    curves = capture(made)
    held = [path for path in curves if path.endswith("ik_stretch")]
    assert len(held) == 8 and all(len(curves[path][0].keyframe_points) == 1 for path in held)
    bpy.context.scene.frame_set(5)
    assert stretches(made.armature) == [0.0] * 8
    second = capture(made)
    assert len([path for path in second if path.endswith("ik_stretch")]) == 8
    bpy.ops.mocap.remove_take()
    bpy.ops.mocap.remove_take()
    assert made.armature.animation_data.action is None
    assert stretches(made.armature) == [0.1] * 8
    bpy.context.scene.frame_set(6)
    assert stretches(made.armature) == [0.1] * 8


def test_what_ik_needs_otherwise_is_put_back_when_the_capture_ends(session, actor_on, rig_folder):
    made = imported.rigify(rig_folder)
    actor_on(made.armature)(3)
    assert stretches(made.armature) == [0.0] * 8
    bpy.ops.mocap.disconnect()
    assert stretches(made.armature) == [0.1] * 8

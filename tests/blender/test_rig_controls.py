"""What bones are keyed to: twist, IK constraints, what they inherit, rotation modes, parents and scale."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

import rigs  # noqa: E402
import vendors  # noqa: E402
from driving import BENT, apart_deg, off_deg, turn_of, twist_deg  # noqa: E402
from mathutils import Matrix, Quaternion, Vector  # noqa: E402
from skeletons import Bone, Made, build, joints, skeleton  # noqa: E402


@pytest.mark.parametrize(
    ("build_rig", "kept_deg"),
    [
        (lambda: vendors.unreal(4), {"upperarm_l": 80, "upperarm_twist_01_l": 0, "lowerarm_l": 80}),
        (lambda: vendors.unreal(5), {"upperarm_l": 80, "upperarm_twist_01_l": 0, "upperarm_twist_02_l": 40}),
        (lambda: vendors.auto_rig_pro(False), {"arm_stretch.l": 80, "arm_twist.l": 8, "forearm_stretch.l": 80}),
        (lambda: vendors.auto_rig_pro(True), {"c_arm_twist_offset.l": 0, "arm_stretch.l": 40, "forearm_stretch.l": 80}),
        (lambda: vendors.mixamo(), {"mixamorig:LeftArm": 80, "mixamorig:LeftForeArm": 80}),
    ],
)
def test_twist_is_shared_over_the_bones_that_there_are(drive, build_rig, kept_deg):
    made = build_rig()
    bones = made.armature.data.bones
    along = bones[made.bones["leftLowerArm"]].head_local - bones[made.bones["leftUpperArm"]].head_local
    axis = (made.armature.matrix_world.to_3x3() @ along).normalized()
    drive(made, leftUpperArm=np.array(axis) * 80)
    found = {bone: twist_deg(turn_of(made.armature, bone), axis) for bone in kept_deg}
    assert found == pytest.approx(kept_deg, abs=0.5)


def test_the_hands_twist_is_shared_over_the_forearm(drive):
    made = vendors.unreal(4)  # its forearm's twist bone lies at 0.9 of the way
    bones = made.armature.data.bones
    along = bones["hand_l"].head_local - bones["lowerarm_l"].head_local
    axis = (made.armature.matrix_world.to_3x3() @ along).normalized()
    drive(made, leftHand=np.array(axis) * 50)
    assert twist_deg(turn_of(made.armature, "lowerarm_twist_01_l"), axis) == pytest.approx(45, abs=0.5)
    assert twist_deg(turn_of(made.armature, "lowerarm_l"), axis) == pytest.approx(0, abs=0.5)


def with_ik(pole: bool):
    """A plain skeleton whose limbs follow IK constraints towards bones of their own, as people build them."""
    names = dict(vendors.MIXAMO)
    places = joints(45.0)
    bones = skeleton(names, places)
    for side in ("left", "right"):
        for part, at, away in (("Hand", "LowerArm", 0.5), ("Foot", "LowerLeg", -0.5)):
            here = places[side + part]
            bones.append(Bone(f"{side}{part}_ik", "", here, here + Vector((0, 0, 0.1))))
            knee = places[side + at] + Vector((0, away, 0))
            bones.append(Bone(f"{side}{part}_pole", "", knee, knee + Vector((0, 0, 0.1))))
    armature = build("Made at home", bones)
    for side in ("left", "right"):
        for part, lower in (("Hand", "LowerArm"), ("Foot", "LowerLeg")):
            constraint = armature.pose.bones[names[side + lower]].constraints.new("IK")
            constraint.target, constraint.subtarget, constraint.chain_count = armature, f"{side}{part}_ik", 2
            if pole:
                upper = armature.pose.bones[names[side + lower]].parent
                constraint.pole_target, constraint.pole_subtarget = armature, f"{side}{part}_pole"
                leave_at_rest(upper, constraint)
    bpy.context.view_layer.update()
    return Made(armature, names, "Mixamo")


def leave_at_rest(upper, constraint) -> None:
    """Set the constraint's pole angle so that it leaves the rest pose as it is."""

    def off(angle) -> float:
        constraint.pole_angle = angle
        bpy.context.view_layer.update()
        return (upper.matrix.to_3x3().inverted() @ upper.bone.matrix_local.to_3x3()).to_quaternion().angle

    constraint.pole_angle = best = min(np.linspace(-np.pi, np.pi, 73), key=off)
    constraint.pole_angle = min(np.linspace(best - 0.09, best + 0.09, 61), key=off)


@pytest.mark.parametrize("pole", [False, True])
def test_limbs_on_plain_ik_constraints_follow(drive, pole):
    made = with_ik(pole)
    wanted, target = drive(made, (0.1, 0, -0.1), **BENT)
    assert not target.driving.notes
    assert {"leftHand_ik", "rightFoot_ik"} <= {keyed.bone for keyed in target.driving.keyed}
    for part in ("leftUpperArm", "leftLowerArm", "rightUpperArm", "leftUpperLeg", "leftLowerLeg", "rightLowerLeg"):
        assert off_deg(made, wanted, part) < 2, part


def test_ik_towards_another_object_is_told(session, extension):
    made = with_ik(False)
    constraint = made.armature.pose.bones["LeftForeArm"].constraints[0]
    constraint.target = bpy.data.objects.new("Empty", None)
    maps, rig = extension.addon("bone_maps"), extension.addon("rig")
    notes = rig.read(made.armature, maps.of(bpy.context.scene, made.armature)).driving.notes
    assert any("LeftForeArm" in note and "“IK”" in note for note in notes)


@pytest.mark.parametrize("change", ["inherit", "local location", "posed between", "moved root"])
def test_what_bones_inherit_is_madeup_for(drive, change):
    made = vendors.unreal(5)
    bones, posed = made.armature.data.bones, made.armature.pose.bones
    if change == "inherit":
        bones["upperarm_l"].use_inherit_rotation = bones["head"].use_inherit_rotation = False
    elif change == "local location":
        bones["pelvis"].use_local_location = False
    elif change == "posed between":
        posed["spine_04"].rotation_quaternion = Quaternion((0.3, 1, 0.2), 0.4)
        posed["neck_02"].rotation_quaternion = Quaternion((1, 0.1, 0), -0.3)
    else:
        posed["root"].location = (30, 20, -10)
    hips = made.armature.matrix_world @ posed["pelvis"].bone.head_local
    if change == "moved root":
        hips += made.armature.matrix_world.to_3x3() @ bones["root"].matrix_local.to_3x3() @ Vector((30, 20, -10))
    wanted, _ = drive(made, (0.3, -0.2, 0.1), **BENT)
    for part in ("hips", "chest", "head", "leftUpperArm", "leftHand", "rightFoot"):
        assert apart_deg(turn_of(made.armature, made.bones[part]), wanted[part]) < 0.1, part
    moved = made.armature.matrix_world @ posed["pelvis"].head - hips
    assert np.allclose(moved, (0.3, -0.2, 0.1), atol=1e-3)


def test_a_rig_travels_in_its_own_size_and_place(drive):
    """A child, half as large, in centimetres, whose parent is moved and turned: it moves in the parent's axes."""
    made = vendors.mixamo()
    above = bpy.data.objects.new("Vehicle", None)
    bpy.context.collection.objects.link(above)
    above.matrix_world = Matrix.Translation((5, 3, 1)) @ Matrix.Rotation(np.pi / 2, 4, "Z") @ Matrix.Scale(0.5, 4)
    made.armature.parent = above
    bpy.context.view_layer.update()
    hips = made.armature.pose.bones["mixamorig:Hips"]
    before = made.armature.matrix_world @ hips.head
    drive(made, (0.2, 0, 0.1), **BENT)
    assert np.allclose(made.armature.matrix_world @ hips.head - before, (0, 0.1, 0.05), atol=1e-4)


def test_curves_do_not_jump_in_any_rotation_mode(capture):
    curves = capture(vendors.eulers(), 60)
    seen = set()
    for path, channels in curves.items():
        kind = path.rpartition(".")[2]
        values = np.array([[key.co[1] for key in curve.keyframe_points] for curve in channels])
        steps = np.abs(np.diff(values, axis=1))
        if kind == "rotation_quaternion":
            assert (np.sum(values[:, 1:] * values[:, :-1], axis=0) > 0).all()
        elif kind.startswith("rotation"):
            assert steps.max() < 1.0, path
        seen.add(kind)
    assert seen == {"location", "rotation_quaternion", "rotation_euler", "rotation_axis_angle"}


READ_BACK = ["default", "mixamo", "unreal 5", "eulers", "rigify FK", "rigify IK", "rigify IK with poles"]


@pytest.mark.parametrize("kind", READ_BACK)
def test_the_pose_that_a_rig_has_is_read_back(drive, extension, rig_folder, kind):
    made = rigs.BUILDERS[kind](rig_folder)
    wanted, target = drive(made, (0.2, -0.1, -0.15), **BENT)
    pose = extension.addon("held").pose_of(made.armature, target)
    matrices = extension.core("solve.forward").forward(target.rig, pose.rotations, pose.hips_location)
    turns = matrices[:, :3, :3] @ np.swapaxes(target.rig.rest[:, :3, :3], 1, 2)
    for part in ("hips", "head", "leftHand", "leftUpperLeg", "rightLowerLeg", "rightFoot"):
        assert apart_deg(turns[target.rig.index[part]], wanted[part]) < 1, part
    moved = matrices[target.rig.index["hips"], :3, 3] - target.rig.head("hips")
    assert np.allclose(moved, (0.2, -0.1, -0.15), atol=1e-3)


def test_a_rig_stands_where_its_hips_are_whatever_it_hangs_from(drive, extension):
    made = vendors.unreal(4)
    made.armature.pose.bones["root"].location = (100, 0, 0)
    _, target = drive(made, (0.5, -0.25, 0.1), hips=(0, 0, 70))
    stand = extension.addon("held").stand(made.armature, target)
    assert np.degrees(stand.heading_rad) == pytest.approx(70, abs=0.1)
    middle = extension.core("solve.binding").bind(target.rig).middle
    from_head = middle - target.rig.head("hips")
    turn = np.array(Matrix.Rotation(np.radians(70), 3, "Z"))
    assert np.allclose(stand.location[:2], ((0.5, -0.25, 0) + turn @ from_head - from_head)[:2], atol=1e-3)

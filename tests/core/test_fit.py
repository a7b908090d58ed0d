"""Joints to bone rotations: poses worked out by hand, then round trips, then what must not change."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mocap_core.rotation import (
    angle_between,
    apply,
    conjugate,
    dot,
    exp,
    from_matrix,
    from_rotvec,
    multiply,
    to_matrix,
    twist_rad,
    unit,
)
from mocap_core.skeleton import BODY, BODY_INDEX, LIMBS
from mocap_core.solve import Rig, RigError, body_joints, fit, forward
from mocap_core.solve.binding import bind

HALF = np.sqrt(0.5)
FACE = {
    "left_ear": (0.075, 0.0, 1.58),
    "right_ear": (-0.075, 0.0, 1.58),
    "left_eye": (0.03, -0.09, 1.6),
    "right_eye": (-0.03, -0.09, 1.6),
    "nose": (0.0, -0.11, 1.57),
}


def rest_joints(rig):
    """Joints of the rig at rest with a face that looks straight ahead."""
    joints = body_joints(rig, rig.rest)
    for name, place in FACE.items():
        joints[BODY_INDEX[name]] = place
    return joints


def turn(joints, names, pivot, rotvec_deg):
    """Joints with the named ones turned about another."""
    out = joints.copy()
    rows = [BODY_INDEX[name] for name in names]
    centre = joints[BODY_INDEX[pivot]] if isinstance(pivot, str) else pivot
    out[rows] = centre + apply(exp(np.radians(np.array(rotvec_deg, float))), joints[rows] - centre)
    return out


def limb_directions(joints):
    return unit(np.stack([joints[..., tail, :] - joints[..., head, :] for _, head, tail in LIMBS], axis=-2))


def angle_deg(a, b):
    return np.degrees(np.arctan2(np.linalg.norm(np.cross(a, b), axis=-1), dot(a, b)))


def of(rig, rotations, bone):
    return rotations[rig.index[bone]]


def assert_same_rotation(actual, expected, within_deg=0.01):
    assert np.degrees(angle_between(np.asarray(actual), np.asarray(expected, float))).max() < within_deg


def possible_poses(rig, random, count):
    """Rotations (count, B, 4) at random, with elbows and knees that close and do nothing else."""
    turns = random.normal(0, 0.3, (count, len(rig.bones), 3))
    hinges = dict(zip(("leftLowerArm", "rightLowerArm", "leftLowerLeg", "rightLowerLeg"), bind(rig).hinge, strict=True))
    for name, axis in hinges.items():
        row = rig.index[name]
        turns[:, row] = random.uniform(0, 2.6, (count, 1)) * (rig.rest[row, :3, :3].T @ axis)
    return from_rotvec(turns)


def one_by_one(rig, joints, **settings):
    """Fits of frames that have nothing to do with each other."""
    fits = [fit(rig, frame, **settings) for frame in joints]
    return np.stack([rotations for rotations, _ in fits]), np.stack([location for _, location in fits])


def test_rest_joints_give_the_rest_pose(humanoid):
    rig = humanoid()
    rotations, location = fit(rig, rest_joints(rig))
    body = [i for i, name in enumerate(rig.bones) if name not in ("neck", "head")]
    assert_same_rotation(rotations[body], [1, 0, 0, 0])
    np.testing.assert_allclose(location, 0, atol=1e-9)


def test_arm_lowered_to_the_side(humanoid):
    # The bone's own axes at rest are X up, Y to the character's left, Z backwards: down is +90° about its Z.
    rig = humanoid()
    joints = turn(rest_joints(rig), ["left_elbow", "left_wrist", "left_hand"], "left_shoulder", (0, 90, 0))
    rotations, _ = fit(rig, joints)
    assert_same_rotation(of(rig, rotations, "leftUpperArm"), [HALF, 0, 0, HALF])
    assert_same_rotation(of(rig, rotations, "leftLowerArm"), [1, 0, 0, 0])
    assert_same_rotation(of(rig, rotations, "rightUpperArm"), [1, 0, 0, 0])


def test_raised_arm_is_shared_with_its_clavicle(humanoid):
    rig = humanoid()
    joints = turn(rest_joints(rig), ["left_elbow", "left_wrist", "left_hand"], "left_shoulder", (0, -90, 0))
    rotations, location = fit(rig, joints)
    clavicle = angle_between(of(rig, rotations, "leftShoulder"), np.array([1.0, 0, 0, 0]))
    assert 0.2 < clavicle < 0.6
    assert_same_rotation(
        of(rig, rotations, "leftUpperArm"), from_rotvec(np.array([0, 0, -(np.pi / 2 - clavicle)])), 0.05
    )
    bones = forward(rig, rotations, location)
    np.testing.assert_allclose(bones[rig.index["leftUpperArm"], :3, 1], [0, 0, 1], atol=1e-6)


def test_bent_elbow_turns_the_lower_arm_alone(humanoid):
    # Forwards is −Y: the lower arm turns by 90° about −Z, which is −X of the bone at rest.
    rig = humanoid()
    joints = turn(rest_joints(rig), ["left_wrist", "left_hand"], "left_elbow", (0, 0, -90))
    rotations, _ = fit(rig, joints)
    assert_same_rotation(of(rig, rotations, "leftLowerArm"), [HALF, -HALF, 0, 0])
    assert_same_rotation(of(rig, rotations, "leftUpperArm"), [1, 0, 0, 0])
    assert_same_rotation(of(rig, rotations, "leftHand"), [1, 0, 0, 0])


def test_elbow_bent_upwards_twists_the_upper_arm(humanoid):
    rig = humanoid()
    joints = turn(rest_joints(rig), ["left_wrist", "left_hand"], "left_elbow", (0, -90, 0))
    rotations, location = fit(rig, joints)
    twist = np.degrees(twist_rad(of(rig, rotations, "leftUpperArm"), np.array([0.0, 1, 0])))
    assert abs(abs(twist) - 90) < 0.01
    bones = forward(rig, rotations, location)
    np.testing.assert_allclose(bones[rig.index["leftLowerArm"], :3, 1], [0, 0, 1], atol=1e-6)


def test_bent_knee_turns_the_lower_leg_backwards_and_nothing_else(humanoid):
    rig = humanoid(rolls=np.zeros(30))
    joints = turn(rest_joints(rig), ["left_ankle", "left_toe"], "left_knee", (60, 0, 0))
    rotations, location = fit(rig, joints)
    moved = forward(rig, rotations, location)
    relative = moved[rig.index["leftLowerLeg"], :3, :3] @ rig.rest[rig.index["leftLowerLeg"], :3, :3].T
    assert_same_rotation(from_matrix(relative), from_rotvec(np.radians([60.0, 0, 0])), 0.3)
    assert_same_rotation(of(rig, rotations, "leftUpperLeg"), [1, 0, 0, 0], 0.3)


def test_lean_turns_the_hips_and_leaves_the_legs_standing(humanoid):
    rig = humanoid()
    joints = rest_joints(rig)
    upper = [name for name in BODY if not name.endswith(("hip", "knee", "ankle", "toe"))]
    middle = (joints[BODY_INDEX["left_hip"]] + joints[BODY_INDEX["right_hip"]]) / 2
    rotations, location = fit(rig, turn(joints, upper, middle, (30, 0, 0)))
    bones = forward(rig, rotations, location)
    lean = from_rotvec(np.radians([30.0, 0, 0]))
    for name, expected in (("hips", lean), ("upperChest", lean), ("leftUpperLeg", [1.0, 0, 0, 0])):
        i = rig.index[name]
        assert_same_rotation(from_matrix(bones[i, :3, :3] @ rig.rest[i, :3, :3].T), expected, 0.05)


def test_turned_shoulders_are_shared_over_the_spine(humanoid):
    rig = humanoid()
    joints = rest_joints(rig)
    upper = [name for name in BODY if not name.endswith(("hip", "knee", "ankle", "toe"))]
    middle = (joints[BODY_INDEX["left_shoulder"]] + joints[BODY_INDEX["right_shoulder"]]) / 2
    rotations, location = fit(rig, turn(joints, upper, middle, (0, 0, 45)))
    bones = forward(rig, rotations, location)
    for name, share in (("hips", 0), ("spine", 15), ("chest", 30), ("upperChest", 45)):
        i = rig.index[name]
        turned = from_matrix(bones[i, :3, :3] @ rig.rest[i, :3, :3].T)
        assert abs(np.degrees(angle_between(turned, np.array([1.0, 0, 0, 0]))) - share) < 1.0


def test_the_torso_points_along_the_spine_between_oblique_hips_and_shoulders(humanoid):
    rig = humanoid()
    straight = joints = rest_joints(rig)
    pairs = [[f"left_{pair}", f"right_{pair}"] for pair in ("shoulder", "hip")]

    def torso(joints):
        above, below = (joints[[BODY_INDEX[name] for name in pair]].mean(axis=0) for pair in pairs)
        return unit(above - below)

    for pair in pairs:
        joints = turn(joints, pair, joints[[BODY_INDEX[name] for name in pair]].mean(axis=0), (0, 25, 0))
    rotations, location = fit(rig, joints)
    found = torso(body_joints(rig, forward(rig, rotations, location)))
    assert np.degrees(np.arccos(found @ torso(straight))) < 1


def test_turned_head_is_shared_with_the_neck(humanoid):
    rig = humanoid()
    joints = turn(rest_joints(rig), list(FACE), np.array([0, 0, 1.58]), (0, 0, 40))
    still, _ = fit(rig, rest_joints(rig))
    rotations, _ = fit(rig, joints)
    neck = np.degrees(angle_between(of(rig, rotations, "neck"), of(rig, still, "neck")))
    head = np.degrees(angle_between(of(rig, rotations, "head"), of(rig, still, "head")))
    assert 15 < neck < 25 and 15 < head < 25


@pytest.mark.parametrize("arms_down_deg", [0, 45, 80])
def test_any_rest_pose_and_roll_gives_the_joints_directions(humanoid, arms_down_deg):
    random = np.random.default_rng(arms_down_deg)
    rig = humanoid(arms_down_deg, random.uniform(-np.pi, np.pi, 60))
    joints = body_joints(rig, forward(rig, possible_poses(rig, random, 300), random.normal(0, 0.3, (300, 3))))
    rotations, location = one_by_one(rig, joints, scale=1.0)
    fitted = body_joints(rig, forward(rig, rotations, location))
    assert angle_deg(limb_directions(fitted), limb_directions(joints)).max() < 0.05
    hips = [BODY_INDEX["left_hip"], BODY_INDEX["right_hip"]]
    np.testing.assert_allclose(fitted[:, hips].mean(axis=1), joints[:, hips].mean(axis=1), atol=1e-6)


def test_rigs_without_optional_bones_are_driven_too(humanoid):
    rig = humanoid(
        without=("chest", "upperChest", "neck", "leftShoulder", "rightShoulder", "leftHand", "leftToes")
    )
    random = np.random.default_rng(0)
    full = humanoid()
    joints = body_joints(full, forward(full, possible_poses(full, random, 50), np.zeros(3)))
    rotations, location = one_by_one(rig, joints)
    fitted = body_joints(rig, forward(rig, rotations, location))
    assert angle_deg(limb_directions(fitted), limb_directions(joints)).max() < 0.05


def test_a_rig_without_needed_bones_is_refused_by_name(humanoid):
    rig = humanoid()
    keep = [
        i
        for i, name in enumerate(rig.bones)
        if name not in ("leftLowerArm", "leftHand", "leftMiddleProximal")
    ]
    renumbered = {old: new for new, old in enumerate(keep)}
    parents = [renumbered.get(rig.parents[i], -1) for i in keep]
    with pytest.raises(RigError, match="leftLowerArm"):
        Rig.from_matrices([rig.bones[i] for i in keep], parents, rig.rest[keep], rig.lengths[keep])


def test_a_scaled_rest_matrix_is_refused(humanoid):
    rig = humanoid()
    rest = rig.rest.copy()
    rest[3, :3, :3] *= 2
    with pytest.raises(RigError, match=rig.bones[3]):
        Rig.from_matrices(rig.bones, rig.parents, rest, rig.lengths)


def test_turning_the_world_turns_the_hips_alone(humanoid):
    rig = humanoid()
    joints = turn(rest_joints(rig), ["left_wrist", "left_hand"], "left_elbow", (0, -50, -40))
    rotations, _ = fit(rig, joints)
    turned, _ = fit(rig, joints @ exp(np.array([0, 0, 1.1])).T)
    others = [i for i, name in enumerate(rig.bones) if name != "hips"]
    assert_same_rotation(turned[others], rotations[others])
    assert abs(angle_between(of(rig, turned, "hips"), of(rig, rotations, "hips")) - 1.1) < 1e-6


def test_the_actors_size_does_not_matter(humanoid):
    rig = humanoid()
    joints = turn(rest_joints(rig), ["right_knee", "right_ankle", "right_toe"], "right_hip", (70, 0, 0))
    rotations, location = fit(rig, joints)
    larger, larger_location = fit(rig, joints * 1.3)
    assert_same_rotation(larger, rotations)
    np.testing.assert_allclose(larger_location, location, atol=1e-9)


def test_arguments_are_left_alone(humanoid):
    rig = humanoid()
    joints = rest_joints(rig)
    joints[BODY_INDEX["left_wrist"]] = np.nan
    previous, _ = fit(rig, rest_joints(rig))
    before, previous_before = joints.copy(), previous.copy()
    fit(rig, joints, previous)
    np.testing.assert_array_equal(joints, before)
    np.testing.assert_array_equal(previous, previous_before)


def test_missing_joints_hold_the_frame_before(humanoid):
    rig = humanoid()
    bent = turn(rest_joints(rig), ["left_wrist", "left_hand"], "left_elbow", (0, 0, -90))
    previous, _ = fit(rig, bent)
    hidden = rest_joints(rig)
    hidden[[BODY_INDEX[name] for name in ("left_elbow", "left_wrist", "left_hand")]] = np.nan
    rotations, _ = fit(rig, hidden, previous)
    assert_same_rotation(of(rig, rotations, "leftLowerArm"), of(rig, previous, "leftLowerArm"))
    assert_same_rotation(of(rig, rotations, "leftUpperArm"), of(rig, previous, "leftUpperArm"), 1.5)


def test_limbs_never_seen_hang_at_ease(humanoid):
    rig = humanoid()
    joints = rest_joints(rig)
    joints[[BODY_INDEX[name] for name in ("left_elbow", "left_wrist", "left_hand")]] = np.nan
    rotations, location = fit(rig, joints)
    bones = forward(rig, rotations, location)
    assert bones[rig.index["leftUpperArm"], 2, 1] < -0.9


def test_one_frame_at_a_time_equals_many_at_once(humanoid, cmu):
    rig = humanoid()
    joints, _ = cmu("test/jumping_1")
    joints = joints[:200]
    together, _ = fit(rig, joints, scale=1.0)
    previous = None
    for frame, expected in zip(joints, together, strict=True):
        previous, _ = fit(rig, frame, previous, 1.0)
        assert_same_rotation(previous, expected)


@pytest.mark.parametrize(
    "clip", ["test/jumping_1", "test/washwindow_1", "test/basketball_1", "test/soccer_1"]
)
@pytest.mark.parametrize("arms_down_deg", [0, 45])
def test_captured_motion_is_followed_without_twist_jumps(humanoid, cmu, clip, arms_down_deg):
    rig = humanoid(arms_down_deg)
    joints, _ = cmu(clip)
    joints = joints[::2]  # 30 fps
    rotations, location = fit(rig, joints)
    fitted = body_joints(rig, forward(rig, rotations, location))
    assert angle_deg(limb_directions(fitted), limb_directions(joints)).max() < 0.05
    steps = multiply(conjugate(rotations[:-1]), rotations[1:])
    assert np.degrees(np.abs(twist_rad(steps, np.array([0.0, 1, 0])))).max() < 45


def test_a_straight_arm_keeps_its_twist(humanoid):
    # The elbow opens until straight and the arm swings: nothing shows the hinge, and nothing may jump.
    rig = humanoid()
    random = np.random.default_rng(5)
    frames, previous, steps = 60, None, []
    base = rest_joints(rig)
    for i in range(frames):
        bend = max(0.0, 60 - 3 * i)
        joints = turn(base, ["left_wrist", "left_hand"], "left_elbow", (0, 0, -bend))
        joints = turn(joints, ["left_elbow", "left_wrist", "left_hand"], "left_shoulder", (0, i, 0))
        joints[[BODY_INDEX["left_wrist"], BODY_INDEX["left_elbow"]]] += random.normal(0, 0.004, (2, 3))
        rotations, _ = fit(rig, joints, previous)
        if previous is not None:
            steps.append(angle_between(of(rig, rotations, "leftUpperArm"), of(rig, previous, "leftUpperArm")))
        previous = rotations
    assert np.degrees(max(steps)) < 20


coordinates = st.one_of(st.floats(-3, 3), st.just(float("nan")), st.just(0.0))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.lists(coordinates, min_size=63, max_size=63), min_size=1, max_size=3),
    st.booleans(),
)
def test_any_joints_give_unit_rotations(humanoid_rig, frames, with_previous):
    joints = np.array(frames).reshape(-1, 21, 3)
    previous = fit(humanoid_rig, rest_joints(humanoid_rig))[0] if with_previous else None
    rotations, location = fit(humanoid_rig, joints, previous)
    assert np.isfinite(location).all()
    np.testing.assert_allclose(np.linalg.norm(rotations, axis=-1), 1, atol=1e-6)
    assert np.isfinite(to_matrix(rotations)).all()

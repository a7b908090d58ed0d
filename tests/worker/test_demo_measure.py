"""The demo's measure, against cases worked out by hand."""

import numpy as np
import pytest

from mocap_core.skeleton import BODY_INDEX, LIMBS
from mocap_worker.demo import measure

LEVEL_CAMERA = np.array([[1.0, 0, 0, 0], [0, 0, -1, 0], [0, 1, 0, 4], [0, 0, 0, 1]])  # looks along +y
LEVEL_WORLD_FROM_CAMERA = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])


def about_z(angle_deg):
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def about_x(angle_deg):
    c, s = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    return np.array([[1.0, 0, 0], [0, c, -s], [0, s, c]])


@pytest.fixture
def joints():
    return np.random.default_rng(3).normal(size=(20, 21, 3))


def test_limb_directions_point_from_the_near_joint_to_the_far_one():
    joints = np.zeros((21, 3))
    for _, head, tail in LIMBS:
        joints[tail] = joints[head] + (0, 0, -0.3)
    joints[BODY_INDEX["left_elbow"]] = joints[BODY_INDEX["left_shoulder"]] + (0.25, 0, 0)
    directions = measure.limb_directions(joints)
    names = [name for name, _, _ in LIMBS]
    assert directions[names.index("leftUpperArm")] == pytest.approx([1, 0, 0])
    assert directions[names.index("rightLowerLeg")] == pytest.approx([0, 0, -1])


def test_a_rig_in_the_true_world_is_compared_as_it_is(joints):
    there = measure.true_directions_in_rig_world(joints, LEVEL_CAMERA, LEVEL_WORLD_FROM_CAMERA)
    assert there == pytest.approx(measure.limb_directions(joints))


def test_a_heading_is_no_error(joints):
    turned = about_z(50) @ LEVEL_WORLD_FROM_CAMERA
    there = measure.true_directions_in_rig_world(joints, LEVEL_CAMERA, turned)
    assert there == pytest.approx(measure.limb_directions(joints) @ about_z(50).T)


def test_a_camera_levelled_wrongly_counts_in_full(joints):
    tilted = about_x(10) @ LEVEL_WORLD_FROM_CAMERA
    in_camera = measure.limb_directions(joints) @ LEVEL_CAMERA[:3, :3].T
    rig = in_camera @ tilted.T
    there = measure.true_directions_in_rig_world(joints, LEVEL_CAMERA, tilted)
    errors = measure.angles_deg(rig, there)
    across = np.hypot(*np.moveaxis(there[..., 1:], -1, 0))
    expected = np.degrees(2 * np.arcsin(across * np.sin(np.radians(5))))
    assert errors == pytest.approx(expected, abs=1e-4)


def test_the_constant_pose_is_the_best_one():
    swing = np.radians([0.0, 0, 0, 80])
    directions = np.stack([np.sin(swing), 0 * swing, np.cos(swing)], -1)[:, None].repeat(8, 1)
    assert measure.constant_pose_deg(directions) == pytest.approx(20, abs=0.2)  # the median, not the mean

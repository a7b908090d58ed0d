"""Which way is up and which way the actor faces, from the person alone."""

import numpy as np
import pytest

from mocap_core import level
from mocap_core.rotation import exp
from mocap_core.skeleton import BODY, BODY_INDEX
from mocap_core.solve import body_joints


@pytest.fixture
def standing(humanoid_rig):
    """(21, 3) world joints of somebody who stands in a T-pose and faces −Y, on the middle of the feet."""
    joints = body_joints(humanoid_rig, humanoid_rig.rest)
    feet = joints[[BODY_INDEX["left_ankle"], BODY_INDEX["right_ankle"]]].mean(axis=0)
    return feet + (joints - feet) @ exp(np.array([level.LEAN_RAD[0], 0.0, 0.0])).T


def seen_by(joints_world, pitch_deg=0.0, roll_deg=0.0):
    """Joints in the axes of a camera that looks along +Y, pitched down and rolled."""
    tilt = exp(np.radians([pitch_deg, 0.0, 0.0])) @ exp(np.radians([0.0, 0.0, roll_deg]))
    return joints_world @ level.WORLD_FROM_CAMERA @ tilt.T


def tilt_left_deg(joints_camera, pitch_deg, roll_deg):
    rotation = level.levelled(level.up_of_take(joints_camera))
    up = seen_by(np.array([0.0, 0, 1]), pitch_deg, roll_deg)
    return np.degrees(np.arccos((rotation @ up)[2]))


def test_world_axes_without_levelling():
    np.testing.assert_array_equal(level.WORLD_FROM_CAMERA @ [1, 2, 3], [1, 3, -2])


@pytest.mark.parametrize(("pitch_deg", "roll_deg"), [(0, 0), (25, 0), (-15, 10), (10, -20)])
def test_a_standing_person_shows_the_cameras_pitch_and_roll(standing, pitch_deg, roll_deg):
    frames = np.repeat(seen_by(standing, pitch_deg, roll_deg)[None], 30, axis=0)
    assert tilt_left_deg(frames, pitch_deg, roll_deg) < 2


def bent(joints, axis, angle_deg):
    upper = [i for i, name in enumerate(BODY) if not name.endswith(("hip", "knee", "ankle", "toe"))]
    out = joints.copy()
    middle = (joints[BODY_INDEX["left_hip"]] + joints[BODY_INDEX["right_hip"]]) / 2
    out[upper] = middle + (joints[upper] - middle) @ exp(np.radians(np.array(axis, float) * angle_deg)).T
    return out


def test_a_bow_does_not_count(standing):
    frames = np.stack([seen_by(standing)] * 20 + [seen_by(bent(standing, (1, 0, 0), 70))] * 60)
    assert tilt_left_deg(frames, 0, 0) < 2


def test_a_jump_does_not_matter(standing):
    heights = np.linspace(0, 0.5, 30)
    frames = np.stack([seen_by(standing + np.array([0, 0, height])) for height in heights])
    assert tilt_left_deg(frames, 0, 0) < 2


def walked(pitch_deg, roll_deg, heights_m=0.0):
    """The ground of feet that went a metre each way, 4 m before a camera that pitches and rolls so."""
    t = np.linspace(0, 1, 120)
    places = np.stack([np.sin(2 * np.pi * t), np.sin(4 * np.pi * t), 0 * t + heights_m], axis=-1)
    feet = seen_by(places, pitch_deg, roll_deg) + np.array([0.0, 1.0, 4.0])
    return level.Ground.of(feet, np.full(len(t), 1 / 30)), feet


def test_who_runs_leans_forwards_under_a_level_camera(standing):
    lean = exp(np.array([level.LEAN_RAD[2] - level.LEAN_RAD[0], 0.0, 0.0]))  # `standing` has its own lean

    def off_deg(joints, speed_m_s):
        return np.degrees(np.arccos(level.upright(seen_by(joints), speed_m_s)[0] @ level.CAMERA_UP))

    assert off_deg(standing @ lean.T, 3.0) < 1 and off_deg(standing, 0.0) < 1
    assert off_deg(standing @ lean.T, 0.0) > 5


@pytest.mark.parametrize(("pitch_deg", "roll_deg"), [(0, 0), (3, 0), (-2, 2)])
def test_the_floor_that_somebody_walks_on_is_level(standing, pitch_deg, roll_deg):
    ground, feet = walked(pitch_deg, roll_deg)
    up = seen_by(np.array([0.0, 0, 1]), pitch_deg, roll_deg)
    leaning = seen_by(np.array([0.03, 0.05, 1.0]), pitch_deg, roll_deg)  # 3° off plumb
    rotation = level.levelled(leaning, ground)
    assert np.degrees(np.arccos((rotation @ up)[2])) < 0.5
    live = level.Ground()
    for foot in feet:
        live = live.seen(foot, 1 / 30)
    np.testing.assert_allclose(live.covariance, ground.covariance, atol=1e-12)


def test_depth_that_wavers_is_no_slope():
    rays = np.array([0.0, 1.2, 4.0]) * (1 + 0.05 * np.sin(np.linspace(0, 20, 300)))[:, None]
    rotation = level.levelled(level.CAMERA_UP, level.Ground.of(rays, np.full(300, 1 / 30)))
    np.testing.assert_allclose(rotation, level.WORLD_FROM_CAMERA, atol=1e-3)


def test_stairs_are_no_tilted_floor():
    ground, _ = walked(0, 0, heights_m=0.5 * np.sin(2 * np.pi * np.linspace(0, 1, 120)))
    assert np.degrees(np.arccos((level.levelled(level.CAMERA_UP, ground) @ level.CAMERA_UP)[2])) < 2


def test_someone_lying_down_is_not_a_tilted_camera(standing):
    lying = standing @ exp(np.array([0, np.pi / 2, 0])).T
    frames = np.repeat(seen_by(lying)[None], 30, axis=0)
    np.testing.assert_array_equal(level.up_of_take(frames), level.CAMERA_UP)


def test_levelling_is_limited():
    rotation = level.levelled(np.array([0.0, -0.1, -1.0]))
    turned = np.arccos((rotation @ level.CAMERA_UP)[2])
    assert turned == pytest.approx(level.MAX_TILT_RAD)


def test_unseen_people_show_nothing():
    axis, weight = level.upright(np.full((4, 21, 3), np.nan))
    assert not weight.any() and np.isfinite(axis).all()


@pytest.mark.parametrize("turned_deg", [0, 90, -150])
def test_heading_is_the_turn_about_z_from_facing_minus_y(standing, turned_deg):
    joints = standing @ level.yaw(np.radians(turned_deg)).T
    assert np.degrees(level.heading_rad(joints)) == pytest.approx(turned_deg)


def test_live_levelling_turns_slowly():
    start, target = np.eye(3), exp(np.array([0.5, 0, 0]))
    once = level.towards(start, target, 1 / 30)
    assert np.arccos(once[2, 2]) == pytest.approx(level.TURN_RAD_S / 30)
    np.testing.assert_allclose(level.towards(once, target, 10.0), target, atol=1e-9)

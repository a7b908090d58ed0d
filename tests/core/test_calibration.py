"""What two seconds of standing tell, and how a capture uses it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from acting import FPS, HIPS, camera, joints_of, run_live, run_take, to_packets

from mocap_core.calibration import Calibration, CalibrationError, calibrate
from mocap_core.level import WORLD_FROM_CAMERA
from mocap_core.observe import observe
from mocap_core.pipeline import Settings, Stand, State
from mocap_core.rotation import exp, unit
from mocap_core.skeleton import BODY_INDEX


def told(joints, view):
    return calibrate([observe(packet, None)[0] for packet in to_packets(joints, view)])


def test_height_bones_up_and_facing_are_told(standing):
    view = camera(yaw_deg=40, pitch_deg=12, roll_deg=-5)
    calibration = told(standing * 0.8, view)
    assert calibration.leg_m == pytest.approx(0.8 * 0.82, rel=0.01)
    assert calibration.height_m == pytest.approx(0.8 * 1.74, rel=0.02)
    assert calibration.lengths_m["leftLowerArm"] == pytest.approx(0.8 * 0.25, rel=0.01)
    up, facing = view @ [0.0, 0, 1], view @ [0.0, -1, 0]
    assert np.degrees(np.arccos(np.dot(calibration.up, up))) < 2
    assert np.degrees(np.arccos(np.dot(calibration.forward, facing))) < 2


def test_a_joint_that_is_missing_now_and_then_spoils_nothing_and_one_that_never_came_is_told(standing):
    gaps = standing.copy()
    gaps[30, BODY_INDEX["right_ankle"]] = np.nan
    gaps[5:20, BODY_INDEX["left_elbow"]] = np.nan
    found = told(gaps, camera())
    assert found.leg_m == pytest.approx(0.82, rel=0.01) and np.isfinite(list(found.lengths_m.values())).all()
    gaps[:, BODY_INDEX["left_wrist"]] = np.nan
    found = told(gaps, camera())
    assert "leftLowerArm" not in found.lengths_m and "rightLowerArm" in found.lengths_m
    assert Calibration.from_header(json.loads(json.dumps({"calibration": found.as_header()}))) == found


def test_a_crouch_a_walk_and_an_empty_picture_are_refused_in_a_sentence(standing, cmu):
    with pytest.raises(CalibrationError, match="whole body"):
        calibrate([])
    walking, _ = cmu("test/walking_1")
    with pytest.raises(CalibrationError, match=r"upright|moved"):
        told(walking[:120:2], camera())
    crouched = standing.copy()
    crouched[:, [BODY_INDEX["left_knee"], BODY_INDEX["right_knee"]], 1] -= 0.35
    crouched[:, : BODY_INDEX["left_knee"], 2] -= 0.3
    with pytest.raises(CalibrationError, match="upright"):
        told(crouched, camera())


def test_a_header_gives_the_same_calibration_and_nonsense_gives_none(standing):
    calibration = told(standing, camera())
    header = json.loads(json.dumps({"calibration": calibration.as_header()}))
    assert Calibration.from_header(header) == calibration
    for damaged in ({}, {"calibration": None}, {"calibration": {"up": "x"}}, {"calibration": 3}):
        assert Calibration.from_header(damaged) is None
    header["calibration"]["leg_m"] = float("nan")
    assert Calibration.from_header(header) is None


def test_a_calibrated_camera_is_levelled_from_the_first_frame(humanoid_rig, standing):
    view = camera(yaw_deg=20, pitch_deg=20, roll_deg=8)
    settings = Settings(calibration=told(standing, view))
    lean = standing @ exp(np.radians([25.0, 0, 0])).T  # who leans is no plumb line
    packets = to_packets(lean, view)
    _, poses = run_live(humanoid_rig, settings, packets)
    take, _ = run_take(humanoid_rig, settings, packets, np.arange(60) / FPS)
    for world in (poses[0].world_from_camera, take.world_from_camera):
        assert np.degrees(np.arccos((world @ view @ [0.0, 0, 1])[2])) < 2


def test_who_faces_as_when_calibrated_faces_as_the_character(humanoid_rig, standing):
    view = camera(yaw_deg=65)
    settings = Settings(calibration=told(standing, view))
    turned = standing @ exp(np.radians([0.0, 0, 90])).T  # starts turned to the left, towards +X
    _, poses = run_live(humanoid_rig, settings, to_packets(turned, view), State.initial(Stand()))
    joints = joints_of(humanoid_rig, poses[-1:])[0]
    across = unit(joints[HIPS[0]] - joints[HIPS[1]])
    np.testing.assert_allclose(across, [0, 1, 0], atol=0.05)


def test_a_capture_that_begins_in_the_air_knows_the_floor(humanoid_rig, standing):
    view = camera(pitch_deg=0)
    packets = to_packets(standing, view)
    settings = Settings(calibration=calibrate([observe(packet, None)[0] for packet in packets]))
    in_the_air = to_packets(standing, view)
    up = view @ np.array([0.0, 0, 0.3])
    in_the_air = [replace(p, meta={**p.meta, "root": (np.array(p.meta["root"]) + up).tolist()}) for p in in_the_air]
    _, poses = run_live(humanoid_rig, settings, in_the_air[:3])
    assert joints_of(humanoid_rig, poses[:1])[0][HIPS, 2].mean() == pytest.approx(0.9 + 0.3, abs=0.06)


def test_mirroring_keeps_up_and_turns_the_sides(standing):
    calibration = told(standing, camera(yaw_deg=30, roll_deg=10))
    mirrored = calibration.mirrored()
    assert mirrored.up[0] == -calibration.up[0] and mirrored.up[1:] == calibration.up[1:]
    assert mirrored.lengths_m["leftUpperArm"] == calibration.lengths_m["rightUpperArm"]
    assert mirrored.mirrored() == calibration


def test_the_world_axes_are_the_cameras_where_it_is_level(humanoid_rig, standing):
    settings = Settings(calibration=told(standing, camera(0, 0)))
    _, poses = run_live(humanoid_rig, settings, to_packets(standing, camera(0, 0))[:1])
    np.testing.assert_allclose(poses[0].world_from_camera, WORLD_FROM_CAMERA, atol=0.04)

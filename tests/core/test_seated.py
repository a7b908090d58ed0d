"""Hips and legs that hold, and a character that is put back where it stood."""

from dataclasses import replace

import numpy as np
import pytest
from acting import ANKLES, FPS, HIPS, camera, joints_of, run_live, run_take, to_packets

from mocap_core import adaptive
from mocap_core.pipeline import Settings, State, recentred
from mocap_core.rotation import angle_between, exp, unit
from mocap_core.skeleton import BODY_INDEX
from mocap_core.solve import body_joints, forward

LEGS = [i for i, name in enumerate(BODY_INDEX) if name.endswith(("knee", "ankle"))]
LEG_BONES = ("hips", *(s + b for s in ("left", "right") for b in ("UpperLeg", "LowerLeg", "Foot")))


@pytest.fixture
def waving(standing):
    """(90, 21, 3) somebody who steps to the side, lifts a leg, and waves."""
    joints = np.concatenate([standing, standing[:30]])
    t = np.arange(90) / FPS
    joints[..., 0] += 0.4 * np.sin(2 * t)[:, None]
    joints[:, [BODY_INDEX["left_knee"], BODY_INDEX["left_ankle"]], 1] -= (0.3 * np.sin(3 * t) ** 2)[:, None]
    for name, reach in (("left_elbow", 0.27), ("left_wrist", 0.52)):
        shoulder = joints[:, BODY_INDEX["left_shoulder"]]
        way = np.stack([np.cos(2 * t), 0 * t, np.sin(2 * t)], -1)
        joints[:, BODY_INDEX[name]] = shoulder + reach * way
    return joints


def without_legs(packets):
    """The packets of a desk's camera: knees and ankles are not seen."""
    out = []
    for packet in packets:
        scores = packet.scores.copy()
        scores[LEGS] = 0.0
        out.append(replace(packet, scores=scores))
    return out


def of(take):
    return take.rotations, take.hips_location


def solved(rig, settings, packets, way):
    if way == "live":
        _, poses = run_live(rig, settings, packets)
        return np.stack([p.rotations for p in poses]), np.stack([p.hips_location for p in poses])
    return of(run_take(rig, settings, packets, [p.timestamp for p in packets])[0])


@pytest.mark.parametrize("way", ["live", "take"])
@pytest.mark.parametrize("chosen", [True, False])
def test_hips_and_legs_hold_and_the_arm_goes_on(humanoid_rig, waving, way, chosen):
    packets = to_packets(waving, camera())
    if not chosen:
        packets = without_legs(packets)
    settings = Settings(legs="HOLD" if chosen else "AUTO")
    rotations, location = solved(humanoid_rig, settings, packets, way)
    rows = [humanoid_rig.index[bone] for bone in LEG_BONES]
    np.testing.assert_allclose(location, location[:1].repeat(len(location), 0), atol=1e-9)
    assert np.degrees(angle_between(rotations[:1, rows], rotations[:, rows])).max() < 0.1
    joints = body_joints(humanoid_rig, forward(humanoid_rig, rotations, location))
    np.testing.assert_allclose(joints[-1, ANKLES, 2], 0.08, atol=0.01)  # stands as at rest
    arm = BODY_INDEX["left_wrist"]
    assert np.ptp(joints[:, arm, 2]) > 0.4


def test_legs_that_come_back_into_view_are_followed_without_a_snap(humanoid_rig, waving):
    packets = to_packets(waving, camera())
    packets = without_legs(packets[:40]) + packets[40:]
    for way in ("live", "take"):
        rotations, location = solved(humanoid_rig, Settings(), packets, way)
        assert np.degrees(angle_between(rotations[:-1], rotations[1:])).max() < 15
        assert np.linalg.norm(np.diff(location, axis=0), axis=-1).max() < 0.08
        rows = [humanoid_rig.index[bone] for bone in LEG_BONES]
        assert np.degrees(angle_between(rotations[20, rows], rotations[-10:, rows])).max() > 5


def test_a_character_that_sits_stays_sitting(humanoid_rig, waving):
    bent = np.zeros((len(humanoid_rig.bones), 4))
    bent[:, 0] = 1
    for side in ("left", "right"):
        bent[humanoid_rig.index[side + "UpperLeg"]] = [np.cos(0.7), np.sin(0.7), 0, 0]
    seat = np.array([0.0, -0.4, 0.0])
    held = type("Pose", (), {"rotations": bent, "hips_location": seat})
    packets = to_packets(waving, camera())
    settings = Settings(legs="HOLD")
    _, poses = run_live(humanoid_rig, settings, packets, State.initial(held=held))
    take, _ = run_take(humanoid_rig, settings, packets, np.arange(90) / FPS)
    rows = [humanoid_rig.index[s + "UpperLeg"] for s in ("left", "right")]
    assert np.degrees(angle_between(poses[-1].rotations[rows], bent[rows])).max() < 0.1
    np.testing.assert_allclose(poses[-1].hips_location, seat)
    assert np.degrees(angle_between(take.rotations[-1, rows], bent[rows])).max() > 60  # nobody told it of the seat


def test_recentring_puts_the_character_back_where_it_stood(humanoid_rig, standing):
    t = np.arange(60)[:, None, None] / 60
    away = standing @ exp(np.array([0.0, 0.0, 1.2])).T + np.array([1.5, 0.8, 0.0])
    path = np.concatenate([standing * (1 - t) + away * t, np.repeat(away[-1:], 40, axis=0)])
    packets = to_packets(path, camera())
    state, _ = run_live(humanoid_rig, Settings(), packets[:80])
    moved = joints_of(humanoid_rig, [state.pose])[0][HIPS].mean(0)
    assert np.linalg.norm(moved[:2]) > 1.0
    state, poses = run_live(humanoid_rig, Settings(), packets[80:], recentred(state))
    joints = joints_of(humanoid_rig, poses[-1:])[0]
    np.testing.assert_allclose(joints[HIPS].mean(0)[:2], [0, 0], atol=0.05)
    np.testing.assert_allclose(unit(joints[HIPS[0]] - joints[HIPS[1]]), [1, 0, 0], atol=0.06)
    np.testing.assert_allclose(joints[ANKLES, 2], 0.08, atol=0.03)


def test_recentring_somebody_who_has_sat_down_elsewhere_puts_hips_and_legs_back(humanoid_rig, standing):
    t = np.arange(60)[:, None, None] / 60
    away = standing @ exp(np.array([0.0, 0.0, 1.2])).T + np.array([1.5, 0.8, 0.0])
    path = np.concatenate([standing * (1 - t) + away * t, np.repeat(away[-1:], 120, axis=0)])
    packets = to_packets(path, camera())
    packets[70:] = without_legs(packets[70:])
    _, poses = run_live(humanoid_rig, Settings(), packets[:1])
    first = poses[0]
    state, _ = run_live(humanoid_rig, Settings(), packets[:140], State.initial(held=first))
    assert state.seated and np.linalg.norm(state.pose.hips_location - first.hips_location) > 1.0
    _, poses = run_live(humanoid_rig, Settings(), packets[140:], recentred(state))
    rows = [humanoid_rig.index[name] for name in LEG_BONES]
    for pose in (poses[0], poses[-1]):
        np.testing.assert_allclose(pose.hips_location, first.hips_location, atol=1e-6)
        assert np.degrees(angle_between(pose.rotations[rows], first.rotations[rows])).max() < 1e-3
    joints = joints_of(humanoid_rig, poses[-1:])[0]
    across = unit(joints[BODY_INDEX["left_shoulder"]] - joints[BODY_INDEX["right_shoulder"]])
    assert across[0] > 0.95  # the chest faces as the hips do


@pytest.mark.parametrize("heaviness", [0.0, 0.25, 1.0, 4.0])
def test_the_lag_that_is_shown_is_the_lag_of_a_swing(heaviness):
    dt_s, random = 1 / 30, np.random.default_rng(4)
    t = np.arange(900) * dt_s
    measured = np.sin(2 * np.pi * t)[:, None, None] * [0.3, 0.2, 0.25] + random.normal(0, 0.015, (900, 1, 3))
    points, seen, lags = adaptive.Smoothed.initial(1), [], []
    for number, row in enumerate(measured):
        points = adaptive.follow(points, row, np.array([0.015]), dt_s if number else 0.0, heaviness)
        seen.append(points.position[0, 0])
        lags.append(adaptive.lag_s(points, heaviness, [0]))
    wave = np.exp(-2j * np.pi * t[300:])
    phase = np.angle((np.array(seen)[300:] * wave).sum() / (measured[300:, 0, 0] * wave).sum())
    assert np.mean(lags[300:]) == pytest.approx(-phase / (2 * np.pi), abs=0.008)


def test_the_usual_lag_grows_from_none_and_is_small_by_default():
    lags = [adaptive.usual_lag_s(0.015, Settings(smoothness=s).heaviness, 1 / 30) for s in (0.0, 0.25, 0.5, 1.0)]
    assert lags[0] < 0.001 and lags == sorted(lags) and lags[2] < 0.04 and lags[3] > 2 * lags[2]



"""`mocap bench lift`: its measures by hand, its people and cameras as the documentation says, and the command."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mocap_core.lift import Lifter
from mocap_core.skeleton import BODY_INDEX
from mocap_worker.bench import lift, lift_shots
from mocap_worker.bench.lift_measures import errors
from mocap_worker.bench.lift_shots import BODIES, FPS, WARM_UP, gaps, like_a_detector, shots, white
from mocap_worker.cli import app
from mocap_worker.training import motion
from mocap_worker.training.lifter_bends import rotate
from mocap_worker.training.lifter_people import FACE
from mocap_worker.training.motion import load_clips

MOTION = Path(os.environ.get("MOCAP_MOTION") or Path(__file__).parents[3] / "shared/data/motion/cmu_clips.npz")
LANDMARKS = Path(__file__).parents[2] / "addon/assets/default_model.landmarks.json"


@pytest.fixture(scope="module")
def clips():
    if not MOTION.is_file():
        pytest.skip(f"the motion clips are not at {MOTION}")
    return load_clips("test/running_1", MOTION) + load_clips("test/soccer_1", MOTION)


@pytest.fixture(scope="module")
def person():
    joints = np.random.default_rng(0).normal(0, 0.5, (6, 17, 3))
    return joints - joints[:, 11:13].mean(1, keepdims=True)


def test_a_perfect_pose_has_no_error_wherever_it_stands(person):
    for name, value in errors(person + np.array([1, 2, 3]), person).items():
        assert np.abs(value).max() < 1e-4, name


def test_a_turned_larger_person_is_off_by_the_turn_and_right_after_alignment(person):
    turned = rotate(person, np.radians([0.0, 0, 10])) * 1.2
    found = errors(turned, person)
    assert 0 < found["bone_angle_deg"].max() <= 10 + 1e-9
    assert found["p_mpjpe_mm"].max() < 1e-6 < found["mpjpe_mm"].min() + 1e-3
    flat = errors(rotate(person * [1, 1, 0], np.radians([0.0, 0, 10])), person * [1, 1, 0])
    np.testing.assert_allclose(flat["bone_angle_deg"], 10)
    np.testing.assert_allclose(flat["torso_angle_deg"], 10)


def test_one_joint_that_jumps_by_a_centimetre(person):
    jumped = person.copy()
    jumped[3, 9, 2] += 0.01
    found = errors(jumped, person)
    assert found["mpjpe_mm"].sum() == pytest.approx(10)
    np.testing.assert_allclose(found["acceleration_error_mm"][:, 9], [0, 10, 20, 10], atol=1e-6)  # 1, −2, 1


def test_the_face_is_where_the_character_has_it():
    marks = {name: np.array(place["offset"]) for name, place in json.loads(LANDMARKS.read_text()).items()}
    between = (marks["left_ear"] + marks["right_ear"]) / 2
    eyes = (marks["left_eye"] + marks["right_eye"]) / 2
    np.testing.assert_allclose(FACE["ear_half"], marks["left_ear"] - between, atol=1e-9)
    np.testing.assert_allclose(FACE["eye_half"], marks["left_eye"] - eyes, atol=1e-9)
    np.testing.assert_allclose(FACE["eyes"], eyes - between, atol=1e-9)
    np.testing.assert_allclose(FACE["nose"], marks["nose"] - between, atol=1e-9)


def test_shots_are_of_all_bodies_at_30_fps_and_lie_in_the_picture(clips):
    seen = shots(clips)
    assert {s.action for s in seen} == {"running", "soccer"}
    assert {s.height_m for s in seen} == {b.height_m for b in BODIES}
    counted = {a: sum(len(s.keypoints) - WARM_UP for s in seen if s.action == a) for a in ("running", "soccer")}
    assert min(counted.values()) >= 1500
    for s in seen[::9]:
        assert ((s.keypoints > 0) & (s.keypoints < s.size)).all() and (s.scores > 0).all()
        focal = s.height_px * s.joints_camera[:, 11:13, 2].mean(1) / s.height_m
        tangents = s.joints_camera[..., :2] / s.joints_camera[..., 2:]
        projected = tangents * focal[:, None, None] + np.array(s.size) / 2
        np.testing.assert_allclose(s.keypoints, projected, atol=0.01)
        thigh = np.linalg.norm(s.joints_camera[:, 13] - s.joints_camera[:, 11], axis=-1)
        (body,) = (b for b in BODIES if b.height_m == s.height_m)
        np.testing.assert_allclose(thigh, body.lengths_m()["upper_leg"], rtol=1e-4)
    same = shots(clips)
    np.testing.assert_array_equal(same[5].keypoints, seen[5].keypoints)
    step = np.linalg.norm(np.diff(seen[0].joints_camera, axis=0), axis=-1).mean() * FPS / seen[0].height_m
    assert 0.5 < step < 4  # heights a second, of somebody running


def test_a_close_up_leaves_the_legs_out_and_the_shoulders_in(clips):
    seen = shots(clips, framing="upper")
    share = np.concatenate([s.scores > 0 for s in seen]).mean(0)
    assert share[[5, 6]].min() > 0.95 and share[13:].max() == 0 and 0.2 < share[[11, 12]].mean() < 0.95


def test_noise_is_as_large_as_it_says(clips):
    shot, rng = shots(clips)[0], np.random.default_rng(0)

    def off(spoil):
        spoilt = [spoil(rng, shot) for _ in range(40)]
        return np.stack([(s.keypoints - shot.keypoints) / shot.height_px[:, None, None] for s in spoilt]), spoilt

    error, _ = off(white(0.01))
    assert error.std() == pytest.approx(0.01, rel=0.03)
    assert np.diff(error, axis=1).std() == pytest.approx(0.01 * np.sqrt(2), rel=0.03)
    error, _ = off(like_a_detector(0.01))
    assert error.std() == pytest.approx(0.01 * np.sqrt(1 + 0.02 * 35), rel=0.1)
    assert np.median(np.abs(np.diff(error, axis=1))) < 0.008  # half of it lasts
    error, spoilt = off(gaps)
    scores = np.stack([s.scores for s in spoilt])
    assert (scores == 0).mean() == pytest.approx(0.1, abs=0.03)
    assert (scores == 0.15).mean() == pytest.approx(0.09, abs=0.03)
    assert error[scores == 0.15].std() > 3 * error[scores == 0.9].std()


def test_means_over_frames_weigh_by_frames_and_over_actions_do_not():
    cases = lift.with_means("x", "true", {"a": {"mpjpe_mm": 10.0}, "b": {"mpjpe_mm": 40.0}}, {"a": 200, "b": 100})
    assert {c["name"]: c["mpjpe_mm"] for c in cases} == {
        "lift/x/a": 10.0, "lift/x/b": 40.0, "lift/x/frames": 20.0, "lift/x/actions": 25.0,
    }  # fmt: skip


def test_someone_elses_past_does_not_count(clips):
    shot, lifter = shots(clips)[0], Lifter()
    times = np.arange(len(shot.keypoints)) / FPS
    alone = lift.lift_all(lifter, shot.keypoints, shot.scores, shot.size, times)
    lift.lift_all(lifter, shot.keypoints[::-1], shot.scores, shot.size, times - 0.1)
    np.testing.assert_array_equal(lift.lift_all(lifter, shot.keypoints, shot.scores, shot.size, times), alone)
    assert np.linalg.norm(alone[:, BODY_INDEX["left_knee"]] - alone[:, BODY_INDEX["left_hip"]], axis=-1).min() > 0.2


def test_the_command_writes_every_condition_and_the_time(tmp_path, monkeypatch, clips):
    monkeypatch.setattr(motion, "load_clips", lambda part, path: clips)
    monkeypatch.setattr(lift_shots, "_LEAST", 1)
    run = ["bench", "lift", "--motion", str(MOTION), "--no-detected", "--json", str(tmp_path / "lift.json")]
    result = CliRunner().invoke(app, run)
    assert result.exit_code == 0, result.output
    cases = {case["name"]: case for case in json.loads((tmp_path / "lift.json").read_text())["cases"]}
    for condition in lift.CONDITIONS:
        for row in ("frames", "actions", "running", "soccer"):
            assert cases[f"lift/{condition.name}/{row}"]["keypoints"].startswith("true")
    noisy = cases["lift/white noise 1%/frames"]
    assert 0 < noisy["bone_angle_deg"] < noisy["constant_pose_deg"] < noisy["depth_rule_deg"]
    assert cases["lift/upper body, white noise 1%/actions"]["bone_angle_deg_arm"] < 30
    assert 0 < cases["lift/time"]["network_p50_ms"] <= cases["lift/time"]["network_p95_ms"]


def test_weights_that_are_not_there_are_one_sentence(tmp_path):
    if not MOTION.is_file():
        pytest.skip(f"the motion clips are not at {MOTION}")
    result = CliRunner().invoke(app, ["bench", "lift", "--motion", str(MOTION), "--weights", str(tmp_path / "no.npz")])
    assert result.exit_code == 1 and "no.npz" in result.output and "Traceback" not in result.output

"""What `mocap bench motion` films and measures; Blender's half is a process of its own and left out here."""

import numpy as np
import pytest
from rich.console import Console

from mocap_core.protocol import PosePacket
from mocap_core.rotation import exp
from mocap_core.skeleton import LIMBS
from mocap_worker.bench import motion_measures as measures
from mocap_worker.bench import motion_scenes as scenes
from mocap_worker.bench import motion_table
from mocap_worker.training.motion import Clip, MotionError, load_clips


@pytest.fixture(scope="module")
def clips():
    try:
        return load_clips("test")
    except MotionError as error:
        pytest.skip(str(error))


def test_a_short_run_has_every_action_and_few_walks(clips):
    names = [clip.name for clip in scenes.chosen(clips)]
    assert {scenes.action_of(n) for n in names} == {scenes.action_of(c.name) for c in clips}
    assert sum("walking" in n for n in names) == len(scenes.FEW_WALKS)
    assert scenes.chosen(clips, "full") == clips
    quick = scenes.chosen(clips, "quick")
    assert {scenes.action_of(c.name) for c in quick} == {scenes.action_of(n) for n in names}
    assert max(len(c.joints_body) / c.fps for c in quick) <= scenes.QUICK_S


def test_the_camera_sees_the_actor_and_the_packets_say_where(clips):
    clip = next(c for c in clips if "soccer" in c.name)
    scene = scenes.film(Clip(clip.name, clip.fps, clip.joints_body[:60]), scenes.ADULT, 3)
    assert ((scene.keypoints > 0) & (scene.keypoints < scenes.SIZE)).all()
    packets = scenes.packets_of(scene, "true 3D", 0)
    joints = packets[7].joints_3d + np.array(packets[7].meta["root"])
    world = (joints - scene.camera[:3, 3]) @ scene.camera[:3, :3]
    np.testing.assert_allclose(world, scene.joints[7], atol=1e-6)
    legs = [np.linalg.norm(scene.joints[0, a] - scene.joints[0, b]) for a, b in ((11, 13), (13, 15))]
    assert sum(legs) == pytest.approx(scene.leg_m, rel=1e-3)


def test_frames_in_which_the_worker_saw_nobody_are_empty_packets():
    video = pytest.importorskip("mocap_worker.bench.motion_video", reason="there is nothing to draw with")

    def packet(frame, person):
        meta = {"v": 1, "session": "a", "seq": frame, "person": person, "size": [640, 480]}
        return PosePacket(np.ones((17, 2)), np.ones(17), None, frame / scenes.FPS, meta)

    seen = [packet(0, 3), packet(1, 3), packet(1, 4), packet(3, 3)]
    each = video.one_a_frame(seen, 5)
    assert [p.empty for p in each] == [False, False, True, False, True]
    assert {p.person for p in each if not p.empty} == {3}
    assert [round(p.timestamp * scenes.FPS) for p in each] == [0, 1, 2, 3, 4]


def test_the_character_acts_a_clip_on_the_floor_and_in_the_picture(clips):
    video = pytest.importorskip("mocap_worker.bench.motion_video", reason="there is nothing to draw with")
    character = video.read_character(video.default_character())
    landmarks = video.read_landmarks(video.default_character().with_suffix(".landmarks.json"), character)
    clip = next(c for c in clips if "soccer" in c.name)
    scene, bones = video.acted(character, landmarks, Clip(clip.name, clip.fps, clip.joints_body[:61]), 3)
    assert len(bones) == len(scene.joints) == 31
    points = video.landmark_points(bones, landmarks)
    np.testing.assert_allclose(points[:, :17], scene.joints)
    assert 0 <= points[..., 2].min() < 0.02
    assert ((scene.keypoints > 0) & (scene.keypoints < scenes.SIZE)).all()


def test_a_rig_is_three_tables_that_fit_a_terminal_and_a_case_a_row():
    figures = {metric: 10.0 for columns in motion_table.TABLES for metric, _ in columns.values()}
    figures |= {"constant_pose_deg": 17.0, "first_system_deg": 24.0, "planar_deg": 23.0}
    which = "the character's proportions/true 3D, level camera"
    cases = [{"name": f"{rig}/{which}/{stage}", "rig": rig, **figures} for rig in "ab" for stage in ("live", "take")]
    del cases[1]["lag_ms"]
    tables = motion_table.tables(cases)
    assert [table.title for table in tables] == ["a", None, None, "b", None, None]
    assert all(table.row_count == 2 for table in tables)
    assert "constant pose 17.0" in tables[0].caption
    console = Console(width=80)
    for table in tables:
        with console.capture() as shown:
            console.print(table)
        assert "true 3D, level camera/live" in shown.get() and "…" not in shown.get()


def test_noise_is_one_per_cent_of_the_height_and_the_same_each_time(clips):
    scene = scenes.still(clips[0], scenes.ADULT, 1)
    first, again = (
        np.array([p.keypoints for p in scenes.packets_of(scene, "2D with 1% noise", 5)]) for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)
    span = np.ptp(scene.keypoints[0], axis=0)
    assert (first - scene.keypoints).std() == pytest.approx(0.01 * np.hypot(*span), rel=0.05)


def test_a_detector_loses_joints_and_strays(clips):
    scene = scenes.still(clips[0], scenes.ADULT, 1)
    found, scores = scenes.detected(np.random.default_rng(2), scene.keypoints)
    assert 0.01 < (scores == 0).mean() < 0.08
    assert np.linalg.norm(found - scene.keypoints, axis=-1).max() > 0.08 * np.ptp(scene.keypoints[0, :, 1])


def test_a_half_turn_about_the_bone_is_a_twist_jump_and_a_swing_is_none():
    steady = np.repeat(np.eye(3)[None, None], 8, axis=1).repeat(10, axis=0)
    twisted, swung = steady.copy(), steady.copy()
    twisted[5:, 2] = exp(np.array([0.0, np.pi, 0.0]))
    swung[5:, 2] = exp(np.array([1.5, 0.0, 0.0]))
    assert [measures.twist_jumps(m) for m in (steady, twisted, swung)] == [0, 1, 0]


def test_only_steps_of_a_standing_foot_count_as_skating():
    true = np.zeros((31, 2, 3))
    true[:, 1, 0] = 0.05 * np.arange(31)  # 1.5 m/s: not standing
    standing = measures.contacts(true, 30)
    assert standing.sum() == 30
    ours = true.copy()
    ours[:, 0, 1] = 0.01 * np.arange(31)
    assert measures.skate_m(ours, standing) == pytest.approx(0.30)


def test_feet_below_their_rest_are_in_the_floor():
    rest = np.array([[0.0, 0, 0.08], [0, 0, 0.02]])
    feet = np.array([[[0, 0, 0.09], [0, 0, 0.03]], [[0, 0, 0.08], [0, 0, -0.01]]])
    np.testing.assert_allclose(measures.penetration_m(feet, rest), [0.0, 0.03])


def test_procrustes_takes_out_place_turn_and_size():
    joints = np.random.default_rng(1).normal(size=(4, 12, 3))
    moved = 2.5 * joints @ exp(np.array([0.3, -1.0, 0.4])) + [1.0, 2.0, 3.0]
    np.testing.assert_allclose(measures.procrustes_m(moved, joints), 0, atol=1e-9)


@pytest.mark.parametrize("late_s", [0.0, 0.05])
def test_lag_is_found_between_the_frames(late_s):
    def directions(t):
        angle = 0.8 * np.sin(2 * np.pi * 0.7 * t)
        return np.stack([np.sin(angle), 0 * angle, np.cos(angle)], -1)[:, None].repeat(len(LIMBS), 1)

    fine = np.arange(361) / 60
    errors = measures.lag_s(directions(fine[::2] - late_s), directions(fine), 60)
    assert 0.002 * errors.argmin() == pytest.approx(late_s, abs=0.003)


def test_the_first_systems_rule_puts_the_lowest_keypoint_deepest():
    keypoints = np.array([[[0.0, 0.0], [10.0, 20.0], [0.0, 40.0]]])
    joints = scenes.first_systems_depth(keypoints)
    np.testing.assert_allclose(joints[0, :, 2], [0.0, 0.25, 0.5])
    assert np.linalg.norm(joints[0, :, :2], axis=-1).max() == pytest.approx(1.0)
    np.testing.assert_array_equal(scenes.planar(keypoints)[..., 2], 0)

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mocap_core.lift import NOMINAL_HEIGHT_M, Lifter, LiftError, root_translation
from mocap_core.lift.features import (
    BONES,
    BONES_FROM_JOINTS,
    FEATURES,
    FLIP_JOINTS,
    JOINTS_FROM_BONES,
    LAGS_S,
    features,
    flip_bones,
    flip_features,
)
from mocap_core.skeleton import ARM_LIMBS, LEG_LIMBS, LIMBS

SIZE = (640, 480)
FOCAL = 600.0


def waving(time_s, turn_deg=0.0, distance_m=3.5):
    """A person of our own making, in the camera's axes: one arm waves, the other swings, knees bend.

    Returns joints (17, 3) m from the camera.
    """
    wave, bend = np.sin(2.2 * time_s), 0.35 + 0.25 * np.sin(1.3 * time_s)
    swing = 0.6 * np.sin(1.7 * time_s)
    # x to the person's left, y up, z forward.
    bones = {
        "hip_half": (0.09, 0, 0), "torso": (0, 0.48, 0.02), "shoulder_half": (0.175, 0, 0),
        "left_upper_arm": (0.27, 0.06, 0.02), "left_lower_arm": (0.12 * wave, 0.21, 0.05),
        "right_upper_arm": (-0.05, -0.27 * np.cos(swing), 0.27 * np.sin(swing)),
        "right_lower_arm": (-0.02, -0.23 * np.cos(swing + 0.5), 0.23 * np.sin(swing + 0.5)),
        "left_upper_leg": (0.03, -0.41 * np.cos(bend), 0.41 * np.sin(bend)),
        "left_lower_leg": (0, -0.4 * np.cos(bend), -0.4 * np.sin(bend)),
        "right_upper_leg": (-0.03, -0.41 * np.cos(bend), 0.41 * np.sin(bend)),
        "right_lower_leg": (0, -0.4 * np.cos(bend), -0.4 * np.sin(bend)),
        "neck": (0, 0.2, 0.01), "ear_half": (0.075, 0, 0), "nose": (0, -0.015, 0.11),
        "eyes": (0, 0.02, 0.09), "eye_half": (0.032, 0, 0),
    }  # fmt: skip
    joints = JOINTS_FROM_BONES @ np.array([bones[name] for name in BONES])
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    joints = joints @ np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])
    # Facing the camera: its x is the picture's right, its z away from us.
    return joints * [1, -1, -1] + [0.1, 0.1, distance_m]


def seen(joints):
    return joints[:, :2] / joints[:, 2:] * FOCAL + np.array(SIZE) / 2


def limb_angles(joints, truth):
    a = np.stack([joints[t] - joints[h] for _, h, t in LIMBS])
    b = np.stack([truth[t] - truth[h] for _, h, t in LIMBS])
    cosine = (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def lift_all(fps, seconds=2.0, lifter=None, turn_deg=25.0, keep=None):
    lifter = lifter or Lifter()
    out = {}
    for i in range(int(seconds * fps) + 1):
        t = i / fps
        scores = np.full(17, 0.9) if keep is None else np.where(keep, 0.9, 0.0)
        out[round(t, 4)] = lifter.lift(seen(waving(t, turn_deg)), scores, SIZE, t, FOCAL)
    return out


def test_joints_and_bones_are_inverse():
    joints = waving(0.3)
    bones = BONES_FROM_JOINTS @ joints
    np.testing.assert_allclose(JOINTS_FROM_BONES @ bones, joints - joints[11:13].mean(0), atol=1e-5)
    assert np.linalg.norm(bones[BONES.index("left_lower_leg")]) == pytest.approx(0.4, abs=1e-4)


def test_root_translation_of_a_hand_computed_square():
    # Four points in the plane of the hips, 2 m away and 0.5 m to the right, f = 100 px, centre (50, 50).
    joints, points, scores = np.zeros((17, 3)), np.zeros((17, 2)), np.zeros(17)
    joints[5:9] = [[-1, -1, 0], [1, -1, 0], [-1, 1, 0], [1, 1, 0]]
    points[5:9] = [[25, 0], [125, 0], [25, 100], [125, 100]]
    scores[5:9] = 1
    root = root_translation(joints, points, scores, np.array([100.0, 100.0]), 100.0)
    np.testing.assert_allclose(root, [0.5, 0, 2], atol=1e-9)
    assert root_translation(joints, points, scores * 0, np.array([100.0, 100.0]), 100.0) is None


@pytest.mark.parametrize("turn_deg", [-40, 0, 30])
def test_our_own_moving_person_is_lifted(turn_deg):
    lifter, errors, roots = Lifter(), [], []
    for i in range(60):
        truth = waving(i / 30, turn_deg)
        lifted = lifter.lift(seen(truth), np.full(17, 0.9), SIZE, i / 30, FOCAL)
        errors.append(limb_angles(lifted.joints_camera, truth))
        roots.append(lifted.root_camera - truth[11:13].mean(0))
    # An arm held out to the side is the hardest of its bones: one camera hardly sees whether it points at it.
    assert np.mean(errors) < 20
    assert np.mean(np.array(errors)[:, list(LEG_LIMBS)]) < 20
    assert np.abs(np.mean(roots, 0)[:2]).max() < 0.06
    assert abs(np.mean(roots, 0)[2]) < 0.35  # a tenth: one camera does not know how tall they are


def test_a_mirrored_picture_gives_the_mirrored_person():
    plain, mirrored = Lifter(), Lifter()
    for i in range(12):
        points = seen(waving(i / 30, 35))
        scores = np.linspace(0.5, 1, 17)
        a = plain.lift(points, scores, SIZE, i / 30)
        other = (points * [-1, 1] + [SIZE[0], 0])[FLIP_JOINTS]
        b = mirrored.lift(other, scores[FLIP_JOINTS], SIZE, i / 30)
    np.testing.assert_allclose(b.joints_camera[FLIP_JOINTS] * [-1, 1, 1], a.joints_camera, atol=1e-4)
    np.testing.assert_allclose(b.root_camera * [-1, 1, 1], a.root_camera, atol=1e-3)


def test_flipping_twice_changes_nothing():
    rng = np.random.default_rng(0)
    x, bones = rng.standard_normal((3, FEATURES)), rng.standard_normal((3, 16, 3))
    np.testing.assert_array_equal(flip_features(flip_features(x)), x)
    np.testing.assert_array_equal(flip_bones(flip_bones(bones)), bones)


def test_the_input_does_not_depend_on_the_resolution():
    points = seen(waving(0.5))[None, None].repeat(len(LAGS_S), 1)
    trust = np.ones((1, len(LAGS_S), 17))
    small, view = features(points, trust, np.array([SIZE]), np.array([FOCAL]))
    large, same = features(points * 3, trust, np.array([SIZE]) * 3, np.array([FOCAL * 3]))
    np.testing.assert_allclose(small, large, atol=1e-5)
    np.testing.assert_allclose(view @ view.swapaxes(1, 2), np.eye(3)[None], atol=1e-6)
    np.testing.assert_allclose(view, same, atol=1e-6)


def test_the_frame_rate_hardly_matters():
    slow, fast = lift_all(10), lift_all(60)
    for t in (0.5, 1.0, 1.5, 2.0):
        assert limb_angles(slow[t].joints_camera, fast[t].joints_camera).mean() < 2.5


def test_bones_are_as_long_as_an_adults():
    for lifted in lift_all(30, 1.0).values():
        length = np.linalg.norm(BONES_FROM_JOINTS @ lifted.joints_camera, axis=-1)
        assert 0.36 < length[BONES.index("torso")] < 0.6
        assert ((length[7:11] > 0.3) & (length[7:11] < 0.52)).all()
        assert ((length[3:7] > 0.1) & (length[3:7] < 0.36)).all()
        joints = lifted.joints_camera
        assert 0.75 < (joints[15:17, 1].max() - joints[:5, 1].min()) / NOMINAL_HEIGHT_M < 1.05


def test_missing_joints_leave_the_others_in_place():
    keep = np.ones(17, bool)
    keep[[0, 1, 2, 9]] = False
    whole, part = lift_all(30, 1.0), lift_all(30, 1.0, keep=keep)
    moved = limb_angles(part[1.0].joints_camera, whole[1.0].joints_camera)
    others = [i for i, (_, head, tail) in enumerate(LIMBS) if 9 not in (head, tail)]
    assert moved[others].mean() < 8
    assert np.isfinite(part[1.0].joints_camera).all()


def test_a_person_framed_above_the_knees_is_lifted():
    keep = np.ones(17, bool)
    keep[13:] = False
    whole, part = lift_all(30, 1.0)[1.0].joints_camera, lift_all(30, 1.0, keep=keep)[1.0].joints_camera
    assert limb_angles(part, whole)[list(ARM_LIMBS)].mean() < 15
    truth = waving(1.0, 25)
    up, lifted_up = (j[5:7].mean(0) - j[11:13].mean(0) for j in (truth, part))
    cosine = up @ lifted_up / np.linalg.norm(up) / np.linalg.norm(lifted_up)
    assert np.degrees(np.arccos(cosine)) < 12


def test_missing_is_missing_however_it_is_written():
    points, scores = seen(waving(0.2)), np.full(17, 0.8)
    answers = []
    for value, score in ((0.0, 0.0), (np.nan, 0.0), (np.nan, np.nan), (320.0, 0.0), (1e30, 0.9)):
        points[[3, 10]], scores[[3, 10]] = value, score
        answers.append(Lifter().lift(points, scores, SIZE, 0.0).joints_camera)
    for other in answers[1:]:
        np.testing.assert_array_equal(other, answers[0])


def test_nobody_is_no_pose_and_no_root():
    lifter = Lifter()
    lifted = lifter.lift(np.zeros((17, 2)), np.zeros(17), SIZE, 0.0)
    assert np.isnan(lifted.joints_camera).all() and lifted.root_camera is None
    assert np.isfinite(lifter.lift(seen(waving(0.1)), np.ones(17), SIZE, 0.1).joints_camera).all()


def test_reset_forgets_and_a_jump_in_time_does_too():
    fresh = Lifter().lift(seen(waving(1)), np.ones(17), SIZE, 1.0).joints_camera
    lifter = Lifter()
    lifter.lift(seen(waving(0.9)), np.ones(17), SIZE, 0.9)
    lifter.reset()
    np.testing.assert_array_equal(lifter.lift(seen(waving(1)), np.ones(17), SIZE, 1.0).joints_camera, fresh)
    lifter.lift(seen(waving(7)), np.ones(17), SIZE, 7.0)
    np.testing.assert_array_equal(lifter.lift(seen(waving(1)), np.ones(17), SIZE, 1.0).joints_camera, fresh)


def test_inputs_stay_as_they_were():
    points, scores = seen(waving(0)), np.full(17, 0.5)
    points[4] = np.nan
    before = points.copy(), scores.copy()
    Lifter().lift(points, scores, SIZE, 0.0)
    np.testing.assert_array_equal(points, before[0])
    np.testing.assert_array_equal(scores, before[1])


_ANY = st.floats(width=32, allow_nan=True, allow_infinity=True)


@settings(max_examples=120, deadline=None)
@given(
    frames=st.lists(
        st.tuples(
            hnp.arrays(np.float64, (17, 2), elements=_ANY), hnp.arrays(np.float64, 17, elements=_ANY), _ANY
        ),
        min_size=1,
        max_size=4,
    ),
    size=st.tuples(_ANY, _ANY),
)
def test_garbage_never_raises_and_a_pose_is_whole_or_none(frames, size):
    lifter = Lifter()
    for picture in (size, SIZE):
        for points, scores, time_s in frames:
            lifted = lifter.lift(points, scores, picture, time_s)
            finite = np.isfinite(lifted.joints_camera)
            assert finite.all() or not finite.any()
            assert lifted.root_camera is None or np.isfinite(lifted.root_camera).all()


def test_a_wrong_number_of_keypoints_is_named():
    with pytest.raises(ValueError, match="17"):
        Lifter().lift(np.zeros((133, 2)), np.zeros(133), SIZE, 0.0)


def test_weights_that_are_none_are_named(tmp_path):
    with pytest.raises(LiftError, match=r"no\.npz"):
        Lifter(tmp_path / "no.npz")
    np.savez(tmp_path / "other.npz", w0=np.zeros((3, 4)), b0=np.zeros(4))
    with pytest.raises(LiftError, match="train-lifter"):
        Lifter(tmp_path / "other.npz")


def test_a_real_person_is_upright_with_sides_in_place_and_does_not_snap():
    folder = Path(os.environ.get("MOCAP_REAL") or Path(__file__).resolve().parents[2] / "../shared/data/real")
    path = folder / "balance.packets.jsonl"
    if not path.is_file():
        pytest.skip(f"the real person's packets are not at {path}")
    lifter, poses, flat = Lifter(), [], []
    for line in path.read_text().splitlines():
        packet = json.loads(line)
        points, scores = np.array(packet["keypoints"]), np.array(packet["scores"])
        size = packet["meta"]["frame_size"]
        lifted = lifter.lift(points, scores, size, packet["timestamp"])
        if np.isfinite(lifted.joints_camera).all():
            poses.append(lifted.joints_camera)
            flat.append((points, scores))
    assert len(poses) > 90
    joints = np.stack(poses)
    torso = joints[:, 5:7].mean(1) - joints[:, 11:13].mean(1)
    for pose, (points, scores) in zip(joints, flat, strict=True):
        if scores[[5, 6, 11, 12]].min() > 0.3:
            drawn = points[[5, 6]].mean(0) - points[[11, 12]].mean(0)
            up = pose[[5, 6]].mean(0) - pose[[11, 12]].mean(0)
            tilt = np.degrees(np.arctan2(up[0], -up[1]) - np.arctan2(drawn[0], -drawn[1]))
            assert abs((tilt + 180) % 360 - 180) < 15
        for left, right in ((5, 6), (11, 12)):
            if min(scores[left], scores[right]) > 0.3 and abs(points[left, 0] - points[right, 0]) > 40:
                assert (pose[left, 0] > pose[right, 0]) == (points[left, 0] > points[right, 0])
    steps = [
        np.degrees(np.arccos(np.clip((u[1:] * u[:-1]).sum(-1), -1, 1)))
        for v in [torso, *[joints[:, t] - joints[:, h] for _, h, t in LIMBS]]
        for u in [v / np.linalg.norm(v, axis=-1, keepdims=True)]
    ]
    assert np.median(steps) < 4
    assert np.percentile(steps, 99) < 25

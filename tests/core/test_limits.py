"""Elbows and knees close one way, whatever noise says; what people can do is left as it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mocap_core.rotation import apply, dot, exp, from_rotvec, norm, to_matrix, unit
from mocap_core.solve import body_joints, fit, forward
from mocap_core.solve.binding import END_JOINTS, LOWERS, MID_JOINTS, ROOT_JOINTS, UPPERS, bind
from mocap_core.solve.fit import turns_of
from mocap_core.solve.legs import leg_joints, plant
from mocap_core.solve.limits import bend, limited, ranges, spine_within

LEFT_LEG = 2
FEW_DEG = 3.0
LIMITS = np.radians([[-2.0] * 4, [25.0] * 4])


def bends_deg(b, turns):
    """Flexion (F, 4) of the limbs, negative backwards, and how far they bend sideways."""
    upper, hinge = apply(turns[:, UPPERS], b.upper), apply(turns[:, UPPERS], b.hinge)
    flexion, side = bend(upper, apply(turns[:, LOWERS], b.lower), hinge)
    return np.degrees(flexion), np.degrees(side)


def limb(knee, ankle):
    """Upper, lower and hinge (1, 4, 3) of four left legs, with the knee and ankle there below the hip."""
    upper, lower = unit(np.array(knee, float)), unit(np.subtract(ankle, knee).astype(float))
    return [np.tile(v, (1, 4, 1)) for v in (upper, lower, np.array([1.0, 0, 0]))]


def limited_leg(knee, ankle):
    upper, lower, hinge = limited(*limb(knee, ankle), *LIMITS, np.ones(4), np.ones(4))
    return upper[0, LEFT_LEG], lower[0, LEFT_LEG], hinge[0, LEFT_LEG]


def test_a_knee_that_closes_is_left_alone():
    upper, lower, _ = limited_leg(knee=(0, 0, -1), ankle=(0, 1, -1))  # the character faces −Y
    np.testing.assert_allclose([upper, lower], [[0, 0, -1], [0, 1, 0]], atol=1e-12)


def test_a_knee_bent_forwards_is_straightened_towards_the_ankle():
    # Hip and ankle lie above each other, the knee is 0.6 behind them: 2° of that are left, half for each segment.
    upper, lower, hinge = limited_leg(knee=(0, 0.6, -0.8), ankle=(0, 0, -1.6))
    np.testing.assert_allclose(upper, [0, np.sin(np.radians(1)), -np.cos(np.radians(1))], atol=1e-9)
    np.testing.assert_allclose(lower, [0, -np.sin(np.radians(1)), -np.cos(np.radians(1))], atol=1e-9)
    np.testing.assert_allclose(hinge, [1, 0, 0], atol=1e-12)


def test_a_knee_bent_sideways_keeps_a_little_of_it():
    upper, lower, hinge = limited_leg(knee=(0, 0, -1), ankle=(0.8, 0, -1.6))
    flexion, side = bend(upper, lower, hinge)
    assert np.degrees(flexion) == pytest.approx(0, abs=1e-6) and np.degrees(side) == pytest.approx(25, abs=1e-6)
    np.testing.assert_allclose(unit(upper + lower), unit(np.array([0.8, 0, -1.6])), atol=1e-6)


def test_an_unseen_shin_stays_unseen():
    upper, lower, hinge = limb(knee=(0, 0, -1), ankle=(0, 0.5, -2))
    lower[0, LEFT_LEG] = np.nan
    assert np.isnan(limited(upper, lower, hinge, *LIMITS, np.ones(4), np.ones(4))[1][0, LEFT_LEG]).all()


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    arms_down_deg=st.sampled_from([0.0, 45.0, 80.0]),
    noise_m=st.floats(0.0, 0.4),
    gone=st.floats(0.0, 0.3),
)
def test_no_noise_bends_an_elbow_or_a_knee_backwards(humanoid, seed, arms_down_deg, noise_m, gone):
    random = np.random.default_rng(seed)
    rig = humanoid(arms_down_deg, random.uniform(-np.pi, np.pi, 60))
    b = bind(rig)
    poses = from_rotvec(np.cumsum(random.normal(0, 0.1, (12, len(rig.bones), 3)), axis=0))
    joints = body_joints(rig, forward(rig, poses, np.zeros(3)))
    joints += random.normal(0, noise_m, joints.shape)
    joints[random.random(joints.shape[:2]) < gone] = np.nan
    turns, middle = turns_of(b, joints, None)
    flexion, side = bends_deg(b, turns)
    assert flexion.min() > -FEW_DEG and flexion.max() < 166
    assert np.abs(side).max() < 51
    # As told one frame after another, as live, it holds as well.
    previous = None
    for frame in joints:
        previous, _ = fit(rig, frame, previous)
        local = b.rest_rotation @ to_matrix(previous[b.driven]) @ np.swapaxes(b.rest_rotation, -1, -2)
        lowers = local[b.driven_row[LOWERS]]
        flexion, _ = bend(b.upper, apply(lowers, b.lower), b.hinge)
        assert np.degrees(flexion).min() > -FEW_DEG
    # And feet that are pinned do not pull knees through.
    hips, knees, ankles, _ = leg_joints(b, turns, middle)
    planted = plant(b, turns, hips, knees, ankles + np.clip(random.normal(0, 0.1, ankles.shape), -0.2, 0.2))
    flexion, _ = bends_deg(b, planted)
    unfolded = norm(ankles - hips) > 0.5
    assert flexion[:, 2:][unfolded].min(initial=0) > -FEW_DEG


def test_a_rest_pose_with_knees_bent_back_stays_possible():
    upper, lower, hinge = limb(knee=(0, 0, -1), ankle=(0, -0.12, -2))  # 7° in front of straight
    least, widest = ranges(upper[0], lower[0], hinge[0])
    assert np.degrees(least) == pytest.approx(-6.84, abs=0.01)
    kept = limited(upper, lower, hinge, least, widest, np.ones(4), np.ones(4))
    np.testing.assert_array_equal(kept[1], lower)
    assert not np.allclose(limited(upper, lower, hinge, *LIMITS, np.ones(4), np.ones(4))[1], lower, atol=0.01)


@pytest.mark.parametrize("clip", ["test/walking_1", "test/jumping_1"])
def test_captured_motion_is_left_as_it_is(humanoid, cmu, clip):
    rig, joints = humanoid(), cmu(clip)[0][::2]
    turns, _ = turns_of(bind(rig), joints, None)
    root, mid, end = (joints[:, rows] for rows in (ROOT_JOINTS, MID_JOINTS, END_JOINTS))
    b = bind(rig)
    for slots, rest, wanted in ((UPPERS, b.upper, unit(mid - root)), (LOWERS, b.lower, unit(end - mid))):
        cosine = np.clip(dot(apply(turns[:, slots], rest), wanted), -1, 1)
        assert np.degrees(np.arccos(cosine)).mean() < 0.05


def test_a_spine_twists_and_bends_no_further_than_spines_do():
    within = np.array([[0.3, 0.2, 0.5], [1.4, 0.0, 0.1]])
    np.testing.assert_array_equal(spine_within(within), within)
    twisted = spine_within(np.array([[0.0, 0.0, 2.0]]))
    assert np.degrees(norm(twisted)) == pytest.approx(70)
    assert np.degrees(norm(spine_within(np.array([[3.0, 0.0, 0.0]])))) == pytest.approx(100)
    assert exp(twisted).shape == (1, 3, 3)

"""Fewer keys, within their bound at every frame."""

import numpy as np
import pytest

from mocap_core.reduce import axis_angles_deg, eulers_deg, interpolated, lengths, needed, quaternions_deg
from mocap_core.rotation import axis_angle, from_rotvec, same_hemisphere


def rows(values, apart, bound):
    work = needed(values, apart, bound)
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def dance(count=400, seed=0):
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 12, count)[:, None]
    rotvec = np.sin(t * rng.uniform(0.3, 2, 3)) * [1.2, 0.8, 1.5] + rng.normal(0, 0.002, (count, 3))
    return same_hemisphere(from_rotvec(rotvec))


def test_a_straight_line_needs_its_ends_and_a_corner_itself():
    line = np.stack([np.minimum(np.arange(11.0), 6.0)] * 3, 1)
    assert rows(line, lengths(1000.0), 0.5).tolist() == [0, 6, 10]


def test_what_never_moves_needs_one_key():
    assert rows(np.ones((50, 4)), quaternions_deg, 0.1).tolist() == [0]


def test_one_frame_is_its_key():
    assert rows(np.ones((1, 3)), lengths(1.0), 1.0).tolist() == [0]


@pytest.mark.parametrize("bound_deg", [0.2, 1.0, 5.0])
def test_rotations_stay_within_the_bound_at_every_frame(bound_deg):
    turns = dance()
    keys = rows(turns, quaternions_deg, bound_deg)
    assert quaternions_deg(turns, interpolated(turns, keys)).max() <= bound_deg
    assert len(keys) < 0.7 * len(turns)


def test_a_wider_bound_needs_fewer_keys():
    counts = [len(rows(dance(), quaternions_deg, bound)) for bound in (0.2, 1.0, 5.0)]
    assert counts == sorted(counts, reverse=True) and counts[0] > 2 * counts[2]


def test_axis_angles_stay_within_the_bound():
    values = axis_angle(dance())
    keys = rows(values, axis_angles_deg, 1.0)
    assert axis_angles_deg(values, interpolated(values, keys)).max() <= 1.0
    assert len(keys) < len(values)


def test_angles_between_rotations_are_told_by_hand():
    one, half = np.array([[1.0, 0, 0, 0]]), np.array([[np.cos(0.25), 0, np.sin(0.25), 0]])
    assert quaternions_deg(one, half) == pytest.approx(np.degrees(0.5))
    assert quaternions_deg(one, -one * 3) == pytest.approx(0.0)
    assert axis_angles_deg(np.array([[0.0, 0, 1, 0]]), np.array([[0.5, 0, 2, 0]])) == pytest.approx(np.degrees(0.5))
    assert lengths(1000.0)(np.zeros((1, 3)), np.array([[0.003, 0.004, 0]])) == pytest.approx(5.0)


@pytest.mark.parametrize("order", ["XYZ", "ZXY", "YZX"])
def test_the_bound_on_euler_angles_is_never_less_than_the_true_angle(order):
    from scipy.spatial.transform import Rotation

    rng = np.random.default_rng(1)
    one, other = rng.uniform(-3, 3, (200, 3)), rng.uniform(-0.3, 0.3, (200, 3))
    a, b = Rotation.from_euler(order, one), Rotation.from_euler(order, one + other)
    true_deg = np.degrees((a.inv() * b).magnitude())
    assert (eulers_deg(one, one + other) >= true_deg - 1e-9).all()


def test_a_long_take_is_done_piece_by_piece_and_stays_within_the_bound():
    turns = dance(3000)
    keys = rows(turns, quaternions_deg, 1.0)
    assert keys[0] == 0 and keys[-1] == 2999 and (np.diff(keys) > 0).all()
    assert quaternions_deg(turns, interpolated(turns, keys)).max() <= 1.0 and len(keys) < 600

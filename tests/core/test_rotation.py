"""rotation.py against hand-computed turns and against scipy."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mocap_core import rotation

HALF = np.sqrt(0.5)


@pytest.fixture
def random_rotations():
    return Rotation.random(500, random_state=3)


def wxyz(rotations):
    return rotations.as_quat()[:, [3, 0, 1, 2]]


def test_quarter_turn_about_z_takes_x_to_y():
    q = np.array([HALF, 0, 0, HALF])
    np.testing.assert_allclose(rotation.rotate(q, np.array([1.0, 0, 0])), [0, 1, 0], atol=1e-15)
    np.testing.assert_allclose(rotation.to_matrix(q), [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-15)
    np.testing.assert_allclose(rotation.from_rotvec(np.array([0, 0, np.pi / 2])), q, atol=1e-15)


def test_matrices_and_quaternions_agree_with_scipy(random_rotations):
    q = wxyz(random_rotations)
    np.testing.assert_allclose(rotation.to_matrix(q), random_rotations.as_matrix(), atol=1e-12)
    back = rotation.from_matrix(random_rotations.as_matrix())
    assert rotation.angle_between(back, q).max() < 1e-7
    assert (back[:, 0] >= 0).all()


@pytest.mark.parametrize("axis", np.eye(3))
def test_half_turns_have_quaternions(axis):
    matrix = 2 * np.outer(axis, axis) - np.eye(3)
    np.testing.assert_allclose(np.abs(rotation.from_matrix(matrix)), [0, *axis], atol=1e-12)


def test_products_and_rotation_vectors_agree_with_scipy(random_rotations):
    a, b = random_rotations[:250], random_rotations[250:]
    product = rotation.multiply(wxyz(a), wxyz(b))
    assert rotation.angle_between(product, wxyz(a * b)).max() < 1e-7
    np.testing.assert_allclose(rotation.to_rotvec(wxyz(a)), a.as_rotvec(), atol=1e-9)
    np.testing.assert_allclose(rotation.exp(a.as_rotvec()), a.as_matrix(), atol=1e-12)
    np.testing.assert_allclose(rotation.log(a.as_matrix()), a.as_rotvec(), atol=1e-6)


def test_log_of_no_turn_and_of_half_a_turn_is_finite():
    assert np.array_equal(rotation.log(np.eye(3)), np.zeros(3))
    assert np.isfinite(rotation.log(np.diag([1.0, -1.0, -1.0]))).all()


def test_slerp_goes_the_short_way():
    a = np.array([1.0, 0, 0, 0])
    b = -rotation.from_rotvec(np.array([0, 0, np.pi / 2]))
    np.testing.assert_allclose(
        rotation.angle_between(a, rotation.slerp(a, b, np.array(0.25))), np.pi / 8, atol=1e-12
    )


def test_swing_turns_one_vector_onto_the_other_without_twist(random_rotations):
    a = random_rotations.apply([1, 0, 0])
    b = random_rotations[::-1].apply([0, 1, 0])
    turn = rotation.swing(a, b)
    np.testing.assert_allclose(rotation.apply(turn, a), b, atol=1e-9)
    axis = rotation.cross(a, b)
    np.testing.assert_allclose(rotation.apply(turn, axis), axis, atol=1e-9)


def test_swing_between_opposite_vectors_is_a_half_turn():
    a = np.array([[0.0, 0, 1], [1, 0, 0]])
    turn = rotation.swing(a, -a)
    np.testing.assert_allclose(rotation.apply(turn, a), -a, atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(turn), 1, atol=1e-12)


def test_frame_keeps_x_and_is_right_handed():
    axes = rotation.frame(np.array([0.0, 2, 0]), np.array([1.0, 1, 0]))
    np.testing.assert_allclose(axes, [[0, 1, 0], [1, 0, 0], [0, 0, -1]], atol=1e-12)


def test_twist_is_the_turn_about_the_axis():
    twist = rotation.from_rotvec(np.array([0, 0.5, 0]))
    swing = rotation.from_rotvec(np.array([0.3, 0, -0.2]))
    np.testing.assert_allclose(
        rotation.twist_rad(rotation.multiply(swing, twist), np.array([0.0, 1, 0])), 0.5
    )


def test_same_hemisphere_flips_signs_and_nothing_else():
    q = np.array([[1.0, 0, 0, 0], [-HALF, 0, 0, -HALF], [0, 0, 0, 1.0]])
    fixed = rotation.same_hemisphere(q)
    np.testing.assert_array_equal(fixed, [[1, 0, 0, 0], [HALF, 0, 0, HALF], [0, 0, 0, 1]])
    np.testing.assert_array_equal(rotation.same_hemisphere(q[1:], q[0]), fixed[1:])


def test_zero_vectors_give_no_nan():
    zero = np.zeros(3)
    assert np.array_equal(rotation.unit(zero), zero)
    assert np.array_equal(rotation.from_rotvec(zero), [1, 0, 0, 0])

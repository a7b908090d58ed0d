"""The closed-form two-bone solution against a triangle by hand and against scipy's root finder."""

import numpy as np
from scipy.optimize import fsolve

from mocap_core.solve.two_bone import two_bone


def test_right_angle_by_hand():
    root, knee, target = np.zeros(3), np.array([0.0, -0.2, -0.5]), np.array([0.0, 0.0, -np.sqrt(0.5)])
    middle, end = two_bone(root, knee, target, np.array(0.5), np.array(0.5))
    np.testing.assert_allclose(middle, [0, -np.sqrt(0.125), -np.sqrt(0.125)], atol=1e-9)
    np.testing.assert_allclose(end, target, atol=1e-9)


def test_equations_of_the_limb_solved_by_scipy():
    random = np.random.default_rng(0)
    for _ in range(50):
        upper, lower = random.uniform(0.2, 0.5, 2)
        root, middle = random.normal(size=3), random.normal(size=3)
        along = random.normal(size=3)
        target = root + along / np.linalg.norm(along) * random.uniform(
            abs(upper - lower) * 1.05, (upper + lower) * 0.99
        )
        found, end = two_bone(root, middle, target, np.array(upper), np.array(lower))
        normal = np.cross(target - root, middle - root)

        def equations(p, upper=upper, lower=lower, root=root, target=target, normal=normal):
            return [
                np.linalg.norm(p - root) - upper,
                np.linalg.norm(p - target) - lower,
                normal @ (p - root),
            ]

        pole = middle - root
        side = pole - (target - root) * (pole @ (target - root)) / ((target - root) @ (target - root))
        start = root + (target - root) / 2 + side / np.linalg.norm(side) * upper
        oracle = fsolve(equations, start, xtol=1e-12)
        np.testing.assert_allclose(equations(oracle), 0, atol=1e-8)
        np.testing.assert_allclose(found, oracle, atol=1e-6)
        np.testing.assert_allclose(end, target, atol=1e-9)


def test_out_of_reach_is_approached_along_its_line():
    middle, end = two_bone(
        np.zeros(3), np.array([0.1, 0, 0.4]), np.array([0.0, 0, 3]), np.array(0.4), np.array(0.5)
    )
    assert 0.895 < end[2] <= 0.9 and abs(end[0]) < 1e-9
    np.testing.assert_allclose(np.linalg.norm(middle), 0.4, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(end - middle), 0.5, atol=1e-9)


def test_degenerate_limbs_stay_finite():
    for middle, target in (((0, 0, 0.4), (0, 0, 0.7)), ((0.1, 0, 0.4), (0, 0, 0)), ((0, 0, 0), (0, 0, 0))):
        out = two_bone(
            np.zeros(3), np.array(middle, float), np.array(target, float), np.array(0.4), np.array(0.4)
        )
        assert np.isfinite(out).all()

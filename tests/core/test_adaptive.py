"""The live filter: still where the person is, quick where they move, and as noisy as the measurements are."""

import numpy as np
import pytest

from mocap_core import adaptive
from mocap_core.adaptive import Smoothed

DT = 1 / 30
PROMISED = np.array([0.016])


def live(measured, heaviness=1.0, promised=PROMISED, steps_s=None):
    """Positions (F, 3), and the chance that the point rests (F,), of measurements (F, 3)."""
    points = Smoothed.initial(1)
    positions, still = [], []
    for number, row in enumerate(measured):
        step_s = (DT if number else 0.0) if steps_s is None else steps_s[number]
        points = adaptive.follow(points, row[None], promised, step_s, heaviness)
        positions.append(points.position[0])
        still.append(points.still[0])
    return np.array(positions), np.array(still)


def drain(generator):
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


@pytest.fixture
def resting():
    return np.random.default_rng(3).normal(0, 0.015, (240, 3))


def test_a_point_at_rest_hardly_moves(resting):
    positions, still = live(resting)
    moved = np.linalg.norm(np.diff(positions[45:], axis=0), axis=-1)
    assert moved.mean() < 0.0015 and np.linalg.norm(np.diff(resting, axis=0), axis=-1).mean() > 0.03
    assert still[45:].mean() > 0.95


def test_a_point_that_sets_off_is_followed_soon(resting):
    measured = resting.copy()
    measured[120:, 0] += 1.0 * DT * np.arange(1, 121)  # 1 m/s
    positions, still = live(measured)
    assert still[125:].mean() < 0.2
    late = measured[126:, 0] - positions[126:, 0]
    assert np.abs(late.mean()) < 0.02  # 20 ms at that speed


def test_zero_heaviness_is_raw(resting):
    np.testing.assert_allclose(live(resting, 0.0)[0], resting, atol=1e-4)


def test_exact_measurements_are_hardly_smoothed():
    t = np.arange(120) * DT
    swing = np.stack((0.3 * np.sin(6 * t), 0.2 * np.cos(5 * t), 0 * t), axis=-1)
    positions, _ = live(swing)
    assert np.abs(positions - swing)[60:].max() < 0.012


@pytest.mark.parametrize("sigma", [0.004, 0.016, 0.04])
def test_noise_is_told_from_the_measurements_at_any_rate(sigma):
    random = np.random.default_rng(5)
    steps_s = np.concatenate(([0.0], random.uniform(0.5, 1.5, 299) * DT))
    t = np.cumsum(steps_s)
    swing = np.stack((0.2 * np.sin(4 * t), 0.1 * t, 0 * t), axis=-1)
    points = Smoothed.initial(1)
    seen = []
    for row, step_s in zip(swing + random.normal(0, sigma, swing.shape), steps_s, strict=True):
        points = adaptive.follow(points, row[None], PROMISED, step_s)
        seen.append(points.noise)
    assert np.mean(seen[90:]) * PROMISED[0] == pytest.approx(sigma, rel=0.3)


def test_a_lost_point_is_taken_up_anew_where_it_is_seen_again(resting):
    points = Smoothed.initial(1)
    for row in resting[:30]:
        points = adaptive.follow(points, row[None], PROMISED, DT)
    for _ in range(10):
        points = adaptive.forget(adaptive.follow(points, np.full((1, 3), np.nan), PROMISED, DT), 0.2)
    assert np.isnan(points.position).all()
    points = adaptive.follow(points, np.array([[1.0, 2.0, 3.0]]), PROMISED, DT)
    np.testing.assert_allclose(points.position, [[1, 2, 3]])


def test_a_finished_take_has_no_lag_and_rests_where_the_person_does(resting):
    t = np.arange(240) * DT
    true = np.zeros((240, 3))
    true[:, 0] = np.where(t > 4, 0.3 * (1 - np.cos(5 * (t - 4))), 0.0)
    position, _ = drain(adaptive.smooth((true + resting)[:, None], np.full((240, 1), 0.016), t))
    position = position[:, 0]
    assert np.linalg.norm(np.diff(position[10:110], axis=0), axis=-1).mean() < 0.0005
    assert np.abs(position - true)[125:].mean() < 0.6 * np.abs(resting)[125:].mean()
    shifts = range(-4, 5)
    errors = [np.abs(position[130:230] - true[130 - s : 230 - s]).mean() for s in shifts]
    assert shifts[int(np.argmin(errors))] == 0


def test_nothing_given_is_changed(resting):
    points = Smoothed.initial(1)
    for row in resting[:8]:
        points = adaptive.follow(points, row[None], PROMISED, DT)
    kept = [a.copy() for a in (points.position, points.still, points.noise, points.rest, points.moving.position)]
    adaptive.forget(adaptive.follow(points, resting[8:9], PROMISED, DT), 0.0)
    now = (points.position, points.still, points.noise, points.rest, points.moving.position)
    for after, before in zip(now, kept, strict=True):
        np.testing.assert_array_equal(after, before)

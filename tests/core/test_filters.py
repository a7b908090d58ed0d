"""Filters against a matrix Kalman filter and smoother written out in full, and by what they are for."""

import numpy as np
import pytest

from mocap_core import filters
from mocap_core.filters import Track

DT = 1 / 30


def drain(generator):
    while True:
        try:
            next(generator)
        except StopIteration as end:
            return end.value


def live(measured, noise):
    track = Track.initial(measured.shape[1])
    out = []
    for i, row in enumerate(measured):
        track = filters.correct(filters.predict(track, DT if i else 0.0), row, noise[i])
        out.append(track.position)
    return np.array(out)


@pytest.fixture
def walk():
    """Measured and true positions (90, 1, 3) of a point that swings, with 10 mm of noise."""
    random = np.random.default_rng(1)
    t = np.arange(90) * DT
    true = np.stack((0.4 * np.sin(4 * t), 0.1 * t, 0.2 * np.cos(3 * t)), axis=-1)[:, None]
    return true + random.normal(0, 0.01, true.shape), true


def test_filter_and_smoother_equal_the_textbook_matrices(walk):
    measured, _ = walk
    noise = np.full((len(measured), 1), 0.01)
    f = np.array([[1, DT], [0, 1]])
    q = filters.ACCELERATION_PSD * np.array([[DT**3 / 3, DT**2 / 2], [DT**2 / 2, DT]])
    h = np.array([[1.0, 0]])
    x, p = np.array([measured[0, 0, 0], 0.0]), np.diag([0.01**2, filters.START_SPEED_M_S**2])
    xs, ps, predicted = [x], [p], [None]
    for z in measured[1:, 0, 0]:
        xp, pp = f @ x, f @ p @ f.T + q
        k = pp @ h.T / (h @ pp @ h.T + 0.01**2)
        x, p = xp + k[:, 0] * (z - xp[0]), (np.eye(2) - k @ h) @ pp
        xs.append(x), ps.append(p), predicted.append((xp, pp))
    np.testing.assert_allclose(live(measured, noise)[:, 0, 0], [x[0] for x in xs], atol=1e-9)

    smoothed = [xs[-1]]
    for i in range(len(xs) - 2, -1, -1):
        xp, pp = predicted[i + 1]
        g = ps[i] @ f.T @ np.linalg.inv(pp)
        smoothed.insert(0, xs[i] + g @ (smoothed[0] - xp))
    position, velocity = drain(filters.smooth(measured, noise, np.arange(90) * DT))
    np.testing.assert_allclose(position[:, 0, 0], [s[0] for s in smoothed], atol=1e-6)
    np.testing.assert_allclose(velocity[:, 0, 0], [s[1] for s in smoothed], atol=1e-4)


def test_both_filters_reduce_noise_and_the_smoother_has_no_lag(walk):
    measured, true = walk
    noise = filters.noise_m(np.ones((90, 1)))
    raw = np.abs(measured - true).mean()
    position, _ = drain(filters.smooth(measured, noise, np.arange(90) * DT))
    assert np.abs(live(measured, noise) - true)[10:].mean() < raw
    assert np.abs(position - true).mean() < 0.6 * raw


def test_no_noise_is_raw(walk):
    measured, _ = walk
    np.testing.assert_allclose(live(measured, np.zeros((90, 1))), measured, atol=1e-6)


def test_unseen_points_coast_to_a_stop(walk):
    measured, _ = walk
    track = Track.initial(1)
    for row in measured[:20]:
        track = filters.correct(filters.predict(track, DT), row, np.array([0.01]))
    speed = np.linalg.norm(track.velocity)
    lost = track
    for _ in range(60):
        lost = filters.correct(filters.predict(lost, DT), np.full((1, 3), np.nan), np.array([0.01]))
    assert np.linalg.norm(lost.velocity) < 0.01 * speed
    assert np.linalg.norm(lost.position - track.position) <= speed * (filters.UNSEEN_DAMPING_S + DT)
    assert np.isfinite(lost.position).all()


def test_low_scores_pull_less():
    track = filters.correct(Track.initial(2), np.zeros((2, 3)), np.array([0.01, 0.01]))
    noise = filters.noise_m(np.array([0.9, 0.1]))
    moved = filters.correct(filters.predict(track, DT), np.ones((2, 3)), noise).position[:, 0]
    assert moved[0] > 1.2 * moved[1] > 0


def test_smoother_bridges_gaps_and_rests_at_the_ends():
    t = np.arange(60) * DT
    measured = np.stack((t, 0 * t, 0 * t), axis=-1)[:, None]
    measured[:10] = np.nan
    measured[30:36] = np.nan
    position, _ = drain(filters.smooth(measured, np.full((60, 1), 0.01), t))
    np.testing.assert_allclose(position[30:36, 0, 0], t[30:36], atol=0.03)
    np.testing.assert_allclose(position[0, 0, 0], t[10], atol=0.05)
    never = np.full((60, 1, 3), np.nan)
    assert np.isnan(drain(filters.smooth(never, np.full((60, 1), 0.01), t))[0]).all()


def test_resampling_is_exact_on_a_cubic_and_holds_outside():
    t = np.array([0.0, 0.1, 0.3, 0.4])
    values, slopes = (t**3)[:, None], (3 * t**2)[:, None]
    at = np.array([-1.0, 0.05, 0.2, 0.35, 2.0])
    np.testing.assert_allclose(
        filters.resample(values, slopes, t, at)[:, 0], [0, 0.05**3, 0.2**3, 0.35**3, 0.4**3], atol=1e-12
    )
    single = filters.resample(values[:1], slopes[:1], t[:1], at)
    np.testing.assert_array_equal(single, np.zeros((5, 1)))


def test_old_tracks_are_left_alone(walk):
    measured, _ = walk
    track = filters.correct(Track.initial(1), measured[0], np.array([0.01]))
    kept = [a.copy() for a in (track.position, track.velocity, track.covariance, track.unseen_s)]
    filters.correct(filters.predict(track, DT), measured[1], np.array([0.01]))
    for now, before in zip(
        (track.position, track.velocity, track.covariance, track.unseen_s), kept, strict=True
    ):
        np.testing.assert_array_equal(now, before)

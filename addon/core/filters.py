"""Smoothing of points over time: a constant-velocity Kalman filter, live and, on a finished take, both ways.

Each of K points has a position and a velocity in 3D and one covariance for its three axes. Everything is an
array over the points; functions return new states and leave the old ones as they were. Source: the discrete
white-noise-acceleration model, Bar-Shalom et al., Estimation with Applications to Tracking and Navigation
(2001), 6.3; the smoother of Rauch, Tung and Striebel (1965).
"""

import math
from dataclasses import dataclass

import numpy as np

ACCELERATION_PSD = 0.83  # m²/s³; people's joints: 5 m/s² a frame at 30 fps
START_SPEED_M_S = 1.0
SURPRISE = 5.0
LONGEST_STEP_S = 1.0  # a longer pause tells no more of a motion than this
UNSEEN_DAMPING_S = 0.15  # a point that nobody sees coasts to a stop in about this time


@dataclass(frozen=True, eq=False)
class Track:
    """Where K points are believed to be.

    position, velocity: (K, 3) m, m/s; NaN for a point not seen so far. covariance: (K, 3) position²,
    position·velocity, velocity². unseen_s: (K,) since the point was last measured.
    """

    position: np.ndarray
    velocity: np.ndarray
    covariance: np.ndarray
    unseen_s: np.ndarray

    @classmethod
    def initial(cls, count, axes=3):
        nan = np.full((count, axes), np.nan)
        return cls(nan, np.zeros((count, axes)), np.zeros((count, 3)), np.full(count, np.inf))


def noise_m(scores):
    """(K,) standard deviation to expect of measurements with these scores, metres."""
    return 0.016 * np.clip(0.7 / np.maximum(scores, 1e-3), 0.8, 6.0)


def predict(track, dt_s, liveliness=1.0):
    """The track dt_s later, without a measurement. liveliness: how much is to be expected of the points' motion, (K,)
    or one number; 1 is what people do."""
    decay, reach = _coasting(track, dt_s)
    pp, pv, vv = track.covariance.T
    q = ACCELERATION_PSD * liveliness
    covariance = np.empty_like(track.covariance)
    covariance[:, 0] = pp + 2 * reach * pv + reach * reach * vv + q * dt_s**3 / 3
    covariance[:, 1] = decay * (pv + reach * vv) + q * dt_s**2 / 2
    covariance[:, 2] = decay * decay * vv + q * dt_s
    return Track(
        track.position + track.velocity * reach[:, None],
        track.velocity * decay[:, None],
        covariance,
        track.unseen_s + dt_s,
    )


def correct(track, measured, noise):
    """The track with measurements (K, 3), NaN where there is none, of standard deviation noise (K,).

    One that lies further off than SURPRISE standard deviations is trusted less, as a detector's mistake
    would be.
    """
    seen = np.isfinite(measured[:, 0])
    fresh = seen & ~np.isfinite(track.position[:, 0])
    pp, pv, vv = track.covariance.T
    variance = np.maximum(noise * noise, 1e-12)
    known = seen & ~fresh
    error = np.where(known[:, None], measured - track.position, 0.0)
    surprise = np.einsum("ki,ki->k", error, error) / (SURPRISE**2 * (pp + variance))
    gain = np.where(seen, 1.0 / (pp + variance * np.maximum(surprise, 1.0)), 0.0)
    k, kv = pp * gain, pv * gain
    position = track.position + k[:, None] * error
    velocity = track.velocity + kv[:, None] * error
    covariance = np.empty_like(track.covariance)
    covariance[:, 0] = (1 - k) * pp
    covariance[:, 1] = (1 - k) * pv
    covariance[:, 2] = vv - kv * pv
    if fresh.any():
        position[fresh] = measured[fresh]
        velocity[fresh] = 0.0
        covariance[fresh] = np.stack(
            (variance, np.zeros_like(variance), np.full_like(variance, START_SPEED_M_S**2)), -1
        )[fresh]
    return Track(position, velocity, covariance, np.where(seen, 0.0, track.unseen_s))


def smooth(measured, noise, times_s, liveliness=None, slice_frames=48):
    """Positions and velocities (N, K, 3) that use the measurements before and after each moment: no lag.

    measured: (N, K, axes) NaN where missing. noise: (N, K) m. times_s: (N,) rising. liveliness: (N, K) as in `predict`,
    of the step to each moment; 1 if None. A generator: yields after
    every slice_frames of work and returns the two arrays. Gaps are bridged; before a point's first
    measurement and after its last one it rests where it was then; one that is never seen stays NaN.
    """
    count, points, axes = measured.shape
    if liveliness is None:
        liveliness = np.ones((count, points))
    measured = _fill_start(measured)
    steps_s = np.minimum(np.diff(times_s), LONGEST_STEP_S).tolist()
    track = correct(Track.initial(points, axes), measured[0], noise[0])
    predicted, corrected = [track], [track]
    for i in range(1, count):
        track = predict(track, steps_s[i - 1], liveliness[i])
        predicted.append(track)
        track = correct(track, measured[i], noise[i])
        corrected.append(track)
        if i % slice_frames == 0:
            yield
    position = np.empty(measured.shape)
    velocity = np.empty(measured.shape)
    position[-1], velocity[-1] = track.position, track.velocity
    corrected.pop()
    for i in range(count - 2, -1, -1):
        now, ahead = corrected.pop(), predicted.pop()  # so that not all are freed at once in the end
        decay, reach = _coasting(now, steps_s[i])
        pp, pv, vv = now.covariance.T
        a, b, d = ahead.covariance.T  # predicted [[a, b], [b, d]]
        inverse = 1.0 / np.maximum(a * d - b * b, 1e-18)
        # now.P · Fᵀ, rows position and velocity.
        c00, c01 = pp + reach * pv, decay * pv
        c10, c11 = pv + reach * vv, decay * vv
        g00, g01 = (c00 * d - c01 * b) * inverse, (c01 * a - c00 * b) * inverse
        g10, g11 = (c10 * d - c11 * b) * inverse, (c11 * a - c10 * b) * inverse
        dp = position[i + 1] - ahead.position
        dv = velocity[i + 1] - ahead.velocity
        position[i] = now.position + g00[:, None] * dp + g01[:, None] * dv
        velocity[i] = now.velocity + g10[:, None] * dp + g11[:, None] * dv
        if i % slice_frames == 0:
            yield
    return position, velocity


def _coasting(track, dt_s):
    """What is left of each point's velocity after dt_s, and the seconds of it that it moves by."""
    damped = track.unseen_s > 0
    left = math.exp(-dt_s / UNSEEN_DAMPING_S)
    return np.where(damped, left, 1.0), np.where(damped, UNSEEN_DAMPING_S * (1.0 - left), dt_s)


def _fill_start(measured):
    """measured with each point's first measurement repeated at the first moment, so that every track starts
    there."""
    seen = np.isfinite(measured[..., 0])
    late = seen.any(axis=0) & ~seen[0]
    if not late.any():
        return measured
    measured = measured.copy()
    first = seen.argmax(axis=0)
    points = np.flatnonzero(late)
    measured[0, points] = measured[first[points], points]
    return measured


def resample(values, slopes, times_s, at_s, longest_s=0.25):
    """values (N, …) at other times (M,): cubic Hermite with the slopes (N, …), linear over gaps beyond
    longest_s.

    Outside the times the first and the last value hold.
    """
    at = np.clip(at_s, times_s[0], times_s[-1])
    if len(times_s) == 1:
        return np.repeat(values, len(at), axis=0)
    i = np.clip(np.searchsorted(times_s, at, side="right") - 1, 0, len(times_s) - 2)
    step = times_s[i + 1] - times_s[i]
    shape = (-1,) + (1,) * (values.ndim - 1)
    t = ((at - times_s[i]) / step).reshape(shape)
    a, b = values[i], values[i + 1]
    linear = a + (b - a) * t
    h = step.reshape(shape)
    bend = t * (1 - t) * ((1 - t) * (slopes[i] * h - (b - a)) - t * (slopes[i + 1] * h - (b - a)))
    return linear + np.where(h <= longest_s, bend, 0.0)

"""Points smoothed as they move: hard while they rest, hardly while they are on their way, by the noise that they show.

Two models run side by side and the measurements choose between them, point by point: one at rest, whose place is a
running mean, and one that moves, `filters`' constant-velocity Kalman filter. Source: the interacting multiple model
estimator, Bar-Shalom et al., Estimation with Applications to Tracking and Navigation (2001), 11.6. How noisy a
coordinate is, compared with what its score promises, is told by its third differences, in which motion hardly shows.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from . import filters
from .filters import Track

REST_S = 4.0  # over which a resting point's place is averaged
REST_LASTS_S, MOTION_LASTS_S = 15.0, 0.3  # how long either goes on, as a rule
MOST_EVIDENCE = 3.0  # natural logarithms that one measurement may say for either
NOISE_MEMORY_S = 1.0
FIRST_MEMORY_S = 0.4  # what is taken for noise at first counts as much as this
LEAST_NOISE, MOST_NOISE = 0.05, 4.0  # in shares of what the score promises
FIRST_NOISE = 0.8
STILL_LIVELINESS = 1e-4  # of points at rest, in a finished take
NOTICED_S = 0.2  # after which motion has been told from noise
LIGHT = 0.1  # below this heaviness a resting point is let go, more and more
_ARRAY_SLICE = 1500  # frames of what numpy does to all of them
_EXTREME = 3.0  # a third difference counts as this many standard deviations at most


@dataclass(frozen=True, eq=False)
class Smoothed:
    """What is believed of K points.

    position, velocity: (K, 3) m, m/s; NaN for a point not seen so far. still: (K,) chance that it rests. unseen_s:
    (K,) since it was last measured. The rest is the filter's own: the two models, how noisy each coordinate is, the
    last measurements, and for how long it has gone on.
    """

    position: np.ndarray
    velocity: np.ndarray
    still: np.ndarray
    unseen_s: np.ndarray
    moving: Track  # of 3 K coordinates
    rest: np.ndarray
    rest_variance: np.ndarray
    noise: np.ndarray
    recent: tuple
    age_s: float = 0.0

    @classmethod
    def initial(cls, count, noise=FIRST_NOISE):
        """Nothing is known yet. noise: (count,) or one, taken at first, in shares of what the score promises."""
        nan = np.full((count, 3), np.nan)
        return cls(
            nan, np.zeros((count, 3)), np.full(count, 0.5), np.full(count, np.inf), Track.initial(3 * count, 1), nan,
            np.zeros((count, 3)), np.broadcast_to(np.reshape(noise, (-1, 1)), (count, 3)), (),
        )  # fmt: skip


def follow(before, measured, promised, dt_s, heaviness=1.0, lasting=1.0):
    """The points dt_s later, with measurements (K, 3), NaN where there is none.

    promised: (K,) their standard deviations by their scores, metres. heaviness: 0 gives raw measurements, 1 takes them
    for as noisy as they are. lasting: (K,) or one, how much larger errors' variance is than their trembling tells, as
    they last from measurement to measurement; what tells rest from motion allows for it.
    """
    count = len(measured)
    fresh = np.isfinite(measured[:, 0]) & ~np.isfinite(before.position[:, 0])
    seen = np.isfinite(measured[:, 0])
    recent = (*before.recent[-3:], (measured, promised, dt_s))
    noise = _noise(before.noise, recent, dt_s, before.age_s)
    sigma = heaviness * noise * promised[:, None]
    variance = np.maximum(sigma * sigma, 1e-12)

    # How likely each model is now, before the measurement, and what it starts from.
    stays = math.exp(-dt_s / REST_LASTS_S)
    goes_on = np.exp(-dt_s / (MOTION_LASTS_S * np.sqrt(np.sqrt(lasting))))  # lasting errors look like rest
    still = before.still * stays + (1 - before.still) * (1 - goes_on)
    moving, rest, rest_variance = _mixed(before, still, stays, goes_on)
    moving = filters.predict(moving, dt_s)
    share = 1 - math.exp(-dt_s / REST_S)
    rest_variance = rest_variance + variance * (share * share)

    predicted = moving.position.reshape(count, 3)
    shaking = variance * np.reshape(lasting, (-1, 1))
    spread = moving.covariance[:, 0].reshape(count, 3) + shaking
    rest_spread = rest_variance + shaking
    error, rest_error = measured - predicted, measured - rest
    error[np.isnan(error)] = rest_error[np.isnan(rest_error)] = 0.0
    evidence = 0.5 / np.sqrt(lasting) * np.add.reduce(
        error * error / spread - rest_error * rest_error / rest_spread + np.log(spread / rest_spread), -1
    )
    odds = np.exp(np.clip(evidence, -MOST_EVIDENCE, MOST_EVIDENCE))
    known = seen & ~fresh
    still = np.where(known, still * odds / (still * odds + 1 - still), np.where(fresh, 0.5, before.still))

    moving = filters.correct(moving, measured.reshape(-1, 1), sigma.reshape(-1))
    gain = np.where(known[:, None], rest_variance / rest_spread, 0.0)
    rest = rest + gain * rest_error
    rest_variance = (1 - gain) * rest_variance
    if fresh.any():
        rest, rest_variance = rest.copy(), rest_variance.copy()
        rest[fresh], rest_variance[fresh] = measured[fresh], variance[fresh]
    place = moving.position.reshape(count, 3)
    chance = (still * still * (3 - 2 * still))[:, None]  # a slight doubt shakes nothing
    chance = chance * min(1.0, heaviness / LIGHT)
    position = place + chance * (rest - place)
    velocity = moving.velocity.reshape(count, 3) * (1 - chance)
    unseen_s = np.where(seen, 0.0, before.unseen_s + dt_s)
    age_s = before.age_s + dt_s
    return Smoothed(position, velocity, still, unseen_s, moving, rest, rest_variance, noise, recent, age_s)


def lag_s(points, heaviness, rows):
    """By how much the filter is late now, seconds, on these rows' motion: its phase delay at one swing a second.

    Once per measurement the moving model adds a share of the error to the place and another to the speed; both follow
    from what it believes of itself. The mean over the rows' coordinates; 0 where nothing is known yet.
    """
    if not points.recent:
        return 0.0
    _, promised, dt_s = points.recent[-1]
    sigma = np.maximum(heaviness * points.noise * promised[:, None], 1e-6)[rows]
    covariance = points.moving.covariance.reshape(len(promised), 3, 3)[rows]
    known = np.isfinite(points.position[rows]) & (covariance[..., 0] > 0)
    if dt_s <= 0 or not known.any():
        return 0.0
    place, speed = covariance[..., 0] / sigma**2, covariance[..., 1] / sigma**2 * dt_s
    return float(np.mean(_delay_s(place[known], speed[known], dt_s)))


def usual_lag_s(promised, heaviness, dt_s):
    """The same at measurements every dt_s that are as noisy as promised, metres."""
    track, sigma = Track.initial(1, 1), np.array([max(heaviness * promised, 1e-6)])
    for _ in range(round(2 / dt_s)):
        track = filters.correct(filters.predict(track, dt_s), np.zeros((1, 1)), sigma)
    gain = track.covariance[0] / sigma**2
    return float(_delay_s(gain[0], gain[1] * dt_s, dt_s))


def _delay_s(alpha, beta, dt_s):
    z = np.exp(-2j * np.pi * dt_s)
    response = (alpha + (beta - alpha) * z) / (1 - (2 - alpha - beta) * z + (1 - alpha) * z * z)
    return -np.angle(response) / (2 * np.pi)


def forget(points, unseen_s):
    """The points without those that were not measured for longer than unseen_s."""
    lost = points.unseen_s > unseen_s
    if not lost.any() or not np.isfinite(points.position[lost]).any():
        return points
    position, rest = points.position.copy(), points.rest.copy()
    position[lost] = rest[lost] = np.nan
    coordinates = points.moving.position.copy()
    coordinates[np.repeat(lost, 3)] = np.nan
    return replace(points, position=position, rest=rest, moving=replace(points.moving, position=coordinates))


def smooth(measured, promised, times_s, heaviness=1.0, lasting=1.0, slice_frames=48):
    """Positions and velocities (N, K, 3) of a finished take, with no lag: what rests is told by going through it once,
    and then everything is smoothed both ways in time.

    measured: (N, K, 3), NaN where missing. promised: (N, K) m. times_s: (N,) rising. heaviness, lasting: as of
    `follow`. A generator: yields after every slice_frames of work.
    """
    count, points = measured.shape[:2]
    state = Smoothed.initial(points)
    noise, motion = np.empty(measured.shape), np.empty((count, points))
    steps_s = np.minimum(np.diff(times_s, prepend=times_s[0]), filters.LONGEST_STEP_S).tolist()
    for i in range(count):
        state = follow(state, measured[i], promised[i], steps_s[i], heaviness, lasting)
        noise[i] = state.noise
        motion[i] = 1 - state.still
        if i % slice_frames == slice_frames - 1:
            yield
    first = min(count - 1, int(np.searchsorted(times_s, times_s[0] + NOISE_MEMORY_S)))
    noise[:first] = noise[first]
    yield
    motion = yield from _noticed_earlier(motion, times_s)
    sigma, liveliness = np.empty((count, 3 * points)), np.empty((count, 3 * points))
    for begin in range(0, count, _ARRAY_SLICE):
        rows = slice(begin, begin + _ARRAY_SLICE)
        sigma[rows] = (heaviness * noise[rows] * promised[rows, :, None]).reshape(-1, 3 * points)
        liveliness[rows] = np.repeat(motion[rows] ** 2 + STILL_LIVELINESS, 3, axis=1)
        yield
    position, velocity = yield from filters.smooth(
        measured.reshape(count, -1, 1), sigma, times_s, liveliness, slice_frames
    )
    return position.reshape(measured.shape), velocity.reshape(measured.shape)


def _noticed_earlier(motion, times_s):
    """motion (N, K) with each moment's as large as any within the time that a filter takes to notice it.
    A generator that yields now and then."""
    out = motion.copy()
    for shift in range(1, len(motion)):
        near = times_s[shift:] - times_s[:-shift] <= NOTICED_S
        if not near.any():
            break
        out[:-shift] = np.where(near[:, None], np.maximum(out[:-shift], motion[shift:]), out[:-shift])
        yield
    return out


def _mixed(before, still, stays, goes_on):
    """Both models' starts: each takes up, from the other, what may just have changed over to it."""
    count = len(still)
    place = before.moving.position.reshape(count, 3)
    apart = place - before.rest
    # Of those at rest now, the share that was moving; of those moving now, the share that was at rest.
    halted = ((1 - before.still) * (1 - goes_on) / np.maximum(still, 1e-12))[:, None]
    started = (before.still * (1 - stays) / np.maximum(1 - still, 1e-12))[:, None]
    covariance = before.moving.covariance.reshape(count, 3, 3)  # of coordinates; position², pv, velocity²
    rest = before.rest + halted * apart
    spread = halted * (1 - halted) * apart * apart
    rest_variance = before.rest_variance + halted * (covariance[..., 0] - before.rest_variance) + spread
    velocity = before.moving.velocity.reshape(count, 3)
    mixed = np.empty_like(covariance)
    across = started * (1 - started)
    mixed[..., 0] = covariance[..., 0] * (1 - started) + started * before.rest_variance + across * apart * apart
    mixed[..., 1] = covariance[..., 1] * (1 - started) + across * apart * velocity
    mixed[..., 2] = (
        covariance[..., 2] * (1 - started) + started * filters.START_SPEED_M_S**2 + across * velocity * velocity
    )
    moving = replace(
        before.moving,
        position=(place - started * apart).reshape(-1, 1),
        velocity=(velocity * (1 - started)).reshape(-1, 1),
        covariance=mixed.reshape(-1, 3),
    )
    return moving, rest, rest_variance


def _noise(noise, recent, dt_s, age_s):
    """How noisy coordinates (K, 3) are, in shares of what was promised, from the last four measurements.

    The third divided difference of a motion with a steady acceleration is 0, whatever the times; noise of variance 1
    gives 1 once it is divided by the root of its weights' squares.
    """
    if len(recent) < 4:
        return noise
    one, two, three = (step_s for _, _, step_s in recent[1:])
    apart = (one * (one + two) * (one + two + three), one * two * (two + three), two * three * (one + two),
             three * (two + three) * (one + two + three))  # fmt: skip
    if not all(apart):
        return noise
    weights = [sign / product for sign, product in zip((-1, 1, -1, 1), apart, strict=True)]
    length = math.hypot(*weights)
    shown = sum(
        measured * (weight / length / promised)[:, None]
        for weight, (measured, promised, _) in zip(weights, recent, strict=True)
    )
    shown = np.minimum(shown * shown, (_EXTREME * noise) ** 2)
    memory = 1 - math.exp(-dt_s / min(NOISE_MEMORY_S, age_s + FIRST_MEMORY_S))
    square = noise * noise
    square = np.where(np.isfinite(shown), square + (shown - square) * memory, square)
    return np.clip(np.sqrt(square), LEAST_NOISE, MOST_NOISE)

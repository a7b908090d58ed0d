"""Bending virtual people's limbs further than the clips do, within what bodies can.

Owns rotating, crouching, reaching and flexing of directions given in the body's frames: x to its
left, y up, z forward. Arrays are (B, T, side, upper and lower, 3): B people at T moments. `ago` (B, T) is how long
ago a moment is, from 0, now, to 1, when the bending began.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray
_DEG = np.float32(np.pi / 180)


def rotate(v: Array, rotvec: Array) -> Array:
    """Vectors (…, 3) turned by rotation vectors (…, 3); both broadcast."""
    angle = np.sqrt(dot(rotvec, rotvec))
    k = rotvec / np.maximum(angle, 1e-8)
    c, s = np.cos(angle), np.sin(angle)
    return v * c + cross(k, v) * s + k * (dot(k, v) * (1 - c))


def crouch(rng, legs, ago):
    """Bend some people's knees and hips together, as before a jump: legs, and the lean (B, T) in radians."""
    count = len(legs)
    deep = (rng.random(count) < 0.35) * rng.uniform(0, 80, count)
    ease = 1 + ago * rng.normal(0, 0.5, (count, 1))
    thigh = (deep[:, None] * np.clip(ease, 0, 1.3)).astype(np.float32) * _DEG
    lean = thigh * rng.uniform(0, 0.9, (count, 1)).astype(np.float32)
    shin = thigh * rng.uniform(0.2, 1.3, (count, 1)).astype(np.float32)
    x = np.array([1, 0, 0], np.float32)
    turn = np.stack([-(thigh + lean), shin - lean], -1)  # in the pelvis, which leans forward itself
    return rotate(legs, x * turn[:, :, None, :, None]), lean


def bend_legs(rng, legs, ago):
    count = len(legs)
    sit = rng.random(count) < 0.05
    down = np.array([[[0, -0.2, 0.98], [0, -1, 0]]] * 2, np.float32)
    legs = legs.copy()
    legs[sit] = down + 0.08 * rng.standard_normal((sit.sum(), 1, 2, 2, 3)).astype(np.float32)
    legs[sit] = unit(legs[sit])
    swing = np.stack([wander(rng, count, ago, 11) for _ in range(2)], 2)
    legs = rotate(legs, swing[:, :, :, None])
    hinge = np.array([1, 0, 0], np.float32)
    return _flex(rng, legs, hinge, 13 * _DEG, 150 * _DEG)


def bend_arms(rng, arms, ago):
    count = len(arms)
    arms = _reach(rng, arms, ago)
    swing = np.stack([wander(rng, count, ago, 13) for _ in range(2)], 2)
    far = rng.random((count, 2)) < 0.12
    big = np.stack([wander(rng, count, ago, 45) for _ in range(2)], 2)
    swing = swing + big * far[:, None, :, None]
    arms = rotate(arms, swing[:, :, :, None])
    # No arm reaches far behind the back: mirror those that would.
    behind = (arms[..., 0, 2] < -0.6).any(1) | ((arms[..., 0, 2] + arms[..., 1, 2]) < -1.0).any(1)
    arms = np.where(behind[:, None, :, None, None], arms * np.array([1, 1, -1], np.float32), arms)
    swivel = rng.normal(0, 20 * _DEG, (count, 1, 2, 1)).astype(np.float32)
    arms[..., 1, :] = rotate(arms[..., 1, :], arms[..., 0, :] * swivel)
    hinge = rng.standard_normal((count, 1, 2, 3)).astype(np.float32)
    return _flex(rng, arms, hinge, 18 * _DEG, 150 * _DEG)


def _reach(rng, arms, ago):
    """Let some hands reach for a moving place before the body, elbows down and out as people hold them."""
    count = len(arms)
    some = rng.random((count, 2)) < np.where(rng.random((count, 1)) < 0.3, 0.6, 0.08)
    place = np.stack(
        [
            rng.normal(0.5, 0.9, (count, 2)),
            rng.uniform(-1.3, 1.4, (count, 2)),
            rng.uniform(0.3, 0.99, (count, 2)),
        ]
    )
    end = place + np.array([0.3, 0.3, 0.12])[:, None, None] * rng.standard_normal((3, count, 2))
    t = ago[..., None]
    across, lift, far = (place[:, :, None] * (1 - t) + end[:, :, None] * t).astype(np.float32)
    far = np.clip(far, 0.25, 0.99)
    toward = np.stack([np.sin(across) * np.cos(lift), np.sin(lift), np.cos(across) * np.cos(lift)], -1)
    raised = np.maximum(toward[..., 1], 0)
    pole = np.stack([0.5 + 0.5 * raised, -0.8 * (1 - raised), 0.4 * raised - 0.3], -1)
    pole += 0.35 * rng.standard_normal((count, 1, 2, 3)).astype(np.float32)
    pole = unit(pole - dot(pole, toward) * toward)
    a, b = np.float32(0.535), np.float32(0.465)  # upper and lower arm in shares of the arm
    bend = np.arccos(np.clip((a * a + far * far - b * b) / (2 * a * far), -1, 1))[..., None]
    upper = np.cos(bend) * toward + np.sin(bend) * pole
    reached = np.stack([upper, unit(far[..., None] * toward - a * upper)], -2)
    reached[:, :, 1] *= np.array([-1, 1, 1], np.float32)
    return np.where(some[:, None, :, None, None], reached, arms)


def _flex(rng, limbs, hinge, spread, most):
    """Bend elbows or knees (B, T, 2, 2, 3) about their own axis, never over their ends."""
    upper, lower = limbs[..., 0, :], limbs[..., 1, :]
    flexion = np.arccos(np.clip(dot(upper, lower)[..., 0], -1, 1))
    axis = unit(cross(upper, lower) + 0.05 * hinge)
    axis = unit(axis - dot(axis, upper) * upper)
    change = rng.normal(0, spread, (limbs.shape[0], 1, 2)).astype(np.float32)
    change = np.clip(change, -flexion, np.maximum(most - flexion, 0))
    return np.stack([upper, rotate(lower, axis * change[..., None])], -2)


def shrug_of(rng, arms):
    """How far shoulders leave their place (B, T, 2, 3) m in the chest: up with a raised arm."""
    shift = 0.012 * rng.standard_normal((len(arms), 1, 2, 3)).astype(np.float32)
    follow = rng.uniform(0, 0.05, (len(arms), 1, 1)).astype(np.float32)
    up = np.maximum(arms[..., 0, 1], 0) * follow
    shift = np.broadcast_to(shift, (*arms.shape[:3], 3)).copy()
    shift[..., 1] += up
    return shift


def wander(rng, count, ago, degrees):
    """Rotation vectors (count, T, 3) that have drifted a little since the bending began."""
    start = rng.standard_normal((count, 1, 3)).astype(np.float32)
    end = start + 0.35 * rng.standard_normal((count, 1, 3)).astype(np.float32)
    return degrees * _DEG * (start + (end - start) * ago[..., None])


def unit(v):
    return v / np.maximum(np.sqrt(dot(v, v)), 1e-9)


def dot(a, b):
    """(…, 1): spelled out, three times as fast as a sum over so short an axis."""
    return a[..., :1] * b[..., :1] + a[..., 1:2] * b[..., 1:2] + a[..., 2:] * b[..., 2:]


def cross(a, b):
    a, b = np.broadcast_arrays(a, b)
    out = np.empty(a.shape, np.result_type(a, b))
    out[..., 0] = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    out[..., 1] = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    out[..., 2] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return out

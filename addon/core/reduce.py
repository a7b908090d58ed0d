"""Fewer keys: those that linear interpolation needs to stay within a bound of every frame of a take.

Ramer, An iterative procedure for the polygonal approximation of plane curves (1972), and Douglas and Peucker (1973),
all segments of a round at once: wherever a frame is off by more than the bound, the one that is furthest off becomes
a key.
"""

from collections.abc import Callable

import numpy as np

Measure = Callable[[np.ndarray, np.ndarray], np.ndarray]
_PIECE = 512  # frames that are looked at together
# What Blender rounds when it interpolates, in shares of the bound.
_ROUNDING = 1e-3


def needed(values: np.ndarray, apart: Measure, bound: float):
    """The rows that are needed as keys, rising; a generator that yields now and then and returns them.

    values: (F, W), one row a frame. apart: how far rows (F, W) are from others (F, W), as (F,) in the bound's unit.
    The first and the last row stay, and so does one of many hundreds; of values that never change the first alone.
    """
    values = np.asarray(values, np.float32).astype(float)
    if (values == values[0]).all():
        return np.array([0])
    last, bound, keys = len(values) - 1, bound * (1.0 - _ROUNDING), []
    for begin in range(0, last, _PIECE):
        piece = values[begin : min(begin + _PIECE, last) + 1]
        keys.append(begin + _needed_of(piece, apart, bound))
        yield
    return np.unique(np.concatenate(keys))


def _needed_of(values: np.ndarray, apart: Measure, bound: float) -> np.ndarray:
    last = len(values) - 1
    rows, keys = np.arange(len(values)), np.array([0, last])
    while True:
        off = apart(values, interpolated(values, keys))
        off[keys] = 0.0
        worst = np.maximum.reduceat(off, keys[:-1])
        if not (worst > bound).any():
            return keys
        segment = np.minimum(np.searchsorted(keys, rows, side="right") - 1, len(keys) - 2)
        found = np.flatnonzero((off == worst[segment]) & (worst[segment] > bound))
        _, first = np.unique(segment[found], return_index=True)
        keys = np.sort(np.concatenate((keys, found[first])))


def interpolated(values: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The rows (F, W) as they are between the keys alone."""
    rows = np.arange(len(values))
    return np.stack([np.interp(rows, keys, column[keys]) for column in values.T], axis=1)


def quaternions_deg(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(F,) degrees between rotations (F, 4), each taken as if it were of length 1."""
    one = one / np.maximum(np.linalg.norm(one, axis=1, keepdims=True), 1e-12)
    other = other / np.maximum(np.linalg.norm(other, axis=1, keepdims=True), 1e-12)
    chord = np.minimum(np.linalg.norm(one - other, axis=1), np.linalg.norm(one + other, axis=1))
    return np.degrees(4.0 * np.arcsin(np.clip(chord / 2.0, 0.0, 1.0)))


def axis_angles_deg(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(F,) degrees between rotations (F, 4): an angle in radians and an axis of any length."""
    return quaternions_deg(_quaternions(one), _quaternions(other))


def eulers_deg(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(F,) degrees that rotations (F, 3) by Euler angles in radians are apart at most, whatever their order."""
    return np.degrees(np.abs(one - other).sum(axis=1))


def lengths(scale: float) -> Measure:
    """Distances of points (F, 3) times a scale."""
    return lambda one, other: np.linalg.norm(one - other, axis=1) * scale


def _quaternions(axis_angles: np.ndarray) -> np.ndarray:
    half, axis = axis_angles[:, :1] / 2.0, axis_angles[:, 1:]
    axis = axis / np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-12)
    return np.concatenate((np.cos(half), np.sin(half) * axis), axis=1)

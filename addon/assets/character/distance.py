"""Signed distance functions of points (N, 3) → (N,) metres, negative inside, and how they join.

Distances are exact for cones of one radius and close to exact near the surface otherwise, which is all that
surface_nets.polygonise needs. Formulas after Inigo Quilez, "Distance functions" and "Smooth minimum".
"""

import numpy as np


def cone(p, a, b, radius_a, radius_b):
    """A cone from a to b with round ends."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    d = b - a
    t = np.clip((p - a) @ d / (d @ d), 0, 1)
    return np.linalg.norm(p - a - t[:, None] * d, axis=1) - (radius_a + (radius_b - radius_a) * t)


def ellipsoid(p, centre, radii):
    """An ellipsoid along the axes."""
    q = (p - np.asarray(centre, float)) / np.asarray(radii, float)
    k0 = np.linalg.norm(q, axis=1)
    k1 = np.linalg.norm(q / np.asarray(radii, float), axis=1)
    return np.where(k1 > 1e-9, k0 * (k0 - 1) / np.maximum(k1, 1e-9), -min(radii))


def box(p, centre, half, rounding):
    """A box along the axes with rounded edges; half: (3,) outer half sizes."""
    q = np.abs(p - np.asarray(centre, float)) - (np.asarray(half, float) - rounding)
    return np.linalg.norm(np.maximum(q, 0), axis=1) + np.minimum(q.max(axis=1), 0) - rounding


def loft(p, stations, axis=2, power=2.0):
    """Superelliptic cross-sections along an axis, open ended: intersect it with half-spaces.

    stations: (S, 5) rows of (position on the axis, centre u, centre v, half-width u, half-width v), where u
    and v are the other two axes in order; between rows they follow a monotone cubic. power: 2 is an ellipse,
    more is boxier.
    """
    stations = np.asarray(stations, float)
    u_axis, v_axis = [i for i in range(3) if i != axis]
    cu, cv, hu, hv = (_cubic(p[:, axis], stations[:, 0], stations[:, k]) for k in range(1, 5))
    u, v = np.abs(p[:, u_axis] - cu) / hu, np.abs(p[:, v_axis] - cv) / hv
    norm = (u**power + v**power) ** (1 / power)
    slope = np.hypot(u ** (power - 1) / hu, v ** (power - 1) / hv) / np.maximum(norm, 1e-6) ** (power - 1)
    return np.where(norm > 1e-3, (norm - 1) / np.maximum(slope, 1e-6), -np.minimum(hu, hv))


def _cubic(x, knots, values):
    """Monotone cubic interpolation (Fritsch and Carlson 1980), constant outside the knots."""
    h = np.diff(knots)
    slope = np.diff(values) / h
    tangent = np.zeros(len(knots))
    same = slope[:-1] * slope[1:] > 0
    w1, w2 = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    tangent[1:-1][same] = ((w1 + w2)[same]) / (w1[same] / slope[:-1][same] + w2[same] / slope[1:][same])
    x = np.clip(x, knots[0], knots[-1])
    i = np.clip(np.searchsorted(knots, x) - 1, 0, len(h) - 1)
    t = (x - knots[i]) / h[i]
    a, b, c, d = (1 + 2 * t) * (1 - t) ** 2, t * (1 - t) ** 2, t * t * (3 - 2 * t), t * t * (t - 1)
    return a * values[i] + b * h[i] * tangent[i] + c * values[i + 1] + d * h[i] * tangent[i + 1]


def union(*distances, smooth=0.0):
    """The union, blended over `smooth` metres."""
    result = distances[0]
    for d in distances[1:]:
        if smooth:
            h = np.maximum(smooth - np.abs(result - d), 0) / smooth
            result = np.minimum(result, d) - h * h * smooth / 4
        else:
            result = np.minimum(result, d)
    return result


def cut(distance, *others, smooth=0.0):
    """What is inside `distance` and outside every other."""
    return -union(-distance, *others, smooth=smooth)


def keep(distance, *others, smooth=0.0):
    """What is inside all of them."""
    return -union(-distance, *[-o for o in others], smooth=smooth)

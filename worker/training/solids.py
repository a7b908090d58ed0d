"""The simple solids that surroundings are built from, as triangles: positions and normals (3 · T, 3)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np


def _cube() -> tuple[np.ndarray, np.ndarray]:
    """A unit cube about the origin as triangles: positions and normals (36, 3)."""
    positions, normals = [], []
    for axis in range(3):
        for sign in (-1, 1):
            u, v = (axis + 1) % 3, (axis + 2) % 3
            for a, b in ((-1, -1), (1, -1), (1, 1), (-1, -1), (1, 1), (-1, 1)):
                p, n = np.zeros(3), np.zeros(3)
                p[axis], p[u], p[v], n[axis] = sign, a, b, sign
                positions.append(p / 2)
                normals.append(n)
    return np.array(positions), np.array(normals)


def _revolved(profile: list[tuple[float, float]], smooth: bool, sides: int = 14) -> tuple[np.ndarray, np.ndarray]:
    """A profile of (radius, height) turned about z."""
    angle = np.arange(sides + 1) * 2 * np.pi / sides
    positions, normals = [], []
    for (r0, h0), (r1, h1) in pairwise(profile):
        for a, b in pairwise(angle):
            corner = [(r0, h0, a), (r0, h0, b), (r1, h1, b), (r0, h0, a), (r1, h1, b), (r1, h1, a)]
            for r, h, t in corner:
                positions.append((r * np.cos(t), r * np.sin(t), h))
                slope = np.array([h1 - h0, r0 - r1])
                n = (np.cos(t) * slope[0], np.sin(t) * slope[0], slope[1])
                normals.append(positions[-1] if smooth else n / np.linalg.norm(n))
    return np.array(positions), np.array(normals)


def _cylinder() -> tuple[np.ndarray, np.ndarray]:
    return _revolved([(0, -0.5), (0.5, -0.5), (0.5, 0.5), (0, 0.5)], smooth=False)


def _sphere() -> tuple[np.ndarray, np.ndarray]:
    turn = np.linspace(-np.pi / 2, np.pi / 2, 9)
    return _revolved([(0.5 * np.cos(t), 0.5 * np.sin(t)) for t in turn], smooth=True)


def _quad() -> tuple[np.ndarray, np.ndarray]:
    """A unit square in xy that faces +z."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, -1], [1, 1], [-1, 1]]) / 2
    return np.column_stack([corners, np.zeros(6)]), np.tile([0.0, 0.0, 1.0], (6, 1))


SOLIDS = {"cube": _cube, "cylinder": _cylinder, "sphere": _sphere, "quad": _quad}

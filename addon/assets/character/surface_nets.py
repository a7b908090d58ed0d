"""Closed quad meshes from signed distance functions (naive surface nets on a rectilinear grid).

Gibson, "Constrained elastic surface nets", 1998: one vertex in each cell that the surface crosses, one quad
around each grid edge that it crosses. The vertices are then moved onto the surface along its gradient.
"""

import numpy as np

STEP_M = 5e-4


def gradient(distance, points):
    """Unit gradient of `distance` at points (N, 3). (N, 3)"""
    g = _slope(distance, points)
    return g / np.maximum(np.linalg.norm(g, axis=1, keepdims=True), 1e-9)


def polygonise(distance, low, high, cell, relax=6):
    """The surface distance(points (N, 3)) == 0 as quads.

    low, high: (3,) corners of a box that holds the whole surface. cell: edge of a cell in metres, a number,
    (3,), or three arrays of grid coordinates for uneven spacing (then low and high are unused). relax: passes
    of smoothing. Returns vertices (V, 3) and quads (Q, 4), wound anticlockwise seen from outside.
    """
    if isinstance(cell, (tuple, list)) and np.ndim(cell[0]):
        axes = [np.asarray(a, float) for a in cell]
    else:
        cell = np.broadcast_to(cell, 3)
        axes = [np.arange(a, b + c, c) for a, b, c in zip(low, high, cell, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    shape = grid.shape[:3]
    # In blocks, for the distance's temporaries to stay small.
    blocks = np.array_split(grid.reshape(-1, 3), 64)
    values = np.concatenate([distance(block) for block in blocks]).reshape(shape)
    inside = values < 0
    if inside[[0, -1]].any() or inside[:, [0, -1]].any() or inside[:, :, [0, -1]].any():
        raise ValueError(f"the surface leaves its grid, from {grid[0, 0, 0]} to {grid[-1, -1, -1]} m")

    total = np.zeros([n - 1 for n in shape] + [3])
    count = np.zeros([n - 1 for n in shape])
    crossings = []
    for axis in range(3):
        a = [slice(None)] * 3
        b = [slice(None)] * 3
        a[axis], b[axis] = slice(None, -1), slice(1, None)
        a, b = tuple(a), tuple(b)
        index = np.argwhere(inside[a] != inside[b])
        u = values[a][tuple(index.T)]
        v = values[b][tuple(index.T)]
        t = (u / (u - v))[:, None]
        points = grid[a][tuple(index.T)] * (1 - t) + grid[b][tuple(index.T)] * t
        crossings.append((index, inside[a][tuple(index.T)]))
        first, second = (axis + 1) % 3, (axis + 2) % 3
        for i in (0, 1):
            for j in (0, 1):
                at = index.copy()
                at[:, first] -= i
                at[:, second] -= j
                np.add.at(total, tuple(at.T), points)
                np.add.at(count, tuple(at.T), 1)
    cells = np.argwhere(count > 0)
    number = np.full(count.shape, -1)
    number[tuple(cells.T)] = np.arange(len(cells))
    vertices = total[tuple(cells.T)] / count[tuple(cells.T)][:, None]

    quads = []
    for axis, (index, low_side_inside) in enumerate(crossings):
        first, second = (axis + 1) % 3, (axis + 2) % 3
        corners = []
        for i, j in ((1, 1), (0, 1), (0, 0), (1, 0)):
            at = index.copy()
            at[:, first] -= i
            at[:, second] -= j
            corners.append(number[tuple(at.T)])
        quad = np.stack(corners, axis=1)
        quad[~low_side_inside] = quad[~low_side_inside, ::-1]
        quads.append(quad)
    quads = np.concatenate(quads)
    for _ in range(relax):
        vertices = _project(distance, _smoothed(vertices, quads, 0.5))
    return _project(distance, _project(distance, vertices)), quads


def _smoothed(vertices, quads, amount):
    edges = np.unique(np.sort(np.concatenate([quads[:, [i, (i + 1) % 4]] for i in range(4)]), axis=1), axis=0)
    total = np.zeros_like(vertices)
    count = np.zeros(len(vertices))
    for a, b in (edges.T, edges[:, ::-1].T):
        np.add.at(total, a, vertices[b])
        np.add.at(count, a, 1)
    return vertices + amount * (total / count[:, None] - vertices)


def _slope(distance, points):
    offsets = np.eye(3) * STEP_M
    return np.stack([distance(points + o) - distance(points - o) for o in offsets], axis=1) / (2 * STEP_M)


def _project(distance, vertices):
    g = _slope(distance, vertices)
    d = distance(vertices)[:, None]
    return vertices - np.clip(d / np.maximum((g * g).sum(1, keepdims=True), 0.05), -0.01, 0.01) * g

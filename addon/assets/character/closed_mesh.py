"""Closed meshes in numpy: cutting, capping and mirroring them.

Faces are lists of vertex indices of any length, wound anticlockwise seen from outside.
"""

from typing import NamedTuple

import numpy as np

from . import weights


class Piece(NamedTuple):
    """A closed mesh: vertices (V, 3), normals (V, 3), faces, a material name a face, weights {bone: (V,)}.

    flat: the indices of the faces that are shaded flat, such as the end of a sleeve.
    """

    vertices: np.ndarray
    normals: np.ndarray
    faces: list
    materials: list
    weights: dict
    flat: range


def split(vertices, faces, axis, value, snap=0.003):
    """Cut all faces along a plane across `axis`, so that a colour can end there. The mesh stays closed.

    Vertices nearer than `snap` move onto the plane instead.
    """
    vertices = vertices.copy()
    s = vertices[:, axis] - value
    near = np.abs(s) < snap
    vertices[near, axis] = value
    s[near] = 0
    added, between, result = list(vertices), {}, []
    for face in faces:
        signs = np.sign(s[face])
        if signs.max() <= 0 or signs.min() >= 0:
            result.append(face)
            continue
        sides = {1: [], -1: []}
        for i, a in enumerate(face):
            b = face[(i + 1) % len(face)]
            if s[a] >= 0:
                sides[1].append(a)
            if s[a] <= 0:
                sides[-1].append(a)
            if s[a] * s[b] < 0:
                key = (min(a, b), max(a, b))
                if key not in between:
                    t = s[key[0]] / (s[key[0]] - s[key[1]])
                    between[key] = len(added)
                    added.append(vertices[key[0]] * (1 - t) + vertices[key[1]] * t)
                sides[1].append(between[key])
                sides[-1].append(between[key])
        result += [side for side in sides.values() if len(side) > 2]
    return np.array(added), result


def trim(vertices, faces, axis, value, side):
    """Cut along a plane across `axis` and drop what lies on `side` (−1 or 1) of it; leaves a hole."""
    vertices, faces = split(vertices, faces, axis, value)
    faces = [f for f in faces if side * (vertices[f, axis].mean() - value) < 0]
    used = np.unique(np.concatenate(faces))
    number = np.full(len(vertices), -1)
    number[used] = np.arange(len(used))
    return vertices[used], [[int(number[i]) for i in f] for f in faces]


def close(vertices, faces, axis, value):
    """Fill each hole whose rim lies in a plane across `axis` with a fan round its centre."""
    sides = {(a, b) for f in faces for a, b in zip(f, f[1:] + f[:1], strict=True)}
    after = {b: a for a, b in sides if (b, a) not in sides and abs(vertices[a, axis] - value) < 1e-9}
    faces, added = list(faces), list(vertices)
    while after:
        rim = [min(after)]
        while rim[-1] in after:
            rim.append(after.pop(rim[-1]))
        rim = rim[:-1]
        faces += [[a, b, len(added)] for a, b in zip(rim, rim[1:] + rim[:1], strict=True)]
        added.append(np.mean(vertices[rim], axis=0))
    return np.array(added), faces


def mirror(piece):
    """The piece on the other side."""
    flip = np.array([-1, 1, 1])
    return Piece(
        piece.vertices * flip,
        piece.normals * flip,
        [face[::-1] for face in piece.faces],
        piece.materials,
        weights.mirrored(piece.weights),
        piece.flat,
    )

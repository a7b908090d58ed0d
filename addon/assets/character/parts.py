"""The parts as meshes with materials and weights: what make_default_model.py joins."""

from typing import NamedTuple

import numpy as np

from . import distance as sd
from . import shapes, weights
from .skeleton import EYE
from .surface_nets import gradient, polygonise

# Linear RGB and roughness.
MATERIALS = {
    "Skin": ((0.58, 0.29, 0.18), 0.6),
    "Lips": ((0.42, 0.11, 0.09), 0.5),
    "Hair": ((0.035, 0.017, 0.010), 0.6),
    "EyeWhite": ((0.80, 0.80, 0.78), 0.3),
    "Iris": ((0.05, 0.13, 0.22), 0.3),
    "Pupil": ((0.004, 0.004, 0.004), 0.2),
    "Shirt": ((0.02, 0.16, 0.32), 0.8),
    "ShirtFront": ((0.75, 0.72, 0.62), 0.8),
    "ShirtBack": ((0.72, 0.20, 0.02), 0.8),
    "Trousers": ((0.030, 0.034, 0.045), 0.85),
    "Stripe": ((0.75, 0.72, 0.62), 0.8),
    "Shoe": ((0.60, 0.07, 0.03), 0.6),
    "ToeCap": ((0.75, 0.73, 0.66), 0.6),
    "Sole": ((0.75, 0.73, 0.66), 0.7),
    "WatchBand": ((0.01, 0.01, 0.012), 0.5),
    "WatchFace": ((0.10, 0.45, 0.50), 0.2),
    "Wristband": ((0.72, 0.20, 0.02), 0.8),
}


class Piece(NamedTuple):
    """A closed mesh: vertices (V, 3), normals (V, 3), faces, a material name a face, weights {bone: (V,)}."""

    vertices: np.ndarray
    normals: np.ndarray
    faces: list
    materials: list
    weights: dict


def _piece(shape, low, high, cell, weigh, paint, cuts=()):
    vertices, quads = polygonise(shape, low, high, cell)
    faces = [list(map(int, q)) for q in quads]
    for axis, value in cuts:
        vertices, faces = split(vertices, faces, axis, value)
    centres = np.array([vertices[f].mean(axis=0) for f in faces])
    normals = gradient(shape, vertices)
    looks = gradient(shape, centres)
    return Piece(vertices, normals, faces, list(paint(centres, looks)), weigh(vertices))


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


def mirror(piece, swap=None):
    """The piece on the other side; swap: {material: its name there}."""
    flip = np.array([-1, 1, 1])
    swap = swap or {}
    materials = [swap.get(m, m) for m in piece.materials]
    faces = [f[::-1] for f in piece.faces]
    return Piece(piece.vertices * flip, piece.normals * flip, faces, materials, weights.mirrored(piece.weights))


def _shirt():
    def paint(c, n):
        front = c[:, 1] < 0.012
        x = np.abs(c[:, 0])
        out = np.where(front & (c[:, 2] > 1.20) & (c[:, 2] < 1.29) & (x < 0.2), "ShirtFront", "Shirt")
        out = np.where(~front & (c[:, 2] > 1.27) & (x < 0.2), "ShirtBack", out)
        return np.where((c[:, 0] > 0.27) & (c[:, 0] < 0.305), "ShirtFront", out)

    cuts = [(1, 0.012), (2, 1.20), (2, 1.29), (2, 1.27), (0, 0.27), (0, 0.305), (0, 0.2), (0, -0.2)]
    return _piece(shapes.shirt, (-0.36, -0.17, 0.88), (0.36, 0.19, 1.50), 0.0135, weights.limb, paint, cuts)


def _trousers():
    def paint(c, n):
        stripe = (c[:, 0] > 0.05) & (np.abs(c[:, 1] - 0.012) < 0.016) & (n[:, 0] > 0.5) & (c[:, 2] < 0.9)
        return np.where(stripe, "Stripe", "Trousers")

    cuts = [(1, 0.012 - 0.016), (1, 0.012 + 0.016)]
    return _piece(shapes.trousers, (-0.23, -0.16, 0.08), (0.23, 0.19, 1.03), 0.0145, weights.limb, paint, cuts)


def _shoe():
    def paint(c, n):
        out = np.where(c[:, 2] < 0.024, "Sole", "Shoe")
        return np.where((c[:, 1] < -0.135) & (c[:, 2] >= 0.024), "ToeCap", out)

    cuts = [(2, 0.024), (1, -0.135)]
    return _piece(shapes.shoe, (0.02, -0.24, -0.02), (0.19, 0.13, 0.15), 0.0105, weights.shoe, paint, cuts)


def _arm():
    x = np.concatenate([np.arange(0.185, 0.66, 0.0125), np.arange(0.66, 0.90, 0.0052)])
    y = np.concatenate([np.arange(-0.10, -0.03, 0.005), np.arange(-0.03, 0.095, 0.0046)])
    z = np.concatenate([np.arange(1.31, 1.35, 0.008), np.arange(1.35, 1.405, 0.005), np.arange(1.405, 1.46, 0.008)])
    return _piece(shapes.arm, None, None, (x, y, z), weights.hand, lambda c, n: ["Skin"] * len(c))


def _head():
    x = np.arange(-0.1025, 0.1026, 0.0066)
    y = np.concatenate([np.arange(-0.13, -0.05, 0.0058), np.arange(-0.05, 0.14, 0.0095)])
    z = np.concatenate([np.arange(1.365, 1.47, 0.010), np.arange(1.47, 1.63, 0.0062), np.arange(1.63, 1.72, 0.010)])
    return _piece(shapes.head, None, None, (x, y, z), weights.limb, lambda c, n: ["Skin"] * len(c))


def _hair():
    return _piece(shapes.hair, (-0.12, -0.12, 1.47), (0.12, 0.17, 1.73), 0.0092, weights.rigid("head"), lambda c, n: ["Hair"] * len(c))


def _brow():
    def shape(p):
        return sd.union(
            sd.cone(p, (0.014, -0.086, 1.612), (0.030, -0.085, 1.618), 0.0042, 0.0045),
            sd.cone(p, (0.030, -0.085, 1.618), (0.048, -0.074, 1.612), 0.0045, 0.0032),
            smooth=0.003,
        )

    return _piece(shape, (0.0, -0.10, 1.60), (0.06, -0.06, 1.63), 0.0035, weights.rigid("head"), lambda c, n: ["Hair"] * len(c))


def _lips():
    def shape(p):
        upper = sd.ellipsoid(p * (1, 1, 1), (0, -0.085, 1.5275), (0.022, 0.010, 0.0055))
        lower = sd.ellipsoid(p, (0, -0.084, 1.5195), (0.018, 0.010, 0.006))
        return sd.union(upper, lower, smooth=0.002)

    return _piece(shape, (-0.03, -0.105, 1.505), (0.03, -0.065, 1.54), 0.0038, weights.rigid("head"), lambda c, n: ["Lips"] * len(c))


def _eye(rings=9, around=16, radius=0.0150):
    """An eyeball with its pole to the front, so that iris and pupil end on its rings."""
    centre = np.array([EYE[0], EYE[1] + radius, EYE[2]])
    angle = np.array([0.0, 0.24, 0.52, 0.80, 1.15, 1.55, 2.0, 2.5, np.pi])[:rings]
    turn = np.arange(around) * 2 * np.pi / around
    unit = [np.array([[0.0, -1.0, 0.0]])]
    for a in angle[1:-1]:
        unit.append(np.stack([np.sin(a) * np.cos(turn), np.full(around, -np.cos(a)), np.sin(a) * np.sin(turn)], axis=1))
    unit.append(np.array([[0.0, 1.0, 0.0]]))
    unit = np.concatenate(unit)
    faces, materials = [], []
    last = len(unit) - 1
    for ring in range(len(angle) - 1):
        name = "Pupil" if angle[ring + 1] <= 0.25 else "Iris" if angle[ring + 1] <= 0.55 else "EyeWhite"
        for k in range(around):
            n = (k + 1) % around
            a, b = 1 + (ring - 1) * around, 1 + ring * around
            if ring == 0:
                faces.append([0, b + k, b + n])
            elif ring == len(angle) - 2:
                faces.append([a + k, last, a + n])
            else:
                faces.append([a + k, b + k, b + n, a + n])
            materials.append(name)
    vertices = centre + radius * unit
    return Piece(vertices, unit, faces, materials, weights.rigid("head")(vertices))


def _band(face):
    """A band round the left wrist, with a watch's face on its back or not."""

    def shape(p):
        tube = sd.loft(p, np.array([[0.60, 0.018, 1.385, 0.0365, 0.0315], [0.72, 0.018, 1.385, 0.0345, 0.029]]), axis=0, power=2)
        half = 0.011 if face else 0.024
        centre = 0.672 if face else 0.664
        band = sd.keep(tube, np.abs(p[:, 0] - centre) - half, smooth=0.006)
        if face:
            band = sd.union(band, sd.ellipsoid(p, (centre, 0.018, 1.4135), (0.0190, 0.0190, 0.0075)), smooth=0.003)
        return band

    def paint(c, n):
        top = (c[:, 2] > 1.4165) & (np.hypot(c[:, 0] - 0.672, c[:, 1] - 0.018) < 0.0150)
        return np.where(top & face, "WatchFace", "WatchBand" if face else "Wristband")

    return _piece(shape, (0.63, -0.03, 1.34), (0.71, 0.07, 1.43), 0.006, weights.rigid("leftLowerArm"), paint)


def build():
    """All parts of the character."""
    arm, shoe, eye, brow = _arm(), _shoe(), _eye(), _brow()
    pieces = [_shirt(), _trousers(), _head(), _hair(), _lips(), _band(True), mirror(_band(False))]
    for piece in (arm, shoe, eye, brow):
        pieces += [piece, mirror(piece)]
    return pieces

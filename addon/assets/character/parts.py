"""The parts as closed meshes with materials and weights: what make_default_model.py joins."""

import numpy as np

from . import distance as sd
from . import shapes, weights
from .closed_mesh import Piece, close, mirror, split, trim
from .skeleton import EYE, WRIST
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
    "Trousers": ((0.065, 0.072, 0.095), 0.85),
    "Stripe": ((0.75, 0.72, 0.62), 0.8),
    "Shoe": ((0.60, 0.07, 0.03), 0.6),
    "ToeCap": ((0.75, 0.73, 0.66), 0.6),
    "Sole": ((0.75, 0.73, 0.66), 0.7),
    "WatchBand": ((0.01, 0.01, 0.012), 0.5),
    "WatchFace": ((0.10, 0.45, 0.50), 0.2),
    "Wristband": ((0.72, 0.20, 0.02), 0.8),
}


def _piece(shape, low, high, cell, weigh, paint, cuts=(), ends=(), place=None):
    """A part from its distance function.

    cuts: (axis, value) planes along which colours end. ends: (axis, value, side) planes where the part ends;
    what lies on that side (−1 or 1) goes. place: a map of the grid's space into the shape's, to vary the size
    of the cells.
    """
    placed = shape if place is None else lambda q: shape(place(q))
    vertices, quads = polygonise(placed, low, high, cell)
    if place is not None:
        vertices = place(vertices)
    faces = [list(map(int, q)) for q in quads]
    for axis, value in cuts:
        vertices, faces = split(vertices, faces, axis, value)
    for axis, value, side in ends:
        vertices, faces = trim(vertices, faces, axis, value, side)
    rim = len(faces)
    for axis, value, _ in ends:
        vertices, faces = close(vertices, faces, axis, value)
    centres = np.array([vertices[f].mean(axis=0) for f in faces])
    materials = list(paint(centres, gradient(shape, centres)))
    return Piece(
        vertices, gradient(shape, vertices), faces, materials, weigh(vertices), range(rim, len(faces))
    )


def _all(material):
    return lambda centres, normals: [material] * len(centres)


def _shirt():
    def paint(c, n):
        front = c[:, 1] < 0.012
        x = np.abs(c[:, 0])
        out = np.where(front & (c[:, 2] > 1.20) & (c[:, 2] < 1.29) & (x < 0.2), "ShirtFront", "Shirt")
        out = np.where(~front & (c[:, 2] > 1.27) & (x < 0.2), "ShirtBack", out)
        return np.where((c[:, 0] > 0.27) & (c[:, 0] < 0.305), "ShirtFront", out)

    cuts = [(1, 0.012), (2, 1.20), (2, 1.29), (2, 1.27), (0, 0.27), (0, 0.305), (0, 0.2), (0, -0.2)]
    ends = [(2, shapes.SHIRT_HEM, -1), (0, shapes.SLEEVE_END, 1), (0, -shapes.SLEEVE_END, -1)]
    return _piece(
        shapes.shirt, (-0.46, -0.17, 0.77), (0.46, 0.19, 1.50), 0.0220, weights.limb, paint, cuts, ends
    )


def _collar():
    return _piece(
        shapes.collar, (-0.10, -0.10, 1.37), (0.10, 0.14, 1.50), 0.0092, weights.limb, _all("ShirtFront")
    )


def _trousers():
    def paint(c, n):
        stripe = (c[:, 0] > 0.05) & (np.abs(c[:, 1] - 0.012) < 0.016) & (n[:, 0] > 0.5) & (c[:, 2] < 0.95)
        return np.where(stripe, "Stripe", "Trousers")

    cuts = [(1, 0.012 - 0.016), (1, 0.012 + 0.016)]
    ends = [(2, shapes.TROUSER_END, -1)]
    return _piece(
        shapes.trousers, (-0.23, -0.16, -0.01), (0.23, 0.19, 1.03), 0.0232, weights.limb, paint, cuts, ends
    )


def _shoe():
    def paint(c, n):
        return np.where(c[:, 1] < -0.135, "ToeCap", "Shoe")

    low, high = (0.02, -0.24, -0.03), (0.19, 0.13, 0.16)
    return _piece(shapes.shoe, low, high, 0.0125, weights.shoe, paint, [(1, -0.135)], [(2, 0.010, -1)])


def _sole():
    grid = (np.arange(0.02, 0.19, 0.011), np.arange(-0.24, 0.13, 0.011), np.arange(-0.042, 0.07, 0.012))

    def block(p):
        return sd.keep(shapes.sole(p), np.abs(p[:, 2] - 0.012) - 0.030)

    return _piece(block, None, None, grid, weights.shoe, _all("Sole"), ends=[(2, 0.024, 1), (2, 0.0, -1)])


def _arm():
    # Wider cells towards the shoulder, where the arm has fewer details than the hand.
    def spread(q):
        scale = 1 + 1.1 * weights.step(-q[:, :1], -0.64, 0.06)
        centre = np.array([0, WRIST[1], WRIST[2]])
        return (q - centre) * np.concatenate([np.ones_like(scale), scale, scale], axis=1) + centre

    # (from, to, cell): finer at the elbow and the fingers.
    spans = (
        (0.225, 0.38, 0.022),
        (0.38, 0.51, 0.012),
        (0.51, 0.64, 0.018),
        (0.64, 0.78, 0.008),
        (0.78, 0.90, 0.0063),
    )
    x = np.concatenate([np.arange(*span) for span in spans])
    y = WRIST[1] + np.arange(-0.110, 0.075, 0.0052)
    z = WRIST[2] + np.arange(-0.048, 0.045, 0.0066)
    return _piece(shapes.arm, None, None, (x, y, z), weights.hand, _all("Skin"), place=spread)


def _head():
    x = np.concatenate([np.arange(0.0046, 0.064, 0.0092), np.arange(0.064, 0.10, 0.0066)])
    x = np.concatenate([-x[::-1], x])
    y = np.concatenate([np.arange(-0.13, -0.045, 0.0072), np.arange(-0.045, 0.14, 0.0135)])
    z = np.concatenate(
        [np.arange(1.365, 1.47, 0.014), np.arange(1.47, 1.63, 0.0084), np.arange(1.63, 1.72, 0.014)]
    )
    return _piece(shapes.head, None, None, (x, y, z), weights.limb, _all("Skin"))


def _on_head(shape, low, high, cell, material):
    return _piece(shape, low, high, cell, weights.rigid("head"), _all(material))


def _hair():
    return _on_head(shapes.hair, (-0.12, -0.12, 1.47), (0.12, 0.17, 1.73), 0.0128, "Hair")


def _brow():
    return _on_head(shapes.brow, (0.0, -0.10, 1.60), (0.06, -0.033, 1.63), 0.0040, "Hair")


def _eyelid():
    return _on_head(shapes.eyelid, (0.01, -0.09, 1.585), (0.06, -0.04, 1.62), 0.0036, "Skin")


def _lips():
    grid = (
        np.arange(-0.0322, 0.033, 0.0034),
        np.arange(-0.105, -0.038, 0.0052),
        np.arange(1.505, 1.545, 0.0031),
    )
    return _on_head(shapes.lips, None, None, grid, "Lips")


def _watch():
    """The watch on the left wrist: strap, case and dial."""
    centre = (0.672, WRIST[1])

    def disc(bottom, top, radius):
        def shape(p):
            across = np.hypot(p[:, 0] - centre[0], p[:, 1] - centre[1])
            return sd.keep(across - radius, p[:, 2] - top, bottom - p[:, 2], smooth=0.003)

        return shape

    def strap(p):
        return shapes.band(p, centre[0], 0.010, 0.004)

    low, high = (0.63, -0.03, 1.34), (0.71, 0.07, 1.43)
    follow = weights.rigid("leftLowerArm")
    return [
        _piece(strap, low, high, 0.0060, follow, _all("WatchBand")),
        _piece(disc(1.400, 1.4185, 0.0195), low, high, 0.0052, follow, _all("WatchBand")),
        _piece(disc(1.405, 1.4205, 0.0150), low, high, 0.0052, follow, _all("WatchFace")),
    ]


def _wristband():
    """A sweatband on the left wrist, to be mirrored."""

    def shape(p):
        return shapes.band(p, 0.662, 0.024, 0.005)

    return _piece(
        shape,
        (0.62, -0.04, 1.33),
        (0.71, 0.08, 1.44),
        0.0095,
        weights.rigid("leftLowerArm"),
        _all("Wristband"),
    )


def _eye(around=16, radius=shapes.EYE_RADIUS):
    """An eyeball with its pole to the front, so that iris and pupil end on its rings."""
    centre = np.array([EYE[0], EYE[1] + radius, EYE[2]])
    angle = np.array([0.0, 0.24, 0.52, 0.80, 1.15, 1.55, 2.0, 2.5, np.pi])
    turn = np.arange(around) * 2 * np.pi / around
    unit = [np.array([[0.0, -1.0, 0.0]])]
    for a in angle[1:-1]:
        x, z = np.sin(a) * np.cos(turn), np.sin(a) * np.sin(turn)
        unit.append(np.stack([x, np.full(around, -np.cos(a)), z], axis=1))
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
    return Piece(vertices, unit, faces, materials, weights.rigid("head")(vertices), range(0))


def build():
    """All parts of the character."""
    pieces = [_shirt(), _collar(), _trousers(), _head(), _hair(), _lips(), *_watch(), mirror(_wristband())]
    for piece in (_arm(), _shoe(), _sole(), _eye(), _eyelid(), _brow()):
        pieces += [piece, mirror(piece)]
    return pieces

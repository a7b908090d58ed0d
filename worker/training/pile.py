"""Shapes as a scene collects them, and the surfaces that they are made of."""

from __future__ import annotations

import math

import numpy as np

from .chance import Chance
from .render import Shapes
from .surfaces import COLOURED
from .surroundings import Surroundings

SOLIDS = ("cube", "cylinder", "sphere", "quad")
#: The most that are drawn of one solid.
MOST = 512


def up(z: float) -> np.ndarray:
    """A way straight up, (3,)."""
    return np.array([0.0, 0.0, z])


def turn_z(angle: float) -> np.ndarray:
    """(3, 3) rotation about z by `angle` radians."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def any_turn(c: Chance) -> np.ndarray:
    """A rotation matrix, all equally likely."""
    w, x, y, z = (c.normal() for _ in range(4))
    n = 2 / (w * w + x * x + y * y + z * z)
    return np.array(
        [
            [1 - n * (y * y + z * z), n * (x * y - z * w), n * (x * z + y * w)],
            [n * (x * y + z * w), 1 - n * (x * x + z * z), n * (y * z - x * w)],
            [n * (x * z - y * w), n * (y * z + x * w), 1 - n * (x * x + y * y)],
        ]
    )


class Pile:
    """Shapes by solid; some take a colour of the people's, to be told from limbs.

    palette: (P, 3) linear RGB; borrow: how many do.
    """

    def __init__(self, c: Chance, around: Surroundings, palette: np.ndarray, borrow: float) -> None:
        self.c, self.around, self.borrow = c, around, borrow
        self.palette = [tuple(row) for row in palette.tolist()]
        self.rows: dict[str, list] = {name: [] for name in SOLIDS}

    def add(self, solid, centre, size, cloth=None, turn=None, glow=0.0, gloss=0.05) -> None:
        """One solid of `size` metres at `centre`, turned by a 3×3 matrix. cloth: two colours, a layer and its tile's
        size in metres; None for plain in any colour."""
        a, b, layer, scale = cloth or self.plain()
        if self.c.u() < (0.4 * self.borrow if solid == "quad" else self.borrow):
            b = self.borrowed()
            a = tuple(0.7 * v for v in b)
        self.rows[solid].append((centre, size, _UPRIGHT if turn is None else turn, a, b, (layer, scale, glow, gloss)))

    def borrowed(self) -> tuple[float, float, float]:
        """A colour like one of the people's."""
        brighter = math.exp(self.c.normal(0.35))
        return tuple(min(1.0, v * brighter * math.exp(self.c.normal(0.1))) for v in self.c.one(self.palette))

    def plain(self, colour=None) -> tuple:
        """Cloth of one colour."""
        colour = colour or self.c.colour()
        return colour, colour, 0, 1.0

    def surface(self, use: str) -> tuple:
        """Cloth for a wall, a floor, a thing, the ground or a house's front."""
        c = self.c
        name = c.of(self.around.made_of[use])
        layer, size = self.around.layer(name), c.scale(*_SIZE[use])
        if name in COLOURED:
            tint = c.scale(0.5, 1.6)
            return (
                (0.0, 0.0, 0.0),
                (tint, tint * c.between(0.9, 1.1), tint * c.between(0.85, 1.15)),
                layer,
                c.scale(*_SIZE[use]),
            )
        if use in ("wall", "front", "floor") and c.yes(0.65):  # dull, and walls light, as most are
            v = c.between(0.3, 0.9) if use != "floor" else c.scale(0.05, 0.6)
            b = tuple(min(1.0, v * math.exp(c.normal(0.07, -0.05 * k))) for k in range(3))
        else:
            b = c.colour(0.05, 0.9)
        dark = 1 - c.u() ** 0.7 * 0.8
        a = tuple(v * dark * math.exp(c.normal(0.05)) for v in b)
        return a, b, layer, size

    def picture(self) -> tuple:
        """One of the pictures, to fill a face."""
        tint, layer = self.c.between(0.5, 1.1), len(self.around.tiles) + self.c.whole(0, len(self.around.photos))
        return (0.0, 0.0, 0.0), (tint, tint, tint), layer, 1.0

    def shapes(self) -> dict[str, Shapes]:
        out = {}
        for name, rows in self.rows.items():
            if not rows:
                continue
            rows = rows[:MOST]
            centre, size, turn, a, b, style = (np.array([row[i] for row in rows], float) for i in range(6))
            model = np.zeros((len(rows), 4, 4))
            model[:, :3, :3] = turn * size[:, None, :]
            model[:, :3, 3], model[:, 3, 3] = centre, 1
            out[name] = Shapes(model, a, b, style)
        return out


_UPRIGHT = np.eye(3)
#: The size of a tile in metres.
_SIZE = {"wall": (0.6, 2.5), "floor": (0.5, 2.2), "thing": (0.2, 1.2), "ground": (0.5, 2.0), "front": (2.0, 8.0)}

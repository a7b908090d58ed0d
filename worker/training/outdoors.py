"""Places in the open: ground to the horizon, fronts of houses, trees, posts, steps and cars."""

from __future__ import annotations

import math

import numpy as np

from .chance import Chance
from .pile import Pile, turn_z, up


def outdoors(c: Chance, pile: Pile, hardness: float) -> None:
    """Ground, and what stands on it in the distance."""
    pile.add("quad", np.array([0, 18.0, 0]), (80, 80, 1), pile.surface("ground"), turn_z(c.between(0, 6)))
    if c.yes(0.35):  # a wall of a house or a fence close behind
        far, high = c.between(1.2, 6), c.between(1.0, 9)
        turn = turn_z(c.normal(0.4))
        pile.add(
            "cube",
            turn @ np.array([c.normal(2), far + 0.2, high / 2]),
            (c.between(3, 18), 0.4, high),
            pile.surface("front"),
            turn,
        )
    for _ in range(c.whole(0, 3 + int(8 * hardness))):
        spot = np.array([c.between(-10, 10), c.between(2, 24), 0])
        kind = c.u()
        if kind < 0.35:
            size = (c.between(1, 7), c.between(1, 6), c.between(1, 8))
            pile.add("cube", spot + up(size[2] / 2), size, pile.surface("front"), turn_z(c.between(0, 1.6)))
        elif kind < 0.75:
            _tree(c, pile, spot)
        elif kind < 0.88:
            w, h = c.between(0.05, 0.25), c.between(0.6, 5)
            pile.add("cylinder", spot * [0.5, 0.4, 1] + [0, 0.5, h / 2], (w, w, h))
        else:
            _car(c, pile, spot)
    if c.yes(0.15):  # steps
        w, turn = c.between(1.5, 5), turn_z(c.normal(0.3))
        cloth = pile.surface("ground")
        for k in range(c.whole(2, 7)):
            pile.add(
                "cube", turn @ np.array([0, 1.0 + 0.3 * k, 0.08 + 0.16 * k]), (w, 0.3, 0.16 + 0.32 * k), cloth, turn
            )


def _tree(c: Chance, pile: Pile, spot: np.ndarray) -> None:
    h, w = c.between(1.5, 6), c.between(0.1, 0.4)
    bark = (
        (0.03, 0.02, 0.012),
        tuple(v * c.between(0.5, 1.6) for v in (0.16, 0.11, 0.07)),
        pile.around.layer("bark"),
        0.6,
    )
    pile.add("cylinder", spot + up(h / 2), (w, w, h), bark)
    layer, tint = pile.around.layer("autumn" if c.yes(0.15) else "leaves"), c.scale(0.5, 1.8)
    for _ in range(c.whole(1, 6)):
        size = tuple(c.between(0.3, 0.75) * h * 0.6 for _ in range(3))
        place = spot + np.array([c.normal(0.18 * h), c.normal(0.18 * h), h * c.between(0.8, 1.2)])
        pile.add("sphere", place, size, ((0.0, 0.0, 0.0), (tint, tint, tint), layer, c.between(0.5, 1.5)))


def _car(c: Chance, pile: Pile, spot: np.ndarray) -> None:
    turn, paint = turn_z(c.one((0, math.pi / 2)) + c.normal(0.15)), pile.plain()
    glass, tyre = pile.plain((0.03, 0.035, 0.04)), pile.plain((0.01, 0.01, 0.01))
    for x, z, size, cloth in ((0, 0.6, (4.0, 1.7, 0.7), paint), (-0.2, 1.15, (2.2, 1.5, 0.5), glass)):
        pile.add("cube", spot + turn @ np.array([x, 0, z]), size, cloth, turn, gloss=0.5)
    for x in (-1.2, 1.2):
        pile.add("cylinder", spot + turn @ np.array([x, -0.8, 0.32]), (0.62, 0.62, 0.2), tyre, turn @ _ROLLING)


_ROLLING = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])

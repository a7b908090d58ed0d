"""What people hold and sit on, tables before them, things in the way, and clutter like limbs."""

from __future__ import annotations

import math

import numpy as np

from .chance import Chance
from .people import Person
from .physique import Skeleton
from .pile import Pile, any_turn, turn_z
from .rooms import bench, chair, counter, sofa, stool, table

_SEATS = (("chair", chair), ("chair", chair), ("stool", stool), ("bench", bench))


def seat(c: Chance, pile: Pile, person: Person, skeleton: Skeleton, seen: frozenset[str]) -> None:
    """Something to sit on under a seated person. seen: the furniture that may be drawn."""
    hips = person.bones[skeleton.index["hips"]]
    front = hips[:3, 2]
    turn = turn_z(math.atan2(front[0], -front[1]))
    size = np.linalg.norm(hips[:3, 1])
    high = max(hips[2, 3] - 0.105 * size, 0.12)
    place = np.array([hips[0, 3], hips[1, 3], 0.0]) + turn @ np.array([0, -0.02, 0])
    kinds = [draw for name, draw in _SEATS if name in seen]
    if "sofa" in seen and high < 0.6 and c.yes(0.25):
        sofa(c, pile, place + turn @ np.array([0, 0.05, 0]), turn, c.between(0.9, 2.2), high)
    elif kinds:
        c.one(kinds)(c, pile, place, turn, seat=high)


def desk(c: Chance, pile: Pile, person: Person, seen: frozenset[str]) -> None:
    """A table or a counter between the person and the camera. seen: the furniture that may be drawn."""
    middle = person.keypoints[11:13].mean(0)
    turn = turn_z(c.normal(0.25))
    away = np.array([c.normal(0.15), -c.between(0.45, 0.75), 0.0])
    place, high = np.array([middle[0], middle[1], 0.0]) + turn @ away, min(c.between(0.66, 0.8), middle[2] + 0.35)
    (table if "table" in seen else counter)(c, pile, place, turn, high)


def held(c: Chance, pile: Pile, person: Person, skeleton: Skeleton) -> None:
    """A thing in one hand or both: a phone, a cup, a stick, a bag, a ball, a book, a board."""
    for side in ("left", "right") if c.yes(0.2) else (c.one(("left", "right")),):
        hand = person.bones[skeleton.index[f"{side}Hand"]]
        axes = hand[:3, :3] / np.maximum(np.linalg.norm(hand[:3, :3], axis=0), 1e-9)
        grip = hand[:3, 3] + hand[:3, :3] @ np.array([0, 0.085, -0.035])
        kind = c.u()
        if kind < 0.22:
            pile.add("cube", grip, (0.012, 0.15, 0.075), pile.plain(c.colour(0.01, 0.5)), axes)
        elif kind < 0.38:
            pile.add("cylinder", grip, (0.075, 0.075, c.between(0.08, 0.26)), turn=any_turn(c))
        elif kind < 0.58:
            length, w = c.between(0.25, 1.6), c.between(0.02, 0.06)
            stick = axes @ np.array([[0, 1.0, 0], [0, 0, 1.0], [1.0, 0, 0]])
            pile.add("cylinder", grip + stick[:, 2] * length * c.between(-0.5, 0.5), (w, w, length), turn=stick)
        elif kind < 0.72:
            size = (c.between(0.2, 0.4), c.between(0.08, 0.2), c.between(0.2, 0.4))
            pile.add("cube", grip - [0, 0, size[2] / 2 + 0.08], size, pile.surface("thing"), turn_z(c.between(0, 3)))
        elif kind < 0.86:
            d = c.between(0.07, 0.28)
            pile.add("sphere", grip + axes @ np.array([0, 0.02, -d / 2]), (d, d, d))
        else:
            size = (c.between(0.15, 0.5), 0.02, c.between(0.15, 0.5))
            pile.add("cube", grip, size, pile.picture(), any_turn(c))


def clutter(c: Chance, pile: Pile, centre: np.ndarray, count: int) -> None:
    """Things about and behind the person, among them bars as long and as coloured as limbs, some bent."""
    for _ in range(count):
        spot = centre + np.array([c.between(-2, 2), c.between(0.7, 3.0), c.between(-0.9, 1.2)])
        if c.yes(0.6):
            cloth = pile.plain(pile.borrowed()) if c.yes(0.6) else None
            w, solid, turn = c.between(0.05, 0.14), c.one(("cylinder", "cube")), any_turn(c)
            length = c.between(0.2, 0.6)
            pile.add(solid, spot, (w, w, length), cloth, turn)
            if c.yes(0.4):
                bent = any_turn(c)
                joint = spot + turn[:, 2] * length / 2
                pile.add("sphere", joint, (w, w, w), cloth)
                pile.add(solid, joint + bent[:, 2] * length / 2, (w * 0.85, w * 0.85, length), cloth, bent)
        else:
            size = tuple(c.between(0.1, 0.7) for _ in range(3))
            pile.add(c.one(("cube", "cylinder", "sphere")), spot, size, pile.surface("thing"), any_turn(c))


def occluder(c: Chance, pile: Pile, person: Person, eye: np.ndarray) -> None:
    """Something between the camera and the person, small enough for the rest of the body to be seen."""
    target = person.keypoints[c.whole(0, len(person.keypoints))]
    for _ in range(c.whole(1, 3)):
        share = c.between(0.35, 0.8)
        spot = eye + (target - eye) * share + c.vector(0.05)
        wide = 0.45 * share * min(np.linalg.norm(person.keypoints[0] - person.keypoints[11:13].mean(0)) * 2, 1.6)
        kind = c.u()
        if kind < 0.35:
            w = c.between(0.1, 0.3) * wide
            cloth = pile.plain(pile.borrowed()) if c.yes(0.4) else None
            pile.add("cylinder", spot, (w, w, c.between(0.5, 2.0) * wide), cloth, any_turn(c))
        elif kind < 0.55:  # a post, from the floor up
            w = c.between(0.1, 0.4) * wide
            pile.add("cylinder", np.array([spot[0], spot[1], 1.0]), (w, w, 2.4), pile.surface("thing"))
        elif kind < 0.75:  # a box on the floor
            size = (c.between(0.4, 1.6) * wide, c.between(0.1, 0.5), min(spot[2] + 0.1, c.between(0.2, 0.9)))
            place = np.array([spot[0], spot[1], size[2] / 2])
            pile.add("cube", place, size, pile.surface("thing"), turn_z(c.normal(0.5)))
        else:
            size = tuple(c.between(0.2, 0.9) * wide for _ in range(3))
            pile.add("cube", spot, size, pile.surface("thing"), any_turn(c))

"""What a synthetic picture shows: people, what they hold and sit on, a place about them, light and a camera.

Owns chance: everything is drawn from one generator, so the same seed gives the same `Scene`. `hardness` 0…1
widens it from an easy world (facing the camera, plain surroundings, well framed) to the full one.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from .chance import Chance, Shares
from .held_out import Choice
from .lighting import sample_light
from .outdoors import outdoors
from .people import Person
from .physique import Skeleton
from .pile import Pile
from .poses import SEATED
from .props import clutter, desk, held, occluder, seat
from .render import Backdrop, Camera, Scene
from .rooms import FURNITURE, ROOMS, room
from .surroundings import Surroundings


class Places:
    """Furnishes scenes from one part of the world: what training sees, or what is held out."""

    def __init__(self, around: Surroundings, skeleton: Skeleton, held_out: bool = False) -> None:
        self.around, self._skeleton = around, skeleton
        self._rooms = Choice("room", ROOMS, held_out)
        self._furniture: Shares = Choice("furniture", FURNITURE, held_out)
        self._seats = frozenset(self._furniture.names)
        self._clouds = [noise_picture(np.random.default_rng([9, i])) for i in range(16)]

    def scene(
        self,
        c: Chance,
        person: Person,
        camera: Camera,
        hardness: float,
        others: tuple[Person, ...] = (),
        empty: bool = False,
    ) -> Scene:
        """A scene about a person. others: who else is there; empty: the person has gone, the others with it."""
        seated = person.names.get("action") == SEATED
        palette = np.concatenate([p.palette for p in (person, *others)])
        pile = Pile(c, self.around, palette, 0.04 + 0.20 * hardness)
        kind = c.u()
        if kind < 0.55:
            room(c, pile, self._rooms(c.u()), self._furniture, hardness)
        elif kind < 0.72:
            outdoors(c, pile, hardness)
        elif kind < 0.86:  # a floor before a picture
            pile.add("quad", np.array([0, 10.0, 0]), (60, 60, 1), pile.surface("floor" if c.yes(0.5) else "ground"))
        if seated and not (kind > 0.86 and c.yes(0.5)):
            seat(c, pile, person, self._skeleton, self._seats)
        before = c.yes(0.10 * hardness + (0.25 * hardness if seated else 0))
        if before and camera.eye[2] > 0.9 and camera.eye[1] < person.bones[0, 1, 3] - 1.2:
            desk(c, pile, person, self._seats)
        if c.yes(0.22 * hardness) and not empty:
            held(c, pile, person, self._skeleton)
        if c.yes(0.30 * hardness + 0.05):
            clutter(c, pile, person.bones[0, :3, 3], c.whole(1, 4 + int(8 * hardness)))
        if c.yes(0.16 * hardness):
            occluder(c, pile, person, camera.eye)
        people = () if empty else (person, *others)
        light = sample_light(c, hardness)
        return Scene(camera, light, people, pile.shapes(), self._backdrop(c, hardness), c.one(self._clouds))

    def _backdrop(self, c: Chance, hardness: float) -> Backdrop:
        """Which part of which picture is behind everything, and how bright: at times plain."""
        part = c.scale(0.25, 1.0)
        plain = c.yes(0.25 - 0.17 * hardness)
        bright, tint = c.scale(0.5, 1.6), 0.35 if c.yes(0.15) else 0.10
        gain = [bright * math.exp(c.normal(tint)) for _ in range(3)]
        if plain:
            part = 0.004
        left, top = c.between(0, 1 - part), c.between(0, 1 - part)
        window = (left + part, top, -part, part) if c.yes(0.5) else (left, top, part, part)
        return Backdrop(c.whole(0, len(self.around.photos)), window, tuple(gain))


def bystanders(
    c: Chance,
    anybody: Callable[[Chance], Person],
    eye: np.ndarray,
    person: Person,
    hardness: float,
    share: float = 0.3,
) -> tuple[Person, ...]:
    """Others behind, beside and before the person, as in a crowd, in a share of the scenes."""
    if not c.yes(share * hardness):
        return ()
    count = c.one((1, 1, 1, 2, 2, 3, 4))
    middle = person.bones[0, :2, 3]
    way = middle - eye[:2]
    far = np.linalg.norm(way)
    way = way / max(far, 1e-6)
    across = np.array([way[1], -way[0]])
    out, places = [], [np.zeros(2)]
    for _ in range(count):
        for _ in range(8):
            kind = c.u()
            if kind < 0.30:  # beside, at times with the arms about each other
                spot = np.array([c.one((-1, 1)) * c.between(0.35, 1.2), c.normal(0.25)])
            elif kind < 0.85:
                spot = np.array([c.normal(1.3), c.between(0.45, 5.0)])
            else:  # before the person, to one side
                spot = np.array([c.one((-1, 1)) * c.between(0.22, 0.8), -c.between(0.25, 0.6) * min(far, 2.5)])
            if all(np.linalg.norm(spot - other) > 0.34 for other in places):
                break
        else:
            continue
        places.append(spot)
        at = middle + across * spot[0] + way * spot[1]
        out.append(anybody(c).moved(np.array([at[0], at[1], 0.0])))
    return tuple(out)


def noise_picture(rng: np.random.Generator, side: int = 128) -> np.ndarray:
    """(side, side, 3) uint8 clouds of several sizes: folds in cloth, unevenness of skin."""
    out = np.zeros((side, side, 3), np.float32)
    for octave in (4, 8, 16, 32, 64):
        channel = rng.random((octave, octave, 3)).astype(np.float32)
        out += cv2.resize(channel, (side, side), interpolation=cv2.INTER_CUBIC) * octave**-0.7
    out -= out.min((0, 1))
    return (255 * np.clip(out / out.max((0, 1)), 0, 1)).astype(np.uint8)

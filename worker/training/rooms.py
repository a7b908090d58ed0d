"""Rooms about a person: floor, walls and ceiling, what hangs there, and furniture."""

from __future__ import annotations

import math

import numpy as np

from .chance import Chance
from .pile import Pile, turn_z, up

#: Kinds of rooms, and what stands in them, with shares.
ROOMS = {"room": 0.60, "hall": 0.14, "corner": 0.12, "studio": 0.14}
FURNITURE = {
    "table": 0.16, "cupboard": 0.16, "sofa": 0.10, "lamp": 0.09, "plant": 0.09, "chair": 0.14, "stool": 0.05,
    "pole": 0.06, "bench": 0.05, "shelves": 0.06, "ball": 0.04, "counter": 0.03,
}  # fmt: skip
_ALONG_WALL = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])


def facing(turn: np.ndarray, normal) -> np.ndarray:
    """A turn that takes +z to `normal` of the room and x along the wall."""
    n = np.array(normal, float)
    up = np.array([0.0, 0.0, 1.0]) if abs(n[2]) < 0.5 else np.array([0.0, 1.0, 0.0])
    x = np.cross(up, n)
    return turn @ np.stack([x, np.cross(n, x), n], 1)


def room(c: Chance, pile: Pile, kind: str, furniture, hardness: float) -> None:
    """A room of a kind about the origin. furniture: its `Shares`."""
    if kind == "hall":
        left, right, back, ceiling = -c.between(4, 9), c.between(4, 9), c.between(4, 11), c.between(3.5, 6)
    else:
        left, right, back, ceiling = -c.between(1.1, 4), c.between(1.1, 4), c.between(0.6, 3.8), c.between(2.3, 3.2)
    turn = turn_z(c.between(-0.8, 0.8) if kind != "corner" else c.one((-1, 1)) * c.between(0.55, 1.0))
    front = -9.0

    def at(x, y, z):
        return turn @ np.array([x, y, z])

    width, depth, across, along = right - left, back - front, (left + right) / 2, (front + back) / 2
    looks = {wall: facing(turn, n) for wall, n in (("back", (0, -1, 0)), ("left", (1, 0, 0)), ("right", (-1, 0, 0)))}
    wall = pile.surface("wall")
    pile.add("quad", at(across, along, 0), (width, depth, 1), pile.surface("floor"), turn, gloss=0.1)
    if kind == "studio":  # one wall, which goes on in the floor
        pile.add("quad", at(across, back, 2), (width * 3, 4, 1), wall, looks["back"])
        return
    bright = c.between(0.35, 0.9)
    pile.add("quad", at(across, along, ceiling), (width, depth, 1), pile.plain((bright,) * 3), facing(turn, (0, 0, -1)))
    pile.add("quad", at(across, back, ceiling / 2), (width, ceiling, 1), wall, looks["back"])
    side = wall if c.yes(0.7) else pile.surface("wall")
    pile.add("quad", at(left, along, ceiling / 2), (depth, ceiling, 1), side, looks["left"])
    pile.add("quad", at(right, along, ceiling / 2), (depth, ceiling, 1), side, looks["right"])
    if c.yes(0.5):  # skirting board
        pile.add("cube", at(across, back - 0.01, 0.05), (width, 0.03, 0.1), turn=turn)
    if c.yes(0.25):  # panelling or a band of tiles
        h = c.between(0.4, 1.4)
        pile.add("cube", at(across, back - 0.01, h / 2), (width, 0.02, h), pile.surface("wall"), turn)
    if c.yes(0.4):  # rug or mat
        size = (c.between(0.8, 2.8), c.between(0.8, 2.8), 0.02)
        spot = at(c.normal(0.6), c.normal(0.6), 0.004)
        pile.add("cube", spot, size, pile.surface("floor"), turn @ turn_z(c.normal(0.3)))
    if c.yes(0.3):  # lamps on the ceiling
        for k in range(c.whole(1, 4)):
            spot = at(c.between(left, right), c.between(-1, back) + k * 0.5, ceiling - 0.02)
            pile.add(
                "cube", spot, (c.between(0.2, 1.2), c.between(0.1, 0.6), 0.04), pile.plain((0.95,) * 3), turn, glow=1.0
            )
    for _ in range(c.whole(0, 4 + int(5 * hardness))):
        where = c.one(("back", "back", "left", "right"))
        s = c.between(left, right) if where == "back" else c.between(-3, back)
        z = c.between(1.0, 1.8)
        spot = {"back": (s, back - 0.02), "left": (left + 0.02, s), "right": (right - 0.02, s)}[where]
        _on_wall(c, pile, at, spot, z, looks[where], turn)
    for _ in range(c.whole(0, 3 + int(4 * hardness))):
        x, y = _beside(c, left, right, back)
        stand = c.one((0.0, 0.0, math.pi / 2)) if c.yes(0.75) else c.normal(0.6)
        _FURNISH[c.of(furniture)](c, pile, at(x, y, 0), turn @ turn_z(stand))


def _on_wall(c: Chance, pile: Pile, at, spot, z, look, turn) -> None:
    """A window, a picture, a door, a shelf, a curtain, a screen or a mirror."""
    thing = c.one(("window", "picture", "picture", "door", "shelf", "curtain", "poster", "screen", "pipes"))
    w, h = c.between(0.3, 1.6), c.between(0.3, 1.3)
    if thing in ("door", "curtain"):
        w, h = c.between(0.7, 1.2), c.between(1.9, 2.2)
        z = h / 2
    if thing == "pipes":
        for k in range(c.whole(1, 5)):
            d = c.between(0.02, 0.1)
            pile.add("cylinder", at(spot[0] + 0.12 * k, spot[1] - 0.05, 1.3), (d, d, 2.6), turn=turn)
        return
    place = at(*spot, z)
    if thing == "shelf":
        pile.add("cube", place, (w, 0.03, 0.22), pile.surface("thing"), look @ _ALONG_WALL)
        slide = look[:, 0]
        for _ in range(c.whole(1, 8)):
            size = (c.between(0.03, 0.2), c.between(0.05, 0.2), c.between(0.05, 0.32))
            pile.add("cube", place + slide * c.between(-w / 2, w / 2) + [0, 0, size[2] / 2], size, turn=turn)
        return
    pile.add("cube", place, (w + 0.08, h + 0.08, 0.04), turn=look)
    cloth, glow = {
        "window": lambda: (pile.picture() if c.yes(0.6) else pile.plain(c.colour(0.6, 0.95)), c.between(0.6, 1.0)),
        "picture": lambda: (pile.picture() if c.yes(0.7) else pile.plain(), 0.0),
        "poster": lambda: (pile.picture(), 0.0),
        "screen": lambda: (pile.picture(), c.between(0.0, 1.0)),
        "door": lambda: (pile.surface("thing"), 0.0),
        "curtain": lambda: (pile.surface("wall"), 0.0),
    }[thing]()
    pile.add("cube", place, (w, h, 0.06), cloth, look, glow, 0.1)
    if thing == "window":
        bar = pile.plain()
        for k in range(1, c.whole(2, 5)):
            pile.add("cube", place + look[:, 0] * w * (k / 4 - 0.5), (0.04, h, 0.08), bar, look)
        pile.add("cube", place, (w, 0.04, 0.08), bar, look)
        if c.yes(0.3):  # slats
            for k in range(c.whole(4, 12)):
                pile.add("cube", place + up(h * (0.5 - k / 12)), (w, 0.035, 0.10), bar, look)
    elif thing in ("picture", "poster") and c.yes(0.4):
        for k in range(c.whole(1, 4)):
            small = (c.between(0.12, 0.4), c.between(0.12, 0.4), 0.05)
            pile.add("cube", place + look[:, 0] * (w / 2 + 0.35 * (k + 1)), small, pile.picture(), look)


def _beside(c: Chance, left: float, right: float, back: float) -> tuple[float, float]:
    """A place in the room that the person does not stand in."""
    for _ in range(20):
        x, y = c.between(left + 0.2, right - 0.2), c.between(-0.6, back - 0.2)
        if math.hypot(x, y) > 0.8:
            return x, y
    return right - 0.2, back - 0.2


def _parts(pile: Pile, place: np.ndarray, turn: np.ndarray):
    def part(solid, x, y, z, size, cloth=None, **more):
        pile.add(solid, place + turn @ np.array([x, y, z]), size, cloth, turn, **more)

    return part


def _legs(part, w: float, d: float, h: float, thick: float, cloth) -> None:
    for x in (-w / 2, w / 2):
        for y in (-d / 2, d / 2):
            part("cube", x, y, h / 2, (thick, thick, h), cloth)


def table(c: Chance, pile: Pile, place, turn, high: float | None = None) -> float:
    """A table with things on it; returns its height."""
    part, cloth = _parts(pile, place, turn), pile.surface("thing")
    w, d, h = c.between(0.5, 1.8), c.between(0.4, 0.9), high or c.between(0.4, 0.95)
    part("cube", 0, 0, h, (w, d, 0.04), cloth)
    if c.yes(0.3):
        part("cube", 0, -d / 2 + 0.03, h / 2, (w * 0.96, 0.03, h * 0.9), cloth)
    _legs(part, w - 0.1, d - 0.1, h, 0.05, pile.plain())
    for _ in range(c.whole(0, 5)):
        size = (c.between(0.05, 0.35), c.between(0.05, 0.3), c.between(0.02, 0.3))
        part(
            c.one(("cube", "cube", "cylinder")),
            c.between(-w / 2.3, w / 2.3),
            c.between(-d / 3, d / 3),
            h + size[2] / 2,
            size,
        )
    if c.yes(0.4):  # a screen, its back or its front to the camera
        size = (c.between(0.3, 0.6), 0.03, c.between(0.2, 0.36))
        cloth = pile.picture() if c.yes(0.4) else pile.plain(c.colour(0.01, 0.1))
        part("cube", c.between(-w / 3, w / 3), 0, h + size[2] / 2 + 0.03, size, cloth)
    return h


def _cupboard(c, pile, place, turn) -> None:
    part, cloth, b = _parts(pile, place, turn), pile.surface("thing"), pile.plain()
    w, d, h = c.between(0.5, 1.8), c.between(0.3, 0.6), c.between(0.6, 2.1)
    part("cube", 0, 0, h / 2, (w, d, h), cloth)
    for i in range(1, c.whole(2, 6)):
        part("cube", 0, -d / 2, h * i / 6, (w * 0.94, 0.02, 0.03), b)


def _shelves(c, pile, place, turn) -> None:
    part, cloth = _parts(pile, place, turn), pile.surface("thing")
    w, h, n = c.between(0.6, 1.6), c.between(1.0, 2.1), c.whole(3, 6)
    for x in (-w / 2, w / 2):
        part("cube", x, 0, h / 2, (0.03, 0.3, h), cloth)
    for i in range(n):
        part("cube", 0, 0, h * (i + 0.5) / n, (w, 0.3, 0.03), cloth)
        for _ in range(c.whole(0, 5)):
            size = (c.between(0.04, 0.2), 0.2, c.between(0.1, h / n * 0.8))
            part("cube", c.between(-w / 2.2, w / 2.2), 0, h * (i + 0.5) / n + size[2] / 2, size)


def sofa(c, pile, place, turn, w: float | None = None, seat: float = 0.42) -> None:
    part, cloth = _parts(pile, place, turn), pile.surface("thing")
    w = w or c.between(0.8, 2.1)
    part("cube", 0, 0, seat / 2, (w, 0.85, seat), cloth)
    part("cube", 0, 0.42, seat * 1.2, (w, 0.2, seat * 1.9), cloth)
    for side in (-1, 1):
        part("cube", side * w / 2, 0, seat * 0.75, (0.18, 0.85, seat * 1.4), cloth)


def chair(c, pile, place, turn, seat: float = 0.45) -> None:
    """A chair whose back is at +y."""
    part, cloth, leg = _parts(pile, place, turn), pile.surface("thing"), pile.plain()
    w = c.between(0.40, 0.52)
    part("cube", 0, 0, seat - 0.03, (w, w, 0.06), cloth)
    high = c.between(0.35, 0.65)
    if c.yes(0.85):
        part("cube", 0, w / 2, seat + high / 2 + 0.08, (w * c.between(0.7, 1), 0.04, high * c.between(0.5, 1)), cloth)
        for x in (-w / 2.4, w / 2.4):
            part("cube", x, w / 2, seat + high / 2, (0.03, 0.03, high), leg)
    if c.yes(0.3):
        for x in (-w / 2, w / 2):
            part("cube", x, 0, seat + 0.20, (0.04, w * 0.9, 0.03), leg)
            part("cube", x, -w / 2.4, seat + 0.1, (0.03, 0.03, 0.2), leg)
    if c.yes(0.25):  # on one foot
        part("cylinder", 0, 0, seat / 2, (0.06, 0.06, seat), leg)
        part("cylinder", 0, 0, 0.04, (0.55, 0.55, 0.06), leg)
    else:
        _legs(part, w * 0.9, w * 0.9, seat - 0.05, 0.035, leg)


def stool(c, pile, place, turn, seat: float = 0.5) -> None:
    """A stool, a box or a ball to sit on."""
    part, kind = _parts(pile, place, turn), c.u()
    w = c.between(0.32, 0.5)
    if kind < 0.5:
        part("cylinder", 0, 0, seat / 2, (w, w, seat), pile.surface("thing"))
    elif kind < 0.85:
        part("cube", 0, 0, seat / 2, (w * 1.2, w, seat), pile.surface("thing"))
    else:
        part("sphere", 0, 0, seat / 2, (seat * 1.15,) * 2 + (seat * 1.04,))


def bench(c, pile, place, turn, seat: float = 0.45) -> None:
    part, cloth, w = _parts(pile, place, turn), pile.surface("thing"), c.between(1.0, 2.2)
    part("cube", 0, 0, seat - 0.03, (w, 0.4, 0.06), cloth)
    _legs(part, w * 0.85, 0.3, seat - 0.05, 0.06, pile.plain())


def counter(c, pile, place, turn, high: float | None = None) -> None:
    """A box as high as a table, closed in front."""
    part, cloth = _parts(pile, place, turn), pile.surface("thing")
    w, d, h = c.between(0.8, 2.4), c.between(0.35, 0.7), high or c.between(0.8, 1.1)
    part("cube", 0, 0, h / 2, (w, d, h), cloth)
    part("cube", 0, -0.03, h, (w + 0.08, d + 0.1, 0.05))
    for _ in range(c.whole(0, 4)):
        size = (c.between(0.05, 0.25), c.between(0.05, 0.2), c.between(0.05, 0.3))
        part("cylinder", c.between(-w / 2.3, w / 2.3), c.between(-d / 3, d / 3), h + size[2] / 2, size)


def _lamp(c, pile, place, turn) -> None:
    part, h = _parts(pile, place, turn), c.between(1.2, 1.8)
    part("cylinder", 0, 0, h / 2, (0.03, 0.03, h))
    part("cylinder", 0, 0, 0.01, (0.3, 0.3, 0.03))
    part("cylinder", 0, 0, h, (0.35, 0.35, 0.3), pile.plain(c.colour(0.4, 0.95)), glow=c.u())


def _plant(c, pile, place, turn) -> None:
    part = _parts(pile, place, turn)
    part("cylinder", 0, 0, 0.2, (0.3, 0.3, 0.4))
    green = tuple(v * math.exp(c.normal(0.4)) for v in (0.05, 0.2, 0.04))
    for _ in range(c.whole(4, 14)):
        tone = tuple(v * c.between(0.6, 1.5) for v in green)
        size = (c.between(0.05, 0.5), c.between(0.05, 0.5), c.between(0.05, 0.5))
        part("sphere", c.normal(0.15), c.normal(0.15), c.between(0.5, 1.3), size, pile.plain(tone))


def _pole(c, pile, place, turn) -> None:
    w = c.between(0.04, 0.25)
    _parts(pile, place, turn)("cylinder", 0, 0, 1.3, (w, w, 2.6), pile.surface("thing"))


def _ball(c, pile, place, turn) -> None:
    w = c.between(0.15, 0.7)
    _parts(pile, place, turn)("sphere", 0, 0, w / 2, (w, w, w))


_FURNISH = {
    "table": table, "cupboard": _cupboard, "sofa": sofa, "lamp": _lamp, "plant": _plant, "chair": chair, "stool": stool,
    "pole": _pole, "bench": bench, "shelves": _shelves, "ball": _ball,
    "counter": counter,
}  # fmt: skip

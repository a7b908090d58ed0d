"""What a synthetic picture shows: a posed person, a camera like a webcam's, light, a room or clutter.

Owns chance: everything is drawn from one generator, so the same seed gives the same `Scene`. `hardness` 0…1
widens it from an easy world (facing the camera, plain surroundings, well framed) to the full one.
"""

from __future__ import annotations

import cv2
import numpy as np

from .people import Person
from .render import Camera, Light, Scene, Shapes

SOLIDS = ("cube", "cylinder", "sphere", "quad")
PLAIN, STRIPES, CHECKS, TILES, PLANKS, CLOUDS, CLUTTER = range(7)
#: Frames that webcams and phones give, px.
FRAMES = ((640, 480), (640, 480), (640, 480), (1280, 720), (640, 360), (480, 640), (720, 1280), (960, 720))


class _Pile:
    """Shapes as they are collected, by solid; some have a colour of the person's, to be told from limbs."""

    def __init__(self, rng: np.random.Generator, person: Person, hardness: float) -> None:
        self.rng, self.palette = rng, person.palette
        self.borrow = 0.05 + 0.25 * hardness
        self.rows: dict[str, list] = {name: [] for name in SOLIDS}

    def add(
        self, solid, centre, size, a, b=None, pattern=PLAIN, scale=0.3, glow=0.0, gloss=0.05, turn=None
    ) -> None:
        """One solid of `size` metres at `centre`, turned by a 3×3 matrix."""
        if self.rng.random() < self.borrow * (0.4 if solid == "quad" else 1.0):
            a = self.palette[self.rng.integers(len(self.palette))]
            a = np.clip(a * np.exp(self.rng.normal(0, 0.35) + self.rng.normal(0, 0.1, 3)), 0, 1)
        model = np.eye(4)
        model[:3, :3] = (np.eye(3) if turn is None else turn) * np.asarray(size, float)[None]
        model[:3, 3] = centre
        self.rows[solid].append((model, a, a if b is None else b, (pattern, scale, glow, gloss)))

    def shapes(self) -> dict[str, Shapes]:
        return {
            name: Shapes(*(np.array([row[i] for row in rows], float) for i in range(4)))
            for name, rows in self.rows.items()
            if rows
        }


def turn_z(angle: float) -> np.ndarray:
    """(3, 3) rotation about z by `angle` radians."""
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def any_turn(rng: np.random.Generator) -> np.ndarray:
    """A rotation matrix, all equally likely."""
    q, r = np.linalg.qr(rng.normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else q[:, [1, 0, 2]]


def colour(rng: np.random.Generator, low: float = 0.02, high: float = 0.9) -> np.ndarray:
    """A linear RGB colour, often dull as things in rooms are."""
    grey = np.exp(rng.uniform(np.log(low), np.log(high)))
    tint = np.exp(rng.normal(0, rng.choice([0.06, 0.25, 0.7]), 3))
    return np.clip(grey * tint, 0, 1)


def sample_camera(
    rng: np.random.Generator, points: np.ndarray, size: tuple[int, int], hardness: float
) -> tuple[Camera, tuple[float, float, float, float]]:
    """A camera whose crop shows the person, as the worker crops: a box about the person, or the whole frame.

    points: (N, 3) world points of the body. size: the crop's (width, height) px. Returns the crop's camera
    and the box (xyxy, px of the frame).
    """
    frame_w, frame_h = FRAMES[rng.integers(len(FRAMES))]
    fov = np.radians(
        rng.uniform(45, 75) if rng.random() < 0.85 else rng.uniform(30, 45)
    )  # of the longer side
    focal = 0.5 * max(frame_w, frame_h) / np.tan(fov / 2)
    middle = (points.min(0) + points.max(0)) / 2
    tall = max(points[:, 2].max() - points[:, 2].min(), 0.7) + 0.15
    whole = rng.random() < 0.03 + 0.10 * hardness
    close = not whole and rng.random() < 0.18 * hardness
    fill = rng.uniform(0.45, 0.95) if not close else rng.uniform(1.1, 2.2)
    distance = np.clip(focal * tall / (fill * frame_h), 0.9, 9.0)
    height = rng.uniform(0.5, 2.0) if rng.random() < 0.9 else rng.uniform(0.2, 2.6)
    eye = np.array([middle[0], middle[1] - distance, height])
    aim = middle + rng.normal(0, 0.04, 3) * distance * (0.5 + hardness)
    if close:
        aim[2] += rng.uniform(0.0, 0.45) * tall
    view = look_at(eye, aim, np.radians(rng.normal(0, 4) * (0.4 + hardness * 0.8)))
    frame_camera = Camera(
        view, (focal, focal, frame_w / 2 - 0.5, frame_h / 2 - 0.5), (0, 0, frame_w - 1, frame_h - 1)
    )

    pixels, depth = frame_camera.project(points)
    inside = (depth > 0.1) & (pixels > -1).all(1) & (pixels < (frame_w, frame_h)).all(1)
    if whole or inside.sum() < 3:
        box = np.array([0, 0, frame_w - 1, frame_h - 1], float)
        grow = rng.uniform(1.0, 1.3)
        shift = rng.normal(0, 0.02, 2)
    else:
        low, high = pixels[inside].min(0), pixels[inside].max(0)
        box = np.concatenate([np.clip(low, 0, None), np.minimum(high, (frame_w - 1, frame_h - 1))])
        spread = 0.4 + 0.6 * hardness
        grow = 1.45 * np.exp(rng.uniform(-0.3, 0.3) * spread)
        shift = rng.normal(0, 0.06, 2) * spread
    centre = (box[:2] + box[2:]) / 2
    extent = np.maximum(box[2:] - box[:2], 24.0)
    aspect = size[0] / size[1]
    w = max(extent[0], extent[1] * aspect) * grow
    scale = np.array([w, w / aspect])
    centre = centre + shift * scale
    ratio = (np.array(size) - 1) / scale
    fx, fy, cx, cy = frame_camera.intrinsics
    corner = centre - scale / 2
    edge = (np.array([[-0.5, -0.5], [frame_w - 0.5, frame_h - 0.5]]) - corner) * ratio
    crop = Camera(
        view,
        (fx * ratio[0], fy * ratio[1], (cx - corner[0]) * ratio[0], (cy - corner[1]) * ratio[1]),
        tuple(edge.ravel()),
    )
    return crop, tuple(box)


def look_at(eye: np.ndarray, aim: np.ndarray, roll: float = 0.0) -> np.ndarray:
    """(4, 4) world to camera (x right, y down, z forward) of a camera at `eye` that looks at `aim`."""
    z = (aim - eye) / np.linalg.norm(aim - eye)
    x = np.cross(z, [0.0, 0.0, 1.0])
    x /= np.linalg.norm(x)
    y = np.cross(z, x)
    c, s = np.cos(roll), np.sin(roll)
    rotation = np.stack([c * x + s * y, -s * x + c * y, z])
    out = np.eye(4)
    out[:3, :3], out[:3, 3] = rotation, -rotation @ eye
    return out


def sample_light(rng: np.random.Generator, hardness: float) -> Light:
    """Light from a window, a lamp or the sky; never so little that nothing is seen."""

    def direction(low, high):
        turn, rise = rng.uniform(0, 2 * np.pi), np.radians(rng.uniform(low, high))
        return np.array([np.cos(turn) * np.cos(rise), np.sin(turn) * np.cos(rise), np.sin(rise)])

    def tone(strength):
        warm = rng.normal(0, 0.10 + 0.06 * hardness)
        return strength * np.array([1 + warm, 1.0, 1 - warm])

    key = rng.uniform(0.05, 1.6)
    ambient = rng.uniform(0.15, 1.0)
    return Light(
        key_direction=direction(20, 80),
        key_colour=tone(key),
        fill_direction=direction(0, 60),
        fill_colour=tone(rng.uniform(0, 0.5)),
        sky_colour=tone(ambient),
        ground_colour=tone(ambient * rng.uniform(0.2, 0.9)),
        shadow=rng.uniform(0.5, 1.0),
        exposure=rng.uniform(0.6, 1.25) / max(0.55 * key + ambient, 0.4),
    )


def sample_scene(
    rng: np.random.Generator, person: Person, camera: Camera, noise: np.ndarray, hardness: float
) -> Scene:
    """Surroundings for a person: mostly rooms, else outdoors or a flat picture behind."""
    pile = _Pile(rng, person, hardness)
    kind = rng.random()
    if kind < 0.62:
        _room(rng, pile, person, hardness)
    elif kind < 0.8:
        _open(rng, pile, person, hardness)
    if rng.random() < 0.35 * hardness + 0.05:
        _clutter(rng, pile, person, int(rng.integers(1, 4 + int(8 * hardness))))
    if rng.random() < 0.16 * hardness:
        _occluder(rng, pile, person, camera)
    return Scene(
        camera,
        sample_light(rng, hardness),
        (person,),
        pile.shapes(),
        backdrop(rng, hardness),
        noise,
    )


def _surface(rng: np.random.Generator) -> dict:
    """Colours and pattern of a wall or floor, as often light and dull as anything."""
    if rng.random() < 0.4:
        a = np.clip(rng.uniform(0.35, 0.9) * np.exp(rng.normal(0, 0.05, 3)), 0, 1)
    else:
        a = colour(rng, 0.08, 0.9)
    pattern = int(
        rng.choice(
            [PLAIN, PLAIN, STRIPES, CHECKS, TILES, PLANKS, CLOUDS, CLUTTER],
            p=[0.3, 0.14, 0.07, 0.05, 0.12, 0.14, 0.13, 0.05],
        )
    )
    b = np.clip(a * rng.uniform(0.4, 1.5) * np.exp(rng.normal(0, 0.06, 3)), 0, 1)
    return {"a": a, "b": b, "pattern": pattern, "scale": np.exp(rng.uniform(np.log(0.08), np.log(0.9)))}


def _room(rng: np.random.Generator, pile: _Pile, person: Person, hardness: float) -> None:
    """A room turned about the person: floor, walls, windows, pictures, furniture."""
    turn = turn_z(rng.uniform(-0.8, 0.8))
    floor = 0.0
    left, right, back = -rng.uniform(1.2, 4.0), rng.uniform(1.2, 4.0), rng.uniform(0.6, 3.8)
    front, ceiling = -9.0, rng.uniform(2.3, 3.2)
    centre = np.array([person.bones[0, 0, 3], person.bones[0, 1, 3], floor])

    def at(x, y, z):
        return centre + turn @ np.array([x, y, z])

    def face(normal):
        """A turn that takes +z to `normal` of the room and x along the wall."""
        n = np.array(normal, float)
        up = np.array([0.0, 0.0, 1.0]) if abs(n[2]) < 0.5 else np.array([0.0, 1.0, 0.0])
        x = np.cross(up, n)
        return turn @ np.stack([x, np.cross(n, x), n], 1)

    width, depth = right - left, back - front
    wall = _surface(rng)
    pile.add(
        "quad",
        at((left + right) / 2, (front + back) / 2, 0),
        (width, depth, 1),
        turn=turn,
        gloss=0.1,
        **_surface(rng),
    )
    pile.add(
        "quad",
        at((left + right) / 2, (front + back) / 2, ceiling),
        (width, depth, 1),
        colour(rng, 0.4, 0.9),
        turn=face((0, 0, -1)),
    )
    pile.add(
        "quad", at((left + right) / 2, back, ceiling / 2), (width, ceiling, 1), turn=face((0, -1, 0)), **wall
    )
    side = wall if rng.random() < 0.7 else _surface(rng)
    pile.add(
        "quad", at(left, (front + back) / 2, ceiling / 2), (depth, ceiling, 1), turn=face((1, 0, 0)), **side
    )
    pile.add(
        "quad", at(right, (front + back) / 2, ceiling / 2), (depth, ceiling, 1), turn=face((-1, 0, 0)), **side
    )
    if rng.random() < 0.5:  # skirting board
        pile.add(
            "cube", at((left + right) / 2, back - 0.01, 0.05), (width, 0.03, 0.1), colour(rng), turn=turn
        )
    if rng.random() < 0.4:  # rug
        pile.add(
            "cube",
            at(rng.normal(0, 0.6), rng.normal(0, 0.6), 0.004),
            (*rng.uniform(0.8, 2.6, 2), 0.008),
            turn=turn @ turn_z(rng.normal(0, 0.3)),
            **_surface(rng),
        )
    for _ in range(rng.integers(0, 4 + int(5 * hardness))):  # on the walls: windows, pictures, doors, shelves
        thing = rng.choice(["window", "picture", "picture", "door", "shelf", "curtain"])
        where = rng.integers(3)
        along = rng.uniform(left, right) if where == 0 else rng.uniform(-3, back)
        normal = [(0, -1, 0), (1, 0, 0), (-1, 0, 0)][where]
        w, h = rng.uniform(0.3, 1.6), rng.uniform(0.3, 1.3)
        z = rng.uniform(1.0, 1.8)
        if thing in ("door", "curtain"):
            w, h = rng.uniform(0.7, 1.2), rng.uniform(1.9, 2.2)
            z = h / 2
        spot = {0: (along, back - 0.02, z), 1: (left + 0.02, along, z), 2: (right - 0.02, along, z)}[
            int(where)
        ]
        look = face(normal)
        if thing == "shelf":
            pile.add("cube", at(*spot), (w, 0.03, 0.22), colour(rng), turn=look @ _UPRIGHT)
            for _ in range(rng.integers(1, 7)):
                size = rng.uniform(0.04, 0.25, 3)
                base = np.array(spot) + np.array([0, 0, size[2] / 2])
                slide = np.array([1.0, 0, 0]) if where == 0 else np.array([0, 1.0, 0])
                pile.add(
                    "cube", at(*(base + slide * rng.uniform(-w / 2, w / 2))), size, colour(rng), turn=turn
                )
            continue
        pile.add("cube", at(*spot), (w + 0.08, h + 0.08, 0.04), colour(rng), turn=look)
        glow = rng.uniform(0.6, 1.0) if thing == "window" else 0.0
        picture = int(rng.choice([PLAIN, PLAIN, CLUTTER, CLOUDS, STRIPES]))
        pattern = {"window": CLOUDS, "picture": picture, "door": PLAIN, "curtain": STRIPES}[thing]
        a = colour(rng, 0.5, 0.95) if glow else colour(rng)
        pile.add(
            "cube", at(*spot), (w, h, 0.06), a, colour(rng), pattern, rng.uniform(0.1, 0.6), glow, 0.1, look
        )
        if thing == "window":
            bar = colour(rng, 0.2, 0.9)
            pile.add("cube", at(*spot), (w, 0.04, 0.08), bar, turn=look)
            pile.add("cube", at(*spot), (0.04, h, 0.08), bar, turn=look)
    for _ in range(rng.integers(1, 6) if rng.random() < 0.9 * hardness else 0):  # small pictures on the wall
        size = rng.uniform(0.15, 0.6, 2)
        spot = np.array([rng.uniform(max(left, -1.6), min(right, 1.6)), back - 0.02, rng.uniform(0.9, 1.9)])
        look = face((0, -1, 0))
        pile.add("cube", at(*spot), (size[0] + 0.1, size[1] + 0.1, 0.04), colour(rng), turn=look)
        tone = person.palette[rng.integers(len(person.palette))] * np.exp(rng.normal(0, 0.3))
        pile.add("cube", at(*spot), (*size, 0.06), np.clip(tone, 0, 1), turn=look)
    for _ in range(rng.integers(0, 3 + int(4 * hardness))):
        x, y = _beside(rng, left, right, back)
        _furniture(rng, pile, at, turn @ turn_z(rng.choice([0, 0, np.pi / 2, rng.normal(0, 0.5)])), x, y)


_UPRIGHT = np.array([[1.0, 0, 0], [0, 0, -1.0], [0, 1.0, 0]])


def _beside(rng: np.random.Generator, left: float, right: float, back: float) -> tuple[float, float]:
    """A place in the room that the person does not stand in."""
    for _ in range(20):
        x, y = rng.uniform(left + 0.2, right - 0.2), rng.uniform(-0.6, back - 0.2)
        if np.hypot(x, y) > 0.75:
            return x, y
    return right - 0.2, back - 0.2


def _furniture(rng: np.random.Generator, pile: _Pile, at, turn: np.ndarray, x: float, y: float) -> None:
    a, b = colour(rng), colour(rng)
    thing = rng.choice(["table", "cupboard", "sofa", "lamp", "plant", "chair", "stool", "pole"])
    skin = {
        "pattern": int(rng.choice([PLAIN, PLAIN, PLANKS, CLOUDS])),
        "scale": rng.uniform(0.1, 0.5),
        "b": b,
    }

    def part(solid, dx, dy, z, size, tone=a, **more):
        spot = at(x, y, z) + turn @ np.array([dx, dy, 0])
        pile.add(solid, spot, size, tone, turn=turn, **more)

    if thing == "table":
        w, d, h = rng.uniform(0.5, 1.6), rng.uniform(0.4, 0.9), rng.uniform(0.4, 0.95)
        part("cube", 0, 0, h, (w, d, 0.04), **skin)
        for sx in (-1, 1):
            for sy in (-1, 1):
                part("cube", sx * (w / 2 - 0.05), sy * (d / 2 - 0.05), h / 2, (0.05, 0.05, h))
        for _ in range(rng.integers(0, 3)):
            size = rng.uniform(0.06, 0.3, 3)
            part("cube", rng.uniform(-w / 3, w / 3), 0, h + size[2] / 2, size, colour(rng))
    elif thing == "cupboard":
        w, d, h = rng.uniform(0.5, 1.8), rng.uniform(0.3, 0.6), rng.uniform(0.6, 2.1)
        part("cube", 0, 0, h / 2, (w, d, h), **skin)
        for i in range(1, rng.integers(2, 6)):
            part("cube", 0, -d / 2, h * i / 6, (w * 0.94, 0.02, 0.03), b)
    elif thing == "sofa":
        w = rng.uniform(0.8, 2.1)
        part("cube", 0, 0, 0.22, (w, 0.85, 0.42), **skin)
        part("cube", 0, 0.36, 0.5, (w, 0.2, 0.75), **skin)
        for side in (-1, 1):
            part("cube", side * (w / 2), 0, 0.32, (0.18, 0.85, 0.6), **skin)
    elif thing == "lamp":
        h = rng.uniform(1.2, 1.8)
        part("cylinder", 0, 0, h / 2, (0.03, 0.03, h))
        part("cylinder", 0, 0, 0.01, (0.3, 0.3, 0.03))
        part("cylinder", 0, 0, h, (0.35, 0.35, 0.3), colour(rng, 0.4, 0.95), glow=rng.uniform(0, 1))
    elif thing == "plant":
        part("cylinder", 0, 0, 0.2, (0.3, 0.3, 0.4))
        green = np.array([0.05, 0.2, 0.04]) * np.exp(rng.normal(0, 0.4, 3))
        for _ in range(rng.integers(4, 14)):
            pile.add(
                "sphere",
                at(x, y, 0) + np.array([*rng.normal(0, 0.15, 2), rng.uniform(0.5, 1.3)]),
                rng.uniform(0.05, 0.5, 3),
                green * rng.uniform(0.6, 1.5),
                turn=any_turn(rng),
            )
    elif thing == "chair":
        part("cube", 0, 0, 0.45, (0.44, 0.44, 0.05), **skin)
        part("cube", 0, 0.2, 0.72, (0.44, 0.04, 0.5), **skin)
        for sx in (-0.19, 0.19):
            for sy in (-0.19, 0.19):
                part("cylinder", sx, sy, 0.22, (0.035, 0.035, 0.45), b)
    elif thing == "stool":
        part("cylinder", 0, 0, rng.uniform(0.2, 0.4), (0.4, 0.4, rng.uniform(0.3, 0.6)), **skin)
    else:
        w = rng.uniform(0.04, 0.25)
        part("cylinder", 0, 0, 1.3, (w, w, 2.6), **skin)


def _open(rng: np.random.Generator, pile: _Pile, person: Person, hardness: float) -> None:
    """Ground to the horizon, and blocks and trees in the distance."""
    centre = np.array([person.bones[0, 0, 3], person.bones[0, 1, 3], 0.0])
    pile.add(
        "quad", centre + np.array([0, 20, 0]), (80, 80, 1), turn=turn_z(rng.uniform(0, 6)), **_surface(rng)
    )
    for _ in range(rng.integers(0, 3 + int(10 * hardness))):
        spot = centre + np.array([rng.uniform(-9, 9), rng.uniform(2, 22), 0])
        if rng.random() < 0.5:
            size = rng.uniform((1, 1, 1), (6, 6, 7))
            pile.add(
                "cube",
                spot + np.array([0, 0, size[2] / 2]),
                size,
                turn=turn_z(rng.uniform(0, 1.6)),
                **_surface(rng),
            )
        else:
            h = rng.uniform(1.5, 5)
            pile.add("cylinder", spot + np.array([0, 0, h / 2]), (0.25, 0.25, h), colour(rng, 0.02, 0.2))
            pile.add(
                "sphere",
                spot + np.array([0, 0, h]),
                rng.uniform(0.8, 3, 3),
                colour(rng, 0.05, 0.3) * [0.7, 1.3, 0.5],
                pattern=CLOUDS,
            )


def _clutter(rng: np.random.Generator, pile: _Pile, person: Person, count: int) -> None:
    """Things about and behind the person, among them bars as long and as coloured as limbs."""
    centre = person.bones[0, :3, 3]
    for _ in range(count):
        spot = centre + rng.uniform((-2, 0.7, -0.9), (2, 3.0, 1.2))
        if rng.random() < 0.6:
            tone = person.palette[rng.integers(len(person.palette))] if rng.random() < 0.6 else colour(rng)
            w = rng.uniform(0.05, 0.14)
            pile.add(
                str(rng.choice(["cylinder", "cube"])),
                spot,
                (w, w, rng.uniform(0.2, 0.9)),
                tone,
                turn=any_turn(rng),
            )
        else:
            pile.add(
                str(rng.choice(SOLIDS[:3])),
                spot,
                rng.uniform(0.1, 0.7, 3),
                turn=any_turn(rng),
                **_surface(rng),
            )


def _occluder(rng: np.random.Generator, pile: _Pile, person: Person, camera: Camera) -> None:
    """Something between the camera and the person."""
    eye = -camera.view[:3, :3].T @ camera.view[:3, 3]
    target = person.keypoints[rng.integers(len(person.keypoints))]
    for _ in range(rng.integers(1, 3)):
        share = rng.uniform(0.3, 0.75)
        spot = eye + (target - eye) * share + rng.normal(0, 0.08, 3)
        if rng.random() < 0.4:
            w = rng.uniform(0.04, 0.12)
            pile.add("cylinder", spot, (w, w, rng.uniform(0.3, 1.0)), colour(rng), turn=any_turn(rng))
        else:
            pile.add("cube", spot, rng.uniform(0.08, 0.35, 3), turn=any_turn(rng), **_surface(rng))


def noise_picture(rng: np.random.Generator, side: int = 128) -> np.ndarray:
    """(side, side, 3) uint8 clouds of several sizes, its channels alike or not: what patterns are made of."""
    out = np.zeros((side, side, 3), np.float32)
    for octave in (4, 8, 16, 32, 64):
        channel = rng.random((octave, octave, 3)).astype(np.float32)
        out += cv2.resize(channel, (side, side), interpolation=cv2.INTER_CUBIC) * octave**-0.7
    out -= out.min((0, 1))
    return (255 * np.clip(out / out.max((0, 1)), 0, 1)).astype(np.uint8)


def backdrop(rng: np.random.Generator, hardness: float, side: int = 96) -> np.ndarray:
    """A flat picture behind everything: a gradient, clouds, or a clutter of shapes and lines."""
    top, bottom = (255 * rng.random((2, 3)) ** 0.8).astype(np.float32)
    t = np.linspace(0, 1, side, dtype=np.float32)[:, None, None]
    picture = np.repeat(top * (1 - t) + bottom * t, side, 1)
    kind = rng.random()
    if kind < 0.25:
        picture = picture * 0.4 + 0.6 * noise_picture(rng, side)
    elif kind < 0.3 + 0.5 * hardness:
        for _ in range(rng.integers(4, 30)):
            tone = tuple(float(v) for v in 255 * rng.random(3))
            p, q = (tuple(int(v) for v in rng.integers(0, side, 2)) for _ in range(2))
            shape = rng.integers(3)
            if shape == 0:
                cv2.line(picture, p, q, tone, int(rng.integers(1, 9)), cv2.LINE_AA)
            elif shape == 1:
                cv2.rectangle(picture, p, q, tone, -1)
            else:
                cv2.circle(picture, p, int(rng.integers(2, 20)), tone, -1, cv2.LINE_AA)
        if rng.random() < 0.5:
            picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 4))
    return np.clip(picture, 0, 255).astype(np.uint8)

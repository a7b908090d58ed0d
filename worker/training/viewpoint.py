"""Cameras as webcams, phones and cameras on walls stand, and the crops that the worker cuts from their frames."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .chance import Chance
from .render import Camera

#: Frames that webcams and phones give, px.
FRAMES = (
    (640, 480), (640, 480), (1280, 720), (1280, 720), (1920, 1080), (640, 360), (480, 640), (720, 1280), (1080, 1920),
    (960, 720), (848, 480), (320, 240),
)  # fmt: skip


@dataclass(frozen=True)
class View:
    """camera: for the picture that is drawn. frame: (width, height) px of the camera's own frame; pixel: how many of
    the picture's px one of the frame's makes; box: xyxy in the frame, what was cut out, None for the whole of it."""

    camera: Camera
    frame: tuple[int, int]
    pixel: float
    box: tuple[float, float, float, float] | None


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


def sample_frame(c: Chance, points: np.ndarray, hardness: float, sizes=FRAMES) -> tuple[Camera, tuple[int, int]]:
    """A camera before the person, and its frame's size in px. points: (N, 3) of the body."""
    width, height = c.one(sizes)
    angle = math.radians(c.between(45, 78) if c.yes(0.85) else c.between(28, 45))  # of the longer side
    focal = 0.5 * max(width, height) / math.tan(angle / 2)
    middle = (points.min(0) + points.max(0)) / 2
    tall = max(np.ptp(points, axis=0).max() * 0.9, np.ptp(points[:, 2]), 0.7) + 0.15
    close = c.yes(0.24 * hardness)
    fill = c.between(1.1, 2.6) if close else c.between(0.35, 0.95)
    distance = min(max(focal * tall / (fill * height), 0.8), 9.0)
    # Mostly between the knees' and the eyes' height; at times from a wall, from a table or from the floor.
    kind, rise = c.u(), c.between(0.5, 2.0)
    if kind < 0.08 * hardness:
        rise = c.between(0.1, 0.5)
    elif kind < 0.32 * hardness:
        rise = c.between(2.0, 3.3)
    eye = np.array([middle[0], middle[1] - distance, rise])
    aim = middle + c.vector(0.04 * distance * (0.5 + hardness))
    if close:
        aim[2] += c.between(0.0, 0.5) * tall
    roll = c.normal(math.radians(4) * (0.4 + hardness * 0.8))
    margin = c.u()
    if margin < 0.05 * hardness:
        roll += c.normal(math.radians(25))
    elif margin < 0.062 * hardness:  # a camera that lies on its side
        roll += math.radians(90 if c.yes(0.5) else -90)
    if c.yes(0.15 * hardness):  # the person to one side of the frame
        aim = aim + np.array([c.normal(0.35), 0, c.normal(0.2)]) * distance * 0.35
    view = look_at(eye, aim, roll)
    return Camera(view, (focal, focal, width / 2 - 0.5, height / 2 - 0.5), (0, 0, width - 1, height - 1)), (
        width,
        height,
    )


def sample_crop(
    c: Chance,
    camera: Camera,
    frame: tuple[int, int],
    points: np.ndarray,
    size: tuple[int, int],
    hardness: float,
    grow: float | None = None,
) -> View:
    """The crop about the person, as the worker cuts it from the frame, or at times the whole frame.

    size: the crop's (width, height) px. grow: how much larger than the points it is, instead.
    """
    width, height = frame
    whole = c.yes(0.03 + 0.07 * hardness) and grow is None
    pixels, depth = camera.project(points)
    inside = (depth > 0.1) & (pixels > -1).all(1) & (pixels < (width, height)).all(1)
    if whole or inside.sum() < 3:
        box = np.array([0, 0, width - 1, height - 1], float)
        wide, shift = c.between(1.0, 1.3), np.array([c.normal(0.02), c.normal(0.02)])
    else:
        low, high = pixels[inside].min(0), pixels[inside].max(0)
        box = np.concatenate([np.clip(low, 0, None), np.minimum(high, (width - 1, height - 1))])
        spread = 0.4 + 0.6 * hardness
        wide = 1.45 * math.exp(c.between(-0.32, 0.3) * spread)
        shift = np.array([c.normal(0.06), c.normal(0.06)]) * spread
    if grow is not None:
        wide, shift = grow, np.zeros(2)
    return crop(camera, frame, box, size, wide, shift)


def crop(camera: Camera, frame, box: np.ndarray, size, grow: float = 1.0, shift=(0.0, 0.0)) -> View:
    """A box (xyxy px) of a frame, `grow` times as large, as a picture of `size` px."""
    centre = (box[:2] + box[2:]) / 2
    extent = np.maximum(box[2:] - box[:2], 24.0)
    aspect = size[0] / size[1]
    w = max(extent[0], extent[1] * aspect) * grow
    scale = np.array([w, w / aspect])
    centre = centre + np.asarray(shift) * scale
    ratio = (np.array(size) - 1) / scale
    fx, fy, cx, cy = camera.intrinsics
    corner = centre - scale / 2
    edge = (np.array([[-0.5, -0.5], [frame[0] - 0.5, frame[1] - 0.5]]) - corner) * ratio
    drawn = Camera(
        camera.view,
        (fx * ratio[0], fy * ratio[1], (cx - corner[0]) * ratio[0], (cy - corner[1]) * ratio[1]),
        tuple(edge.ravel()),
    )
    return View(drawn, frame, float(ratio[0]), tuple(box))

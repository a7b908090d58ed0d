"""What a camera would see of the sample motion: the joints of its packets with limbs around them, in a room."""

from functools import lru_cache

import numpy as np

from .protocol import PosePacket
from .sample_motion import CAMERA_M, FOCAL_PX, SIZE, project

_NOSE, _EYES, _EARS = 0, (1, 2), (3, 4)
_SHOULDERS, _ELBOWS, _WRISTS, _HIPS, _KNEES, _ANKLES = (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16)
_SKIN, _HAIR, _EYE = (204, 158, 130), (64, 48, 42), (40, 34, 34)
_SHIRT, _TROUSERS, _SHOES = (158, 164, 172), (66, 74, 96), (222, 222, 218)
_HEEL, _TOES = np.array([0.0, 0.035, 0.02]), np.array([0.0, 0.05, -0.15])  # from the ankle
_WALL, _FLOOR = (104, 116, 124), (92, 82, 74)
_WALL_M = 5.2  # from the camera
_LIGHT = np.array([-0.45, -0.65, 0.61], np.float32)  # where it comes from: left, above, from the camera

Ball = tuple[np.ndarray, float]  # a place (3,) in camera axes and a radius, metres


def draw(packet: PosePacket, size: tuple[int, int]) -> np.ndarray:
    """The picture of a packet of the sample motion, (H, W, 3) RGB uint8. size: width and height, px."""
    scale = size[0] / SIZE[0], size[1] / SIZE[1]
    image = _room(size).copy()
    joints = packet.joints_3d + np.asarray(packet.meta["root"])
    _shadow(image, joints[list(_ANKLES)].mean(axis=0), scale)
    # What is further away is drawn before what may hide it.
    for first, second, colour in sorted(_body(joints), key=lambda part: -(part[0][0][2] + part[1][0][2])):
        centres, radii = np.stack([first[0], second[0]]), np.array([first[1], second[1]])
        points = project(centres) * scale
        _capsule(image, points, radii * FOCAL_PX / centres[:, 2] * scale[0], np.array(colour, np.float32))
    return image.astype(np.uint8)


def _body(joints: np.ndarray) -> list[tuple[Ball, Ball, tuple[int, int, int]]]:
    """The parts of somebody with these joints (17, 3): two balls each, between which it is full."""
    left_right = range(2)
    chest, pelvis, head = (joints[list(pair)].mean(axis=0) for pair in (_SHOULDERS, _HIPS, _EARS))
    up, ahead = _unit(head - chest), _unit(joints[_NOSE] - head)
    waist, neck = 0.45 * chest + 0.55 * pelvis, chest + 0.02 * up
    parts = [
        ((chest - 0.07 * up, 0.125), (waist, 0.115), _SHIRT),
        ((waist, 0.115), (pelvis - 0.02 * up, 0.12), _SHIRT),
        ((joints[_SHOULDERS[0]], 0.062), (joints[_SHOULDERS[1]], 0.062), _SHIRT),
        ((joints[_HIPS[0]] + 0.02 * up, 0.095), (joints[_HIPS[1]] + 0.02 * up, 0.095), _TROUSERS),
        ((neck, 0.055), (head - 0.05 * up, 0.05), _SKIN),
        ((head - 0.05 * up, 0.082), (head + 0.05 * up, 0.095), _SKIN),
        ((head + 0.06 * up - 0.03 * ahead, 0.1), (head + 0.02 * up - 0.05 * ahead, 0.095), _HAIR),
    ]
    for n in left_right:
        shoulder, elbow, wrist = (joints[pair[n]] for pair in (_SHOULDERS, _ELBOWS, _WRISTS))
        hip, knee, ankle = (joints[pair[n]] for pair in (_HIPS, _KNEES, _ANKLES))
        eye, along = joints[_EYES[n]], _unit(wrist - elbow)
        sleeve = 0.4 * shoulder + 0.6 * elbow
        heel, toes = ankle + _HEEL, ankle + _TOES
        parts += [
            ((shoulder, 0.062), (sleeve, 0.056), _SHIRT),
            ((sleeve, 0.044), (elbow, 0.042), _SKIN),
            ((elbow, 0.042), (wrist, 0.031), _SKIN),
            ((wrist + 0.03 * along, 0.037), (wrist + 0.1 * along, 0.034), _SKIN),
            ((hip, 0.09), (knee, 0.064), _TROUSERS),
            ((knee, 0.064), (ankle, 0.046), _TROUSERS),
            ((heel, 0.05), (toes, 0.042), _SHOES),
            ((eye + 0.015 * ahead, 0.012), (eye + 0.015 * ahead, 0.012), _EYE),
        ]
    return parts


def _capsule(image: np.ndarray, ends: np.ndarray, radii: np.ndarray, colour: np.ndarray) -> None:
    """Draws it into the image: round at both ends (2, 2) px, with radii (2,) px, lit, its border smooth."""
    height, width = image.shape[:2]
    low = np.clip(np.floor((ends - radii[:, None]).min(axis=0) - 1), 0, (width, height)).astype(int)
    high = np.clip(np.ceil((ends + radii[:, None]).max(axis=0) + 2), 0, (width, height)).astype(int)
    if (high <= low).any():
        return
    x = np.arange(low[0], high[0], dtype=np.float32)[None, :] + 0.5 - ends[0, 0]
    y = np.arange(low[1], high[1], dtype=np.float32)[:, None] + 0.5 - ends[0, 1]
    along = (ends[1] - ends[0]).astype(np.float32)
    share = np.clip((x * along[0] + y * along[1]) / max(float(along @ along), 1e-6), 0.0, 1.0)
    radius = np.float32(radii[0]) + share * np.float32(radii[1] - radii[0])
    across = x - share * along[0], y - share * along[1]
    distance = np.sqrt(across[0] ** 2 + across[1] ** 2)
    towards = np.sqrt(np.clip(1.0 - (distance / radius) ** 2, 0.0, 1.0))
    lit = (across[0] * _LIGHT[0] + across[1] * _LIGHT[1]) / radius + towards * _LIGHT[2]
    shade = np.clip(0.62 + 0.46 * lit, 0.3, 1.1)[..., None]
    covered = np.clip(radius - distance + 0.5, 0.0, 1.0)[..., None]
    part = image[low[1] : high[1], low[0] : high[0]]
    part += covered * (np.minimum(colour * shade, 255.0) - part)


def _shadow(image: np.ndarray, feet: np.ndarray, scale: tuple[float, float]) -> None:
    x, y = project(np.array([[feet[0], CAMERA_M, feet[2]]]))[0] * scale
    wide = 0.55 * FOCAL_PX / feet[2] * scale[0]
    deep = 0.24 * wide
    top, left = max(int(y - 1.6 * deep), 0), max(int(x - 1.6 * wide), 0)  # beyond, it darkens by less than a step
    part = image[top : int(y + 1.6 * deep) + 1, left : int(x + 1.6 * wide) + 1]
    rows = np.arange(part.shape[0], dtype=np.float32)[:, None] + np.float32(top + 0.5 - y)
    columns = np.arange(part.shape[1], dtype=np.float32)[None, :] + np.float32(left + 0.5 - x)
    part *= 1.0 - 0.5 * np.exp(-2.5 * ((columns / wide) ** 2 + (rows / deep) ** 2))[..., None]


@lru_cache(maxsize=4)
def _room(size: tuple[int, int]) -> np.ndarray:
    """A wall, lit from the left, and a floor: (H, W, 3) float32."""
    width, height = size
    edge = (SIZE[1] / 2 + CAMERA_M / _WALL_M * FOCAL_PX) * height / SIZE[1]
    x = (np.arange(width, dtype=np.float32)[None, :] + 0.5) / width
    y = (np.arange(height, dtype=np.float32)[:, None] + 0.5) / height
    light = 1.12 - 0.75 * ((x - 0.36) ** 2 + 0.8 * (y - 0.3) ** 2)
    rows = np.arange(height, dtype=np.float32)[:, None] + 0.5
    floor = np.clip(rows - edge + 0.5, 0.0, 1.0)[..., None] * np.ones((1, width, 1), np.float32)
    depth = np.clip((rows - edge) / (height - edge), 0.0, 1.0)[..., None]
    colour = np.array(_WALL, np.float32) * (1 - floor) + np.array(_FLOOR, np.float32) * (0.75 + 0.35 * depth) * floor
    return np.clip(colour * light[..., None], 0.0, 255.0).astype(np.float32)


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)

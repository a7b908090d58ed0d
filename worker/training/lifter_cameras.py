"""Virtual cameras and detectors for the lifter: people in, noisy keypoints and truth out.

Owns where cameras stand, what a detector gets wrong, and whole batches of training samples.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mocap_core.lift.features import (
    ASSUMED_FOCAL,
    FLIP_JOINTS,
    JOINTS_FROM_BONES,
    LAGS_S,
    features,
    flip_bones,
)

from .lifter_people import Array, Parts, people

_DEG = np.float32(np.pi / 180)
_SIZES = np.array([[640, 480], [640, 360], [480, 640], [540, 960]], np.float32)

#: How much worse a detector is at each joint: face, shoulders, elbows, wrists, hips, knees, ankles.
JOINT_NOISE = np.repeat(np.array([0.6, 0.9, 1.1, 1.4, 1.2, 1.1, 1.4], np.float32), [5, 2, 2, 2, 2, 2, 2])

#: Frames of a sample, the newest first: in three in a row one sees what trembles.
FRAMES = 3
_FPS = 30
#: Which frames before the newest each frame of a sample is lifted from (FRAMES, lags), and all of them.
_BEFORE = np.add.outer(np.arange(FRAMES), np.rint(_FPS * np.array(LAGS_S)).astype(int))
_ALL = np.unique(_BEFORE)
_WINDOWS = np.searchsorted(_ALL, _BEFORE)


@dataclass(frozen=True)
class Samples:
    """Frames in a row of many people, the newest first.

    x (B, FRAMES, FEATURES) inputs; bones (B, FRAMES, 16, 3) m truth in the viewing cameras; view (B, FRAMES, 3, 3) from
    those to the camera that films.
    """

    x: Array
    bones: Array
    view: Array


def samples(rng: np.random.Generator, parts: Parts, count: int) -> Samples:
    """`count` people to train on: each of half as many in front of two cameras, which is cheaper than more people."""
    bones, hips = (
        np.concatenate([part, part])[:count] for part in people(rng, parts, (count + 1) // 2, _ALL / _FPS)
    )
    joints, bones, focal, size = film(rng, bones, hips)
    bones = bones[:, :FRAMES]
    keypoints = project(joints, focal, size)
    keypoints, confidence = detect(rng, keypoints, size, joints)
    mirror = rng.random(count) < 0.5
    keypoints[mirror] = (
        np.array([1, 0], np.float32) * size[mirror, None, None] - keypoints[mirror] * [1, -1]
    )[:, :, FLIP_JOINTS]
    confidence[mirror] = confidence[mirror][:, :, FLIP_JOINTS]
    bones[mirror] = flip_bones(bones[mirror])
    assumed = ASSUMED_FOCAL * size.max(-1)
    x, view = features(keypoints[:, _WINDOWS], confidence[:, _WINDOWS], size[:, None], assumed[:, None])
    view = view.astype(np.float32)
    return Samples(x, bones @ np.swapaxes(view, -1, -2), view)


def film(rng: np.random.Generator, bones: Array, hips: Array) -> tuple[Array, Array, Array, Array]:
    """Put a camera before each person.

    bones (B, T, 16, 3), hips (B, T, 3): of `people`. Returns joints (B, T, 17, 3) m from the
    camera, in its axes, bones (B, T, 16, 3) m in its axes, focal (B,) px, size (B, 2) px.
    """
    count = len(bones)
    front = rng.random(count) < 0.65
    yaw = np.where(front, rng.normal(0, 50, count), rng.uniform(-180, 180, count)) * _DEG
    near = rng.random(count) < 0.07
    distance = np.exp(rng.uniform(np.log(1.8), np.log(7), count))
    distance = np.where(near, rng.uniform(0.7, 1.8, count), distance)
    size = _SIZES[rng.integers(len(_SIZES), size=count)]
    focal = ASSUMED_FOCAL * size.max(-1) * np.exp(rng.normal(0, 0.17, count))
    # Where the hips are in the picture, as tangents; close up, the chest is in its middle.
    spot = np.stack([rng.uniform(-0.32, 0.32, count) * size[:, 0] / focal, rng.normal(0.03, 0.1, count)], -1)
    spot[near, 1] += 0.35 / distance[near]
    # Half the cameras stand at a webcam's height and level the hips' spot; the others look anywhere.
    height = rng.normal(1.35, 0.35, count)
    aimed = np.arctan2(height - 0.93, distance) - np.arctan(spot[:, 1])
    pitch = np.where(rng.random(count) < 0.6, aimed, rng.uniform(-17, 37, count) * _DEG)
    roll = np.where(rng.random(count) < 0.85, rng.normal(0, 4, count), rng.uniform(-32, 32, count)) * _DEG
    to_camera = camera(yaw, pitch, roll)
    bones = bones @ to_camera[:, None]
    hips = (hips[:, :, None] @ to_camera[:, None])[:, :, 0]
    ray = np.concatenate([spot, np.ones((count, 1))], -1)
    ray *= (distance / np.linalg.norm(ray, axis=-1))[:, None]
    joints = JOINTS_FROM_BONES @ bones + (hips + ray[:, None])[:, :, None]
    return joints.astype(np.float32), bones, focal.astype(np.float32), size


def project(joints: Array, focal: Array, size: Array) -> Array:
    """Pinhole projection of (B, T, 17, 3) m to px, the principal point in the middle."""
    depth = np.maximum(joints[..., 2:], 0.15)
    return (joints[..., :2] / depth * focal[:, None, None, None] + size[:, None, None] / 2).astype(np.float32)


def detect(rng: np.random.Generator, keypoints: Array, size: Array, joints: Array) -> tuple[Array, Array]:
    """What a detector would say: keypoints (B, T, 17, 2) with its errors and confidence (B, T, 17)."""
    count, times = keypoints.shape[:2]
    normal = rng.standard_normal
    span = keypoints[:, 0].max(1) - keypoints[:, 0].min(1)
    tall = np.sqrt(span[:, 0] ** 2 + span[:, 1] ** 2)[:, None, None]
    level = np.exp(rng.normal(np.log(0.008), 0.65, (count, 1, 1))).astype(np.float32)
    level[rng.random(count) < 0.12] = 0
    sigma = level * JOINT_NOISE * np.exp(0.3 * normal((count, 1, 17), np.float32))
    # Part of an error stays for the window: a detector is wrong in the same way frame after frame.
    stays = rng.uniform(0.3, 0.95, (count, 1, 1)).astype(np.float32)
    lasting = normal((count, 1, 17, 2), np.float32) * np.sqrt(stays)[..., None]
    white = normal((count, times, 17, 2), np.float32) * np.sqrt(1 - stays)[..., None]
    error = (lasting + white) * sigma[..., None]
    wild = rng.random((count, times, 17)) < 0.012 * (level > 0)
    wild |= rng.random((count, 1, 17)) < 0.012 * (level > 0)
    error += wild[..., None] * 0.07 * normal((count, times, 17, 2), np.float32)
    keypoints = keypoints + error * tall[..., None]

    miss = np.sqrt((error * error).sum(-1))
    trust = np.clip(
        1 - rng.uniform(0, 10, (count, 1, 1)) * miss - 0.12 * np.abs(normal((count, times, 17))), 0.1, 1
    )
    confidence = trust * rng.uniform(0.6, 1, (count, 1, 1))
    drop = rng.random((count, times, 17)) < rng.choice([0, 0.03, 0.12], (count, 1, 1), p=[0.5, 0.35, 0.15])
    drop |= rng.random((count, 1, 17)) < 0.02
    kind = rng.random(count)
    drop[kind < 0.06, :, 13:] = True  # framed above the knees
    drop[kind < 0.03, :, 11:] = True  # above the hips
    drop[(kind > 0.06) & (kind < 0.12), :, :5] = True  # no face
    drop[(kind > 0.12) & (kind < 0.15), :, 1:5] = True
    outside = ((keypoints < 0) | (keypoints > size[:, None, None])).any(-1) | (joints[..., 2] < 0.2)
    drop |= outside & (rng.random((count, 1, 17)) < 0.85)
    young = rng.random(count) < 0.15  # not seen for long
    drop |= young[:, None, None] & (np.arange(times) >= rng.integers(1, times, (count, 1)))[..., None]
    swap = rng.random((count, times)) < 0.004
    keypoints[swap] = keypoints[swap][:, FLIP_JOINTS]
    return keypoints, np.where(drop, 0, confidence).astype(np.float32)


def camera(yaw: Array, pitch: Array, roll: Array) -> Array:
    """World → camera for row vectors, (B, 3, 3); level it sees +y ahead, as the project's axes say."""

    def turn(angle, first, second):
        out = np.zeros((len(angle), 3, 3), np.float32)
        out[:, range(3), range(3)] = 1
        c, s = np.cos(angle), np.sin(angle)
        out[:, first, first], out[:, second, second] = c, c
        out[:, first, second], out[:, second, first] = s, -s
        return out

    axes = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], np.float32)  # (x, y, z) → (x, -z, y)
    # Looking down by the pitch lifts the horizon: what is ahead goes up, to -y.
    return turn(yaw, 0, 1) @ axes @ turn(pitch, 1, 2) @ turn(roll, 0, 1)

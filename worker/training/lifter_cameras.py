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
    between,
    features,
    flip_bones,
)

from .lifter_people import Array, Parts, people

_DEG = np.float32(np.pi / 180)
_SIZES = np.array([[640, 480], [640, 360], [480, 640], [540, 960]], np.float32)

#: How much worse a detector is at each joint: face, shoulders, elbows, wrists, hips, knees, ankles.
JOINT_NOISE = np.repeat(np.array([0.6, 0.9, 1.1, 1.4, 1.2, 1.1, 1.4], np.float32), [5, 2, 2, 2, 2, 2, 2])


#: Frames of a sample in a row whose poses are asked for, each after as many as a lifter remembers.
ASKED = 4
_FRAMES = len(LAGS_S) - 1 + ASKED
#: Times between frames, in thirtieths of a second, and how often.
_PERIODS, _PERIOD_SHARE = (1.0, 1.5, 2.0, 3.0), (0.8, 0.06, 0.08, 0.06)


@dataclass(frozen=True)
class Samples:
    """B people in K = `ASKED` frames in a row.

    x (B, K, FEATURES) inputs; view (B, K, 3, 3): bones seen by the network's camera @ view are in the real camera's
    axes, as the truth is: bones (B, K, 16, 3) m.
    """

    x: Array
    view: Array
    bones: Array


def samples(rng: np.random.Generator, parts: Parts, count: int) -> Samples:
    """One batch to train on: each person in front of two cameras, which is cheaper than two people."""
    period = rng.choice(_PERIODS, p=_PERIOD_SHARE)
    bones, hips = (
        np.concatenate([part, part])[:count]
        for part in people(rng, parts, (count + 1) // 2, _FRAMES, period / 30)
    )
    joints, bones, focal, size = film(rng, bones, hips)
    keypoints = project(joints, focal, size)
    keypoints, confidence = detect(rng, keypoints, size, joints)
    mirror = rng.random(count) < 0.5
    keypoints[mirror] = (
        np.array([1, 0], np.float32) * size[mirror, None, None] - keypoints[mirror] * [1, -1]
    )[:, :, FLIP_JOINTS]
    confidence[mirror] = confidence[mirror][:, :, FLIP_JOINTS]
    bones[mirror] = flip_bones(bones[mirror])
    now = np.arange(_FRAMES - ASKED, _FRAMES)
    past = np.array(LAGS_S) * 30 / period
    after = now[:, None] - np.floor(past + 1e-6).astype(int)
    share = np.float32(np.maximum(past - np.floor(past + 1e-6), 0))[:, None]
    points, trust = keypoints[:, after], confidence[:, after]
    if share.any():
        before = np.maximum(after - 1, 0)
        points, trust = between(points, trust, keypoints[:, before], confidence[:, before], share)
    tiled = np.broadcast_to(size[:, None], (count, ASKED, 2))
    x, view = features(points, trust, tiled, ASSUMED_FOCAL * tiled.max(-1))
    return Samples(x, view.astype(np.float32), np.ascontiguousarray(bones[:, now]))


def film(rng: np.random.Generator, bones: Array, hips: Array) -> tuple[Array, Array, Array, Array]:
    """Put a still camera before each person.

    bones (B, T, 16, 3), hips (B, T, 3): of `people`. Returns joints (B, T, 17, 3) m from the
    camera, in its axes, bones (B, T, 16, 3) m in its axes, focal (B,) px, size (B, 2) px.
    """
    count = len(bones)
    front = rng.random(count) < 0.6
    yaw = np.where(front, rng.normal(0, 50, count), rng.uniform(-180, 180, count)) * _DEG
    near = rng.random(count) < 0.1
    distance = np.exp(rng.uniform(np.log(1.8), np.log(7), count))
    distance = np.where(near, rng.uniform(0.7, 1.8, count), distance)
    size = _SIZES[rng.integers(len(_SIZES), size=count)]
    focal = size.max(-1) / 2 / np.tan(rng.uniform(42, 78, count) * _DEG / 2)
    # Where the hips are in the picture, as tangents; close up, the chest is in its middle.
    spot = np.stack([rng.uniform(-0.32, 0.32, count) * size[:, 0] / focal, rng.normal(0.03, 0.12, count)], -1)
    spot[near, 1] += rng.uniform(0.3, 0.6, near.sum()) / distance[near]
    # Half the cameras stand at a webcam's height and level the hips' spot; the others look anywhere.
    height = rng.normal(1.35, 0.35, count)
    aimed = np.arctan2(height - 0.93, distance) - np.arctan(spot[:, 1])
    pitch = np.where(rng.random(count) < 0.5, aimed, rng.uniform(-22, 42, count) * _DEG)
    roll = np.where(rng.random(count) < 0.6, rng.normal(0, 4, count), rng.uniform(-32, 32, count)) * _DEG
    to_camera = camera(yaw, pitch, roll)
    bones = bones @ to_camera[:, None]
    hips = (hips[:, :, None] @ to_camera[:, None])[:, :, 0]
    ray = np.concatenate([spot, np.ones((count, 1))], -1)
    ray *= (distance / np.linalg.norm(ray, axis=-1))[:, None]
    joints = JOINTS_FROM_BONES @ bones + (hips + ray[:, None])[:, :, None]
    return joints.astype(np.float32), bones.astype(np.float32), focal.astype(np.float32), size


def project(joints: Array, focal: Array, size: Array) -> Array:
    """Pinhole projection of (B, T, 17, 3) m to px, the principal point in the middle."""
    depth = np.maximum(joints[..., 2:], 0.15)
    return (joints[..., :2] / depth * focal[:, None, None, None] + size[:, None, None] / 2).astype(np.float32)


def detect(rng: np.random.Generator, keypoints: Array, size: Array, joints: Array) -> tuple[Array, Array]:
    """What a detector would say: keypoints (B, T, 17, 2) with its errors and confidence (B, T, 17)."""
    count, times = keypoints.shape[:2]

    def normal(*shape):
        return rng.standard_normal(shape, np.float32)

    def some(chance, *shape):
        return rng.random(shape, np.float32) < chance

    span = keypoints[:, -1].max(1) - keypoints[:, -1].min(1)
    tall = np.sqrt(span[:, 0] ** 2 + span[:, 1] ** 2)[:, None, None]
    level = np.exp(rng.normal(np.log(0.009), 0.65, (count, 1, 1))).astype(np.float32)
    level[some(0.12, count)] = 0
    sigma = level * JOINT_NOISE * np.exp(0.3 * normal(count, 1, 17))
    # Part of an error lasts: a detector is wrong in nearly the same way frame after frame.
    stays = (rng.uniform(0.0, 0.95, (count, 1, 1)) * ~some(0.3, count, 1, 1)).astype(np.float32)
    passed = np.linspace(0, 1, times, dtype=np.float32)[:, None, None]
    turn = rng.uniform(0, 1.5, (count, 1, 1, 1)).astype(np.float32) * passed
    lasting = np.cos(turn) * normal(count, 1, 17, 2) + np.sin(turn) * normal(count, 1, 17, 2)
    white = normal(count, times, 17, 2)
    error = (lasting * np.sqrt(stays)[..., None] + white * np.sqrt(1 - stays)[..., None]) * sigma[..., None]
    wild = some(0.012, count, times, 17) & (level > 0)
    wild |= some(0.012, count, 1, 17) & (level > 0)
    unsure = some(0.05, count, 1, 17) & _stretch(rng, count, times)
    error[wild] += 0.07 * normal(wild.sum(), 2)
    error[unsure] += 0.045 * (np.broadcast_to(lasting, error.shape)[unsure] + white[unsure])
    keypoints = keypoints + error * tall[..., None]

    miss = np.sqrt((error * error).sum(-1))
    trust = 1 - rng.uniform(0, 10, (count, 1, 1)).astype(np.float32) * miss - 0.12 * np.abs(normal(count, times, 17))
    trust = np.where(unsure, rng.uniform(0.09, 0.5, (count, 1, 1)), np.clip(trust, 0.1, 1))
    confidence = trust * rng.uniform(0.6, 1, (count, 1, 1))
    drop = some(rng.choice([0, 0.03, 0.12], (count, 1, 1), p=[0.6, 0.3, 0.1]), count, times, 17)
    drop |= some(0.07, count, 1, 17) & _stretch(rng, count, times)
    kind = rng.random(count)
    drop[kind < 0.09, :, 13:] = True  # framed above the knees
    drop[kind < 0.045, :, 11:] = True  # above the hips
    drop[(kind > 0.09) & (kind < 0.15), :, :5] = True  # no face
    drop[(kind > 0.15) & (kind < 0.18), :, 1:5] = True
    outside = ((keypoints < 0) | (keypoints > size[:, None, None])).any(-1) | (joints[..., 2] < 0.2)
    drop |= outside & some(0.85, count, 1, 17)
    first = rng.integers(1, times, (count, 1)) * some(0.12, count, 1)  # nothing seen before
    drop[np.arange(times) < first] = True
    swap = some(0.004, count, times)
    keypoints[swap] = keypoints[swap][:, FLIP_JOINTS]
    return keypoints, np.where(drop, 0, confidence).astype(np.float32)


def _stretch(rng: np.random.Generator, count: int, times: int) -> Array:
    """For each joint of each person some frames in a row, (B, T, 17) bool."""
    start, stop = rng.integers(-times // 2, times + 1, (2, count, 1, 17))
    now = np.arange(times)[:, None]
    return (now >= np.minimum(start, stop)) & (now <= np.maximum(start, stop))


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

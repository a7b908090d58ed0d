"""How well the lifter does on clips it never saw, by action, beside the best frozen pose.

Owns the cameras and the noise of the report and its figures. Lengths are compared after both
people are scaled to one height, because one camera cannot tell it; angles need no scaling.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from mocap_core.lift.features import (
    ASSUMED_FOCAL,
    BONES,
    BONES_FROM_JOINTS,
    JOINTS_FROM_BONES,
    LAGS_S,
    features,
)
from mocap_core.skeleton import COCO_COUNT

from .lifter_cameras import camera, project
from .lifter_people import Array, action_of
from .motion import Clip

ARM, LEG = slice(3, 7), slice(7, 11)
_DEG = np.float32(np.pi / 180)

#: Lengths of a grown person's bones in metres at the nominal height, by which test motion is drawn.
ADULT = {
    "hip_half": 0.09, "torso": 0.485, "shoulder_half": 0.17, "neck": 0.195, "ear_half": 0.084,
    "upper_arm": 0.275, "lower_arm": 0.245, "upper_leg": 0.413, "lower_leg": 0.406,
}  # fmt: skip


def with_lengths(bones: Array, lengths: dict[str, float] | None) -> Array:
    """Bones (…, 16, 3) of the same directions on another body."""
    if lengths is None:
        return bones
    out = bones.copy()
    for name, length in lengths.items():
        rows = [i for i, b in enumerate(BONES) if b.endswith(name)]
        norm = np.linalg.norm(bones[..., rows, :], axis=-1, keepdims=True)
        out[..., rows, :] *= length / np.maximum(norm, 1e-6)
    return out


def view_clip(
    clip: Clip,
    rng: np.random.Generator,
    *,
    every: int = 5,
    noise: float = 0.0,
    lengths: dict[str, float] | None = None,
    demo: bool = False,
) -> tuple[Array, Array, Array]:
    """Frames of a clip through random cameras: input x, view, and true bones in the camera.

    noise: standard deviation in shares of the person's height in the picture, with 2 % outliers
    of 6 times that; half of it stays through a window. demo: a webcam at the front three-quarters,
    on one side for the whole clip; else a new camera anywhere around for each frame.
    """
    body = clip.joints_body[:, :COCO_COUNT]
    now = np.arange(int(LAGS_S[-1] * clip.fps) + 1, len(body), every)
    rows = now[:, None] - np.rint(np.array(LAGS_S) * clip.fps).astype(int)
    n = len(now)
    hips = body[:, 11:13].mean(1)
    bones = with_lengths(BONES_FROM_JOINTS @ body[rows], lengths)
    if demo:
        first = body[0, 11] - body[0, 12]
        face = np.degrees(np.arctan2(first[1], first[0]))
        yaw = np.full(n, -face + rng.choice([-1, 1]) * rng.uniform(20, 50))
        height, distance = rng.uniform(1, 1.6), rng.uniform(3, 4.5)
        pitch = np.full(n, np.degrees(np.arctan2(height - 0.9, distance)) + rng.normal(0, 2))
        roll, ratio = np.zeros(n), np.ones(n)
        centre = hips.mean(0)
    else:
        yaw, pitch = rng.uniform(-180, 180, n), rng.uniform(-10, 25, n)
        roll, ratio = rng.normal(0, 5, n), np.exp(rng.normal(0, 0.1, n))
        distance, centre = rng.uniform(2.5, 5, n), hips[now]
    turn = camera(yaw * _DEG, pitch * _DEG, roll * _DEG)
    bones = bones @ turn[:, None]
    move = (hips[rows] - centre[..., None, :] if not demo else hips[rows] - centre) @ turn
    move[..., 2] += np.asarray(distance)[..., None] if not demo else distance
    joints = JOINTS_FROM_BONES @ bones + move[:, :, None]
    size = np.tile(np.array([[640, 480]], np.float32), (n, 1))
    assumed = np.full(n, ASSUMED_FOCAL * 640, np.float32)
    keypoints = project(joints, (assumed * ratio).astype(np.float32), size)
    if noise:
        span = keypoints[:, 0].max(1) - keypoints[:, 0].min(1)
        tall = np.hypot(span[:, 0], span[:, 1])[:, None, None, None]
        error = np.sqrt(0.5) * (rng.standard_normal(keypoints.shape) + rng.standard_normal((n, 1, 17, 2)))
        error *= np.where(rng.random((n, len(LAGS_S), 17, 1)) < 0.02, 6, 1)
        keypoints = keypoints + noise * tall * error
    x, view = features(keypoints, np.ones(keypoints.shape[:-1], np.float32), size, assumed)
    return x, view, bones[:, 0]


def figures(bones: Array, truth: Array) -> dict[str, float]:
    """Mean errors of bones (N, 16, 3) against truth, both in one frame."""
    angle = angles_deg(bones, truth)
    a, b = JOINTS_FROM_BONES @ bones, JOINTS_FROM_BONES @ truth
    size = np.linalg.norm(truth[:, [1, 7, 8, 9, 10]], axis=-1).sum(-1) / np.linalg.norm(
        bones[:, [1, 7, 8, 9, 10]], axis=-1
    ).sum(-1)
    return {
        "bone_angle_deg": float(angle[:, 3:11].mean()),
        "bone_angle_deg_arm": float(angle[:, ARM].mean()),
        "bone_angle_deg_leg": float(angle[:, LEG].mean()),
        "torso_deg": float(angle[:, 1].mean()),
        "mpjpe_mm": float(1000 * np.linalg.norm(a * size[:, None, None] - b, axis=-1).mean()),
        "p_mpjpe_mm": float(1000 * _procrustes(a, b).mean()),
    }


def angles_deg(bones: Array, truth: Array) -> Array:
    """Angles between directions, (…, 16, 3) → (…, 16)."""
    cosine = (bones * truth).sum(-1) / np.maximum(
        np.linalg.norm(bones, axis=-1) * np.linalg.norm(truth, axis=-1), 1e-9
    )
    return np.degrees(np.arccos(np.clip(cosine, -1, 1)))


def frozen_deg(clip: Clip) -> float:
    """Mean angle of the four limbs of the best single pose, in the world."""
    bones = (BONES_FROM_JOINTS @ clip.joints_body[:, :COCO_COUNT])[:, 3:11]
    unit = bones / np.linalg.norm(bones, axis=-1, keepdims=True)
    best = unit.mean(0)
    for _ in range(50):  # the direction with the least mean angle (Weiszfeld's steps)
        weight = 1 / np.maximum(angles_deg(unit, best[None])[..., None], 0.5)
        best = (unit * weight).sum(0) / weight.sum(0)
        best /= np.linalg.norm(best, axis=-1, keepdims=True)
    return float(angles_deg(unit, best[None]).mean())


def by_action(
    network: Callable[[Array], Array], clips: Iterable[Clip], noise: float, *, seed: int = 0, **how
) -> dict[str, dict[str, float]]:
    """`figures` a clip's action, and "all" over every frame."""
    rng = np.random.default_rng(seed)
    found: dict[str, list] = {}
    for clip in clips:
        x, view, truth = view_clip(clip, rng, noise=noise, **how)
        found.setdefault(action_of(clip.name), []).append((network(x) @ view, truth))
    found["all"] = [pair for pairs in list(found.values()) for pair in pairs]
    return {
        name: figures(*(np.concatenate(parts) for parts in zip(*pairs, strict=True)))
        for name, pairs in found.items()
    }


def _procrustes(a: Array, b: Array) -> Array:
    """Distances (N, J) after the best similarity of a onto b."""
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    u, s, vt = np.linalg.svd(np.swapaxes(a, 1, 2) @ b)
    sign = np.sign(np.linalg.det(u @ vt))
    s[:, 2] *= sign
    u[:, :, 2] *= sign[:, None]
    scale = s.sum(1) / (a * a).sum((1, 2))
    return np.linalg.norm(scale[:, None, None] * a @ (u @ vt) - b, axis=-1)


def report_on(network: Callable[[Array], Array], clips: list[Clip]) -> dict:
    """The whole report: every case's figures by action, with true and with noisy 2D, each said so."""
    demo = [clip for clip in clips if action_of(clip.name) in ("jumping", "washwindow")]
    frozen = _frozen_by_action(clips)
    cases = []
    for noise in (0.0, 0.01, 0.02):
        kind = "true 2D" if noise == 0 else f"2D with {noise:.0%} noise and outliers"
        for where, chosen, how in (
            ("cameras all around", clips, {}),
            ("a webcam at the front three-quarters", demo, {"demo": True}),
        ):
            runs = [
                by_action(network, chosen, noise, seed=s, lengths=ADULT, **how)
                for s in range(4 if how else 1)
            ]
            actions = {
                name: {
                    **{key: float(np.mean([run[name][key] for run in runs])) for key in figure},
                    "constant_pose_deg": frozen[name],
                }
                for name, figure in runs[0].items()
                if not (how and name == "all")
            }
            cases.append({"title": f"{kind}, {where}", "noise": noise, "actions": actions})
    return {"frames": sum(len(clip.joints_body) for clip in clips), "cases": cases}


def _frozen_by_action(clips: list[Clip]) -> dict[str, float]:
    found: dict[str, list] = {}
    for clip in clips:
        for name in (action_of(clip.name), "all"):
            found.setdefault(name, []).append((frozen_deg(clip), len(clip.joints_body)))
    return {
        name: float(np.average([f for f, _ in p], weights=[n for _, n in p])) for name, p in found.items()
    }

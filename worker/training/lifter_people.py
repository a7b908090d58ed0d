"""Virtual people for the lifter: bodies of many proportions in mixed and bent poses.

Owns cutting clips into parts (legs, torso, arms, head, each in its own frame) and putting parts of
different clips together on a new body. How limbs are bent further is `lifter_bends`', cameras and
detectors are `lifter_cameras`'.

Frames of the body: x to its left, y up, z forward.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mocap_core.lift.features import BONES, NOMINAL_HEIGHT_M
from mocap_core.skeleton import BODY_INDEX

from .lifter_bends import bend_arms, bend_legs, cross, crouch, dot, rotate, shrug_of, unit, wander
from .motion import Clip, action_of

Array = np.ndarray
_J = BODY_INDEX
_DEG = np.float32(np.pi / 180)

#: Where the character's face is on its head: metres at the nominal height, x to the left, y up, z forward. Nose and
#: eyes from between the ears.
FACE = {
    "ear_half": np.array([0.084, 0, 0]),
    "eye_half": np.array([0.031, 0, 0]),
    "nose": np.array([0, -0.021, 0.120]),
    "eyes": np.array([0, 0.013, 0.095]),
}

#: Share of each action in a batch; the clips' own shares are 60 % walking.
ACTION_SHARE = {
    "walking": 0.17,
    "running": 0.07,
    "jumping": 0.22,
    "soccer": 0.12,
    "basketball": 0.10,
    "basketball_signal": 0.16,
    "directing_traffic": 0.16,
}


@dataclass(frozen=True)
class Parts:
    """Every frame of the clips, cut into parts.

    pelvis, chest (F, 3, 3): their axes in the world, as rows; hips (F, 3) m: their middle;
    torso (F, 3): direction in the pelvis; legs (F, 2, 2, 3): left and right, upper and lower,
    directions in the pelvis; arms: the same in the chest; neck (F, 3) direction in the chest;
    head (F, 3, 3): its axes in the chest, as rows; first (F,): the first frame of a frame's clip;
    weight (F,): chance of being drawn.
    """

    pelvis: Array
    chest: Array
    hips: Array
    torso: Array
    legs: Array
    arms: Array
    neck: Array
    head: Array
    first: Array
    weight: Array
    fps: float


def cut(clips: list[Clip]) -> Parts:
    """Cut clips of one frame rate into `Parts`."""
    body = np.concatenate([clip.joints_body for clip in clips]).astype(np.float32)
    lengths = [len(clip.joints_body) for clip in clips]
    first = np.repeat(np.cumsum([0, *lengths[:-1]]), lengths)
    action = np.repeat([action_of(clip.name) for clip in clips], lengths)
    weight = np.zeros(len(body))
    for name in set(action):
        rows = action == name
        weight[rows] = ACTION_SHARE.get(str(name), 0.1) / rows.sum()

    def at(*names):
        return np.mean([body[:, _J[n]] for n in names], 0)

    hips, shoulders = at("left_hip", "right_hip"), at("left_shoulder", "right_shoulder")
    ears = at("left_ear", "right_ear")
    spine = shoulders - hips
    pelvis = _frames(at("left_hip") - hips, spine)
    chest = _frames(at("left_shoulder") - shoulders, spine)
    head = head_frames(body)

    def limb(frame, *names):
        sides = []
        for side in ("left_", "right_"):
            points = [at(side + n) for n in names]
            sides.append(np.stack([unit(b - a) for a, b in pairwise(points)], 1))
        return np.einsum("fsbk,fjk->fsbj", np.stack(sides, 1), frame)

    def into(frame, v):
        return np.einsum("fjk,fk->fj", frame, v)

    return Parts(
        pelvis=pelvis,
        chest=chest,
        hips=hips,
        torso=into(pelvis, unit(spine)),
        legs=limb(pelvis, "hip", "knee", "ankle"),
        arms=limb(chest, "shoulder", "elbow", "wrist"),
        neck=into(chest, unit(ears - shoulders)),
        head=np.einsum("fik,fjk->fij", head, chest),
        first=first,
        weight=weight / weight.sum(),
        fps=clips[0].fps,
    )


def head_frames(joints: Array) -> Array:
    """The head's axes (F, 3, 3), as rows, of the clips' joints (F, 17 or more, 3)."""
    left_ear, right_ear = joints[:, _J["left_ear"]], joints[:, _J["right_ear"]]
    ears = (left_ear + right_ear) / 2
    nose = joints[:, _J["nose"]] - ears
    left = unit(left_ear - ears)
    forward = unit(nose - dot(nose, left) * left)
    # `motion` places the nose below the ears: turn the frame so that y is up when looking straight ahead.
    up = np.cross(forward, left)
    tilt = np.float32(np.arctan2(0.012, 0.11))
    return np.stack([left, np.cos(tilt) * up - np.sin(tilt) * forward, np.cos(tilt) * forward + np.sin(tilt) * up], 1)


def bodies(rng: np.random.Generator, count: int) -> dict[str, Array]:
    """Lengths in metres of `count` people of the nominal height: name → (count, …)."""

    def vary(mean, spread, *shape):
        return (mean * np.exp(spread * rng.standard_normal((count, *shape)))).astype(np.float32)

    leg, arm = vary(1, 0.05, 1, 1), vary(1, 0.07, 1, 1)
    side = vary(1, 0.012, 2, 1)
    out = {
        "legs": leg * side * vary(1, 0.04, 1, 2) * np.array([0.432, 0.412], np.float32),
        "arms": arm * side[::-1] * vary(1, 0.06, 1, 2) * np.array([0.28, 0.242], np.float32),
        "torso": vary(0.475, 0.09),
        "hip_half": vary(0.092, 0.17),
        "shoulder_half": vary(0.176, 0.11),
        "neck": vary(0.21, 0.14),
        "ear_half": vary(0.077, 0.14),
        "eye_half": vary(0.032, 0.15),
        "nose": np.array([0, -0.012, 0.11], np.float32) * vary(1, 0.2, 1)
        + 0.015 * rng.standard_normal((count, 3)).astype(np.float32) * [0, 1, 1],
        "eyes": np.array([0, 0.023, 0.087], np.float32) * vary(1, 0.2, 1)
        + 0.012 * rng.standard_normal((count, 3)).astype(np.float32) * [0, 1, 1],
    }
    height = out["legs"].mean(1).sum(-1) + out["torso"] + out["neck"] + 0.22
    for name, value in out.items():
        scale = (NOMINAL_HEIGHT_M / height).astype(np.float32)
        out[name] = (value * scale.reshape(-1, *[1] * (value.ndim - 1))).astype(np.float32)
    return out


def people(rng: np.random.Generator, parts: Parts, count: int, lags_s: Array) -> tuple[Array, Array]:
    """Moving people at `lags_s` (T,) before now, the first 0.

    Returns bones (count, T, 16, 3) m in the world (z up, facing -y now) and hips (count, T, 3) m,
    which are 0 now.
    """
    body = bodies(rng, count)
    # At speeds at which a thirtieth of a second is a whole number of frames: rounded steps would look like noise.
    natural = parts.fps / 30
    paces = np.arange(np.ceil(0.5 * natural), np.floor(1.5 * natural) + 1)
    step = np.rint(30 * lags_s * rng.choice(paces, (count, 1))).astype(int)
    began_s = np.exp(rng.uniform(np.log(0.25), np.log(1.5), (count, 1)))
    ago = np.minimum(lags_s / began_s, 1).astype(np.float32)
    drawn = rng.choice(len(parts.weight), (5, count), p=parts.weight)
    mix = rng.random(count)
    drawn[1:, mix < 0.35] = drawn[0, mix < 0.35]  # the whole of one clip
    together = mix < 0.65  # arms of one clip
    drawn[2:, together] = drawn[1, together]
    low, mid, left, right, top = (np.maximum(d[:, None] - step, parts.first[d][:, None]) for d in drawn)

    legs, lean = crouch(rng, parts.legs[low], ago)
    legs = bend_legs(rng, legs, ago)
    arms = np.stack([parts.arms[left, 0], parts.arms[right, 1]], 2)
    arms = bend_arms(rng, arms, ago)
    pelvis = parts.pelvis[low]
    pelvis = rotate(pelvis, pelvis[:, :, :1] * lean[:, :, None, None])
    # The chest's frame within the pelvis, bent.
    lean = wander(rng, count, ago, 9)
    deep = rng.random(count) < 0.08
    lean[deep, :, 0] += (_DEG * rng.uniform(15, 90, deep.sum()))[:, None]
    chest = parts.chest[mid] @ np.swapaxes(parts.pelvis[mid], -1, -2)
    chest = rotate(chest, lean[:, :, None])
    torso = rotate(parts.torso[mid], lean)
    nod = wander(rng, count, ago, 9)
    neck = rotate(parts.neck[top], nod)
    head = rotate(parts.head[top], (nod + wander(rng, count, ago, 14))[:, :, None])

    def out_of(frame, v):
        frame = frame.reshape(*frame.shape[:2], *[1] * (v.ndim - 3), 3, 3)
        return v[..., :1] * frame[..., 0, :] + v[..., 1:2] * frame[..., 1, :] + v[..., 2:] * frame[..., 2, :]

    chest = out_of(pelvis, chest)
    head = out_of(chest, head)
    bones = np.empty((count, len(lags_s), len(BONES), 3), np.float32)

    def put(name, value):
        bones[:, :, BONES.index(name)] = value

    put("hip_half", pelvis[:, :, 0] * body["hip_half"][:, None, None])
    limbs = out_of(chest, arms) * body["arms"][:, None, :, :, None]
    shrug = shrug_of(rng, arms)
    shrug = out_of(chest, shrug)
    put("torso", out_of(pelvis, torso) * body["torso"][:, None, None] + shrug.mean(2))
    put(
        "shoulder_half",
        chest[:, :, 0] * body["shoulder_half"][:, None, None] + (shrug[:, :, 0] - shrug[:, :, 1]) / 2,
    )
    bones[:, :, 3:7] = limbs.reshape(count, len(lags_s), 4, 3)
    bones[:, :, 7:11] = (out_of(pelvis, legs) * body["legs"][:, None, :, :, None]).reshape(count, -1, 4, 3)
    put("neck", out_of(chest, neck) * body["neck"][:, None, None])
    for name in ("ear_half", "eye_half"):
        put(name, head[:, :, 0] * body[name][:, None, None])
    for name in ("nose", "eyes"):
        put(name, out_of(head, body[name][:, None]))

    hips = parts.hips[low] - parts.hips[low[:, :1]]
    turn = _heading_to_minus_y(pelvis[:, 0, 2])
    bones, hips = bones @ turn[:, None], (hips[:, :, None] @ turn[:, None])[:, :, 0]
    tilt = wander(rng, count, ago, 4)
    lying = rng.random(count) < 0.02
    tilt[lying] += (_DEG * rng.normal(0, 40, (lying.sum(), 1, 3))).astype(np.float32)
    return rotate(bones, tilt[:, :, None]), hips.astype(np.float32)


def _heading_to_minus_y(forward):
    """Turns about z (B, 3, 3), for row vectors, that bring `forward` (B, 3) over -y."""
    x, y = forward[:, 0], forward[:, 1]
    r = np.maximum(np.hypot(x, y), 1e-6)
    c, s = -y / r, -x / r
    zero, one = np.zeros_like(c), np.ones_like(c)
    return np.stack([np.stack([c, s, zero], -1), np.stack([-s, c, zero], -1), np.stack([zero, zero, one], -1)], 1)


def _frames(left, up):
    x = unit(left)
    y = unit(up - dot(up, x) * x)
    return np.stack([x, y, cross(x, y)], 1)

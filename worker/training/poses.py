"""A bank of poses on a character's own skeleton, made once from the motion clips and kept.

Owns: limbs mixed between clips, joints perturbed within what bodies do, and what clips do not tell (fingers,
the roll of forearms, heads). A pose is every bone's rotation in the world; the hips face −y.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mocap_core.rotation import from_rotvec
from mocap_core.skeleton import BODY, BODY_INDEX
from mocap_core.solve import Rig, fit, forward

from .gltf import Character
from .motion import load_clips

_VERSION = 3
_ARM = {s: [BODY_INDEX[f"{s}_{j}"] for j in ("shoulder", "elbow", "wrist", "hand")] for s in ("left", "right")}
_LEG = {s: [BODY_INDEX[f"{s}_{j}"] for j in ("hip", "knee", "ankle", "toe")] for s in ("left", "right")}
_FACE = [BODY_INDEX[j] for j in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")]
_UPPER = _FACE + _ARM["left"] + _ARM["right"]


@dataclass(frozen=True)
class PoseBank:
    """axes: (N, B, 2, 3) int16, the directions of each bone's x and y in the world, in 1/32767."""

    axes: np.ndarray

    def __len__(self) -> int:
        return len(self.axes)

    def rotations(self, row: int) -> np.ndarray:
        """(B, 3, 3) every bone's rotation in the world."""
        x, y = (self.axes[row].astype(float) / 32767).transpose(1, 0, 2)
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        y -= x * (x * y).sum(1, keepdims=True)
        y /= np.linalg.norm(y, axis=1, keepdims=True)
        return np.stack([x, y, np.cross(x, y)], 2)


def character_rig(character: Character) -> Rig:
    """The solver's view of a character; a bone is as long as the way to its first child."""
    lengths = np.full(len(character.bones), 0.05)
    for i, parent in reversed(list(enumerate(character.parents))):
        if parent >= 0:
            lengths[parent] = np.linalg.norm(character.rest[i, :3, 3] - character.rest[parent, :3, 3])
    return Rig.from_matrices(character.bones, character.parents, character.rest, np.maximum(lengths, 0.01))


def read_landmarks(path: Path, character: Character) -> tuple[np.ndarray, np.ndarray]:
    """Where the BODY joints sit: bone rows (21,) and offsets (21, 3) in the bones' own axes, metres."""
    table = json.loads(Path(path).read_text("utf-8"))
    rows = np.array([character.bones.index(table[name]["bone"]) for name in BODY])
    return rows, np.array([table[name]["offset"] for name in BODY], float)


def landmark_points(bones: np.ndarray, landmarks: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """BODY joints (…, 21, 3) of posed bone matrices (…, B, 4, 4)."""
    rows, offsets = landmarks
    m = bones[..., rows, :, :]
    return (m[..., :3, :3] @ offsets[:, :, None])[..., 0] + m[..., :3, 3]


def pose_bank(
    character: Character,
    landmarks: tuple[np.ndarray, np.ndarray],
    count: int,
    split: str = "train",
    seed: int = 0,
    mix: float = 1.0,
    folder: Path = Path("runs"),
    motion: Path | None = None,
) -> PoseBank:
    """`count` poses of the clips of `split`, from `folder` if they were made before.

    split: "train", "test", or "rest" for none: the rest pose with invented limbs, which needs no motion data.
    mix: how much of the mixing and perturbing is done; 0 gives the clips as they are.
    """
    key = hashlib.sha256(
        json.dumps([_VERSION, count, split, seed, mix, character.bones]).encode()
        + character.rest.tobytes()
        + landmarks[1].tobytes()
    ).hexdigest()[:16]
    path = Path(folder) / f"poses-{key}.npy"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        axes = _make(character, landmarks, count, split, seed, mix, motion)
        part = path.with_suffix(f".{np.random.default_rng().integers(1 << 32)}.npy")
        np.save(part, axes)
        part.replace(path)
    return PoseBank(np.load(path, mmap_mode="r"))


def _make(character, landmarks, count, split, seed, mix, motion) -> np.ndarray:
    rng = np.random.default_rng([seed, count])
    rig = character_rig(character)
    if split == "rest":
        rest = landmark_points(character.rest, landmarks)
        pick = rest.copy
    else:
        pick = _picker(load_clips(split, motion), rng)
    out = np.empty((count, len(character.bones), 2, 3), np.int16)
    for n in range(count):
        joints = _face_camera(_mixed(rng, pick, mix))
        rotations, location = fit(rig, joints)
        matrices = forward(rig, _loosen(rng, rig, rotations, mix), location)
        out[n] = np.round(32767 * matrices[:, :3, :2].transpose(0, 2, 1))
    return out


def _picker(clips, rng):
    """A function that picks a frame's joints, every action as likely as the others."""
    actions: dict[str, list] = {}
    for clip in clips:
        actions.setdefault(clip.name.split("/")[1].rsplit("_", 1)[0], []).append(clip)
    names = sorted(actions)

    def pick() -> np.ndarray:
        group = actions[names[rng.integers(len(names))]]
        lengths = np.array([len(c.joints_body) for c in group], float)
        clip = group[rng.choice(len(group), p=lengths / lengths.sum())]
        return clip.joints_body[rng.integers(len(clip.joints_body))].astype(float)

    return pick


def _unit(v: np.ndarray) -> np.ndarray:
    return v / max(np.linalg.norm(v), 1e-9)


def _trunk_frame(joints: np.ndarray, line: str) -> np.ndarray:
    """(3, 3) columns: to the left along the `line` of "hip" or "shoulder", backwards, up the spine."""
    mid = {j: (joints[BODY_INDEX[f"left_{j}"]] + joints[BODY_INDEX[f"right_{j}"]]) / 2 for j in ("hip", "shoulder")}
    x = _unit(joints[BODY_INDEX[f"left_{line}"]] - joints[BODY_INDEX[f"right_{line}"]])
    z = mid["shoulder"] - mid["hip"]
    z = _unit(z - x * (z @ x))
    return np.stack([x, np.cross(z, x), z], 1)


def rotvec_matrix(rotvec: np.ndarray) -> np.ndarray:
    """(3, 3) of a rotation vector."""
    angle = np.linalg.norm(rotvec)
    if angle < 1e-9:
        return np.eye(3)
    x, y, z = rotvec / angle
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k


def _noise(rng: np.random.Generator, degrees: float) -> np.ndarray:
    return rotvec_matrix(np.radians(rng.normal(0, degrees, 3)))


def _mixed(rng: np.random.Generator, pick, mix: float) -> np.ndarray:
    """A frame's joints with limbs of other frames or invented ones, and everything moved a little."""
    joints = pick().copy()
    for side in ("left", "right"):
        chance = rng.random()
        if chance < 0.25 * mix:
            other = pick()
            _set_limb(
                joints,
                _ARM[side],
                other,
                _trunk_frame(joints, "shoulder") @ _trunk_frame(other, "shoulder").T,
            )
        elif chance < 0.55 * mix:
            _invent_arm(rng, joints, side)
        if rng.random() < 0.2 * mix:
            other = pick()
            _set_limb(joints, _LEG[side], other, _trunk_frame(joints, "hip") @ _trunk_frame(other, "hip").T)
    bent = rng.random() < 0.05 * mix
    if rng.random() < 0.18 * mix:
        bent |= _invent_legs(rng, joints)
    for side in ("left", "right"):
        _bend(joints, _ARM[side], 1, _noise(rng, 8 * mix))
        _bend(joints, _ARM[side], 2, _noise(rng, 8 * mix))
        _bend(joints, _ARM[side], 3, _noise(rng, 15 * mix))
        _bend(joints, _LEG[side], 1, _noise(rng, 4 * mix))
        _bend(joints, _LEG[side], 2, _noise(rng, 3 * mix))
        _bend(joints, _LEG[side], 3, _noise(rng, 8 * mix))
    hips = (joints[BODY_INDEX["left_hip"]] + joints[BODY_INDEX["right_hip"]]) / 2
    lean = _noise(rng, rng.choice([4.0, 12.0]) * mix)
    if bent:
        left = _trunk_frame(joints, "hip")[:, 0]
        lean = lean @ rotvec_matrix(left * np.radians(rng.uniform(0, 80)))
    joints[_UPPER] = (joints[_UPPER] - hips) @ lean.T + hips
    neck = (joints[BODY_INDEX["left_shoulder"]] + joints[BODY_INDEX["right_shoulder"]]) / 2
    nod = rotvec_matrix(np.radians(rng.normal(0, (9, 7, 20))) * mix)
    joints[_FACE] = (joints[_FACE] - neck) @ nod.T + neck
    tilt = _noise(rng, 4 * mix)
    return (joints - hips) @ tilt.T + hips


def _set_limb(joints: np.ndarray, limb: list[int], other: np.ndarray, turn: np.ndarray) -> None:
    joints[limb] = joints[limb[0]] + (other[limb] - other[limb[0]]) @ turn.T


def _bend(joints: np.ndarray, limb: list[int], at: int, turn: np.ndarray) -> None:
    """Turns what lies beyond joint at−1 of a limb about that joint."""
    pivot = joints[limb[at - 1]]
    joints[limb[at:]] = (joints[limb[at:]] - pivot) @ turn.T + pivot


def _invent_arm(rng: np.random.Generator, joints: np.ndarray, side: str) -> None:
    """An arm anywhere that an arm goes: not through the chest, not far behind; hinge and bend at random."""
    sign = 1 if side == "left" else -1
    while True:
        upper = _unit(rng.normal(size=3))
        if upper[1] < 0.45 and upper[0] * sign > -0.35 and not (upper[2] > 0.6 and upper[1] > 0.2):
            break
    bend = np.radians(rng.beta(1.2, 1.6) * 145)
    # Forearms bend forwards, inwards and up from the upper arm.
    towards = _unit(np.array([-0.6 * sign, -1.0, 0.5]) + rng.normal(0, 0.7, 3))
    axis = _unit(np.cross(upper, towards))
    lower = rotvec_matrix(axis * bend) @ upper
    frame = _trunk_frame(joints, "shoulder")
    limb = _ARM[side]
    lengths = np.linalg.norm(np.diff(joints[limb], axis=0), axis=1)
    for at, direction in ((1, upper), (2, lower), (3, lower)):
        joints[limb[at]] = joints[limb[at - 1]] + frame @ direction * lengths[at - 1]


def _invent_legs(rng: np.random.Generator, joints: np.ndarray) -> bool:
    """Squats, lunges, steps, spread legs: hips flexed and spread at random, knees bent backwards.

    Returns whether the trunk should lean over them.
    """
    frame = _trunk_frame(joints, "hip")
    both = rng.uniform(-0.1, 1.9)
    for side, sign in (("left", 1), ("right", -1)):
        flex = np.clip(both + rng.normal(0, 0.35), -0.35, 2.0)
        spread = sign * rng.uniform(-0.05, 0.5)
        knee = np.clip(flex * rng.uniform(0.8, 1.6) + rng.normal(0, 0.3), 0.05, 2.5)
        turn = rotvec_matrix(np.array([0, 0, sign * rng.uniform(-0.2, 0.5)]))
        upper = turn @ np.array([np.sin(spread), -np.sin(flex), -np.cos(flex)])
        shin = flex - knee
        lower = turn @ np.array([np.sin(spread) * 0.5, -np.sin(shin), -np.cos(shin)])
        foot = turn @ np.array([0.05 * sign, -0.95, -0.3])
        limb = _LEG[side]
        lengths = np.linalg.norm(np.diff(joints[limb], axis=0), axis=1)
        for at, direction in ((1, upper), (2, lower), (3, foot)):
            joints[limb[at]] = joints[limb[at - 1]] + frame @ _unit(direction) * lengths[at - 1]
    return both > 0.8 and rng.random() < 0.7


def _face_camera(joints: np.ndarray) -> np.ndarray:
    """Turned about z so that the hips' line runs along x, the left on +x."""
    line = joints[BODY_INDEX["left_hip"]] - joints[BODY_INDEX["right_hip"]]
    c, s = line[:2] / max(np.linalg.norm(line[:2]), 1e-9)
    return joints @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]]).T


def _loosen(rng: np.random.Generator, rig: Rig, rotations: np.ndarray, mix: float) -> np.ndarray:
    """Adds what joints do not tell: forearm roll, wrists, curled fingers, toes. rotations: (B, 4) wxyz."""
    out = rotations.copy()

    def turn(bone: str, rotvec) -> None:
        i = rig.index.get(bone)
        if i is not None:
            out[i] = _multiply(out[i], from_rotvec(np.asarray(rotvec, float)))

    for side in ("left", "right"):
        turn(f"{side}LowerArm", (0, mix * rng.normal(0, 0.6), 0))
        turn(f"{side}Hand", mix * rng.normal(0, (0.25, 0.15, 0.2)))
        turn(f"{side}Toes", (mix * rng.normal(0, 0.15), 0, 0))
        fist = rng.beta(0.8, 1.5) * mix
        for finger in ("Index", "Middle", "Ring", "Little"):
            own = np.clip(fist + rng.normal(0, 0.12), 0, 1)
            for joint, most in (("Proximal", 1.3), ("Intermediate", 1.5), ("Distal", 0.9)):
                bone = f"{side}{finger}{joint}"
                if bone in rig.index:
                    turn(bone, _curl_axis(rig, side, bone) * own * most)
    return out


def _curl_axis(rig: Rig, side: str, bone: str) -> np.ndarray:
    """The axis, in a finger bone's own frame, about which it closes; palms face down in a T-pose."""
    rest = rig.rest[rig.index[bone], :3, :3]
    down = np.array([0.0, 0.0, -1.0])
    along = rest[:, 1]
    return rest.T @ _unit(np.cross(along, down))


def _multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    w, x, y, z = a
    p, q, r, s = b
    return np.array(
        [
            w * p - x * q - y * r - z * s,
            w * q + x * p + y * s - z * r,
            w * r - x * s + y * p + z * q,
            w * s + x * r - y * q + z * p,
        ]
    )

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

from .gltf import Character, CharacterError
from .held_out import UNSEEN_ACTIONS
from .inventing import (
    ARM,
    FACE,
    LEG,
    arm_anywhere,
    hands_placed,
    lean,
    legs_anywhere,
    middle,
    on_the_floor,
    rotvec_matrix,
    sit,
    trunk_frame,
    unit,
)  # fmt: skip
from .motion import action_of, load_clips, motion_path

_VERSION = 5
#: Actions that no clip shows.
SEATED, FLOOR = "seated", "floor"


@dataclass(frozen=True)
class PoseBank:
    """axes: (N, B, 2, 3) int16, the directions of each bone's x and y in the world, in 1/32767. action: (N,) which of
    `actions` each pose was made from."""

    axes: np.ndarray
    action: np.ndarray
    actions: tuple[str, ...]

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
    """Where the BODY joints sit: bone rows (21,) and offsets (21, 3) in the bones' own axes, metres.

    Raises CharacterError.
    """
    try:
        table = json.loads(Path(path).read_text("utf-8"))
        rows = np.array([character.bones.index(table[name]["bone"]) for name in BODY])
        return rows, np.array([table[name]["offset"] for name in BODY], float).reshape(len(BODY), 3)
    except OSError as error:
        told = f"{path}, which says where the character's joints are, cannot be read: {error.strerror}"
        raise CharacterError(told) from error
    except (ValueError, KeyError, TypeError) as error:
        raise CharacterError(
            f"{path} does not fit the character: expected JSON with one of its bones and an offset of three numbers "
            f"for each of {', '.join(BODY)}"
        ) from error


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
    """`count` poses of the clips of `split`, from `folder` if they were made before of the same clips.

    split: "train", without UNSEEN_ACTIONS, "test", or "rest" for none: the rest pose with invented limbs, which needs
        no motion data.
    mix: how much of the mixing and perturbing is done; 0 gives the clips as they are.
    """
    key = hashlib.sha256(
        json.dumps([_VERSION, count, split, seed, mix, character.bones]).encode()
        + character.rest.tobytes()
        + landmarks[1].tobytes()
        + (b"" if split == "rest" else motion_path(motion).read_bytes())
    ).hexdigest()[:16]
    path = Path(folder) / f"poses-{key}.npz"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        bank = _make(character, landmarks, count, split, seed, mix, motion)
        part = path.with_suffix(f".{np.random.default_rng().integers(1 << 32)}.npz")
        np.savez(part, axes=bank.axes, action=bank.action, actions=np.array(bank.actions))
        part.replace(path)
    with np.load(path) as data:
        return PoseBank(data["axes"], data["action"], tuple(str(name) for name in data["actions"]))


def _make(character, landmarks, count, split, seed, mix, motion) -> PoseBank:
    rng = np.random.default_rng([seed, count])
    rig = character_rig(character)
    if split == "rest":
        rest = landmark_points(character.rest, landmarks)
        names, pick = ["rest"], lambda: (0, rest.copy())
    else:
        clips = load_clips(split, motion)
        if split == "train":
            clips = [clip for clip in clips if action_of(clip.name) not in UNSEEN_ACTIONS]
        names, pick = _picker(clips, rng)
    out = np.empty((count, len(character.bones), 2, 3), np.int16)
    action, actions = np.zeros(count, np.uint8), (*names, SEATED, FLOOR)
    for n in range(count):
        kind, joints = _mixed(rng, pick, mix)
        action[n] = kind if kind >= 0 else len(actions) + kind
        if actions[action[n]] != FLOOR:
            joints = _face_camera(joints)
        rotations, location = fit(rig, joints)
        matrices = forward(rig, _loosen(rng, rig, rotations, mix), location)
        out[n] = np.round(32767 * matrices[:, :3, :2].transpose(0, 2, 1))
    return PoseBank(out, action, actions)


def _picker(clips, rng):
    """The actions' names, and a function that picks an action and a frame's joints, every action equally likely."""
    actions: dict[str, list] = {}
    for clip in clips:
        actions.setdefault(action_of(clip.name), []).append(clip)
    names = sorted(actions)

    def pick() -> tuple[int, np.ndarray]:
        number = int(rng.integers(len(names)))
        group = actions[names[number]]
        lengths = np.array([len(c.joints_body) for c in group], float)
        clip = group[rng.choice(len(group), p=lengths / lengths.sum())]
        return number, clip.joints_body[rng.integers(len(clip.joints_body))].astype(float)

    return names, pick


def _noise(rng: np.random.Generator, degrees: float) -> np.ndarray:
    return rotvec_matrix(np.radians(rng.normal(0, degrees, 3)))


def _mixed(rng: np.random.Generator, pick, mix: float) -> tuple[int, np.ndarray]:
    """A frame's joints with limbs of other frames or invented ones, and everything moved a little.

    Returns the action's number too, −2 for seated and −1 for the floor.
    """
    action, joints = pick()
    joints = joints.copy()
    placed = rng.random() < 0.22 * mix
    for side in ("left", "right"):
        chance = 1.0 if placed else rng.random()
        if chance < 0.25 * mix:
            _, other = pick()
            turn = trunk_frame(joints, "shoulder") @ trunk_frame(other, "shoulder").T
            _set_limb(joints, ARM[side], other, turn)
        elif chance < 0.50 * mix:
            arm_anywhere(rng, joints, side)
        if rng.random() < 0.2 * mix:
            _, other = pick()
            _set_limb(joints, LEG[side], other, trunk_frame(joints, "hip") @ trunk_frame(other, "hip").T)
    bent = rng.random() < 0.05 * mix
    how = rng.random()
    if how < 0.16 * mix:
        bent |= legs_anywhere(rng, joints)
    elif how < 0.28 * mix:
        sit(rng, joints)
        action, bent = -2, False
    elif how < 0.34 * mix:
        on_the_floor(rng, joints)
        action, bent = -1, False
    if placed and action != -1:
        hands_placed(rng, joints, seated=action == -2)
    for side in ("left", "right"):
        _bend(joints, ARM[side], 1, _noise(rng, 5 * mix if placed else 8 * mix))
        _bend(joints, ARM[side], 2, _noise(rng, 5 * mix if placed else 8 * mix))
        _bend(joints, ARM[side], 3, _noise(rng, 15 * mix))
        _bend(joints, LEG[side], 1, _noise(rng, 4 * mix))
        _bend(joints, LEG[side], 2, _noise(rng, 3 * mix))
        _bend(joints, LEG[side], 3, _noise(rng, 8 * mix))
    stoop = _noise(rng, rng.choice([4.0, 12.0]) * mix)
    if bent:
        left = trunk_frame(joints, "hip")[:, 0]
        stoop = stoop @ rotvec_matrix(left * np.radians(rng.uniform(0, 80)))
    lean(joints, stoop)
    neck = middle(joints, "shoulder")
    nod = rotvec_matrix(np.radians(rng.normal(0, (9, 7, 20))) * mix)
    joints[FACE] = (joints[FACE] - neck) @ nod.T + neck
    hips = middle(joints, "hip")
    tilt = _noise(rng, 4 * mix)
    return action, (joints - hips) @ tilt.T + hips


def _set_limb(joints: np.ndarray, limb: list[int], other: np.ndarray, turn: np.ndarray) -> None:
    joints[limb] = joints[limb[0]] + (other[limb] - other[limb[0]]) @ turn.T


def _bend(joints: np.ndarray, limb: list[int], at: int, turn: np.ndarray) -> None:
    """Turns what lies beyond joint at−1 of a limb about that joint."""
    pivot = joints[limb[at - 1]]
    joints[limb[at:]] = (joints[limb[at:]] - pivot) @ turn.T + pivot


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
    return rest.T @ unit(np.cross(along, down))


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

"""Motion capture clips as body joints, for everything that is trained or rendered.

Owns reading the CMU clips and placing the joints that they lack (nose, eyes, ears, the base of
the middle finger). The data comes from mocap.cs.cmu.edu.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mocap_core.skeleton import BODY

#: Joints that the clips have, by their name there.
_CLIP_JOINT = {
    "left_shoulder": "LeftArm",
    "right_shoulder": "RightArm",
    "left_elbow": "LeftForeArm",
    "right_elbow": "RightForeArm",
    "left_wrist": "LeftHand",
    "right_wrist": "RightHand",
    "left_hip": "LeftUpLeg",
    "right_hip": "RightUpLeg",
    "left_knee": "LeftLeg",
    "right_knee": "RightLeg",
    "left_ankle": "LeftFoot",
    "right_ankle": "RightFoot",
    "left_toe": "LeftToeBase",
    "right_toe": "RightToeBase",
}

#: Joints placed in the frame of a joint that they lack: metres, x to the left, y up, z forward.
#: The head's joint is the base of the skull; the heights fit a person whose shoulders are as high
#: as the clips' are. The wrist's bone to the knuckles has no length in the clips.
_PLACED = {
    "nose": ("Head", (0.0, 0.050, 0.115)),
    "left_eye": ("Head", (0.032, 0.085, 0.092)),
    "right_eye": ("Head", (-0.032, 0.085, 0.092)),
    "left_ear": ("Head", (0.074, 0.062, 0.005)),
    "right_ear": ("Head", (-0.074, 0.062, 0.005)),
    "left_hand": ("LeftHand", (0.085, 0.0, 0.0)),
    "right_hand": ("RightHand", (-0.085, 0.0, 0.0)),
}


class MotionError(Exception):
    """The motion data is not where it is looked for, or is not what was expected."""


@dataclass(frozen=True)
class Clip:
    """One recorded motion.

    joints_body: (F, 21, 3) metres, z up, floor near 0, in the order of `skeleton.BODY`.
    """

    name: str
    fps: float
    joints_body: np.ndarray


def motion_path(path: str | Path | None = None) -> Path:
    """The file of clips: `path`, else MOCAP_MOTION, else ../shared beside the checkout."""
    if path is None:
        path = os.environ.get("MOCAP_MOTION") or (
            Path(__file__).resolve().parents[2] / "../shared/data/motion/cmu_clips.npz"
        )
    path = Path(path)
    if not path.is_file():
        raise MotionError(f"the motion data is not at {path}; give its place with --motion or MOCAP_MOTION")
    return path


def load_clips(split: str, path: str | Path | None = None) -> list[Clip]:
    """The clips of `split` ("train", "test" or one clip's name), in the file's order. Raises MotionError."""
    path = motion_path(path)
    try:
        return _read_clips(split, path)
    except MotionError:
        raise
    except Exception as error:  # numpy raises whatever the damage leads to
        what = (str(error) or type(error).__name__).splitlines()[0]
        raise MotionError(f"{path} cannot be read ({what}); expected motion clips, as an .npz file") from error


def _read_clips(split: str, path: Path) -> list[Clip]:
    with np.load(path) as data:
        missing = {"positions_m", "rotvec", "lengths", "clips", "joint_names", "parents", "fps"} - set(data)
        if missing:
            raise MotionError(f"{path} has no {', '.join(sorted(missing))}")
        names = [str(name) for name in data["clips"]]
        ends = np.cumsum(data["lengths"])
        positions, rotvec = data["positions_m"], data["rotvec"]
        joint = {str(name): i for i, name in enumerate(data["joint_names"])}
        parents, fps = data["parents"], float(data["fps"])
    wanted = [i for i, name in enumerate(names) if name == split or name.startswith(split + "/")]
    if not wanted:
        raise MotionError(f"no clip of the split {split!r}; there are train, test and {', '.join(names)}")
    clips = []
    for i in wanted:
        rows = slice(ends[i - 1] if i else 0, ends[i])
        body = _body_joints(positions[rows], rotvec[rows], joint, parents)
        clips.append(Clip(names[i], fps, body))
    return clips


def action_of(name: str) -> str:
    """ "train/basketball_signal_3" → "basketball_signal"."""
    return name.split("/")[-1].rsplit("_", 1)[0]


def global_rotations(rotvec: np.ndarray, parents: np.ndarray) -> np.ndarray:
    """Each joint's rotation in the world, row-vector convention (v_world = v_local @ R).

    rotvec: (F, J, 3) local rotation vectors, parents before children. Returns (F, J, 3, 3).
    """
    local = _matrices(rotvec.astype(np.float64))
    out = local.copy()
    for j, parent in enumerate(parents):
        if parent >= 0:
            out[:, j] = local[:, j] @ out[:, parent]
    return out


def _matrices(rotvec: np.ndarray) -> np.ndarray:
    """Rodrigues' formula as the clips use it: its matrix multiplies row vectors untransposed."""
    angle = np.linalg.norm(rotvec, axis=-1)[..., None, None]
    x, y, z = np.moveaxis(rotvec / np.maximum(angle[..., 0], 1e-12), -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*x.shape, 3, 3)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def _body_joints(positions: np.ndarray, rotvec: np.ndarray, joint: dict[str, int], parents: np.ndarray) -> np.ndarray:
    rotation = global_rotations(rotvec, parents)
    out = np.empty((len(positions), len(BODY), 3))
    for k, name in enumerate(BODY):
        if name in _CLIP_JOINT:
            out[:, k] = positions[:, joint[_CLIP_JOINT[name]]]
        else:
            base, offset = _PLACED[name]
            out[:, k] = positions[:, joint[base]] + np.array(offset) @ rotation[:, joint[base]]
    # The clips are y up and face +z at rest; ours is z up and faces -y, left on +x in both.
    return np.stack([out[..., 0], -out[..., 2], out[..., 1]], -1).astype(np.float32)

"""How right a rig's motion is, from its bones' matrices and the true joints. Arrays in, numbers out."""

from __future__ import annotations

import numpy as np

from mocap_core.skeleton import BODY_INDEX, LIMBS

from ..demo.measure import angles_deg, limb_directions

CONTACT_M_S = 0.10  # a foot slower than this stands
TWIST_JUMP_DEG = 45.0
WARM_UP_S = 1.0  # of standing, before jitter counts
#: The bone whose head is a limb's joint, in the order of `JOINTS`.
JOINT_BONES = tuple(
    f"{side}{bone}"
    for side in ("left", "right")
    for bone in ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot")
)
JOINTS = tuple(
    BODY_INDEX[f"{side}_{joint}"]
    for side in ("left", "right")
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
)
_HIPS = (3, 9)
_ANKLES = (5, 11)


def limb_errors_deg(joints: np.ndarray, true_joints: np.ndarray) -> np.ndarray:
    """(F, 8) angles between the limbs of two motions in one world, each (F, ≥ 17, 3) with COCO's rows first."""
    return angles_deg(limb_directions(joints), limb_directions(true_joints))


def twist_jumps(limb_matrices: np.ndarray) -> int:
    """How many times one of the limbs' bones (F, 8, 3, 3) twists by more than 45° about its Y axis in a frame."""
    turn = limb_matrices[1:] @ np.swapaxes(limb_matrices[:-1], -1, -2)
    axis = limb_matrices[:-1, ..., 1]
    # The quaternion's twist: twice the angle of its part along the axis against its scalar part.
    skew = np.stack(
        [turn[..., 2, 1] - turn[..., 1, 2], turn[..., 0, 2] - turn[..., 2, 0], turn[..., 1, 0] - turn[..., 0, 1]], -1
    )
    trace = np.trace(turn, axis1=-2, axis2=-1)
    twist = 2 * np.arctan2(np.abs((skew * axis).sum(-1)), 1 + trace)
    return int((np.degrees(twist) > TWIST_JUMP_DEG).sum())


def contacts(ankles: np.ndarray, fps: float) -> np.ndarray:
    """(F − 1, 2) steps between frames in which a true ankle (F, 2, 3) is slower than 0.10 m/s."""
    return np.linalg.norm(np.diff(ankles, axis=0), axis=-1) * fps < CONTACT_M_S


def skate_m(ankles: np.ndarray, standing: np.ndarray) -> float:
    """How far ankles (F, 2, 3) travel over the floor in the steps (F − 1, 2) in which they should stand, metres."""
    return float((np.linalg.norm(np.diff(ankles[..., :2], axis=0), axis=-1) * standing).sum())


def penetration_m(feet: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """(F,) how far the lowest of the feet's points (F, K, 3) is below its height at rest (K, 3), 0 above."""
    return np.maximum(0.0, (rest[:, 2] - feet[..., 2]).max(-1))


def procrustes_m(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Distances (F, J) after the best similarity, frame by frame, of found (F, J, 3) onto true (F, J, 3)."""
    a, b = found - found.mean(1, keepdims=True), true - true.mean(1, keepdims=True)
    u, s, vt = np.linalg.svd(np.swapaxes(a, 1, 2) @ b)
    sign = np.sign(np.linalg.det(u @ vt))
    s[:, 2] *= sign
    u[:, :, 2] *= sign[:, None]
    scale = s.sum(1) / (a * a).sum((1, 2))
    return np.linalg.norm(scale[:, None, None] * a @ (u @ vt) - b, axis=-1)


def centred(joints: np.ndarray) -> np.ndarray:
    """Joints (F, 12, 3), in the order of `JOINTS`, from the middle of their hips."""
    return joints - joints[:, _HIPS].mean(1, keepdims=True)


def acceleration_error_m(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """(F − 2, J) distances between second differences, m a frame²."""
    return np.linalg.norm(np.diff(found, 2, axis=0) - np.diff(true, 2, axis=0), axis=-1)


def lag_s(directions: np.ndarray, fine: np.ndarray, fine_fps: float, longest_s: float = 0.25) -> np.ndarray:
    """Mean angle in degrees of limbs (F, 8, 3) to the truth at 0, 2, 4 … ms before, the truth (N, 8, 3) given at
    fine_fps, a multiple of which the frames are every second one. The least one is the lag."""
    times = np.arange(len(directions)) * 2 / fine_fps
    out = []
    for lag in np.arange(0.0, longest_s, 0.002):
        row = np.maximum((times - lag) * fine_fps, 0.0)
        low = np.minimum(row.astype(int), len(fine) - 2)
        share = (row - low)[:, None, None]
        then = fine[low] * (1 - share) + fine[low + 1] * share
        then /= np.linalg.norm(then, axis=-1, keepdims=True)
        out.append(angles_deg(directions, then)[times >= longest_s].sum())
    return np.array(out)


def limb_names() -> list[str]:
    """The bones of `skeleton.LIMBS`."""
    return [name for name, _, _ in LIMBS]


def as_body(joints: np.ndarray) -> np.ndarray:
    """Joints (F, 12, 3) at their rows of COCO's (F, 17, 3), the face NaN."""
    out = np.full((len(joints), 17, 3), np.nan)
    out[:, list(JOINTS)] = joints
    return out


def ankles_of(joints: np.ndarray) -> np.ndarray:
    """(F, 2, 3) of joints (F, 12, 3)."""
    return joints[:, _ANKLES]

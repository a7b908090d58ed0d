"""How far lifted joints are from true ones. Arrays in, numbers out."""

from __future__ import annotations

import numpy as np

from mocap_core.skeleton import ARM_LIMBS, BODY_INDEX, LEG_LIMBS

from ..demo.measure import angles_deg, limb_directions
from .motion_measures import procrustes_m

_HIPS = [BODY_INDEX["left_hip"], BODY_INDEX["right_hip"]]
_SHOULDERS = [BODY_INDEX["left_shoulder"], BODY_INDEX["right_shoulder"]]


def errors(found: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Errors of a shot's frames, each an array with time first; NaN where a frame has no pose.

    found, truth: (T, 17, 3) m in camera axes, of people of one height. Angles are those of directions in space, with
    nothing aligned; places are compared from the middle of the hips; `p_mpjpe_mm` after the similarity that
    fits best. `acceleration_error_mm` is per frame².
    """
    found, truth = (joints - joints[:, _HIPS].mean(1, keepdims=True) for joints in (found, truth))
    angle = angles_deg(limb_directions(found), limb_directions(truth))
    up = [joints[:, _SHOULDERS].mean(1) for joints in (found, truth)]
    up = [v / np.linalg.norm(v, axis=-1, keepdims=True) for v in up]
    return {
        "bone_angle_deg": angle,
        "bone_angle_deg_arm": angle[:, ARM_LIMBS],
        "bone_angle_deg_leg": angle[:, LEG_LIMBS],
        "torso_angle_deg": angles_deg(*up)[:, None],
        "mpjpe_mm": 1000 * np.linalg.norm(found - truth, axis=-1),
        "p_mpjpe_mm": 1000 * _aligned(found, truth),
        "acceleration_error_mm": 1000 * np.linalg.norm(np.diff(found - truth, 2, axis=0), axis=-1),
    }


def _aligned(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    known = np.isfinite(found).all((1, 2))
    out = np.full(found.shape[:2], np.nan)
    out[known] = procrustes_m(found[known], truth[known])
    return out

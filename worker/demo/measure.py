"""How far a recorded rig's limbs are from the clip's true motion, in degrees. Arrays in, numbers out."""

from __future__ import annotations

import numpy as np

from mocap_core.skeleton import ARM_LIMBS, LEG_LIMBS, LIMBS


def limb_directions(joints: np.ndarray) -> np.ndarray:
    """Unit vectors (…, 8, 3) of the limbs in the order of `skeleton.LIMBS`, from body joints (…, 21, 3)."""
    along = np.stack([joints[..., tail, :] - joints[..., head, :] for _, head, tail in LIMBS], -2)
    return along / np.linalg.norm(along, axis=-1, keepdims=True)


def angles_deg(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Angles in degrees between unit vectors (…, 3)."""
    return np.degrees(np.arccos(np.clip((a * b).sum(-1), -1.0, 1.0)))


def by_limb(errors_deg: np.ndarray) -> dict[str, float]:
    """Means of errors (F, 8) over all limbs, the arms and the legs."""
    return {
        "mean": float(errors_deg.mean()),
        "arm": float(errors_deg[:, ARM_LIMBS].mean()),
        "leg": float(errors_deg[:, LEG_LIMBS].mean()),
    }


def constant_pose_deg(true_directions: np.ndarray) -> float:
    """The mean error of the best single pose: each limb at the spherical median of its true directions.

    true_directions: (F, 8, 3). Weiszfeld's iteration, on the sphere.
    """
    pose = true_directions.mean(0)
    for _ in range(100):
        pose /= np.linalg.norm(pose, axis=-1, keepdims=True)
        sine = np.linalg.norm(np.cross(true_directions, pose), axis=-1)
        pose = (true_directions / np.maximum(sine, 1e-3)[..., None]).sum(0)
    pose /= np.linalg.norm(pose, axis=-1, keepdims=True)
    return float(angles_deg(true_directions, pose).mean())


def true_directions_in_rig_world(
    joints_world: np.ndarray, camera_from_world: np.ndarray, rig_world_from_camera: np.ndarray
) -> np.ndarray:
    """The true limb directions (F, 8, 3), turned about the vertical into the rig's world.

    The rig's world faces wherever the character stood, so its heading is a choice, not an error: the two
    worlds are laid over each other by the direction that the known camera looks in, seen from above.
    Nothing else is aligned: a camera whose tilt was levelled wrongly counts in full.

    joints_world: (F, 21, 3) metres, z up. camera_from_world: (4, 4). rig_world_from_camera: (3, 3), the
    rotation that the solver used. All cameras in OpenCV axes.
    """
    looks_true = camera_from_world[2, :3]
    looks_rig = rig_world_from_camera[:, 2]
    turn = np.arctan2(looks_rig[1], looks_rig[0]) - np.arctan2(looks_true[1], looks_true[0])
    c, s = np.cos(turn), np.sin(turn)
    about_vertical = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    return limb_directions(joints_world) @ about_vertical.T

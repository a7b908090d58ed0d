"""Joints as numbers, for programs of one's own: CSV text, and arrays for NumPy's .npz. No bpy.

All in the world, z up, metres; rotations are from the rest pose, quaternions wxyz.
"""

from collections.abc import Sequence

import numpy as np

from .core.rotation import from_matrix, same_hemisphere


def csv(names: Sequence[str], joints_m: np.ndarray, times_s: np.ndarray) -> str:
    """A line a frame: its number from 0, its time, and x, y and z of each joint. joints_m: (F, B, 3)."""
    columns = ["frame", "time_s", *(f"{_plain(name)}_{axis}_m" for name in names for axis in "xyz")]
    lines = [",".join(columns)]
    for number, (time_s, row) in enumerate(zip(times_s, joints_m.reshape(len(times_s), -1), strict=True)):
        lines.append(",".join([str(number), f"{time_s:.6f}", *(f"{value:.6f}" for value in row)]))
    return "\n".join(lines) + "\n"


def arrays(
    names: Sequence[str],
    parents: np.ndarray,
    rest_m: np.ndarray,
    joints_m: np.ndarray,
    turns: np.ndarray,
    times_s: np.ndarray,
    fps: float,
) -> dict[str, np.ndarray]:
    """What the .npz holds. rest_m: (B, 3), joints_m: (F, B, 3), turns: (F, B, 3, 3) from the rest pose."""
    return {
        "names": np.array(names),
        "parents": np.asarray(parents, np.int32),
        "rest_m": rest_m.astype(np.float32),
        "joints_m": joints_m.astype(np.float32),
        "rotations_wxyz": same_hemisphere(from_matrix(turns)).astype(np.float32),
        "times_s": times_s.astype(np.float64),
        "fps": np.float64(fps),
    }


def _plain(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name)

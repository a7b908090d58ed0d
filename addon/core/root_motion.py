"""Root motion: how far somebody has walked over the floor and turned, apart from what their body does."""

import numpy as np


def floor_path(hips_rest: np.ndarray, hips: np.ndarray, turns: np.ndarray) -> np.ndarray:
    """(F, 4, 4) matrices that take a character at rest to where it stands and faces; heights stay.

    hips_rest: (3,) and hips: (F, 3) in the world, z up. turns: (F, 3, 3) the hips' rotations from rest, in the world;
    of these the part about z is taken (the twist of the swing-twist decomposition), which hangs upside down alone leave
    undetermined.
    """
    yaw_rad = np.arctan2(turns[:, 1, 0] - turns[:, 0, 1], turns[:, 0, 0] + turns[:, 1, 1])
    cosine, sine = np.cos(yaw_rad), np.sin(yaw_rad)
    out = np.tile(np.eye(4), (len(hips), 1, 1))
    out[:, 0, 0], out[:, 0, 1], out[:, 1, 0], out[:, 1, 1] = cosine, -sine, sine, cosine
    out[:, :2, 3] = hips[:, :2] - np.einsum("fij,j->fi", out[:, :2, :2], hips_rest[:2])
    return out

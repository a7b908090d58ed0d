"""The bare body of the varied people as one signed distance, in the default character's proportions.

Owns the shape under the clothes: trunk, legs and feet; arms, hands and head are the default character's. Bones
and axes are the character's too (`mocap_character.skeleton`).
"""

from __future__ import annotations

import numpy as np

from mocap_character import distance as sd
from mocap_character import shapes
from mocap_character.skeleton import ANKLE, BALL, KNEE, TOE_TIP

# Half-widths of the bare trunk: z, centre x, centre y, half-width x, half-width y.
TRUNK = np.array(
    [
        (0.80, 0, 0.012, 0.146, 0.094),
        (0.90, 0, 0.012, 0.158, 0.102),
        (0.97, 0, 0.010, 0.150, 0.096),
        (1.08, 0, 0.004, 0.130, 0.088),
        (1.20, 0, 0.006, 0.143, 0.097),
        (1.29, 0, 0.012, 0.156, 0.104),
        (1.36, 0, 0.018, 0.150, 0.092),
        (1.42, 0, 0.026, 0.105, 0.066),
        (1.47, 0, 0.024, 0.060, 0.055),
    ]
)


def both_sides(p: np.ndarray) -> np.ndarray:
    """Points moved to the left half."""
    return np.abs(p) * (1, 0, 0) + p * (0, 1, 1)


def trunk(p: np.ndarray, grown: float = 0.0) -> np.ndarray:
    """The trunk's cross-sections, `grown` metres wider, open above and below."""
    return sd.loft(p, TRUNK + np.array([0, 0, 0, grown, grown]), power=2.25)


def torso(p: np.ndarray) -> np.ndarray:
    """From the hips to the neck, with the shoulders and the arms' beginnings."""
    q = both_sides(p)
    body = sd.keep(trunk(p), p[:, 2] - 1.455, 0.86 - p[:, 2], smooth=0.03)
    shoulder = sd.union(
        sd.ellipsoid(q, (0.165, 0.018, 1.374), (0.052, 0.050, 0.050)),
        sd.cone(q, (0.15, 0.018, 1.376), (0.34, 0.018, 1.385), 0.049, 0.042),
        smooth=0.03,
    )
    slope = sd.cone(q, (0.040, 0.030, 1.418), (0.15, 0.022, 1.388), 0.037, 0.038)
    breast = sd.ellipsoid(q, (0.072, -0.054, 1.290), (0.062, 0.044, 0.050))
    blades = sd.ellipsoid(q, (0.078, 0.074, 1.305), (0.058, 0.036, 0.085))
    body = sd.union(body, shoulder, smooth=0.05)
    body = sd.union(body, slope, smooth=0.05)
    body = sd.union(body, breast, smooth=0.03)
    body = sd.union(body, blades, smooth=0.035)
    # The groove of the spine and the line between the breasts.
    spine = sd.cone(p, (0, 0.130, 1.02), (0, 0.142, 1.36), 0.020, 0.022)
    return sd.cut(body, spine, smooth=0.03)


def legs(p: np.ndarray) -> np.ndarray:
    q = both_sides(p)
    hips = sd.keep(trunk(p), 0.85 - p[:, 2], p[:, 2] - 1.0, smooth=0.03)
    seat = sd.ellipsoid(q, (0.074, 0.054, 0.880), (0.074, 0.062, 0.078))
    thigh = sd.cone(q, (0.089, 0.006, 0.86), (KNEE[0], KNEE[1] + 0.004, KNEE[2] + 0.03), 0.086, 0.055)
    knee = sd.ellipsoid(q, (KNEE[0], KNEE[1] - 0.004, KNEE[2]), (0.050, 0.053, 0.075))
    calf = sd.ellipsoid(q, (KNEE[0] + 0.002, 0.024, 0.355), (0.051, 0.055, 0.140))
    shin = sd.cone(q, KNEE, (ANKLE[0], ANKLE[1] - 0.002, 0.09), 0.047, 0.034)
    leg = sd.union(thigh, knee, shin, calf, smooth=0.05)
    return sd.union(sd.union(hips, leg, smooth=0.05), seat, smooth=0.035)


def foot(p: np.ndarray) -> np.ndarray:
    """The left foot, on the floor."""
    heel = sd.ellipsoid(p, (0.094, 0.034, 0.034), (0.033, 0.040, 0.040))
    ankle = sd.cone(p, (ANKLE[0], ANKLE[1], 0.05), (ANKLE[0], ANKLE[1], 0.12), 0.036, 0.034)
    instep = sd.cone(p, (0.096, 0.0, 0.058), (0.101, -0.110, 0.026), 0.034, 0.026)
    ball = sd.ellipsoid(p, (BALL[0] + 0.002, BALL[1], 0.020), (0.044, 0.055, 0.024))
    toes = sd.ellipsoid(p, (TOE_TIP[0] - 0.002, -0.152, 0.016), (0.040, 0.042, 0.018))
    middle = sd.box(p, (0.097, -0.035, 0.024), (0.033, 0.075, 0.024), 0.02)
    body = sd.union(heel, ankle, instep, ball, toes, middle, smooth=0.03)
    return sd.keep(body, 0.002 - p[:, 2], smooth=0.008)


def body(p: np.ndarray) -> np.ndarray:
    """All of it."""
    q = both_sides(p)
    out = sd.union(torso(p), legs(p), smooth=0.04)
    out = sd.union(out, shapes.arm(q), smooth=0.02)
    out = sd.union(out, shapes.head(p), smooth=0.03)
    return sd.union(out, foot(q), smooth=0.015)

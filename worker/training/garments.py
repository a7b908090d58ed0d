"""Clothes as signed distances about the bare body, longer than anybody wears them: a body's own cut ends them.

Sleeves reach the wrists, trousers and skirts the ankles, shirts the thighs; where a garment ends on a body is told
to the shader in the rest pose's coordinates.
"""

from __future__ import annotations

import numpy as np

from mocap_character import distance as sd
from mocap_character import shapes
from mocap_character.skeleton import ANKLE, ELBOW, KNEE, WRIST

from .figure import body, both_sides, legs, torso, trunk

TOP_END, SLEEVE_END, LEG_END = 0.70, 0.672, 0.10


def _sleeves(q: np.ndarray, shoulder: float, wrist: float) -> np.ndarray:
    upper = sd.cone(q, (0.15, 0.018, 1.374), ELBOW, shoulder, (shoulder + wrist) / 2)
    lower = sd.cone(q, ELBOW, (WRIST[0] + 0.02, WRIST[1], WRIST[2]), (shoulder + wrist) / 2, wrist)
    return sd.union(upper, lower, smooth=0.02)


def _tail(p: np.ndarray, wide: float, deep: float) -> np.ndarray:
    """What hangs from the hips, both legs in it."""
    stations = np.array([(0.60, 0, 0.012, wide + 0.01, deep + 0.01), (0.92, 0, 0.016, wide, deep)])
    return sd.keep(sd.loft(p, stations, power=2.3), p[:, 2] - 1.0, (TOP_END - 0.04) - p[:, 2], smooth=0.02)


def _neck(p: np.ndarray, radius: float) -> np.ndarray:
    return sd.cone(p, (0, 0.030, 1.38), (0, 0.022, 1.50), radius + 0.012, radius)


def tight_top(p: np.ndarray) -> np.ndarray:
    """A second skin."""
    skin = sd.union(torso(p), shapes.arm(both_sides(p)), smooth=0.02)
    skin = sd.union(skin, legs(p), smooth=0.04)
    skin = sd.union(skin, _neck(p, 0.050), smooth=0.03)
    return skin - 0.006


def regular_top(p: np.ndarray) -> np.ndarray:
    """A T-shirt or a pullover."""
    q = both_sides(p)
    out = sd.union(torso(p) - 0.010, sd.keep(trunk(p, 0.016), p[:, 2] - 1.34, 0.86 - p[:, 2], smooth=0.04), smooth=0.04)
    out = sd.union(out, _sleeves(q, 0.058, 0.043), smooth=0.05)
    out = sd.union(out, _tail(p, 0.178, 0.124), smooth=0.05)
    return sd.union(out, _neck(p, 0.058), smooth=0.03)


def loose_top(p: np.ndarray) -> np.ndarray:
    """A shirt too large, a hoodie."""
    q = both_sides(p)
    straight = np.array(
        [(0.60, 0, 0.014, 0.190, 0.142), (0.95, 0, 0.010, 0.182, 0.140), (1.22, 0, 0.008, 0.180, 0.135),
         (1.34, 0, 0.016, 0.172, 0.116), (1.42, 0, 0.026, 0.115, 0.076)]
    )  # fmt: skip
    out = sd.keep(sd.loft(p, straight, power=2.3), p[:, 2] - 1.43, (TOP_END - 0.04) - p[:, 2], smooth=0.03)
    out = sd.union(out, torso(p) - 0.016, smooth=0.04)
    out = sd.union(out, _sleeves(q, 0.072, 0.053), smooth=0.06)
    return sd.union(out, _neck(p, 0.064), smooth=0.03)


def outer_top(p: np.ndarray) -> np.ndarray:
    """What is worn over a top: a jacket or a coat, down to the shins."""
    q = both_sides(p)
    straight = np.array(
        [(0.25, 0, 0.014, 0.235, 0.190), (0.70, 0, 0.014, 0.210, 0.164), (0.95, 0, 0.012, 0.195, 0.152),
         (1.22, 0, 0.010, 0.192, 0.147), (1.34, 0, 0.018, 0.184, 0.127), (1.42, 0, 0.026, 0.125, 0.086)]
    )  # fmt: skip
    out = sd.keep(sd.loft(p, straight, power=2.4), p[:, 2] - 1.44, 0.30 - p[:, 2], smooth=0.03)
    out = sd.union(out, torso(p) - 0.026, smooth=0.04)
    out = sd.union(out, _sleeves(q, 0.078, 0.056), smooth=0.06)
    return sd.union(out, _neck(p, 0.072), smooth=0.03)


def tight_bottom(p: np.ndarray) -> np.ndarray:
    return legs(p) - 0.005


def regular_bottom(p: np.ndarray) -> np.ndarray:
    return sd.union(shapes.trousers(p), legs(p) - 0.009, smooth=0.01)


def wide_bottom(p: np.ndarray) -> np.ndarray:
    q = both_sides(p)
    thigh = sd.cone(q, (0.096, 0.008, 0.86), (KNEE[0] + 0.006, 0.004, KNEE[2]), 0.094, 0.080)
    shin = sd.cone(q, (KNEE[0] + 0.006, 0.004, KNEE[2]), (ANKLE[0] + 0.01, 0.018, 0.02), 0.080, 0.088)
    out = sd.union(legs(p) - 0.012, sd.union(thigh, shin, smooth=0.04), smooth=0.05)
    return out


def skirt(p: np.ndarray, flare: float = 0.07) -> np.ndarray:
    stations = np.array(
        [(0.10, 0, 0.014, 0.205 + flare * 1.3, 0.180 + flare * 1.3), (0.55, 0, 0.014, 0.200 + flare, 0.165 + flare),
         (0.86, 0, 0.016, 0.184, 0.140), (0.98, 0, 0.012, 0.165, 0.115), (1.06, 0, 0.006, 0.142, 0.100)]
    )  # fmt: skip
    return sd.keep(sd.loft(p, stations, power=2.1), p[:, 2] - 1.075, 0.12 - p[:, 2], smooth=0.01)


def straight_skirt(p: np.ndarray) -> np.ndarray:
    return skirt(p, -0.015)


def shoe(p: np.ndarray) -> np.ndarray:
    return shapes.shoe(p)


def sole(p: np.ndarray) -> np.ndarray:
    return sd.keep(shapes.sole(p), np.abs(p[:, 2] - 0.012) - 0.014, smooth=0.004)


def boot_shaft(p: np.ndarray) -> np.ndarray:
    """The left boot above the ankle, up to the knee."""
    return sd.keep(legs(p) - 0.012, p[:, 2] - 0.47, 0.06 - p[:, 2], -p[:, 0], smooth=0.004)


def hood_down(p: np.ndarray) -> np.ndarray:
    """A hood that lies on the back of the neck."""
    ring = np.hypot(np.hypot(p[:, 0] / 1.25, p[:, 1] - 0.035) - 0.085, (p[:, 2] - 1.425 - 0.35 * (p[:, 1] - 0.03)))
    bag = sd.ellipsoid(p, (0, 0.125, 1.375), (0.105, 0.045, 0.080))
    return sd.union(ring - 0.030, bag, smooth=0.03)


def hood_up(p: np.ndarray) -> np.ndarray:
    over = sd.union(
        sd.ellipsoid(p, (0, 0.020, 1.610), (0.100, 0.122, 0.112)),
        sd.cone(p, (0, 0.035, 1.58), (0, 0.045, 1.42), 0.092, 0.100),
        smooth=0.05,
    )
    opening = sd.ellipsoid(p, (0, -0.130, 1.575), (0.074, 0.105, 0.098))
    return sd.cut(over, opening, smooth=0.012)


def collar(p: np.ndarray) -> np.ndarray:
    """A collar that stands."""
    ring = np.hypot(np.hypot(p[:, 0], p[:, 1] - 0.024) - 0.068, (p[:, 2] - 1.435 - 0.25 * (p[:, 1] - 0.03)) * 0.55)
    return ring - 0.012


def scarf(p: np.ndarray) -> np.ndarray:
    wave = 0.006 * np.sin(9 * np.arctan2(p[:, 1] - 0.02, p[:, 0]) + 40 * p[:, 2])
    ring = np.hypot(np.hypot(p[:, 0], p[:, 1] - 0.020) - 0.078, (p[:, 2] - 1.452 - 0.15 * p[:, 1]) * 0.62)
    end = sd.cone(p, (0.035, -0.095, 1.43), (0.055, -0.135, 1.16), 0.030, 0.034)
    return sd.union(ring - 0.030 + wave, end, smooth=0.03)


def backpack(p: np.ndarray) -> np.ndarray:
    bag = sd.box(p, (0, 0.205, 1.230), (0.145, 0.085, 0.205), 0.05)
    strap = np.hypot(np.abs(p[:, 0]) - 0.105, 0 * p[:, 0]) - 0.022
    straps = sd.keep(sd.keep(torso(p) - 0.030, -(torso(p) - 0.012)), strap, 1.10 - p[:, 2], smooth=0.004)
    return sd.union(bag, straps, smooth=0.01)


def skin(p: np.ndarray) -> np.ndarray:
    return body(p)

"""Where a rig's feet are in a pose, and legs bent again so that the ankles are somewhere else."""

import numpy as np

from ..rotation import apply, cross, norm, swing, unit
from .binding import HIPS
from .limits import limited
from .two_bone import two_bone

THIGHS = slice(10, 12)  # slots
SHINS = slice(14, 16)
FEET = slice(18, 20)
FORWARDS_M = 0.05


def held_bones(b):
    """Rows of the rig's bones that hold while somebody sits: hips, legs and feet."""
    slots = [HIPS, *range(20)[THIGHS], *range(20)[SHINS], *range(20)[FEET]]
    return b.driven[np.isin(b.slot, slots)]


def leg_joints(b, turns, middle):
    """Hip joints, knees, ankles and toes, each (F, 2, 3), left and right, of turns (F, 20, 3, 3).

    middle: (F, 3) of the hip joints, metres.
    """
    hips = middle[:, None] + apply(turns[:, None, HIPS], b.hip_joints)
    knees = hips + apply(turns[:, THIGHS], b.thighs)
    ankles = knees + apply(turns[:, SHINS], b.shins)
    return hips, knees, ankles, ankles + apply(turns[:, FEET], b.feet)


def clearance_m(b, ankles, toes):
    """(F, 2) how far the lowest point of each foot is above where it is at rest."""
    return np.minimum(ankles[..., 2] - b.ankle_height, toes[..., 2] - b.toe_height)


def plant(b, turns, hips, knees, ankles):
    """Turns with the legs bent so that they reach from the hips (F, 2, 3) to the ankles (F, 2, 3); feet
    keep theirs.

    knees: (F, 2, 3) where the knees were: they stay in that plane. Legs that were straight bend forwards.
    """
    thighs, shins = turns[:, THIGHS], turns[:, SHINS]
    forwards = apply(thighs, cross(b.upper[2:], b.hinge[2:]))
    new_knees, new_ankles = two_bone(hips, knees + forwards * FORWARDS_M, ankles, norm(b.thighs), norm(b.shins))
    upper, lower = unit(new_knees - hips), unit(new_ankles - new_knees)
    hinge = apply(swing(unit(apply(thighs, b.thighs)), upper) @ thighs, b.hinge[2:])
    upper, lower, hinge = limited(upper, lower, hinge, *(legs[2:] for legs in (*b.bends, *b.segments_m)))
    out = turns.copy()
    out[:, THIGHS] = np.stack((hinge, upper, cross(hinge, upper)), axis=-1) @ b.upper_to_frame[2:]
    out[:, SHINS] = swing(unit(apply(shins, b.shins)), lower) @ shins
    return out

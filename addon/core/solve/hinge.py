"""The hinge axes of elbows and knees, kept continuous where a straight limb does not show them.

An axis is stored as an angle about the upper segment, away from the axis of an untwisted limb; how that
reference moves from frame to frame is known for all frames at once, so that only one number a limb is
carried through time.
"""

import math

import numpy as np

from ..rotation import apply, cross, dot, norm, swing, unit
from .binding import default_hinge, hinge_weight

MAX_STEP_RAD = math.radians(12.0)  # a frame; faster is noise, not anatomy
# How far arms and legs turn about themselves, from and to; knees turn out further than in.
FURTHEST_RAD = np.radians([[-125.0, 125.0], [-125.0, 125.0], [-100.0, 60.0], [-60.0, 100.0]])
FADE_RAD = math.radians(25.0)  # beyond that, in which a knee's bend becomes noise
EASE_BACK = 0.02  # a frame: what a straight limb gives up of a twist it no longer shows


def track(upper, lower, previous_upper=None, previous_hinge=None):
    """Hinge axes (F, 4, 3), unit and across `upper`, in the frame of the limbs' parents.

    upper: (F, 4, 3) unit directions in the parents' frames. lower: the same for the lower segments,
    in the same frames, NaN where unseen. previous_upper, previous_hinge: (4, 3) of the frame before.
    Source of the blend: parallel transport along the upper segment, weighted against the observed axis by
    flexion.
    """
    reference = default_hinge(upper)
    across = cross(upper, reference)
    observed = cross(upper, lower)
    angle = np.arctan2(dot(observed, across), dot(observed, reference))
    weight = hinge_weight(norm(observed))
    low, high = FURTHEST_RAD[2:].T
    beyond = np.maximum(low - angle[:, 2:], angle[:, 2:] - high)
    weight[:, 2:] *= np.clip(1 - beyond / FADE_RAD, 0.0, 1.0)  # a knee that bends forwards is noise
    unseen = np.isnan(weight)
    weight[unseen] = 0.0
    angle[unseen] = 0.0

    started = previous_upper is not None
    if not started:
        previous_upper, previous_hinge = upper[0], reference[0]
    before = np.concatenate((previous_upper[None], upper[:-1]))
    axis_before = np.concatenate((previous_hinge[None], reference[:-1]))
    carried = apply(swing(before, upper), axis_before)
    transport = np.arctan2(dot(carried, across), dot(carried, reference))

    angles = np.array(
        [_follow(*limb, started) for limb in zip(angle.T, weight.T, transport.T, FURTHEST_RAD.tolist(), strict=True)]
    ).T
    hinge = reference * np.cos(angles)[..., None] + across * np.sin(angles)[..., None]
    return unit(hinge)


def _follow(observed, weight, transport, furthest, started):
    """Angles of one limb: carried on, then pulled towards the observed one by its weight."""
    current = 0.0
    out = []
    for target, pull, turn in zip(observed.tolist(), weight.tolist(), transport.tolist(), strict=True):
        current = _wrap(current + turn)
        step = pull * _wrap(target - current) - (1 - pull) * EASE_BACK * current
        if started:
            step = min(max(step, -MAX_STEP_RAD), MAX_STEP_RAD)
        current = min(max(_wrap(current + step), furthest[0]), furthest[1])
        out.append(current)
        started = True
    return out


def _wrap(angle):
    return math.remainder(angle, math.tau)

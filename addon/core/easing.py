"""No bone snaps: those that could not be seen come back slowly, and after a while they go to a plausible
pose."""

import numpy as np

from .rotation import angle_between, slerp
from .skeleton import BODY, BODY_INDEX
from .solve.binding import END_JOINTS, LOWERS, MID_JOINTS, NECK, ROOT_JOINTS, SLOTS, UPPERS, bind
from .solve.fit import fit

EASE_AFTER_S = 1.5
EASE_S = 0.8
RETURN_RAD_S = np.radians(360)
FASTEST_RAD_S = np.radians(900)  # of any bone: what is faster is a mistake of the detector
SURE_SCORE = 0.7  # of joints that may move that fast; less sure ones in proportion, as their mistakes are larger
SLOWEST = 0.3  # of that speed
GUESSED_SCORE = 0.1  # a joint scored lower is a guess

_TRUNK = slice(0, NECK)
_HEAD = slice(NECK, NECK + 2)
_FACE = slice(0, 5)

# Which joints show which slot.
_SHOWN_BY = np.zeros((len(SLOTS), len(BODY)), bool)
_ROWS = np.arange(len(SLOTS))
for _slots, _ends in ((UPPERS, (ROOT_JOINTS, MID_JOINTS)), (LOWERS, (MID_JOINTS, END_JOINTS))):
    for _joints in _ends:
        _SHOWN_BY[_ROWS[_slots], _joints] = True
_SHOWN_BY[
    _TRUNK, [BODY_INDEX[f"{side}_{joint}"] for side in ("left", "right") for joint in ("shoulder", "hip")]
] = True
_SHOWN_BY[_HEAD, _FACE] = True
_SHOWING = np.flatnonzero(_SHOWN_BY.any(axis=0))


def ease(rig, rotations, previous, returning, lost, scores, unseen_s, dt_s):
    """Rotations (B, 4) that do not snap, and the bones (B,) that are still on their way back, or None.

    rotations: as fitted. previous: (B, 4) of the frame before. returning: (B,) bool or None, as given back
    for it. lost: (21,) joints that nothing is known of. scores: (21,) 0…1. unseen_s: (21,) since a joint was
    seen.
    """
    angle = angle_between(previous, rotations)
    absent = lost | (scores < GUESSED_SCORE)
    slow = angle.max() <= SLOWEST * FASTEST_RAD_S * dt_s
    if slow and returning is None and not absent[_SHOWING].any():
        return rotations, None
    b = bind(rig)
    unseen = _bones(rig, b, _hidden(absent))
    returning = unseen if returning is None else returning | unseen
    rotations = rotations.copy()
    idle = _bones(rig, b, _hidden(lost & (unseen_s > EASE_AFTER_S)))
    if idle.any():
        rotations[idle] = slerp(previous[idle], at_ease(rig)[idle], 1 - np.exp(-dt_s / EASE_S))
        angle = angle_between(previous, rotations)
    limit = np.where(returning, RETURN_RAD_S, FASTEST_RAD_S * _share_of_speed(rig, b, scores)) * dt_s
    late = angle > limit
    if late.any():
        rotations[late] = slerp(previous[late], rotations[late], limit[late] / angle[late])
    returning = returning & (late | unseen)
    return rotations, returning if returning.any() else None


def at_ease(rig):
    """(B, 4) the pose of a rig that nothing is known of: limbs hang."""
    kept = rig.__dict__.get("_at_ease")
    if kept is None:
        kept = rig.__dict__["_at_ease"] = fit(rig, np.full((len(BODY), 3), np.nan))[0]
    return kept


def _hidden(joints):
    """(20,) slots that need one of these joints (21,); a head only where all of its joints are among them."""
    hidden = (_SHOWN_BY & joints).any(axis=1)
    hidden[_HEAD] = joints[_FACE].all()
    return hidden


def _share_of_speed(rig, b, scores):
    """(B,) how fast bones may turn that joints with these scores (21,) show, up to 1."""
    weakest = np.where(_SHOWN_BY, scores, 1.0).min(axis=1)
    weakest[_HEAD] = scores[_FACE].max()
    return _bones(rig, b, np.clip(weakest / SURE_SCORE, SLOWEST, 1.0))


def _bones(rig, b, slots):
    """Values of slots (20,) at their bones (B,); 0 at bones that are not driven."""
    out = np.zeros(len(rig.bones), slots.dtype)
    out[b.driven] = slots[b.slot]
    return out

"""Skin weights from rest positions: smooth steps along each limb, so every ring of a limb bends alike.

Parts that lie over each other (a sleeve and the arm in it) get the same weights at the same place and move
together.
"""

from itertools import pairwise

import numpy as np

from .skeleton import (
    ANKLE,
    BALL,
    CHEST,
    ELBOW,
    FINGER_SEGMENTS,
    FINGERS,
    HEAD,
    HIP,
    KNEE,
    NECK,
    SHOULDER,
    SPINE,
    THUMB_SEGMENTS,
    UPPER_CHEST,
    WRIST,
    finger_joints,
)

MOST_BONES = 4


def step(x, centre, half_width):
    """0 below centre − half_width, 1 above centre + half_width, smooth between."""
    t = np.clip((x - centre) / (2 * half_width) + 0.5, 0, 1)
    return t * t * (3 - 2 * t)


def limb(p):
    """Weights of trunk, arms, legs, neck and head by place alone. p: (N, 3). Returns {bone: (N,)}."""
    x, z = p[:, 0], p[:, 2]
    side = np.abs(x)
    weights = {}

    arm_line = side + 0.45 * np.minimum(z - SHOULDER[2], 0)
    arm = step(arm_line, 0.168, 0.062) * step(z, 1.20, 0.06)
    clavicle = step(side, 0.085, 0.055) * step(z, 1.335, 0.065) * (1 - step(z, 1.50, 0.05))
    # The groin's fold rises from the crotch to the side; behind, the seat follows the thigh from lower.
    fold = z + 0.25 * np.clip(p[:, 1], -0.1, 0.1) - 0.10 * np.maximum(side - HIP[0], 0)
    leg = 1 - step(fold, HIP[2] - 0.012, 0.085)
    left = step(x, 0.0, 0.025)

    # The jaw hangs in front of the neck, below the joint that it turns with.
    height = z + np.maximum(-p[:, 1], 0) * step(z, 1.468, 0.014)
    spine = [(SPINE[2], 0.06), (CHEST[2], 0.065), (UPPER_CHEST[2], 0.065)]
    joints = [*spine, (NECK[2] + 0.012, 0.035), (HEAD[2] + 0.005, 0.035)]
    trunk = _chain(height, ["hips", "spine", "chest", "upperChest", "neck", "head"], joints)
    for name, w in trunk.items():
        weights[name] = w * (1 - arm) * (1 - clavicle) * (1 - leg)
    for name, share in (("left", left), ("right", 1 - left)):
        weights[f"{name}Shoulder"] = clavicle * (1 - arm) * share
        chain = _chain(side, ["UpperArm", "LowerArm", "Hand"], [(ELBOW[0], 0.055), (WRIST[0], 0.024)])
        for bone, w in chain.items():
            weights[name + bone] = w * arm * share
        chain = _chain(-z, ["UpperLeg", "LowerLeg", "Foot"], [(-KNEE[2], 0.075), (-ANKLE[2] - 0.012, 0.03)])
        for bone, w in chain.items():
            weights[name + bone] = w * leg * (1 - arm) * share
    return weights


def hand(p):
    """Weights of the left arm with its hand: as `limb`, with the fingers' part taken from the hand's."""
    weights = limb(p)
    chains = {}
    for finger in ("Thumb", *FINGERS):
        joints = finger_joints(finger)
        segments = THUMB_SEGMENTS if finger == "Thumb" else FINGER_SEGMENTS
        chains[finger] = (joints, [f"left{finger}{s}" for s in segments])
    gap = np.stack([_distance_to_chain(p, joints) for joints, _ in chains.values()])
    nearest = gap.argmin(axis=0)
    for i, (finger, (joints, names)) in enumerate(chains.items()):
        along, knots = _along(p, joints)
        mine = nearest == i
        if finger == "Thumb":
            # The ball of the thumb follows the metacarpal only near it.
            share = step(-gap[i], -0.026, 0.008) * step(along, 0.010, 0.020) * mine
        else:
            share = step(along, 0.0, 0.010) * mine
        parts = _chain(along, names, [(knots[1], 0.0075), (knots[2], 0.006)])
        for name, w in parts.items():
            weights[name] = w * share * weights["leftHand"]
    taken = sum(weights[n] for _, names in chains.values() for n in names)
    weights["leftHand"] = weights["leftHand"] - taken
    return weights


def shoe(p):
    """Weights of the left shoe."""
    toes = step(-p[:, 1], -BALL[1], 0.028)
    leg = step(p[:, 2], ANKLE[2] + 0.012, 0.03)
    return {"leftToes": toes * (1 - leg), "leftFoot": (1 - toes) * (1 - leg), "leftLowerLeg": leg}


def rigid(bone):
    """Weights of a part that follows one bone."""
    return lambda p: {bone: np.ones(len(p))}


def mirrored(weights):
    """The same weights with left and right swapped."""

    def other(name):
        if name.startswith("left"):
            return "right" + name[4:]
        return "left" + name[5:] if name.startswith("right") else name

    return {other(name): w for name, w in weights.items()}


def limited(weights):
    """The four largest of each vertex, summing to 1. Returns {bone: (N,)}, without bones of no part."""
    names = list(weights)
    table = np.stack([weights[n] for n in names], axis=1)
    table[table < 1e-3] = 0
    if table.shape[1] > MOST_BONES:
        least = np.sort(table, axis=1)[:, -MOST_BONES][:, None]
        table[table < least] = 0
    table /= table.sum(axis=1, keepdims=True)
    return {name: table[:, i] for i, name in enumerate(names) if table[:, i].any()}


def _chain(s, names, joints):
    """Weights along a limb: names[i] lies between joints i − 1 and i, each (position, half-width) in s."""
    steps = [np.ones_like(s), *[step(s, *j) for j in joints], np.zeros_like(s)]
    passed = np.cumprod(np.stack(steps[:-1]), axis=0)
    return {name: passed[i] * (1 - steps[i + 1]) for i, name in enumerate(names)}


def _distance_to_chain(p, joints):
    best = np.full(len(p), np.inf)
    for a, b in pairwise(joints):
        d = b - a
        t = np.clip((p - a) @ d / (d @ d), 0, 1)
        best = np.minimum(best, np.linalg.norm(p - a - t[:, None] * d, axis=1))
    return best


def _along(p, joints):
    """Distance along a chain of joints, negative before the first. Returns (N,), and the joints' own (J,)."""
    lengths = np.linalg.norm(np.diff(joints, axis=0), axis=1)
    knots = np.concatenate([[0], np.cumsum(lengths)])
    best, along = np.full(len(p), np.inf), np.zeros(len(p))
    for i, (a, b) in enumerate(pairwise(joints)):
        d = (b - a) / lengths[i]
        t = (p - a) @ d
        clipped = np.clip(t, 0, lengths[i])
        gap = np.linalg.norm(p - a - clipped[:, None] * d, axis=1)
        if i == 0:
            clipped = np.minimum(t, lengths[0])
        nearer = gap < best
        best[nearer], along[nearer] = gap[nearer], (knots[i] + clipped)[nearer]
    return along, knots

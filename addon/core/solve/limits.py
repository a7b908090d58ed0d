"""How far elbows, knees and spines go.

An elbow or a knee is a hinge: it closes one way, hardly beyond straight, and gives little to the sides. What is
measured beyond that is noise, mostly of depth, and no joint of a limb is more to blame than another: the limb's end
stays in its direction, and upper and lower segment share the turn.
"""

import numpy as np

from ..rotation import apply, cross, dot, norm, swing, unit

BEYOND_STRAIGHT_RAD = np.radians(2.0)
CLOSED_RAD = np.radians(165.0)
SIDEWAYS_RAD = np.radians([50.0, 50.0, 25.0, 25.0])  # arms, legs; arms turn faster than hinges are followed
FOLDED = 0.2  # of its full length: the direction of a limb's end says nothing when it is so near its root
SPINE_TWIST_RAD, SPINE_BEND_RAD = np.radians(70.0), np.radians(100.0)


def bend(upper, lower, hinge):
    """Flexion (…) of limbs, negative backwards, and how far the lower segment points sideways, radians.

    upper, lower, hinge: (…, 3) unit; a right-handed turn about the hinge closes it.
    """
    flexion = np.arctan2(dot(lower, cross(hinge, upper)), dot(lower, upper))
    return flexion, np.arcsin(np.clip(dot(lower, hinge), -1.0, 1.0))


def ranges(upper, lower, hinge):
    """The least flexion and the widest bend sideways (4,) of a rig's arms and legs, which are such at rest."""
    flexion, side = bend(upper, lower, hinge)
    return np.minimum(-BEYOND_STRAIGHT_RAD, flexion), np.maximum(SIDEWAYS_RAD, np.abs(side))


def limited(upper, lower, hinge, least, widest, upper_m, lower_m):
    """upper, lower and hinge (F, L, 3) with every bend within its limits; NaN in `lower` stays.

    least, widest: (L,) see `ranges`. upper_m, lower_m: (L,) lengths of the rig's segments.
    """
    flexion, side = bend(upper, lower, hinge)
    wrong = (flexion < least) | (flexion > CLOSED_RAD) | (np.abs(side) > widest)  # false for NaN
    if not wrong.any():
        return upper, lower, hinge
    # Of two ends the nearer, around the back.
    middle = (least + CLOSED_RAD) / 2
    around = middle + np.remainder(flexion - middle + np.pi, 2 * np.pi) - np.pi
    flexion, side = np.clip(around, least, CLOSED_RAD), np.clip(side, -widest, widest)
    in_plane = upper * np.cos(flexion)[..., None] + cross(hinge, upper) * np.sin(flexion)[..., None]
    bent = in_plane * np.cos(side)[..., None] + hinge * np.sin(side)[..., None]
    knee, shin = upper * upper_m[:, None], lower_m[:, None]
    end, new_end = knee + lower * shin, knee + bent * shin
    told = wrong & (np.minimum(norm(end), norm(new_end)) > FOLDED * (upper_m + lower_m))
    turn = np.where(told[..., None, None], swing(unit(new_end), unit(end)), np.eye(3))
    wrong = wrong[..., None]
    return (
        np.where(wrong, apply(turn, upper), upper),
        np.where(wrong, apply(turn, bent), lower),
        np.where(wrong, apply(turn, hinge), hinge),
    )


def spine_within(rotvec):
    """Rotation vectors (F, 3) from pelvis to chest, twisted (about z) and bent no further than a spine is."""
    if (norm(rotvec) <= SPINE_TWIST_RAD).all():
        return rotvec
    out = rotvec * np.minimum(1.0, SPINE_BEND_RAD / np.maximum(norm(rotvec), 1e-9))[:, None]
    out[:, 2] = np.clip(out[:, 2], -SPINE_TWIST_RAD, SPINE_TWIST_RAD)
    return out

"""The character's parts as signed distances: one closed surface each, the left arm and shoe mirrored to the right.

Clothes are solids round the limbs that they cover, so that each part is closed and its colour ends with its edge.
"""

import numpy as np

from . import distance as sd
from .skeleton import ANKLE, BALL, ELBOW, FINGERS, HIP, KNEE, SHOULDER, THUMB, TOE_TIP, WRIST, finger_joints

# Half-widths of the trunk under the clothes: z, centre x, centre y, half-width x, half-width y.
TRUNK = np.array(
    [
        (0.80, 0, 0.012, 0.150, 0.098),
        (0.90, 0, 0.012, 0.163, 0.106),
        (0.97, 0, 0.010, 0.154, 0.100),
        (1.08, 0, 0.006, 0.130, 0.088),
        (1.20, 0, 0.008, 0.148, 0.102),
        (1.29, 0, 0.012, 0.160, 0.110),
        (1.36, 0, 0.018, 0.152, 0.098),
        (1.42, 0, 0.026, 0.105, 0.066),
        (1.47, 0, 0.024, 0.060, 0.055),
    ]
)

SHIRT_HEM = 0.915
SLEEVE_END = 0.325
TROUSER_END = 0.105


def _mirrored(p):
    return np.abs(p) * (1, 0, 0) + p * (0, 1, 1)


def _trunk(p, clothes):
    grown = TRUNK + np.array([0, 0, 0, clothes, clothes])
    return sd.loft(p, grown, power=2.25)


def shirt(p):
    q = _mirrored(p)
    trunk = sd.keep(_trunk(p, 0.012), p[:, 2] - 1.452, smooth=0.03)
    sleeve = sd.union(
        sd.ellipsoid(q, (0.168, 0.018, 1.385), (0.072, 0.068, 0.068)),
        sd.cone(q, (0.15, 0.018, 1.380), (0.36, 0.018, 1.385), 0.070, 0.0545),
        smooth=0.03,
    )
    slope = sd.cone(q, (0.045, 0.028, 1.425), (0.16, 0.022, 1.405), 0.042, 0.046)
    chest = sd.ellipsoid(q, (0.072, -0.050, 1.285), (0.082, 0.060, 0.072))
    blades = sd.ellipsoid(q, (0.080, 0.085, 1.320), (0.075, 0.046, 0.095))
    body = sd.union(trunk, sleeve, smooth=0.06)
    body = sd.union(body, slope, smooth=0.05)
    body = sd.union(body, chest, blades, smooth=0.05)
    body = sd.keep(body, q[:, 0] - SLEEVE_END, SHIRT_HEM - p[:, 2], smooth=0.008)
    neck_hole = sd.ellipsoid(p, (0, -0.014, 1.475), (0.072, 0.078, 0.048))
    return sd.cut(body, neck_hole, smooth=0.008)


def trousers(p):
    q = _mirrored(p)
    hips = sd.keep(_trunk(p, 0.0), 0.85 - p[:, 2], p[:, 2] - 1.0, smooth=0.02)
    seat = sd.ellipsoid(q, (0.075, 0.062, 0.900), (0.078, 0.066, 0.080))
    thigh = sd.cone(q, (0.088, 0.006, 0.86), (KNEE[0], KNEE[1] + 0.004, KNEE[2] + 0.03), 0.088, 0.062)
    knee = sd.ellipsoid(q, (KNEE[0], KNEE[1] - 0.006, KNEE[2]), (0.056, 0.060, 0.070))
    calf = sd.ellipsoid(q, (KNEE[0] + 0.002, 0.030, 0.360), (0.058, 0.062, 0.150))
    shin = sd.cone(q, KNEE, (ANKLE[0], ANKLE[1] - 0.004, 0.06), 0.054, 0.046)
    leg = sd.union(thigh, knee, shin, calf, smooth=0.05)
    body = sd.union(hips, leg, smooth=0.05)
    body = sd.union(body, seat, smooth=0.04)
    return sd.keep(body, TROUSER_END - p[:, 2], smooth=0.008)


def shoe(p):
    """The left shoe."""
    heel = sd.ellipsoid(p, (0.094, 0.032, 0.050), (0.041, 0.052, 0.055))
    ankle = sd.cone(p, (ANKLE[0], ANKLE[1], 0.06), (ANKLE[0], ANKLE[1], 0.122), 0.042, 0.043)
    instep = sd.cone(p, (0.096, 0.0, 0.070), (0.101, -0.115, 0.038), 0.043, 0.036)
    ball = sd.ellipsoid(p, (BALL[0] + 0.002, BALL[1], 0.030), (0.050, 0.070, 0.037))
    toe = sd.ellipsoid(p, (TOE_TIP[0], -0.150, 0.024), (0.047, 0.052, 0.035))
    upper = sd.union(heel, ankle, instep, ball, toe, smooth=0.035)
    upper = sd.keep(upper, p[:, 2] - 0.125, smooth=0.01)
    sole = sd.union(
        sd.ellipsoid(p, (0.094, 0.030, 0.01), (0.045, 0.060, 0.05)),
        sd.ellipsoid(p, (0.101, -0.105, 0.01), (0.055, 0.100, 0.05)),
        sd.box(p, (0.096, -0.03, 0.012), (0.037, 0.06, 0.012), 0.01),
        smooth=0.04,
    )
    sole = sd.keep(sole, p[:, 2] - 0.024, smooth=0.006)
    return sd.keep(sd.union(upper, sole, smooth=0.006), -p[:, 2], smooth=0.008)


def arm(p):
    """The left arm and hand."""
    upper = sd.cone(p, (0.20, 0.018, 1.385), ELBOW, 0.050, 0.042)
    biceps = sd.ellipsoid(p, (0.315, 0.010, 1.389), (0.105, 0.048, 0.050))
    fore = sd.cone(p, ELBOW, WRIST, 0.041, 0.0275)
    belly = sd.ellipsoid(p, (0.515, 0.014, 1.387), (0.095, 0.047, 0.042))
    limb = sd.union(upper, biceps, fore, belly, smooth=0.04)
    limb = sd.union(limb, sd.ellipsoid(p, WRIST, (0.045, 0.032, 0.022)), smooth=0.02)
    palm = sd.union(
        sd.box(p, (0.738, 0.017, 1.384), (0.046, 0.042, 0.0165), 0.0155),
        sd.ellipsoid(p, (0.730, -0.008, 1.376), (0.036, 0.024, 0.018)),
        smooth=0.02,
    )
    limb = sd.union(limb, palm, smooth=0.025)
    for finger in FINGERS:
        joints = finger_joints(finger)
        radius = {"Index": 0.0098, "Middle": 0.0102, "Ring": 0.0096, "Little": 0.0086}[finger]
        radii = radius * np.array([1.06, 1.0, 0.93, 0.80])
        tip = joints[3] - (joints[3] - joints[2]) * radii[3] / np.linalg.norm(joints[3] - joints[2])
        base = joints[0] - 0.4 * (joints[1] - joints[0])
        chain = [base, joints[0], joints[1], joints[2], tip]
        bones = [sd.cone(p, chain[i], chain[i + 1], *r) for i, r in enumerate(zip([radii[0], *radii], radii, strict=False))]
        limb = sd.union(limb, sd.union(*bones, smooth=0.004), smooth=0.008)
    t = np.array(THUMB)
    tip = t[3] - (t[3] - t[2]) * 0.0095 / np.linalg.norm(t[3] - t[2])
    thumb = sd.union(
        sd.cone(p, t[0], t[1], 0.018, 0.0138), sd.cone(p, t[1], t[2], 0.0135, 0.0112), sd.cone(p, t[2], tip, 0.0112, 0.0092), smooth=0.006
    )
    limb = sd.union(limb, thumb, smooth=0.014)
    return sd.keep(limb, 0.20 - p[:, 0], smooth=0.006)


def head(p):
    q = _mirrored(p)
    skull = sd.ellipsoid(p, (0, 0.018, 1.612), (0.073, 0.092, 0.080))
    jaw = sd.union(
        sd.ellipsoid(p, (0, -0.030, 1.548), (0.055, 0.060, 0.058)),
        sd.ellipsoid(p, (0, -0.070, 1.500), (0.026, 0.022, 0.020)),
        smooth=0.035,
    )
    face = sd.union(skull, jaw, smooth=0.05)
    cheek = sd.ellipsoid(q, (0.040, -0.062, 1.564), (0.024, 0.020, 0.024))
    face = sd.union(face, cheek, smooth=0.025)
    socket = sd.ellipsoid(q, (0.031, -0.090, 1.594), (0.020, 0.014, 0.013))
    face = sd.cut(face, socket, smooth=0.014)
    nose = sd.union(
        sd.cone(p, (0, -0.078, 1.600), (0, -0.096, 1.562), 0.008, 0.0105),
        sd.ellipsoid(q, (0.0095, -0.088, 1.556), (0.009, 0.012, 0.008)),
        smooth=0.010,
    )
    face = sd.union(face, nose, smooth=0.012)
    ear = sd.ellipsoid(q, (0.077, 0.014, 1.582), (0.0095, 0.020, 0.031))
    ear = sd.cut(ear, sd.ellipsoid(q, (0.088, 0.008, 1.585), (0.006, 0.011, 0.018)), smooth=0.008)
    face = sd.union(face, ear, smooth=0.008)
    neck = sd.union(
        sd.cone(p, (0, 0.030, 1.39), (0, 0.022, 1.54), 0.057, 0.052),
        sd.cone(p, (0, 0.03, 1.385), (0, 0.03, 1.42), 0.075, 0.058),
        smooth=0.04,
    )
    body = sd.union(face, neck, smooth=0.03)
    return sd.keep(body, 1.385 - p[:, 2], smooth=0.01)


def hair(p):
    q = _mirrored(p)
    cap = sd.ellipsoid(p, (0, 0.024, 1.614), (0.083, 0.100, 0.086))
    back = sd.ellipsoid(p, (0, 0.052, 1.570), (0.072, 0.068, 0.075))
    cap = sd.union(cap, back, smooth=0.03)
    fringe = sd.cone(p, (-0.045, -0.058, 1.668), (0.05, -0.066, 1.655), 0.018, 0.022)
    cap = sd.union(cap, fringe, smooth=0.03)
    face = sd.ellipsoid(p, (0, -0.100, 1.570), (0.074, 0.088, 0.076))
    side = sd.ellipsoid(q, (0.085, 0.006, 1.560), (0.030, 0.040, 0.055))
    nape = sd.ellipsoid(p, (0, 0.0, 1.49), (0.12, 0.09, 0.06))
    return sd.cut(cap, face, side, nape, smooth=0.012)

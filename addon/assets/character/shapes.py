"""The character's parts as signed distances, (N, 3) points in metres to (N,), one closed surface each.

Clothes are solids round the limbs that they cover, so that each part is closed and its colour ends with its
edge. What is there twice is the left one.
"""

import numpy as np

from . import distance as sd
from .skeleton import ANKLE, BALL, ELBOW, EYE, FINGERS, KNEE, THUMB, TOE_TIP, WRIST, finger_joints

# Half-widths of the trunk under the clothes: z, centre x, centre y, half-width x, half-width y.
TRUNK = np.array(
    [
        (0.80, 0, 0.012, 0.150, 0.098),
        (0.90, 0, 0.012, 0.163, 0.106),
        (0.97, 0, 0.010, 0.154, 0.100),
        (1.08, 0, 0.006, 0.135, 0.090),
        (1.20, 0, 0.008, 0.148, 0.102),
        (1.29, 0, 0.012, 0.160, 0.110),
        (1.36, 0, 0.018, 0.152, 0.098),
        (1.42, 0, 0.026, 0.105, 0.066),
        (1.47, 0, 0.024, 0.060, 0.055),
    ]
)

SHIRT_HEM = 0.885
SLEEVE_END = 0.325
TROUSER_END = 0.095
EYE_RADIUS = 0.0145


def _mirrored(p):
    return np.abs(p) * (1, 0, 0) + p * (0, 1, 1)


def _trunk(p, clothes):
    grown = TRUNK + np.array([0, 0, 0, clothes, clothes])
    return sd.loft(p, grown, power=2.25)


def shirt(p):
    q = _mirrored(p)
    trunk = sd.keep(_trunk(p, 0.012), p[:, 2] - 1.455, 0.82 - p[:, 2], smooth=0.03)
    sleeve = sd.union(
        sd.ellipsoid(q, (0.160, 0.018, 1.376), (0.062, 0.062, 0.060)),
        sd.cone(q, (0.15, 0.018, 1.374), (0.38, 0.018, 1.385), 0.060, 0.0570),
        smooth=0.03,
    )
    slope = sd.cone(q, (0.040, 0.030, 1.418), (0.15, 0.022, 1.388), 0.042, 0.044)
    chest = sd.ellipsoid(q, (0.074, -0.052, 1.285), (0.066, 0.056, 0.068))
    blades = sd.ellipsoid(q, (0.078, 0.078, 1.310), (0.066, 0.042, 0.095))
    tail = sd.keep(trousers(p) - 0.008, 0.82 - p[:, 2], p[:, 2] - 1.0, smooth=0.05)
    body = sd.union(trunk, sleeve, smooth=0.06)
    body = sd.union(body, slope, smooth=0.05)
    body = sd.union(body, chest, blades, smooth=0.06)
    body = sd.union(body, tail, smooth=0.035)
    return body


def collar(p):
    """A rib round the neck, raised from the shirt."""
    q = p - (0, 0.022, 1.44)
    column = np.hypot(q[:, 0] / 1.04, q[:, 1] + 0.25 * q[:, 2]) - 0.073
    return sd.keep(shirt(p) - 0.0055, column, 1.402 - p[:, 2], smooth=0.014)


def trousers(p):
    q = _mirrored(p)
    hips = sd.keep(_trunk(p, 0.0), 0.85 - p[:, 2], p[:, 2] - 1.0, smooth=0.03)
    seat = sd.ellipsoid(q, (0.072, 0.058, 0.880), (0.076, 0.062, 0.080))
    thigh = sd.cone(q, (0.088, 0.006, 0.86), (KNEE[0], KNEE[1] + 0.006, KNEE[2] + 0.03), 0.088, 0.060)
    knee = sd.ellipsoid(q, (KNEE[0], KNEE[1] - 0.002, KNEE[2]), (0.056, 0.058, 0.085))
    calf = sd.ellipsoid(q, (KNEE[0] + 0.002, 0.028, 0.355), (0.059, 0.062, 0.150))
    shin = sd.cone(q, KNEE, (ANKLE[0], ANKLE[1] - 0.004, 0.06), 0.055, 0.053)
    leg = sd.union(thigh, knee, shin, calf, smooth=0.06)
    body = sd.union(hips, leg, smooth=0.05)
    body = sd.union(body, seat, smooth=0.04)
    return body


def shoe(p):
    """The upper of the left shoe; the sole hides its underside."""
    heel = sd.ellipsoid(p, (0.094, 0.030, 0.040), (0.038, 0.050, 0.058))
    ankle = sd.cone(p, (ANKLE[0], ANKLE[1], 0.05), (ANKLE[0], ANKLE[1], 0.095), 0.041, 0.041)
    instep = sd.cone(p, (0.096, 0.0, 0.064), (0.101, -0.115, 0.036), 0.040, 0.035)
    ball = sd.ellipsoid(p, (BALL[0] + 0.002, BALL[1], 0.026), (0.047, 0.075, 0.037))
    toe = sd.ellipsoid(p, (TOE_TIP[0], -0.148, 0.022), (0.044, 0.054, 0.034))
    middle = sd.box(p, (0.097, -0.035, 0.03), (0.039, 0.08, 0.03), 0.02)
    return sd.union(heel, ankle, instep, ball, toe, middle, smooth=0.03)


def sole(p):
    """The left sole's outline, without ends in height."""
    flat = p * (1, 1, 0)
    return sd.union(
        sd.ellipsoid(flat, (0.094, 0.028, 0), (0.042, 0.060, 0.09)),
        sd.ellipsoid(flat, (0.1015, -0.108, 0), (0.053, 0.100, 0.09)),
        sd.box(flat, (0.096, -0.03, 0), (0.040, 0.07, 0.05), 0.02),
        smooth=0.04,
    )


def arm(p):
    """The left arm and hand."""
    upper = sd.cone(p, (0.20, 0.018, 1.383), ELBOW, 0.043, 0.038)
    biceps = sd.ellipsoid(p, (0.325, 0.013, 1.386), (0.100, 0.044, 0.046))
    fore = sd.cone(p, ELBOW, WRIST, 0.039, 0.0265)
    belly = sd.ellipsoid(p, (0.520, 0.014, 1.386), (0.095, 0.044, 0.040))
    limb = sd.union(upper, biceps, fore, belly, smooth=0.025)
    limb = sd.union(limb, sd.ellipsoid(p, WRIST, (0.045, 0.031, 0.021)), smooth=0.02)
    palm = sd.union(
        sd.box(p, (0.738, 0.017, 1.384), (0.046, 0.042, 0.0165), 0.0155),
        sd.ellipsoid(p, (0.730, -0.008, 1.376), (0.036, 0.024, 0.018)),
        smooth=0.02,
    )
    limb = sd.union(limb, palm, smooth=0.025)
    for finger in FINGERS:
        joints = finger_joints(finger)
        radius = {"Index": 0.0092, "Middle": 0.0094, "Ring": 0.0089, "Little": 0.0080}[finger]
        radii = radius * np.array([1.06, 1.06, 1.0, 0.93, 0.80])
        tip = joints[3] - (joints[3] - joints[2]) * radii[4] / np.linalg.norm(joints[3] - joints[2])
        base = joints[0] - 0.4 * (joints[1] - joints[0])
        chain = [base, *joints[:3], tip]
        bones = [sd.cone(p, *chain[i : i + 2], *radii[i : i + 2]) for i in range(4)]
        limb = sd.union(limb, sd.union(*bones, smooth=0.004), smooth=0.006)
    t = np.array(THUMB)
    tip = t[3] - (t[3] - t[2]) * 0.0095 / np.linalg.norm(t[3] - t[2])
    thumb = sd.union(
        sd.cone(p, t[0], t[1], 0.018, 0.0138),
        sd.cone(p, t[1], t[2], 0.0135, 0.0112),
        sd.cone(p, t[2], tip, 0.0112, 0.0092),
        smooth=0.006,
    )
    limb = sd.union(limb, thumb, smooth=0.014)
    return sd.keep(limb, 0.24 - p[:, 0], smooth=0.006)


def band(p, centre, half, thickness):
    """A band round the left wrist that follows the skin."""
    return sd.keep(arm(p) - thickness, np.abs(p[:, 0] - centre) - half, smooth=0.005)


def head(p):
    q = _mirrored(p)
    skull = sd.ellipsoid(p, (0, 0.018, 1.612), (0.073, 0.092, 0.080))
    jaw = sd.union(
        sd.ellipsoid(p, (0, -0.030, 1.550), (0.056, 0.060, 0.060)),
        sd.ellipsoid(p, (0, -0.068, 1.501), (0.025, 0.021, 0.018)),
        smooth=0.035,
    )
    face = sd.union(skull, jaw, smooth=0.05)
    cheek = sd.ellipsoid(q, (0.040, -0.060, 1.562), (0.022, 0.018, 0.021))
    face = sd.union(face, cheek, smooth=0.025)
    socket = sd.ellipsoid(q, (EYE[0], -0.088, EYE[2] + 0.001), (0.021, 0.014, 0.0135))
    face = sd.cut(face, socket, smooth=0.014)
    nose = sd.union(
        sd.cone(p, (0, -0.078, 1.600), (0, -0.096, 1.562), 0.0075, 0.0102),
        sd.ellipsoid(q, (0.0095, -0.087, 1.556), (0.009, 0.012, 0.008)),
        smooth=0.010,
    )
    face = sd.union(face, nose, smooth=0.012)
    muzzle = sd.ellipsoid(p, (0, -0.066, 1.525), (0.026, 0.019, 0.016))
    face = sd.union(face, muzzle, smooth=0.02)
    ear = sd.ellipsoid(q, (0.0745, 0.014, 1.582), (0.0105, 0.021, 0.031))
    ear = sd.cut(ear, sd.ellipsoid(q, (0.088, 0.009, 1.585), (0.0065, 0.011, 0.017)), smooth=0.008)
    face = sd.union(face, ear, smooth=0.008)
    neck = sd.union(
        sd.cone(p, (0, 0.030, 1.39), (0, 0.022, 1.54), 0.054, 0.049),
        sd.cone(p, (0, 0.03, 1.385), (0, 0.03, 1.42), 0.070, 0.054),
        smooth=0.04,
    )
    body = sd.union(face, neck, smooth=0.03)
    return sd.keep(body, 1.385 - p[:, 2], smooth=0.01)


def eyelid(p):
    """The left upper lid: a shell over the top of the eyeball."""
    centre = np.array([EYE[0], EYE[1] + EYE_RADIUS, EYE[2]])
    ball = np.linalg.norm(p - centre, axis=1) - EYE_RADIUS - 0.0016
    d = p - centre
    return sd.keep(ball, 0.0045 - d[:, 2] - 0.12 * d[:, 0] + 0.10 * (d[:, 1] + EYE_RADIUS), smooth=0.002)


def brow(p):
    """The left brow, raised from the skin."""
    q = p * (1, 0, 1)
    outline = sd.union(
        sd.cone(q, (0.013, 0, 1.6150), (0.031, 0, 1.6195), 0.0042, 0.0042),
        sd.cone(q, (0.031, 0, 1.6195), (0.050, 0, 1.6125), 0.0042, 0.0026),
        smooth=0.004,
    )
    return sd.keep(head(p) - 0.0032, outline, p[:, 1] + 0.045, smooth=0.003)


def lips(p):
    """Both lips, raised from the skin, with a groove between them that rises at the corners."""
    side = np.abs(p[:, 0])
    middle = 1.5240 + 9.0 * side**2
    upper = 0.0054 - 9.0 * side**2 - 0.0012 * np.exp(-((side / 0.004) ** 2))
    lower = 0.0066 - 11.0 * side**2
    height = p[:, 2] - middle
    outline = np.where(height > 0, height - upper, -height - lower)
    raised = 0.0034 - 0.0022 * np.exp(-((height / 0.0024) ** 2))
    return sd.keep(head(p) - raised, outline, p[:, 1] + 0.05, smooth=0.003)


def hair(p):
    q = _mirrored(p)
    cap = sd.ellipsoid(p, (0, 0.024, 1.614), (0.082, 0.099, 0.0852))
    back = sd.ellipsoid(p, (0, 0.050, 1.580), (0.073, 0.068, 0.070))
    cap = sd.union(cap, back, smooth=0.03)
    # Combed to the character's left, in three locks.
    locks = [
        sd.cone(p, (-0.052, -0.030, 1.668), (0.010, -0.066, 1.668), 0.022, 0.022),
        sd.cone(p, (-0.030, -0.035, 1.676), (0.040, -0.058, 1.664), 0.022, 0.021),
        sd.cone(p, (0.000, -0.020, 1.676), (0.062, -0.034, 1.650), 0.020, 0.016),
    ]
    cap = sd.union(cap, sd.union(*locks, smooth=0.014), smooth=0.025)
    face = sd.ellipsoid(p, (0, -0.100, 1.570), (0.072, 0.080, 0.076))
    side = sd.ellipsoid(q, (0.088, 0.002, 1.560), (0.030, 0.036, 0.050))
    nape = sd.ellipsoid(p, (0, 0.0, 1.478), (0.12, 0.09, 0.062))
    return sd.cut(cap, face, side, nape, smooth=0.012)

"""Closed-form inverse kinematics of two bones: the law of cosines in the plane of the limb as it bends
now."""

import numpy as np

from ..rotation import any_across, dot, norm, unit

STRAIGHT = (
    0.9995  # of the full length: a limb is never pulled quite straight, where its hinge would be undefined
)


def two_bone(root, middle, target, upper_m, lower_m):
    """Middle and end (…, 3) of a limb of the given lengths that reaches for the target.

    root: (…, 3) its fixed end. middle: (…, 3) where the elbow or knee is now, which picks the plane and
    side of the bend. target: (…, 3). upper_m, lower_m: (…). A target out of reach is approached along its
    line.
    """
    reach = target - root
    distance = norm(reach)
    longest = (upper_m + lower_m) * STRAIGHT
    shortest = np.abs(upper_m - lower_m) / STRAIGHT + 1e-6
    along = unit(reach)
    distance = np.clip(distance, shortest, longest)
    projection = (distance**2 + upper_m**2 - lower_m**2) / (2 * distance)
    height = np.sqrt(np.maximum(upper_m**2 - projection**2, 0.0))
    pole = middle - root
    pole = pole - along * dot(pole, along)[..., None]
    weak = norm(pole) < 1e-6
    if np.any(weak):
        pole = np.where(weak[..., None], any_across(along), pole)
    return root + along * projection[..., None] + unit(pole) * height[..., None], root + along * distance[
        ..., None
    ]

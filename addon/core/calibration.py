"""What two seconds of standing tell of an actor and a camera: height, bone lengths, up, floor and facing.

Without a calibration all of this is estimated as it goes; with one it is known from the first frame on.
"""

import warnings
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from . import level
from .rotation import cross, norm, unit
from .skeleton import BODY_INDEX, COCO_COUNT, LIMBS, swap_sides

STAND_S = 2.0
LEAST_FRAMES = 10
LEAST_UPRIGHT = 0.25  # of `level.upright`'s weight
MOST_TRAVEL_M = 0.25
ANKLES_TO_EARS = 0.861  # of the height, on the default character


class CalibrationError(ValueError):
    """Nothing can be told; the text is a sentence for the user."""


@dataclass(frozen=True)
class Calibration:
    """All in the camera's axes and the joints' own metres.

    up, forward: (3,) unit vectors, the second where the actor faced. leg_m, height_m; lengths_m: of the eight limb
    bones, by name. root: (3,) of the hips' middle, or None where it was unknown.
    """

    up: tuple[float, float, float]
    forward: tuple[float, float, float]
    leg_m: float
    height_m: float
    lengths_m: dict[str, float] = field(default_factory=dict)
    root: tuple[float, float, float] | None = None

    def mirrored(self) -> "Calibration":
        """The same of a mirror image. Lengths' sides are swapped, too."""
        up, forward, root = (v if v is None else (-v[0], v[1], v[2]) for v in (self.up, self.forward, self.root))
        lengths = {swap_sides(name): length for name, length in self.lengths_m.items()}
        return replace(self, up=up, forward=forward, root=root, lengths_m=lengths)

    def as_header(self) -> dict:
        """JSON values, for a take's header."""
        return asdict(self)

    @classmethod
    def from_header(cls, header: dict) -> "Calibration | None":
        """The calibration in a take's header; None where there is none, or no sound one."""
        try:
            told = header["calibration"]
            up, forward = (_vector(told[name]) for name in ("up", "forward"))
            root = None if told.get("root") is None else _vector(told["root"])
            leg_m, height_m = float(told["leg_m"]), float(told["height_m"])
            lengths = {str(name): float(length) for name, length in dict(told["lengths_m"]).items()}
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        sound = 0.05 < leg_m < 5 and 0.1 < height_m < 10 and min(np.linalg.norm(up), np.linalg.norm(forward)) > 0.5
        return cls(up, forward, leg_m, height_m, lengths, root) if sound else None


def calibrate(observations) -> Calibration:
    """The Calibration of somebody who stands upright. Raises CalibrationError, which says what was wrong.

    observations: Observations of `STAND_S` seconds, in order.
    """
    sure = [o for o in observations if o.sure]
    if len(sure) < LEAST_FRAMES:
        raise CalibrationError(
            f"Calibration saw you clearly in {len(sure)} of {len(observations)} frames and needs {LEAST_FRAMES}. "
            "Stand so that your whole body is in the picture."
        )
    joints = np.stack([o.joints for o in sure])
    axes, weights = level.upright(joints)
    if weights.mean() < LEAST_UPRIGHT:
        raise CalibrationError(
            "Calibration did not see you stand upright with straight legs. Stand with your feet below your hips, whole "
            "in the picture, and calibrate again."
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of joints that were never seen
        typical = np.nanmedian(joints[:, :COCO_COUNT], axis=0)
    roots = np.stack([o.root for o in sure])
    rooted = np.isfinite(roots).all(axis=1)
    travel_m = float(norm(np.ptp(roots[rooted][:, :2], axis=0))) if rooted.any() else 0.0
    if travel_m > MOST_TRAVEL_M:
        raise CalibrationError(
            f"You moved by {travel_m:.1f} m while calibrating. Stand still for {STAND_S:.0f} seconds."
        )
    up = unit((axes * weights[:, None]).sum(axis=0))
    across = _between(typical, "hip") + _between(typical, "shoulder")
    forward = unit(cross(across, up))
    lengths = {name: float(norm(typical[tail] - typical[head])) for name, head, tail in LIMBS}
    leg_m = sum(lengths[f"{side}{bone}"] for side in ("left", "right") for bone in ("UpperLeg", "LowerLeg")) / 2
    low, top = (_middle(typical, joint) @ up for joint in ("ankle", "ear"))
    if not np.isfinite(top):
        top = (_middle(typical, "shoulder") @ up) + 0.16 * (leg_m / 0.49)
    height_m = float(top - low) / ANKLES_TO_EARS
    if not np.isfinite([leg_m, height_m]).all():
        raise CalibrationError(
            "Calibration did not see your hips, knees, ankles and shoulders. Stand so that your whole body is in the "
            "picture."
        )
    root = tuple(np.median(roots[rooted], axis=0).tolist()) if rooted.sum() >= LEAST_FRAMES else None
    lengths = {name: length for name, length in lengths.items() if np.isfinite(length)}
    return Calibration(tuple(up.tolist()), tuple(forward.tolist()), float(leg_m), height_m, lengths, root)


def _between(joints, name):
    return joints[BODY_INDEX[f"left_{name}"]] - joints[BODY_INDEX[f"right_{name}"]]


def _middle(joints, name):
    return (joints[BODY_INDEX[f"left_{name}"]] + joints[BODY_INDEX[f"right_{name}"]]) / 2


def _vector(values) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    if not np.isfinite([x, y, z]).all():
        raise ValueError("not finite")
    return x, y, z

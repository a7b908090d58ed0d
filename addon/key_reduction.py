"""Which keys of a solved take are written: all, or those that a bound on the error needs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .action import Channel
from .core import reduce


@dataclass(frozen=True)
class Bounds:
    """How far any frame may be off: the rotation of each bone, and where a control is moved to."""

    angle_deg: float
    distance_mm: float


def rows_of(channels: Sequence[Channel], values: Sequence[np.ndarray], bounds: Bounds | None, unit_m: float):
    """For each channel the rows of its values that become keys; a generator that yields every few milliseconds.

    unit_m: metres of the armature's unit.
    """
    out = []
    for channel, numbers in zip(channels, values, strict=True):
        if bounds is None:
            out.append(np.arange(len(numbers)))
        elif channel.data_path.endswith(".location"):
            out.append((yield from reduce.needed(numbers, reduce.lengths(1000.0 * unit_m), bounds.distance_mm)))
        else:
            apart = _ANGLES[channel.data_path.rpartition(".")[2]]
            out.append((yield from reduce.needed(numbers, apart, bounds.angle_deg)))
    return out


_ANGLES = {
    "rotation_quaternion": reduce.quaternions_deg,
    "rotation_axis_angle": reduce.axis_angles_deg,
    "rotation_euler": reduce.eulers_deg,
}

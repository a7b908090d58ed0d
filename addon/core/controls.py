"""From a rig's pose to what is keyed: each control's own rotation and location, for a frame or a whole take.

A control follows one part of the body, in a space that follows others: its parents'. On a plain skeleton the
controls are the bones themselves; on a rig that is driven by controls they may be a torso, a hand's IK target, the
swivel of an elbow or a pole. Bones that share a segment's twist are controls, too. All in character space: z up,
metres, facing −y.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .rotation import apply, cross, dot, exp, from_matrix, log, norm, swing, transpose, twist_rad, unit
from .solve.binding import SLOTS, UPPERS, bind, hinge_weight
from .solve.forward import forward
from .solve.rig import Rig

# How far the plane that a limb of IK bends in may be from its upper segment's hinge, by how far the limb is bent.
BENT_RAD, MOST_ASIDE_RAD = np.radians([45.0, 75.0]), np.radians([20.0, 90.0])


@dataclass(frozen=True, eq=False)
class Twist:
    """A bone that shares a segment's twist.

    segment: the row that it lies on. other: the row that twists against it: above an upper arm or leg, below a
    lower one. axis: (3,) along the segment at rest. place: 0 at the segment's head, 1 at its end.
    """

    segment: int
    other: int
    axis: np.ndarray
    place: float
    upper: bool


@dataclass(frozen=True, eq=False)
class Bends:
    """L controls that say in which plane a limb bends.

    control: (L,) their numbers. part: (L,) 0 to 3 as in the solver. upper, lower, end: (L,) the limbs' rows.
    """

    control: np.ndarray
    part: np.ndarray
    upper: np.ndarray
    lower: np.ndarray
    end: np.ndarray

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int, int, int]]) -> "Bends":
        return cls(*np.array(rows, dtype=int).reshape(-1, 5).T)


@dataclass(frozen=True, eq=False)
class Controls:
    """What is keyed of a rig. C controls; rows are the rig's bones, then the twists', −1 is what stays at rest.

    row: (C,) what each follows. space: (C, 2) what its parents follow, and share: (C,) how far the second one.
    offset: (C, 3, 3) turns between that space and the control that others gave. rest: (C, 3, 3), head: (C, 3) at
    rest. axes: (C, 3, 3) of its location.
    swivels turn about their own Y; what they hang from tracks the limb's end with the axis trackers: (L, 3) at rest.
    poles: what elbows and knees point to, so far from the limb's middle.
    """

    rig: Rig
    row: np.ndarray
    space: np.ndarray
    share: np.ndarray
    offset: np.ndarray
    rest: np.ndarray
    head: np.ndarray
    axes: np.ndarray
    twists: tuple[Twist, ...]
    swivels: Bends
    trackers: np.ndarray
    poles: Bends
    pole_distances_m: np.ndarray

    def basis(self, rotations: np.ndarray, hips_location: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Basis rotations (F, C, 4) wxyz and locations (F, C, 3) in metres.

        rotations: (F, B, 4), hips_location: (F, 3): the rig's pose.
        """
        if self._plain:
            locations = np.zeros((len(rotations), len(self.row), 3))
            locations[:, self.row == self.rig.index["hips"]] = hips_location[:, None]
            return rotations[:, self.row], locations
        matrices = forward(self.rig, rotations, hips_location)
        turns = self._turns(matrices[..., :3, :3] @ self._rest_back)
        places = matrices[..., :3, 3]

        spaces = self._spaces(turns)
        wanted = turns[:, self.row] @ self.rest
        turned = transpose(spaces @ self.rest) @ wanted
        locations = self._locations(turns, places, spaces)
        rotations = from_matrix(turned)
        if len(self.swivels.control):
            rotations[:, self.swivels.control] = self._swivelled(turns, places, spaces)
        if len(self.poles.control):
            rotations[:, self.poles.control] = (1.0, 0.0, 0.0, 0.0)
            locations[:, self.poles.control] = self._pointed(turns, places, spaces)
        return rotations, locations

    @cached_property
    def _plain(self):
        """Whether the controls are bones of the rig, each in its parent's space: then the pose is what is keyed."""
        if self.twists or len(self.swivels.control) or len(self.poles.control) or (self.row < 0).any():
            return False
        rest = self.rig.rest[self.row, :3, :3]
        return (
            np.array_equal(self.space[:, 0], self.rig.parents[self.row])
            and not self.share.any()
            and np.allclose(self.offset, np.eye(3), atol=1e-6)
            and np.allclose(self.rest, rest, atol=1e-6)
            and np.allclose(self.axes, rest, atol=1e-6)
        )

    @cached_property
    def _rest_back(self):
        return transpose(self.rig.rest[:, :3, :3])

    @cached_property
    def _first(self):
        """(C,) rows of the rig's bones whose places the spaces follow."""
        rows = self.space[:, 0].copy()
        for number, twist in enumerate(self.twists):
            rows[rows == len(self.rig.bones) + number] = twist.segment
        return rows

    @cached_property
    def _twisted(self):
        """Of the twists: what turns against what, (T,) rows each, the segments' rows, axes (T, 3), shares (T,)."""
        pairs = [(t.other, t.segment) if t.upper else (t.segment, t.other) for t in self.twists]
        against, turned = np.array(pairs).T
        shares = np.array([t.place - 1.0 if t.upper else t.place for t in self.twists])
        return against, turned, [t.segment for t in self.twists], np.array([t.axis for t in self.twists]), shares

    def _turns(self, turns):
        """(F, B + T + 1, 3, 3) turns from rest of the bones, the twists, and of what stays."""
        bones = turns.shape[1]
        out = np.empty((len(turns), bones + len(self.twists) + 1, 3, 3))
        out[:, :bones] = turns
        out[:, -1] = np.eye(3)
        if self.twists:
            against, turned, segments, axes, shares = self._twisted
            angles = twist_rad(from_matrix(transpose(out[:, against]) @ out[:, turned]), axes)
            out[:, bones:-1] = turns[:, segments] @ exp(axes * (angles * shares)[..., None])
        return out

    def _spaces(self, turns):
        spaces = turns[:, self.space[:, 0]]
        mixed = self.share > 0
        if mixed.any():
            one, other = spaces[:, mixed], turns[:, self.space[mixed, 1]]
            spaces[:, mixed] = one @ exp(log(transpose(one) @ other) * self.share[mixed, None])
        return spaces @ self.offset

    def _locations(self, turns, places, spaces):
        """(F, C, 3) basis locations of controls that move rigidly with their rows."""
        row = np.where(self.row >= places.shape[1], 0, self.row)  # a twist has no place of its own
        wanted = places[:, row] + apply(turns[:, row], self.head - self.rig.rest[row, :3, 3])
        return self._located(wanted, places, spaces, slice(None))

    def _located(self, wanted, places, spaces, which):
        """Basis locations of heads that shall be at `wanted`, for the controls `which`."""
        first = self._first[which]
        fixed = np.asarray(first < 0)[..., None]
        origin = np.where(fixed, 0.0, places[:, first])
        rest = np.where(fixed, 0.0, self.rig.rest[first, :3, 3])
        local = apply(transpose(spaces[:, which]), wanted - origin) + rest
        return apply(transpose(self.axes[which]), local - self.head[which])

    def _swivelled(self, turns, places, spaces):
        """(F, L, 4): the turns about Y that bring the limbs' planes to where the pose has them.

        The tracker's axis follows the end by the smallest turn, and IK then bends the limb in the plane across its
        base's X: of all turns about Y the one is taken whose X, seen along the limb, is the plane's normal.
        """
        which = self.swivels
        along = unit(places[:, which.end] - places[:, which.upper])
        rest = self.rest[which.control]
        sign = np.where(dot(rest[..., 0], bind(self.rig).hinge[which.part]) < 0, -1.0, 1.0)
        normal = self._normals(which, turns, places, along) * sign[:, None]
        space = spaces[:, which.control]
        axes = swing(apply(space, self.trackers), along) @ space @ rest
        across = cross(along, normal)
        x, z = axes[..., 0], axes[..., 2]
        angle = np.arctan2(dot(x, across), dot(z, across))
        turned = x * np.cos(angle)[..., None] - z * np.sin(angle)[..., None]
        half = angle / 2
        half = np.where(dot(turned, normal) < 0, half - np.copysign(np.pi / 2, half), half)
        return np.stack((np.cos(half), 0 * half, np.sin(half), 0 * half), axis=-1)

    def _pointed(self, turns, places, spaces):
        """(F, L, 3): the poles' basis locations, beside the middles of the limbs."""
        which = self.poles
        start, end = places[:, which.upper], places[:, which.end]
        along = unit(end - start)
        aside = cross(along, self._normals(which, turns, places, along))
        wanted = (start + end) / 2 + aside * self.pole_distances_m[:, None]
        return self._located(wanted, places, spaces, which.control)

    def _normals(self, which, turns, places, along):
        """(F, L, 3) normals of the planes that limbs bend in, near the hinges of their upper segments.

        These turn no faster than anatomy; a plane that is seen further from them is mostly noise of depth, as that of a
        straight limb is altogether, and IK would twist both segments with it.
        """
        upper = unit(places[:, which.lower] - places[:, which.upper])
        lower = unit(places[:, which.end] - places[:, which.lower])
        hinge = apply(turns[:, which.upper], bind(self.rig).hinge[which.part])
        hinge = unit(hinge - along * dot(hinge, along)[..., None])
        across = cross(along, hinge)
        seen = cross(upper, lower)
        angle = np.arctan2(dot(seen, across), dot(seen, hinge))
        flexion = np.arctan2(norm(seen), dot(upper, lower))
        most = np.interp(flexion, BENT_RAD, MOST_ASIDE_RAD)
        within = np.minimum(np.minimum(np.abs(angle), most), np.pi - np.abs(angle))
        angle = hinge_weight(norm(seen)) * np.copysign(within, angle)
        return hinge * np.cos(angle)[..., None] + across * np.sin(angle)[..., None]


def limb_number(part: str) -> int:
    """0 to 3 of a limb's upper segment, as the solver's arrays have it."""
    return SLOTS.index(part) - UPPERS.start

"""A chain of bones as arrays: forward kinematics, its Jacobian, and what its joints allow.

Each bone turns by Euler angles XYZ in its axes at rest (x first, as Blender's order of that name), y along the bone.
Everything is in the space of the chain's first bone at rest, in metres.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mocap_core.rotation import apply, cross, transpose


@dataclass(frozen=True, eq=False)
class Chain:
    """offsets: (N, 4, 4) each bone at rest from the one before; the first's is the identity. tip: (3,) the end of the
    last bone, in its axes. limits: (N, 3, 2) radians, the least and the most of each angle. free: (N, 3) angles that a
    solver may change; the others stay as the seed has them.
    """

    offsets: np.ndarray
    tip: np.ndarray
    limits: np.ndarray
    free: np.ndarray

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def lengths_m(self) -> np.ndarray:
        """(N,) from each bone's head to the next one's, or to the tip."""
        ends = np.concatenate((self.offsets[1:, :3, 3], self.tip[None]))
        return np.linalg.norm(ends, axis=-1)

    def frames(self, angles: np.ndarray) -> np.ndarray:
        """(N, 4, 4) bones of angles (N, 3)."""
        out = np.empty((len(self), 4, 4))
        now = np.eye(4)
        for row, (offset, turn) in enumerate(zip(self.offsets, matrices(angles), strict=True)):
            now = now @ offset
            now[:3, :3] = now[:3, :3] @ turn
            out[row] = now
        return out

    def reach(self, angles: np.ndarray) -> np.ndarray:
        """(3,) where the tip is."""
        last = self.frames(angles)[-1]
        return last[:3, :3] @ self.tip + last[:3, 3]

    def jacobian(self, angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(3,) where the tip is, and (3, N, 3) how it moves with each angle, metres a radian."""
        frames = self.frames(angles)
        tip = frames[-1, :3, :3] @ self.tip + frames[-1, :3, 3]
        before = frames[:, :3, :3] @ transpose(matrices(angles))  # axes in which the angles turn
        _, y, z = np.moveaxis(angles, -1, 0)
        cos_y, sin_y, cos_z, sin_z, nil = np.cos(y), np.sin(y), np.cos(z), np.sin(z), np.zeros(len(self))
        axes = np.stack(  # of Rz · Ry · Rx
            (
                np.stack((cos_z * cos_y, sin_z * cos_y, -sin_y), -1),
                np.stack((-sin_z, cos_z, nil), -1),
                np.stack((nil, nil, nil + 1), -1),
            ),
            axis=1,
        )
        axes = apply(before[:, None], axes)
        arms = tip - frames[:, None, :3, 3]
        return tip, np.moveaxis(cross(axes, np.broadcast_to(arms, axes.shape)), -1, 0)

    def within(self, angles: np.ndarray) -> np.ndarray:
        """Angles (…, N, 3) brought to the nearest that its joints allow."""
        return np.clip(angles, self.limits[..., 0], self.limits[..., 1])


class Solver(Protocol):
    """Angles (N, 3) that bring a chain's tip to the target (3,), from a seed (N, 3); `budget_s`, of the
    thread's own time, is not to be exceeded by more than one step."""

    def __call__(self, chain: Chain, target: np.ndarray, seed: np.ndarray, budget_s: float) -> np.ndarray: ...


def matrices(angles: np.ndarray) -> np.ndarray:
    """(…, 3, 3) of Euler angles XYZ (…, 3)."""
    (cx, cy, cz), (sx, sy, sz) = np.moveaxis(np.cos(angles), -1, 0), np.moveaxis(np.sin(angles), -1, 0)
    out = np.empty((*np.shape(angles)[:-1], 3, 3))
    out[..., 0, 0], out[..., 0, 1], out[..., 0, 2] = cy * cz, sx * sy * cz - cx * sz, cx * sy * cz + sx * sz
    out[..., 1, 0], out[..., 1, 1], out[..., 1, 2] = cy * sz, sx * sy * sz + cx * cz, cx * sy * sz - sx * cz
    out[..., 2, 0], out[..., 2, 1], out[..., 2, 2] = -sy, sx * cy, cx * cy
    return out


def euler(matrix: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Euler angles XYZ (…, 3) of matrices (…, 3, 3), of the two answers and their full turns the one next to `near`."""
    y = np.arctan2(-matrix[..., 2, 0], np.hypot(matrix[..., 0, 0], matrix[..., 1, 0]))
    x = np.arctan2(matrix[..., 2, 1], matrix[..., 2, 2])
    z = np.arctan2(matrix[..., 1, 0], matrix[..., 0, 0])
    one = np.stack((x, y, z), -1)
    other = np.stack((x + np.pi, np.pi - y, z + np.pi), -1)
    one, other = (near + np.remainder(a - near + np.pi, 2 * np.pi) - np.pi for a in (one, other))
    farther = np.abs(one - near).sum(-1) > np.abs(other - near).sum(-1)
    return np.where(farther[..., None], other, one)

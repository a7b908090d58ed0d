"""The rig as arrays: bones, parents, rest matrices; and one pose of it.

Blender's armatures are read into this by the add-on, glTF files by the worker; neither is known here.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..skeleton import REQUIRED_BONES


class RigError(ValueError):
    """The armature cannot be driven; the message says what is missing."""


@dataclass(frozen=True, eq=False)
class Rig:
    """A humanoid rig at rest, in armature space: z up, metres, standing upright and facing −Y.

    bones: VRM 1.0 names, parents before children.
    parents: (B,) index of the nearest mapped ancestor, −1 for the root.
    rest: (B, 4, 4) rest matrices (Blender's `matrix_local`: Y along the bone).
    lengths: (B,) bone lengths in metres.
    """

    bones: tuple[str, ...]
    parents: np.ndarray
    rest: np.ndarray
    lengths: np.ndarray

    @classmethod
    def from_matrices(cls, bones, parents, rest, lengths):
        """A checked rig. Raises RigError when bones are missing, out of order, or have no usable rest
        matrix."""
        bones = tuple(bones)
        missing = [name for name in REQUIRED_BONES if name not in bones]
        if missing:
            raise RigError(
                f"The armature lacks the bones {', '.join(missing)}. Map them or choose a humanoid armature."
            )
        parents = np.array(parents, dtype=int)
        rest = np.array(rest, dtype=float)
        lengths = np.array(lengths, dtype=float)
        if (
            parents.shape != (len(bones),)
            or rest.shape != (len(bones), 4, 4)
            or lengths.shape != (len(bones),)
        ):
            raise RigError(
                f"{len(bones)} bones need as many parents, rest matrices and lengths; found {parents.shape}, "
                f"{rest.shape} and {lengths.shape}."
            )
        late = [name for i, name in enumerate(bones) if not -1 <= parents[i] < i]
        if late:
            raise RigError(f"Bones must come after their parents; {', '.join(late)} do not.")
        rotation = rest[:, :3, :3]
        sound = np.isfinite(rest).all(axis=(1, 2)) & (
            np.abs(rotation.transpose(0, 2, 1) @ rotation - np.eye(3)).max(axis=(1, 2)) < 1e-3
        )
        sound &= np.linalg.det(np.where(np.isfinite(rotation), rotation, 0.0)) > 0
        if not sound.all():
            names = ", ".join(name for name, good in zip(bones, sound, strict=True) if not good)
            raise RigError(
                f"The rest matrices of {names} are scaled, mirrored or not finite. Apply its scale."
            )
        return cls(bones, parents, rest, lengths)

    @cached_property
    def index(self):
        """Bone name → row."""
        return {name: i for i, name in enumerate(self.bones)}

    @cached_property
    def levels(self):
        """Rows grouped by depth, the root's first: bones of one level can be computed at once."""
        depth = np.zeros(len(self.bones), dtype=int)
        for i, parent in enumerate(self.parents):
            depth[i] = 0 if parent < 0 else depth[parent] + 1
        return tuple(np.flatnonzero(depth == d) for d in range(depth.max() + 1))

    @cached_property
    def local_rest(self):
        """(B, 4, 4) rest matrices relative to the parent's."""
        inverse = np.linalg.inv(self.rest)
        return np.stack(
            [m if p < 0 else inverse[p] @ m for p, m in zip(self.parents, self.rest, strict=True)]
        )

    def head(self, name):
        """(3,) rest position of a bone's head in armature space."""
        return self.rest[self.index[name], :3, 3]

    def tail(self, name):
        """(3,) rest position of a bone's tail."""
        i = self.index[name]
        return self.rest[i, :3, 3] + self.rest[i, :3, 1] * self.lengths[i]


@dataclass(frozen=True, eq=False)
class RigPose:
    """One pose, ready to be written to pose bones.

    rotations: (B, 4) wxyz, each bone's `rotation_quaternion`.
    hips_location: (3,) metres, the hips' `location` (in the axes of the bone at rest).
    world_from_camera: (3, 3) rotation used from camera axes to the world.
    time_s: the packet's timestamp.
    """

    rotations: np.ndarray
    hips_location: np.ndarray
    world_from_camera: np.ndarray
    time_s: float

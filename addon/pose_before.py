"""The pose that a character had when a recording began, to be put back."""

import bpy

from . import rig
from .rig import Target


class PoseBefore:
    """The values of what is keyed, by data path."""

    def __init__(self, armature: bpy.types.Object, target: Target):
        self._target = target
        self._values = {
            channel.data_path: tuple(armature.path_resolve(channel.data_path))
            for channel in target.channels
            if _bone_of(channel.data_path, armature) is not None
        }

    def put_back(self, scene: bpy.types.Scene) -> bool:
        """Pose the character as it was; false where it is gone."""
        armature = rig.find(self._target, scene)
        if armature is None:
            return False
        for path, values in self._values.items():
            bone = _bone_of(path, armature)
            if bone is not None:
                setattr(bone, path.rpartition(".")[2], values)
        return True


def _bone_of(path: str, armature: bpy.types.Object) -> bpy.types.PoseBone | None:
    try:
        return armature.path_resolve(path.rpartition(".")[0])
    except ValueError:  # the bone is gone
        return None

"""Joints to bone rotations on the rig's own proportions, and back."""

from .fit import fit
from .forward import body_joints, forward
from .rig import Rig, RigError, RigPose

__all__ = ["Rig", "RigError", "RigPose", "body_joints", "fit", "forward"]

"""Forward kinematics: where a rig's bones and joints are in a pose."""

import numpy as np

from ..rotation import to_matrix
from ..skeleton import BODY, BODY_INDEX


def forward(rig, rotations, hips_location):
    """Bone matrices (…, B, 4, 4) in armature space.

    rotations: (…, B, 4) wxyz basis rotations. hips_location: (…, 3) basis location of the hips in metres.
    """
    rotations = np.asarray(rotations, dtype=float)
    local = np.zeros((*rotations.shape[:-1], 4, 4))
    local[..., :3, :3] = to_matrix(rotations)
    local[..., 3, 3] = 1.0
    local[..., rig.index["hips"], :3, 3] = hips_location
    local = rig.local_rest @ local
    out = np.empty_like(local)
    out[..., rig.levels[0], :, :] = local[..., rig.levels[0], :, :]
    for level in rig.levels[1:]:
        out[..., level, :, :] = out[..., rig.parents[level], :, :] @ local[..., level, :, :]
    return out


# Body joint → the bone whose head it is, and, where that bone is not mapped, the bone whose tail it is.
_JOINT_BONES = {
    f"{side}_{joint}": (side + head, side + tail)
    for side in ("left", "right")
    for joint, head, tail in (
        ("shoulder", "UpperArm", "Shoulder"),
        ("elbow", "LowerArm", "UpperArm"),
        ("wrist", "Hand", "LowerArm"),
        ("hand", "MiddleProximal", "Hand"),
        ("hip", "UpperLeg", "UpperLeg"),
        ("knee", "LowerLeg", "UpperLeg"),
        ("ankle", "Foot", "LowerLeg"),
        ("toe", "Toes", "Foot"),
    )
}


def body_joints(rig, matrices):
    """Body joints (…, 21, 3) of bone matrices (…, B, 4, 4): heads and tails of bones; the face, which has
    none, is NaN."""
    out = np.full((*matrices.shape[:-3], len(BODY), 3), np.nan)
    for joint, (head, tail) in _JOINT_BONES.items():
        if head in rig.index:
            out[..., BODY_INDEX[joint], :] = matrices[..., rig.index[head], :3, 3]
        elif tail in rig.index:
            i = rig.index[tail]
            out[..., BODY_INDEX[joint], :] = (
                matrices[..., i, :3, 3] + matrices[..., i, :3, 1] * rig.lengths[i]
            )
    return out

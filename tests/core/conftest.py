"""A humanoid rig built from joint positions, with any rest pose and any bone rolls; captured motion to drive it; a
worker's end of the wire."""

import os
from pathlib import Path

import numpy as np
import pytest

from mocap_core.endpoint import Endpoint
from mocap_core.rotation import frame, from_rotvec, rotate, to_matrix, unit
from mocap_core.skeleton import BODY, BODY_INDEX, HUMANOID
from mocap_core.solve import Rig, body_joints

MOTION = Path(os.environ.get("MOCAP_MOTION", Path(__file__).parents[3] / "shared/data/motion/cmu_clips.npz"))
REAL = Path(os.environ.get("MOCAP_REAL", Path(__file__).parents[3] / "shared/data/real"))


def humanoid_joints():
    """Heads of the bones of a person 1.7 m tall in a T-pose facing −Y, and the tails that no bone's head
    marks."""
    heads = {
        "hips": (0, 0, 0.95),
        "spine": (0, 0.01, 1.05),
        "chest": (0, 0.02, 1.17),
        "upperChest": (0, 0.02, 1.28),
        "neck": (0, 0.02, 1.42),
        "head": (0, 0.0, 1.50),
    }
    tails = {"head": (0, 0, 1.70)}
    for side, s in (("left", 1), ("right", -1)):
        for bone, head in (
            ("Shoulder", (0.03, 0.01, 1.38)),
            ("UpperArm", (0.17, 0.02, 1.39)),
            ("LowerArm", (0.44, 0.02, 1.39)),
            ("Hand", (0.69, 0.02, 1.39)),
            ("MiddleProximal", (0.78, 0.02, 1.39)),
            ("UpperLeg", (0.09, 0.0, 0.90)),
            ("LowerLeg", (0.09, 0.0, 0.49)),
            ("Foot", (0.09, 0.02, 0.08)),
            ("Toes", (0.10, -0.11, 0.02)),
        ):
            heads[side + bone] = (s * head[0], head[1], head[2])
        tails[side + "MiddleProximal"] = (s * 0.82, 0.02, 1.39)
        tails[side + "Toes"] = (s * 0.10, -0.18, 0.02)
    return {k: np.array(v, float) for k, v in heads.items()}, {
        k: np.array(v, float) for k, v in tails.items()
    }


def make_rig(arms_down_deg=0.0, rolls=None, scale=1.0, without=()):
    """A Rig. arms_down_deg: 0 for a T-pose, 45 for an A-pose. rolls: (B,) radians about the bones. without:
    bones left out."""
    heads, tails = humanoid_joints()
    for side, s in (("left", 1), ("right", -1)):
        pivot = heads[side + "UpperArm"].copy()
        turn = from_rotvec(np.array([0.0, s * np.radians(arms_down_deg), 0.0]))
        for bone in ("LowerArm", "Hand", "MiddleProximal"):
            heads[side + bone] = pivot + rotate(turn, heads[side + bone] - pivot)
        tails[side + "MiddleProximal"] = pivot + rotate(turn, tails[side + "MiddleProximal"] - pivot)
    bones = [name for name in HUMANOID if name in heads and name not in without]
    parents, rest, lengths = [], [], []
    for i, name in enumerate(bones):
        parent = HUMANOID[name]
        while parent is not None and parent not in bones:
            parent = HUMANOID[parent]
        parents.append(-1 if parent is None else bones.index(parent))
        child = next((c for c in bones if _ancestor(c, bones) == name), None)
        tail = tails.get(name, heads[child] if child else heads[name] + [0, 0, 0.1])
        along = unit(tail - heads[name])
        side = np.array([1.0, 0, 0]) if abs(along[0]) < 0.9 else np.array([0, 1.0, 0])
        axes = frame(along, side)  # its first column is along the bone
        turn = axes[:, [2, 0, 1]] @ to_matrix(
            from_rotvec(np.array([0.0, rolls[i] if rolls is not None else 0.0, 0.0]))
        )
        matrix = np.eye(4)
        matrix[:3, :3] = turn
        matrix[:3, 3] = heads[name] * scale
        rest.append(matrix)
        lengths.append(np.linalg.norm(tail - heads[name]) * scale)
    return Rig.from_matrices(bones, parents, rest, lengths)


def _ancestor(name, bones):
    parent = HUMANOID[name]
    while parent is not None and parent not in bones:
        parent = HUMANOID[parent]
    return parent


def cmu_body(clip):
    """(F, 21, 3) body joints of a CMU clip in metres, z up and facing −Y where the clip faces its +Z, and
    its fps.

    The face is set on the head's own axes: the skeleton has no eyes or ears.
    """
    with np.load(MOTION) as data:
        clips = list(data["clips"])
        start = int(data["lengths"][: clips.index(clip)].sum())
        rows = slice(start, start + int(data["lengths"][clips.index(clip)]))
        names = {str(n): i for i, n in enumerate(data["joint_names"])}
        positions = data["positions_m"][rows].astype(float)
        fps = float(data["fps"])
    positions = np.stack((positions[..., 0], -positions[..., 2], positions[..., 1]), axis=-1)
    out = np.full((len(positions), len(BODY), 3), np.nan)
    for side, cmu in (("left", "Left"), ("right", "Right")):
        for joint, bone in (
            ("shoulder", "Arm"),
            ("elbow", "ForeArm"),
            ("wrist", "Hand"),
            ("hip", "UpLeg"),
            ("knee", "Leg"),
            ("ankle", "Foot"),
            ("toe", "ToeBase"),
        ):
            out[:, BODY_INDEX[f"{side}_{joint}"]] = positions[:, names[cmu + bone]]
    head, neck = positions[:, names["Head"]], positions[:, names["Neck1"]]
    up = unit(head - neck)
    across = unit(positions[:, names["LeftArm"]] - positions[:, names["RightArm"]])
    axes = frame(across, up)
    middle = head + 0.05 * axes[..., 1]
    for name, place in (
        ("left_ear", (0.075, 0, 0)),
        ("right_ear", (-0.075, 0, 0)),
        ("left_eye", (0.03, 0.02, 0.09)),
        ("right_eye", (-0.03, 0.02, 0.09)),
        ("nose", (0, -0.04, 0.11)),
    ):
        out[:, BODY_INDEX[name]] = middle + axes @ np.array(place)
    return out, fps


@pytest.fixture(scope="session")
def cmu():
    """`cmu(clip)`: see cmu_body. Skips where the motion data is not there."""
    if not MOTION.exists():
        pytest.skip(f"motion data is not at {MOTION}; set MOCAP_MOTION")
    return cmu_body


@pytest.fixture(scope="session")
def humanoid():
    """`humanoid(arms_down_deg, rolls, scale, without)`: a Rig."""
    return make_rig


@pytest.fixture(scope="session")
def humanoid_rig():
    """The T-pose rig."""
    return make_rig()


@pytest.fixture
def standing(humanoid_rig):
    """(60, 21, 3) somebody who stands still, arms out, facing −Y, with a face."""
    joints = body_joints(humanoid_rig, humanoid_rig.rest)
    for name, place in (
        ("left_ear", (0.075, 0, 1.58)),
        ("right_ear", (-0.075, 0, 1.58)),
        ("left_eye", (0.03, -0.09, 1.6)),
        ("right_eye", (-0.03, -0.09, 1.6)),
        ("nose", (0, -0.11, 1.57)),
    ):
        joints[BODY_INDEX[name]] = place
    return np.repeat(joints[None], 60, axis=0)


@pytest.fixture
def worker():
    """A socket as a worker has one."""
    endpoint = Endpoint("127.0.0.1", 0)
    yield endpoint
    endpoint.close()

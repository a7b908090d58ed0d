"""What the keypoints of a model are: names in the order of its heatmaps, left-right pairs, limbs.

Names and orders are those of the datasets: COCO, AI Challenger, MPII, CrowdPose, AP-10K (APT-36K has the same),
COCO-WholeBody, InterHand2.6M (one hand) and the 52 markers on the model cards of SynthPose (17 of COCO, then 35
anatomical ones; Gozlan et al., "OpenCapBench", 2024). Limbs are for drawing and for telling how far a keypoint
may be from its neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from mocap_core.skeleton import COCO17

SIDES = (("left_", "right_"), ("L_", "R_"), ("l_", "r_"), ("lshoulder", "rshoulder"))


@dataclass(frozen=True)
class Skeleton:
    """keypoints: names. flip_pairs: (left, right), what a mirror exchanges. limbs: (from, to). All by index."""

    name: str
    keypoints: tuple[str, ...]
    flip_pairs: tuple[tuple[int, int], ...]
    limbs: tuple[tuple[int, int], ...]


def _skeleton(
    name: str, keypoints: tuple[str, ...], chains: list[str], pairs: tuple[tuple[int, int], ...] = ()
) -> Skeleton:
    """chains: keypoints that follow each other along a limb. pairs: those that no name tells."""
    index = {keypoint: i for i, keypoint in enumerate(keypoints)}
    mirrored = []
    for keypoint, i in index.items():
        for left, right in SIDES:
            if keypoint.startswith(left):
                mirrored.append((i, index[right + keypoint[len(left) :]]))
    limbs = [(index[a], index[b]) for chain in chains for a, b in pairwise(chain.split(", "))]
    return Skeleton(name, keypoints, (*mirrored, *pairs), tuple(limbs))


def _both(*chains: str) -> list[str]:
    """Chains of the left, and of the right side."""
    return [chain.replace("*", side) for side in ("left", "right") for chain in chains]


_COCO_CHAINS = [
    *_both("*_shoulder, *_elbow, *_wrist", "*_shoulder, *_hip, *_knee, *_ankle", "nose, *_eye, *_ear, *_shoulder"),
    "left_shoulder, right_shoulder",
    "left_hip, right_hip",
    "left_eye, right_eye",
]

_AIC14 = (
    *("right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist"),
    *("right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle"),
    *("head_top", "neck"),
)
_MPII16 = (
    *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
    *("pelvis", "thorax", "upper_neck", "head_top"),
    *("right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist"),
)
_CROWDPOSE14 = (
    *("left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"),
    *("left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle"),
    *("top_head", "neck"),
)
_AP10K17 = (
    *("L_Eye", "R_Eye", "Nose", "Neck", "Root of tail"),
    *("L_Shoulder", "L_Elbow", "L_F_Paw", "R_Shoulder", "R_Elbow", "R_F_Paw"),
    *("L_Hip", "L_Knee", "L_B_Paw", "R_Hip", "R_Knee", "R_B_Paw"),
)

_FINGERS = ("thumb", "forefinger", "middle_finger", "ring_finger", "pinky_finger")
_COCO133 = (
    *COCO17,
    *(f"{side}_{part}" for side in ("left", "right") for part in ("big_toe", "small_toe", "heel")),
    *(f"face-{i}" for i in range(68)),
    *(
        f"{side}_{part}"
        for side in ("left", "right")
        for part in ("hand_root", *(f"{finger}{i}" for finger in _FINGERS for i in range(1, 5)))
    ),
)
# The face's 68 points, by their number there: jaw, brows, nostrils, upper and lower lids, outer and inner lips.
# Left and right are the picture's, so the lower number is the person's right.
_FACE_ROWS = [
    *(list(range(0, 17)), list(range(17, 27)), list(range(31, 36)), [36, 37, 38, 39, 42, 43, 44, 45]),
    *([41, 40, 47, 46], list(range(48, 55)), list(range(59, 54, -1)), list(range(60, 65)), [67, 66, 65]),
]
_FACE = len(COCO17) + 6
_FACE_PAIRS = tuple(
    (_FACE + right, _FACE + left)
    for row in _FACE_ROWS
    for right, left in zip(row, reversed(row), strict=True)
    if row.index(right) < row.index(left)
)

_INTERHAND21 = (*(f"{finger}{i}" for finger in _FINGERS for i in range(4, 0, -1)), "wrist")

_SYNTHPOSE52 = (
    *COCO17,
    *("sternum", "rshoulder", "lshoulder", "r_lelbow", "l_lelbow", "r_melbow", "l_melbow"),
    *("r_lwrist", "l_lwrist", "r_mwrist", "l_mwrist", "r_ASIS", "l_ASIS", "r_PSIS", "l_PSIS"),
    *("r_knee", "l_knee", "r_mknee", "l_mknee", "r_ankle", "l_ankle", "r_mankle", "l_mankle"),
    *("r_5meta", "l_5meta", "r_toe", "l_toe", "r_big_toe", "l_big_toe", "l_calc", "r_calc"),
    *("C7", "L2", "T11", "T6"),
)


def _four(name: str) -> str:
    return ", ".join(f"{name}{i}" for i in range(1, 5))


SKELETONS: dict[str, Skeleton] = {
    skeleton.name: skeleton
    for skeleton in (
        _skeleton("coco17", COCO17, _COCO_CHAINS),
        _skeleton(
            "aic14",
            _AIC14,
            [
                *_both("neck, *_shoulder, *_elbow, *_wrist", "*_shoulder, *_hip, *_knee, *_ankle"),
                "head_top, neck",
                "left_hip, right_hip",
            ],
        ),
        _skeleton(
            "mpii16",
            _MPII16,
            [
                *_both("thorax, *_shoulder, *_elbow, *_wrist", "pelvis, *_hip, *_knee, *_ankle"),
                "pelvis, thorax, upper_neck, head_top",
            ],
        ),
        _skeleton(
            "crowdpose14",
            _CROWDPOSE14,
            [
                *_both("neck, *_shoulder, *_elbow, *_wrist", "*_shoulder, *_hip, *_knee, *_ankle"),
                "top_head, neck",
                "left_hip, right_hip",
            ],
        ),
        _skeleton(
            "ap10k17",
            _AP10K17,
            [
                "L_Eye, R_Eye, Nose, L_Eye",
                "Nose, Neck, Root of tail",
                *("Neck, L_Shoulder, L_Elbow, L_F_Paw", "Neck, R_Shoulder, R_Elbow, R_F_Paw"),
                *("Root of tail, L_Hip, L_Knee, L_B_Paw", "Root of tail, R_Hip, R_Knee, R_B_Paw"),
            ],
        ),
        _skeleton(
            "coco133",
            _COCO133,
            [
                *_COCO_CHAINS,
                *_both("*_ankle, *_big_toe", "*_ankle, *_small_toe", "*_ankle, *_heel"),
                *_both("*_wrist, *_hand_root"),
                *_both(*(f"*_hand_root, {_four('*_' + finger)}" for finger in _FINGERS)),
            ],
            _FACE_PAIRS,
        ),
        _skeleton("interhand21", _INTERHAND21, [f"wrist, {_four(finger)}" for finger in _FINGERS]),
        _skeleton(
            "synthpose52",
            _SYNTHPOSE52,
            [
                *_COCO_CHAINS,
                "C7, T6, T11, L2",
                "r_ASIS, l_ASIS, l_PSIS, r_PSIS, r_ASIS",
                *(
                    chain.replace("*", side)
                    for side in ("l", "r")
                    for chain in (
                        "sternum, *shoulder, *_lelbow, *_lwrist, *_mwrist, *_melbow, *shoulder",
                        "*_ASIS, *_knee, *_ankle, *_5meta, *_toe, *_big_toe, *_mankle, *_mknee",
                        "*_ankle, *_calc, *_mankle",
                    )
                ),
            ],
        ),
    )
}

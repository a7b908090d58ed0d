"""How far annotators differ on each keypoint: the constants of object keypoint similarity, a skeleton a row.

A constant σ is a keypoint's standard deviation as a share of the square root of the person's area. OKS uses
k = 2σ.

coco17      COCO's keypoint evaluation, cocodataset.org/#keypoints-eval.
crowdpose14 CrowdPose's evaluation, after COCO's; top of the head and neck take the shoulders' value.
aic14       AI Challenger 2017's evaluation. Its formula has no factor 2: its constants are these, doubled.
mpii16      adapted from COCO's as mmpose 1.x has them; only for removing duplicates, as MPII measures PCKh.
ap10k17     AP-10K's evaluation, for APT-36K as well: COCO's, in its own order.
coco133     COCO-WholeBody's evaluation: body, 6 of the feet, 68 of the face, 21 of each hand.

OCHuman has COCO's keypoints and constants. SynthPose's 52 and InterHand's 21 have none that are published.
"""

import numpy as np

_COCO = (26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89)
_FEET = (68, 66, 66, 92, 94, 94)
_FACE = (
    *(42, 43, 44, 43, 40, 35, 31, 25, 20, 23, 29, 32, 37, 38, 43, 41, 45),  # the jaw
    *(13, 12, 11, 11, 12, 12, 11, 11, 13, 15),  # brows
    *(9, 7, 7, 7, 12, 9, 8, 16, 10),  # nose
    *(17, 11, 9, 11, 9, 7, 13, 8, 11, 12, 10, 34),  # eyes
    *(8, 8, 9, 8, 8, 7, 10, 8, 9, 9, 9, 7, 7, 8, 11, 8, 8, 8, 10, 8),  # mouth
)
_HAND = (29, 22, 35, 37, 47, 26, 25, 24, 35, 18, 24, 22, 26, 17, 21, 21, 32, 20, 19, 22, 31)

SIGMAS = {
    name: np.array(values) / 1000
    for name, values in {
        "coco17": _COCO,
        "crowdpose14": (79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89, 79, 79),
        "mpii16": (89, 83, 107, 107, 83, 89, 26, 26, 26, 26, 62, 72, 179, 179, 72, 62),
        "ap10k17": (25, 25, 26, 35, 35, 79, 72, 62, 79, 72, 62, 107, 87, 89, 107, 87, 89),
        "coco133": (*_COCO, *_FEET, *_FACE, *_HAND, *_HAND),
    }.items()
} | {
    "aic14": np.array(
        [
            *(0.01388152, 0.01515228, 0.01057665, 0.01417709, 0.01497891, 0.01402144, 0.03909642),
            *(0.03686941, 0.01981803, 0.03843971, 0.03412318, 0.02415081, 0.01291456, 0.01236173),
        ]
    ),
}

#: COCO-WholeBody's parts: the annotation's field and where the part is among the 133.
WHOLEBODY_PARTS = {
    "body": ("keypoints", slice(0, 17)),
    "foot": ("foot_kpts", slice(17, 23)),
    "face": ("face_kpts", slice(23, 91)),
    "left_hand": ("lefthand_kpts", slice(91, 112)),
    "right_hand": ("righthand_kpts", slice(112, 133)),
}

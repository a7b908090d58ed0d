"""Skeletons as data: the published counts, mirrors that are mirrors, limbs between what is there."""

import pytest

from mocap_core.skeleton import COCO17, COCO_FLIP_PAIRS
from mocap_worker.vitpose.skeletons import SKELETONS

COUNTS = {
    "coco17": (17, 8),
    "aic14": (14, 6),
    "mpii16": (16, 6),
    "crowdpose14": (14, 6),
    "ap10k17": (17, 7),
    "coco133": (133, 8 + 3 + 29 + 21),
    "interhand21": (21, 0),
    "synthpose52": (52, 8 + 15),
}


@pytest.mark.parametrize("name", COUNTS)
def test_keypoints_and_pairs_are_as_many_as_published(name):
    skeleton = SKELETONS[name]
    assert (len(skeleton.keypoints), len(skeleton.flip_pairs)) == COUNTS[name]
    assert len(set(skeleton.keypoints)) == len(skeleton.keypoints)


def test_there_are_no_others():
    assert set(SKELETONS) == set(COUNTS) and all(key == value.name for key, value in SKELETONS.items())


@pytest.mark.parametrize("name", COUNTS)
def test_a_mirror_exchanges_each_side_once_and_keeps_the_middle(name):
    skeleton = SKELETONS[name]
    paired = [i for pair in skeleton.flip_pairs for i in pair]
    assert len(set(paired)) == len(paired)
    words = ("left", "right", "L_", "R_", "l_", "r_", "lshoulder", "rshoulder")
    sided = [i for i, keypoint in enumerate(skeleton.keypoints) if keypoint.startswith(words)]
    assert set(sided) <= set(paired)
    for left, right in skeleton.flip_pairs:
        a, b = skeleton.keypoints[left], skeleton.keypoints[right]
        assert a[0] in "lLf" and b[0] in "rRf" and (a[0] == "f") == (b[0] == "f")


@pytest.mark.parametrize("name", COUNTS)
def test_limbs_join_all_that_is_no_face_and_their_mirror_is_a_limb(name):
    skeleton = SKELETONS[name]
    limbs = {frozenset(limb) for limb in skeleton.limbs}
    assert len(limbs) == len(skeleton.limbs) and all(len(limb) == 2 for limb in limbs)
    joined = {i for limb in limbs for i in limb}
    assert {i for i, k in enumerate(skeleton.keypoints) if not k.startswith("face")} == joined
    swap = {a: b for pair in skeleton.flip_pairs for a, b in (pair, pair[::-1])}
    assert {frozenset(swap.get(i, i) for i in limb) for limb in limbs} == limbs


def test_coco_is_the_cores_and_begins_the_longer_ones():
    assert SKELETONS["coco17"].keypoints == COCO17 and SKELETONS["coco17"].flip_pairs == COCO_FLIP_PAIRS
    for name in ("coco133", "synthpose52"):
        assert SKELETONS[name].keypoints[:17] == COCO17
        assert SKELETONS[name].flip_pairs[:8] == COCO_FLIP_PAIRS


def test_the_face_is_mirrored_about_its_own_middle():
    pairs = {tuple(i - 23 for i in pair) for pair in SKELETONS["coco133"].flip_pairs if 23 <= pair[0] < 91}
    for pair in [(0, 16), (7, 9), (17, 26), (31, 35), (36, 45), (39, 42), (40, 47), (48, 54), (55, 59), (65, 67)]:
        assert pair in pairs or pair[::-1] in pairs
    in_the_middle = set(range(68)) - {i for pair in pairs for i in pair}
    assert in_the_middle == {8, 27, 28, 29, 30, 33, 51, 57, 62, 66}


def test_places_in_the_published_orders():
    def place(skeleton, keypoint):
        return SKELETONS[skeleton].keypoints.index(keypoint)

    assert (place("coco133", "left_heel"), place("coco133", "right_big_toe")) == (19, 20)
    assert (place("coco133", "face-0"), place("coco133", "left_hand_root")) == (23, 91)
    assert (place("coco133", "left_pinky_finger4"), place("coco133", "right_hand_root")) == (111, 112)
    assert (place("mpii16", "thorax"), place("aic14", "neck"), place("ap10k17", "R_Hip")) == (7, 13, 14)
    assert (place("synthpose52", "r_calc"), place("synthpose52", "T6")) == (47, 51)
    assert (place("interhand21", "thumb4"), place("interhand21", "wrist")) == (0, 20)

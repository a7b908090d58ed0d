"""Crops, decoding, the flip test and skeletons against mmpose's own."""

import cv2
import numpy as np
import pytest
import torch

pytest.importorskip("mmpose", reason="`python tests/mmpose/run.py` runs the tests against mmpose")
from mmpose.codecs import MSRAHeatmap, UDPHeatmap
from mmpose.datasets import datasets as mmpose_datasets
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.datasets.transforms import GetBBoxCenterScale, TopdownAffine
from mmpose.models.utils.tta import flip_heatmaps

from mocap_worker.evaluation.sigmas import SIGMAS
from mocap_worker.vitpose.codec import Codec, decode, flip_back
from mocap_worker.vitpose.skeletons import SKELETONS
from mocap_worker.vitpose.transforms import crop, crop_matrix, crop_of

SIZES = [(192, 256), (288, 384), (256, 256), (96, 128)]
METAINFO = {
    "coco17": "CocoDataset",
    "aic14": "AicDataset",
    "mpii16": "MpiiDataset",
    "crowdpose14": "CrowdPoseDataset",
    "ap10k17": "AP10KDataset",
    "coco133": "CocoWholeBodyDataset",
}


def mmpose_crop(image, box, size, udp):
    described = {"img": image, "bbox": box[None], "bbox_score": np.ones(1, np.float32)}
    return TopdownAffine(size, use_udp=udp).transform(GetBBoxCenterScale().transform(described))


def boxes_in(rng, width, height, count=12):
    """Boxes of many shapes, some partly beyond the picture."""
    corner = rng.uniform([-0.1 * width, -0.1 * height], [0.8 * width, 0.8 * height], (count, 2))
    size = rng.uniform(0.15, [0.5, 0.8], (count, 2)) * [width, height]
    return np.hstack([corner, corner + size]).astype(np.float32)


@pytest.mark.parametrize("udp", [True, False])
@pytest.mark.parametrize("size", SIZES)
def test_crops_equal_mmposes_within_a_grey_level(size, udp):
    """In a picture as sharp as a film's. OpenCV rounds places to 1/32 px and mmpose its matrices to float32, so that
    beside a step from black to white a rounding the other way gives 255/32 more or less, which the noise shows."""
    rng = np.random.default_rng(size[0] + udp)
    noise = rng.integers(0, 256, (480, 640, 3), dtype=np.uint8)
    soft = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2.5), None, 0, 255, cv2.NORM_MINMAX)
    for box in boxes_in(rng, 640, 480):
        centres, sizes = crop_of(box[None], size)
        inside = places_inside(crop_matrix(centres[0], sizes[0], size, udp), size, (640, 480))
        assert inside.any()
        for image, most, share in ((soft, 1, 0.05), (noise, 8, 0.05)):
            theirs = mmpose_crop(image, box, size, udp)
            assert np.abs(centres[0] - theirs["input_center"]).max() < 1e-3
            assert np.abs(sizes[0] - theirs["input_scale"]).max() < 1e-3
            ours = crop(image, centres, sizes, size, udp)[0]
            difference = np.abs(ours.astype(int) - theirs["img"].astype(int))[inside]
            assert difference.max() <= most, box
            assert (difference > 0).mean() < share, box


def places_inside(matrix, size, picture):
    """Which of a crop's pixels lie wholly in the picture: (height, width). Beyond, black is mixed in."""
    y, x = np.mgrid[: size[1], : size[0]]
    found_x, found_y = (x - matrix[0, 2]) / matrix[0, 0], (y - matrix[1, 2]) / matrix[1, 1]
    return (found_x > 0.1) & (found_x < picture[0] - 1.1) & (found_y > 0.1) & (found_y < picture[1] - 1.1)


def heatmaps_like_a_network(rng, people, keypoints, size):
    """Blobs at any place, some at the border, of several heights, on noise; a few maps of noise alone."""
    width, height = size
    y, x = np.mgrid[:height, :width]
    peak = rng.uniform([-0.5, -0.5], [width - 0.5, height - 0.5], (people, keypoints, 2))
    distance = (x - peak[..., 0, None, None]) ** 2 + (y - peak[..., 1, None, None]) ** 2
    maps = np.exp(-distance / 8) * rng.uniform(0.05, 1.1, (people, keypoints, 1, 1))
    maps += rng.normal(0, 0.01, maps.shape)
    maps[:, -2:] = rng.normal(0.2, 0.1, maps[:, -2:].shape)
    return maps.astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("udp", [True, False])
def test_decoding_equals_mmposes(size, udp, seed):
    rng = np.random.default_rng(seed)
    cells = (size[0] // 4, size[1] // 4)
    maps = heatmaps_like_a_network(rng, 5, 17, cells)
    maps[0, 3] = -0.1  # nothing to be found
    box = boxes_in(rng, 640, 480, 10)[:5]
    centres, sizes = crop_of(box, size)
    ours, scores = decode(
        torch.from_numpy(maps), torch.from_numpy(centres), torch.from_numpy(sizes), Codec(udp=udp, flip_shift=not udp)
    )
    codec = (UDPHeatmap if udp else MSRAHeatmap)(input_size=size, heatmap_size=cells, sigma=2)
    for person in range(5):
        keypoints, their_scores = codec.decode(maps[person])
        keypoints = keypoints[0] / size * sizes[person] + centres[person] - sizes[person] / 2
        found = their_scores[0] > 0
        assert np.array_equal(found, ~np.isnan(ours[person, :, 0].numpy()))
        # Where the step to the peak is larger than this there is no peak, but a slope or a plateau of noise: a division
        # by almost nothing, which is no one's twice.
        place = (keypoints - centres[person] + sizes[person] / 2) / sizes[person] * (np.array(cells) - udp)
        highest = maps[person].reshape(17, -1).argmax(axis=1)
        step = np.abs(place - np.stack([highest % cells[0], highest // cells[0]], axis=1)).max(axis=1)
        assert (step[found] <= 1.5)[:-2].all()
        difference = np.abs(ours[person].numpy() - keypoints).max(axis=1)
        assert difference[found & (step <= 1.5)].max() < 0.01
        assert np.abs(scores[person].numpy() - their_scores[0])[found].max() < 1e-6
    assert np.isnan(ours[0, 3]).all() and scores[0, 3] == 0


@pytest.mark.parametrize("shift", [False, True])
@pytest.mark.parametrize("skeleton", METAINFO)
def test_the_mirrored_pictures_heatmaps_equal_mmposes(skeleton, shift):
    metainfo = parse_pose_metainfo(getattr(mmpose_datasets, METAINFO[skeleton]).METAINFO)
    keypoints = len(SKELETONS[skeleton].keypoints)
    maps = torch.randn(2, keypoints, 64, 48, generator=torch.Generator().manual_seed(1))
    theirs = flip_heatmaps(maps.clone(), metainfo["flip_indices"], "heatmap", shift)
    assert torch.equal(flip_back(maps, SKELETONS[skeleton].flip_pairs, shift), theirs)


@pytest.mark.parametrize("skeleton", METAINFO)
def test_skeletons_and_sigmas_are_mmposes(skeleton):
    metainfo = parse_pose_metainfo(getattr(mmpose_datasets, METAINFO[skeleton]).METAINFO)
    ours = SKELETONS[skeleton]
    theirs = [metainfo["keypoint_id2name"][i] for i in range(metainfo["num_keypoints"])]
    assert [plain(name) for name in ours.keypoints] == [plain(name) for name in theirs]
    assert np.allclose(SIGMAS[skeleton], metainfo["sigmas"], rtol=0, atol=1e-6)


def plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(" ", "_")

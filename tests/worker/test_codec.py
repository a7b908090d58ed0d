"""Decoding heatmaps, against numbers worked out by hand and the recipe done the long way with OpenCV."""

import cv2
import numpy as np
import pytest
import torch

from mocap_worker.vitpose.codec import Codec, decode, flip_back

UDP = Codec()


def decoded(heatmaps, centre=(0.0, 0.0), size=None, codec=UDP):
    """Keypoints and scores of one person; by default in heatmap cells."""
    heatmaps = torch.as_tensor(np.asarray(heatmaps, np.float32))
    rows, columns = heatmaps.shape[-2:]
    if size is None:
        size = (columns - 1, rows - 1) if codec.udp else (columns, rows)
        centre = (size[0] / 2, size[1] / 2)
    keypoints, scores = decode(heatmaps[None], torch.tensor([centre]), torch.tensor([size]), codec)
    return keypoints[0].numpy(), scores[0].numpy()


def gaussian(x, y, rows=64, columns=48, sigma=2.0):
    row, column = np.mgrid[:rows, :columns]
    return np.exp(-((column - x) ** 2 + (row - y) ** 2) / (2 * sigma**2)).astype(np.float32)


def the_long_way(heatmap, kernel=11, border="black"):
    """UDP's decode in OpenCV and numpy, step by step: cells (x, y)."""
    y, x = np.unravel_index(heatmap.argmax(), heatmap.shape)
    if border == "mirror":
        blurred = cv2.GaussianBlur(heatmap, (kernel, kernel), 0)
    else:
        wide = cv2.GaussianBlur(np.pad(heatmap, kernel), (kernel, kernel), 0)
        blurred = wide[kernel:-kernel, kernel:-kernel]
        blurred = blurred * (heatmap.max() / blurred.max())
    log = np.pad(np.log(np.clip(blurred, 1e-3, 50)).astype(np.float64), 1, mode="edge")
    here = log[y : y + 3, x : x + 3]
    dx, dy = (here[1, 2] - here[1, 0]) / 2, (here[2, 1] - here[0, 1]) / 2
    dxx = here[1, 2] - 2 * here[1, 1] + here[1, 0]
    dyy = here[2, 1] - 2 * here[1, 1] + here[0, 1]
    dxy = (here[2, 2] - here[1, 2] - here[2, 1] + 2 * here[1, 1] - here[1, 0] - here[0, 1] + here[0, 0]) / 2
    hessian = np.array([[dxx, dxy], [dxy, dyy]]) + np.finfo(np.float32).eps * np.eye(2)
    return np.array([x, y]) - np.linalg.inv(hessian) @ [dx, dy]


def test_worked_by_hand():
    heatmap = np.ones((1, 64, 64))
    heatmap[0, 31, 31] = 2
    # A crop 0.32 · 200 px wide around 127. The map is symmetric about its peak, so there is no step.
    place = {"centre": (127.0, 127.0), "size": (64.0, 64.0)}
    plain, scores = decoded(heatmap, **place, codec=Codec(udp=False))
    assert plain[0].tolist() == [126, 126]  # 31 · 64 / 64 + 127 − 32
    assert scores[0] == 2
    unbiased, scores = decoded(heatmap, **place)
    assert unbiased[0] == pytest.approx([126.4921, 126.4921], abs=1e-3)  # 31 · 64 / 63 + 127 − 32
    assert scores[0] == 2


@pytest.mark.parametrize("x", [20.0, 20.3, 20.49, 30.75])
@pytest.mark.parametrize("y", [15.0, 40.2])
def test_a_gaussian_is_found_between_the_cells(x, y):
    keypoints, scores = decoded([gaussian(x, y)])
    assert keypoints[0] == pytest.approx([x, y], abs=0.005)
    assert 0.9 < scores[0] <= 1


def test_the_outermost_cells_lie_on_the_crops_edges():
    corners = [gaussian(0, 0, sigma=0.3), gaussian(47, 63, sigma=0.3)]
    keypoints, _ = decoded(corners, centre=(100.0, 200.0), size=(94.0, 126.0))
    assert keypoints[0] == pytest.approx([100 - 47, 200 - 63], abs=1.2)
    assert keypoints[1] == pytest.approx([100 + 47, 200 + 63], abs=1.2)


@pytest.mark.parametrize("border", ["black", "mirror"])
def test_random_maps_decode_as_done_the_long_way(border):
    random = np.random.default_rng(3)
    maps = []
    for _ in range(200):  # near the borders and so faint that the logarithm's limits matter, too
        peak = gaussian(random.uniform(-1, 48), random.uniform(-1, 64), sigma=random.uniform(1.5, 3))
        maps.append(random.choice([0.004, 0.2, 1]) * (peak + 0.02 * random.random((64, 48), np.float32)))
    keypoints, scores = decoded(maps, codec=Codec(border=border))
    expected = np.array([the_long_way(m.astype(np.float32), border=border) for m in maps])
    np.testing.assert_allclose(keypoints, expected, atol=2e-3)
    np.testing.assert_array_equal(scores, np.array(maps, np.float32).max(axis=(1, 2)))


@pytest.mark.parametrize("border", ["black", "mirror"])
@pytest.mark.parametrize(
    ("shape", "kernel"), [((4, 4), 3), ((8, 6), 7), ((6, 8), 11), ((24, 32), 17), ((64, 48), 5)]
)
def test_other_sizes_and_kernels_decode_as_done_the_long_way(shape, kernel, border):
    random = np.random.default_rng(kernel)
    maps = [gaussian(*(random.random(2) * shape[::-1]), *shape) for _ in range(20)]
    keypoints, _ = decoded(maps, codec=Codec(blur=kernel, border=border))
    np.testing.assert_allclose(keypoints, [the_long_way(m, kernel, border) for m in maps], atol=2e-3)


def test_flipping_back_undoes_a_mirror():
    pairs = ((1, 2),)
    person = np.stack([gaussian(20, 30), gaussian(10, 40), gaussian(33, 41)])
    mirrored = torch.from_numpy(person[[0, 2, 1], :, ::-1].copy())[None]  # what a perfect network would see
    assert torch.equal(flip_back(mirrored, pairs, shift=False)[0], torch.from_numpy(person))
    shifted = flip_back(mirrored, pairs, shift=True)[0]
    assert torch.equal(shifted[..., 1:], torch.from_numpy(person[..., :-1].copy()))
    assert torch.equal(shifted[..., 0], torch.from_numpy(person[..., 0].copy()))


def test_the_shift_makes_up_for_cells_that_stand_for_x_over_w():
    """A place x of W cells mirrors to W − x, one cell further than the W − 1 − x that turning the array gives."""
    codec = Codec(udp=False, flip_shift=True)
    mirrored = torch.from_numpy(gaussian(48 - 12, 30))[None, None]
    keypoints, _ = decoded(flip_back(mirrored, (), codec.flip_shift)[0].numpy(), codec=codec)
    assert keypoints[0] == pytest.approx([12, 30])


def test_people_are_decoded_each_in_their_own_crop():
    heatmaps = torch.from_numpy(np.stack([[gaussian(10, 20)], [gaussian(30, 40)]]))
    centre, size = torch.tensor([[100.0, 100.0], [300.0, 50.0]]), torch.tensor([[47.0, 63.0], [94.0, 126.0]])
    keypoints, scores = decode(heatmaps, centre, size, UDP)
    assert keypoints.shape == (2, 1, 2) and scores.shape == (2, 1)
    expected = [[[100 - 23.5 + 10, 100 - 31.5 + 20]], [[300 - 47 + 60, 50 - 63 + 80]]]
    np.testing.assert_allclose(keypoints, expected, atol=1e-3)


@pytest.mark.parametrize("codec", [UDP, Codec(udp=False)])
@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_a_map_with_nothing_above_zero_is_missing(codec, value):
    keypoints, scores = decoded([np.full((64, 48), value), gaussian(5, 6)], codec=codec)
    assert np.isnan(keypoints[0]).all() and scores[0] == 0
    assert np.isfinite(keypoints[1]).all() and scores[1] > 0


def test_a_flat_map_stays_where_it_is():
    keypoints, scores = decoded([np.full((64, 48), 0.5)])
    assert np.isfinite(keypoints).all() and scores[0] == 0.5


def test_without_udp_the_peak_moves_a_quarter_towards_its_larger_neighbour():
    heatmap = np.zeros((1, 64, 48), np.float32)
    heatmap[0, 10, 20] = 1
    heatmap[0, 10, 19], heatmap[0, 10, 21] = 0.5, 0.4  # left is larger
    heatmap[0, 9, 20], heatmap[0, 11, 20] = 0.1, 0.2  # below is larger
    keypoints, _ = decoded(heatmap, codec=Codec(udp=False))
    assert keypoints[0].tolist() == [19.75, 10.25]


def test_without_udp_a_peak_at_the_border_stays():
    heatmap = np.zeros((2, 64, 48), np.float32)
    heatmap[0, 0, 0] = heatmap[1, 63, 47] = 1
    keypoints, _ = decoded(heatmap, codec=Codec(udp=False))
    assert keypoints.tolist() == [[0, 0], [47, 63]]

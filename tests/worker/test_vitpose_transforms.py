"""Boxes to crops: UDP's mapping against a dense reference in floating point."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mocap_worker.vitpose.transforms import crop, crop_matrix, crop_of, crop_on_device, crop_places, normalise

INPUT = (192, 256)


def smooth_picture(height=240, width=320):
    row, column = np.mgrid[:height, :width]
    channels = [128 + 100 * np.sin(row / 17 + c) * np.cos(column / (23 + c)) for c in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def dense_crop(image, centre, size, input_size):
    """Each crop pixel by itself: where it lies in the picture, and the four pixels around that place."""
    width, height = input_size
    x = centre[0] - size[0] / 2 + np.arange(width) * size[0] / (width - 1)
    y = centre[1] - size[1] / 2 + np.arange(height) * size[1] / (height - 1)
    padded = np.pad(image.astype(np.float64), ((1, 1), (1, 1), (0, 0)))  # black outside
    x, y = np.clip(x, -1, image.shape[1]) + 1, np.clip(y, -1, image.shape[0]) + 1
    x0 = np.minimum(np.floor(x).astype(int), padded.shape[1] - 2)
    y0 = np.minimum(np.floor(y).astype(int), padded.shape[0] - 2)
    fx, fy = (x - x0)[None, :, None], (y - y0)[:, None, None]
    top = padded[y0][:, x0] * (1 - fx) + padded[y0][:, x0 + 1] * fx
    bottom = padded[y0 + 1][:, x0] * (1 - fx) + padded[y0 + 1][:, x0 + 1] * fx
    return top * (1 - fy) + bottom * fy


def test_a_box_grows_to_the_inputs_aspect_and_by_a_quarter():
    centres, sizes = crop_of(np.array([[10, 20, 110, 60], [0, 0, 30, 400]]), INPUT)
    assert centres.tolist() == [[60, 40], [15, 200]]
    assert sizes[0] == pytest.approx([125, 125 * 256 / 192])  # wide: the height grows
    assert sizes[1] == pytest.approx([500 * 192 / 256, 500])  # tall: the width grows


def test_no_boxes_give_no_crops():
    centres, sizes = crop_of(np.zeros((0, 4)), INPUT)
    assert crop(smooth_picture(), centres, sizes, INPUT).shape == (0, 256, 192, 3)


@pytest.mark.parametrize(
    "box", [(50, 30, 200, 220), (100.3, 60.7, 131.2, 99.9), (-40, -60, 100, 90), (250, 150, 400, 300)]
)
def test_crops_equal_a_dense_reference(box):
    image = smooth_picture()
    centres, sizes = crop_of(np.array([box]), INPUT)
    found = crop(image, centres, sizes, INPUT)[0].astype(float)
    expected = dense_crop(image, centres[0].astype(float), sizes[0].astype(float), INPUT)
    inside = expected.min(axis=-1) > 25  # the picture is nowhere darker; its border blends into black
    difference = np.abs(found - expected)[inside]
    assert inside.mean() > 0.2
    # OpenCV rounds places to 1/32 px and values to whole grey levels.
    assert np.percentile(difference, 99) <= 1.0 and difference.max() <= 4
    assert found[expected.max(axis=-1) == 0].max(initial=0) == 0


def test_udp_maps_corners_to_corner_pixels_and_plain_to_the_full_width():
    centre, size = np.array([60.0, 40.0]), np.array([96.0, 128.0])
    corners = np.array([[12.0, -24.0, 1.0], [108.0, 104.0, 1.0]])
    assert corners @ crop_matrix(centre, size, INPUT).T == pytest.approx(np.array([[0, 0], [191, 255]]))
    plain = corners @ crop_matrix(centre, size, INPUT, udp=False).T
    assert plain == pytest.approx(np.array([[0, 0], [192, 256]]))


def test_views_and_read_only_pictures_are_cropped_alike():
    image = smooth_picture()
    centres, sizes = crop_of(np.array([[50, 30, 200, 220]]), INPUT)
    expected = crop(image, centres, sizes, INPUT)
    reversed_view = np.ascontiguousarray(image[:, :, ::-1])[:, :, ::-1]
    image.flags.writeable = False
    assert (crop(reversed_view, centres, sizes, INPUT) == expected).all()
    assert (crop(image, centres, sizes, INPUT) == expected).all()


def test_normalised_channels_are_red_first():
    crops = torch.tensor([124, 116, 104], dtype=torch.uint8).expand(1, 2, 2, 3)
    images = normalise(crops)
    assert images.shape == (1, 3, 2, 2)
    expected = [(124 - 123.675) / 58.395, (116 - 116.28) / 57.12, (104 - 103.53) / 57.375]
    assert images[0, :, 1, 0].tolist() == pytest.approx(expected, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 700),
    st.integers(1, 700),
    st.tuples(st.floats(-300, 800), st.floats(-300, 800), st.floats(0.5, 900), st.floats(0.5, 900)),
    st.sampled_from([(192, 256), (96, 64), (48, 48)]),
    st.booleans(),
    st.integers(0, 99),
)
def test_crops_on_a_device_equal_opencvs(height, width, place, input_size, udp, seed):
    """To the last grey level, so that both ways of a frame show the network the same."""
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    x, y, wide, high = place
    centres, sizes = crop_of(np.array([[x, y, x + wide, y + high], [x, y, x + 1, y + 1]]), input_size)
    columns, rows = crop_places(centres, sizes, input_size, udp)
    pixels = torch.from_numpy(np.concatenate([image.reshape(-1, 3), np.full((9, 3), 77, np.uint8)]))
    found = crop_on_device(pixels, torch.tensor([width, height]), torch.from_numpy(columns), torch.from_numpy(rows))
    assert (found.numpy() == crop(image, centres, sizes, input_size, udp)).all()

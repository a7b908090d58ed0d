"""From a picture and boxes to what the network takes: crops in the model's shape, normalised.

The crop is UDP's: the corners of the box grown to the model's aspect and by 1.25 land on the centres of the
crop's corner pixels, so a crop of W px spans W − 1 steps. Without UDP it spans W.

On a CPU OpenCV crops; `crop_places` and `crop_on_device` do the same where the picture lies on another device.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import torch
from torch import Tensor

PADDING = 1.25
IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)


def crop_of(boxes: np.ndarray, input_size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The part of the picture that is shown to the network for each box.

    boxes: (N, 4) xyxy in px. input_size: (width, height) of the network's input.
    Returns centres (N, 2) and sizes (N, 2), width and height, in px, float32: the box's centre; the box grown
    to the input's aspect, and then by 1.25.
    """
    boxes = np.asarray(boxes, dtype=np.float32).reshape(-1, 4)
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    width, height = (boxes[:, 2:] - boxes[:, :2]).T
    aspect = np.float32(input_size[0] / input_size[1])
    size = np.stack([np.maximum(width, height * aspect), np.maximum(height, width / aspect)], axis=1)
    return centre, size * np.float32(PADDING)


def crop_matrix(
    centre: np.ndarray, size: np.ndarray, input_size: tuple[int, int], udp: bool = True
) -> np.ndarray:
    """(2, 3): from picture px to crop px, for one crop."""
    steps = np.array(input_size, dtype=np.float64) - (1 if udp else 0)
    scale = steps / size
    offset = scale * (size / 2 - np.asarray(centre, dtype=np.float64))
    return np.array([[scale[0], 0.0, offset[0]], [0.0, scale[1], offset[1]]])


def crop(
    image: np.ndarray,
    centres: np.ndarray,
    sizes: np.ndarray,
    input_size: tuple[int, int],
    udp: bool = True,
) -> np.ndarray:
    """Crops (N, height, width, 3) uint8 of a picture (H, W, 3) uint8: bilinear, black outside the picture."""
    image = np.ascontiguousarray(image)
    width, height = input_size
    crops = np.empty((len(centres), height, width, 3), dtype=np.uint8)
    for out, centre, size in zip(crops, centres, sizes, strict=True):
        matrix = crop_matrix(centre, size, input_size, udp)
        cv2.warpAffine(image, matrix, (width, height), dst=out, flags=cv2.INTER_LINEAR)
    return crops


def crop_places(
    centres: np.ndarray, sizes: np.ndarray, input_size: tuple[int, int], udp: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Where the columns and rows of each crop lie in the picture: (N, width) and (N, height), int32, in 1/32 px.

    A crop is not turned, so x depends on the column alone and y on the row. Rounded as OpenCV's warpAffine
    does it: to 1/1024 px, for x the way along the row and the row's start each by themselves, then to 1/32 px.
    """
    matrices = np.array([crop_matrix(c, s, input_size, udp) for c, s in zip(centres, sizes, strict=True)])
    scale, offset = matrices.reshape(-1, 2, 3)[:, [0, 1], [0, 1]], matrices.reshape(-1, 2, 3)[:, :, 2]
    inverse = scale[:, ::-1] * (1 / (scale[:, :1] * scale[:, 1:]))  # in this order, for the last bit's sake
    places = []
    for axis, count in enumerate(input_size):
        step, start = inverse[:, axis, None], -(inverse * offset)[:, axis, None]
        if axis == 0:
            place = np.rint(step * np.arange(count) * 1024) + np.rint(start * 1024) + 16
        else:
            place = np.rint((step * np.arange(count) + start) * 1024) + 16
        places.append((place.clip(-(2.0**30), 2.0**30).astype(np.int64) >> 5).astype(np.int32))
    return places[0], places[1]


def crop_on_device(pixels: Tensor, size: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """`crop` in whole numbers, on any device: (N, height, width, 3) uint8, black outside the picture.

    pixels: (P, 3) uint8, the picture row by row, with or without something behind it. size: (2,) the picture's
    width and height. columns, rows: as from `crop_places`. All on one device; nothing waits for the host, so
    that a CUDA graph can hold it.
    """
    x, y = columns.long(), rows.long()
    total = None
    for down in (0, 1):
        for right in (0, 1):
            at_x, at_y = (x >> 5) + right, (y >> 5) + down
            share_x = (x & 31 if right else 32 - (x & 31)) * ((at_x >= 0) & (at_x < size[0]))
            share_y = (y & 31 if down else 32 - (y & 31)) * ((at_y >= 0) & (at_y < size[1]))
            index = at_y.clamp(min=0)[:, :, None] * size[0] + at_x.clamp(min=0)[:, None, :]
            share = (share_y[:, :, None] * share_x[:, None, :]).int()
            # Outside the picture the share is 0, whatever pixel is read.
            taps = pixels[index.clamp(max=len(pixels) - 1)].int() * share[..., None]
            total = taps if total is None else total + taps
    return ((total + 512) >> 10).to(torch.uint8)


def normalise(
    crops: Tensor, mean: tuple[float, ...] = IMAGENET_MEAN, std: tuple[float, ...] = IMAGENET_STD
) -> Tensor:
    """Crops (N, H, W, 3) uint8 to the network's input (N, 3, H, W) float32, on the crops' device."""
    mean_rgb, std_rgb = _colours(mean, std, crops.device)
    return ((crops.float() - mean_rgb) / std_rgb).permute(0, 3, 1, 2).contiguous()


@lru_cache(maxsize=8)  # kept on the device: a CUDA graph cannot hold a copy to it
def _colours(mean: tuple[float, ...], std: tuple[float, ...], device: torch.device) -> tuple[Tensor, Tensor]:
    with torch.inference_mode(False):  # what is kept may be used in training later
        return torch.tensor(mean, device=device), torch.tensor(std, device=device)

"""From a picture and boxes to what the network takes: crops in the model's shape, normalised.

The crop is UDP's: the corners of the box grown to the model's aspect and by 1.25 land on the centres of the
crop's corner pixels, so a crop of W px spans W − 1 steps. Without UDP it spans W.
"""

from __future__ import annotations

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


def normalise(
    crops: Tensor, mean: tuple[float, ...] = IMAGENET_MEAN, std: tuple[float, ...] = IMAGENET_STD
) -> Tensor:
    """Crops (N, H, W, 3) uint8 to the network's input (N, 3, H, W) float32, on the crops' device."""
    mean_rgb = torch.tensor(mean, device=crops.device)
    std_rgb = torch.tensor(std, device=crops.device)
    return ((crops.float() - mean_rgb) / std_rgb).permute(0, 3, 1, 2).contiguous()

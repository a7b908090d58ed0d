"""From heatmaps to keypoints in the picture.

UDP (unbiased data processing): the centres of the outermost heatmap cells lie on the crop's edges, and the
peak is refined by one Newton step on the logarithm of the blurred map (Huang et al., "The Devil is in the
Details", CVPR 2020; Zhang et al., "Distribution-Aware Coordinate Representation", CVPR 2020).
Without UDP: the peak moves by a quarter cell towards its larger neighbour.

A head trained with one and decoded with the other is up to 3 px off across the crop, so the choice is part of
the model's config.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import torch
from torch import Tensor

# The logarithm needs positive values; these are the official limits.
LOG_RANGE = (1e-3, 50.0)
EPSILON = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class Codec:
    """How a head's heatmaps encode positions.

    udp: unbiased or not. blur: side of the Gaussian kernel in heatmap cells, odd; only used with UDP.
    flip_shift: whether the flip test moves the mirrored map 1 cell to the right.
    border: what the blur sees beyond the map. "black": zeros, and the blurred map is scaled back to the raw
    maximum, as mmpose 1.x does it. "mirror": the map's mirror image, as the official repository does it.
    """

    udp: bool = True
    blur: int = 11
    flip_shift: bool = False
    border: str = "black"


def decode(
    heatmaps: Tensor,
    centre: Tensor,
    size: Tensor,
    codec: Codec,
) -> tuple[Tensor, Tensor]:
    """Keypoints in picture pixels and their scores.

    heatmaps: (N, K, H, W). centre, size: (N, 2), the crop's centre and its width and height in picture px,
    as from transforms.crop_of. Returns (N, K, 2) px and (N, K), on the heatmaps' device.
    A score is the heatmap's raw maximum, so it may be slightly above 1. A map without anything above 0 gives
    NaN with score 0.
    """
    heatmaps = heatmaps.float()
    rows, columns = heatmaps.shape[2:]
    scores, flat = heatmaps.flatten(2).max(dim=2)
    x, y = flat % columns, torch.div(flat, columns, rounding_mode="floor")
    peak = torch.stack([x, y], dim=-1).float()
    if codec.udp:
        peak = peak + _newton_step(heatmaps, x, y, scores, codec)
        steps = columns - 1, rows - 1
    else:
        peak = peak + _quarter_step(heatmaps, x, y)
        steps = columns, rows
    # One axis at a time: a tensor made of two numbers would be a copy to the device, which no CUDA graph takes up.
    keypoints = torch.stack(
        [peak[..., i] * (size[:, i, None] / steps[i]) + (centre - size / 2)[:, i, None] for i in (0, 1)], dim=-1
    )
    found = scores > 0  # false for NaN, too
    return torch.where(found[..., None], keypoints, torch.nan), torch.where(found, scores, 0.0)


def flip_back(heatmaps: Tensor, flip_pairs: Sequence[tuple[int, int]], shift: bool) -> Tensor:
    """A mirrored picture's heatmaps as those of the picture itself: mirrored back, left and right exchanged.

    heatmaps: (N, K, H, W). flip_pairs: the keypoints that are each other's mirror image. shift: move the maps
    1 cell to the right (the first column stays), as heads without UDP need: mirroring turns around the middle
    of the W cells, while their cell x stands for the place x / W.
    """
    order = list(range(heatmaps.shape[1]))
    for left, right in flip_pairs:
        order[left], order[right] = right, left
    back = heatmaps[:, order].flip(-1)
    return torch.cat([back[..., :1], back[..., :-1]], dim=-1) if shift else back


def _newton_step(heatmaps: Tensor, x: Tensor, y: Tensor, scores: Tensor, codec: Codec) -> Tensor:
    """Where the blurred map's logarithm peaks, seen from its cell (x, y): (N, K, 2) in cells.

    A Gaussian is separable: the blurred map is G_y · map · G_xᵀ. Only the cell and its eight neighbours are
    needed; past the map's edge stands its outermost cell.
    """
    rows, columns = heatmaps.shape[2:]
    around = torch.arange(-1, 2, device=heatmaps.device)
    near_y = (y[..., None] + around).clamp(0, rows - 1)
    near_x = (x[..., None] + around).clamp(0, columns - 1)
    blur_y = _blur_matrix(rows, codec.blur, codec.border, heatmaps.device)
    blur_x = _blur_matrix(columns, codec.blur, codec.border, heatmaps.device)
    blurred = blur_y @ heatmaps @ blur_x.T
    near = blurred.flatten(2).gather(2, (near_y[..., :, None] * columns + near_x[..., None, :]).flatten(2))
    near = near.unflatten(2, (3, 3))
    if codec.border == "black":
        near = near * (scores / blurred.amax(dim=(2, 3)))[..., None, None]
    near = near.clamp(*LOG_RANGE).log()

    here, right, left = near[..., 1, 1], near[..., 1, 2], near[..., 1, 0]
    below, above = near[..., 2, 1], near[..., 0, 1]
    dx, dy = (right - left) / 2, (below - above) / 2
    dxx = right - 2 * here + left + EPSILON
    dyy = below - 2 * here + above + EPSILON
    dxy = (near[..., 2, 2] - right - below + 2 * here - left - above + near[..., 0, 0]) / 2
    determinant = dxx * dyy - dxy * dxy
    step = torch.stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy], dim=-1) / determinant[..., None]
    return torch.nan_to_num(step, nan=0.0, posinf=0.0, neginf=0.0)


def _quarter_step(heatmaps: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """A quarter cell towards the larger neighbour, none next to the border: (N, K, 2) in cells."""
    rows, columns = heatmaps.shape[2:]
    flat = heatmaps.flatten(2)

    def at(column: Tensor, row: Tensor) -> Tensor:
        index = row.clamp(0, rows - 1) * columns + column.clamp(0, columns - 1)
        return flat.gather(2, index[..., None])[..., 0]

    dx = torch.sign(at(x + 1, y) - at(x - 1, y)) * ((x > 1) & (x < columns - 1) & (y > 0))
    dy = torch.sign(at(x, y + 1) - at(x, y - 1)) * ((y > 1) & (y < rows - 1) & (x > 0))
    return torch.stack([dx, dy], dim=-1) / 4


@lru_cache(maxsize=32)
def _blur_matrix(size: int, kernel: int, border: str, device: torch.device) -> Tensor:
    """(size, size): row i holds what cell i of a blurred line takes from each."""
    radius = kernel // 2
    weights = cv2.getGaussianKernel(kernel, 0)[:, 0]  # OpenCV chooses the width by the kernel: σ 2.0 for 11
    offsets = np.arange(-radius, radius + 1)
    matrix = np.zeros((size, size))
    period = max(2 * (size - 1), 1)
    for row in range(size):
        source = row + offsets
        if border == "black":
            inside = (source >= 0) & (source < size)
            matrix[row, source[inside]] = weights[inside]
            continue
        # "reflect101": … 2 1 0 1 2 … without repeating the border cell
        source = source % period
        source = np.where(source >= size, period - source, source)
        np.add.at(matrix[row], source, weights)
    with torch.inference_mode(False):  # what is kept may be used in training later
        return torch.from_numpy(matrix.astype(np.float32)).to(device)

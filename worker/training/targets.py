"""What the network is asked for: heatmaps, the losses on them, and how often it is right.

UDP's convention: the outermost heatmap cells lie on the crop's outermost pixels, so cell = px · (cells − 1)
/ (size − 1).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP = 5, 6, 11, 12


def heatmap_targets(
    keypoints: Tensor,
    visible: Tensor,
    input_size: tuple[int, int],
    heatmap_size: tuple[int, int],
    sigma: float,
) -> Tensor:
    """Gaussians with sub-pixel centres, (N, K, rows, columns), peak 1; 0 where a keypoint is out of the crop.

    keypoints: (N, K, 2) px of the crop. visible: (N, K) bool. sigma: cells.
    """
    (width, height), (columns, rows) = input_size, heatmap_size
    x = keypoints[..., 0] * (columns - 1) / (width - 1)
    y = keypoints[..., 1] * (rows - 1) / (height - 1)
    inside = visible & (x > -0.5) & (y > -0.5) & (x < columns - 0.5) & (y < rows - 0.5)
    across = torch.exp(-((torch.arange(columns) - x[..., None]) ** 2) / (2 * sigma**2))
    down = torch.exp(-((torch.arange(rows) - y[..., None]) ** 2) / (2 * sigma**2))
    return down[..., :, None] * across[..., None, :] * inside[..., None, None]


def peaks(heatmaps: Tensor) -> Tensor:
    """The cell of each map's maximum as (N, K, 2) x, y."""
    flat = heatmaps.flatten(2).argmax(2)
    columns = heatmaps.shape[3]
    return torch.stack([flat % columns, flat // columns], -1).float()


def pck(predicted: Tensor, keypoints: Tensor, labelled: Tensor, share: float = 0.2) -> Tensor:
    """(N, K) 1 where a prediction is within `share` of the torso's length, 0 where not, NaN where unlabelled.

    The torso's length is that from left shoulder to right hip in px, a point out of the picture included.
    """
    torso = (keypoints[:, LEFT_SHOULDER] - keypoints[:, RIGHT_HIP]).norm(dim=-1).clamp(min=1.0)
    near = (predicted - keypoints).norm(dim=-1) <= share * torso[:, None]
    return torch.where(labelled, near.float(), torch.nan)


def peak_loss(heatmaps: Tensor, target: Tensor, sharpness: float = 10.0) -> Tensor:
    """Cross-entropy of where the peak is, over the keypoints there: it finds its way before MSE does."""
    there = target.flatten(2).amax(2) > 0
    log = F.log_softmax(sharpness * heatmaps.flatten(2), dim=2)
    weight = target.flatten(2)
    weight = weight / weight.sum(2, keepdim=True).clamp(min=1e-6)
    return (-(weight * log).sum(2) * there).sum() / there.sum().clamp(min=1)

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
    column, row = (torch.arange(cells, device=keypoints.device) for cells in heatmap_size)
    across = torch.exp(-((column - x[..., None]) ** 2) / (2 * sigma**2))
    down = torch.exp(-((row - y[..., None]) ** 2) / (2 * sigma**2))
    return down[..., :, None] * across[..., None, :] * inside[..., None, None]


def gaussian_targets(
    keypoints: Tensor,
    labelled: Tensor,
    input_size: tuple[int, int],
    heatmap_size: tuple[int, int],
    sigma: float,
    udp: bool = True,
) -> tuple[Tensor, Tensor]:
    """The papers' targets (N, K, rows, columns), peak 1, and their weights (N, K), 0 or 1.

    keypoints: (N, K, 2) px of the crop. labelled: (N, K) bool. sigma: cells. A Gaussian ends 3 σ from its centre's
    cell; a keypoint weighs nothing only where all of that is out of the map. With udp cells lie on the crop as for
    `heatmap_targets`, and the centre is between them; without it (MSRA's) a cell is 4 px and the centre the nearest
    one (Huang et al., "The Devil is in the Details", CVPR 2020; Xiao et al., "Simple Baselines", ECCV 2018).
    """
    less = 1 if udp else 0
    steps = [(cells - less) / (size - less) for cells, size in zip(heatmap_size, input_size, strict=True)]
    reach = int(3 * sigma)
    there, lines = labelled, []
    for axis, cells in enumerate(heatmap_size):
        at = keypoints[..., axis] * steps[axis]
        nearest = torch.trunc(at + 0.5)  # towards 0, as the official code rounds
        there = there & (nearest - reach < cells) & (nearest + reach + 1 >= 0)
        cell = torch.arange(cells, device=keypoints.device)
        line = torch.exp(-((cell - (at if udp else nearest)[..., None]) ** 2) / (2 * sigma**2))
        lines.append(line * ((cell - nearest[..., None]).abs() <= reach))
    across, down = lines
    maps = down[..., :, None] * across[..., None, :] * there[..., None, None]
    return maps, there.to(maps.dtype)


def heatmap_mse(heatmaps: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """The papers' loss: the mean over keypoints of the MSE of both maps, each multiplied by the weight (N, K)."""
    weight = weight[..., None, None]
    return F.mse_loss(heatmaps * weight, target * weight)


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

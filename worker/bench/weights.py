"""Weights to measure with where no trained ones are at hand.

A random network draws no heatmap that a rounding error could be judged by. Here the last layer is fitted to the
people in the clip that ships, by least squares, so that a simple head finds keypoints about where they are.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ..backends.precision import person_in_clip
from ..vitpose.model import ViTPose
from ..vitpose.model_config import ModelConfig
from ..vitpose.transforms import crop, crop_of, normalise

_FRAMES = range(0, 100, 10)
_RIDGE = 1e-4


@torch.no_grad()  # in inference mode its parameters could be used there alone, and a GPU's graph is captured outside it
def fitted_network(config: ModelConfig, seed: int = 0) -> ViTPose:
    """A random network of 17 keypoints whose last layer draws those of the person in the clip."""
    torch.manual_seed(seed)
    model = config.build().eval()
    last = model.keypoint_head.final_layer
    seen: list[Tensor] = []
    hook = last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    frames, boxes, keypoints = person_in_clip(_FRAMES)
    centres, sizes = crop_of(boxes, config.input_size)
    width, height = config.input_size[0] // 4, config.input_size[1] // 4
    row, column = np.mgrid[:height, :width]
    left, right = 0.0, 0.0
    for frame, centre, size, points in zip(frames, centres, sizes, keypoints, strict=True):
        crops = crop(frame, centre[None], size[None], config.input_size, config.codec.udp)
        model.as_published(normalise(torch.from_numpy(crops), config.mean, config.std))
        features = seen.pop()[0].flatten(1).T.double()
        features = torch.cat([features, torch.ones(len(features), 1)], dim=1)
        x, y = (((points - centre) / size + 0.5) * [width - 1, height - 1]).T[..., None, None]
        drawn = torch.from_numpy(np.exp(-((column - x) ** 2 + (row - y) ** 2) / 8)).flatten(1).T
        left, right = left + features.T @ features, right + features.T @ drawn
    hook.remove()
    ridge = _RIDGE * left.diagonal().mean() * torch.eye(len(left))
    solved = torch.linalg.solve(left + ridge, right).float()
    nn.init.zeros_(last.weight)
    middle = last.weight.shape[-1] // 2
    last.weight[:, :, middle, middle] = solved[:-1].T
    last.bias.copy_(solved[-1])
    return model

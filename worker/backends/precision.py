"""Whether a network in a lower precision finds what it finds in float32: measured, on people in pictures."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources

import av
import numpy as np
import torch
from torch import Tensor

from ..vitpose.codec import decode
from ..vitpose.model_config import ModelConfig
from ..vitpose.transforms import crop, crop_of

Network = Callable[[Tensor], Tensor]

LIMIT_PX = 0.25  # of the network's input
SHARE = 0.98  # of the keypoints; where two cells are as bright as each other, rounding may choose the other one
SURE = 0.3  # scores from which on a keypoint counts
_LEAST = 5
_FRAMES = range(0, 100, 30)


def sample_crops(config: ModelConfig) -> Tensor:
    """Crops (4, height, width, 3) uint8 of the person in the clip that ships."""
    folder = resources.files("mocap_worker.demo")
    crops = []
    with resources.as_file(folder / "clip_truth.npz") as truth, resources.as_file(folder / "clip.mp4") as clip:
        keypoints = np.load(truth)["keypoints"]
        with av.open(str(clip)) as opened:
            for number, frame in zip(range(max(_FRAMES) + 1), opened.decode(video=0), strict=False):
                if number in _FRAMES:
                    low, high = np.nanmin(keypoints[number], 0), np.nanmax(keypoints[number], 0)
                    centres, sizes = crop_of(np.concatenate([low, high])[None], config.input_size)
                    image = frame.to_ndarray(format="rgb24")
                    crops.append(crop(image, centres, sizes, config.input_size, config.codec.udp)[0])
    return torch.from_numpy(np.stack(crops))


def shifts_px(found: Tensor, expected: Tensor, config: ModelConfig) -> np.ndarray:
    """How far apart two networks' sure keypoints are, in px of the network's input.

    found, expected: heatmaps (N, K, H, W) on the CPU.
    """
    size = torch.tensor(config.input_size).float().expand(len(expected), 2)
    keypoints, scores = decode(expected, size / 2, size, config.codec)
    others, _ = decode(found, size / 2, size, config.codec)
    return (others - keypoints).norm(dim=-1)[scores >= SURE].numpy()


def agree(found: Tensor, expected: Tensor, config: ModelConfig) -> bool:
    """Whether the heatmaps' keypoints are close enough; false where there are too few to tell."""
    shifts = shifts_px(found, expected, config)
    return len(shifts) >= _LEAST and float((shifts <= LIMIT_PX).mean()) >= SHARE


@torch.inference_mode()
def run_on(network: Network, crops: Tensor, device: str = "cpu") -> Tensor:
    """Heatmaps of crops, one crop at a time: large models need little room that way."""
    return torch.cat([network(one[None].to(device)).cpu() for one in crops])

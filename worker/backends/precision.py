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


def person_in_clip(numbers: range) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Some frames of the clip that ships, (H, W, 3) uint8 RGB; the person's box in each, (N, 4) xyxy px, and their
    true keypoints, (N, 17, 2) px."""
    folder = resources.files("mocap_worker.demo")
    with resources.as_file(folder / "clip_truth.npz") as truth, resources.as_file(folder / "clip.mp4") as clip:
        keypoints = np.load(truth)["keypoints"][list(numbers)]
        with av.open(str(clip)) as opened:
            decoded = zip(range(max(numbers) + 1), opened.decode(video=0), strict=False)
            frames = [frame.to_ndarray(format="rgb24") for number, frame in decoded if number in numbers]
    return frames, np.concatenate([np.nanmin(keypoints, axis=1), np.nanmax(keypoints, axis=1)], axis=1), keypoints


def sample_crops(config: ModelConfig) -> Tensor:
    """Crops (4, height, width, 3) uint8 of that person."""
    frames, boxes, _ = person_in_clip(_FRAMES)
    centres, sizes = crop_of(boxes, config.input_size)
    crops = [
        crop(frame, centre[None], size[None], config.input_size, config.codec.udp)[0]
        for frame, centre, size in zip(frames, centres, sizes, strict=True)
    ]
    return torch.from_numpy(np.stack(crops))


def shifts_px(found: Tensor, expected: Tensor, config: ModelConfig) -> np.ndarray:
    """How far apart two networks' sure keypoints are, in px of the network's input.

    found, expected: heatmaps (N, K, H, W) on the CPU.
    """
    size = torch.tensor(config.input_size).float().expand(len(expected), 2)
    keypoints, scores = decode(expected, size / 2, size, config.codec)
    others, _ = decode(found, size / 2, size, config.codec)
    return (others - keypoints).norm(dim=-1)[scores >= SURE].double().numpy()


def agree(found: Tensor, expected: Tensor, config: ModelConfig) -> bool:
    """Whether the heatmaps' keypoints are close enough; false where there are too few to tell."""
    shifts = shifts_px(found, expected, config)
    return len(shifts) >= _LEAST and float((shifts <= LIMIT_PX).mean()) >= SHARE


@torch.inference_mode()
def run_on(network: Network, crops: Tensor, device: str = "cpu") -> Tensor:
    """Heatmaps of crops, one crop at a time: large models need little room that way."""
    return torch.cat([network(one[None].to(device)).cpu() for one in crops])

"""The way of a frame on a GPU: one copy in, then crop, normalise, network, decode there, one small copy out.

The frame stays uint8 until it is on the device, and of it only the rows that a crop looks at go there. On CUDA
what happens on the device is captured once as a graph and replayed, as the time would else go into launching
hundreds of small kernels. The same steps run uncaptured on any other device.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..vitpose.codec import decode
from ..vitpose.model_config import ModelConfig
from ..vitpose.transforms import crop_of, crop_on_device, crop_places
from .precision import Network

_MOST_PEOPLE = 16  # in one replay; more go in turns
_FIRST_PIXELS = 1920 * 1080


@dataclass
class _Program:
    """What runs for a number of crops: found on the device, and its place in the host's memory."""

    found: Tensor
    found_host: Tensor
    graph: torch.cuda.CUDAGraph | None


class LivePath:
    """Frames to keypoints on one device, one frame at a time."""

    def __init__(self, network: Network, config: ModelConfig, device: str) -> None:
        self._network, self._config = network, config
        self._device = torch.device(device)
        self._captures = self._device.type == "cuda"
        self._make_room(_FIRST_PIXELS)

    @torch.inference_mode()
    def infer(self, image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        """x, y and score of each keypoint, (N, K, 3) float32. image: (H, W, 3) uint8 RGB. boxes: (N, 4) xyxy px."""
        turns = [boxes[i : i + _MOST_PEOPLE] for i in range(0, len(boxes), _MOST_PEOPLE)]
        with torch.cuda.device(self._device) if self._captures else nullcontext():
            return np.concatenate([self._infer(image, turn) for turn in turns])

    def _infer(self, image: np.ndarray, boxes: np.ndarray) -> np.ndarray:
        config, count = self._config, len(boxes)
        people = 1 << (count - 1).bit_length()  # 1, 2, 4, 8 or 16, so that few programs are made
        boxes = np.concatenate([boxes, np.repeat(boxes[-1:], people - count, axis=0)])
        centres, sizes = crop_of(boxes, config.input_size)
        columns, rows = crop_places(centres, sizes, config.input_size, config.codec.udp)
        height, width = image.shape[:2]
        first = int(np.clip(rows.min() >> 5, 0, height - 1))
        strip = image[first : int(np.clip((rows.max() >> 5) + 2, first + 1, height))]
        if strip.size > 3 * self._pixels:
            self._make_room(strip.size // 3)

        table = np.concatenate([
            np.array([width, len(strip), 0, 0], np.int32), columns.ravel(), rows.ravel() - 32 * first,
            centres.view(np.int32).ravel(), sizes.view(np.int32).ravel(),
        ])  # fmt: skip
        host = self._host.numpy()
        host[: table.nbytes] = table.view(np.uint8)
        host[table.nbytes : table.nbytes + strip.size].reshape(strip.shape)[:] = strip
        sent = table.nbytes + strip.size
        self._bytes[:sent].copy_(self._host[:sent], non_blocking=True)

        if people not in self._programs:
            self._programs[people] = self._program(people)
        program = self._programs[people]
        if program.graph is not None:
            program.graph.replay()
        else:
            program.found = self._steps(people)
        program.found_host.copy_(program.found, non_blocking=self._captures)  # elsewhere nothing waits for it below
        if self._captures:
            torch.cuda.current_stream(self._device).synchronize()
        return program.found_host[:count].numpy().copy()

    def _steps(self, people: int) -> Tensor:
        """What happens on the device, from the bytes that were sent."""
        width, height = self._config.input_size
        counts = (4, people * width, people * height, 2 * people, 2 * people)
        table = self._bytes[: 4 * sum(counts)].view(torch.int32)
        size, columns, rows, centres, sizes = table.split(counts)
        pixels = self._bytes[4 * sum(counts) :][: 3 * self._pixels].view(-1, 3)
        crops = crop_on_device(pixels, size, columns.view(people, width), rows.view(people, height))
        centres, sizes = (part.view(torch.float32).view(people, 2) for part in (centres, sizes))
        keypoints, scores = decode(self._network(crops), centres, sizes, self._config.codec)
        return torch.cat([keypoints, scores[..., None]], dim=-1)

    def _program(self, people: int) -> _Program:
        if not self._captures:
            found = self._steps(people)
            return _Program(found, torch.empty(found.shape), None)
        aside = torch.cuda.Stream(self._device)
        aside.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(aside):
            for _ in range(3):  # libraries choose their kernels and take their memory before the capture
                self._steps(people)
        torch.cuda.current_stream(self._device).wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # a detector may run in another thread
                found = self._steps(people)
        except torch.OutOfMemoryError:
            raise
        except RuntimeError:  # a network with a step that no graph takes up: launched one by one, slower
            graph, found = None, self._steps(people)
        return _Program(found, torch.empty(found.shape, pin_memory=True), graph)

    def _make_room(self, pixels: int) -> None:
        """Memory for a frame's rows behind the largest table; what was captured knew the old place."""
        width, height = self._config.input_size
        table = 4 * (4 + _MOST_PEOPLE * (width + height + 4))
        self._pixels = pixels
        self._host = torch.zeros(table + 3 * pixels, dtype=torch.uint8, pin_memory=self._captures)
        self._bytes = torch.zeros(table + 3 * pixels, dtype=torch.uint8, device=self._device)
        self._programs: dict[int, _Program] = {}

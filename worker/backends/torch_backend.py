"""ViTPose by this program itself: PyTorch's model, run by what is fastest on the device."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from ..vitpose.codec import decode, flip_back
from ..vitpose.model import ViTPose
from ..vitpose.model_config import ModelConfig
from ..vitpose.skeletons import SKELETONS
from ..vitpose.transforms import crop, crop_of
from .backend import BackendError, checked, outside
from .choosing import choose_network
from .device import choose_device
from .live_path import LivePath
from .memory import enough_memory


class TorchBackend:
    """ViTPose, one picture and any number of boxes at a time.

    precision: "fp32"; "bf16" or "fp16", which round the matrices; "auto", which takes one of those where the device
    has it and keypoints stay within 0.25 px of the network's input. progress: called with what is being done
    and 0…1; loading warms everything up, so that the first frame is no slower than the others.
    engine: "openvino" or "torch", what runs the network.
    """

    def __init__(
        self,
        model: ViTPose,
        config: ModelConfig,
        device: str = "auto",
        precision: str = "fp32",
        progress: Callable[[str, float], None] = lambda message, share: None,
    ) -> None:
        self.config = config
        self.name = config.name
        self.skeleton = config.skeleton
        self.input_size = config.input_size
        self.device = choose_device(device)
        width, height = self.input_size
        with enough_memory(config, self.device):
            self._network, self.engine, self.precision = choose_network(
                model.eval(), config, self.device, precision, progress
            )
            self._live = None if self.device == "cpu" else LivePath(self._network, config, self.device)
            progress("Warming up", 0.8)
            for _ in range(2):
                self.infer(np.zeros((height, width, 3), np.uint8), np.array([[0, 0, width, height]]))

    def infer(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Keypoints of the person in each box, and how sure they are.

        image: (H, W, 3) uint8 RGB. boxes: (N, 4) xyxy px; they may reach beyond the picture.
        Returns (N, K, 2) px and (N, K), float32. A score is the heatmap's maximum, about 0…1; a keypoint that
        the heatmap does not show at all is NaN with score 0, as are all of a box that lies outside the picture.
        Raises ValueError for what is no picture or no boxes, BackendError where memory runs out.
        """
        image, boxes = checked(image, boxes)
        if len(boxes) == 0:
            keypoints = self.config.keypoints
            return np.zeros((0, keypoints, 2), np.float32), np.zeros((0, keypoints), np.float32)
        if self._live is not None:
            with enough_memory(self.config, self.device):
                found = self._live.infer(image, boxes)
            keypoints, scores = np.ascontiguousarray(found[..., :2]), np.ascontiguousarray(found[..., 2])
        else:
            centres, sizes = crop_of(boxes, self.input_size)
            crops = crop(image, centres, sizes, self.input_size, self.config.codec.udp)
            keypoints, scores = self.infer_crops(crops, centres, sizes)
        nothing = outside(image, boxes)
        keypoints[nothing], scores[nothing] = np.nan, 0.0
        return keypoints, scores

    def infer_crops(
        self, crops: np.ndarray, centres: np.ndarray, sizes: np.ndarray, flip_test: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `infer`, from crops that `transforms.crop` made.

        crops: (N, height, width, 3) uint8 RGB. centres, sizes: (N, 2) px in the picture, from `crop_of`.
        flip_test: average with the heatmaps of the mirrored crops, as the published figures do.
        """
        with torch.inference_mode(), enough_memory(self.config, self.device):
            pixels = torch.from_numpy(np.ascontiguousarray(crops)).to(self.device)
            heatmaps = self.heatmaps(pixels)
            if flip_test:
                mirrored = self.heatmaps(pixels.flip(2))
                heatmaps = (heatmaps + flip_back(mirrored, self._flip_pairs(), self.config.codec.flip_shift)) / 2
            place = torch.from_numpy(np.stack([centres, sizes]).astype(np.float32)).to(self.device)
            keypoints, scores = decode(heatmaps, place[0], place[1], self.config.codec)
            return keypoints.cpu().numpy(), scores.cpu().numpy()

    @torch.inference_mode()
    def heatmaps(self, crops: torch.Tensor) -> torch.Tensor:
        """Crops (N, height, width, 3) uint8 RGB on the device to heatmaps (N, K, height/4, width/4) float32."""
        return self._network(crops)

    def _flip_pairs(self) -> tuple[tuple[int, int], ...]:
        if self.skeleton not in SKELETONS:
            raise BackendError(
                f"The flip test needs to know left from right; {self.skeleton} is none of {', '.join(SKELETONS)}."
            )
        return SKELETONS[self.skeleton].flip_pairs

"""ViTPose in PyTorch."""

from __future__ import annotations

import numpy as np
import torch

from ..vitpose.codec import decode, flip_back
from ..vitpose.model import ViTPose
from ..vitpose.model_config import ModelConfig
from ..vitpose.transforms import crop, crop_of, normalise
from .backend import BackendError, checked
from .device import choose_device


class TorchBackend:
    """ViTPose in PyTorch, one picture and any number of boxes at a time.

    precision: "fp32", or "bf16", which rounds the matrices: faster where the CPU or GPU has it.
    """

    def __init__(self, model: ViTPose, config: ModelConfig, device: str = "auto", precision: str = "fp32") -> None:
        self.config = config
        self.name = config.name
        self.skeleton = config.skeleton
        self.input_size = config.input_size
        self.device = choose_device(device)
        self.precision = precision
        if precision not in ("fp32", "bf16"):
            raise BackendError(f"The precision is {precision!r}; expected fp32 or bf16.")
        self.model = model.eval().to(self.device)
        if precision == "bf16":
            _round_matrices(self.model)
        width, height = self.input_size
        # The first pictures are slow everywhere: memory is taken and kernels are chosen for these shapes.
        for _ in range(2):
            self.infer(np.zeros((height, width, 3), np.uint8), np.array([[0, 0, width, height]]))

    def infer(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Keypoints of the person in each box, and how sure they are.

        image: (H, W, 3) uint8 RGB. boxes: (N, 4) xyxy px; they may reach beyond the picture.
        Returns (N, K, 2) px and (N, K), float32. A score is the heatmap's maximum, about 0…1; a keypoint that
        the heatmap does not show at all is NaN with score 0.
        """
        image, boxes = checked(image, boxes)
        if len(boxes) == 0:
            keypoints = self.config.keypoints
            return np.zeros((0, keypoints, 2), np.float32), np.zeros((0, keypoints), np.float32)
        centres, sizes = crop_of(boxes, self.input_size)
        crops = crop(image, centres, sizes, self.input_size, self.config.codec.udp)
        return self.infer_crops(crops, centres, sizes)

    def infer_crops(
        self, crops: np.ndarray, centres: np.ndarray, sizes: np.ndarray, flip_test: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `infer`, from crops that `transforms.crop` made.

        crops: (N, height, width, 3) uint8 RGB. centres, sizes: (N, 2) px in the picture, from `crop_of`.
        flip_test: average with the heatmaps of the mirrored crops, as the published figures do.
        """
        with torch.inference_mode():
            pixels = torch.from_numpy(np.ascontiguousarray(crops)).to(self.device)
            heatmaps = self.heatmaps(pixels)
            if flip_test:
                mirrored = self.heatmaps(pixels.flip(2))
                heatmaps = (heatmaps + flip_back(mirrored, self._flip_pairs(), self.config.codec.flip_shift)) / 2
            place = torch.from_numpy(np.stack([centres, sizes]).astype(np.float32)).to(self.device)
            keypoints, scores = decode(heatmaps, place[0], place[1], self.config.codec)
            found = torch.cat([keypoints, scores[..., None]], dim=-1).cpu().numpy()
        return np.ascontiguousarray(found[..., :2]), np.ascontiguousarray(found[..., 2])

    @torch.inference_mode()
    def heatmaps(self, crops: torch.Tensor) -> torch.Tensor:
        """Crops (N, height, width, 3) uint8 RGB on the device to heatmaps (N, K, height/4, width/4)."""
        images = normalise(crops, self.config.mean, self.config.std)
        with torch.autocast(self.device.split(":")[0], torch.bfloat16, enabled=self.precision == "bf16"):
            return self.model(images).float()

    def _flip_pairs(self) -> tuple[tuple[int, int], ...]:
        from ..vitpose.skeletons import SKELETONS

        if self.skeleton not in SKELETONS:
            raise BackendError(
                f"The flip test needs to know left from right; {self.skeleton} is none of {', '.join(SKELETONS)}."
            )
        return SKELETONS[self.skeleton].flip_pairs


def _round_matrices(model: ViTPose) -> None:
    """Matrices and kernels to bfloat16, once; norms and positions stay in float32."""
    for module in model.modules():
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            module.to(torch.bfloat16)

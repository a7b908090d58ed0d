"""The network in PyTorch itself, on any device."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from ..vitpose.model_config import ModelConfig
from ..vitpose.transforms import normalise

HALVES = {"fp16": torch.float16, "bf16": torch.bfloat16}


class TorchNetwork:
    """A ViTPose on a device: crops to heatmaps.

    precision: "fp32", or "fp16" or "bf16", which round matrices and kernels; norms, positions and the sums along
    the residual stream stay in float32 (norms overflow in fp16). The model itself is left as it is.
    """

    def __init__(self, model: nn.Module, config: ModelConfig, device: str, precision: str) -> None:
        self.config, self._device_type = config, torch.device(device).type
        self._half = HALVES.get(precision)
        if self._device_type == "cuda":
            torch.backends.cudnn.allow_tf32 = False  # fp32 is to be fp32
        if self._half is not None:
            model = copy.deepcopy(model)
            for module in model.modules():
                if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
                    module.to(self._half)
        self.model = model.to(device)

    def __call__(self, crops: Tensor) -> Tensor:
        """Crops (N, height, width, 3) uint8 RGB on the device to heatmaps (N, K, height/4, width/4) float32."""
        images = normalise(crops, self.config.mean, self.config.std)
        if self._half is None:
            return self.model(images).float()
        # The cache of rounded weights has nothing to do, and a CUDA graph must not outlive it.
        with torch.autocast(self._device_type, self._half, cache_enabled=False):
            return self.model(images).float()

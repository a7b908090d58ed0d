"""Which program and which precision run the network on a device.

On a CPU it is OpenVINO (docs/performance.md has the comparison), and PyTorch where OpenVINO is missing or does
not give the same heatmaps; on a GPU it is PyTorch. Precision "auto" is half precision where the device has it
and the keypoints stay where they are in float32.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from ..vitpose.model_config import ModelConfig
from .backend import BackendError
from .precision import Network, agree, run_on, sample_crops
from .torch_network import TorchNetwork

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
_TOLERANCE = 1e-3  # of the heatmaps' range, between OpenVINO in float32 and PyTorch

Progress = Callable[[str, float], None]


def choose_network(
    model: nn.Module, config: ModelConfig, device: str, precision: str, progress: Progress
) -> tuple[Network, str, str]:
    """The network ready to run, the program ("openvino" or "torch") and the precision that were chosen.

    progress: told what is being done, and where something cannot be used, why. Raises BackendError.
    """
    if precision not in PRECISIONS:
        raise BackendError(f"The precision is {precision!r}; expected {', '.join(PRECISIONS)}.")
    if device == "cpu":
        if precision == "fp16":
            raise BackendError("A CPU is no faster in fp16; choose bf16, fp32 or auto.")
        try:
            return _openvino(model, config, precision, progress)
        except ImportError as error:
            progress(f"OpenVINO cannot be used ({error}); PyTorch runs instead, slower", 0.6)
        except _Differs as error:
            progress(f"{error}; PyTorch runs instead, slower", 0.6)
        precision = "fp32" if precision == "auto" else precision
        return TorchNetwork(model, config, device, precision), "torch", precision
    if precision == "auto":
        precision = _half_that_agrees(model, config, device, progress)
    return TorchNetwork(model, config, device, precision), "torch", precision


class _Differs(Exception):
    """OpenVINO gives something else than PyTorch."""


def _openvino(model: nn.Module, config: ModelConfig, precision: str, progress: Progress) -> tuple[Network, str, str]:
    from .openvino_network import OpenVinoNetwork, has_bf16

    if precision == "bf16" and not has_bf16():
        raise _Differs("This CPU has no bf16 that OpenVINO could use")
    wanted = ["bf16", "fp32"] if precision == "auto" and has_bf16() else [precision.replace("auto", "fp32")]
    progress("Looking at a few people in float32", 0.6)
    crops = sample_crops(config)
    expected = run_on(TorchNetwork(model, config, "cpu", "fp32"), crops)
    for tried in wanted:
        progress(f"Compiling the network in {tried}", 0.7)
        try:
            network = OpenVinoNetwork(model, config, tried, torch.get_num_threads())
            found = run_on(network, crops)
        except RuntimeError as error:  # what OpenVINO raises for whatever it cannot do
            raise _Differs(f"OpenVINO cannot run this model ({str(error).strip().splitlines()[-1]})") from error
        same = bool((found - expected).abs().max() <= _TOLERANCE * (expected.max() - expected.min()))
        if same or (tried == "bf16" and (precision == "bf16" or agree(found, expected, config))):
            return network, "openvino", tried
    raise _Differs("OpenVINO gives other heatmaps for this model than PyTorch")


def _half_that_agrees(model: nn.Module, config: ModelConfig, device: str, progress: Progress) -> str:
    progress("Looking at a few people in float32", 0.6)
    crops = sample_crops(config)
    expected = run_on(TorchNetwork(model, config, device, "fp32"), crops, device)
    for tried in ("fp16", "bf16"):
        progress(f"Trying {tried} on them", 0.65)
        if agree(run_on(TorchNetwork(model, config, device, tried), crops, device), expected, config):
            return tried
    return "fp32"

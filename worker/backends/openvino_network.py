"""The network in OpenVINO, which is what runs it fastest on a CPU (docs/performance.md has the comparison).

The torch model is traced and converted in memory; nothing is sent anywhere.
"""

# ruff: noqa: E402

from __future__ import annotations

import functools
import sys
import tempfile
import warnings
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

# OpenVINO tells its makers whenever it is imported, and asks nobody. Where this package is not to be had it does not.
sys.modules["openvino_telemetry"] = None

import openvino
from openvino.frontend import FrontEndManager
from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

from ..vitpose.model_config import ModelConfig
from ..vitpose.transforms import normalise

# What stays in float32 when matrices are rounded to bfloat16: sums along the residual stream, norms, and what draws the
# heatmaps, in the simple head three products. It halves the error and takes about a tenth longer. Multiplications do as
# well: a norm's scale in bfloat16 between float32 layers, with no bias added, comes out wrong altogether.
_FLOAT32_LAYERS = ("Add", "MVN", "Multiply")
_DRAWS_HEATMAPS = {"simple": ("MatMul", 3), "classic": ("Convolution", 1)}  # by head: the last so many of a kind


class OpenVinoNetwork:
    """A ViTPose on the CPU: crops to heatmaps. For one thread at a time.

    precision: "fp32" or "bf16". threads: how many of the CPU's to use.
    """

    def __init__(self, model: nn.Module, config: ModelConfig, precision: str, threads: int) -> None:
        settings = {
            "INFERENCE_PRECISION_HINT": {"fp32": "f32", "bf16": "bf16"}[precision],
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "ENABLE_CPU_PINNING": False,  # Blender runs beside
        }
        width, height = config.input_size
        converted = _convert(_Network(model, config).eval(), torch.zeros(1, height, width, 3, dtype=torch.uint8))
        converted.reshape({converted.input(0): openvino.PartialShape([1, height, width, 3])})
        if precision == "bf16":
            converted = _keep_in_float32(converted, *_DRAWS_HEATMAPS[config.head])
        self._request = _core().compile_model(converted, "CPU", settings).create_infer_request()

    def __call__(self, crops: Tensor) -> Tensor:
        """Crops (N, height, width, 3) uint8 RGB to heatmaps (N, K, height/4, width/4) float32."""
        return torch.cat([self._one(crop[None]) for crop in crops])

    def _one(self, crop: Tensor) -> Tensor:
        """One at a time: a batch is no faster on a CPU, and a shape that is known is a tenth faster than a free one."""
        self._request.infer({0: np.ascontiguousarray(crop.numpy())}, share_inputs=True)
        return torch.from_numpy(self._request.get_output_tensor(0).data.copy())


@functools.cache
def _core() -> openvino.Core:
    """The one for this process. Each gives the thread that first uses it a signal stack, and when several go away that
    thread can be left with one that is freed: the next signal, as Ctrl-C, would then kill the process."""
    return openvino.Core()


def has_bf16() -> bool:
    """Whether this CPU multiplies bfloat16 matrices by itself."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class _Network(nn.Module):
    """From uint8 on, so that nothing but the crops' bytes is handed over."""

    def __init__(self, model: nn.Module, config: ModelConfig) -> None:
        super().__init__()
        self.model, self.config = model, config

    def forward(self, crops: Tensor) -> Tensor:
        return self.model(normalise(crops, self.config.mean, self.config.std))


def _convert(network: nn.Module, example: Tensor) -> openvino.Model:
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch.jit is deprecated, and the tracer warns of fixed loops
        traced = torch.jit.trace(network, example, check_trace=False)
        decoder = TorchScriptPythonDecoder(traced)
        frontend = FrontEndManager().load_by_framework("pytorch")
        return frontend.convert(frontend.load(decoder))


def _keep_in_float32(model: openvino.Model, kind: str, last: int) -> openvino.Model:
    """The model with some layers, the `last` of a kind among them, marked to keep their precision.

    OpenVINO's Python has no call for that, but its file format has an attribute.
    """
    with tempfile.TemporaryDirectory(prefix="mocap-") as folder:
        file = Path(folder) / "network.xml"
        openvino.serialize(model, file, file.with_suffix(".bin"))
        network = ElementTree.parse(file).getroot()
        weights = np.fromfile(file.with_suffix(".bin"), np.uint8)
    layers = network.findall("layers/layer")
    drawing = [layer for layer in layers if layer.get("type") == kind][-last:]
    for layer in layers:
        if layer.get("type") in _FLOAT32_LAYERS or layer in drawing:
            notes = layer.find("rt_info")
            if notes is None:
                notes = ElementTree.Element("rt_info")
                layer.insert([child.tag for child in layer].index("input"), notes)
            ElementTree.SubElement(
                notes, "attribute", name="DisablePrecisionConversion", version="0", value="dynamic:f16"
            )
    return _core().read_model(ElementTree.tostring(network), openvino.Tensor(weights))

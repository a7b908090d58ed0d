"""What runs the network fastest on a CPU: PyTorch eager and compiled, ONNX Runtime, OpenVINO, in turns."""

from __future__ import annotations

import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..backends.openvino_network import OpenVinoNetwork, has_bf16
from ..backends.precision import sample_crops
from ..backends.torch_network import TorchNetwork
from ..vitpose.export import export_onnx
from ..vitpose.model import ViTPose
from ..vitpose.model_config import ModelConfig, load_model_config
from ..vitpose.transforms import normalise
from .weights import fitted_network

Network = Callable[[Tensor], Tensor]
_WARM_UP = 2


@torch.inference_mode()
def measure_engines(models: list[str], rounds: int) -> Iterator[dict]:
    """A case a model, engine and precision: milliseconds for one crop, and how far heatmaps are from PyTorch's.

    `error` is the largest difference over the heatmaps' range. Engines that cannot run here are left out.
    """
    for letter in models:
        config = load_model_config(f"vitpose_{letter.lower()}_simple_coco_256x192")
        crops = sample_crops(config)[:1]
        networks = dict(_networks(fitted_network(config), config, crops))
        expected = networks["torch/fp32"](crops)
        times: dict[str, list[float]] = {name: [] for name in networks}
        for turn in range(-_WARM_UP, rounds):
            for name, network in networks.items():
                start = time.perf_counter()
                network(crops)
                if turn >= 0:
                    times[name].append(1e3 * (time.perf_counter() - start))
        for name, network in networks.items():
            error = (network(crops) - expected).abs().max() / (expected.max() - expected.min())
            yield {
                "name": f"engines/{letter.lower()}/{name}",
                "threads": torch.get_num_threads(),
                "p50_ms": round(float(np.median(times[name])), 3),
                "p95_ms": round(float(np.percentile(times[name], 95)), 3),
                "ratio_vs_torch": round(float(np.median(times["torch/fp32"]) / np.median(times[name])), 3),
                "error": float(f"{error:.2g}"),
            }


def _networks(model: ViTPose, config: ModelConfig, crops: Tensor) -> Iterator[tuple[str, Network]]:
    threads = torch.get_num_threads()
    for precision in ["fp32", *(["bf16"] if has_bf16() else [])]:
        eager = TorchNetwork(model, config, "cpu", precision)
        yield f"torch/{precision}", eager
        compiled = TorchNetwork(model, config, "cpu", precision)
        compiled.model = torch.compile(compiled.model)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                compiled(crops)
            yield f"torch compiled/{precision}", compiled
        except RuntimeError:
            pass  # no C++ compiler here
        yield f"openvino/{precision}", OpenVinoNetwork(model, config, precision, threads)
    yield "onnxruntime/fp32", _onnxruntime(model, config, threads)


def _onnxruntime(model: ViTPose, config: ModelConfig, threads: int) -> Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    with tempfile.TemporaryDirectory(prefix="mocap-") as folder:
        file = Path(folder) / "network.onnx"
        export_onnx(model, config, file)
        session = onnxruntime.InferenceSession(file.read_bytes(), options, providers=["CPUExecutionProvider"])

    def network(crops: Tensor) -> Tensor:
        images = normalise(crops, config.mean, config.std).numpy()
        return torch.from_numpy(session.run(["heatmaps"], {"images": images})[0])

    return network

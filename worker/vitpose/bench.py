"""What one person in one picture takes, stage by stage: crop, network, decode.

Weights are random, as they make no difference to the time. transformers' network of the same shape, in
float32, runs on the same input in turn with ours, so that both meet the same machine; the ratio is of the
medians.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import torch

from ..backends import TorchBackend
from .codec import decode
from .model_config import load_model_config
from .transforms import crop, crop_of, normalise

PICTURE = (480, 640)
BOX = np.array([[220.0, 40.0, 420.0, 460.0]])


def measure_vitpose(
    sizes: str = "TSB",
    precisions: tuple[str, ...] = ("fp32", "bf16"),
    device: str = "auto",
    rounds: int = 30,
) -> Iterator[dict]:
    """Cases for `mocap bench`, one a size and precision, as they are measured.

    Times are milliseconds a frame with one person; `p50_ms` and `p95_ms` are of the whole, from the picture
    in memory to keypoints in memory. No flip test.
    """
    for size in sizes:
        config = load_model_config(f"vitpose_{size.lower()}_simple_coco_256x192")
        for precision in precisions:
            backend = TorchBackend(config.build(), config, device, precision)
            yield {"name": f"vitpose/{size.lower()}/{precision}", **measure_backend(backend, rounds)}


def measure_backend(backend: TorchBackend, rounds: int = 30) -> dict:
    """The whole and the stages of one backend, and the ratio to transformers where that is installed."""
    stages = _stages(backend)
    times: dict[str, list[float]] = {name: [] for name in stages}
    with torch.inference_mode():
        for turn in range(rounds + 2):
            for name, run in stages.items():
                start = time.perf_counter()
                run()
                if backend.device.startswith("cuda"):
                    torch.cuda.synchronize()
                if turn >= 2:  # the first ones warm up
                    times[name].append((time.perf_counter() - start) * 1e3)

    median = {name: float(np.median(values)) for name, values in times.items()}
    figures = {
        "device": backend.device,
        "precision": backend.precision,
        "threads": torch.get_num_threads(),
        "p50_ms": median["whole"],
        "p95_ms": float(np.percentile(times["whole"], 95)),
        "fps": 1e3 / median["whole"],
    }
    for stage in ("crop", "network", "decode"):
        figures[f"{stage}_ms_p50"] = median[stage]
        figures[f"{stage}_ms_p95"] = float(np.percentile(times[stage], 95))
    if "transformers" in median:
        figures["ratio_vs_transformers"] = median["transformers"] / median["network"]
    return {key: round(value, 3) if isinstance(value, float) else value for key, value in figures.items()}


def _stages(backend: TorchBackend) -> dict[str, Callable]:
    """What is measured, each ready to run."""
    config = backend.config
    image = np.random.default_rng(0).integers(0, 256, (*PICTURE, 3), dtype=np.uint8)
    centres, sizes = crop_of(BOX, config.input_size)
    pixels = torch.from_numpy(crop(image, centres, sizes, config.input_size)).to(backend.device)
    place = torch.from_numpy(np.stack([centres, sizes])).to(backend.device)
    heatmaps = backend.heatmaps(pixels)
    stages = {
        "whole": lambda: backend.infer(image, BOX),
        "crop": lambda: crop(image, *crop_of(BOX, config.input_size), config.input_size),
        "network": lambda: backend.heatmaps(pixels),
        "decode": lambda: decode(heatmaps, place[0], place[1], config.codec)[0].cpu(),
    }
    theirs = _transformers_network(backend)
    if theirs is not None:
        stages["transformers"] = lambda: theirs(normalise(pixels))
    return stages


def _transformers_network(backend: TorchBackend) -> Callable | None:
    try:
        from transformers import VitPoseBackboneConfig, VitPoseConfig, VitPoseForPoseEstimation
    except ImportError:
        return None
    config = backend.config
    shape = VitPoseBackboneConfig(
        image_size=config.input_size[::-1],
        hidden_size=config.dim,
        num_hidden_layers=config.depth,
        num_attention_heads=config.heads,
        out_indices=[config.depth],
    )
    described = VitPoseConfig(
        backbone_config=shape, num_labels=config.keypoints, use_simple_decoder=config.head == "simple"
    )
    return VitPoseForPoseEstimation(described).eval().to(backend.device)

"""`mocap bench worker`: from a decoded frame in memory to the packets' bytes, beside transformers and mmpose.

All programs take turns, round by round, so that a busy machine slows all of them and the ratios hold.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from mocap_core.lift import Lifter
from mocap_core.protocol import PosePacket, encode_pose

from ..backends import BackendError, TorchBackend, choose_device, shipped_checkpoint
from ..backends.precision import LIMIT_PX, person_in_clip, run_on, sample_crops, shifts_px
from ..source import Frame
from ..stream import Figures, Job, Outlet
from ..vitpose.checkpoint import CheckpointError, load_checkpoint
from ..vitpose.model import ViTPose
from ..vitpose.model_config import ModelConfig, load_model_config, shipped_configs
from .floor import OwnProducts, Peak, bandwidth_gb_s, finish, floor_of
from .jobs import Found, mmpose_job, our_stages, transformers_job
from .weights import fitted_network

_WARM_UP = 2


def measure_worker(
    models: list[str], people: int, device: str, rounds: int, checkpoint: str | None = None
) -> Iterator[dict]:
    """Cases for `mocap bench`, two a model: in float32 and in what "auto" chooses, where that is another.

    models: T, S, B, L, H or configs. checkpoint: weights for all of them; else those that ship, or random ones
    whose last layer is fitted to the clip. Raises ConfigError, CheckpointError or BackendError.
    """
    device = choose_device(device)
    gb_s = bandwidth_gb_s(device)
    for name in models:
        config = load_model_config(_config_of(name))
        model, weights = _network(config, checkpoint)
        yield from _measure(model, config, weights, people, device, rounds, gb_s)


def _config_of(name: str) -> str:
    short = f"vitpose_{name.lower()}_simple_coco_256x192"
    return short if short in shipped_configs() else name


def _network(config: ModelConfig, checkpoint: str | None) -> tuple[ViTPose, str]:
    """The network with weights, and what those are."""
    if checkpoint is None:
        try:
            checkpoint = str(shipped_checkpoint(config))
        except CheckpointError:
            if config.keypoints == 17:
                return fitted_network(config), "random, last layer fitted to the clip that ships"
            return config.build().eval(), "random"
    model = config.build().eval()
    load_checkpoint(model, checkpoint, config.name, config.dataset)
    return model, Path(checkpoint).name


def _measure(
    model: ViTPose, config: ModelConfig, weights: str, people: int, device: str, rounds: int, gb_s: float
) -> list[dict]:
    ours = [TorchBackend(model, config, device, "fp32")]
    quick = TorchBackend(model, config, device, "auto")
    if quick.precision != "fp32":
        ours.append(quick)
    peaks = {backend.precision: Peak(device, backend.precision) for backend in ours}
    products = {backend.precision: OwnProducts(config, people, device, backend.precision) for backend in ours}
    others = {}
    for name, make in (("transformers", transformers_job), ("mmpose", mmpose_job)):
        try:
            others[name] = make(model, config, device)
        except (ImportError, ValueError, BackendError):
            continue  # not installed, or it has no such model: its figures are then missing

    (image,), box, _ = person_in_clip(range(1))
    boxes = (box + np.arange(people)[:, None]).astype(np.float32)  # each a pixel further
    whole: dict[str, list[float]] = {}
    stages: dict[str, list[dict[str, float]]] = {}
    outlet = _Packets(config.skeleton)
    for turn in range(-_WARM_UP, rounds):
        jobs: dict[str, Callable[[np.ndarray, np.ndarray], Found]] = {b.precision: b.infer for b in ours} | others
        for name, job in jobs.items():
            start = time.perf_counter()
            outlet.send(image, *job(image, boxes))
            if turn >= 0:
                whole.setdefault(name, []).append(1e3 * (time.perf_counter() - start))
        for backend in ours:
            peaks[backend.precision]()
            products[backend.precision]()
            parts = our_stages(backend, image, boxes) | outlet.send(image, *backend.infer(image, boxes))
            if turn >= 0:
                stages.setdefault(backend.precision, []).append(parts)
        finish(device)

    cases = []
    for backend in ours:
        precision = backend.precision
        case = {
            "name": f"worker/{config.name}/{precision}/{device}",
            "device": torch.cuda.get_device_name(device) if device.startswith("cuda") else device,
            "engine": backend.engine,
            "precision": precision,
            "people": people,
            "threads": torch.get_num_threads(),
            "flip_test": "off everywhere",
            "weights": weights,
            **_percentiles("", whole[precision]),
            "fps": 1e3 / np.median(whole[precision]),
        }
        for stage in stages[precision][0]:
            case |= _percentiles(f"{stage}_", [parts[stage] for parts in stages[precision]])
        for other in others:
            case |= _percentiles(f"{other}_", whole[other])
            case[f"ratio_vs_{other}"] = np.median(whole[other]) / np.median(whole[precision])
        floor = floor_of(config, people, precision, peaks[precision].gflops, gb_s)
        network_ms = case.get("network_p50_ms", case["p50_ms"])
        case |= {
            "gflop": floor.gflop,
            "peak_gflops": peaks[precision].gflops,
            "bandwidth_gb_s": gb_s,
            "floor_ms": floor.ms,
            "network_over_floor": network_ms / floor.ms,
            "share_of_peak": floor.ms / network_ms,
            "own_products_ms": products[precision].ms,
            "share_of_own_products": products[precision].ms / network_ms,
        }
        if precision != "fp32":
            case |= _shifts(backend, ours[0], config)
        cases.append({key: round(float(v), 4) if isinstance(v, float) else v for key, v in case.items()})
    return cases


def _percentiles(name: str, values: list[float]) -> dict[str, float]:
    return {f"{name}p50_ms": np.percentile(values, 50), f"{name}p95_ms": np.percentile(values, 95)}


def _shifts(backend: TorchBackend, exact: TorchBackend, config: ModelConfig) -> dict[str, float]:
    """How far the keypoints are from float32's, in px of the network's input."""
    crops = sample_crops(config)
    shifts = shifts_px(
        run_on(backend.heatmaps, crops, backend.device), run_on(exact.heatmaps, crops, backend.device), config
    )
    if len(shifts) == 0:
        return {}
    return {
        "keypoints": len(shifts),
        "shift_px_p50": np.percentile(shifts, 50),
        "shift_px_p98": np.percentile(shifts, 98),
        "within_0_25_px": (shifts <= LIMIT_PX).mean(),
    }


class _Packets:
    """Lifts and encodes what was found in a frame, as a capture does."""

    def __init__(self, skeleton: str) -> None:
        self._encode_ms = 0.0
        self._frames = 0
        self._outlet = Outlet(Job("bench", "00000000"), skeleton, Lifter(), self._encode, Figures())

    def send(self, image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray) -> dict[str, float]:
        """Milliseconds of lifting to 3D and of encoding. keypoints: (N, K, 2) px. scores: (N, K)."""
        self._frames += 1
        start = time.perf_counter()
        frame = Frame(image, self._frames / 30, start)
        self._encode_ms = 0.0
        rows = {person: person for person in range(len(keypoints))}
        self._outlet.send(frame, 30.0, len(keypoints), rows, keypoints, scores)
        return {"lift": 1e3 * (time.perf_counter() - start) - self._encode_ms, "encode": self._encode_ms}

    def _encode(self, packet: PosePacket) -> None:
        start = time.perf_counter()
        encode_pose(packet)
        self._encode_ms += 1e3 * (time.perf_counter() - start)

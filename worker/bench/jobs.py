"""The same job three times: from a decoded frame in memory to the keypoints of the people in it.

Ours, transformers' (processor, model, post-processing) and mmpose's (`inference_topdown`), with the same weights,
boxes and threads, each without the flip test.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ..backends import TorchBackend
from ..vitpose.codec import decode
from ..vitpose.model import NORM_EPS, ViTPose
from ..vitpose.model_config import ModelConfig
from ..vitpose.transforms import crop, crop_of

Found = tuple[np.ndarray, np.ndarray]
Job = Callable[[np.ndarray, np.ndarray], Found]


def our_stages(backend: TorchBackend, image: np.ndarray, boxes: np.ndarray) -> dict[str, float]:
    """Milliseconds of crop, network and decode, as `infer` does them on a CPU; empty on a GPU, where they are one."""
    if backend.device != "cpu":
        return {}
    config = backend.config
    clock = [time.perf_counter()]
    centres, sizes = crop_of(boxes, config.input_size)
    pixels = torch.from_numpy(crop(image, centres, sizes, config.input_size, config.codec.udp))
    clock.append(time.perf_counter())
    heatmaps = backend.heatmaps(pixels)
    clock.append(time.perf_counter())
    decode(heatmaps, torch.from_numpy(centres), torch.from_numpy(sizes), config.codec)
    clock.append(time.perf_counter())
    return dict(zip(("crop", "network", "decode"), 1e3 * np.diff(clock), strict=True))


def transformers_job(model: ViTPose, config: ModelConfig, device: str) -> Job:
    """transformers' VitPose in float32. Raises ImportError where it is not installed, ValueError where it has no
    such model."""
    from transformers import (
        VitPoseBackboneConfig,
        VitPoseConfig,
        VitPoseForPoseEstimation,
        VitPoseImageProcessor,
    )

    if (config.ratio, config.attention, config.knowledge_token) != (1, "full", False):
        raise ValueError("transformers has no ViTPose with windows, features at 1/8 or a knowledge token")
    width, height = config.input_size
    backbone = VitPoseBackboneConfig(
        image_size=(height, width),
        hidden_size=config.dim,
        num_hidden_layers=config.depth,
        num_attention_heads=config.heads,
        layer_norm_eps=NORM_EPS,
        out_indices=[config.depth],
    )
    described = VitPoseConfig(
        backbone_config=backbone, num_labels=config.keypoints, use_simple_decoder=config.head == "simple"
    )
    theirs = VitPoseForPoseEstimation(described).eval().to(device)
    theirs.load_state_dict(transformers_weights(model.state_dict(), theirs.state_dict()))
    processor = VitPoseImageProcessor(size={"height": height, "width": width})

    @torch.inference_mode()
    def job(image: np.ndarray, boxes: np.ndarray) -> Found:
        xywh = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
        inputs = processor(image, boxes=[xywh], return_tensors="pt").to(device)
        people = processor.post_process_pose_estimation(theirs(**inputs), boxes=[xywh])[0]
        keypoints = torch.stack([person["keypoints"] for person in people]).cpu().numpy()
        return keypoints, torch.stack([person["scores"] for person in people]).cpu().numpy()

    return job


def mmpose_job(model: ViTPose, config: ModelConfig, device: str) -> Job:
    """mmpose's own. Raises ImportError where it is not installed, BackendError where it has no such model."""
    from ..backends.mmpose_backend import build_mmpose, inference_topdown

    theirs = build_mmpose(config.name, model, device)

    def job(image: np.ndarray, boxes: np.ndarray) -> Found:
        people = [sample.pred_instances for sample in inference_topdown(theirs, image[..., ::-1], boxes)]
        return np.concatenate([p.keypoints for p in people]), np.concatenate([p.keypoint_scores for p in people])

    return job


def transformers_weights(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Our weights under transformers' names, which splits query, key and value."""
    blocks = {
        "layernorm_before": "norm1",
        "layernorm_after": "norm2",
        "attention.output.dense": "attn.proj",
        "mlp.fc1": "mlp.fc1",
        "mlp.fc2": "mlp.fc2",
    }
    others = {
        "backbone.embeddings.position_embeddings": "backbone.pos_embed",
        "backbone.embeddings.patch_embeddings.projection": "backbone.patch_embed.proj",
        "backbone.layernorm": "backbone.last_norm",
        "head.deconv1": "keypoint_head.deconv_layers.0",
        "head.batchnorm1": "keypoint_head.deconv_layers.1",
        "head.deconv2": "keypoint_head.deconv_layers.3",
        "head.batchnorm2": "keypoint_head.deconv_layers.4",
        "head.conv": "keypoint_head.final_layer",
    }
    named = {}
    for key, value in theirs.items():
        name, _, kind = key.rpartition(".") if key not in others else (key, "", "")
        if ".layer." in name:
            number, _, part = name.partition(".layer.")[2].partition(".")
            block = f"backbone.blocks.{number}"
            if part.startswith("attention.attention."):
                which = ("query", "key", "value").index(part.rpartition(".")[2])
                found = ours[f"{block}.attn.qkv.{kind}"].chunk(3)[which]
            else:
                found = ours[f"{block}.{blocks[part]}.{kind}"]
        else:
            found = ours[f"{others[name]}.{kind}".rstrip(".")]
        named[key] = found.view(value.shape)
    return named

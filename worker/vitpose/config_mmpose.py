"""What a config in mmpose 1.x format says about a ViTPose, by the names of ModelConfig's fields.

Refuses what this program would run differently from mmpose. Of our own are `backbone.attention`, a dict of kind,
window and knowledge_token, which mmpose does not have, and the names `skeleton` and `dataset`, for data sets that
mmpose has no class for.
"""

from __future__ import annotations

from typing import Any

from .codec import Codec
from .config import ConfigError
from .config_fields import Fields
from .model import ATTENTIONS, DATASETS, PATCH, PATCH_PADDING
from .skeletons import SKELETONS
from .transforms import IMAGENET_MEAN, IMAGENET_STD

# Data sets' classes, the skeletons that they label, and whose head and expert goes with them.
LABELS = {
    "CocoDataset": ("coco17", "coco"),
    "OCHumanDataset": ("coco17", "coco"),
    "HumanArtDataset": ("coco17", "coco"),
    "AicDataset": ("aic14", "aic"),
    "MpiiDataset": ("mpii16", "mpii"),
    "CrowdPoseDataset": ("crowdpose14", "crowdpose"),
    "AP10KDataset": ("ap10k17", "ap10k"),
    "CocoWholeBodyDataset": ("coco133", "wholebody"),
}
# mmpretrain's names for sizes, as mmpose's own configs use them.
ARCHITECTURES = {
    "base": {"embed_dims": 768, "num_layers": 12, "num_heads": 12, "feedforward_channels": 3072},
    "large": {"embed_dims": 1024, "num_layers": 24, "num_heads": 16, "feedforward_channels": 4096},
    "huge": {"embed_dims": 1280, "num_layers": 32, "num_heads": 16, "feedforward_channels": 5120},
}
ARCHITECTURES |= {short[0]: arch for short, arch in ARCHITECTURES.items()}


def read_mmpose(fields: Fields) -> dict[str, Any]:
    """ModelConfig's fields but its name. Raises ConfigError."""
    fields.only("model.type", "TopdownPoseEstimator")
    described = _backbone(fields)
    described |= _head(fields, described["dim"], described["ratio"])
    described |= _codec(fields)
    width, height = described["input_size"]
    if fields.numbers("model.backbone.img_size", 2) != (height, width):
        raise fields.wrong("model.backbone.img_size", f"(height, width) = {height, width}")
    fields.only("model.data_preprocessor.bgr_to_rgb", True)
    described["mean"] = fields.numbers("model.data_preprocessor.mean", 3, IMAGENET_MEAN, float)
    described["std"] = fields.numbers("model.data_preprocessor.std", 3, IMAGENET_STD, float)
    return described | labels(fields, LABELS.get(str(fields.get("dataset_type"))), described["keypoints"])


def labels(fields: Fields, known: tuple[str, str] | None, keypoints: int) -> dict[str, str]:
    """The skeleton, and the data set whose head and expert is meant."""
    skeleton, dataset = known or (f"keypoints{keypoints}", "coco")
    if fields.get("skeleton") is not None:
        skeleton = fields.only("skeleton", *SKELETONS)
    if fields.get("dataset") is not None:
        dataset = fields.only("dataset", *DATASETS)
    if skeleton in SKELETONS and len(SKELETONS[skeleton].keypoints) != keypoints:
        raise ConfigError(
            f"{fields.path}: the head has {keypoints} outputs, but {skeleton} has "
            f"{len(SKELETONS[skeleton].keypoints)} keypoints; expected the same."
        )
    return {"skeleton": skeleton, "dataset": dataset}


def _backbone(fields: Fields) -> dict[str, Any]:
    at = "model.backbone"
    fields.only(f"{at}.type", "mmpretrain.VisionTransformer", "mmcls.VisionTransformer", "VisionTransformer")
    fields.only(f"{at}.patch_size", PATCH)
    stride = fields.only(f"{at}.patch_cfg.stride", *(PATCH // ratio for ratio in PATCH_PADDING), default=PATCH)
    fields.only(f"{at}.patch_cfg.padding", PATCH_PADDING[PATCH // stride])
    fields.only(f"{at}.qkv_bias", True, default=True)
    fields.only(f"{at}.with_cls_token", False)
    fields.only(f"{at}.final_norm", True, default=True)
    named = fields.get(f"{at}.arch")
    if isinstance(named, str):
        if named not in ARCHITECTURES:
            raise fields.wrong(f"{at}.arch", f"a dict or one of {', '.join(ARCHITECTURES)}")
        fields.values["model"]["backbone"]["arch"] = ARCHITECTURES[named]
    dim = fields.whole(f"{at}.arch.embed_dims", most=8192)
    heads = fields.whole(f"{at}.arch.num_heads", most=256)
    if fields.whole(f"{at}.arch.feedforward_channels", 4 * dim, most=100_000) != 4 * dim:
        raise fields.wrong(f"{at}.arch.feedforward_channels", f"four times embed_dims, {4 * dim}")
    if dim % heads or dim % 4:
        raise fields.wrong(f"{at}.arch.embed_dims", f"a multiple of num_heads, {heads}, and of 4")
    return {
        "dim": dim,
        "depth": fields.whole(f"{at}.arch.num_layers", most=256),
        "heads": heads,
        "drop_path": fields.number(f"{at}.drop_path_rate", 0.0, 0.0, 0.99),
        "ratio": PATCH // stride,
        "attention": fields.only(f"{at}.attention.kind", *ATTENTIONS, default="full"),
        "window": fields.numbers(f"{at}.attention.window", 2, (8, 8)),
        "knowledge_token": fields.only(f"{at}.attention.knowledge_token", True, False, default=False),
    }


def _head(fields: Fields, dim: int, ratio: int) -> dict[str, Any]:
    at = "model.head"
    fields.only(f"{at}.type", "HeatmapHead")
    if fields.whole(f"{at}.in_channels", dim, most=8192) != dim:
        raise fields.wrong(f"{at}.in_channels", f"the backbone's embed_dims, {dim}")
    if fields.get(f"{at}.deconv_out_channels", 0) == 0 or fields.get(f"{at}.deconv_kernel_sizes", 0) == 0:
        raise fields.wrong(f"{at}.deconv_out_channels", "it and deconv_kernel_sizes, as mmpose's default is three")
    widths, kernels = fields.widths(f"{at}.deconv_out_channels"), fields.widths(f"{at}.deconv_kernel_sizes")
    final = fields.get(f"{at}.final_layer.kernel_size", fields.get(f"{at}.extra.final_conv_kernel", 1))
    scale = fields.get("model.neck.scale_factor") if isinstance(fields.get("model.neck"), dict) else None
    head = head_named(fields, at, widths, kernels, final, scale, ratio)
    if head == "simple":
        fields.only("model.neck.type", "FeatureMapProcessor")
        fields.only("model.neck.apply_relu", True)
    return {"head": head, "keypoints": fields.whole(f"{at}.out_channels", most=1000)}


def head_named(fields: Fields, at: str, widths: tuple, kernels: tuple, final: Any, scale: Any, ratio: int) -> str:
    """ "classic" or "simple", whichever has these deconvolutions, last kernel and scale of the features."""
    doublings = 2 // ratio
    if (widths, kernels, final, scale) == ((256,) * doublings, (4,) * doublings, 1, None):
        return "classic"
    if (widths, kernels, final, scale) == ((), (), 3, 4 / ratio):
        return "simple"
    raise ConfigError(
        f"{fields.path}: {at} has deconvolutions {widths} with kernels {kernels}, a last kernel of {final} and "
        f"features scaled by {scale}; expected the classic head ({(256,) * doublings}, {(4,) * doublings}, 1, not "
        f"scaled) or the simple one ((), (), 3, scaled by {4 // ratio})."
    )


def _codec(fields: Fields) -> dict[str, Any]:
    at = "model.head.decoder"
    if not isinstance(fields.get(at), dict):
        raise ConfigError(f"{fields.path}: {at} is missing; expected codec = dict(type='UDPHeatmap', …).")
    udp = fields.only(f"{at}.type", "UDPHeatmap", "MSRAHeatmap") == "UDPHeatmap"
    if udp:
        fields.only(f"{at}.heatmap_type", "gaussian", default="gaussian")
    else:
        fields.only(f"{at}.unbiased", False, default=False)
    blur = fields.whole(f"{at}.blur_kernel_size", 11, most=101)
    if blur % 2 == 0:
        raise fields.wrong(f"{at}.blur_kernel_size", "an odd number")
    for loader in ("test_dataloader", "val_dataloader"):
        for step in fields.steps(f"{loader}.dataset.pipeline"):
            check_crop(fields, step, "TopdownAffine", udp)
    shift = fields.only("model.test_cfg.shift_heatmap", True, False, default=False)
    return {
        "codec": Codec(udp=udp, blur=blur, flip_shift=shift),
        "input_size": input_size(fields, f"{at}.input_size", f"{at}.heatmap_size"),
    }


def check_crop(fields: Fields, step: dict, kind: str, udp: bool) -> None:
    """The crop must be UDP's where the codec is: both or none."""
    if step.get("type") == kind and bool(step.get("use_udp", False)) != udp:
        raise ConfigError(
            f"{fields.path}: the codec {'is UDP' if udp else 'is not UDP'}, but {kind} has "
            f"use_udp={step.get('use_udp', False)!r}; expected {udp}."
        )


def input_size(fields: Fields, name: str, heatmaps: str) -> tuple[int, int]:
    """(width, height) px."""
    width, height = fields.numbers(name, 2)
    if width % PATCH or height % PATCH or max(width, height) > 2048:
        raise fields.wrong(name, f"(width, height) in multiples of {PATCH} up to 2048")
    if fields.numbers(heatmaps, 2) != (width // 4, height // 4):
        raise fields.wrong(heatmaps, f"a quarter of the input, {width // 4, height // 4}")
    return width, height

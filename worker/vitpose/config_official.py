"""What a config of the official repository (mmpose 0.x) says about a ViTPose, by the names of ModelConfig's fields."""

from __future__ import annotations

from typing import Any

from .codec import Codec
from .config import ConfigError
from .config_fields import Fields
from .config_mmpose import check_crop, head_named, input_size, labels
from .model import DATASETS, PATCH, PATCH_PADDING
from .transforms import IMAGENET_MEAN, IMAGENET_STD

TYPES = ("TopDown", "TopDownMoE")
LABELS = {
    "TopDownCocoDataset": ("coco17", "coco"),
    "TopDownOCHumanDataset": ("coco17", "coco"),
    "TopDownAicDataset": ("aic14", "aic"),
    "TopDownMpiiDataset": ("mpii16", "mpii"),
    "TopDownCrowdPoseDataset": ("crowdpose14", "crowdpose"),
    "AnimalAP10KDataset": ("ap10k17", "ap10k"),
    "TopDownCocoWholeBodyDataset": ("coco133", "wholebody"),
    "InterHand2DDataset": ("interhand21", "coco"),
}


def read_official(fields: Fields) -> dict[str, Any]:
    """ModelConfig's fields but its name. Raises ConfigError."""
    described = _backbone(fields)
    described |= _head(fields, described["dim"], described["ratio"])
    described |= _codec(fields)
    width, height = described["input_size"]
    if fields.numbers("model.backbone.img_size", 2) != (height, width):
        raise fields.wrong("model.backbone.img_size", f"(height, width) = {height, width}")
    described |= _colours(fields)
    described |= labels(fields, LABELS.get(str(fields.get("data.test.type"))), described["keypoints"])
    # APT-36K has AP-10K's class; what tells it are its number among the experts, or its folder.
    if described["dataset"] == "ap10k" and (
        fields.get("data_cfg.dataset_idx") == DATASETS.index("apt36k") or "36k" in str(fields.get("data_root"))
    ):
        described["dataset"] = "apt36k"
    return described


def _backbone(fields: Fields) -> dict[str, Any]:
    at = "model.backbone"
    fields.only(f"{at}.type", "ViT", "ViTMoE")
    fields.only(f"{at}.patch_size", PATCH)
    fields.only(f"{at}.qkv_bias", True)
    fields.only(f"{at}.mlp_ratio", 4, default=4)
    fields.only(f"{at}.last_norm", True, default=True)
    fields.only(f"{at}.hybrid_backbone", None)
    dim, heads = fields.whole(f"{at}.embed_dim", most=8192), fields.whole(f"{at}.num_heads", most=256)
    if dim % heads or dim % 4:
        raise fields.wrong(f"{at}.embed_dim", f"a multiple of num_heads, {heads}, and of 4")
    return {
        "dim": dim,
        "depth": fields.whole(f"{at}.depth", most=256),
        "heads": heads,
        "drop_path": fields.number(f"{at}.drop_path_rate", 0.0, 0.0, 0.99),
        "ratio": fields.only(f"{at}.ratio", *PATCH_PADDING, default=1),
    }


def _head(fields: Fields, dim: int, ratio: int) -> dict[str, Any]:
    at = "model.keypoint_head"
    fields.only(f"{at}.type", "TopdownHeatmapSimpleHead")
    if fields.whole(f"{at}.in_channels", most=8192) != dim:
        raise fields.wrong(f"{at}.in_channels", f"the backbone's embed_dim, {dim}")
    widths, kernels = fields.widths(f"{at}.num_deconv_filters"), fields.widths(f"{at}.num_deconv_kernels")
    if fields.whole(f"{at}.num_deconv_layers", 3, least=0) != len(widths):
        raise fields.wrong(f"{at}.num_deconv_layers", f"as many as num_deconv_filters, {len(widths)}")
    final = fields.get(f"{at}.extra.final_conv_kernel", 1)
    head = head_named(fields, at, widths, kernels, final, fields.get(f"{at}.upsample") or None, ratio)
    return {"head": head, "keypoints": fields.whole(f"{at}.out_channels", most=1000)}


def _codec(fields: Fields) -> dict[str, Any]:
    at = "model.test_cfg"
    udp = fields.only(f"{at}.use_udp", True, False, default=False)
    fields.only(f"{at}.post_process", "default")
    if udp:
        fields.only(f"{at}.target_type", "GaussianHeatmap", "GaussianHeatMap")
    blur = fields.whole(f"{at}.modulate_kernel", 11, most=101)
    if blur % 2 == 0:
        raise fields.wrong(f"{at}.modulate_kernel", "an odd number")
    for step in fields.steps("test_pipeline"):
        check_crop(fields, step, "TopDownAffine", udp)
    shift = fields.only(f"{at}.shift_heatmap", True, False, default=False)
    return {
        "codec": Codec(udp=udp, blur=blur, flip_shift=shift, border="mirror" if udp else "black"),
        "input_size": input_size(fields, "data_cfg.image_size", "data_cfg.heatmap_size"),
    }


def _colours(fields: Fields) -> dict[str, Any]:
    """The pipeline normalises colours from 0…1; here they are 0…255."""
    for step in fields.steps("test_pipeline"):
        if step.get("type") == "NormalizeTensor":
            for name, known in (("mean", IMAGENET_MEAN), ("std", IMAGENET_STD)):
                values = step.get(name)
                whole = isinstance(values, list | tuple) and all(isinstance(v, int | float) for v in values)
                if not whole or [round(255 * v, 3) for v in values] != [round(v, 3) for v in known]:
                    raise ConfigError(
                        f"{fields.path}: NormalizeTensor has {name}={values!r}; expected ImageNet's, "
                        f"{[round(v / 255, 3) for v in known]}."
                    )
    return {"mean": IMAGENET_MEAN, "std": IMAGENET_STD}

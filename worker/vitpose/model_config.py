"""What a config file says about a model: its network, its codec, its colours, its skeleton.

Takes the plain values that config.py reads from an mmpose 1.x config and refuses what this program would run
differently from mmpose.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from .codec import Codec
from .config import ConfigError, read_config
from .model import PATCH, PATCH_PADDING, ViTPose
from .transforms import IMAGENET_MEAN, IMAGENET_STD

DEFAULT_MODEL = "vitpose_t_simple_coco_256x192"

# mmpose's dataset classes and the skeletons they label.
SKELETONS = {
    "CocoDataset": "coco17",
    "AicDataset": "aic14",
    "MpiiDataset": "mpii16",
    "CrowdPoseDataset": "crowdpose14",
    "AP10KDataset": "ap10k17",
    "CocoWholeBodyDataset": "coco133",
}
# mmpretrain's names for sizes, as mmpose's own configs use them.
ARCHITECTURES = {
    "base": {"embed_dims": 768, "num_layers": 12, "num_heads": 12, "feedforward_channels": 3072},
    "large": {"embed_dims": 1024, "num_layers": 24, "num_heads": 16, "feedforward_channels": 4096},
    "huge": {"embed_dims": 1280, "num_layers": 32, "num_heads": 16, "feedforward_channels": 5120},
}
ARCHITECTURES |= {short[0]: arch for short, arch in ARCHITECTURES.items()}


@dataclass(frozen=True)
class ModelConfig:
    """One model. input_size: (width, height) px. mean, std: of the normalised input, RGB, 0…255."""

    name: str
    dim: int
    depth: int
    heads: int
    head: str
    keypoints: int
    input_size: tuple[int, int]
    drop_path: float = 0.0
    codec: Codec = field(default_factory=Codec)
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    skeleton: str = "coco17"

    def build(self) -> ViTPose:
        """The untrained network."""
        return ViTPose(
            dim=self.dim,
            depth=self.depth,
            heads=self.heads,
            head=self.head,
            keypoints=self.keypoints,
            input_size=self.input_size,
            drop_path=self.drop_path,
        )


def shipped_configs() -> list[str]:
    """Names of the models whose configs ship."""
    files = resources.files("mocap_worker.configs").iterdir()
    return sorted(file.name[:-3] for file in files if file.name.startswith("vitpose_"))


def load_model_config(name_or_path: str | Path = DEFAULT_MODEL) -> ModelConfig:
    """The model that a config describes: one that ships, by its name, or any, by its path.

    Raises ConfigError.
    """
    if str(name_or_path) in shipped_configs():
        path = Path(str(resources.files("mocap_worker.configs"))) / f"{name_or_path}.py"
    elif str(name_or_path).endswith(".py"):
        path = Path(name_or_path)
    else:
        raise ConfigError(
            f"There is no config {str(name_or_path)!r}: give a path to a .py file or one of "
            f"{', '.join(shipped_configs())}."
        )
    return _Fields(path, read_config(path)).model_config()


class _Fields:
    """Looks values up by dotted names, with errors that say which file and which name."""

    def __init__(self, path: Path, values: dict[str, Any]) -> None:
        self.path = path
        self.values = values

    def get(self, name: str, default: Any = None) -> Any:
        value: Any = self.values
        for part in name.split("."):
            if not isinstance(value, dict) or part not in value:
                return default
            value = value[part]
        return value

    def wrong(self, name: str, expected: str) -> ConfigError:
        return ConfigError(f"{self.path}: {name} is {self.get(name)!r}; expected {expected}.")

    def whole(self, name: str, default: int | None = None, least: int = 1, most: int = 10_000) -> int:
        value = self.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.wrong(name, f"a whole number from {least} to {most:,}")
        return value

    def number(self, name: str, default: float, least: float, most: float) -> float:
        value = self.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
            raise self.wrong(name, f"a number from {least} to {most}")
        return float(value)

    def numbers(self, name: str, count: int, default: Any = None, kind: type = int) -> tuple:
        values = self.get(name, default)
        kinds = (int,) if kind is int else (int, float)
        if isinstance(values, list | tuple) and len(values) == count:
            if all(isinstance(v, kinds) and not isinstance(v, bool) and 0 < v < 10_000 for v in values):
                return tuple(kind(v) for v in values)
        raise self.wrong(name, f"{count} positive numbers")

    def only(self, name: str, *supported: Any, default: Any = None) -> Any:
        value = self.get(name, default)
        if value not in supported:
            raise self.wrong(name, " or ".join(repr(value) for value in supported))
        return value

    def model_config(self) -> ModelConfig:
        if not isinstance(self.get("model"), dict):
            raise ConfigError(f"{self.path} has no model = dict(…), so it describes no model.")
        self.only("model.type", "TopdownPoseEstimator")
        dim, depth, heads = self.backbone()
        head, keypoints = self.head_and_keypoints(dim)
        codec, input_size = self.codec(keypoints)
        if self.numbers("model.backbone.img_size", 2) != (input_size[1], input_size[0]):
            raise self.wrong("model.backbone.img_size", f"(height, width) = {input_size[1], input_size[0]}")
        self.only("model.data_preprocessor.bgr_to_rgb", True)
        dataset = self.get("dataset_type")
        return ModelConfig(
            name=self.path.stem,
            dim=dim,
            depth=depth,
            heads=heads,
            head=head,
            keypoints=keypoints,
            input_size=input_size,
            drop_path=self.number("model.backbone.drop_path_rate", 0.0, 0.0, 0.99),
            codec=codec,
            mean=self.numbers("model.data_preprocessor.mean", 3, IMAGENET_MEAN, float),
            std=self.numbers("model.data_preprocessor.std", 3, IMAGENET_STD, float),
            skeleton=SKELETONS.get(str(dataset), f"keypoints{keypoints}"),
        )

    def backbone(self) -> tuple[int, int, int]:
        at = "model.backbone"
        self.only(f"{at}.type", "mmpretrain.VisionTransformer", "mmcls.VisionTransformer", "VisionTransformer")
        self.only(f"{at}.patch_size", PATCH)
        self.only(f"{at}.patch_cfg.padding", PATCH_PADDING)
        self.only(f"{at}.qkv_bias", True, default=True)
        self.only(f"{at}.with_cls_token", False)
        self.only(f"{at}.final_norm", True, default=True)
        named = self.get(f"{at}.arch")
        if isinstance(named, str):
            if named not in ARCHITECTURES:
                raise self.wrong(f"{at}.arch", f"a dict or one of {', '.join(ARCHITECTURES)}")
            self.values["model"]["backbone"]["arch"] = ARCHITECTURES[named]
        dim = self.whole(f"{at}.arch.embed_dims", most=8192)
        heads = self.whole(f"{at}.arch.num_heads", most=256)
        depth = self.whole(f"{at}.arch.num_layers", most=256)
        if self.whole(f"{at}.arch.feedforward_channels", 4 * dim, most=100_000) != 4 * dim:
            raise self.wrong(f"{at}.arch.feedforward_channels", f"four times embed_dims, {4 * dim}")
        if dim % heads or dim % 4:
            raise self.wrong(f"{at}.arch.embed_dims", f"a multiple of num_heads, {heads}, and of 4")
        return dim, depth, heads

    def head_and_keypoints(self, dim: int) -> tuple[str, int]:
        at = "model.head"
        self.only(f"{at}.type", "HeatmapHead")
        if self.whole(f"{at}.in_channels", dim, most=8192) != dim:
            raise self.wrong(f"{at}.in_channels", f"the backbone's embed_dims, {dim}")
        keypoints = self.whole(f"{at}.out_channels", most=1000)
        widths = self.get(f"{at}.deconv_out_channels", (256, 256, 256))
        kernels = self.get(f"{at}.deconv_kernel_sizes", (4, 4, 4))
        final = self.get(f"{at}.final_layer.kernel_size", self.get(f"{at}.extra.final_conv_kernel", 1))
        for name, values in (("deconv_out_channels", widths), ("deconv_kernel_sizes", kernels)):
            if values is not None and not isinstance(values, list | tuple):
                raise self.wrong(f"{at}.{name}", "a list")
        widths, kernels = tuple(widths or ()), tuple(kernels or ())
        has_neck = isinstance(self.get("model.neck"), dict)
        if (widths, kernels, final, has_neck) == ((256, 256), (4, 4), 1, False):
            return "classic", keypoints
        if (widths, kernels, final, has_neck) == ((), (), 3, True):
            self.only("model.neck.type", "FeatureMapProcessor")
            self.only("model.neck.scale_factor", 4)
            self.only("model.neck.apply_relu", True)
            return "simple", keypoints
        raise ConfigError(
            f"{self.path}: model.head has deconvolutions {widths} with kernels {kernels}, a last kernel of "
            f"{final} and {'a' if has_neck else 'no'} neck; expected the classic head ((256, 256), (4, 4), "
            "1, no neck) or the simple one ((), (), 3, a FeatureMapProcessor neck)."
        )

    def codec(self, keypoints: int) -> tuple[Codec, tuple[int, int]]:
        at = "model.head.decoder"
        if not isinstance(self.get(at), dict):
            raise ConfigError(f"{self.path}: {at} is missing; expected codec = dict(type='UDPHeatmap', …).")
        udp = self.only(f"{at}.type", "UDPHeatmap", "MSRAHeatmap") == "UDPHeatmap"
        if udp:
            self.only(f"{at}.heatmap_type", "gaussian", default="gaussian")
        else:
            self.only(f"{at}.unbiased", False, default=False)
        width, height = self.numbers(f"{at}.input_size", 2)
        if width % PATCH or height % PATCH or max(width, height) > 2048:
            raise self.wrong(f"{at}.input_size", f"(width, height) in multiples of {PATCH} up to 2048")
        if self.numbers(f"{at}.heatmap_size", 2) != (width // 4, height // 4):
            raise self.wrong(f"{at}.heatmap_size", f"a quarter of input_size, {width // 4, height // 4}")
        blur = self.whole(f"{at}.blur_kernel_size", 11, most=101)
        if blur % 2 == 0:
            raise self.wrong(f"{at}.blur_kernel_size", "an odd number")
        shift = self.only("model.test_cfg.shift_heatmap", True, False, default=False)
        return Codec(udp=udp, blur=blur, flip_shift=shift), (width, height)

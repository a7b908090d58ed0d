"""What a config file says about a model: its network, its codec, its colours, its skeleton.

The file is read by config.py; config_mmpose.py and config_official.py know what the two formats' values mean.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import resources
from pathlib import Path

from .codec import Codec
from .config import ConfigError, read_config
from .config_fields import Fields
from .config_mmpose import read_mmpose
from .config_official import TYPES as OFFICIAL_TYPES
from .config_official import read_official
from .model import ViTPose
from .transforms import IMAGENET_MEAN, IMAGENET_STD

DEFAULT_MODEL = "vitpose_t_simple_coco_256x192"


@dataclass(frozen=True)
class ModelConfig:
    """One model. input_size: (width, height) px. mean, std: of the normalised input, RGB, 0…255.

    skeleton: a name in SKELETONS, or "keypoints" and their number for others. dataset: whose head and expert
    is taken from a file that has several. ratio, attention, window and knowledge_token are ViTPose's.
    """

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
    dataset: str = "coco"
    ratio: int = 1
    attention: str = "full"
    window: tuple[int, int] = (8, 8)
    knowledge_token: bool = False

    def build(self) -> ViTPose:
        """The untrained network. Raises ConfigError for one that cannot be."""
        try:
            return ViTPose(
                dim=self.dim,
                depth=self.depth,
                heads=self.heads,
                head=self.head,
                keypoints=self.keypoints,
                input_size=self.input_size,
                drop_path=self.drop_path,
                ratio=self.ratio,
                attention=self.attention,
                window=self.window,
                knowledge_token=self.knowledge_token,
            )
        except ValueError as error:
            raise ConfigError(f"The model {self.name} cannot be built: {error}.") from None


def shipped_configs() -> list[str]:
    """Names of the models whose configs ship."""
    files = resources.files("mocap_worker.configs").iterdir()
    return sorted(file.name[:-3] for file in files if file.name.startswith("vitpose_"))


def config_path(name_or_path: str | Path) -> Path:
    """The file of a config that ships, a training's too, by its name, or of any, by its path. Raises ConfigError."""
    shipped = Path(str(resources.files("mocap_worker.configs"))) / f"{name_or_path}.py"
    if str(name_or_path) in shipped_configs() or (str(name_or_path).startswith("train_") and shipped.is_file()):
        return shipped
    if str(name_or_path).endswith(".py"):
        return Path(name_or_path)
    near = get_close_matches(str(name_or_path), shipped_configs(), n=3, cutoff=0)
    raise ConfigError(
        f"There is no config {str(name_or_path)!r}: give a path to a .py file or a name from `mocap models list`, "
        f"such as {', '.join(near)}."
    )


def load_model_config(name_or_path: str | Path = DEFAULT_MODEL) -> ModelConfig:
    """The model that a config describes: one that ships, by its name, or any, by its path.

    Read are mmpose 1.x's format and the official repository's (mmpose 0.x). Raises ConfigError.
    """
    path = config_path(name_or_path)
    fields = Fields(path, read_config(path))
    if not isinstance(fields.get("model"), dict):
        raise ConfigError(f"{path} has no model = dict(…), so it describes no model.")
    official = fields.get("model.type") in OFFICIAL_TYPES
    return ModelConfig(name=path.stem, **(read_official if official else read_mmpose)(fields))

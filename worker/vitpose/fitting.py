"""Which of the configs that ship weights fit, by their shapes and by what is written beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from torch import Tensor

from mocap_core.published import NOTE

from .layouts import CheckpointError, for_dataset, renamed
from .model_config import ModelConfig, load_model_config, shipped_configs
from .weights_file import read_weights


def config_named_in(path: str | Path) -> str | None:
    """The config that a checkpoint was made for, as is written in it or beside it; None where nothing is.

    Ours name it in their metadata, pulled ones in a note. A folder of transformers' describes its model, and all of
    those decode with UDP, so there the shapes decide. Raises CheckpointError for what cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        for name in (NOTE, "config.json"):
            try:
                written = json.loads((path / name).read_text("utf-8"))
            except FileNotFoundError:
                continue
            except (OSError, ValueError, RecursionError) as error:
                raise CheckpointError(f"{path / name} cannot be read: {error}.") from None
            if isinstance(written, dict) and isinstance(written.get("config"), str):
                return written["config"]
            if isinstance(written, dict) and written.get("model_type") == "vitpose":
                return config_that_fits(path)
    return read_weights(path, only_metadata=True)[1].get("config")


def config_that_fits(path: str | Path) -> str | None:
    """The config that ships whose shapes a file has, or None. Raises CheckpointError for a file that cannot be read.

    Shapes do not tell the codec, nor which keypoints they are: a proposal for the user, not a choice.
    """
    found, original = renamed(read_weights(path)[0], str(path))
    shapes = shapes_of(for_dataset(found, original, "coco", 17, str(path))[0])
    return next((name for name, config in _configs() if _shapes(config) == shapes), None)


def nearest_config(found: Mapping[str, Tensor]) -> tuple[str, bool]:
    """Of the configs that ship, the one most like weights of model.py's names, and whether its shapes are theirs."""
    shapes = shapes_of(found)

    def distance(config: ModelConfig) -> tuple:
        own = _shapes(config)
        return (own["dim"] != shapes["dim"], own["depth"] != shapes["depth"], *(own[k] != shapes[k] for k in own))

    name, nearest = min(_configs(), key=lambda named: distance(named[1]))
    return name, not any(distance(nearest))


def shapes_of(found: Mapping[str, Tensor]) -> dict[str, int | str | None]:
    """What weights' shapes tell of their model."""
    patches, last = found.get("backbone.patch_embed.proj.weight"), found.get("keypoint_head.final_layer.weight")
    blocks = {m[1] for key in found if (m := re.match(r"backbone\.blocks\.(\d+)\.", key))}
    deconvolutions = sum(re.match(r"keypoint_head\.deconv_layers\.[03]\.weight", key) is not None for key in found)
    return {
        "dim": len(patches) if patches is not None and patches.ndim else None,
        "depth": len(blocks),
        "head": "classic" if deconvolutions else "simple",
        "keypoints": len(last) if last is not None and last.ndim else None,
    }


def _shapes(config: ModelConfig) -> dict[str, int | str | None]:
    return {"dim": config.dim, "depth": config.depth, "head": config.head, "keypoints": config.keypoints}


@cache
def _configs() -> list[tuple[str, ModelConfig]]:
    """All that ship, COCO's first: of several that fit, one of those is the likeliest."""
    names = sorted(shipped_configs(), key=lambda name: "_coco_" not in name)
    return [(name, load_model_config(name)) for name in names]

"""Weights into a model, whatever program made the file, and out of it again.

weights_file.py reads files, layouts.py knows the names in them; here the tensors are put into a model. What does
not fit is named: the file, its keys, what was expected and the config that is nearest.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .fitting import config_named_in, nearest_config
from .layouts import CheckpointError, Weights, for_dataset, renamed, some
from .model import ViTPose
from .weights_file import read_weights, write_weights

__all__ = [
    "CheckpointError",
    "config_named_in",
    "fill",
    "load_checkpoint",
    "put",
    "read_weights",
    "save_checkpoint",
]

# Eight bits and fewer need scales, which no known layout has.
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def load_checkpoint(model: ViTPose, path: str | Path, model_name: str = "the model", dataset: str = "coco") -> None:
    """Fills the model with a file's weights, float32, in place. Raises CheckpointError.

    model_name: for messages. dataset: whose head and expert is taken from a file with several (ModelConfig has it).
    """
    weights, _ = read_weights(path)
    fill(model, weights, str(path), model_name, dataset)


def save_checkpoint(
    model: ViTPose, path: str | Path, config: str, dtype: torch.dtype = torch.float32, **notes: str
) -> None:
    """Writes safetensors whose metadata name the config, so that the file can be used by itself."""
    weights = {k: v.to(dtype) if v.is_floating_point() else v for k, v in model.state_dict().items()}
    write_weights(weights, path, {"config": config, **notes})


def fill(
    model: ViTPose, weights: Mapping[str, Tensor], source: str, model_name: str = "the model", dataset: str = "coco"
) -> None:
    """Puts weights of any known layout into the model, float32; positions are resized to its grid.

    source: for messages. Raises CheckpointError; the model is as it was then.
    """
    found, original = renamed(weights, source)
    if model.experts:  # all of them stay; of the heads only COCO's
        found = {key: value for key, value in found.items() if not key.startswith("associate_keypoint_heads.")}
    else:
        found, original = for_dataset(found, original, dataset, model.keypoints, source)
    put(model, found, original, source, model_name)


def put(
    model: nn.Module, found: Weights, original: dict[str, str], source: str, model_name: str = "the model"
) -> None:
    """Puts weights of model.py's names into the model, float32; positions are resized to its grid.

    original: the file's own names of `found`, for messages. Raises CheckpointError; the model is as it was then.
    """
    expected = model.state_dict()
    counters = [key for key in expected if key.endswith("num_batches_tracked")]
    found = {key: value for key, value in found.items() if key not in counters}
    _fit_positions(found, expected, model.grid)

    problems = [
        f"{original.get(key, key)} is {tuple(found[key].shape)}, expected {tuple(value.shape)}"
        for key, value in expected.items()
        if key in found and found[key].shape != value.shape
    ]
    missing = [key for key in expected if key not in found and key not in counters]
    surplus = [original[key] for key in found if key not in expected]
    problems = [*some(problems), *_listed("missing", missing), *_listed("not expected", surplus)]
    if problems:
        near, fits = nearest_config(found)
        advice = f" Its shapes {'fit' if fits else 'are nearest to'} {near}; choose that with --config."
        advice = advice if near != model_name else ""
        raise CheckpointError(f"{source} does not fit {model_name}: {'; '.join(problems)}.{advice}")
    _put(model, found, original, source)


def _put(model: nn.Module, found: Weights, original: dict[str, str], source: str) -> None:
    other = [f"{original.get(key, key)} ({value.dtype})" for key, value in found.items() if value.dtype not in _FLOATS]
    if other:
        raise CheckpointError(f"{source} has other numbers than float32, fp16 or bf16: {', '.join(some(other))}.")
    strange = [original.get(key, key) for key, value in found.items() if not torch.isfinite(value).all()]
    if strange:
        raise CheckpointError(f"{source} is damaged: {'; '.join(_listed('no finite numbers in', strange))}.")
    state = {key: value.to(torch.float32, copy=True).contiguous() for key, value in found.items()}
    state |= {k: torch.zeros((), dtype=torch.long) for k in model.state_dict() if k.endswith("num_batches_tracked")}
    model.load_state_dict(state, assign=True)


def _fit_positions(found: Weights, expected: Weights, grid: tuple[int, int]) -> None:
    """The file's position table for the model's grid, in place.

    mmpose 1.x keeps no row 0 (it drops the file's): a zero row gives the same sums. For another grid the rest is
    resized bicubically, as the official repository and mmpose do.
    """
    table = found.get("backbone.pos_embed")
    wanted = expected["backbone.pos_embed"]
    if table is None or table.ndim != 3 or len(table) != 1 or table.shape[2] != wanted.shape[2]:
        return  # to be told with all else that does not fit
    if table.shape[1] == wanted.shape[1] - 1 or (
        _grid_of(table.shape[1] - 1, grid) is None and _grid_of(table.shape[1], grid) is not None
    ):
        table = torch.cat([torch.zeros_like(table[:, :1]), table], dim=1)
    old = _grid_of(table.shape[1] - 1, grid)
    if old is not None and table.shape[1] != wanted.shape[1]:
        table = resized_positions(table, old, grid)
    found["backbone.pos_embed"] = table


def resized_positions(table: Tensor, old_grid: tuple[int, int], grid: tuple[int, int]) -> Tensor:
    """A position table (1, 1 + rows · columns, C) for another grid (rows, columns), float32; row 0 stays."""
    first, rest = table[:, :1].float(), table[:, 1:].float()
    rest = rest.reshape(1, *old_grid, -1).permute(0, 3, 1, 2)
    rest = F.interpolate(rest, size=grid, mode="bicubic", align_corners=False)
    return torch.cat([first, rest.permute(0, 2, 3, 1).flatten(1, 2)], 1)


def _grid_of(count: int, grid: tuple[int, int]) -> tuple[int, int] | None:
    """The (rows, columns) that `count` positions had: of the model's aspect, of 256×192's, or square."""
    for high, wide in (grid, (4, 3), (1, 1)):
        rows = round((count * high / wide) ** 0.5) if count > 0 else 0
        columns = round(rows * wide / high)
        if rows and rows * columns == count and rows * wide == columns * high:
            return rows, columns
    return None


def _listed(word: str, keys: list[str]) -> list[str]:
    return [f"{word}: {', '.join(some(keys))}"] if keys else []

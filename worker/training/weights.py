"""Weights into and out of training: starting from others, and what ships."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from ..vitpose.checkpoint import fill, read_weights, save_checkpoint
from ..vitpose.model import ViTPose


def read(path: str | Path) -> tuple[dict[str, Tensor], float | None]:
    """A run's averaged weights and how hard its pictures had become, or a checkpoint's weights and None."""
    path = Path(path)
    if path.suffix != ".pt":
        return read_weights(path)[0], None
    state = torch.load(path, map_location="cpu", weights_only=True)
    return state["average"], state["hardness"]


def resized_positions(table: Tensor, old_grid: tuple[int, int], grid: tuple[int, int]) -> Tensor:
    """A position table (1, 1 + rows · columns, C) for another grid (rows, columns); row 0 stays."""
    first, rest = table[:, :1].float(), table[:, 1:].float()
    rest = rest.reshape(1, *old_grid, -1).permute(0, 3, 1, 2)
    rest = F.interpolate(rest, size=grid, mode="bicubic", align_corners=False)
    return torch.cat([first, rest.permute(0, 2, 3, 1).flatten(1, 2)], 1)


def start_from(model: ViTPose, state: dict[str, Tensor]) -> None:
    """Fills a model from another's state, positions resized to the model's grid (of the same aspect)."""
    state = dict(state)
    table = state.get("backbone.pos_embed")
    rows, columns = model.grid
    if table is not None and table.shape[1] - 1 != rows * columns:
        share = ((table.shape[1] - 1) / (rows * columns)) ** 0.5
        state["backbone.pos_embed"] = resized_positions(
            table, (round(rows * share), round(columns * share)), model.grid
        )
    fill(model, state, "the weights to start from")


def export(model: ViTPose, average: dict[str, Tensor], path: Path, config: str, **notes: str) -> None:
    """Writes averaged weights in half precision, as safetensors that name the model's config."""
    model = copy.deepcopy(model)
    model.load_state_dict(average)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    save_checkpoint(model, part, config, torch.float16, **notes)
    part.chmod(0o644)  # safetensors makes files that only their owner may read
    part.replace(path)

"""Which layer a parameter belongs to: the deeper, the faster it learns, where a model starts from a pre-training.

Bao et al., "BEiT", 2021; ViTPose's configs give the rate for each size.
"""

from __future__ import annotations

import re

from torch import nn

from .recipe import TrainingError

#: What can stay as it was, as in the paper's trials, and the names of its parameters in the backbone.
FREEZABLE = {
    "attention": r"blocks\.\d+\.(attn|norm1)\.",
    "ffn": r"(blocks\.\d+\.(mlp|norm2)\.|pos_embed$|patch_embed\.)",
}


def layer_of(name: str, depth: int) -> int:
    """0 for patches and positions, i + 1 for block i, depth + 1 for the last norm and the head."""
    if name == "backbone.pos_embed" or name.startswith("backbone.patch_embed."):
        return 0
    block = re.match(r"backbone\.blocks\.(\d+)\.", name)
    return int(block[1]) + 1 if block else depth + 1


def parameter_groups(model: nn.Module, depth: int, weight_decay: float, layer_decay: float = 1.0) -> list[dict]:
    """Groups for an optimiser: by layer, with and without weight decay (none on biases, norms and positions).

    `scale`: by what the rate is multiplied, layer_decay^(depth + 1 − layer). `names`: of the parameters.
    """
    groups: dict[tuple[int, bool], dict] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        layer = layer_of(name.removeprefix("model."), depth)
        decays = parameter.ndim > 1 and not name.endswith((".bias", "pos_embed"))
        group = groups.setdefault(
            (layer, decays),
            {
                "params": [],
                "names": [],
                "weight_decay": weight_decay if decays else 0.0,
                "scale": layer_decay ** (depth + 1 - layer),
            },
        )
        group["params"].append(parameter)
        group["names"].append(name)
    return list(groups.values())


def freeze(model: nn.Module, parts: tuple[str, ...]) -> None:
    """Keeps parts of the backbone (of FREEZABLE) from learning. Raises TrainingError for others."""
    for part in parts:
        if part not in FREEZABLE:
            raise TrainingError(f"freeze={part!r} is none of {', '.join(FREEZABLE)}")
        for name, parameter in model.backbone.named_parameters():
            if re.match(FREEZABLE[part], name):
                parameter.requires_grad_(False)

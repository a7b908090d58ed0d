"""One backbone for several data sets, each with a head of its own, and in ViTPose+ with experts.

The state dict has the names of the official multi-data-set files, so that what is written here is read like those:
`keypoint_head` is COCO's, `associate_keypoint_heads.I` are the others', in DATASETS' order with experts and in
MULTI's without.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from ..vitpose.layouts import MULTI
from ..vitpose.model import DATASETS, ViTPose
from ..vitpose.model_config import ModelConfig
from .recipe import TrainingError


class SharedBackbone(nn.Module):
    """configs: of the model that each data set's head makes, by name in the order of their indices; COCO's first.

    forward: pictures (N, 3, H, W) and indices (N,) -> for each data set the heatmaps of its own pictures, or None.
    Raises TrainingError for data sets that cannot be together.
    """

    def __init__(self, configs: dict[str, ModelConfig], experts: bool) -> None:
        super().__init__()
        names, others = list(configs), DATASETS[1:] if experts else MULTI
        if names[0] != "coco" or not set(names[1:]) <= set(others):
            raise TrainingError(
                f"the config's datasets are {', '.join(names)}; expected coco first, then some of {', '.join(others)}"
            )
        main = configs["coco"]
        for name, config in configs.items():
            same = replace(config, **{f: getattr(main, f) for f in _OWN})
            if same != main:
                raise TrainingError(
                    f"{config.name}, the config of {name}, is of another network than {main.name}; expected one that "
                    "differs in its head alone"
                )
        model = build(main, len(DATASETS) if experts else 0)
        self.dim, self.depth, self.grid = model.dim, model.depth, model.grid
        self.input_size, self.heatmap_size, self.keypoints = model.input_size, model.heatmap_size, model.keypoints
        self.backbone, self.keypoint_head = model.backbone, model.keypoint_head
        self.associate_keypoint_heads = nn.ModuleDict(
            {str(others.index(name)): configs[name].build().keypoint_head for name in names[1:]}
        )
        self._heads = [None if name == "coco" else str(others.index(name)) for name in names]
        expert_of = torch.tensor([DATASETS.index(name) for name in names] if experts else [])
        self.register_buffer("_expert_of", expert_of, persistent=False)

    def forward(self, images: Tensor, dataset: Tensor) -> list[Tensor | None]:
        features = self.backbone(images, self._expert_of[dataset] if len(self._expert_of) else None)
        found = []
        for i, key in enumerate(self._heads):
            head = self.keypoint_head if key is None else self.associate_keypoint_heads[key]
            own = dataset == i
            found.append(head(features[own]) if own.any() else None)
        return found


#: What configs of one backbone may differ in.
_OWN = ("name", "keypoints", "codec", "skeleton", "dataset")


def build(config: ModelConfig, experts: int) -> ViTPose:
    """The untrained network of a config, with experts."""
    return ViTPose(
        config.dim,
        config.depth,
        config.heads,
        config.head,
        config.keypoints,
        config.input_size,
        config.drop_path,
        ratio=config.ratio,
        attention=config.attention,
        window=config.window,
        experts=experts,
    )

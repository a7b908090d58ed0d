"""The numbers of a run on labelled people, out of a config's `training`, and the learning rate that they make."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from .crops import CropChanges
from .recipe import RunSettings, TrainingError, read_recipe


@dataclass
class CocoRecipe(RunSettings):
    """The defaults are the papers' for COCO.

    A batch goes through the network in `split` parts (batch norm sees one at a time), and one step follows.
    steps: epochs at whose end the rate is multiplied by step_factor; with minutes they are shares of the time, as they
    are of epochs. warmup: iterations, from warmup_from of the rate. layer_decay: 1.0 for none. freeze: of "attention"
    and "ffn". val_every: epochs. held_out: the share of pictures that is not trained on but measured with, where
    no others are given. augmentation: CropChanges' numbers.
    datasets: the config of each data set's head by the set's name, COCO's first; experts: ViTPose+.
    teacher: the config of a network to learn from; teacher_weight: of its heatmaps' MSE beside that of the labels.
    learn: "all", or "token", a knowledge token beside what is there already.
    """

    batch_size: int = 512
    lr: float = 5e-4
    epochs: int = 210
    steps: tuple[int, ...] = (170, 200)
    step_factor: float = 0.1
    split: int = 1
    warmup: int = 500
    warmup_from: float = 0.001
    layer_decay: float = 1.0
    freeze: tuple[str, ...] = ()
    sigma: float = 2.0
    held_out: float = 0.0
    augmentation: dict = field(default_factory=dict)
    datasets: dict = field(default_factory=dict)
    experts: bool = False
    teacher: str | None = None
    teacher_weight: float = 0.0
    learn: str = "all"

    @classmethod
    def from_config(cls, table: dict) -> CocoRecipe:
        recipe = read_recipe(cls, table)
        recipe.check()
        for name in ("epochs", "split"):
            if getattr(recipe, name) < 1:
                raise TrainingError(f"the config's training has {name}={getattr(recipe, name)}; expected 1 or more")
        if not 0 <= recipe.held_out < 1:
            raise TrainingError(f"the config's training has held_out={recipe.held_out}; expected 0.0 up to 1.0")
        if recipe.learn not in ("all", "token"):
            raise TrainingError(f"the config's training has learn={recipe.learn!r}; expected 'all' or 'token'")
        if recipe.experts and not recipe.datasets:
            raise TrainingError("the config's training has experts, but no datasets that have one each")
        if recipe.datasets and (recipe.teacher or recipe.learn == "token" or recipe.held_out):
            raise TrainingError("the config's training has datasets; teacher, learn='token' and held_out are for one")
        unknown = set(recipe.augmentation) - {f.name for f in fields(CropChanges)}
        if unknown:
            raise TrainingError(f"the config's augmentation has unknown settings: {', '.join(sorted(unknown))}")
        return recipe


def coco_rate(recipe: CocoRecipe, step: int, an_epoch: int, share_done: float | None = None) -> float:
    """The learning rate of a step, an_epoch of which are an epoch: warm-up in a straight line, then in steps.

    share_done: how much of the run is over, where time tells and not the step.
    """
    at = step if share_done is None else share_done * recipe.epochs * an_epoch
    rate = recipe.lr * recipe.step_factor ** sum(at >= epoch * an_epoch for epoch in recipe.steps)
    if step < recipe.warmup:
        rate *= recipe.warmup_from + (1 - recipe.warmup_from) * step / recipe.warmup
    return rate

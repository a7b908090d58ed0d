"""A run on labelled people, put together from a config and where its data and weights are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from ..evaluation.datasets import Dataset, open_dataset
from ..vitpose.checkpoint import load_checkpoint
from ..vitpose.hub import located
from ..vitpose.model import ViTPose
from ..vitpose.model_config import ModelConfig, load_model_config
from ..vitpose.skeletons import SKELETONS
from . import openpose, starting
from .annotated import People, as_dataset, held_out, read_people
from .coco import CocoTrainer
from .coco_recipe import CocoRecipe
from .distil import Teacher, check_teacher, token_of
from .labelled import Labelled
from .processes import ALONE, Processes
from .recipe import TrainingError
from .shared_backbone import SharedBackbone
from .validate import average_precision, box_pck, check_measurable, of_one

#: The name of a config's only data set.
ONLY = "data"


@dataclass(frozen=True)
class Given:
    """Paths: data and val as [NAME=]PATH, of data sets by their name in the config where it has several; images and
    val_images, where pictures are that are not found; teacher and token, weights."""

    data: list[str]
    images: Path | None = None
    val: list[str] = field(default_factory=list)
    val_images: Path | None = None
    teacher: str | Path | None = None
    token: str | Path | None = None


def labelled_trainer(
    config: Path, recipe: CocoRecipe, given: Given, folder: Path, workers: int = 0, processes: Processes = ALONE
) -> CocoTrainer:
    """The trainer of a config. Raises TrainingError, EvaluationError, ConfigError and CheckpointError."""
    main = load_model_config(config)
    names = list(recipe.datasets) or [ONLY]
    configs = {name: load_model_config(recipe.datasets[name]) if name in recipe.datasets else main for name in names}
    paths, val = _by_name(given.data, names, "--data"), _by_name(given.val, names, "--val")
    if missing := [name for name in names if name not in paths]:
        raise TrainingError(
            f"the config trains on {', '.join(names)}; say where all are: "
            f"{' '.join(f'--data {name}=DIR' for name in missing)} is missing"
        )
    frames = folder / "frames"
    sets = [
        Labelled(name, configs[name], read_people(paths[name], configs[name], given.images, frames)) for name in names
    ]
    aside = None
    if recipe.held_out and not val:
        trained, aside = held_out(sets[0].people, recipe.held_out)
        sets = [Labelled(ONLY, main, trained)]
    measure = _measure(sets, val, aside, given, workers, frames)
    torch.manual_seed(recipe.seed)
    model = SharedBackbone(configs, recipe.experts) if recipe.datasets else main.build()
    teacher, token = _teacher(recipe, main, given), _token(recipe, main, given)
    return CocoTrainer(model, sets, recipe, folder, workers, measure, processes, teacher, token)


def _by_name(given: list[str], names: list[str], option: str) -> dict[str, Path]:
    """[NAME=]PATH by name; a config's only data set needs none."""
    if names == [ONLY]:
        if len(given) > 1:
            raise TrainingError(f"the config trains on one data set; {option} was given {len(given)} times")
        return {ONLY: Path(given[0])} if given else {}
    found = {}
    for one in given:
        name, equals, path = one.partition("=")
        if not equals or name not in names:
            raise TrainingError(f"{option} {one} says none of {', '.join(names)}; expected {option} {names[0]}=DIR")
        found[name] = Path(path)
    return found


def _measure(
    sets: list[Labelled], val: dict[str, Path], aside: People | None, given: Given, workers: int, frames: Path
) -> Callable[[nn.Module], float] | None:
    """The mean over the data sets that there is something to measure with; None for none."""
    of = []
    for part in sets:
        others = _others(val[part.name], part.config, given.val_images, frames) if part.name in val else aside
        if others is not None:
            of.append((part.config, _figure(part.config, others, max(workers, 1))))
    if not of:
        return None

    def measure(model: nn.Module) -> float:
        shared = isinstance(model, SharedBackbone)
        return sum(figure(of_one(model, config) if shared else model) for config, figure in of) / len(of)

    return measure


def _others(path: Path, config: ModelConfig, images: Path | None, frames: Path) -> Dataset | People:
    """The people to measure with."""
    if config.skeleton not in SKELETONS or (path.is_dir() and openpose.files_in(path)):
        return read_people(path, config, images, frames)
    dataset = open_dataset(path, images=images, model=config.skeleton)
    check_measurable(config, dataset)
    return dataset


def _figure(config: ModelConfig, others: Dataset | People, threads: int) -> Callable[[ViTPose], float]:
    if isinstance(others, People):
        others = as_dataset(others, config) or others
    if isinstance(others, People):
        return lambda model: box_pck(model, config, others)
    return lambda model: average_precision(model, config, others, workers=threads)


def _teacher(recipe: CocoRecipe, student: ModelConfig, given: Given) -> Teacher | None:
    if not recipe.teacher or not recipe.teacher_weight:
        return None
    if given.teacher is None:
        raise TrainingError(f"the config learns from {recipe.teacher}: say with --teacher where its weights are")
    config = load_model_config(recipe.teacher)
    check_teacher(config, student)
    model = config.build()
    load_checkpoint(model, located(None, given.teacher)[1], config.name, config.dataset)
    return Teacher(model)


def _token(recipe: CocoRecipe, student: ModelConfig, given: Given) -> torch.Tensor | None:
    if not student.knowledge_token or recipe.learn == "token":
        return None
    if given.token is None:
        raise TrainingError("the config has a knowledge token: say with --token which run or weights it is from")
    source = starting.read(given.token)
    return token_of(source.weights, source.name)

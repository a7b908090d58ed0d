"""`mocap train CONFIG`: trains a model by the `training` of its config, and writes its weights."""

import os
from pathlib import Path
from typing import Annotated

import typer

DRAWN, LABELLED = "Drawn pictures (configs whose training has a source)", "Labelled pictures (--data)"


def train(
    config: Annotated[
        Path, typer.Argument(help="A config with training = dict(…): a file, or the name of one of configs/train_….py.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the run; one with a checkpoint goes on. Default: runs/NAME."),
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(help="Weights that a run begins with: MAE's, any model's by file or name, or a run's last.pt."),
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="Where the averaged weights go at the end, as .safetensors.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(min=0, help="Train for so long, all calls together, in place of the config's length."),
    ] = None,
    device: Annotated[str, typer.Option(envvar="VITPOSE_DEVICE", help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    threads: Annotated[int, typer.Option(min=1, help="Threads of the network on a CPU.")] = 1,
    data: Annotated[
        list[str] | None,
        typer.Option(
            help="COCO-format annotations, a dataset's folder, or OpenPose's of JSON; NAME=PATH for each of several.",
            rich_help_panel=LABELLED,
        ),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(
            help="The folder of their pictures, or their video, where it is not found.", rich_help_panel=LABELLED
        ),
    ] = None,
    val: Annotated[
        list[str] | None, typer.Option(help="What AP is measured on as it learns, as for mocap eval.")
    ] = None,
    val_images: Annotated[Path | None, typer.Option(help="The folder of the pictures of --val.")] = None,
    teacher: Annotated[
        str | None, typer.Option(help="Weights of the config's teacher.", rich_help_panel=LABELLED)
    ] = None,
    token: Annotated[
        str | None, typer.Option(help="A run that learnt a knowledge token, or its weights.", rich_help_panel=LABELLED)
    ] = None,
    workers: Annotated[
        int,
        typer.Option(min=0, help="Processes that read pictures; they change no bit.", rich_help_panel=LABELLED),
    ] = min(8, os.cpu_count() or 1),
    character: Annotated[
        Path | None, typer.Option(help="GLB of the character, landmarks.json beside it.", rich_help_panel=DRAWN)
    ] = None,
    motion: Annotated[
        Path | None, typer.Option(help="The motion clips; also MOCAP_MOTION.", rich_help_panel=DRAWN)
    ] = None,
) -> None:
    """Train a ViTPose on labelled pictures, or on drawn ones; every number comes from the config.

    Ctrl-C stops after the step that is being made; the same command goes on from there.
    """
    import torch

    from ..backends import BackendError, choose_device
    from ..evaluation import EvaluationError
    from ..training.gltf import CharacterError
    from ..training.labelled_run import Given
    from ..training.motion import MotionError
    from ..training.processes import joined
    from ..training.recipe import TrainingError
    from ..training.stream import StreamError
    from ..vitpose.checkpoint import CheckpointError
    from ..vitpose.config import ConfigError

    torch.set_num_threads(threads)
    folder = out or Path("runs") / Path(config).stem
    try:
        with joined(choose_device(device)) as processes:
            if data:
                given = Given(data, images, val or [], val_images, teacher, token)
                trainer = labelled(config, given, folder, minutes, workers, processes)
            else:
                trainer = drawn(config, folder, minutes, character, motion, val, val_images, processes)
            follow(trainer, init, export)
    except (TrainingError, EvaluationError, BackendError, ConfigError, CheckpointError) as error:
        fail(str(error))
    except (StreamError, MotionError, CharacterError) as error:
        fail(str(error))
    except torch.OutOfMemoryError:
        fail(
            "The memory of the device is full: raise split in the config's training, so that a batch goes in parts, or "
            "lower batch_size or window. A run that has made steps keeps its numbers; begin another with its weights: "
            f"--init {folder / 'last.pt'} --out OTHER"
        )
    except KeyboardInterrupt:
        typer.echo("Stopped at once. The same command goes on from the last checkpoint.", err=True)
        raise typer.Exit(130) from None


def drawn(config, folder, minutes, character, motion, val, val_images, processes):
    """The trainer on drawn pictures; errors are raised."""
    from ..training.recipe import TrainingError

    table = training_of(config, minutes)
    if "epochs" in table:
        raise TrainingError(f"{config} trains on labelled pictures: say with --data where they are")
    try:
        import moderngl  # noqa: F401
    except ImportError:
        raise TrainingError("Training draws its pictures with moderngl: `uv sync --extra train` installs it.") from None
    import torch

    from ..opencv import cv2
    from ..training.drawn_run import drawn_trainer
    from ..training.motion import motion_path
    from ..training.render import RenderError
    from ..training.train import Recipe

    cv2.setNumThreads(1)
    recipe = Recipe.from_config(table)
    glb = character or default_character()
    recipe.source = {
        "character": str(glb),
        "landmarks": str(Path(glb).with_suffix(".landmarks.json")),
        "folder": "runs",
        "motion": str(motion_path(motion)),
        **recipe.source,
    }
    torch.manual_seed(recipe.seed)
    try:
        return drawn_trainer(config, recipe, folder, val, val_images, processes)
    except RenderError as error:
        raise TrainingError(str(error)) from error


def labelled(config, given, folder, minutes, workers, processes):
    """The trainer on labelled pictures; errors are raised."""
    from ..opencv import cv2
    from ..training.coco_recipe import CocoRecipe
    from ..training.labelled_run import labelled_trainer
    from ..training.recipe import TrainingError

    cv2.setNumThreads(1)
    table = training_of(config, minutes)
    if "iterations" in table or "source" in table:
        raise TrainingError(f"{config} draws its pictures; leave --data out, or choose a config with epochs")
    trainer = labelled_trainer(config, CocoRecipe.from_config(table), given, folder, workers, processes)
    if processes.first:
        for part in trainer.sets:
            for note in part.people.notes:
                typer.echo(note)
        people = sum(len(part.people) for part in trainer.sets)
        pictures = sum(len(set(part.people.picture.tolist())) for part in trainer.sets)
        length = f"{trainer.recipe.minutes:g} minutes" if trainer.recipe.minutes else f"{trainer.steps} steps"
        typer.echo(f"{people} people in {pictures} pictures, {length} on {processes.device}")
    return trainer


def training_of(config: Path, minutes: float | None = None) -> dict:
    """The config's `training`. Raises TrainingError where there is none."""
    from ..training.recipe import TrainingError
    from ..vitpose.config import read_config
    from ..vitpose.model_config import config_path

    table = read_config(config_path(config)).get("training")
    if not isinstance(table, dict):
        raise TrainingError(f"{config} has no training = dict(…), so nothing says how to train")
    return table | ({} if minutes is None else {"minutes": minutes})


def follow(trainer, init: str | None, export: Path | None) -> None:
    """Runs a trainer to its end, and writes its weights once it is there."""
    def tell(line: str) -> None:
        if trainer.processes.first:
            print(line, flush=True)

    trainer.run(tell, init=init)
    if export is not None and trainer.finished and trainer.processes.first:
        trainer.export(export)
        tell(f"weights: {export}")
    if not trainer.finished and trainer.processes.count == 1:  # torchrun would take this for a failure
        raise typer.Exit(130)


def default_character() -> Path:
    """The character that ships with the checkout."""
    return Path(__file__).resolve().parents[2] / "addon/assets/default_model.glb"


def fail(message: str) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(1)

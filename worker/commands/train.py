"""`mocap train CONFIG`: trains a model by the `training` of its config, and writes its weights."""

import os
from pathlib import Path
from typing import Annotated

import typer

DRAWN, LABELLED = "Drawn pictures (configs whose training has a source)", "Labelled pictures (--data)"


def train(
    config: Annotated[
        Path, typer.Argument(help="Config file with training = dict(…), such as one of configs/train_….py.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the run; one with a checkpoint goes on. Default: runs/NAME."),
    ] = None,
    init: Annotated[
        Path | None,
        typer.Option(help="Weights to start from: MAE's, any model's, or another run's last.pt."),
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="Where the averaged weights go at the end, as .safetensors.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the network on a CPU.")] = 1,
    data: Annotated[
        Path | None,
        typer.Option(help="COCO-format annotations, or the folder of a dataset.", rich_help_panel=LABELLED),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(help="The folder of their pictures, where it is not found.", rich_help_panel=LABELLED),
    ] = None,
    val: Annotated[
        Path | None,
        typer.Option(help="What AP is measured on as it learns, as for mocap eval.", rich_help_panel=LABELLED),
    ] = None,
    val_images: Annotated[
        Path | None, typer.Option(help="The folder of the pictures of --val.", rich_help_panel=LABELLED)
    ] = None,
    device: Annotated[
        str,
        typer.Option(envvar="VITPOSE_DEVICE", help="auto, cpu, cuda, cuda:N or mps.", rich_help_panel=LABELLED),
    ] = "auto",
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

    from ..backends import BackendError
    from ..evaluation import EvaluationError
    from ..training.gltf import CharacterError
    from ..training.loop import TrainingError
    from ..training.motion import MotionError
    from ..training.stream import StreamError
    from ..vitpose.checkpoint import CheckpointError
    from ..vitpose.config import ConfigError

    try:
        if data is None:
            run(config, out, init, export, character, motion, threads)
        else:
            run_labelled(config, data, out, init, export, images, val, val_images, device, workers, threads)
    except (TrainingError, EvaluationError, BackendError, ConfigError, CheckpointError) as error:
        fail(str(error))
    except (StreamError, MotionError, CharacterError) as error:
        fail(str(error))
    except torch.OutOfMemoryError:
        fail("The memory of the device is full: raise split in the config's training, so that a batch goes in parts.")
    except KeyboardInterrupt:
        typer.echo("Stopped at once. The same command goes on from the last checkpoint.", err=True)
        raise typer.Exit(130) from None


def run(config, out=None, init=None, export=None, character=None, motion=None, threads=1) -> None:
    """Trains on drawn pictures; errors are raised."""
    from ..training.loop import TrainingError

    table = training_of(config)
    if "epochs" in table:
        raise TrainingError(f"{config} trains on labelled pictures: say with --data where they are")
    try:
        import moderngl  # noqa: F401
    except ImportError:
        raise TrainingError(
            "Training draws its pictures with moderngl: `uv sync --extra train` installs it."
        ) from None
    import torch

    from ..opencv import cv2
    from ..training.motion import motion_path
    from ..training.train import Recipe, Trainer
    from ..vitpose.model_config import load_model_config

    torch.set_num_threads(threads)
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
    described = load_model_config(config)
    trainer = Trainer(described.build(), recipe, out or Path("runs") / Path(config).stem)
    follow(trainer, described, init, export)


def run_labelled(
    config, data, out=None, init=None, export=None, images=None, val=None, val_images=None, device="cpu", workers=0,
    threads=1,
) -> None:  # fmt: skip
    """Trains on labelled pictures; errors are raised."""
    import torch

    from ..backends import choose_device
    from ..evaluation.datasets import open_dataset
    from ..opencv import cv2
    from ..training.coco import CocoRecipe, CocoTrainer
    from ..training.labelled import read_people
    from ..training.loop import TrainingError
    from ..training.validate import average_precision, check_measurable
    from ..vitpose.model_config import load_model_config

    torch.set_num_threads(threads)
    cv2.setNumThreads(1)
    table = training_of(config)
    if "iterations" in table or "source" in table:
        raise TrainingError(f"{config} draws its pictures; leave --data out, or choose a config with epochs")
    recipe = CocoRecipe.from_config(table)
    described = load_model_config(config)
    people = read_people(data, described, images)
    for note in people.notes:
        typer.echo(note)
    measure = None
    if val is not None:
        labelled = open_dataset(val, images=val_images, model=described.skeleton)
        check_measurable(described, labelled)
        measure = lambda model: average_precision(model, described, labelled, workers=max(workers, 1))  # noqa: E731
    torch.manual_seed(recipe.seed)
    folder = out or Path("runs") / Path(config).stem
    chosen = choose_device(device)
    trainer = CocoTrainer(described.build(), described, recipe, people, folder, chosen, workers, measure)
    typer.echo(f"{len(people)} people in {len(people.pictures)} pictures, {trainer.steps} steps on {chosen}")
    follow(trainer, described, init, export)


def training_of(config: Path) -> dict:
    """The config's `training`. Raises TrainingError where there is none."""
    from ..training.loop import TrainingError
    from ..vitpose.config import read_config

    table = read_config(config).get("training")
    if not isinstance(table, dict):
        raise TrainingError(f"{config} has no training = dict(…), so nothing says how to train")
    return table


def follow(trainer, described, init: Path | None, export: Path | None) -> None:
    """Runs a trainer to its end, and writes its weights once it is there."""
    from ..training import weights

    if init is not None and not trainer.checkpoint.is_file():
        trainer.start_from(*weights.read(init))
    trainer.run(lambda line: print(line, flush=True))
    if export is not None and trainer.step == trainer.steps:
        name = trainer.recipe.model or described.name
        notes = {
            "codec": "udp" if described.codec.udp else "msra",
            "trained_by": described.name,
            "steps": str(trainer.step),
        }
        weights.export(trainer.model, trainer.average, export, name, **notes)
        print(f"weights: {export}")


def default_character() -> Path:
    """The character that ships with the checkout."""
    return Path(__file__).resolve().parents[2] / "addon/assets/default_model.glb"


def fail(message: str) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(1)

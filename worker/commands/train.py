"""`mocap train CONFIG`: trains a model by the `training` of its config, and writes its weights."""

from pathlib import Path
from typing import Annotated

import typer


def train(
    config: Annotated[
        Path, typer.Argument(help="Config file with training = dict(…), such as one of configs/.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the run; one with a checkpoint goes on. Default: runs/NAME."),
    ] = None,
    init: Annotated[
        Path | None, typer.Option(help="Weights to start from: another run's last.pt, or .safetensors.")
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="Where the averaged weights go at the end, as .safetensors.")
    ] = None,
    character: Annotated[
        Path | None, typer.Option(help="GLB of the character, landmarks.json beside it.")
    ] = None,
    motion: Annotated[Path | None, typer.Option(help="The motion clips; also MOCAP_MOTION.")] = None,
    threads: Annotated[int, typer.Option(help="Threads of the network.")] = 1,
) -> None:
    """Train a ViTPose on drawn pictures; every number comes from the config."""
    try:
        import moderngl  # noqa: F401
    except ImportError:
        fail("Training draws its pictures with moderngl: pip install 'vitpose-live-mocap[train]'.")
    from ..training.gltf import CharacterError
    from ..training.motion import MotionError
    from ..training.stream import StreamError
    from ..training.train import TrainingError
    from ..vitpose.checkpoint import CheckpointError
    from ..vitpose.config import ConfigError

    try:
        run(config, out, init, export, character, motion, threads)
    except (TrainingError, StreamError, MotionError, CharacterError, ConfigError, CheckpointError) as error:
        fail(str(error))


def run(config, out=None, init=None, export=None, character=None, motion=None, threads=1) -> None:
    """What the command does; its errors are raised."""
    import cv2
    import torch

    from ..training import weights
    from ..training.motion import motion_path
    from ..training.train import Recipe, Trainer, TrainingError
    from ..vitpose.config import read_config
    from ..vitpose.model_config import load_model_config

    torch.set_num_threads(threads)
    cv2.setNumThreads(1)
    table = read_config(config).get("training")
    if not isinstance(table, dict):
        raise TrainingError(f"{config} has no training = dict(…), so nothing says how to train")
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
    model = load_model_config(config).build()
    trainer = Trainer(model, recipe, out or Path("runs") / Path(config).stem)
    if init is not None and not trainer.checkpoint.is_file():
        trainer.start_from(*weights.read(init))
    trainer.run(lambda line: print(line, flush=True))
    if export is not None:
        notes = {"codec": "udp", "trained_by": Path(config).stem, "steps": str(trainer.step)}
        weights.export(model, trainer.average, export, str(recipe.model or Path(config).stem), **notes)
        print(f"weights: {export}")


def default_character() -> Path:
    """The character that ships with the checkout."""
    return Path(__file__).resolve().parents[2] / "addon/assets/default_model.glb"


def fail(message: str) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(1)

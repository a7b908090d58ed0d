"""`mocap train-lifter`: trains the network that lifts keypoints to 3D, and measures it."""

from pathlib import Path
from typing import Annotated

import typer


def train_lifter(
    minutes: Annotated[float, typer.Option(min=0.01, help="How long to train.")] = 40.0,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Of the people, the cameras and the weights.")] = 0,
    motion: Annotated[Path | None, typer.Option(help="The clips; MOCAP_MOTION if not given.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the checkpoint, the weights and the report.")] = Path(
        "runs/lifter"
    ),
    init: Annotated[Path | None, typer.Option(help="Weights to begin with, such as those that ship.")] = None,
    workers: Annotated[
        int, typer.Option(min=0, help="Processes that make people to learn from, beside the one that learns.")
    ] = 1,
    install: Annotated[
        bool, typer.Option("--install", help="Put the weights in the place of those that ship.")
    ] = False,
) -> None:
    """Train the lifter on the motion clips' train part and print its errors on the test part.

    Ctrl-C stops after the step that is being made; the same command goes on from there.
    """
    import io

    import numpy as np

    from mocap_core.lift.network import WEIGHTS, LiftError

    from ..bench.lift import measure_lift
    from ..training.motion import MotionError, load_clips
    from ..training.recipe import TrainingError
    from .bench import shown, write

    weights = out / "weights.npz"
    try:
        tests = load_clips("test", motion)
        net = _train(load_clips("train", motion), minutes, seed, init, workers, out)
        if net is None:
            typer.echo(f"Stopped; the same command goes on from {out / 'checkpoint.pt'}.", err=True)
            raise typer.Exit(130)
        packed = io.BytesIO()
        np.savez_compressed(packed, **net.arrays())
        _put(packed.getvalue(), weights)
        write(shown(measure_lift(tests, weights)), out / "report.json")
        if install:  # not before it is known what they do
            _put(packed.getvalue(), WEIGHTS)
    except (MotionError, LiftError, TrainingError) as error:
        typer.echo(f"mocap train-lifter: {error}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        typer.echo("Stopped at once. The same command goes on from the last checkpoint.", err=True)
        raise typer.Exit(130) from None
    typer.echo(f"{weights} ({weights.stat().st_size / 1e6:.1f} MB), {out / 'report.json'}")


def _put(content: bytes, path: Path) -> None:
    """Writes a file whole or not at all. Raises TrainingError."""
    from contextlib import suppress

    from ..training.recipe import TrainingError

    part = path.with_suffix(".part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise TrainingError(f"{path} cannot be written: {error.strerror or error}; what was there is kept") from error


def _train(clips, minutes: float, seed: int, init: Path | None, workers: int, out: Path):
    from ..training import lifter
    from ..training.lifter_people import cut

    def say(p: lifter.Progress) -> None:
        typer.echo(f"{p.minutes:5.1f} of {p.total:.0f} min   step {p.step}   loss {p.loss:.4f}")

    return lifter.train(cut(clips), minutes, out / "checkpoint.pt", seed=seed, init=init, workers=workers, report=say)

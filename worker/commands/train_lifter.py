"""`mocap train-lifter`: trains the network that lifts keypoints to 3D, and measures it."""

from pathlib import Path
from typing import Annotated

import typer


def train_lifter(
    minutes: Annotated[float, typer.Option(min=0.01, help="How long to train.")] = 40.0,
    seed: Annotated[int, typer.Option(help="Of the people, the cameras and the weights.")] = 0,
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

    Stopped, it goes on where it was when started again with the same --out.
    """
    import numpy as np

    from mocap_core.lift.network import WEIGHTS, LiftError

    from ..bench.lift import measure_lift
    from ..training.motion import MotionError, load_clips
    from .bench import shown, write

    try:
        tests = load_clips("test", motion)
        net = _train(load_clips("train", motion), minutes, seed, init, workers, out)
        out.mkdir(parents=True, exist_ok=True)
        weights = out / "weights.npz"
        np.savez_compressed(weights, **net.arrays())
        if install:
            WEIGHTS.write_bytes(weights.read_bytes())
        write(shown(measure_lift(tests, weights)), out / "report.json")
    except (MotionError, LiftError) as error:
        typer.echo(f"mocap train-lifter: {error}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{weights} ({weights.stat().st_size / 1e6:.1f} MB), {out / 'report.json'}")


def _train(clips, minutes: float, seed: int, init: Path | None, workers: int, out: Path):
    from ..training import lifter
    from ..training.lifter_people import cut

    def say(p: lifter.Progress) -> None:
        typer.echo(f"{p.minutes:5.1f} of {p.total:.0f} min   step {p.step}   loss {p.loss:.4f}")

    return lifter.train(cut(clips), minutes, out / "checkpoint.pt", seed=seed, init=init, workers=workers, report=say)

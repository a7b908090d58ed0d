"""`mocap eval`: how accurate a model is on labelled pictures, and what it costs."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

DRAWN = "Drawn pictures (--data synthetic or synthetic-val)"
DRAWN_SETS = ("synthetic", "synthetic-val")


def evaluate(
    model: Annotated[
        str | None, typer.Option("--model", "--config", help="A model config, or weights that know theirs.")
    ] = None,
    checkpoint: Annotated[str | None, typer.Option(help="The model's weights, where --model is a config.")] = None,
    data: Annotated[
        str | None,
        typer.Option(
            help="A dataset's folder, an annotation file, a take, `demo` for the demo's clip with its truth, "
            "`synthetic` for drawn pictures of the character, or `synthetic-val` for those of people whom no training "
            "draws."
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="Which it is, where that cannot be told: coco, wholebody, ochuman, crowdpose, mpii, aic, ap10k, "
            "apt36k or interhand."
        ),
    ] = None,
    images: Annotated[
        Path | None, typer.Option(help="The folder of the pictures, where it is not found; a take's video.")
    ] = None,
    detections: Annotated[
        Path | None, typer.Option(help="A detector's boxes as COCO results; without it the labelled boxes.")
    ] = None,
    flip: Annotated[
        bool | None, typer.Option("--flip/--no-flip", help="Average with the mirrored picture; on but for drawn ones.")
    ] = None,
    backend: Annotated[str, typer.Option(help="What runs the model: torch or mmpose.")] = "torch",
    device: Annotated[str, typer.Option(envvar="VITPOSE_DEVICE", help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    precision: Annotated[str, typer.Option(help="Of the network's numbers: auto, fp32, fp16 or bf16.")] = "fp32",
    batch: Annotated[int, typer.Option(min=1, help="People through the network at once.")] = 32,
    workers: Annotated[int, typer.Option(min=1, help="Threads that read and crop pictures.")] = min(
        4, os.cpu_count() or 1
    ),
    json_file: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
    journal: Annotated[
        Path, typer.Option(help="Folder of journals: a broken-off measurement goes on from its own.")
    ] = Path("runs/eval"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Start over instead of going on.")] = False,
    jitter: Annotated[bool, typer.Option(help="Measure jitter on pictures with a camera's noise, too.")] = True,
    still: Annotated[
        Path | None, typer.Option(help="A video in which nothing moves, to measure jitter on; --data may be left out.")
    ] = None,
    box: Annotated[
        str | None, typer.Option(metavar="X1,Y1,X2,Y2", help="Where the person of --still is, in pixels.")
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(min=1, help="How many pictures. [500, or all 2000 of synthetic-val]", rich_help_panel=DRAWN),
    ] = None,
    hardness: Annotated[
        float, typer.Option(min=0, max=1, help="0 easy to 1, the full world: of synthetic.", rich_help_panel=DRAWN)
    ] = 1.0,
    renderer: Annotated[
        str,
        typer.Option(
            help="blender: the same scenes drawn by Blender's Cycles, beside those by opengl.", rich_help_panel=DRAWN
        ),
    ] = "opengl",
    character: Annotated[
        Path | None, typer.Option(help="GLB of the character, landmarks.json beside it.", rich_help_panel=DRAWN)
    ] = None,
    motion: Annotated[
        Path | None, typer.Option(help="The motion clips; also MOCAP_MOTION.", rich_help_panel=DRAWN)
    ] = None,
) -> None:
    """Measure AP, AR and the like on labelled pictures: COCO and its kin, MPII, InterHand, or drawn ones.

    docs/accuracy.md says what each figure is and how to get the datasets. Exits with 130 after Ctrl-C; the same
    command goes on then.
    """
    from rich.console import Console

    from ..backends import BackendError
    from ..evaluation import EvaluationError
    from ..evaluation.job import Options
    from ..evaluation.report import cases, jitter_line, show
    from ..vitpose.checkpoint import CheckpointError
    from ..vitpose.config import ConfigError
    from .progress import stages

    console = Console()
    try:
        drawn = _check(data, dataset, still)
        if drawn and (dataset or images or detections):
            fail("Drawn pictures need no --dataset, --images or --detections; leave them out.")
        if renderer not in ("opengl", "blender"):
            fail(f"--renderer {renderer} is neither opengl nor blender.")
        if box is not None and still is None:
            fail("--box says where the person of --still is; give --still, too.")
        network, weights = _load(model, checkpoint, device, precision, backend)
        figures = {"model": {"name": network.name, **weights}}
        with stages(console) as progress:
            if data is not None:
                if drawn:
                    labelled = _drawn(data, renderer, network, count, hardness, character, motion, progress)
                else:
                    labelled = _labelled(network, data, dataset, images, detections)
                options = Options(
                    flip=not drawn if flip is None else flip,
                    batch=batch,
                    workers=workers,
                    journal=journal,
                    fresh=fresh,
                    jitter_pictures=8 if jitter else 0,
                )
                from ..evaluation import job

                figures = job.run(network, weights, labelled, options, progress)
                beside = {}
                if drawn and renderer != "opengl":
                    beside["by opengl"] = _drawn(data, "opengl", network, count, hardness, character, motion, progress)
                if drawn and data == "synthetic-val":
                    from ..evaluation.synthetic_val import boxes_off, unseen_actions

                    beside["boxes off by 10%"] = boxes_off(labelled)
                    beside["unseen actions"] = unseen_actions(labelled)
                for name, others in beside.items():
                    if not others.boxes:
                        continue
                    other = job.run(network, weights, others, replace(options, jitter_pictures=0), progress)
                    figures["measures"][name] = other["measures"]["all"]
            if still is not None:
                figures["still"] = _still(network, still, box, progress)
    except (EvaluationError, BackendError, CheckpointError, ConfigError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on from here.", err=True)
        raise typer.Exit(130) from None
    if data is not None:
        show(figures, console)
    if still is not None:
        console.print(f"{still}: {jitter_line(figures['still'])}", highlight=False)
    if json_file is not None:
        from .bench import commit, machine

        written = {"machine": machine(), "commit": commit(), "cases": cases(figures) if data is not None else []}
        written |= figures
        try:
            json_file.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            fail(f"Cannot write {json_file}: {error.strerror}.")


def _check(data: str | None, dataset: str | None, still: Path | None) -> bool:
    """Whether pictures are to be drawn. What is not there is said before a large model is loaded."""
    from ..cameras import CameraError
    from ..evaluation import EvaluationError
    from ..evaluation.datasets import check_choice
    from ..source import check_source

    if data is None and still is None:
        raise EvaluationError(
            "Nothing to measure on: give --data with a dataset's folder, or --data synthetic; or --still VIDEO."
        )
    if still is not None:
        try:
            check_source(f"file://{still}")
        except CameraError as error:
            raise EvaluationError(f"--still: {error}") from None
    drawn = data in DRAWN_SETS and not Path(data).exists()
    if data is not None and not drawn and not _is_demo(data):
        check_choice(Path(data), dataset)
    return drawn


def _load(model: str | None, checkpoint: str | None, device: str, precision: str, name: str):
    """The backend, and what names its weights."""
    from ..backends import load_backend, shipped_checkpoint
    from ..evaluation.job import weights_digest
    from ..opencv import cv2
    from ..vitpose.hub import PUBLISHED, located
    from ..vitpose.model_config import shipped_configs

    cv2.setNumThreads(1)  # several pictures at once, a thread each
    config = model
    if model and checkpoint is None and model not in (*shipped_configs(), *PUBLISHED) and Path(model).suffix != ".py":
        config, checkpoint = None, model  # a file of weights, which may know its config
    config, checkpoint = located(config, checkpoint or os.environ.get("VITPOSE_CHECKPOINT") or None)
    network = load_backend(config, checkpoint, device, precision, name=name)
    path = Path(checkpoint or shipped_checkpoint(network.config))
    return network, {"weights": path.name, "weights_sha256": weights_digest(path)}


def _is_demo(data: str) -> bool:
    return data == "demo" and not Path(data).exists()


def _labelled(network, named: str, dataset: str | None, images: Path | None, detections: Path | None):
    from ..evaluation.datasets import open_dataset
    from ..evaluation.take import open_demo, open_take

    data = Path(named)
    if _is_demo(named):
        if dataset or images or detections:
            fail("The demo's clip needs no --dataset, --images or --detections; leave them out.")
        return open_demo()
    if data.suffix in (".mocap", ".jsonl"):
        if dataset or detections:
            fail("A take needs no --dataset and no --detections; leave them out.")
        return open_take(data, images)
    return open_dataset(data, dataset, images, detections, network.skeleton)


def _drawn(
    data: str,
    renderer: str,
    network,
    count: int | None,
    hardness: float,
    character: Path | None,
    motion: Path | None,
    progress,
):
    from ..evaluation import EvaluationError
    from .train import default_character

    try:
        import moderngl  # noqa: F401
    except ImportError:
        raise EvaluationError("Pictures are drawn with moderngl: `uv sync --extra train` installs it.") from None
    from ..evaluation import synthetic, synthetic_val
    from ..training.gltf import CharacterError
    from ..training.motion import MotionError, motion_path
    from ..training.render import RenderError

    glb = character or default_character()

    def told(done: int, of: int) -> None:
        progress(f"drawing with {synthetic.NAMES[renderer]}", done, of)

    try:
        if data == "synthetic-val":
            count = min(count or synthetic_val.COUNT, synthetic_val.COUNT)
            return synthetic_val.dataset(glb, motion, count, progress=told, renderer=renderer)
        motion = motion_path(motion)
        return synthetic.draw(glb, motion, network.input_size, count or 500, hardness, told, renderer=renderer)
    except (CharacterError, MotionError, RenderError) as error:
        raise EvaluationError(str(error)) from None


def _still(network, video: Path, box: str | None, progress) -> dict:
    """Jitter on a clip in which nothing moves."""
    import numpy as np

    from ..cameras import CameraError
    from ..evaluation import EvaluationError
    from ..evaluation.jitter import follow, jitter, still_box, video_frames
    from ..evaluation.job import plain
    from ..options import checked_box

    frames = video_frames(video)
    if box is None:
        place = still_box(network, frames[0])
    else:
        try:
            place = np.array(checked_box(box.split(",")), dtype=float)
        except CameraError as error:
            raise EvaluationError(f"--box: {error}") from None

    def shown():
        for i, frame in enumerate(frames):
            progress("still clip", i, len(frames))
            yield frame

    return plain({"frames": len(frames), "box": place.tolist(), **jitter(*follow(network, shown(), place), place)})


def fail(message: str) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(1)

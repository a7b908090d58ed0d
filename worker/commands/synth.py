"""`mocap synth`: a data set of drawn people in COCO's format, or a sheet that shows what is drawn."""

from pathlib import Path
from typing import Annotated

import typer


def synth(
    out: Annotated[Path, typer.Option(help="Folder of the data set; made if need be.")],
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 100,
    longest: Annotated[
        int, typer.Option(min=64, max=4096, help="The longer side of a frame is at most this, px.")
    ] = 640,
    crops: Annotated[
        str | None,
        typer.Option(metavar="WxH", help="Crops of one person in px, as the network gets them, such as 192x256."),
    ] = None,
    hardness: Annotated[float, typer.Option(min=0, max=1, help="From an easy world, 0, to the full one, 1.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same pictures.")] = 0,
    split: Annotated[
        str, typer.Option(help="Clips that the poses come from: train, test, or rest for none at all.")
    ] = "train",
    poses: Annotated[int, typer.Option(min=1, help="How many poses there are to draw from.")] = 2000,
    preview: Annotated[
        bool, typer.Option(help="Write a labelled contact sheet with histograms, preview.png, and no data set.")
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes that draw; they change nothing.")] = 1,
    character: Annotated[Path | None, typer.Option(help="GLB of the character, landmarks.json beside it.")] = None,
    people: Annotated[
        str, typer.Option(help="varied: bodies, clothes and hair of all kinds; default: the character as it is.")
    ] = "varied",
    renderer: Annotated[
        str, typer.Option(help="opengl, or blender: the same scenes drawn by Blender's Cycles, a second or more each.")
    ] = "opengl",
    held_out: Annotated[bool, typer.Option(help="Draw the people and places that are kept for validation.")] = False,
    motion: Annotated[Path | None, typer.Option(help="The motion clips; also MOCAP_MOTION.")] = None,
) -> None:
    """Draw labelled pictures of people: whole frames with everybody in them, or crops of one."""
    from rich.console import Console

    from .progress import stages
    from .train import default_character, fail

    try:
        width, height = (int(side) for side in (crops or "192x256").lower().split("x"))
        if not (16 <= width <= 4096 and 16 <= height <= 4096):
            raise ValueError
    except ValueError:
        fail(f"--crops {crops} is not like 192x256.")
    try:
        from ..training.pictures import PictureSource
        from ..training.render import RenderError
    except ImportError:
        fail("Pictures are drawn with moderngl: `uv sync --extra train` installs it.")
    from ..training.frames import write_frames
    from ..training.gltf import CharacterError
    from ..training.motion import MotionError, motion_path
    from ..training.preview import preview as write_preview
    from ..training.sheet import write_coco

    if split not in ("train", "test", "rest"):
        fail(f"--split {split} is none of train, test and rest.")
    if people not in ("varied", "default"):
        fail(f"--people {people} is neither varied nor default.")
    if renderer not in ("opengl", "blender"):
        fail(f"--renderer {renderer} is neither opengl nor blender.")
    if (out / "annotations.json").exists() and not preview:
        fail(f"{out / 'annotations.json'} is there already; choose another --out.")
    glb = character or default_character()
    console = Console(stderr=True)
    try:
        options = {
            "character": glb,
            "landmarks": glb.with_suffix(".landmarks.json"),
            "size": (width, height),
            "poses": poses,
            "split": split,
            "seed": seed,
            "motion": None if split == "rest" else motion_path(motion),
            "people": "default" if character else people,
            "held_out": held_out,
            "renderer": renderer,
        }
        out.mkdir(parents=True, exist_ok=True)
        with stages(console) as progress:
            if not (preview or crops):
                shown = write_frames(
                    options, count, out, hardness, longest, workers, lambda done, of: progress("drawing", done, of)
                )
            else:
                source = PictureSource(**options)

                def pictures():
                    for i in range(count):
                        yield source.draw(i, hardness)
                        progress("drawing", i + 1, count)

                if preview:
                    write_preview(list(pictures()), out / "preview.png")
                else:
                    write_coco(pictures(), out)
        if preview:
            typer.echo(f"{out / 'preview.png'}: {count} pictures")
        elif crops:
            typer.echo(f"{out / 'annotations.json'}: {count} pictures")
        else:
            typer.echo(f"{out / 'annotations.json'}: {shown} people in {count} frames")
    except (CharacterError, MotionError, RenderError, OSError) as error:
        fail(str(error))
    except KeyboardInterrupt:
        if preview:
            told = "no preview was written"
        elif (out / "annotations.json").exists():
            told = f"what was drawn is in {out}"
        else:
            told = "nothing was drawn yet"
        typer.echo(f"Stopped; {told}.", err=True)
        raise typer.Exit(130) from None

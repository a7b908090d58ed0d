"""`mocap synth`: a data set of drawn people in COCO's format, or a contact sheet of them."""

from pathlib import Path
from typing import Annotated

import typer


def synth(
    out: Annotated[Path, typer.Option(help="Folder of the data set; made if need be.")],
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 100,
    size: Annotated[str, typer.Option(help="Width × height of a picture in px.")] = "192x256",
    hardness: Annotated[float, typer.Option(min=0, max=1, help="From an easy world, 0, to the full one, 1.")] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same pictures.")] = 0,
    split: Annotated[
        str, typer.Option(help="Clips that the poses come from: train, test, or rest for none at all.")
    ] = "train",
    poses: Annotated[int, typer.Option(min=1, help="How many poses there are to draw from.")] = 2000,
    preview: Annotated[bool, typer.Option(help="Write a contact sheet, sheet.png, and no data set.")] = False,
    character: Annotated[Path | None, typer.Option(help="GLB of the character, landmarks.json beside it.")] = None,
    people: Annotated[
        str, typer.Option(help="varied: bodies, clothes and hair of all kinds; default: the character as it is.")
    ] = "varied",
    held_out: Annotated[bool, typer.Option(help="Draw the people who are kept for validation.")] = False,
    motion: Annotated[Path | None, typer.Option(help="The motion clips; also MOCAP_MOTION.")] = None,
) -> None:
    """Draw labelled pictures of people."""
    from .train import default_character, fail

    try:
        width, height = (int(side) for side in size.lower().split("x"))
    except ValueError:
        fail(f"--size {size} is not like 192x256.")
    try:
        from ..training.pictures import PictureSource
        from ..training.render import RenderError
    except ImportError:
        fail("Pictures are drawn with moderngl: `uv sync --extra train` installs it.")
    from ..training.gltf import CharacterError
    from ..training.motion import MotionError, motion_path
    from ..training.sheet import contact_sheet, write_coco

    if split not in ("train", "test", "rest"):
        fail(f"--split {split} is none of train, test and rest.")
    if people not in ("varied", "default"):
        fail(f"--people {people} is neither varied nor default.")
    glb = character or default_character()
    try:
        source = PictureSource(
            glb,
            glb.with_suffix(".landmarks.json"),
            (width, height),
            poses=poses,
            split=split,
            seed=seed,
            motion=None if split == "rest" else motion_path(motion),
            people="default" if character else people,
            held_out=held_out,
        )
        pictures = (source.draw(i, hardness) for i in range(count))
        if preview:
            out.mkdir(parents=True, exist_ok=True)
            contact_sheet(list(pictures), out / "sheet.png")
            typer.echo(f"{out / 'sheet.png'}: {count} pictures")
        else:
            write_coco(pictures, out)
            typer.echo(f"{out / 'annotations.json'}: {count} pictures")
    except (CharacterError, MotionError, RenderError, OSError) as error:
        fail(str(error))

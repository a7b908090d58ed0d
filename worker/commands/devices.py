"""`mocap devices`: the cameras of this machine."""

import json as json_module
from typing import Annotated

import typer


def devices(json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False) -> None:
    """List the cameras; their index is what --source takes."""
    from ..cameras import find_cameras

    cameras = find_cameras()
    if json:
        typer.echo(json_module.dumps([{"index": c.index, "name": c.name} for c in cameras]))
        return
    for camera in cameras:
        typer.echo(f"{camera.index}  {camera.name}")
    if not cameras:
        typer.echo("No camera was found. A video file or a stream's URL can be the source, too.")

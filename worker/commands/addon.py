"""`mocap addon build` and `mocap addon install`: the extension's zip, and putting it into Blender."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Build the Blender extension, or put it into Blender.", no_args_is_help=True)


@app.command()
def build(out: Annotated[Path, typer.Option(help="Folder for the zip.")] = Path("dist")) -> None:
    """Make the extension's zip; it holds all that Blender and the worker need."""
    from .. import extension

    try:
        zip_path = extension.build(out)
    except extension.ExtensionError as error:
        _fail(error)
    typer.echo(f"{zip_path} ({zip_path.stat().st_size / 1e6:.1f} MB)")
    typer.echo(_BY_HAND)


@app.command()
def install(
    blender: Annotated[
        str | None, typer.Option(help="Blender's program; all that are found by default.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the zip.")] = Path("dist"),
) -> None:
    """Build the extension and put it into every Blender found here (4.2 or later)."""
    from .. import extension

    try:
        zip_path = extension.build(out)
        remember_worker()
        installed = 0
        for path in [blender] if blender else extension.find_blenders():
            version = extension.blender_version(path)
            shown = f"Blender {version[0]}.{version[1]} ({path})"
            if version < extension.MINIMUM_BLENDER:
                typer.echo(f"{shown} is too old: the extension needs 4.2.")
                continue
            extension.install(path, zip_path)
            installed += 1
            typer.echo(
                f"Installed into {shown}. Open the sidebar in the 3D view (N) and choose the Mocap tab."
            )
    except extension.ExtensionError as error:
        _fail(error)
    if not installed:
        typer.echo(f"No Blender was found to install into. The extension is {zip_path}")
        typer.echo(_BY_HAND)


def remember_worker() -> None:
    """Note this environment's `mocap` in the machine's settings, so that the add-on can start it."""
    import sys

    from mocap_core import places

    program = Path(sys.executable).with_name("mocap.exe" if sys.platform == "win32" else "mocap")
    if program.exists():
        places.write_settings({**places.read_settings(), "worker": str(program)})


_BY_HAND = "In Blender: Edit > Preferences > Add-ons > the arrow at the top right > Install from Disk."


def _fail(error: Exception) -> None:
    typer.echo(f"mocap addon: {error}", err=True)
    raise typer.Exit(1)

"""The `mocap` command line: names the commands, leaves the work to `commands/`.

Commands import what they need when they run, so that `mocap --help` is there at once.
"""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from .commands import (
    addon,
    bench,
    demo,
    devices,
    doctor,
    evaluate,
    models,
    refine,
    run,
    solve_chains,
    synth,
    train,
    train_lifter,
)

app = typer.Typer(
    name="mocap",
    help="Live motion capture with ViTPose for Blender.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo.demo)
app.command()(run.run)
app.command()(refine.refine)
app.command()(devices.devices)
app.command()(doctor.doctor)
app.command()(solve_chains.solve_chains)
app.command()(train.train)
app.command()(train_lifter.train_lifter)
app.command()(synth.synth)
app.command("eval")(evaluate.evaluate)
app.add_typer(addon.app, name="addon")
app.add_typer(bench.app, name="bench")
app.add_typer(models.app, name="models")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mocap {version('vitpose-live-mocap')}")
        raise typer.Exit()


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    for stream in (sys.stdout, sys.stderr):
        # Into a file or pipe, Windows would write an old code page; a missing sign is no reason to stop.
        stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")
    app()

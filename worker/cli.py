"""The `mocap` command line: names the commands, leaves the work to `commands/`."""

import typer

app = typer.Typer(
    name="mocap",
    help="Live motion capture with ViTPose for Blender.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def main() -> None:
    app()

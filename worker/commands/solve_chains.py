"""`mocap solve-chains`: chains of a rig that follow targets, solved for the add-on."""

import sys
from pathlib import Path
from typing import Annotated

import typer

STEP = 0.01


def solve_chains(
    job: Annotated[Path, typer.Argument(help="The job, as the add-on writes it.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where the result goes.")],
) -> None:
    """Solve chains that follow a target, over the frames of a take.

    How far it is stands on standard output, a share of 1 a line.
    """
    from ..chains.job import JobError, read, solve, write

    told = -1.0

    def progress(share: float) -> None:
        nonlocal told
        if share >= told + STEP or share == 1.0:
            told = share
            print(f"{share:.2f}", flush=True)

    try:
        write(out, solve(read(job), progress))
    except JobError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        sys.exit(130)

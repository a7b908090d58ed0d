"""`mocap models`: what there is to choose from, and what a checkpoint or config holds."""

import json as json_module
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The ViTPose models.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


@app.command("list")
def list_models(json: Json = False) -> None:
    """List the models whose configs ship, and which of them have weights."""
    from ..backends import shipped_checkpoint
    from ..vitpose.checkpoint import CheckpointError
    from ..vitpose.model_config import load_model_config, shipped_configs

    rows = []
    for name in shipped_configs():
        try:
            weights = shipped_checkpoint(load_model_config(name)).name
        except CheckpointError:
            weights = None
        rows.append({"name": name, "weights": weights})
    if json:
        typer.echo(json_module.dumps(rows))
        return
    for row in rows:
        typer.echo(f"{row['name']}  {row['weights'] or 'no weights here'}")


@app.command()
def info(
    model: Annotated[str, typer.Argument(help="A config's name, a config file or a checkpoint file.")],
    json: Json = False,
) -> None:
    """Say what a model is: its size, head, skeleton, codec and parameters."""
    from ..vitpose.checkpoint import CheckpointError
    from ..vitpose.config import ConfigError

    try:
        found = describe(model)
    except (CheckpointError, ConfigError) as error:
        typer.echo(f"mocap models: {error}", err=True)
        raise typer.Exit(1) from None
    if json:
        typer.echo(json_module.dumps(found))
        return
    for key, value in found.items():
        typer.echo(f"{key:<12}{value}")


def describe(model: str) -> dict:
    """What a config's name, a config file or a checkpoint is. Raises ConfigError or CheckpointError."""
    import torch

    from ..vitpose.checkpoint import CheckpointError, config_named_in, load_checkpoint
    from ..vitpose.fitting import config_that_fits
    from ..vitpose.model import SIZES
    from ..vitpose.model_config import load_model_config, shipped_configs

    name, checkpoint = model, None
    if model not in shipped_configs() and Path(model).suffix != ".py":
        checkpoint = model
        name = config_named_in(checkpoint) or config_that_fits(checkpoint)
        if name is None:
            raise CheckpointError(f"{checkpoint} fits none of the configs that ship.")
    config = load_model_config(name)
    with torch.device("meta"):
        network = config.build()
    if checkpoint is not None:
        load_checkpoint(network, checkpoint, config.name)
    shape = {"dim": config.dim, "depth": config.depth, "heads": config.heads}
    size = next((letter for letter, sizes in SIZES.items() if sizes == shape), "own")
    return {
        "config": config.name,
        "size": f"{size} (dim {config.dim}, depth {config.depth}, {config.heads} heads)",
        "head": config.head,
        "input": f"{config.input_size[0]}×{config.input_size[1]}",
        "skeleton": f"{config.skeleton}, {config.keypoints} keypoints",
        "codec": f"UDP, blur {config.codec.blur}" if config.codec.udp else "no UDP",
        "parameters": network.parameter_count(),
    }

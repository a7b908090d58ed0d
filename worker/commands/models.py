"""`mocap models`: what there is to choose from, fetching published weights, and what a checkpoint or config holds."""

import json as json_module
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="The ViTPose models.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
Config = Annotated[str, typer.Option(help="A model config: name or path; told by the weights where they can.")]


class Format(StrEnum):
    safetensors = "safetensors"
    onnx = "onnx"


@app.command("list")
def list_models(json: Json = False) -> None:
    """List the configs that ship and the published weights, and which weights are on this machine."""
    from ..backends import shipped_checkpoint
    from ..vitpose.checkpoint import CheckpointError
    from ..vitpose.hub import PUBLISHED, pulled
    from ..vitpose.model_config import load_model_config, shipped_configs

    there = {name: pulled(name) for name in PUBLISHED}
    rows = []
    for name in shipped_configs():
        try:
            weights = [shipped_checkpoint(load_model_config(name)).name]
        except CheckpointError:
            weights = []
        weights += [pull for pull, (_, config) in PUBLISHED.items() if config == name and there[pull]]
        rows.append({"name": name, "weights": weights[0] if weights else None, "config": name, "published": False})
    for name, (repository, config) in PUBLISHED.items():
        folder = there[name] and str(there[name].folder)
        rows.append({"name": name, "weights": folder, "config": config, "published": True, "repository": repository})
    if json:
        typer.echo(json_module.dumps(rows))
        return
    typer.echo("Configs, and the weights that go with them by themselves:")
    for row in rows:
        if not row["published"]:
            typer.echo(f"  {row['name']:<40}{row['weights'] or '-'}")
    typer.echo("Published weights; `mocap models pull NAME` fetches them:")
    for row in rows:
        if row["published"]:
            typer.echo(f"  {row['name']:<28}{row['config']:<40}{'here' if row['weights'] else '-'}")


@app.command()
def pull(
    name: Annotated[str, typer.Argument(help="A name from `mocap models list`, or OWNER/NAME on the hub.")],
    revision: Annotated[str | None, typer.Option(help="A commit, tag or branch; the newest by default.")] = None,
    sha256: Annotated[str | None, typer.Option(help="What the weights' SHA-256 must be.")] = None,
    report: Annotated[
        Path | None, typer.Option(help="File that tells how far it is, for programs; FILE.stop beside it ends it.")
    ] = None,
    json: Json = False,
) -> None:
    """Fetch published weights into the data folder and check them; an interrupted download goes on."""
    reporter = None if report is None else _reporter(report)  # before what takes seconds to import
    from ..vitpose.hub import HubError
    from ..vitpose.hub import pull as fetch

    try:
        found = fetch(name, revision, sha256, reporter.say) if reporter else fetch(name, revision, sha256)
    except HubError as error:
        if reporter:
            reporter.end("failed", str(error))
        _fail(error)
    if reporter:
        reporter.end("done")
    if json:
        typer.echo(json_module.dumps({**vars(found), "folder": str(found.folder)}))
        return
    typer.echo(f"{found.repository}, commit {found.revision}, SHA-256 {found.sha256}, is in {found.folder}.")
    which = "" if found.config else " --config CONFIG, as the weights do not tell which keypoints they are"
    typer.echo(f"Use it with --{'model' if found.config else 'checkpoint'} {name}{which}.")


@app.command()
def info(
    model: Annotated[str, typer.Argument(help="A config or checkpoint file, or a name from `mocap models list`.")],
    config: Config = "",
    json: Json = False,
) -> None:
    """Say what a model is: its size, head, skeleton, codec, parameters, operations and experts."""
    from ..vitpose.checkpoint import CheckpointError
    from ..vitpose.config import ConfigError

    try:
        found = describe(model, config)
    except (CheckpointError, ConfigError) as error:
        _fail(error)
    if json:
        typer.echo(json_module.dumps(found))
        return
    for key, value in found.items():
        typer.echo(f"{key:<12}{value}")


@app.command()
def convert(
    checkpoint: Annotated[str, typer.Argument(metavar="IN", help="Weights of any kind, or a pulled model's name.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write.")],
    to: Annotated[Format | None, typer.Option(help="By OUT's ending where left out.")] = None,
    config: Config = "",
) -> None:
    """Write weights as one plain network, as safetensors that know their config or as ONNX.

    Of a file with several heads or experts, --config says whose are taken.
    """
    from safetensors import SafetensorError

    from ..vitpose.checkpoint import CheckpointError, save_checkpoint
    from ..vitpose.config import ConfigError

    kind = to.value if to else out.suffix.lstrip(".")
    if kind not in [format.value for format in Format]:
        _fail(f"{out} ends in {out.suffix!r}; expected .safetensors or .onnx, or say which with --to.")
    try:
        described, _, network, _ = _loaded(checkpoint, config)
        if kind == "onnx":
            from ..vitpose.export import export_onnx

            out.parent.mkdir(parents=True, exist_ok=True)
            export_onnx(network.eval(), described, out)
        else:
            save_checkpoint(network, out, described.name)
    except (CheckpointError, ConfigError) as error:
        _fail(error)
    except OSError as error:
        _fail(f"{out} cannot be written: {error.strerror or error}.")
    except SafetensorError as error:
        _fail(f"{out} cannot be written: {error}.")
    typer.echo(f"{out} ({out.stat().st_size / 1e6:.1f} MB), for the config {described.name}.")


def describe(model: str, config: str = "") -> dict:
    """What a config, a checkpoint or a published model's name is. Raises ConfigError or CheckpointError."""
    from ..evaluation.cost import parameters_and_gmacs
    from ..vitpose.hub import PUBLISHED, pulled
    from ..vitpose.model import SIZES
    from ..vitpose.model_config import load_model_config, shipped_configs

    guessed, keys = False, set()
    if model in PUBLISHED and pulled(model) is None and not Path(model).exists():
        described = load_model_config(config or PUBLISHED[model][1])
    elif model in shipped_configs() or Path(model).suffix == ".py":
        described = load_model_config(model)
    else:
        described, guessed, _, keys = _loaded(model, config)
    parameters, gmacs = parameters_and_gmacs(described)
    shape = {"dim": described.dim, "depth": described.depth, "heads": described.heads}
    size = next((letter for letter, sizes in SIZES.items() if sizes == shape), "own")
    codec = described.codec
    experts = {key.split(".experts.")[1].split(".")[0] for key in keys if ".mlp.experts." in key}
    heads = {key.split(".")[1] for key in keys if key.startswith("associate_keypoint_heads.")}
    width, height = described.input_size
    return {
        "config": described.name,
        "config_from": "the shapes alone; --config says it" if guessed else "its name",
        "size": f"{size} (dim {described.dim}, depth {described.depth}, {described.heads} heads)",
        "head": described.head,
        "input": f"{width}×{height}",
        "features": f"1/{16 // described.ratio}, {described.attention} attention",
        "skeleton": f"{described.skeleton}, {described.keypoints} keypoints",
        "codec": f"UDP, blur {codec.blur}" if codec.udp else "no UDP",
        "flip_shift": int(codec.flip_shift),
        "parameters": parameters,
        "gmacs": round(gmacs, 3),
        "experts": f"{len(experts)}, {described.dataset}'s is used" if experts else "none",
        "pose_heads": f"{len(heads) + 1}, {described.dataset}'s is used" if heads else "1",
    }


def _loaded(checkpoint: str, config: str):
    """A config, whether only shapes told it, its network filled with the weights, and the names in the file."""
    import torch

    from ..vitpose.checkpoint import CheckpointError, fill
    from ..vitpose.fitting import config_named_in, config_that_fits
    from ..vitpose.hub import located
    from ..vitpose.model_config import load_model_config
    from ..vitpose.weights_file import read_weights

    named, path = located(config or None, checkpoint)
    named = named or config_named_in(path)
    name = named or config_that_fits(path)
    if name is None:
        raise CheckpointError(f"{path} fits none of the configs that ship; give its own with --config.")
    described = load_model_config(name)
    with torch.device("meta"):
        network = described.build()
    weights, _ = read_weights(path)
    fill(network, weights, str(path), described.name, described.dataset)
    return described, named is None, network, set(weights)


def _reporter(path: Path):
    """Tells how far the download is in a file, and ends this process where somebody asks for it there."""
    import os

    from mocap_core.background import Reporter

    def stop() -> None:
        reporter.end("cancelled")
        os._exit(130)  # from a thread, while another waits for the network; what has come is on disk

    reporter = Reporter(path, "Starting", stop)
    return reporter


def _fail(error: object) -> None:
    typer.echo(f"mocap models: {error}", err=True)
    raise typer.Exit(1) from None

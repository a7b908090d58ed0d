"""`mocap eval`: how good weights are on drawn pictures of held-out motion."""

from pathlib import Path
from typing import Annotated

import typer


def evaluate(
    checkpoint: Annotated[
        Path, typer.Argument(help="Weights, such as checkpoints/vitpose_t_synthetic.safetensors.")
    ],
    config: Annotated[
        str | None, typer.Option(help="Model config; by default the one the weights name.")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 500,
    hardness: Annotated[float, typer.Option(min=0, max=1, help="0 easy to 1, the full world.")] = 1.0,
    character: Annotated[
        Path | None, typer.Option(help="GLB of the character, landmarks.json beside it.")
    ] = None,
    motion: Annotated[Path | None, typer.Option(help="The motion clips; also MOCAP_MOTION.")] = None,
) -> None:
    """Measure PCK and AP on pictures with the test clips' poses, in scenes that training never draws."""
    from .train import default_character, fail

    try:
        import moderngl  # noqa: F401
    except ImportError:
        fail("Pictures are drawn with moderngl: pip install 'vitpose-live-mocap[train]'.")
    from ..training import evaluate as measures
    from ..training.gltf import CharacterError
    from ..training.motion import MotionError, motion_path
    from ..training.pictures import PictureSource
    from ..training.render import RenderError
    from ..vitpose.checkpoint import CheckpointError, config_named_in, load_checkpoint
    from ..vitpose.config import ConfigError
    from ..vitpose.model_config import DEFAULT_MODEL, load_model_config

    glb = character or default_character()
    try:
        model = load_model_config(config or config_named_in(checkpoint) or DEFAULT_MODEL).build()
        load_checkpoint(model, checkpoint)
        source = PictureSource(
            glb,
            glb.with_suffix(".landmarks.json"),
            model.input_size,
            poses=2000,
            split="test",
            mix=measures.HELD_OUT_MIX,
            seed=measures.HELD_OUT_SEED,
            motion=motion_path(motion),
        )
        pictures = [source.draw(index, hardness) for index in range(count)]
    except (CheckpointError, ConfigError, CharacterError, MotionError, RenderError) as error:
        fail(str(error))
    typer.echo(measures.evaluate(model, pictures).table())

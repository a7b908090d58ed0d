"""Reads and writes weights, whatever program made them.

Read are safetensors files, PyTorch files (.pth, .bin; nothing in them is ever run) and folders as
transformers writes them. Which of the layouts below a file has is told by its keys. Whatever does not fit the
model is named.
"""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import safetensors
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from .model import ViTPose

Weights = dict[str, Tensor]


class CheckpointError(Exception):
    """Weights that cannot be used; the message says which file, what was found and what was expected."""


# How the blocks' keys begin in each layout, and below what turns its keys into model.py's, the official ones.
_OFFICIAL_BLOCKS = "backbone.blocks."
_MMPOSE_BLOCKS = "backbone.layers."
_TRANSFORMERS_BLOCKS = "backbone.encoder.layer."

_MMPOSE = [
    (r"^backbone\.patch_embed\.projection\.", "backbone.patch_embed.proj."),
    (r"^backbone\.ln1\.", "backbone.last_norm."),
    (r"^backbone\.layers\.(\d+)\.ln([12])\.", r"backbone.blocks.\1.norm\2."),
    (r"^backbone\.layers\.(\d+)\.ffn\.layers\.0\.0\.", r"backbone.blocks.\1.mlp.fc1."),
    (r"^backbone\.layers\.(\d+)\.ffn\.layers\.1\.", r"backbone.blocks.\1.mlp.fc2."),
    (r"^backbone\.layers\.(\d+)\.attn\.", r"backbone.blocks.\1.attn."),
    (r"^head\.", "keypoint_head."),
]
_TRANSFORMERS = [
    (r"^backbone\.embeddings\.position_embeddings$", "backbone.pos_embed"),
    (r"^backbone\.embeddings\.patch_embeddings\.projection\.", "backbone.patch_embed.proj."),
    (r"^backbone\.layernorm\.", "backbone.last_norm."),
    (r"^backbone\.encoder\.layer\.(\d+)\.layernorm_before\.", r"backbone.blocks.\1.norm1."),
    (r"^backbone\.encoder\.layer\.(\d+)\.layernorm_after\.", r"backbone.blocks.\1.norm2."),
    (r"^backbone\.encoder\.layer\.(\d+)\.attention\.attention\.", r"backbone.blocks.\1.attn."),
    (r"^backbone\.encoder\.layer\.(\d+)\.attention\.output\.dense\.", r"backbone.blocks.\1.attn.proj."),
    (r"^backbone\.encoder\.layer\.(\d+)\.mlp\.", r"backbone.blocks.\1.mlp."),
    (r"^head\.deconv1\.", "keypoint_head.deconv_layers.0."),
    (r"^head\.batchnorm1\.", "keypoint_head.deconv_layers.1."),
    (r"^head\.deconv2\.", "keypoint_head.deconv_layers.3."),
    (r"^head\.batchnorm2\.", "keypoint_head.deconv_layers.4."),
    (r"^head\.conv\.", "keypoint_head.final_layer."),
]


def load_checkpoint(model: ViTPose, path: str | Path, model_name: str = "the model") -> None:
    """Fills the model with a file's weights, float32, in place. Raises CheckpointError."""
    weights, _ = read_weights(path)
    fill(model, weights, str(path), model_name)


def config_named_in(path: str | Path) -> str | None:
    """The config that a checkpoint of ours was made for, as its metadata says; None for others'."""
    return read_weights(path, only_metadata=True)[1].get("config")


def save_checkpoint(
    model: ViTPose, path: str | Path, config: str, dtype: torch.dtype = torch.float32, **notes: str
) -> None:
    """Writes safetensors whose metadata name the config, so that the file can be used by itself."""
    weights = {
        key: (value.to(dtype) if value.is_floating_point() else value).detach().cpu().contiguous().clone()
        for key, value in model.state_dict().items()
    }
    save_file(weights, str(path), metadata={"format": "pt", "config": config, **notes})


def read_weights(path: str | Path, only_metadata: bool = False) -> tuple[Weights, dict[str, str]]:
    """A file's tensors by their own names, and its metadata (safetensors have some)."""
    file = _file_in(Path(path))
    try:
        with file.open("rb") as opened:
            start = opened.read(64)
    except OSError as error:
        raise CheckpointError(f"{file} cannot be read: {error.strerror}.") from None
    if start.startswith(b"version https://git-lfs"):
        raise CheckpointError(f"{file} stands in for weights kept with Git LFS; `git lfs pull` gets them.")
    if start[8:9] == b"{":
        return _read_safetensors(file, only_metadata)
    return ({} if only_metadata else _read_pickle(file)), {}


def _read_safetensors(file: Path, only_metadata: bool) -> tuple[Weights, dict[str, str]]:
    try:
        with safetensors.safe_open(str(file), framework="pt") as opened:
            metadata = opened.metadata() or {}
        return ({} if only_metadata else load_file(str(file))), metadata
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise CheckpointError(f"{file} is a damaged safetensors file: {_first_line(error)}.") from None


def _read_pickle(file: Path) -> Weights:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickle protocols, for torch's own developers
            content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise CheckpointError(
            f"{file} is damaged or holds more than weights. It is not loaded, as that could run what is in "
            "it. Get the file from its publisher again, or one in safetensors format."
        ) from None
    except Exception as error:  # damaged bytes make the unpickler fail in every way there is
        raise CheckpointError(f"{file} cannot be read as a checkpoint: {_first_line(error)}.") from None
    return _unwrap(content, file)


def fill(model: ViTPose, weights: Mapping[str, Tensor], source: str, model_name: str = "the model") -> None:
    """Puts weights of any known layout into the model, float32. `source` is for messages."""
    expected = model.state_dict()
    found, original = _renamed(weights, source)
    if "backbone.pos_embed" in found:
        found["backbone.pos_embed"] = _with_row_0(found["backbone.pos_embed"], expected["backbone.pos_embed"])
    counters = [key for key in expected if key.endswith("num_batches_tracked")]
    found = {key: value for key, value in found.items() if key not in counters}

    problems = [
        f"{original[key]} is {tuple(found[key].shape)}, expected {tuple(value.shape)}"
        for key, value in expected.items()
        if key in found and found[key].shape != value.shape
    ]
    missing = [key for key in expected if key not in found and key not in counters]
    surplus = [original[key] for key in found if key not in expected]
    problems = [*_some(problems), *_listed("missing", missing), *_listed("not expected", surplus)]
    if problems:
        raise CheckpointError(f"{source} does not fit {model_name}: {'; '.join(problems)}.")
    strange = [original[key] for key, value in found.items() if not torch.isfinite(value).all()]
    if strange:
        raise CheckpointError(f"{source} is damaged: {'; '.join(_listed('no finite numbers in', strange))}.")
    state = {key: value.to(torch.float32, copy=True).contiguous() for key, value in found.items()}
    state |= {key: torch.zeros((), dtype=torch.long) for key in counters}
    model.load_state_dict(state, assign=True)


def _file_in(path: Path) -> Path:
    """The file itself, or the one in a folder that transformers wrote."""
    if path.is_dir():
        for name in ("model.safetensors", "pytorch_model.bin"):
            if (path / name).is_file():
                return path / name
        raise CheckpointError(f"The folder {path} holds neither model.safetensors nor pytorch_model.bin.")
    if not path.is_file():
        raise CheckpointError(
            f"There is no checkpoint at {path}. Check the path, or leave it out for the one that ships."
        )
    return path


def _unwrap(content: object, file: Path) -> Weights:
    """The tensors out of their container: {'state_dict': …}, {'model': …} or bare."""
    for name in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
            break
    if not isinstance(content, Mapping):
        raise CheckpointError(f"{file} holds a {type(content).__name__}, no named weights.")
    tensors = {str(key).removeprefix("module."): v for key, v in content.items() if isinstance(v, Tensor)}
    if not tensors:
        raise CheckpointError(f"{file} holds no tensors, but {', '.join(_some([str(key) for key in content]))}.")
    return tensors


def _renamed(weights: Mapping[str, Tensor], source: str) -> tuple[Weights, dict[str, str]]:
    """The weights under model.py's names, and for each of those the file's own name."""

    def has(blocks: str) -> bool:
        return any(key.startswith(blocks) for key in weights)

    if has(_OFFICIAL_BLOCKS):
        return dict(weights), {key: key for key in weights}
    if has(_MMPOSE_BLOCKS):
        rules = _MMPOSE
    elif has(_TRANSFORMERS_BLOCKS):
        rules = _TRANSFORMERS
    else:
        keys = ", ".join(_some(list(weights))) or "nothing"
        raise CheckpointError(
            f"{source} is no ViTPose checkpoint of a known layout: expected keys that begin with "
            f"{_OFFICIAL_BLOCKS} (official), {_MMPOSE_BLOCKS} (mmpose 1.x) or {_TRANSFORMERS_BLOCKS} "
            f"(transformers), found {keys}."
        )
    found, original = {}, {}
    for key, value in weights.items():
        name = key
        for pattern, replacement in rules:
            name, count = re.subn(pattern, replacement, key)
            if count:
                break
        found[name], original[name] = value, key
    return _joined_qkv(found, original), original


def _joined_qkv(found: Weights, original: dict[str, str]) -> Weights:
    """transformers keeps query, key and value apart; here they are one matrix, in this order."""
    joined = dict(found)
    for name in found:
        if ".attn.query." in name:
            parts = [name.replace(".query.", f".{part}.") for part in ("query", "key", "value")]
            if all(part in found for part in parts):
                whole = name.replace(".query.", ".qkv.")
                joined[whole] = torch.cat([joined.pop(part) for part in parts])
                original[whole] = original[name].replace(".query.", ".{query,key,value}.")
    return joined


def _with_row_0(table: Tensor, expected: Tensor) -> Tensor:
    """mmpose 1.x keeps no row 0: it drops the file's. A zero row gives the same sums."""
    if table.ndim == 3 and table.shape[1] == expected.shape[1] - 1:
        return torch.cat([torch.zeros_like(table[:, :1]), table], dim=1)
    return table


def _some(items: list[str], most: int = 4) -> list[str]:
    return items if len(items) <= most else [*items[:most], f"and {len(items) - most} more"]


def _listed(word: str, keys: list[str]) -> list[str]:
    return [f"{word}: {', '.join(_some(keys))}"] if keys else []


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0].rstrip(".")[:200] or type(error).__name__

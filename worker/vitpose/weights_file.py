"""Tensors by name out of files, and into them. Nothing in a file is ever run.

Read are safetensors files, PyTorch files (.pth, .bin) and folders as transformers writes them. Whose names they
are is left to layouts.py.
"""

from __future__ import annotations

import codecs
import pickle
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from .layouts import CheckpointError, Weights, some


def read_weights(path: str | Path, only_metadata: bool = False) -> tuple[Weights, dict[str, str]]:
    """A file's tensors by their own names, and its metadata (safetensors have some). Raises CheckpointError."""
    file = file_in(path)
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


def write_weights(weights: Mapping[str, Tensor], path: str | Path, metadata: dict[str, str]) -> None:
    """Writes safetensors, complete or not at all. Raises OSError."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    # Copies, as no two names may share memory there.
    tensors = {key: value.detach().cpu().contiguous().clone() for key, value in weights.items()}
    save_file(tensors, str(part), metadata={"format": "pt", **metadata})
    part.chmod(0o644)  # safetensors makes files that only their owner may read
    part.replace(path)


def file_in(path: str | Path) -> Path:
    """The file itself, or the one in a folder that transformers wrote. Raises CheckpointError."""
    path = Path(path)
    if path.is_dir():
        for name in ("model.safetensors", "pytorch_model.bin"):
            if (path / name).is_file():
                return path / name
        raise CheckpointError(f"The folder {path} holds neither model.safetensors nor pytorch_model.bin.")
    if not path.is_file():
        raise CheckpointError(
            f"There is no checkpoint at {path}. Check the path; published weights come by `mocap models pull NAME`."
        )
    return path


def _read_safetensors(file: Path, only_metadata: bool) -> tuple[Weights, dict[str, str]]:
    try:
        with safetensors.safe_open(str(file), framework="pt") as opened:
            metadata = opened.metadata() or {}
        return ({} if only_metadata else load_file(str(file))), metadata
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise CheckpointError(f"{file} is a damaged safetensors file: {_first_line(error)}.") from None


def _read_pickle(file: Path) -> Weights:
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_HARMLESS):
            warnings.simplefilter("ignore")  # about pickle protocols, for torch's own developers
            content = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise CheckpointError(
            f"{file} is damaged or holds more than weights. It is not loaded, as that could run what is in "
            "it. Get the file from its publisher again, or one in safetensors format."
        ) from None
    except Exception:  # damaged bytes make the unpickler fail in every way there is, and say nothing of use
        raise CheckpointError(
            f"{file} is damaged or no checkpoint; expected a safetensors or PyTorch file, as its publisher has it."
        ) from None
    return _unwrap(content, file)


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
        raise CheckpointError(f"{file} holds no tensors, but {', '.join(some([str(key) for key in content]))}.")
    strange = [key for key, v in tensors.items() if v.layout is not torch.strided or v.is_quantized or v.is_meta]
    if strange:
        raise CheckpointError(f"{file} holds sparse, quantised or no numbers in {', '.join(some(strange))}.")
    return tensors


class _Log:
    """Stands in for the logs that mmengine keeps beside a training's weights."""

    def __setstate__(self, state: object) -> None:
        pass


def _nothing(*_arguments: object) -> None:
    """Stands in for what those logs would call."""


# What mmpose keeps beside weights: numbers of a data set as numpy arrays, and a training's logs. The arrays are
# just bytes; of the logs nothing is kept, and no class or function of theirs is used.
_HARMLESS = [
    *(
        (function, f"{module}.{name}")
        for module in ("numpy.core.multiarray", "numpy._core.multiarray")
        for function, name in ((np.zeros(0).__reduce__()[0], "_reconstruct"), (np.float64(0).__reduce__()[0], "scalar"))
    ),
    np.ndarray,
    np.dtype,
    *{type(np.dtype(kind)) for kind in "?bBhHiIlLqQefdSU"},
    codecs.encode,
    (_Log, "mmengine.logging.history_buffer.HistoryBuffer"),
    (_nothing, "builtins.getattr"),
]


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0].rstrip(".")[:200] or type(error).__name__

"""Published weights: which names there are, fetching them from the hub, and finding those that were fetched.

They lie in the per-user data folder, a folder a model: the weights as published, and a note of where they come from
and which config goes with them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from mocap_core import published

from .checkpoint import CheckpointError, load_checkpoint
from .fitting import NOTE, config_that_fits
from .model import ViTPose
from .model_config import load_model_config, shipped_configs

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

# What `mocap models pull` knows by a short name: the repository on the hub, and the config of ours.
PUBLISHED = {name: (model.repository, model.config) for name, model in published.PUBLISHED.items()}
WEIGHTS = ("model.safetensors", "pytorch_model.bin")


class HubError(Exception):
    """Weights that cannot be fetched; the message says which, why and what to do."""


@dataclass(frozen=True)
class Pulled:
    """Weights on this machine. revision: the commit on the hub. sha256: of the weights' file."""

    folder: Path
    repository: str
    revision: str
    sha256: str
    config: str | None  # None where nobody said which it is


def repository_of(name: str) -> str:
    """The hub's owner/name for a short name, or for itself. Raises HubError."""
    if name in PUBLISHED:
        return PUBLISHED[name][0]
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name) or set(name) <= set("./"):
        raise HubError(f"{name!r} is no published model; there are {', '.join(PUBLISHED)}, or OWNER/NAME on the hub.")
    return name


def pulled(name: str) -> Pulled | None:
    """What was fetched under a name, or None."""
    try:
        folder = _folder(repository_of(name))
        note = json.loads((folder / NOTE).read_text("utf-8"))
        return Pulled(folder, *(note[key] for key in ("repository", "revision", "sha256", "config")))
    except (HubError, OSError, ValueError, KeyError, TypeError):
        return None


def located(config: str | Path | None, checkpoint: str | Path | None) -> tuple[str | Path | None, str | Path | None]:
    """Names of published models made into a config and the folder of the weights; all else stays as it is.

    Raises CheckpointError for a published model that was not fetched yet.
    """
    named = config if config in PUBLISHED else None
    if checkpoint is not None and not Path(checkpoint).exists():
        named = checkpoint if checkpoint in PUBLISHED or pulled(str(checkpoint)) else named
    if named is not None:
        there = pulled(named)
        if there is None:
            raise CheckpointError(f"{named} is not on this machine; `mocap models pull {named}` fetches it.")
        own = config if config not in PUBLISHED else None
        return own or there.config, str(there.folder)
    if checkpoint is None and config in shipped_configs():
        there = next((p for name in PUBLISHED if (p := pulled(name)) is not None and p.config == config), None)
        return config, None if there is None else str(there.folder)
    return config, checkpoint


# What is being done, of how many bytes, and what tells how many have come.
Told = Callable[[str, float | None, Callable[[], float | None]], None]


def _untold(title: str, total: float | None, came: Callable[[], float | None]) -> None:
    pass


def pull(name: str, revision: str | None = None, sha256: str | None = None, told: Told = _untold) -> Pulled:
    """Fetches a model's weights, or what is missing of them, and checks them.

    revision: a branch, tag or commit; the newest by default. sha256: of the weights, where one is known beforehand;
    the hub's own is checked in any case. An interrupted download goes on where it ended. Progress is written to
    stderr by huggingface_hub, and `told` is called with each step. Raises HubError; what is not complete and right
    never looks like a model.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HTTPError

    repository = repository_of(name)
    folder = _folder(repository)
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)
    told("Asking the hub", None, lambda: None)
    try:
        info = api.model_info(repository, revision=revision, files_metadata=True)
        found = _fetch(api, info, folder, sha256, told)
    except (OSError, ValueError, HTTPError) as error:
        why = str(error).strip().split("\n")[0].rstrip(".") or type(error).__name__
        raise HubError(f"{repository} could not be fetched: {why}. Pulling again goes on where it ended.") from None
    config = PUBLISHED.get(name, (None, None))[1]
    result = Pulled(folder, repository, info.sha or "", found, config)
    try:
        if config is None:  # which keypoints they are is for the user to say
            config_that_fits(folder)
        else:
            load_checkpoint(_unfilled(config), folder, config)
        note = {key: value for key, value in vars(result).items() if key != "folder"}
        (folder / NOTE).write_text(json.dumps(note, indent=2), "utf-8")
    except CheckpointError as error:
        raise HubError(f"{repository} was fetched, but cannot be used: {error}") from None
    except OSError as error:
        raise HubError(f"{folder / NOTE} cannot be written: {error.strerror}.") from None
    return result


def _fetch(api, info: ModelInfo, folder: Path, sha256: str | None, told: Told) -> str:
    """Gets the weights into the folder; returns their SHA-256. Older ones stay until the new are complete."""
    from huggingface_hub import hf_hub_url

    files = {file.rfilename: file for file in info.siblings or ()}
    name = next((name for name in WEIGHTS if name in files), None)
    if name is None:
        raise HubError(f"{info.id} has neither {' nor '.join(WEIGHTS)}, so no weights that can be read here.")
    published = files[name].lfs.sha256 if files[name].lfs else None
    if sha256 is not None and published is not None and sha256.lower() != published.lower():
        raise HubError(f"{info.id}: {name} has the SHA-256 {published} on the hub; expected {sha256}.")
    expected = (sha256 or published or "").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", expected):
        raise HubError(f"{info.id}: the hub gives no SHA-256 for {name}; give one with --sha256 to check it by.")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / name
    if target.is_file() and _sha256(target) == expected:
        return expected
    # Named after what it will be, so that no two versions are ever joined.
    part = folder / f"{name}.{expected[:16]}.part"
    url = hf_hub_url(info.id, name, revision=info.sha, endpoint=api.endpoint)
    told("Downloading", files[name].size, lambda: part.stat().st_size if part.exists() else 0.0)
    _download(api, url, part, files[name].size, name)
    told("Checking", None, lambda: None)
    if (found := _sha256(part)) != expected:
        part.unlink()
        raise HubError(f"{info.id}: {name} arrived with the SHA-256 {found}; expected {expected}. It was deleted.")
    (folder / NOTE).unlink(missing_ok=True)
    part.replace(target)
    return expected


def _download(api, url: str, part: Path, size: int | None, name: str) -> None:
    # hf_hub_download throws an unfinished file away when it fails; this is the part of it that can go on.
    from huggingface_hub.file_download import http_get

    there = part.stat().st_size if part.exists() else 0
    if size is not None and there > size:
        part.unlink()
        there = 0
    with part.open("ab") as file:
        http_get(
            url, file, resume_size=there, headers=api._build_hf_headers(), expected_size=size, displayed_filename=name
        )


def _unfilled(config: str) -> ViTPose:
    with torch.device("meta"):
        return load_model_config(config).build()


def _folder(repository: str) -> Path:
    return published.folder_of(repository)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

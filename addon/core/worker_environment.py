"""The worker's own Python environment in the data folder: where it is, and what it was made of."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from . import places
from .systems import program_in


@dataclass(frozen=True)
class Made:
    """wheel, sha256: the worker's package. backend: the build of PyTorch that was asked for."""

    wheel: str
    sha256: str
    backend: str

    @property
    def version(self) -> str:
        return self.wheel.split("-")[1] if "-" in self.wheel else self.wheel


def folder() -> Path:
    return places.worker_folder() / "environment"


def note() -> Path:
    return places.worker_folder() / "environment.json"


def made() -> Made | None:
    """What the environment was made of; None where there is none, or one that is not whole."""
    try:
        found = Made(**json.loads(note().read_text("utf-8")))
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return found if program().is_file() else None


def program() -> Path:
    return program_in(folder(), "mocap")


def remember(what: Made) -> None:
    """Say that the environment is whole. Raises OSError."""
    note().write_text(json.dumps(asdict(what)), "utf-8")


def sha256_of(path: Path) -> str:
    """Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

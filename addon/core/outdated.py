"""What an update of the worker will fetch: what its environment lacks, or has in another version than is asked for."""

import csv
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import make_worker, systems, worker_environment
from .worker_environment import Made

_PIN = re.compile(r"([\w.-]+)==([^\s;]+)")
_NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True)
class Outdated:
    """changed, new: names of packages. about_bytes: what is fetched of those that changed; what is new has no size
    that is known here."""

    changed: tuple[str, ...]
    new: tuple[str, ...]
    about_bytes: float


def outdated(made: Made, wheel: Path, constraints: Path) -> Outdated:
    """Compares the environment with the worker's package and its tested versions. Raises OSError, BadZipFile."""
    installed = dict(_installed(worker_environment.folder()))
    pins: dict[str, set[str]] = {}  # a package may have one version for each Python
    for name, version in _PIN.findall(constraints.read_text("utf-8")):
        pins.setdefault(_normal(name), set()).add(version)
    changed = sorted(
        name for name, (version, _) in installed.items() if name in pins and version not in pins[name]
    )
    if "torch" in changed:  # and what comes with it
        fetched = make_worker.about_bytes(made.backend, graphics=systems.graphics())[0]
    else:
        fetched = sum(_bytes_on_disk(installed[name][1]) for name in changed) / make_worker.UNPACKED
    return Outdated(tuple(changed), tuple(sorted(_required(wheel) - set(installed))), fetched)


def _installed(environment: Path) -> Iterator[tuple[str, tuple[str, Path]]]:
    """Name, version without a build's own part ("+cpu"), and the folder that says so, of each package."""
    for pattern in ("lib/python3*/site-packages/*.dist-info", "Lib/site-packages/*.dist-info"):
        for info in environment.glob(pattern):
            name, _, version = info.stem.partition("-")
            yield _normal(name), (version.partition("+")[0], info)


def _required(wheel: Path) -> set[str]:
    """Names of the packages that it needs everywhere: those for some systems or for an extra are left out."""
    with zipfile.ZipFile(wheel) as box:
        metadata = next((name for name in box.namelist() if name.endswith(".dist-info/METADATA")), None)
        lines = box.read(metadata).decode("utf-8").partition("\n\n")[0].splitlines() if metadata else []
    needs = [line.removeprefix("Requires-Dist:").strip() for line in lines if line.startswith("Requires-Dist:")]
    return {_normal(_NAME.match(need)[0]) for need in needs if ";" not in need}


def _bytes_on_disk(info: Path) -> float:
    try:
        with (info / "RECORD").open(encoding="utf-8", newline="") as file:
            return float(sum(int(row[2]) for row in csv.reader(file) if len(row) == 3 and row[2].isdigit()))
    except OSError:
        return 0.0


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

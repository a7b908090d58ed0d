"""Makes the extension's zip and finds the Blenders to put it in.

Owns: the wheel that the zip carries, the call of Blender's own `extension build`, where Blenders are
installed. What goes into the zip is `blender_manifest.toml`'s, what goes into the wheel is
`pyproject.toml`'s.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

MINIMUM_BLENDER = (4, 2)
_BUILDER = "scripts/addons_core/bl_pkg/cli/blender_ext.py"


class ExtensionError(Exception):
    """The extension cannot be built or installed; says what to do."""


def repository() -> Path:
    """The checkout that this package runs from: the folder of `blender_manifest.toml`."""
    root = Path(__file__).resolve().parents[1]
    if not (root / "blender_manifest.toml").is_file():
        raise ExtensionError(
            "the extension is built from a clone of the project, and this is an installed copy; "
            "run the command in the clone with `uv run mocap addon build`."
        )
    return root


def build(out: Path, root: Path | None = None) -> Path:
    """The extension's zip in the folder `out`, built from the checkout `root` and checked."""
    root = root or repository()
    manifest = tomllib.loads((root / "blender_manifest.toml").read_text(encoding="utf-8"))
    zip_path = out.resolve() / f"{manifest['id']}-{manifest['version']}.zip"
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExtensionError(f"The folder {out} cannot be made: {error.strerror}.") from None
    builder = [sys.executable, str(find_builder())]
    build_wheel(root, root / "addon" / "package")
    _run(
        [*builder, "build", "--source-dir", str(root), "--output-filepath", str(zip_path)],
        "build the extension",
    )
    _run([*builder, "validate", str(zip_path)], "validate the extension")
    return zip_path


def build_wheel(root: Path, out: Path) -> Path:
    """The worker as a wheel, alone in the folder `out`.

    Built from a copy: setuptools would take up what earlier builds left in `build/`, and would write into the
    checkout.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["setuptools"]["package-dir"].values()
    with tempfile.TemporaryDirectory(prefix="mocap-wheel-") as folder:
        source = Path(folder) / "source"
        source.mkdir()
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(root / name, source / name)
        for package in packages:
            shutil.copytree(
                root / package, source / package, ignore=shutil.ignore_patterns("__pycache__", "runs")
            )
        made = Path(folder) / "wheel"
        uv = os.environ.get("UV") or shutil.which("uv")
        if uv:
            command = [uv, "build", "--quiet", "--wheel", "--out-dir", str(made), str(source)]
        else:
            command = [
                sys.executable,
                "-m",
                "pip",
                "wheel",
                "--quiet",
                "--no-deps",
                "-w",
                str(made),
                str(source),
            ]
        _run(command, "build the worker's wheel")
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        return Path(shutil.copy(next(made.glob("*.whl")), out))


def find_builder() -> Path:
    """Blender's extension tool: the bpy package's in this environment, or an installed Blender's."""
    spec = importlib.util.find_spec("bpy")  # finds, does not import
    roots = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    for blender in find_blenders():
        folder = Path(blender).resolve().parent
        roots += [folder, folder.parent / "Resources", folder.parent / "share" / "blender"]
    for root in roots:
        found = sorted((*root.glob(f"[0-9]*/{_BUILDER}"), *root.glob(_BUILDER)))
        if found:
            return found[-1]
    raise ExtensionError(
        "neither the bpy package nor a Blender of 4.2 or later was found, whose tool builds the extension; "
        "run `uv run --python 3.11 mocap addon build`, or install Blender."
    )


def find_blenders() -> list[str]:
    """Paths of Blender's program on PATH and where its installers put it, without duplicates."""
    home = Path.home()
    if sys.platform == "win32":
        programs = [
            Path(os.environ[name]) for name in ("ProgramFiles", "ProgramFiles(x86)") if name in os.environ
        ]
        patterns = [(p, "Blender Foundation/Blender*/blender.exe") for p in programs]
        patterns += [(p, "Steam/steamapps/common/Blender/blender.exe") for p in programs]
    elif sys.platform == "darwin":
        patterns = [
            (p, "Blender*.app/Contents/MacOS/Blender") for p in (Path("/Applications"), home / "Applications")
        ]
    else:
        patterns = [
            (Path("/opt"), "blender*/blender"),
            (home, "blender*/blender"),
            (home, ".steam/steam/steamapps/common/Blender/blender"),
            (home, ".local/share/flatpak/exports/bin/org.blender.Blender"),
            (Path("/var/lib/flatpak/exports/bin"), "org.blender.Blender"),
            (Path("/snap/bin"), "blender"),
        ]
    found = [
        shutil.which("blender"),
        *(str(p) for folder, pattern in patterns for p in sorted(folder.glob(pattern))),
    ]
    return list({os.path.realpath(path): path for path in found if path}.values())


def blender_version(blender: str) -> tuple[int, int]:
    """(major, minor) of the program at `blender`."""
    try:
        shown = subprocess.run([blender, "--version"], capture_output=True, text=True, timeout=120).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise ExtensionError(f"{blender} does not start: {error}") from error
    match = re.search(r"Blender (\d+)\.(\d+)", shown)
    if not match:
        raise ExtensionError(f"{blender} is no Blender: `--version` does not say so.")
    return int(match[1]), int(match[2])


def install(blender: str, zip_path: Path) -> None:
    """Install and enable the zip in one Blender, replacing an earlier version."""
    command = ["extension", "install-file", "-r", "user_default", "-e", str(zip_path)]
    _run([blender, "--command", *command], f"install into {blender}")


def _run(command: list[str], purpose: str) -> None:
    """Run to the end; an ExtensionError has the last lines that it said."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace")
    except OSError as error:
        raise ExtensionError(f"could not {purpose}: {error}") from error
    if result.returncode:
        said = "\n".join((result.stdout + result.stderr).strip().splitlines()[-8:])
        raise ExtensionError(f"could not {purpose}:\n{said}")

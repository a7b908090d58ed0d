"""The tests against mmpose itself: `python tests/mmpose/run.py [PYTEST ARGUMENT...]`.

Makes an environment in `.mmpose/` where it is missing: Python 3.11 with the extra `mmpose`, in the versions that
pyproject.toml names. mmcv has no wheels for our torch, so that it is compiled: about two minutes on two cores the first
time, after which uv keeps the wheel.
"""

import os
import subprocess
import sys
import tempfile
import time
import tomllib
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".mmpose"
PYTHON = FOLDER / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
LIMIT_S = 1500
# Where the headers are that a compiler needs for an extension of torch.
HEADERS = (
    "import sysconfig; from torch.utils.cpp_extension import include_paths; "
    "print(*include_paths(), sysconfig.get_path('include'), sep='\\n')"
)


def environment() -> Path:
    """The Python of an environment with mmpose and this checkout, made where it is missing."""
    if not PYTHON.exists():
        uv("venv", "--quiet", "--python", "3.11", str(FOLDER))
    install = ["pip", "install", "--quiet", "--python", str(PYTHON)]
    everything = ["--group", "dev", "--editable", ".[mmpose]"]
    if any(FOLDER.glob("**/site-packages/mmcv")):
        uv(*install, *everything)
        return PYTHON

    uv(*install, *pinned("torch", "numpy", "setuptools"), "wheel", "ninja", "psutil")
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        variables = {
            # Unoptimised: mmcv's operators are imported here and never run.
            "CFLAGS": " ".join(["-O0", "-g0", "-w", *precompiled_torch(Path(folder))]),
            "MAX_JOBS": str(os.cpu_count() or 1),
        }
        # Any setting sets uv's cache apart, so that nobody else is given an unoptimised wheel from it.
        apart = "--config-settings-package=mmcv:for=tests"
        uv(*install, "--no-build-isolation-package=mmcv", apart, *everything, **variables)
    print(f"mmpose installed in {time.monotonic() - started:.0f} s", flush=True)
    return PYTHON


def precompiled_torch(folder: Path) -> list[str]:
    """Flags for a header that is compiled once: of 6 s a file, 4.5 s are torch's headers. None where it fails."""
    header = folder / "torch_types.h"
    header.write_text("#include <torch/types.h>\n")
    paths = subprocess.run([str(PYTHON), "-c", HEADERS], check=True, capture_output=True, text=True).stdout.split("\n")
    flags = ["-O0", "-g0", "-w", "-fPIC", "-std=c++17", *(f"-I{path}" for path in paths if path)]
    command = [os.environ.get("CXX", "c++"), *flags, "-x", "c++-header", str(header), "-o", f"{header}.gch"]
    with suppress(OSError):
        if subprocess.run(command).returncode == 0:
            return ["-include", str(header)]
    return []


def pinned(*names: str) -> list[str]:
    """Requirements of those names, in that order, as pyproject.toml has them for Python 3.11."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = [*project["dependencies"], *project["optional-dependencies"]["mmpose"]]
    return [next(pin for pin in found if pin.startswith(f"{name}==")).split(";")[0] for name in names]


def uv(*arguments: str, **variables: str) -> None:
    subprocess.run([os.environ.get("UV", "uv"), *arguments], check=True, cwd=ROOT, env=os.environ | variables)


def main(arguments: list[str]) -> int:
    python = environment()
    # Warnings are mmpose's own, by the hundred.
    options = ["-m", "mmpose", "-p", "no:cacheprovider", "-W", "ignore"]
    command = [str(python), "-m", "pytest", *options, "tests/mmpose", *arguments]
    try:
        return subprocess.run(command, cwd=ROOT, timeout=LIMIT_S).returncode
    except subprocess.TimeoutExpired:
        print(f"stopped after {LIMIT_S} s")
        return 124


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

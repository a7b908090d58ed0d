"""The extension's tests in each Blender that it is for: `python tests/blender/run_matrix.py [VERSION...]`.

Makes an environment a version in `.blender/` where it is missing, builds the zip once, and runs the tests in
each with a time limit. The bpy wheels of a version need its own Python.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLENDERS = {"4.2.23": "3.11", "4.5.15": "3.11", "5.0.1": "3.11", "5.2.3": "3.13"}  # and Blender's Python
NUMPY = {"3.11": "1.26.4", "3.13": "2.3.5"}
PYTEST = "9.2.0"
LIMIT_S = 1500


def environment(blender: str) -> Path:
    """The Python of an environment with that bpy, made where it is missing."""
    folder = ROOT / ".blender" / blender
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    version = BLENDERS[blender]
    packages = [f"bpy=={blender}", f"numpy=={NUMPY[version]}", f"pytest=={PYTEST}"]
    uv = os.environ.get("UV", "uv")
    if not python.exists():
        subprocess.run([uv, "venv", "--quiet", "--python", version, str(folder)], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", str(python), *packages], check=True)
    return python


def run(python: Path, zip_path: Path, arguments: list[str]) -> int:
    """The tests' exit status; 124 where they took too long."""
    variables = os.environ | {
        "MOCAP_ZIP": str(zip_path),
        "MOCAP_LEAVE_AT_ONCE": "1",
        # The worker that the tests start is the one of this checkout, in this Python's environment.
        "MOCAP_WORKER": str(
            Path(sys.executable).with_name("mocap.exe" if sys.platform == "win32" else "mocap")
        ),
    }
    command = [
        str(python),
        "-m",
        "pytest",
        "-m",
        "blender",
        "-p",
        "no:cacheprovider",
        "tests/blender",
        *arguments,
    ]
    try:
        return subprocess.run(command, cwd=ROOT, env=variables, timeout=LIMIT_S).returncode
    except subprocess.TimeoutExpired:
        print(f"stopped after {LIMIT_S} s")
        return 124


def main(versions: list[str]) -> int:
    from mocap_worker import extension

    failed = []
    with tempfile.TemporaryDirectory(prefix="mocap zip ") as folder:
        zip_path = extension.build(Path(folder))
        for blender in versions or BLENDERS:
            started = time.monotonic()
            print(f"Blender {blender}", flush=True)
            status = run(environment(blender), zip_path, ["-q"])
            if status:
                failed.append(blender)
            print(
                f"Blender {blender}: {'failed' if status else 'passed'}, {time.monotonic() - started:.0f} s",
                flush=True,
            )
    if failed:
        print(f"failed in Blender {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`mocap bench blender`: the extension's zip in a headless Blender, fed with the clip's true motion."""

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .. import extension


class BenchError(Exception):
    """The measurement cannot be made; the text says why."""


def measure_blender() -> list[dict]:
    """The cases, each a dict of metrics with its name."""
    if importlib.util.find_spec("bpy") is None:
        raise BenchError("Blender's bpy is not in this Python; run `uv run --python 3.11 mocap bench blender`.")
    with tempfile.TemporaryDirectory(prefix="mocap-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        try:
            zip_path = extension.build(folder / "zip")
        except extension.ExtensionError as error:
            raise BenchError(str(error)) from error
        out = folder / "cases.json"
        environment = os.environ | {
            "BLENDER_USER_RESOURCES": str(folder / "blender"),
            "MOCAP_DATA": str(folder / "data"),
        }
        truth = Path(__file__).with_name("clip_truth.npz")
        script = Path(__file__).with_name("in_blender_bench.py")
        result = subprocess.run(
            [sys.executable, str(script), str(zip_path), str(truth), str(out)],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
        )
        if not out.exists():
            raise BenchError(f"Blender ended with status {result.returncode}:\n{result.stderr[-1500:]}")
        return json.loads(out.read_text("utf-8"))

"""A Blender with a window, for every test here, and what its scripts tell.

BLENDER_GUI names a program that runs Blender in a window where there is no display (`BLENDER_GUI run ARG…`); else
`blender` is taken from PATH, with xvfb-run where there is no display. MOCAP_SCREENSHOTS names a folder that keeps the
pictures.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture
def blender() -> list[str]:
    gui = os.environ.get("BLENDER_GUI")
    if gui:
        return [gui, "run"]
    program = shutil.which("blender")
    if not program:
        pytest.skip("no Blender with a window is here: set BLENDER_GUI or put blender on PATH")
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        if not shutil.which("xvfb-run"):
            pytest.skip("there is no display and no xvfb-run")
        return ["xvfb-run", "-a", "-s", "-screen 0 1600x900x24", program]
    return [program]


@pytest.fixture
def in_window(blender, tmp_path):
    """`in_window(script, size, limit_s, environment, **job)`: runs a script of this folder in a Blender with a window
    of that size and the add-on's zip at hand; the report that it wrote. Its pictures are in `tmp_path`."""
    from mocap_worker import extension

    try:
        zip_path = extension.build(tmp_path / "zip")
    except extension.ExtensionError as error:
        pytest.skip(str(error))

    def run(script: str, size: str, limit_s: float, environment: dict | None = None, **job) -> dict:
        for name in (script, "harness.py", "states.py"):  # where a Blender in a folder of its own can read them, too
            shutil.copy(HERE / name, tmp_path / name)
        job_file, report_file = tmp_path / "job.json", tmp_path / "report.json"
        job_file.write_text(json.dumps({"zip": str(zip_path), "out": str(tmp_path), **job}), "utf-8")
        own = {"BLENDER_USER_RESOURCES": str(tmp_path / "blender"), "MOCAP_DATA": str(tmp_path / "data")}
        result = subprocess.run(
            [*blender, "--python", str(tmp_path / script), "--", str(job_file)],
            env=os.environ | own | {"BLENDER_GUI_SIZE": size} | (environment or {}),
            timeout=limit_s,
            capture_output=True,
            text=True,
        )
        if os.environ.get("MOCAP_SCREENSHOTS"):
            kept = Path(os.environ["MOCAP_SCREENSHOTS"])
            kept.mkdir(parents=True, exist_ok=True)
            for path in (*tmp_path.glob("*.png"), *tmp_path.glob("report.json")):
                shutil.copy(path, kept / (path.name if path.suffix == ".png" else f"{script}.json"))
        assert report_file.exists(), result.stdout[-2000:] + result.stderr[-2000:]
        report = json.loads(report_file.read_text("utf-8"))
        assert report.get("done"), report.get("traceback", "") + result.stderr[-4000:]
        return report

    return run

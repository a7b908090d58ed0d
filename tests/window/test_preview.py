"""The preview in a real window: a worker's pictures come through memory onto the GPU, and nothing is left of them."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.window
LIMIT_S = 600
HERE = Path(__file__).parent
CLIP = HERE.parents[1] / "worker" / "demo" / "clip.mp4"


def test_a_workers_picture_is_drawn_and_goes_with_the_switch(blender, tmp_path):
    from mocap_worker import extension

    try:
        zip_path = extension.build(tmp_path / "zip")
    except extension.ExtensionError as error:
        pytest.skip(str(error))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    memory = tmp_path / "memory"  # where a Blender in a folder of its own sees it, too
    memory.mkdir()
    job, script = tmp_path / "job.json", tmp_path / "in_preview.py"
    content = {"zip": str(zip_path), "out": str(tmp_path), "worker": f"127.0.0.1:{port}", "video": str(CLIP)}
    job.write_text(json.dumps(content), "utf-8")
    shutil.copy(HERE / "in_preview.py", script)
    environment = os.environ | {
        "BLENDER_USER_RESOURCES": str(tmp_path / "blender"),
        "MOCAP_DATA": str(tmp_path / "data"),
        "MOCAP_PREVIEW_FOLDER": str(memory),
        "BLENDER_GUI_SIZE": "1100x760",
    }
    worker = subprocess.Popen(
        [sys.executable, "-m", "mocap_worker", "run", "--control-port", port, "--device", "cpu"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        result = subprocess.run(
            [*blender, "--python", str(script), "--", str(job)],
            env=environment,
            timeout=LIMIT_S,
            capture_output=True,
            text=True,
        )
    finally:
        worker.terminate()
        worker.wait(30)
    report_file = tmp_path / "report.json"
    assert report_file.exists(), result.stdout[-2000:] + result.stderr[-2000:]
    report = json.loads(report_file.read_text("utf-8"))
    if os.environ.get("MOCAP_SCREENSHOTS") and (tmp_path / "preview.png").exists():
        Path(os.environ["MOCAP_SCREENSHOTS"]).mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / "preview.png", os.environ["MOCAP_SCREENSHOTS"])
        shutil.copy(report_file, Path(os.environ["MOCAP_SCREENSHOTS"]) / "preview.json")
    assert report.get("done"), report.get("traceback", "") + result.stderr[-4000:]
    assert not report["stats"]["error"] and not report["says"]
    width, height = report["texture"]
    assert abs(width / height - 4 / 3) < 0.01 and 300 < width < 640  # the clip is 4:3
    assert report["stats"]["preview_ms"] and report["stats"]["ghost_ms"]
    assert report["off"] and not report["images"]
    assert not list(memory.iterdir())

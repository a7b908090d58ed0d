"""The preview in a real window: a worker's pictures come through memory onto the GPU, and nothing is left of them."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.window
LIMIT_S = 600
CLIP = Path(__file__).parents[2] / "worker" / "demo" / "clip.mp4"


def test_a_workers_picture_is_drawn_and_goes_with_the_switch(in_window, tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    memory = tmp_path / "memory"  # where a Blender in a folder of its own sees it, too
    memory.mkdir()
    environment = {"MOCAP_PREVIEW_FOLDER": str(memory)}
    worker = subprocess.Popen(
        [sys.executable, "-m", "mocap_worker", "run", "--control-port", port, "--device", "cpu"],
        env=os.environ | environment | {"MOCAP_DATA": str(tmp_path / "data")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        report = in_window(
            "in_preview.py", "1100x760", LIMIT_S, environment, worker=f"127.0.0.1:{port}", video=str(CLIP)
        )
    finally:
        worker.terminate()
        worker.wait(30)
    assert not report["stats"]["error"] and not report["says"]
    width, height = report["texture"]
    assert abs(width / height - 4 / 3) < 0.01 and 300 < width < 640  # the clip is 4:3
    assert report["stats"]["preview_ms"] and report["stats"]["ghost_ms"]
    assert report["off"] and not report["images"]
    assert not list(memory.iterdir())

"""A real Blender window: from an empty scene to files, by the panel's buttons, with the timer driving the capture.

BLENDER_GUI names a program that runs Blender in a window where there is no display (`BLENDER_GUI run ARG…`);
else `blender` is taken from PATH, with xvfb-run where there is no display.
"""

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from mocap_core.protocol import PosePacket, encode

pytestmark = pytest.mark.window
LIMIT_S = 900
PRESSED = ["mocap.start_capture", "mocap.record_start", "mocap.record_stop", "mocap.stop_capture"]
PRESSED += ["mocap.setup_worker"]
STATES = {"recording", "recorded", "undone", "start", "capturing", "recording by a click", "taken", "export"}
STATES |= {"not set up", "asking"}
HERE = Path(__file__).parent


def waving(number: int) -> bytes:
    """A person 3 m away who waves both arms, as a datagram."""
    phase = 2 * np.pi * number / 60
    joints = np.zeros((17, 3))  # x right, y down, z forward, from the middle of the hips
    face = [
        (0, -0.62, -0.1),
        (0.03, -0.65, -0.08),
        (-0.03, -0.65, -0.08),
        (0.07, -0.64, 0),
        (-0.07, -0.64, 0),
    ]
    joints[:5] = face
    for column, side in ((0, 1), (1, -1)):
        lift = 0.6 * np.sin(phase)
        shoulder = np.array([0.18 * side, -0.45, 0.0])
        elbow = shoulder + 0.28 * np.array([side * np.cos(lift), -np.sin(lift), 0.0])
        wrist = elbow + 0.25 * np.array([side * np.cos(lift + 0.9), -np.sin(lift + 0.9), 0.0])
        hip, knee = np.array([0.09 * side, 0.0, 0.0]), np.array([0.1 * side, 0.41, -0.02])
        joints[[5 + column, 7 + column, 9 + column]] = shoulder, elbow, wrist
        joints[[11 + column, 13 + column, 15 + column]] = hip, knee, (0.1 * side, 0.82, 0.02)
    root = np.array([0.0, 0.0, 3.0])
    camera = joints + root
    keypoints = camera[:, :2] / camera[:, 2:] * 560 + (320, 240)
    meta = {"v": 1, "session": "wave", "seq": number, "size": [640, 480], "skeleton": "coco17", "units": "m"}
    meta |= {"root": root.tolist(), "grabbed": time.perf_counter()}
    return encode(PosePacket(keypoints, np.full(17, 0.9), joints, number / 30, meta))


def test_from_an_empty_scene_to_files_in_a_window(blender, tmp_path):
    from mocap_worker import extension

    try:
        zip_path = extension.build(tmp_path / "zip")
    except extension.ExtensionError as error:
        pytest.skip(str(error))
    port_file, job = tmp_path / "port", tmp_path / "job.json"
    paths = {"zip": str(zip_path), "port_file": str(port_file), "out": str(tmp_path)}
    job.write_text(json.dumps(paths), "utf-8")
    script = tmp_path / "in_window.py"  # where a Blender in a folder of its own can read it, too
    shutil.copy(HERE / "in_window.py", script)
    environment = os.environ | {
        "BLENDER_USER_RESOURCES": str(tmp_path / "blender"),
        "MOCAP_DATA": str(tmp_path / "data"),
        "BLENDER_GUI_SIZE": "1200x860",
    }
    done = threading.Event()
    sending = threading.Thread(target=send_when_asked, args=(port_file, done))
    sending.start()
    try:
        result = subprocess.run(
            [*blender, "--python", str(script), "--", str(job)],
            env=environment,
            timeout=LIMIT_S,
            capture_output=True,
            text=True,
        )
    finally:
        done.set()
        sending.join()
    report_file, pictures = tmp_path / "report.json", sorted(tmp_path.glob("*.png"))
    if os.environ.get("MOCAP_SCREENSHOTS"):
        Path(os.environ["MOCAP_SCREENSHOTS"]).mkdir(parents=True, exist_ok=True)
        for path in (*pictures, report_file):
            if path.exists():
                shutil.copy(path, os.environ["MOCAP_SCREENSHOTS"])
    assert report_file.exists(), result.stdout[-2000:] + result.stderr[-2000:]
    report = json.loads(report_file.read_text("utf-8"))
    assert report.get("done"), report.get("traceback", "") + result.stderr[-4000:]
    assert report["window"]
    assert not report["error"]
    assert np.ptp(np.array(report["live"]), axis=0).max() > 0.05  # the timer alone moved the elbow
    assert report["keys"][-1] > 3 and report["recording"]["state"] == "recording"
    assert report["recording"]["lost"] == 0
    assert report["slices"] >= 1 and report["frames"] > 40
    assert report["action"].startswith("Take ") and not report["action_after_undo"]
    assert report["clicked"] == PRESSED or set(report["clicked"]) == {""}
    assert report["set_up"] == ["missing", "none"]  # it was asked only
    assert report["playing"] and report["frames_passed"] > 0
    assert report["solved_again"][0] != report["solved_again"][1]
    assert min(report["solved_again"][2:]) > 30
    assert min(report["exported"]) > 100_000 and report["scene_kept"]
    if shutil.which("import") or os.environ.get("BLENDER_GUI"):
        assert {picture.stem for picture in pictures} == STATES


def send_when_asked(port_file: Path, done: threading.Event) -> None:
    """30 packets a second, as soon as Blender says where to."""
    while not port_file.exists() or not port_file.read_text("utf-8"):
        if done.wait(0.1):
            return
    address = ("127.0.0.1", int(port_file.read_text("utf-8")))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        number = 0
        while not done.wait(1 / 30):
            out.sendto(waving(number), address)
            number += 1

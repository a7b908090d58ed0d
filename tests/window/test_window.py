"""A real Blender window: from an empty scene to files, by the panel's buttons, with the timer driving the capture."""

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from mocap_core.protocol import PosePacket, encode
from mocap_core.take import read_take
from mocap_core.take_notes import read_notes

pytestmark = pytest.mark.window
LIMIT_S = 900
PRESSED = ["mocap.start_capture", "mocap.record_start", "mocap.record_stop", "mocap.stop_capture"]
PRESSED += ["mocap.solve_again", *2 * ["mocap.export", "file.execute"], "mocap.setup_worker"]
PACKAGES = "numpy typer click rich markdown-it-py mdurl pygments shellingham annotated-doc typing-extensions"
ROOT = Path(__file__).parents[2]
STATES = {"recording", "recorded", "undone", "start", "capturing", "recording by a click", "taken", "solved again"}
STATES |= {"export", "export browser", "not set up", "asking"}
STATES |= {"exporting"} if shutil.which("xdotool") or "BLENDER_GUI" in os.environ else set()
STATES |= {"cut off", "counting", "nobody", "worker ended", "light and large"}


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


@pytest.fixture(scope="module")
def local_packages(tmp_path_factory) -> dict[str, str]:
    """The variables with which the worker is set up from a folder of packages, with no index: those that its command
    line needs, as PyTorch would take minutes. None where they cannot be had."""
    uv, folder = shutil.which("uv"), tmp_path_factory.mktemp("local")
    if not uv:
        return {}
    download = [uv, "run", "-q", "--no-project", "--python", sys.executable, "--with", "pip", "python", "-m", "pip"]
    download += ["download", "-q", "--no-deps", "-d", str(folder / "wheels"), "-c", str(ROOT / "constraints.txt")]
    if subprocess.run([*download, *PACKAGES.split()], capture_output=True).returncode:
        return {}
    arguments = f"--no-index --find-links {folder / 'wheels'} --no-deps {PACKAGES}"
    programs, libraries = Path(sys.base_prefix) / "bin", ""
    if "BLENDER_GUI" in os.environ:  # in a folder of its own it sees no programs of this machine
        programs, libraries = folder / "bin", str(folder / "lib")
        name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
        left_out = shutil.ignore_patterns("site-packages", "test", "*.a", "__pycache__")
        shutil.copytree(Path(sys.base_prefix) / "lib", libraries, ignore=left_out, symlinks=True)
        programs.mkdir()
        shutil.copy(Path(sys.base_prefix) / "bin" / name, programs / "python3")
        uv = subprocess.check_output([uv, "run", "-q", "--no-project", "which", "uv"], text=True).strip()
        shutil.copy(uv, programs)
    path = os.pathsep.join((str(programs), str(Path(uv).parent)))
    return {"MOCAP_UV_ARGUMENTS": arguments, "LD_LIBRARY_PATH": libraries, "PATH": path}


def test_from_an_empty_scene_to_files_in_a_window(in_window, local_packages, tmp_path):
    port_file, done = tmp_path / "port", threading.Event()
    sending = threading.Thread(target=send_when_asked, args=(port_file, done))
    sending.start()
    try:
        report = in_window("in_window.py", "1200x860", LIMIT_S, port_file=str(port_file), set_up=local_packages)
    finally:
        done.set()
        sending.join()
    assert report["window"]
    assert not report["error"]
    assert np.ptp(np.array(report["live"]), axis=0).max() > 0.05  # the timer alone moved the elbow
    assert report["keys"][-1] > 3 and report["recording"]["state"] == "recording"
    assert report["recording"]["lost"] == 0
    assert report["slices"] >= 1 and report["frames"] > 40
    assert report["action"] == "Take 1" and report["action_after_undo"] == ["", "Take 1", ""]
    again = ["mocap.setup_worker", "mocap.update_worker"] if report["set_up"][2:] else []
    assert report["clicked"] == PRESSED + again or set(report["clicked"]) == {""}
    assert report["set_up"][:2] == ["missing", "none"]  # it was asked only
    assert report["set_up"][2:] in (["ready", "done"], []), (tmp_path / "setup.log").read_text("utf-8")
    assert report.get("updated", ["ready", True, True]) == ["ready", True, True]
    width, height = report["pictured"]  # the test motion's
    assert abs(width / height - 16 / 9) < 0.01
    assert report["playing"] and report["frames_passed"] > 0
    assert report["sync"] == ["NONE", "AUDIO_SYNC", "NONE"] and report["sounds"] == ["Music.wav"]
    first, again, frames, frames_again, moved = report["solved_again"]
    assert first == again and frames == frames_again > 30 and moved > 1e-4
    assert min(report["exported"]) > 100_000 and report["scene_kept"]
    if "exporting" in STATES:
        assert report["modal"] == ["", [".glb"]]
        # It runs beside a copy that is in no file, then Escape leaves neither.
        assert report["exporting"] == [True, 2, False, 1, 1, [".glb"]]
    state, shown, after = report["counting"]
    assert state == "counting" and 50 < int(shown) <= 60 and after == ""
    assert report["nobody"] == ["capturing", [], 0]
    assert report["ended"] == "The worker ended: RuntimeError: the GPU is gone" and report["after"] == ""
    path, recorded = report["left"]
    assert len(read_take(path).packets) >= recorded and not read_notes(path).recording  # kept as Blender was quit
    if shutil.which("import") or os.environ.get("BLENDER_GUI"):
        states = STATES | ({"setting up", "set up", "update offline", "update"} if report["set_up"][2:] else set())
        assert {picture.stem for picture in tmp_path.glob("*.png")} == states


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

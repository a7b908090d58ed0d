"""The command line as a user has it: real processes, sentences, exit codes."""

import json
import os
import socket
import subprocess
import sys

import pytest

HEAVY = ("torch", "cv2", "av", "transformers", "bpy", "scipy")


def mocap(*arguments, **environment):
    """What `mocap` gives: its exit code, stdout and stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "mocap_worker", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        env=os.environ | {"PYTHONIOENCODING": "utf-8", "COLUMNS": "200", "NO_COLOR": "1"} | environment,
    )
    assert "Traceback" not in done.stderr + done.stdout
    return done.returncode, done.stdout, done.stderr


def test_version_is_the_packages():
    from importlib.metadata import version

    assert mocap("--version")[:2] == (0, f"mocap {version('vitpose-live-mocap')}\n")


def test_help_names_the_commands_and_loads_nothing_heavy():
    code, out, _ = mocap("--help")
    assert code == 0
    for command in ("run", "devices", "doctor", "demo", "addon"):
        assert f" {command} " in out
    program = f"import sys, mocap_worker.cli; print(*[m for m in {HEAVY} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "\n"


def test_devices_are_listed_for_people_and_programs():
    code, out, _ = mocap("devices", "--json")
    cameras = json.loads(out)
    assert code == 0 and all(set(camera) == {"index", "name"} for camera in cameras)
    code, out, _ = mocap("devices")
    assert code == 0
    for camera in cameras:
        assert f"{camera['index']}  {camera['name']}" in out
    if not cameras:
        assert "No camera was found" in out


def test_doctor_names_what_is_here_and_what_is_missing(tmp_path):
    code, out, _ = mocap("doctor", MOCAP_DATA=str(tmp_path / "my däta"))
    for subject in ("Python", "PyTorch", "OpenCV", "camera", "port", "data"):
        assert f" {subject} " in out
    assert str(tmp_path / "my däta") in out and (tmp_path / "my däta").is_dir()
    assert code == (1 if "missing " in out else 0)


def test_doctor_fails_where_something_needed_is_missing(tmp_path):
    (tmp_path / "file").write_text("")
    environment = {
        "MOCAP_DATA": str(tmp_path / "file" / "data"),
        "VITPOSE_CHECKPOINT": str(tmp_path / "none.safetensors"),
    }
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        try:
            taken.bind(("127.0.0.1", 5005))
        except OSError:
            pass  # somebody else has it: as good
        code, out, _ = mocap("doctor", **environment)
    assert code == 1
    assert "cannot be written" in out and "MOCAP_DATA" in out
    assert "none.safetensors" in out
    assert "5005 for poses is in use" in out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--source", "/no/such/clip.mp4"), "There is no file"),
        (("--source", "99"), "Camera 99"),
        (("--source", __file__), "is no video"),
        (("--source", "rtsp://me:secret@127.0.0.1:9/x"), "cannot be opened"),
        (("--source", "gopher://x"), "are not read"),
    ],
)
def test_bad_source_is_one_sentence_and_exit_code_1(arguments, sentence):
    code, _, err = mocap("run", "--send", "127.0.0.1:59999", "--control-port", "0", *arguments)
    assert code == 1 and sentence in err and "secret" not in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--bind", "0.0.0.0"), "needs a shared key"),
        (("--source", "0", "--send", "192.0.2.7:5005"), "needs a shared key"),
        (("--send", "127.0.0.1:5005"), "give a --source"),
        (("--source", "0", "--send", "127.0.0.1:port"), "is not HOST:PORT"),
        (("--source", "0", "--send", "no such host.invalid:5005"), "is not known"),
        (("--source", "0", "--box", "1,2,3"), "four numbers"),
        (("--source", "0", "--box", "9,9,1,1"), "is empty"),
        (("--key-file", "/no/such/key"), "Cannot read the key file"),
    ],
)
def test_wrong_option_is_one_sentence_and_exit_code_1(arguments, sentence):
    code, _, err = mocap("run", "--control-port", "0", *arguments, MOCAP_KEY="")
    assert code == 1 and sentence in err


def test_short_key_is_refused():
    code, _, err = mocap("run", "--control-port", "0", MOCAP_KEY="short")
    assert code == 1 and "at least 16" in err and "short" not in err


def test_taken_control_port_is_one_sentence():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        code, _, err = mocap("run", "--control-port", taken.getsockname()[1])
    assert code == 1 and "Choose another port" in err


def test_missing_checkpoint_is_one_sentence(tmp_path):
    import av
    import numpy as np

    clip = tmp_path / "clip.mp4"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    code, _, err = mocap(
        *("run", "--source", clip, "--send", "127.0.0.1:59999", "--control-port", "0"),
        VITPOSE_CHECKPOINT=str(tmp_path / "none.safetensors"),
    )
    assert code == 1 and "none.safetensors" in err

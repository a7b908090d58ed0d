"""The README's main command, run as a newcomer runs it: a worker process, real UDP, headless Blender."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import av
import pytest

from mocap_core.take import read_take

pytestmark = pytest.mark.skipif(importlib.util.find_spec("bpy") is None, reason="bpy is not in this environment")

MOCAP = Path(sys.executable).with_name("mocap.exe" if sys.platform == "win32" else "mocap")
FILES = {
    "take.glb",
    "take.fbx",
    "take.bvh",
    "take.blend",
    "take.mocap",
    "overlay.mp4",
    "preview.mp4",
    "report.json",
}


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "out put ä"
    done = subprocess.run(
        [MOCAP, "demo", "--out", folder], capture_output=True, text=True, encoding="utf-8", timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def report(out):
    return json.loads((out / "report.json").read_text(encoding="utf-8"))


def test_all_files_are_there(out, report):
    assert {path.name for path in out.iterdir()} == FILES
    assert set(report["files"]) == FILES
    assert all((out / name).stat().st_size > 1000 for name in FILES - {"report.json"})


def test_every_frame_is_captured_and_recorded(out, report):
    assert report["frames_captured"] == report["frames_recorded"] == 300
    assert report["frames_skipped"] == report["packets_lost"] == 0
    packets = read_take(out / "take.mocap").packets
    assert [round(packet.timestamp * 30) for packet in packets] == list(range(300))


def test_the_rig_moves_as_the_person_did(report):
    angle, constant = report["bone_angle_deg"], report["constant_pose_deg"]
    assert angle["mean"] <= 15
    assert angle["mean"] <= 0.6 * constant
    assert report["true_3d_deg"]["mean"] < report["true_2d_deg"]["mean"] < constant
    assert 21 <= constant <= 28


def test_the_report_says_what_ran(report):
    assert report["latency_ms"]["p50"] <= report["latency_ms"]["p95"]
    assert report["model"].startswith("vitpose_t")
    assert report["device"]
    assert report["blender"][0].isdigit()


@pytest.mark.parametrize(("name", "size"), [("overlay.mp4", (640, 480)), ("preview.mp4", (1000, 480))])
def test_videos_play_anywhere(out, name, size):
    with av.open(str(out / name)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height) == size
        assert sum(1 for _ in container.decode(stream)) == 300


def test_an_output_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = subprocess.run(
        [MOCAP, "demo", "--out", tmp_path / "file" / "out"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert "cannot make the folder" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout

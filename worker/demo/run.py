"""The demo from end to end: build the extension, capture the clip in Blender, measure, and make the videos.

Owns the order of things, the two processes and `report.json`. What happens inside Blender is in
`in_blender.py`, the measure in `measure.py`, the pictures in `video.py`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np

from mocap_core.pipeline import Settings, solve_take
from mocap_core.protocol import PosePacket
from mocap_core.skeleton import BODY, COCO17, HUMANOID, LIMBS
from mocap_core.solve import Rig, forward
from mocap_core.take import read_take

from .. import extension
from . import measure, video

FPS = 30
PREVIEW_SIZE = (360, 480)
#: The bones whose heads are the ends of the limbs, by body joint.
_JOINT_BONE = {
    "shoulder": "UpperArm",
    "elbow": "LowerArm",
    "wrist": "Hand",
    "hip": "UpperLeg",
    "knee": "LowerLeg",
    "ankle": "Foot",
}

Progress = Callable[[str, int, int], None]


class DemoError(Exception):
    """The demo cannot run or did not end well; the text says why and what to do."""


@dataclass(frozen=True)
class Truth:
    """The clip's true motion; arrays as `render_clip.py` describes them."""

    times_s: np.ndarray
    joints_world: np.ndarray
    keypoints: np.ndarray
    camera_from_world: np.ndarray
    intrinsics: np.ndarray
    size: np.ndarray

    @classmethod
    def load(cls) -> Truth:
        with np.load(str(files("mocap_worker.demo") / "clip_truth.npz")) as data:
            return cls(**data)


def clip_path() -> Path:
    return Path(str(files("mocap_worker.demo") / "clip.mp4"))


def run(out: Path, progress: Progress, device: str = "", videos: bool = True) -> dict:
    """Runs the demo into the folder `out`; returns the report, which is also in `out/report.json`."""
    if importlib.util.find_spec("bpy") is None:
        raise DemoError(
            f"Blender's bpy module is not in this environment (Python {platform.python_version()}). "
            "Run it in a clone of the project with Python 3.11 or 3.13: `uv run --python 3.11 mocap demo`."
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoError(f"cannot make the folder {out}: {error.strerror}. Choose another with --out.") from None
    truth = Truth.load()
    with tempfile.TemporaryDirectory(prefix="mocap-demo-", ignore_cleanup_errors=True) as name:
        scratch = Path(name)
        progress("Building the extension", 0, 1)
        try:
            zip_path = extension.build(scratch / "zip")
        except extension.ExtensionError as error:
            raise DemoError(str(error)) from None
        progress("Building the extension", 1, 1)
        result = _in_blender(_job(out, scratch, zip_path, truth, videos), scratch, device, progress)
        with np.load(scratch / "measured.npz") as file:
            measured = dict(file)
        journal = out / "take.mocap"
        shutil.copyfile(result["take"], journal)
        packets = read_take(journal).packets
        report = _report(result, packets, truth, measured)
        if videos:
            _overlay(out / "overlay.mp4", packets, progress)
            _side_by_side(out / "preview.mp4", out / "overlay.mp4", scratch / "pictures", progress)
            report["files"] += ["overlay.mp4", "preview.mp4"]
    report["files"].append("report.json")
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report


def _job(out: Path, scratch: Path, zip_path: Path, truth: Truth, videos: bool) -> dict:
    pictures = scratch / "pictures"
    pictures.mkdir()
    return {
        "zip": str(zip_path),
        "out": str(out.resolve()),
        "fps": FPS,
        "frames": len(truth.times_s),
        "times_s": truth.times_s.tolist(),
        "joints": _limb_bones(),
        "measured": str(scratch / "measured.npz"),
        "preview": str(pictures) if videos else None,
        "preview_size": PREVIEW_SIZE,
    }


def _limb_bones() -> list[str]:
    """The bones whose heads are the two ends of each limb, pair by pair in the order of LIMBS."""
    names = []
    for _, *ends in LIMBS:
        for joint in ends:
            side, part = BODY[joint].split("_")
            names.append(side + _JOINT_BONE[part])
    return names


def _in_blender(job: dict, scratch: Path, device: str, progress: Progress) -> dict:
    """Runs Blender's half as a process of its own; returns its result."""
    data = scratch / "data"
    data.mkdir()
    settings = {"source": str(clip_path()), "worker": _worker_program(), "worker_address": f"127.0.0.1:{_free_port()}"}
    if device:
        settings["device"] = device
    (data / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    job_file, log = scratch / "job.json", scratch / "blender.log"
    job_file.write_text(json.dumps(job), encoding="utf-8")
    environment = os.environ | {
        "BLENDER_USER_RESOURCES": str(scratch / "blender"),
        "MOCAP_DATA": str(data),
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
    }
    command = [sys.executable, str(Path(__file__).with_name("in_blender.py")), str(job_file)]
    flags = subprocess.CREATE_NO_WINDOW if sys.platform == "win32" else 0
    result, said = None, []
    with (
        log.open("w", encoding="utf-8") as log_file,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=environment,
            text=True,
            encoding="utf-8",
            errors="replace",
            creationflags=flags,
        ) as process,
    ):
        try:
            for line in process.stdout:
                log_file.write(line)
                if line.startswith("@mocap "):
                    message = json.loads(line.removeprefix("@mocap "))
                    if "progress" in message:
                        progress(message["what"], *message["progress"])
                    result = message.get("result", result)
                elif line.strip():
                    said = [*said[-11:], line.rstrip()]
        except BaseException:
            process.terminate()
            raise
        code = process.wait()
    # Blender may crash while it closes, when all is done and written: only a missing result is a failure.
    if result is None:
        raise DemoError(f"Blender's part ended early (exit code {code}):\n  " + "\n  ".join(said))
    return result


def _report(result: dict, packets, truth: Truth, measured: dict) -> dict:
    """Every figure of the run. measured: what Blender's half saved of the recorded rig."""
    session = result["session"]
    worker = session["worker"]
    true = measure.true_directions_in_rig_world(
        truth.joints_world, truth.camera_from_world, measured["world_from_camera"]
    )
    angle = measure.by_limb(measure.angles_deg(_along(measured["joints"]), true))
    constant = measure.constant_pose_deg(true)
    rig = _rig(measured)
    with_2d = measure.by_limb(_with_truth(truth, rig, metric=False))
    with_3d = measure.by_limb(_with_truth(truth, rig, metric=True))
    return {
        "frames_captured": worker["frames_captured"],
        "frames_recorded": len(packets),
        "frames_skipped": worker["frames_skipped"],
        "packets_lost": session["lost"],
        "latency_ms": session["latency_ms"],
        "arrival_ms": session["arrival_ms"],
        "capture_fps": worker["fps"],
        "inference_ms": {name: worker[f"inference_ms_{name}"] for name in ("p50", "p95")},
        "bone_angle_deg": angle,
        "constant_pose_deg": constant,
        "ratio_to_constant_pose": angle["mean"] / constant,
        "true_2d_deg": with_2d,
        "true_3d_deg": with_3d,
        "keypoint_error_px": _keypoint_error(packets, truth),
        "blender": result["blender"],
        "model": worker["model"],
        "device": worker["device"],
        "stages_ms": session["stages_ms"],
        "take_seconds": result["take_seconds"],
        "files": [Path(name).name for name in result["files"].values()] + ["take.blend", "take.mocap"],
    }


def _along(ends: np.ndarray) -> np.ndarray:
    """Unit vectors (F, 8, 3) from the ends of the limbs (F, 16, 3), pair by pair."""
    along = ends[:, 1::2] - ends[:, ::2]
    return along / np.linalg.norm(along, axis=-1, keepdims=True)


def _rig(measured: dict) -> Rig:
    names = [str(name) for name in measured["bones"]]
    bones = [name for name in HUMANOID if name in names]
    rows = [names.index(name) for name in bones]
    parents = [bones.index(HUMANOID[name]) if HUMANOID[name] else -1 for name in bones]
    return Rig.from_matrices(bones, parents, measured["rest"][rows], measured["lengths"][rows])


def _with_truth(truth: Truth, rig: Rig, metric: bool) -> np.ndarray:
    """Limb errors (F, 8) in degrees of the same path fed with true 3D joints, or with true 2D keypoints alone."""
    in_camera = truth.joints_world[:, :17] @ truth.camera_from_world[:3, :3].T + truth.camera_from_world[:3, 3]
    hips = in_camera[:, [COCO17.index("left_hip"), COCO17.index("right_hip")]].mean(1)
    packets = []
    for index, time_s in enumerate(truth.times_s):
        meta = {"v": 1, "seq": index, "session": "truth", "size": [int(n) for n in truth.size], "skeleton": "coco17"}
        joints = None
        if metric:
            joints = in_camera[index] - hips[index]
            meta |= {"units": "m", "measured": True, "root": hips[index].tolist()}
        packets.append(PosePacket(truth.keypoints[index].astype(float), np.ones(17), joints, float(time_s), meta))
    solving = solve_take(rig, Settings(), packets, truth.times_s)
    while True:
        try:
            next(solving)
        except StopIteration as done:
            poses = done.value
            break
    bones = forward(rig, poses.rotations, poses.hips_location)
    ends = np.stack([bones[:, rig.bones.index(name), :3, 3] for name in _limb_bones()], 1)
    return measure.angles_deg(
        _along(ends),
        measure.true_directions_in_rig_world(truth.joints_world, truth.camera_from_world, poses.world_from_camera),
    )


def _keypoint_error(packets, truth: Truth) -> dict[str, float]:
    """Distance of the seen keypoints from the true ones, px: median and 95th percentile, and how many were seen."""
    times = np.array([packet.timestamp for packet in packets])
    frames = np.abs(times[:, None] - truth.times_s[None]).argmin(1)
    found = np.array([packet.keypoints for packet in packets])
    distance = np.linalg.norm(found - truth.keypoints[frames], axis=-1)
    seen = np.isfinite(distance)
    return {
        "median": float(np.median(distance[seen])),
        "p95": float(np.percentile(distance[seen], 95)),
        "seen": float(seen.mean()),
    }


def _overlay(path: Path, packets, progress: Progress) -> None:
    """The clip with the keypoints of the take, frame by frame."""
    by_time = {round(packet.timestamp * 1000): packet for packet in packets}
    height, width = next(video.read(clip_path()))[1].shape[:2]
    with video.writer(path, width, height, FPS) as append:
        for index, (time_s, picture) in enumerate(video.read(clip_path())):
            packet = by_time.get(round(time_s * 1000))
            if packet is not None:
                video.draw_keypoints(picture, packet.keypoints, packet.scores)
            append(picture)
            progress("Drawing the overlay", index + 1, len(packets))


def _side_by_side(path: Path, left: Path, pictures: Path, progress: Progress) -> None:
    """The overlay on the left, the character on the right."""
    rendered = sorted(pictures.glob("*.jpg"))
    width, height = PREVIEW_SIZE
    first = next(video.read(left))[1]
    with video.writer(path, first.shape[1] + width, height, FPS) as append:
        for index, ((_, picture), name) in enumerate(zip(video.read(left), rendered, strict=False)):
            character = cv2.cvtColor(cv2.imread(str(name)), cv2.COLOR_BGR2RGB)
            append(np.hstack([picture, character]))
            progress("Putting the videos together", index + 1, len(rendered))


def _worker_program() -> str:
    """The `mocap` program of this environment."""
    return str(Path(sys.executable).with_name("mocap.exe" if sys.platform == "win32" else "mocap"))


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

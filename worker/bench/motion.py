"""`mocap bench motion`: known motion through the installed extension in a headless Blender, and how right it came out.

Owns the scenes' way into Blender and back. Scenes are `motion_scenes`', videos of them and what the worker makes of
these `motion_video`'s, figures `motion_figures`', Blender's half is `in_blender_motion`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mocap_core.protocol import PosePacket, encode_pose

from .. import extension
from ..demo.bench import BenchError
from ..training.motion import MotionError, load_clips
from . import motion_scenes as scenes
from .motion_figures import figures
from .motion_scenes import FPS, Scene

#: Of `rigs/rigs.py`, all of which can be asked for.
RIGS = ("default", "mixamo A-pose, no prefix", "rigify IK")
WHO = "the character's proportions"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Played:
    """Scenes that make one case a rig: what was sent of each, and the settings of `scene.mocap`."""

    name: str
    filmed: list[Scene]
    sent: list[list[PosePacket]]
    settings: dict = field(default_factory=dict)
    every_rig: bool = True


def measure_motion(
    how_much: str, rigs: tuple[str, ...], settings: dict, progress: Progress, motion: Path | None = None
) -> Iterator[dict]:
    """The cases: each rig, actor and way of reporting, live and as a finished take. Raises BenchError.

    how_much: "quick", "usual" or "full". A child is played on the first rig alone.
    """
    if importlib.util.find_spec("bpy") is None:
        raise BenchError("Blender's bpy is not in this Python; run `uv run --python 3.11 mocap bench motion`.")
    try:
        clips = scenes.chosen(load_clips("test", motion), how_much)
    except MotionError as error:
        raise BenchError(f"{error}.") from None
    with tempfile.TemporaryDirectory(prefix="mocap-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        played = [*_reported(clips), _rendered(clips, folder, progress)]
        jobs = []
        for case in played:
            for sent in case.sent:
                path = folder / f"{len(jobs)}.packets"
                path.write_bytes(b"\n".join(encode_pose(packet) for packet in sent))
                jobs.append([str(path), settings | case.settings, case.every_rig])
        blender = _in_blender(folder, jobs, rigs, progress)
        for rig in rigs:
            number = 0
            for case in played:
                rows = range(number, number + len(case.sent))
                number = rows.stop
                if not case.every_rig and rig != rigs[0]:
                    continue
                found = []
                for row in rows:
                    with np.load(folder / f"{rig}-{row}.npz") as data:
                        found.append(dict(data))
                for stage in ("live", "take"):
                    about = {"name": f"{rig}/{case.name}/{stage}", "rig": rig, "blender": blender}
                    yield about | figures(case.filmed, found, case.sent, stage)


def _reported(clips: list) -> Iterator[Played]:
    """The motion data as senders would tell it."""
    for actor, lengths in scenes.ACTORS.items():
        filmed = [scenes.film(clip, lengths, seed) for seed, clip in enumerate(clips)]
        if actor == WHO:
            jumping = next(clip for clip in clips if "jumping" in clip.name)
            filmed.append(scenes.still(jumping, scenes.ADULT, len(clips)))
        for report in scenes.REPORTS if actor == WHO else (scenes.NOISY,):
            level = report == scenes.LEVEL
            seen = [scenes.levelled(scene) if level else scene for scene in filmed]
            sent = [scenes.packets_of(scene, report, 1000 + seed) for seed, scene in enumerate(seen)]
            yield Played(f"{actor}/{report}", seen, sent, {"level": "OFF"} if level else {}, actor == WHO)


def _rendered(clips: list, folder: Path, progress: Progress) -> Played:
    """The motion data as videos of the default character that the worker has seen."""
    from ..training.gltf import CharacterError
    from ..training.render import RenderError
    from . import motion_video

    try:
        filmed, sent = motion_video.seen_by_the_worker(clips, folder, progress)
    except ImportError as error:
        raise BenchError(f"{error}: `uv sync --extra train` installs what draws the videos.") from None
    except (CharacterError, RenderError) as error:
        raise BenchError(str(error)) from error
    return Played(f"{WHO}/{scenes.RENDERED}", filmed, sent)


def _in_blender(folder: Path, jobs: list[list], rigs, progress: Progress) -> str:
    """Runs all scenes, each with its settings of `scene.mocap`; returns Blender's version."""
    progress("Building the extension", 0, 1)
    try:
        zip_path = extension.build(folder / "zip")
    except extension.ExtensionError as error:
        raise BenchError(str(error)) from error
    job = {
        "zip": str(zip_path),
        "rigs": list(rigs),
        "scenes": jobs,
        "fps": FPS,
        "out": str(folder),
    }
    (folder / "job.json").write_text(json.dumps(job), "utf-8")
    environment = os.environ | {
        "BLENDER_USER_RESOURCES": str(folder / "blender"),
        "MOCAP_DATA": str(folder / "data"),
        "PYTHONUNBUFFERED": "1",
    }
    script = Path(__file__).with_name("in_blender_motion.py")
    done, version, said = 0, "", []
    count = sum(every or rig == rigs[0] for _, _, every in jobs for rig in rigs)
    with subprocess.Popen(
        [sys.executable, str(script), str(folder / "job.json")],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            for line in process.stdout:
                if line.startswith("@scene "):
                    done += 1
                    progress("Moving the characters", done, count)
                elif line.startswith("@done "):
                    version = line.split()[1]
                else:
                    said = [*said[-14:], line.rstrip()]
        except BaseException:
            process.terminate()
            raise
    if not version:
        raise BenchError(f"Blender ended with status {process.returncode}:\n" + "\n".join(said))
    return version

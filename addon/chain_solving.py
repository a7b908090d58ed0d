"""Marked chains solved over the take that their character plays: sampled in slices, solved by the worker's program in a
process of its own, and written into the take's Action.
"""

import json
import math
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import bpy
import numpy as np

from . import action, rig, take_layers, worker_process
from .chain_reading import ChainError, Sampled, title
from .core.rotation import same_hemisphere
from .core.systems import quietly, variables_for_children
from .rig_controls import bone_path

SAMPLING, SOLVING = 0.5, 0.95  # of the whole, when each is over
WAITING = "Solving chains"
_NEAR = 1e-3  # frames; what is off by less is a whole one


class Process:
    """`mocap solve-chains` at work on a job. Raises ChainError where it cannot be started, or with what it says."""

    def __init__(self, job: dict, folder: Path):
        self.share = 0.0
        self._result = folder / "solved.json"
        (folder / "job.json").write_text(json.dumps(job), "utf-8")
        try:
            program = worker_process.find()
            self._process = subprocess.Popen(
                [program, "solve-chains", str(folder / "job.json"), "--out", str(self._result)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                errors="replace", env=variables_for_children(), cwd=folder, **quietly(),
            )  # fmt: skip
        except worker_process.WorkerError as error:
            raise ChainError(str(error)) from error
        except OSError as error:
            raise ChainError(f"The worker {program} does not start: {error.strerror or error}.") from error
        self._words: list[str] = []
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_share, self._read_words)]
        for reader in self._readers:
            reader.start()

    def wait(self, seconds: float) -> bool:
        """Whether it has ended, within so many seconds."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def result(self) -> list[dict]:
        """The solved chains, once it has ended."""
        for reader in self._readers:
            reader.join()
        if self._process.returncode:
            said = [line.strip() for line in self._words if line.strip()]
            raise ChainError(f"The chains were not solved: {said[-1] if said else 'the worker said nothing.'}")
        return json.loads(self._result.read_text("utf-8"))["chains"]

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _read_share(self) -> None:
        for line in self._process.stdout:
            try:
                self.share = float(line)
            except ValueError:
                pass

    def _read_words(self) -> None:
        self._words = self._process.stderr.readlines()[-20:]


def solve(scene: bpy.types.Scene, chains: list, patience_s: float = 0.0) -> Iterator[tuple[str, float]]:
    """Solve chains over their takes. A generator: yields what it does and how far it is; returns a sentence.

    patience_s: how long it waits for the worker between two yields. Closed early, it changes nothing. Raises
    ChainError.
    """
    sampled, spans, played = [], [], []
    for chain in chains:
        one = Sampled(chain)
        playing = take_layers.top(chain.armature)
        if playing is None:
            raise ChainError(f"{one.armature} plays no take for the chain {title(chain)}. Load one first.")
        first, last = take_layers.span(chain.armature, playing)
        spans.append((math.ceil(first - _NEAR), math.floor(last + _NEAR)))
        played.append(_played(chain.armature, playing))
        sampled.append((one, playing.name))
    start, end = min(first for first, _ in spans), max(last for _, last in spans)
    before = scene.frame_current, scene.frame_subframe
    try:
        for frame in range(start, end + 1):
            scene.frame_set(frame)
            depsgraph = bpy.context.evaluated_depsgraph_get()
            for (one, _), (first, last) in zip(sampled, spans, strict=True):
                if first <= frame <= last:
                    one.take(frame, depsgraph)
            yield "Reading the take", SAMPLING * (frame - start + 1) / (end - start + 1)
    finally:
        scene.frame_set(before[0], subframe=before[1])
    job = {"format": "mocap chains", "version": 1, "chains": [one.job() for one, _ in sampled]}
    with tempfile.TemporaryDirectory(prefix="mocap-chains-", ignore_cleanup_errors=True) as folder:
        process = Process(job, Path(folder))
        try:
            while not process.wait(patience_s):
                yield WAITING, SAMPLING + (SOLVING - SAMPLING) * process.share
            solved = process.result()
        finally:
            process.stop()
    missed_m = 0.0
    for (one, name), (laid, begins, scale), result in zip(sampled, played, solved, strict=True):
        frames = begins + (np.array(one.frames) - laid) / scale
        for _ in _write(one, name, frames, np.array(result["rotations"])):
            yield "Writing chains", SOLVING
        missed_m = max(missed_m, max(result["missed_m"]))
    scene.frame_set(before[0], subframe=before[1])
    count = f"{len(sampled)} chain{'s' if len(sampled) > 1 else ''}"
    return f"Solved {count}; at most {missed_m * 100:.1f} cm from the target"


def _played(armature: bpy.types.Object, take: bpy.types.Action) -> tuple[float, float, float]:
    """The scene's frame at which a take begins, its own frame that plays there, and how many of the scene's one of its
    own lasts."""
    strips = take_layers.strips(armature, take)
    if not strips:
        return 0.0, 0.0, 1.0
    strip = strips[0]
    if len(strips) > 1 or strip.repeat != 1.0 or strip.use_reverse or strip.use_animated_time:
        raise ChainError(
            f"{take.name} is repeated, reversed or timed by keys on the NLA tracks of {armature.name}. "
            "Let it lie there once, as it was recorded, to solve chains."
        )
    return strip.frame_start, strip.action_frame_start, strip.scale


def _write(one: Sampled, action_name: str, frames: np.ndarray, rotations: np.ndarray) -> Iterator[None]:
    """The solved rotations (F, N, 4) as curves of the take's Action with keys at its frames (F,), each bone in its own
    rotation mode. A generator that yields every few milliseconds."""
    take, armature = bpy.data.actions.get(action_name), bpy.data.objects.get(one.armature)
    if take is None or armature is None:
        raise ChainError(f"The take {action_name} is gone; nothing was written.")
    curves = action.curves(take)
    for row, (bone, mode) in enumerate(zip(one.bones, one.modes, strict=True)):
        name, width = rig.PROPERTIES.get(mode, ("rotation_euler", 3))
        channel = action.Channel(f"{bone_path(bone)}.{name}", width, bone)
        for curve in [curve for curve in curves if curve.data_path == channel.data_path]:
            curves.remove(curve)
        values = same_hemisphere(rotations[:, row])
        if mode != "QUATERNION":
            values = yield from rig.converted(values, mode)
        action.write(take, channel, frames, values)
        yield
    armature.update_tag()

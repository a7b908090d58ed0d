"""One capture: frames from a source, the person's keypoints, joints in metres, packets handed to a sender.

Runs in the thread that calls `run`; says what it does through `report` and stops when `stop` is set.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from mocap_core.protocol import JOINT_COUNTS, VERSION, PosePacket

from . import person
from .source import Frame, Source

_READ_S = 0.1
_RECENT = 300  # inferences that the percentiles are over


@dataclass(frozen=True)
class Job:
    """What to capture. session: names it on the wire. box: where the person is at first, xyxy px, or None.

    paced: files at their own rate. config, checkpoint, device: the model's, empty for the defaults.
    """

    source: str
    session: str
    config: str = ""
    checkpoint: str = ""
    device: str = ""
    box: tuple[float, float, float, float] | None = None
    paced: bool = True


@dataclass
class Figures:
    """What is measured in a capture."""

    model: str = ""
    device: str = ""
    frames_captured: int = 0
    frames_skipped: int = 0
    packets_sent: int = 0
    inference_ms: deque = field(default_factory=lambda: deque(maxlen=_RECENT))
    worker_ms: deque = field(default_factory=lambda: deque(maxlen=_RECENT))
    recent_s: deque = field(default_factory=lambda: deque(maxlen=31))

    def as_dict(self) -> dict:
        """The figures for a status. fps: frames inferred a second, of late."""
        figures = {
            "model": self.model,
            "device": self.device,
            "frames_captured": self.frames_captured,
            "frames_skipped": self.frames_skipped,
            "packets_sent": self.packets_sent,
        }
        if len(self.recent_s) > 1:
            figures["fps"] = round((len(self.recent_s) - 1) / (self.recent_s[-1] - self.recent_s[0]), 2)
        for name, values in (("inference_ms", self.inference_ms), ("worker_ms", self.worker_ms)):
            if values:
                p50, p95 = np.percentile(list(values), [50, 95])
                figures |= {f"{name}_p50": round(float(p50), 2), f"{name}_p95": round(float(p95), 2)}
        return figures


def run(
    job: Job,
    source: Source,
    backend,
    lifter,
    send: Callable[[PosePacket], None],
    report: Callable[[str, str], None],
    figures: Figures,
    stop: threading.Event,
) -> None:
    """Captures until the source ends or `stop` is set.

    backend: see `backends.Backend`. report(state, message): a new state on the wire's terms.
    """
    lifter.reset()
    report("capturing", f"{backend.name} on {backend.device}.")
    follower, lost = None, False
    while not stop.is_set():
        frame = source.read(_READ_S)
        figures.frames_skipped = source.skipped
        if frame is None:
            if source.ended:
                return
            if source.trouble and not lost:
                lost = True
                report("camera_lost", f"{source.trouble}.")
            continue
        if lost:
            lost = False
            report("capturing", "The camera is back.")
        height, width = frame.image.shape[:2]
        if follower is None or follower.size != (width, height):
            follower = person.start((width, height), job.box)
        started = time.perf_counter()
        keypoints, scores = backend.infer(frame.image, follower.box[None])
        figures.inference_ms.append((time.perf_counter() - started) * 1000)
        follower = person.follow(follower, keypoints[0], scores[0])
        packet = _packet(job, backend.skeleton, frame, source.fps, follower, keypoints[0], scores[0], lifter)
        packet.meta["seq"] = figures.packets_sent
        packet.meta["sent"] = round(time.perf_counter(), 6)
        send(packet)
        now = time.perf_counter()
        figures.packets_sent += 1
        figures.frames_captured += 1
        figures.worker_ms.append((now - frame.grabbed) * 1000)
        figures.recent_s.append(now)


def _packet(
    job: Job,
    skeleton: str,
    frame: Frame,
    fps: float | None,
    follower: person.Follower,
    keypoints: np.ndarray,
    scores: np.ndarray,
    lifter,
) -> PosePacket:
    """The packet of a frame: all zeros where nobody is there."""
    height, width = frame.image.shape[:2]
    meta = {
        "v": VERSION,
        "session": job.session,
        "seq": 0,
        "person": 0,
        "size": [width, height],
        "skeleton": skeleton,
        "units": None,
        "root": None,
        "grabbed": round(frame.grabbed, 6),
        "sent": 0.0,
        "fps": None if fps is None else round(fps, 3),
    }
    if not follower.present:
        count = JOINT_COUNTS[skeleton]
        return PosePacket(np.full((count, 2), np.nan), np.zeros(count), None, frame.timestamp, meta)
    lifted = lifter.lift(keypoints[:17], scores[:17], (width, height), frame.timestamp)
    if not np.isfinite(lifted.joints_camera).any():
        return PosePacket(keypoints, scores, None, frame.timestamp, meta)
    meta["units"] = "m"
    if lifted.root_camera is not None:
        meta["root"] = [round(float(value), 4) for value in lifted.root_camera]
    joints = np.full((len(scores), 3), np.nan)
    joints[:17] = lifted.joints_camera
    return PosePacket(keypoints, scores, joints, frame.timestamp, meta)

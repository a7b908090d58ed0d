"""One capture: frames from a source, the people's keypoints, joints in metres, packets handed to a sender.

Reading, inference and sending overlap, a frame each: the source reads ahead, `run` infers in the thread that
calls it, and a thread of its own lifts and sends. Says what it does through `report` and stops when `stop` is set.
"""

import copy
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from mocap_core.protocol import JOINT_COUNTS, VERSION, PosePacket

from . import people
from .cameras import CameraError
from .look import AS_IT_IS, Look
from .lookout import Lookout
from .source import Frame, Source

_READ_S = 0.1
_RECENT = 300  # inferences that the percentiles are over


@dataclass(frozen=True)
class Job:
    """What to capture. session: names it on the wire. box: where the first person is at first, xyxy px, or None.

    paced: files at their own rate. config, checkpoint, device, backend, precision: the model's, empty for the
    defaults. max_people: who is followed at once. detector: a hub name or folder, empty for none.
    look: the camera's mode, and how pictures are turned.
    """

    source: str
    session: str
    config: str = ""
    checkpoint: str = ""
    device: str = ""
    box: tuple[float, float, float, float] | None = None
    paced: bool = True
    max_people: int = 1
    detector: str = ""
    backend: str = ""
    precision: str = ""
    look: Look = AS_IT_IS


@dataclass
class Figures:
    """What is measured in a capture. people: seen in the last frame."""

    model: str = ""
    device: str = ""
    frames_captured: int = 0
    frames_skipped: int = 0
    packets_sent: int = 0
    people: int = 0
    inference_ms: deque = field(default_factory=lambda: deque(maxlen=_RECENT))
    detector_ms: deque = field(default_factory=lambda: deque(maxlen=_RECENT))
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
            "people": self.people,
        }
        recent_s = list(self.recent_s)
        if len(recent_s) > 1:
            figures["fps"] = round((len(recent_s) - 1) / (recent_s[-1] - recent_s[0]), 2)
        for name in ("inference_ms", "detector_ms", "worker_ms"):
            values = list(getattr(self, name))
            if values:
                p50, p95 = np.percentile(values, [50, 95])
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
    detector=None,
    show: Callable[[Frame], None] = lambda frame: None,
) -> None:
    """Captures until the source ends or `stop` is set.

    backend: see `backends.Backend`. report(state, message): a new state on the wire's terms. detector: see
    `detector.Detector`. show: is given each frame before its packets are sent. Raises CameraError where the job's box
    shows nothing of the picture.
    """
    report("capturing", " ".join(filter(None, (f"{backend.name} on {backend.device}.", source.note))))
    outlet = Outlet(job, backend.skeleton, lifter, send, figures, show)
    state, lost = None, False
    with ThreadPoolExecutor(1, "sending") as sending, Lookout(detector, figures.detector_ms) as lookout:
        handed: Future | None = None
        while not stop.is_set():
            frame = source.read(_READ_S)
            figures.frames_skipped = source.skipped
            if frame is None:
                if source.ended:
                    break
                if source.trouble and not lost:
                    lost = True
                    report("camera_lost", f"{source.trouble}.")
                continue
            if lost:
                lost = False
                report("capturing", "The camera is back.")
            height, width = frame.image.shape[:2]
            if state is None and job.box is not None:
                _check_shown(job.box, width, height)
            if state is None or state.size != (width, height):
                state = people.start((width, height), job.max_people, job.box, detector is None, state)
            if (news := lookout.take()) is not None:
                state = people.detected(state, *news, frame.timestamp)
            looks = people.looks(state, frame.timestamp)
            boxes = np.array([look.box for look in looks]).reshape(-1, 4)
            started = time.perf_counter()
            keypoints, scores = backend.infer(frame.image, boxes)
            figures.inference_ms.append((time.perf_counter() - started) * 1000)
            state = people.follow(state, looks, keypoints, scores, frame.timestamp)
            if state.ask:
                lookout.offer(frame.image, state)
            if handed is not None:
                handed.result()  # so that one frame at most waits to be sent, and what went wrong is heard of
            figures.frames_captured += 1
            handed = sending.submit(outlet.send, frame, source.fps, state.issued, state.seen, keypoints, scores)
        if handed is not None:
            handed.result()


def _check_shown(box: tuple[float, float, float, float], width: int, height: int) -> None:
    """Raises CameraError for a box, xyxy px, that shows nothing of the picture."""
    x1, y1, x2, y2 = box
    if x2 <= 0 or y2 <= 0 or x1 >= width or y1 >= height:
        raise CameraError(
            f"The box {x1:g},{y1:g},{x2:g},{y2:g} lies outside the picture of {width} × {height} px; give one in it, "
            "or leave it out."
        )


class Outlet:
    """Lifts the people of a frame and sends their packets; remembers each one's past."""

    def __init__(
        self,
        job: Job,
        skeleton: str,
        lifter,
        send: Callable[[PosePacket], None],
        figures: Figures,
        show: Callable[[Frame], None] = lambda frame: None,
    ):
        self._job, self._skeleton, self._send, self._figures, self._show = job, skeleton, send, figures, show
        self._lifters: dict[int, object] = {}
        self._lifter = lifter

    def send(
        self,
        frame: Frame,
        fps: float | None,
        issued: int,
        seen: dict[int, int],
        keypoints: np.ndarray,
        scores: np.ndarray,
    ) -> None:
        """One packet for each of the identities that there have been so far, and one where there was none yet.

        seen: rows of keypoints (N, K, 2) px and scores (N, K) by identity; the others' packets are empty.
        """
        figures = self._figures
        self._show(frame)
        for identity in range(max(1, issued)):
            row = seen.get(identity)
            found = None if row is None else (keypoints[row], scores[row])
            packet = self._packet(frame, fps, identity, found)
            packet.meta["seq"] = figures.packets_sent
            packet.meta["sent"] = round(time.perf_counter(), 6)
            self._send(packet)
            figures.packets_sent += 1
        now = time.perf_counter()
        figures.people = len(seen)
        figures.worker_ms.append((now - frame.grabbed) * 1000)
        figures.recent_s.append(now)

    def _packet(self, frame: Frame, fps: float | None, identity: int, found) -> PosePacket:
        """The packet of a person in a frame: all zeros where they are not there."""
        height, width = frame.image.shape[:2]
        meta = {
            "v": VERSION,
            "session": self._job.session,
            "seq": 0,
            "person": identity,
            "size": [width, height],
            "skeleton": self._skeleton,
            "units": None,
            "root": None,
            "grabbed": round(frame.grabbed, 6),
            "sent": 0.0,
            "fps": None if fps is None else round(fps, 3),
        }
        if found is None:
            count = JOINT_COUNTS[self._skeleton]
            return PosePacket(np.full((count, 2), np.nan), np.zeros(count), None, frame.timestamp, meta)
        keypoints, scores = found
        lifted = self._lifter_of(identity).lift(keypoints[:17], scores[:17], (width, height), frame.timestamp)
        if not np.isfinite(lifted.joints_camera).any():
            return PosePacket(keypoints, scores, None, frame.timestamp, meta)
        meta["units"] = "m"
        if lifted.root_camera is not None:
            meta["root"] = [round(float(value), 4) for value in lifted.root_camera]
        joints = np.full((len(scores), 3), np.nan)
        joints[:17] = lifted.joints_camera
        return PosePacket(keypoints, scores, joints, frame.timestamp, meta)

    def _lifter_of(self, identity: int):
        """A lifter with the same weights and a memory of its own."""
        if identity not in self._lifters:
            self._lifters[identity] = copy.copy(self._lifter)
            self._lifters[identity].reset()
        return self._lifters[identity]

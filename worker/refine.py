"""A film once more, at leisure: every frame through a large model with the flip test, keypoints smoothed both ways in
time, then lifted. What comes out is a take.

What the model has found is kept beside the take to be, so that what was stopped goes on where it was.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mocap_core import adaptive, filters
from mocap_core.lift import Lifter
from mocap_core.protocol import PosePacket
from mocap_core.take import FILM_SUFFIX, REFINED, SUFFIX, TakeError, TakeWriter, read_header, read_take, reason
from mocap_core.take_notes import notes_path, read_notes, write_notes

from .film import start_of
from .people import MOST
from .renaming import RUN, renamed
from .source import Frame, open_capture, open_source
from .stream import Figures, Job, run

Progress = Callable[[str, int, int], None]
_PART = ".part"
_SEEN = 0.05  # a keypoint with a lower score is none
_TORSO_M = 0.5  # from the middle of the shoulders to that of the hips


class RefineError(Exception):
    """What cannot be refined; the text is a sentence for the user."""


class Stopped(Exception):
    """The user wants no more; what was found is kept."""


@dataclass(frozen=True)
class Wanted:
    """flip: average with the mirrored crop. smoothness: as in Blender, 0.5 takes measurements for as noisy as they
    are. max_people: who is followed at once; 0 for as many as the take shows, of a video one."""

    flip: bool = True
    smoothness: float = 0.5
    max_people: int = 0


def refine(
    given: Path, out: Path, backend, wanted: Wanted, progress: Progress, stop: threading.Event, fresh: bool = False
) -> Path:
    """A new take in the folder `out` of a video, or of a take's kept video; its path. Raises RefineError, CameraError
    and Stopped.

    backend: see `backends.Backend`. progress: what is done, frames, of how many. fresh: do not go on with what an
    earlier run has found.
    """
    video, take = film_of(given), given if given.suffix == SUFFIX else None
    path = take_of(given, out)
    if path.exists():
        refined = read_header(path).get("refined")
        if not isinstance(refined, dict):
            raise RefineError(f"{path} is there already and is no refined take; give another -o.")
        if not fresh:
            if refined.get("bytes") not in (None, video.stat().st_size):
                raise RefineError(f"{path} was made of another video; give another -o, or --fresh to replace it.")
            return path
    before = read_take(take) if take is not None else None
    if not wanted.max_people:
        shown = {packet.person for packet in before.packets if not packet.empty} if before is not None else ()
        wanted = replace(wanted, max_people=min(max(len(shown), 1), MOST))
    out.mkdir(parents=True, exist_ok=True)

    def told(what: str, done: int, of: int) -> None:
        if stop.is_set():
            raise Stopped
        progress(what, done, of)

    part = path.with_name(path.name + _PART)
    source = open_source(f"file://{video}", paced=False)  # before anything is written: it may be no video
    try:
        kept = _Kept(part, _described(video, backend, wanted), fresh)
        _look(video, source, backend, wanted, kept, told, stop)
    finally:
        source.close()
    found = renamed(kept.packets, before.packets if before is not None else ())
    packets = _lifted(_smoothed(found, wanted.smoothness, told), told)
    _write(path, packets, given, before, video, backend, wanted)
    part.unlink()
    return path


def take_of(given: Path, out: Path) -> Path:
    """The new take of a video or a take."""
    return out / f"{given.stem}{REFINED if given.suffix == SUFFIX else ''}{SUFFIX}"


def film_of(given: Path) -> Path:
    """The video of a video or a take. Raises RefineError."""
    if given.suffix != SUFFIX:
        return given
    video = given.with_name(given.name + FILM_SUFFIX)
    if not video.exists():
        raise RefineError(f"{given} has no video beside it; record with Keep Video, or give the video itself.")
    return video


def with_flip_test(backend):
    """The backend with the flip test always on. Raises RefineError for one that has none."""
    if not hasattr(backend, "infer_crops"):
        raise RefineError(f"{backend.name} has no flip test here; add --no-flip.")
    return _Flipping(backend)


class _Flipping:
    def __init__(self, backend):
        self._backend = backend
        self.name, self.device, self.skeleton = backend.name, backend.device, backend.skeleton
        self.input_size = backend.input_size

    def infer(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        from .backends.backend import outside
        from .vitpose.transforms import crop, crop_of

        if not len(boxes):
            return self._backend.infer(image, boxes)
        centres, sizes = crop_of(boxes, self.input_size)
        crops = crop(image, centres, sizes, self.input_size, self._backend.config.codec.udp)
        keypoints, scores = self._backend.infer_crops(crops, centres, sizes, flip_test=True)
        nothing = outside(image, boxes)
        keypoints[nothing], scores[nothing] = np.nan, 0.0
        return keypoints, scores


class _Kept:
    """What the model has found so far, on disk: the job, then a packet a line."""

    def __init__(self, path: Path, job: dict, fresh: bool):
        self.packets: list[PosePacket] = []
        self._path = path
        if path.exists():
            if not fresh:
                self._go_on(job)
            path.unlink()
        self._writer = TakeWriter(path, job)
        for packet in self.packets:
            self._writer.write(packet)
        self._run = 1 + self.packets[-1].meta.get(RUN, 0) if self.packets else 0

    def _go_on(self, job: dict) -> None:
        try:
            found = read_take(self._path)
        except TakeError:
            return
        if {name: found.header.get(name) for name in job} == json.loads(json.dumps(job)):
            times = sorted({packet.timestamp for packet in found.packets})
            # Of the last frame some people may be missing.
            self.packets = [packet for packet in found.packets if packet.timestamp < times[-1]] if times else []

    @property
    def last_s(self) -> float:
        return self.packets[-1].timestamp if self.packets else -np.inf

    def add(self, packet: PosePacket) -> None:
        packet = replace(packet, meta=packet.meta | {RUN: self._run})  # who is followed is numbered anew
        self.packets.append(packet)
        self._writer.write(packet)

    def close(self) -> None:
        self._writer.close()


class _Rest:
    """A source without the frames up to a time, which are read and let go."""

    live, skipped, trouble, note = False, 0, "", ""

    def __init__(self, source, start_s: float, last_s: float, seen: Callable[[], None]):
        self._source, self._start_s, self._last_s, self._seen = source, start_s, last_s, seen
        self.fps = source.fps

    @property
    def ended(self) -> bool:
        return self._source.ended

    def read(self, timeout_s: float) -> Frame | None:
        """None for one that is let go, too, so that whoever reads can stop."""
        frame = self._source.read(timeout_s)
        if frame is None:
            return None
        self._seen()
        time_s = round(self._start_s + frame.timestamp, 6)
        return replace(frame, timestamp=time_s) if time_s > self._last_s else None

    def close(self) -> None:
        self._source.close()


def _look(video, source, backend, wanted, kept, progress, stop) -> None:
    """Let the model look at every frame that it has not seen."""
    from .opencv import cv2

    capture = open_capture(str(video))
    count = max(int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)
    capture.release()
    done = 0

    def seen() -> None:
        nonlocal done
        done += 1
        progress("Looking", done, max(count, done))

    job = Job(str(video), "refined", paced=False, max_people=wanted.max_people)
    looking = with_flip_test(backend) if wanted.flip else backend
    rest = _Rest(source, start_of(video), kept.last_s, seen)
    try:
        run(job, rest, looking, Lifter(), kept.add, lambda state, message: None, Figures(), stop)
    finally:
        kept.close()
    if stop.is_set():
        raise Stopped


def _smoothed(packets: list[PosePacket], smoothness: float, progress: Progress) -> list[PosePacket]:
    """The packets with keypoints smoothed both ways in time, so that nothing is late; who is not seen stays unseen."""
    out = list(packets)
    for person in sorted({packet.person for packet in packets}):
        rows = [row for row, packet in enumerate(packets) if packet.person == person and not packet.empty]
        if len(rows) < 2:
            continue
        scores = np.stack([packets[row].scores for row in rows])
        places = np.stack([packets[row].keypoints for row in rows]).astype(float)
        places[scores < _SEEN] = np.nan
        metres = _metres_a_pixel(places)
        flat = np.concatenate((places * metres, np.where(np.isnan(places[..., :1]), np.nan, 0.0)), axis=-1)
        times_s = np.array([packets[row].timestamp for row in rows])
        work = adaptive.smooth(flat, filters.noise_m(scores), times_s, (smoothness / 0.5) ** 2)
        steps = 0
        while True:
            try:
                next(work)
            except StopIteration as end:
                found = end.value[0][..., :2] / metres
                break
            steps += 1
            progress("Smoothing", min(steps * 16, len(rows)), len(rows))
        found[np.isnan(places[..., 0])] = np.nan
        for row, keypoints in zip(rows, found, strict=True):
            out[row] = replace(packets[row], keypoints=keypoints)
    return out


def _metres_a_pixel(places: np.ndarray) -> float:
    """By how long the torso is in the picture, as a rule; places: (N, K, 2) px, COCO's order first."""
    across = places[:, 5:7].mean(axis=1) - places[:, 11:13].mean(axis=1)
    lengths = np.linalg.norm(across, axis=1)
    lengths = lengths[np.isfinite(lengths) & (lengths > 1.0)]
    return _TORSO_M / float(np.median(lengths)) if len(lengths) else 0.005


def _lifted(packets: list[PosePacket], progress: Progress) -> list[PosePacket]:
    lifters: dict[int, Lifter] = {}
    out = []
    for number, packet in enumerate(packets):
        meta = packet.meta | {"seq": number, "units": None, "root": None}
        meta.pop(RUN, None)
        joints = None
        if not packet.empty:
            lifter = lifters.setdefault(packet.person, Lifter())
            scores = np.where(np.isfinite(packet.keypoints[:17, 0]), packet.scores[:17], 0.0)
            lifted = lifter.lift(packet.keypoints[:17], scores, packet.size, packet.timestamp)
            if np.isfinite(lifted.joints_camera).any():
                joints = np.full((len(packet.scores), 3), np.nan)
                joints[:17] = lifted.joints_camera
                meta["units"] = "m"
                if lifted.root_camera is not None:
                    meta["root"] = [round(float(value), 4) for value in lifted.root_camera]
        out.append(replace(packet, joints_3d=joints, meta=meta))
        progress("Lifting", number + 1, len(packets))
    return out


def _write(path, packets, given, before, video, backend, wanted) -> None:
    """The take, all at once; what a take that was given knew of actor and timeline goes over."""
    if not packets:
        raise RefineError(f"{given} shows nothing.")
    header = (
        {}
        if before is None
        else {k: v for k, v in before.header.items() if k in ("fps", "stand", "calibration", "people")}
    )
    header |= {"app": "mocap refine", "source": video.name, "size": list(packets[0].size), "skeleton": backend.skeleton}
    header |= {
        "refined": {
            "of": given.name,
            "bytes": video.stat().st_size,
            "model": backend.name,
            "flip": wanted.flip,
            "smoothness": wanted.smoothness,
        }
    }
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    with TakeWriter(unfinished, header) as writer:
        for packet in packets:
            writer.write(packet)
    try:
        os.replace(unfinished, path)
        notes_path(path).unlink(missing_ok=True)  # of one that this replaces
    except OSError as error:
        raise RefineError(f"{path} cannot be written: {reason(error)}.") from None
    if before is not None and before.packets:
        notes, later_s = read_notes(given), packets[0].timestamp - before.packets[0].timestamp
        fps = before.header.get("fps")
        moved = notes.frame + later_s * fps if notes.frame is not None and isinstance(fps, (int, float)) else None
        end_s = None if notes.end_s is None else max(notes.end_s - later_s, 0.0)
        write_notes(
            path,
            replace(
                notes,
                star=False,
                frame=moved,
                start_s=max(notes.start_s - later_s, 0.0),
                end_s=end_s,
                summary=None,
                size=0,
            ),
        )


def _described(video: Path, backend, wanted: Wanted) -> dict:
    """What an earlier run must have done in the same way for this one to go on with it."""
    state = video.stat()
    return {
        "refining": video.name,
        "bytes": state.st_size,
        "changed": state.st_mtime_ns,
        "model": backend.name,
        "weights": str(getattr(backend, "checkpoint", "")),
        "flip": wanted.flip,
        "max_people": wanted.max_people,
    }

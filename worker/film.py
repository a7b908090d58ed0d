"""The camera's pictures on disk beside a take: H.264, each at its capture time.

Matroska, as a film that nobody has ended can be read as far as it came.
"""

import json
import queue
import sys
import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from .source import Frame

_TICKS = 1000  # a second, as Matroska counts
_WAITING = 30  # frames that may wait for the encoder
_TAG = "comment"
_FORMAT = "vitpose-live-mocap film"


class FilmWriter:
    """Writes frames by a thread of its own, at even sizes. lost: those that the encoder had no time for.

    The first frame's capture time is in the file, so that all others' are known. take: what it is the film of; where
    that is gone when the film has ended, as a take of nobody is, the film goes too.
    """

    def __init__(self, path: Path, take: Path | None = None):
        self.path = path
        self._take = take
        self.lost = 0
        self.problem = ""
        self._frames: queue.Queue[Frame] = queue.Queue(_WAITING)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._write, name="film", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """False once all is written, or nothing more can be."""
        return self._thread.is_alive()

    def add(self, frame: Frame) -> None:
        try:
            self._frames.put_nowait(frame)
        except queue.Full:
            self.lost += 1

    def end(self) -> None:
        """No more frames come; what waits is written."""
        self._ended.set()

    def close(self) -> None:
        """End the film and wait for it."""
        self.end()
        self._thread.join(10.0)

    def _next(self) -> Frame | None:
        while True:
            try:
                return self._frames.get(timeout=0.1)
            except queue.Empty:
                if self._ended.is_set():
                    return None

    def _write(self) -> None:
        try:
            frame = self._next()
            if frame is not None:
                self._film(frame)
        except (OSError, av.error.FFmpegError) as error:  # a full disk; the take itself goes on
            self.problem = str(error)
            print(f"The video {self.path} ends: {error}.", file=sys.stderr)
        if self.lost:
            print(f"The video {self.path} lacks {self.lost} frames: encoding took too long.", file=sys.stderr)
        if self._take is not None:
            self._go_with(self._take)

    def _go_with(self, take: Path) -> None:
        try:
            take.stat()
        except FileNotFoundError:
            try:
                self.path.unlink(missing_ok=True)
            except OSError as error:
                print(f"The video {self.path}, whose take is gone, cannot be deleted: {error}.", file=sys.stderr)
        except OSError:
            pass  # nobody knows, so it stays

    def _film(self, frame: Frame) -> None:
        height, width = (side - side % 2 for side in frame.image.shape[:2])
        start_s, last = frame.timestamp, -1
        on_disk_each_second = {"cluster_time_limit": "1000", "flush_packets": "1"}
        with av.open(str(self.path), "w", format="matroska", container_options=on_disk_each_second) as container:
            container.metadata[_TAG] = json.dumps({"format": _FORMAT, "start_s": round(start_s, 6)})
            stream = container.add_stream("libx264", rate=30)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.codec_context.time_base = Fraction(1, _TICKS)
            stream.options = {"preset": "ultrafast", "crf": "20", "g": "30", "tune": "zerolatency"}
            while frame is not None:
                ticks = round((frame.timestamp - start_s) * _TICKS)
                if ticks > last and frame.image.shape[0] >= height and frame.image.shape[1] >= width:
                    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame.image[:height, :width]), "rgb24")
                    picture.pts, picture.time_base, last = ticks, Fraction(1, _TICKS), ticks
                    container.mux(stream.encode(picture))
                frame = self._next()
            container.mux(stream.encode(None))


def start_of(film: Path) -> float:
    """Capture time of a film's first frame on its take's clock, or 0 for any other video."""
    try:
        with av.open(str(film)) as container:
            tags = {name.lower(): text for name, text in container.metadata.items()}
            found = json.loads(tags.get(_TAG, "{}"))
    except (OSError, ValueError, RecursionError, av.error.FFmpegError):
        return 0.0
    start_s = found.get("start_s") if isinstance(found, dict) and found.get("format") == _FORMAT else None
    return float(start_s) if isinstance(start_s, (int, float)) else 0.0

"""Cameras and network streams: a thread takes every frame as it comes, the reader gets the newest."""

import os
import threading
import time

from .cameras import CameraError, open_camera, silent_camera
from .look import AS_IT_IS, Look
from .pixels import rgb_of, turn_of
from .source import READ_TIMEOUT_S, Frame, open_capture, shown

_RETRY_S = (0.5, 1.0, 2.0, 4.0)
_FIRST_FRAME_S = 10.0  # some cameras take seconds to warm up
_CLOSE_S = 2.0


class LiveSource:
    """A camera (its index) or a stream (its URL). Raises CameraError where it gives no frame.

    Once it has given one, it is kept: where frames stop, `trouble` says so and it is opened again and again
    until they are back. `skipped` counts frames that a newer one replaced before they were read.
    """

    live = True
    ended = False

    def __init__(self, source: int | str, look: Look = AS_IT_IS):
        self._source, self._look = source, look
        self.note = ""
        self._name = f"Camera {source}" if isinstance(source, int) else f"The stream {shown(source)}"
        self.fps: float | None = None
        self.skipped = 0
        self.trouble = ""
        self._new = threading.Condition()
        self._frame: Frame | None = None
        self._seen = False  # whether anybody reads yet: frames before that are not skipped, only early
        self._last_s = time.perf_counter()
        self._first = threading.Event()
        self._failed = False
        self._fault: CameraError | None = None  # pictures that nobody can use
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._grab, name="camera", daemon=True)
        self._thread.start()
        if not self._first.wait(_FIRST_FRAME_S) or self._failed:
            self.close()
            raise self._fault or self._silent()

    def read(self, timeout_s: float) -> Frame | None:
        if self._fault is not None:
            raise self._fault
        with self._new:
            self._seen = True
            if self._frame is None:
                self._new.wait(timeout_s)
            frame, self._frame = self._frame, None
        if frame is None and not self.trouble and time.perf_counter() - self._last_s > READ_TIMEOUT_S:
            # A driver that blocks: the thread cannot say so itself.
            self.trouble = f"{self._name} has given no picture for {READ_TIMEOUT_S:.0f} seconds"
        return frame

    def close(self) -> None:
        self._closing.set()
        # A driver that never returns keeps its thread; it is a daemon and ends with the process.
        self._thread.join(_CLOSE_S)

    def _silent(self) -> CameraError:
        if isinstance(self._source, int):
            return silent_camera(self._source)
        return CameraError(f"{self._name} cannot be opened; check the address and that the camera or program sends.")

    def _open(self):
        if isinstance(self._source, int):
            return open_camera(self._source)
        # FFmpeg otherwise holds frames back to guess the format. Files are opened without these options.
        os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp|fflags;nobuffer|flags;low_delay"
        try:
            return open_capture(self._source)
        finally:
            os.environ.pop("OPENCV_FFMPEG_CAPTURE_OPTIONS", None)

    def _grab(self) -> None:
        from .opencv import cv2

        attempt = 0
        while not self._closing.is_set():
            capture = self._open()
            if capture.isOpened():
                if isinstance(self._source, int) and (others := self._look.ask(capture)):
                    self.note = f"{self._name} gives {others}."
                capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # ignored by most, the fewest old frames where not
                fps = capture.get(cv2.CAP_PROP_FPS)
                self.fps = fps if 1 <= fps <= 480 else None
                try:
                    if self._deliver(capture):
                        attempt = 0
                except CameraError as error:
                    self._fault, self._failed = error, not self._first.is_set()
                    self._first.set()
                    self._closing.set()
            capture.release()
            if self._closing.is_set():
                return
            if not self._first.is_set():
                self._failed = True
                self._first.set()
                return
            self.trouble = f"{self._name} is lost; opening it again"
            self._closing.wait(_RETRY_S[min(attempt, len(_RETRY_S) - 1)])
            attempt += 1

    def _deliver(self, capture) -> bool:
        """Hands on frames until they stop; whether there were any."""
        any_came, turn_deg = False, (turn_of(capture) + self._look.turn_deg) % 360
        while not self._closing.is_set() and capture.grab():
            now = time.perf_counter()
            decoded, image = capture.retrieve()
            if not decoded:
                break
            frame = Frame(self._look.picture(rgb_of(image, turn_deg)), now, now)
            with self._new:
                self.skipped += self._frame is not None and self._seen
                self._frame = frame
                self._new.notify()
            self._last_s = now
            self.trouble = ""
            self._first.set()
            any_came = True
        return any_came

"""Where pictures come from: a camera, a video file or a network stream, by its name.

`open_source` gives a source to read from: a `FileSource` here, or a `LiveSource` from `live`.
"""

import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import numpy as np

from .cameras import CameraError, missing_camera
from .look import AS_IT_IS, Look
from .pixels import rgb_of, turn_of

OPEN_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 5.0
STILLS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
_SCHEMES = ("rtsp", "rtsps", "rtmp", "http", "https", "udp", "tcp", "srt")


@dataclass(frozen=True)
class Frame:
    """image: (H, W, 3) RGB uint8. timestamp: seconds, capture time by perf_counter, media time for files.

    grabbed: perf_counter when the frame was had from the camera, or released at its turn from a file.
    """

    image: np.ndarray
    timestamp: float
    grabbed: float


class Source(Protocol):
    """live: newest frame wins. fps: of a file, or as the camera claims; None where unknown.

    note: what is other than was asked for, a sentence, else "".
    skipped: frames that came and were not read. trouble: why no frames come at the moment, else "".
    ended: no more will come. read(timeout_s): the next frame, or None where none is due in that time.
    """

    live: bool
    fps: float | None
    note: str
    skipped: int
    trouble: str
    ended: bool

    def read(self, timeout_s: float) -> Frame | None: ...

    def close(self) -> None: ...


def shown(source: str) -> str:
    """The source as it may be shown and logged: a URL without user, password and query."""
    if "://" not in source:
        return source
    try:
        parts = urlsplit(source)
    except ValueError:
        return source.partition("://")[0] + "://…"
    host = parts.netloc.rpartition("@")[2]
    hidden = "…@" if "@" in parts.netloc else ""
    return f"{parts.scheme}://{hidden}{host}{parts.path}" + ("?…" if parts.query or parts.fragment else "")


def check_source(source: str) -> int | str:
    """The camera's index, the file's path or the stream's URL.

    Raises CameraError for what can be known wrong without opening it.
    """
    source = source.strip()
    if not source:
        raise CameraError("No source is chosen: give a camera's index, a video file or a stream's URL.")
    number = source.removeprefix("/dev/video") if sys.platform.startswith("linux") else source
    if number.isascii() and number.isdigit():
        error = missing_camera(int(number))
        if error is not None:
            raise error
        return int(number)
    scheme, found, _ = source.partition("://")
    if found and scheme.lower() != "file":
        if scheme.lower() not in _SCHEMES:
            raise CameraError(f"Streams of the kind {scheme}:// are not read; known are {', '.join(_SCHEMES)}.")
        return source
    path = Path(source.removeprefix("file://"))
    with suppress(RuntimeError):  # a name that begins with ~ and is nobody's home
        path = path.expanduser()
    try:
        with open(path, "rb") as file:
            head = file.read(4096)
    except FileNotFoundError:
        raise CameraError(f"There is no file {path}.") from None
    except (OSError, ValueError) as error:
        raise CameraError(f"Cannot read {path}: {getattr(error, 'strerror', None) or error}.") from None
    if not head:
        raise CameraError(f"{path} is an empty file.")
    if b"\0" not in head:  # FFmpeg would play any text as a terminal's screen
        raise CameraError(f"{path} is no video.")
    return str(path)


def open_source(source: str, paced: bool = True, look: Look = AS_IT_IS) -> Source:
    """Opens a source by name: a camera's index, a path or a URL. Raises CameraError.

    paced: files play at their own rate; else as fast as they are read. look: how pictures are turned, and what a camera
    is asked for.
    """
    from .live import LiveSource

    checked = check_source(source)
    if isinstance(checked, int):
        return LiveSource(checked, look)
    if "://" not in checked:
        return FileSource(checked, paced, look)
    return LiveSource(checked, look)


def open_capture(name: str):
    """OpenCV's capture of a file or URL, with time limits; the caller asks `isOpened()`."""
    from .opencv import cv2

    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, int(OPEN_TIMEOUT_S * 1000)]
    limits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, int(READ_TIMEOUT_S * 1000)]
    # Named, because other readers of OpenCV do not take UTF-8 paths on Windows.
    return cv2.VideoCapture(name, cv2.CAP_FFMPEG, limits)


class FileSource:
    """A video file or a still: every frame in order, none before its time, later where the reader is slower.

    Frames' timestamps are the file's own, from 0. A frame that is asked for late moves all that follow, so
    that the rest plays at the file's rate and not faster to catch up. A thread decodes the next frame, and no
    further one, while the reader has the one before.
    """

    live = False
    note = ""
    skipped = 0
    trouble = ""

    def __init__(self, path: str, paced: bool = True, look: Look = AS_IT_IS):
        self._paced = paced
        self._frames = _Still(path, look) if path.lower().endswith(STILLS) else _Decoder(path, look)
        self.fps = self._frames.fps
        self.ended = False
        self._start_s: float | None = None
        self._decoding = ThreadPoolExecutor(1, "decoding")
        self._next: Future = self._decoding.submit(self._frames.next)
        self._pending: tuple[np.ndarray, float] | None = None
        try:
            self._pending = self._next.result()
            if self._pending is None:
                raise CameraError(f"{path} holds no pictures.")
        except BaseException:
            self.close()
            raise

    def read(self, timeout_s: float) -> Frame | None:
        if self._pending is None:
            try:
                self._pending = self._next.result(timeout_s)
            except TimeoutError:
                return None
            if self._pending is None:
                self.ended = True
                return None
        image, media_s = self._pending
        now = time.perf_counter()
        if self._start_s is None:
            self._start_s = now - media_s
        if self._paced:
            wait_s = self._start_s + media_s - now
            if wait_s > timeout_s:
                time.sleep(timeout_s)
                return None
            if wait_s > 0:
                time.sleep(wait_s)
            now = time.perf_counter()
            self._start_s = max(self._start_s, now - media_s)
        self._pending = None
        self._next = self._decoding.submit(self._frames.next)
        return Frame(image, media_s, now)

    def close(self) -> None:
        self._decoding.shutdown(cancel_futures=True)
        self._frames.close()


class _Decoder:
    """The pictures of a video file, one after the other."""

    def __init__(self, path: str, look: Look):
        from .opencv import cv2

        self._cv2, self._look = cv2, look
        self._capture = open_capture(path)
        if not self._capture.isOpened():
            raise CameraError(f"{path} is no video that can be read here.")
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 0 < fps < 1000 else None
        self._turn_deg = (turn_of(self._capture) + look.turn_deg) % 360
        self._media_s = -1.0

    def next(self) -> tuple[np.ndarray, float] | None:
        """The next picture, (H, W, 3) RGB uint8, and its media time in seconds, or None at the end."""
        if not self._capture.grab():
            return None
        media_s = self._capture.get(self._cv2.CAP_PROP_POS_MSEC) / 1000
        decoded, image = self._capture.retrieve()
        if not decoded:
            return None
        if not media_s > self._media_s:  # a container without times
            media_s = self._media_s + 1 / (self.fps or 30.0) if self._media_s >= 0 else 0.0
        self._media_s = media_s
        return self._look.picture(rgb_of(image, self._turn_deg)), media_s

    def close(self) -> None:
        self._capture.release()


class _Still:
    """A picture as a video of one frame. FFmpeg would not turn it as its EXIF says."""

    fps = None

    def __init__(self, path: str, look: Look):
        from .opencv import cv2

        self._look = look
        # Its depth is kept, so that floats are refused. imread takes no Unicode on Windows.
        self._image = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
        if self._image is None:
            raise CameraError(f"{path} is no picture that can be read here.")

    def next(self) -> tuple[np.ndarray, float] | None:
        image, self._image = self._image, None
        return None if image is None else (self._look.picture(rgb_of(image, self._look.turn_deg)), 0.0)

    def close(self) -> None:
        pass

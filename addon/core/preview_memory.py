"""The camera's picture from a worker to a Blender on the same machine, through memory that both have mapped.

It goes no other way: not over the network, not onto a disk where the system has memory files. Blender makes the memory
under a name that nobody can guess and tells the worker; the worker opens it and takes the name away at once, so that
nothing is left when either of them ends, however that happens. `multiprocessing.shared_memory` is not used, because
up to Python 3.12 whoever opens a segment also has it watched and deleted by a process of Python's, beside Blender.

| bytes | |
|---|---|
| 0 | magic |
| 8, 16 | number of the picture that was begun, and of the last that was finished |
| 24, 28 | width and height, pixels |
| 32 | timestamp, as in the poses of the same frame |
| 40 | CRC-32 of the picture and then of the number, size and timestamp |
| 64 | RGB, rows from the top |
"""

import mmap
import os
import re
import secrets
import stat
import struct
import sys
import tempfile
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MAX_WIDTH, MAX_HEIGHT = 640, 360
_MAGIC = b"MOCAPPV1"
_HEADER = struct.Struct("=8sQQIIdI")  # native numbers: both ends are one machine
_PIXELS = 64
_SIZE = _PIXELS + 3 * MAX_WIDTH * MAX_HEIGHT
_PREFIX = "mocap-preview-"
_NAME = re.compile("[0-9a-f]{32}")
_FORGOTTEN_S = 60.0


class PreviewError(Exception):
    """Memory that cannot be made or opened; the text says why."""


@dataclass(frozen=True, eq=False)
class Picture:
    """image: (H, W, 3) RGB uint8, at most 360 × 640. timestamp: of its frame, seconds."""

    image: np.ndarray
    timestamp: float


class PreviewReader:
    """Makes the memory and reads pictures from it. Raises PreviewError."""

    def __init__(self):
        self.name = secrets.token_hex(16)
        self._seen = 0
        try:
            _sweep()
            self._memory = _made(self.name)
        except OSError as error:
            raise PreviewError(f"there is no memory for pictures: {error.strerror or error}") from None

    def read(self) -> Picture | None:
        """The newest picture, once; None where there is no newer one or it is being written just now."""
        magic, _, finished, width, height, timestamp, crc = _HEADER.unpack_from(self._memory)
        if magic != _MAGIC or finished == self._seen or not (0 < width <= MAX_WIDTH and 0 < height <= MAX_HEIGHT):
            return None
        pixels = self._memory[_PIXELS : _PIXELS + 3 * width * height]
        begun = _HEADER.unpack_from(self._memory)[1]
        # The CRC makes it sure on processors that let one store overtake another.
        if begun != finished or checksum(pixels, finished, width, height, timestamp) != crc:
            return None
        self._seen = finished
        return Picture(np.frombuffer(pixels, np.uint8).reshape(height, width, 3), timestamp)

    def close(self) -> None:
        """Frees the memory. Closing twice is fine."""
        self._memory.close()
        _unname(self.name)


class PreviewWriter:
    """Opens memory that a reader has made, which then has no name any more. Raises PreviewError."""

    def __init__(self, name: str):
        if not _NAME.fullmatch(name):
            raise PreviewError(f"{name!r:.40} is no name of such memory")
        try:
            _sweep()
            self._memory = _opened(name)
        except OSError as error:
            raise PreviewError(f"there is no memory {name}: {error.strerror or error}") from None
        _unname(name)
        self._number = 0

    def write(self, image: np.ndarray, timestamp: float) -> None:
        """Replaces the picture. image: (H, W, 3) RGB uint8, at most 360 × 640."""
        height, width = image.shape[:2]
        if image.shape != (height, width, 3) or image.dtype != np.uint8 or width > MAX_WIDTH or height > MAX_HEIGHT:
            raise ValueError(f"a picture of {image.shape} {image.dtype} was given")
        pixels = image.tobytes()
        number, finished = self._number + 1, self._number
        about = width, height, timestamp, checksum(pixels, number, width, height, timestamp)
        # Packed first: packing into the memory would show zeros for a moment.
        self._memory[: _HEADER.size] = _HEADER.pack(_MAGIC, number, finished, *about)
        self._memory[_PIXELS : _PIXELS + len(pixels)] = pixels
        self._memory[: _HEADER.size] = _HEADER.pack(_MAGIC, number, number, *about)
        self._number = number

    def close(self) -> None:
        """Lets go of it. Closing twice is fine."""
        self._memory.close()


def checksum(pixels: bytes, number: int, width: int, height: int, timestamp: float) -> int:
    """CRC-32 of a picture with what is said of it, so that one is not shown with another's."""
    return zlib.crc32(_HEADER.pack(_MAGIC, number, number, width, height, timestamp, 0), zlib.crc32(pixels))


def fitted(width: int, height: int, box: tuple[int, int]) -> tuple[int, int]:
    """The size in pixels of a picture made smaller, never larger, to fit a box and the memory."""
    scale = min(1.0, *(limit / size for size, limit in ((width, box[0]), (height, box[1]))))
    scale = min(scale, MAX_WIDTH / width, MAX_HEIGHT / height)
    return max(1, int(width * scale + 1e-6)), max(1, int(height * scale + 1e-6))


def _folder() -> Path:
    """Linux keeps /dev/shm in memory; macOS has a folder of the user's own for temporary files.

    MOCAP_PREVIEW_FOLDER names another, for a Blender in a sandbox that sees neither.
    """
    if chosen := os.environ.get("MOCAP_PREVIEW_FOLDER"):
        return Path(chosen)
    shared = Path("/dev/shm")
    return shared if sys.platform.startswith("linux") and shared.is_dir() else Path(tempfile.gettempdir())


def _path(name: str) -> Path:
    return _folder() / f"{_PREFIX}{name}"


def _tag(name: str) -> str:
    """Windows has memory with a name and no file, which goes with the last process that has it."""
    return f"Local\\{_PREFIX}{name}"


def _made(name: str) -> mmap.mmap:
    if sys.platform == "win32":
        memory = mmap.mmap(-1, _SIZE, tagname=_tag(name))
        memory[: len(_MAGIC)] = _MAGIC
        return memory
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    handle = os.open(_path(name), flags, 0o600)
    try:
        # Written and not just made long: where memory is full, this fails, and touching it later would kill us.
        rest = memoryview(_MAGIC + bytes(_SIZE - len(_MAGIC)))
        while rest:
            rest = rest[os.write(handle, rest) :]
        return mmap.mmap(handle, _SIZE)
    except OSError:
        _unname(name)
        raise
    finally:
        os.close(handle)


def _opened(name: str) -> mmap.mmap:
    """What was made under the name, by this user and for this user alone."""
    if sys.platform == "win32":
        memory = mmap.mmap(-1, _SIZE, tagname=_tag(name))
    else:
        handle = os.open(_path(name), os.O_RDWR | os.O_NOFOLLOW)
        try:
            found = os.fstat(handle)
            ours = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
            if not ours or found.st_size != _SIZE:
                raise PreviewError(f"{_path(name)} is not of this user, or is no such memory")
            memory = mmap.mmap(handle, _SIZE)
        finally:
            os.close(handle)
    if memory[: len(_MAGIC)] != _MAGIC:
        memory.close()
        raise PreviewError(f"there is no memory {name}")
    return memory


def _unname(name: str) -> None:
    if sys.platform != "win32":
        _path(name).unlink(missing_ok=True)


def _sweep() -> None:
    """Deletes what was made and never opened, by a Blender that has crashed."""
    if sys.platform == "win32":
        return
    for path in _folder().glob(f"{_PREFIX}*"):
        try:
            found = path.lstat()
            if found.st_uid == os.geteuid() and time.time() - found.st_mtime > _FORGOTTEN_S:
                path.unlink()
        except OSError:
            pass  # another was quicker, or it is not ours

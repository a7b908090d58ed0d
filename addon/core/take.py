"""Takes on disk: journals of pose packets, one JSON object a line, a header first.

Each line reaches the operating system as it is written and the disk within about a second, so that a crash
costs a torn last line at most, which reading leaves out.
"""

import datetime
import errno
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from .protocol import MAX_LINE, PacketError, PosePacket, decode, encode_pose
from .take_clock import runs

FORMAT = "vitpose-live-mocap take"
VERSION = 1
SUFFIX = ".mocap"
FILM_SUFFIX = ".mkv"  # behind the take's name
REFINED = " refined"  # behind the name of a take that is made of another one's video
_SYNC_S = 1.0
_LONGEST_HEADER = 64 * 1024


class TakeError(Exception):
    """A take that cannot be written or read; the text is a sentence for the user."""


@dataclass(frozen=True)
class Take:
    """header: the first line's fields. packets: run by run of the senders' clocks, as `take_clock.runs` has them.

    damaged: lines that could not be read, a torn last one included.
    """

    path: Path
    header: dict
    packets: tuple[PosePacket, ...]
    damaged: int = 0


class TakeWriter:
    """Writes a new take; raises TakeError where the file exists or cannot be written.

    header: what to know about the take, as JSON values: fps, size [w, h], skeleton, source, app …; format,
    version and created are added. When a write fails (a full disk), TakeError is raised once, what was
    written before is kept and the writer is closed.
    """

    def __init__(self, path: str | os.PathLike, header: Mapping):
        self.path = Path(path)
        self.packets = 0
        self.created = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
        first = {"format": FORMAT, "version": VERSION, "created": self.created, **header}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # "x": a take is never written over another. Unbuffered: write hands a line to the system.
            self._file = open(self.path, "xb", buffering=0)
        except OSError as error:
            if isinstance(error, FileExistsError) and self.path.exists():
                raise TakeError(f"{self.path} exists already; a take is never overwritten.") from None
            raise TakeError(f"Cannot write the take {self.path}: {reason(error)}.") from None
        self._end = 0
        self._unsynced = False
        self._sync_error: OSError | None = None
        self._closing = threading.Event()
        self._write_line(json.dumps(first).encode("ascii"))
        # fsync can take long on a busy disk, so it never runs where packets are handled.
        self._syncer = threading.Thread(target=self._sync_now_and_then, name="take sync", daemon=True)
        self._syncer.start()

    @property
    def closed(self) -> bool:
        return self._file.closed

    def write(self, packet: PosePacket) -> None:
        if self.closed:
            raise TakeError(f"The take {self.path} is closed.")
        if self._sync_error is not None:
            self._fail(self._sync_error)
        self._write_line(encode_pose(packet, MAX_LINE))
        self.packets += 1

    def close(self) -> None:
        """Brings everything to the disk. Closing twice is fine."""
        if self.closed:
            return
        self._stop_syncing()
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise TakeError(f"The take {self.path} may be incomplete: {reason(error)}.") from None
        finally:
            self._file.close()

    def __enter__(self) -> "TakeWriter":
        return self

    def __exit__(self, *exception) -> None:
        self.close()

    def _write_line(self, line: bytes) -> None:
        rest = memoryview(line + b"\n")
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._fail(error)
        self._end += len(line) + 1
        self._unsynced = True

    def _fail(self, error: OSError) -> None:
        self._stop_syncing()
        try:
            self._file.truncate(self._end)  # half a line is of no use
        except OSError:
            pass  # reading leaves a torn last line out
        try:
            self._file.close()
        except OSError:
            pass
        raise TakeError(
            f"Recording stopped: cannot write to {self.path}: {reason(error)}. "
            f"The {self.packets} packets before are kept."
        ) from None

    def _sync_now_and_then(self) -> None:
        while not self._closing.wait(_SYNC_S):
            if self._unsynced:
                self._unsynced = False
                try:
                    os.fsync(self._file.fileno())
                except OSError as error:
                    self._sync_error = error
                    return

    def _stop_syncing(self) -> None:
        self._closing.set()
        syncer = getattr(self, "_syncer", None)
        if syncer is not None:
            syncer.join()


def read_take(path: str | os.PathLike) -> Take:
    """Reads a take, or a plain file of packets with no header (the header is then empty).

    Raises TakeError where the file cannot be read or holds no packet lines.
    """
    path = Path(path)
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise TakeError(f"Cannot read the take {path}: {reason(error)}.") from None
    header = _header(path, lines[0])
    packets, damaged = [], 0
    for line in lines if header is None else lines[1:]:
        if not line.strip():
            continue
        try:
            message = decode(line, MAX_LINE)
        except PacketError:
            damaged += 1
            continue
        if isinstance(message, PosePacket):
            packets.append(message)
        else:
            damaged += 1
    if header is None and not packets:
        raise TakeError(f"{path} is no take: its first line is neither a take's header nor a pose packet.")
    return Take(path, header or {}, tuple(chain.from_iterable(runs(packets))), damaged)


def read_header(path: str | os.PathLike) -> dict:
    """A take's first line alone; empty where it is no header. Raises TakeError as `read_take` does."""
    path = Path(path)
    try:
        with open(path, "rb") as file:
            line = file.readline(_LONGEST_HEADER)
    except OSError as error:
        raise TakeError(f"Cannot read the take {path}: {reason(error)}.") from None
    header = _header(path, line)
    if header is None and not _is_pose(line.rstrip(b"\n")):
        raise TakeError(f"{path} is no take: its first line is neither a take's header nor a pose packet.")
    return header or {}


def _is_pose(line: bytes) -> bool:
    try:
        return isinstance(decode(line, MAX_LINE), PosePacket)
    except PacketError:
        return False


def _header(path: Path, line: bytes) -> dict | None:
    """The first line's fields, or None where it is no header."""
    try:
        header = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        return None
    version = header.get("version")
    if type(version) is not int or version > VERSION:
        raise TakeError(
            f"{path} is a take of version {version!r:.20}, newer than this extension. Update the extension."
        )
    return header


def reason(error: OSError) -> str:
    """Why the disk refused, in words."""
    if error.errno == errno.ENOSPC:
        return "the disk is full"
    if error.errno == errno.EFBIG:
        return "the file is larger than allowed here"
    return error.strerror or str(error)

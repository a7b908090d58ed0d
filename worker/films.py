"""Who films, for which take, and for how long they asked."""

import sys
import threading
from pathlib import Path

from mocap_core.endpoint import is_loopback
from mocap_core.protocol import Film
from mocap_core.take import FILM_SUFFIX, SUFFIX, TakeError, read_header

from .source import Frame

LEASE_S = 3.0

Address = tuple[str, int]


class Films:
    """Asked in the thread that serves the wire, shown to in the one that sends."""

    def __init__(self):
        self._asked: dict[Address, tuple[str, float]] = {}
        self._writers: dict[Address, object] = {}
        self._ending: list[object] = []  # writers with frames that wait
        self._lock = threading.Lock()

    def ask(self, address: Address, message: Film, now: float) -> str:
        """Films for this address from now on; the path that is filmed. For nobody on another machine, and beside a take
        alone."""
        if not is_loopback(address[0]):
            return ""
        with self._lock:
            path = self._asked.get(address, ("", 0.0))[0]
            if path != message.path:
                self._forget(address)
                if message.path and wanted(Path(message.path)):
                    self._begin(address, Path(message.path))
            self._asked[address] = message.path, now
            writer = self._writers.get(address)
            return message.path if writer is not None and writer.running else ""

    def excuse(self, held_up_s: float) -> None:
        """Counts no time in which nobody could be heard."""
        with self._lock:
            self._asked = {address: (path, now + held_up_s) for address, (path, now) in self._asked.items()}

    def keep(self, addresses, now: float) -> None:
        """Ends what nobody asks for any more."""
        with self._lock:
            for address in list(self._writers):
                if address not in addresses or now - self._asked[address][1] > LEASE_S:
                    self._forget(address)

    def show(self, frame: Frame) -> None:
        """Hands on a frame. Costs nothing where nobody films."""
        if self._writers:
            with self._lock:
                for writer in self._writers.values():
                    writer.add(frame)

    def close(self) -> None:
        """Ends all films, and waits for them."""
        with self._lock:
            for address in list(self._writers):
                self._forget(address)
        for writer in self._ending:
            writer.close()

    def _begin(self, address: Address, path: Path) -> None:
        try:
            from .film import FilmWriter
        except ImportError as error:
            print(f"No video is kept: {error}.", file=sys.stderr)
            return
        self._writers[address] = FilmWriter(path, take_of(path))

    def _forget(self, address: Address) -> None:
        writer = self._writers.pop(address, None)
        if writer is not None:
            writer.end()
            self._ending = [one for one in self._ending if one.running] + [writer]
        self._asked.pop(address, None)


def take_of(film: Path) -> Path:
    return film.with_name(film.name.removesuffix(FILM_SUFFIX))


def wanted(path: Path) -> bool:
    """Whether a film may be written there: beside a take that is there, and over nothing."""
    if not (path.is_absolute() and path.name.endswith(SUFFIX + FILM_SUFFIX)):
        return False
    try:
        return not path.exists() and bool(read_header(take_of(path)))
    except (TakeError, OSError, ValueError):  # also a name that no file can have
        return False

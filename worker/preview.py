"""The camera's picture for whoever watches on this machine: made small, into memory that they have made."""

import threading

from mocap_core.endpoint import is_loopback
from mocap_core.preview_memory import PreviewError, PreviewWriter, fitted
from mocap_core.protocol import Preview

from .source import Frame

LEASE_S = 10.0  # a Blender that saves or renders asks for nothing meanwhile

Address = tuple[str, int]


class _Watcher:
    def __init__(self, name: str):
        self.name = name
        self.writer: PreviewWriter | None = None
        try:
            self.writer = PreviewWriter(name)
        except PreviewError:
            pass  # remembered, so that it is not tried each second; who asked sees that nothing comes

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()


class Previews:
    """Who watches. Asked in the thread that serves the wire, shown to in the one that sends."""

    def __init__(self):
        self._watchers: dict[Address, _Watcher] = {}
        self._asked: dict[Address, tuple[Preview, float]] = {}
        self._lock = threading.Lock()

    def ask(self, address: Address, message: Preview, now: float) -> None:
        """Shows to this address from now on. Nobody on another machine is shown anything."""
        if not is_loopback(address[0]):
            return
        with self._lock:
            known = self._watchers.get(address)
            if known is not None and known.name != message.name:
                self._forget(address)
            if message.name:
                self._asked[address] = message, now
                if address not in self._watchers:
                    self._watchers[address] = _Watcher(message.name)

    def keep(self, addresses, now: float) -> None:
        """Forgets who has no lease any more, of these or for pictures."""
        with self._lock:
            for address in list(self._watchers):
                if address not in addresses or now - self._asked[address][1] > LEASE_S:
                    self._forget(address)

    def show(self, frame: Frame) -> None:
        """Gives everybody the frame. Costs nothing where nobody watches."""
        if not self._watchers:
            return
        from .opencv import cv2

        with self._lock:
            for address, watcher in self._watchers.items():
                if watcher.writer is None:
                    continue
                asked = self._asked[address][0]
                height, width = frame.image.shape[:2]
                size = fitted(width, height, (max(1, asked.width), max(1, asked.height)))
                small = frame.image
                if size != (width, height):
                    small = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
                watcher.writer.write(small, round(frame.timestamp, 6))  # as it is on the wire

    def close(self) -> None:
        self.keep((), 0.0)

    def _forget(self, address: Address) -> None:
        self._watchers.pop(address).close()
        del self._asked[address]

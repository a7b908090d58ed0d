"""Who watches the pictures of a capture on this machine, and the memory that they have made for them."""

import threading
from collections.abc import Callable

import numpy as np

from .endpoint import is_loopback
from .preview_memory import PreviewError, PreviewWriter, fitted
from .protocol import Preview

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

    def show(
        self, frame: tuple[int, int], timestamp: float, picture: Callable[[tuple[int, int]], np.ndarray]
    ) -> None:
        """Gives everybody a frame. Costs nothing where nobody watches.

        frame: its width and height. picture: makes it in another size, (H, W, 3) RGB uint8.
        """
        if not self._watchers:
            return
        with self._lock:
            for address, watcher in self._watchers.items():
                if watcher.writer is None:
                    continue
                asked = self._asked[address][0]
                size = fitted(*frame, (max(1, asked.width), max(1, asked.height)))
                watcher.writer.write(picture(size), round(timestamp, 6))  # as it is on the wire

    def close(self) -> None:
        self.keep((), 0.0)

    def _forget(self, address: Address) -> None:
        self._watchers.pop(address).close()
        del self._asked[address]

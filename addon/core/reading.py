"""A take that a thread reads, so that nobody waits for a long one."""

import threading
from pathlib import Path

from .take import Take, TakeError, read_take


class Reading:
    """path: the take's. `take` gives it once it is `done`."""

    def __init__(self, path: Path):
        self.path = path
        self._take: Take | None = None
        self._people: list[int] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._read, name="reading a take", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def take(self) -> tuple[Take, list[int]]:
        """The take, and the numbers of those who are seen in it; waits for it. Raises TakeError."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._take, self._people

    def _read(self) -> None:
        try:
            self._take = read_take(self.path)
            self._people = sorted({packet.person for packet in self._take.packets if not packet.empty})
        except TakeError as error:
            self._error = error

"""The journal of a take that is being recorded, with the notes beside it: begun, ended, what it holds."""

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from .protocol import PosePacket
from .take import TakeError, TakeWriter
from .take_notes import Notes, companions, read_notes, write_notes
from .take_summary import TakeCount


class Journal:
    """Writes a take, and notes that it is being recorded, so that one that nobody has ended is found again.

    Raises TakeError as TakeWriter does. frame: where on the timeline it begins, for one that is cut off. problem: what
    went wrong while it was ended, a sentence for the user.
    """

    def __init__(self, path: Path, header: Mapping, frame: float | None = None):
        self._writer = TakeWriter(path, header)
        self._count = TakeCount()
        self._ending: threading.Thread | None = None
        self.problem = ""
        try:
            write_notes(path, Notes(recording=True, frame=frame))
        except TakeError as error:
            self._writer.close()
            raise error from None

    @property
    def path(self) -> Path:
        return self._writer.path

    @property
    def packets(self) -> int:
        return self._writer.packets

    @property
    def people(self) -> tuple[int, ...]:
        """The numbers of those who were seen."""
        return self._count.people

    def write(self, packet: PosePacket) -> None:
        self._writer.write(packet)
        self._count.add(packet)

    def end(self, **noted) -> None:
        """Bring all to the disk, and note the take's figures and `noted`. A thread does it: disks may be slow."""
        if self._ending is None:
            self._ending = threading.Thread(target=self._end, args=(noted,), name="end of take")
            self._ending.start()

    def wait(self) -> None:
        """Until all is on the disk."""
        if self._ending is not None:
            self._ending.join()

    def discard(self) -> None:
        """Delete it and what belongs to it, as nothing came."""
        self.wait()
        # The take first: a worker that has not yet ended its video then sees that it is gone, and deletes the video.
        self.path.unlink(missing_ok=True)
        for path in companions(self.path):
            with suppress(OSError):  # Windows, as long as the worker writes it
                path.unlink(missing_ok=True)

    def _end(self, noted: dict) -> None:
        try:
            self._writer.close()
        except TakeError as error:
            self.problem = str(error)
        try:
            size = self.path.stat().st_size
            notes = replace(
                read_notes(self.path), recording=False, size=size, summary=self._count.summary(self._writer.created)
            )
            write_notes(self.path, replace(notes, **noted))
        except OSError:
            pass  # it was taken away
        except TakeError as error:
            self.problem = self.problem or str(error)

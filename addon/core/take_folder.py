"""The takes of a folder, read by a thread: nobody who draws a list waits for a disk."""

import os
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

from .take import FILM_SUFFIX, SUFFIX, TakeError
from .take_notes import Notes, read_notes, write_notes
from .take_summary import TakeSummary, summarize

SILENT_S = 10.0  # a journal that is being written grows more often than this
_AGAIN_S = 3.0


@dataclass(frozen=True)
class Entry:
    """A take in the list. state: "" when all is well, "recording", "unfinished" after a crash, "reading" until its
    figures are known, "unreadable" with a sentence in `problem`. filmed: its video is there."""

    path: Path
    notes: Notes
    state: str = ""
    problem: str = ""
    filmed: bool = False

    @property
    def summary(self) -> TakeSummary:
        return self.notes.summary or TakeSummary()


class TakeFolder:
    """entries: the takes, newest first; another tuple each time that something has changed."""

    def __init__(self):
        self.entries: tuple[Entry, ...] = ()
        self._seen: object = None
        self._seen_s = 0.0
        self._known: dict[tuple, Entry] = {}  # by path, size and time, of what cannot be noted
        self._thread: threading.Thread | None = None
        self._closing = False

    @property
    def reading(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def look(self, folder: Path, now: float | None = None, recorded: Path | None = None) -> None:
        """Read the folder, if there is reason to: a few microseconds where there is none.

        recorded: the take that is being recorded here, however long nothing has come.
        """
        if self.reading:
            return
        now = time.monotonic() if now is None else now
        try:
            seen = folder, folder.stat().st_mtime_ns
        except OSError:
            seen = folder, None
        growing = any(entry.state == "recording" for entry in self.entries)
        if seen == self._seen and not (growing and now - self._seen_s > _AGAIN_S):
            return
        self._seen, self._seen_s, self._closing = seen, now, False
        self._thread = threading.Thread(target=self._read, args=(folder, recorded), name="takes", daemon=True)
        self._thread.start()

    def forget(self) -> None:
        """Let the next look read the folder again."""
        self._seen = None

    def wait(self) -> None:
        """Until all is read."""
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        self._closing = True
        self.wait()

    def _read(self, folder: Path, recorded: Path | None) -> None:
        found: list[tuple[float, Entry, tuple]] = []
        try:
            with os.scandir(folder) as files:
                for file in files:
                    if file.name.endswith(SUFFIX) and file.is_file():
                        try:
                            state = os.stat(file.path)  # what the folder says is old on Windows for an open file
                        except FileNotFoundError:
                            continue  # it was deleted just now
                        path, key = Path(file.path), (file.path, state.st_size, state.st_mtime_ns)
                        found.append((state.st_mtime, self._entry(path, state, path == recorded), key))
        except OSError:
            pass  # no folder, no takes
        found.sort(key=lambda item: item[0], reverse=True)
        entries = [self._known.get(key, entry) if entry.state == "reading" else entry for _, entry, key in found]
        self.entries = tuple(entries)
        for number, (_, _, key) in enumerate(found):
            if entries[number].state == "reading":
                entry = self._summed(entries[number], key)
                if entry is None:
                    return
                entries[number] = self._known[key] = entry
                self.entries = tuple(entries)

    def _entry(self, path: Path, state: os.stat_result, recorded: bool) -> Entry:
        notes, filmed = read_notes(path), path.with_name(path.name + FILM_SUFFIX).exists()
        if notes.recording or recorded:
            return Entry(path, notes, "recording" if recorded or _grows(state) else "unfinished", "", filmed)
        return Entry(
            path, notes, "" if notes.summary is not None and notes.size == state.st_size else "reading", "", filmed
        )

    def _summed(self, entry: Entry, key: tuple) -> Entry | None:
        try:
            summary = summarize(entry.path, lambda: not self._closing)
        except (TakeError, OSError) as error:
            return replace(entry, state="unreadable", problem=str(error))
        if summary is None:
            return None
        # What was noted meanwhile stays.
        notes = replace(read_notes(entry.path), summary=summary, size=key[1])
        try:
            write_notes(entry.path, notes)
        except TakeError:
            pass  # it is only looked for again with the next start
        return replace(entry, notes=notes, state="")


def grows(take: Path) -> bool:
    """Whether somebody, in whatever Blender, is recording a take just now."""
    try:
        return read_notes(take).recording and _grows(os.stat(take))
    except OSError:
        return False


def _grows(state: os.stat_result) -> bool:
    return time.time() - state.st_mtime < SILENT_S

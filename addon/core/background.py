"""A job that runs on beside Blender, and tells how far it is by a file that any Blender can read.

The job holds a `Reporter`; Blender reads with `read` and asks for an end with `ask_to_stop`. No process is looked up
by its number: a job that has not said anything for a while is taken to be gone.
"""

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

BEAT_S = 0.5
SILENT_S = 10.0  # of a job that is taken to be gone
START_S = 60.0  # and of one that has not said its first word
STATES = ("running", "done", "failed", "cancelled")


@dataclass(frozen=True)
class Report:
    """state: `none`, `running`, `done`, `failed`, `cancelled`, or `interrupted`: ended without a word.

    title: what is being done. done, total: bytes, or None. error: a sentence. beat_s: when it was written, in seconds
    since 1970; begun: whether by the job itself.
    """

    state: str = "none"
    title: str = ""
    done: float | None = None
    total: float | None = None
    error: str = ""
    beat_s: float = 0.0
    begun: bool = True

    @property
    def progress(self) -> float | None:
        """0…1, or None where there is nothing to count."""
        return min(self.done / self.total, 1.0) if self.total and self.done is not None else None


def read(path: Path, now_s: float | None = None) -> Report:
    """What a job last said of itself. now_s: time.time(), by default."""
    try:
        said = json.loads(path.read_text("utf-8"))
        report = Report(**said)
        silent_s = (time.time() if now_s is None else now_s) - report.beat_s
    except (OSError, ValueError, TypeError, RecursionError):
        return Report()
    if report.state not in STATES:
        return Report()
    gone = silent_s > (SILENT_S if report.begun else START_S)
    return replace(report, state="interrupted") if report.state == "running" and gone else report


def ask_to_stop(path: Path) -> None:
    """Have the job end within a second. Raises OSError."""
    _stop_file(path).touch()


def forget(path: Path) -> None:
    """Take away what a job said. Raises OSError."""
    path.unlink(missing_ok=True)
    _stop_file(path).unlink(missing_ok=True)


def begin(path: Path, title: str) -> None:
    """Say, before a job is started, that it runs, so that no second one is. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _stop_file(path).unlink(missing_ok=True)
    _write(path, Report("running", title, beat_s=time.time(), begun=False))


def format_bytes(count: float) -> str:
    """Megabytes below a gigabyte, as downloads are told."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


class Reporter:
    """Writes a job's report twice a second from a thread of its own until the job says how it ended.

    measure: called there for the bytes that are done. asked_to_stop: called there, once, when somebody wants an end.
    """

    def __init__(self, path: Path, title: str, asked_to_stop: Callable[[], None] = lambda: None):
        self.path = path
        self.stopping = False
        self._asked_to_stop = asked_to_stop
        self._report = Report("running", title)
        self._measure: Callable[[], float | None] = lambda: None
        self._lock = threading.Lock()
        self._over = threading.Event()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._tell()
        self._thread = threading.Thread(target=self._beat, name="report", daemon=True)
        self._thread.start()

    def say(
        self, title: str, total: float | None = None, measure: Callable[[], float | None] = lambda: None
    ) -> None:
        """What is done from now on. total: bytes; measure: how many of them there are."""
        with self._lock:
            self._measure = measure
            self._report = Report("running", title, None if total is None else 0.0, total)
        self._tell()
        self._heed()

    def end(self, state: str, error: str = "") -> None:
        """The last word: done, failed or cancelled."""
        self._over.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()
        with self._lock:
            self._report = Report(state, error=error)
        self._tell()

    def _beat(self) -> None:
        while not self._over.wait(BEAT_S):
            self._tell()
            self._heed()

    def _heed(self) -> None:
        if not self.stopping and _stop_file(self.path).exists():
            self.stopping = True
            self._asked_to_stop()

    def _tell(self) -> None:
        with self._lock:
            done = self._measure()
            if done is not None and self._report.state == "running":
                self._report = replace(self._report, done=max(done, self._report.done or 0.0))
            try:
                _write(self.path, replace(self._report, beat_s=time.time()))
            except OSError:
                pass  # a full disk: the job itself says so better


def _stop_file(path: Path) -> Path:
    return path.with_suffix(".stop")


def _write(path: Path, report: Report) -> None:
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(asdict(report)), "utf-8")
    for attempt in range(5):
        try:
            os.replace(temporary, path)
            return
        except PermissionError:  # Windows, while somebody reads it
            if attempt == 4:
                raise
            time.sleep(0.02)

"""A take's video refined by a process beside Blender, `mocap refine`; it goes on where it was when begun again."""

import json
import subprocess
from pathlib import Path

import bpy

from . import machine, window, worker_process
from .core import places
from .core.systems import quietly, variables_for_children
from .core.take import REFINED, SUFFIX
from .worker_process import WorkerError

_BEAT_S = 0.4
_TOLD = "refine.jsonl"


def refined_of(take: Path) -> Path:
    """The take that refining a take makes, beside it."""
    return take.with_name(f"{take.stem}{REFINED}{SUFFIX}")


class Refining:
    """progress: 0 to 1, of what is being done, `what`. problem: what went wrong, a sentence for the user. made: the
    new take of the last run."""

    def __init__(self):
        self.what = self.problem = ""
        self.progress = 0.0
        self.made: Path | None = None
        self._process: subprocess.Popen | None = None
        self._read = 0
        self._cancelled = False

    @property
    def running(self) -> bool:
        return self._process is not None

    def begin(self, take: Path) -> None:
        """Refine a take's video into a new take beside it. Raises WorkerError."""
        program, told = worker_process.find(), places.worker_folder() / _TOLD
        device = machine.get("device")
        wanted = [program, "refine", str(take), "-o", str(take.parent), "--json"]
        wanted += [] if device == "auto" else ["--device", device]
        try:
            told.parent.mkdir(parents=True, exist_ok=True)
            with open(told, "wb") as out, open(told.with_suffix(".log"), "wb") as log:
                self._process = subprocess.Popen(
                    wanted,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=log,
                    env=variables_for_children() | {"PYTHONUNBUFFERED": "1"},
                    cwd=told.parent,
                    **quietly(),
                )
        except OSError as error:
            raise WorkerError(f"The worker {program} does not start: {error.strerror or error}.") from error
        self.what, self.problem, self.made = "Starting", "", None
        self.progress, self._read, self._cancelled = 0.0, 0, False
        if not bpy.app.background and not bpy.app.timers.is_registered(_beat):
            bpy.app.timers.register(_beat, first_interval=_BEAT_S, persistent=True)

    def cancel(self) -> None:
        """Stop; what was found is kept."""
        if self._process is not None:
            self._cancelled = True
            self._process.terminate()

    def poll(self) -> None:
        """Take in what it told."""
        process = self._process
        if process is None:
            return
        code = process.poll()  # first: what it says last is then there
        told = places.worker_folder() / _TOLD
        try:
            with open(told, "rb") as file:
                file.seek(self._read)
                new = file.read()
        except OSError:
            new = b""
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            self._hear(line)
        if code is None:
            return
        self._process = None
        if code and not self.problem and not self._cancelled:
            self.problem = f"Refining ended: {_last_line(told.with_suffix('.log')) or f'code {code}'}"

    def _hear(self, line: bytes) -> None:
        try:
            said = json.loads(line)
            if said["event"] == "progress":
                self.what, self.progress = str(said["what"]), said["done"] / said["of"] if said["of"] else 0.0
            elif said["event"] == "failed":
                self.problem = str(said["why"])
            elif said["event"] == "done":
                self.made = Path(said["take"])
        except (ValueError, KeyError, TypeError):
            pass  # no progress is no reason to stop


refining = Refining()


def _beat() -> float | None:
    refining.poll()
    window.redraw_panels()
    return _BEAT_S if refining.running else None


def _last_line(path: Path) -> str:
    try:
        lines = path.read_bytes()[-4096:].decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    said = [line.strip() for line in lines if line.strip()]
    return said[-1] if said else ""


def end() -> None:
    """Stop for good, as the add-on goes."""
    refining.cancel()
    if bpy.app.timers.is_registered(_beat):
        bpy.app.timers.unregister(_beat)

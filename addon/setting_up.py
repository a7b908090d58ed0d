"""The worker's set-up as Blender sees it: what there is, what runs, and the jobs started from here.

The job itself is `core.make_worker`, a process of its own; what it says is read from its file, so that every Blender,
and one that is opened later, shows the same.
"""

import json
import subprocess
import threading
import time
from pathlib import Path
from zipfile import BadZipFile

import bpy

from . import machine, window
from .core import background, make_worker, outdated, places, uv, worker_environment
from .core.endpoint import is_loopback
from .core.make_worker import SetupError, Wish
from .core.systems import quietly, variables_for_children
from .worker_process import WorkerError, find

BEAT_S = 0.5
_FRESH_S = 0.2
ROOT = Path(__file__).parent
_children: list[subprocess.Popen] = []
_doctor: subprocess.Popen | None = None
_read: tuple[float, background.Report] = (float("-inf"), background.Report())
_hashed: tuple[object, str] = (None, "")
_compared: tuple[object, outdated.Outdated | None] = (None, None)


def report() -> background.Report:
    """What the set-up says, at most a fifth of a second old."""
    global _read
    now = time.monotonic()
    if now - _read[0] > _FRESH_S:
        _read = now, background.read(make_worker.report_file())
    return _read[1]


def situation() -> str:
    """What is to be done about the worker.

    `elsewhere`: it is on another machine. `running`: it is being set up. `ready`. `older`: the add-on carries another
    one than the environment was made of. `missing`: there is none. `wrong`: the preferences name one that is not there.
    """
    if not is_local():
        return "elsewhere"
    if report().state == "running":
        return "running"
    try:
        program = find()
    except WorkerError:
        return "wrong" if places.read_settings().get("worker") else "missing"
    made = worker_environment.made()
    ours = made is not None and program == str(worker_environment.program())
    return "older" if ours and made.sha256 != wheel_sha256() else "ready"


def is_local() -> bool:
    """True where the worker's address is on this machine."""
    host = machine.get("worker_address").rpartition(":")[0]
    return host == "localhost" or is_loopback(host)


def wheel() -> Path | None:
    """The worker that the add-on carries."""
    return next(iter(sorted((ROOT / "package").glob("*.whl"))), None)


def wheel_sha256() -> str:
    global _hashed
    path = wheel()
    if path is None:
        return ""
    state = path, path.stat().st_mtime_ns
    if state != _hashed[0]:
        _hashed = state, worker_environment.sha256_of(path)
    return _hashed[1]


def to_update() -> outdated.Outdated | None:
    """What an update would fetch; None where that cannot be told."""
    global _compared
    made, path = worker_environment.made(), wheel()
    if (made, wheel_sha256()) != _compared[0]:
        try:
            found = None if made is None or path is None else outdated.outdated(made, path, _constraints())
        except (OSError, BadZipFile):
            found = None
        _compared = (made, wheel_sha256()), found
    return _compared[1]


def update() -> None:
    """Bring the worker to what the add-on carries, for the same build of PyTorch, in the background. Raises
    SetupError."""
    made = worker_environment.made()
    if made is None:
        raise SetupError("There is no worker to update: set it up.")
    start(made.backend)


def start(backend: str, repair: bool = False) -> None:
    """Set the worker up, update or repair it, in the background. Raises SetupError."""
    if report().state == "running":
        raise SetupError("The set-up runs already.")
    path = wheel()
    if path is None:
        raise SetupError("This add-on carries no worker: build its zip with `mocap addon build`, and install that.")
    _children.append(make_worker.start(Wish(str(path), str(_constraints()), backend, repair, True)))
    _forget_reading()
    watch()


def cancel() -> None:
    """End the set-up; what it has fetched stays. Raises SetupError."""
    try:
        background.ask_to_stop(make_worker.report_file())
    except OSError as error:
        raise SetupError(f"{places.worker_folder()} cannot be written: {error.strerror}.") from None


def forget() -> None:
    """Take away what an ended set-up said. Raises SetupError."""
    try:
        background.forget(make_worker.report_file())
    except OSError as error:
        raise SetupError(f"{make_worker.report_file()} cannot be deleted: {error.strerror}.") from None
    _forget_reading()


def check() -> None:
    """Have `mocap doctor` look, in the background. Raises SetupError."""
    global _doctor
    try:
        program = find()
        out = _doctor_file()
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("wb") as said:
            _doctor = subprocess.Popen(
                [program, "doctor", "--json"],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.DEVNULL,
                env=variables_for_children(),
                **quietly(),
            )
    except WorkerError as error:
        raise SetupError(str(error)) from None
    except OSError as error:
        raise SetupError(f"The worker does not start: {error.strerror or error}.") from None
    watch()


def checking() -> bool:
    return _doctor is not None and _doctor.poll() is None


def findings() -> list[dict] | None:
    """What the doctor found: state, subject, text and remedy each; None where it was not asked or said nothing."""
    if _doctor is None or checking():
        return None
    try:
        found = json.loads(_doctor_file().read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        broken = {"state": "missing", "subject": "worker", "text": "It does not run.", "remedy": "Repair it."}
        return [broken]
    return found if isinstance(found, list) else None


def remove() -> None:
    """Delete the environment, and uv with its cache where it was fetched for us. Raises SetupError.

    They are moved aside at once and deleted in a thread, as gigabytes take seconds.
    """
    global _doctor
    if report().state == "running":
        raise SetupError("Cancel the set-up first.")
    try:
        worker_environment.note().unlink(missing_ok=True)
        for folder in (worker_environment.folder(), uv.folder(), places.worker_folder() / "package"):
            if folder.exists():
                folder.rename(folder.with_name(f"{make_worker.ASIDE}{time.time_ns()}"))
    except OSError as error:
        raise SetupError(f"{error.filename or places.worker_folder()} cannot be deleted: {error.strerror}.") from None
    forget()
    _doctor = None  # what it found is gone
    threading.Thread(target=make_worker.delete_what_lies_aside, name="remove worker", daemon=True).start()


def watch() -> None:
    """Redraw while something runs, if there is a window for it."""
    if not bpy.app.background and not bpy.app.timers.is_registered(_beat):
        bpy.app.timers.register(_beat, first_interval=BEAT_S, persistent=True)


def _beat() -> float | None:
    _children[:] = [child for child in _children if child.poll() is None]
    window.redraw_panels()
    return BEAT_S if report().state == "running" or checking() else None


def _constraints() -> Path:
    return ROOT.parent / "constraints.txt"


def _doctor_file() -> Path:
    return places.worker_folder() / "doctor.json"


def _forget_reading() -> None:
    global _read
    _read = float("-inf"), background.Report()


def register() -> None:
    if report().state == "running":  # from a Blender before
        watch()


def unregister() -> None:
    if bpy.app.timers.is_registered(_beat):
        bpy.app.timers.unregister(_beat)

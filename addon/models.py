"""Published models as the panel has them: fetched by the worker's program in the background, deleted, and how fast."""

import shutil
import subprocess
import threading
import time
from contextlib import suppress

import bpy

from . import machine, setting_up, sources, window
from .core import background, speeds
from .core.make_worker import ASIDE, SetupError
from .core.places import weights_folder
from .core.published import BETTER, PUBLISHED, Published
from .core.systems import start_detached, variables_for_children
from .worker_process import WorkerError, find

_children: list[subprocess.Popen] = []


def listed() -> list[Published]:
    """Those that can drive a rig."""
    return [model for model in PUBLISHED.values() if model.drives]


def report(model: Published) -> background.Report:
    """What its download says."""
    return background.read(_report_file(model))


def fetch(model: Published) -> None:
    """Download it in the background, on from what there is of it. Raises SetupError."""
    if report(model).state == "running":
        raise SetupError(f"{model.title} is being downloaded already.")
    try:
        command = [find(), "models", "pull", model.name, "--report", str(_report_file(model))]
        background.begin(_report_file(model), "Starting")
        with _report_file(model).with_suffix(".log").open("wb") as log:
            _children.append(start_detached(command, log, variables_for_children(), weights_folder()))
    except WorkerError as error:
        raise SetupError(str(error)) from None
    except OSError as error:
        with suppress(OSError):  # a disk that takes nothing has nothing to take back
            background.forget(_report_file(model))
        raise SetupError(f"The download does not start: {error.strerror or error}.") from None
    watch()


def cancel(model: Published) -> None:
    """End its download, of which the part stays. Raises SetupError."""
    try:
        background.ask_to_stop(_report_file(model))
    except OSError as error:
        raise SetupError(f"{weights_folder()} cannot be written: {error.strerror}.") from None


def delete(model: Published) -> None:
    """Delete its weights, and what there is of them. Raises SetupError.

    They are moved aside at once and deleted in a thread: gigabytes take their time.
    """
    if report(model).state == "running":
        raise SetupError("Cancel the download first.")
    try:
        if model.folder.exists():
            model.folder.rename(weights_folder() / f"{ASIDE}{time.time_ns()}")
        background.forget(_report_file(model))
        _report_file(model).with_suffix(".log").unlink(missing_ok=True)
    except OSError as error:
        raise SetupError(f"{error.filename or model.folder} cannot be deleted: {error.strerror}.") from None
    if machine.get("model") == model.name:
        machine.put("model", "")
    _delete_what_lies_aside()


def speed(config: str) -> str:
    """How fast a model was here, in words, or an empty string."""
    found = speeds.read_speeds().get(config, {})
    return ", ".join(f"{1000 / ms:.0f} fps on {device}" for device, ms in found.items())


def suggestion() -> Published | None:
    """The model that would see a real person better than what is chosen, if one would."""
    source = machine.get("source")
    real = sources.kind_of(source) == "CAMERA" or "://" in source
    here = setting_up.situation() in ("ready", "older")
    if not (real and here) or machine.get("model"):
        return None
    # One that is here already; of several the smallest, which is the fastest.
    there = [model for model in listed() if model.is_here and model != BETTER]
    return BETTER if BETTER.is_here or not there else min(there, key=lambda model: model.about_bytes)


def is_begun(model: Published) -> bool:
    """Whether a part of its weights is here."""
    return not model.is_here and model.folder.is_dir()


def watch() -> None:
    """Redraw while something is downloaded, if there is a window for it."""
    if not bpy.app.background and not bpy.app.timers.is_registered(_beat):
        bpy.app.timers.register(_beat, first_interval=setting_up.BEAT_S, persistent=True)


def _beat() -> float | None:
    _children[:] = [child for child in _children if child.poll() is None]
    window.redraw_panels()
    return setting_up.BEAT_S if any(report(model).state == "running" for model in listed()) else None


def _report_file(model: Published):
    return weights_folder() / f"{model.name}.json"


def _delete_what_lies_aside() -> None:
    for folder in weights_folder().glob(f"{ASIDE}*"):
        threading.Thread(target=shutil.rmtree, args=(folder, True), name="delete model", daemon=True).start()


def register() -> None:
    _delete_what_lies_aside()  # where Blender was closed meanwhile
    if any(report(model).state == "running" for model in listed()):  # from a Blender before
        watch()


def unregister() -> None:
    if bpy.app.timers.is_registered(_beat):
        bpy.app.timers.unregister(_beat)

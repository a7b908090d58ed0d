"""The cameras by name, as the worker finds them: `mocap devices --json` beside Blender, which goes on meanwhile."""

import json
import subprocess
import time

import bpy

from . import machine, window
from .core.systems import quietly, variables_for_children
from .worker_process import WorkerError, find

_LIMIT_S = 30.0
_LOOK_S = 0.2
says = ""  # what is being done or went wrong, for the user
_asking: subprocess.Popen | None = None
_asked_s = 0.0


def known() -> dict[int, str]:
    """The names by number, as they were found last."""
    found = {}
    for row in machine.get("cameras"):
        if isinstance(row, list) and len(row) == 2 and type(row[0]) is int and isinstance(row[1], str):
            found[row[0]] = row[1]
    return found


def ask() -> None:
    """Begin to look for cameras. Raises WorkerError where there is no worker that could."""
    global says, _asking, _asked_s
    if _asking is not None:
        return
    program = find()
    try:
        _asking = subprocess.Popen(
            [program, "devices", "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=variables_for_children(),
            **quietly(),
        )
    except OSError as error:
        raise WorkerError(f"The worker {program} does not start: {error.strerror or error}.") from error
    says, _asked_s = "Looking for cameras…", time.perf_counter()
    if not bpy.app.background:
        bpy.app.timers.register(look, first_interval=_LOOK_S, persistent=True)


def look() -> float | None:
    """Take in the answer, if it is there; the seconds until the next look, or None where there is none."""
    global says, _asking
    if _asking is None:
        return None
    if _asking.poll() is None:
        if time.perf_counter() - _asked_s < _LIMIT_S:
            return _LOOK_S
        end()
        says = "The worker did not answer when it was asked for cameras."
        return None
    with _asking:
        answer = _asking.stdout.read()
    _asking = None
    try:
        found = [[int(row["index"]), str(row["name"])] for row in json.loads(answer)]
    except (ValueError, TypeError, KeyError):
        says = "The worker could not tell which cameras there are. Check it with `mocap devices`."
    else:
        machine.put("cameras", found)
        says = "" if found else "No camera was found. Plug one in and look again."
    window.redraw_panels()
    return None


def end() -> None:
    """Stop looking."""
    global _asking, says
    if _asking is not None:
        _asking.kill()
        with _asking:
            pass
        _asking, says = None, ""

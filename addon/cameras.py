"""The cameras by name, as the worker finds them while Blender goes on: here `mocap devices --json` is asked, beside
Blender; on another machine the worker that answers there.
"""

import json
import subprocess
import time

import bpy

from . import machine, setting_up, window
from .core.link import PoseLink
from .core.systems import quietly, variables_for_children
from .worker_process import WorkerError, find

_LIMIT_S, _FAR_LIMIT_S = 30.0, 10.0
_LOOK_S = 0.2
_AGAIN_S = 1.0  # a question over the network may be lost
says = ""  # what is being done or went wrong, for the user
_asking: subprocess.Popen | PoseLink | None = None
_asked_s = _again_s = 0.0


def known() -> dict[int, str]:
    """The names by number, as they were found last at the worker's machine."""
    found = {}
    for row in machine.get("cameras") if machine.get("cameras_at") == _host() else ():
        if isinstance(row, list) and len(row) == 2 and type(row[0]) is int and isinstance(row[1], str):
            found[row[0]] = row[1]
    return found


def ask(link: PoseLink | None = None) -> None:
    """Begin to look for cameras: here, or at the worker that a link leads to. Raises WorkerError where there is none
    that could."""
    global says, _asking, _asked_s, _again_s
    if _asking is not None:
        return
    _asked_s, _again_s = time.perf_counter(), 0.0
    _asking = _program() if link is None else link
    if link is not None:
        link.cameras = None
    says = "Looking for cameras…"
    if not bpy.app.background:
        bpy.app.timers.register(look, first_interval=_LOOK_S, persistent=True)


def look() -> float | None:
    """Take in the answer, if it is there; the seconds until the next look, or None where there is none."""
    global says, _asking, _again_s
    if _asking is None:
        return None
    far, now = isinstance(_asking, PoseLink), time.perf_counter()
    if far and _asking.cameras is None and now - _again_s > _AGAIN_S:
        _again_s = now
        _asking.ask_cameras()
    if (_asking.cameras if far else _asking.poll()) is None:
        if now - _asked_s < (_FAR_LIMIT_S if far else _LIMIT_S):
            return _LOOK_S
        end()
        says = "The worker did not answer when it was asked for cameras."
        return None
    try:
        if far:
            found = sorted([int(index), str(name)] for index, name in _asking.cameras.items())
        else:
            with _asking:
                answer = _asking.stdout.read()
            found = [[int(row["index"]), str(row["name"])] for row in json.loads(answer)]
    except (ValueError, TypeError, KeyError):
        says = "The worker could not tell which cameras there are. Check it with `mocap devices`."
    else:
        machine.put("cameras", found)
        machine.put("cameras_at", _host())
        says = "" if found else "No camera was found. Plug one in and look again."
    _asking = None
    window.redraw_panels()
    return None


def end() -> None:
    """Stop looking."""
    global _asking, says
    if isinstance(_asking, subprocess.Popen):
        _asking.kill()
        with _asking:
            pass
    if _asking is not None:
        _asking, says = None, ""


def _program() -> subprocess.Popen:
    program = find()
    try:
        return subprocess.Popen(
            [program, "devices", "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=variables_for_children(),
            **quietly(),
        )
    except OSError as error:
        raise WorkerError(f"The worker {program} does not start: {error.strerror or error}.") from error


def _host() -> str:
    """The worker's machine; empty for this one."""
    return "" if setting_up.is_local() else machine.get("worker_address").rpartition(":")[0]

"""Blender's half of `mocap bench soak`. Runs as a process with the bpy wheel: `in_blender_soak.py JOB.json`.

Ticks as a window's timer would, while a sender sends 60 packets a second; takes are recorded one after the other,
solved in the ticks' slices, and removed again. Prints a line a take, and writes its figures in the end.
"""

import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path

import bpy
from in_blender_calls import Calls

MODULE = "bl_ext.user_default.vitpose_live_mocap"
TICK_S = 0.008  # the window's timer
WARM_UP_TAKES = 2  # until memory is at its level


def memory_mb() -> float:
    """What this process has in memory now."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError as error:
        raise SystemExit("the memory of a process is read from /proc, which this system has not") from error
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.extensions.package_install_files(filepath=job["zip"], repo="user_default", enable_on_install=True)
    session = import_module(f"{MODULE}.addon.session").session
    scene = bpy.context.scene
    scene.render.fps, scene.mocap.port = 60, 0
    bpy.ops.mocap.add_default_rig()
    session.at_once = False  # solve in slices, as in a window
    # Removed takes live on in what can be undone; this many steps are full after the warm-up.
    bpy.context.preferences.edit.undo_steps = 2
    bpy.ops.mocap.connect()
    Path(job["port_file"]).write_text(str(session.link.port), "utf-8")
    calls, recorded, levels_mb = Calls(), 0, []
    end_s = None
    while end_s is None or time.perf_counter() < end_s:
        take_end_s = time.perf_counter() + job["take_s"]
        calls("record start", bpy.ops.mocap.record_start)
        while time.perf_counter() < take_end_s:
            ticked(calls, session)
            if end_s is None and session.link.counters.received:
                end_s = time.perf_counter() + job["seconds"]
        recorded += session.stats()["recorded"]
        calls("record stop", bpy.ops.mocap.record_stop)
        while session.solving is not None:
            ticked(calls, session)
        path = session.last_take.path
        calls("remove take", bpy.ops.mocap.remove_take)
        path.unlink()
        levels_mb.append(memory_mb())
        print(f"@take {len(levels_mb)} {session.link.counters.received} {levels_mb[-1]:.0f} MB", flush=True)
    Path(job["stop_file"]).touch()
    settled_s = time.perf_counter() + 1.0
    while time.perf_counter() < settled_s:  # what was under way
        ticked(calls, session)
    counters = session.link.counters
    level = levels_mb[min(WARM_UP_TAKES, len(levels_mb)) - 1 :]
    case = {
        "takes": len(levels_mb),
        "received": counters.received,
        "recorded": recorded,
        **{name: getattr(counters, name) for name in ("lost", "late", "reordered", "bad")},
        "memory_mb_first": round(level[0], 1),
        "memory_mb_last": round(level[-1], 1),
        "memory_mb_growth": round(max(level) - level[0], 1),
        **calls.figures(),
        "blender": bpy.app.version_string,
    }
    Path(job["out"]).write_text(json.dumps(case), "utf-8")
    sys.stdout.flush()
    os._exit(0)  # without Blender's clean-up, in which some wheels crash


def ticked(calls: Calls, session) -> None:
    started_s = time.perf_counter()
    calls("tick", session.tick)
    time.sleep(max(0.0005, TICK_S - (time.perf_counter() - started_s)))


if __name__ == "__main__":
    main()

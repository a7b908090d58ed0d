"""Blender's half of `mocap bench window`: `blender --python in_blender_window.py -- JOB.json`, in a real window.

Every call of ours from outside, be it by the timer, a button or a redraw, is measured inside Blender. A ten-minute take
is sent twice as fast as it would come, with its own times, and stopped.
"""

import json
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from in_blender_calls import Calls

MODULE = "bl_ext.user_default.vitpose_live_mocap"
JOB = json.loads(Path(sys.argv[sys.argv.index("--") + 1]).read_text("utf-8"))
CALLS: dict[str, Calls] = {}
_DRAWN = ("draw", "draw_header", "draw_header_preset", "draw_item", "filter_items")
_DONE = ("execute", "invoke", "check")
_outer = [""]  # the call that is measured now: what it calls is part of it
_kept: list[tuple[float, float]] = []  # when the take was there and when Blender came back to us, computed by then


def measured(kind: str, function, group):
    """The function, measured under `kind` in the group that `group` names at the time."""

    def call(*arguments):
        if _outer[0]:
            return function(*arguments)
        _outer[0] = kind
        if len(_kept) == 1:
            _kept.append(_clocks())
        try:
            return CALLS.setdefault(group(), Calls())(kind, function, *arguments)
        finally:
            _outer[0] = ""

    # Blender passes as many arguments as a function's code names.
    names = ", ".join(f"a{number}" for number in range(function.__code__.co_argcount))
    return eval(f"lambda {names}: call({names})", {"call": call})


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.thread_time()


def measure_everything(session) -> None:
    group = session._state_name
    for module in import_module(f"{MODULE}.addon")._with_classes():
        for cls in module.CLASSES:
            for name in (*_DRAWN, *_DONE):
                if any(name in vars(base) for base in cls.__mro__ if base.__module__.startswith(MODULE)):
                    kind = f"{'panel' if name in _DRAWN else 'operator'} {cls.__name__[6:]}"
                    setattr(cls, name, measured(kind, getattr(cls, name), group))
    keep_take = import_module(f"{MODULE}.addon.record_operators").MOCAP_OT_keep_take
    modal = keep_take.modal

    def kept(self, context, event):
        out = modal(self, context, event)
        _kept.append(_clocks())
        return out

    keep_take.modal = kept
    addon = import_module(f"{MODULE}.addon.session")
    tick = measured("tick", type(session).tick, group)
    addon.clockwork._tick = lambda: tick(session, None)
    take_list = import_module(f"{MODULE}.addon.take_list")
    take_list._beat = measured("take list", take_list._beat, group)
    for name in ("preview", "ghost", "prompter"):
        cls = type(getattr(import_module(f"{MODULE}.addon.{name}"), name))
        cls._draw = measured(f"draw {name}", cls._draw, group)


def steps():
    bpy.ops.extensions.package_install_files(filepath=JOB["zip"], repo="user_default", enable_on_install=True)
    session = import_module(f"{MODULE}.addon.session").session
    machine = import_module(f"{MODULE}.addon.machine")
    scene = bpy.context.scene
    scene.render.fps, scene.mocap.port = 30, 0
    bpy.ops.mocap.add_default_rig()
    measure_everything(session)
    area = next(area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == "VIEW_3D")
    area.spaces.active.show_region_ui = True
    yield 1.0
    next(region for region in area.regions if region.type == "UI").active_panel_category = "Mocap"
    machine.put("preview", True)
    machine.put("ghost", True)
    import_module(f"{MODULE}.addon.preview_panel").register()
    yield 1.0
    bpy.ops.mocap.connect()
    Path(JOB["port_file"]).write_text(str(session.link.port), "utf-8")
    until = None
    while until is None or time.perf_counter() < until:
        yield 0.2
        if until is None and session.stats()["received"]:
            until = time.perf_counter() + JOB["live_s"]
    bpy.ops.mocap.record_start()
    Path(JOB["go_file"]).touch()
    while not Path(JOB["sent_file"]).exists():
        yield 0.5
    yield 1.0
    recorded = session.stats()["recorded"]
    ghost, preview = (getattr(import_module(f"{MODULE}.addon.{name}"), name) for name in ("ghost", "preview"))
    drawn = {name: of.draw_ms.summary() for name, of in (("ghost", ghost), ("preview", preview))}
    bpy.ops.mocap.record_stop()
    began_s = time.perf_counter()
    while session.solving is not None:
        yield 0.05
    solved_s = time.perf_counter() - began_s
    while len(_kept) < 2:
        yield 0.05
    undo_ms, undo_computing_ms = (round(1e3 * (after - before), 1) for before, after in zip(*_kept, strict=True))
    take, counters = session.last_take, session.link.counters
    keys = sum(
        len(curve.keyframe_points)
        for curve in import_module(f"{MODULE}.addon.action").curves(bpy.data.actions[take.action])
    )
    bpy.ops.mocap.disconnect()
    yield 1.0
    cases = [{"name": f"window/{state}", **calls.figures()} for state, calls in sorted(CALLS.items())]
    cases.append(
        {
            "name": "window/take",
            "packets": recorded,
            "seconds": len(take.frames) / 30,
            "solved_s": round(solved_s, 2),
            "lost": counters.lost,
            "keys": keys,
            # Blender's own, after the operator that keeps the take: until it calls us again
            "undo_step_ms": undo_ms,
            "undo_step_computing_ms": undo_computing_ms,
            **{f"draw_{name}_ms_{part}": of[part] for name, of in drawn.items() if of for part in ("p50", "p95")},
        }
    )
    for case in cases:
        case["blender"] = bpy.app.version_string
    Path(JOB["out"]).write_text(json.dumps(cases), "utf-8")


def next_step():
    try:
        return next(STEPS)
    except StopIteration:
        pass
    except Exception:
        Path(JOB["error_file"]).write_text(traceback.format_exc(), "utf-8")
    bpy.ops.wm.quit_blender()
    return None


bpy.context.preferences.view.show_splash = False
STEPS = steps()
bpy.app.timers.register(next_step, first_interval=1.0)

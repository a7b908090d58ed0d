"""Blender's half of `mocap bench window`: `blender --python in_blender_window.py -- JOB.json`, in a real window.

Every call of ours from outside, be it by the timer, a button, a running operator, a handler or a redraw, is measured
inside Blender. A ten-minute take is sent twice as fast as it would come, with its own times, and stopped; then exported
from the file browser, loaded, and solved again.
"""

import json
import os
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from in_blender_calls import Apart, Calls

MODULE = "bl_ext.user_default.vitpose_live_mocap"
JOB = json.loads(Path(sys.argv[sys.argv.index("--") + 1]).read_text("utf-8"))
FORMATS = ("NPZ", "CSV", "BVH", "GLB")
CALLS: dict[str, Calls] = {}
TOLD_APART = Apart()  # what Blender's exporters take
UNDO_MS: list[tuple[float, float]] = []  # Blender's own undo step of the last take: by the clock, and computed
_DRAWN = ("draw", "draw_header", "draw_header_preset", "draw_item", "filter_items")
_DONE = ("execute", "invoke", "check", "modal", "cancel")
_outer = [""]  # the call that is measured now: what it calls is part of it
_doing = [""]  # the group of what is done now; else the session's state is
_kept: list[tuple[float, float]] = []  # when the last take was there, until Blender comes back to us
_handlers: list[tuple[list, int, object]] = []  # where they were


def addon(name: str):
    return import_module(f"{MODULE}.addon.{name}")


def group() -> str:
    return _doing[0] or addon("session").session._state_name()


def measured(kind: str, function):
    """The function, measured under `kind` in the group of what is done at the time."""

    def call(*arguments):
        if _outer[0]:
            return function(*arguments)
        _outer[0] = kind
        came_back()
        try:
            return CALLS.setdefault(group(), Calls(TOLD_APART))(kind, function, *arguments)
        finally:
            _outer[0] = ""

    # Blender passes as many arguments as a function's code names.
    names = ", ".join(f"a{number}" for number in range(function.__code__.co_argcount))
    return eval(f"lambda {names}: call({names})", {"call": call})


def came_back() -> None:
    """Blender calls us again, perhaps after its undo step."""
    if _kept:
        spans = zip(_clocks(), _kept.pop(), strict=True)
        UNDO_MS.append(tuple(round(1e3 * (now - then), 1) for now, then in spans))


def _clocks() -> tuple[float, float]:
    return time.perf_counter(), time.thread_time()


def measure_everything() -> None:
    for module in import_module(f"{MODULE}.addon")._with_classes():
        for cls in module.CLASSES:
            for name in (*_DRAWN, *_DONE):
                if any(name in vars(base) for base in cls.__mro__ if base.__module__.startswith(MODULE)):
                    kind = f"{'panel' if name in _DRAWN else 'operator'} {cls.__name__[6:]}"
                    setattr(cls, name, measured(kind, getattr(cls, name)))
    keep_take = addon("record_operators").MOCAP_OT_keep_take
    modal = keep_take.modal

    def kept(self, context, event):
        out = modal(self, context, event)
        _kept[:] = [_clocks()]
        return out

    keep_take.modal = kept
    session = addon("session")
    tick = measured("tick", type(session.session).tick)
    session.clockwork._tick = lambda: tick(session.session, None)
    take_list = addon("take_list")
    take_list._beat = measured("take list", take_list._beat)
    for name in ("preview", "ghost", "prompter"):
        cls = type(getattr(addon(name), name))
        cls._draw = measured(f"draw {name}", cls._draw)
    for handlers in (getattr(bpy.app.handlers, name) for name in dir(bpy.app.handlers)):
        for place, handler in enumerate(handlers if isinstance(handlers, list) else ()):
            if getattr(handler, "__module__", "").startswith(MODULE):
                wrapped = measured(f"handler {handler.__name__.strip('_')}", handler)
                handlers[place] = bpy.app.handlers.persistent(wrapped)
                _handlers.append((handlers, place, handler))
    export = addon("export")
    by_blender = export.written_by_blender
    export.written_by_blender = lambda *arguments: TOLD_APART(by_blender, *arguments)


def steps():
    bpy.ops.extensions.package_install_files(filepath=JOB["zip"], repo="user_default", enable_on_install=True)
    session, machine = addon("session").session, addon("machine")
    scene = bpy.context.scene
    scene.render.fps, scene.mocap.port = 30, 0
    bpy.ops.mocap.add_default_rig()
    open_at_once(addon("export_panel").MOCAP_PT_export)
    measure_everything()
    area = next(area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == "VIEW_3D")
    area.spaces.active.show_region_ui = True
    yield 1.0
    next(region for region in area.regions if region.type == "UI").active_panel_category = "Mocap"
    machine.put("preview", True)
    machine.put("ghost", True)
    addon("preview_panel").register()
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
    drawn = {name: getattr(addon(name), name).draw_ms.summary() for name in ("ghost", "preview")}
    bpy.ops.mocap.record_stop()
    solved = yield from made()
    take, counters = session.last_take, session.link.counters
    told = {
        "packets": recorded,
        "seconds": len(take.frames) / 30,
        "lost": counters.lost,
        **solved,
        **{f"draw_{name}_ms_{part}": of[part] for name, of in drawn.items() if of for part in ("p50", "p95")},
    }
    bpy.ops.mocap.disconnect()
    yield 1.0
    done = {}
    for kind in FORMATS:
        _doing[0] = f"export {kind}"
        done[_doing[0]] = yield from exported(kind)
    for operator in (bpy.ops.mocap.load_take, bpy.ops.mocap.solve_again):
        _doing[0] = operator.idname_py().removeprefix("mocap.").replace("_", " ")
        operator(filepath=str(take.path))
        done[_doing[0]] = yield from made()
    _doing[0] = ""
    for handlers, place, handler in _handlers:
        handlers[place] = handler
    done["take"] = told
    names = sorted({*CALLS, *done})
    cases = [
        {"name": f"window/{name}", **(CALLS[name].figures() if name in CALLS else {}), **done.get(name, {})}
        for name in names
    ]
    for case in cases:
        case["blender"] = bpy.app.version_string
    Path(JOB["out"]).write_text(json.dumps(cases), "utf-8")


def open_at_once(panel: type) -> None:
    bpy.utils.unregister_class(panel)
    panel.bl_options = set()
    bpy.utils.register_class(panel)


def made():
    """Wait for the take that is made now, and for its undo step; what became of both."""
    session, began_s = addon("session").session, time.perf_counter()
    UNDO_MS.clear()
    while session.solving is not None or session.reading is not None:
        yield 0.05
    solved_s = time.perf_counter() - began_s
    while not UNDO_MS:
        if session.notice:
            raise RuntimeError(session.notice)
        yield 0.05
    curves = addon("action").curves(bpy.data.actions[session.last_take.action])
    return {
        "solved_s": round(solved_s, 2),
        "keys": sum(len(curve.keyframe_points) for curve in curves),
        # Blender's own, after the operator that keeps the take: until it calls us again
        "undo_step_ms": UNDO_MS[0][0],
        "undo_step_computing_ms": UNDO_MS[0][1],
    }


def exported(kind: str):
    """Export what the character plays from the file browser; what became of it."""
    window = bpy.context.window_manager.windows[0]
    bpy.context.preferences.view.filebrowser_display_type = "SCREEN"
    bpy.context.scene.mocap_export.format = kind
    with bpy.context.temp_override(window=window):
        bpy.ops.mocap.export("INVOKE_DEFAULT")
    browser = None
    while browser is None or browser.spaces.active.params is None:
        yield 0.2
        browser = next((area for area in window.screen.areas if area.type == "FILE_BROWSER"), None)
    yield 1.0  # in which it is drawn, and reads its folder
    path = Path(JOB["folder"], f"take.{kind.lower()}")
    params = browser.spaces.active.params
    params.directory, params.filename = os.fsencode(path.parent), path.name
    exporting, began_s, apart_s = addon("exporting").exporting, time.perf_counter(), TOLD_APART.spent_s[0]
    region = next(region for region in browser.regions if region.type == "EXECUTE")
    with bpy.context.temp_override(window=window, area=browser, region=region):
        bpy.ops.file.execute("INVOKE_DEFAULT")
    yield 0.1
    while exporting.running or not path.exists():
        if exporting.problem:
            raise RuntimeError(exporting.problem)
        yield 0.1
    out = {"export_s": round(time.perf_counter() - began_s, 2), "file_mb": round(path.stat().st_size / 1e6, 1)}
    if TOLD_APART.spent_s[0] > apart_s:
        out["blender_writes_s"] = round(TOLD_APART.spent_s[0] - apart_s, 2)
    return out


def next_step():
    came_back()
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

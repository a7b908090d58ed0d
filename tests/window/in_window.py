"""Runs in a Blender with a window, `blender --python in_window.py -- JOB.json`: a capture by the timer.

Does what a user would, a step a timer call, writes what it saw to the job's report and leaves Blender.
"""

import json
import shutil
import subprocess
import sys
import time
import traceback
from importlib import import_module
from pathlib import Path

import bpy

MODULE = "bl_ext.user_default.vitpose_live_mocap"
JOB = json.loads(Path(sys.argv[sys.argv.index("--") + 1]).read_text("utf-8"))
REPORT: dict = {"window": not bpy.app.background, "blender": bpy.app.version_string}


def steps():
    """Each yield gives the seconds until the next step."""
    bpy.ops.extensions.package_install_files(filepath=JOB["zip"], repo="user_default", enable_on_install=True)
    session = import_module(f"{MODULE}.addon.session").session
    action = import_module(f"{MODULE}.addon.action")
    scene = bpy.context.scene
    for name in ("Cube", "Camera", "Light"):
        bpy.data.objects.remove(bpy.data.objects[name])
    bpy.ops.mocap.add_default_rig()
    character = scene.mocap.target
    character.select_set(False)
    look_at(character)
    yield 1.0
    open_tab()
    yield 1.0
    scene.mocap.port = 0
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        bpy.ops.ed.undo_push(message="Set up")
    bpy.ops.mocap.connect()
    Path(JOB["port_file"]).write_text(str(session.link.port), "utf-8")
    while session.stats()["received"] < 30:
        yield 0.2
    REPORT["live"] = [arm(character)]
    bpy.ops.mocap.record_start()
    REPORT["keys"] = []
    until = time.perf_counter() + 4.0
    # Software OpenGL may draw less than once a second.
    while time.perf_counter() < until or len(REPORT["live"]) < 6:
        yield 0.5
        REPORT["live"].append(arm(character))
        found = action.curves(character.animation_data.action)
        REPORT["keys"].append(min(len(curve.keyframe_points) for curve in found))
    REPORT["recording"] = session.stats()
    picture("recording.png")
    bpy.ops.mocap.record_stop()
    REPORT["slices"] = 0
    while session.solving is not None:
        REPORT["slices"] += 1
        yield 0.01
    REPORT["frames"] = len(session.last_take.frames)
    REPORT["action"] = character.animation_data.action.name
    yield 0.5
    picture("recorded.png")
    bpy.ops.mocap.disconnect()
    bpy.ops.ed.undo()
    animation = bpy.context.scene.mocap.target.animation_data
    REPORT["action_after_undo"] = bool(animation and animation.action)
    REPORT["error"] = session.stats()["error"]


def arm(character) -> list[float]:
    return list(character.pose.bones["leftLowerArm"].matrix.translation)


def view():
    areas = bpy.context.window_manager.windows[0].screen.areas
    area = next(area for area in areas if area.type == "VIEW_3D")
    return area, area.spaces.active


def look_at(character) -> None:
    """The character from the front, a little from the side and above."""
    _, space = view()
    space.region_3d.view_location = (-0.35, 0.0, 0.85)
    space.region_3d.view_distance = 4.6
    space.region_3d.view_rotation = (0.78, 0.60, 0.10, 0.13)
    space.show_region_ui = True


def open_tab() -> None:
    area, _ = view()
    region = next(region for region in area.regions if region.type == "UI")
    region.active_panel_category = "Mocap"
    area.tag_redraw()


def picture(name: str) -> None:
    if shutil.which("import"):
        subprocess.run(["import", "-window", "root", str(Path(JOB["out"]) / name)], check=True)


def next_step():
    try:
        return next(STEPS)
    except StopIteration:
        REPORT["done"] = True
    except Exception:
        REPORT["traceback"] = traceback.format_exc()
    Path(JOB["out"], "report.json").write_text(json.dumps(REPORT), "utf-8")
    bpy.ops.wm.quit_blender()
    return None


bpy.context.preferences.view.show_splash = False
STEPS = steps()
bpy.app.timers.register(next_step, first_interval=1.0)

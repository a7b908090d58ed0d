"""Runs in a Blender with a window, `blender --python in_preview.py -- JOB.json`: the preview of a worker outside.

Writes what it saw to the job's report and leaves Blender.
"""

import json
import shutil
import subprocess
import sys
import traceback
from importlib import import_module
from pathlib import Path

import bpy

MODULE = "bl_ext.user_default.vitpose_live_mocap"
JOB = json.loads(Path(sys.argv[sys.argv.index("--") + 1]).read_text("utf-8"))
REPORT: dict = {}


def steps():
    """Each yield gives the seconds until the next step."""
    bpy.ops.extensions.package_install_files(filepath=JOB["zip"], repo="user_default", enable_on_install=True)
    session = import_module(f"{MODULE}.addon.session").session
    preview = import_module(f"{MODULE}.addon.preview").preview
    ghost = import_module(f"{MODULE}.addon.ghost").ghost
    machine = import_module(f"{MODULE}.addon.machine")
    settings = bpy.context.preferences.addons[MODULE].preferences
    for name in ("Cube", "Camera", "Light"):
        bpy.data.objects.remove(bpy.data.objects[name])
    bpy.ops.mocap.add_default_rig()
    bpy.context.scene.mocap.port = 0
    area = next(area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == "VIEW_3D")
    view = area.spaces.active.region_3d
    view.view_location, view.view_distance, view.view_rotation = (0.0, 0.0, 0.9), 4.8, (0.78, 0.60, 0.10, 0.13)
    machine.put("worker_address", JOB["worker"])
    machine.put("source", JOB["video"])
    settings.ghost = True
    bpy.ops.mocap.start_capture()
    while preview._texture is None or len(preview.draw_ms._values) < 3:
        yield 0.2
    REPORT["stats"], REPORT["says"] = session.stats(), preview.says
    REPORT["texture"] = [preview._texture.width, preview._texture.height]
    picture("preview.png")
    REPORT["images"] = [image.name for image in bpy.data.images if image.type == "IMAGE"]
    settings.preview = settings.ghost = False
    drawn = len(preview.draw_ms._values)
    yield 0.5
    REPORT["off"] = preview._handler is None and ghost._handler is None and len(preview.draw_ms._values) == drawn
    bpy.ops.mocap.disconnect()


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

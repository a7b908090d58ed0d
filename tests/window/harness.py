"""For the scripts here, which run in a Blender with a window, `blender --python SCRIPT.py -- JOB.json`: their steps by
a timer, what they saw, pictures, and where things are on the screen.
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


def begin(steps) -> None:
    """Run a generator, each yield of which gives the seconds until the next step; write the report, leave Blender."""
    running = steps()

    def next_step() -> float | None:
        try:
            return next(running)
        except StopIteration:
            REPORT["done"] = True
        except Exception:
            REPORT["traceback"] = traceback.format_exc()
        Path(JOB["out"], "report.json").write_text(json.dumps(REPORT), "utf-8")
        bpy.ops.wm.quit_blender()
        return None

    bpy.context.preferences.view.show_splash = False
    bpy.app.timers.register(next_step, first_interval=1.0)


def prepare():
    """Install the add-on's zip, and stand its character alone in the scene; it, and the module of a name."""
    bpy.ops.extensions.package_install_files(filepath=JOB["zip"], repo="user_default", enable_on_install=True)
    for name in ("Cube", "Camera", "Light"):
        bpy.data.objects.remove(bpy.data.objects[name])
    bpy.ops.mocap.add_default_rig()
    return bpy.context.scene.mocap.target


def addon(name: str):
    return import_module(f"{MODULE}.addon.{name}")


def in_window():
    """A timer has no window in its context."""
    return bpy.context.temp_override(window=bpy.context.window_manager.windows[0])


def view():
    """The 3D view, its sidebar and what it shows."""
    areas = bpy.context.window_manager.windows[0].screen.areas
    area = next(area for area in areas if area.type == "VIEW_3D")
    return area, next(region for region in area.regions if region.type == "UI"), area.spaces.active


def look(location, distance, rotation=(0.78, 0.60, 0.10, 0.13)) -> None:
    region_3d = view()[2].region_3d
    region_3d.view_location, region_3d.view_distance, region_3d.view_rotation = location, distance, rotation


def picture(name: str):
    """The screen as it is, with the character, which `light` may have hidden; a step."""
    if not shutil.which("import"):
        return
    areas = bpy.context.window_manager.windows[0].screen.areas
    shown = [area.spaces.active for area in areas if area.type == "VIEW_3D"]
    hidden = [space for space in shown if not space.show_object_viewport_mesh]
    for space in hidden:
        light(False, space)
    yield 0.3 if hidden else 0.0  # Blender draws, however long that takes
    subprocess.run(["import", "-window", "root", str(Path(JOB["out"]) / name)], check=True)
    for space in hidden:
        light(True, space)


def light(on: bool, space=None) -> None:
    """Draw no meshes and no grid but in pictures: software OpenGL takes a second for them, and nobody could click."""
    space = space or view()[2]
    space.show_object_viewport_mesh = space.overlay.show_overlays = space.show_gizmo = not on


def pointer(x: int, y: int) -> None:
    subprocess.run(["xdotool", "mousemove", str(x), str(y)], check=True)

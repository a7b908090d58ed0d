"""Runs in a Blender with a window, `blender --python in_window.py -- JOB.json`: from an empty scene to files.

Does what a user would, a step a timer call, by operators and by clicks; writes what it saw to the job's report and
leaves Blender. First with a sender outside, then with the test motion.
"""

import json
import os
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
    yield 0.5
    animation = bpy.context.scene.mocap.target.animation_data
    REPORT["action_after_undo"] = bool(animation and animation.action)
    picture("undone.png")
    yield from alone(session)
    yield from asked_before_set_up()
    REPORT["error"] = session.stats()["error"]


def asked_before_set_up():
    """With no worker on PATH the panel offers to set one up; that asks, and without a yes nothing begins."""
    setting_up = import_module(f"{MODULE}.addon.setting_up")
    os.environ["PATH"] = os.pathsep.join(
        folder for folder in os.get_exec_path() if not (Path(folder) / "mocap").exists()
    )
    bpy.context.preferences.system.use_online_access = True
    yield 0.5
    picture("not set up.png")
    yield from press("mocap.setup_worker", lambda: True)  # which asks first
    yield 0.5
    picture("asking.png")
    if shutil.which("xdotool"):
        subprocess.run(["xdotool", "key", "Escape"], check=True)
    yield 0.5
    REPORT["set_up"] = [setting_up.situation(), setting_up.report().state]
    bpy.context.preferences.system.use_online_access = False


def alone(session):
    """With no worker and no sender: the test motion, recorded by clicks in playback, solved again, exported."""
    scene = bpy.context.scene
    machine = import_module(f"{MODULE}.addon.machine")
    machine.put("source", "test motion")
    yield 0.5
    picture("start.png")
    yield from press("mocap.start_capture", lambda: session.stats()["wanted"])
    while session.stats()["received"] < 20:
        yield 0.2
    picture("capturing.png")
    scene.mocap.record.play = True
    scene.frame_end = 100_000  # a take ends where the timeline does, and looking for a button takes a while
    scene.frame_set(1)
    yield from press("mocap.record_start", lambda: session.recording is not None)
    while session.recording is None or session.stats()["recorded"] < 60:
        yield 0.2
    REPORT["playing"] = bpy.context.screen.is_animation_playing
    REPORT["frames_passed"] = scene.frame_current - 1
    picture("recording by a click.png")
    yield from press("mocap.record_stop", lambda: session.recording is None)
    while session.recording is not None or session.solving is not None:
        yield 0.1
    yield from press("mocap.stop_capture", lambda: not session.stats()["wanted"])
    yield 0.5
    first = session.last_take
    picture("taken.png")
    scene.mocap.smoothness = 0.9
    yield 0.2
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        bpy.ops.mocap.load_take(filepath=str(first.path))
    while session.solving is not None:
        yield 0.1
    REPORT["solved_again"] = [first.action, session.last_take.action, len(first.frames), len(session.last_take.frames)]
    yield from export_panel()
    picture("export.png")
    scroll("up")
    bpy.ops.mocap.disconnect()
    target = Path(JOB["out"], "take.fbx")
    mode, frame = bpy.context.mode, scene.frame_current
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        bpy.ops.mocap.export(filepath=str(target), format="FBX", preset="UNREAL")
        bpy.ops.mocap.export(filepath=str(target.with_suffix(".glb")), format="GLB")
    REPORT["exported"] = [target.stat().st_size, target.with_suffix(".glb").stat().st_size]
    kept = list(bpy.data.scenes), bpy.context.mode, scene.frame_current
    REPORT["scene_kept"] = kept == ([scene], mode, frame)
    yield 0.5


def press(operator: str, happened):
    """Click the panel's button for an operator, wherever it is: each is asked, as the pointer goes down, what it does.

    happened: whether the click has done what it should; one that a busy Blender missed is made again. Without xdotool
    the operator is called.
    """
    area, _ = view()
    region = next(region for region in area.regions if region.type == "UI")
    window = bpy.context.window_manager.windows[0]
    if not shutil.which("xdotool"):
        with bpy.context.temp_override(window=window, area=area, region=region):
            getattr(bpy.ops.mocap, operator.partition(".")[2])("INVOKE_DEFAULT")
        REPORT.setdefault("clicked", []).append("")
        return
    x = region.x + int(0.4 * region.width)
    for patience_s in (0.15, 0.15, 0.5, 1.5):  # a busy machine is slow to see where the pointer is
        for y in range(region.y + region.height - 30, region.y + 20, -11):
            bpy.context.window_manager.clipboard = ""
            pointer(x, window.height - y)
            yield patience_s
            with bpy.context.temp_override(window=window, area=area, region=region):
                if bpy.ops.ui.copy_python_command_button.poll():
                    bpy.ops.ui.copy_python_command_button()
            if bpy.context.window_manager.clipboard.startswith(f"bpy.ops.{operator}("):
                subprocess.run(["xdotool", "mousedown", "1", "sleep", "0.2", "mouseup", "1"], check=True)
                until = time.perf_counter() + 5.0
                while not happened() and time.perf_counter() < until:
                    yield 0.2
                if happened():
                    REPORT.setdefault("clicked", []).append(operator)
                    yield 0.5
                    return
    picture(f"no {operator}.png")
    raise LookupError(f"the panel has no button for {operator}, or a click on it does nothing")


def pointer(x: int, y: int) -> None:
    subprocess.run(["xdotool", "mousemove", str(x), str(y)], check=True)


def export_panel():
    """The sub-panel Export open, and the sidebar at its end."""
    panel = bpy.types.MOCAP_PT_export
    bpy.utils.unregister_class(panel)
    panel.bl_options = set()
    bpy.utils.register_class(panel)
    yield 1.0
    scroll("down")
    yield 1.0


def scroll(way: str) -> None:
    """The sidebar, to its end."""
    area, _ = view()
    region = next(region for region in area.regions if region.type == "UI")
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0], area=area, region=region):
        for _ in range(40):
            getattr(bpy.ops.view2d, f"scroll_{way}")(deltay=60)


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

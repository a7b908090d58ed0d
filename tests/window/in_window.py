"""Runs in a Blender with a window: from an empty scene to files.

Does what a user would, a step a timer call, by operators and by clicks. First with a sender outside, then with the test
motion.
"""

import os
import shutil
import subprocess
import sys
import time
import wave
import zipfile
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from harness import JOB, REPORT, addon, begin, in_window, light, look, picture, pointer, prepare, view
from states import states

FOUND: list[tuple[int, int]] = []  # where buttons were
FRONT = (-0.35, 0.0, 0.85), 4.6  # the character, a little from the side and above


def steps():
    REPORT["window"], REPORT["blender"] = not bpy.app.background, bpy.app.version_string
    character = prepare()
    session, action, scene = addon("session").session, addon("action"), bpy.context.scene
    character.select_set(False)
    look(*FRONT)
    view()[2].show_region_ui = True
    light(True)
    yield 1.0
    view()[1].active_panel_category = "Mocap"
    view()[0].tag_redraw()
    yield 1.0
    scene.mocap.port = 0
    with in_window():
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
    yield from picture("recording.png")
    bpy.ops.mocap.record_stop()
    REPORT["slices"] = 0
    while session.solving is not None:
        REPORT["slices"] += 1
        yield 0.01
    REPORT["frames"] = len(session.last_take.frames)
    REPORT["action"] = character.animation_data.action.name
    yield 1.0  # in which Blender makes its undo step
    yield from picture("recorded.png")
    bpy.ops.mocap.disconnect()
    REPORT["action_after_undo"] = []
    for step in ("undo", "redo", "undo"):
        with in_window():
            getattr(bpy.ops.ed, step)()
        yield 0.5
        played = bpy.context.scene.mocap.target.animation_data
        REPORT["action_after_undo"].append(played.action.name if played and played.action else "")
    yield from picture("undone.png")
    yield from alone(session)
    yield from asked_before_set_up()
    REPORT["error"] = session.stats()["error"]
    yield from states(session)
    yield from left_while_recording(session)


def left_while_recording(session):
    """Blender is quit in the middle of a take."""
    addon("machine").put("source", "test motion")
    with in_window():
        bpy.ops.mocap.start_capture()
    while session.stats()["received"] < 5:
        yield 0.2
    bpy.ops.mocap.record_start()
    while session.stats()["recorded"] < 20:
        yield 0.2
    REPORT["left"] = [str(session.recording.path), session.stats()["recorded"]]


def asked_before_set_up():
    """With no worker on PATH the panel offers to set one up; that asks, and without a yes nothing begins. With one it
    is made, of the packages that the job names."""
    setting_up = addon("setting_up")
    folders = [*JOB["set_up"].pop("PATH", "").split(os.pathsep), *os.get_exec_path()]
    os.environ["PATH"] = os.pathsep.join(folder for folder in folders if not (Path(folder) / "mocap").exists())
    bpy.context.preferences.system.use_online_access = True
    addon("machine").put("source", "0")
    yield 0.5
    yield from picture("not set up.png")
    yield from press("mocap.setup_worker", lambda: True)  # which asks first
    yield 0.5
    yield from picture("asking.png")
    if shutil.which("xdotool"):
        subprocess.run(["xdotool", "key", "Escape"], check=True)
    yield 0.5
    REPORT["set_up"] = [setting_up.situation(), setting_up.report().state]
    if JOB["set_up"] and shutil.which("xdotool"):
        os.environ.update(JOB["set_up"])
        yield from press("mocap.setup_worker", lambda: True)
        yield 0.5
        subprocess.run(["xdotool", "key", "Return"], check=True)
        until = time.perf_counter() + 20.0
        while setting_up.report().state == "none" and time.perf_counter() < until:
            yield 0.05
        yield 0.3
        yield from picture("setting up.png")
        while setting_up.report().state == "running":
            yield 0.2
        yield 0.8
        yield from picture("set up.png")
        REPORT["set_up"] += [setting_up.situation(), setting_up.report().state]
        shutil.copy(addon("core.make_worker").log_file(), Path(JOB["out"], "setup.log"))
        yield from updated(setting_up)
    bpy.context.preferences.system.use_online_access = False


def updated(setting_up):
    """An add-on that carries another package brings the worker to that by one click, which asks nothing."""
    wheel = setting_up.wheel()
    with zipfile.ZipFile(wheel) as box:
        content = [(entry.filename, box.read(entry)) for entry in box.infolist()]
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_STORED) as box:
        for name, data in content:
            box.writestr(name, data)
    environment = addon("core.worker_environment")
    before = environment.made()
    setting_up.forget()
    bpy.context.preferences.system.use_online_access = False
    yield 0.8
    yield from picture("update offline.png")
    bpy.context.preferences.system.use_online_access = True
    yield 0.8
    yield from picture("update.png")
    yield from press("mocap.update_worker", lambda: setting_up.report().state != "none")
    while setting_up.report().state == "running":
        yield 0.2
    yield 0.8
    after = environment.made()
    REPORT["updated"] = [setting_up.situation(), before.sha256 != after.sha256, before.backend == after.backend]


def alone(session):
    """With no worker and no sender: the test motion, recorded by clicks in playback, solved again, exported."""
    scene = bpy.context.scene
    addon("machine").put("source", "test motion")
    yield 0.5
    yield from picture("start.png")
    yield from press("mocap.start_capture", lambda: session.stats()["wanted"])
    preview, until = addon("preview").preview, time.perf_counter() + 120.0
    while session.stats()["received"] < 20 or (preview._texture is None and time.perf_counter() < until):
        yield 0.2
    REPORT["pictured"] = preview._texture and [preview._texture.width, preview._texture.height]
    yield from picture("capturing.png")
    music(scene)
    scene.mocap.record.play = True
    scene.frame_end = 100_000  # a take ends where the timeline does, and looking for a button takes a while
    scene.frame_set(1)
    REPORT["sync"] = [scene.sync_mode]
    yield from press("mocap.record_start", lambda: session.recording is not None)
    while session.recording is None or session.stats()["recorded"] < 60:
        yield 0.2
    REPORT["playing"] = bpy.context.screen.is_animation_playing
    REPORT["frames_passed"] = scene.frame_current - 1
    REPORT["sync"].append(scene.sync_mode)
    yield from picture("recording by a click.png")
    yield from press("mocap.record_stop", lambda: session.recording is None)
    REPORT["sync"].append(scene.sync_mode)
    REPORT["sounds"] = [sound.name for sound in bpy.data.sounds]
    while session.recording is not None or session.solving is not None:
        yield 0.1
    yield from press("mocap.stop_capture", lambda: not session.stats()["wanted"])
    yield 0.5
    yield from picture("taken.png")
    yield from solved_again(session)
    bpy.ops.mocap.disconnect()
    yield from exported()


def music(scene) -> None:
    """A minute of sound in the sequencer."""
    path = Path(JOB["out"], "Music.wav")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 1, 8000, 0, "NONE", ""))
        file.writeframes(bytes(128 + 100 * (number // 9 % 2) for number in range(60 * 8000)))
    editor = scene.sequence_editor_create()
    strips = editor.strips if hasattr(editor, "strips") else editor.sequences
    strips.new_sound("Music", str(path), 1, 1)
    scene.sync_mode = "NONE"


def solved_again(session):
    first, action, scene = session.last_take, addon("action"), bpy.context.scene
    numbers = [curve.evaluate(first.frames[-1] - 9) for curve in action.curves(bpy.data.actions[first.action])]
    closed = opened("MOCAP_PT_solve_again")
    yield 1.0
    scene.mocap.smoothness = 0.9
    scroll("down")
    yield 1.0
    yield from press("mocap.solve_again", lambda: session.last_take is not first)
    while session.solving is not None or not session.last_takes:
        yield 0.1
    again = session.last_take
    moved = [curve.evaluate(first.frames[-1] - 9) for curve in action.curves(bpy.data.actions[again.action])]
    moved = max(abs(one - other) for one, other in zip(numbers, moved, strict=True))
    REPORT["solved_again"] = [first.action, again.action, len(first.frames), len(again.frames), moved]
    yield 1.0
    yield from picture("solved again.png")
    closed()
    yield 0.5


def exported():
    """One take by clicks, in the folder of the job and under its ready name; another that Escape cancels; and by a
    script for another program."""
    scene, exporting = bpy.context.scene, addon("exporting").exporting
    scene.mocap_export.format = "GLB"
    closed = opened("MOCAP_PT_export")
    yield 1.0
    scroll("down")
    yield 1.0
    yield from picture("export.png")
    mode, frame = bpy.context.mode, scene.frame_current
    bpy.context.preferences.view.filebrowser_display_type = "SCREEN"  # Xvfb manages no windows
    out = Path(JOB["out"], "exported")
    out.mkdir()
    if (yield from asked_where(out, "export browser.png")):
        while exporting.running:
            yield 0.1
        REPORT["modal"] = [exporting.problem, [path.suffix for path in out.iterdir()]]
        scene.mocap_export.format, operator = "NPZ", addon("export_operator")
        slice_s, operator._SLICE_S = operator._SLICE_S, 0.0  # a frame at a time, so that there is time for the key
        yield from asked_where(out)
        while exporting.running and exporting.share < 0.05:
            yield 0.1
        yield from picture("exporting.png")
        bpy.ops.wm.save_as_mainfile(filepath=str(Path(JOB["out"], "saved.blend")), copy=True)
        REPORT["exporting"] = [exporting.running, len(bpy.data.scenes)]
        subprocess.run(["xdotool", "key", "Escape"], check=True)
        until = time.perf_counter() + 20.0
        while exporting.running and time.perf_counter() < until:
            yield 0.1
        operator._SLICE_S = slice_s
        with bpy.data.libraries.load(str(Path(JOB["out"], "saved.blend"))) as (saved, _):
            REPORT["exporting"] += [exporting.running, len(bpy.data.scenes), len(saved.scenes)]
        REPORT["exporting"].append([path.suffix for path in out.iterdir()])
    yield 0.5
    closed()
    scroll("up")
    with in_window():
        bpy.ops.mocap.export(filepath=str(out / "take.fbx"), format="FBX", preset="UNREAL")
    REPORT["exported"] = [path.stat().st_size for path in out.iterdir()]
    kept = list(bpy.data.scenes), bpy.context.mode, scene.frame_current
    REPORT["scene_kept"] = kept == ([scene], mode, frame)
    yield 0.5


def asked_where(folder: Path, shown: str = ""):
    """Click Export, and in the file browser on its button; whether there was one."""
    yield from press("mocap.export", lambda: browser() is not None)
    if browser() is None:
        return False
    browser().spaces.active.params.directory = os.fsencode(folder)
    yield 1.0
    if shown:
        yield from picture(shown)
    yield from press("file.execute", lambda: browser() is None)
    return True


def browser():
    """The file browser, if it is on the screen."""
    areas = bpy.context.window_manager.windows[0].screen.areas
    return next((area for area in areas if area.type == "FILE_BROWSER"), None)


def press(operator: str, happened):
    """Click the button for an operator, wherever it is in the sidebar, or in the file browser if that is open: each is
    asked, as the pointer comes by, what it does.

    First where others were found: a button that stops lies where the one was that starts. happened: whether the click
    has done what it should; one that a busy Blender missed is made again. Without xdotool the operator is called.
    """
    window = bpy.context.window_manager.windows[0]
    if browser() is None:
        area, region = view()[:2]
        x = region.x + int(0.4 * region.width)
        places = [(x, y) for y in range(region.y + region.height - 30, region.y + 20, -11)]
    else:
        area = browser()
        region = next(region for region in area.regions if region.type == "EXECUTE")
        rows = [region.y + int(share * region.height) for share in (0.3, 0.5, 0.7)]
        places = [(x, y) for y in rows for x in range(region.x + region.width - 30, region.x + 30, -40)]
    if not shutil.which("xdotool"):
        group, _, name = operator.partition(".")
        with bpy.context.temp_override(window=window, area=area, region=region):
            getattr(getattr(bpy.ops, group), name)("INVOKE_DEFAULT")
        REPORT.setdefault("clicked", []).append("")
        return
    found = [place for place in reversed(FOUND) if place in places]
    tries = [(place, 0.7) for place in found + found]
    tries += [(place, patience_s) for patience_s in (0.1, 0.15, 0.5, 1.5) for place in places]
    for (x, y), patience_s in tries:  # a busy machine is slow to see where the pointer is
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
                FOUND.append((x, y))
                REPORT.setdefault("clicked", []).append(operator)
                yield 0.5
                return
    yield from picture(f"no {operator}.png")
    raise LookupError(f"there is no button for {operator}, or a click on it does nothing")


def opened(name: str):
    """Have a sub-panel open: Blender asks only a panel that it has not shown yet. What closes it again."""
    panel = getattr(bpy.types, name)
    bpy.utils.unregister_class(panel)
    stand_in = type(f"{name}_open", (panel,), {"bl_options": set()})
    bpy.utils.register_class(stand_in)

    def closed() -> None:
        bpy.utils.unregister_class(stand_in)
        bpy.utils.register_class(panel)

    return closed


def scroll(way: str) -> None:
    """The sidebar, to its end."""
    area, region, _ = view()
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0], area=area, region=region):
        for _ in range(40):
            getattr(bpy.ops.view2d, f"scroll_{way}")(deltay=60)


def arm(character) -> list[float]:
    return list(character.pose.bones["leftLowerArm"].matrix.translation)


begin(steps)

"""The states that a smooth run does not come by, in a Blender with a window: what is told of each, and its picture."""

import os
from pathlib import Path

import bpy
import numpy as np
from harness import JOB, REPORT, addon, in_window, picture

DYING = """#!/bin/sh
echo 'Loading the model'
echo 'RuntimeError: the GPU is gone' >&2
exit 3
"""


def states(session):
    scene, machine = bpy.context.scene, addon("machine")
    yield from cut_off(session, addon("core.places").takes_folder())
    yield from counting(session, scene, machine)
    yield from nobody(session)
    yield from worker_ended(session, machine)
    yield from looks()


def packets(count: int, seen: bool):
    """Of somebody who stands still, or of nobody."""
    protocol = addon("core.protocol")
    for number in range(count):
        meta = {"v": 1, "session": "a", "seq": number, "person": 0, "size": [640, 480], "skeleton": "coco17"}
        keypoints = np.linspace((200.0, 60.0), (400.0, 420.0), 17) if seen else np.full((17, 2), np.nan)
        yield protocol.PosePacket(keypoints, np.full(17, 0.9 * seen), None, number / 30, meta)


def write(path: Path, count: int, seen: bool) -> None:
    with addon("core.take").TakeWriter(path, {"fps": 30.0}) as writer:
        for packet in packets(count, seen):
            writer.write(packet)


def cut_off(session, folder: Path):
    """A take whose recorder was killed a while ago."""
    path, notes = folder / "Cut off.mocap", addon("core.take_notes")
    write(path, 30, True)
    notes.write_notes(path, notes.Notes(recording=True))
    os.utime(path, (1e9, 1e9))
    takes = bpy.context.window_manager.mocap_takes.items
    while not any(take.state == "UNFINISHED" for take in takes):
        yield 0.2
    yield from picture("cut off.png")
    with in_window():
        bpy.ops.mocap.recover_take(filepath=str(path))
    while session.busy or any(take.state == "UNFINISHED" for take in takes):
        yield 0.2


def counting(session, scene, machine):
    machine.put("source", "test motion")
    bpy.ops.mocap.start_capture()
    while session.stats()["received"] < 5:
        yield 0.2
    scene.mocap.record.countdown_s = 60.0
    bpy.ops.mocap.record_start()
    yield 0.5
    REPORT["counting"] = [session.stats()["state"], addon("prompter").prompter.text]
    yield from picture("counting.png")
    bpy.ops.mocap.record_stop()
    yield 0.3
    REPORT["counting"].append(addon("prompter").prompter.text)
    scene.mocap.record.countdown_s = 0.0
    bpy.ops.mocap.disconnect()


def nobody(session):
    path = Path(JOB["out"], "Nobody.mocap")
    write(path, 900, False)
    bpy.ops.mocap.replay_take(filepath=str(path))
    while session.stats()["received"] < 20:
        yield 0.2
    yield 0.5
    yield from picture("nobody.png")
    REPORT["nobody"] = [session.stats()["state"], session.stats()["people"], session.stats()["lost"]]
    bpy.ops.mocap.disconnect()


def worker_ended(session, machine):
    """What is started as the worker dies at once."""
    program = Path(JOB["out"], "dying")
    program.write_text(DYING, "utf-8")
    program.chmod(0o755)
    machine.put("worker", str(program))
    addon("sources").choose_kind("CAMERA")
    bpy.ops.mocap.start_capture()
    while not session.stats()["error"]:
        yield 0.2
    yield 0.5
    REPORT["ended"] = session.stats()["error"]
    yield from picture("worker ended.png")
    bpy.ops.mocap.disconnect()
    yield 0.5
    REPORT["after"] = session.stats()["error"]
    machine.put("worker", "")


def looks():
    """Another theme and another scale of the interface."""
    preferences = bpy.context.preferences
    theme = next(Path(folder, "Blender_Light.xml") for folder in bpy.utils.preset_paths("interface_theme"))
    bpy.ops.script.execute_preset(filepath=str(theme), menu_idname="USERPREF_MT_interface_theme_presets")
    preferences.view.ui_scale = 1.4
    yield 1.5
    yield from picture("light and large.png")

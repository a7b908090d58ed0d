"""Runs in a Blender with a window: the preview of a worker outside."""

import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from harness import JOB, MODULE, REPORT, addon, begin, look, picture, prepare


def steps():
    prepare()
    session, preview, ghost = addon("session").session, addon("preview").preview, addon("ghost").ghost
    machine, settings = addon("machine"), bpy.context.preferences.addons[MODULE].preferences
    bpy.context.scene.mocap.port = 0
    look((0.0, 0.0, 0.9), 4.8)
    machine.put("worker_address", JOB["worker"])
    machine.put("source", JOB["video"])
    settings.ghost = True
    bpy.ops.mocap.start_capture()
    while preview._texture is None or len(preview.draw_ms._values) < 3:
        yield 0.2
    REPORT["stats"], REPORT["says"] = session.stats(), preview.says
    REPORT["texture"] = [preview._texture.width, preview._texture.height]
    yield from picture("preview.png")
    REPORT["images"] = [image.name for image in bpy.data.images if image.type == "IMAGE"]
    settings.preview = settings.ghost = False
    drawn = len(preview.draw_ms._values)
    yield 0.5
    REPORT["off"] = preview._handler is None and ghost._handler is None and len(preview.draw_ms._values) == drawn
    bpy.ops.mocap.disconnect()


begin(steps)

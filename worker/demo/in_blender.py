"""The demo's half in Blender. Runs as its own process with the bpy wheel: `python in_blender.py JOB.json`.

Installs the extension's zip as a user would, starts the capture through the extension's operators, ticks
its session until the clip has ended, records, exports, and renders the character. Speaks to the demo by
lines on stdout that start with `@mocap `: {"progress": [done, of], "what": …} and at last {"result": …}.
"""

import importlib
import json
import math
import sys
import time
from pathlib import Path

import bpy
import numpy as np

MODULE = "bl_ext.user_default.vitpose_live_mocap"
PATIENCE_S = 120.0


def say(**message) -> None:
    print("@mocap " + json.dumps(message), flush=True)


def progress(what: str, done: int, of: int) -> None:
    say(what=what, progress=[done, of])


def install(job: dict):
    """Installs and enables the built zip; returns the extension's session."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.extensions.package_install_files(filepath=job["zip"], repo="user_default", enable_on_install=True)
    return importlib.import_module(f"{MODULE}.addon.session").session


def capture(session, job: dict) -> dict:
    """Records the whole clip onto the default character; returns the session's last figures."""
    scene = bpy.context.scene
    scene.render.fps = job["fps"]
    scene.mocap.port = 0
    bpy.ops.mocap.add_default_rig()
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    bpy.ops.mocap.start_capture()
    tick_s = importlib.import_module(f"{MODULE}.addon.window").TICK_S  # as often as the timer of a window
    last_change, received = time.perf_counter(), 0
    while True:
        began = time.perf_counter()
        session.tick()
        status = session.link.status
        state = status.state if status else "waiting"
        if session.error:
            raise SystemExit(session.error)
        if session.link.counters.received != received:
            received, last_change = session.link.counters.received, began
            progress("Capturing", received, job["frames"])
        elif state == "loading" and received == 0:
            progress("Loading the model", round(100 * (status.progress or 0)), 100)
        elif state == "ended" and began - last_change > 0.5:
            break
        elif began - last_change > PATIENCE_S:
            raise SystemExit(f"nothing came from the worker for {PATIENCE_S:.0f} s; its state is {state}")
        time.sleep(max(0.0, tick_s - (time.perf_counter() - began)))
    return session.stats()


def limb_joints(armature, joints: list[str], frames) -> np.ndarray:
    """World positions (F, J, 3) of the heads of pose bones at (sub)frames of the scene."""
    scene = bpy.context.scene
    out = np.empty((len(frames), len(joints), 3))
    for row, frame in enumerate(frames):
        whole = math.floor(frame)
        scene.frame_set(whole, subframe=frame - whole)
        world = armature.matrix_world
        for column, name in enumerate(joints):
            out[row, column] = world @ armature.pose.bones[name].head
    return out


def light_the_stage(armature, world_from_camera, job: dict) -> None:
    """A camera that looks from where the real one does, a floor, and Workbench's studio light."""
    scene = bpy.context.scene
    forward = np.array(world_from_camera)[:, 2]
    heading = math.atan2(forward[1], forward[0])
    camera = bpy.data.cameras.new("Preview camera")
    camera.angle = math.radians(40)
    placed = bpy.data.objects.new("Preview camera", camera)
    distance, height = 4.0, 1.25
    placed.location = (-distance * math.cos(heading), -distance * math.sin(heading), height)
    placed.rotation_euler = (math.radians(88), 0, heading - math.pi / 2)
    scene.collection.objects.link(placed)
    scene.camera = placed

    mesh = bpy.data.meshes.new("Preview floor")
    tiles = 60
    grid = np.arange(-tiles // 2, tiles // 2 + 1) * 0.5
    x, y = np.meshgrid(grid, grid)
    points = np.stack([x, y, np.zeros_like(x)], -1).reshape(-1, 3)
    corner = (np.arange(tiles)[:, None] * (tiles + 1) + np.arange(tiles)).reshape(-1)
    faces = np.stack([corner, corner + 1, corner + tiles + 2, corner + tiles + 1], 1)
    mesh.from_pydata(points.tolist(), [], faces.tolist())
    for index, shade in enumerate((0.30, 0.36)):
        tile = bpy.data.materials.new(f"Preview tile {index}")
        tile.diffuse_color = (shade, shade * 1.03, shade * 1.08, 1)
        mesh.materials.append(tile)
    mesh.polygons.foreach_set("material_index", ((corner // (tiles + 1) + corner % (tiles + 1)) % 2).astype(np.int32))
    scene.collection.objects.link(bpy.data.objects.new("Preview floor", mesh))

    shading = scene.display.shading
    shading.light, shading.color_type = "STUDIO", "MATERIAL"
    shading.show_specular_highlight = False
    shading.show_shadows, shading.shadow_intensity = True, 0.35
    shading.show_cavity, shading.cavity_type = True, "WORLD"
    scene.display.render_aa = "FXAA"
    # The light comes from over the camera's left shoulder.
    turn = heading + math.radians(35)
    scene.display.light_direction = (-0.6 * math.cos(turn), -0.6 * math.sin(turn), 0.8)
    scene.world = bpy.data.worlds.new("Preview world")
    scene.world.color = (0.16, 0.19, 0.23)
    scene.view_settings.view_transform, scene.view_settings.exposure = "Standard", 0.9
    scene.render.engine = "BLENDER_WORKBENCH"
    scene.render.film_transparent = False
    scene.render.resolution_x, scene.render.resolution_y = job["preview_size"]
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "JPEG"
    scene.render.image_settings.quality = 95


def render(frames, folder: Path) -> None:
    scene = bpy.context.scene
    for index, frame in enumerate(frames):
        scene.frame_set(frame)
        scene.render.filepath = str(folder / f"{index:05d}.jpg")
        bpy.ops.render.render(write_still=True)
        progress("Rendering", index + 1, len(frames))


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    out = Path(job["out"])
    session = install(job)
    figures = capture(session, job)
    progress("Solving the take", 0, 1)
    bpy.ops.mocap.record_stop()
    bpy.ops.mocap.disconnect()
    take = session.last_take
    armature = bpy.context.scene.mocap.target
    files = {}
    for done, kind in enumerate(("GLB", "FBX", "BVH")):
        progress("Exporting", done, 4)
        files[kind] = str(out / f"take.{kind.lower()}")
        bpy.ops.mocap.export(filepath=files[kind], format=kind)
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "take.blend"), copy=True)
    progress("Exporting", 4, 4)

    times = np.array(job["times_s"])
    scene_frames = take.frames[0] + (times - take.times_s[0]) * job["fps"]
    np.savez(
        job["measured"],
        joints=limb_joints(armature, job["joints"], scene_frames),
        world_from_camera=take.world_from_camera,
        bones=np.array([bone.name for bone in armature.data.bones]),
        rest=np.array([np.array(bone.matrix_local) for bone in armature.data.bones]),
        lengths=np.array([bone.length for bone in armature.data.bones]),
    )
    if job["preview"]:
        light_the_stage(armature, take.world_from_camera, job)
        render([round(frame) for frame in scene_frames], Path(job["preview"]))
    say(
        result={
            "session": figures,
            "take": str(take.path),
            "take_seconds": take.seconds,
            "files": files,
            "blender": bpy.app.version_string,
        }
    )


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:  # what an operator reports
        raise SystemExit(str(error)) from None

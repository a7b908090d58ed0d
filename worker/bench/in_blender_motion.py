"""Blender's half of `mocap bench motion`. Runs as a process with the bpy wheel: `in_blender_motion.py JOB.json`.

Sends each scene's datagrams through real UDP to the installed extension, a frame a tick, while a take is recorded, and
saves the driven bones as Blender has evaluated them: after each tick, and in the finished take. Prints a line a scene.
"""

import json
import os
import socket
import sys
import time
from importlib import import_module
from pathlib import Path

import bpy
import numpy as np

RESEND_TICKS, PATIENCE_TICKS = 1000, 20_000
MODULE = "bl_ext.user_default.vitpose_live_mocap"


sys.path.insert(0, str(Path(__file__).with_name("rigs")))
from rigs import BUILDERS  # noqa: E402


def evaluated(armature, bones) -> np.ndarray:
    """World matrices (B, 4, 4) of pose bones, without scale."""
    pose = armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
    return unscaled(np.array(armature.matrix_world) @ np.array([pose[name].matrix for name in bones]))


def unscaled(matrices) -> np.ndarray:
    """Matrices (…, 4, 4) with axes of length 1."""
    matrices[..., :3, :3] /= np.linalg.norm(matrices[..., :3, :3], axis=-2, keepdims=True)
    return matrices


def play(session, lines: list[bytes], armature, bones) -> tuple[np.ndarray, np.ndarray]:
    """Ticks through the datagrams; the bones (F, B, 4, 4) after each, and the last rotation from camera to world.

    Before the first pose the character stands as it stood.
    """
    seen = np.empty((len(lines), len(bones), 4, 4))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for number, line in enumerate(lines):
            received, tries = session.link.counters.received, 0
            while session.link.counters.received == received:
                if tries % RESEND_TICKS == 0:  # UDP may lose it, also here
                    if tries == PATIENCE_TICKS:
                        raise SystemExit(f"datagram {number} did not arrive; {session.error}")
                    out.sendto(line, ("127.0.0.1", session.link.port))
                tries += 1
                time.sleep(0.0005)  # the receiving thread's turn
                session.tick()
            seen[number] = evaluated(armature, bones)
    return seen, session.world_from_camera


def replay(take, armature, bones) -> np.ndarray:
    """The finished take's bones (F, B, 4, 4), frame by frame."""
    scene = bpy.context.scene
    seen = np.empty((len(take.frames), len(bones), 4, 4))
    for row, frame in enumerate(take.frames):
        scene.frame_set(int(frame))
        seen[row] = evaluated(armature, bones)
    return seen


def measure(session, made, lines: list[bytes], out: Path) -> None:
    """One scene on one rig; see `main` for what is saved."""
    scene, armature = bpy.context.scene, made.armature
    for bone in armature.pose.bones:
        bone.matrix_basis.identity()
    scene.frame_set(1)
    parts = [part for part in import_module(f"{MODULE}.addon.core.bone_map").BODY_PARTS if part in made.bones]
    bones = [made.shown(part) for part in parts]
    at_rest = np.array([armature.data.bones[name].matrix_local for name in bones])
    rest = unscaled(np.array(armature.matrix_world) @ at_rest)
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    live, live_world = play(session, lines, armature, bones)
    stats = session.stats()
    bpy.ops.mocap.record_stop()
    bpy.ops.mocap.disconnect()
    take = session.last_take
    finished = replay(take, armature, bones)
    action = bpy.data.actions[take.action]
    armature.animation_data.action = None
    bpy.data.actions.remove(action)
    times = {f"tick_ms_{q}": stats["tick_ms"][q] for q in ("p50", "p95")}
    times |= {f"{s}_ms_{q}": stats["stages_ms"][s][q] for s in ("solve", "evaluate") for q in ("p50", "p95")}
    np.savez(
        out,
        bones=np.array(parts),
        rest=rest,
        live=live.astype(np.float32),
        live_world=live_world,
        take=finished.astype(np.float32),
        take_world=take.world_from_camera,
        times=json.dumps(times | {"take_ms_frame": 1e3 * take.seconds["solve"] / len(take.frames)}),
    )


def main() -> None:
    job = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.extensions.package_install_files(filepath=job["zip"], repo="user_default", enable_on_install=True)
    session = import_module(f"{MODULE}.addon.session").session
    unknown = [rig for rig in job["rigs"] if rig not in BUILDERS]
    if unknown:
        raise SystemExit(f"There is no rig {', '.join(unknown)}; there are {'; '.join(BUILDERS)}.")
    for rig in job["rigs"]:
        bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
        scene = bpy.context.scene
        scene.render.fps, scene.mocap.port = job["fps"], 0
        made = BUILDERS[rig](Path(job["out"]))
        scene.mocap.target = made.armature
        for number, (path, settings, every_rig) in enumerate(job["scenes"]):
            if not every_rig and rig != job["rigs"][0]:
                continue
            for name, value in {"level": "AUTO", **settings}.items():
                setattr(scene.mocap, name, value)
            lines = Path(path).read_bytes().splitlines()
            measure(session, made, lines, Path(job["out"]) / f"{rig}-{number}.npz")
            print(f"@scene {rig} {number}", flush=True)
    print(f"@done {bpy.app.version_string}", flush=True)
    os._exit(0)  # without Blender's clean-up, in which some wheels crash


if __name__ == "__main__":
    main()

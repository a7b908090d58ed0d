"""Times the add-on. Runs as a process with the bpy wheel: `in_blender_bench.py ZIP TRUTH.npz OUT.json`.

Each case sends the clip's true motion, over and over for a minute, through real UDP to the installed
extension, a packet a tick, while a take is recorded.
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

MODULE = "bl_ext.user_default.vitpose_live_mocap"
SECONDS, FPS = 60, 30
ARRIVAL_S = 0.002  # between sending and the tick: the receiving thread runs


def packets_of(protocol, truth, metric: bool):
    """A minute of packets: with joints in metres, or with keypoints alone, which the add-on then lifts."""
    world = truth["joints_world"][:, :17]
    camera_from_world = truth["camera_from_world"]
    camera = world @ camera_from_world[:3, :3].T + camera_from_world[:3, 3]
    width, height = (int(number) for number in truth["size"])
    for number in range(SECONDS * FPS):
        row = number % len(world)
        root = camera[row, 11:13].mean(0)
        meta = {"v": 1, "session": f"{metric}", "seq": number, "size": [width, height], "skeleton": "coco17"}
        joints = None
        if metric:
            joints = camera[row] - root
            meta |= {"units": "m", "root": root.round(4).tolist()}
        yield protocol.PosePacket(truth["keypoints"][row], np.full(17, 0.9), joints, number / FPS, meta)


def measure(session, packets, encode, name: str) -> list[dict]:
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for packet in packets:
            out.sendto(encode(packet), ("127.0.0.1", session.link.port))
            received = session.link.counters.received
            time.sleep(ARRIVAL_S)
            while session.link.counters.received == received:
                session.tick()
    stats = session.stats()
    bpy.ops.mocap.record_stop()
    bpy.ops.mocap.disconnect()
    stages = stats["stages_ms"]
    tick = {"name": f"tick/{name}", "packets": stats["received"]}
    for stage, figures in (("tick", stats["tick_ms"]), *stages.items()):
        tick |= {f"{stage}_ms_p50": figures["p50"], f"{stage}_ms_p95": figures["p95"]}
    take = session.last_take
    channels = len(session_curves(take.action))
    return [
        tick,
        {
            "name": f"take/{name}",
            "seconds": SECONDS,
            "frames": len(take.frames),
            "curves": channels,
            "solve_s": round(take.seconds["solve"], 4),
            "write_s": round(take.seconds["write"], 4),
        },
    ]


def session_curves(name: str):
    return import_module(f"{MODULE}.addon.action").curves(bpy.data.actions[name])


def measure_packets(protocol, packet) -> dict:
    """Encode and decode together, as an element of the way of a frame."""
    times = []
    for _ in range(2000):
        began = time.perf_counter()
        protocol.decode(protocol.encode_pose(packet))
        times.append((time.perf_counter() - began) * 1e3)
    p50, p95 = np.percentile(times, (50, 95))
    return {
        "name": "packet/encode and decode",
        "p50_ms": round(float(p50), 4),
        "p95_ms": round(float(p95), 4),
    }


def main() -> None:
    zip_path, truth_path, out = sys.argv[1:]
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.extensions.package_install_files(filepath=zip_path, repo="user_default", enable_on_install=True)
    session = import_module(f"{MODULE}.addon.session").session
    protocol = import_module(f"{MODULE}.addon.core.protocol")
    with np.load(truth_path) as data:
        truth = dict(data)
    scene = bpy.context.scene
    scene.render.fps, scene.mocap.port = FPS, 0
    bpy.ops.mocap.add_default_rig()
    cases = []
    for metric, name in ((True, "joints in metres"), (False, "keypoints alone")):
        cases += measure(session, packets_of(protocol, truth, metric), protocol.encode_pose, name)
    cases.append(measure_packets(protocol, next(packets_of(protocol, truth, True))))
    for case in cases:
        case["blender"] = bpy.app.version_string
    Path(out).write_text(json.dumps(cases), "utf-8")
    sys.stdout.flush()
    os._exit(0)  # without Blender's clean-up, in which some wheels crash


if __name__ == "__main__":
    main()

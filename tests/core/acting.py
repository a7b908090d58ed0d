"""Somebody in front of a camera, as packets, and what the solver makes of them."""

import numpy as np

from mocap_core.level import WORLD_FROM_CAMERA
from mocap_core.pipeline import State, solve_take, step
from mocap_core.protocol import PosePacket
from mocap_core.rotation import exp
from mocap_core.skeleton import BODY_INDEX
from mocap_core.solve import body_joints, forward

FPS = 30.0
HIPS = [BODY_INDEX["left_hip"], BODY_INDEX["right_hip"]]
ANKLES = [BODY_INDEX["left_ankle"], BODY_INDEX["right_ankle"]]


def camera(yaw_deg=30.0, pitch_deg=8.0, roll_deg=0.0):
    """(3, 3) from the world to the axes of a camera that looks along +Y, turned, pitched down and rolled."""
    tilt = exp(np.radians([pitch_deg, 0.0, 0.0])) @ exp(np.radians([0.0, 0.0, roll_deg]))
    return tilt @ WORLD_FROM_CAMERA.T @ exp(np.radians([0.0, 0.0, yaw_deg]))


def to_packets(joints_world, camera_from_world, root=True, start_s=0.0, session="a", fps=FPS, measured=True):
    """Packets with true metric joints; the first frame's hips stand 3.5 m before the camera."""
    hips = joints_world[:, HIPS].mean(axis=1)
    joints = (joints_world - hips[:, None])[:, :17] @ camera_from_world.T
    roots = (hips - hips[0]) @ camera_from_world.T + [0, 0, 3.5]
    packets = []
    for i, (frame, place) in enumerate(zip(joints, roots, strict=True)):
        meta = {"v": 1, "session": session, "seq": i, "units": "m", "root": place.tolist() if root else None}
        meta["measured"] = measured
        packets.append(PosePacket(np.zeros((17, 2)), np.ones(17), frame, start_s + i / fps, meta))
    return packets


def run_live(rig, settings, packets, state=None):
    state = state or State.initial()
    poses = []
    for packet in packets:
        state, pose = step(rig, settings, state, packet)
        poses.append(pose)
    return state, poses


def run_take(rig, settings, packets, times_s, stand=None):
    work = solve_take(rig, settings, packets, times_s, stand)
    progress = []
    while True:
        try:
            progress.append(next(work))
        except StopIteration as end:
            return end.value, progress


def joints_of(rig, poses):
    return body_joints(
        rig, forward(rig, np.stack([p.rotations for p in poses]), np.stack([p.hips_location for p in poses]))
    )

"""`mocap bench motion`: known motion through the installed extension in a headless Blender, and how right it came out.

Owns the scenes' way into Blender and back, and which figures make a case. Scenes are `motion_scenes`', figures
`motion_measures`', Blender's half `in_blender_motion`.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from mocap_core.protocol import encode_pose
from mocap_core.skeleton import ARM_LIMBS, LEG_LIMBS

from .. import extension
from ..demo.bench import BenchError
from ..demo.measure import constant_pose_deg, limb_directions
from ..training.motion import MotionError, load_clips
from . import motion_measures as measures
from . import motion_scenes as scenes
from .motion_scenes import FPS, Scene

RIGS = ("default",)
_LIMB = ("upper_arm", "lower_arm", "upper_leg", "lower_leg")  # of each side, in `LIMBS`' order

Progress = Callable[[str, int, int], None]


def measure_motion(
    full: bool, rigs: tuple[str, ...], settings: dict, progress: Progress, motion: Path | None = None
) -> Iterator[dict]:
    """The cases: each rig, actor and way of reporting, live and as a finished take. Raises BenchError."""
    if importlib.util.find_spec("bpy") is None:
        raise BenchError("Blender's bpy is not in this Python; run `uv run --python 3.11 mocap bench motion`.")
    try:
        clips = scenes.chosen(load_clips("test", motion), full)
    except MotionError as error:
        raise BenchError(f"{error}.") from None
    filmed: dict[str, list[Scene]] = {}
    for actor, lengths in scenes.ACTORS.items():
        filmed[actor] = [scenes.film(clip, lengths, seed) for seed, clip in enumerate(clips)]
    jumping = next(clip for clip in clips if "jumping" in clip.name)
    filmed["the character's proportions"].append(scenes.still(jumping, scenes.ADULT, len(clips)))
    cases = [
        (actor, report, [scenes.levelled(s) for s in filmed[actor]] if report == scenes.LEVEL else filmed[actor])
        for actor in filmed
        for report in scenes.REPORTS
        if actor == "the character's proportions" or report == "2D with 1% noise"
    ]
    packets = [
        scenes.packets_of(scene, report, 1000 + seed)
        for _, report, seen in cases
        for seed, scene in enumerate(seen)
    ]
    options = [
        settings | ({"level": "OFF"} if report == scenes.LEVEL else {}) for _, report, seen in cases for _ in seen
    ]
    with tempfile.TemporaryDirectory(prefix="mocap-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for number, sent in enumerate(packets):
            (folder / f"{number}.packets").write_bytes(b"\n".join(encode_pose(packet) for packet in sent))
        blender = _in_blender(folder, options, rigs, progress)
        for rig in rigs:
            number = 0
            for actor, report, seen in cases:
                found = []
                for _ in seen:
                    with np.load(folder / f"{rig}-{number}.npz") as data:
                        found.append(dict(data))
                    number += 1
                first = number - len(found)
                sent = packets[first:number]
                for stage in ("live", "take"):
                    case = {"name": f"{rig}/{actor}/{report}/{stage}", "blender": blender}
                    yield case | _figures(seen, found, sent, stage)


def _in_blender(folder: Path, options: list[dict], rigs, progress: Progress) -> str:
    """Runs all scenes, each with its settings of `scene.mocap`; returns Blender's version."""
    progress("Building the extension", 0, 1)
    try:
        zip_path = extension.build(folder / "zip")
    except extension.ExtensionError as error:
        raise BenchError(str(error)) from error
    job = {
        "zip": str(zip_path),
        "rigs": list(rigs),
        "scenes": [[str(folder / f"{number}.packets"), chosen] for number, chosen in enumerate(options)],
        "fps": FPS,
        "out": str(folder),
    }
    (folder / "job.json").write_text(json.dumps(job), "utf-8")
    environment = os.environ | {
        "BLENDER_USER_RESOURCES": str(folder / "blender"),
        "MOCAP_DATA": str(folder / "data"),
        "PYTHONUNBUFFERED": "1",
    }
    script = Path(__file__).with_name("in_blender_motion.py")
    done, version, said = 0, "", []
    with subprocess.Popen(
        [sys.executable, str(script), str(folder / "job.json")],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        try:
            for line in process.stdout:
                if line.startswith("@scene "):
                    done += 1
                    progress("Moving the character", done, len(options) * len(rigs))
                elif line.startswith("@done "):
                    version = line.split()[1]
                else:
                    said = [*said[-14:], line.rstrip()]
        except BaseException:
            process.terminate()
            raise
    if not version:
        raise BenchError(f"Blender ended with status {process.returncode}:\n" + "\n".join(said))
    return version


def _figures(filmed: list[Scene], found: list[dict], sent: list[list], stage: str) -> dict:
    """The metrics of one case over its scenes."""
    angle, by_action, frozen, others = [], {}, {}, {"planar": [], "first_system": []}
    lags, jumps, p_mpjpe, mpjpe, acceleration, sunk, tilt = 0.0, 0, [], [], [], [], []
    ours_m = truth_m = contact_s = 0.0
    drift, apex, out = [], [], {}
    for scene, run, packets in zip(filmed, found, sent, strict=True):
        bones = {str(bone): column for column, bone in enumerate(run["bones"])}
        matrices, world = run[stage].astype(float), run[f"{stage}_world"]
        columns = [bones[bone] for bone in measures.JOINT_BONES]
        joints = matrices[:, columns][..., :3, 3]
        turn = _about_vertical(scene, world)
        true_fine = scene.fine @ turn.T
        true = true_fine[::2]
        scale = _leg_m(run["rest"][columns]) / scene.leg_m
        true_joints = true[:, measures.JOINTS] * scale
        if scene.action == "standing still":
            steady = joints[round(measures.WARM_UP_S * FPS) :]
            out["jitter_mm"] = 1e3 * float(np.linalg.norm(np.diff(steady, axis=0), axis=-1).mean())
            out["jitter_mm_p95"] = 1e3 * float(np.percentile(np.linalg.norm(np.diff(steady, axis=0), axis=-1), 95))
            drift.append(np.linalg.norm((joints - joints[:1])[:, [3, 9]].mean(1), axis=-1).max())
            continue
        errors = measures.limb_errors_deg(measures.as_body(joints), true)
        directions = limb_directions(true)
        angle.append(errors)
        by_action.setdefault(scene.action, []).append(errors)
        frozen.setdefault(scene.action, []).append(np.full(len(errors), constant_pose_deg(directions)))
        for name, joints_camera in _readings(packets).items():
            others[name].append(
                measures.limb_errors_deg(joints_camera @ scene.camera[:3, :3] @ turn.T, true).mean(1)
            )
        limbs = [bones[bone] for bone in measures.limb_names()]
        jumps += measures.twist_jumps(matrices[:, limbs][..., :3, :3])
        lags = lags + measures.lag_s(
            limb_directions(measures.as_body(joints)), limb_directions(true_fine), 2 * FPS
        )
        p_mpjpe.append(measures.procrustes_m(joints, true_joints))
        mpjpe.append(np.linalg.norm(measures.centred(joints) - measures.centred(true_joints), axis=-1))
        acceleration.append(measures.acceleration_error_m(measures.centred(joints), measures.centred(true_joints)))
        standing = measures.contacts(measures.ankles_of(true_joints), FPS)
        ours_m += measures.skate_m(measures.ankles_of(joints), standing)
        truth_m += measures.skate_m(measures.ankles_of(true_joints), standing)
        contact_s += standing.sum() / FPS
        feet = [bones[f"{side}{bone}"] for side in ("left", "right") for bone in ("Foot", "Toes")]
        sunk.append(measures.penetration_m(matrices[:, feet][..., :3, 3], run["rest"][feet][:, :3, 3]))
        up = world @ scene.camera[:3, :3] @ [0.0, 0.0, 1.0]
        tilt.append(np.degrees(np.arccos(np.clip(up[2], -1, 1))))
        hips, true_hips = joints[:, [3, 9]].mean(1), true_joints[:, [3, 9]].mean(1)
        moved = (hips - hips[0]) - (true_hips - true_hips[0])
        drift.append(np.linalg.norm(moved[-1, :2]))
        if scene.action == "jumping":
            apex.append(np.ptp(hips[:, 2]) / np.ptp(true_hips[:, 2]))
    errors = np.concatenate(angle)
    figures = {"frames": len(errors), "bone_angle_deg": errors.mean()}
    figures["bone_angle_deg_actions"] = np.mean([np.concatenate(e).mean() for e in by_action.values()])
    figures |= {"bone_angle_deg_arm": errors[:, ARM_LIMBS].mean(), "bone_angle_deg_leg": errors[:, LEG_LIMBS].mean()}
    for column, limb in enumerate(_LIMB):
        figures[f"bone_angle_deg_{limb}"] = errors[:, [column, column + 4]].mean()
    for action, found_errors in by_action.items():
        figures[f"bone_angle_deg_{action}"] = np.concatenate(found_errors).mean()
        figures[f"constant_pose_deg_{action}"] = np.concatenate(frozen[action]).mean()
    constant = [np.concatenate(degrees) for degrees in frozen.values()]
    figures["constant_pose_deg"] = np.concatenate(constant).mean()
    figures["constant_pose_deg_actions"] = np.mean([degrees.mean() for degrees in constant])
    figures["first_system_deg"] = np.nanmean(np.concatenate(others["first_system"]))
    figures["planar_deg"] = np.nanmean(np.concatenate(others["planar"]))
    figures["level_error_deg"] = np.mean(tilt)
    figures["mpjpe_mm"] = 1e3 * np.concatenate(mpjpe).mean()
    figures["p_mpjpe_mm"] = 1e3 * np.concatenate(p_mpjpe).mean()
    figures["acceleration_error_mm"] = 1e3 * np.concatenate(acceleration).mean()
    figures["twist_jumps_per_1000"] = 1e3 * jumps / len(errors)
    figures["foot_skate_cm_s"] = 100 * ours_m / contact_s
    figures["true_foot_travel_cm_s"] = 100 * truth_m / contact_s
    figures["contact_s"] = contact_s
    figures["penetration_cm_p95"] = 100 * np.percentile(np.concatenate(sunk), 95)
    figures["root_drift_m"] = np.mean(drift)
    figures["jump_apex_ratio"] = np.mean(apex)
    figures["lag_ms"] = 2.0 * int(np.argmin(lags))
    figures |= {name: float(value) for name, value in out.items()}
    if stage == "live":
        times = [json.loads(str(run["times"])) for run in found]
        for name in times[0]:
            figures[name] = np.median([t[name] for t in times])
    return {name: round(float(value), 3) if name != "frames" else value for name, value in figures.items()}


def _readings(packets: list) -> dict[str, np.ndarray]:
    """What to compare with, from the same keypoints: joints (F, 17, 3) in camera axes."""
    keypoints = np.array([packet.keypoints for packet in packets])
    lost = np.array([packet.scores for packet in packets]) <= 0
    for row in range(1, len(keypoints)):  # a joint that was lost stays where it was
        keypoints[row, lost[row]] = keypoints[row - 1, lost[row]]
    return {"planar": scenes.planar(keypoints), "first_system": scenes.first_systems_depth(keypoints)}


def _about_vertical(scene: Scene, world_from_camera: np.ndarray) -> np.ndarray:
    """(3, 3) about z, from the truth's world to the rig's: where the character faced at first is a choice.

    As in the demo's measure, the two are laid over each other by the direction in which the known camera looks.
    """
    true, rig = scene.camera[2, :3], world_from_camera[:, 2]
    turn = np.arctan2(rig[1], rig[0]) - np.arctan2(true[1], true[0])
    c, s = np.cos(turn), np.sin(turn)
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def _leg_m(rest: np.ndarray) -> float:
    """Length of the legs of a rig at rest, whose bones are `JOINT_BONES`."""
    heads = rest[:, :3, 3]
    legs = [np.linalg.norm(heads[a] - heads[b]) for a, b in ((3, 4), (4, 5), (9, 10), (10, 11))]
    return float(sum(legs) / 2)

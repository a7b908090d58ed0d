"""The metrics of a case of `mocap bench motion`: several scenes, one rig, live or as a take. Arrays in, numbers out."""

from __future__ import annotations

import json

import numpy as np

from mocap_core.skeleton import ARM_LIMBS, LEG_LIMBS

from ..demo.measure import constant_pose_deg, limb_directions
from . import motion_measures as measures
from . import motion_scenes as scenes
from .motion_scenes import FPS, Scene

_LIMB = ("upper_arm", "lower_arm", "upper_leg", "lower_leg")  # of each side, in `LIMBS`' order


def figures(filmed: list[Scene], found: list[dict], sent: list[list], stage: str) -> dict:
    """The metrics of one case over its scenes: what Blender's half found, and the packets that were sent.

    stage: "live" or "take".
    """
    angle, by_action, frozen, others = [], {}, {}, {"planar": [], "first_system": []}
    lags, jumps, p_mpjpe, mpjpe, acceleration, sunk, tilt = 0.0, 0, [], [], [], [], []
    ours_m = truth_m = contact_s = 0.0
    drift, apex, out = [], [], {}
    for scene, run, packets in zip(filmed, found, sent, strict=True):
        bones = {str(bone): column for column, bone in enumerate(run["bones"])}
        matrices, world = run[stage].astype(float), run[f"{stage}_world"]
        columns = [bones[bone] for bone in measures.JOINT_BONES]
        joints = matrices[:, columns][..., :3, 3]
        turn = about_vertical(scene, world)
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
            others[name].append(measures.limb_errors_deg(joints_camera @ scene.camera[:3, :3] @ turn.T, true).mean(1))
        limbs = [bones[bone] for bone in measures.limb_names()]
        jumps += measures.twist_jumps(matrices[:, limbs][..., :3, :3])
        lags = lags + measures.lag_s(limb_directions(measures.as_body(joints)), limb_directions(true_fine), 2 * FPS)
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
    case = {"frames": len(errors), "bone_angle_deg": errors.mean()}
    case["bone_angle_deg_actions"] = np.mean([np.concatenate(e).mean() for e in by_action.values()])
    case |= {"bone_angle_deg_arm": errors[:, ARM_LIMBS].mean(), "bone_angle_deg_leg": errors[:, LEG_LIMBS].mean()}
    for column, limb in enumerate(_LIMB):
        case[f"bone_angle_deg_{limb}"] = errors[:, [column, column + 4]].mean()
    for action, found_errors in by_action.items():
        case[f"bone_angle_deg_{action}"] = np.concatenate(found_errors).mean()
        case[f"constant_pose_deg_{action}"] = np.concatenate(frozen[action]).mean()
    constant = [np.concatenate(degrees) for degrees in frozen.values()]
    case["constant_pose_deg"] = np.concatenate(constant).mean()
    case["constant_pose_deg_actions"] = np.mean([degrees.mean() for degrees in constant])
    case["first_system_deg"] = np.nanmean(np.concatenate(others["first_system"]))
    case["planar_deg"] = np.nanmean(np.concatenate(others["planar"]))
    case["level_error_deg"] = np.mean(tilt)
    case["mpjpe_mm"] = 1e3 * np.concatenate(mpjpe).mean()
    case["p_mpjpe_mm"] = 1e3 * np.concatenate(p_mpjpe).mean()
    case["acceleration_error_mm"] = 1e3 * np.concatenate(acceleration).mean()
    case["twist_jumps_per_1000"] = 1e3 * jumps / len(errors)
    case["foot_skate_cm_s"] = 100 * ours_m / contact_s
    case["true_foot_travel_cm_s"] = 100 * truth_m / contact_s
    case["contact_s"] = contact_s
    case["penetration_cm_p95"] = 100 * np.percentile(np.concatenate(sunk), 95)
    case["root_drift_m"] = np.mean(drift)
    case["jump_apex_ratio"] = np.mean(apex)
    case["lag_ms"] = 2.0 * int(np.argmin(lags))
    case |= {name: float(value) for name, value in out.items()}
    if stage == "live":
        times = [json.loads(str(run["times"])) for run in found]
        for name in times[0]:
            case[name] = np.median([t[name] for t in times])
    return {name: round(float(value), 3) if name != "frames" else value for name, value in case.items()}


def _readings(packets: list) -> dict[str, np.ndarray]:
    """What to compare with, from the same keypoints: joints (F, 17, 3) in camera axes."""
    keypoints = np.array([packet.keypoints for packet in packets])
    lost = np.array([packet.scores for packet in packets]) <= 0
    for row in range(1, len(keypoints)):  # a joint that was lost stays where it was
        keypoints[row, lost[row]] = keypoints[row - 1, lost[row]]
    return {"planar": scenes.planar(keypoints), "first_system": scenes.first_systems_depth(keypoints)}


def about_vertical(scene: Scene, world_from_camera: np.ndarray) -> np.ndarray:
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

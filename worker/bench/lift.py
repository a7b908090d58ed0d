"""`mocap bench lift`: from keypoints to joints in metres, by action and by what the keypoints suffer from.

Everything goes through `Lifter.lift`, frame by frame, as a capture does. Cases of one condition share a name:
`lift/CONDITION/ACTION`, and `…/frames` and `…/actions` for the means over all frames and over the actions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mocap_core.lift import NOMINAL_HEIGHT_M, Lifter
from mocap_core.skeleton import ARM_LIMBS

from ..demo.measure import angles_deg, constant_pose_deg, limb_directions
from ..training.lifter_people import action_of
from ..training.motion import Clip
from . import lift_shots
from .lift_measures import errors
from .lift_shots import FPS, WARM_UP, Shot
from .motion_scenes import first_systems_depth


@dataclass(frozen=True)
class Condition:
    """What is done to the true keypoints, and how people are framed."""

    name: str
    spoil: Callable | None
    framing: str = "whole"

    @property
    def keypoints(self) -> str:
        return "true" if self.spoil is None else "true, spoilt"


CONDITIONS = (
    Condition("true 2D", None),
    Condition("white noise 1%", lift_shots.white(0.01)),
    Condition("white noise 2%", lift_shots.white(0.02)),
    Condition("detector's noise 1%", lift_shots.like_a_detector(0.01)),
    Condition("gaps, white noise 1%", lift_shots.gaps),
    Condition("upper body, white noise 1%", lift_shots.white(0.01), "upper"),
)


def measure_lift(clips: list[Clip], weights: Path | None = None, seed: int = 0) -> Iterator[dict]:
    """Cases of every condition on the clips. weights: those that ship if None. Raises LiftError."""
    lifter = Lifter(weights)
    frames = frames_by_action(clips)
    constant = constant_by_action(clips)
    for number, condition in enumerate(CONDITIONS):
        rng = np.random.default_rng([seed, number])
        found: dict[str, list[dict]] = {}
        for shot in lift_shots.shots(clips, seed, condition.framing):
            if condition.spoil is not None:
                shot = condition.spoil(rng, shot)
            found.setdefault(shot.action, []).append(of_shot(lifter, shot, condition.framing == "upper"))
        actions = {name: means(parts) for name, parts in found.items()}
        if condition.framing == "whole":
            for name, figures in actions.items():
                figures["constant_pose_deg"] = constant[name]
        yield from with_means(condition.name, condition.keypoints, actions, frames)


def of_shot(lifter: Lifter, shot: Shot, upper: bool = False) -> dict[str, np.ndarray]:
    """Errors of the counted frames, of people scaled to the nominal height; arms and torso alone for `upper`.

    Of a close-up the joints within the picture count.
    """
    joints = lift_all(lifter, shot.keypoints, shot.scores, shot.size, np.arange(len(shot.keypoints)) / FPS)[WARM_UP:]
    truth = shot.joints_camera[WARM_UP:] * NOMINAL_HEIGHT_M / shot.height_m
    out = errors(joints, truth)
    rule = limb_directions(first_systems_depth(shot.keypoints[WARM_UP:]))
    out["depth_rule_deg"] = angles_deg(rule, limb_directions(truth))
    if upper:
        seen = shot.scores[WARM_UP:] > 0
        shown = np.stack([seen[:, [s, e]].all(1) for s, e in ((5, 7), (7, 9), (6, 8), (8, 10))], 1)
        arms = {"bone_angle_deg_arm": out["bone_angle_deg_arm"], "depth_rule_deg": out["depth_rule_deg"][:, ARM_LIMBS]}
        return {name: np.where(shown, value, np.nan) for name, value in arms.items()} | {
            "torso_angle_deg": out["torso_angle_deg"],
            "acceleration_error_mm": out["acceleration_error_mm"][:, 5:11],
        }
    return out


def lift_all(lifter: Lifter, keypoints, scores, size, times_s) -> np.ndarray:
    """Joints (T, 17, 3) of one person's frames in order, from a lifter that is made to forget who was before."""
    lifter.reset()
    frames = zip(keypoints, scores, times_s, strict=True)
    return np.stack([lifter.lift(k, s, size, float(t)).joints_camera for k, s, t in frames])


def means(parts: list[dict[str, np.ndarray]]) -> dict[str, float]:
    """The mean of each error over all frames and joints of several shots."""
    return {name: float(np.nanmean(np.concatenate([p[name].ravel() for p in parts]))) for name in parts[0]}


def with_means(condition: str, keypoints: str, actions: dict[str, dict], frames: dict[str, int]) -> list[dict]:
    """The cases of a condition: its actions', and the means over all frames and over the actions."""
    names = sorted(actions)
    rows = {name: actions[name] for name in names}
    share = [frames[name] for name in names]
    for title, weight in (("frames", share), ("actions", None)):
        rows[title] = {
            key: float(np.average([actions[name][key] for name in names], weights=weight)) for key in actions[names[0]]
        }
    return [
        {"name": f"lift/{condition}/{title}", "keypoints": keypoints}
        | {key: round(value, 2) for key, value in figures.items()}
        for title, figures in rows.items()
    ]


def frames_by_action(clips: list[Clip]) -> dict[str, int]:
    frames: dict[str, int] = {}
    for clip in clips:
        frames[action_of(clip.name)] = frames.get(action_of(clip.name), 0) + len(clip.joints_body)
    return frames


def constant_by_action(clips: list[Clip]) -> dict[str, float]:
    """Limb errors of the best frozen pose of each clip in the world, in degrees, by action."""
    found: dict[str, list[tuple[float, int]]] = {}
    for clip in clips:
        angle = constant_pose_deg(limb_directions(clip.joints_body.astype(float)))
        found.setdefault(action_of(clip.name), []).append((angle, len(clip.joints_body)))
    return {name: float(np.average([a for a, _ in rows], weights=[n for _, n in rows])) for name, rows in found.items()}

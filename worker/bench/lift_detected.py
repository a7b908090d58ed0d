"""The lifter behind the ViTPose that ships: the demo's clip, and test clips drawn with our character.

Both show the character that ViTPose was trained on, in motion and surroundings that it was not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mocap_core.lift import Lifter
from mocap_core.skeleton import COCO_COUNT
from mocap_core.solve import fit, forward

from .. import people
from ..backends import load_backend
from ..demo import video
from ..demo.measure import constant_pose_deg, limb_directions
from ..demo.run import Truth, clip_path
from ..training.gltf import read_character
from ..training.lifter_people import action_of
from ..training.motion import Clip
from ..training.pictures import limb_colours, simplified
from ..training.poses import character_rig, landmark_points, read_landmarks
from ..training.render import Camera, Renderer
from ..training.scene import Person, look_at, noise_picture, sample_scene, turn_z
from .lift import frames_by_action, lift_all, means, with_means
from .lift_measures import errors
from .lift_shots import FPS, WARM_UP

SIZE = (640, 480)
_FRAMES = 75  # of a drawn sequence, at most
_SEQUENCES = 2  # an action
_HARDNESS = 0.5
_NOISE = 2.0  # grey levels


@dataclass(frozen=True)
class Filmed:
    """A sequence with its truth: joints_camera (T, 17, 3) m, true_keypoints (T, 17, 2) px; keypoints (T, 17, 2) px and
    scores (T, 17) as detected, NaN and 0 where nobody was found."""

    times_s: np.ndarray
    size: tuple[int, int]
    joints_camera: np.ndarray
    true_keypoints: np.ndarray
    keypoints: np.ndarray
    scores: np.ndarray
    constant_pose_deg: float


def measure_detected(clips: list[Clip], weights: Path | None = None, device: str = "auto") -> Iterator[dict]:
    """Cases with detected and, beside them, with true keypoints. Raises LiftError, BackendError, CheckpointError and,
    where nothing can be drawn, RenderError or ImportError; the demo's clip comes first."""
    lifter, backend = Lifter(weights), load_backend(device=device)
    demo = demo_clip(backend)
    for kind in ("detected", "true"):
        figures = {metric: round(value, 2) for metric, value in _figures(lifter, [demo], kind).items()}
        yield {"name": f"lift/demo's clip/{kind} 2D", "keypoints": kind} | figures
    filmed = drawn(clips, backend)
    for kind in ("detected", "true"):
        actions = {action: _figures(lifter, sequences, kind) for action, sequences in filmed.items()}
        yield from with_means(f"drawn, {kind} 2D", kind, actions, frames_by_action(clips))


def _figures(lifter: Lifter, filmed: list[Filmed], kind: str) -> dict[str, float]:
    """Mean errors over sequences, of their "detected" or "true" keypoints."""
    parts = []
    for f in filmed:
        given = (f.keypoints, f.scores) if kind == "detected" else (f.true_keypoints, np.ones_like(f.scores))
        joints = lift_all(lifter, *given, f.size, f.times_s)
        off_px = np.linalg.norm(given[0] - f.true_keypoints, axis=-1)
        parts.append(errors(joints[WARM_UP:], f.joints_camera[WARM_UP:]) | {"keypoint_error_px": off_px[WARM_UP:]})
    constant = np.average([f.constant_pose_deg for f in filmed], weights=[len(f.times_s) for f in filmed])
    return means(parts) | {"constant_pose_deg": float(constant)}


def demo_clip(backend) -> Filmed:
    """The clip that ships, detected as a capture does."""
    truth = Truth.load()
    turn, shift = truth.camera_from_world[:3, :3], truth.camera_from_world[:3, 3]
    joints = truth.joints_world[:, :COCO_COUNT].astype(float)
    found = detect(backend, video.read(clip_path()), tuple(truth.size.tolist()))
    constant = constant_pose_deg(limb_directions(joints))
    size, keypoints = tuple(truth.size.tolist()), truth.keypoints.astype(float)
    return Filmed(truth.times_s, size, joints @ turn.T + shift, keypoints, *found, constant)


def detect(backend, frames: Iterable[tuple[float, np.ndarray]], size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints (T, 17, 2) px and scores (T, 17) of the one person in frames (time in s, picture), followed."""
    state = people.start(size)
    found = []
    for time_s, picture in frames:
        looks = people.looks(state, time_s)
        keypoints, scores = backend.infer(picture, np.array([look.box for look in looks]).reshape(-1, 4))
        state = people.follow(state, looks, keypoints, scores, time_s)
        row = state.seen.get(0)
        nobody = np.full((COCO_COUNT, 2), np.nan), np.zeros(COCO_COUNT)
        found.append(nobody if row is None else (keypoints[row, :COCO_COUNT], scores[row, :COCO_COUNT]))
    keypoints, scores = zip(*found, strict=True)
    return np.array(keypoints, float), np.array(scores, float)


def drawn(clips: list[Clip], backend, seed: int = 0) -> dict[str, list[Filmed]]:
    """Sequences of every action, drawn in scenes of a seed that no training uses."""
    assets = Path(__file__).resolve().parents[2] / "addon" / "assets"
    character = read_character(assets / "default_model.glb")
    marks = read_landmarks(assets / "default_model.landmarks.json", character)
    renderer = Renderer(simplified(character, 0.008), SIZE, 1.5)
    rig = character_rig(character)
    out: dict[str, list[Filmed]] = {}
    for action in sorted({action_of(clip.name) for clip in clips}):
        own = [clip for clip in clips if action_of(clip.name) == action]
        for number in range(_SEQUENCES):
            rng = np.random.default_rng([2_000_003, seed, len(out), number])
            clip = own[rng.integers(len(own))]
            joints = clip.joints_body[:: round(clip.fps / FPS)].astype(float)
            start = rng.integers(max(1, len(joints) - _FRAMES + 1))
            bones = forward(rig, *fit(rig, joints[start : start + _FRAMES]))
            out.setdefault(action, []).append(_film(rng, character, marks, renderer, bones, backend))
    return out


def _film(rng: np.random.Generator, character, marks, renderer: Renderer, bones: np.ndarray, backend) -> Filmed:
    """One sequence: (T, B, 4, 4) posed bones before a still webcam, turned at most 60° from it in the middle."""
    points = landmark_points(bones, marks)
    place = np.eye(4)
    across = (points[len(points) // 2, 11] - points[len(points) // 2, 12])[:2]
    place[:3, :3] = turn_z(rng.uniform(-np.pi / 3, np.pi / 3) - np.arctan2(across[1], across[0]))
    low, high = (points @ place[:3, :3].T).min((0, 1)), (points @ place[:3, :3].T).max((0, 1))
    place[:3, 3] = [*-(low + high)[:2] / 2, -np.percentile(points[..., 2].min(1), 25) + 0.03]
    bones = place @ bones
    points = landmark_points(bones, marks)[:, :COCO_COUNT]
    focal = SIZE[0] / 2 / np.tan(np.radians(rng.uniform(50, 70)) / 2)
    middle, eye_m = (np.array(SIZE) - 1) / 2, rng.uniform(0.9, 1.7)
    distance = 2.0
    while True:
        view = look_at(np.array([0.0, -distance, eye_m]), np.array([0.0, 0.0, 0.95]), np.radians(rng.normal(0, 2)))
        camera = Camera(view, (focal, focal, *middle), (0, 0, SIZE[0] - 1, SIZE[1] - 1))
        pixels, depth = camera.project(points.reshape(-1, 3))
        if (depth > 0.3).all() and (np.abs(pixels - middle) < 0.47 * np.array(SIZE)).all():
            break
        distance += 0.1
    colours = np.clip(character.colours.astype(float) * np.exp(rng.normal(0, 0.08, (len(character.colours), 1))), 0, 1)
    palette = colours[rng.choice(len(colours), 8, p=limb_colours(character)), :3]
    scene = sample_scene(rng, Person(bones[0], points[0], colours, palette), camera, noise_picture(rng), _HARDNESS)

    def pictures():
        for i, posed in enumerate(bones):
            picture, _ = renderer.draw(replace(scene, bones=posed))
            noisy = picture + rng.normal(0, _NOISE, picture.shape)
            yield i / FPS, np.clip(np.rint(noisy), 0, 255).astype(np.uint8)

    joints = points @ view[:3, :3].T + view[:3, 3]
    keypoints, scores = detect(backend, pictures(), SIZE)
    return Filmed(
        np.arange(len(bones)) / FPS, SIZE, joints, pixels.reshape(*points.shape[:2], 2), keypoints, scores,
        constant_pose_deg(limb_directions(points)),
    )  # fmt: skip

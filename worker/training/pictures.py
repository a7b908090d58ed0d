"""Labelled pictures of synthetic people: crops as the network gets them, with keypoints and body parts.

Owns putting the person into the scene and deciding what is visible. `draw(index)` is a pure function of the source's
options, index and hardness.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mocap_core.skeleton import COCO17, HUMANOID

from .blender import BlenderRenderer
from .chance import Chance
from .gltf import Character, CharacterError, read_character
from .people import DefaultPeople, Person, VariedPeople
from .pile import turn_z
from .poses import SEATED, PoseBank, pose_bank, read_landmarks
from .render import PARTS, Camera, Drawing, Renderer
from .scene import Places, bystanders
from .surroundings import surroundings
from .viewpoint import crop, sample_crop, sample_frame
from .wardrobe import lighter, wardrobe
from .webcam import webcam

#: Which world this is: raised whenever the same seed draws something else.
GENERATOR = 1

#: A keypoint is seen where one of these parts is drawn over it.
SEEN_ON = {
    "shoulder": ("torso", "{}_upper_arm"),
    "elbow": ("{}_upper_arm", "{}_forearm"),
    "wrist": ("{}_forearm", "{}_hand"),
    "hip": ("torso", "{}_thigh"),
    "knee": ("{}_thigh", "{}_shin"),
    "ankle": ("{}_shin", "{}_foot"),
}


@dataclass(frozen=True)
class Picture:
    """image: (H, W, 3) RGB uint8. keypoints: (17, 2) px. visibility: (17,) as COCO's: 2 seen, 1 hidden,
    0 out of the camera's frame or nobody there. parts: (H, W) uint8, indices in render.PARTS. about: the action, the
    body and what it wears by name, `yaw_deg` (0 faces the camera, 90 shows the left side), whether the frame cuts the
    person off (`truncated`), and the camera's frame in the picture, xyxy px."""

    image: np.ndarray
    keypoints: np.ndarray
    visibility: np.ndarray
    parts: np.ndarray
    about: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Shown:
    """One person in a frame. keypoints: (17, 2) px; visibility: (17,) as COCO's; mask: (H, W) bool, where it is seen;
    joints_camera: (17, 3) metres in the camera's axes; about: as a Picture's."""

    keypoints: np.ndarray
    visibility: np.ndarray
    mask: np.ndarray
    joints_camera: np.ndarray
    about: dict


@dataclass(frozen=True)
class Frame:
    """A camera's whole frame. image: (H, W, 3) RGB uint8; people: those of whom something is seen."""

    image: np.ndarray
    people: tuple[Shown, ...]
    camera: Camera


class PictureSource:
    """Draws pictures of the character, or of varied people on its skeleton.

    size: (width, height) px. poses: how many the bank holds. split: which clips they come from. people: "default" or
    "varied"; default_share: how many of the varied people are the character instead. held_out: draws the people
    and places that are kept for validation, otherwise all the others. grow: how much larger than the person's keypoints
    every crop is; None for crops as the worker makes them. facing: how many people look towards the camera, the others
    anywhere; None for as many as hardness says. renderer: "opengl", or "blender", which draws the same scenes and takes
    no oversample and cells_m.
    """

    def __init__(
        self,
        character: Path,
        landmarks: Path,
        size: tuple[int, int],
        poses: int = 40000,
        split: str = "train",
        mix: float = 1.0,
        seed: int = 0,
        oversample: float = 2.0,
        cells_m: float = 0.008,
        folder: Path = Path("runs"),
        motion: Path | None = None,
        people: str = "default",
        default_share: float = 0.0,
        held_out: bool = False,
        grow: float | None = None,
        facing: float | None = None,
        renderer: str = "opengl",
    ) -> None:
        if renderer not in ("opengl", "blender"):
            raise CharacterError(f"renderer={renderer!r} is neither 'opengl' nor 'blender'")
        if people not in ("default", "varied"):
            raise CharacterError(f"people={people!r} is neither 'default' nor 'varied'")
        self.character: Character = read_character(character)
        marks = read_landmarks(landmarks, self.character)
        self.bank: PoseBank = pose_bank(self.character, marks, poses, split, 0, mix, folder, motion)
        self._default = DefaultPeople(self.character, marks)
        self._default_share = 1.0 if people == "default" else default_share
        self._varied, clothes = None, None
        if people == "varied":
            missing = set(HUMANOID) - set(self.character.bones)
            if missing:
                raise CharacterError(f"{character}: varied people need the bones {', '.join(sorted(missing))} too")
            self._varied = VariedPeople(self.character, marks, held_out)
            clothes = wardrobe(self.character.bones, folder)
        around = surroundings(folder, held_out)
        self.places = Places(around, self._default.skeleton, held_out)
        if renderer == "blender":
            self.renderer = BlenderRenderer(character, self.character, size, clothes, around)
        else:
            self.renderer = Renderer(
                simplified(self.character, cells_m) if cells_m else self.character,
                size,
                oversample,
                lighter(clothes, cells_m) if clothes and cells_m else clothes,
                around,
            )
        self.size, self.seed, self._grow, self._facing = tuple(size), seed, grow, facing

    def draw(self, index: int, hardness: float = 1.0) -> Picture:
        """The picture of this index; hardness 0…1."""
        c = Chance(np.random.default_rng([self.seed, index]))
        empty = c.yes(0.03 * hardness)
        person = self._person(c, hardness)
        frame_camera, frame = sample_frame(c, person.keypoints, hardness)
        view = sample_crop(c, frame_camera, frame, person.keypoints, self.size, hardness, self._grow)
        camera = view.camera
        others = bystanders(c, lambda c: self._person(c, hardness), camera.eye, person, hardness)
        drawing = self.renderer.draw(self.places.scene(c, person, camera, hardness, others, empty))
        shown = show(person, 1, camera, drawing)
        image = webcam(c, drawing.image, hardness, view.pixel)
        x0, y0, x1, y1 = (int(np.ceil(v)) for v in np.clip(camera.frame, -1, 1e4))
        image[: max(0, y0)], image[:, : max(0, x0)], image[y1:], image[:, x1:] = 0, 0, 0, 0
        parts = np.where(shown.mask, drawing.parts, 0).astype(np.uint8)
        about = shown.about | {"frame": (x0, y0, x1, y1)}
        return Picture(image, shown.keypoints, shown.visibility, parts, about)

    def frame(self, index: int, hardness: float = 1.0, longest: int = 640) -> Frame:
        """The whole frame of this index, its longer side at most `longest` px."""
        c = Chance(np.random.default_rng([self.seed, index, 1]))
        empty = c.yes(0.03 * hardness)
        person = self._person(c, hardness)
        full, (width, height) = sample_frame(c, person.keypoints, hardness)
        scale = min(1.0, longest / max(width, height))
        size = (round(width * scale), round(height * scale))
        camera = crop(full, (width, height), np.array([0, 0, width - 1, height - 1], float), size).camera
        others = bystanders(c, lambda c: self._person(c, hardness), camera.eye, person, hardness, share=0.6)
        drawing = self.renderer.draw(self.places.scene(c, person, camera, hardness, others, empty), size)
        image = webcam(c, drawing.image, hardness)
        shown = () if empty else tuple(show(p, k, camera, drawing) for k, p in enumerate((person, *others), 1))
        return Frame(image, tuple(p for p in shown if p.mask.any()), camera)

    def _person(self, c: Chance, hardness: float) -> Person:
        """Somebody about the origin."""
        row = c.whole(0, len(self.bank))
        action = self.bank.actions[self.bank.action[row]]
        facing, most = self._facing, np.pi
        if facing is None:
            facing, most = 0.45 - 0.15 * hardness, np.radians(60 + 120 * min(1.0, hardness / 0.6))
        yaw = c.between(-np.pi / 3, np.pi / 3) if c.yes(facing) else c.between(-most, most)
        rotations = turn_z(yaw) @ self.bank.rotations(row)
        lowest = c.between(0, 0.35) if c.yes(0.08) and action != SEATED else 0.0
        people = self._varied
        if people is None or (self._default_share and c.yes(self._default_share)):
            people = self._default
        person = people(c.rng, rotations, hardness, lowest)
        person.names["action"] = action
        return person


def show(person: Person, number: int, camera: Camera, drawing: Drawing) -> Shown:
    """What is seen of the person who has this number in what was drawn."""
    keypoints, depth = camera.project(person.keypoints)
    mask = drawing.people == number
    visibility = np.zeros(len(COCO17), np.uint8)
    if mask.any():
        visibility = visible(keypoints, depth, camera.frame, drawing, number)
    joints = person.keypoints @ camera.view[:3, :3].T + camera.view[:3, 3]
    front, away = person.bones[0, :2, 2], camera.eye[:2] - person.bones[0, :2, 3]
    yaw = np.degrees(np.arctan2(front[0], front[1]) - np.arctan2(away[0], away[1]))
    truncated = bool((visibility == 0).any()) and mask.any()
    about = {**person.names, "yaw_deg": float((yaw + 180) % 360 - 180), "truncated": bool(truncated)}
    return Shown(keypoints.astype(np.float32), visibility, mask, joints.astype(np.float32), about)


def visible(keypoints: np.ndarray, depth_m: np.ndarray, frame, drawing: Drawing, person: int = 1) -> np.ndarray:
    """(17,) COCO's visibility of a person's keypoints (17, 2) px at depths (17,) in what was drawn.

    Seen, 2, is where the first thing that the camera meets is the joint's own limb; for the face's points, the head at
    the point's own depth.
    """
    x0, y0, x1, y1 = frame
    height, width = drawing.parts.shape
    out = np.zeros(len(COCO17), np.uint8)
    for i, name in enumerate(COCO17):
        x, y = keypoints[i]
        if depth_m[i] < 0.05 or not (x0 <= x <= x1 and y0 <= y <= y1):
            continue
        out[i] = 1
        column, row = round(x), round(y)
        if not (0 <= column < width and 0 <= row < height):
            continue
        if i < 5:
            about = slice(max(row - 1, 0), row + 2), slice(max(column - 1, 0), column + 2)
            face = (drawing.people[about] == person) & (drawing.parts[about] == PARTS.index("head"))
            seen = (face & (np.abs(drawing.depth[about] - depth_m[i]) < _FACE_DEPTH_M)).any()
        else:
            side, joint = name.split("_")
            own = [part.format(side) for part in SEEN_ON[joint]]
            seen = drawing.people[row, column] == person and PARTS[drawing.parts[row, column]] in own
        out[i] += seen
    return out


#: How far before a point of the face its skin may be.
_FACE_DEPTH_M = 0.03


def simplified(character: Character, cell_m: float) -> Character:
    """A lighter character for small pictures: vertices of one material and bone within a cell become one."""
    c = character
    bone = c.joints[np.arange(len(c.joints)), c.weights.argmax(1)]
    key = np.column_stack([np.floor(c.positions / cell_m).astype(np.int64), c.material, bone])
    _, first, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.reshape(-1)
    triangles = inverse[c.triangles]
    a, b, d = triangles.T
    triangles = triangles[(a != b) & (b != d) & (a != d)]
    count = np.bincount(inverse)[:, None]

    def mean(values):
        out = np.stack([np.bincount(inverse, values[:, k]) for k in range(values.shape[1])], 1)
        return (out / count).astype(np.float32)

    normals = mean(c.normals)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    return Character(
        mean(c.positions), normals, c.uv[first], c.joints[first], c.weights[first], c.material[first],
        triangles.astype(np.int32), c.colours, c.textures, c.bones, c.parents, c.rest,
    )  # fmt: skip

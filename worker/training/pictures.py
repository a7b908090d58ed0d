"""Labelled pictures of synthetic people: crops as the network gets them, with keypoints and body parts.

Owns: putting the person into the scene, deciding what is visible, and what a webcam does to a picture
(exposure, blur, noise, compression). `draw(index)` is a pure function of the source's options, index and hardness.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from mocap_core.skeleton import COCO17, HUMANOID

from .gltf import Character, CharacterError, read_character
from .people import DefaultPeople, Person, VariedPeople
from .poses import PoseBank, pose_bank, read_landmarks
from .render import PARTS, Drawing, Renderer
from .scene import noise_picture, sample_camera, sample_scene, turn_z
from .wardrobe import lighter, wardrobe

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
    0 out of the camera's frame or nobody there. parts: (H, W) uint8, indices in render.PARTS."""

    image: np.ndarray
    keypoints: np.ndarray
    visibility: np.ndarray
    parts: np.ndarray


class PictureSource:
    """Draws pictures of the character, or of varied people on its skeleton.

    size: (width, height) px. poses: how many the bank holds. split: which clips they come from. people: "default" or
    "varied"; default_share: how many pictures of varied people show the character instead. held_out: draws the varied
    people that are kept for validation, otherwise all the others.
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
    ) -> None:
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
        self.renderer = Renderer(
            simplified(self.character, cells_m) if cells_m else self.character,
            size,
            oversample,
            lighter(clothes, cells_m) if clothes and cells_m else clothes,
        )
        self.size, self.seed = tuple(size), seed
        self._clouds = [noise_picture(np.random.default_rng([9, i])) for i in range(24)]

    def draw(self, index: int, hardness: float = 1.0) -> Picture:
        """The picture of this index; hardness 0…1."""
        rng = np.random.default_rng([self.seed, index])
        empty = rng.random() < 0.03 * hardness
        person = self._person(rng, hardness)
        camera, _ = sample_camera(rng, person.keypoints, self.size, hardness)
        if empty:
            person = person.moved(np.array([0, 0, -50.0]))
        scene = sample_scene(rng, person, camera, self._clouds[rng.integers(len(self._clouds))], hardness)
        drawing = self.renderer.draw(scene)
        keypoints, depth = camera.project(person.keypoints)
        visibility = visible(keypoints, depth, camera.frame, drawing)
        if empty:
            visibility[:] = 0
        image = webcam(rng, drawing.image, hardness)
        x0, y0, x1, y1 = (int(np.ceil(v)) for v in np.clip(camera.frame, -1, 1e4))
        image[: max(0, y0)], image[:, : max(0, x0)], image[y1:], image[:, x1:] = 0, 0, 0, 0
        parts = np.where(drawing.people == 1, drawing.parts, 0).astype(np.uint8)
        return Picture(image, keypoints.astype(np.float32), visibility, parts)

    def _person(self, rng: np.random.Generator, hardness: float) -> Person:
        most = np.radians(60 + 120 * hardness)
        yaw = rng.uniform(-np.pi / 3, np.pi / 3) if rng.random() < 0.45 else rng.uniform(-most, most)
        rotations = turn_z(yaw) @ self.bank.rotations(int(rng.integers(len(self.bank))))
        lowest = rng.uniform(0, 0.35) if rng.random() < 0.08 else 0.0
        people = self._varied
        if people is None or (self._default_share and rng.random() < self._default_share):
            people = self._default
        return people(rng, rotations, hardness, lowest)


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


def webcam(rng: np.random.Generator, image: np.ndarray, hardness: float) -> np.ndarray:
    """What a camera does: exposure, colour, blur, noise, compression. (H, W, 3) uint8 in and out."""
    x = image.astype(np.float32) / 255
    spread = 0.3 + 0.7 * hardness
    if rng.random() < 0.7:
        x = x ** np.exp(rng.normal(0, 0.22 * spread))
    gain = np.exp(rng.normal(0, 0.14 * spread) + rng.normal(0, 0.05 * spread, 3))
    x = (x - 0.5) * np.exp(rng.normal(0, 0.15 * spread)) * gain + 0.5 + rng.normal(0, 0.05 * spread)
    grey = x.mean(2, keepdims=True)
    x = grey + (x - grey) * np.exp(rng.normal(0.05, 0.25 * spread))
    if rng.random() < 0.4 * spread:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.4, 0.5 + 0.6 * hardness))
    if rng.random() < 0.12 * hardness:  # motion
        length = int(rng.integers(3, 8))
        kernel = np.zeros((length, length), np.float32)
        angle = rng.uniform(0, np.pi)
        middle = np.array([length - 1, length - 1]) / 2
        way = np.array([np.cos(angle), np.sin(angle)]) * middle
        cv2.line(
            kernel,
            tuple((middle - way).round().astype(int).tolist()),
            tuple((middle + way).round().astype(int).tolist()),
            1.0,
        )
        x = cv2.filter2D(x, -1, kernel / kernel.sum())
    if rng.random() < 0.5 * spread:
        x = x + rng.normal(0, rng.uniform(0, 0.035) * spread, x.shape).astype(np.float32)
    out = (255 * np.clip(x, 0, 1) + 0.5).astype(np.uint8)
    if rng.random() < 0.45 * spread:
        _, data = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))])
        out = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return out

"""Labelled pictures of synthetic people: crops as the network gets them, with keypoints and body parts.

Owns: putting the person into the scene, deciding what is visible, and what a webcam does to a picture
(exposure, blur, noise, compression). `draw(index)` is a pure function of seed, index and hardness.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from mocap_core.skeleton import COCO17

from .gltf import Character, read_character
from .poses import PoseBank, pose_bank, read_landmarks
from .render import PARTS, Renderer, part_of_bone
from .scene import Person, noise_picture, sample_camera, sample_scene, turn_z

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
    """Draws pictures of one character.

    size: (width, height) px. poses: how many the bank holds. split: which clips they come from.
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
    ) -> None:
        self.character: Character = read_character(character)
        marks = read_landmarks(landmarks, self.character)
        self.bank: PoseBank = pose_bank(self.character, marks, poses, split, 0, mix, folder, motion)
        self.head = self.character.bones.index("head")
        self.ears = marks[1][3:5]
        self.renderer = Renderer(
            simplified(self.character, cells_m) if cells_m else self.character, size, oversample
        )
        self._limb_colours = limb_colours(self.character)
        self.size, self.seed = tuple(size), seed
        self._clouds = [noise_picture(np.random.default_rng([9, i])) for i in range(24)]

    def draw(self, index: int, hardness: float = 1.0) -> Picture:
        """The picture of this index; hardness 0…1."""
        rng = np.random.default_rng([self.seed, index])
        empty = rng.random() < 0.03 * hardness
        person = self._person(rng, hardness)
        camera, _ = sample_camera(rng, _outline(person), self.size, hardness)
        if empty:
            hidden = person.bones.copy()
            hidden[:, 2, 3] -= 50
            person = replace(person, bones=hidden)
        scene = sample_scene(rng, person, camera, self._clouds[rng.integers(len(self._clouds))], hardness)
        image, parts = self.renderer.draw(scene)
        keypoints, depth = camera.project(person.keypoints)
        visibility = self._visibility(person, camera, keypoints, depth, parts)
        if empty:
            visibility[:] = 0
        image = webcam(rng, image, hardness)
        x0, y0, x1, y1 = (int(np.ceil(v)) for v in np.clip(camera.frame, -1, 1e4))
        image[: max(0, y0)], image[:, : max(0, x0)], image[y1:], image[:, x1:] = 0, 0, 0, 0
        return Picture(image, keypoints.astype(np.float32), visibility, parts)

    def _person(self, rng: np.random.Generator, hardness: float) -> Person:
        row = int(rng.integers(len(self.bank)))
        bones = np.zeros((len(self.character.bones), 4, 4))
        bones[:, :3], bones[:, 3, 3] = self.bank.bones[row], 1
        place = np.eye(4)
        most = np.radians(60 + 120 * hardness)
        yaw = rng.uniform(-np.pi / 3, np.pi / 3) if rng.random() < 0.45 else rng.uniform(-most, most)
        place[:3, :3] = turn_z(yaw)
        place[2, 3] = rng.uniform(0, 0.35) if rng.random() < 0.08 else 0.0
        colours = self.character.colours.astype(float).copy()
        spread = 0.05 + 0.12 * hardness
        colours[:, :3] *= np.exp(
            rng.normal(0, spread, (len(colours), 1)) + rng.normal(0, spread / 2, (len(colours), 3))
        )
        colours[:, 3] = rng.uniform(0, 0.25, len(colours))
        points = self.bank.keypoints[row] @ place[:3, :3].T + place[:3, 3]
        colours = np.clip(colours, 0, 1)
        palette = colours[rng.choice(len(colours), 8, p=self._limb_colours), :3]
        return Person(place @ bones, points, colours, palette)

    def _visibility(self, person, camera, keypoints, depth, parts) -> np.ndarray:
        x0, y0, x1, y1 = camera.frame
        out = np.zeros(len(COCO17), np.uint8)
        eye = -camera.view[:3, :3].T @ camera.view[:3, 3]
        head = person.bones[self.head]
        width, height = self.size
        for i, name in enumerate(COCO17):
            x, y = keypoints[i]
            if depth[i] < 0.05 or not (x0 <= x <= x1 and y0 <= y <= y1):
                continue
            out[i] = 1
            column, row = round(x), round(y)
            if not (0 <= column < width and 0 <= row < height):
                continue
            if i < 5:  # on the head's surface: seen from its own side only
                outward = head[:3, :3] @ _FACING[name]
                seen = PARTS[parts[row, column]] == "head" and outward @ (eye - person.keypoints[i]) > 0
            else:
                side, joint = name.split("_")
                seen = PARTS[parts[row, column]] in [part.format(side) for part in SEEN_ON[joint]]
            out[i] += seen
        return out


#: Which way the face's points look, in the head bone's axes (y up, z to the front).
_FACING = {
    "nose": np.array([0.0, 0.0, 1.0]),
    "left_eye": np.array([0.5, 0.0, 0.87]),
    "right_eye": np.array([-0.5, 0.0, 0.87]),
    "left_ear": np.array([1.0, 0.0, 0.1]),
    "right_ear": np.array([-1.0, 0.0, 0.1]),
}


def _outline(person: Person) -> np.ndarray:
    """The keypoints: what the worker's next box is made from."""
    return person.keypoints


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


def limb_colours(character: Character) -> np.ndarray:
    """How likely each material is what a limb is known by, (M,), summing to 1: every limb counts alike."""
    a, b, c = character.positions[character.triangles.T]
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    corner = character.triangles[:, 0]
    bone = character.joints[corner, character.weights[corner].argmax(1)]
    part = np.array([part_of_bone(name) for name in character.bones])[bone]
    share = np.zeros(len(character.colours))
    for limb in range(PARTS.index("torso") + 1, len(PARTS)):
        of_limb = np.bincount(character.material[corner], area * (part == limb), len(share))
        share += of_limb / max(of_limb.sum(), 1e-9)
    return share / share.sum()


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

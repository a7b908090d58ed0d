"""People as they are drawn: the default character in colours of its own, or varied bodies with looks of their own.

Owns turning a pose into a `Person`; where people stand and who else is there is `scene`'s.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mocap_core.skeleton import COCO17

from .appearance import Look, Looks
from .gltf import Character
from .held_out import Choice
from .physique import BODIES, BODY_SHARE, Skeleton, physique_of
from .render import PARTS, PlainLook, part_of_bone
from .wardrobe import MATERIALS


@dataclass(frozen=True)
class Person:
    """A body in its place. bones: (B, 4, 4) in the world, its proportions in them; keypoints: (17, 3) metres; look:
    its colours, and clothes if it is a varied one; palette: (P, 3) colours of its limbs, for other things to be
    mistaken by; forms: (8,) as in `Physique`; names: what it was put together from."""

    bones: np.ndarray
    keypoints: np.ndarray
    look: PlainLook | Look
    palette: np.ndarray
    forms: np.ndarray
    names: dict[str, str]

    def moved(self, offset_m: np.ndarray) -> Person:
        """The same person elsewhere."""
        bones = self.bones.copy()
        bones[:, :3, 3] += offset_m
        return Person(bones, self.keypoints + offset_m, self.look, self.palette, self.forms, self.names)


class DefaultPeople:
    """The default character, or any other, its colours changed a little."""

    def __init__(self, character: Character, landmarks: tuple[np.ndarray, np.ndarray]) -> None:
        self.skeleton, self._landmarks = Skeleton(character), landmarks
        self._colours = character.colours.astype(float)
        self._limbs = limb_colours(character)

    def __call__(self, rng: np.random.Generator, rotations: np.ndarray, hardness: float, lowest: float = 0.0) -> Person:
        """A person in the pose of `rotations` (B, 3, 3), its lowest point at height `lowest`."""
        bones = self.skeleton.posed(rotations, self.skeleton.plain, lowest)
        colours = self._colours.copy()
        spread = 0.05 + 0.12 * hardness
        colours[:, :3] *= np.exp(
            rng.normal(0, spread, (len(colours), 1)) + rng.normal(0, spread / 2, (len(colours), 3))
        )
        colours[:, 3] = rng.uniform(0, 0.25, len(colours))
        colours = np.clip(colours, 0, 1)
        palette = colours[rng.choice(len(colours), 8, p=self._limbs), :3]
        points = keypoints_of(bones, self._landmarks)
        return Person(bones, points, PlainLook(colours), palette, self.skeleton.plain.forms, {"body": "default"})


class VariedPeople:
    """Bodies, clothes and hair drawn anew for every person.

    held_out: those that validation alone sees.
    """

    def __init__(self, character: Character, landmarks: tuple[np.ndarray, np.ndarray], held_out: bool = False) -> None:
        self.skeleton, self._landmarks = Skeleton(character), landmarks
        self._body = Choice("body", dict(zip(BODIES, BODY_SHARE, strict=True)), held_out)
        self._looks = Looks(held_out)

    def __call__(self, rng: np.random.Generator, rotations: np.ndarray, hardness: float, lowest: float = 0.0) -> Person:
        """A person in the pose of `rotations` (B, 3, 3), its lowest point at height `lowest`."""
        name = self._body(rng.random())
        physique = physique_of(rng, name, self.skeleton)
        bones = self.skeleton.posed(rotations, physique, lowest)
        look = self._looks(rng, physique.child, physique.woman)
        palette = look.first[[MATERIALS.index(m) for m in _PALETTE], :3]
        points = keypoints_of(bones, self._landmarks)
        return Person(bones, points, look, palette.astype(float), physique.forms, {"body": name, **look.names})


_PALETTE = ("skin", "skin", "skin", "skin", "top", "top", "bottom", "shoe")


def keypoints_of(bones: np.ndarray, landmarks: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """COCO's keypoints (17, 3) of posed bone matrices (B, 4, 4)."""
    rows, offsets = landmarks[0][: len(COCO17)], landmarks[1][: len(COCO17)]
    m = bones[rows]
    return (m[:, :3, :3] @ offsets[:, :, None])[:, :, 0] + m[:, :3, 3]


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

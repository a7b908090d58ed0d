"""Humanoid parts found from a skeleton's shape alone: symmetry, hierarchy, lengths and rest positions.

A humanoid is a line of bones in a plane of symmetry with two long pairs of limbs beside it. The pair that leads
away from the other is the legs; where the feet, else the knees point is forward, which tells left from right.
"""

from dataclasses import dataclass

import numpy as np

from .rotation import dot, norm, unit

_TOLERANCE = 0.02  # of the skeleton's size: how far mirrored joints may be apart
_SHORTEST_LIMB = 0.2  # of the skeleton's size
_MIN_PAIRS = 4


@dataclass(frozen=True, eq=False)
class Bones:
    """An armature's bones at rest. parents: (N,), −1 for none. heads, tails: (N, 3)."""

    names: tuple[str, ...]
    parents: np.ndarray
    heads: np.ndarray
    tails: np.ndarray

    def ancestors(self, bone: int) -> list[int]:
        """The bone and all above it, nearest first."""
        out = []
        while bone >= 0:
            out.append(bone)
            bone = int(self.parents[bone])
        return out

    def children(self, bone: int) -> list[int]:
        return np.flatnonzero(self.parents == bone).tolist()


def find(bones: Bones) -> dict[str, int]:
    """Part → row of the bone; empty where the shape is no humanoid's."""
    if len(bones.names) < 2 * _MIN_PAIRS:
        return {}
    size = float(np.ptp(np.concatenate((bones.heads, bones.tails)), axis=0).max())
    if not size > 0:
        return {}
    mirror = max((_mirrored(bones, axis, size) for axis in range(3)), key=lambda pairs: int((pairs >= 0).sum()))
    middle = mirror == np.arange(len(mirror))
    if ((mirror >= 0) & ~middle).sum() < 2 * _MIN_PAIRS:
        return {}
    reach = _reach(bones)
    branches = [
        path
        for bone in np.flatnonzero((mirror > np.arange(len(mirror))) & _hangs_from(bones, middle))
        if reach[(path := _path(bones, int(bone), reach))[0]] > _SHORTEST_LIMB * size and len(path) >= 2
    ]
    if len(branches) < 2:
        return {}
    branches.sort(key=lambda path: -reach[path[0]])
    legs, arms = _legs_first(bones, branches[0], branches[1])
    trunk = _trunk(bones, int(bones.parents[legs[0]]), int(bones.parents[arms[0]]), middle, reach)
    if trunk is None:
        return {}
    found = dict(trunk)
    limbs = _limb(bones, legs, ("", "UpperLeg", "LowerLeg", "Foot", "Toes"))
    limbs |= _limb(bones, arms, ("Shoulder", "UpperArm", "LowerArm", "Hand"))
    sides = ("left", "right") if _is_left(bones, limbs, mirror) else ("right", "left")
    for part, bone in limbs.items():
        found[sides[0] + part], found[sides[1] + part] = bone, int(mirror[bone])
    return found


def _mirrored(bones: Bones, axis: int, size: float) -> np.ndarray:
    """(N,) each bone's partner across the plane of symmetry: itself in the middle, −1 where it has none."""
    ends = np.concatenate((bones.heads, bones.tails), axis=1)
    flipped = ends.copy()
    places = (axis, axis + 3)
    centre = np.median(ends[:, places])
    flipped[:, places] = 2 * centre - flipped[:, places]
    apart = np.abs(ends[:, None] - flipped[None]).max(axis=2)
    depth = np.array([len(bones.ancestors(bone)) for bone in range(len(ends))])
    apart[depth[:, None] != depth[None]] = np.inf
    partner = apart.argmin(axis=1)
    rows = np.arange(len(ends))
    alone = (apart[rows, partner] > _TOLERANCE * size) | (partner[partner] != rows)
    return np.where(alone, -1, partner)


def _hangs_from(bones: Bones, middle: np.ndarray) -> np.ndarray:
    """(N,) whether a bone's parent is in the middle."""
    return (bones.parents >= 0) & middle[np.maximum(bones.parents, 0)]


def _reach(bones: Bones) -> np.ndarray:
    """(N,) the longest way from a bone's head to an end below it."""
    reach = norm(bones.tails - bones.heads)
    depth = [len(bones.ancestors(bone)) for bone in range(len(reach))]
    for bone in sorted(range(len(reach)), key=lambda bone: -depth[bone]):
        parent = int(bones.parents[bone])
        if parent >= 0:
            way = float(norm(bones.heads[bone] - bones.heads[parent])) + reach[bone]
            reach[parent] = max(reach[parent], way)
    return reach


def _path(bones: Bones, bone: int, reach: np.ndarray, among: np.ndarray | None = None) -> list[int]:
    """The longest way down from a bone, itself first; through bones of `among` only."""
    path = [bone]
    while True:
        below = [child for child in bones.children(path[-1]) if among is None or among[child]]
        if not below:
            return path
        start = bones.heads[path[-1]]
        path.append(max(below, key=lambda child: float(norm(bones.heads[child] - start)) + reach[child]))


def _spans(bones: Bones, path: list[int]) -> np.ndarray:
    """(len(path), 3) from each bone's head to the next one's, the last one's to its tail."""
    joints = np.concatenate((bones.heads[path], bones.tails[path[-1:]]))
    return np.diff(joints, axis=0)


def _legs_first(bones: Bones, one: list[int], other: list[int]) -> tuple[list[int], list[int]]:
    """Which of two limbs is the leg: the one that leads away from the other."""

    def towards(path, aim):
        way = bones.tails[path[-1]] - bones.heads[path[0]]
        return float(dot(unit(way), unit(bones.heads[aim[0]] - bones.heads[path[0]])))

    return (one, other) if towards(one, other) < towards(other, one) else (other, one)


def _trunk(bones, below, above, middle, reach) -> dict[str, int] | None:
    """Hips to head. below, above: the bones that legs and arms hang from."""
    down = bones.ancestors(above)
    hips = next((bone for bone in bones.ancestors(below) if bone in down), None)
    if hips is None or hips == above:
        return None
    spine = down[: down.index(hips)][::-1]
    ahead = _path(bones, above, reach, middle)[1:]
    ahead = [bone for bone in ahead if reach[bone] > 0]
    if not ahead:
        return None
    found = {"hips": hips, "spine": spine[0]}
    if len(spine) > 1:
        found["chest"] = spine[len(spine) // 2]
    if len(spine) > 2:
        found["upperChest"] = spine[-1]
    head = 0
    if len(ahead) > 1:
        lengths = norm(bones.tails[ahead] - bones.heads[ahead])
        head = 1 + int(lengths[1:].argmax())
        found["neck"] = ahead[0]
    return found | {"head": ahead[head]}


def _limb(bones: Bones, path: list[int], parts: tuple[str, ...]) -> dict[str, int]:
    """The parts of a limb along its path: the two longest neighbours are its upper and lower segment."""
    lengths = norm(_spans(bones, path))
    first = int((lengths[:-1] + lengths[1:]).argmax())
    found = {part: path[first - 1 + place] for place, part in enumerate(parts) if 0 <= first - 1 + place < len(path)}
    return {part: bone for part, bone in found.items() if part}


def _is_left(bones: Bones, limbs: dict[str, int], mirror: np.ndarray) -> bool:
    """Whether these limbs, of one side, are the left ones."""
    thigh, arm = limbs["UpperLeg"], limbs["UpperArm"]
    up = bones.heads[[arm, mirror[arm]]].mean(axis=0) - bones.heads[[thigh, mirror[thigh]]].mean(axis=0)
    outward = unit(bones.heads[thigh] - bones.heads[mirror[thigh]])
    shin, foot = limbs["LowerLeg"], limbs.get("Foot")
    toes = limbs.get("Toes")
    forward = np.zeros(3)
    if foot is not None:
        end = bones.tails[foot] if toes is None else bones.heads[toes]
        forward = _across(end - bones.heads[foot], up, outward)
        if norm(forward) < 0.1 * norm(bones.heads[foot] - bones.heads[shin]):
            forward = np.zeros(3)
    if not forward.any() and foot is not None:
        ankle = bones.heads[foot]
        forward = _across(2 * bones.heads[shin] - bones.heads[thigh] - ankle, up, outward)
        if norm(forward) < 0.01 * norm(ankle - bones.heads[thigh]):
            forward = np.zeros(3)
    if not forward.any():  # as files have it: z up facing −y, or y up facing z
        forward = np.array([0.0, -1.0, 0.0]) if abs(up[2]) > abs(up[1]) else np.array([0.0, 0.0, 1.0])
    return bool(dot(np.cross(up, forward), outward) > 0)


def _across(vector: np.ndarray, *axes: np.ndarray) -> np.ndarray:
    """The vector without its parts along the axes."""
    for axis in map(unit, axes):
        vector = vector - axis * dot(vector, axis)
    return vector

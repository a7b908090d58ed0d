"""The varied people's meshes: the bare body, clothes, hair and what is worn, polygonised once and kept in a file.

Owns which pieces there are and how they follow the bones. Which of them a body wears is `appearance`'s to choose;
where a garment ends on it, the shader's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mocap_character import distance as sd
from mocap_character import shapes, skeleton, surface_nets, weights
from mocap_character.skeleton import HIP, KNEE, WRIST

from . import figure, garments, headpieces

#: What a vertex belongs to: the index of its colours and of the rule where it ends.
MATERIALS = (
    "skin", "top", "outer", "bottom", "skirt", "shoe", "sole", "hair", "headwear", "trim", "frame", "lens", "mask",
    "beard", "extra", "boot",
)  # fmt: skip


@dataclass(frozen=True)
class Wardrobe:
    """All pieces as one skinned mesh in the default character's rest pose, z up, metres.

    positions, normals: (V, 3); joints, weights: (V, 4), indices into `bones`; material: (V,) indices in MATERIALS;
    pieces: name to (T, 3) triangles.
    """

    positions: np.ndarray
    normals: np.ndarray
    joints: np.ndarray
    weights: np.ndarray
    material: np.ndarray
    pieces: dict[str, np.ndarray]


def wardrobe(bones: tuple[str, ...], folder: Path = Path("runs")) -> Wardrobe:
    """The wardrobe for a skeleton with these bones, from `folder` if it was made before; making it takes a minute."""
    sources = (__file__, figure.__file__, garments.__file__, headpieces.__file__, sd.__file__, shapes.__file__,
               skeleton.__file__, surface_nets.__file__, weights.__file__)  # fmt: skip
    digest = hashlib.sha256(repr(bones).encode())
    for source in sources:
        digest.update(Path(source).read_bytes().replace(b"\r\n", b"\n"))
    path = Path(folder) / f"wardrobe-{digest.hexdigest()[:16]}.npz"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{np.random.default_rng().integers(1 << 32)}.npz")
        np.savez(part, **_made(bones))
        part.replace(path)
    with np.load(path) as data:
        common = {name: data[name] for name in ("positions", "normals", "joints", "weights", "material")}
        return Wardrobe(**common, pieces={name[6:]: data[name] for name in data if name.startswith("piece ")})


def lighter(whole: Wardrobe, cell_m: float) -> Wardrobe:
    """For small pictures: a piece's vertices within a cell become one; in trunk, limbs and clothes the cells are
    larger, in the face smaller. Vertices and triangles come in an order that keeps neighbours together."""
    w = whole
    piece = np.zeros(len(w.positions), np.int64)
    for number, triangles in enumerate(w.pieces.values()):
        piece[triangles] = number
    x, z = np.abs(w.positions[:, 0]), w.positions[:, 2]
    zone = np.where((z > 1.46) & (x < 0.2), 0, np.where((x > 0.66) | (z < 0.10), 1, 2))
    cell = np.array([0.7, 1.0, 1.7])[zone][:, None] * cell_m
    key = np.column_stack([piece, zone, np.floor(w.positions / cell).astype(np.int64)])
    _, first, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.reshape(-1)
    count = np.bincount(inverse)[:, None]

    def mean(values):
        return (np.stack([np.bincount(inverse, column) for column in values.T], 1) / count).astype(np.float32)

    pieces = {}
    for name, triangles in w.pieces.items():
        t = inverse[triangles]
        t = t[(t[:, 0] != t[:, 1]) & (t[:, 1] != t[:, 2]) & (t[:, 0] != t[:, 2])]
        pieces[name] = t[np.lexsort((t.max(1), t.min(1)))].astype(np.int32)
    normals = mean(w.normals)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-6)
    return Wardrobe(mean(w.positions), normals, w.joints[first], w.weights[first], w.material[first], pieces)


def _made(bones: tuple[str, ...]) -> dict[str, np.ndarray]:
    columns: dict[str, list] = {name: [] for name in ("positions", "normals", "joints", "weights", "material")}
    pieces: dict[str, list] = {}
    count = 0
    for name, material, make in _PIECES:
        for vertices, normals, triangles, weigh in make():
            joints, share = _four(weigh, bones)
            for column, value in (
                ("positions", vertices),
                ("normals", normals),
                ("joints", joints),
                ("weights", share),
                ("material", np.full(len(vertices), MATERIALS.index(material))),
            ):
                columns[column].append(value)
            pieces.setdefault(name, []).append(triangles + count)
            count += len(vertices)
    kinds = {"joints": np.int32, "material": np.int32}
    out = {name: np.concatenate(parts).astype(kinds.get(name, np.float32)) for name, parts in columns.items()}
    return out | {f"piece {name}": np.concatenate(parts).astype(np.int32) for name, parts in pieces.items()}


def _four(weigh: dict[str, np.ndarray], bones: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Bone indices and weights (V, 4)."""
    table = weights.limited(weigh)
    share = np.stack(list(table.values()), 1)
    index = np.array([bones.index(name) for name in table])
    share = np.pad(share, ((0, 0), (0, max(0, 4 - share.shape[1]))))
    index = np.pad(index, (0, max(0, 4 - len(index))))
    order = np.argsort(-share, axis=1)[:, :4]
    return index[order], np.take_along_axis(share, order, 1)


def _surface(shape: Callable, low, high, cell, weigh: Callable, place: Callable | None = None, axes=None):
    """The part of a surface within a box, open where the box cuts it; cell: metres, or `axes` as grid lines."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    placed = shape if place is None else lambda p: shape(place(p))

    def boxed(p):
        return np.maximum(placed(p), np.maximum(low - p, p - high).max(1))

    if axes is None:
        axes = [np.arange(a - 1.5 * cell, b + 2.5 * cell, cell) for a, b in zip(low, high, strict=True)]
    vertices, quads = surface_nets.polygonise(boxed, None, None, axes)
    on_box = (np.abs(np.stack([vertices - low, vertices - high])) < 2e-3).reshape(2, -1, 3)
    cap = np.zeros(len(quads), bool)
    for side in on_box:
        for axis in range(3):
            cap |= side[quads, axis].all(1)
    quads = quads[~cap]
    used = np.unique(quads)
    number = np.full(len(vertices), -1)
    number[used] = np.arange(len(used))
    vertices, quads = vertices[used], number[quads]
    if place is not None:
        vertices = place(vertices)
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    return vertices, surface_nets.gradient(shape, vertices), triangles, weigh(vertices)


def _mirrored(part):
    vertices, normals, triangles, weigh = part
    flip = np.array([-1.0, 1, 1])
    return vertices * flip, normals * flip, triangles[:, ::-1], weights.mirrored(weigh)


def _pair(part) -> list:
    return [part, _mirrored(part)]


# The skin -------------------------------------------------------------------------------------------------------


def _skin() -> list:
    trunk = _surface(figure.body, (-0.300, -0.2, 0.125), (0.300, 0.2, 1.472), 0.0165, weights.limb)
    x = np.concatenate([np.arange(0.0046, 0.064, 0.0092), np.arange(0.064, 0.115, 0.0066)])
    axes = [
        np.concatenate([-x[::-1], x]),
        np.concatenate([np.arange(-0.14, -0.045, 0.0072), np.arange(-0.045, 0.15, 0.0135)]),
        np.concatenate([np.arange(1.440, 1.63, 0.0084), np.arange(1.63, 1.725, 0.014)]),
    ]
    head = _surface(figure.body, (-1, -1, 1.466), (1, 1, 2), None, weights.limb, axes=axes)
    foot = _surface(figure.body, (0.0, -0.25, -0.1), (0.2, 0.15, 0.128), 0.0125, weights.shoe)
    return [trunk, head, *_pair(_arm()), *_pair(foot)]


def _arm():
    # Wider cells towards the shoulder, where the arm has fewer details than the hand.
    centre = np.array([0, WRIST[1], WRIST[2]])

    def spread(q):
        scale = 1 + 1.1 * weights.step(-q[:, :1], -0.64, 0.06)
        return (q - centre) * np.concatenate([np.ones_like(scale), scale, scale], axis=1) + centre

    spans = ((0.255, 0.38, 0.022), (0.38, 0.51, 0.012), (0.51, 0.64, 0.018), (0.64, 0.78, 0.008), (0.78, 0.91, 0.0063))
    axes = [
        np.concatenate([np.arange(*span) for span in spans]),
        WRIST[1] + np.arange(-0.115, 0.080, 0.0052),
        WRIST[2] + np.arange(-0.052, 0.050, 0.0066),
    ]
    return _surface(shapes.arm, (0.295, -1, 0), (1, 1, 2), None, weights.hand, spread, axes)


# How clothes follow ---------------------------------------------------------------------------------------------


def _hanging(p: np.ndarray) -> dict[str, np.ndarray]:
    """As limbs move, but what hangs below the hips goes with both legs."""
    out = weights.limb(p)
    low = 1 - weights.step(p[:, 2], 0.90, 0.05)
    left = weights.step(p[:, 0], 0.0, 0.15)
    fold = p[:, 2] - 0.10 * np.maximum(np.abs(p[:, 0]) - HIP[0], 0)
    leg = 1 - weights.step(fold, 0.90, 0.12)
    shin = 0.75 * (1 - weights.step(p[:, 2], KNEE[2], 0.16))
    arm = sum(out[f"{side}{bone}"] for side in ("left", "right") for bone in ("UpperArm", "LowerArm", "Hand"))
    low = low * (1 - np.minimum(arm, 1))
    for name in out:
        out[name] = out[name] * (1 - low)
    out["hips"] = out["hips"] + low * (1 - leg)
    for side, share in (("left", left), ("right", 1 - left)):
        out[f"{side}UpperLeg"] = out[f"{side}UpperLeg"] + low * leg * share * (1 - shin)
        out[f"{side}LowerLeg"] = out[f"{side}LowerLeg"] + low * leg * share * shin
    return out


def _falling(p: np.ndarray) -> dict[str, np.ndarray]:
    """Hair that lies on the back: with the head above, with the chest below."""
    z = p[:, 2]
    head, chest = weights.step(z, 1.50, 0.06), 1 - weights.step(z, 1.38, 0.07)
    return {"head": head, "upperChest": chest * (1 - head), "neck": (1 - head) * (1 - chest)}


def _top(shape, end=garments.TOP_END):
    grid = (-garments.SLEEVE_END, -0.26, end), (garments.SLEEVE_END, 0.28, 1.492)
    return lambda: [_surface(shape, *grid, 0.0195, _hanging)]


def _bottom(shape, weigh=weights.limb, end=garments.LEG_END, wide=0.26):
    return lambda: [_surface(shape, (-wide, -0.25, end), (wide, 0.28, 1.05), 0.0195, weigh)]


def _on_head(shape, cell=0.010, low=(-0.24, -0.24, 1.40), high=(0.24, 0.26, 1.85), weigh=None):
    return lambda: [_surface(shape, low, high, cell, weigh or weights.rigid("head"))]


def _shoe() -> list:
    return _pair(_surface(garments.shoe, (0.0, -0.26, 0.004), (0.2, 0.15, 0.13), 0.0125, weights.shoe))


def _sole() -> list:
    return _pair(_surface(garments.sole, (0.0, -0.26, -0.05), (0.2, 0.15, 0.05), 0.0118, weights.shoe))


def _boot() -> list:
    return _pair(_surface(garments.boot_shaft, (0.0, -0.2, 0.07), (0.26, 0.2, 0.46), 0.018, weights.limb))


_FACE = ((-0.10, -0.14, 1.47), (0.10, 0.06, 1.64))
_BACK = ((-0.22, -0.20, 1.10), (0.22, 0.32, 1.80))
_LENSES = ((-0.07, -0.115, 1.56), (0.07, -0.07, 1.62))

_PIECES = (
    ("skin", "skin", _skin),
    ("tight top", "top", _top(garments.tight_top)),
    ("regular top", "top", _top(garments.regular_top)),
    ("loose top", "top", _top(garments.loose_top)),
    ("outer", "outer", _top(garments.outer_top, 0.32)),
    ("tight bottom", "bottom", _bottom(garments.tight_bottom)),
    ("regular bottom", "bottom", _bottom(garments.regular_bottom)),
    ("wide bottom", "bottom", _bottom(garments.wide_bottom)),
    ("skirt", "skirt", _bottom(garments.skirt, _hanging, 0.14, 0.34)),
    ("straight skirt", "skirt", _bottom(garments.straight_skirt, _hanging, 0.14, 0.28)),
    ("shoe", "shoe", _shoe),
    ("sole", "sole", _sole),
    ("boot", "boot", _boot),
    ("hood down", "outer", _on_head(garments.hood_down, 0.013, *_BACK, weights.limb)),
    ("hood up", "outer", _on_head(garments.hood_up, 0.013, (-0.2, -0.2, 1.42), (0.2, 0.25, 1.8), _falling)),
    ("collar", "outer", _on_head(garments.collar, 0.011, *_BACK, weights.limb)),
    ("scarf", "extra", _on_head(garments.scarf, 0.014, *_BACK, weights.limb)),
    ("backpack", "extra", _on_head(garments.backpack, 0.018, (-0.25, -0.25, 0.95), (0.25, 0.35, 1.5), weights.limb)),
    *(
        (name.replace("_", " "), "hair", _on_head(getattr(headpieces, name), 0.0105))
        for name in ("short", "cropped", "parted", "quiff", "messy", "curly", "tonsure", "mohawk", "bob", "fringe",
                     "bun", "topknot")
    ),
    ("afro", "hair", _on_head(headpieces.afro, 0.012)),
    *(
        (name.replace("_", " "), "hair", _on_head(getattr(headpieces, name), 0.0125, *_BACK, _falling))
        for name in ("long_straight", "long_wavy", "ponytail", "pigtails", "braid", "locs")
    ),
    *(
        (name.replace("_", " "), "headwear", _on_head(getattr(headpieces, name), 0.0115))
        for name in ("peaked_cap", "beanie", "swim_cap", "sun_hat", "bucket_hat", "helmet", "turban")
    ),
    ("headscarf", "headwear", _on_head(headpieces.headscarf, 0.0135, *_BACK, _falling)),
    ("peak", "trim", _on_head(headpieces.peak, 0.009)),
    ("peak back", "trim", _on_head(headpieces.peak_back, 0.009)),
    ("headband", "trim", _on_head(headpieces.headband, 0.009)),
    ("headphones", "trim", _on_head(headpieces.headphones, 0.010)),
    ("glasses", "frame", _on_head(headpieces.glasses, 0.0034, *_FACE)),
    ("lenses", "lens", _on_head(headpieces.lenses, 0.004, *_LENSES)),
    ("mask", "mask", _on_head(headpieces.mask, 0.008, *_FACE)),
    ("full beard", "beard", _on_head(headpieces.full_beard, 0.0075, (-0.1, -0.16, 1.40), (0.1, 0.06, 1.64))),
    ("long beard", "beard", _on_head(headpieces.long_beard, 0.0085, (-0.1, -0.16, 1.38), (0.1, 0.06, 1.64))),
    ("goatee", "beard", _on_head(headpieces.goatee, 0.006, (-0.1, -0.16, 1.40), (0.1, 0.06, 1.64))),
)  # fmt: skip

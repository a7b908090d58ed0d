"""The surfaces and pictures that scenes are furnished with, made once and kept in a file.

Owns which of them training sees, and their numbers in the renderer's texture arrays.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from . import photos, surfaces
from .chance import Shares
from .held_out import HELD_OUT, Choice

#: How many pictures each part of the world has.
PHOTOS, HELD_OUT_PHOTOS = 144, 64


@dataclass(frozen=True)
class Surroundings:
    """tiles: (N, 128, 128, 3) uint8, `names` in order; photos: (P, 256, 256, 3) uint8, `kinds` in order; which surfaces
    walls, floors, things, grounds and fronts are made of."""

    tiles: np.ndarray
    names: tuple[str, ...]
    photos: np.ndarray
    kinds: tuple[str, ...]
    made_of: dict[str, Shares]

    def layer(self, name: str) -> int:
        return self.names.index(name)

    def layers(self) -> np.ndarray:
        """(N + P, 128, 128, 3): the tiles, and after them the pictures as they hang on walls."""
        small = [cv2.resize(p, (surfaces.SIDE, surfaces.SIDE), interpolation=cv2.INTER_AREA) for p in self.photos]
        return np.concatenate([self.tiles, np.stack(small)])


def surroundings(folder: Path = Path("runs"), held_out: bool = False) -> Surroundings:
    """What training sees, or with held_out what validation alone does; from `folder` if it was made before."""
    kinds = Choice("photo", {name: share for name, (share, _) in photos.KINDS.items()}, held_out)
    count, first = (HELD_OUT_PHOTOS, 100_000) if held_out else (PHOTOS, 0)
    digest = hashlib.sha256(repr((kinds.names, count, first)).encode())
    for source in (photos.__file__, surfaces.__file__):
        digest.update(Path(source).read_bytes().replace(b"\r\n", b"\n"))
    path = Path(folder) / f"surroundings-{digest.hexdigest()[:16]}.npz"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        tiles, clouds = surfaces.surfaces(), photos.spectrum_clouds(12)
        chosen = [kinds((i + 0.5) / count) for i in range(count)]
        made = [photos.photo(kind, first + i, tiles, clouds) for i, kind in enumerate(chosen)]
        part = path.with_suffix(f".{np.random.default_rng().integers(1 << 32)}.npz")
        np.savez(part, tiles=np.stack(list(tiles.values())), names=list(tiles), photos=np.stack(made), kinds=chosen)
        part.replace(path)
    made_of = {
        "wall": surfaces.WALLS, "floor": surfaces.FLOORS, "thing": surfaces.THINGS, "ground": surfaces.GROUNDS,
        "front": surfaces.FRONTS,
    }  # fmt: skip
    seen = {use: _part(shares, held_out) for use, shares in made_of.items()}
    with np.load(path) as data:
        names, kinds = (tuple(str(name) for name in data[column]) for column in ("names", "kinds"))
        return Surroundings(data["tiles"], names, data["photos"], kinds, seen)


def _part(shares: dict[str, float], held_out: bool) -> Shares:
    """The surfaces of one part of the world; "plain" is in both."""
    unseen = HELD_OUT["surface"]
    return Shares({name: s for name, s in shares.items() if (name in unseen) == held_out or name == "plain"})

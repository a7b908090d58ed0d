"""Varied people as posed meshes with the colours of their vertices, for a renderer that knows nothing of our shaders.

The shaders' own rules make them, run on the vertices: bodies that bulge, garments that end, cloth, skin and faces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import people_shaders
from .bodies import Pieces, looks_of, patterns, write
from .people import Person
from .render import four_channels
from .wardrobe import Wardrobe


@dataclass(frozen=True)
class PosedMesh:
    """positions: (V, 3) metres in the world; triangles: (T, 3); colours: (V, 3) linear RGB; gloss: (V,) 0…1; parts:
    (T,) indices in render.PARTS."""

    positions: np.ndarray
    triangles: np.ndarray
    colours: np.ndarray
    gloss: np.ndarray
    parts: np.ndarray


class PosedPeople:
    """Makes the meshes of people who wear this wardrobe.

    parts: (B,) the part that each bone's surface is.
    """

    def __init__(self, ctx, wardrobe: Wardrobe, parts: np.ndarray) -> None:
        self._ctx = ctx
        programs = {
            kind: ctx.program(vertex_shader=source, varyings=("place", "base", "kind"))
            for kind, source in people_shaders.VERTICES.items()
        }
        self._pieces, self._patterns = Pieces(ctx, wardrobe, parts, programs), patterns(ctx)
        most = sum(triangles.size for triangles in wardrobe.pieces.values())
        self._out = ctx.buffer(reserve=most * 9 * 4)
        self._count = len(wardrobe.positions)
        self._nowhere = ctx.simple_framebuffer((1, 1))  # nothing is drawn, but nothing runs without one

    def __call__(self, person: Person, matrices: bytes, noise: np.ndarray) -> PosedMesh:
        """matrices: the bones' as the shaders take them; noise: (N, N, 3) uint8, a `Scene`'s."""
        texture = self._ctx.texture(noise.shape[1::-1], 4, four_channels(noise))
        texture.use(1)
        self._nowhere.use()
        self._patterns.use(3)
        values, chosen = np.zeros((self._count, 9), np.float32), []
        cut, arrays = self._pieces.cut(person.look), looks_of(person)
        for kind, count in self._pieces.put_on(person.look, matrices):
            program = self._pieces.programs[kind]
            write(program, arrays)
            for name, unit in (("noise_map", 1), ("patterns", 3)):
                if name in program:
                    program[name].value = unit
            self._pieces.meshes[kind].transform(self._out, vertices=count)
            triangles = cut[kind]
            values[triangles.ravel()] = np.frombuffer(self._out.read(count * 36), np.float32).reshape(count, 9)
            there = values[triangles, 7].sum(1) > 1.5
            chosen.append(triangles[there])
        texture.release()
        triangles = np.concatenate(chosen)
        used, inverse = np.unique(triangles, return_inverse=True)
        of_used = values[used]
        return PosedMesh(
            of_used[:, :3], inverse.reshape(-1, 3), of_used[:, 3:6], of_used[:, 6], values[triangles[:, 2], 8]
        )

"""People's meshes in OpenGL's hands: what draws one in colour, and what casts its shadow.

A person's matrices, look and forms are set anew for every draw; the meshes stay where they are.
"""

from __future__ import annotations

import cv2
import numpy as np

from . import people_shaders, shaders
from .cloth import tiles
from .cutting import Cut
from .gltf import Character
from .wardrobe import MATERIALS, Wardrobe

_VERTEX = ("3f 3f 4f 4f 1f 1f", "in_position", "in_normal", "in_joints", "in_weights", "in_material", "in_part")


def _vertices(mesh: Character | Wardrobe, parts: np.ndarray) -> np.ndarray:
    """(V, 16) of a skinned mesh, as _VERTEX says. parts: (B,) the part that each bone's surface is."""
    dominant = mesh.joints[np.arange(len(mesh.joints)), mesh.weights.argmax(1)]
    columns = (mesh.positions, mesh.normals, mesh.joints, mesh.weights, mesh.material[:, None])
    return np.concatenate([*columns, parts[dominant][:, None]], 1).astype("f4")


class PlainBody:
    """A character with its own materials and pictures on them."""

    def __init__(self, ctx, c: Character, parts: np.ndarray) -> None:
        self.program = ctx.program(shaders.CHARACTER_VERTEX, shaders.CHARACTER_FRAGMENT)
        self.programs = [self.program]
        self._shadow_program = ctx.program(shaders.CHARACTER_SHADOW_VERTEX, shaders.SHADOW_FRAGMENT)
        vertices, uv = ctx.buffer(_vertices(c, parts).tobytes()), ctx.buffer(c.uv.astype("f4").tobytes())
        index = ctx.buffer(c.triangles.astype("i4").tobytes())
        self._body = ctx.vertex_array(self.program, [(vertices, *_VERTEX), (uv, "2f", "in_uv")], index)
        layout = ("3f 3x4 4f 4f 2x4", "in_position", "in_joints", "in_weights")
        self._shadow = ctx.vertex_array(self._shadow_program, [(vertices, *layout)], index)
        side = 256
        layers = [
            np.full((side, side, 3), 255, np.uint8)
            if texture is None
            else cv2.resize(texture, (side, side), interpolation=cv2.INTER_AREA)
            for texture in c.textures
        ]
        self._textures = ctx.texture_array((side, side, len(layers)), 3, np.stack(layers).tobytes())
        self._textures.build_mipmaps()

    def draw_shadow(self, person, matrices: bytes, light: bytes) -> None:
        self._shadow_program["bones"].write(matrices)
        self._shadow_program["view_projection"].write(light)
        self._shadow.render()

    def draw(self, person, matrices: bytes, number: int) -> None:
        colours = np.zeros((32, 4), "f4")
        colours[: len(person.look.colours)] = person.look.colours
        self._textures.use(3)
        self.program["bones"].write(matrices)
        self.program["colours"].write(colours.tobytes())
        self.program["textures"].value = 3
        self.program["person"].value = float(number)
        self._body.render()


class DressedBody:
    """Anybody who wears pieces of the wardrobe. Shadows are cast by a coarser one."""

    def __init__(self, ctx, wardrobe: Wardrobe, coarse: Wardrobe, parts: np.ndarray) -> None:
        self._ctx = ctx
        drawn = {
            kind: ctx.program(people_shaders.VERTEX, fragment) for kind, fragment in people_shaders.FRAGMENT.items()
        }
        shadow = {
            kind: ctx.program(people_shaders.SHADOW_VERTEX, fragment)
            for kind, fragment in people_shaders.SHADOW_FRAGMENT.items()
        }
        self._drawn, self._shadow = Pieces(ctx, wardrobe, parts, drawn), Pieces(ctx, coarse, parts, shadow)
        self._patterns = patterns(ctx)

    @property
    def programs(self) -> list:
        return list(self._drawn.programs.values())

    def draw_shadow(self, person, matrices: bytes, light: bytes) -> None:
        for kind, count in self._shadow.put_on(person.look, matrices):
            self._shadow.programs[kind]["view_projection"].write(light)
            self._shadow.meshes[kind].render(vertices=count)

    def draw(self, person, matrices: bytes, number: int) -> None:
        written = looks_of(person)
        self._patterns.use(3)
        for kind, count in self._drawn.put_on(person.look, matrices):
            program = self._drawn.programs[kind]
            write(program, written)
            program["noise_map"].value = 1
            program["person"].value = float(number)
            if "patterns" in program:
                program["patterns"].value = 3
            else:
                self._ctx.enable(self._ctx.CULL_FACE)
            self._drawn.meshes[kind].render(vertices=count)
            self._ctx.disable(self._ctx.CULL_FACE)


def patterns(ctx):
    """The tiles of cloth as an array of textures."""
    cloths = tiles()
    texture = ctx.texture_array((cloths.shape[2], cloths.shape[1], len(cloths)), 1, cloths.tobytes())
    texture.build_mipmaps()
    texture.filter = ctx.LINEAR_MIPMAP_NEAREST, ctx.LINEAR
    return texture


def looks_of(person) -> dict[str, bytes]:
    """A varied person's form and colours as uniform arrays."""
    look = person.look
    values = {"forms": person.forms.astype("f4"), "first": look.first, "second": look.second, "cloth": look.cloth,
              "placed_from": look.box[0], "placed_to": look.box[1]}  # fmt: skip
    return {name: value.tobytes() for name, value in values.items()}


def write(program, arrays: dict[str, bytes]) -> None:
    """Sets uniform arrays, as far as the program reads them."""
    for name, values in arrays.items():
        if name in program:
            uniform = program[name]
            uniform.write(values[: 4 * uniform.dimension * uniform.array_length])


class Pieces:
    """One wardrobe for the programs that take it, by kind of triangles; every body takes its own pieces of it."""

    def __init__(self, ctx, mesh: Wardrobe, parts: np.ndarray, programs: dict) -> None:
        self.programs = programs
        self.cut, self.meshes, self._indices = Cut(mesh), {}, {}
        vertices = ctx.buffer(_vertices(mesh, parts).tobytes())
        skipped = {"in_normal": "3x4", "in_material": "1x4", "in_part": "1x4"}
        for kind, program in self.programs.items():
            names = [name for name in _VERTEX[1:] if name in program]
            sizes = zip(_VERTEX[0].split(), _VERTEX[1:], strict=True)
            layout = " ".join(size if name in names else skipped[name] for size, name in sizes)
            index = ctx.buffer(reserve=4 * sum(t.size for t in mesh.pieces.values()), dynamic=True)
            self._indices[kind] = index
            self.meshes[kind] = ctx.vertex_array(program, [(vertices, layout, *names)], index)

    def put_on(self, look, matrices: bytes) -> list[tuple[str, int]]:
        """Sets what a body wears; gives which programs draw how many vertices of it, those without edges first."""
        worn = np.zeros(5, "f4")
        for name in look.pieces:
            if self.cut.material[name] < len(worn):
                worn[self.cut.material[name]] = 1
        worn[MATERIALS.index("outer")] = "outer" in look.pieces
        arrays = {"bones": matrices, "worn": worn.tobytes(), "cuts": look.cuts.tobytes()}
        counts = []
        for kind, triangles in self.cut(look).items():
            if len(triangles):
                self._indices[kind].write(triangles.tobytes())
                write(self.programs[kind], arrays)
                counts.append((kind, triangles.size))
        return sorted(counts, key=lambda c: "edge" in c[0])

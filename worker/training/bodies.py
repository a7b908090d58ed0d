"""People's meshes in OpenGL's hands: what draws one in colour, and what casts its shadow.

A person's matrices, look and forms are set anew for every draw; the meshes stay where they are.
"""

from __future__ import annotations

import cv2
import numpy as np

from . import people_shaders, shaders
from .cloth import tiles
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
        self._material = {name: int(wardrobe.material[t[0, 0]]) for name, t in wardrobe.pieces.items()}
        self._ctx, self._drawn, self._cast = ctx, {}, {}
        for into, mesh, vertex, fragments in (
            (self._drawn, wardrobe, people_shaders.VERTEX, people_shaders.FRAGMENT),
            (self._cast, coarse, people_shaders.SHADOW_VERTEX, people_shaders.SHADOW_FRAGMENT),
        ):
            vertices = ctx.buffer(_vertices(mesh, parts).tobytes())
            for kind, fragment in fragments.items():
                into[kind] = _Pieces(ctx, ctx.program(vertex, fragment), vertices, mesh)
        cloths = tiles()
        self._patterns = ctx.texture_array((cloths.shape[2], cloths.shape[1], len(cloths)), 1, cloths.tobytes())
        self._patterns.build_mipmaps()

    @property
    def programs(self) -> list:
        return [pieces.program for pieces in self._drawn.values()]

    def _put_on(self, person, into: dict, matrices: bytes) -> dict[str, int]:
        """Numbers of vertices to draw."""
        look = person.look
        worn = np.zeros(5, "f4")
        for name in look.pieces:
            if self._material[name] < len(worn):
                worn[self._material[name]] = 1
        worn[MATERIALS.index("outer")] = "outer" in look.pieces
        cuts, worn = look.cuts.tobytes(), worn.tobytes()
        for pieces in into.values():
            pieces.program["bones"].write(matrices)
            _write(pieces.program, "worn", worn)
            _write(pieces.program, "cuts", cuts)
        clothes = [name for name in look.pieces if name != "skin"]
        return {"skin": into["skin"].take_skin(look), "worn": into["worn"].take(clothes)}

    def draw_shadow(self, person, matrices: bytes, light: bytes) -> None:
        for kind, count in self._put_on(person, self._cast, matrices).items():
            self._cast[kind].program["view_projection"].write(light)
            self._cast[kind].mesh.render(vertices=count)

    def draw(self, person, matrices: bytes, number: int) -> None:
        counts, look = self._put_on(person, self._drawn, matrices), person.look
        values = {"forms": person.forms.astype("f4"), "first": look.first, "second": look.second, "cloth": look.cloth,
                  "placed_from": look.box[0], "placed_to": look.box[1]}  # fmt: skip
        written = {name: value.tobytes() for name, value in values.items()}
        self._patterns.use(3)
        for kind, pieces in self._drawn.items():
            program = pieces.program
            for name, value in written.items():
                _write(program, name, value)
            program["noise_map"].value = 1
            program["person"].value = float(number)
            if kind == "worn":
                program["patterns"].value = 3
            else:
                self._ctx.enable(self._ctx.CULL_FACE)
            pieces.mesh.render(vertices=counts[kind])
            self._ctx.disable(self._ctx.CULL_FACE)


def _write(program, name: str, values: bytes) -> None:
    """Sets a uniform array, as far as the program reads it."""
    if name in program:
        uniform = program[name]
        uniform.write(values[: 4 * uniform.dimension * uniform.array_length])


class _Pieces:
    """Pieces of one wardrobe for one program, of which every body takes its own."""

    def __init__(self, ctx, program, vertices, mesh: Wardrobe) -> None:
        self.program, self._pieces = program, mesh.pieces
        self._index = ctx.buffer(reserve=4 * sum(t.size for t in mesh.pieces.values()), dynamic=True)
        names = [name for name in _VERTEX[1:] if name in program]
        skipped = {"in_normal": "3x4", "in_material": "1x4", "in_part": "1x4"}
        sizes = zip(_VERTEX[0].split(), _VERTEX[1:], strict=True)
        layout = " ".join(size if name in names else skipped[name] for size, name in sizes)
        self.mesh = ctx.vertex_array(program, [(vertices, layout, *names)], self._index)
        corners = mesh.positions[mesh.pieces["skin"]]
        x, z = np.abs(corners[..., 0]), corners[..., 2]
        self._skin = (x.min(1), x.max(1), z.min(1), z.max(1))

    def take(self, names: list[str]) -> int:
        triangles = np.concatenate([self._pieces[name] for name in names])
        self._index.write(triangles.tobytes())
        return triangles.size

    def take_skin(self, look) -> int:
        """The skin but for what surely lies under clothes; the shader cuts off the rest."""
        near, far, low, high = self._skin
        cuts, names = look.cuts, look.names
        hidden = np.zeros(len(near), bool)
        sleeve, hem = cuts[0, :2]
        if names["top"] != "bare chest" and cuts[1, 0] > 1:
            hidden |= (far < sleeve - 0.03) & (low > hem + 0.03) & ((near > 0.19) | (high < 1.23)) & (high < 1.46)
        waist, legs_end, skirt_end = cuts[4, :3]
        end = min(legs_end, max(skirt_end, 0.84))
        hidden |= (far < 0.26) & (high < waist - 0.03) & (low > end + 0.03)
        triangles = self._pieces["skin"][~hidden]
        self._index.write(triangles.tobytes())
        return triangles.size

"""Draws a `Scene` into a crop with OpenGL, without a display: colours, and which body part each pixel shows.

Software OpenGL (Debian: libegl1, libgl1-mesa-dri) does as well as a graphics card, only slower. One Renderer
belongs to one process; the same scene gives the same picture. What is in a scene is `scene`'s to say.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from . import shaders
from .gltf import Character

#: What the part picture holds, by bone; 0 is nobody.
PARTS = (
    "none",
    "head",
    "torso",
    "left_upper_arm",
    "right_upper_arm",
    "left_forearm",
    "right_forearm",
    "left_hand",
    "right_hand",
    "left_thigh",
    "right_thigh",
    "left_shin",
    "right_shin",
    "left_foot",
    "right_foot",
)
_NEAR, _FAR = 0.08, 60.0
_SHADOW_SIZE, _SHADOW_REACH = 320, 2.4


class RenderError(Exception):
    """No OpenGL to draw with."""


@dataclass(frozen=True)
class Camera:
    """A pinhole camera, OpenCV axes. view: (4, 4) world to camera; intrinsics: (fx, fy, cx, cy) in px of the
    picture that is drawn, a pixel's centre at whole numbers; frame: what the camera sees of it, xyxy px."""

    view: np.ndarray
    intrinsics: tuple[float, float, float, float]
    frame: tuple[float, float, float, float]

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """World points (N, 3) to pixels (N, 2) and depths (N,) in metres, negative behind the camera."""
        p = points @ self.view[:3, :3].T + self.view[:3, 3]
        fx, fy, cx, cy = self.intrinsics
        z = np.where(np.abs(p[:, 2]) < 1e-6, 1e-6, p[:, 2])
        return np.stack([fx * p[:, 0] / z + cx, fy * p[:, 1] / z + cy], -1), p[:, 2]


@dataclass(frozen=True)
class Light:
    """One light with shadows, one without, and the light from above and below. Colours are linear RGB."""

    key_direction: np.ndarray
    key_colour: np.ndarray
    fill_direction: np.ndarray
    fill_colour: np.ndarray
    sky_colour: np.ndarray
    ground_colour: np.ndarray
    shadow: float
    exposure: float


@dataclass(frozen=True)
class Shapes:
    """Instances of one solid: model (N, 4, 4), two colours (N, 3) each, style (N, 4) = pattern, its scale in
    metres, glow, gloss. Patterns: plain, stripes, checks, tiles, planks, clouds, clutter."""

    model: np.ndarray
    colour_a: np.ndarray
    colour_b: np.ndarray
    style: np.ndarray


@dataclass(frozen=True)
class Scene:
    """All that is in a picture. bones: (B, 4, 4) posed matrices in the world; colours: (M, 4) RGB and gloss
    by material; shapes by solid ("cube", "cylinder", "sphere", "quad"); backdrop, noise: RGB uint8."""

    camera: Camera
    light: Light
    bones: np.ndarray
    colours: np.ndarray
    shapes: dict[str, Shapes]
    backdrop: np.ndarray
    noise: np.ndarray


def part_of_bone(bone: str) -> int:
    """The index in PARTS that a VRM bone's surface belongs to."""
    for side in ("left", "right"):
        if bone.startswith(side):
            name = bone[len(side) :]
            part = {
                "Shoulder": "torso",
                "UpperArm": f"{side}_upper_arm",
                "LowerArm": f"{side}_forearm",
                "UpperLeg": f"{side}_thigh",
                "LowerLeg": f"{side}_shin",
                "Foot": f"{side}_foot",
                "Toes": f"{side}_foot",
            }.get(name, f"{side}_hand")
            return PARTS.index(part)
    return PARTS.index("head" if bone in ("head", "neck") else "torso")


class Renderer:
    """Draws one character in scenes of one size.

    size: (width, height) of the picture in px; it is drawn `oversample` times as fine and averaged.
    """

    def __init__(self, character: Character, size: tuple[int, int], oversample: float = 2.0) -> None:
        if "torch" in sys.modules:
            # torch's compiler (loaded late, by its optimisers) crashes the process if Mesa's LLVM is there
            # before its own.
            import torch._dynamo  # noqa: F401
        import moderngl

        self.character, self.size = character, size
        try:
            self.context = ctx = moderngl.create_context(standalone=True, backend="egl")
        except Exception:
            try:
                self.context = ctx = moderngl.create_context(standalone=True)
            except Exception as error:
                raise RenderError(
                    f"no OpenGL to draw with ({error}); on Debian: apt-get install libegl1 libgl1-mesa-dri"
                ) from error
        self._fine = (round(size[0] * oversample), round(size[1] * oversample))
        if len(character.bones) > shaders.MAX_BONES:
            raise RenderError(
                f"the character has {len(character.bones)} bones; at most {shaders.MAX_BONES} are drawn"
            )
        self._inverse_rest = np.linalg.inv(character.rest)
        self._programs = {
            "body": ctx.program(shaders.CHARACTER_VERTEX, shaders.CHARACTER_FRAGMENT),
            "shape": ctx.program(shaders.SHAPE_VERTEX, shaders.SHAPE_FRAGMENT),
            "backdrop": ctx.program(shaders.BACKDROP_VERTEX, shaders.BACKDROP_FRAGMENT),
            "body_shadow": ctx.program(shaders.CHARACTER_SHADOW_VERTEX, shaders.SHADOW_FRAGMENT),
            "shape_shadow": ctx.program(shaders.SHAPE_SHADOW_VERTEX, shaders.SHADOW_FRAGMENT),
        }
        self._colour = ctx.texture(self._fine, 4)
        self._part = ctx.texture(self._fine, 1)
        depth = ctx.depth_renderbuffer(self._fine)
        self._target = ctx.framebuffer([self._colour, self._part], depth)
        self._shadow_map = ctx.depth_texture((_SHADOW_SIZE, _SHADOW_SIZE))
        self._shadow_map.compare_func = ""
        self._shadow_target = ctx.framebuffer(depth_attachment=self._shadow_map)
        self._load_body()
        self._solids = {name: self._solid(make()) for name, make in _SOLIDS.items()}
        quad = ctx.buffer(np.array([-1, -1, 1, -1, -1, 1, 1, 1], "f4").tobytes())
        self._backdrop = ctx.vertex_array(self._programs["backdrop"], [(quad, "2f", "in_position")])
        self._pictures: dict[str, object] = {}

    def draw(self, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
        """The picture (H, W, 3) RGB uint8 and the parts (H, W) uint8, indices in PARTS."""
        ctx, programs = self.context, self._programs
        shadow_matrix = _shadow_matrix(scene)
        matrices = np.zeros((shaders.MAX_BONES, 4, 4), "f4")
        matrices[: len(scene.bones)] = (scene.bones @ self._inverse_rest).transpose(0, 2, 1)
        for name in ("body", "body_shadow"):
            programs[name]["bones"].write(matrices.tobytes())
        instances = {
            name: self._fill(name, shapes) for name, shapes in scene.shapes.items() if len(shapes.model)
        }

        ctx.enable(ctx.DEPTH_TEST)
        ctx.disable(ctx.CULL_FACE)
        self._shadow_target.use()
        self._shadow_target.clear(depth=1.0)
        for name in ("body_shadow", "shape_shadow"):
            programs[name]["view_projection"].write(shadow_matrix.T.astype("f4").tobytes())
        self._body_shadow.render()
        for name, count in instances.items():
            if name != "quad":  # walls and floors would shade the whole room
                self._solids[name][3].render(instances=count)

        self._target.use()
        ctx.viewport = (0, 0, *self._fine)
        self._target.clear(0, 0, 0, 1, depth=1.0)
        self._bind("backdrop", scene.backdrop, 2)
        self._bind("noise", scene.noise, 1)
        self._shadow_map.use(0)
        self._textures.use(3)
        scale = np.array(self._fine) / np.array(self.size)
        frame = tuple(((np.array(scene.camera.frame).reshape(2, 2) + 0.5) * scale).ravel())
        programs["backdrop"]["frame"].value = frame
        programs["backdrop"]["backdrop"].value = 2
        view_projection = (_projection(scene.camera, self.size) @ scene.camera.view).T.astype("f4").tobytes()
        for name in ("body", "shape"):
            program = programs[name]
            program["view_projection"].write(view_projection)
            self._light(program, scene, shadow_matrix, frame)
        ctx.disable(ctx.DEPTH_TEST)
        self._backdrop.render(mode=ctx.TRIANGLE_STRIP)
        ctx.enable(ctx.DEPTH_TEST)
        colours = np.zeros((32, 4), "f4")
        colours[: len(scene.colours)] = scene.colours
        programs["body"]["colours"].write(colours.tobytes())
        programs["body"]["textures"].value = 3
        programs["shape"]["noise_map"].value = 1
        self._body.render()
        for name, count in instances.items():
            if name == "quad":
                ctx.front_face = "cw"
                ctx.enable(ctx.CULL_FACE)  # a wall between the camera and the room is left out
            self._solids[name][2].render(instances=count)
            ctx.disable(ctx.CULL_FACE)
        width, height = self._fine
        rgb = np.frombuffer(self._colour.read(), np.uint8).reshape(height, width, 4)[..., :3]
        part = np.frombuffer(self._part.read(alignment=1), np.uint8).reshape(height, width)
        if self._fine != self.size:
            rgb = cv2.resize(rgb, self.size, interpolation=cv2.INTER_AREA)
            part = cv2.resize(part, self.size, interpolation=cv2.INTER_NEAREST)
        return np.ascontiguousarray(rgb), part

    def _load_body(self) -> None:
        ctx, c = self.context, self.character
        parts = np.array([part_of_bone(bone) for bone in c.bones])
        dominant = c.joints[np.arange(len(c.joints)), c.weights.argmax(1)]
        data = np.concatenate(
            [
                c.positions,
                c.normals,
                c.uv,
                c.joints,
                c.weights,
                c.material[:, None],
                parts[dominant][:, None],
            ],
            1,
        )
        buffer, index = (
            ctx.buffer(data.astype("f4").tobytes()),
            ctx.buffer(c.triangles.astype("i4").tobytes()),
        )
        names = ("in_position", "in_normal", "in_uv", "in_joints", "in_weights", "in_material", "in_part")
        self._body = ctx.vertex_array(
            self._programs["body"], [(buffer, "3f 3f 2f 4f 4f 1f 1f", *names)], index
        )
        self._body_shadow = ctx.vertex_array(
            self._programs["body_shadow"],
            [(buffer, "3f 3x4 2x4 4f 4f 2x4", "in_position", "in_joints", "in_weights")],
            index,
        )
        side = 256
        layers = [
            np.full((side, side, 3), 255, np.uint8)
            if texture is None
            else cv2.resize(texture, (side, side), interpolation=cv2.INTER_AREA)
            for texture in c.textures
        ]
        self._textures = ctx.texture_array((side, side, len(layers)), 3, np.stack(layers).tobytes())
        self._textures.build_mipmaps()

    def _solid(self, mesh: tuple[np.ndarray, np.ndarray]):
        """Vertex buffer, room for instances, and what draws them in colour and as shadow."""
        ctx = self.context
        vertices = ctx.buffer(np.concatenate(mesh, 1).astype("f4").tobytes())
        instances = ctx.buffer(reserve=512 * 26 * 4, dynamic=True)
        style = (
            instances,
            "4f 4f 4f 4f 3f 3f 4f/i",
            "m0",
            "m1",
            "m2",
            "m3",
            "in_colour_a",
            "in_colour_b",
            "in_style",
        )
        colour = ctx.vertex_array(
            self._programs["shape"], [(vertices, "3f 3f", "in_position", "in_normal"), style]
        )
        shadow = ctx.vertex_array(
            self._programs["shape_shadow"],
            [(vertices, "3f 3x4", "in_position"), (instances, "4f 4f 4f 4f 10x4/i", "m0", "m1", "m2", "m3")],
        )
        return vertices, instances, colour, shadow

    def _fill(self, name: str, shapes: Shapes) -> int:
        count = min(len(shapes.model), 512)
        data = np.concatenate(
            [
                shapes.model[:count].transpose(0, 2, 1).reshape(count, 16),
                shapes.colour_a[:count],
                shapes.colour_b[:count],
                shapes.style[:count],
            ],
            1,
        )
        self._solids[name][1].write(data.astype("f4").tobytes())
        return count

    def _bind(self, name: str, picture: np.ndarray, unit: int) -> None:
        size = (picture.shape[1], picture.shape[0])
        texture = self._pictures.get(name)
        if texture is None or texture.size != size:
            texture = self._pictures[name] = self.context.texture(size, 3, alignment=1)
        texture.write(np.ascontiguousarray(picture).tobytes(), alignment=1)
        texture.use(unit)

    def _light(self, program, scene: Scene, shadow_matrix: np.ndarray, frame: tuple) -> None:
        light, view = scene.light, scene.camera.view
        values = {
            "eye": -view[:3, :3].T @ view[:3, 3],
            "key_direction": light.key_direction,
            "key_colour": light.key_colour,
            "fill_direction": light.fill_direction,
            "fill_colour": light.fill_colour,
            "sky_colour": light.sky_colour,
            "ground_colour": light.ground_colour,
        }
        for name, value in values.items():
            program[name].value = tuple(float(v) for v in value)
        program["shadow_matrix"].write(shadow_matrix.T.astype("f4").tobytes())
        program["shadow_map"].value = 0
        program["shadow_strength"].value = float(light.shadow)
        program["exposure"].value = float(light.exposure)
        program["frame"].value = frame


def _projection(camera: Camera, size: tuple[int, int]) -> np.ndarray:
    (width, height), (fx, fy, cx, cy) = size, camera.intrinsics
    a, b = (_FAR + _NEAR) / (_FAR - _NEAR), -2 * _FAR * _NEAR / (_FAR - _NEAR)
    return np.array(
        [
            [2 * fx / width, 0, 2 * (cx + 0.5) / width - 1, 0],
            [0, 2 * fy / height, 2 * (cy + 0.5) / height - 1, 0],
            [0, 0, a, b],
            [0, 0, 1, 0],
        ]
    )


def _shadow_matrix(scene: Scene) -> np.ndarray:
    """World to the light's own clip space, around the person."""
    centre, z = scene.bones[0, :3, 3], -np.asarray(scene.light.key_direction, float)
    x = np.cross(z, [0.0, 0.0, 1.0] if abs(z[2]) < 0.9 else [0.0, 1.0, 0.0])
    x /= np.linalg.norm(x)
    rotation = np.stack([x, np.cross(z, x), z])
    out = np.eye(4)
    out[:3, :3] = rotation / np.array([[_SHADOW_REACH], [_SHADOW_REACH], [2 * _SHADOW_REACH]])
    out[:3, 3] = -out[:3, :3] @ centre
    return out


def _cube() -> tuple[np.ndarray, np.ndarray]:
    """A unit cube about the origin as triangles: positions and normals (36, 3)."""
    positions, normals = [], []
    for axis in range(3):
        for sign in (-1, 1):
            u, v = (axis + 1) % 3, (axis + 2) % 3
            for a, b in ((-1, -1), (1, -1), (1, 1), (-1, -1), (1, 1), (-1, 1)):
                p, n = np.zeros(3), np.zeros(3)
                p[axis], p[u], p[v], n[axis] = sign, a, b, sign
                positions.append(p / 2)
                normals.append(n)
    return np.array(positions), np.array(normals)


def _revolved(
    profile: list[tuple[float, float]], smooth: bool, sides: int = 14
) -> tuple[np.ndarray, np.ndarray]:
    """A profile of (radius, height) turned about z."""
    angle = np.arange(sides + 1) * 2 * np.pi / sides
    positions, normals = [], []
    for (r0, h0), (r1, h1) in pairwise(profile):
        for a, b in pairwise(angle):
            corner = [(r0, h0, a), (r0, h0, b), (r1, h1, b), (r0, h0, a), (r1, h1, b), (r1, h1, a)]
            for r, h, t in corner:
                positions.append((r * np.cos(t), r * np.sin(t), h))
                slope = np.array([h1 - h0, r0 - r1])
                n = (np.cos(t) * slope[0], np.sin(t) * slope[0], slope[1])
                normals.append(positions[-1] if smooth else n / np.linalg.norm(n))
    return np.array(positions), np.array(normals)


def _cylinder() -> tuple[np.ndarray, np.ndarray]:
    return _revolved([(0, -0.5), (0.5, -0.5), (0.5, 0.5), (0, 0.5)], smooth=False)


def _sphere() -> tuple[np.ndarray, np.ndarray]:
    turn = np.linspace(-np.pi / 2, np.pi / 2, 9)
    return _revolved([(0.5 * np.cos(t), 0.5 * np.sin(t)) for t in turn], smooth=True)


def _quad() -> tuple[np.ndarray, np.ndarray]:
    """A unit square in xy that faces +z."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, -1], [1, 1], [-1, 1]]) / 2
    return np.column_stack([corners, np.zeros(6)]), np.tile([0.0, 0.0, 1.0], (6, 1))


_SOLIDS = {"cube": _cube, "cylinder": _cylinder, "sphere": _sphere, "quad": _quad}

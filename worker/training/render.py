"""Draws a `Scene` with OpenGL, without a display: colours, and which part of whose body each pixel shows.

Software OpenGL (Debian: libegl1, libgl1-mesa-dri) does as well as a graphics card, only slower. One Renderer
belongs to one process; the same scene gives the same picture. What is in a scene is `scene`'s to say.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np

from . import shaders
from .bodies import DressedBody, PlainBody
from .gltf import Character
from .solids import SOLIDS
from .surroundings import Surroundings
from .wardrobe import Wardrobe, lighter

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

    @property
    def eye(self) -> np.ndarray:
        """(3,) where it stands."""
        return -self.view[:3, :3].T @ self.view[:3, 3]

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
    """Instances of one solid: model (N, 4, 4), two colours (N, 3) each, style (N, 4) = layer of the surroundings, the
    size of its tile in metres, glow, gloss."""

    model: np.ndarray
    colour_a: np.ndarray
    colour_b: np.ndarray
    style: np.ndarray


@dataclass(frozen=True)
class PlainLook:
    """Colours of a character that brings its own clothes: (M, 4) RGB and gloss by material."""

    colours: np.ndarray


@dataclass(frozen=True)
class Backdrop:
    """A part of one of the surroundings' pictures behind everything. window: (x, y, width, height) of it, 0…1 and
    mirrored where negative; gain: RGB factors."""

    photo: int
    window: tuple[float, float, float, float]
    gain: tuple[float, float, float]


@dataclass(frozen=True)
class Scene:
    """All that is in a picture. people: each a `people.Person`; shapes by solid ("cube", "cylinder", "sphere",
    "quad"); noise: (N, N, 3) uint8, what folds cloth."""

    camera: Camera
    light: Light
    people: tuple
    shapes: dict[str, Shapes]
    backdrop: Backdrop
    noise: np.ndarray


class Drawing(NamedTuple):
    """image: (H, W, 3) RGB uint8. parts: (H, W) uint8, indices in PARTS. people: (H, W) uint8, the person's number in
    the scene from 1, 0 for nobody. depth: (H, W) float32, metres, where people are."""

    image: np.ndarray
    parts: np.ndarray
    people: np.ndarray
    depth: np.ndarray


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


class _Target:
    """What a picture of one size, in px, is drawn into."""

    def __init__(self, ctx, size: tuple[int, int]) -> None:
        self.size = size
        self.colour, self.labels = ctx.texture(size, 4), ctx.texture(size, 4)
        self.frame = ctx.framebuffer([self.colour, self.labels], ctx.depth_renderbuffer(size))


class Renderer:
    """Draws scenes: the character, and, with a wardrobe, varied people on its skeleton.

    size: (width, height) of a picture in px unless another is asked for; it is drawn `oversample` times as fine and
    averaged. around: what `Shapes` and `Backdrop` are numbered by.
    """

    def __init__(
        self,
        character: Character,
        size: tuple[int, int],
        oversample: float = 2.0,
        wardrobe: Wardrobe | None = None,
        around: Surroundings | None = None,
    ) -> None:
        self.context = ctx = opengl()
        self.character, self.size, self._oversample = character, size, oversample
        if len(character.bones) > shaders.MAX_BONES:
            raise RenderError(f"the character has {len(character.bones)} bones; at most {shaders.MAX_BONES} are drawn")
        self._inverse_rest = np.linalg.inv(character.rest)
        self._programs = {
            "shape": ctx.program(shaders.SHAPE_VERTEX, shaders.SHAPE_FRAGMENT),
            "backdrop": ctx.program(shaders.BACKDROP_VERTEX, shaders.BACKDROP_FRAGMENT),
            "shape_shadow": ctx.program(shaders.SHAPE_SHADOW_VERTEX, shaders.SHADOW_FRAGMENT),
        }
        self._targets: dict[tuple[int, int], _Target] = {}
        self._shadow_map = ctx.depth_texture((_SHADOW_SIZE, _SHADOW_SIZE))
        self._shadow_map.compare_func = ""
        self._shadow_map.filter = ctx.NEAREST, ctx.NEAREST
        self._shadow_target = ctx.framebuffer(depth_attachment=self._shadow_map)
        parts = np.array([part_of_bone(bone) for bone in character.bones])
        self._plain = PlainBody(ctx, character, parts)
        self._dressed = DressedBody(ctx, wardrobe, lighter(wardrobe, 0.03), parts) if wardrobe else None
        self._solids = {name: self._solid(make()) for name, make in SOLIDS.items()}
        quad = ctx.buffer(np.array([-1, -1, 1, -1, -1, 1, 1, 1], "f4").tobytes())
        self._backdrop = ctx.vertex_array(self._programs["backdrop"], [(quad, "2f", "in_position")])
        nothing = np.zeros((1, 8, 8, 3), np.uint8)
        self._surfaces = self._layers(nothing if around is None else around.layers())
        self._photos = self._layers(nothing if around is None else around.photos)
        self._programs["shape"]["pictures"].value = 1.0 if around is None else float(len(around.tiles))
        self._noise = None

    def draw(self, scene: Scene, size: tuple[int, int] | None = None) -> Drawing:
        """The picture, and what each of its pixels shows."""
        size = size or self.size
        fine = (round(size[0] * self._oversample), round(size[1] * self._oversample))
        target = self._targets.get(fine)
        if target is None:
            target = self._targets[fine] = _Target(self.context, fine)
        bodies = [self._plain if isinstance(p.look, PlainLook) else self._dressed for p in scene.people]
        bones = []
        for person in scene.people:
            matrices = np.zeros((shaders.MAX_BONES, 4, 4), "f4")
            matrices[: len(person.bones)] = (person.bones @ self._inverse_rest).transpose(0, 2, 1)
            bones.append(matrices.tobytes())
        drawn = list(zip(scene.people, bodies, bones, strict=True))
        instances = {name: self._fill(name, shapes) for name, shapes in scene.shapes.items() if len(shapes.model)}
        shadow_matrix = _shadow_matrix(scene)
        self._cast(drawn, instances, shadow_matrix)
        self._paint(scene, size, target, drawn, instances, shadow_matrix)
        width, height = fine
        rgb = np.frombuffer(target.colour.read(), np.uint8).reshape(height, width, 4)[..., :3]
        labels = np.frombuffer(target.labels.read(), np.uint8).reshape(height, width, 4)
        if fine != size:
            rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
            labels = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)
        depth = labels[..., 2] * np.float32(0.25) + labels[..., 3] * np.float32(0.25 / 255)
        return Drawing(np.ascontiguousarray(rgb), labels[..., 0].copy(), labels[..., 1].copy(), depth)

    def _cast(self, drawn: list, instances: dict[str, int], shadow_matrix: np.ndarray) -> None:
        """Fills the shadow map."""
        ctx = self.context
        ctx.enable(ctx.DEPTH_TEST)
        ctx.disable(ctx.CULL_FACE)
        ctx.front_face = "cw"  # pictures are y down
        self._shadow_target.use()
        self._shadow_target.clear(depth=1.0)
        light = shadow_matrix.T.astype("f4").tobytes()
        for person, body, matrices in drawn:
            body.draw_shadow(person, matrices, light)
        self._programs["shape_shadow"]["view_projection"].write(light)
        for name, count in instances.items():
            if name != "quad":  # walls and floors would shade the whole room
                self._solids[name][3].render(instances=count)

    def _paint(self, scene: Scene, size, target: _Target, drawn: list, instances, shadow_matrix: np.ndarray) -> None:
        ctx, programs = self.context, self._programs
        target.frame.use()
        ctx.viewport = (0, 0, *target.size)
        target.frame.clear(0, 0, 0, 1, depth=1.0)
        if self._noise is None or self._noise.size != scene.noise.shape[1::-1]:
            self._noise = ctx.texture(scene.noise.shape[1::-1], 4)
        self._noise.write(four_channels(scene.noise))
        for unit, texture in enumerate((self._shadow_map, self._noise, self._photos, None, self._surfaces)):
            if texture is not None:
                texture.use(unit)
        scale = np.array(target.size) / np.array(size)
        frame = tuple(((np.array(scene.camera.frame).reshape(2, 2) + 0.5) * scale).ravel())
        behind = programs["backdrop"]
        behind["frame"].value, behind["backdrops"].value = frame, 2
        behind["window"].value, behind["gain"].value = scene.backdrop.window, scene.backdrop.gain
        behind["layer"].value = float(scene.backdrop.photo)
        view_projection = (_projection(scene.camera, size) @ scene.camera.view).T.astype("f4").tobytes()
        bodies = {body for _, body, _ in drawn}
        for program in (programs["shape"], *(program for body in bodies for program in body.programs)):
            program["view_projection"].write(view_projection)
            self._light(program, scene, shadow_matrix, frame)
        ctx.disable(ctx.DEPTH_TEST)
        self._backdrop.render(mode=ctx.TRIANGLE_STRIP)
        ctx.enable(ctx.DEPTH_TEST)
        for number, (person, body, matrices) in enumerate(drawn, 1):
            body.draw(person, matrices, number)
        programs["shape"]["surfaces"].value = 4
        for name, count in instances.items():
            if name == "quad":
                ctx.enable(ctx.CULL_FACE)  # a wall between the camera and the room is left out
            self._solids[name][2].render(instances=count)
            ctx.disable(ctx.CULL_FACE)

    def _layers(self, pictures: np.ndarray):
        """(N, H, W, 3) uint8 as an array of textures that repeat."""
        count, height, width, _ = pictures.shape
        texture = self.context.texture_array((width, height, count), 4, four_channels(pictures))
        texture.build_mipmaps()
        texture.filter = self.context.LINEAR_MIPMAP_NEAREST, self.context.LINEAR
        return texture

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
        colour = ctx.vertex_array(self._programs["shape"], [(vertices, "3f 3f", "in_position", "in_normal"), style])
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

    def _light(self, program, scene: Scene, shadow_matrix: np.ndarray, frame: tuple) -> None:
        light = scene.light
        values = {
            "eye": scene.camera.eye,
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


def four_channels(pictures: np.ndarray) -> bytes:
    """(…, 3) uint8 with a fourth channel, which software OpenGL reads faster."""
    return np.concatenate([pictures, np.full_like(pictures[..., :1], 255)], -1).tobytes()


@cache
def opengl():
    """OpenGL without a window, the process's only one: with several, all would draw in the last that was made."""
    with suppress(ImportError):  # not everywhere
        # What torch compiles with (loaded late, by its optimisers) crashes the process if Mesa's LLVM is there before
        # its own.
        import triton  # noqa: F401
    import moderngl

    try:
        return moderngl.create_context(standalone=True, backend="egl")
    except Exception:
        try:
            return moderngl.create_context(standalone=True)
        except Exception as error:
            raise RenderError(
                f"no OpenGL to draw with ({error}); on Debian: apt-get install libegl1 libgl1-mesa-dri"
            ) from error


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
    """World to the light's own clip space, around the first person."""
    centre = scene.people[0].bones[0, :3, 3] if scene.people else np.array([0, 0, 1.0])
    z = -np.asarray(scene.light.key_direction, float)
    x = np.cross(z, [0.0, 0.0, 1.0] if abs(z[2]) < 0.9 else [0.0, 1.0, 0.0])
    x /= np.linalg.norm(x)
    rotation = np.stack([x, np.cross(z, x), z])
    out = np.eye(4)
    out[:3, :3] = rotation / np.array([[_SHADOW_REACH], [_SHADOW_REACH], [2 * _SHADOW_REACH]])
    out[:3, 3] = -out[:3, :3] @ centre
    return out

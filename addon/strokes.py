"""Lines, dots, areas and textures in a draw handler, by the gpu module: arrays in, in pixels or in the scene."""

from collections.abc import Callable

import bpy
import gpu
import numpy as np
from gpu_extras.batch import batch_for_shader

Colour = tuple[float, float, float, float]
_CIRCLE = np.stack([np.cos(np.arange(10) * np.pi / 5), np.sin(np.arange(10) * np.pi / 5)], axis=1)
_ROUND = (np.arange(24) + 0.5) * np.pi / 12


def scale() -> float:
    """The interface's pixels a pixel of the design; Blender says 0 where it has no window."""
    return bpy.context.preferences.system.ui_scale or 1.0


def draw_lines(ends: np.ndarray, colours: np.ndarray, width_px: float, alpha: float = 1.0, rim: Colour | None = None):
    """Lines (L, 2, 2 or 3), each in a colour (L, 3), over a rim that keeps them readable on any background."""
    if not len(ends):
        return
    positions = _floats(ends.reshape(-1, ends.shape[-1]))
    if rim is not None:
        _polyline({"pos": positions}, width_px + 2.2, rim)()
    colours = np.column_stack([colours, np.full(len(colours), alpha)])
    _polyline({"pos": positions, "color": _floats(np.repeat(colours, 2, axis=0))}, width_px)()


def outlined(outline: np.ndarray, colour: Colour, width_px: float) -> Callable[[], None]:
    """Draws a line around an outline (N, 2); made once and called at each redraw."""
    return _polyline({"pos": _floats(np.concatenate([outline, outline[:1]]))}, width_px, colour, "LINE_STRIP")


def filled(outline: np.ndarray, colour: Colour) -> Callable[[], None]:
    """Draws a convex outline (N, 2), filled; made once."""
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    batch = batch_for_shader(shader, "TRIS", {"pos": _floats(outline)}, indices=_fan(len(outline)))

    def draw() -> None:
        shader.uniform_float("color", colour)
        batch.draw(shader)

    return draw


def textured(outline: np.ndarray, across: np.ndarray) -> Callable[[gpu.types.GPUTexture], None]:
    """Draws a convex outline (N, 2), filled with what a texture has at `across` (N, 2), 0…1; made once."""
    shader = gpu.shader.from_builtin("IMAGE")
    content = {"pos": _floats(outline), "texCoord": _floats(across)}
    batch = batch_for_shader(shader, "TRIS", content, indices=_fan(len(outline)))

    def draw(texture: gpu.types.GPUTexture) -> None:
        shader.uniform_sampler("image", texture)
        batch.draw(shader)

    return draw


def _polyline(content: dict, width_px: float, colour: Colour | None = None, kind: str = "LINES") -> Callable[[], None]:
    shader = gpu.shader.from_builtin("POLYLINE_SMOOTH_COLOR" if colour is None else "POLYLINE_UNIFORM_COLOR")
    batch = batch_for_shader(shader, kind, content)

    def draw() -> None:
        shader.uniform_float("viewportSize", gpu.state.viewport_get()[2:])
        shader.uniform_float("lineWidth", width_px)
        if colour is not None:
            shader.uniform_float("color", colour)
        batch.draw(shader)

    return draw


def draw_dots(centres: np.ndarray, radius_px: float, colour: Colour, rim: Colour) -> None:
    """Round dots at (N, 2) pixels, with a rim about them."""
    if not len(centres):
        return
    circles = np.concatenate([centres[:, None] + _CIRCLE * radius for radius in (radius_px + 0.9, radius_px)])
    one = _fan(len(_CIRCLE))
    indices = (one + len(_CIRCLE) * np.arange(len(circles), dtype=np.int32)[:, None, None]).reshape(-1, 3)
    colours = np.repeat([rim, colour], len(centres) * len(_CIRCLE), axis=0)
    shader = gpu.shader.from_builtin("SMOOTH_COLOR")
    content = {"pos": _floats(circles.reshape(-1, 2)), "color": _floats(colours)}
    batch_for_shader(shader, "TRIS", content, indices=np.ascontiguousarray(indices)).draw(shader)


def rounded(x: float, y: float, width: float, height: float, radius: float) -> np.ndarray:
    """The outline (N, 2) of a rectangle with round corners, counter-clockwise."""
    around = np.stack([np.cos(_ROUND), np.sin(_ROUND)], axis=1)
    inner = np.array((width, height)) / 2 - radius
    return (x + width / 2, y + height / 2) + np.sign(around) * inner + around * radius


def _fan(corners: int) -> np.ndarray:
    """The triangles (N − 2, 3) of a convex outline."""
    first = np.arange(1, corners - 1, dtype=np.int32)
    return np.stack([np.zeros_like(first), first, first + 1], axis=1)


def _floats(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=np.float32)

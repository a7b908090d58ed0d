"""Where a character's bones are in a take, read from a copy of it in a scene of its own, frame by frame."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import bpy
import numpy as np

from . import action, take_layers

_BLOCK = 2048  # matrices that are worked on at once: a few milliseconds
_PIECE, _PIECE_KEYS = 256, 10_000  # frames, and keys, of an Action that Blender is given at once


class SamplingError(Exception):
    """The take cannot be read; the text is a sentence for the user."""


@dataclass(frozen=True)
class Motion:
    """Where the bones are.

    names: (B,) and parents: (B,), −1 for none, parents first. rest: (B, 4, 4), tails: (B, 3) and posed: (F, B, 4, 4) in
    the armature's space; armature: (F, 4, 4) that in the world, and armature_rest: (4, 4) as it stands now. times_s:
    (F,) from the take's first frame. frames: (F,) their numbers at fps.
    """

    names: list[str]
    parents: np.ndarray
    rest: np.ndarray
    tails: np.ndarray
    posed: np.ndarray
    armature: np.ndarray
    armature_rest: np.ndarray
    times_s: np.ndarray
    frames: np.ndarray
    fps: float

    @property
    def rest_world(self) -> np.ndarray:
        return self.armature_rest @ self.rest

    def blocks(self) -> list[slice]:
        """The frames in pieces that take a few milliseconds."""
        count, size = len(self.frames), max(1, _BLOCK // max(1, len(self.names)))
        return [slice(begin, min(begin + size, count)) for begin in range(0, count, size)]

    def posed_world(self, rows: Sequence[int]) -> Iterator[np.ndarray]:
        """Some of the bones in the world, (f, len(rows), 4, 4) a block."""
        for block in self.blocks():
            yield self.armature[block, None] @ self.posed[block][:, rows]


def sample(
    copy: bpy.types.Object,
    scene: bpy.types.Scene,
    take: bpy.types.Action,
    fps: float,
    rest_world: np.ndarray,
    keep: Callable[[bpy.types.ID], object],
) -> Iterator[float]:
    """The bones from the take's first frame to its last; with all that plays, where the take does.

    A generator: yields how far it is after each frame; returns the Motion. copy: the armature's, which is alone in the
    scene. fps: frames a second of the result. rest_world: (4, 4) where the armature stands now. keep: is given what is
    made on the way and has to be removed with the copy. Raises SamplingError.
    """
    yield 0.0
    action.leave_tweaking(copy)
    if take != action.current(copy) and not take_layers.strips(copy, take):
        (copy.animation_data or copy.animation_data_create()).use_nla = False
        action.assign(take, copy)
    first, last = take_layers.span(copy, take)
    scene_fps = scene.render.fps / scene.render.fps_base
    count = int((last - first) / scene_fps * fps + 1e-3) + 1
    times_s = np.arange(count) / fps
    shown = first + times_s * scene_fps
    whole = np.floor(shown + 1e-4)
    part = np.clip(shown - whole, 0.0, 0.999999)
    bones = copy.data.bones
    names = [bone.name for bone in bones]
    rows = {name: row for row, name in enumerate(names)}
    posed = np.empty((count, len(names), 4, 4))
    world = np.empty((count, 4, 4))
    buffer = np.empty(16 * len(names), np.float32)
    order: list[int] = []
    pieces = None
    if action.current(copy) is not None:
        pieces = _Pieces(copy)
        keep(pieces.made)
    yield 0.0
    for row in range(count):
        if pieces is not None and row % pieces.frames == 0:
            pieces.show((whole + part)[row : row + pieces.frames])
        scene.frame_set(int(whole[row]), subframe=float(part[row]))
        seen = copy.evaluated_get(scene.view_layers[0].depsgraph)
        order = order or [rows[bone.name] for bone in seen.pose.bones]
        seen.pose.bones.foreach_get("matrix", buffer)
        posed[row, order] = buffer.reshape(-1, 4, 4).swapaxes(-1, -2)  # columns come first
        world[row] = seen.matrix_world
        yield (row + 1) / count
    return Motion(
        names,
        np.array([rows[bone.parent.name] if bone.parent else -1 for bone in bones], dtype=int),
        np.array([bone.matrix_local for bone in bones]).reshape(-1, 4, 4),
        np.array([bone.tail_local for bone in bones]).reshape(-1, 3),
        posed,
        world,
        rest_world,
        times_s,
        round(first / scene_fps * fps) + np.arange(count),
        fps,
    )


class _Pieces:
    """What a copy's Action does, a few frames at a time, by an Action of its own that the copy plays instead.

    To evaluate an Action Blender copies all its keys at once, which of a long take takes longer than anybody should
    wait. Frames lie between the keys, too: each gets a key with what Blender's curve has there.
    """

    def __init__(self, copy: bpy.types.Object):
        self._of, self._slot = action.current(copy), action.slot_name(copy)
        self._paths = list(action.heard(self._of, self._slot))
        self.frames = min(_PIECE, max(1, _PIECE_KEYS // max(1, len(self._paths))))
        self.made = action.blank(copy, "Export")
        curves = action.curves(self.made)
        for path, index in self._paths:
            curves.new(path, index=index)
        action.assign(self.made, copy)

    def show(self, frames: np.ndarray) -> None:
        """Have keys at these frames of the scene, ascending, `self.frames` at most. Raises SamplingError."""
        there = action.heard(self._of, self._slot)
        if list(there) != self._paths:
            raise SamplingError(f"{self._of.name} was changed meanwhile; nothing was exported.")
        beyond = frames[-1] + np.arange(1, self.frames - len(frames) + 1)
        at = np.concatenate((frames, beyond))
        for curve, of in zip(action.curves(self.made), there.values(), strict=True):
            action.put(curve, at, np.array([of.evaluate(frame) for frame in at.tolist()]))
        self.made.update_tag()

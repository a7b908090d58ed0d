"""A take's video in the viewport: an image empty behind the character, in step with the take.

Blender shows a video's pictures one a frame, whatever its rate is; before each frame is evaluated, the empty is told
which picture has its turn. Animated, that would be late: Blender looks for the picture before it looks at curves.
"""

import re
from pathlib import Path

import bpy
import numpy as np
from bpy.app.handlers import persistent

from .core.protocol import PacketError, PosePacket, decode
from .core.take_notes import read_notes
from .filming import film_path
from .recording import frames_a_second

_START = re.compile(rb'"format": "vitpose-live-mocap film", "start_s": (-?[0-9.]+)')
_PLACE = "mocap_film"  # the empty's property: the frame of the first picture, and pictures a frame
_MANY = 1_000_000  # frames; an empty shows no more than it is told
_HEIGHT_M = 2.0


class FilmError(Exception):
    """A video that cannot be shown; the text is a sentence for the user."""


def show(take: Path, scene: bpy.types.Scene) -> bpy.types.Object:
    """An empty with the take's video, where the take lies on the timeline. Raises FilmError."""
    path = film_path(take)
    if not path.exists():
        raise FilmError(f"No video was kept with {take.stem}.")
    fps = frames_a_second(scene)
    film_fps = _rate(path)
    frame = read_notes(take).frame
    frame = scene.frame_current if frame is None else frame
    first = frame + (_start_s(path) - _first_s(take)) * fps
    name = f"{take.stem} video"
    empty = scene.objects.get(name) or bpy.data.objects.new(name, None)
    if empty.name not in scene.objects:
        scene.collection.objects.link(empty)
        _place(empty, scene.mocap.target)
    empty.empty_display_type = "IMAGE"
    empty.data = bpy.data.images.load(str(path), check_existing=True)
    user = empty.image_user
    user.frame_start, user.frame_duration, user.use_auto_refresh = 1, _MANY, True
    empty[_PLACE] = [first, film_fps / fps]
    keep_in_step(scene)
    return empty


def take_was_renamed(before: Path, after: Path) -> None:
    """Have what shows a take's video find it under its new name."""
    for image in bpy.data.images:
        shown = image.source == "MOVIE" and image.library is None
        if shown and Path(bpy.path.abspath(image.filepath)) == film_path(before):
            image.filepath = str(film_path(after))
    for item in bpy.data.objects:
        if _PLACE in item and item.name == f"{before.stem} video":
            item.name = f"{after.stem} video"


@persistent
def keep_in_step(scene: bpy.types.Scene, *_) -> None:
    """Let every video of a take show the picture of the scene's frame."""
    for item in scene.objects:
        if item.type == "EMPTY" and _PLACE in item:
            first, pictures_a_frame = item[_PLACE]
            frame = scene.frame_current_final
            # What is shown is the frame, counted from 1, and the offset.
            offset = round((frame - first) * pictures_a_frame) + 1 - scene.frame_current
            if item.image_user.frame_offset != offset:
                item.image_user.frame_offset = offset


def register() -> None:
    bpy.app.handlers.frame_change_pre.append(keep_in_step)


def unregister() -> None:
    bpy.app.handlers.frame_change_pre.remove(keep_in_step)


def _rate(path: Path) -> float:
    """The video's pictures a second, as Blender counts them. Raises FilmError."""
    try:
        clip = bpy.data.movieclips.load(str(path))
    except RuntimeError as error:
        raise FilmError(f"Blender cannot read {path.name}: {error}.") from error
    try:
        if clip.fps <= 0 or clip.frame_duration < 1:
            raise FilmError(f"{path.name} holds no pictures.")
        return clip.fps
    finally:
        bpy.data.movieclips.remove(clip)


def _start_s(path: Path) -> float:
    """Capture time of the first picture, which the worker has written into the video."""
    with open(path, "rb") as file:
        found = _START.search(file.read(64 * 1024))
    if found is None:
        raise FilmError(f"{path.name} does not say when it was captured.")
    return float(found[1])


def _first_s(take: Path) -> float:
    """Capture time of the take's first picture."""
    try:
        with open(take, "rb") as lines:
            for line in lines:
                try:
                    packet = decode(line.rstrip(b"\n"))
                except PacketError:  # the header
                    continue
                if isinstance(packet, PosePacket):
                    return packet.timestamp
    except OSError as error:
        raise FilmError(f"Cannot read {take.name}: {error.strerror}.") from error
    raise FilmError(f"{take.stem} is empty.")


def _place(empty: bpy.types.Object, character: bpy.types.Object | None) -> None:
    """Behind the character, upright, facing as it does."""
    x, y, z = character.matrix_world.translation if character is not None else (0.0, 0.0, 0.0)
    empty.location = (x, y + 1.5, z + _HEIGHT_M / 2)
    empty.rotation_euler = (np.pi / 2, 0.0, 0.0)
    empty.empty_display_size = _HEIGHT_M * 4 / 3
    empty.color[3] = 0.8
    empty.hide_render = True

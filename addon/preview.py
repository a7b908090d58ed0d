"""The picture in picture: what the camera sees and whom the model sees in it, in a corner of the 3D view.

`tick` takes in what is new, the draw handler draws it. Neither is there while it is off, and nothing of it is in
Blender's data: the texture is the GPU module's.
"""

import time
from collections import OrderedDict

import bpy
import gpu
import numpy as np

from . import machine, window
from .core.endpoint import is_loopback
from .core.figure import MIN_SCORE, clipped, lines
from .core.link import PoseLink
from .core.preview_memory import MAX_HEIGHT, MAX_WIDTH, Picture, PreviewError, PreviewReader, fitted
from .core.protocol import PosePacket
from .measures import Times
from .strokes import draw_dots, draw_lines, filled, outlined, rounded, scale, textured

WIDTHS = {"SMALL": 200, "MEDIUM": 320, "LARGE": 480}  # px at a UI scale of 1
CORNERS = ("TOP_LEFT", "TOP_RIGHT", "BOTTOM_LEFT", "BOTTOM_RIGHT")
_ASK_S = 1.0
_LATE_S = 4.0  # without pictures by then, other memory is tried
_SHOWN_S = 3.0  # after the last pose it goes
_KEPT = 8  # frames whose poses wait for their picture
_MARGIN, _RADIUS, _LINE, _DOT = 14.0, 7.0, 2.2, 2.6
_GIZMO, _TEXT = 92.0, 40.0  # what Blender draws at the top
_BACKDROP, _FRAME = (0.06, 0.065, 0.075, 0.9), (1.0, 1.0, 1.0, 0.25)
_RIM, _DOT_COLOUR = (0.0, 0.0, 0.0, 0.5), (1.0, 1.0, 1.0, 1.0)


class Preview:
    """on, width, corner: as chosen, see `follow`. says: why there is no picture, a sentence, else empty. draw_ms: what
    a redraw takes us.
    """

    def __init__(self):
        self.on, self.width, self.corner = False, WIDTHS["MEDIUM"], CORNERS[-1]
        self.says = ""
        self.draw_ms = Times()
        self._handler = None
        self._shown = False
        self._reader: PreviewReader | None = None
        self._asked_s = self._since_s = self._seen_s = float("-inf")
        self._poses: OrderedDict[float, dict[int, PosePacket]] = OrderedDict()
        self._people: list[PosePacket] = []
        self._session: str | None = None
        self._shape = MAX_WIDTH, MAX_HEIGHT
        self._rgba: np.ndarray | None = None  # of a picture that is not yet on the GPU
        self._pictured: float | None = None  # its timestamp
        self._waiting: Picture | None = None  # one whose poses are not here yet
        self._texture: gpu.types.GPUTexture | None = None
        self._place: tuple | None = None
        self._frame: _Frame | None = None
        self._link: PoseLink | None = None  # that was asked

    def follow(self) -> None:
        """Go by the machine's settings, which have changed."""
        self.on = machine.get("preview")
        self.width = WIDTHS.get(machine.get("preview_size"), self.width)
        corner = machine.get("preview_corner")
        self.corner = corner if corner in CORNERS else self.corner
        if not self.on:
            self.end()
        window.redraw_views()

    def tick(self, link: PoseLink, packets: list[PosePacket], now: float, replayed: bool = False) -> None:
        """Take in the packets of a tick and the newest picture; ask for more. replayed: no camera gives the packets."""
        if not self.on:
            return
        if self._handler is None:
            self._handler = bpy.types.SpaceView3D.draw_handler_add(self._draw, (), "WINDOW", "POST_PIXEL")
        for packet in packets:
            if packet.session != self._session:
                self._session = packet.session
                self._poses.clear()
                self._texture = self._rgba = self._pictured = self._waiting = None
            self._poses.setdefault(packet.timestamp, {})[packet.person] = packet
            self._seen_s = now
        # Told here and not as it is drawn, which on a slow machine is long after.
        shown = now - self._seen_s <= _SHOWN_S
        if shown != self._shown:
            self._shown = shown
            window.redraw_views()
        self._ask(link, now, replayed)
        picture = self._next_picture()
        if picture is not None:
            height, width = picture.image.shape[:2]
            self._rgba = np.empty((height, width, 4), np.float32)
            np.multiply(picture.image, np.float32(1 / 255), out=self._rgba[..., :3])
            self._rgba[..., 3] = 1.0
            self._pictured, self._shape = picture.timestamp, (width, height)
            self._since_s, self.says = now, ""
        if (picture is not None or packets) and self._poses:
            # The people of the picture's own frame, where it is still known.
            people = self._poses.get(self._pictured) or next(reversed(self._poses.values()))
            self._people = [packet for packet in people.values() if not packet.empty]
            if self._pictured is None:
                self._shape = _shape_of(people)
            window.redraw_views()
        while len(self._poses) > _KEPT:
            self._poses.popitem(last=False)

    def _next_picture(self) -> Picture | None:
        """The newest picture, once the poses of its frame or of a later one are here, too."""
        if self._waiting is None and self._reader is not None:
            self._waiting = self._reader.read()
        if self._waiting is None or self._waiting.timestamp > next(reversed(self._poses), float("-inf")):
            return None
        picture, self._waiting = self._waiting, None
        return picture

    def end(self) -> None:
        """Let go of everything; the next tick begins anew."""
        self._drop()
        if self._handler is not None:
            bpy.types.SpaceView3D.draw_handler_remove(self._handler, "WINDOW")
            self._handler = None
            window.redraw_views()
        self._poses.clear()
        self._people = []
        self._rgba = self._texture = self._pictured = self._waiting = self._place = self._frame = self._link = None
        self._asked_s = self._seen_s = float("-inf")
        self._shown, self.says = False, ""

    def _ask(self, link: PoseLink, now: float, replayed: bool) -> None:
        if now - self._asked_s < _ASK_S:
            return
        self._asked_s = now
        if replayed:
            self.says = "There is no camera: the skeleton is shown alone."
        elif not is_loopback(link.worker[0]):
            self.says = "The worker is another machine: its pictures stay there, the skeleton is shown alone."
        else:
            self._ask_here(link, now)
            return
        self._drop()

    def _ask_here(self, link: PoseLink, now: float) -> None:
        capturing = link.status is not None and link.status.state == "capturing"
        if not capturing:
            self._since_s, self.says = now, ""
        elif now - self._since_s > _LATE_S:  # a worker anew, or one that cannot open the memory
            self.says = "The worker gives no picture: the skeleton is shown alone."
            self._texture = self._rgba = self._pictured = None
            self._drop()
        if self._reader is None:
            try:
                self._reader, self._since_s = PreviewReader(), now
            except PreviewError as error:
                self.says = f"There is no picture: {error}."
                return
        width = round(self.width * scale())
        link.ask_preview(self._reader.name, min(width, MAX_WIDTH), min(width, MAX_HEIGHT))
        self._link = link

    def _drop(self) -> None:
        if self._reader is not None:
            if self._link is not None:
                self._link.ask_preview("", 1, 1)  # or the worker would go on for as long as it was asked
            self._reader.close()
            self._reader = None

    def _draw(self) -> None:
        began_s = time.perf_counter()
        if not self._shown or bpy.context.area is None:
            return
        if self._rgba is not None:
            height, width = self._rgba.shape[:2]
            content = gpu.types.Buffer("FLOAT", self._rgba.size, self._rgba.ravel())
            self._texture, self._rgba = gpu.types.GPUTexture((width, height), format="RGBA8", data=content), None
        free = _free(bpy.context.area, bpy.context.region, self.corner)
        place = placed(self._shape, self.width * scale(), self.corner, free)
        if place != self._place:
            self._place, self._frame = place, _Frame(*place)
        self._frame.draw(self._texture)
        for packet in self._people:
            _draw_figure(*figure_of(packet), *place)
        self.draw_ms.add(time.perf_counter() - began_s)


def free_rectangle(area: bpy.types.Area, region: bpy.types.Region) -> tuple[float, float, float, float]:
    """(x1, y1, x2, y2) of the view that no sidebar or header lies over, in the region's pixels."""
    x1, y1, x2, y2 = 0, 0, region.width, region.height
    for other in area.regions:
        if other.type not in ("UI", "TOOLS", "HEADER", "TOOL_HEADER", "ASSET_SHELF", "ASSET_SHELF_HEADER"):
            continue
        left, bottom = other.x - region.x, other.y - region.y
        right, top = left + other.width, bottom + other.height
        if other.width <= 1 or other.height <= 1 or right <= 0 or top <= 0 or left >= region.width:
            continue
        if bottom >= region.height:
            continue
        if other.alignment in ("LEFT", "RIGHT"):
            x1, x2 = (max(x1, right), x2) if left <= 0 else (x1, min(x2, left))
        else:
            y1, y2 = (max(y1, top), y2) if bottom <= 0 else (y1, min(y2, bottom))
    return x1, y1, x2, y2


def _free(area: bpy.types.Area, region: bpy.types.Region, corner: str) -> tuple[float, float, float, float]:
    """The free rectangle for a corner: at the top, beside the gizmo and below the view's name."""
    x1, y1, x2, y2 = free_rectangle(area, region)
    space = area.spaces.active
    if corner == "TOP_RIGHT" and space.show_gizmo and space.show_gizmo_navigate:
        x2 -= _GIZMO * scale()
    if corner == "TOP_LEFT" and space.overlay.show_overlays and space.overlay.show_text:
        y2 -= _TEXT * scale()
    return x1, y1, x2, y2


def placed(
    frame: tuple[int, int], wanted_px: float, corner: str, free: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    """(x, y, width, height) of a picture of the frame's shape in a corner of the free rectangle."""
    x1, y1, x2, y2 = free
    margin = _MARGIN * scale()
    most = min(wanted_px, (x2 - x1) - 2 * margin, (y2 - y1) - 2 * margin)
    share = max(most, 1.0) / max(frame)
    width, height = frame[0] * share, frame[1] * share
    x = x1 + margin if corner.endswith("LEFT") else x2 - margin - width
    y = y1 + margin if corner.startswith("BOTTOM") else y2 - margin - height
    return round(x), round(y), max(round(width), 1), max(round(height), 1)


def _shape_of(people: dict[int, PosePacket]) -> tuple[int, int]:
    """The shape of the picture that the poses are of."""
    return fitted(*_size_of(next(iter(people.values()))), (MAX_WIDTH, MAX_HEIGHT))


def _size_of(packet: PosePacket) -> tuple[int, int]:
    """(width, height) px of its picture; a foreign sender may say none, or one that is none."""
    return packet.size if packet.size is not None and min(packet.size) > 0 else (MAX_WIDTH, MAX_HEIGHT)


def figure_of(packet: PosePacket) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lines (L, 2, 2), their colours (L, 3) and dots (N, 2) of a person, in shares of the picture, y up."""
    points = packet.keypoints[:17] / _size_of(packet)
    points = np.stack([points[:, 0], 1.0 - points[:, 1]], axis=1)
    ends, colours = lines(points, packet.scores)
    ends, kept = clipped(ends, (1.0, 1.0))
    with np.errstate(invalid="ignore"):
        dotted = (packet.scores[:17] >= MIN_SCORE) & ((points >= 0) & (points <= 1)).all(axis=1)
    dotted[1:5] = False  # eyes and ears are close together
    return ends, colours[kept], points[dotted]


class _Frame:
    """The rounded frame at a place, with a picture in it or empty; made anew where it moves."""

    def __init__(self, x: float, y: float, width: float, height: float):
        outline = rounded(x, y, width, height, _RADIUS * scale())
        across = (outline - (x, y)) / (width, height)
        across[:, 1] = 1 - across[:, 1]  # rows come from the top
        self._picture, self._empty = textured(outline, across), filled(outline, _BACKDROP)
        self._border = outlined(outline, _FRAME, scale())

    def draw(self, texture: gpu.types.GPUTexture | None) -> None:
        gpu.state.blend_set("ALPHA")
        self._empty() if texture is None else self._picture(texture)
        self._border()


def _draw_figure(ends, colours, dots, x: float, y: float, width: float, height: float) -> None:
    size, corner = np.array((width, height)), np.array((x, y))
    fine = scale() * min(max(width, height) / WIDTHS["MEDIUM"] / scale(), 1.0)
    draw_lines(ends * size + corner, colours, _LINE * fine, rim=_RIM)
    draw_dots(dots * size + corner, _DOT * fine, _DOT_COLOUR, rim=_RIM)


preview = Preview()

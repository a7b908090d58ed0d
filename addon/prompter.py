"""What somebody far from the screen has to see, large at the top of the 3D view: the countdown, how long a take has
been going on, what a calibration asks for. Drawn and never an object; with nothing to say there is no handler.
"""

import blf
import bpy
import gpu
import numpy as np

from . import window
from .preview import free_rectangle
from .strokes import draw_dots, scale
from .translations import say

_NUMBER_PX, _SENTENCE_PX, _TIME_PX = 140.0, 44.0, 32.0  # at a UI scale of 1
_MARGIN_PX, _BELOW_PX = 16.0, 40.0  # Blender's own text is at the top
_FONT, _SHADOW_BLUR = 0, 5
_WHITE, _BLACK, _RED = (1.0, 1.0, 1.0, 1.0), (0.0, 0.0, 0.0, 0.9), (0.9, 0.1, 0.1, 1.0)


class Prompter:
    """text: what is shown. recording: with a red dot before it."""

    def __init__(self):
        self.text, self.recording = "", False
        self._handler = None

    def show(self, text: str, recording: bool = False) -> None:
        """From now on; nothing with an empty text."""
        if (text, recording) == (self.text, self.recording):
            return
        self.text, self.recording = text, recording
        if text and self._handler is None:
            self._handler = bpy.types.SpaceView3D.draw_handler_add(self._draw, (), "WINDOW", "POST_PIXEL")
        elif not text and self._handler is not None:
            bpy.types.SpaceView3D.draw_handler_remove(self._handler, "WINDOW")
            self._handler = None
        window.redraw_views()

    def _draw(self) -> None:
        if bpy.context.area is None:
            return
        text = say(self.text)
        x1, _, x2, y2 = free_rectangle(bpy.context.area, bpy.context.region)
        wanted = _TIME_PX if self.recording else _NUMBER_PX if text.isdecimal() else _SENTENCE_PX
        size, width, height = fitted(text, wanted * scale(), x2 - x1 - 2 * _MARGIN_PX * scale())
        x, y = (x1 + x2 - width) / 2, y2 - (_MARGIN_PX + _BELOW_PX) * scale() - height
        if self.recording:
            gpu.state.blend_set("ALPHA")
            draw_dots(np.array([[x - 0.7 * height, y + height / 2]]), 0.4 * height, _RED, _BLACK)
        blf.size(_FONT, size)
        blf.color(_FONT, *_WHITE)
        blf.enable(_FONT, blf.SHADOW)
        blf.shadow(_FONT, _SHADOW_BLUR, *_BLACK)
        blf.position(_FONT, x, y, 0.0)
        blf.draw(_FONT, text)
        blf.disable(_FONT, blf.SHADOW)


def fitted(text: str, size_px: float, room_px: float) -> tuple[float, float, float]:
    """The size of the letters, at most `size_px`, with which a text fits into a width; its width and height, px."""
    blf.size(_FONT, size_px)
    width, height = blf.dimensions(_FONT, text)
    share = min(1.0, max(room_px, 1.0) / max(width, 1.0))
    return size_px * share, width * share, height * share


prompter = Prompter()

"""Where the playhead was at a moment, told from when its frames were shown; and when a packet's picture was taken,
on this computer's clock.

So that a motion lands on the frame that was to be seen and heard when the camera saw it.
"""

from collections.abc import Sequence

import numpy as np

from .protocol import PosePacket

JUMP_S = 1.0  # frames that are off by more were not reached by playing


class Playhead:
    """Frames as they were shown while playing at `fps`; a frame is shown about when its time has come."""

    def __init__(self, fps: float):
        self.fps = fps
        self.jumped = False
        self._starts: list[float] = []  # the frame at the time 0, by each that was shown
        self._last: float | None = None

    def shown(self, time_s: float, frame: float) -> None:
        """A frame appeared; `jumped` is true from when the playhead went back, or somewhere else."""
        start = frame - self.fps * time_s
        step = 1.0 if self._last is None else frame - self._last
        # One frame on is no jump, however long it took to draw: with no sound device nothing drops frames.
        if step < 0 or (step > 1 and abs(start - self._starts[-1]) > JUMP_S * self.fps):
            self.jumped = True
        if not self.jumped:
            self._starts.append(start)
            self._last = frame

    def frame_at(self, time_s: float) -> float:
        """The frame, with its fraction, that the playhead was at. Some frame must have been shown."""
        return float(np.median(self._starts)) + self.fps * time_s

    @property
    def known(self) -> bool:
        return bool(self._starts)


def taken_s(packets: Sequence[PosePacket], clock_offset_s: float | None) -> float:
    """When the first packet's picture was taken, seconds of this computer's perf_counter; the packets are in order.

    clock_offset_s: the sender's clock minus ours. A sender that does not say when it grabbed a picture, or whose clock
    nobody knows, is believed as if its quickest packet had taken no time.
    """
    first = packets[0]
    same = [packet for packet in packets if packet.session == first.session]
    grabbed = [packet for packet in same if "v" in packet.meta and packet.meta.get("grabbed") is not None]
    if clock_offset_s is not None and grabbed:
        offsets = [packet.meta["grabbed"] - clock_offset_s - packet.timestamp for packet in grabbed]
        return first.timestamp + float(np.median(offsets))
    return first.timestamp + min(packet.meta["received"] - packet.timestamp for packet in same)

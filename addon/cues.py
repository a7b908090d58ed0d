"""When a recording begins and ends by itself: after a countdown, at its length, with the timeline, by raised hands."""

import math
from collections.abc import Sequence

import bpy

from .core import hands_up
from .core.hands_up import HandsUp
from .core.protocol import PosePacket

LOWERED_S = 1.0  # between raised hands and the beginning, at least


class Cues:
    """begins_s: when the countdown ends, or None. What is to be done is told, not done here."""

    def __init__(self):
        self.begins_s: float | None = None
        self._hands = HandsUp()

    def count_down(self, now: float, seconds: float) -> None:
        self.begins_s = now + seconds

    def cancel(self) -> None:
        self.begins_s = None

    def left(self, now: float) -> int | None:
        """Whole seconds until the take begins, or None."""
        return None if self.begins_s is None else max(math.ceil(self.begins_s - now), 0)

    def follow(self, settings: bpy.types.PropertyGroup, packets: Sequence[PosePacket], recording, now: float) -> str:
        """What is to be done now: "begin", "stop", or "" for nothing.

        packets: those of whoever is watched for raised hands. recording: the one that runs, or None; where hands end
        it, its `end_s` says when they began to rise.
        """
        raised = settings.hands_free and self._raised(packets)
        if recording is not None:
            if raised:
                recording.ends_at(self._hands.since_s - hands_up.RAISED_S)
                return "stop"
            long_enough = 0 < settings.length_s <= recording.length_s
            return "stop" if long_enough or recording.played_out else ""
        if raised:
            if self.begins_s is not None:
                self.cancel()
            else:
                self.count_down(now, max(settings.countdown_s, LOWERED_S))
        if self.begins_s is not None and now >= self.begins_s:
            self.cancel()
            return "begin"
        return ""

    def _raised(self, packets: Sequence[PosePacket]) -> bool:
        raised = False
        for packet in packets:
            self._hands, now = hands_up.follow(self._hands, packet)
            raised = raised or now
        return raised

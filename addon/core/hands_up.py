"""Both hands held above the head for a second: how a recording is started and stopped from before the camera."""

from dataclasses import dataclass, replace

import numpy as np

from .protocol import PosePacket
from .skeleton import COCO17

HELD_S = 1.0
RAISED_S = 0.6  # in which hands are raised, or lowered
GAP_S = 0.5  # a longer pause begins anew
SEEN = 0.3  # a score that a joint is believed from
_NOSE, _SHOULDERS, _WRISTS = (
    COCO17.index("nose"),
    [COCO17.index("left_shoulder"), COCO17.index("right_shoulder")],
    [COCO17.index("left_wrist"), COCO17.index("right_wrist")],
)


@dataclass(frozen=True)
class HandsUp:
    """since_s: capture time from which the hands are up, or None. told: this time counted already."""

    since_s: float | None = None
    last_s: float = -np.inf
    told: bool = False


def follow(before: HandsUp, packet: PosePacket) -> tuple[HandsUp, bool]:
    """What is known after a packet, and whether the hands have just been up for long enough. They count once until
    they are lowered."""
    time_s = packet.timestamp
    fresh = not 0 <= time_s - before.last_s <= GAP_S
    if packet.empty or not raised(packet):
        # One frame in which a wrist is not believed changes nothing.
        if not packet.empty and not _believed(packet) and not fresh:
            return before, False
        return HandsUp(None, time_s), False
    since_s = time_s if before.since_s is None or fresh else before.since_s
    known = HandsUp(since_s, time_s, before.told and not fresh)
    if not known.told and time_s - since_s >= HELD_S:
        return replace(known, told=True), True
    return known, False


def raised(packet: PosePacket) -> bool:
    """Whether both wrists are clearly above the head in the picture."""
    if not _believed(packet):
        return False
    y_px = packet.keypoints[:, 1]
    neck_px = y_px[_SHOULDERS].mean() - y_px[_NOSE]
    return bool(neck_px > 0 and (y_px[_WRISTS] < y_px[_NOSE] - 0.5 * neck_px).all())


def _believed(packet: PosePacket) -> bool:
    return bool((packet.scores[[_NOSE, *_SHOULDERS, *_WRISTS]] >= SEEN).all())

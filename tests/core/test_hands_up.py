"""Raised hands, told from keypoints alone."""

import numpy as np
import pytest

from mocap_core.hands_up import HELD_S, HandsUp, follow, raised
from mocap_core.protocol import PosePacket
from mocap_core.skeleton import COCO17


def person(time_s, wrists_px=(400.0, 400.0), score=0.9, wrist_score=0.9):
    keypoints = np.full((17, 2), 300.0)
    scores = np.full(17, score)
    for name, y_px in (("nose", 100.0), ("left_shoulder", 160.0), ("right_shoulder", 160.0)):
        keypoints[COCO17.index(name), 1] = y_px
    for side, y_px in zip(("left", "right"), wrists_px, strict=True):
        keypoints[COCO17.index(f"{side}_wrist"), 1] = y_px
        scores[COCO17.index(f"{side}_wrist")] = wrist_score
    return PosePacket(keypoints, scores, None, time_s, {})


UP = (20.0, 30.0)


def told(packets) -> list[float]:
    state, out = HandsUp(), []
    for packet in packets:
        state, now = follow(state, packet)
        if now:
            out.append(packet.timestamp)
    return out


def test_both_hands_above_the_head_are_raised_and_one_is_not():
    assert raised(person(0, UP))
    assert not raised(person(0, (20.0, 200.0))) and not raised(person(0, (20.0, 90.0)))
    assert not raised(person(0, UP, wrist_score=0.1))


def test_hands_count_once_they_were_up_for_a_second_and_again_after_they_were_lowered():
    times = np.arange(0, 8, 0.1)
    packets = [person(t, UP if 1 <= t < 4 or t >= 6 else (400, 400)) for t in times]
    assert told(packets) == pytest.approx([1 + HELD_S, 6 + HELD_S], abs=0.11)


def test_since_tells_when_they_went_up():
    state = HandsUp()
    for t in np.arange(0, 3, 0.1):
        state, now = follow(state, person(t, UP if t >= 1.45 else (400, 400)))
        if now:
            break
    assert state.since_s == pytest.approx(1.5)


def test_a_frame_in_which_wrists_are_not_believed_changes_nothing_and_a_pause_does():
    flicker = [person(t, UP, wrist_score=0.1 if n == 5 else 0.9) for n, t in enumerate(np.arange(0, 1.2, 0.1))]
    assert len(told(flicker)) == 1
    paused = [person(t, UP) for t in (0.0, 0.3, 0.6, 2.0, 2.3, 2.6)]
    assert told(paused) == []


def test_nobody_raises_no_hands():
    empty = [PosePacket(np.zeros((17, 2)), np.zeros(17), None, t, {}) for t in np.arange(0, 3, 0.1)]
    assert told(empty) == []

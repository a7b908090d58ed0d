"""When pictures were taken and which frame was shown then."""

import numpy as np
import pytest

from mocap_core.playhead import Playhead, taken_s
from mocap_core.protocol import PosePacket


def test_frames_shown_late_or_left_out_do_not_move_the_playhead():
    playhead, rng = Playhead(24.0), np.random.default_rng(0)
    for time_s in np.sort(rng.uniform(100, 103, 60)):
        playhead.shown(time_s, round(11 + 24 * (time_s - 100)))
    assert playhead.frame_at(101.0) == pytest.approx(35.0, abs=0.3)
    assert not playhead.jumped


def test_a_playhead_that_goes_back_to_the_start_has_jumped_and_tells_no_more():
    playhead = Playhead(24.0)
    for number in range(50):
        playhead.shown(number / 24, 1 + number % 40)
    assert playhead.jumped
    assert playhead.frame_at(49 / 24) == pytest.approx(50.0)


def test_a_playhead_that_is_put_elsewhere_has_jumped():
    playhead = Playhead(24.0)
    for number in range(50):
        playhead.shown(number / 24, number if number < 20 else number + 200)
    assert playhead.jumped and playhead.frame_at(0.0) == pytest.approx(0.0)


def test_a_frame_that_takes_seconds_to_draw_is_no_jump():
    playhead = Playhead(24.0)
    for time_s, frame in ((0.0, 1), (1 / 24, 2), (3.0, 3), (3.0 + 1 / 24, 4)):
        playhead.shown(time_s, frame)
    assert not playhead.jumped


def packet(timestamp, received, **meta):
    return PosePacket(np.ones((17, 2)), np.ones(17), None, timestamp, {"received": received, **meta})


def test_pictures_were_taken_when_they_were_grabbed_whatever_the_way_took():
    # The worker's clock is 40 s ahead; frames take 30 to 60 ms to arrive.
    packets = [packet(50 + n / 30, 10 + n / 30 + 0.03 + 0.01 * (n % 4), v=1, grabbed=50 + n / 30) for n in range(20)]
    assert taken_s(packets, 40.0) == pytest.approx(10.0)


def test_a_file_is_seen_when_it_is_played():
    packets = [packet(n / 30, 10 + n / 30 + 0.05, v=1, grabbed=50 + n / 30) for n in range(20)]
    assert taken_s(packets, 40.0) == pytest.approx(10.0)


def test_without_a_clock_the_quickest_packet_took_no_time():
    packets = [packet(5 + n / 30, 10 + n / 30 + 0.02 * (3 - n % 4)) for n in range(20)]
    assert taken_s(packets, None) == pytest.approx(10.0)

"""The player: takes and the sample motion over real UDP, to the link that a camera's poses go to."""

import time
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from mocap_core import sample_motion
from mocap_core.link import PoseLink
from mocap_core.player import Player
from mocap_core.protocol import PosePacket
from mocap_core.take import TakeError, TakeWriter, read_take

PATIENCE_S = 30.0
KEY = b"a key of more than sixteen"


def listen(link, until):
    """What comes until the condition holds."""
    packets, end_s = [], time.perf_counter() + PATIENCE_S
    while not until(packets):
        packets += link.poll(time.perf_counter())
        time.sleep(0.002)
        assert time.perf_counter() < end_s, (len(packets), link.status)
    return packets


@pytest.fixture
def play():
    """Starts a player and a link that asks it."""
    opened = []

    def start(name, packets, loop=False, key=None):
        player = Player(name, packets, loop, key)
        link = PoseLink(0, player.address, key)
        opened.extend((link, player))
        link.start("anything")
        return link, player

    yield start
    for each in opened:
        each.close()


def sample(count, **meta):
    return [replace(p, meta=p.meta | meta) for p in islice(sample_motion.packets(), count)]


@pytest.mark.parametrize("key", [None, KEY])
def test_packets_come_as_they_are_in_their_order_and_then_it_has_ended(play, key):
    link, _ = play("The take", lambda: sample(20), key=key)
    packets = listen(link, lambda _: link.status and link.status.state == "ended")
    np.testing.assert_allclose([p.timestamp for p in packets], np.arange(20) / 30, atol=1e-6)
    for got, want in zip(packets, sample(20), strict=True):
        np.testing.assert_allclose(got.joints_3d, want.joints_3d, atol=1e-4)
        np.testing.assert_allclose(got.keypoints, want.keypoints, atol=0.1)
        assert got.metric and got.size == want.size
    assert (link.counters.received, link.counters.lost, link.counters.bad) == (20, 0, 0)
    assert link.status.message == "The take has ended."
    assert link.clock_offset_s == pytest.approx(0.0, abs=1.0)  # the same clock


def test_no_packet_is_sent_before_its_time(play):
    begun_s = time.perf_counter()
    link, _ = play("The take", lambda: sample(10))
    packets = listen(link, lambda packets: len(packets) == 10)
    assert all(p.meta["received"] - begun_s > number / 30 for number, p in enumerate(packets))


def test_a_loop_is_another_session_each_time(play):
    link, _ = play("The take", lambda: sample(4), loop=True)
    packets = listen(link, lambda packets: len(packets) >= 13)
    assert [p.seq for p in packets[:13]] == [0, 1, 2, 3] * 3 + [0]
    assert len({p.session for p in packets[:13]}) == 4
    assert link.counters.lost == link.counters.late == 0


def test_sessions_of_a_take_follow_each_other(play):
    take = [*sample(3, session="a"), *sample(3, session="b")]
    link, _ = play("The take", lambda: take)
    packets = listen(link, lambda packets: len(packets) == 6)
    assert [p.seq for p in packets] == [0, 1, 2] * 2 and len({p.session for p in packets}) == 2


@pytest.mark.parametrize("leap_s", [0.0, 86400.0])
def test_a_take_whose_clock_begins_anew_or_leaps_is_played_on(play, leap_s):
    def packets():
        first = [replace(p, meta=p.meta | {"received": 5 + p.timestamp}) for p in sample(40)]
        later = [
            replace(p, timestamp=p.timestamp + leap_s, meta=p.meta | {"received": 7 + p.timestamp}) for p in first[:5]
        ]
        return first + later

    link, _ = play("The take", packets)
    assert len(listen(link, lambda _: link.status and link.status.state == "ended")) == 45


def test_people_keep_their_numbers(play):
    two = [replace(p, meta=p.meta | {"person": person}) for p in sample(5) for person in (0, 1)]
    link, _ = play("The take", lambda: two)
    packets = listen(link, lambda packets: len(packets) == 10)
    assert [p.person for p in packets] == [0, 1] * 5 and link.counters.lost == 0


def test_a_foreign_senders_packets_are_counted_too(play):
    foreign = [
        PosePacket(p.keypoints, p.scores, p.joints_3d, p.timestamp, {"frame_size": [640, 360], "seq": "mine"})
        for p in sample(5)
    ]
    link, _ = play("The take", lambda: foreign)
    packets = listen(link, lambda packets: len(packets) == 5)
    assert [p.seq for p in packets] == list(range(5))
    assert packets[0].size == (640, 360) and not packets[0].metric


def test_a_recorded_take_can_be_recorded_again(play, tmp_path):
    with TakeWriter(tmp_path / "one.mocap", {}) as writer:
        for packet in sample(6):
            writer.write(replace(packet, meta=packet.meta | {"received": 5.0}))
    link, _ = play("one", lambda: read_take(tmp_path / "one.mocap").packets)
    with TakeWriter(tmp_path / "two.mocap", {}) as writer:
        for packet in listen(link, lambda packets: len(packets) == 6):
            writer.write(packet)
    one, two = (read_take(tmp_path / f"{name}.mocap").packets for name in ("one", "two"))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.keypoints, b.keypoints)
        np.testing.assert_array_equal(a.joints_3d, b.joints_3d)
        assert a.timestamp == b.timestamp


def test_a_take_that_cannot_be_read_is_told(play):
    def gone():
        raise TakeError("Cannot read the take: it is gone.")

    link, _ = play("The take", gone)
    listen(link, lambda _: link.status and link.status.state == "error")
    assert link.status.message == "Cannot read the take: it is gone."
    empty, _ = play("The take", lambda: [])
    listen(empty, lambda _: empty.status and empty.status.state == "error")
    assert "no poses" in empty.status.message


def test_stop_ends_it_and_start_begins_anew(play):
    link, _ = play("The motion", sample_motion.packets)
    listen(link, lambda packets: len(packets) > 5)
    link.stop()
    listen(link, lambda _: not link.asking and link.status.state == "idle")
    link.start("anything")
    packets = listen(link, lambda packets: len(packets) > 2)
    assert packets[0].timestamp == 0.0 and packets[0].seq == 0


def test_who_does_not_renew_the_lease_gets_no_more(play):
    link, player = play("The motion", sample_motion.packets)
    listen(link, lambda packets: len(packets) > 2)
    link.close()
    end_s = time.perf_counter() + PATIENCE_S
    while player._playing is not None:
        time.sleep(0.01)
        assert time.perf_counter() < end_s


def test_worker_set_anew_is_left_at_once(play):
    """Or two would send for as long as the lease holds."""
    link, first = play("One", sample_motion.packets)
    listen(link, lambda packets: len(packets) > 2)
    second = Player("Two", lambda: sample(100))
    link.worker = second.address
    link.start("anything")
    listen(link, lambda _: link.status and link.status.message == "Playing Two.")
    end_s = time.perf_counter() + PATIENCE_S
    while first._playing is not None:
        time.sleep(0.01)
        assert time.perf_counter() < end_s
    second.close()


def test_sample_motion_is_a_body_in_the_picture():
    poses = [sample_motion.pose(time_s) for time_s in np.arange(0, sample_motion.PERIOD_S, 0.1)]
    joints = np.array([joints for joints, _ in poses])
    for a, b, length_m in ((5, 7, 0.29), (8, 10, 0.26), (11, 13, 0.43), (14, 16, 0.42)):
        np.testing.assert_allclose(np.linalg.norm(joints[:, a] - joints[:, b], axis=1), length_m, atol=1e-9)
    assert np.abs(joints[:, 11:13].mean(axis=1)).max() < 1e-9  # hip-centred
    ankles = joints[:, 15:] + np.array([root for _, root in poses])[:, None]
    assert ankles[..., 1].max() < 0.93  # none below the floor
    for number in range(0, 480, 7):
        keypoints = sample_motion.packet(number).keypoints
        assert (keypoints > 0).all() and (keypoints < sample_motion.SIZE).all()


def test_sample_motion_goes_on_where_it_began():
    first, again = sample_motion.pose(1.0), sample_motion.pose(1.0 + sample_motion.PERIOD_S)
    np.testing.assert_allclose(first[0], again[0], atol=1e-9)

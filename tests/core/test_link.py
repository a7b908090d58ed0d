"""The two ends of the wire over real UDP: subscription, requests, clock, counters, keys."""

import socket
import time

import numpy as np
import pytest
from wire import KEY, PATIENCE_S, until

from mocap_core.endpoint import Endpoint, LinkError
from mocap_core.link import PoseLink
from mocap_core.protocol import (
    Cameras,
    Devices,
    Film,
    PacketError,
    Ping,
    Pong,
    PosePacket,
    Start,
    Status,
    Stop,
    Subscribe,
    decode,
    encode,
)
from mocap_core.seal import FRESH_S, Seal, read_key


def pose(seq, session="one", **meta):
    return PosePacket(
        np.ones((17, 2)), np.ones(17), None, seq / 30, {"v": 1, "session": session, "seq": seq, **meta}
    )


@pytest.fixture
def link(worker):
    link = PoseLink(0, ("127.0.0.1", worker.port))
    yield link
    link.close()


def heard(worker, kind):
    """The first message of a kind that comes to the worker's end, and who sent it."""

    def look():
        for datagram, address, _ in worker.drain():
            message = decode(datagram)
            if isinstance(message, kind):
                return message, address

    found = until(look)
    assert found, f"no {kind.__name__} came"
    return found


def polled(link, count):
    """`count` packets, however many polls they take."""
    packets = []
    until(lambda: packets.extend(link.poll(time.perf_counter())) or len(packets) >= count)
    return packets


def test_first_poll_subscribes_and_the_lease_is_kept_while_nobody_polls(worker, link):
    time.sleep(0.3)
    assert worker.drain() == []
    link.poll(100.0)
    message, address = heard(worker, Subscribe)
    assert message.lease_s == 5.0 and address == ("127.0.0.1", link.port)
    for _ in range(2):
        assert heard(worker, Subscribe)[1] == address


def test_a_film_is_asked_for_while_nobody_polls_until_it_is_ended(worker, link):
    link.poll(100.0)
    link.ask_film("/Take 1.mocap.mkv")
    for _ in range(2):
        message, address = heard(worker, Film)
        assert message.path == "/Take 1.mocap.mkv"
    link.ask_film("")
    assert heard(worker, Film)[0].path == ""
    messages = []
    for count in (1, 2):
        link._renew_s = float("-inf")  # the lease is renewed at once
        until(
            lambda: messages.extend(decode(datagram) for datagram, _, _ in worker.drain())
            or sum(isinstance(message, Subscribe) for message in messages) >= count  # noqa: B023
        )
    assert not any(isinstance(message, Film) for message in messages)
    assert link.filmed is None
    worker.send(encode(Film("/Take 1.mocap.mkv")), address)
    until(lambda: link.poll(100.1) or link.filmed)
    assert link.filmed == "/Take 1.mocap.mkv"


def test_closing_gives_the_lease_back(worker):
    link = PoseLink(0, ("127.0.0.1", worker.port))
    link.close()
    link.close()
    assert heard(worker, Subscribe)[0].lease_s == 0


def test_taken_port_is_replaced(link):
    other = PoseLink(link.port)
    try:
        assert other.port != link.port
    finally:
        other.close()


def test_start_is_asked_again_until_it_is_answered(worker, link):
    request = link.start("clip.mp4", "tiny", "cpu", {"box": [0, 0, 5, 5]})
    message, address = heard(worker, Start)
    assert message == Start(request, "clip.mp4", "tiny", "cpu", {"box": [0, 0, 5, 5]})
    link.poll(50.0)
    assert heard(worker, Start)[0].id == request
    assert link.asking
    worker.send(encode(Status("loading", request="another")), address)
    until(lambda: link.poll(50.1) or link.status)
    assert link.asking
    worker.send(encode(Status("loading", "Loading the model.", 0.5, request=request)), address)
    until(lambda: link.poll(50.2) or not link.asking)
    assert not link.asking and link.status.progress == 0.5
    assert link.status_age_s(51.2) == pytest.approx(1.0)
    link.stop()
    heard(worker, Stop)


def test_the_workers_cameras_come_when_they_are_asked_for(worker, link):
    link.poll(1.0)
    assert link.cameras is None
    link.ask_cameras()
    _, address = heard(worker, Devices)
    worker.send(encode(Cameras({"0": "Built-in"})), address)
    until(lambda: link.poll(1.1) or link.cameras)
    assert link.cameras == {"0": "Built-in"}
    link.worker = ("127.0.0.1", worker.port)  # another one may have others
    assert link.cameras is None


def test_status_of_somebody_else_is_not_ours(worker, link):
    other = Endpoint("127.0.0.1", 0)
    try:
        other.send(encode(Status("error", "Not yours.")), ("127.0.0.1", link.port))
        worker.send(encode(Status("idle")), ("127.0.0.1", link.port))
        until(lambda: link.poll(1.0) or link.status)
        assert link.status.state == "idle"
    finally:
        other.close()


def test_clock_offset_is_the_workers_clock_minus_ours(worker, link):
    link.poll(1.0)
    ping, address = heard(worker, Ping)
    now = time.perf_counter()
    worker.send(encode(Pong(ping.sent, now + 1000, time.perf_counter() + 1000)), address)
    until(lambda: link.poll(1.1) or link.clock_offset_s)
    # The offset can be wrong by half the round trip, which is at most what this test waits.
    assert abs(link.clock_offset_s - 1000) < PATIENCE_S


def test_packets_come_in_order_and_are_counted(worker, link):
    address = ("127.0.0.1", link.port)
    for seq in (10, 12, 11, 14, 14):
        worker.send(encode(pose(seq)), address)
    packets = polled(link, 4)
    until(lambda: link.poll(0.0) or link.counters.duplicates)
    assert sorted(packet.seq for packet in packets) == [10, 11, 12, 14]
    counters = link.counters
    assert (counters.received, counters.lost, counters.reordered, counters.duplicates) == (4, 1, 1, 1)
    assert counters.bytes > 4 * 300
    assert packets[0].meta["received"] <= time.perf_counter()


def test_late_packet_is_kept_and_not_shown(worker, link):
    address = ("127.0.0.1", link.port)
    worker.send(encode(pose(0)), address)
    worker.send(encode(pose(2)), address)
    assert [packet.seq for packet in polled(link, 2)][-1] == 2
    worker.send(encode(pose(1)), address)
    assert [packet.seq for packet in polled(link, 1)] == [1]
    assert link.newest == {}
    assert (link.counters.late, link.counters.lost) == (1, 0)
    worker.send(encode(pose(3)), address)
    polled(link, 1)
    assert link.newest[0].seq == 3


def test_each_person_has_a_newest_packet_and_all_share_the_numbers(worker, link):
    address = ("127.0.0.1", link.port)
    for seq in range(4):  # two people, two frames
        worker.send(encode(pose(seq, person=seq % 2)), address)
    assert [packet.person for packet in polled(link, 4)] == [0, 1, 0, 1]
    assert {person: packet.seq for person, packet in link.newest.items()} == {0: 2, 1: 3}
    worker.send(encode(pose(5, person=1)), address)
    polled(link, 1)
    assert list(link.newest) == [1] and link.counters.lost == 1
    # A later number has come, but another person's: of its own this is the newest.
    worker.send(encode(pose(4, person=0)), address)
    polled(link, 1)
    assert link.newest[0].seq == 4
    counters = link.counters
    assert (counters.lost, counters.reordered, counters.late) == (0, 1, 0)


def test_loss_at_both_ends_of_our_own_capture_is_counted(worker, link):
    request = link.start("0")
    address = ("127.0.0.1", link.port)
    for seq in (2, 3):
        worker.send(encode(pose(seq)), address)
    polled(link, 2)
    assert link.counters.lost == 2
    worker.send(encode(Status("ended", figures={"packets_sent": 6}, session="one", request=request)), address)
    until(lambda: link.poll(0.0) or link.counters.lost == 4)
    assert link.counters.lost == 4


def test_joining_a_running_capture_loses_nothing(worker, link):
    worker.send(encode(pose(1000)), ("127.0.0.1", link.port))
    polled(link, 1)
    assert link.counters.lost == 0


def test_new_session_counts_anew(worker, link):
    address = ("127.0.0.1", link.port)
    for packet in (pose(5), pose(0, "two"), pose(1, "two"), pose(6, "one")):
        worker.send(encode(packet), address)
    packets = polled(link, 4)
    assert len(packets) == 4
    assert (link.counters.lost, link.counters.late) == (0, 1)


def test_foreign_packets_come_as_they_are(worker, link):
    for index in range(3):
        packet = PosePacket(np.ones((17, 2)), np.ones(17), None, 5.0 - index, {})
        worker.send(encode(packet), ("127.0.0.1", link.port))
    assert [packet.timestamp for packet in polled(link, 3)] == [5.0, 4.0, 3.0]
    assert (link.counters.received, link.counters.lost) == (3, 0)


def test_bad_datagrams_are_counted_and_dropped(worker, link):
    for datagram in (b"hello", b"", b"x" * 9300, encode(pose(0))[:-9]):
        worker.send(datagram, ("127.0.0.1", link.port))
    worker.send(encode(pose(0)), ("127.0.0.1", link.port))
    assert len(polled(link, 1)) == 1
    assert link.counters.bad == 4
    assert link.last_bad


def test_a_burst_while_nobody_polls_is_kept(worker, link):
    for seq in range(500):
        worker.send(encode(pose(seq)), ("127.0.0.1", link.port))
        while seq - len(link._endpoint._queue) > 20:  # or the system's own buffer, whatever its size, would run over
            time.sleep(0.001)
    assert [packet.seq for packet in polled(link, 500)] == list(range(500))


def test_another_machine_needs_a_key():
    with pytest.raises(LinkError, match="key"):
        PoseLink(0, ("192.0.2.1", 5006))
    with pytest.raises(LinkError, match="key"):
        Endpoint("0.0.0.0", 0)


def test_taken_control_port_is_one_sentence(worker):
    with pytest.raises(LinkError, match=f"port {worker.port}"):
        Endpoint("127.0.0.1", worker.port)


def test_sealed_ends_understand_each_other_and_drop_the_rest():
    worker = Endpoint("127.0.0.1", 0, KEY)
    link = PoseLink(0, ("127.0.0.1", worker.port), KEY)
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        address = ("127.0.0.1", link.port)
        stranger.sendto(encode(pose(0)), address)
        stranger.sendto(Seal(b"another key of sixteen").seal(encode(pose(0))), address)
        replayed = Seal(KEY).seal(encode(pose(0)))
        stranger.sendto(replayed, address)
        stranger.sendto(replayed, address)
        stranger.sendto(replayed[:30] + b"9" + replayed[31:], address)
        worker.send(encode(pose(1)), address)
        assert [packet.seq for packet in polled(link, 2)] == [0, 1]
        assert link.counters.bad == 4
        assert heard(worker, Subscribe)[0].lease_s > 0
    finally:
        stranger.close()
        link.close()
        worker.close()


def test_seal_leaves_the_datagram_and_adds_id_counter_and_mac():
    clock = [1_700_000_000_000_000_000]
    sealed = Seal(KEY, lambda: clock[0]).seal(b'{"type":"ping"}')
    body, trailer = sealed.split(b"\n")
    assert body == b'{"type":"ping"}'
    sender, counter, mac = trailer.split(b" ")
    assert (len(sender), int(counter, 16), len(mac)) == (8, clock[0], 64)
    assert Seal(KEY, lambda: clock[0]).open(sealed) == body


def test_old_datagram_is_dropped_after_a_restart():
    """A fresh receiver has seen nothing; the counter's age alone gives a recording away."""
    clock = [1_700_000_000_000_000_000]
    sealed = Seal(KEY, lambda: clock[0]).seal(b"{}")
    for apart_s in (-FRESH_S - 1, FRESH_S + 1):
        later = clock[0] + int(apart_s * 1e9)
        with pytest.raises(PacketError, match="clock"):
            Seal(KEY, lambda later=later: later).open(sealed)


def test_counter_is_fresh_even_where_the_clock_stands():
    seal = Seal(KEY, lambda: 5_000_000_000)
    opening = Seal(KEY, lambda: 5_000_000_000)
    assert len({opening.open(seal.seal(b"%d" % i)) for i in range(50)}) == 50


def test_short_key_is_refused():
    assert read_key("  0123456789abcdef\n") == b"0123456789abcdef"
    with pytest.raises(ValueError, match="at least 16"):
        read_key("secret")

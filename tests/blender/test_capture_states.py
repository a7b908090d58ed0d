"""What is said of a capture: changed settings, a worker elsewhere that is silent, latency by stage, limbs, nobody."""

import socket
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

# What asks nothing of Blender that differs between its versions.
once = pytest.mark.skipif(bpy.app.version[:2] != (5, 0), reason="the same in every Blender")


@pytest.fixture
def settings(extension, session):
    machine = extension.addon("machine")
    yield machine
    for name in ("worker_address", "source", "device", "key"):
        machine.put(name, "")


def tick_until(session, condition, what):
    until = time.perf_counter() + 30
    while not condition():
        session.tick()
        time.sleep(0.005)
        assert time.perf_counter() < until, f"{what} did not happen; {session.stats()}"


def test_changed_settings_are_told_until_the_capture_is_started_again(session, settings):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as worker:
        worker.bind(("127.0.0.1", 0))
        settings.put("worker_address", f"127.0.0.1:{worker.getsockname()[1]}")
        assert not session.stats()["changed"]
        settings.put("source", "0")
        bpy.ops.mocap.start_capture()
        assert not session.stats()["changed"]
        settings.put("source", "1")
        assert session.stats()["changed"]
        bpy.ops.mocap.start_capture()
        assert not session.stats()["changed"]
        settings.put("device", "cpu")
        assert session.stats()["changed"]
        bpy.ops.mocap.stop_capture()
        assert not session.stats()["changed"]


@once
def test_another_workers_address_is_told_and_gone_to_with_the_next_start(extension, session, settings):
    protocol = extension.core("protocol")
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other,
    ):
        for worker in (one, other):
            worker.bind(("127.0.0.1", 0))
            worker.settimeout(20)
        settings.put("source", "0")
        settings.put("worker_address", f"127.0.0.1:{one.getsockname()[1]}")
        bpy.ops.mocap.start_capture()
        settings.put("worker_address", f"127.0.0.1:{other.getsockname()[1]}")
        assert session.stats()["changed"]
        bpy.ops.mocap.start_capture()
        assert not session.stats()["changed"]
        assert isinstance(protocol.decode(other.recv(9000)), protocol.Subscribe)


@once
def test_a_worker_that_falls_silent_is_waited_for_and_its_error_goes_with_the_connection(
    extension, session, settings, monkeypatch
):
    protocol, capture = extension.core("protocol"), extension.addon("capture")
    monkeypatch.setattr(capture, "_SILENT_S", 0.2)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as worker:
        worker.bind(("127.0.0.1", 0))
        worker.settimeout(20)
        settings.put("worker_address", f"127.0.0.1:{worker.getsockname()[1]}")
        settings.put("source", "0")
        bpy.ops.mocap.start_capture()
        while True:
            session.tick()
            datagram, address = worker.recvfrom(9000)
            message = protocol.decode(datagram)
            if isinstance(message, protocol.Start):
                break
        worker.sendto(protocol.encode(protocol.Status("capturing", request=message.id)), address)
        tick_until(session, lambda: session.stats()["state"] == "capturing", "a capture")
        tick_until(session, lambda: session.stats()["error"], "silence")
        assert (session.stats()["state"], session.stats()["error"]) == ("waiting", "The worker no longer answers.")
        worker.sendto(protocol.encode(protocol.Status("capturing", request=message.id)), address)
        tick_until(session, lambda: not session.stats()["error"], "an answer")
        assert session.stats()["state"] == "capturing"
        with pytest.raises(RuntimeError, match="poll"):  # it may be silent again
            bpy.ops.mocap.dismiss()
        tick_until(session, lambda: session.stats()["error"], "silence")
        bpy.ops.mocap.disconnect()
        assert (session.stats()["state"], session.stats()["error"]) == ("off", "")


@once
def test_what_is_over_can_be_dismissed(session, settings):
    settings.put("source", "test motion")
    bpy.ops.mocap.start_capture()
    tick_until(session, lambda: session.stats()["received"] > 3, "the test motion")
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    assert session.stats()["error"] == "The capture ended, because another file was loaded."
    bpy.ops.mocap.dismiss()
    assert session.stats()["error"] == ""


def test_a_silent_worker_elsewhere_is_told_and_none_is_started_here(extension, session, settings, monkeypatch):
    capture = extension.addon("capture")
    monkeypatch.setattr(capture, "_AWAY_ANSWER_S", 0.05)
    settings.put("worker_address", "192.0.2.7:5006")  # an address that is nobody's
    settings.put("key", "a shared key of some length")
    bpy.ops.mocap.start_capture()
    tick_until(session, lambda: session.stats()["error"], "an error")
    assert "192.0.2.7:5006 does not answer" in session.stats()["error"]
    assert session.stats()["wanted"] and not session.worker_runs


def test_latency_by_stage_and_limbs_that_are_seen(extension, session, actor, sender, monkeypatch):
    bpy.ops.mocap.connect()
    monkeypatch.setattr(type(session.link), "clock_offset_s", property(lambda _: 100.0))
    now = time.perf_counter() + 100.0  # on the worker's clock

    def from_camera(packet):
        scores = packet.scores.copy()
        scores[[5, 7, 9]] = 0.2
        times = {"grabbed": now - 0.030, "sent": now - 0.010}
        return replace(packet, scores=scores, meta=packet.meta | times)

    sender.play([from_camera(packet) for packet in actor.packets[:5]])
    stats = session.stats()
    assert stats["latency_stages_ms"]["worker"] == {"p50": 20.0, "p95": 20.0}
    assert all(stats["latency_stages_ms"][stage]["p50"] > 0 for stage in ("travel", "blender"))
    assert stats["latency_ms"]["p50"] > 30.0
    assert stats["quality"] == {
        "Head": 0.9, "Left arm": 0.2, "Right arm": 0.9, "Left leg": 0.9, "Right leg": 0.9
    }  # fmt: skip


def test_nobody_in_view_is_no_loss(extension, session, actor, sender):
    bpy.ops.mocap.connect()
    empty = [
        replace(packet, keypoints=np.full((17, 2), np.nan), scores=np.zeros(17), joints_3d=None)
        for packet in actor.packets[:10]
    ]
    sender.play(empty)
    stats = session.stats()
    assert (stats["received"], stats["lost"], stats["people"], stats["quality"]) == (10, 0, [], None)
    nobody = extension.addon("panels")._nobody
    assert nobody(stats | {"state": "capturing"})
    assert not nobody(stats | {"state": "capturing", "people": [0]})
    assert not nobody(stats | {"state": "capturing", "received": 0})


def test_a_name_that_takes_long_to_look_up_holds_nobody_up(session, settings, monkeypatch):
    """No name server can be had here, so `getaddrinfo` is stood in for."""
    answering, real = threading.Event(), socket.getaddrinfo

    def slow(host, *arguments):
        if host != "studio":
            return real(host, *arguments)
        answering.wait(20)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    settings.put("worker_address", "studio:5006")
    settings.put("source", "0")
    bpy.ops.mocap.start_capture()
    session.tick()
    stats = session.stats()
    assert (stats["state"], stats["message"], stats["wanted"]) == ("looking", "Looking up studio …", True)
    bpy.ops.mocap.stop_capture()
    assert not session.stats()["wanted"]
    bpy.ops.mocap.disconnect()
    assert session.stats()["state"] == "off" and not answering.is_set()

    bpy.ops.mocap.start_capture()
    answering.set()
    tick_until(session, lambda: not session.stats()["wanted"], "the end of the capture")
    stats = session.stats()
    assert stats["error"].startswith("The host 'studio' is not known.")
    assert stats["state"] == "connected"  # from where it can be started again

    settings.put("source", "test motion")  # which asks no worker
    bpy.ops.mocap.start_capture()
    tick_until(session, lambda: session.stats()["received"] > 3, "the test motion")
    assert not session.stats()["error"]

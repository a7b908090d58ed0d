"""The add-on by itself: the test motion and takes as sources, with no worker anywhere."""

import socket
import time

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

PATIENCE_S = 60.0


@pytest.fixture
def machine(extension, monkeypatch):
    """The machine's settings, and no worker that could be started."""
    monkeypatch.setenv("MOCAP_WORKER", "/nowhere/mocap")
    machine = extension.addon("machine")
    yield machine
    for name in ("source", "source_kind", "last_camera", "last_file", "last_take", "last_test", "replay_loop"):
        machine.put(name, "")


@pytest.fixture
def settings(extension, machine):
    return bpy.context.preferences.addons[extension.addon("preferences").PACKAGE].preferences


def tick_until(session, condition):
    until = time.perf_counter() + PATIENCE_S
    while not condition():
        session.tick()
        time.sleep(0.003)
        assert time.perf_counter() < until, session.stats()


def test_test_motion_moves_the_character_and_is_recorded(session, character, settings, machine):
    settings.source_kind = "TEST"
    before = character.pose.bones["rightLowerArm"].matrix.copy()
    bpy.ops.mocap.start_capture()
    tick_until(session, lambda: session.stats()["received"] > 10)
    bpy.ops.mocap.record_start()
    tick_until(session, lambda: session.stats()["recorded"] > 15 and session.stats()["latency_ms"])
    stats = session.stats()
    assert stats["lost"] == stats["bad"] == 0 and not stats["error"]
    assert stats["message"] == "Playing the test motion."
    assert character.pose.bones["rightLowerArm"].matrix != before
    bpy.ops.mocap.record_stop()
    assert len(session.last_take.frames) >= 10
    bpy.ops.mocap.stop_capture()
    tick_until(session, lambda: session.link.status.state == "idle")
    assert session._capture._process is None


def test_a_take_is_replayed_and_recorded_again(session, character, actor, sender, settings, machine):
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    path = session.recording.path
    sender.play(actor.packets[:24])
    bpy.ops.mocap.record_stop()
    first = np.array(session.last_take.frames)
    bpy.ops.mocap.remove_take()
    bpy.ops.mocap.disconnect()
    bpy.ops.mocap.replay_take(filepath=str(path))
    assert settings.source_kind == "TAKE" and settings.source_take == str(path)
    bpy.ops.mocap.record_start()
    tick_until(session, lambda: session.stats()["recorded"] == 24 and session.link.status.state == "ended")
    assert path.stem in session.stats()["message"]
    again_path = session.recording.path
    bpy.ops.mocap.record_stop()
    assert len(session.last_take.frames) == len(first) and again_path != path
    assert session.stats()["lost"] == 0


def test_a_loop_goes_on_until_it_is_stopped(session, extension, settings, machine, tmp_path):
    take, motion = extension.core("take"), extension.core("sample_motion")
    with take.TakeWriter(tmp_path / "short.mocap", {}) as writer:
        for number in range(5):
            writer.write(motion.packet(number))
    bpy.ops.mocap.replay_take(filepath=str(tmp_path / "short.mocap"), loop=True)
    tick_until(session, lambda: session.stats()["received"] > 12)
    assert session.stats()["lost"] == session.stats()["late"] == 0
    bpy.ops.mocap.stop_capture()


def test_what_is_no_take_is_told(session, settings, machine, tmp_path):
    with pytest.raises(RuntimeError, match=r"is no take"):
        bpy.ops.mocap.replay_take(filepath=str(tmp_path / "film.mp4"))
    (tmp_path / "bad.mocap").write_text("nonsense\n")
    bpy.ops.mocap.replay_take(filepath=str(tmp_path / "bad.mocap"))
    tick_until(session, lambda: session.stats()["error"])
    assert "bad.mocap is no take" in session.stats()["error"] and not session.stats()["wanted"]


def test_back_to_a_camera_the_worker_is_asked(session, settings, machine):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as worker:
        worker.bind(("127.0.0.1", 0))
        worker.settimeout(PATIENCE_S)
        machine.put("worker_address", f"127.0.0.1:{worker.getsockname()[1]}")
        settings.source_kind = "TEST"
        bpy.ops.mocap.start_capture()
        tick_until(session, lambda: session.stats()["received"] > 3)
        settings.source_kind = "CAMERA"
        bpy.ops.mocap.start_capture()
        received = b""
        while b'"start"' not in received:
            received = worker.recv(2000)
        assert b'"source":"0"' in received
        assert session.link.worker == worker.getsockname()


def test_each_kind_of_source_remembers_what_was_chosen(settings, machine, extension):
    sources = extension.addon("sources")
    assert settings.source_kind == "CAMERA"
    settings.source_camera = 2
    settings.source_kind = "FILE"
    assert not sources.is_chosen() and settings.source_file == ""
    assert not bpy.ops.mocap.start_capture.poll()
    settings.source_file = "/films/one.mp4"
    assert sources.is_chosen() and machine.get("source") == "/films/one.mp4"
    settings.source_kind = "TEST"
    assert machine.get("source") == "test motion"
    settings.source_kind = "CAMERA"
    assert settings.source_camera == 2
    settings.source_kind = "FILE"
    assert settings.source_file == "/films/one.mp4"
    settings.source_file = ""
    assert settings.source_kind == "FILE" and not sources.is_chosen()
    machine.put("source", "/takes/a.mocap")  # as a script may
    assert settings.source_kind == "TAKE" and settings.source_take == "/takes/a.mocap"

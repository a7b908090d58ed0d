"""Start capture with the real worker, started by the add-on as a process: it runs, fails, dies, is joined.

MOCAP_WORKER names the program `mocap`; else the one beside this Python is taken.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

CLIP = Path(__file__).resolve().parents[2] / "worker" / "demo" / "clip.mp4"
PATIENCE_S = 120.0


@pytest.fixture
def machine(extension, monkeypatch):
    """The machine's settings, with the clip as the source and a control port of the test's own."""
    program = Path(os.environ.get("MOCAP_WORKER") or Path(sys.executable).with_name(_PROGRAM))
    if not program.is_file():
        pytest.skip(f"no worker is installed: {program} is not there")
    monkeypatch.setenv("MOCAP_WORKER", str(program))
    preferences = extension.addon("preferences")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    preferences.put("worker_address", f"127.0.0.1:{port}")
    preferences.put("source", str(CLIP))
    preferences.put("device", "cpu")
    yield preferences
    for name in ("worker_address", "source", "device", "worker"):
        preferences.put(name, "")


_PROGRAM = "mocap.exe" if sys.platform == "win32" else "mocap"


def tick_until(session, condition, what: str):
    until = time.perf_counter() + PATIENCE_S
    while not condition():
        session.tick()
        time.sleep(0.005)
        assert time.perf_counter() < until, f"{what} did not happen; {session.stats()}"


def test_capture_moves_the_character_and_stops(session, character, machine):
    before = character.pose.bones["leftLowerArm"].matrix.copy()
    bpy.ops.mocap.start_capture()
    assert session.stats()["state"] == "waiting"
    tick_until(session, lambda: session.stats()["received"] > 20, "a capture")
    assert not session.stats()["error"]
    assert character.pose.bones["leftLowerArm"].matrix != before
    tick_until(session, lambda: session.stats()["latency_ms"], "a latency")
    bpy.ops.mocap.stop_capture()
    tick_until(session, lambda: session.link.status.state == "idle", "the capture's end")


def test_source_that_is_not_there_is_told(session, character, machine):
    machine.put("source", "/nowhere/film ä.mp4")
    bpy.ops.mocap.start_capture()
    tick_until(session, lambda: session.stats()["error"], "an error")
    assert "film ä.mp4" in session.stats()["error"]
    assert not session.stats()["wanted"]


def test_worker_that_dies_is_told_and_the_take_is_kept(session, character, machine):
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    bpy.ops.mocap.start_capture()
    tick_until(session, lambda: session.stats()["recorded"] > 10, "a recording")
    os.kill(session._capture._process.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    tick_until(session, lambda: session.stats()["error"], "the worker's end")
    assert "The worker ended" in session.stats()["error"]
    bpy.ops.mocap.record_stop()
    assert len(session.last_take.frames) >= 5
    # And it can be started again.
    bpy.ops.mocap.start_capture()
    received = session.stats()["received"]
    tick_until(session, lambda: session.stats()["received"] > received + 5, "a second capture")
    assert not session.stats()["error"]


def test_worker_that_runs_already_is_joined(session, character, machine):
    port = machine.get("worker_address").rpartition(":")[2]
    worker = subprocess.Popen(
        [os.environ["MOCAP_WORKER"], "run", "--control-port", port],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        bpy.ops.mocap.connect()
        tick_until(session, lambda: session.link.status, "the worker's status")
        bpy.ops.mocap.start_capture()
        tick_until(session, lambda: session.stats()["received"] > 5, "a capture")
        assert session._capture._process is None
        bpy.ops.mocap.disconnect()
        assert worker.poll() is None  # it is not ours to end
    finally:
        worker.terminate()
        worker.wait(30)


def test_worker_that_is_not_there_is_told(session, character, machine, monkeypatch):
    monkeypatch.setenv("MOCAP_WORKER", "/nowhere/mocap")
    bpy.ops.mocap.start_capture()
    tick_until(session, lambda: session.stats()["error"], "an error")
    assert "/nowhere/mocap" in session.stats()["error"] and not session.stats()["wanted"]


def test_disconnecting_ends_the_worker_that_was_started(session, character, machine):
    bpy.ops.mocap.start_capture()
    tick_until(session, lambda: session.stats()["received"] > 0, "a capture")
    process = session._capture._process
    bpy.ops.mocap.disconnect()
    until = time.perf_counter() + 20
    while session.worker_runs and time.perf_counter() < until:
        time.sleep(0.02)
    assert not process.alive
    assert session.stats()["state"] == "off"

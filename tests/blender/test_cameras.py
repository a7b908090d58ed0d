"""Cameras by name, and the settings that a start passes on. The real `mocap devices` is asked."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

PATIENCE_S = 120.0
NAMES = ("source", "source_kind", "last_camera", "last_file", "cameras", "camera_size", "camera_rate", "camera_mjpg")


@pytest.fixture
def cameras(extension, session):
    machine, cameras = extension.addon("machine"), extension.addon("cameras")
    yield cameras
    cameras.end()
    cameras.says = ""
    for name in (*NAMES, "picture_rotate", "picture_mirror"):
        machine.put(name, "")


@pytest.fixture
def settings(extension, cameras):
    return bpy.context.preferences.addons[extension.addon("preferences").PACKAGE].preferences


def answered(cameras):
    until = time.perf_counter() + PATIENCE_S
    while cameras.look() is not None:
        time.sleep(0.02)
        assert time.perf_counter() < until


def program(folder, prints):
    """A program that answers as the worker of another machine would."""
    if sys.platform == "win32":
        pytest.skip("a script with a first line that names its program")
    path = folder / "mocap"
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{prints}\nEND\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_the_worker_is_asked_for_its_cameras(cameras, monkeypatch):
    real = Path(os.environ.get("MOCAP_WORKER") or Path(sys.executable).with_name("mocap"))
    if not real.is_file():
        pytest.skip(f"no worker is installed: {real} is not there")
    monkeypatch.setenv("MOCAP_WORKER", str(real))
    bpy.ops.mocap.find_cameras()
    assert cameras.says == "Looking for cameras…"
    answered(cameras)
    assert bool(cameras.known()) != ("No camera was found" in cameras.says)


def test_cameras_are_chosen_by_name(cameras, settings, extension, monkeypatch, tmp_path):
    listed = [{"index": 0, "name": "Built-in Größe"}, {"index": 2, "name": "Capture Stick"}]
    monkeypatch.setenv("MOCAP_WORKER", program(tmp_path, json.dumps(listed)))
    bpy.ops.mocap.find_cameras()
    answered(cameras)
    assert cameras.known() == {0: "Built-in Größe", 2: "Capture Stick"} and not cameras.says
    settings.source_camera_name = "2"
    assert extension.addon("machine").get("source") == "2" and settings.source_camera == 2
    settings.source_camera = 7  # one that is not among them is shown by its number
    assert settings.source_camera_name == "7"


def test_a_worker_on_another_machine_is_asked_over_the_network(cameras, extension, session):
    """As if it were: loopback's answer counts as one of `studio`."""
    machine, protocol = extension.addon("machine"), extension.core("protocol")
    worker = extension.core("endpoint").Endpoint("127.0.0.1", 0)
    machine.put("cameras", [[0, "Here"]])
    machine.put("worker_address", f"127.0.0.1:{worker.port}")
    bpy.ops.mocap.connect()
    machine.put("worker_address", "studio:5006")
    try:
        assert cameras.known() == {}  # that one was here
        bpy.ops.mocap.find_cameras()
        until = time.perf_counter() + PATIENCE_S
        while cameras.look() is not None:
            session.tick()
            for datagram, address, _ in worker.drain():
                if isinstance(protocol.decode(datagram), protocol.Devices):
                    worker.send(protocol.encode(protocol.Cameras({"10": "Ten", "2": "Two"})), address)
            time.sleep(0.01)
            assert time.perf_counter() < until
        assert cameras.known() == {2: "Two", 10: "Ten"} and not cameras.says
        bpy.ops.mocap.disconnect()
        with pytest.raises(RuntimeError, match="Connect first"):
            bpy.ops.mocap.find_cameras()
    finally:
        bpy.ops.mocap.disconnect() if session.link is not None else None
        worker.close()
        machine.put("worker_address", "")
        machine.put("cameras_at", "")


@pytest.mark.parametrize("answer", ["no JSON", "[[1, 2]]", '{"a": 1}', '[{"index": "x", "name": 1}]'])
def test_an_answer_that_makes_no_sense_is_told(cameras, monkeypatch, tmp_path, answer):
    monkeypatch.setenv("MOCAP_WORKER", program(tmp_path, answer))
    bpy.ops.mocap.find_cameras()
    answered(cameras)
    assert "could not tell" in cameras.says and cameras.known() == {}


def test_no_worker_is_told(cameras, monkeypatch):
    monkeypatch.setenv("MOCAP_WORKER", "/nowhere/mocap")
    with pytest.raises(RuntimeError, match="/nowhere/mocap"):
        bpy.ops.mocap.find_cameras()


def test_a_start_passes_on_what_is_chosen(settings, extension):
    sources, wish = extension.addon("sources"), extension.addon("capture")._wish
    assert sources.options() == {} and wish(1)[3] == {}
    settings.camera_size, settings.camera_rate, settings.camera_mjpg = "1280x720", "60", True
    settings.picture_rotate, settings.picture_mirror = "90", True
    turned = {"rotate": 90, "mirror": True}
    assert wish(2)[3] == turned | {"size": [1280, 720], "rate": 60, "mjpg": True, "max_people": 2}
    settings.source_kind, settings.source_file = "FILE", "/films/one.mp4"
    assert sources.options() == turned  # the rest is a camera's
    settings.source_kind = "TEST"
    assert sources.options() == {}
    settings.source_kind = "CAMERA"

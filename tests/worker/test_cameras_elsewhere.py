"""Cameras where the system keeps no list that we could read: Windows and macOS, told by a stand-in for OpenCV."""

from types import SimpleNamespace

import pytest

pytest.importorskip("cv2", reason="OpenCV is not in this environment")

from mocap_worker import cameras, opencv


@pytest.fixture
def plugged_in(monkeypatch):
    """`plugged_in(system, *indices)`: the cameras that open on that system; the calls that were made of OpenCV."""

    def plug(system, *indices):
        calls, released = [], []

        def capture(index, *api):
            calls.append((index, *api))
            size = {3: 1280.0, 4: 720.0}
            opened = index in indices
            return SimpleNamespace(isOpened=lambda: opened, get=size.get, release=lambda: released.append(index))

        monkeypatch.setattr(cameras.sys, "platform", system)
        monkeypatch.setattr(opencv.cv2, "VideoCapture", capture)
        return calls, released

    return plug


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_cameras_are_found_by_opening_each_for_a_moment(plugged_in, system):
    calls, released = plugged_in(system, 0, 2)
    found = cameras.find_cameras()
    assert [(camera.index, camera.name) for camera in found] == [(0, "camera, 1280×720"), (2, "camera, 1280×720")]
    tried = [call[0] for call in calls]
    assert tried == released == [0, 1, 2, 3, 4]  # and none is left open


def test_each_system_is_asked_in_its_own_way(plugged_in):
    for system, api in (
        ("darwin", (opencv.cv2.CAP_AVFOUNDATION,)),
        ("win32", ()),
        ("linux", (opencv.cv2.CAP_V4L2,)),
    ):
        calls, _ = plugged_in(system, 0)
        cameras.open_camera(0)
        assert calls == [(0, *api)]


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_a_camera_that_the_system_withholds_is_told_with_where_to_allow_it(plugged_in, system):
    plugged_in(system, 0)
    assert "may not use cameras (see the system's privacy settings)" in str(cameras.silent_camera(0))
    plugged_in(system)
    assert str(cameras.silent_camera(0)).startswith("Camera 0 does not open; no camera was found.")
    assert cameras.missing_camera(0) is None  # which only Linux can tell without opening it

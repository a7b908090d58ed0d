"""Turned and mirrored pictures, and what a camera gives that lacks what it is asked for."""

import time
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from mocap_core.protocol import Start
from mocap_worker import live
from mocap_worker.cameras import CameraError
from mocap_worker.look import Look, look_of
from mocap_worker.options import job_of
from mocap_worker.source import open_source
from mocap_worker.stream import Job

CORNERS = {
    "top left": (255, 0, 0),
    "top right": (0, 255, 0),
    "bottom left": (0, 0, 255),
    "bottom right": (255, 255, 255),
}


def picture(width=96, height=64):
    """Each quarter in a colour of its own."""
    image = np.zeros((height, width, 3), np.uint8)
    for name, colour in CORNERS.items():
        rows = slice(0, height // 2) if "top" in name else slice(height // 2, height)
        columns = slice(0, width // 2) if "left" in name else slice(width // 2, width)
        image[rows, columns] = colour
    return image


def corners_of(image):
    """Which colour is where: the names of the corners that were there before, in the order of CORNERS."""
    height, width = image.shape[:2]
    rows, columns = (height // 4, 3 * height // 4), (width // 4, 3 * width // 4)
    found = []
    for row in rows:
        for column in columns:
            off = {name: np.abs(image[row, column].astype(int) - colour).sum() for name, colour in CORNERS.items()}
            found.append(min(off, key=off.get))
    return found


EXPECTED = {
    Look(): ["top left", "top right", "bottom left", "bottom right"],
    Look(mirror=True): ["top right", "top left", "bottom right", "bottom left"],
    Look(turn_deg=90): ["bottom left", "top left", "bottom right", "top right"],
    Look(turn_deg=180): ["bottom right", "bottom left", "top right", "top left"],
    Look(turn_deg=270): ["top right", "bottom right", "top left", "bottom left"],
    Look(turn_deg=90, mirror=True): ["top left", "bottom left", "top right", "bottom right"],
}


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "corners.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for time_ms in (0, 40):
            frame = av.VideoFrame.from_ndarray(picture(), format="rgb24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize("look", EXPECTED)
@pytest.mark.parametrize("kind", ["video", "still"])
def test_files_are_turned_clockwise_and_then_mirrored(video, tmp_path, look, kind):
    path = video
    if kind == "still":
        path = tmp_path / "corners.png"
        cv2.imwrite(str(path), picture()[..., ::-1])
    source = open_source(str(path), paced=False, look=look)
    image = source.read(5.0).image
    source.close()
    assert image.shape == ((96, 64, 3) if look.turn_deg in (90, 270) else (64, 96, 3))
    assert corners_of(image) == EXPECTED[look]


class Camera:
    """OpenCV's capture of a camera with a few modes: it gives the nearest, as drivers do. asked: in what order."""

    MODES = ((640, 480), (1280, 720))

    def __init__(self, index=0):
        self.values = {cv2.CAP_PROP_FRAME_WIDTH: 640, cv2.CAP_PROP_FRAME_HEIGHT: 480, cv2.CAP_PROP_FPS: 30.0}
        self.values[cv2.CAP_PROP_FOURCC] = cv2.VideoWriter.fourcc(*"YUYV")
        self.asked = []

    def set(self, name, value):
        self.asked.append(name)
        if name in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT):
            place = 0 if name == cv2.CAP_PROP_FRAME_WIDTH else 1
            width, height = min(self.MODES, key=lambda mode: abs(mode[place] - value))
            self.values |= {cv2.CAP_PROP_FRAME_WIDTH: width, cv2.CAP_PROP_FRAME_HEIGHT: height}
        elif name == cv2.CAP_PROP_FPS:
            self.values[name] = min(value, 30.0)
        elif name == cv2.CAP_PROP_FOURCC:
            self.values[name] = int(value)
        return True

    def get(self, name):
        return self.values.get(name, 0.0)

    def isOpened(self):
        return True

    def grab(self):
        time.sleep(0.01)
        return True

    def retrieve(self):
        size = int(self.values[cv2.CAP_PROP_FRAME_WIDTH]), int(self.values[cv2.CAP_PROP_FRAME_HEIGHT])
        return True, np.ascontiguousarray(picture(*size)[..., ::-1])

    def release(self):
        pass


def test_camera_gives_what_it_is_asked_for_and_says_nothing():
    camera = Camera()
    assert Look(size=(1280, 720), rate=30.0, mjpg=True).ask(camera) == ""
    assert camera.asked[0] == cv2.CAP_PROP_FOURCC  # the sizes depend on it
    assert Look().ask(untouched := Camera()) == "" and not untouched.asked


@pytest.mark.parametrize(
    ("look", "says"),
    [
        (Look(size=(1920, 1080)), "1280×720 instead of 1920×1080"),
        (Look(size=(320, 240)), "640×480 instead of 320×240"),
        (Look(rate=60.0), "30 pictures a second instead of 60"),
        (Look(size=(1920, 1080), rate=60.0), "1280×720 instead of 1920×1080, 30 pictures a second instead of 60"),
    ],
)
def test_camera_without_the_mode_gives_its_nearest_and_says_so(look, says):
    assert look.ask(Camera()) == says


def test_live_pictures_are_turned_and_the_note_is_told(monkeypatch):
    monkeypatch.setattr(live, "open_camera", Camera)
    source = live.LiveSource(0, Look(turn_deg=90, mirror=True, size=(1920, 1080)))
    try:
        assert source.note == "Camera 0 gives 1280×720 instead of 1920×1080."
        image = source.read(5.0).image
        assert image.shape == (1280, 720, 3)
        assert corners_of(image) == EXPECTED[Look(turn_deg=90, mirror=True)]
    finally:
        source.close()


def test_options_of_a_start_are_the_look():
    start = Start("1", "0", options={"rotate": 90, "mirror": True, "size": [1280, 720], "rate": 60, "mjpg": True})
    assert job_of(start, Job("0", "")).look == Look(90, True, (1280, 720), 60.0, True)
    default = Look(180, True, (640, 480), 15.0, True)
    assert look_of({}, default) == default
    assert look_of({"rotate": 0, "mirror": False, "mjpg": False}, default) == Look(0, False, (640, 480), 15.0, False)


@pytest.mark.parametrize(
    "options",
    [
        {"rotate": 45},
        {"rotate": "90"},
        {"rotate": True},
        {"size": 640},
        {"size": [640]},
        {"size": [640.5, 480]},
        {"size": [0, 480]},
        {"size": [10**9, 480]},
        {"rate": 0},
        {"rate": "fast"},
        {"rate": float("nan")},
    ],
)
def test_options_that_make_no_sense_are_refused_with_a_sentence(options):
    with pytest.raises(CameraError, match=r"(possible|expected).*\.$"):
        look_of(options, Look())

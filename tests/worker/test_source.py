"""Files, cameras and streams as pictures, with real files and real sockets and no model."""

import http.server
import socket
import struct
import sys
import threading
import time
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from mocap_worker.cameras import Camera, CameraError, described, find_cameras
from mocap_worker.live import LiveSource
from mocap_worker.pixels import rgb_of
from mocap_worker.source import FileSource, check_source, open_source, shown

PATIENCE_S = 60.0


def picture(index, width=64, height=48):
    """A plain grey whose brightness tells its index, up to 24."""
    return np.full((height, width, 3), 10 * index, np.uint8)


def write_video(path, times_ms, codec="libx264", pictures=picture):
    """A video with one picture a time."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for index, time_ms in enumerate(times_ms):
            frame = av.VideoFrame.from_ndarray(pictures(index), format="rgb24")
            frame.pts, frame.time_base = time_ms, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def read_all(source):
    frames = []
    end = time.perf_counter() + PATIENCE_S
    while not source.ended and time.perf_counter() < end:
        frame = source.read(0.05)
        if frame is not None:
            frames.append(frame)
    return frames


def index_of(frame):
    return round(float(frame.image.mean()) / 10)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "a clip — größe.mp4"])
@pytest.mark.parametrize("paced", [True, False])
def test_file_gives_every_frame_in_order_with_its_own_times(tmp_path, name, paced):
    times_ms = [0, 40, 80, 130, 160, 240, 241, 300, 340, 400, 440, 480]
    source = open_source(str(write_video(tmp_path / name, times_ms)), paced)
    frames = read_all(source)
    source.close()
    assert [index_of(frame) for frame in frames] == list(range(12))
    np.testing.assert_allclose([frame.timestamp for frame in frames], np.array(times_ms) / 1000, atol=1e-3)
    assert frames[0].image.shape == (48, 64, 3) and frames[0].image.dtype == np.uint8
    assert not source.live and source.skipped == 0


def test_paced_file_releases_no_frame_before_its_time(tmp_path):
    source = FileSource(str(write_video(tmp_path / "clip.mp4", range(0, 400, 40))))
    frames = read_all(source)
    released = np.diff([frame.grabbed for frame in frames])
    assert (released >= 0.04 - 1e-6).all()


def test_slow_reader_loses_nothing_and_the_rest_is_not_hurried(tmp_path):
    source = FileSource(str(write_video(tmp_path / "clip.mp4", range(0, 400, 40))))
    frames = []
    while not source.ended:
        frame = source.read(0.5)
        if frame is not None:
            frames.append(frame)
            if len(frames) == 3:
                time.sleep(0.3)
    assert len(frames) == 10
    released = np.diff([frame.grabbed for frame in frames])
    assert released[2] >= 0.3
    assert (released >= 0.04 - 1e-6).all()
    np.testing.assert_allclose(np.diff([frame.timestamp for frame in frames]), 0.04, atol=1e-3)


def test_one_frame_is_decoded_ahead_and_no_more(tmp_path):
    source = FileSource(str(write_video(tmp_path / "clip.mp4", range(0, 400, 40))), paced=False)
    decoder, decoded = source._frames, []
    following = decoder.next
    decoder.next = lambda: decoded.append(following()) or decoded[-1]
    source.read(1.0)
    source.read(1.0)
    assert until(lambda: len(decoded) == 2)  # the second, and the third that waits
    time.sleep(0.1)
    assert len(decoded) == 2
    source.close()


def test_red_is_first(tmp_path):
    def red(_):
        return np.broadcast_to(np.array([220, 30, 30], np.uint8), (48, 64, 3)).copy()

    path = write_video(tmp_path / "clip.mp4", [0, 40], pictures=red)
    frame = FileSource(str(path), paced=False).read(1.0)
    assert frame.image[..., 0].mean() > 200 and frame.image[..., 2].mean() < 60


def test_bad_files_are_one_sentence(tmp_path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    (tmp_path / "text.mp4").write_text("no video at all\n" * 100)
    (tmp_path / "noise.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    whole = write_video(tmp_path / "whole.mp4", range(0, 400, 40)).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[:200])
    for name, expected in {
        "none.mp4": "There is no file",
        "empty.mp4": "is an empty file",
        "text.mp4": "is no video",
        "noise.mp4": "is no video",
        "cut.mp4": "is no video",
        "": "Cannot read",  # the folder itself
    }.items():
        with pytest.raises(CameraError, match=expected) as error:
            open_source(str(tmp_path / name))
        assert "\n" not in str(error.value)


def test_video_with_no_pictures_says_so(tmp_path):
    with av.open(str(tmp_path / "sound.mkv"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    with pytest.raises(CameraError, match=r"sound\.mkv (is no video|holds no pictures)"):
        open_source(str(tmp_path / "sound.mkv"))


def test_names_that_are_no_source_are_one_sentence():
    with pytest.raises(CameraError, match="No source"):
        check_source("  ")
    with pytest.raises(CameraError, match=r"gopher:// are not read; known are rtsp"):
        check_source("gopher://example/x")
    with pytest.raises(CameraError):
        check_source("a\0b.mp4")


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="where cameras are known without opening them"
)
def test_missing_camera_names_what_is_there():
    taken = {camera.index for camera in find_cameras()}
    free = next(index for index in range(64, 256) if index not in taken)
    with pytest.raises(CameraError, match=f"Camera {free} is not there; ") as error:
        open_source(str(free))
    assert described(find_cameras()) in str(error.value)


def test_cameras_are_described_by_index_and_name():
    assert described([Camera(0, "HD Webcam"), Camera(2, "Capture")]) == "found are 0 (HD Webcam), 2 (Capture)"
    assert "no camera was found" in described([])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("0", "0"),
        ("C:/clips/a.mp4", "C:/clips/a.mp4"),
        ("rtsp://user:secret@cam.local:554/live", "rtsp://…@cam.local:554/live"),
        ("rtsp://user:sec@ret@cam/live", "rtsp://…@cam/live"),
        ("http://cam/video?user=a&pwd=secret", "http://cam/video?…"),
        ("http://[secret", "http://…"),
    ],
)
def test_passwords_are_never_shown(source, expected):
    assert shown(source) == expected


@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_unreachable_stream_is_one_sentence_with_no_password(scheme, capfd):
    with pytest.raises(CameraError, match="cannot be opened") as error:
        open_source(f"{scheme}://user:secret@127.0.0.1:9/live?key=secret")
    out, err = capfd.readouterr()
    assert "secret" not in str(error.value) + out + err


# Frames of every kind come out as upright RGB in 8 bits


def ramps(width=96, height=64):
    """Red rises to the right, green downwards: any turn or mirroring shows."""
    image = np.full((height, width, 3), 60, np.uint8)
    image[..., 0] = np.linspace(0, 255, width)
    image[..., 1] = np.linspace(0, 255, height)[:, None]
    return image


def write_as(path, image, layout, codec, pixels=None, **options):
    """A video of three frames of an array in FFmpeg's pixel format `layout`."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt, stream.options = pixels or layout, options
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format=layout)))
        container.mux(stream.encode())
    return path


def first_of(path):
    source = open_source(str(path), paced=False)
    try:
        image = source.read(20.0).image
    finally:
        source.close()
    assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3 and image.flags.c_contiguous
    return image


def turned_by_phone(path, degrees):
    """The mp4 with a display matrix in its track header: to be turned so many degrees clockwise."""
    one = 1 << 16
    a, b, c, d = {90: (0, one, -one, 0), 180: (-one, 0, 0, -one), 270: (0, -one, one, 0)}[degrees]
    content = bytearray(path.read_bytes())
    start = content.index(b"tkhd") + 4 + 4 + 20 + 8 + 8  # version, times and the like, in version 0
    content[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    turned = path.with_name(f"turned {degrees}.mp4")
    turned.write_bytes(content)
    return turned


@pytest.mark.parametrize(("degrees", "quarters"), [(90, -1), (180, 2), (270, 1)])
def test_phones_video_is_turned_upright(tmp_path, degrees, quarters):
    path = write_as(tmp_path / "clip.mp4", ramps(), "rgb24", "libx264", "yuv420p", crf="1")
    expected = np.rot90(first_of(path), quarters)
    np.testing.assert_array_equal(first_of(turned_by_phone(path, degrees)), expected)
    assert np.abs(first_of(path).astype(int) - ramps()).mean() < 3


def test_photo_is_a_video_of_one_frame_and_turned_as_its_exif_says(tmp_path):
    plain = cv2.imencode(".jpg", ramps()[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()
    # A big-endian TIFF directory with one entry: 0x0112 orientation, a short, 6: turn it by 90° clockwise.
    directory = b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)
    exif = b"Exif\0\0" + directory
    (tmp_path / "größe.JPG").write_bytes(plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:])
    image = first_of(tmp_path / "größe.JPG")
    assert np.abs(image.astype(int) - np.rot90(ramps(), -1)).mean() < 3
    source = open_source(str(tmp_path / "größe.JPG"))
    assert len(read_all(source)) == 1 and source.ended


GREY = np.broadcast_to(np.linspace(0, 65535, 96).astype(np.uint16), (64, 96)).copy()


@pytest.mark.parametrize(
    ("name", "image", "layout", "codec", "expected"),
    [
        ("grey.mkv", (GREY >> 8).astype(np.uint8), "gray", "ffv1", np.repeat((GREY >> 8)[..., None], 3, 2)),
        ("grey16.mkv", GREY, "gray16le", "ffv1", np.repeat((GREY >> 8)[..., None], 3, 2)),
        ("alpha.mov", np.dstack([ramps(), np.full((64, 96), 9, np.uint8)]), "rgba", "png", ramps()),
        ("rgb16.mov", ramps().astype(np.uint16) << 8, "rgb48le", "png", ramps()),
    ],
)
def test_grey_alpha_and_16_bits_come_out_as_rgb_of_8(tmp_path, name, image, layout, codec, expected):
    # FFmpeg's way from 16 bits to 8 may round where we cut off.
    pixels = {"rgb48le": "rgb48be"}.get(layout)
    found = first_of(write_as(tmp_path / name, image, layout, codec, pixels))
    assert found.shape == expected.shape and np.abs(found.astype(int) - expected).max() <= 2


@pytest.mark.parametrize(
    ("name", "image"), [("grey16.png", GREY), ("alpha.png", np.dstack([ramps(), np.full((64, 96), 9, np.uint8)]))]
)
def test_stills_of_grey_alpha_and_16_bits_come_out_as_rgb_of_8(tmp_path, name, image):
    (tmp_path / name).write_bytes(cv2.imencode(".png", image)[1].tobytes())
    expected = np.repeat((GREY >> 8)[..., None], 3, 2) if image.ndim == 2 else ramps()[..., ::-1]
    assert np.abs(first_of(tmp_path / name).astype(int) - expected).max() <= 1


def test_stills_of_other_numbers_are_refused(tmp_path):
    (tmp_path / "float.tif").write_bytes(cv2.imencode(".tif", ramps().astype(np.float32) / 255)[1].tobytes())
    with pytest.raises(CameraError, match=r"float32; expected are grey, RGB or RGBA in 8 or 16 bits"):
        open_source(str(tmp_path / "float.tif"))


@pytest.mark.parametrize("size", [(64, 64), (64, 36), (7680, 4320)])
def test_small_and_8k_frames_come_out_whole(tmp_path, size):
    codec, pixels = ("mjpeg", "yuvj420p") if size[0] > 1000 else ("libx264", "yuv420p")
    image = first_of(write_as(tmp_path / "clip.mkv", ramps(*size), "rgb24", codec, pixels))
    assert image.shape == (size[1], size[0], 3)
    assert np.abs(image[::7, ::7].astype(int) - ramps(*size)[::7, ::7]).mean() < 6


def test_pictures_of_a_camera_are_made_rgb_or_refused():
    grey = (GREY >> 8).astype(np.uint8)
    for image in (grey, GREY, grey[..., None]):
        np.testing.assert_array_equal(rgb_of(image.copy()), np.repeat(grey[..., None], 3, 2))
    for image in (ramps()[..., ::-1], np.dstack([ramps()[..., ::-1], grey]), ramps()[..., ::-1].astype(np.uint16) << 8):
        np.testing.assert_array_equal(rgb_of(np.ascontiguousarray(image)), ramps())
    for image in (np.zeros((4, 4, 3), np.float32), np.zeros((4, 4, 2), np.uint8), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(CameraError, match="expected are grey, RGB or RGBA"):
            rgb_of(image)


class MjpegServer(http.server.ThreadingHTTPServer):
    """Serves MJPEG: pictures at `interval_s`, until `drop` is set."""

    daemon_threads = True

    def __init__(self, port=0, interval_s=0.01):
        super().__init__(("127.0.0.1", port), _Handler)
        self.interval_s = interval_s
        self.drop = threading.Event()
        self.sent = 0
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self):
        return f"http://user:secret@127.0.0.1:{self.server_port}/live.mjpg"

    def stop(self):
        self.drop.set()
        self.shutdown()
        self.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        try:
            while not self.server.drop.is_set():
                jpeg = cv2.imencode(".jpg", picture(self.server.sent % 24))[1].tobytes()
                part = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg)
                self.wfile.write(part + jpeg + b"\r\n")
                self.server.sent += 1
                time.sleep(self.server.interval_s)
        except OSError:
            pass

    def log_message(self, *_):
        pass


def test_newest_frame_of_a_stream_wins_and_the_skipped_are_counted():
    server = MjpegServer()
    source = open_source(server.url)
    try:
        assert source.live
        first = None
        while first is None:
            first = source.read(1.0)
        assert until(lambda: source.skipped > 10)  # the stream goes on: frames come and go
        second = source.read(5.0)
        assert second.grabbed > first.grabbed and second.timestamp == second.grabbed
        # All that came but the two that were read, and what is still on its way.
        assert source.skipped <= server.sent - 2
    finally:
        source.close()
        server.stop()


def test_pictures_that_nobody_can_use_are_told_by_the_reader(monkeypatch):
    """No stream gives such pictures by way of FFmpeg; some cameras' drivers do."""
    server = MjpegServer()
    strange = np.zeros((48, 64, 2), np.uint8)
    try:
        with monkeypatch.context() as odd:
            odd.setattr("mocap_worker.live.rgb_of", lambda image, turn_deg: rgb_of(strange, turn_deg))
            with pytest.raises(CameraError, match="gives pictures of 48 × 64 × 2 uint8"):
                LiveSource(server.url)
        source = LiveSource(server.url)
        monkeypatch.setattr("mocap_worker.live.rgb_of", lambda image, turn_deg: rgb_of(strange, turn_deg))
        with pytest.raises(CameraError, match="gives pictures of 48 × 64 × 2 uint8"):
            while True:
                source.read(1.0)
        source.close()
    finally:
        server.stop()


def test_lost_stream_is_told_and_opened_again():
    server = MjpegServer()
    port = server.server_port
    source = LiveSource(server.url)
    try:
        assert until(lambda: source.read(0.5))
        server.stop()
        assert until(lambda: source.read(0.1) is None and source.trouble)
        assert "is lost" in source.trouble and "secret" not in source.trouble
        server = MjpegServer(port)
        assert until(lambda: source.read(0.5))
        assert source.trouble == "" and not source.ended
    finally:
        source.close()
        server.stop()


def test_udp_stream_of_another_program_is_a_source():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"udp://127.0.0.1:{probe.getsockname()[1]}"
    stop = threading.Event()

    def send():
        with av.open(f"{url}?pkt_size=1316", "w", format="mpegts") as container:
            stream = container.add_stream("mpeg2video", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            stream.gop_size = 5
            index = 0
            while not stop.is_set():
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(index % 24), format="rgb24")))
                index += 1
                time.sleep(0.02)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    try:
        source = open_source(url)
        frames = [source.read(5.0) for _ in range(3)]
        source.close()
        assert all(frame.image.shape == (48, 64, 3) for frame in frames)
    finally:
        stop.set()
        sender.join()


def until(condition):
    end = time.perf_counter() + PATIENCE_S
    while not (value := condition()) and time.perf_counter() < end:
        time.sleep(0.01)
    return value

"""The worker as a process of its own, over real UDP, with real files and streams and a random model."""

import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
from importlib import resources
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch

from mocap_core import preview_memory
from mocap_core.endpoint import Endpoint
from mocap_core.link import PoseLink
from mocap_core.preview_memory import PreviewReader
from mocap_core.protocol import Stop
from mocap_worker import control
from mocap_worker.cameras import find_cameras
from mocap_worker.stream import Job
from mocap_worker.vitpose.checkpoint import save_checkpoint
from mocap_worker.vitpose.model_config import DEFAULT_MODEL, load_model_config

PATIENCE_S = 180.0  # PyTorch can take long to start on a busy machine
ENVIRONMENT = os.environ | {
    "OMP_NUM_THREADS": "1",
    "VITPOSE_CONFIG": "",
    "VITPOSE_CHECKPOINT": "",
    "MOCAP_KEY": "",
}


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """A ViTPose of two blocks, so that these tests wait for the worker and not for the network."""
    base = Path(str(resources.files("mocap_worker.configs"))) / "coco_256x192_simple.py"
    path = tmp_path_factory.mktemp("a config") / "two_blocks.py"
    path.write_text(
        f"_base_ = {base.as_posix()!r}\n"
        "model = dict(\n"
        "    backbone=dict(arch=dict(\n"
        "        embed_dims=48, num_layers=2, num_heads=3, feedforward_channels=192)),\n"
        "    head=dict(in_channels=48),\n"
        ")\n",
        encoding="utf-8",
    )
    return path


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory, config):
    """Random weights whose heatmaps are high everywhere, so that the model sees a person in any picture."""
    torch.manual_seed(0)
    model = load_model_config(config).build()
    with torch.no_grad():
        model.keypoint_head.final_layer.bias.fill_(0.6)
    path = tmp_path_factory.mktemp("a model") / "random — größe.safetensors"
    save_checkpoint(model, path, str(config))
    return path


@pytest.fixture(scope="module")
def blind(tmp_path_factory, config):
    """Weights that see nobody in any picture."""
    model = load_model_config(config).build()
    with torch.no_grad():
        model.keypoint_head.final_layer.weight.zero_()
        model.keypoint_head.final_layer.bias.fill_(0.05)
    path = tmp_path_factory.mktemp("model") / "blind.safetensors"
    save_checkpoint(model, path, str(config))
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """24 pictures of noise, 96×128, at 12 a second."""
    path = tmp_path_factory.mktemp("a clip") / "größe 1.mp4"
    noise = np.random.default_rng(0).integers(0, 255, (128, 96, 3), np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = 96, 128, "yuv420p"
        for index in range(24):
            frame = av.VideoFrame.from_ndarray(np.roll(noise, index, 1), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


class Served:
    """A running `mocap run`, its control port, and what it said in the terminal."""

    def __init__(self, log, *options):
        self.log = open(log, "w+", encoding="utf-8")
        command = [sys.executable, "-m", "mocap_worker", "run", "--announce", "--control-port", "0", *options]
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=ENVIRONMENT,
        )
        line = self.process.stdout.readline()
        self.port = json.loads(line)["control_port"] if line else None

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()


@pytest.fixture(scope="module")
def served(checkpoint, config, tmp_path_factory):
    """One worker for many tests: its model is loaded once."""
    log = tmp_path_factory.mktemp("log") / "worker.log"
    served = Served(log, "--config", config, "--checkpoint", checkpoint, "--device", "cpu")
    yield served
    said = served.said()
    served.end()
    assert "Traceback" not in said


class Listener:
    """A link and all it has got."""

    def __init__(self, port):
        self.link = PoseLink(0, ("127.0.0.1", port))
        self.packets, self.states, self.messages = [], [], []

    def poll(self):
        self.packets += self.link.poll(time.perf_counter())
        status = self.link.status
        if status is not None and not self.link.asking:
            if self.states[-1:] != [status.state]:
                self.states.append(status.state)
            if self.messages[-1:] != [status.message]:
                self.messages.append(status.message)

    def until(self, condition):
        end = time.perf_counter() + PATIENCE_S
        while time.perf_counter() < end:
            self.poll()
            if value := condition():
                return value
            time.sleep(0.005)
        raise AssertionError(f"waited too long; states {self.states}, messages {self.messages}")

    def state(self, *states):
        """Waits for a state and gives the status."""

        def look():
            status = self.link.status
            return status if status and not self.link.asking and status.state in states else None

        return self.until(look)


@pytest.fixture
def listener(served):
    listener = Listener(served.port)
    yield listener
    try:
        listener.link.stop()
        listener.state("idle")
    finally:
        listener.link.close()  # or its lease would keep a capture that later tests see end


def test_file_is_captured_whole_and_in_order(listener, clip):
    listener.link.start(str(clip))
    status = listener.state("ended")
    packets = listener.packets
    assert [packet.seq for packet in packets] == list(range(24))
    np.testing.assert_allclose([packet.timestamp for packet in packets], np.arange(24) / 12, atol=1e-3)
    assert status.figures["frames_captured"] == status.figures["packets_sent"] == 24
    assert status.figures["frames_skipped"] == 0 and status.figures["device"] == "cpu"
    assert 0 < status.figures["inference_ms_p50"] <= status.figures["inference_ms_p95"]
    assert (listener.link.counters.lost, listener.link.counters.bad) == (0, 0)
    assert {"loading", "capturing", "ended"} >= set(listener.states) and listener.states[-1] == "ended"
    assert "größe 1.mp4 has ended" in status.message


def test_packet_says_what_the_wire_promises(listener, clip):
    listener.link.start(str(clip))
    packet = listener.until(lambda: listener.packets and listener.packets[-1])
    meta = packet.meta
    assert meta["session"] == listener.state("capturing", "ended").session
    assert (meta["v"], meta["person"], meta["size"], meta["skeleton"]) == (1, 0, [96, 128], "coco17")
    assert meta["units"] == "m" and packet.metric and not packet.empty
    assert meta["fps"] == 12.0 and len(meta["root"]) == 3
    assert np.isfinite(packet.keypoints).all() and (packet.scores > 0.3).all()
    np.testing.assert_allclose((packet.joints_3d[11] + packet.joints_3d[12]) / 2, 0, atol=2e-3)
    listener.until(lambda: listener.link.clock_offset_s is not None)
    # Both processes read one clock here: grabbed before sent before received.
    assert meta["grabbed"] <= meta["sent"] <= meta["received"] + 1e-3


def test_frames_of_a_paced_file_are_released_at_its_rate(listener, clip):
    listener.link.start(str(clip))
    listener.state("ended")
    released = np.diff([packet.meta["grabbed"] for packet in listener.packets])
    assert len(released) == 23 and (released >= 1 / 12 - 1e-3).all()


def test_file_as_fast_as_possible_keeps_every_frame_and_its_time(listener, clip):
    listener.link.start(str(clip), options={"as_fast_as_possible": True})
    listener.state("ended")
    np.testing.assert_allclose([p.timestamp for p in listener.packets], np.arange(24) / 12, atol=1e-3)


def test_given_box_is_where_the_model_looks(listener, clip):
    """A random model's keypoints lie in the crop it is given; a crop is the box and a quarter, in 3:4."""
    listener.link.start(str(clip), options={"box": [60, 90, 90, 120]})
    packet = listener.until(lambda: listener.packets and listener.packets[0])
    # The median: where noise is flat, the decoder's step to the summit can be long.
    assert (np.median(np.abs(packet.keypoints - [75, 105]), axis=0) <= [19, 25]).all()


def test_second_capture_keeps_the_model_and_is_a_new_session(listener, clip):
    listener.link.start(str(clip))
    first = listener.state("ended").session
    listener.states.clear()
    listener.messages.clear()
    listener.link.start(str(clip))
    second = listener.state("ended").session
    assert first != second and listener.link.counters.lost == 0
    assert not any("PyTorch" in message for message in listener.messages)


def test_start_while_capturing_replaces_the_capture(listener, clip):
    listener.link.start(str(clip))
    listener.until(lambda: len(listener.packets) > 2)
    listener.states.clear()
    listener.link.start(str(clip))
    listener.state("ended")
    assert "idle" not in listener.states
    sessions = [packet.session for packet in listener.packets]
    assert len(dict.fromkeys(sessions)) == 2 and sessions[-24:] == [sessions[-1]] * 24


def test_pictures_come_through_memory_to_who_asks(listener, clip):
    reader, pictures = PreviewReader(), []

    def watch():
        listener.link.ask_preview(reader.name, 48, 64)
        picture = reader.read()
        if picture is not None:
            pictures.append(picture)
        return listener.states[-1:] == ["ended"]

    listener.until(lambda: listener.link.status)
    listener.link.start(str(clip))
    listener.until(watch)
    reader.close()
    assert len(pictures) > 12
    with av.open(str(clip)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    sent = {packet.timestamp for packet in listener.packets}
    for picture in pictures:
        assert picture.timestamp in sent
        frame = frames[round(picture.timestamp * 12)]
        small = cv2.resize(frame, (48, 64), interpolation=cv2.INTER_AREA)
        assert np.abs(picture.image.astype(int) - small).mean() < 3
    assert not list(Path(preview_memory._folder()).glob(f"*{reader.name}*"))


def test_cameras_of_the_workers_machine_are_told_to_who_listens(listener):
    listener.poll()
    listener.link.ask_cameras()
    named = {str(camera.index): camera.name for camera in find_cameras()}
    assert listener.until(lambda: listener.link.cameras is not None and [listener.link.cameras]) == [named]


def test_pictures_go_nowhere_where_nobody_asks(listener, clip):
    reader = PreviewReader()
    listener.link.start(str(clip), options={"as_fast_as_possible": True})
    listener.state("ended")
    assert reader.read() is None
    reader.close()


def test_stop_ends_the_capture(listener, clip):
    listener.link.start(str(clip))
    listener.until(lambda: listener.packets)
    listener.link.stop()
    status = listener.state("idle")
    got = len(listener.packets)
    assert got < 24 and status.figures["packets_sent"] <= 24


@pytest.fixture
def lingering(monkeypatch, tmp_path):
    """A worker here whose captures live on after their last word until they may go, and films that are none."""
    may_go, run = threading.Event(), control._Capture.run

    def run_and_live_on(capture):
        run(capture)
        may_go.wait(PATIENCE_S)

    monkeypatch.setattr(control._Capture, "run", run_and_live_on)
    endpoint = Endpoint("127.0.0.1", 0)
    worker = control.Worker(endpoint, Job("", ""))
    serving = threading.Thread(target=worker.serve)
    serving.start()
    listener = Listener(endpoint.port)
    film = tmp_path / "no film.mp4"
    film.write_bytes(b"no film")
    yield listener, film, may_go
    may_go.set()
    worker.quit()
    serving.join()
    listener.link.close()


def test_stop_is_idle_also_where_the_capture_is_just_ending(lingering):
    listener, film, _ = lingering
    listener.link.start(str(film))
    listener.state("error")
    listener.link.stop()
    listener.state("idle")


def test_stop_is_idle_also_where_the_next_capture_has_not_begun(lingering):
    listener, film, may_go = lingering
    listener.link.start(str(film))
    listener.state("error")
    listener.link.start(str(film))
    listener.state("loading")
    listener.link.stop()
    listener.until(lambda: not listener.poll() and not listener.link.asking)
    may_go.set()
    listener.state("idle")


def test_a_start_that_is_refused_says_why_though_the_capture_before_ends_after_it(listener, clip):
    listener.link.start(str(clip))
    listener.until(lambda: listener.packets)
    listener.link.start(str(clip), options={"rate": -3})
    listener.state("error")
    end = time.perf_counter() + 0.5  # the capture is stopped by then
    while time.perf_counter() < end:
        listener.poll()
        time.sleep(0.01)
    assert listener.link.status.state == "error" and "-3" in listener.link.status.message


def test_an_id_of_thousands_of_letters_ends_nobody(lingering):
    listener, film, _ = lingering
    listener.until(lambda: listener.link.status)
    listener.link._send(Stop("x" * 8900))
    listener.link.start(str(film))
    listener.state("error")


def test_two_listeners_get_the_same(served, listener, clip):
    other = Listener(served.port)
    try:
        other.until(lambda: other.link.status)
        listener.link.start(str(clip))
        listener.until(lambda: other.poll() or len(other.packets) == len(listener.packets) == 24)
        assert [p.seq for p in other.packets] == [p.seq for p in listener.packets]
        assert other.link.counters.lost == 0
    finally:
        other.link.close()


def test_capture_ends_when_nobody_listens_any_more(served, listener):
    """A Blender that dies says nothing: its lease runs out."""
    with mjpeg_server() as server:
        gone = Listener(served.port)
        listener.link.close()
        gone.link.start(server.url)
        gone.until(lambda: gone.packets)
        gone.link._endpoint.close()  # as when the process is killed: no more leases, no goodbye
        listener.link = PoseLink(0, ("127.0.0.1", served.port))
        endpoint = listener.link._endpoint
        # Pings do not subscribe. The source's own end tells that the capture has let go of it.
        assert until(lambda: server.watchers == 0)
        assert endpoint.drain() == []


def test_start_of_somebody_with_no_lease_films_nothing(served, listener):
    from mocap_core.endpoint import Endpoint
    from mocap_core.protocol import Start, encode

    stranger = Endpoint("127.0.0.1", 0)
    with mjpeg_server() as server:
        try:
            stranger.send(encode(Start("feedbeef", server.url)), ("127.0.0.1", served.port))
            listener.state("idle", "ended", "error")
            stranger.send(encode(Start("feedbeef", server.url)), ("127.0.0.1", served.port))
            listener.until(lambda: listener.link.clock_offset_s is not None)
            assert server.seen == 0 and listener.link.status.request != "feedbeef"
        finally:
            stranger.close()


def test_live_stream_sends_the_newest_and_counts_the_skipped(listener):
    with mjpeg_server(pause_s=0.001) as server:  # faster than any network
        listener.link.start(server.url)
        listener.until(lambda: len(listener.packets) >= 5)
        status = listener.until(
            lambda: listener.link.status.figures.get("frames_skipped") and listener.link.status
        )
        assert status.figures["frames_skipped"] + status.figures["frames_captured"] <= server.sent
        assert listener.link.counters.lost == 0
        times = np.array([packet.timestamp for packet in listener.packets])
        assert (np.diff(times) > 0).all()
        assert [packet.timestamp for packet in listener.packets] == [
            packet.meta["grabbed"] for packet in listener.packets
        ]


def test_lost_stream_is_told_and_goes_on_when_it_is_back(served, listener):
    with mjpeg_server() as server:
        listener.link.start(server.url)
        listener.until(lambda: listener.packets)
        port = server.server_port
    status = listener.state("camera_lost")
    assert "is lost; opening it again" in status.message and "secret" not in status.message
    before = len(listener.packets)
    with mjpeg_server(port):
        listener.state("capturing")
        listener.until(lambda: len(listener.packets) > before)
        assert listener.link.counters.lost == 0
    assert "secret" not in served.said()


@pytest.mark.parametrize(
    ("source", "options", "expected"),
    [
        ("/no/such/clip.mp4", {}, "There is no file"),
        ("99", {}, "Camera 99"),
        ("rtsp://me:secret@127.0.0.1:9/x", {}, "cannot be opened"),
        ("", {}, "No source"),
        ("/" + "x" * 5000, {}, "Cannot read"),
        ("clip", {"box": [5, 5, 1, 1]}, "is empty"),
        ("clip", {"box": "all"}, "not four numbers"),
        ("clip", {"box": [-90, 5, 0, 50]}, "lies outside the picture"),
    ],
)
def test_bad_start_is_answered_with_a_sentence(served, listener, clip, source, options, expected):
    listener.link.start(str(clip) if source == "clip" else source, options=options)
    status = listener.state("error")
    assert expected in status.message and "secret" not in status.message and "\n" not in status.message
    assert "secret" not in served.said()


def test_wrong_model_is_answered_with_a_sentence_and_the_next_start_works(listener, clip, tmp_path):
    listener.link.start(str(clip), options={"checkpoint": str(tmp_path / "none.safetensors")})
    assert "none.safetensors" in listener.state("error").message
    listener.link.start(str(clip), device="cuda:77")
    assert "cuda:77" in listener.state("error").message
    listener.link.start(str(clip))
    listener.state("ended")


def test_frame_with_nobody_is_sent_as_an_empty_pose(served, listener, clip, blind):
    listener.link.start(str(clip), options={"checkpoint": str(blind), "as_fast_as_possible": True})
    status = listener.state("ended")
    assert status.figures["packets_sent"] == 24 and len(listener.packets) == 24
    for packet in listener.packets:
        assert packet.empty and packet.joints_3d is None and np.isnan(packet.keypoints).all()
    assert listener.link.counters.lost == 0


@pytest.fixture(scope="module")
def two_people(tmp_path_factory):
    """The demo's clip beside itself, three seconds apart: 40 frames of two people."""
    from mocap_worker.demo.run import clip_path

    path = tmp_path_factory.mktemp("two") / "two.mp4"
    with av.open(str(clip_path())) as clip:
        pictures = [frame.to_ndarray(format="rgb24") for frame in islice(clip.decode(video=0), 130)]
    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 2 * width, height, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "20"}
        for left, right in zip(pictures[:40], pictures[90:], strict=True):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.hstack([left, right]), format="rgb24")))
        container.mux(stream.encode())
    return path


def test_two_people_have_an_identity_and_a_packet_a_frame_each(listener, two_people):
    """The shipped weights find them without a detector."""
    options = {"max_people": 2, "as_fast_as_possible": True}
    listener.link.start(str(two_people), model=DEFAULT_MODEL, device="cpu", options=options)
    status = listener.state("ended")
    packets = listener.packets
    assert [packet.seq for packet in packets] == list(range(len(packets)))
    assert status.figures["packets_sent"] == len(packets) and listener.link.counters.lost == 0
    assert status.figures["frames_captured"] == 40 and status.figures["people"] == 2
    frames = {}
    for packet in packets:
        frames.setdefault(packet.timestamp, []).append(packet)
    assert len(frames) == 40
    both = list(frames.values())[20:]  # found within two thirds of a second
    assert all([packet.person for packet in frame] == [0, 1] for frame in both)
    assert not any(packet.empty for frame in both for packet in frame)
    middles = np.array([[np.nanmedian(packet.keypoints[:, 0]) for packet in frame] for frame in both])
    sides = middles > 640
    assert (sides == sides[0]).all() and sides[0].sum() == 1  # one on each side, and nobody changes
    for person in (0, 1):
        joints = np.array([frame[person].joints_3d for frame in both])
        assert all(frame[person].metric for frame in both)
        assert np.linalg.norm(np.diff(joints, axis=0), axis=-1).max() < 0.5  # each lifted with a past of its own


def test_one_person_is_followed_where_no_more_are_wanted(listener, two_people):
    listener.link.start(str(two_people), model=DEFAULT_MODEL, device="cpu", options={"as_fast_as_possible": True})
    status = listener.state("ended")
    assert status.figures["packets_sent"] == status.figures["frames_captured"] == len(listener.packets) == 40
    assert {packet.person for packet in listener.packets} == {0}


def test_detector_of_a_folder_runs_beside_the_pose(listener, clip, tmp_path):
    """An RT-DETR that sees people everywhere, and a pose model that does, too."""
    transformers = pytest.importorskip("transformers", reason="the extra `detect` is not installed")
    sizes = {"hidden_sizes": [8, 16, 24, 32], "depths": [1, 1, 1, 1], "embedding_size": 8, "layer_type": "basic"}
    config = transformers.RTDetrConfig(
        backbone_config=transformers.RTDetrResNetConfig(out_features=["stage2", "stage3", "stage4"], **sizes),
        encoder_hidden_dim=32, encoder_in_channels=[16, 24, 32], encoder_ffn_dim=64, encoder_attention_heads=2,
        d_model=32, num_queries=20, decoder_in_channels=[32, 32, 32], decoder_ffn_dim=64, decoder_layers=1,
        decoder_attention_heads=2, num_denoising=0, hidden_expansion=1.0, id2label={0: "person"},
    )  # fmt: skip
    model = transformers.RTDetrForObjectDetection(config)
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if "class_embed" in name and weights.ndim == 1:
                weights.fill_(3.0)
    folder = tmp_path / "größe"
    model.save_pretrained(folder)
    listener.link.start(str(clip), options={"max_people": 2, "detector": str(folder)})
    status = listener.state("ended")
    assert "Loading the detector." in listener.messages
    assert status.figures["frames_captured"] == 24 and status.figures["detector_ms_p50"] > 0
    assert [packet.seq for packet in listener.packets] == list(range(status.figures["packets_sent"]))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"max_people": 0}, "1 to 8 are followed"),
        ({"max_people": 99}, "1 to 8 are followed"),
        ({"max_people": "two"}, "1 to 8 are followed"),
        ({"detector": "/no/such/folder"}, "neither a folder nor a hub name"),
        ({"detector": 5}, "text was expected"),
        ({"backend": "caffe"}, "caffe"),
        ({"precision": "fp7"}, "fp7"),
    ],
)
def test_wrong_options_are_answered_with_a_sentence(listener, clip, options, expected):
    if "detector" in options:
        pytest.importorskip("transformers", reason="the extra `detect` is not installed")
    listener.link.start(str(clip), options=options)
    status = listener.state("error")
    assert expected in status.message and "\n" not in status.message


def test_garbage_does_not_stop_the_worker(served, listener):
    endpoint = listener.link._endpoint
    for datagram in (b"", b"\xff" * 100, b"[" * 9000, b'{"type":"start"}', b"x" * 60000):
        endpoint.send(datagram, ("127.0.0.1", served.port))
    listener.until(lambda: listener.link.clock_offset_s is not None)
    assert served.process.poll() is None


def test_send_streams_without_being_asked_and_exits(tmp_path, checkpoint, config, clip):
    receiver = PoseLink(0)
    send = f"127.0.0.1:{receiver.port}"
    try:
        served = Served(
            tmp_path / "log",
            "--source",
            clip,
            "--send",
            send,
            "--config",
            config,
            "--checkpoint",
            checkpoint,
            "--as-fast-as-possible",
        )
        packets = []
        assert until(lambda: packets.extend(receiver.poll(0.0)) or len(packets) == 24)
        assert served.process.wait(PATIENCE_S) == 0
        assert "24 frames captured, 0 skipped" in served.said()
        served.end()
    finally:
        receiver.close()


def test_source_given_by_hand_starts_with_the_first_listener_and_once_exits(
    tmp_path, checkpoint, config, clip
):
    served = Served(
        tmp_path / "log",
        "--source",
        clip,
        "--once",
        "--config",
        config,
        "--checkpoint",
        checkpoint,
        "--as-fast-as-possible",
    )
    listener = Listener(served.port)
    try:
        listener.until(lambda: listener.link.status is not None and listener.link.status.state == "ended")
        listener.poll()
        assert [packet.seq for packet in listener.packets] == list(range(24))
        assert served.process.wait(PATIENCE_S) == 0
    finally:
        listener.link.close()
        served.end()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for another process")
def test_ctrl_c_in_a_capture_cleans_up(tmp_path, checkpoint, config):
    served = Served(tmp_path / "log", "--config", config, "--checkpoint", checkpoint)
    listener = Listener(served.port)
    try:
        with mjpeg_server() as server:
            listener.link.start(server.url)
            listener.until(lambda: listener.packets)
            served.process.send_signal(signal.SIGINT)
            assert served.process.wait(PATIENCE_S) == 130
            assert until(lambda: server.watchers == 0)
        assert "Stopped." in served.said() and "Traceback" not in served.said()
    finally:
        listener.link.close()
        served.end()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking it")
def test_terminated_worker_ends_in_order(tmp_path):
    served = Served(tmp_path / "log")
    try:
        served.process.terminate()
        assert served.process.wait(PATIENCE_S) == 143
        assert "Stopped." in served.said() and "Traceback" not in served.said()
    finally:
        served.end()


def test_worker_that_nobody_needs_ends_itself(tmp_path):
    served = Served(tmp_path / "log", "--idle-exit", "0.5")
    try:
        assert served.process.wait(PATIENCE_S) == 0
    finally:
        served.end()


def test_shared_key_works_from_end_to_end(tmp_path, clip):
    (tmp_path / "key").write_text("a key of some length\n")
    served = Served(tmp_path / "log", "--bind", "0.0.0.0", "--key-file", tmp_path / "key")
    sealed = PoseLink(0, ("127.0.0.1", served.port), b"a key of some length")
    plain = PoseLink(0, ("127.0.0.1", served.port))
    try:
        assert until(lambda: sealed.poll(time.perf_counter()) or sealed.status)
        plain.poll(time.perf_counter())
        time.sleep(0.3)
        plain.poll(time.perf_counter())
        assert plain.status is None and plain.clock_offset_s is None
    finally:
        sealed.close()
        plain.close()
        served.end()


class mjpeg_server(http.server.ThreadingHTTPServer):
    """A camera on the network: noise as MJPEG, a picture each `pause_s` seconds, until it is left.

    watchers: who is connected now. seen: how many ever were. sent: pictures.
    """

    daemon_threads = True

    def __init__(self, port=0, pause_s=0.01):
        super().__init__(("127.0.0.1", port), _Camera)
        self.pause_s = pause_s
        self.over = threading.Event()
        self.watchers = self.seen = self.sent = 0
        noise = np.random.default_rng(0).integers(0, 255, (64, 48, 3), np.uint8)
        self.jpeg = cv2.imencode(".jpg", noise)[1].tobytes()

    @property
    def url(self):
        return f"http://me:secret@127.0.0.1:{self.server_port}/live?token=secret"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.shutdown()
        self.server_close()


class _Camera(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.watchers += 1
        server.seen += 1
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        head = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(server.jpeg)
        try:
            while not server.over.is_set():
                self.wfile.write(head + server.jpeg + b"\r\n")
                server.sent += 1
                time.sleep(server.pause_s)
        except OSError:
            pass
        finally:
            server.watchers -= 1

    def log_message(self, *_):
        pass


def until(condition):
    end = time.perf_counter() + PATIENCE_S
    while not (value := condition()) and time.perf_counter() < end:
        time.sleep(0.01)
    return value

"""The camera's video beside a take: asked for, shown in step with the timeline, refined."""

import os
import socket
import sys
import time
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

from taking import refresh  # noqa: E402


@pytest.fixture
def takes(session, extension, tmp_path):
    extension.addon("preferences").put("takes_folder", str(tmp_path / "takes"))
    bpy.context.scene.render.fps = 24
    yield bpy.context.window_manager.mocap_takes
    extension.addon("preferences").put("takes_folder", "")


@pytest.fixture
def worker(extension):
    """A socket where the worker would listen."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.0)
        extension.addon("preferences").put("worker_address", f"127.0.0.1:{listening.getsockname()[1]}")
        yield listening


def films_in(worker, extension) -> list[str]:
    """The films that were asked for."""
    protocol, paths = extension.core("protocol"), []
    while True:
        try:
            message = protocol.decode(worker.recv(65536))
        except BlockingIOError:
            return paths
        if isinstance(message, protocol.Film):
            paths.append(message.path)


def record(session, sender, packets) -> Path:
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    path = session.recording.path
    sender.play(packets)
    bpy.ops.mocap.record_stop()
    return path


def test_the_worker_is_asked_for_the_video_as_long_as_a_take_is_recorded(
    takes, worker, session, actor, sender, extension
):
    bpy.context.scene.mocap.record.keep_video = True
    path = record(session, sender, actor.packets[:5])
    *asked, last = films_in(worker, extension)
    assert set(asked) == {f"{path}.mkv"} and last == ""
    sender.play(actor.packets[5:8])
    assert films_in(worker, extension) == []


def test_a_worker_that_films_no_longer_is_told(takes, worker, session, actor, sender, extension):
    protocol = extension.core("protocol")
    bpy.context.scene.mocap.record.keep_video = True
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[:5])
    for answer in (f"{session.recording.path}.mkv", ""):
        assert session.filming.problem == ""
        worker.sendto(protocol.encode(protocol.Film(answer)), ("127.0.0.1", session.link.port))
        until = time.perf_counter() + 20
        while session.link.filmed != answer and time.perf_counter() < until:
            session.tick()
    assert "films no longer" in session.filming.problem
    bpy.ops.mocap.record_stop()
    assert "films no longer" in session.stats()["error"] and session.last_take is not None


def test_nothing_stays_of_a_filmed_take_of_nobody(takes, worker, session, actor, sender, extension):
    bpy.context.scene.mocap.record.keep_video = True
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    path, protocol = session.recording.path, extension.core("protocol")
    one = actor.packets[0]
    sender.play([protocol.PosePacket(one.keypoints, np.zeros(17), None, one.timestamp, one.meta)])
    path.with_name(f"{path.name}.mkv").write_bytes(b"as if it were a video")
    with pytest.raises(RuntimeError, match="nobody was seen"):
        bpy.ops.mocap.record_stop()
    assert list(path.parent.iterdir()) == []


def test_no_video_is_asked_for_by_itself_or_of_the_test_motion(takes, worker, session, actor, sender, extension):
    record(session, sender, actor.packets[:5])
    assert films_in(worker, extension) == []
    hindrance = extension.addon("filming").hindrance
    assert hindrance(session.link) == ""
    session.link.worker = ("192.0.2.7", 5006)
    assert "another machine" in hindrance(session.link)


@pytest.fixture
def filmed(takes, session, actor, sender, extension, character):
    """A take from frame 11 on whose video begins 0.5 s later and has 30 pictures a second."""
    film = pytest.importorskip("mocap_worker.film", reason="the worker is not in this environment")
    from mocap_worker.source import Frame

    bpy.context.scene.frame_set(11)
    path = record(session, sender, actor.packets[:60])
    bpy.ops.mocap.disconnect()
    writer = film.FilmWriter(path.with_name(path.name + ".mkv"))
    for number in range(40):
        image = np.full((256, 192, 3), 6 * number, np.uint8)
        image[60:200, 60:130] = 255 - 6 * number
        writer.add(Frame(image, actor.times_s[15] + number / 30, 0.0))
        time.sleep(0.01)
    writer.close()
    refresh()
    return path


def test_the_video_is_shown_in_step_with_the_take(filmed, takes):
    assert takes.items[0].filmed
    scene = bpy.context.scene
    bpy.ops.mocap.show_film()
    empty = scene.objects[f"{filmed.stem} video"]
    assert empty.data.source == "MOVIE" and empty.image_user.use_auto_refresh
    for frame in (23, 29, 35, 41):
        scene.frame_set(frame)
        media_s = (frame - 11) / 24 - 0.5
        picture = frame - empty.image_user.frame_start + 1 + empty.image_user.frame_offset
        assert picture == pytest.approx(1 + media_s * 30, abs=0.6)
        shown = empty.evaluated_get(bpy.context.evaluated_depsgraph_get())
        assert shown.image_user.frame_current == picture
    bpy.ops.mocap.show_film()  # again: the same
    assert len([item for item in scene.objects if item.type == "EMPTY"]) == 1


def test_a_take_without_a_video_is_told(takes, session, actor, sender):
    path = record(session, sender, actor.packets[:5])
    for operator in (bpy.ops.mocap.show_film, bpy.ops.mocap.refine_take):
        with pytest.raises(RuntimeError, match="No video was kept"):
            operator(filepath=str(path))


def test_a_take_is_refined_beside_blender(filmed, takes, session, extension, monkeypatch):
    program = Path(sys.executable).with_name("mocap.exe" if os.name == "nt" else "mocap")
    if not program.exists():
        pytest.skip("the worker's program is not in this environment")
    monkeypatch.setenv("MOCAP_WORKER", str(program))
    refining = extension.addon("refining").refining
    bpy.ops.mocap.refine_take(filepath=str(filmed))
    until = time.perf_counter() + 240
    while refining.running and time.perf_counter() < until:
        refining.poll()
        time.sleep(0.1)
    assert refining.made is not None, refining.problem
    assert refining.made.stem == f"{filmed.stem} refined"
    refresh()
    made = next(item for item in takes.items if item.path == str(refining.made))
    assert made.frames == 40 and made.frame == pytest.approx(11 + 0.5 * 24, abs=0.1)
    with pytest.raises(RuntimeError, match="is there already"):  # and stays until it is deleted or renamed
        bpy.ops.mocap.refine_take(filepath=str(filmed))

"""The preview and the ghost without a window: what they ask for and take in, and that nothing of them is left."""

import socket
import time
from dataclasses import replace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

PATIENCE_S = 60.0


@pytest.fixture
def shown(extension, monkeypatch, tmp_path_factory):
    """The preview and the ghost, off at first and in the end; their memory in a folder of the test's own."""
    monkeypatch.setenv("MOCAP_PREVIEW_FOLDER", str(tmp_path_factory.mktemp("memory")))
    preview, ghost = extension.addon("preview").preview, extension.addon("ghost").ghost
    settings = bpy.context.preferences.addons[extension.addon("preferences").PACKAGE].preferences
    settings.preview = settings.ghost = False
    yield preview, ghost, settings
    settings.preview = settings.ghost = False
    settings.preview_size, settings.preview_corner = "MEDIUM", "BOTTOM_RIGHT"
    machine = extension.addon("machine")
    machine.put("preview", True)
    for name in ("source", "source_kind", "last_take", "last_test", "replay_loop"):
        machine.put(name, "")


class Worker:
    """A worker's socket and its side of the memory."""

    def __init__(self, extension):
        self._extension = extension
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.0)
        extension.addon("machine").put("worker_address", f"127.0.0.1:{self.socket.getsockname()[1]}")

    def asked(self):
        """The previews that were asked for since the last call."""
        protocol, found = self._extension.core("protocol"), []
        while True:
            try:
                message = protocol.decode(self.socket.recv(9000))
            except OSError:
                return found
            if isinstance(message, protocol.Preview):
                found.append(message)

    def wait_asked(self, session):
        until = time.perf_counter() + PATIENCE_S
        while not (found := self.asked()):
            session.tick()
            time.sleep(0.005)
            assert time.perf_counter() < until
        return found[0]


@pytest.fixture
def worker(extension, session):
    worker = Worker(extension)
    yield worker
    worker.socket.close()


def memory_left(extension):
    folder = extension.core("preview_memory")._folder()
    return {path.name for path in folder.glob("mocap-preview-*")}


def test_off_it_has_no_handler_asks_for_nothing_and_keeps_nothing(session, actor, sender, shown, worker, extension):
    preview, ghost, _ = shown
    bpy.ops.mocap.connect()
    sender.play(actor.packets[:5])
    assert preview._handler is None and ghost._handler is None
    assert not worker.asked() and not memory_left(extension)
    assert not preview._poses and preview._reader is None


def test_handlers_come_with_the_switch_and_go_with_it(session, actor, sender, shown, worker):
    preview, ghost, settings = shown
    bpy.ops.mocap.connect()
    for number, on in enumerate((True, False, True)):
        settings.preview = settings.ghost = on
        sender.play(actor.packets[number : number + 1])
        assert (preview._handler is not None) == (ghost._handler is not None) == on
    bpy.ops.mocap.disconnect()
    assert preview._handler is None and ghost._handler is None and preview._reader is None


def test_a_picture_is_taken_in_with_its_own_frames_people(session, actor, sender, shown, worker, extension):
    preview, _, settings = shown
    settings.preview, settings.preview_size = True, "SMALL"
    bpy.ops.mocap.connect()
    sender.play(actor.packets[:1])
    asked = worker.wait_asked(session)
    assert asked.width == asked.height == 200
    memory = extension.core("preview_memory").PreviewWriter(asked.name)
    image = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    memory.write(image, actor.packets[3].timestamp)
    sender.play(actor.packets[1:6])  # later ones are here already
    assert preview._pictured == actor.packets[3].timestamp and preview._shape == (120, 90)
    np.testing.assert_allclose(preview._rgba[..., :3] * 255, image, atol=1e-3)
    ends, colours, _ = extension.addon("preview").figure_of(*preview._people)
    points = actor.packets[3].keypoints / actor.SIZE
    np.testing.assert_allclose(ends[0, 0], [points[5, 0], 1 - points[5, 1]], atol=1e-3)
    assert len(ends) == len(colours) and ((ends >= 0) & (ends <= 1)).all()
    memory.close()
    bpy.ops.mocap.disconnect()
    assert not memory_left(extension) and worker.asked()[-1].name == ""  # given back


def test_a_picture_waits_for_the_people_of_its_frame(session, actor, sender, shown, worker, extension):
    preview, _, settings = shown
    settings.preview = True
    bpy.ops.mocap.connect()
    sender.play(actor.packets[:1])
    memory = extension.core("preview_memory").PreviewWriter(worker.wait_asked(session).name)
    memory.write(np.zeros((9, 16, 3), np.uint8), actor.packets[3].timestamp)
    sender.play(actor.packets[1:3])
    assert preview._pictured is None
    sender.play(actor.packets[3:20])  # more than are kept
    assert preview._pictured == actor.packets[3].timestamp
    memory.close()


def test_a_foreign_senders_size_does_no_harm(session, actor, sender, shown, extension):
    preview, _, settings = shown
    settings.preview = True
    bpy.ops.mocap.connect()
    for size in ([0.5, 0.5], [1e9, 1], ["a", 2], None):
        foreign = replace(actor.packets[0], meta={"frame_size": size})
        sender.play([foreign])
        assert min(preview._shape) >= 1
        ends, _, _ = extension.addon("preview").figure_of(*preview._people)
        assert ((ends >= 0) & (ends <= 1)).all()


def test_it_goes_a_while_after_the_last_pose(session, actor, sender, shown, worker):
    preview, _, settings = shown
    settings.preview = True
    bpy.ops.mocap.connect()
    assert not preview._shown
    sender.play(actor.packets[:3])
    assert preview._shown
    session.tick(time.perf_counter() + 4.0)
    assert not preview._shown
    sender.play(actor.packets[3:5])
    assert preview._shown


def test_another_session_is_another_picture(session, actor, sender, shown, worker, extension):
    preview, _, settings = shown
    settings.preview = True
    bpy.ops.mocap.connect()
    sender.play(actor.packets[:1])
    memory = extension.core("preview_memory").PreviewWriter(worker.wait_asked(session).name)
    memory.write(np.zeros((9, 16, 3), np.uint8), actor.packets[0].timestamp)
    sender.play(actor.packets[1:2])
    assert preview._pictured is not None
    other = [replace(packet, meta=packet.meta | {"session": "other"}) for packet in actor.packets[:2]]
    sender.play(other)
    assert preview._pictured is None and preview._shape[0] / preview._shape[1] == pytest.approx(4 / 3, abs=0.01)
    memory.close()


def test_a_worker_on_another_machine_is_asked_for_no_picture(session, shown, extension):
    preview, _, settings = shown
    settings.preview = True

    class Link:
        worker, status = ("192.168.1.20", 5006), None

        def ask_preview(self, *_):
            raise AssertionError("asked")

    preview.tick(Link(), [], 100.0)
    assert "another machine" in preview.says and preview._reader is None
    preview.end()


def tick_until(session, condition):
    until = time.perf_counter() + PATIENCE_S
    while not condition():
        session.tick()
        time.sleep(0.005)
        assert time.perf_counter() < until


def test_the_test_motion_has_pictures_of_its_own_joints(session, shown, extension):
    preview, _, settings = shown
    settings.preview = True
    extension.addon("machine").put("source", "test motion")
    bpy.ops.mocap.start_capture()
    tick_until(session, lambda: preview._rgba is not None and preview._pictured in preview._poses)
    height, width = preview._rgba.shape[:2]
    assert width <= 640 and abs(width / height - 16 / 9) < 0.01 and not preview.says
    motion, picture = extension.core("sample_motion"), extension.core("sample_picture")
    number = round(preview._pictured * motion.FPS)
    drawn = picture.draw(motion.packet(number), (width, height))
    assert np.abs(preview._rgba[..., :3] - drawn / 255).max() < 0.01
    assert abs(preview._people[0].timestamp - number / motion.FPS) < 1e-5
    bpy.ops.mocap.disconnect()
    assert not memory_left(extension)


def test_of_what_is_replayed_there_is_no_picture(session, shown, extension, tmp_path):
    preview, _, settings = shown
    settings.preview = True
    machine, motion = extension.addon("machine"), extension.core("sample_motion")
    with extension.core("take").TakeWriter(tmp_path / "short.mocap", {}) as writer:
        for number in range(30):
            writer.write(motion.packet(number))
    bpy.ops.mocap.replay_take(filepath=str(tmp_path / "short.mocap"), loop=True)
    machine.put("source", "0")  # chosen, and not started yet: what plays goes on
    tick_until(session, lambda: preview._people)
    assert "no camera" in preview.says and preview._reader is None and not memory_left(extension)


def test_ghost_stands_at_the_characters_hips_in_its_size(session, actor, sender, shown, character):
    _, ghost, settings = shown
    settings.ghost = True
    character.location = (3.0, 0.0, 0.0)
    bpy.ops.mocap.connect()
    sender.play(actor.packets[:40])
    bpy.context.view_layer.update()
    hips = character.matrix_world @ character.pose.bones["hips"].matrix.translation
    joints = ghost._figures[0][1].reshape(-1, 3)
    assert np.linalg.norm(joints.mean(axis=0) - hips) < 0.6
    assert 1.0 < np.ptp(joints[:, 2]) < 2.2  # as tall as it
    elbow = character.matrix_world @ character.pose.bones["leftLowerArm"].matrix.translation
    assert np.linalg.norm(joints - elbow, axis=1).min() < 0.15


def test_ghost_of_nobodys_character_stands_on_the_ground(session, actor, sender, shown):
    _, ghost, settings = shown
    settings.ghost = True
    bpy.context.scene.mocap.target = None
    bpy.ops.mocap.connect()
    sender.play(actor.packets[:3])
    joints = ghost._figures[0][1].reshape(-1, 3)
    assert joints[:, 2].min() == pytest.approx(0.0, abs=1e-6) and joints[:, 2].max() > 1.3


def test_nothing_of_it_is_in_the_blend(session, actor, sender, shown, worker, extension, tmp_path):
    def saved():
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "mine.blend"), compress=False, copy=True)
        return (tmp_path / "mine.blend").read_bytes()

    bpy.ops.mocap.connect()
    sender.play(actor.packets[:1])
    before, images, objects = saved(), set(bpy.data.images), set(bpy.data.objects)
    settings = shown[2]
    settings.preview = settings.ghost = True
    name = worker.wait_asked(session).name
    memory = extension.core("preview_memory").PreviewWriter(name)
    memory.write(np.full((90, 160, 3), 77, np.uint8), actor.packets[0].timestamp)
    sender.play(actor.packets[1:3])
    after = saved()
    for word in (name.encode(), b"preview", b"BOTTOM_RIGHT", b"ghost", bytes([77] * 300)):
        assert after.count(word) == before.count(word)
    assert set(bpy.data.images) == images and set(bpy.data.objects) == objects
    memory.close()


@pytest.mark.parametrize("corner", ["TOP_LEFT", "TOP_RIGHT", "BOTTOM_LEFT", "BOTTOM_RIGHT"])
def test_the_picture_lies_whole_in_its_corner(extension, corner):
    placed = extension.addon("preview").placed
    free = (50, 20, 900, 600)
    for frame in ((640, 360), (480, 360), (202, 360)):
        x, y, width, height = placed(frame, 320, corner, free)
        assert width / height == pytest.approx(frame[0] / frame[1], rel=0.02) and max(width, height) == 320
        assert free[0] < x and x + width < free[2] and free[1] < y and y + height < free[3]
        assert (x < 200) == corner.endswith("LEFT") and (y < 200) == corner.startswith("BOTTOM")
    assert placed((640, 360), 320, corner, (0, 0, 100, 60))[2] < 100  # a small view has a small one

"""From Record to one Action: live keys, the final solve, what stays untouched."""

import json
import math
import time

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")


@pytest.fixture
def recorded(session, character, actor, sender):
    """A take recorded from frame 11 on."""
    bpy.context.scene.render.fps = 30
    bpy.context.scene.frame_set(11)
    bpy.context.scene.mocap.level = "OFF"
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets)
    bpy.ops.mocap.record_stop()
    bpy.ops.mocap.disconnect()
    return session.last_take


@pytest.fixture
def curves(extension):
    """An Action's curves by (data path, index)."""
    module = extension.addon("action")
    return lambda action: {(curve.data_path, curve.array_index): curve for curve in module.curves(action)}


def keys(curve) -> np.ndarray:
    """(K, 2) frames and values."""
    numbers = np.empty(2 * len(curve.keyframe_points), np.float32)
    curve.keyframe_points.foreach_get("co", numbers)
    return numbers.reshape(-1, 2)


def played(actor, character, frames) -> np.ndarray:
    """The bone matrices (F, B, 4, 4) as the Action plays them."""
    out = []
    for frame in frames:
        bpy.context.scene.frame_set(int(frame))
        out.append(actor.posed(character))
    return np.array(out)


def test_action_plays_what_the_actor_did(recorded, actor, character):
    assert recorded.frames.tolist() == list(range(11, 11 + actor.frames))
    errors = actor.errors_deg(played(actor, character, recorded.frames), slice(None))
    assert errors.mean() < 3 and errors.max() < 15


def test_every_frame_has_linear_keys_on_every_driven_bone(recorded, actor, character, curves):
    found = curves(bpy.data.actions[recorded.action])
    bones = {path.split('"')[1] for path, _ in found}
    assert {"hips", "spine", "head", "leftUpperArm", "rightFoot"} <= bones
    assert not any("Index" in bone or "Thumb" in bone for bone in bones)
    for curve in found.values():
        assert keys(curve)[:, 0].tolist() == recorded.frames.tolist()
        assert {point.interpolation for point in curve.keyframe_points} == {"LINEAR"}
        assert not curve.mute


def test_keys_appear_within_a_second_of_recording(session, actor, sender, character, curves):
    bpy.context.scene.render.fps = 30
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    counts = []

    def count(_):
        time.sleep(1 / actor.FPS)
        action = character.animation_data.action
        counts.append(min(len(curve.keyframe_points) for curve in curves(action).values()))

    sender.play(actor.packets, after=count)
    assert all(there >= number - 30 for number, there in enumerate(counts))
    assert counts[-1] > 50


def test_live_keys_do_not_throw_the_character_back(session, actor, sender, character):
    bpy.context.scene.mocap.level = "OFF"
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    seen = []
    sender.play(actor.packets, after=lambda _: seen.append(actor.posed(character)))
    assert actor.errors_deg(np.array(seen)[30:], slice(30, None)).mean() < 6


@pytest.mark.parametrize("fps, base", [(24, 1.0), (60, 1.0), (30, 1.001)])
def test_frames_follow_capture_times_at_the_scenes_rate(session, actor, sender, character, fps, base):
    scene = bpy.context.scene
    scene.render.fps, scene.render.fps_base = fps, base
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    # Every third packet never comes: the speed must not change.
    sender.play([packet for number, packet in enumerate(actor.packets) if number % 3 != 1])
    bpy.ops.mocap.record_stop()
    take = session.last_take
    assert (scene.render.fps, round(scene.render.fps_base, 4)) == (fps, round(base, 4))
    assert len(take.frames) == int((actor.times_s[-1] - actor.times_s[0]) * fps / base + 1e-3) + 1
    numbers = np.rint((take.times_s - actor.times_s[0]) * actor.FPS).astype(int)
    bpy.ops.mocap.disconnect()
    assert actor.errors_deg(played(actor, character, take.frames), numbers).mean() < 5


def test_existing_action_is_kept_as_it_was(session, actor, sender, character, curves):
    hips = character.pose.bones["hips"]
    for frame, height in ((1, 0.0), (20, 0.3)):
        hips.location = (0.0, height, 0.0)
        hips.keyframe_insert("location", frame=frame)
    mine = character.animation_data.action
    mine.name = "Mine"
    before = {key: keys(curve).tolist() for key, curve in curves_of(mine).items()}
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[:30])
    bpy.ops.mocap.record_stop()
    assert character.animation_data.action != mine
    assert mine.use_fake_user and mine.name == "Mine"
    assert {key: keys(curve).tolist() for key, curve in curves_of(mine).items()} == before


def curves_of(action):
    """The curves of an Action that Blender itself made."""
    if bpy.app.version < (4, 4, 0):
        found = action.fcurves
    else:
        found = action.layers[0].strips[0].channelbag(action.slots[0]).fcurves
    return {(curve.data_path, curve.array_index): curve for curve in found}


@pytest.mark.skipif(bpy.app.version < (4, 4, 0), reason="slots came with Blender 4.4")
def test_action_has_one_slot_which_the_character_plays(recorded, character):
    action = bpy.data.actions[recorded.action]
    assert len(action.slots) == 1
    assert character.animation_data.action_slot == action.slots[0]


def test_a_recording_is_one_undo_step(session, actor, sender, character):
    bpy.ops.mocap.connect()
    bpy.ops.ed.undo_push(message="before the take")
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[:30])
    bpy.ops.mocap.record_stop()
    name = session.last_take.action
    assert name in bpy.data.actions
    bpy.ops.ed.undo()
    character = bpy.context.scene.mocap.target
    assert character is not None
    assert character.animation_data is None or character.animation_data.action is None
    bpy.ops.ed.redo()
    assert bpy.context.scene.mocap.target.animation_data.action.name == name


def test_undo_while_recording_loses_no_packet(session, actor, sender, character):
    bpy.context.scene.render.fps = 30
    bpy.ops.ed.undo_push(message="one")
    bpy.context.scene.mocap.target.location.x = 1.0
    bpy.ops.ed.undo_push(message="two")
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[:40])
    bpy.ops.ed.undo()
    sender.play(actor.packets[40:])
    bpy.ops.mocap.record_stop()
    assert len(session.last_take.frames) == actor.frames
    assert bpy.context.scene.mocap.target.animation_data.action.name == session.last_take.action


@pytest.fixture
def cube(session, character):
    """Something else, in a scene with a second character."""
    scene = bpy.context.scene
    scene.render.fps = 30
    bpy.ops.mocap.add_default_rig()
    row = scene.mocap.characters.add()
    row.armature, row.person, scene.mocap.target = scene.mocap.target, 0, character
    cube = bpy.data.objects.new("Cube", None)
    scene.collection.objects.link(cube)
    return cube


def played_ones() -> list:
    """What armatures play, none of it gone."""
    there = [one.as_pointer() for one in bpy.data.actions]
    animated = [item.animation_data for item in bpy.data.objects if item.type == "ARMATURE" and item.animation_data]
    strips = [strip.action for data in animated for track in data.nla_tracks for strip in track.strips]
    out = [one for one in [data.action for data in animated] + strips if one is not None]
    assert all(one.as_pointer() in there for one in out)
    return out


def test_undo_of_something_else_while_recording_leaves_no_action_that_is_gone(session, actor, sender, cube):
    """Blender keeps a character that the step does not change as it is, with what it plays by now; with an Action that
    is gone it would crash."""
    scene = bpy.context.scene
    scene.mocap.record.destination = "TRACK"
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[:10])
    bpy.ops.mocap.record_stop()
    scene.mocap.record.destination = "ACTION"
    bpy.ops.ed.undo_push(message="one")
    cube.location.x = 1.0
    bpy.ops.ed.undo_push(message="two")
    bpy.ops.mocap.record_start()
    for number, step in enumerate(("undo", "redo", "undo", "redo")):
        sender.play(actor.packets[10 + 10 * number : 20 + 10 * number])
        getattr(bpy.ops.ed, step)()
        played_ones()
    sender.play(actor.packets[50:60])
    bpy.ops.mocap.record_stop()
    assert len(session.last_take.frames) == 50 and len(session.last_takes) == 2


@pytest.mark.parametrize("destination", ["ACTION", "TRACK"])
def test_undo_while_a_take_is_solved_loses_no_character(session, actor, sender, cube, monkeypatch, destination):
    """Also of those that are done and wait for the others, whose Actions no undo step has yet."""
    monkeypatch.setattr(session, "at_once", False)
    mocap = bpy.context.scene.mocap
    mocap.record.destination = destination
    bpy.ops.ed.undo_push(message="one")
    cube.location.x = 1.0
    bpy.ops.ed.undo_push(message="two")
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[:10])
    cube.location.x = 2.0
    bpy.ops.ed.undo_push(message="three, with live keys")
    bpy.ops.mocap.record_stop()
    for step in ("undo", "redo", "undo", "undo"):
        while len(session.last_takes) < 1:
            session.tick()
        getattr(bpy.ops.ed, step)()
        played_ones()
    while session.busy and session.solving is not None:
        session.tick()
    first, second = session.last_takes
    assert second.action.startswith(f"{first.action} ")
    assert sorted(one.name for one in played_ones()) == [first.action, second.action]
    assert len(bpy.data.actions) == 2
    for take in (first, second):
        for curve in curves_of(bpy.data.actions[take.action]).values():
            assert len(curve.keyframe_points) == 10 and not curve.mute


def test_other_names_while_recording_change_nothing(session, actor, sender, character):
    bpy.context.scene.render.fps = 30
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[:10])
    bpy.context.scene.name, character.name, character.animation_data.action.name = "Stage", "Hero", "Dance"
    sender.play(actor.packets[10:20])
    bpy.ops.mocap.record_stop()
    (take,) = bpy.data.actions
    assert take.name == "Dance" == session.last_take.action and len(session.last_take.frames) == 20


def test_a_recording_that_ends_by_an_error_leaves_the_character_as_it_was(session, actor, sender, character, extension):
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    path = session.recording.path
    sender.play(actor.packets[:10])
    session.end("It ended.")
    assert not bpy.data.actions and character.animation_data is None
    assert str(path) in session.notice and len(extension.core("take").read_take(path).packets) == 10


def test_disconnecting_while_recording_ends_the_take_and_solves_it(session, actor, sender, character, monkeypatch):
    """As in a window, where a take is solved in slices after Stop."""
    monkeypatch.setattr(session, "at_once", False)
    bpy.context.scene.render.fps = 30
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[:30])
    bpy.ops.mocap.disconnect()
    assert session.link is None and session.busy
    while session.busy:
        session.tick()
    assert len(session.last_take.frames) == 30
    take = character.animation_data.action
    assert take.name == session.last_take.action and not any(curve.mute for curve in curves_of(take).values())


def test_deleting_the_character_while_recording_keeps_the_take(session, actor, sender, character, extension):
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    path = session.recording.path
    sender.play(actor.packets[:20])
    bpy.data.objects.remove(character)
    sender.play(actor.packets[20:40])
    with pytest.raises(RuntimeError, match="gone"):
        bpy.ops.mocap.record_stop()
    assert path.name in session.stats()["error"]
    assert len(extension.core("take").read_take(path).packets) == 40


def test_loading_a_take_gives_the_action_that_recording_gave(recorded, actor, character, curves, session):
    first = {key: keys(curve) for key, curve in curves(bpy.data.actions[recorded.action]).items()}
    bpy.context.scene.frame_set(11)
    bpy.ops.mocap.load_take(filepath=str(recorded.path))
    assert session.last_take.action != recorded.action
    second = {key: keys(curve) for key, curve in curves(bpy.data.actions[session.last_take.action]).items()}
    assert first.keys() == second.keys()
    assert max(np.abs(first[key] - second[key]).max() for key in first) < 1e-4


def test_journal_has_every_packet_with_its_capture_time(recorded, actor, extension):
    take = extension.core("take").read_take(recorded.path)
    assert np.allclose([packet.timestamp for packet in take.packets], actor.times_s, atol=1e-6)
    assert take.header["fps"] == 30


def test_an_empty_take_is_told_and_leaves_nothing(session, character):
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    path = session.recording.path
    session.tick()
    with pytest.raises(RuntimeError, match="nobody was seen"):
        bpy.ops.mocap.record_stop()
    assert not path.exists()
    assert not bpy.data.actions
    assert session.stats()["state"] == "connected"


@pytest.mark.parametrize("mode", ["XYZ", "ZXY", "AXIS_ANGLE"])
def test_rotation_modes_stay_and_play_the_same(session, actor, sender, character, mode):
    bpy.context.scene.render.fps = 30
    bpy.context.scene.mocap.level = "OFF"
    for bone in character.pose.bones:
        bone.rotation_mode = mode
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    seen = []
    sender.play(actor.packets, after=lambda _: seen.append(actor.posed(character)))
    bpy.ops.mocap.record_stop()
    bpy.ops.mocap.disconnect()
    assert {bone.rotation_mode for bone in character.pose.bones} == {mode}
    assert actor.errors_deg(np.array(seen)[30:], slice(30, None)).mean() < 6
    assert actor.errors_deg(played(actor, character, session.last_take.frames), slice(None)).mean() < 3


def test_a_worker_that_began_anew_continues_the_take(session, actor, sender, character):
    bpy.context.scene.render.fps = 30
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[:30])
    again = []
    for number, packet in enumerate(actor.packets[30:60]):
        meta = packet.meta | {"session": "after", "seq": number}
        again.append(
            type(packet)(packet.keypoints, packet.scores, packet.joints_3d, 5000.0 + number / 30, meta)
        )
    sender.play(again)
    bpy.ops.mocap.record_stop()
    assert 58 <= len(session.last_take.frames) <= 30 * 20


def test_a_take_that_is_no_take_is_told(session, character, tmp_path):
    path = tmp_path / "no take.mocap"
    path.write_bytes(b"\x00\x01 hello")
    with pytest.raises(RuntimeError, match="is no take"):
        bpy.ops.mocap.load_take(filepath=str(path))
    with pytest.raises(RuntimeError, match="Cannot read"):
        bpy.ops.mocap.load_take(filepath=str(tmp_path / "absent.mocap"))


def test_a_takes_folder_that_cannot_be_written_is_told(session, character, extension, tmp_path):
    blocked = tmp_path / "a file"
    blocked.write_text("in the way")
    extension.addon("preferences").put("takes_folder", str(blocked / "takes"))
    try:
        bpy.ops.mocap.connect()
        with pytest.raises(RuntimeError, match="Cannot write the take"):
            bpy.ops.mocap.record_start()
        assert session.stats()["state"] == "connected"
        assert not bpy.data.actions
    finally:
        extension.addon("preferences").put("takes_folder", "")


def test_a_take_can_be_read_while_it_is_recorded(session, actor, sender, character, extension):
    """What a crash would leave: header and all packets, with the writer not closed."""
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[:10])
    lines = session.recording.path.read_bytes().splitlines()
    assert len(lines) == 11 and "stand" in json.loads(lines[0])
    assert not math.isnan(extension.core("protocol").decode(lines[-1]).timestamp)

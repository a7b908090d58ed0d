"""The list of takes, and what is done with those in it."""

import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

import rigs  # noqa: E402
from taking import refresh  # noqa: E402

FIRST_SYSTEM = Path(__file__).resolve().parents[3] / "shared" / "data" / "real" / "balance.packets.jsonl"

# What asks nothing of Blender that differs between its versions.
once = pytest.mark.skipif(bpy.app.version[:2] != (5, 0), reason="the same in every Blender")


@pytest.fixture
def takes(session, extension, tmp_path):
    """The list, of a folder of this test's own."""
    extension.addon("preferences").put("takes_folder", str(tmp_path / "my tåkes"))
    yield bpy.context.window_manager.mocap_takes
    extension.addon("preferences").put("takes_folder", "")


@pytest.fixture
def record(session, actor, sender):
    """`record(count)`: a take of the actor's first packets; its path."""

    def make(count=20, skip=()):
        bpy.ops.mocap.connect()
        bpy.ops.mocap.record_start()
        path = session.recording.path
        sender.play([packet for number, packet in enumerate(actor.packets[:count]) if number not in skip])
        bpy.ops.mocap.record_stop()
        bpy.ops.mocap.disconnect()
        return path

    return make


@pytest.fixture
def written(takes, extension):
    """`written(name)`: a take of 20 packets in the list's folder; its path."""
    protocol, places = extension.core("protocol"), extension.core("places")

    def make(name):
        path = places.takes_folder() / f"{name}.mocap"
        with extension.core("take").TakeWriter(path, {"fps": 30.0}) as writer:
            for number in range(20):
                meta = {"v": 1, "session": "a", "seq": number, "person": 0, "size": [640, 480]}
                writer.write(protocol.PosePacket(np.ones((17, 2)), np.ones(17), None, number / 30, meta))
        return path

    return make


def test_a_recorded_take_is_listed_with_its_figures(takes, record):
    path = record(skip=(4, 5))
    refresh()
    (item,) = takes.items
    assert (item.name, item.path, item.state) == (path.stem, str(path), "READY")
    assert (item.frames, item.lost, item.people) == (18, 2, "0")
    assert item.length_s == pytest.approx(19 / 30, abs=1e-3)


def test_star_and_name_are_kept_beside_the_take(takes, written):
    path = written("one")
    refresh()
    takes.items[0].star = True
    takes.items[0].name = "Wälk"
    assert not path.exists() and Path(takes.items[0].path).stem == "Wälk"
    refresh()
    (item,) = takes.items
    assert item.star and item.name == "Wälk" and item.frames == 20


def test_a_name_that_cannot_be_is_told_and_changes_nothing(takes, written, extension):
    path = written("one")
    refresh()
    takes.items[0].name = "a/b"
    assert path.exists() and takes.items[0].name == path.stem
    assert "a/b" in extension.addon("take_list").problem


def test_a_take_that_is_recorded_is_not_cut_off_nor_renamed_however_long_nothing_came(
    takes, session, actor, sender, extension
):
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    path = session.recording.path
    sender.play(actor.packets[:20])
    os.utime(path, (1000, 1000))
    refresh()
    (item,) = takes.items
    assert item.state == "RECORDING"
    item.state = "UNFINISHED"  # what the list shows may be old
    item.name = "Wälk"
    assert extension.addon("take_list").problem == "Stop recording first." and path.exists()
    item.state = "RECORDING"
    bpy.ops.mocap.record_stop()
    item.name = "Wälk"
    assert extension.addon("take_list").problem == "" and not path.exists() and Path(item.path).exists()


def test_deleting_takes_the_file_and_its_notes(takes, written):
    path = written("one")
    refresh()
    bpy.ops.mocap.delete_take(filepath=str(path))
    assert list(path.parent.iterdir()) == []
    with pytest.raises(RuntimeError, match="gone already"):
        bpy.ops.mocap.delete_take(filepath=str(path))


def test_the_choice_stays_with_its_take_and_goes_to_a_new_one(takes, written):
    first, second = written("first"), written("second")
    refresh()
    takes.index = [item.path for item in takes.items].index(str(first))
    refresh()
    assert takes.items[takes.index].path == str(first)
    bpy.ops.mocap.delete_take(filepath=str(second))
    refresh()
    assert takes.items[takes.index].path == str(first)
    third = written("third")
    os.utime(third, (2e9, 2e9))
    refresh()
    assert takes.items[takes.index].path == str(third)


def test_a_take_that_was_cut_off_is_recovered_onto_the_character(takes, record, session, extension):
    path = record()
    notes = extension.core("take_notes")
    notes.write_notes(path, notes.Notes(recording=True))
    path.write_bytes(path.read_bytes()[:-40])
    os.utime(path, (1000, 1000))
    refresh()
    assert takes.items[0].state == "UNFINISHED"
    bpy.ops.mocap.recover_take(filepath=str(path))
    assert session.last_take.path == path and len(session.last_take.frames) == 15  # 19 packets at 30 a second
    refresh()
    assert (takes.items[0].state, takes.items[0].frames, takes.items[0].damaged) == ("READY", 19, 1)
    with pytest.raises(RuntimeError, match="ended as it should"):
        bpy.ops.mocap.recover_take(filepath=str(path))


def test_a_recovered_take_replaces_what_a_file_saved_meanwhile_has_of_it(
    takes, session, actor, sender, character, extension, tmp_path
):
    notes = extension.core("take_notes")
    bpy.context.scene.render.fps = 30
    bpy.context.scene.frame_set(41)
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    path, journal = session.recording.path, session.recording.journal
    sender.play(actor.packets[:20])
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "meanwhile.blend"), copy=True)
    begun = notes.read_notes(path)
    session.end("")
    journal.wait()
    notes.write_notes(path, begun)  # as if Blender had been killed
    os.utime(path, (1000, 1000))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "meanwhile.blend"))
    bpy.context.scene.frame_set(1)
    assert [action.name for action in bpy.data.actions] == ["Take 1"]
    bpy.ops.mocap.recover_take(filepath=str(path))
    assert session.last_take.action == "Take 1" and len(bpy.data.actions) == 1
    assert session.last_take.frames.tolist() == list(range(41, 61))
    played = bpy.context.scene.mocap.target.animation_data.action
    assert played.name == "Take 1"
    assert not any(curve.mute for curve in extension.addon("action").curves(played))


@pytest.fixture
def curves(extension):
    module = extension.addon("action")
    return lambda session: {
        (curve.data_path, curve.array_index): curve
        for curve in module.curves(bpy.data.actions[session.last_take.action])
    }


@pytest.fixture
def walk(takes, record, session):
    """A take of 60 packets, recorded from frame 11 on at 30 a second, and chosen in the list."""
    bpy.context.scene.render.fps = 30
    bpy.context.scene.frame_set(11)
    path = record(60)
    refresh()
    return path


def test_solving_again_replaces_the_action_where_it_was_with_the_settings_of_now(walk, takes, session, curves):
    name, before = session.last_take.action, [curve.evaluate(30) for curve in curves(session).values()]
    bpy.context.scene.frame_set(40)
    bpy.context.scene.mocap.smoothness = 1.0
    bpy.ops.mocap.solve_again()
    assert session.last_take.action == name and len(bpy.data.actions) == 1
    assert session.last_take.frames.tolist() == list(range(11, 71))
    after = [curve.evaluate(30) for curve in curves(session).values()]
    assert 1e-4 < np.abs(np.subtract(after, before)).max() < 0.5


def test_what_is_played_when_a_take_is_solved_again_stays_and_comes_back_with_its_removal(
    walk, session, character, tmp_path
):
    data, take = character.animation_data, character.animation_data.action
    for kept in (False, True):
        hand = data.action = bpy.data.actions.new("Hand")
        character.keyframe_insert("location", frame=1)
        hand.use_fake_user = kept
        for _ in range(2):
            data.action = hand
            bpy.ops.mocap.solve_again(filepath=str(walk))
            assert data.action == take and hand.use_fake_user
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"), copy=True)
        with bpy.data.libraries.load(str(tmp_path / "saved.blend")) as (saved, _):
            assert {take.name, hand.name} <= set(saved.actions)
        bpy.ops.mocap.remove_take()
        data = character.animation_data
        assert data.action == hand and hand.use_fake_user == kept
        bpy.ops.mocap.solve_again(filepath=str(walk))
        take = data.action


@once
def test_of_takes_that_replaced_each_other_the_one_solved_again_comes_first_and_none_is_lost(takes, record, character):
    data = character.animation_data_create()
    hand = data.action = bpy.data.actions.new("Hand")
    first = record()
    record()
    bpy.ops.mocap.solve_again(filepath=str(first))
    for name in ("Take 1", "Take 2"):
        assert data.action.name == name
        bpy.ops.mocap.remove_take()
    assert data.action == hand and not hand.use_fake_user


def test_a_take_of_the_same_name_is_not_taken_for_one_that_was_deleted(walk, takes, record, session):
    assert walk.stem == session.last_take.action == "Take 1"
    bpy.ops.mocap.delete_take("EXEC_DEFAULT", filepath=str(walk))
    bpy.data.actions["Take 1"].name = "Kept"
    again = record(30)
    assert again == walk  # the number is free
    bpy.ops.mocap.solve_again(filepath=str(again))
    assert session.last_take.action == "Take 1"
    assert len(session.last_take.frames) < 40 and {item.name for item in bpy.data.actions} == {"Take 1", "Kept"}
    assert record(30).stem == "Take 2"


@once
def test_a_renamed_take_is_solved_again_into_its_action_and_a_copy_is_another_take(walk, takes, session, character):
    takes.items[0].name = "Wälk"
    character.name = "Somebody"
    renamed = Path(takes.items[0].path)
    bpy.ops.mocap.solve_again(filepath=str(renamed))
    assert session.last_take.action == "Take 1" and len(bpy.data.actions) == 1
    copied = renamed.with_name("Copy.mocap")
    copied.write_bytes(renamed.read_bytes())
    bpy.ops.mocap.solve_again(filepath=str(copied))
    assert session.last_take.action == "Copy" and len(bpy.data.actions) == 2


@once
def test_a_take_is_solved_again_for_another_rig_and_the_firsts_action_stays(
    walk, session, character, curves, rig_folder
):
    first = {key: curve.evaluate(30) for key, curve in curves(session).items()}
    other = rigs.BUILDERS["mixamo"](rig_folder).armature
    bpy.context.scene.mocap.target = other
    bpy.ops.mocap.solve_again(filepath=str(walk))
    assert session.last_take.action != "Take 1" and session.last_take.frames.tolist() == list(range(11, 71))
    assert other.animation_data.action.name == session.last_take.action
    moved = {key: [curve.evaluate(frame) for frame in (11, 40)] for key, curve in curves(session).items()}
    assert any("LeftForeArm" in path and abs(end - start) > 0.05 for (path, _), (start, end) in moved.items())
    name, kept = session.last_take.action, bpy.data.actions["Take 1"]
    bpy.ops.mocap.solve_again(filepath=str(walk))  # and once more into the same
    assert session.last_take.action == name and len(bpy.data.actions) == 2
    bpy.context.scene.mocap.target = character
    bpy.ops.mocap.solve_again(filepath=str(walk))
    assert session.last_take.action == kept.name and character.animation_data.action == kept
    assert {key: curve.evaluate(30) for key, curve in curves(session).items()} == pytest.approx(first, abs=1e-5)


@once
def test_a_take_stays_with_its_character_when_another_one_gets_the_characters_name(walk, record, session, character):
    name, take = character.name, character.animation_data.action
    character.name = "Hero"
    bpy.ops.mocap.add_default_rig()
    other = bpy.context.scene.mocap.target = bpy.context.object
    other.name = name
    bpy.ops.mocap.solve_again(filepath=str(walk))
    made = other.animation_data.action
    assert character.animation_data.action == take != made and len(bpy.data.actions) == 2
    bpy.context.scene.mocap.target = character
    record(20)  # with that in its place
    for target, its in ((other, made), (character, take)):
        bpy.context.scene.mocap.target = target
        bpy.ops.mocap.solve_again(filepath=str(walk))
        assert target.animation_data.action == its and len(bpy.data.actions) == 3
    character.animation_data_clear()  # whom it was made for is known by name then
    bpy.ops.mocap.solve_again(filepath=str(walk))
    assert character.animation_data.action == take and other.animation_data.action == made


@once
def test_a_journal_of_the_first_system_is_loaded(session, character, takes):
    if not FIRST_SYSTEM.exists():
        pytest.skip("the shared data is not here")
    bpy.context.scene.render.fps = 60
    bpy.ops.mocap.load_take(filepath=str(FIRST_SYSTEM))
    lines = len(FIRST_SYSTEM.read_bytes().splitlines())
    assert len(session.last_take.frames) == pytest.approx(lines, abs=2)
    assert character.animation_data.action.name == session.last_take.action


@once
@pytest.mark.parametrize("begin_s", [0.0, 1.76e9])
def test_a_sender_whose_clock_begins_anew_goes_on_in_the_take(session, actor, sender, takes, begin_s):
    bpy.context.scene.render.fps = 30
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    foreign = [replace(packet, meta={"size": [640, 480]}) for packet in actor.packets[:40]]
    for start_s in (0.0, begin_s):
        sender.play([replace(packet, timestamp=start_s + number / 30) for number, packet in enumerate(foreign)])
    received_s = [packet.meta["received"] for packet in session.recording.packets]
    bpy.ops.mocap.record_stop()
    bpy.ops.mocap.disconnect()
    first, path = session.last_take, session.last_take.path
    length_s = 2 * 39 / 30 + max(received_s[40] - received_s[39], 1e-3)  # both runs, and what was between
    assert len(first.frames) == pytest.approx(30 * length_s, abs=2)
    bpy.ops.mocap.load_take(filepath=str(path))
    assert np.array_equal(first.frames - first.frames[0], session.last_take.frames - session.last_take.frames[0])


@once
def test_a_take_that_lay_nowhere_lies_where_it_was_loaded_first(walk, takes, session, extension):
    notes = extension.core("take_notes")
    notes.write_notes(walk, notes.Notes())
    bpy.context.scene.frame_set(101)
    bpy.ops.mocap.load_take(filepath=str(walk))
    bpy.context.scene.frame_set(1)
    refresh()
    assert takes.items[0].frame == 101
    bpy.ops.mocap.solve_again(filepath=str(walk))
    assert session.last_take.frames[0] == 101


def test_what_plays_or_shows_a_take_goes_along_when_it_is_renamed(takes, written, extension, session):
    machine, path = extension.addon("machine"), written("one")
    film = path.with_name("one.mocap.mkv")
    film.write_bytes(b"as if it were a video")
    image = bpy.data.images.new("film", 8, 8)
    image.source, image.filepath = "MOVIE", str(film)
    machine.put("source", str(path))
    refresh()
    takes.items[0].name = "two"
    try:
        assert machine.get("source") == takes.items[0].path == str(path.with_name("two.mocap"))
        assert image.filepath == f"{takes.items[0].path}.mkv" and Path(image.filepath).exists()
    finally:
        machine.put("source", "")
        bpy.data.images.remove(image)


def test_a_trimmed_take_keeps_its_place_and_an_offset_moves_it(walk, takes, session, curves):
    whole = {key: curve.evaluate(35) for key, curve in curves(session).items()}
    item = takes.items[0]
    item.start_s, item.end_s = 0.5, 1.5
    bpy.ops.mocap.solve_again()
    assert session.last_take.frames.tolist() == list(range(26, 57))
    trimmed = {key: curve.evaluate(35) for key, curve in curves(session).items()}
    assert max(abs(trimmed[key] - whole[key]) for key in whole) < 1e-5
    item.frame = 111
    bpy.ops.mocap.solve_again()
    assert session.last_take.frames.tolist() == list(range(126, 157))
    refresh()
    item = takes.items[0]
    assert (item.start_s, item.end_s, item.frame) == (0.5, 1.5, 111)
    item.end_s = 99.0  # beyond its end: the end
    bpy.ops.mocap.solve_again()
    assert session.last_take.frames[-1] == 170
    bpy.context.scene.frame_set(201)  # where a take is loaded
    bpy.ops.mocap.load_take(filepath=str(walk))
    assert session.last_take.frames.tolist() == list(range(201, 246))


def test_fewer_keys_stay_within_their_bounds_at_every_frame(walk, session, curves, character):
    record = bpy.context.scene.mocap.record
    record.error_deg, record.error_mm = 1.0, 3.0
    for mode in ("QUATERNION", "XYZ", "AXIS_ANGLE"):
        for bone in character.pose.bones:
            bone.rotation_mode = mode
        record.reduce = False
        bpy.ops.mocap.solve_again()
        frames = session.last_take.frames[::3]
        whole, count = posed(character, frames), key_count(curves(session))
        record.reduce = True
        bpy.ops.mocap.solve_again()
        reduced = posed(character, frames)
        assert key_count(curves(session)) < 0.7 * count
        turn = np.swapaxes(whole[..., :3, :3], -1, -2) @ reduced[..., :3, :3]
        off_deg = np.degrees(np.arccos(np.clip((np.trace(turn, axis1=-2, axis2=-1) - 1) / 2, -1, 1)))
        assert 0.3 < off_deg.max() <= 1.0 + 0.05  # arccos of float32 matrices
        assert np.linalg.norm(whole[..., :3, 3] - reduced[..., :3, 3], axis=-1).max() <= 3e-3


def key_count(curves) -> int:
    return sum(len(curve.keyframe_points) for curve in curves.values())


def posed(character, frames) -> np.ndarray:
    """(F, B, 4, 4) each bone's own turn and place against its rest, as the Action plays them."""
    out = []
    for frame in frames:
        bpy.context.scene.frame_set(int(frame))
        out.append([bone.matrix_basis.copy() for bone in character.pose.bones])
    return np.array(out)


def test_curves_that_an_undo_took_away_meanwhile_are_written_again(walk, session, extension, character, monkeypatch):
    """As a window writes them, some channels at a time."""
    solving, action = extension.addon("solving").Solving, extension.addon("action")
    whole, rounds = solving.write, []

    def some(self, armature, take_action, budget_s):
        rounds.append(len(action.curves(take_action)))
        if len(rounds) == 3:
            curves = action.curves(take_action)
            curves.remove(curves[0])
        return whole(self, armature, take_action, 0.0)

    monkeypatch.setattr(solving, "write", some)
    bpy.ops.mocap.solve_again()
    take = bpy.data.actions[session.last_take.action]
    wanted = sum(channel.width for channel in session._cast[0].target.channels) if session._cast[0].target else None
    counts = {len(curve.keyframe_points) for curve in action.curves(take)}
    assert counts == {60} and rounds[3] < rounds[2] and wanted in (None, len(action.curves(take)))


@contextmanager
def room_for(path, size):
    """No file grows larger than this one by that many bytes."""
    if os.name == "nt":
        pytest.skip("Windows has no limit on a file's size to stand for a full disk")
    import resource
    import signal

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + size, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_stops_the_recording_says_so_and_keeps_what_there_is(takes, session, actor, sender, extension):
    bpy.context.scene.render.fps = 30
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    path = session.recording.path
    sender.play(actor.packets[:10])
    with room_for(path, 5000):
        sender.play(actor.packets[10:40])
    assert session.recording is None and "Recording stopped" in session.stats()["error"]
    kept = extension.core("take").read_take(path)
    assert kept.damaged == 0 and 10 < len(kept.packets) < 40
    assert abs(len(session.last_take.frames) - len(kept.packets)) <= 1
    refresh()
    assert (takes.items[0].state, takes.items[0].frames) == ("READY", len(kept.packets))


def test_a_full_disk_is_told_also_where_nobody_was_seen_and_the_capture_goes_on(session, actor, sender):
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    blind = [replace(packet, keypoints=np.full((17, 2), np.nan), joints_3d=None) for packet in actor.packets[:9]]
    with room_for(session.recording.path, 0):
        sender.play(blind)
    assert session.recording is None and "Recording stopped" in session.stats()["error"]
    sender.play(actor.packets[9:20])
    assert session.stats()["received"] == 20

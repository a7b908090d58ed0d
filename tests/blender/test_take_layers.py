"""Takes of some parts of the body over what a character plays, on NLA tracks; when recordings begin and end."""

import time

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

ARM = 'pose.bones["leftUpperArm"].rotation_quaternion'
LEG = 'pose.bones["leftUpperLeg"].rotation_quaternion'


@pytest.fixture
def base(character):
    """An Action that turns an arm and a leg of the character, from frame 1 to 60."""
    for name, axis in (("leftUpperArm", 2), ("leftUpperLeg", 1)):
        bone = character.pose.bones[name]
        for frame, angle in ((1, 0.0), (60, 1.0)):
            turn = [np.cos(angle / 2), 0.0, 0.0, 0.0]
            turn[1 + axis] = np.sin(angle / 2)
            bone.rotation_quaternion = turn
            bone.keyframe_insert("rotation_quaternion", frame=frame)
    action = character.animation_data.action
    action.name = "Base"
    return action


@pytest.fixture
def settings(session):
    bpy.context.scene.render.fps = 30
    bpy.context.scene.frame_set(11)
    bpy.context.scene.mocap.level = "OFF"
    return bpy.context.scene.mocap.record


@pytest.fixture
def module(extension):
    return extension.addon("action")


def state(module, action) -> dict:
    """Everything of an Action's curves."""
    return {
        (curve.data_path, curve.array_index): (curve.mute, [tuple(key.co) for key in curve.keyframe_points])
        for curve in module.curves_for(action)
    }


def record(sender, packets):
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(packets)
    bpy.ops.mocap.record_stop()
    bpy.ops.mocap.disconnect()


def turn_at(character, bone, frame) -> np.ndarray:
    bpy.context.scene.frame_set(frame)
    return np.array(character.pose.bones[bone].rotation_quaternion)


def test_a_mask_keys_its_parts_alone_and_leaves_the_rest_to_the_base(
    session, settings, base, actor, sender, character, module
):
    before = state(module, base)
    legs = [turn_at(character, "leftUpperLeg", frame) for frame in (11, 20, 30)]
    bpy.context.scene.frame_set(11)
    settings.mask = {"ARMS"}
    record(sender, actor.packets[:40])
    take = bpy.data.actions[session.last_take.action]
    bones = {curve.data_path.split('"')[1] for curve in module.curves(take)}
    assert {"leftUpperArm", "rightHand"} <= bones and not bones & {"hips", "leftUpperLeg", "spine", "head"}
    assert take.use_fake_user
    assert state(module, base) == before
    for frame, leg in zip((11, 20, 30), legs, strict=True):
        assert np.allclose(turn_at(character, "leftUpperLeg", frame), leg, atol=1e-5)
    curves = {curve.array_index: curve for curve in module.curves(take) if curve.data_path == ARM}
    arm = [curves[index].evaluate(30) for index in range(4)]
    assert np.allclose(turn_at(character, "leftUpperArm", 30), arm, atol=1e-5)
    # Outside the take the base is seen again.
    assert np.allclose(turn_at(character, "leftUpperArm", 60), [np.cos(0.5), 0, 0, np.sin(0.5)], atol=1e-5)


def test_while_live_the_masked_curves_are_mute_and_the_others_play(
    session, settings, base, actor, sender, character, module, tmp_path
):
    before = state(module, base)
    settings.mask = {"ARMS"}
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[:10])
    muted = {path for (path, _), (mute, _) in state(module, base).items() if mute}
    assert muted == {ARM}
    live = np.array(character.pose.bones["leftUpperArm"].rotation_quaternion)
    assert np.allclose(turn_at(character, "leftUpperArm", 12), live, atol=1e-6)  # not thrown back
    assert not np.allclose(turn_at(character, "leftUpperLeg", 40), [1, 0, 0, 0], atol=1e-3)  # plays on
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "meanwhile.blend"), copy=True)
    assert {path for (path, _), (mute, _) in state(module, base).items() if mute} == {ARM}
    with pytest.raises(RuntimeError):
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "no such folder" / "meanwhile.blend"), copy=True)
    assert {path for (path, _), (mute, _) in state(module, base).items() if mute} == {ARM}
    with bpy.data.libraries.load(str(tmp_path / "meanwhile.blend")) as (_, wanted):
        wanted.actions = ["Base"]
    assert state(module, wanted.actions[0]) == before  # in the file nothing is mute
    bpy.ops.mocap.record_stop()
    bpy.ops.mocap.disconnect()
    assert state(module, base) == before


def test_while_only_captured_the_masked_curves_are_mute_and_untouched_after(
    session, settings, base, actor, sender, character, module, extension, tmp_path
):
    for curve in module.curves_for(base):  # one that the user has muted stays so
        curve.mute = (curve.data_path, curve.array_index) == (ARM, 0)
    before = state(module, base)
    assert sum(mute for mute, _ in before.values()) == 1
    settings.mask = {"ARMS"}
    bpy.ops.mocap.connect()
    assert state(module, base) == before
    sender.play(actor.packets[:10])
    for _ in range(3):
        session.tick()  # most bring nothing
        assert {path for (path, _), (mute, _) in state(module, base).items() if mute} == {ARM}
    live = np.array(character.pose.bones["leftUpperArm"].rotation_quaternion)
    assert np.allclose(turn_at(character, "leftUpperArm", 40), live, atol=1e-6)
    assert not np.allclose(turn_at(character, "leftUpperLeg", 40), [1, 0, 0, 0], atol=1e-3)
    bpy.ops.mocap.export(filepath=str(tmp_path / "meanwhile.npz"), format="NPZ")
    whole = np.load(tmp_path / "meanwhile.npz")["joints_m"]
    assert np.ptp(whole, axis=0).max() > 0.1  # the whole Action
    path, exporting = tmp_path / "in slices.npz", extension.addon("exporting").exporting
    context, options = bpy.context, extension.addon("export").Options()
    files = extension.addon("export_operator").export_files
    exporting.begin(files(context.scene, context.view_layer, [None], [path], "NPZ", options))
    later = iter(actor.packets[10:])
    while exporting.advance(0.0) is None:
        sender.play([next(later)] if exporting.share < 0.4 else [])  # which poses it, and would mute
    assert np.allclose(np.ptp(np.load(path)["joints_m"], axis=0), np.ptp(whole, axis=0), atol=0.02)
    settings.mask = {"LOWER"}
    sender.play([next(later), next(later)])
    assert {path for (path, _), (mute, _) in state(module, base).items() if mute} == {ARM, LEG}
    assert [mute for (path, _), (mute, _) in state(module, base).items() if path == ARM] == [True, *3 * [False]]
    session.tick(time.perf_counter() + 2.0)  # nothing comes any more
    assert state(module, base) == before
    assert not base.keys()


def test_a_render_during_a_capture_shows_what_is_played(
    session, settings, base, actor, sender, character, module, tmp_path
):
    scene, seen = bpy.context.scene, {}
    wanted = {frame: turn_at(character, "leftUpperArm", frame) for frame in (39, 40, 41)}
    settings.mask = {"ARMS"}
    bpy.ops.mocap.connect()
    sender.play(actor.packets[:10])
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(scene.camera)
    scene.render.engine, scene.render.resolution_x, scene.render.resolution_y = "BLENDER_WORKBENCH", 16, 16
    scene.render.filepath = str(tmp_path / "frame ")
    scene.frame_start, scene.frame_end = 39, 41

    def shown(rendered, depsgraph):
        if depsgraph.mode == "RENDER":
            bone = character.evaluated_get(depsgraph).pose.bones["leftUpperArm"]
            seen[rendered.frame_current] = np.array(bone.rotation_quaternion)

    bpy.app.handlers.frame_change_post.append(shown)
    try:
        bpy.ops.render.render(animation=True)
    finally:
        bpy.app.handlers.frame_change_post.remove(shown)
        bpy.data.objects.remove(scene.camera)
    assert seen.keys() == wanted.keys()
    for frame, turn in wanted.items():
        assert np.allclose(seen[frame], turn, atol=1e-5)
    sender.play(actor.packets[10:12])
    assert {path for (path, _), (mute, _) in state(module, base).items() if mute} == {ARM}  # it goes on


def test_undo_steps_that_were_made_while_live_hold_nothing_mute(session, settings, base, actor, sender, module):
    before = state(module, base)
    bpy.ops.ed.undo_push(message="before")
    settings.mask = {"ARMS"}
    bpy.ops.mocap.connect()
    sender.play(actor.packets[:10])
    bpy.ops.ed.undo_push(message="while live")
    bpy.ops.ed.undo_push(message="something else")
    bpy.ops.ed.undo()
    base = bpy.data.actions["Base"]
    assert {path for (path, _), (mute, _) in state(module, base).items() if mute} == {ARM}  # it goes on
    bpy.ops.mocap.disconnect()
    assert state(module, base) == before
    bpy.ops.ed.redo()
    bpy.ops.ed.undo()
    assert state(module, bpy.data.actions["Base"]) == before


def test_a_take_over_another_one_is_silent_as_long_as_the_capture_goes_on(
    session, settings, base, actor, sender, character, module
):
    settings.mask = {"ARMS"}
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[:20])
    bpy.ops.mocap.record_stop()
    sender.play(actor.packets[20:30])
    take = bpy.data.actions[session.last_take.action]
    assert all(curve.mute for curve in module.curves(take))
    live = np.array(character.pose.bones["leftUpperArm"].rotation_quaternion)
    assert np.allclose(turn_at(character, "leftUpperArm", 15), live, atol=1e-6)
    bpy.ops.mocap.disconnect()
    assert not any(curve.mute for curve in module.curves(take))


def test_takes_of_two_parts_lie_over_each_other(session, settings, base, actor, sender, character):
    settings.mask = {"ARMS"}
    record(sender, actor.packets[:40])
    first = session.last_take.action
    settings.mask = {"LOWER"}
    bpy.context.scene.frame_set(11)
    record(sender, actor.packets[:40])
    second = session.last_take.action
    tracks = character.animation_data.nla_tracks
    assert [track.strips[0].action.name for track in tracks] == ["Base", first, second]
    assert character.animation_data.action is None
    bpy.ops.mocap.remove_take()
    assert [track.strips[0].action.name for track in tracks] == ["Base", first]
    bpy.ops.mocap.remove_take()
    assert len(tracks) == 0 and character.animation_data.action == base
    assert {action.name for action in bpy.data.actions} == {"Base"}


def test_a_track_is_chosen_for_whole_takes_too_and_given_back(
    session, settings, base, actor, sender, character, module
):
    settings.destination = "TRACK"
    kept = base.use_fake_user
    record(sender, actor.packets[:40])
    assert character.animation_data.action is None
    assert [track.strips[0].action.name for track in character.animation_data.nla_tracks] == [
        "Base", session.last_take.action,
    ]  # fmt: skip
    frames = session.last_take.frames[5::10]
    seen = []
    for frame in frames:
        bpy.context.scene.frame_set(int(frame))
        seen.append(actor.posed(character))
    numbers = np.rint((session.last_take.times_s[5::10] - actor.times_s[0]) * actor.FPS).astype(int)
    assert actor.errors_deg(np.array(seen), numbers).mean() < 4
    bpy.ops.mocap.remove_take()
    assert character.animation_data.action == base and base.use_fake_user == kept


def test_what_is_played_under_a_take_that_is_solved_again_onto_a_track_comes_back_with_its_removal(
    session, settings, base, actor, sender, character
):
    record(sender, actor.packets[:20])  # in place of the base
    mine = character.animation_data.action = bpy.data.actions.new("Mine")
    settings.destination = "TRACK"
    bpy.ops.mocap.solve_again(filepath=str(session.last_take.path))
    assert [track.strips[0].action.name for track in character.animation_data.nla_tracks] == [
        "Mine", session.last_take.action,
    ]  # fmt: skip
    bpy.ops.mocap.remove_take()
    assert character.animation_data.action == mine and base.use_fake_user


def test_a_take_is_known_on_a_track_that_was_renamed(session, settings, base, actor, sender, character):
    settings.destination = "TRACK"
    record(sender, actor.packets[:20])
    tracks, name = character.animation_data.nla_tracks, session.last_take.action
    tracks[-1].name = "Mine"
    tracks.new().name = "Empty"
    bpy.ops.mocap.solve_again(filepath=str(session.last_take.path))
    assert [(track.name, len(track.strips)) for track in tracks] == [("Base", 1), ("Mine", 1), ("Empty", 0)]
    strip = tracks[1].strips[0]
    strip.frame_start_ui = 100.0  # and stays where it was moved to
    bpy.ops.mocap.solve_again(filepath=str(session.last_take.path))
    assert strip.action.name == name and strip.frame_start == 100.0
    bpy.ops.mocap.fit_range()
    assert (bpy.context.scene.frame_start, bpy.context.scene.frame_end) == (100, 119)
    bpy.ops.mocap.remove_take()
    assert [track.name for track in tracks] == ["Base", "Empty"]


def test_a_take_that_is_tweaked_in_the_nla_is_left_for_the_next(session, settings, base, actor, sender, character):
    settings.destination = "TRACK"
    record(sender, actor.packets[:20])
    data, first = character.animation_data, session.last_take.action
    data.nla_tracks[-1].strips[0].select = True
    data.nla_tracks.active = data.nla_tracks[-1]
    for destination in ("TRACK", "ACTION"):
        data.use_tweak_mode = True
        settings.destination = destination
        record(sender, actor.packets[20:40])
        assert not data.use_tweak_mode and session.last_take.action != first
    assert data.action.name == session.last_take.action
    data.action = None
    data.use_tweak_mode = True
    bpy.ops.mocap.solve_again(filepath=str(session.last_take.path))
    assert data.action.name == session.last_take.action


def test_undo_of_a_layered_take_gives_the_base_back(session, settings, base, actor, sender, module):
    before = state(module, base)
    bpy.ops.ed.undo_push(message="before the take")
    settings.mask = {"ARMS"}
    record(sender, actor.packets[:20])
    bpy.ops.ed.undo()
    character = bpy.context.scene.mocap.target
    assert character.animation_data.action.name == "Base" and not len(character.animation_data.nla_tracks)
    assert state(module, bpy.data.actions["Base"]) == before


def test_the_scenes_range_changes_by_fit_range_alone_and_the_pose_before_comes_back(
    session, settings, actor, sender, character
):
    scene, bone = bpy.context.scene, character.pose.bones["leftLowerArm"]
    bone.rotation_quaternion = (0.8, 0.6, 0.0, 0.0)
    character.pose.bones["hips"].location = (0.1, 0.2, 0.3)
    scene.frame_start, scene.frame_end = 3, 77
    record(sender, actor.packets[:40])
    assert not np.allclose(bone.rotation_quaternion, (0.8, 0.6, 0, 0), atol=1e-3)
    bpy.ops.mocap.pose_back()
    assert np.allclose(bone.rotation_quaternion, (0.8, 0.6, 0, 0))
    assert np.allclose(character.pose.bones["hips"].location, (0.1, 0.2, 0.3))
    assert (scene.frame_start, scene.frame_end) == (3, 77)
    bpy.ops.mocap.fit_range()
    assert (scene.frame_start, scene.frame_end) == (11, 50)


def test_a_countdown_is_shown_begins_the_take_and_can_be_cancelled(session, settings, actor, sender, extension):
    prompter = extension.addon("prompter").prompter
    settings.countdown_s = 3
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    now = time.perf_counter()
    assert session.recording is None and session.stats()["state"] == "counting"
    assert session.stats()["countdown_s"] == 3
    session.tick(now + 1.5)
    assert session.recording is None and (prompter.text, prompter.recording) == ("2", False)
    bpy.ops.mocap.record_stop()
    session.tick(now + 4)
    assert session.recording is None and session.stats()["state"] == "connected" and prompter._handler is None
    bpy.ops.mocap.record()
    session.tick(time.perf_counter() + 3.1)
    assert session.recording is not None
    sender.play(actor.packets[:5])
    assert prompter.text == "0:00" and prompter.recording and prompter._handler is not None
    bpy.ops.mocap.record()
    assert session.recording is None and len(session.last_take.frames) == 5


def test_a_take_of_a_chosen_length_ends_by_itself(session, settings, actor, sender):
    settings.length_s = 1.0
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[:1])
    time.sleep(1.05)
    assert session.recording is not None
    sender.play(actor.packets[1:3])
    assert session.recording is None and session.last_take is not None


def test_raised_hands_begin_and_end_a_take_that_is_without_them(session, settings, actor, sender, extension):
    names = extension.core("skeleton").COCO17
    packets = []
    for number in range(80):  # 8 s, ten a second: hands up from 0.5 to 2, and from 5 to the end
        packet = actor.packets[number]
        time_s = 1 + number / 10
        keypoints, scores = packet.keypoints.copy(), packet.scores
        up = 0.5 <= time_s - 1 < 2 or time_s - 1 >= 5
        for side in ("left", "right"):
            keypoints[names.index(f"{side}_wrist"), 1] = keypoints[names.index("nose"), 1] + (-150 if up else 150)
        packets.append(type(packet)(keypoints, scores, packet.joints_3d, time_s, packet.meta | {"seq": number}))
    settings.hands_free = True
    bpy.ops.mocap.connect()
    sender.play(packets[:16])  # up for a second
    assert session.stats()["state"] == "counting"
    session.tick(time.perf_counter() + 1.1)
    assert session.recording is not None
    sender.play(packets[16:])
    assert session.recording is None
    begun_s, ended_s = session.last_take.times_s[[0, -1]]
    assert begun_s == pytest.approx(packets[16].timestamp)
    assert ended_s == pytest.approx(1 + 5 - 0.6, abs=0.11)
    assert session.last_take.frames[0] == 11


@pytest.mark.parametrize("taken_s", [0.5, -0.5])
def test_recording_while_playing_lands_on_what_was_shown_when_it_was_captured(
    session, settings, actor, sender, extension, monkeypatch, taken_s
):
    """As if a window had shown a frame every 1/30 s from the beginning on, and the first picture been taken 0.5 s
    later, or before it played, on a clock that is 5000 s ahead."""
    scene = bpy.context.scene
    scene.sync_mode = "NONE"
    settings.play = True
    bpy.ops.mocap.connect()
    monkeypatch.setattr(type(session.link), "clock_offset_s", property(lambda link: 5000.0))
    bpy.ops.mocap.record_start()
    assert scene.sync_mode == "AUDIO_SYNC"
    scene.name = "Renamed meanwhile"
    start_s = time.perf_counter()
    for number in range(40):
        session.recording._playing.playhead.shown(start_s + number / 30, 11 + number)
    for number, packet in enumerate(actor.packets[:30]):
        grabbed = start_s + taken_s + number / 30 + 5000
        meta = packet.meta | {"grabbed": grabbed}
        sender.play([type(packet)(packet.keypoints, packet.scores, packet.joints_3d, packet.timestamp, meta)])
    bpy.ops.mocap.record_stop()
    assert scene.sync_mode == "NONE"
    early = max(-15 * np.sign(taken_s), 0)
    assert session.last_take.frames[0] == 11 + max(15 * np.sign(taken_s), 0)
    assert session.last_take.times_s[0] == pytest.approx(actor.times_s[0] + early / 30, abs=0.04)
    notes = extension.core("take_notes").read_notes(session.last_take.path)
    assert notes.frame == pytest.approx(11 + 30 * taken_s, abs=0.05)
    frames = session.last_take.frames.tolist()
    bpy.ops.mocap.solve_again(filepath=str(session.last_take.path))
    assert session.last_take.frames.tolist() == frames


def test_a_recording_ends_where_the_timeline_does(session, settings, actor, sender):
    settings.play = True
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    scene = bpy.context.scene
    scene.name = "Renamed meanwhile"
    for number, packet in enumerate(actor.packets[:30]):
        if session.recording is not None:
            scene.frame_set(11 + number if number < 20 else 1)
            sender.play([packet])
    assert session.recording is None and session.last_take is not None

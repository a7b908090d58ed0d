"""Chains that follow something in a take: a tail and an Empty, an arm and a joint, with the worker's own program."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

BONES = 5
FRAMES = range(1, 16)
TIP_M = 0.002


@pytest.fixture
def program(monkeypatch):
    """The worker's program, as the tests of the worker have it."""
    beside = Path(sys.executable).with_name("mocap.exe" if sys.platform == "win32" else "mocap")
    path = Path(os.environ.get("MOCAP_WORKER", beside))
    if not path.is_file():
        pytest.skip("the worker's program is not here; set MOCAP_WORKER")
    monkeypatch.setenv("MOCAP_WORKER", str(path))


@pytest.fixture
def tail(session, character, extension):
    """The character with a tail, a take in which its hips travel and turn, and an Empty that wanders behind it."""
    scene = bpy.context.scene
    bpy.context.view_layer.objects.active = character
    bpy.ops.object.mode_set(mode="EDIT")
    edit, before = character.data.edit_bones, character.data.edit_bones["hips"]
    for number in range(BONES):
        bone = edit.new(f"tail{number}")
        bone.head, bone.tail = (0, 0.08 + 0.12 * number, 0.95), (0, 0.2 + 0.12 * number, 0.95)
        bone.parent, bone.roll = before, 0.7 * number
        before = bone
    bpy.ops.object.mode_set(mode="OBJECT")
    for number, mode in enumerate(("QUATERNION", "XYZ", "ZXY", "AXIS_ANGLE", "QUATERNION")):
        character.pose.bones[f"tail{number}"].rotation_mode = mode
    for body in character.children:
        body.hide_viewport = True
    action, frames = extension.addon("action"), np.array(FRAMES)
    take, turn = action.new(character, "Take"), 0.02 * frames
    path = 'pose.bones["hips"]'
    action.write(take, action.Channel(f"{path}.location", 3, "hips"), frames, np.outer(frames, (0.005, 0.002, 0.0)))
    turned = np.stack([np.cos(turn), 0 * turn, np.sin(turn), 0 * turn], axis=1)
    action.write(take, action.Channel(f"{path}.rotation_quaternion", 4, "hips"), frames, turned)
    empty = bpy.data.objects.new("Fly", None)
    scene.collection.objects.link(empty)
    for frame, place in ((1, (0.2, 0.5, 1.0)), (8, (-0.1, 0.45, 1.2)), (15, (0.1, 0.4, 0.7))):
        empty.location = place
        empty.keyframe_insert("location", frame=frame)
    return empty


def mark(target, root="tail0", tip=f"tail{BONES - 1}", **settings):
    assert bpy.ops.mocap.mark_chain(root=root, tip=tip) == {"FINISHED"}
    chain = bpy.context.scene.mocap.chains[-1]
    chain.target = target
    for name, value in settings.items():
        setattr(chain, name, value)
    return chain


def missed_m(character, target, tip=f"tail{BONES - 1}", joint="", frames=FRAMES):
    """(F,) how far the chain's end is from its target, as Blender plays it."""
    out = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        place = target.matrix_world.translation
        if joint:
            place = target.matrix_world @ target.pose.bones[joint].head
        out.append((character.matrix_world @ character.pose.bones[tip].tail - place).length)
    return np.array(out)


@pytest.mark.parametrize("solver", ["ikpy", "damped"])
def test_a_tail_follows_an_empty(program, session, character, tail, solver, extension):
    character.location, character.scale = (0.0, 0.1, 0.02), (1.1, 1.1, 1.1)
    action = extension.addon("action")
    take = character.animation_data.action
    before = {(c.data_path, c.array_index): [tuple(k.co) for k in c.keyframe_points] for c in action.curves(take)}
    bpy.context.scene.frame_set(7)
    mark(tail, solver=solver)
    assert bpy.ops.mocap.solve_chains() == {"FINISHED"}
    assert bpy.context.scene.frame_current == 7
    assert missed_m(character, tail).max() < TIP_M
    curves = {(c.data_path, c.array_index): c for c in action.curves(take)}
    added = {path for path, _ in curves.keys() - before.keys()}
    kinds = ("rotation_quaternion", "rotation_euler", "rotation_euler", "rotation_axis_angle", "rotation_quaternion")
    assert added == {f'pose.bones["tail{number}"].{kind}' for number, kind in enumerate(kinds)}
    for key, points in before.items():
        assert [tuple(k.co) for k in curves[key].keyframe_points] == points
    quaternions = np.array([[k.co[1] for k in curves[('pose.bones["tail0"].rotation_quaternion', i)].keyframe_points]
                            for i in range(4)]).T  # fmt: skip
    assert (np.sum(quaternions[1:] * quaternions[:-1], axis=1) > 0).all()
    if solver == "damped":  # solved once more it is replaced
        assert bpy.ops.mocap.solve_chains() == {"FINISHED"}
        assert len(action.curves(take)) == len(curves)
    assert bpy.ops.mocap.remove_take() == {"FINISHED"}
    assert not bpy.data.actions or all("Fly" in each.name for each in bpy.data.actions)


def test_limits_of_the_bones_are_kept(program, session, character, tail):
    most = np.radians(20)
    for number in range(BONES):
        bone = character.pose.bones[f"tail{number}"]
        if number % 2:
            bone.use_ik_limit_x = bone.use_ik_limit_z = True
            bone.ik_min_x, bone.ik_max_x, bone.ik_min_z, bone.ik_max_z = -most, most, -most, most
        else:
            limit = bone.constraints.new("LIMIT_ROTATION")
            limit.owner_space = "LOCAL"
            limit.use_limit_x = limit.use_limit_z = True
            limit.min_x, limit.max_x, limit.min_z, limit.max_z = -most, most, -most, most
    mark(tail, solver="damped")
    bpy.ops.mocap.solve_chains()
    for frame in FRAMES:
        bpy.context.scene.frame_set(frame)
        for number in range(BONES):
            angles = character.pose.bones[f"tail{number}"].matrix_basis.to_euler("XYZ")
            assert np.abs(np.array(angles)[[0, 2]]).max() < most + 1e-3 and abs(angles.y) < 1e-3


def test_where_a_target_is_does_not_depend_on_what_limits_the_chain(session, character, tail, extension):
    mark(tail)
    reading, chain = extension.addon("chain_reading"), bpy.context.scene.mocap.chains[0]
    bone = character.pose.bones["tail0"]
    bone.rotation_quaternion = (np.cos(0.5), np.sin(0.5), 0.0, 0.0)

    def place():
        one = reading.Sampled(chain)
        bpy.context.view_layer.update()
        one.take(1, bpy.context.evaluated_depsgraph_get())
        return one._targets[0]

    free = place()
    limit = bone.constraints.new("LIMIT_ROTATION")
    limit.owner_space, limit.use_limit_x, limit.min_x, limit.max_x = "LOCAL", True, -0.3, 0.3
    assert np.allclose(place(), free, atol=1e-5)


def test_an_arm_follows_a_joint_of_its_own_take(program, session, character, tail):
    """The right wrist is put on the left hip's joint."""
    mark(character, root="rightShoulder", tip="rightLowerArm", joint="leftUpperLeg", solver="damped")
    assert bpy.ops.mocap.solve_chains() == {"FINISHED"}
    missed = missed_m(character, character, "rightLowerArm", "leftUpperLeg")
    assert np.median(missed) < 0.01


def test_a_take_that_was_moved_on_its_track_is_solved_where_it_plays(program, session, character, tail, extension):
    action, take = extension.addon("action"), character.animation_data.action
    extension.addon("take_layers").settle(character, take, True)
    strip = character.animation_data.nla_tracks[-1].strips[0]
    strip.frame_start_ui, strip.scale = 5.0, 2.0
    mark(tail, solver="damped")
    assert bpy.ops.mocap.solve_chains() == {"FINISHED"}
    assert strip.frame_end == 33.0 and missed_m(character, tail, frames=range(5, 34)).max() < TIP_M
    (curve, *_) = [curve for curve in action.curves(take) if "tail0" in curve.data_path]
    assert [key.co[0] for key in curve.keyframe_points] == pytest.approx(np.arange(1.0, 15.1, 0.5))
    strip.repeat = 2.0
    with pytest.raises(RuntimeError, match="Let it lie there once"):
        bpy.ops.mocap.solve_chains()


def test_a_chain_that_is_none_is_told_in_a_sentence(program, session, character, tail):
    for changed, told in (
        ({"target": character, "joint": "tail2"}, "cannot follow it"),
        ({"target": None}, "nothing to follow"),
        ({"root": "leftHand"}, "does not hang from leftHand"),
        ({"tip": "fin"}, "no bone “fin”"),
    ):
        chain = mark(tail)
        for name, value in changed.items():
            setattr(chain, name, value)
        with pytest.raises(RuntimeError, match=told):
            bpy.ops.mocap.solve_chains()
        bpy.ops.mocap.unmark_chain(index=0)


def test_without_a_worker_nothing_changes_and_it_is_told(session, character, tail, monkeypatch, extension):
    monkeypatch.setenv("MOCAP_WORKER", "/nowhere/mocap")
    count = len(extension.addon("action").curves(character.animation_data.action))
    mark(tail)
    with pytest.raises(RuntimeError, match="is not there"):
        bpy.ops.mocap.solve_chains()
    assert len(extension.addon("action").curves(character.animation_data.action)) == count
    assert bpy.ops.mocap.unmark_chain(index=0) == {"FINISHED"} and not bpy.context.scene.mocap.chains


def test_cancelling_puts_the_playhead_back_and_ends_the_worker(program, session, character, tail, extension):
    bpy.context.scene.frame_set(5)
    work = extension.addon("chain_solving").solve(bpy.context.scene, [mark(tail)])
    doing = [next(work)[0]]
    while doing[-1] != "Solving chains":
        doing.append(next(work)[0])
    work.close()
    assert bpy.context.scene.frame_current == 5
    assert not [c for c in extension.addon("action").curves(character.animation_data.action) if "tail" in c.data_path]


def test_a_take_that_is_solved_again_has_its_chains_solved_again(
    program, tail, session, actor, sender, character, extension
):
    character.animation_data_clear()
    bpy.context.scene.render.fps = 30
    bpy.ops.mocap.connect()
    bpy.ops.mocap.record_start()
    sender.play(actor.packets[:20])
    bpy.ops.mocap.record_stop()
    bpy.ops.mocap.disconnect()
    mark(tail, solver="damped")
    chains = {chain.armature for chain in bpy.context.scene.mocap.chains}
    assert chains == {character}
    bpy.ops.mocap.solve_again(filepath=str(session.last_take.path))
    action = extension.addon("action")
    made = [c for c in action.curves(character.animation_data.action) if "tail" in c.data_path]
    assert made and len(made[0].keyframe_points) == len(session.last_take.frames)
    assert not session.error

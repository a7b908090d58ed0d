"""Smoothness, seated mode, recentre and calibration through the operators and the scene's settings."""

from dataclasses import replace

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")


def hips(character):
    return np.array(character.pose.bones["hips"].matrix.translation)


def facing(character):
    """The direction (2,) that the hips face, from above."""
    bone = character.pose.bones["hips"]
    turned = np.array(bone.matrix.to_3x3() @ bone.bone.matrix_local.to_3x3().inverted())
    return turned[:2] @ [0.0, -1.0, 0.0]


def elsewhere(packets, metres):
    """The same actor further to the right in the camera, on the way from the first packet to the last."""
    out = []
    for number, packet in enumerate(packets):
        root = np.array(packet.meta["root"])
        root[0] += metres * number / len(packets)
        out.append(replace(packet, meta={**packet.meta, "root": root.tolist()}))
    return out


def standing(extension, actor):
    """Six seconds of the character's rest pose, as packets."""
    still = np.repeat(actor.rig.rest[None], 180, axis=0)
    actor.times_s = 1.0 + np.arange(180) / actor.FPS
    return actor.packets_of(still)


def test_recentre_puts_the_character_back(session, actor, sender, character):
    bpy.ops.mocap.connect()
    away = elsewhere(actor.packets, 1.5)
    sender.play(away)
    assert abs(hips(character)[0]) > 0.8
    assert bpy.ops.mocap.recentre() == {"FINISHED"}
    last = away[-1]
    sender.play(
        [replace(last, timestamp=last.timestamp + n / 30, meta={**last.meta, "seq": 500 + n}) for n in range(1, 15)]
    )
    np.testing.assert_allclose(hips(character)[:2], 0, atol=0.12)
    np.testing.assert_allclose(facing(character), [0, -1], atol=0.1)


def test_recentre_and_calibrate_need_a_capture_and_no_recording(session, character):
    for operator in (bpy.ops.mocap.recentre, bpy.ops.mocap.calibrate):
        assert not operator.poll()
    bpy.ops.mocap.connect()
    assert bpy.ops.mocap.recentre.poll() and bpy.ops.mocap.calibrate.poll()
    with pytest.raises(RuntimeError, match="nobody"):
        bpy.ops.mocap.recentre()
    bpy.ops.mocap.record_start()
    for operator in (bpy.ops.mocap.recentre, bpy.ops.mocap.calibrate):
        assert not operator.poll()


def test_legs_hold_where_the_user_put_them(session, actor, sender, character):
    bones = character.pose.bones
    for side in ("left", "right"):
        bones[side + "UpperLeg"].rotation_mode = "QUATERNION"
        bones[side + "UpperLeg"].rotation_quaternion = (0.8, 0.6, 0, 0)
    bones["hips"].location = (0, 0, 0.3)
    bpy.context.view_layer.update()
    before = [np.array(bones[name].matrix) for name in ("hips", "leftUpperLeg", "rightLowerLeg")]
    bpy.context.scene.mocap.legs = "HOLD"
    bpy.ops.mocap.connect()
    sender.play(elsewhere(actor.packets[:45], 1.0))
    after = [np.array(bones[name].matrix) for name in ("hips", "leftUpperLeg", "rightLowerLeg")]
    np.testing.assert_allclose(after, before, atol=1e-4)
    assert session.stats()["seated"]
    assert abs(bones["leftUpperArm"].matrix_basis.to_quaternion().angle) > 0.1


def test_a_countdown_and_two_seconds_of_standing_calibrate(extension, session, actor, sender, character):
    packets = standing(extension, actor)
    bpy.ops.mocap.connect()
    sender.play(packets[:3])
    assert bpy.ops.mocap.calibrate() == {"FINISHED"}
    said = []
    sender.play(packets[3:170], after=lambda number: said.append(session.stats()["calibration"]))
    assert any("Stand straight" in text for text in said) and any("Stand still" in text for text in said)
    calibration = session.calibration
    assert calibration is not None, session.error
    assert calibration.height_m == pytest.approx(1.7, abs=0.06)
    assert calibration.lengths_m["leftUpperLeg"] == pytest.approx(
        np.linalg.norm(actor.rig.head("leftUpperLeg") - actor.rig.head("leftLowerLeg")), rel=0.03
    )
    assert said[-1] == f"Calibrated: {calibration.height_m:.2f} m tall"
    assert bpy.ops.mocap.forget_calibration() == {"FINISHED"} and session.calibration is None


def test_a_take_keeps_the_calibration_and_is_solved_with_it_again(extension, session, actor, sender, character):
    packets = standing(extension, actor)
    bpy.ops.mocap.connect()
    bpy.ops.mocap.calibrate()
    sender.play(packets[:165])
    assert session.calibration is not None, session.error
    actor.times_s = actor.times_s[:30]
    dance = [
        replace(p, timestamp=p.timestamp + 10, meta={**p.meta, "seq": 200 + n})
        for n, p in enumerate(actor.packets_of(actor.matrices[:30]))
    ]
    bpy.ops.mocap.record_start()
    sender.play(dance)
    bpy.ops.mocap.record_stop()
    first = session.last_take
    header = extension.core("take").read_take(first.path).header
    assert extension.core("calibration").Calibration.from_header(header) == session.calibration
    bpy.ops.mocap.disconnect()
    bpy.ops.mocap.load_take(filepath=str(first.path))
    np.testing.assert_allclose(session.last_take.world_from_camera, first.world_from_camera, atol=1e-9)


def test_calibrating_an_empty_picture_says_so_and_goes_on(session, actor, sender, character):
    bpy.ops.mocap.connect()
    session.calibrate()
    session.calibrating._asked_s -= 60.0
    session.tick()
    assert session.calibrating is None and "saw nobody" in session.error
    sender.play(actor.packets[:3])
    assert session.stats()["received"] == 3


def test_the_panel_can_tell_the_lag_before_and_during_a_capture(session, actor, sender, character):
    mocap = bpy.context.scene.mocap
    lags = []
    for mocap.smoothness in (0.0, 0.5, 1.0):
        lags.append(session.stats()["lag_ms"])
    assert lags[0] < 1 < lags[1] <= 40 < lags[2]
    mocap.smoothness = 0.5
    bpy.ops.mocap.connect()
    sender.play(actor.packets[:30])
    assert 0 <= session.stats()["lag_ms"] <= 40

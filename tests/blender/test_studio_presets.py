"""Presets for the studio: kept, and brought back."""

import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")


def test_a_preset_brings_the_scenes_settings_back(session):
    scene = bpy.context.scene
    scene.mocap.smoothness, scene.mocap.mirror, scene.mocap.legs = 0.8, True, "HOLD"
    scene.mocap.record.mask, scene.mocap.record.keep_video = {"ARMS", "HEAD"}, True
    scene.mocap_export.preset, scene.mocap_export.names = "UNREAL", "{take} é"
    bpy.ops.mocap.preset_add(name="Our stage")
    scene.mocap.smoothness, scene.mocap.mirror, scene.mocap.legs = 0.1, False, "AUTO"
    scene.mocap.record.mask, scene.mocap.record.keep_video = {"ROOT"}, False
    scene.mocap_export.preset, scene.mocap_export.names = "UNITY", "x"
    (folder,) = bpy.utils.preset_paths("mocap")
    bpy.ops.script.execute_preset(filepath=f"{folder}/Our_stage.py", menu_idname="MOCAP_PT_presets")
    assert scene.mocap.smoothness == pytest.approx(0.8) and scene.mocap.mirror and scene.mocap.legs == "HOLD"
    assert scene.mocap.record.mask == {"ARMS", "HEAD"} and scene.mocap.record.keep_video
    assert (scene.mocap_export.preset, scene.mocap_export.names) == ("UNREAL", "{take} é")

"""The extension as a whole: its zip's files, and what install, upgrade, disable and uninstall leave."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

HERE = Path(__file__).parent
FILES = """
LICENSE
__init__.py
addon/__init__.py
addon/action.py
addon/assets/default_model.glb
addon/assets/default_model.landmarks.json
addon/bone_maps.py
addon/bvh.py
addon/calibrating.py
addon/camera_panel.py
addon/cameras.py
addon/capture.py
addon/chain_panel.py
addon/chain_properties.py
addon/chain_reading.py
addon/chain_solving.py
addon/character.py
addon/context_owner.py
addon/cues.py
addon/core/__init__.py
addon/core/adaptive.py
addon/core/background.py
addon/core/bone_map.py
addon/core/bone_match.py
addon/core/bone_names.py
addon/core/bone_shape.py
addon/core/character_space.py
addon/core/calibration.py
addon/core/contact.py
addon/core/controls.py
addon/core/easing.py
addon/core/endpoint.py
addon/core/figure.py
addon/core/filters.py
addon/core/hands_up.py
addon/core/journal.py
addon/core/level.py
addon/core/lift/__init__.py
addon/core/lift/features.py
addon/core/lift/lifter.py
addon/core/lift/network.py
addon/core/lift/weights.npz
addon/core/link.py
addon/core/live.py
addon/core/lookup.py
addon/core/make_worker.py
addon/core/observe.py
addon/core/offline.py
addon/core/order.py
addon/core/outdated.py
addon/core/pipeline.py
addon/core/places.py
addon/core/playhead.py
addon/core/player.py
addon/core/preview_memory.py
addon/core/previews.py
addon/core/protocol.py
addon/core/published.py
addon/core/quality.py
addon/core/reading.py
addon/core/reduce.py
addon/core/root_motion.py
addon/core/rotation.py
addon/core/sample_motion.py
addon/core/sample_picture.py
addon/core/seal.py
addon/core/skeleton.py
addon/core/solve/__init__.py
addon/core/solve/binding.py
addon/core/solve/fit.py
addon/core/solve/forward.py
addon/core/solve/hinge.py
addon/core/solve/legs.py
addon/core/solve/limits.py
addon/core/solve/rig.py
addon/core/solve/two_bone.py
addon/core/speeds.py
addon/core/stages.py
addon/core/systems.py
addon/core/take.py
addon/core/take_clock.py
addon/core/take_folder.py
addon/core/take_notes.py
addon/core/take_summary.py
addon/core/uv.py
addon/core/worker_environment.py
addon/drawing.py
addon/driven.py
addon/export.py
addon/film_reference.py
addon/filming.py
addon/figures_panel.py
addon/ghost.py
addon/export_copy.py
addon/export_numbers.py
addon/export_operator.py
addon/export_panel.py
addon/export_sampling.py
addon/exporting.py
addon/held.py
addon/joint_tables.py
addon/keys.py
addon/key_reduction.py
addon/machine.py
addon/making.py
addon/map_operators.py
addon/map_panel.py
addon/masks.py
addon/measures.py
addon/models.py
addon/models_panel.py
addon/operators.py
addon/overriding.py
addon/package/vitpose_live_mocap-VERSION-py3-none-any.whl
addon/panels.py
addon/people_panel.py
addon/preferences.py
addon/playing.py
addon/pose_before.py
addon/record_operators.py
addon/record_panel.py
addon/record_settings.py
addon/preview.py
addon/preview_panel.py
addon/preview_settings.py
addon/prompter.py
addon/properties.py
addon/recording.py
addon/refining.py
addon/replay.py
addon/rig.py
addon/rig_controls.py
addon/rigs/auto_rig_pro.json
addon/rigs/auto_rig_pro_split.json
addon/rigs/bvh_cmu.json
addon/rigs/bvh_joints.json
addon/rigs/bvh_poser.json
addon/rigs/mixamo.json
addon/rigs/rigify.json
addon/rigs/rigify_metarig.json
addon/rigs/rokoko.json
addon/rigs/unreal_4.json
addon/rigs/unreal_5.json
addon/rigs/vrm.json
addon/rigs/vroid.json
addon/session.py
addon/setting_up.py
addon/setup_operators.py
addon/setup_panel.py
addon/silence.py
addon/solving.py
addon/source_operators.py
addon/sources.py
addon/spanish.py
addon/strokes.py
addon/studio_presets.py
addon/take_list.py
addon/take_layers.py
addon/take_operators.py
addon/takes_panel.py
addon/translations.py
addon/window.py
addon/worker_process.py
blender_manifest.toml
constraints.txt
""".split()


def test_zip_from_a_dirty_tree_has_these_files_and_no_others(dirty_checkout, tmp_path):
    extension = pytest.importorskip("mocap_worker.extension", reason="the worker's package builds the zip")
    zip_path = extension.build(tmp_path, dirty_checkout)
    with zipfile.ZipFile(zip_path) as archive:
        names = [re.sub(r"-\d+\.\d+\.\d+-", "-VERSION-", name) for name in archive.namelist()]
        wheel = next(name for name in archive.namelist() if name.endswith(".whl"))
        archive.extract(wheel, tmp_path)
    assert sorted(names) == sorted(FILES)
    with zipfile.ZipFile(tmp_path / wheel) as archive:
        inside = set(archive.namelist())
    assert {"mocap_core/protocol.py", "mocap_worker/cli.py", "mocap_core/lift/weights.npz"} <= inside
    assert [name for name in inside if name.startswith("mocap_worker/configs/") and "__init__" not in name]
    assert not [name for name in inside if "junk" in name or "__pycache__" in name]


@pytest.fixture
def dirty_checkout(copy_of_checkout, tmp_path):
    """A checkout with what working in it leaves."""
    root = copy_of_checkout(tmp_path / "a checkout ä")
    for name in (
        ".venv/lib/junk.py",
        ".blender/junk.py",
        ".git/junk",
        "runs/junk.pt",
        "out/junk.mp4",
        "build/lib/mocap_worker/junk.py",
        "dist/junk.zip",
        "node_modules/junk.js",
        "addon/__pycache__/junk.cpython-311.pyc",
        "addon/core/solve/__pycache__/junk.cpython-311.pyc",
        "addon/core/lift/runs/junk.npz",
        "addon/core/lift/weights.junk.npz",
        "addon/assets/junk.blend1",
        "addon/package/junk-0.0.1.txt",
        "addon/package/vitpose_live_mocap-0.0.0-py3-none-any.whl",
        "addon/.junk",
        "worker/__pycache__/junk.pyc",
        "checkpoints/junk.pth",
        "checkpoints/junk.safetensors",
        "junk.safetensors",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"junk")
    return root


def test_upgrade_disable_and_uninstall_keep_takes_weights_and_settings(zip_path, tmp_path):
    """In a Blender of its own, as this one's extension is in use."""
    newer = tmp_path / "newer.zip"
    _with_version(zip_path, newer, "99.0.0")
    environment = os.environ | {
        "BLENDER_USER_RESOURCES": str(tmp_path / "blender ä"),
        "MOCAP_DATA": str(tmp_path / "data ä"),
    }
    result = subprocess.run(
        [sys.executable, str(HERE / "upgrade.py"), str(zip_path), str(newer)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    lines = [line for line in result.stdout.splitlines() if line.startswith("{")]
    assert lines, result.stdout[-2000:] + result.stderr[-2000:]
    seen = [json.loads(line) for line in lines]
    assert [step["step"] for step in seen] == ["installed", "disabled", "enabled", "upgraded", "uninstalled"]
    assert [step["registered"] for step in seen] == [True, False, True, True, False]
    assert seen[2]["version"] != "99.0.0" and seen[3]["version"] == "99.0.0"
    kept = seen[0]["data"]
    assert {"settings.json", "takes/mine.mocap", "weights/mine.safetensors"} <= set(kept)
    assert all(step["data"] == kept for step in seen)
    assert [step["source"] for step in seen[2:4]] == ["a film.mp4", "a film.mp4"]


def _with_version(zip_path: Path, out: Path, version: str) -> None:
    """The same extension, as if it were of another version."""
    with zipfile.ZipFile(zip_path) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "blender_manifest.toml":
                content = re.sub(rb'(?m)^version = ".*"$', f'version = "{version}"'.encode(), content)
            new.writestr(name, content)

"""Captured motion onto every kind of rig: true joints over the wire, bones as Blender evaluates them.

Smoothing, limits on speed and the pinning of feet are off, so that what is measured is the rig's part: its map, the
solver on its proportions, its controls, and Blender's own evaluation. All is compared in the world's axes.
"""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy", reason="bpy is not in this Python")

import performance  # noqa: E402
import rigs  # noqa: E402
from performance import SEGMENTS, Performance  # noqa: E402

# Jumping has bent knees and arms overhead, washing a window crossed and straight arms. Poses far apart show most.
CLIPS = {"test/jumping_1": slice(100, 400, 12), "test/washwindow_1": slice(100, 600, 20)}


@pytest.fixture(scope="session")
def acted(extension):
    if not performance.MOTION.exists():
        pytest.skip(f"motion data is not at {performance.MOTION}; set MOCAP_MOTION")
    return Performance(extension, CLIPS)


@pytest.fixture
def stage(session, extension, sender, acted, monkeypatch):
    """`stage(made)`: the actor recorded on a rig; the live directions, the played ones, and the take.

    Directions are (F, 8, 3) of SEGMENTS in the world.
    """
    settings = extension.core("pipeline").Settings(level="OFF", smoothness=0.0, contact=False)
    for module in ("session", "making"):
        monkeypatch.setattr(extension.addon(module), "settings_of", lambda *_: settings)
    monkeypatch.setattr(extension.core("filters"), "SURPRISE", 1e9)
    monkeypatch.setattr(extension.core("easing"), "FASTEST_RAD_S", 1e9)

    def play(made):
        scene = bpy.context.scene
        scene.render.fps = performance.FPS
        scene.mocap.target = made.armature
        bpy.ops.mocap.connect()
        bpy.ops.mocap.record_start()
        live = []
        sender.play(acted.packets, after=lambda _: live.append(directions(made)))
        bpy.ops.mocap.record_stop()
        bpy.ops.mocap.disconnect()
        assert not session.error
        played = []
        for frame in session.last_take.frames.tolist():
            scene.frame_set(frame)
            played.append(directions(made))
        return np.array(live), np.array(played), session.last_take

    return play


def directions(made) -> np.ndarray:
    evaluated = made.armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    heads = {
        part: np.array(evaluated.matrix_world @ evaluated.pose.bones[made.shown(part)].head)
        for pair in SEGMENTS
        for part in pair
    }
    along = np.array([heads[end] - heads[start] for start, end in SEGMENTS])
    return along / np.linalg.norm(along, axis=-1, keepdims=True)


def errors_deg(found, take, acted) -> np.ndarray:
    """(F, 8) angles to the truth, turned into the world once for the whole take."""
    truth = acted.directions @ take.world_from_camera.T
    return np.degrees(np.arccos(np.clip(np.sum(found * truth, axis=-1), -1, 1)))


BY_IK = {"rigify IK", "rigify IK with poles", "rigify halfway"}


@pytest.mark.parametrize("kind", rigs.BUILDERS)
def test_limbs_point_as_the_actors_live_and_played(stage, acted, rig_folder, kind):
    live, played, take = stage(rigs.BUILDERS[kind](rig_folder))
    assert len(live) == len(played) == len(acted.packets)
    for name, found in (("live", live), ("played", played)):
        errors = errors_deg(found, take, acted)
        print(f"{kind}, {name}: {errors.mean():.3f}° on average, {errors.max():.2f}° at most")
        # IK twists a limb with its plane, which is kept near the hinge where an arm that turns fast is hardly bent.
        most, mean = (np.percentile(errors, 99), 0.25) if kind in BY_IK else (errors.max(), 0.1)
        assert most < 2.0, f"{errors.max(axis=0).round(2)} by limb"
        assert errors.mean() < mean

"""The motion clips as body joints; skipped where the data is not there."""

from pathlib import Path

import numpy as np
import pytest

from mocap_core.skeleton import BODY_INDEX
from mocap_worker.training import motion
from mocap_worker.training.gltf import read_character
from mocap_worker.training.poses import pose_bank, read_landmarks

GLB = Path(__file__).resolve().parents[2] / "addon/assets/default_model.glb"


@pytest.fixture(scope="module")
def path():
    try:
        return motion.motion_path()
    except motion.MotionError as error:
        pytest.skip(str(error))


def test_turned_offsets_give_the_recorded_positions(path):
    with np.load(path) as data:
        rows = slice(1000, 1400)
        rotation = motion.global_rotations(data["rotvec"][rows], data["parents"])
        position = np.empty(data["positions_m"][rows].shape)
        position[:, 0] = data["root_m"][rows]
        for j, parent in enumerate(data["parents"]):
            if parent >= 0:
                position[:, j] = position[:, parent] + data["offsets_m"][j] @ rotation[:, parent]
        assert position == pytest.approx(data["positions_m"][rows], abs=1e-5)


def test_people_stand_upright_on_the_floor_and_look_ahead(path):
    for clip in motion.load_clips("train")[::9]:
        b = clip.joints_body
        left = b[:, BODY_INDEX["left_hip"]] - b[:, BODY_INDEX["right_hip"]]
        spine = b[:, BODY_INDEX["left_shoulder"]] - b[:, BODY_INDEX["left_hip"]]
        forward = np.cross(left, spine)
        ears = (b[:, BODY_INDEX["left_ear"]] + b[:, BODY_INDEX["right_ear"]]) / 2
        assert np.median(np.einsum("fi,fi->f", b[:, BODY_INDEX["nose"]] - ears, forward)) > 0, clip.name
        toes = b[:, BODY_INDEX["left_toe"]] - b[:, BODY_INDEX["left_ankle"]]
        assert np.median(np.einsum("fi,fi->f", toes, forward)) > 0, clip.name
        assert np.median(spine[:, 2]) > 0.25
        assert abs(b[..., 2].min()) < 0.15


def test_the_splits_share_no_clip(path):
    train = {c.name for c in motion.load_clips("train")}
    test = {c.name for c in motion.load_clips("test")}
    assert (len(train), len(test)) == (72, 24)
    assert not train & test
    assert motion.load_clips("test/jumping_1")[0].joints_body.shape == (1043, 21, 3)


def test_other_clips_make_other_poses(path, tmp_path):
    """Poses are kept in one folder: those of another file of clips are not taken for them."""
    character = read_character(GLB)
    marks = read_landmarks(GLB.with_suffix(".landmarks.json"), character)
    with np.load(path) as data:
        content = dict(data)
    wanted = [str(name).startswith("train/walk") for name in content["clips"]]
    assert 0 < sum(wanted) < len(wanted)
    rows = np.repeat(wanted, content["lengths"])
    few = {k: v[rows] if len(v.shape) and len(v) == len(rows) else v for k, v in content.items()}
    few |= {k: v[wanted] for k, v in content.items() if v.shape[:1] == (len(wanted),)}
    np.savez(tmp_path / "few.npz", **few)
    both = [pose_bank(character, marks, 4, folder=tmp_path, motion=file) for file in (path, tmp_path / "few.npz")]
    assert both[1].actions[:1] == ("walking",) and both[0].actions != both[1].actions
    again = pose_bank(character, marks, 4, folder=tmp_path, motion=path)
    assert np.array_equal(again.axes, both[0].axes) and len(list(tmp_path.glob("poses-*.npz"))) == 2


def test_missing_data_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(motion.MotionError, match=r"nowhere\.npz.*MOCAP_MOTION"):
        motion.load_clips("train", tmp_path / "nowhere.npz")


@pytest.mark.parametrize("damage", ["text", "empty", "cut", "array", "lengths", "joints"])
def test_a_file_that_holds_no_clips_is_one_sentence(tmp_path, damage):
    file = tmp_path / "clips.npz"
    clips = {
        "positions_m": np.zeros((4, 1, 3)), "rotvec": np.zeros((4, 1, 3)), "lengths": np.array([4]),
        "clips": np.array(["train/walk_1"]), "joint_names": np.array(["Head"]), "parents": np.array([-1]),
        "fps": np.float64(60),
    }  # fmt: skip
    np.savez(file, **clips | ({"lengths": np.array(["a"])} if damage == "lengths" else {}))
    if damage in ("text", "empty"):
        file.write_text("no clips" if damage == "text" else "")
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[:600])
    elif damage == "array":
        with file.open("wb") as opened:
            np.save(opened, np.zeros(3))
    with pytest.raises(motion.MotionError, match=r"clips\.npz cannot be read .*expected motion clips") as said:
        motion.load_clips("train", file)
    assert "\n" not in str(said.value)

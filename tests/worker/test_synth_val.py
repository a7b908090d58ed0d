"""`synthetic-val`: what its file says, that nothing in it is trained on, and how it is measured."""

import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("moderngl", reason="moderngl draws the pictures: pip install .[train]")

from mocap_worker.evaluation import EvaluationError, synthetic_val
from mocap_worker.evaluation.annotations import Box
from mocap_worker.evaluation.datasets import Dataset
from mocap_worker.training.gltf import read_character
from mocap_worker.training.held_out import HELD_OUT, UNSEEN_ACTIONS
from mocap_worker.training.motion import MotionError
from mocap_worker.training.pictures import GENERATOR, Picture
from mocap_worker.training.poses import pose_bank, read_landmarks
from mocap_worker.training.render import RenderError

GLB = Path(__file__).resolve().parents[2] / "addon/assets/default_model.glb"


def test_the_file_fixes_two_thousand_pictures_for_this_generator():
    content = json.loads(synthetic_val.FILE.read_text("utf-8"))
    assert content["generator"] == GENERATOR
    seeds, percents = np.array(content["pictures"]).T
    assert len(seeds) == len(set(seeds.tolist())) == synthetic_val.COUNT == 2000
    assert percents.min() >= 20 and percents.max() <= 100 and 50 < percents.mean() < 70


def test_a_file_for_another_generator_is_refused(tmp_path, monkeypatch):
    other = tmp_path / "synthetic_val.json"
    other.write_text(json.dumps({"generator": GENERATOR + 1, "pictures": [[0, 50]]}))
    monkeypatch.setattr(synthetic_val, "FILE", other)
    with pytest.raises(EvaluationError, match=f"chosen for generator {GENERATOR + 1}, this is {GENERATOR}"):
        synthetic_val.dataset(GLB, None, 1, tmp_path)


def test_what_lies_outside_the_frame_is_cut_away():
    image = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
    parts = np.zeros((6, 8), np.uint8)
    parts[3, 5] = 2
    picture = Picture(image, np.full((17, 2), 5.0), np.full(17, 2), parts, {"frame": (2, -4, 7, 5)})
    cut = synthetic_val.in_frame(picture)
    assert np.array_equal(cut.image, image[0:5, 2:7])
    assert cut.parts[3, 3] == 2 and cut.keypoints[0].tolist() == [3.0, 5.0]


def test_boxes_that_are_off_stay_within_a_tenth():
    boxes = [Box(k, 1, (100.0, 50.0, 200.0, 250.0), 1.0, k) for k in range(400)]
    data = Dataset("synthetic", "coco17", {}, boxes, {}, "", "")
    off = np.array([b.xyxy for b in synthetic_val.boxes_off(data).boxes])
    centre, size = (off[:, :2] + off[:, 2:]) / 2, off[:, 2:] - off[:, :2]
    assert np.abs(centre - (150, 150)).max(0) == pytest.approx((10, 20), rel=0.02)
    assert size.min(0) / (100, 200) == pytest.approx(0.9, abs=0.01)
    assert size.max(0) / (100, 200) == pytest.approx(1.1, abs=0.01)
    assert [b.xyxy for b in synthetic_val.boxes_off(data).boxes] == [tuple(row) for row in off]


def test_actions_that_no_training_knows_are_measured_apart():
    people = [
        {"id": k, "image_id": k, "about": {"action": a}} for k, a in enumerate(["walking", "washwindow", "floor"])
    ]
    content = {"images": [{"id": k} for k in range(3)], "annotations": people, "categories": []}
    boxes = [Box(k, 1, (0.0, 0.0, 9.0, 9.0), 1.0, k) for k in range(3)]
    data = Dataset("synthetic", "coco17", content, boxes, {k: Path(str(k)) for k in range(3)}, "", "")
    unseen = synthetic_val.unseen_actions(data)
    assert unseen.annotations["annotations"] == [people[1]] and unseen.annotations["images"] == [{"id": 1}]
    assert unseen.boxes == [boxes[1]] and list(unseen.images) == [1]
    assert len(data.boxes) == 3


def test_no_training_draws_an_unseen_action(tmp_path):
    character, marks = read_character(GLB), GLB.with_suffix(".landmarks.json")
    try:
        banks = [
            pose_bank(character, read_landmarks(marks, character), 30, split, folder=tmp_path)
            for split in ("train", "test")
        ]
    except MotionError as error:
        pytest.skip(str(error))
    trained, measured = (set(bank.actions) for bank in banks)
    assert not trained & UNSEEN_ACTIONS and UNSEEN_ACTIONS < measured
    assert "walking" in trained & measured


def test_its_pictures_show_only_what_is_held_out():
    try:  # in the usual folder: poses and clothes take long to make
        data = synthetic_val.dataset(GLB, None, 10)
    except (RenderError, MotionError) as error:
        pytest.skip(str(error))
    people = data.annotations["annotations"]
    assert len(people) == len(data.boxes) == 10 and all(path.is_file() for path in data.images.values())
    for person, box in zip(people, data.boxes, strict=True):
        about = person["about"]
        assert about["body"] in HELD_OUT["body"] and about["hair"] in HELD_OUT["hair"] | {"bald"}
        assert about["top"] in HELD_OUT["top"] and about["bottom"] in HELD_OUT["bottom"] | {"dress"}
        assert person["area"] > 0 and person["torso_px"] > 1
        image = data.annotations["images"][person["image_id"]]
        assert 0 <= box.xyxy[0] < box.xyxy[2] < image["width"] and 0 <= box.xyxy[1] < box.xyxy[3] < image["height"]
    # Drawn once, it is read again.
    written = {path: path.stat().st_mtime_ns for path in data.images.values()}
    again = synthetic_val.dataset(GLB, None, 10)
    assert again.digest == data.digest and {p: p.stat().st_mtime_ns for p in again.images.values()} == written

"""Datasets as they lie on disk: found, told apart, checked, and measured through with a backend that is right."""

import io
import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from mocap_worker.evaluation import EvaluationError, interhand, mpii
from mocap_worker.evaluation.annotations import detected_boxes
from mocap_worker.evaluation.datasets import KEYPOINTS, KINDS, open_dataset, selection
from mocap_worker.evaluation.job import Options, run
from mocap_worker.evaluation.report import show
from mocap_worker.evaluation.sigmas import WHOLEBODY_PARTS
from mocap_worker.vitpose.codec import Codec
from mocap_worker.vitpose.model_config import ModelConfig
from mocap_worker.vitpose.skeletons import SKELETONS

NAMES = {
    "coco": "person_keypoints_val2017.json",
    "wholebody": "coco_wholebody_val_v1.0.json",
    "ochuman": "ochuman_coco_format_val_range_0.00_1.00.json",
    "crowdpose": "mmpose_crowdpose_test.json",
    "aic": "aic_val.json",
    "ap10k": "ap10k-test-split1.json",
    "apt36k": "apt36k_test.json",
}


class TrueBackend:
    """A backend that knows the answer: for a labelled person's box it gives that person's keypoints.

    Like mmpose's it crops by itself. `off` px are added; `asked` counts the boxes.
    """

    def __init__(self, skeleton, dataset=None, off=0.0):
        keypoints = len(SKELETONS[skeleton].keypoints)
        self.config = ModelConfig("true", 48, 1, 3, "simple", keypoints, (48, 64), skeleton=skeleton)
        self.name, self.device, self.skeleton, self.input_size = "true", "cpu", skeleton, (48, 64)
        self.off, self.asked, self.stop_after = off, 0, math.inf
        self.answers = {}
        if dataset is not None:
            self.learn(dataset)

    def learn(self, dataset):
        from mocap_worker.evaluation.datasets import keypoints_in

        truth = {a["id"]: keypoints_in(dataset.kind)(a) for a in dataset.annotations["annotations"]}
        for box in dataset.boxes:
            if box.annotation_id is not None:
                self.answers[tuple(np.float32(box.xyxy))] = np.array(truth[box.annotation_id]).reshape(-1, 3)

    def infer(self, image, boxes, flip_test=False):
        self.asked += len(boxes)
        if self.asked > self.stop_after:
            raise KeyboardInterrupt
        rows = [self.answers.get(tuple(np.float32(box)), np.zeros((self.config.keypoints, 3))) for box in boxes]
        places = np.array([row[:, :2] for row in rows], dtype=np.float32) + np.float32(self.off)
        return places, np.full(places.shape[:2], 0.9, np.float32)


def write_dataset(folder, kind, rng=None, images=4, people=2):
    """A small dataset of a kind, pictures of noise, in the layout its publishers use."""
    rng = rng or np.random.default_rng(0)
    keypoints = KEYPOINTS[KINDS[kind].skeleton]
    split = folder / "val2017"
    split.mkdir(parents=True)
    (folder / "annotations").mkdir()
    pictures, labelled = [], []
    for i in range(images):
        cv2.imwrite(str(split / f"{i:03d}.png"), rng.integers(0, 255, (96, 128, 3), dtype=np.uint8))
        pictures.append({"id": i, "file_name": f"{i:03d}.png", "width": 128, "height": 96})
        if kind == "crowdpose":
            pictures[-1]["crowdIndex"] = i / images
        for _ in range(people):
            low, size = rng.uniform(2, 40, 2), rng.uniform(20, 50, 2)
            rows = np.column_stack(
                [low + rng.uniform(0, 1, (keypoints, 2)) * size, rng.choice([1, 2], keypoints)]
            ).round(2)
            person = {
                "id": len(labelled),
                "image_id": i,
                "category_id": 1,
                "bbox": [*low.tolist(), *size.tolist()],
                "iscrowd": 0,
                "num_keypoints": keypoints,
            }
            if kind not in ("crowdpose", "aic"):
                person["area"] = float(size.prod())
            if kind == "wholebody":
                for field, where in WHOLEBODY_PARTS.values():
                    person[field] = rows[where].reshape(-1).tolist()
            else:
                person["keypoints"] = rows.reshape(-1).tolist()
            labelled.append(person)
    category = {"id": 1, "name": "person"}
    if kind == "ap10k":
        category["keypoints"] = ["left_eye", "right_eye", "nose"]
    content = {"images": pictures, "annotations": labelled, "categories": [category]}
    file = folder / "annotations" / NAMES[kind]
    file.write_text(json.dumps(content))
    return file, content


@pytest.mark.parametrize("kind", list(NAMES))
def test_every_kind_is_told_from_its_files_and_perfect_predictions_score_one(kind, tmp_path):
    write_dataset(tmp_path / "data", kind)
    skeleton = KINDS[kind].skeleton
    dataset = open_dataset(tmp_path / "data", model=skeleton)
    assert (dataset.kind, dataset.skeleton, len(dataset.boxes)) == (kind, skeleton, 8)
    backend = TrueBackend(skeleton, dataset)
    options = Options(flip=False, journal=tmp_path / "journal", jitter_pictures=0, workers=2)
    figures = run(backend, {"weights": "none"}, dataset, options)
    for part in figures["measures"].values():
        assert part["ap"] == part["ar"] == 1.0
    assert figures["people_found"] == figures["people"] == 8 and figures["swap_rate"] == 0.0
    assert figures["joints"]["all"]["correct"] == 1.0
    assert figures["score_curve"][0]["precision"] == 1.0
    json.dumps(figures, allow_nan=False)
    far = TrueBackend(skeleton, dataset, off=500)
    missed = run(far, {"weights": "far"}, dataset, options)
    assert all(part["ap"] == 0.0 for part in missed["measures"].values())
    assert missed["joints"]["all"]["correct"] == 0.0


def mpii_folder(folder, rng):
    from scipy.io import savemat

    (folder / "images").mkdir(parents=True)
    people, heads = [], []
    for i in range(5):
        if i < 4:
            cv2.imwrite(str(folder / "images" / f"{i:09d}.jpg"), np.zeros((60, 80, 3), np.uint8))
        joints = rng.uniform(5, 60, (16, 2)).round(1)
        person = {"image": f"{min(i, 3):09d}.jpg", "center": [40.0, 30.0], "scale": 0.2 + i / 100}
        people.append(person | {"joints": joints.tolist(), "joints_vis": [int(k != i) for k in range(16)]})
        heads.append([[10, 10], [13 + 3 * i, 14]])
    (folder / "mpii_val.json").write_text(json.dumps(people))
    savemat(str(folder / "mpii_gt_val.mat"), {"headboxes_src": np.transpose(heads, (1, 2, 0))})
    return people


def test_mpii_counts_from_one_and_measures_by_heads(tmp_path):
    people = mpii_folder(tmp_path / "mpii", np.random.default_rng(0))
    dataset = open_dataset(tmp_path / "mpii", model="mpii16")
    assert dataset.kind == "mpii" and len(dataset.boxes) == 5 and len(dataset.images) == 4
    first = dataset.annotations["annotations"][0]
    assert first["head_size"] == pytest.approx(0.6 * 5)
    assert first["keypoints"][3:6] == pytest.approx([people[0]["joints"][1][0] - 1, people[0]["joints"][1][1] - 1, 2])
    assert first["keypoints"][:3] == [0, 0, 0]
    # 200 px at scale 1 about the centre, which moves down by 15 px at scale 1, counted from 0.
    assert dataset.boxes[0].xyxy == pytest.approx((39 - 20, 29 + 3 - 20, 39 + 20, 29 + 3 + 20))
    options = Options(flip=False, journal=tmp_path / "journal", jitter_pictures=0)
    measures = run(TrueBackend("mpii16", dataset), {"weights": ""}, dataset, options)["measures"]["all"]
    assert set(measures.values()) == {1.0}
    # Two px off both ways is 2.83: within half a head for heads of more than 5.66.
    near = run(TrueBackend("mpii16", dataset, off=2.0), {"weights": "2"}, dataset, options)["measures"]["all"]
    heads = [a["head_size"] for a in dataset.annotations["annotations"]]
    counted = [
        head / 2 >= math.hypot(2, 2)
        for person, head in zip(people, heads, strict=True)
        for k in range(16)
        if k not in (6, 7) and person["joints_vis"][k]
    ]
    assert near["pckh"] == pytest.approx(np.mean(counted)) and 0 < near["pckh"] < 1


def test_mpii_in_cocos_format_says_its_heads_itself(tmp_path):
    annotation = {"id": 3, "head_box": [0, 0, 3, 4]}
    assert mpii.labelled_head_size(annotation, Path("x.json")) == pytest.approx(3.0)
    assert mpii.labelled_head_size({"id": 3, "head_size": 7}, Path("x.json")) == 7.0
    with pytest.raises(EvaluationError, match=r"annotation 3 says no head_size"):
        mpii.labelled_head_size({"id": 3}, Path("x.json"))


def interhand_folder(folder, rng):
    """Two frames of one capture, seen by one camera; the second has a left hand only."""
    (folder / "images" / "Capture0").mkdir(parents=True)
    turn = cv2.Rodrigues(np.array([0.1, -0.2, 0.05]))[0]
    camera = {
        "campos": [10.0, -20.0, -900.0],
        "camrot": turn.tolist(),
        "focal": [300.0, 310.0],
        "princpt": [64.0, 48.0],
    }
    cameras = {"0": {key: {"400": value} for key, value in camera.items()}}
    joints, images, annotations = {"0": {}}, [], []
    for frame in range(2):
        world = rng.uniform(-80, 80, (42, 3))
        joints["0"][str(frame)] = {"world_coord": world.tolist()}
        name = f"Capture0/image{frame}.jpg"
        cv2.imwrite(str(folder / "images" / name), np.zeros((96, 128, 3), np.uint8))
        images.append({"id": frame, "file_name": name, "width": 128, "height": 96, "capture": 0, "camera": "400"})
        images[-1]["frame_idx"] = frame
        valid = np.ones(42)
        if frame == 1:
            valid[20] = 0  # the right wrist: nothing of that hand counts
            valid[21:23] = 0
        annotations.append({"id": frame, "image_id": frame, "joint_valid": valid.tolist(), "hand_type": "interacting"})
    for ending, content in (
        ("data", {"images": images, "annotations": annotations}),
        ("camera", cameras),
        ("joint_3d", joints),
    ):
        (folder / f"InterHand2.6M_test_{ending}.json").write_text(json.dumps(content))
    return cameras["0"], joints["0"]


def test_interhand_hands_are_projected_as_opencv_projects_them(tmp_path):
    cameras, joints = interhand_folder(tmp_path / "ih", np.random.default_rng(1))
    dataset = open_dataset(tmp_path / "ih", model="interhand21")
    assert dataset.kind == "interhand" and len(dataset.boxes) == 3
    world = np.array(joints["0"]["world_coord"])
    turn = np.array(cameras["camrot"]["400"])
    lens = np.array([[300.0, 0, 64], [0, 310, 48], [0, 0, 1]])
    shift = -turn @ np.array(cameras["campos"]["400"])
    expected = cv2.projectPoints(world, cv2.Rodrigues(turn)[0], shift, lens, None)[0][:, 0]
    np.testing.assert_allclose(interhand.project(world, cameras, "400"), expected, atol=1e-4)
    hands = [np.array(a["keypoints"]).reshape(-1, 3) for a in dataset.annotations["annotations"]]
    np.testing.assert_allclose(np.concatenate([hands[0], hands[1]])[:, :2], expected, atol=1e-4)
    assert (hands[2][:2] == 0).all() and (hands[2][2:, 2] == 2).all()
    tight, shown = np.array(dataset.annotations["annotations"][0]["bbox"]), np.array(dataset.boxes[0].xyxy)
    np.testing.assert_allclose((shown[:2] + shown[2:]) / 2, tight[:2] + tight[2:] / 2)
    np.testing.assert_allclose(shown[2:] - shown[:2], 1.2 * tight[2:])
    options = Options(flip=False, journal=tmp_path / "journal", jitter_pictures=0)
    measures = run(TrueBackend("interhand21", dataset), {"weights": ""}, dataset, options)["measures"]["all"]
    assert measures == pytest.approx({"auc": 1.0, "pck_0_2": 1.0, "epe_px": 0.0}, abs=1e-4)


@pytest.mark.parametrize("kind", ["wholebody", "interhand"])
def test_an_untrained_network_runs_through_with_the_flip_test_and_finds_nobody(kind, tmp_path):
    from mocap_worker.backends import TorchBackend

    if kind == "wholebody":
        write_dataset(tmp_path / "data", kind)
    else:
        interhand_folder(tmp_path / "data", np.random.default_rng(3))
    skeleton = KINDS[kind].skeleton
    dataset = open_dataset(tmp_path / "data", model=skeleton)
    codec = Codec(udp=False, flip_shift=True)
    config = ModelConfig("small", 48, 1, 3, "simple", KEYPOINTS[skeleton], (48, 64), skeleton=skeleton, codec=codec)
    torch.manual_seed(0)
    backend = TorchBackend(config.build(), config, "cpu")
    options = Options(flip=True, batch=3, journal=tmp_path / "j", jitter_pictures=1, jitter_frames=2)
    figures = run(backend, {}, dataset, options)
    best = max(part.get("ap", part.get("auc")) for part in figures["measures"].values())
    assert 0 <= best < 0.3 and figures["people"] == len(dataset.boxes) == figures["run"]["boxes"]
    json.dumps(figures, allow_nan=False)
    console = Console(width=120, file=io.StringIO())
    show(figures, console)
    assert all(part.replace("_", " ") in console.file.getvalue() for part in figures["measures"])


def test_a_model_with_more_keypoints_is_measured_on_those_of_the_dataset(tmp_path):
    write_dataset(tmp_path / "data", "coco")
    dataset = open_dataset(tmp_path / "data", model="coco133")
    for model in ("coco133", "synthpose52"):
        backend = TrueBackend(model)
        backend.learn(dataset)
        for box, rows in backend.answers.items():
            backend.answers[box] = np.vstack([rows, np.zeros((backend.config.keypoints - 17, 3))])
        options = Options(flip=False, journal=tmp_path / model, jitter_pictures=0)
        assert run(backend, {}, dataset, options)["measures"]["all"]["ap"] == 1.0
    assert selection(SKELETONS["coco17"].keypoints, SKELETONS["coco133"].keypoints) is None
    backwards = SKELETONS["coco17"].keypoints[::-1]
    np.testing.assert_array_equal(selection(backwards, SKELETONS["coco17"].keypoints), np.arange(17)[::-1])


def test_a_model_of_another_skeleton_is_refused(tmp_path):
    write_dataset(tmp_path / "data", "crowdpose")
    dataset = open_dataset(tmp_path / "data")
    with pytest.raises(EvaluationError, match=r"finds 17 keypoints \(coco17\).*labels the 14 of crowdpose14"):
        run(TrueBackend("coco17", dataset), {}, dataset, Options(flip=False, journal=tmp_path))


def test_a_folder_of_two_datasets_is_settled_by_the_model_or_by_the_user(tmp_path):
    write_dataset(tmp_path / "data", "coco")
    _, whole = write_dataset(tmp_path / "other", "wholebody")
    (tmp_path / "data" / "annotations" / NAMES["wholebody"]).write_text(json.dumps(whole))
    assert open_dataset(tmp_path / "data", model="coco133").kind == "wholebody"
    assert open_dataset(tmp_path / "data", model="coco17").kind == "coco"
    assert open_dataset(tmp_path / "data", "wholebody").kind == "wholebody"
    file = tmp_path / "data" / "annotations" / NAMES["wholebody"]
    assert open_dataset(file, model="coco17").kind == "coco"  # its body is COCO's
    (tmp_path / "data" / "annotations" / NAMES["ochuman"]).write_text(
        (tmp_path / "data" / "annotations" / NAMES["coco"]).read_text()
    )
    with pytest.raises(EvaluationError, match=r"holds several datasets: coco .*ochuman .*Choose one with --dataset"):
        open_dataset(tmp_path / "data")


def broken(change):
    def apply(folder, file, content):
        change(content)
        file.write_text(json.dumps(content))

    return apply


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda d, f, c: f.write_text('{"images": ['), "is no JSON: .*downloaded completely"),
        (lambda d, f, c: f.write_text("[" * 100_000), "is no JSON"),
        (lambda d, f, c: f.write_text("{}"), "labels no keypoints a person"),
        (lambda d, f, c: f.write_text("[1, 2]"), "is a list, neither COCO's format nor MPII's"),
        (lambda d, f, c: f.unlink(), "expected .*annotations with person_keypoints_val2017.json"),
        (lambda d, f, c: (d / "val2017" / "002.png").unlink(), "1 of 4 pictures are missing, such as .*002.png"),
        (lambda d, f, c: (d / "val2017").rename(d.parent / "away"), "The picture 000.png .*--images"),
        (broken(lambda c: c.pop("categories")), "expected lists of images, annotations and categories"),
        (broken(lambda c: c["images"][1].update(id=0)), "two images have the id 0"),
        (broken(lambda c: c["images"][1].pop("width")), "image 1 has no width and height"),
        (broken(lambda c: c["images"][1].pop("file_name")), "image 1 has no file_name"),
        (broken(lambda c: c["annotations"][1].update(image_id=77)), "annotation 1 is of image 77"),
        (broken(lambda c: c["annotations"][1].update(category_id=9)), "annotation 1 is of category 9"),
        (broken(lambda c: c["annotations"][1].update(bbox=[1, 2, 3])), r"has the bbox \[1, 2, 3\]; expected x, y"),
        (broken(lambda c: c["annotations"][1].update(bbox=[1, 2, 3, math.inf])), "has the bbox .*inf"),
        (broken(lambda c: c["annotations"][1].update(keypoints=[1, 2, 2])), "has 3 numbers in keypoints; expected 51"),
        (broken(lambda c: c["annotations"][1].update(keypoints=["1"] * 51)), "expected 51"),
        (broken(lambda c: c["annotations"][1].update(keypoints=5)), "has 0 numbers in keypoints; expected 51"),
        (broken(lambda c: c["annotations"][1].update(image_id=[1])), r"annotation 1 is of image \[1\]"),
        (broken(lambda c: c["annotations"][1].update(category_id={})), r"annotation 1 is of category \{\}"),
        (broken(lambda c: c["annotations"][1].update(bbox=[1, 2, 3, 10**400])), "has the bbox .*0000"),
        (broken(lambda c: c["annotations"][1].update(area="big")), "has the area big"),
        (broken(lambda c: c["annotations"][1].pop("area")), "annotation 1 has no area, which OKS needs"),
        (broken(lambda c: c["annotations"].clear()), "labels no keypoints a person"),
        (broken(lambda c: [a.update(keypoints=[0] * 51) for a in c["annotations"]]), "has nobody to look at"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_dataset_is_said(damage, sentence, tmp_path):
    folder = tmp_path / "data"
    damage(folder, *write_dataset(folder, "coco"))
    with pytest.raises(EvaluationError, match=sentence) as said:
        open_dataset(folder)
    assert "\n" not in str(said.value)


def test_crowdpose_without_its_index_is_said(tmp_path):
    file, content = write_dataset(tmp_path / "data", "crowdpose")
    del content["images"][2]["crowdIndex"]
    file.write_text(json.dumps(content))
    with pytest.raises(EvaluationError, match="images without a crowdIndex"):
        open_dataset(tmp_path / "data", "crowdpose")


def test_a_path_that_is_not_there_and_a_dataset_nobody_knows(tmp_path):
    with pytest.raises(EvaluationError, match=r"nothing at .*nowhere"):
        open_dataset(tmp_path / "nowhere")
    with pytest.raises(EvaluationError, match=r"no dataset 'lsp'; there are coco, wholebody"):
        open_dataset(tmp_path, "lsp")


def test_mpii_without_heads_and_interhand_without_cameras_name_the_file(tmp_path):
    mpii_folder(tmp_path / "mpii", np.random.default_rng(0))
    (tmp_path / "mpii" / "mpii_gt_val.mat").write_bytes(b"not matlab's")
    with pytest.raises(EvaluationError, match=r"mpii_gt_val.mat cannot be read as MPII's truth"):
        open_dataset(tmp_path / "mpii")
    (tmp_path / "mpii" / "mpii_gt_val.mat").unlink()
    with pytest.raises(EvaluationError, match=r"expected .*mpii_gt_val.mat beside"):
        open_dataset(tmp_path / "mpii")
    interhand_folder(tmp_path / "ih", np.random.default_rng(0))
    (tmp_path / "ih" / "InterHand2.6M_test_camera.json").write_text("{}")
    with pytest.raises(EvaluationError, match=r"do not fit together as InterHand2.6M's do: KeyError '0'"):
        open_dataset(tmp_path / "ih")
    (tmp_path / "ih" / "InterHand2.6M_test_camera.json").unlink()
    with pytest.raises(EvaluationError, match=r"expected .*InterHand2.6M_test_camera.json beside"):
        open_dataset(tmp_path / "ih")


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_bytes_as_annotations_are_refused_with_a_sentence(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("any") / "person_keypoints_val2017.json"
    file.write_bytes(content)
    with pytest.raises(EvaluationError):
        open_dataset(file)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 50) | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["images", "annotations", "categories", "id", "image_id", "keypoints", "bbox", "file_name"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(JSON, st.sampled_from([None, "coco", "wholebody", "mpii", "interhand", "crowdpose"]))
@settings(max_examples=150, deadline=None)
def test_any_json_as_annotations_is_refused_with_a_sentence(tmp_path_factory, content, kind):
    file = tmp_path_factory.mktemp("any") / "annotations.json"
    file.write_text(json.dumps(content))
    with pytest.raises(EvaluationError):
        open_dataset(file, kind)


# --- boxes ------------------------------------------------------------------------------------------------


def test_a_labelled_box_without_area_counts_as_missed_and_is_said(tmp_path):
    file, content = write_dataset(tmp_path / "data", "coco")
    content["annotations"][2]["bbox"][2] = 0
    content["annotations"][3]["bbox"][0] = 400  # beside the picture
    content["annotations"][4]["iscrowd"] = 1
    file.write_text(json.dumps(content))
    dataset = open_dataset(tmp_path / "data")
    assert len(dataset.boxes) == 5 and "2 labelled people have a box without area" in dataset.notes[0]
    options = Options(flip=False, journal=tmp_path / "journal", jitter_pictures=0)
    figures = run(TrueBackend("coco17", dataset), {}, dataset, options)
    assert figures["people"] == 7 and figures["people_found"] == 5
    assert figures["measures"]["all"]["ar"] == pytest.approx(5 / 7)


def test_people_without_a_size_are_said(tmp_path):
    file, content = write_dataset(tmp_path / "data", "coco")
    content["annotations"][0]["area"] = 0
    file.write_text(json.dumps(content))
    assert open_dataset(tmp_path / "data").notes == [
        "1 labelled people have no area; nothing is like them, so they count as not found."
    ]
    mpii_folder(tmp_path / "mpii", np.random.default_rng(0))
    from scipy.io import savemat

    heads = np.zeros((2, 2, 5))
    heads[1, :, 1:] = 5
    savemat(str(tmp_path / "mpii" / "mpii_gt_val.mat"), {"headboxes_src": heads})
    assert "1 labelled people have a head without a size" in open_dataset(tmp_path / "mpii").notes[0]


def test_pictures_named_on_windows_are_found(tmp_path):
    file, content = write_dataset(tmp_path / "data", "apt36k")
    for image in content["images"]:
        image["file_name"] = "val2017\\" + image["file_name"]
    file.unlink()
    (file.parent / "val_annotations_1.json").write_text(json.dumps(content))
    dataset = open_dataset(tmp_path / "data", model="ap10k17")
    assert dataset.kind == "apt36k" and all(path.is_file() for path in dataset.images.values())


def test_a_detectors_boxes_are_scored_and_its_duplicates_removed(tmp_path):
    _, content = write_dataset(tmp_path / "data", "coco")
    truth = open_dataset(tmp_path / "data")
    detections = []
    for a in content["annotations"]:
        for score in (0.9, 0.4):
            detections.append({"image_id": a["image_id"], "category_id": 1, "bbox": a["bbox"], "score": score})
    detections.append({"image_id": 0, "category_id": 3, "bbox": [1, 1, 5, 5], "score": 0.9})
    detections.append({"image_id": 0, "category_id": 1, "bbox": [1, 1, 5, 0], "score": 0.9})
    file = tmp_path / "boxes.json"
    file.write_text(json.dumps(detections))
    dataset = open_dataset(tmp_path / "data", detections=file)
    assert len(dataset.boxes) == 16 and [note[:12] for note in dataset.notes] == ["1 detections", "1 detections"]
    backend = TrueBackend("coco17", truth)
    for box in dataset.boxes:
        own = next(b for b in truth.boxes if b.image_id == box.image_id and np.allclose(b.xyxy, box.xyxy, atol=0.01))
        backend.answers[tuple(np.float32(box.xyxy))] = backend.answers[tuple(np.float32(own.xyxy))]
    options = Options(flip=False, journal=tmp_path / "journal", jitter_pictures=0)
    figures = run(backend, {}, dataset, options)
    assert figures["measures"]["all"]["ap"] == 1.0 and figures["people_found"] == 8
    assert figures["dataset"]["boxes"] == "detected"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"a": 1}, "holds no list"),
        ([{"image_id": 0}], "detection 0 is not image_id"),
        ([{"image_id": 99, "category_id": 1, "bbox": [0, 0, 5, 5], "score": 1}], "of image 99"),
        ([{"image_id": [0], "category_id": 1, "bbox": [0, 0, 5, 5], "score": 1}], r"of image \[0\]"),
        ([{"image_id": 0, "category_id": {}, "bbox": [0, 0, 5, 5], "score": 1}], "holds no box of the categories"),
        ([{"image_id": 0, "category_id": 1, "bbox": [0, 0, 5, 5], "score": 10**400}], "the score 1000"),
        ([{"image_id": 0, "category_id": 1, "bbox": [0, 0, 5], "score": 1}], r"has the bbox \[0, 0, 5\]"),
        ([{"image_id": 0, "category_id": 1, "bbox": [0, 0, 5, 5], "score": None}], "the score None"),
        ([], "holds no box"),
    ],
)
def test_detections_that_do_not_fit_are_said(content, sentence, tmp_path):
    _, annotations = write_dataset(tmp_path / "data", "coco")
    file = tmp_path / "boxes.json"
    file.write_text(json.dumps(content))
    with pytest.raises(EvaluationError, match=sentence):
        detected_boxes(file, annotations)


def test_detections_for_datasets_with_boxes_of_their_own_are_refused(tmp_path):
    mpii_folder(tmp_path / "mpii", np.random.default_rng(0))
    with pytest.raises(EvaluationError, match=r"mpii is measured with its own boxes"):
        open_dataset(tmp_path / "mpii", detections=tmp_path / "x.json")

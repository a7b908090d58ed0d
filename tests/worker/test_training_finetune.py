"""A user's own footage: labels of OpenPose beside pictures or a video, people held out, the weights that ship."""

import json
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from labelled_people import CONFIGS, SHORT, draw_people, mocap_train, write_config

from mocap_worker.evaluation import EvaluationError
from mocap_worker.training.annotated import as_dataset, held_out, own_skeleton, read_people
from mocap_worker.training.recipe import TrainingError
from mocap_worker.vitpose.model_config import load_model_config

# Where OpenPose puts COCO's keypoints, by the tables in its documentation (BODY_25 and COCO).
BODY_25 = "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist mid_hip right_hip "
BODY_25 += "right_knee right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear left_ear "
BODY_25 += "left_big_toe left_small_toe left_heel right_big_toe right_small_toe right_heel"
COCO_18 = "nose neck right_shoulder right_elbow right_wrist left_shoulder left_elbow left_wrist right_hip right_knee "
COCO_18 += "right_ankle left_hip left_knee left_ankle right_eye left_eye right_ear left_ear"
ORDERS = {25: BODY_25.split(), 18: COCO_18.split()}
NAMES = (
    *("nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow"),
    *("right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle"),
    "right_ankle",
)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def config(tmp_path):
    return load_model_config(write_config(tmp_path / "tiny.py", SHORT))


def as_openpose(annotation, count=25, scores=None):
    """A COCO person as OpenPose writes one."""
    rows = dict(zip(NAMES, np.array(annotation["keypoints"]).reshape(-1, 3), strict=True))
    values = []
    for name in ORDERS[count]:
        x, y, _ = rows.get(name, (0, 0, 0))
        values += [x, y, (scores or {}).get(name, 0.8 if name in rows else 0.0)]
    return {"person_id": [-1], "pose_keypoints_2d": values}


def write_openpose(folder, stems, people):
    folder.mkdir(parents=True, exist_ok=True)
    for stem, of in zip(stems, people, strict=True):
        (folder / f"{stem}_keypoints.json").write_text(json.dumps({"version": 1.3, "people": of}), "utf-8")
    return folder


@pytest.fixture
def drawn(tmp_path):
    """COCO annotations of four pictures, and their content."""
    file = draw_people(tmp_path / "drawn", 4)
    return file, json.loads(file.read_text())


@pytest.mark.parametrize("count", [25, 18])
def test_openposes_keypoints_are_cocos_of_the_same_names(tmp_path, drawn, config, count):
    file, content = drawn
    scores = {"left_wrist": 0.1}
    unsure = dict.fromkeys(NAMES, 0.1)
    people = [[as_openpose(a, count, scores), as_openpose(a, count, unsure)] for a in content["annotations"]]
    write_openpose(file.parent, "0123", people)
    found = read_people(file.parent, config)
    assert len(found) == 4  # the second person in each picture is too unsure to be one
    for rows, box, annotation in zip(found.keypoints, found.boxes, content["annotations"], strict=True):
        true = np.array(annotation["keypoints"]).reshape(-1, 3)
        wrist = NAMES.index("left_wrist")
        assert rows[wrist].tolist() == [0, 0, 0]
        keep = np.arange(17) != wrist
        assert np.allclose(rows[keep], true[keep], atol=1e-3)
        low, high = true[keep, :2].min(0), true[keep, :2].max(0)
        assert box == pytest.approx([*(low - (high - low) / 8), *(high + (high - low) / 8)], abs=0.5)


def test_labels_of_a_video_are_learnt_with_its_frames(tmp_path, drawn, config):
    file, content = drawn
    video = tmp_path / "mine" / "dance.mp4"
    video.parent.mkdir()
    pictures = [cv2.imread(str(file.parent / f"{i}.png"))[..., ::-1] for i in range(4)]
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = 160, 200, "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")))
        container.mux(stream.encode())
    numbers = (0, 1, 3)  # a frame without anybody has no file, or an empty one
    stems = [f"dance_{n:012d}" for n in (*numbers, 2)]
    people = [[as_openpose(content["annotations"][n])] for n in numbers]
    labels = write_openpose(tmp_path / "mine" / "json", stems, [*people, []])
    found = read_people(labels, config, frames=tmp_path / "frames")
    assert len(found) == 3 and len(set(found.pictures)) == 3
    for path, n in zip(found.pictures, numbers, strict=True):
        frame = cv2.imread(path)[..., ::-1].astype(float)
        nearest = int(np.argmin([np.abs(frame - picture).mean() for picture in pictures]))
        assert nearest == n
    written = {path: Path(path).stat().st_mtime_ns for path in found.pictures}
    again = read_people(labels, config, images=video, frames=tmp_path / "frames")
    assert {path: Path(path).stat().st_mtime_ns for path in again.pictures} == written

    numbers = SHORT | {"epochs": 1, "batch_size": 3}
    code, text = mocap_train(
        write_config(tmp_path / "t.py", numbers), "--data", labels, "--out", tmp_path / "run", "--device", "cpu"
    )
    assert code == 0, text
    assert "3 people in 3 pictures" in text and (tmp_path / "run/frames").is_dir()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda person: person.update(pose_keypoints_2d=[1.0] * 30), "are 30 numbers; expected x, y and score"),
        (lambda person: person.update(pose_keypoints_2d=[float("nan")] * 75), "are 75 numbers; expected"),
        (lambda person: person.pop("pose_keypoints_2d"), "numbers; expected x, y and score"),
        (
            lambda person: person.update(pose_keypoints_2d=[0.5, 0.5, 0.9] * 25),
            "shares of the picture; let OpenPose run with --keypoint_scale 0",
        ),
        (lambda person: person.update(pose_keypoints_2d=[900.0, 5.0, 0.9] * 25), "lie outside of the picture"),
        (lambda person: person.update(pose_keypoints_2d=[9.0, 5.0, 0.1] * 25), "nobody has 5 keypoints"),
    ],
)
def test_labels_that_cannot_be_used_are_told_of(tmp_path, drawn, config, change, told):
    file, content = drawn
    person = as_openpose(content["annotations"][0])
    change(person)
    write_openpose(file.parent, "0", [[person]])
    with pytest.raises(EvaluationError, match=told):
        read_people(file.parent, config)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["people", "a"]), inner, max_size=2),
    max_leaves=8,
)
ROWS = st.lists(st.integers(-300, 300) | st.floats() | st.just(10**400), min_size=75, max_size=75) | ANYTHING
PEOPLE = st.lists(st.dictionaries(st.sampled_from(["pose_keypoints_2d", "person_id"]), ROWS) | ANYTHING, max_size=2)


@given(ANYTHING | st.fixed_dictionaries({"people": PEOPLE}))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_file_holds_it_is_read_or_told_of(fuzzed, content):
    config, folder = fuzzed
    (folder / "0_keypoints.json").write_text(json.dumps(content), "utf-8")
    try:
        assert len(read_people(folder, config))
    except EvaluationError as error:
        assert "\n" not in str(error)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    """A config, and a folder with a picture."""
    folder = tmp_path_factory.mktemp("fuzzed")
    return load_model_config(write_config(folder / "tiny.py", SHORT)), draw_people(folder / "drawn", 1).parent


@given(ANYTHING, ANYTHING)
@settings(max_examples=60, deadline=None)
def test_names_of_keypoints_are_taken_or_left(names, limbs):
    skeleton = own_skeleton([{"id": 1, "keypoints": names, "skeleton": limbs}], 2)
    assert skeleton is None or (len(skeleton.keypoints) == 2 and all(max(pair) < 2 for pair in skeleton.limbs))


def test_a_skeleton_is_read_off_the_names_of_its_keypoints():
    names = ["left_paw", "tail", "right_paw", "left_ear"]
    skeleton = own_skeleton([{"id": 1, "keypoints": names, "skeleton": [[1, 2], [2, 3], [4, 9]]}], 4)
    assert skeleton.flip_pairs == ((0, 2),) and skeleton.limbs == ((0, 1), (1, 2))
    assert own_skeleton([{"id": 1, "keypoints": names}], 5) is None


def test_labels_without_their_pictures_are_told_of(tmp_path, drawn, config):
    people = [[as_openpose(drawn[1]["annotations"][0])]]
    labels = write_openpose(tmp_path / "alone" / "json", ["nowhere"], people)
    with pytest.raises(EvaluationError, match=r"nowhere_keypoints\.json is not there: expected nowhere\.jpg"):
        read_people(labels, config)
    (labels / "nowhere_keypoints.json").write_text("[1, 2]")
    with pytest.raises(EvaluationError, match="is not as OpenPose writes it"):
        read_people(labels, config)
    (tmp_path / "alone" / "clip.mp4").write_bytes(b"\0no film")
    labels = write_openpose(tmp_path / "alone" / "two", ["clip_000000000007"], people)
    with pytest.raises(EvaluationError, match=r"clip\.mp4 is no video"):
        read_people(labels, config, frames=tmp_path / "frames")
    other = load_model_config(write_config(tmp_path / "aic.py", SHORT, keypoints=14, labels="AicDataset"))
    with pytest.raises(EvaluationError, match=r"OpenPose's labels in .* are COCO's 17 keypoints; aic finds aic14"):
        read_people(labels, other)


def test_the_last_pictures_are_held_out(tmp_path, config):
    people = read_people(draw_people(tmp_path, 10), config)
    trained, aside = held_out(people, 0.2)
    assert aside.ids.tolist() == [108, 109] and trained.ids.tolist() == list(range(100, 108))
    dataset = as_dataset(aside, config)
    assert [box.annotation_id for box in dataset.boxes] == [108, 109] and dataset.kind == "coco"
    assert np.allclose(dataset.annotations["annotations"][0]["keypoints"], people.keypoints[8].reshape(-1))
    with pytest.raises(TrainingError, match="too few to hold out 90%"):
        held_out(held_out(people, 0.9)[0], 0.9)


def test_people_left_out_are_told_of_where_others_are_held_out(tmp_path):
    data = draw_people(tmp_path, 6)
    content = json.loads(data.read_text())
    content["annotations"][2]["bbox"] = [5, 5, 0, 0]
    data.write_text(json.dumps(content))
    config = write_config(tmp_path / "tiny.py", SHORT | {"held_out": 0.4, "epochs": 1, "val_every": 9})
    code, text = mocap_train(
        config, "--data", data, "--out", tmp_path / "run", "--device", "cpu", "--workers", 0, "--minutes", 0.001
    )
    assert code == 0, text
    assert text.count("1 labelled people have a box without area; they are left out.") == 1
    assert "3 people in 3 pictures" in text


def test_the_fine_tune_recipe_learns_from_the_weights_that_ship(tmp_path):
    """The shipped config, on the shipped weights, with the clock nearly out: half a minute of its twenty."""
    data = draw_people(tmp_path / "data", 6)
    config = tmp_path / "finetune.py"
    shipped = CONFIGS / "train_finetune_t.py"
    numbers = "batch_size=2, samples_every=2, log_every=1, checkpoint_every=100, held_out=0.34, val_every=1000"
    config.write_text(f'_base_ = "{shipped}"\n\ntraining = dict({numbers})\n', "utf-8")
    run = tmp_path / "run"
    code, text = mocap_train(
        config, "--init", "vitpose_t_simple_coco_256x192", "--data", data, "--out", run, "--minutes", 0.05,
        "--device", "cpu", "--workers", 0, "--export", tmp_path / "mine.safetensors",
    )  # fmt: skip
    assert code == 0, text
    assert "4 people in 4 pictures, 0.05 minutes on cpu" in text and " of 0.05 min)" in text
    assert "step 0: AP " in text and text.count("AP ") >= 2
    assert (run / "best.safetensors").is_file() and (tmp_path / "mine.safetensors").is_file()
    assert list((run / "samples").glob("*.png"))
    state = torch.load(run / "last.pt", weights_only=True)
    assert state["spent_s"] >= 3.0

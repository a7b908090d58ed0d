"""`mocap eval` on a take and its video: packets find their frames, and the shares are of the torso."""

import itertools
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from mocap_core.protocol import PosePacket, encode_pose
from mocap_worker.evaluation import EvaluationError
from mocap_worker.evaluation.measures import measure
from mocap_worker.evaluation.take import median_pose_pck, open_demo, open_take

DEMO = Path(str(resources.files("mocap_worker.demo")))
CLIP = DEMO / "clip.mp4"
FRAMES = range(0, 40, 4)


@pytest.fixture(scope="module")
def truth():
    return np.load(DEMO / "clip_truth.npz")["keypoints"][list(FRAMES)]


def written(folder, keypoints, size=(640, 480), scores=None):
    """Packets of every fourth frame of the clip that ships, in a file."""
    lines = []
    for row, (number, places) in enumerate(zip(FRAMES, keypoints, strict=False)):
        given = np.full(17, 0.9) if scores is None else scores[row]
        meta = {"v": 1, "session": "a", "seq": row, "size": list(size), "skeleton": "coco17"}
        lines.append(encode_pose(PosePacket(places, given, None, number / 30, meta)))
    path = folder / "packets.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def results_of(dataset, shift_px=0.0):
    """Results that say just what the labels say, moved to the right."""
    out = []
    for annotation in dataset.annotations["annotations"]:
        rows = np.array(annotation["keypoints"], float).reshape(-1, 3)
        rows[:, 0] += shift_px
        rows[:, 2] = 0.9
        named = {"annotation_id": annotation["id"], "image_id": annotation["image_id"], "category_id": 1, "score": 0.9}
        out.append({**named, "keypoints": rows.reshape(-1).tolist()})
    return out


def test_each_packet_finds_the_frame_of_its_time(tmp_path, truth):
    dataset = open_take(written(tmp_path, truth), CLIP)
    assert len(dataset.annotations["annotations"]) == len(FRAMES)
    # The clip's fourth frame is not its first: pictures differ as the frames do.
    pictures = [dataset.images[i].astype(int) for i in range(len(FRAMES))]
    assert all(np.abs(a - b).max() > 20 for a, b in itertools.pairwise(pictures))
    box, found = dataset.boxes[3].xyxy, np.round(truth[3], 1)
    assert np.allclose(box, (*found.min(0), *found.max(0)), atol=0.1)


def test_the_demos_clip_has_its_truth_in_every_frame():
    dataset = open_demo()
    with np.load(CLIP.with_name("clip_truth.npz")) as data:
        truth = data["keypoints"]
    labelled = np.array([a["keypoints"] for a in dataset.annotations["annotations"]]).reshape(len(truth), 17, 3)
    np.testing.assert_allclose(labelled[..., :2], truth, atol=1e-3)
    assert labelled[..., 2].all() and len(dataset.images) == len(truth)


def test_shares_are_within_a_fifth_of_the_torso(tmp_path, truth):
    dataset = open_take(written(tmp_path, truth), CLIP)
    torso = np.array([a["torso_px"] for a in dataset.annotations["annotations"]])
    diagonals = [np.linalg.norm(truth[:, a] - truth[:, b], axis=1) for a, b in ((5, 12), (6, 11))]
    assert np.allclose(torso, np.maximum(*diagonals), atol=0.2)
    for shift, share in ((0.0, 1.0), (0.19 * torso.min(), 1.0), (0.21 * torso.max(), 0.0)):
        figures = measure(dataset, results_of(dataset, shift))
        assert figures["measures"]["all"]["pck_0_2"] == share
        assert set(figures["pck_0_2_by_keypoint"].values()) == {share}


def test_unsure_keypoints_are_no_labels_and_do_not_count(tmp_path, truth):
    scores = np.full((len(FRAMES), 17), 0.9)
    scores[:, 9], scores[1:, 10] = 0.2, 0.1  # the left wrist is never labelled, the right one once
    scores[5, 4:] = 0.0  # hardly anybody
    dataset = open_take(written(tmp_path, truth, scores=scores), CLIP)
    assert [a["id"] for a in dataset.annotations["annotations"]] == [i for i in range(len(FRAMES)) if i != 5]
    figures = measure(dataset, results_of(dataset))
    shares = figures["pck_0_2_by_keypoint"]
    assert np.isnan(shares["left_wrist"]) and shares["right_wrist"] == 1.0


def test_a_still_person_is_met_by_the_median_pose_and_a_jumping_one_is_not(tmp_path, truth):
    still = open_take(written(tmp_path, np.repeat(truth[:1], len(FRAMES), axis=0)), CLIP)
    assert median_pose_pck(still.annotations["annotations"]) == 1.0
    jumping = truth[:1] + np.arange(len(FRAMES))[:, None, None] * [0.0, 60.0]
    moved = open_take(written(tmp_path, jumping), CLIP)
    assert median_pose_pck(moved.annotations["annotations"]) < 0.3


def test_what_does_not_belong_together_is_told(tmp_path, truth):
    path = written(tmp_path, truth)
    with pytest.raises(EvaluationError, match="say with --images which video"):
        open_take(path, None)
    with pytest.raises(EvaluationError, match=r"--images: .*nothing\.mp4"):
        open_take(path, tmp_path / "nothing.mp4")
    with pytest.raises(EvaluationError, match=r"is 640×480, packets.jsonl is of a picture of \(1280, 720\)"):
        open_take(written(tmp_path, truth, size=(1280, 720)), CLIP)
    with pytest.raises(EvaluationError, match="shows nobody with 6 keypoints"):
        open_take(written(tmp_path, truth, scores=np.full((len(FRAMES), 17), 0.1)), CLIP)
    (tmp_path / "notes.jsonl").write_text("nothing\n")
    with pytest.raises(EvaluationError, match="no take"):
        open_take(tmp_path / "notes.jsonl", CLIP)

"""What a run shows of itself: curves, pictures with predictions, progress; and that none of it stops a training."""

import sys

import cv2
import numpy as np
import pytest
import torch
from labelled_people import COCO, SHORT, STILL, draw_people, mocap_train, write_config

from mocap_worker.training.curves import Curves
from mocap_worker.training.progress import Progress
from mocap_worker.training.samples import prediction_sheet


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def points_of(folder):
    """What TensorBoard itself reads: for each curve its steps and values; steps with pictures."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    read = accumulator.EventAccumulator(str(folder), size_guidance={"images": 0, "scalars": 0})
    read.Reload()
    curves = {tag: [(e.step, e.value) for e in read.Scalars(tag)] for tag in read.Tags()["scalars"]}
    return curves, [e.step for tag in read.Tags()["images"] for e in read.Images(tag)]


def test_a_run_leaves_curves_and_pictures_and_goes_on_with_them(tmp_path):
    data = draw_people(tmp_path / "data", 4)
    numbers = SHORT | {"epochs": 4, "log_every": 1, "samples_every": 2, "val_every": 2, "augmentation": STILL}
    first = write_config(tmp_path / "first.py", numbers)
    longer = write_config(tmp_path / "longer.py", numbers | {"epochs": 5})
    common = ("--data", data, "--val", data, "--out", tmp_path / "run", "--device", "cpu", "--workers", 0)
    for config in (first, longer):
        code, text = mocap_train(config, *common)
        assert code == 0, text
    curves, pictures = points_of(tmp_path / "run/curves")
    assert [step for step, _ in curves["loss"]] == list(range(1, 11)) and pictures == [2, 4, 6, 8, 10]
    assert {"loss", "rate", "pictures_per_s", "ap"} == set(curves)
    assert curves["rate"][-1][1] == pytest.approx(1e-4) and [s for s, _ in curves["ap"]] == [4, 8, 10]
    sheets = sorted((tmp_path / "run/samples").iterdir())
    assert [sheet.name for sheet in sheets] == [f"{step:07d}.png" for step in (2, 4, 6, 8, 10)]
    assert cv2.imread(str(sheets[0])).shape == (128, 2 * 96, 3)


def test_without_tensorboard_a_sentence_says_so_and_pictures_are_kept(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    lines = []
    curves = Curves(tmp_path, 0, lines.append)
    curves.figures(1, {"loss": 1.0})
    curves.picture(1, np.zeros((8, 8, 3), np.uint8))
    curves.close()
    assert lines == ["TensorBoard is not installed, so no curves are kept: `uv sync --extra train` installs it."]
    assert (tmp_path / "samples/0000001.png").is_file()


def test_what_cannot_be_written_is_said_and_stops_nothing(tmp_path):
    (tmp_path / "samples").write_text("in the way")
    (tmp_path / "curves").write_text("in the way")
    lines = []
    curves = Curves(tmp_path, 0, lines.append)
    curves.figures(1, {"loss": 1.0})
    curves.picture(1, np.zeros((8, 8, 3), np.uint8))
    curves.close()
    assert len(lines) == 2 and "No curves are kept" in lines[0] and "0000001.png cannot be written" in lines[1]


def test_a_sheet_shows_what_was_found_and_what_is_true():
    images = np.full((5, 60, 40, 3), 90, np.uint8)
    found = np.full((5, 17, 2), np.nan)
    scores, true = np.zeros((5, 17)), np.zeros((5, 17, 2))
    labelled = np.zeros((5, 17), bool)
    shoulder, elbow, hip = (COCO.keypoints.index(f"left_{name}") for name in ("shoulder", "elbow", "hip"))
    found[0, shoulder], found[0, elbow], scores[0, [shoulder, elbow]] = (10, 10), (30, 10), 0.9
    found[0, hip], scores[0, hip] = (20, 40), 0.1  # too unsure to be drawn
    true[4, hip], labelled[4, hip] = (20, 50), True
    sheet = prediction_sheet(images, found, scores, true, labelled, COCO)
    assert sheet.shape == (2 * 60, 4 * 40, 3)
    orange, green = np.array([255, 140, 40]), np.array([60, 255, 60])
    assert np.abs(sheet[10, 20] - orange.astype(int)).max() < 30  # between shoulder and elbow
    assert (sheet[40, 20] == 90).all()
    assert (sheet[60 + 50, 20] == green).all() and (sheet[60:, 40:] == 0).all()
    bare = prediction_sheet(images[:1], found[:1], scores[:1], true[:1], labelled[:1], None)
    assert bare.shape == (60, 40, 3) and (bare[10, 20] == 90).all() and (bare[10, 10] == 245).all()


def test_progress_counts_from_where_a_run_goes_on(monkeypatch):
    now = [100.0]
    monkeypatch.setattr("mocap_worker.training.progress.time.perf_counter", lambda: now[0])
    progress = Progress(step=50, pictures=8)
    progress.loss(2.0), progress.loss(4.0)
    progress.waited(2.5)
    now[0] = 110.0
    assert progress.figures(60) == {"loss": 3.0, "pictures_per_s": 8.0}
    assert progress.waiting() == pytest.approx(0.25) and progress.left_s(60, 90) == pytest.approx(30.0)

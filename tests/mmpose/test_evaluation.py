"""`mocap eval` from pictures to AP, against mmpose's own data set, crops, network, flip test and metric."""

import json
import os
import subprocess
import sys
from functools import cache, partial
from importlib import resources

import av
import cv2
import numpy as np
import pytest

pytest.importorskip("mmpose", reason="`python tests/mmpose/run.py` runs the tests against mmpose")
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmpose.datasets.datasets import CocoDataset
from mmpose.evaluation.metrics import CocoMetric

from mocap_worker.backends import load_backend

DEMO = resources.files("mocap_worker.demo")
NAMES = {"ap": "AP", "ap_50": "AP .5", "ap_75": "AP .75", "ap_l": "AP (L)", "ar": "AR", "ar_75": "AR .75"}
PICTURES = 8


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Pictures of the demo clip's person beside its mirror image, a COCO file of both and a detector's boxes."""
    folder = tmp_path_factory.mktemp("a data set")
    (folder / "images").mkdir()
    rng = np.random.default_rng(0)
    truth = np.load(str(DEMO / "clip_truth.npz"))["keypoints"]
    pairs = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
    chosen = np.linspace(5, 290, PICTURES).astype(int)
    images, people, found = [], [], []
    with av.open(str(DEMO / "clip.mp4")) as container:
        frames = [f.to_ndarray(format="rgb24") for i, f in enumerate(container.decode(video=0)) if i in chosen]
    for number, (index, frame) in enumerate(zip(chosen, frames, strict=True), start=1):
        height, width = frame.shape[:2]
        both = np.hstack([frame, frame[:, ::-1]])
        cv2.imwrite(str(folder / "images" / f"{number}.png"), both[..., ::-1])
        images.append({"id": number, "file_name": f"{number}.png", "width": 2 * width, "height": height})
        mirrored = truth[index][pairs] * [-1, 1] + [2 * width - 1, 0]
        for points in (truth[index], mirrored):
            low, high = points.min(axis=0) - 15, points.max(axis=0) + 15
            size = high - low
            # Labels as noisy as the network, so that AP is no 1.
            noisy = points + rng.normal(0, 0.02 * np.sqrt(size.prod()), points.shape)
            person = {"id": len(people) + 1, "image_id": number, "category_id": 1, "iscrowd": 0}
            person |= {"bbox": [*low.tolist(), *size.tolist()], "area": float(size.prod() * 0.5), "num_keypoints": 17}
            people.append(person | {"keypoints": np.column_stack([noisy, np.full(17, 2)]).reshape(-1).tolist()})
            for _ in range(rng.integers(0, 4)):  # missed, or found up to three times
                box = np.array([*low, *size]) + rng.normal(0, 6, 4)
                found.append({"image_id": number, "category_id": 1, "bbox": box.tolist(), "score": rng.uniform(0.3, 1)})
        empty = [*rng.uniform(0, 100, 2).tolist(), 90.0, 160.0]
        found.append({"image_id": number, "category_id": 1, "bbox": empty, "score": rng.uniform(0.05, 0.5)})
    labels = {"images": images, "annotations": people, "categories": [{"id": 1, "name": "person"}]}
    (folder / "person_keypoints_val.json").write_text(json.dumps(labels))
    (folder / "detections.json").write_text(json.dumps(found))
    return folder


@pytest.fixture(scope="module")
def figures_of_mmpose(data):
    """By whether the detector's boxes are taken and the flip test is on."""
    return cache(partial(figures, data))


def figures(data, detections, flip):
    init_default_scope("mmpose")
    backend = load_backend(device="cpu", name="mmpose")
    backend.model.test_cfg["flip_test"] = flip
    dataset = CocoDataset(
        ann_file=str(data / "person_keypoints_val.json"),
        bbox_file=str(data / "detections.json") if detections else None,
        data_prefix={"img": str(data / "images")},
        data_mode="topdown",
        test_mode=True,
        pipeline=backend.model.cfg.test_dataloader.dataset.pipeline,
    )
    metric = CocoMetric(ann_file=str(data / "person_keypoints_val.json"))
    metric.dataset_meta = dataset.metainfo
    for i in range(len(dataset)):
        samples = backend.model.test_step(pseudo_collate([dataset[i]]))
        metric.process([{}], [sample.to_dict() for sample in samples])
    return metric.compute_metrics(metric.results)


@pytest.mark.parametrize(
    ("detections", "flip", "backend"), [(True, True, "torch"), (False, False, "torch"), (True, True, "mmpose")]
)
def test_mocap_eval_equals_mmposes_whole_way(detections, flip, backend, data, figures_of_mmpose, tmp_path):
    command = [sys.executable, "-m", "mocap_worker", "eval", "--model", "vitpose_t_simple_coco_256x192", "--data", data]
    command += ["--flip" if flip else "--no-flip", "--no-jitter", "--json", tmp_path / "figures.json"]
    command += ["--journal", tmp_path / "journal", "--device", "cpu", "--backend", backend]
    command += ["--detections", data / "detections.json"] if detections else []
    environment = os.environ | {"VITPOSE_CONFIG": "", "VITPOSE_CHECKPOINT": ""}
    run = subprocess.run([str(part) for part in command], capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr
    ours = json.loads((tmp_path / "figures.json").read_text())["measures"]["all"]
    theirs = figures_of_mmpose(detections, flip)
    print({name: (ours[name], theirs[mmposes]) for name, mmposes in NAMES.items()})
    assert 0.1 < ours["ap"] < 0.95
    for name, mmposes in NAMES.items():
        assert ours[name] == pytest.approx(theirs[mmposes], abs=1e-6), name

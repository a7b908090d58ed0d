"""What `mocap eval` measures, against mmpose's own metrics, on generated people and predictions."""

import json

import numpy as np
import pytest

pytest.importorskip("mmpose", reason="`python tests/mmpose/run.py` runs the tests against mmpose")
from mmpose.datasets import datasets as mmpose_datasets
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.evaluation.metrics import AUC, EPE, CocoMetric, CocoWholeBodyMetric, MpiiPCKAccuracy, coco_wholebody_metric

from mocap_worker.evaluation import coco, pck
from mocap_worker.evaluation.results import Prediction, coco_results
from mocap_worker.evaluation.sigmas import SIGMAS, WHOLEBODY_PARTS

SEEDS = range(4)
NAMES = {
    **{"ap": "AP", "ap_50": "AP .5", "ap_75": "AP .75", "ap_m": "AP (M)", "ap_l": "AP (L)"},
    **{"ar": "AR", "ar_50": "AR .5", "ar_75": "AR .75", "ar_m": "AR (M)", "ar_l": "AR (L)"},
}
CROWD_NAMES = {
    **{"ap": "AP", "ap_50": "AP .5", "ap_75": "AP .75", "ar": "AR", "ar_50": "AR .5", "ar_75": "AR .75"},
    **{"ap_easy": "AP(E)", "ap_medium": "AP(M)", "ap_hard": "AP(H)"},
}


def metainfo(dataset):
    return parse_pose_metainfo(getattr(mmpose_datasets, dataset).METAINFO)


def generated(seed, keypoints, pictures=25):
    """COCO annotations: small and large people, joints without labels, people without any, crowds, empty pictures."""
    rng = np.random.default_rng(seed)
    images, people = [], []
    for image in range(1, pictures + 1):
        images.append({"id": image, "width": 640, "height": 480, "file_name": f"{image}.jpg"})
        images[-1]["crowdIndex"] = float(rng.choice([0.0, 0.1, 0.3, 0.6, 0.85, 1.0]))
        for _ in range(rng.integers(0, 6)):
            size = rng.uniform(20, [200, 300])
            corner = rng.uniform([0, 0], [640, 480] - size)
            points = corner + rng.uniform(0, 1, (keypoints, 2)) * size
            visibility = rng.choice([0, 1, 2], keypoints, p=[0.2, 0.2, 0.6])
            kind = rng.choice(["person", "crowd", "unlabelled"], p=[0.8, 0.1, 0.1])
            if kind == "unlabelled":
                visibility[:] = 0
            points[visibility == 0] = 0
            people.append(
                {
                    "id": len(people) + 1,
                    "image_id": image,
                    "category_id": 1,
                    "bbox": [*corner.tolist(), *size.tolist()],
                    "area": float(size.prod() * rng.uniform(0.3, 0.8)),
                    "iscrowd": int(kind == "crowd"),
                    "num_keypoints": int((visibility > 0).sum()),
                    "keypoints": np.column_stack([points, visibility]).reshape(-1).tolist(),
                }
            )
    return {"images": images, "annotations": people, "categories": [{"id": 1, "name": "person"}]}


def rows_of(person, fields=("keypoints",)):
    return np.concatenate([np.array(person[field]).reshape(-1, 3) for field in fields])


def predicted(annotations, seed, fields=("keypoints",)):
    """Perturbed keypoints, some people missed, some found two or three times, and people where nobody is."""
    rng = np.random.default_rng(100 + seed)
    found = []

    def add(image_id, points, extent):
        scores = rng.uniform(0, 1, len(points)) * rng.choice([0.15, 1.0], p=[0.1, 0.9])
        found.append(
            Prediction(image_id, 1, points, scores, float(rng.uniform(0.05, 1)), float(np.prod(extent) * 1.25**2))
        )

    for person in annotations["annotations"]:
        rows, extent = rows_of(person, fields), np.array(person["bbox"][2:])
        corner = np.array(person["bbox"][:2])
        points = np.where(rows[:, 2:] > 0, rows[:, :2], corner + rng.uniform(0, 1, (len(rows), 2)) * extent)
        spread = rng.choice([0.005, 0.03, 0.1]) * np.sqrt(person["area"])
        for _ in range(rng.choice([0, 1, 2, 3], p=[0.15, 0.6, 0.15, 0.1])):
            points = points + rng.normal(0, spread, points.shape)
            add(person["image_id"], points, extent)
            spread = 0.002 * np.sqrt(person["area"])  # the same person in another box, almost
    for image in rng.choice([image["id"] for image in annotations["images"]], 8):
        extent = rng.uniform(30, 200, 2)
        points = rng.uniform([0, 0], [400, 300]) + rng.uniform(0, 1, (len(found[0].keypoints), 2)) * extent
        add(int(image), points, extent)
    order = rng.permutation(len(found))
    return [found[i] for i in order]


def mmposes(metric, predictions, meta):
    """The figures of one of mmpose's metrics."""
    metric.dataset_meta = meta
    for i, person in enumerate(predictions):
        side = np.sqrt(person.crop_area)
        sample = {
            "id": i,
            "img_id": person.image_id,
            "category_id": person.category_id,
            "pred_instances": {"keypoints": person.keypoints[None], "keypoint_scores": person.scores[None]},
            "gt_instances": {"bbox_scores": np.array([person.box_score]), "bbox_scales": np.array([[side, side]])},
        }
        metric.process([{}], [sample])
    return metric.compute_metrics(metric.results)


def equal(ours, theirs, names):
    """Figure by figure; what is −1 in COCO's tools is NaN here."""
    for mine, name in names.items():
        expected = np.nan if theirs[name] == -1 else theirs[name]
        near = 5.1e-5 if name in ("AP(E)", "AP(M)", "AP(H)") else 1e-9  # these are rounded there
        assert ours[mine] == pytest.approx(expected, abs=near, nan_ok=True), mine


def written(tmp_path, annotations):
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(annotations))
    return str(path)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("dataset", "skeleton", "use_area"),
    [("CocoDataset", "coco17", True), ("AicDataset", "aic14", False), ("AP10KDataset", "ap10k17", True)],
)
def test_ap_and_ar_equal_mmposes(dataset, skeleton, use_area, seed, tmp_path):
    annotations = generated(seed, len(SIGMAS[skeleton]))
    predictions = predicted(annotations, seed)
    metric = CocoMetric(ann_file=written(tmp_path, annotations), use_area=use_area)
    theirs = mmposes(metric, predictions, metainfo(dataset))
    results = coco_results(predictions, SIGMAS[skeleton])
    assert len(results) < len(predictions)  # some were duplicates
    ours = coco.evaluate(annotations, results, SIGMAS[skeleton], use_area)
    assert 0.05 < ours["ap"] < 0.9
    equal(ours, theirs, NAMES)


@pytest.mark.parametrize("seed", SEEDS)
def test_crowdposes_figures_equal_mmposes(seed, tmp_path):
    annotations = generated(seed, 14)
    predictions = predicted(annotations, seed)
    metric = CocoMetric(ann_file=written(tmp_path, annotations), iou_type="keypoints_crowd", use_area=False)
    theirs = mmposes(metric, predictions, metainfo("CrowdPoseDataset"))
    ours = coco.evaluate_crowdpose(annotations, coco_results(predictions, SIGMAS["crowdpose14"]))
    equal(ours, theirs, CROWD_NAMES)
    assert len({round(ours[name], 6) for name in ("ap", "ap_easy", "ap_medium", "ap_hard")}) == 4


@pytest.mark.parametrize("seed", SEEDS)
def test_wholebodys_parts_equal_mmposes(seed, tmp_path, monkeypatch):
    fields = [field for field, _ in WHOLEBODY_PARTS.values()]
    annotations = generated(seed, 133)
    for person in annotations["annotations"]:
        values = person["keypoints"]
        for field, where in WHOLEBODY_PARTS.values():
            person[field] = values[3 * where.start : 3 * where.stop]
    predictions = predicted(annotations, seed, fields)

    runs = {}  # mmpose gives the whole body's figures and prints those of the parts

    class Kept(coco_wholebody_metric.COCOeval):
        def summarize(self):
            super().summarize()
            runs[self.params.iouType] = dict(zip(NAMES.values(), self.stats, strict=True))

    monkeypatch.setattr(coco_wholebody_metric, "COCOeval", Kept)
    mmposes(CocoWholeBodyMetric(ann_file=written(tmp_path, annotations)), predictions, metainfo("CocoWholeBodyDataset"))
    ours = coco.evaluate_wholebody(annotations, coco_results(predictions, SIGMAS["coco133"]))
    assert ours.keys() == {"body", "foot", "face", "left_hand", "right_hand", "wholebody"}
    for part, figures in ours.items():
        equal(figures, runs[f"keypoints_{part.replace('_', '')}"], NAMES)


@pytest.mark.parametrize("dataset", ["coco17", "crowdpose14", "coco133"])
def test_perfect_predictions_score_1(dataset):
    annotations = generated(7, len(SIGMAS[dataset]))
    people = [p for p in annotations["annotations"] if p["num_keypoints"] and not p["iscrowd"]]
    predictions = [
        Prediction(p["image_id"], 1, rows_of(p)[:, :2], np.full(len(rows_of(p)), 0.9), 1.0, p["area"]) for p in people
    ]
    results = coco_results(predictions, SIGMAS[dataset])
    if dataset == "crowdpose14":
        figures = coco.evaluate_crowdpose(annotations, results)
    else:
        figures = coco.evaluate(annotations, results, SIGMAS[dataset])
    assert {name: value for name, value in figures.items() if value != pytest.approx(1.0)} == {}


def people_with_heads(seed, keypoints):
    """Labelled places, what is predicted, which are labelled, and heads' sizes."""
    rng = np.random.default_rng(seed)
    truth = rng.uniform(0, 600, (60, keypoints, 2))
    found = truth + rng.normal(0, 1, truth.shape) * rng.choice([2, 10, 60], (60, keypoints, 1))
    return truth, found, rng.random((60, keypoints)) < 0.8, rng.uniform(15, 60, 60)


def samples_of(truth, found, labelled, **sizes):
    for i in range(len(truth)):
        gt = {"keypoints": truth[i][None], "keypoints_visible": labelled[i][None].astype(float)}
        gt |= {name: np.array([[values[i]]]) for name, values in sizes.items()}
        yield {"gt_instances": gt, "pred_instances": {"keypoints": found[i][None]}}


@pytest.mark.parametrize("seed", SEEDS)
def test_mpiis_pckh_equals_mmposes(seed):
    truth, found, labelled, heads = people_with_heads(seed, 16)
    metric = MpiiPCKAccuracy(thr=0.5, norm_item="head")
    # Labels count from 1 in MPII's files, where mmpose takes them from.
    metric.process([{}], list(samples_of(truth + 1, found, labelled, head_size=heads)))
    theirs = metric.compute_metrics(metric.results)
    ours = pck.pckh(found, truth, labelled, heads)
    for name in pck.PCKH_GROUPS:
        assert 100 * ours[name] == pytest.approx(theirs[f"{name.title()} PCK"], abs=1e-3)
    assert 100 * ours["pckh"] == pytest.approx(theirs["PCK"], abs=1e-3)
    assert 100 * ours["pckh_0_1"] == pytest.approx(theirs["PCK@0.1"], abs=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_auc_and_end_point_error_equal_mmposes(seed):
    truth, found, labelled, _ = people_with_heads(seed, 21)
    for metric, ours in ((AUC(), pck.auc(found, truth, labelled)), (EPE(), pck.epe(found, truth, labelled))):
        metric.process([{}], list(samples_of(truth, found, labelled)))
        (theirs,) = metric.compute_metrics(metric.results).values()
        assert ours == pytest.approx(theirs, rel=1e-5)

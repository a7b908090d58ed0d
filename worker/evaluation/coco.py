"""Average precision and recall with pycocotools, for every dataset that measures with OKS.

`annotations` is COCO's dictionary (images, annotations, categories), `results` its list of results (image_id,
category_id, keypoints as x, y, score in a row, score). Nothing here runs a network or changes its arguments.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from . import EvaluationError
from .results import NOWHERE
from .sigmas import SIGMAS, WHOLEBODY_PARTS

#: A person's area by the box where the annotations have none, as CrowdPose's evaluation has it.
BOX_TO_AREA = 0.53
#: CrowdPose's crowd index, up to which a picture is easy, and up to which it is medium.
CROWD_EASY, CROWD_MEDIUM = 0.2, 0.8


def evaluate(annotations: dict, results: list[dict], sigmas: np.ndarray, use_area: bool = True) -> dict[str, float]:
    """COCO's keypoint AP and AR: over OKS 0.50…0.95, at 0.50 and 0.75, for medium and large people.

    sigmas: (K,). use_area: False takes 0.53 of the box for a person's area, as AIC and CrowdPose do.
    Returns ap, ap_50, ap_75, ap_m, ap_l, ar, ar_50, ar_75, ar_m, ar_l, each 0…1, NaN where there is nobody.
    With several categories (AP-10K's species) each figure is the mean over those.
    Raises EvaluationError for annotations or results that do not fit.
    """
    truth = [_truth(a, a["keypoints"], sigmas, use_area) for a in annotations["annotations"]]
    found = [_found(r, r["keypoints"], r["keypoints"], sigmas) for r in results]
    return _summary(_evaluated(annotations, truth, found, sigmas))


def evaluate_crowdpose(annotations: dict, results: list[dict]) -> dict[str, float]:
    """CrowdPose's figures: AP and AR as `evaluate`, without sizes, and AP by how crowded the picture is.

    ap_easy, ap_medium and ap_hard are AP over the pictures whose crowdIndex is below 0.2, below 0.8, or more.
    A person's area is 0.53 of the box; people without a visible joint (num_keypoints 0) are ignored.
    As crowdposetools does it (Li et al., "CrowdPose", CVPR 2019).
    """
    sigmas = SIGMAS["crowdpose14"]
    truth = [_truth(a, a["keypoints"], sigmas, use_area=False) for a in annotations["annotations"]]
    for person, annotation in zip(truth, annotations["annotations"], strict=True):
        person["num_keypoints"] = annotation.get("num_keypoints", person["num_keypoints"])
    found = [_found(r, r["keypoints"], r["keypoints"], sigmas) for r in results]
    index = {image["id"]: image.get("crowdIndex") for image in annotations["images"]}
    if None in index.values():
        raise EvaluationError("The annotations' images have no crowdIndex, as CrowdPose's have.")
    run = _evaluated(annotations, truth, found, sigmas)
    figures = {name: v for name, v in _summary(run).items() if name[-2:] not in ("_m", "_l")}
    levels = {"ap_easy": [], "ap_medium": [], "ap_hard": []}
    for image, value in index.items():
        name = "ap_easy" if value < CROWD_EASY else "ap_medium" if value < CROWD_MEDIUM else "ap_hard"
        levels[name].append(image)
    for name, images in levels.items():
        figures[name] = float("nan")
        if images:
            with _quiet():
                run.params.imgIds = images
                run.evaluate()
                run.accumulate()
            figures[name] = _mean(run.eval["precision"][:, :, :, 0])
    return figures


def evaluate_wholebody(annotations: dict, results: list[dict]) -> dict[str, dict[str, float]]:
    """COCO-WholeBody's figures: `evaluate`'s for body, foot, face, left_hand, right_hand and wholebody.

    Annotations have their parts in keypoints, foot_kpts, face_kpts, lefthand_kpts and righthand_kpts; a
    result's keypoints are the 133 in this order. A result has one score for all parts, and the area of its
    body's keypoints.
    """
    parts = {name: ([field], where) for name, (field, where) in WHOLEBODY_PARTS.items()}
    parts["wholebody"] = ([field for field, _ in WHOLEBODY_PARTS.values()], slice(0, 133))
    figures = {}
    for name, (fields, where) in parts.items():
        sigmas = SIGMAS["coco133"][where]
        truth = [_truth(a, [v for f in fields for v in a[f]], sigmas) for a in annotations["annotations"]]
        found = []
        for result in results:
            rows = result["keypoints"]
            if len(rows) != 3 * 133:
                raise EvaluationError(
                    f"A result has {len(rows)} keypoint values; WholeBody needs 399, 133 times x, y, score."
                )
            found.append(_found(result, rows[3 * where.start : 3 * where.stop], rows[: 3 * 17], sigmas))
        figures[name] = _summary(_evaluated(annotations, truth, found, sigmas))
    return figures


def _truth(annotation: dict, keypoints: list, sigmas: np.ndarray, use_area: bool = True) -> dict:
    """What pycocotools needs of a labelled person."""
    name = f"Annotation {annotation.get('id')}"
    if len(keypoints) != 3 * len(sigmas):
        raise EvaluationError(
            f"{name} has {len(keypoints)} keypoint values; expected {3 * len(sigmas)}, x, y and visibility of "
            f"{len(sigmas)}. Is it another dataset?"
        )
    if use_area and "area" not in annotation:
        raise EvaluationError(f"{name} has no area, which OKS needs. CrowdPose and AIC have none: is it one of those?")
    x, y, width, height = annotation["bbox"]
    return {
        "image_id": annotation["image_id"],
        "category_id": annotation["category_id"],
        "keypoints": keypoints,
        "num_keypoints": int(np.count_nonzero(np.array(keypoints[2::3]) > 0)),
        "bbox": [x, y, width, height],
        "area": annotation["area"] if use_area else width * height * BOX_TO_AREA,
        "iscrowd": int(annotation.get("iscrowd", 0)),
    }


def _found(result: dict, keypoints: list, of_area: list, sigmas: np.ndarray) -> dict | None:
    """What pycocotools needs of a result; None for one whose keypoints all have the score 0.

    of_area: the keypoints whose extent is the area, by which people out of a range of sizes are left out.
    """
    if len(keypoints) != 3 * len(sigmas):
        raise EvaluationError(
            f"A result has {len(keypoints)} keypoint values; expected {3 * len(sigmas)}: x, y, score of each."
        )
    rows = np.array(keypoints, dtype=float).reshape(-1, 3)
    if not np.isfinite(rows).all() or not np.isfinite(result["score"]):
        raise EvaluationError(f"A result of image {result['image_id']} holds no finite numbers.")
    if not (rows[:, 2] > 0).any():
        return None
    extent = np.array(of_area, dtype=float).reshape(-1, 3)[:, :2]
    there = extent[(extent != NOWHERE).all(axis=1)]
    size = np.ptp(there, axis=0) if len(there) else np.zeros(2)
    return {
        "image_id": result["image_id"],
        "category_id": result["category_id"],
        "keypoints": list(keypoints),
        "score": result["score"],
        "area": float(size[0] * size[1]),
    }


def _evaluated(annotations: dict, truth: list[dict], found: Iterable[dict | None], sigmas: np.ndarray) -> COCOeval:
    """pycocotools' evaluation, done."""
    found = [person for person in found if person is not None]
    images = {image["id"] for image in annotations["images"]}
    strange = {person["image_id"] for person in found} - images
    if strange:
        raise EvaluationError(
            f"Results are for {len(strange)} pictures that the annotations do not have, such as {min(strange)}. "
            "Do the detections belong to other annotations?"
        )
    categories = {category["id"] for category in annotations["categories"]}
    strange = {person["category_id"] for person in found} - categories
    if strange:
        raise EvaluationError(f"Results are of the category {min(strange)}; the annotations have {sorted(categories)}.")
    with _quiet():
        run = COCOeval(_indexed(annotations, truth), _indexed(annotations, found), "keypoints")
        run.params.kpt_oks_sigmas = np.asarray(sigmas, dtype=float)
        run.evaluate()
        run.accumulate()
    return run


def _indexed(annotations: dict, people: list[dict]) -> COCO:
    """People with ids of their own from 1: pycocotools takes one with the id 0 for nobody."""
    coco = COCO()
    coco.dataset = {
        "images": annotations["images"],
        "categories": annotations["categories"],
        "annotations": [{**person, "id": i} for i, person in enumerate(people, start=1)],
    }
    coco.createIndex()
    return coco


def _summary(run: COCOeval) -> dict[str, float]:
    """The ten figures of pycocotools' own summary."""
    precision, recall = run.eval["precision"], run.eval["recall"]  # (T, R, K, A, M) and (T, K, A, M)
    at = {round(float(t), 2): i for i, t in enumerate(run.params.iouThrs)}
    size = {label: i for i, label in enumerate(run.params.areaRngLbl)}
    figures = {}
    for name, values in (("ap", precision), ("ar", recall)):
        everyone = values[..., size["all"], :]
        figures[name] = _mean(everyone)
        figures[f"{name}_50"] = _mean(everyone[at[0.5]])
        figures[f"{name}_75"] = _mean(everyone[at[0.75]])
        figures[f"{name}_m"] = _mean(values[..., size["medium"], :])
        figures[f"{name}_l"] = _mean(values[..., size["large"], :])
    return figures


def _mean(values: np.ndarray) -> float:
    """Of what could be measured: −1 stands for a category, or a size, with nobody."""
    measured = values[values > -1]
    return float(measured.mean()) if measured.size else float("nan")


@contextlib.contextmanager
def _quiet():
    """pycocotools prints as it goes."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield

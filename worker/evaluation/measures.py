"""Which measures a dataset has, and how they are worked out from results: no network runs here."""

from __future__ import annotations

import numpy as np

from ..vitpose.skeletons import SKELETONS
from . import coco, pck
from .datasets import Dataset, keypoints_in
from .diagnostics import Pairs, area_of, cut_off, oks_radius, paired
from .diagnostics import measure as diagnose
from .sigmas import SIGMAS

#: Within how many heads or boxes a keypoint is correct where OKS is not measured, and torsos for PCK.
HEADS, HAND_BOXES, TORSOS = 0.5, 0.2, 0.2
WITH_TORSOS = ("synthetic", "take")  # their annotations have torso_px


def measure(dataset: Dataset, results: list[dict]) -> dict:
    """Every figure of a dataset: its own measures, then what they hide (`diagnostics`).

    results: as `results.coco_results` gives them, keypoints in the dataset's order. NaN stands for what nobody
    shows. Raises EvaluationError.
    """
    skeleton = SKELETONS[dataset.skeleton]

    def radius_of(people: list[dict]) -> np.ndarray:
        return _radius(dataset, people)

    pairs = paired(dataset.annotations, results, keypoints_in(dataset.kind), radius_of, SIGMAS.get(skeleton.name))
    hidden = diagnose(pairs, skeleton.flip_pairs, absent_is_wrong=dataset.kind == "synthetic")
    hidden["correct_by_keypoint"] = dict(zip(skeleton.keypoints, hidden["correct_by_keypoint"], strict=True))
    if dataset.kind not in ("mpii", "interhand", "wholebody"):
        for name, ap in _ap_of_groups(dataset, results).items():
            hidden["joints"][name]["ap"] = ap
    if dataset.kind in WITH_TORSOS:
        shares = _torso_pck(dataset, pairs)
        hidden["pck_0_2_by_keypoint"] = dict(zip(skeleton.keypoints, map(float, shares), strict=True))
    return {"measures": _measures(dataset, results, pairs), **hidden}


def _measures(dataset: Dataset, results: list[dict], pairs: Pairs) -> dict[str, dict[str, float]]:
    """The dataset's own figures, 0…1 (the end-point error in px), by part where it has parts."""
    kind, annotations = dataset.kind, dataset.annotations
    shown = (pairs.predicted, pairs.truth, pairs.visibility > 0)
    if kind == "wholebody":
        return coco.evaluate_wholebody(annotations, results)
    if kind == "crowdpose":
        return {"all": coco.evaluate_crowdpose(annotations, results)}
    if kind == "mpii":
        return {"all": pck.pckh(*shown, pairs.radius[:, 0] / HEADS)}
    if kind == "interhand":
        sizes = pairs.radius[:, 0] / HAND_BOXES
        return {
            "all": {"auc": pck.auc(*shown), "pck_0_2": pck.pck(*shown, sizes, HAND_BOXES), "epe_px": pck.epe(*shown)}
        }
    figures = {"all": coco.evaluate(annotations, results, SIGMAS[dataset.skeleton], dataset.use_area)}
    if kind in WITH_TORSOS:
        shares = _torso_pck(dataset, pairs)
        figures["all"]["pck_0_2"] = float(np.nanmean(shares)) if np.isfinite(shares).any() else float("nan")
    return figures


def _torso_pck(dataset: Dataset, pairs: Pairs) -> np.ndarray:
    """(K,) at `TORSOS`; a drawn person's torso is known even where it is out of the picture."""
    torso = {a["id"]: a["torso_px"] for a in dataset.annotations["annotations"]}
    sizes = np.array([torso[i] for i in pairs.annotation_ids])
    return pck.pck_by_keypoint(pairs.predicted, pairs.truth, pairs.visibility > 0, sizes, TORSOS)


def _radius(dataset: Dataset, people: list[dict]) -> np.ndarray:
    """(M, K) px within which a keypoint is correct."""
    keypoints = len(SKELETONS[dataset.skeleton].keypoints)
    if dataset.kind == "mpii":
        sizes = HEADS * np.array([a["head_size"] for a in people])
    elif dataset.kind == "interhand":
        sizes = HAND_BOXES * np.array([max(a["bbox"][2:]) for a in people])
    else:
        return oks_radius(np.array([area_of(a, dataset.use_area) for a in people]), SIGMAS[dataset.skeleton])
    return np.repeat(sizes[:, None], keypoints, axis=1)


def _ap_of_groups(dataset: Dataset, results: list[dict]) -> dict[str, float]:
    """AP where only visible joints are labelled, only occluded ones, or only those of people cut off.

    People who keep no joint are ignored, not missed, as COCO does with people without labels.
    """
    images = {image["id"]: image for image in dataset.annotations["images"]}
    aps = {}
    for name in ("visible", "occluded", "truncated"):
        people = []
        for annotation in dataset.annotations["annotations"]:
            rows = np.array(annotation["keypoints"], dtype=float).reshape(-1, 3)
            if name == "truncated":
                rows[:, 2] *= cut_off(annotation, images[annotation["image_id"]])
            else:
                rows[:, 2] *= rows[:, 2] == {"visible": 2, "occluded": 1}[name]
            people.append({**annotation, "keypoints": rows.reshape(-1).tolist()})
        only = {**dataset.annotations, "annotations": people}
        aps[name] = coco.evaluate(only, results, SIGMAS[dataset.skeleton], dataset.use_area)["ap"]
    return aps

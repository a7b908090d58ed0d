"""What AP hides: which joints are wrong, whether left is taken for right, what a score is worth.

All of it is about people whose true pose is known, each paired with one person that was found (`paired`). A
keypoint is correct within a radius: where exp(−d² / (2 s² k²)) falls to one half for datasets that measure with
OKS, half a head for MPII, a fifth of the box for hands.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields

import numpy as np

from .coco import BOX_TO_AREA
from .oks import oks
from .results import NOWHERE

#: From the score's side of the curve: the thresholds at which precision is given.
SCORE_THRESHOLDS = np.round(np.arange(0, 1, 0.05), 2)
#: A box that comes so near to the picture's border, px, is cut off by it.
BORDER_PX = 2.0


@dataclass(frozen=True)
class Pairs:
    """People with a known pose and what was found of each; M people, K keypoints.

    annotation_ids: (M,). truth: (M, K, 2) px. visibility: (M, K), COCO's: 0 not labelled, 1 occluded, 2 visible.
    predicted: (M, K, 2) px, NaN where not found. scores: (M, K). radius: (M, K) px, within which a keypoint is
    correct. cut_off: (M,) bool, people whose box touches the picture's border. found: (M,) bool, those whom
    somebody was paired with; of the others every predicted keypoint is NaN.
    """

    annotation_ids: np.ndarray
    truth: np.ndarray
    visibility: np.ndarray
    predicted: np.ndarray
    scores: np.ndarray
    radius: np.ndarray
    cut_off: np.ndarray
    found: np.ndarray

    def of_found(self) -> Pairs:
        """Only the people who were found."""
        return Pairs(*(getattr(self, field.name)[self.found] for field in fields(self)))


def oks_radius(areas: np.ndarray, sigmas: np.ndarray) -> np.ndarray:
    """(M, K) px: where a keypoint's similarity is one half. areas: (M,) px²."""
    return 2 * sigmas * np.sqrt(2 * np.log(2) * np.maximum(areas, 0))[:, None]


def paired(
    annotations: dict,
    results: list[dict],
    keypoints_of,
    radius_of,
    sigmas: np.ndarray | None,
) -> Pairs:
    """Pairs the labelled people with results.

    A result made from a labelled person's own box (annotation_id) belongs to that person. Others are taken from
    the best score down, each by the person still free in its picture to whom its OKS is highest, where it is
    above 0. Crowds and people without a labelled keypoint are left out.

    keypoints_of: from an annotation to its x, y, visibility in a row. radius_of: from annotations to (M, K) px.
    sigmas: (K,), None where all results have an annotation_id.
    """
    images = {image["id"]: image for image in annotations["images"]}
    people = [
        a for a in annotations["annotations"] if not a.get("iscrowd") and any(v > 0 for v in keypoints_of(a)[2::3])
    ]
    truth = np.array([keypoints_of(a) for a in people], dtype=float)
    truth = truth.reshape(len(people), -1, 3) if people else np.zeros((0, 0, 3))
    predicted, scores = np.full_like(truth[..., :2], np.nan), np.zeros_like(truth[..., 2])
    partner = _partners(people, truth, results, sigmas)
    for i, r in partner.items():
        rows = np.array(results[r]["keypoints"], dtype=float).reshape(-1, 3)
        predicted[i] = np.where(rows[:, :2] == NOWHERE, np.nan, rows[:, :2])
        scores[i] = rows[:, 2]
    return Pairs(
        np.array([a["id"] for a in people], dtype=int),
        truth[..., :2],
        truth[..., 2],
        predicted,
        scores,
        radius_of(people) if people else scores,
        np.array([cut_off(a, images[a["image_id"]]) for a in people], dtype=bool),
        np.array([i in partner for i in range(len(people))], dtype=bool),
    )


def measure(pairs: Pairs, flip_pairs: tuple[tuple[int, int], ...], absent_is_wrong: bool = False) -> dict:
    """Everything this module measures of the people who were found, NaN for what nobody shows."""
    people, pairs = len(pairs.found), pairs.of_found()
    distance = np.linalg.norm(pairs.predicted - pairs.truth, axis=2)
    correct = distance <= pairs.radius  # false for NaN
    labelled = pairs.visibility > 0
    groups = {
        "visible": pairs.visibility == 2,
        "occluded": pairs.visibility == 1,
        "truncated": labelled & pairs.cut_off[:, None],
        "all": labelled,
    }
    with np.errstate(invalid="ignore"):
        by_keypoint = (correct & labelled).sum(axis=0) / labelled.sum(axis=0)
    return {
        "people": people,
        "people_found": len(pairs.truth),
        "joints": {
            name: {
                "count": int(group.sum()),
                "correct": _share(correct, group),
                "score": float(pairs.scores[group].mean()) if group.any() else float("nan"),
            }
            for name, group in groups.items()
        },
        "correct_by_keypoint": [float(v) for v in by_keypoint],
        "score_not_labelled": float(pairs.scores[~labelled].mean()) if (~labelled).any() else float("nan"),
        **swaps(pairs, flip_pairs),
        "score_curve": score_curve(correct, labelled, pairs.scores, absent_is_wrong),
    }


def swaps(pairs: Pairs, flip_pairs: tuple[tuple[int, int], ...]) -> dict[str, float]:
    """How often left is taken for right.

    A keypoint is swapped where it is not correct by its own truth and is by its mirror partner's (an
    "inversion", Ronchi and Perona, ICCV 2017). swap_rate: of the keypoints whose partner is labelled, too;
    pair_swap_rate: of the pairs, those with both exchanged.
    """
    swapped, both, count = 0, 0, 0
    for left, right in flip_pairs:
        there = (pairs.visibility[:, left] > 0) & (pairs.visibility[:, right] > 0)
        wrong = []
        for own, other in ((left, right), (right, left)):
            to_own = np.linalg.norm(pairs.predicted[:, own] - pairs.truth[:, own], axis=1)
            to_other = np.linalg.norm(pairs.predicted[:, own] - pairs.truth[:, other], axis=1)
            wrong.append(there & (to_own > pairs.radius[:, own]) & (to_other <= pairs.radius[:, other]))
        swapped += int(wrong[0].sum() + wrong[1].sum())
        both += int((wrong[0] & wrong[1]).sum())
        count += int(there.sum())
    return {
        "swap_rate": swapped / (2 * count) if count else float("nan"),
        "pair_swap_rate": both / count if count else float("nan"),
    }


def score_curve(
    correct: np.ndarray, labelled: np.ndarray, scores: np.ndarray, absent_is_wrong: bool = False
) -> list[dict[str, float]]:
    """What trusting keypoints from a score on gives, for each of SCORE_THRESHOLDS.

    precision: of those trusted, the correct ones. recall: of the labelled, those trusted and correct. count: how
    many are trusted. absent_is_wrong: unlabelled keypoints are known not to be there (drawn pictures), so that
    trusting one is wrong; otherwise they do not count, as nobody knows.
    """
    counted = np.ones_like(labelled) if absent_is_wrong else labelled
    curve = []
    for threshold in SCORE_THRESHOLDS:
        trusted = (scores >= threshold) & counted
        right = trusted & correct & labelled
        curve.append(
            {
                "threshold": float(threshold),
                "precision": float(right.sum() / trusted.sum()) if trusted.any() else float("nan"),
                "recall": float(right.sum() / labelled.sum()) if labelled.any() else float("nan"),
                "count": int(trusted.sum()),
            }
        )
    return curve


def _partners(people: list[dict], truth: np.ndarray, results: list[dict], sigmas: np.ndarray | None) -> dict[int, int]:
    """The index of each person's result, for those who have one."""
    own = {a["id"]: i for i, a in enumerate(people)}
    of_image = defaultdict(list)
    for i, a in enumerate(people):
        of_image[a["image_id"], a["category_id"]].append(i)
    partner, others = {}, []
    for r, result in enumerate(results):
        if result.get("annotation_id") is None:
            others.append(r)
        elif result["annotation_id"] in own:
            partner[own[result["annotation_id"]]] = r
    if others and sigmas is None:
        raise ValueError("results without annotation_id are paired by OKS, which needs sigmas")
    for r in sorted(others, key=lambda r: -results[r]["score"]):
        result = results[r]
        free = [i for i in of_image[result["image_id"], result["category_id"]] if i not in partner]
        if not free:
            continue
        areas = np.array([area_of(people[i]) for i in free])
        rows = np.array(result["keypoints"], dtype=float).reshape(-1, 3)
        similar = oks(rows[None, :, :2], truth[free][..., :2], truth[free][..., 2] > 0, areas, sigmas)
        if similar.max() > 0:
            partner[free[int(similar.argmax())]] = r
    return dict(sorted(partner.items()))


def area_of(annotation: dict, use_area: bool = True) -> float:
    """A person's area, px²: as labelled, or 0.53 of the box."""
    width, height = annotation["bbox"][2:4]
    return float(annotation["area"] if use_area and "area" in annotation else width * height * BOX_TO_AREA)


def cut_off(annotation: dict, image: dict) -> bool:
    """Whether a person's box touches the picture's border; False where the picture's size is not known (MPII)."""
    if "width" not in image:
        return False
    x, y, width, height = annotation["bbox"]
    right, bottom = image["width"] - 1 - BORDER_PX, image["height"] - 1 - BORDER_PX
    return x <= BORDER_PX or y <= BORDER_PX or x + width >= right or y + height >= bottom


def _share(correct: np.ndarray, group: np.ndarray) -> float:
    return float(correct[group].mean()) if group.any() else float("nan")

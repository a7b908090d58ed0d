"""Reads COCO-format annotations and detections, and says what is wrong with them.

Everything after this may rely on it: images have an id, a file_name, a width and a height; annotations have an
id, an image_id and a category_id that exist, a bbox of four numbers and keypoints of three numbers each.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path

from . import EvaluationError
from .sigmas import WHOLEBODY_PARTS


@dataclass(frozen=True)
class Box:
    """Where somebody is: xyxy px. annotation_id: whose box, None for a detector's or nobody's."""

    image_id: int
    category_id: int
    xyxy: tuple[float, float, float, float]
    score: float = 1.0
    annotation_id: int | None = None


def read_json(path: Path) -> tuple[object, str]:
    """A file's content and the SHA-256 of its bytes."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        return json.loads(content), hashlib.sha256(content).hexdigest()
    except (ValueError, RecursionError) as error:
        raise EvaluationError(f"{path} is no JSON: {error}. Was it downloaded completely?") from None


def checked(
    content: object,
    path: Path,
    keypoints: int,
    wholebody: bool = False,
    advice: str = "Is it another dataset? --dataset says which.",
) -> dict:
    """COCO annotations with `keypoints` keypoints a person. Raises EvaluationError for the first thing wrong.

    advice: what to do where people have other keypoints.
    """
    if not isinstance(content, dict) or any(
        not isinstance(content.get(key), list) for key in ("images", "annotations", "categories")
    ):
        raise EvaluationError(f"{path} is not in COCO's format: expected lists of images, annotations and categories.")
    images = _by_id(content["images"], path, "image")
    categories = _by_id(content["categories"], path, "category")
    _by_id(content["annotations"], path, "annotation")
    for image in content["images"]:
        name = f"{path}: image {image['id']}"
        if not isinstance(image.get("file_name"), str) or not image["file_name"]:
            raise EvaluationError(f"{name} has no file_name.")
        if not all(isinstance(image.get(side), int) and image[side] > 0 for side in ("width", "height")):
            raise EvaluationError(f"{name} has no width and height in px.")
    fields = [field for field, _ in WHOLEBODY_PARTS.values()] if wholebody else ["keypoints"]
    for annotation in content["annotations"]:
        name = f"{path}: annotation {annotation['id']}"
        if not _known(annotation.get("image_id"), images):
            raise EvaluationError(f"{name} is of image {annotation.get('image_id')}, which is not in the file.")
        if not _known(annotation.get("category_id"), categories):
            raise EvaluationError(f"{name} is of category {annotation.get('category_id')}, which is not in the file.")
        if not _numbers(annotation.get("bbox"), 4):
            raise EvaluationError(f"{name} has the bbox {annotation.get('bbox')}; expected x, y, width, height in px.")
        if "area" in annotation and not _numbers([annotation["area"]], 1):
            raise EvaluationError(f"{name} has the area {annotation['area']}; expected a number of px².")
        lists = [annotation[field] for field in fields if isinstance(annotation.get(field), list)]
        values = [v for part in lists for v in part]
        if not _numbers(values, len(values)) or len(values) != 3 * keypoints:
            raise EvaluationError(
                f"{name} has {len(values)} numbers in {', '.join(fields)}; expected {3 * keypoints}: x, y and "
                f"visibility of {keypoints} keypoints. {advice}"
            )
    return content


def truth_boxes(annotations: dict, labelled: Iterable[bool], clip: bool = True) -> tuple[list[Box], list[str]]:
    """The boxes of the labelled people who are no crowd, and sentences about those that cannot be used.

    labelled: for each annotation whether a keypoint of it is. clip: to the picture, as mmpose does it.
    """
    images = {image["id"]: image for image in annotations["images"]}
    boxes, without_area = [], []
    for annotation, has_keypoints in zip(annotations["annotations"], labelled, strict=True):
        if annotation.get("iscrowd") or not has_keypoints:
            continue
        x, y, width, height = annotation["bbox"]
        x1, y1, x2, y2 = x, y, x + width, y + height
        if clip:
            image = images[annotation["image_id"]]
            x1, x2 = (min(max(v, 0), image["width"] - 1) for v in (x1, x2))
            y1, y2 = (min(max(v, 0), image["height"] - 1) for v in (y1, y2))
        if x2 - x1 < 1e-3 or y2 - y1 < 1e-3:
            without_area.append(annotation["id"])
            continue
        boxes.append(Box(annotation["image_id"], annotation["category_id"], (x1, y1, x2, y2), 1.0, annotation["id"]))
    notes = []
    if without_area:
        notes.append(
            f"{len(without_area)} labelled people have a box without area in the picture (annotation "
            f"{without_area[0]}…): nobody can look there, so they count as not found."
        )
    return boxes, notes


def detected_boxes(path: Path, annotations: dict) -> tuple[list[Box], list[str], str]:
    """A detector's boxes in COCO's results format, sentences about those left out, and the file's SHA-256."""
    content, digest = read_json(path)
    if not isinstance(content, list):
        raise EvaluationError(f"{path} holds no list; expected COCO results: image_id, category_id, bbox, score each.")
    images = {image["id"] for image in annotations["images"]}
    categories = {category["id"] for category in annotations["categories"]}
    boxes, others, without_area = [], 0, 0
    for i, found in enumerate(content):
        if not isinstance(found, dict) or not {"image_id", "category_id", "bbox", "score"} <= set(found):
            raise EvaluationError(f"{path}: detection {i} is not image_id, category_id, bbox and score.")
        if not _known(found["image_id"], images):
            raise EvaluationError(
                f"{path}: detection {i} is of image {found['image_id']}, which the annotations do not have. "
                "Are the detections of another split?"
            )
        if not _numbers(found["bbox"], 4) or not _numbers([found["score"]], 1):
            raise EvaluationError(f"{path}: detection {i} has the bbox {found['bbox']} and the score {found['score']}.")
        if not _known(found["category_id"], categories):
            others += 1
            continue
        x, y, width, height = found["bbox"]
        if width < 1e-3 or height < 1e-3:
            without_area += 1
            continue
        boxes.append(Box(found["image_id"], found["category_id"], (x, y, x + width, y + height), found["score"]))
    if not boxes:
        raise EvaluationError(f"{path} holds no box of the categories {sorted(categories)}.")
    notes = []
    if others:
        notes.append(f"{others} detections are of categories that are not labelled; they are left out.")
    if without_area:
        notes.append(f"{without_area} detections have a box without area; they are left out.")
    return boxes, notes, digest


def _by_id(entries: list, path: Path, what: str) -> dict:
    found = {}
    for entry in entries:
        if not isinstance(entry, dict) or isinstance(entry.get("id"), bool) or not isinstance(entry.get("id"), int):
            raise EvaluationError(f"{path}: an {what} has no whole number as its id.")
        if entry["id"] in found:
            raise EvaluationError(f"{path}: two {what}s have the id {entry['id']}.")
        found[entry["id"]] = entry
    return found


def _known(value: object, ids: Container) -> bool:
    return isinstance(value, int | float) and value in ids  # lists and dicts cannot even be looked for


def _numbers(values: object, count: int) -> bool:
    """Whether these are `count` numbers that a float can be."""
    return (
        isinstance(values, list | tuple)
        and len(values) == count
        and all(
            isinstance(v, int | float) and not isinstance(v, bool) and abs(v) <= sys.float_info.max for v in values
        )
    )

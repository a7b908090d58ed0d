"""Finds a dataset's annotations and pictures in a folder, and says which of the known datasets it is."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from . import EvaluationError, interhand, mpii
from .annotations import Box, checked, detected_boxes, read_json, truth_boxes
from .sigmas import SIGMAS, WHOLEBODY_PARTS

KEYPOINTS = {name: len(values) for name, values in SIGMAS.items()} | {"interhand21": 21}


@dataclass(frozen=True)
class Kind:
    """A dataset's habits. files: names of its annotations for validating, the usual one first. use_area: whether
    people have an area, or 0.53 of their box."""

    skeleton: str
    files: tuple[str, ...]
    use_area: bool = True


KINDS = {
    "coco": Kind("coco17", ("person_keypoints_val*.json", "annotations.json", "person_keypoints_*.json")),
    "wholebody": Kind("coco133", ("coco_wholebody_val*.json", "*wholebody*.json")),
    "ochuman": Kind("coco17", ("ochuman_coco_format_val*.json", "ochuman_coco_format_test*.json", "*ochuman*.json")),
    "crowdpose": Kind("crowdpose14", ("*crowdpose_test.json", "*crowdpose_val.json"), use_area=False),
    "mpii": Kind("mpii16", ("mpii_val.json", "*mpii*val*.json")),
    "aic": Kind("aic14", ("aic_val.json", "*aic*val*.json"), use_area=False),
    "ap10k": Kind("ap10k17", ("ap10k-test-split1.json", "ap10k-val-split1.json", "ap10k-*.json")),
    "apt36k": Kind("ap10k17", ("val_annotations_1.json", "*apt36k*val*.json", "*apt36k*.json")),
    "interhand": Kind("interhand21", ("InterHand2.6M_test_data.json", "InterHand2.6M_*_data.json")),
}


@dataclass(frozen=True)
class Dataset:
    """kind: one of KINDS, "synthetic" or "take". annotations: COCO's dictionary. boxes: what to look at. images: paths
    by image id, or the pictures themselves. digest: SHA-256 of what was read. notes: sentences
    for whoever reads the figures. boxes_of: whose boxes these are."""

    kind: str
    skeleton: str
    annotations: dict
    boxes: list[Box]
    images: dict[int, Path] | dict[int, np.ndarray]
    digest: str
    source: str
    notes: list[str] = field(default_factory=list)
    use_area: bool = True
    boxes_of: str = "labelled"


def open_dataset(
    data: Path,
    kind: str | None = None,
    images: Path | None = None,
    detections: Path | None = None,
    model: str = "coco17",
) -> Dataset:
    """A dataset out of a folder, or of an annotation file.

    kind: one of KINDS, None to tell it by the annotations. images: the folder of the pictures, None to find it.
    detections: a detector's boxes, None for the labelled people's own. model: the model's skeleton, which decides
    where annotations fit two kinds (COCO-WholeBody's fit COCO). Raises EvaluationError.
    """
    check_choice(data, kind)
    path = data if data.is_file() else _annotation_file(data, kind, model)
    content, digest = read_json(path)
    kind = kind or _kind_of(content, path, model)
    skeleton = KINDS[kind].skeleton
    if kind == "mpii" and isinstance(content, list):
        annotations = mpii.read_people(content, path)
        digest += str([a["head_size"] for a in annotations["annotations"]])
    elif kind == "interhand" and path.name.endswith("_data.json") and isinstance(content, dict):
        annotations, others = interhand.read_hands(content, path)
        annotations, digest = checked(annotations, path, KEYPOINTS[skeleton]), digest + others
    else:
        annotations = checked(content, path, KEYPOINTS[skeleton], kind == "wholebody")
        if kind == "mpii":
            for annotation in annotations["annotations"]:
                annotation["head_size"] = mpii.labelled_head_size(annotation, path)
    if not annotations["annotations"]:
        raise EvaluationError(f"{path} labels nobody.")
    _check_measurable(annotations, kind, path)
    keypoints_of = keypoints_in(kind)
    labelled = [any(v > 0 for v in keypoints_of(a)[2::3]) for a in annotations["annotations"]]
    if detections is None:
        boxes, notes = _boxes(annotations, labelled, clip=not isinstance(content, list))
    elif KINDS[kind].skeleton in ("mpii16", "interhand21"):
        raise EvaluationError(f"{kind} is measured with its own boxes; leave --detections out.")
    else:
        boxes, notes, of_detections = detected_boxes(detections, annotations)
        digest += of_detections
    notes = notes + _strange_sizes(annotations, kind)
    return Dataset(
        kind,
        skeleton,
        annotations,
        boxes,
        find_images(annotations, boxes, path, data if data.is_dir() else None, images),
        digest,
        str(path),
        notes,
        KINDS[kind].use_area,
        "labelled" if detections is None else "detected",
    )


def check_choice(data: Path, kind: str | None) -> None:
    """What can be known wrong without reading anything. Raises EvaluationError."""
    if kind is not None and kind not in KINDS:
        raise EvaluationError(f"There is no dataset {kind!r}; there are {', '.join(KINDS)}.")
    if not data.exists():
        raise EvaluationError(f"There is nothing at {data}; expected a folder with annotations, or an annotation file.")


def keypoints_in(kind: str) -> Callable[[dict], list]:
    """From an annotation to its keypoints: x, y, visibility in a row."""
    if kind != "wholebody":
        return lambda annotation: annotation["keypoints"]
    return lambda annotation: [v for part, _ in WHOLEBODY_PARTS.values() for v in annotation[part]]


def selection(model: tuple[str, ...], skeleton: tuple[str, ...]) -> np.ndarray | None:
    """Where a dataset's keypoints are among a model's, by name; None where one is missing.

    A model of more keypoints (WholeBody's, SynthPose's) is measured on those that the dataset has.
    """
    index = {name: i for i, name in enumerate(model)}
    if not set(skeleton) <= set(index):
        return None
    return np.array([index[name] for name in skeleton])


def find_images(
    annotations: dict, boxes: list[Box], path: Path, root: Path | None, given: Path | None
) -> dict[int, Path]:
    """Where each picture with a box is. Raises EvaluationError, which says what is missing and where."""
    needed = {box.image_id for box in boxes}
    # Some were written on Windows.
    names = {i["id"]: i["file_name"].replace("\\", "/") for i in annotations["images"] if i["id"] in needed}
    if not names:
        raise EvaluationError(f"{path} has nobody to look at: no person with a labelled keypoint and a box.")
    first = next(iter(names.values()))
    if given is not None:
        folders = [given]
    else:
        root = root or (path.parent.parent if path.parent.name == "annotations" else path.parent)
        folders = _folders(root)
    folder = next((f for f in folders if (f / first).is_file()), None)
    if folder is None:
        raise EvaluationError(
            f"The picture {first} of {path.name} is not in {folders[0]}"
            f"{' or a folder in it' if given is None else ''}. Say with --images where the pictures are."
        )
    found = {number: folder / name for number, name in names.items()}
    missing = [str(file) for file in found.values() if not file.is_file()]
    if missing:
        raise EvaluationError(
            f"{len(missing)} of {len(found)} pictures are missing, such as {missing[0]}. Unpack them all, or say "
            "with --images where they are."
        )
    return found


def _folders(root: Path, depth: int = 3) -> list[Path]:
    """A folder and the folders in it, the nearer first."""
    level, found = [root], [root]
    for _ in range(depth):
        level = sorted(
            sub for folder in level for sub in folder.iterdir() if sub.is_dir() and not sub.name.startswith(".")
        )
        found += level
    return found


def _boxes(annotations: dict, labelled: list[bool], clip: bool) -> tuple[list[Box], list[str]]:
    """The labelled people's boxes; InterHand says itself what to look at."""
    people = annotations["annotations"]
    if people and "crop_box" in people[0]:
        return [Box(a["image_id"], a["category_id"], tuple(a["crop_box"]), 1.0, a["id"]) for a in people], []
    return truth_boxes(annotations, labelled, clip)


def _check_measurable(annotations: dict, kind: str, path: Path) -> None:
    """Whether everything is there that the measures will need, hours later."""
    if kind == "crowdpose" and any("crowdIndex" not in image for image in annotations["images"]):
        raise EvaluationError(f"{path} has images without a crowdIndex, which CrowdPose's have.")
    if kind in ("mpii", "interhand") or not KINDS[kind].use_area:
        return
    without = [a["id"] for a in annotations["annotations"] if "area" not in a]
    if without:
        raise EvaluationError(
            f"{path}: annotation {without[0]} has no area, which OKS needs. CrowdPose's and AIC's have none: is it one "
            "of those?"
        )


def _strange_sizes(annotations: dict, kind: str) -> list[str]:
    """Sentences about people whose size is none: no distance is small beside it."""
    people = [
        a for a in annotations["annotations"] if not a.get("iscrowd") and any(v > 0 for v in a["keypoints"][2::3])
    ]
    notes = []
    if kind == "mpii":
        count = sum(not a["head_size"] > 0 for a in people)
        if count:
            notes.append(f"{count} labelled people have a head without a size; they do not count.")
    elif KINDS[kind].use_area:
        count = sum(a.get("area", 1) <= 0 for a in people)
        if count:
            notes.append(f"{count} labelled people have no area; nothing is like them, so they count as not found.")
    return notes


def _annotation_file(folder: Path, kind: str | None, model: str) -> Path:
    """The one annotation file to measure with."""
    places = [p for p in (folder / "annotations", folder, *_folders(folder)[1:]) if p.is_dir()]
    found: dict[str, Path] = {}
    for name in [kind] if kind else KINDS:
        for pattern in KINDS[name].files:
            files = (
                f
                for place in places
                for f in sorted(place.iterdir())
                if fnmatch.fnmatch(f.name.lower(), pattern.lower())
            )
            file = next((f for f in files if f.is_file()), None)
            if file is not None:
                found[name] = file
                break
    if not found:
        expected = KINDS[kind].files[0] if kind else "person_keypoints_val2017.json, coco_wholebody_val_v1.0.json, …"
        raise EvaluationError(
            f"No annotations were found in {folder}: expected {folder / 'annotations'} with {expected}. Give the "
            "file itself with --data, and with --dataset which one it is."
        )
    if len(found) > 1:
        fitting = {name: file for name, file in found.items() if KINDS[name].skeleton == model}
        found = fitting or found
    if len(found) > 1:
        listed = ", ".join(f"{name} ({file.name})" for name, file in found.items())
        raise EvaluationError(f"{folder} holds several datasets: {listed}. Choose one with --dataset.")
    return next(iter(found.values()))


def _kind_of(content: object, path: Path, model: str) -> str:
    """Which dataset annotations are of."""
    name = path.name.lower()
    if name.startswith("interhand"):
        return "interhand"
    if isinstance(content, list):
        if content and isinstance(content[0], dict) and "joints_vis" in content[0]:
            return "mpii"
        raise EvaluationError(
            f"{path} is a list, neither COCO's format nor MPII's. AI Challenger's own lists need converting to "
            "COCO's format, as mmpose's aic_val.json is."
        )
    people = content.get("annotations") if isinstance(content, dict) else None
    person = people[0] if isinstance(people, list) and people and isinstance(people[0], dict) else {}
    values = person.get("keypoints")
    count = len(values) // 3 if isinstance(values, list) else 0
    if count == 17:
        if "face_kpts" in person and model != "coco17":
            return "wholebody"
        named = _category_keypoints(content)
        if any(word in str(path).lower() for word in ("apt36k", "apt-36k")) or name == "val_annotations_1.json":
            return "apt36k"
        if name.startswith("ap10k") or (named and named[0].lower() != "nose") or (not named and model == "ap10k17"):
            return "ap10k"
        return "ochuman" if "ochuman" in name else "coco"
    if count == 14:
        images = content.get("images")
        crowded = isinstance(images, list) and images and isinstance(images[0], dict) and "crowdIndex" in images[0]
        return "crowdpose" if crowded else "aic"
    if count == 16:
        return "mpii"
    if count == 21:
        return "interhand"
    raise EvaluationError(
        f"{path} labels {count or 'no'} keypoints a person, as none of {', '.join(KINDS)} does. Choose with --dataset."
    )


def _category_keypoints(content: dict) -> list[str]:
    categories = content.get("categories")
    first = categories[0] if isinstance(categories, list) and categories else {}
    names = first.get("keypoints") if isinstance(first, dict) else None
    return [str(name) for name in names] if isinstance(names, list) and names else []

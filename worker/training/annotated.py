"""Who is labelled, in arrays: COCO-format annotations of any skeleton, checked, with where their pictures are."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..evaluation import EvaluationError
from ..evaluation.annotations import checked, read_json, truth_boxes
from ..evaluation.datasets import KINDS, Dataset, find_images, keypoints_in
from ..vitpose.model_config import ModelConfig
from ..vitpose.skeletons import SIDES, SKELETONS, Skeleton
from . import openpose
from .recipe import TrainingError

#: What AP is measured as, by skeleton; others are measured in shares of their boxes.
AP_KINDS = {"coco17": "coco", "aic14": "aic", "ap10k17": "ap10k"}
#: A person's area where none is labelled, of the box.
AREA = 0.53


@dataclass(frozen=True)
class People:
    """pictures: paths; sizes: (P, 2) their width and height. Of each person: ids (N,) of the annotations, picture
    (N,) index, boxes (N, 4) xyxy px, keypoints (N, K, 3), areas (N,) px². digest: SHA-256 of the annotations.
    notes: sentences. skeleton: what the keypoints are, None where nothing tells."""

    pictures: list[str]
    sizes: np.ndarray
    ids: np.ndarray
    picture: np.ndarray
    boxes: np.ndarray
    keypoints: np.ndarray
    areas: np.ndarray
    digest: str
    notes: list[str]
    skeleton: Skeleton | None

    def __len__(self) -> int:
        return len(self.ids)


def read_people(data: Path, config: ModelConfig, images: Path | None = None, frames: Path | None = None) -> People:
    """The people who can be learnt from in a dataset's folder, an annotation file, or a folder of OpenPose's JSON.

    images: the folder of the pictures, or OpenPose's video; None to find it. frames: the folder that a video's frames
    are put into. Raises EvaluationError, which says what is wrong.
    """
    if not data.exists():
        raise EvaluationError(f"There is nothing at {data}; expected a folder with annotations, or an annotation file.")
    if data.is_dir() and openpose.files_in(data):
        annotations, files, digest = openpose.read(data, config, images, frames)
        return _people(annotations, files, digest, config, data)
    path = data if data.is_file() else _training_file(data, config.skeleton)
    content, digest = read_json(path)
    wholebody = config.skeleton == "coco133"
    advice = f"{config.name} finds {config.keypoints} ({config.skeleton}): choose a config for what is labelled."
    annotations = checked(content, path, config.keypoints, wholebody, advice)
    files = {i["id"]: None for i in annotations["images"]}
    return _people(annotations, files, digest, config, path, data if data.is_dir() else None, images)


def _people(
    annotations: dict,
    files: dict[int, Path | None],
    digest: str,
    config: ModelConfig,
    path: Path,
    root: Path | None = None,
    images: Path | None = None,
) -> People:
    """files: by image id; where they are None they are looked for."""
    rows_of = keypoints_in("wholebody" if config.skeleton == "coco133" else "coco")
    labelled = [any(v > 0 for v in rows_of(a)[2::3]) for a in annotations["annotations"]]
    boxes, _ = truth_boxes(annotations, labelled)
    people = {a["id"]: a for a in annotations["annotations"]}
    if None in files.values():
        files = find_images(annotations, boxes, path, root, images)
    else:
        files = {number: files[number] for number in dict.fromkeys(box.image_id for box in boxes)}
    if not files:
        raise EvaluationError(f"{path} has nobody to look at: no person with a labelled keypoint and a box.")
    index = {number: i for i, number in enumerate(files)}
    sizes = {i["id"]: (i["width"], i["height"]) for i in annotations["images"]}
    wanted = sum(has and not a.get("iscrowd") for a, has in zip(annotations["annotations"], labelled, strict=True))
    boxless = wanted - len(boxes)
    notes = [f"{boxless} labelled people have a box without area; they are left out."] if boxless else []
    found = [people[box.annotation_id] for box in boxes]
    return People(
        [str(file) for file in files.values()],
        np.array([sizes[number] for number in files]),
        np.array([box.annotation_id for box in boxes]),
        np.array([index[box.image_id] for box in boxes]),
        np.array([box.xyxy for box in boxes], dtype=np.float32),
        np.array([rows_of(a) for a in found], dtype=np.float32).reshape(len(boxes), config.keypoints, 3),
        np.array([a.get("area", AREA * a["bbox"][2] * a["bbox"][3]) for a in found], dtype=np.float32),
        digest,
        notes,
        SKELETONS.get(config.skeleton) or own_skeleton(annotations["categories"], config.keypoints),
    )


def own_skeleton(categories: list[dict], count: int) -> Skeleton | None:
    """A skeleton by the names of a category's keypoints, as COCO's format has them; None where it has none."""
    for category in categories:
        names = category.get("keypoints")
        if isinstance(names, list) and len(names) == count and all(isinstance(n, str) and n for n in names):
            limbs = category.get("skeleton")
            limbs = [(a - 1, b - 1) for a, b in limbs if 0 < a <= count and 0 < b <= count] if _pairs(limbs) else []
            index = {name: i for i, name in enumerate(names)}
            pairs = [
                (i, index[right + name[len(left) :]])
                for name, i in index.items()
                for left, right in SIDES
                if name.startswith(left) and right + name[len(left) :] in index
            ]
            return Skeleton("own", tuple(names), tuple(pairs), tuple(limbs))
    return None


def _pairs(limbs: object) -> bool:
    return isinstance(limbs, list) and all(
        isinstance(limb, list) and len(limb) == 2 and all(isinstance(v, int) for v in limb) for limb in limbs
    )


def held_out(people: People, share: float) -> tuple[People, People]:
    """Those to train on, and those of the last pictures, `share` of them: neighbours in a film are much alike.

    Raises TrainingError where either would be nobody.
    """
    pictures = sorted(set(people.picture.tolist()))
    late = np.isin(people.picture, pictures[-max(1, round(share * len(pictures))) :])
    if late.all():
        raise TrainingError(
            f"{len(pictures)} pictures are too few to hold out {share:.0%} of them; set held_out=0.0, or "
            "label more"
        )
    return _some(people, ~late, people.notes), _some(people, late, [])


def _some(people: People, which: np.ndarray, notes: list[str]) -> People:
    p = people
    arrays = (a[which] for a in (p.ids, p.picture, p.boxes, p.keypoints, p.areas))
    return People(p.pictures, p.sizes, *arrays, p.digest, notes, p.skeleton)


def as_dataset(people: People, config: ModelConfig) -> Dataset | None:
    """These people as `mocap eval` measures AP on them; None for a skeleton that it has no AP for."""
    kind = AP_KINDS.get(config.skeleton)
    if kind is None:
        return None
    used = sorted(set(people.picture.tolist()))
    annotations = []
    for number, picture, box, rows, area in zip(
        people.ids.tolist(), people.picture.tolist(), people.boxes, people.keypoints, people.areas, strict=True
    ):
        x1, y1, x2, y2 = box.tolist()
        labelled = int((rows[:, 2] > 0).sum())
        person = {"id": number, "image_id": picture, "category_id": 1, "bbox": [x1, y1, x2 - x1, y2 - y1]}
        person |= {"area": float(area), "iscrowd": 0, "num_keypoints": labelled}
        annotations.append(person | {"keypoints": rows.reshape(-1).tolist()})
    images = [
        {"id": i, "file_name": people.pictures[i], "width": int(people.sizes[i][0]), "height": int(people.sizes[i][1])}
        for i in used
    ]
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}
    boxes, notes = truth_boxes(content, [True] * len(annotations))
    files = {i: Path(people.pictures[i]) for i in used}
    return Dataset(kind, config.skeleton, content, boxes, files, people.digest, "the people held out", notes)


def _training_file(folder: Path, skeleton: str) -> Path:
    """The one annotation file to train on."""
    patterns = [
        pattern.lower().replace("val", "train").replace("test", "train")
        for kind in KINDS.values()
        if kind.skeleton == skeleton
        for pattern in kind.files
    ] or ["annotations.json"]
    places = [p for p in (folder / "annotations", folder) if p.is_dir()]
    files = [f for place in places for f in sorted(place.iterdir()) if f.suffix == ".json" and f.is_file()]
    for pattern in patterns:
        found = [f for f in files if fnmatch.fnmatch(f.name.lower(), pattern) and "val" not in f.name.lower()]
        if len(found) == 1:
            return found[0]
    raise EvaluationError(
        f"Which annotations in {folder} to train on cannot be told: expected one like {patterns[0]} in it or in its "
        f"folder annotations; found {', '.join(f.name for f in files[:5]) or 'no JSON'}. Give the file itself with "
        "--data."
    )

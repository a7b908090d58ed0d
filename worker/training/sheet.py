"""Drawn pictures as files: crops or whole frames as a data set in COCO's format."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from mocap_core.skeleton import COCO17, LIMBS

from .pictures import Frame, Picture

#: COCO's category of people.
PERSON = {
    "id": 1,
    "name": "person",
    "supercategory": "person",
    "keypoints": list(COCO17),
    "skeleton": [[a + 1, b + 1] for _, a, b in LIMBS],
}


def write_coco(pictures: Iterable[Picture], folder: Path) -> None:
    """Writes crops as images/NNNNNN.png and annotations.json, boxes xywh about the visible person.

    After Ctrl-C, or an error of the pictures, the annotations of what was drawn are there all the same.
    """
    (folder / "images").mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    try:
        for i, picture in enumerate(pictures):
            name = f"images/{i:06d}.png"
            write_image(folder / name, picture.image)
            annotation = annotation_of(picture, i)
            height, width = picture.image.shape[:2]
            images.append({"id": i, "file_name": name, "width": width, "height": height})
            if annotation is not None:
                annotations.append(annotation)
    finally:
        write_annotations(folder, images, annotations)


def write_annotations(folder: Path, images: list[dict], annotations: list[dict]) -> None:
    """annotations.json, whole or not at all; none where there are no images."""
    if not images:
        return
    data = {"images": images, "annotations": annotations, "categories": [PERSON]}
    part = folder / "annotations.json.part"
    part.write_text(json.dumps(data), "utf-8")
    part.replace(folder / "annotations.json")


def frame_entries(frame: Frame, number: int, file_name: str) -> tuple[dict, list[dict]]:
    """COCO's entries of a frame and of its people, which have no ids yet.

    Beside COCO's own fields: an image's `camera` (fx, fy, cx, cy in px, a pixel's centre at whole numbers; view: (4, 4)
    world to camera) and a person's `joints_camera` (17, 3) in metres, and `about`.
    """
    height, width = frame.image.shape[:2]
    intrinsics = dict(zip(("fx", "fy", "cx", "cy"), (round(float(v), 3) for v in frame.camera.intrinsics), strict=True))
    camera = intrinsics | {"view": np.round(frame.camera.view, 6).tolist()}
    image = {"id": number, "file_name": file_name, "width": width, "height": height, "camera": camera}
    people = []
    for shown in frame.people:
        entry = _entry(shown.keypoints, shown.visibility, shown.mask)
        joints = np.round(shown.joints_camera.astype(float), 4).tolist()
        people.append({"image_id": number, **entry, "joints_camera": joints, "about": shown.about})
    return image, people


def annotation_of(picture: Picture, number: int) -> dict | None:
    """COCO's annotation of a picture, None where nobody is drawn; its own id and its image's are `number`."""
    mask = picture.parts > 0
    if not mask.any():
        return None
    return {"id": number, "image_id": number, **_entry(picture.keypoints, picture.visibility, mask)}


def _entry(keypoints: np.ndarray, visibility: np.ndarray, mask: np.ndarray) -> dict:
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    inside = (keypoints > -0.5).all(1) & (keypoints < (width - 0.5, height - 0.5)).all(1)
    visibility = np.where(inside, visibility, 0)
    keypoints = np.where(visibility[:, None] > 0, keypoints, 0)
    return {
        "category_id": 1,
        "bbox": [
            int(columns[0]),
            int(rows[0]),
            int(columns[-1] - columns[0]) + 1,
            int(rows[-1] - rows[0]) + 1,
        ],
        "area": int(mask.sum()),
        "iscrowd": 0,
        "num_keypoints": int((visibility > 0).sum()),
        "keypoints": [round(float(v), 2) for k, v2 in zip(keypoints, visibility, strict=True) for v in (*k, v2)],
    }


def write_image(path: Path, rgb: np.ndarray) -> None:
    """A picture as the file's ending says; .jpg of high quality."""
    # imwrite does not take every path that Windows does; bytes do.
    quality = [cv2.IMWRITE_JPEG_QUALITY, 95] if path.suffix == ".jpg" else []
    _, data = cv2.imencode(path.suffix, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), quality)
    path.write_bytes(data.tobytes())

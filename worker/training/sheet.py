"""Drawn pictures as files: a contact sheet to look at, or a data set in COCO's format."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from mocap_core.skeleton import COCO17, LIMBS

from .pictures import Picture

_COLUMNS = 8


def marked(picture: Picture) -> np.ndarray:
    """The picture with its labels: left green, right red, middle yellow; a ring where hidden."""
    image = picture.image.copy()
    points = [tuple(int(v) for v in np.round(p)) for p in picture.keypoints]
    for _, a, b in LIMBS:
        if picture.visibility[a] and picture.visibility[b]:
            cv2.line(image, points[a], points[b], (255, 255, 255), 1, cv2.LINE_AA)
    for i, name in enumerate(COCO17):
        if picture.visibility[i]:
            tone = (
                (0, 230, 0)
                if name.startswith("left")
                else (255, 40, 40)
                if name.startswith("right")
                else (255, 230, 0)
            )
            cv2.circle(image, points[i], 2, tone, -1 if picture.visibility[i] == 2 else 1, cv2.LINE_AA)
    return image


def contact_sheet(pictures: list[Picture], path: Path) -> None:
    """Writes all pictures, marked, in rows of eight."""
    tiles = [marked(p) for p in pictures]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % _COLUMNS)
    rows = [np.concatenate(tiles[i : i + _COLUMNS], 1) for i in range(0, len(tiles), _COLUMNS)]
    _write_image(path, np.concatenate(rows))


def write_coco(pictures: Iterable[Picture], folder: Path) -> None:
    """Writes images/NNNNNN.png and annotations.json, boxes xywh about the visible person."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for i, picture in enumerate(pictures):
        name = f"images/{i:06d}.png"
        _write_image(folder / name, picture.image)
        height, width = picture.image.shape[:2]
        images.append({"id": i, "file_name": name, "width": width, "height": height})
        annotation = annotation_of(picture, i)
        if annotation is not None:
            annotations.append(annotation)
    category = {"id": 1, "name": "person", "supercategory": "person", "keypoints": list(COCO17)}
    data = {"images": images, "annotations": annotations, "categories": [category]}
    (folder / "annotations.json").write_text(json.dumps(data), "utf-8")


def annotation_of(picture: Picture, number: int) -> dict | None:
    """COCO's annotation of a picture, None where nobody is drawn; its own id and its image's are `number`."""
    rows, columns = np.nonzero(picture.parts)
    if not len(rows):
        return None
    height, width = picture.image.shape[:2]
    x, y = int(columns.min()), int(rows.min())
    inside = (picture.keypoints > -0.5).all(1) & (picture.keypoints < (width - 0.5, height - 0.5)).all(1)
    visibility = np.where(inside, picture.visibility, 0)
    keypoints = np.where(visibility[:, None] > 0, picture.keypoints, 0)
    return {
        "id": number,
        "image_id": number,
        "category_id": 1,
        "bbox": [x, y, int(columns.max()) - x + 1, int(rows.max()) - y + 1],
        "area": len(rows),
        "iscrowd": 0,
        "num_keypoints": int((visibility > 0).sum()),
        "keypoints": [round(float(v), 2) for k, v2 in zip(keypoints, visibility, strict=True) for v in (*k, v2)],
    }


def _write_image(path: Path, rgb: np.ndarray) -> None:
    # imwrite does not take every path that Windows does; bytes do.
    _, data = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    path.write_bytes(data.tobytes())

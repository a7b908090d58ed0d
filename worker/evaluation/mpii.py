"""MPII as the pose community keeps it: mpii_val.json, a list of people, and mpii_gt_val.mat with their heads.

The files come with HRNet's and mmpose's instructions for MPII. Places in them count from 1, as in Matlab. Where
somebody is stands as a centre and a scale of 200 px; the centre moves down by 15 px at scale 1, so that
feet stay in the crop, as everybody does who publishes figures.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from . import EvaluationError

PIXEL_STD = 200.0
KEYPOINTS = 16


def read_people(content: list, path: Path) -> dict:
    """COCO annotations with head_size, px counted from 0. Raises EvaluationError.

    Images are numbered in the file's order and have no size: MPII does not say it.
    """
    heads = head_sizes(path.with_name("mpii_gt_val.mat") if "val" in path.name else _gt_beside(path), len(content))
    images: dict[str, int] = {}
    annotations = []
    for i, (person, head) in enumerate(zip(content, heads, strict=True)):
        try:
            centre = np.array(person["center"], dtype=float).reshape(2)
            scale = float(person["scale"])
            joints = np.array(person["joints"], dtype=float).reshape(KEYPOINTS, 2)
            there = np.array(person["joints_vis"], dtype=float).reshape(KEYPOINTS) > 0
            name = str(person["image"])
        except (KeyError, TypeError, ValueError):
            raise EvaluationError(
                f"{path}: person {i} is not as in mpii_val.json: image, center, scale, joints and joints_vis of 16."
            ) from None
        if not (np.isfinite(centre).all() and np.isfinite(joints).all() and scale > 0):
            raise EvaluationError(f"{path}: person {i} has the scale {scale} and the centre {centre.tolist()}.")
        centre += (-1.0, 15.0 * scale - 1.0)
        side = scale * PIXEL_STD
        annotations.append(
            {
                "id": i,
                "image_id": images.setdefault(name, len(images)),
                "category_id": 1,
                "bbox": [*(centre - side / 2).tolist(), side, side],
                "keypoints": np.column_stack([(joints - 1) * there[:, None], 2 * there]).reshape(-1).tolist(),
                "head_size": float(head),
                "iscrowd": 0,
            }
        )
    return {
        "images": [{"id": number, "file_name": name} for name, number in images.items()],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "person"}],
    }


def head_sizes(path: Path, count: int) -> np.ndarray:
    """0.6 of each head box's diagonal, px: what PCKh measures by."""
    if not path.is_file():
        raise EvaluationError(f"PCKh needs the sizes of heads: expected {path} beside the annotations.")
    try:
        from scipy.io import loadmat
    except ImportError:
        raise EvaluationError(f"{path} is a Matlab file, read with scipy: pip install scipy.") from None
    try:
        boxes = np.array(loadmat(str(path))["headboxes_src"], dtype=float)  # (2, 2, people): corners, x and y
    except Exception as error:  # a damaged file makes scipy fail in every way there is
        raise EvaluationError(f"{path} cannot be read as MPII's truth: {str(error).splitlines()[0]}.") from None
    if boxes.shape != (2, 2, count):
        raise EvaluationError(f"{path} has head boxes of the shape {boxes.shape}; expected (2, 2, {count}).")
    return 0.6 * np.linalg.norm(boxes[1] - boxes[0], axis=0)


def labelled_head_size(annotation: dict, path: Path) -> float:
    """The same from COCO-format annotations, which say head_size in px or head_box as x1, y1, x2, y2."""
    try:
        if "head_size" in annotation:
            size = float(annotation["head_size"])
        else:
            x1, y1, x2, y2 = annotation["head_box"]
            size = 0.6 * float(np.hypot(x2 - x1, y2 - y1))
        if not np.isfinite(size):
            raise ValueError
        return size
    except (KeyError, TypeError, ValueError):
        raise EvaluationError(
            f"{path}: annotation {annotation['id']} says no head_size (px) and no head_box (x1, y1, x2, y2), by "
            "which MPII's PCKh measures."
        ) from None


def _gt_beside(path: Path) -> Path:
    return path.with_name(path.stem.replace("mpii_", "mpii_gt_") + ".mat")

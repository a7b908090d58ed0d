"""InterHand2.6M: hands in the world and cameras, made into labelled hands in pictures.

The three files of a split stand side by side: …_data.json (COCO-like: images with capture, camera and frame,
annotations with joint_valid), …_camera.json and …_joint_3d.json. A hand is measured where more than 11 of its
21 joints are valid and its wrist is; its box is that of its valid joints.
(Moon et al., "InterHand2.6M", ECCV 2020; hands taken one by one as in mmpose.)
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from . import EvaluationError
from .annotations import read_json

JOINTS = 21
LEAST_JOINTS = 12
#: Its box is grown by 1.5 where people's are by 1.25, so it comes 1.2 times as large.
GROWN = 1.2


def read_hands(content: dict, path: Path) -> tuple[dict, str]:
    """COCO annotations, one a hand, and the SHA-256 of the two other files. Raises EvaluationError.

    path: of …_data.json, whose content this is. bbox is the tight box; crop_box, the one to look at, is larger.
    """
    cameras, camera_digest = _beside(path, "_camera.json")
    joints, joint_digest = _beside(path, "_joint_3d.json")
    annotations = []
    images = {}
    try:
        for image in content["images"]:
            images[image["id"]] = image
        for annotation in content["annotations"]:
            image = images[annotation["image_id"]]
            capture, frame = str(image["capture"]), str(image["frame_idx"])
            world = np.array(joints[capture][frame]["world_coord"], dtype=float).reshape(2 * JOINTS, 3)
            places = project(world, cameras[capture], str(image["camera"]))
            valid = np.array(annotation["joint_valid"], dtype=float).reshape(2, JOINTS) > 0
            for side, there in enumerate(valid & valid[:, -1:]):  # nothing counts where the wrist is unknown
                if there.sum() < LEAST_JOINTS:
                    continue
                hand = places[side * JOINTS : (side + 1) * JOINTS]
                low, high = hand[there].min(axis=0), hand[there].max(axis=0)
                centre, half = (low + high) / 2, (high - low) / 2 * GROWN
                annotations.append(
                    {
                        "id": len(annotations),
                        "image_id": image["id"],
                        "category_id": 1,
                        "bbox": [*low.tolist(), *(high - low).tolist()],
                        "crop_box": [*(centre - half).tolist(), *(centre + half).tolist()],
                        "keypoints": np.column_stack([hand * there[:, None], 2 * there]).reshape(-1).tolist(),
                        "iscrowd": 0,
                    }
                )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise EvaluationError(
            f"{path} and its _camera.json and _joint_3d.json do not fit together as InterHand2.6M's do: "
            f"{type(error).__name__} {error}."
        ) from None
    described = {
        "images": list(images.values()),
        "annotations": annotations,
        "categories": [{"id": 1, "name": "hand"}],
    }
    return described, camera_digest + joint_digest


def project(world: np.ndarray, camera: dict, name: str) -> np.ndarray:
    """Points in the world (N, 3) mm to places in the picture (N, 2) px."""
    rotation = np.array(camera["camrot"][name], dtype=float).reshape(3, 3)
    position = np.array(camera["campos"][name], dtype=float).reshape(3)
    focal = np.array(camera["focal"][name], dtype=float).reshape(2)
    centre = np.array(camera["princpt"][name], dtype=float).reshape(2)
    seen = (world - position) @ rotation.T
    return seen[:, :2] / (seen[:, 2:] + 1e-8) * focal + centre


def _beside(path: Path, ending: str) -> tuple[dict, str]:
    other = path.with_name(path.name.removesuffix("_data.json") + ending)
    if not other.is_file():
        raise EvaluationError(f"InterHand2.6M's annotations are three files; expected {other} beside {path.name}.")
    content, digest = read_json(other)
    if not isinstance(content, dict):
        raise EvaluationError(f"{other} is not as InterHand2.6M has it: expected captures by number.")
    return content, digest

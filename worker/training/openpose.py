"""OpenPose's JSON as labels: what `--write_json` leaves for each picture or frame, as COCO annotations.

BODY_25 and COCO-18 are read, told apart by their length. Neck, hips' middle and feet are left out, as COCO has none.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np

from mocap_core.skeleton import COCO17

from ..cameras import CameraError
from ..evaluation import EvaluationError
from ..evaluation.annotations import read_json
from ..evaluation.predict import read_picture
from ..opencv import cv2
from ..source import STILLS, open_source
from ..vitpose.model_config import ModelConfig

ENDING = "_keypoints.json"
VIDEOS = (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v")
#: Where OpenPose has COCO's 17 keypoints, by how many keypoints it wrote.
_PLACES = {
    25: (0, 16, 15, 18, 17, 5, 2, 6, 3, 7, 4, 12, 9, 13, 10, 14, 11),
    18: (0, 15, 14, 17, 16, 5, 2, 6, 3, 7, 4, 11, 8, 12, 9, 13, 10),
}
#: What OpenPose is less sure of is no label; fewer keypoints than that are nobody.
LEAST_SCORE, FEWEST = 0.2, 5
#: A box reaches this much of the keypoints' extent beyond them on each side.
_MARGIN = 0.125


def files_in(folder: Path) -> list[Path]:
    """OpenPose's files in a folder, in order."""
    return sorted(f for f in folder.iterdir() if f.name.endswith(ENDING) and f.is_file())


def read(
    folder: Path, config: ModelConfig, images: Path | None, frames: Path | None
) -> tuple[dict, dict[int, Path], str]:
    """COCO annotations of a folder's files, the pictures by image id, and a SHA-256 of what was read.

    images: the folder of the pictures, or the video; None to look in the folder and the one above. frames: where a
    video's frames are put. Raises EvaluationError.
    """
    if config.skeleton != "coco17":
        raise EvaluationError(
            f"OpenPose's labels in {folder} are COCO's 17 keypoints; {config.name} finds {config.skeleton}."
        )
    digest, people_of = hashlib.sha256(), {}
    for file in files_in(folder):
        content, of_file = read_json(file)
        digest.update(of_file.encode())
        rows = _people(content, file)
        if rows:
            people_of[file.name.removesuffix(ENDING)] = rows
    if not people_of:
        raise EvaluationError(
            f"In {folder} nobody has {FEWEST} keypoints that OpenPose is at least {LEAST_SCORE} sure of."
        )
    pictures = _pictures(folder, list(people_of), images, frames)
    entries, annotations, files = [], [], {}
    for i, (stem, people) in enumerate(people_of.items()):
        height, width = read_picture(pictures[stem]).shape[:2]
        entries.append({"id": i, "file_name": pictures[stem].name, "width": width, "height": height})
        files[i] = pictures[stem]
        for rows in people:
            annotations.append(_annotation(rows, i, len(annotations), width, height, stem))
    category = {"id": 1, "name": "person", "keypoints": list(COCO17)}
    return {"images": entries, "annotations": annotations, "categories": [category]}, files, digest.hexdigest()


def _people(content: object, file: Path) -> list[np.ndarray]:
    """Each person's (17, 3) x, y, score."""
    people = content.get("people") if isinstance(content, dict) else None
    if not isinstance(people, list):
        raise EvaluationError(f'{file} is not as OpenPose writes it: expected {{"people": [...]}}.')
    found = []
    for person in people:
        values = person.get("pose_keypoints_2d", person.get("pose_keypoints")) if isinstance(person, dict) else None
        try:
            rows = np.array(values, dtype=float)
        except (TypeError, ValueError, OverflowError):
            rows = np.zeros(0)
        if rows.ndim != 1 or len(rows) % 3 or len(rows) // 3 not in _PLACES or not np.isfinite(rows).all():
            raise EvaluationError(
                f"{file}: a person's pose_keypoints_2d are {rows.size} numbers; expected x, y and score of BODY_25's "
                "25 or COCO's 18 keypoints."
            )
        rows = rows.reshape(-1, 3)
        sure = rows[:, 2] > LEAST_SCORE
        if sure.any() and np.abs(rows[sure, :2]).max() <= 1.0:
            raise EvaluationError(
                f"{file}: the keypoints are shares of the picture; let OpenPose run with --keypoint_scale 0."
            )
        rows = rows[list(_PLACES[len(rows)])]
        if (rows[:, 2] > LEAST_SCORE).sum() >= FEWEST:
            found.append(rows)
    return found


def _annotation(rows: np.ndarray, image: int, number: int, width: int, height: int, stem: str) -> dict:
    sure = rows[:, 2] > LEAST_SCORE
    points = rows[sure, :2]
    if (points < -1).any() or (points > (width, height)).any():
        raise EvaluationError(
            f"{stem}{ENDING}: keypoints lie outside of the picture, which is {width}×{height}. Was OpenPose "
            "given another size of it?"
        )
    low, high = points.min(0), points.max(0)
    margin = _MARGIN * (high - low)
    low, high = np.maximum(low - margin, 0), np.minimum(high + margin, (width - 1, height - 1))
    box = [*low.tolist(), *(high - low).tolist()]
    labels = np.column_stack([np.where(sure[:, None], rows[:, :2], 0), np.where(sure, 2, 0)])
    person = {"id": number, "image_id": image, "category_id": 1, "bbox": box, "iscrowd": 0}
    return person | {"keypoints": labels.reshape(-1).tolist(), "num_keypoints": int(sure.sum())}


def _pictures(folder: Path, stems: list[str], images: Path | None, frames: Path | None) -> dict[str, Path]:
    """Each file's picture: one of the same name, or a video's frame of its number."""
    if images is None or images.is_dir():
        places = [images] if images else [folder, folder / "images", folder.parent, folder.parent / "images"]
        by_name = {
            f.stem: f
            for place in reversed(places)
            if place.is_dir()
            for f in place.iterdir()
            if f.suffix.lower() in STILLS
        }
        if all(stem in by_name for stem in stems):
            return {stem: by_name[stem] for stem in stems}
    numbers = [re.fullmatch(r"(.*)_(\d{12})", stem) for stem in stems]
    video = _video(folder, numbers, images)
    if video is None:
        missing = next((s for s in stems if images is None or not images.is_dir() or s not in by_name), stems[0])
        raise EvaluationError(
            f"The picture of {missing}{ENDING} is not there: expected {missing}.jpg or .png, or the video that "
            f"OpenPose was given, in {images or folder}. Say with --images where it is."
        )
    if frames is None:
        raise EvaluationError(f"The labels in {folder} are of the video {video}, whose frames have no folder to go to.")
    return _frames(video, {int(n[2]): stem for n, stem in zip(numbers, stems, strict=True)}, frames)


def _video(folder: Path, numbers: list[re.Match | None], images: Path | None) -> Path | None:
    if not all(numbers) or len({n[1] for n in numbers}) != 1:
        return None
    if images is not None and images.is_file():
        return images
    places = [images] if images else [folder, folder.parent]
    return next(
        (
            f
            for place in places
            for f in sorted(place.iterdir())
            if f.stem == numbers[0][1] and f.suffix.lower() in VIDEOS
        ),
        None,
    )


def _frames(video: Path, wanted: dict[int, str], folder: Path) -> dict[str, Path]:
    """The frames of these numbers, written as pictures where they are not yet."""
    folder = folder / f"{video.stem}-{video.stat().st_size}"
    paths = {stem: folder / f"{stem}.jpg" for stem in wanted.values()}
    if all(path.is_file() for path in paths.values()):
        return paths
    try:
        source = open_source(str(video), paced=False)
    except CameraError as error:
        raise EvaluationError(str(error)) from None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number, left = 0, set(wanted)
        while left and not source.ended:
            frame = source.read(timeout_s=10)
            if frame is None:
                continue
            if number in left:
                left.discard(number)
                bgr = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
                data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
                path = paths[wanted[number]]
                path.with_suffix(".part").write_bytes(data)
                path.with_suffix(".part").replace(path)
            number += 1
    except OSError as error:
        raise EvaluationError(f"The frames of {video} cannot be written to {folder}: {error}.") from None
    finally:
        source.close()
    if left:
        raise EvaluationError(f"{video} has {number} frames; {wanted[min(left)]}{ENDING} is of none of them.")
    return paths

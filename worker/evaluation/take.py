"""A video with a take beside it as a dataset: how near a model comes to what another program found in it.

Such labels are no truth. They show how a model fares on a person of whom there is nothing better.
"""

from __future__ import annotations

import hashlib
from collections import deque
from pathlib import Path

import numpy as np

from mocap_core.protocol import PosePacket
from mocap_core.skeleton import BODY_INDEX, COCO17
from mocap_core.take import TakeError, read_take

from ..cameras import CameraError
from ..source import Frame, open_source
from . import EvaluationError
from .annotations import Box
from .datasets import Dataset
from .pck import pck

LABELLED = 0.2  # a keypoint with a higher score is a label
LEAST_JOINTS = 6
MOST_PACKETS = 300  # their frames are held in memory
_TORSOS = [[BODY_INDEX[a], BODY_INDEX[b]] for a, b in (("left_shoulder", "right_hip"), ("right_shoulder", "left_hip"))]


def open_take(path: Path, video: Path | None) -> Dataset:
    """A take's first person, or a plain file of pose packets, on the frames of its video. Raises EvaluationError.

    Of more than `MOST_PACKETS` some are taken, evenly spread. torso_px of a person is the longer of its diagonals.
    """
    if video is None:
        raise EvaluationError(f"{path} is a take: say with --images which video it is of.")
    try:
        packets = [p for p in read_take(path).packets if p.person == 0]
    except TakeError as error:
        raise EvaluationError(str(error)) from None
    if not packets or len(packets[0].scores) != len(COCO17):
        raise EvaluationError(f"{path} holds no person of 17 keypoints.")
    note = f"The labels are {path.name}'s, where its score is above {LABELLED}; they are not the truth."
    return _dataset(packets, video, path.name, str(path), note)


def open_demo() -> Dataset:
    """The demo's clip with its true keypoints; those that something hides count as well."""
    from ..demo.run import Truth, clip_path

    truth = Truth.load()
    scores, size = np.ones(len(COCO17)), [int(side) for side in truth.size]
    packets = [
        PosePacket(keypoints, scores, None, float(time_s), {"frame_size": size})
        for keypoints, time_s in zip(truth.keypoints, truth.times_s, strict=True)
    ]
    return _dataset(packets, clip_path(), "the demo's truth", "the demo's clip", "The labels are the clip's truth.")


def _dataset(packets: list[PosePacket], video: Path, of: str, named: str, note: str) -> Dataset:
    step = -(-len(packets) // MOST_PACKETS)
    pairs = _paired(packets[::step], video)
    images, annotations, boxes, digest = {}, [], [], hashlib.sha256()
    for number, (packet, frame) in enumerate(pairs):
        height, width = frame.image.shape[:2]
        if packet.size is not None and tuple(packet.size) != (width, height):
            raise EvaluationError(f"{video} is {width}×{height}, {of} is of a picture of {packet.size}.")
        keypoints, scores = np.asarray(packet.keypoints, float), np.asarray(packet.scores, float)
        labelled = scores > LABELLED
        if labelled.sum() < LEAST_JOINTS:
            continue
        low, high = keypoints[labelled].min(0), keypoints[labelled].max(0)
        rows = np.where(labelled[:, None], np.column_stack([keypoints, np.full(len(scores), 2.0)]), 0.0)
        digest.update(rows.tobytes() + frame.image.tobytes())
        images[number] = frame.image
        boxes.append(Box(number, 1, (*low, *high), 1.0, number))
        annotations.append(
            {
                "id": number,
                "image_id": number,
                "category_id": 1,
                "iscrowd": 0,
                "keypoints": rows.reshape(-1).tolist(),
                "num_keypoints": int(labelled.sum()),
                "bbox": [*low.tolist(), *(high - low).tolist()],
                "torso_px": _torso_px(keypoints, labelled),
            }
        )
    if not annotations:
        raise EvaluationError(f"{named} shows nobody with {LEAST_JOINTS} keypoints of a score above {LABELLED}.")
    sizes = [{"id": i, "file_name": str(i), "width": v.shape[1], "height": v.shape[0]} for i, v in images.items()]
    described = {"images": sizes, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}
    frozen = f"The clip's own median pose has a PCK of {100 * median_pose_pck(annotations):.1f}% at 0.2 of the torso."
    return Dataset(
        "take", "coco17", described, boxes, images, digest.hexdigest(), named, [note, frozen], False
    )


def median_pose_pck(annotations: list[dict]) -> float:
    """PCK at 0.2 of the torso of one pose for all frames, the median of all labels: what a frozen answer reaches."""
    rows = np.array([a["keypoints"] for a in annotations], float).reshape(len(annotations), -1, 3)
    labelled = rows[..., 2] > 0
    places = np.where(labelled[..., None], rows[..., :2], np.nan)
    seen = labelled.any(axis=0)
    frozen = np.full(places.shape[1:], np.nan)
    frozen[seen] = np.nanmedian(places[:, seen], axis=0)
    torsos = np.array([a["torso_px"] for a in annotations])
    return pck(np.broadcast_to(frozen, places.shape), rows[..., :2], labelled, torsos)


def _torso_px(keypoints: np.ndarray, labelled: np.ndarray) -> float:
    """0 where neither diagonal is labelled: the person then counts in no share of the torso."""
    lengths = [np.linalg.norm(np.subtract(*keypoints[ends])) for ends in _TORSOS if labelled[ends].all()]
    return float(max(lengths, default=0.0))


def _paired(packets: list, video: Path) -> list[tuple[PosePacket, Frame]]:
    """Packets with the frames of their times, both counted from their first."""
    try:
        source = open_source(f"file://{video}", paced=False)
    except CameraError as error:
        raise EvaluationError(f"--images: {error}") from None
    pairs, waiting, start_s = [], deque(packets), None
    half_s = 0.5 / (source.fps or 30.0)
    try:
        while waiting and not source.ended:
            frame = source.read(1.0)
            if frame is None:
                continue
            start_s = frame.timestamp if start_s is None else start_s
            while waiting and waiting[0].timestamp - packets[0].timestamp < frame.timestamp - start_s - half_s:
                waiting.popleft()
            if waiting and waiting[0].timestamp - packets[0].timestamp <= frame.timestamp - start_s + half_s:
                pairs.append((waiting.popleft(), frame))
    finally:
        source.close()
    return pairs

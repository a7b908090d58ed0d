"""Pictures of a take: the clip with its keypoints, and the clip beside the character. H.264, yuv420p."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import cv2
import numpy as np

from mocap_core.figure import COLOURS, ENDS, MIN_SCORE

_LINES = [(a, b, tuple(255 * colour)) for (a, b), colour in zip(ENDS, COLOURS, strict=True)]


def draw_keypoints(picture: np.ndarray, keypoints: np.ndarray, scores: np.ndarray) -> None:
    """Draws a COCO-17 skeleton into an RGB picture: left orange, right blue, unsure joints left out.

    keypoints: (17, 2) px; scores: (17,).
    """
    shown = (scores >= MIN_SCORE) & np.isfinite(keypoints).all(-1)
    at = [tuple(round(c * 16) for c in point) if ok else None for point, ok in zip(keypoints, shown, strict=True)]
    for width, shade in ((5, 0.25), (2, 1.0)):  # a dark rim keeps the lines readable on any background
        for a, b, colour in _LINES:
            if shown[a] and shown[b]:
                cv2.line(picture, at[a], at[b], tuple(c * shade for c in colour), width, cv2.LINE_AA, 4)
    for point in at:
        if point:
            cv2.circle(picture, point, 3 * 16, (20, 20, 20), -1, cv2.LINE_AA, 4)
            cv2.circle(picture, point, 2 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)


def read(path: Path) -> Iterator[tuple[float, np.ndarray]]:
    """The frames of a video: (media time in s, picture (H, W, 3) RGB uint8)."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield float(frame.pts * frame.time_base), frame.to_ndarray(format="rgb24")


@contextmanager
def writer(path: Path, width: int, height: int, fps: int):
    """Gives a function that appends an RGB picture (height, width, 3) to an H.264 file that plays anywhere."""
    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=fps, options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"

        def append(picture: np.ndarray) -> None:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            container.mux(stream.encode(frame))

        yield append
        container.mux(stream.encode())

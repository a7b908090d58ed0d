"""The camera's picture for whoever watches on this machine, made as small as they ask."""

import numpy as np

from mocap_core.previews import Previews

from .source import Frame


def show(previews: Previews, frame: Frame) -> None:
    """Gives everybody the frame. Costs nothing where nobody watches."""
    height, width = frame.image.shape[:2]
    previews.show((width, height), frame.timestamp, lambda size: _small(frame.image, size))


def _small(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    from .opencv import cv2

    return image if size == image.shape[1::-1] else cv2.resize(image, size, interpolation=cv2.INTER_AREA)

"""Pictures as every capture gives them, made into the one kind that the worker knows: upright RGB, 8 bits."""

import numpy as np

from .cameras import CameraError

_CHANNELS = {1: "GRAY", 3: "BGR", 4: "BGRA"}


def rgb_of(image: np.ndarray, turn_deg: int = 0) -> np.ndarray:
    """(H, W, 3) RGB uint8, upright. Raises CameraError. The given array may be written over.

    image: (H, W) or (H, W, 1) grey, (H, W, 3) BGR or (H, W, 4) BGR with alpha, which is left out; 8 or 16 bits, of
    which the upper 8 are kept. turn_deg: clockwise, 0, 90, 180 or 270.
    """
    from .opencv import cv2

    shape, kind = image.shape, image.dtype
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    channels = 1 if image.ndim == 2 else shape[2] if image.ndim == 3 else 0
    if image.dtype != np.uint8 or channels not in _CHANNELS or image.size == 0:
        raise CameraError(
            f"The source gives pictures of {' × '.join(map(str, shape))} {kind}; expected are grey, RGB or RGBA "
            "in 8 or 16 bits. Convert it, as with `ffmpeg -i IN -pix_fmt yuv420p OUT.mp4`."
        )
    code = getattr(cv2, f"COLOR_{_CHANNELS[channels]}2RGB")
    image = cv2.cvtColor(image, code, dst=image if channels == 3 else None)
    turns = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
    return cv2.rotate(image, turns[turn_deg]) if turn_deg else image


def turn_of(capture) -> int:
    """How far a capture's pictures must be turned clockwise to be upright, degrees, as phones note it in videos.

    OpenCV can turn them itself, but only some of its versions do; here none does.
    """
    from .opencv import cv2

    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
    return int(round(capture.get(cv2.CAP_PROP_ORIENTATION_META) / 90) * 90) % 360

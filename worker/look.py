"""How a source is looked at: the mode that a camera is asked for, and how pictures are turned and mirrored."""

from dataclasses import dataclass

import numpy as np

from .cameras import CameraError

TURNS_DEG = (0, 90, 180, 270)


@dataclass(frozen=True)
class Look:
    """turn_deg: clockwise, beyond what a video's own notes say. mirror: left and right changed, after that.

    size: (width, height) px and rate: pictures a second, None as the camera likes. mjpg: compressed by the camera,
    which is how most give their larger sizes at a full rate. These three are a camera's alone.
    """

    turn_deg: int = 0
    mirror: bool = False
    size: tuple[int, int] | None = None
    rate: float | None = None
    mjpg: bool = False

    def picture(self, image: np.ndarray) -> np.ndarray:
        """The picture (H, W, 3), upright already, mirrored where that is wanted."""
        from .opencv import cv2

        return cv2.flip(image, 1) if self.mirror else image

    def ask(self, capture) -> str:
        """Asks an open camera for the mode. It gives the nearest that it has: what that is, if it is another one."""
        from .opencv import cv2

        if self.mjpg:  # first: the sizes that there are depend on it
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        if self.size is not None:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, self.size[0])
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self.size[1])
        if self.rate is not None:
            capture.set(cv2.CAP_PROP_FPS, self.rate)
        others = []
        size = round(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), round(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
        if self.size is not None and size != self.size and min(size) > 0:
            others.append(f"{size[0]}×{size[1]} instead of {self.size[0]}×{self.size[1]}")
        rate = capture.get(cv2.CAP_PROP_FPS)
        if self.rate is not None and rate > 0 and abs(rate - self.rate) > 1:
            others.append(f"{rate:.0f} pictures a second instead of {self.rate:.0f}")
        code = int(capture.get(cv2.CAP_PROP_FOURCC)).to_bytes(4, "little", signed=True)
        if self.mjpg and code[:1].isalpha() and code != b"MJPG":
            others.append("no MJPG")
        return ", ".join(others)


AS_IT_IS = Look()


def look_of(options: dict, default: Look) -> Look:
    """The look of a start's options: `rotate` degrees, `mirror`, `size` [w, h], `rate` and `mjpg`.

    What is left out is as in `default`. Raises CameraError.
    """
    turn_deg, size, rate = options.get("rotate"), options.get("size"), options.get("rate")
    return Look(
        turn_deg=default.turn_deg if turn_deg is None else checked_turn(turn_deg),
        mirror=bool(options.get("mirror", default.mirror)),
        size=default.size if size is None else checked_size(size),
        rate=default.rate if rate is None else checked_rate(rate),
        mjpg=bool(options.get("mjpg", default.mjpg)),
    )


def checked_turn(degrees: object) -> int:
    """Raises CameraError for what is no quarter turn."""
    if type(degrees) is not int or degrees not in TURNS_DEG:
        raise CameraError(f"A rotation of {degrees!r:.40} is not possible; 0, 90, 180 or 270 degrees are.")
    return degrees


def checked_size(size: object) -> tuple[int, int]:
    """(width, height) of two whole numbers. Raises CameraError."""
    if not (isinstance(size, list | tuple) and [type(side) for side in size] == [int, int]):
        raise CameraError(f"The camera's size is {size!r:.40}; a width and a height in pixels were expected.")
    if not all(16 <= side <= 16384 for side in size):
        raise CameraError(f"The camera's size is {size[0]}×{size[1]}; 16 to 16384 pixels each way were expected.")
    return size[0], size[1]


def checked_rate(rate: object) -> float:
    """Raises CameraError for what is no number of pictures a second."""
    if type(rate) not in (int, float) or not 1 <= rate <= 1000:
        raise CameraError(f"The camera's rate is {rate!r:.40}; 1 to 1000 pictures a second were expected.")
    return float(rate)

"""The cameras of this machine: which there are, opening one, and why one does not open."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

_SYSFS = Path("/sys/class/video4linux")
_PROBED = 8  # indices tried where the system keeps no list that we can read
_MISSES = 2  # and after so many without a camera the rest is not tried


class CameraError(Exception):
    """A camera, file or stream that gives no pictures; the text is a sentence for the user."""


@dataclass(frozen=True)
class Camera:
    index: int
    name: str


def find_cameras() -> list[Camera]:
    """The cameras that are plugged in. On Linux nothing is opened; elsewhere each is opened for a moment."""
    if sys.platform.startswith("linux"):
        return _listed_by_linux()
    found, misses = [], 0
    for index in range(_PROBED):
        capture = open_camera(index)
        if capture.isOpened():
            size = f"{capture.get(3):.0f}×{capture.get(4):.0f}"  # CAP_PROP_FRAME_WIDTH and _HEIGHT
            found.append(Camera(index, f"camera, {size}"))
            misses = 0
        else:
            misses += 1
        capture.release()
        if misses == _MISSES:
            break
    return found


def open_camera(index: int):
    """OpenCV's capture of a camera; the caller asks `isOpened()`."""
    from .opencv import cv2

    if sys.platform.startswith("linux"):
        return cv2.VideoCapture(index, cv2.CAP_V4L2)
    if sys.platform == "darwin":
        return cv2.VideoCapture(index, cv2.CAP_AVFOUNDATION)
    return cv2.VideoCapture(index)


def missing_camera(index: int) -> CameraError | None:
    """What can be known wrong without opening the camera: not there, or not ours to read."""
    if not sys.platform.startswith("linux"):
        return None
    device = Path(f"/dev/video{index}")
    if not device.exists():
        return CameraError(f"Camera {index} is not there; {described(find_cameras())}.")
    if not os.access(device, os.R_OK | os.W_OK):
        return CameraError(
            f"Camera {index} is there but this user may not open {device}; "
            f"add the user to the group `video` and sign in again."
        )
    return None


def silent_camera(index: int) -> CameraError:
    """The error of a camera that does not open, or opens and gives no picture."""
    cameras = find_cameras()
    if not any(camera.index == index for camera in cameras) and not sys.platform.startswith("linux"):
        return CameraError(f"Camera {index} does not open; {described(cameras)}.")
    hint = " or this program may not use cameras (see the system's privacy settings)"
    return CameraError(
        f"Camera {index} is there but gives no picture: another program may be using it"
        f"{'' if sys.platform.startswith('linux') else hint}. Close that program and start again."
    )


def described(cameras: list[Camera]) -> str:
    """The cameras in words, to end a sentence with."""
    if not cameras:
        return "no camera was found. Plug one in, or give a video file or a stream's URL as the source"
    return "found are " + ", ".join(f"{camera.index} ({camera.name})" for camera in cameras)


def _listed_by_linux() -> list[Camera]:
    cameras = []
    for folder in _SYSFS.glob("video*") if _SYSFS.is_dir() else ():
        number = folder.name.removeprefix("video")
        try:
            # A camera has several nodes; those after its first carry metadata, not pictures.
            first = (folder / "index").read_text().strip() == "0"
            name = (folder / "name").read_text().strip()
        except OSError:
            continue
        if first and number.isdigit() and Path(f"/dev/video{number}").exists():
            cameras.append(Camera(int(number), name))
    return sorted(cameras, key=lambda camera: camera.index)

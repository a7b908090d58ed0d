"""OpenCV for capturing, with its messages off: FFmpeg's would print URLs with their passwords."""

import os
import sys

os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
if sys.platform == "win32":
    # With it, Media Foundation takes tens of seconds to open a camera.
    os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")

import cv2

cv2.setLogLevel(0)  # where another import of OpenCV came before the variables

__all__ = ["cv2"]

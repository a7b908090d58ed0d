"""From 17 COCO keypoints in a picture to 17 joints in metres, in numpy alone."""

from .features import ASSUMED_FOCAL, NOMINAL_HEIGHT_M
from .lifter import Lifted, Lifter, root_translation
from .network import LiftError

__all__ = ["ASSUMED_FOCAL", "NOMINAL_HEIGHT_M", "LiftError", "Lifted", "Lifter", "root_translation"]

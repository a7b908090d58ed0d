"""Lifts one person's keypoints to three dimensions, frame after frame.

Owns the short history of keypoints, the choice of what counts as seen, and the person's place in
front of the camera. The inputs' form is `features`', the weights are `network`'s.
"""

from dataclasses import dataclass

import numpy as np

from ..rotation import dot
from .features import ASSUMED_FOCAL, JOINTS_FROM_BONES, LAGS_S, features
from .network import Network

#: Scores below this count as missing.
LEAST_SCORE = 0.05
#: Fewer seen joints than this are no pose.
LEAST_JOINTS = 4
#: Keypoints more than this many pictures away from the picture's middle are garbage.
_FARTHEST = 5.0
#: A pause longer than this is a new beginning.
_LONGEST_GAP_S = 0.5
_LAGS_S = np.array(LAGS_S)


@dataclass(frozen=True)
class Lifted:
    """A person seen from the camera (x right, y down, z forward).

    joints_camera: (17, 3) metres from the middle of the hips, of an adult of `NOMINAL_HEIGHT_M`;
    joints that are not seen are the network's guess, and all are NaN where too little is seen.
    root_camera: (3,) metres from the camera to the middle of the hips, or None. It is as right as
    the focal length and the nominal height are.
    """

    joints_camera: np.ndarray
    root_camera: np.ndarray | None


class Lifter:
    """Remembers 0.9 s of one person's keypoints, so lifting frames in order is better than alone.

    A `copy.copy` has the same memory, and what either is shown next leaves the other as it is.
    """

    def __init__(self, path=None):
        """path: the weights; those that ship if None. Raises LiftError."""
        self._network = Network(path)
        self.reset()

    def reset(self):
        """Forget the person: the next frame is a first one."""
        self._times, self._frames = np.zeros(0), np.zeros((0, 17, 3))
        self._size = None

    def lift(self, keypoints, scores, size, time_s, focal_px=None) -> Lifted:
        """The pose at time_s from its keypoints and those remembered.

        keypoints: (17, 2) px, COCO order; scores: (17,) 0…1; NaN or score 0 is missing.
        size: (width, height) of the picture in px. time_s: the capture time, at any frame rate.
        focal_px: the lens if known, else `ASSUMED_FOCAL` times the longer side.
        """
        size = np.asarray(size, np.float64)
        keypoints, scores = _seen(keypoints, scores, size)
        if keypoints is None or not np.isfinite(time_s):
            return _nobody()
        self._remember(keypoints, scores, size, float(time_s))
        if (scores > 0).sum() < LEAST_JOINTS:
            return _nobody()
        points, trust = self._at(time_s - _LAGS_S)
        focal = float(focal_px or ASSUMED_FOCAL * size.max())
        x, view = features(points[None], trust[None], size[None], np.array([focal]))
        bones = self._network(x) @ view
        joints = (JOINTS_FROM_BONES @ bones)[0].astype(np.float64)
        return Lifted(joints, root_translation(joints, keypoints, scores, size, focal))

    def _remember(self, keypoints, scores, size, time_s):
        back = len(self._times) > 0 and not 0 <= time_s - self._times[-1] <= _LONGEST_GAP_S
        if back or (self._size is not None and not np.array_equal(size, self._size)):
            self.reset()
        self._size = size
        # From the last frame before the window on; one of this very moment gives way.
        first = max(0, self._times.searchsorted(time_s - LAGS_S[-1]) - 1)
        kept = slice(first, self._times.searchsorted(time_s))
        frame = np.concatenate([keypoints, scores[:, None]], -1)
        self._times = np.append(self._times[kept], time_s)
        self._frames = np.concatenate([self._frames[kept], frame[None]])

    def _at(self, times_s):
        """Keypoints (T, 17, 2) and scores (T, 17) at moments up to now, between the frames around each."""
        times, frames = self._times, self._frames
        after = times.searchsorted(times_s, "right")
        before = np.maximum(after - 1, 0)
        known = after > 0
        after = np.minimum(after, len(times) - 1)
        gap = times[after] - times[before]
        share = ((times_s - times[before]) / np.where(gap > 0, gap, np.inf))[:, None]
        earlier, later = frames[before], frames[after]
        a, b = earlier[..., 2], later[..., 2]
        # A joint seen on one side alone counts there if that frame is the nearer one.
        wa = (1 - share) * ((a > 0) & ((b > 0) | (share <= 0.5)) & known[:, None])
        wb = share * ((b > 0) & ((a > 0) | (share > 0.5)) & known[:, None])
        total = wa + wb
        total[total <= 0] = 1.0
        points = (earlier[..., :2] * wa[..., None] + later[..., :2] * wb[..., None]) / total[..., None]
        return points, (a * wa + b * wb) / total


def root_translation(joints_camera, keypoints, scores, size, focal_px):
    """Where the hips are, by linear least squares: (3,) m, or None where that is not determined.

    joints_camera: (17, 3) m hip-centred; keypoints: (17, 2) px; scores: (17,) weights.
    A joint p seen along the tangents (a, b) asks p.x + t.x = a (p.z + t.z), and the same for y.
    """
    seen = scores > 0
    if np.count_nonzero(seen) < LEAST_JOINTS:
        return None
    tangent = (keypoints[seen] - size / 2) / focal_px
    p, w = joints_camera[seen], scores[seen]
    asked = tangent * p[:, 2:] - p[:, :2]
    terms = np.column_stack((np.ones(len(p)), tangent, asked, dot(tangent, tangent), dot(tangent, asked)))
    one, a, b, x, y, square, along = (w * w @ terms).tolist()
    # The normal equations are one·(x, y) shifted by z·(a, b), and what they leave for z alone.
    spread = square - (a * a + b * b) / one
    if spread * 1e9 < one + square:
        return None
    z = ((a * x + b * y) / one - along) / spread
    return np.array([(x + a * z) / one, (y + b * z) / one, z]) if z > 0.1 else None


def _seen(keypoints, scores, size):
    """Clean copies, missing joints at 0 with score 0; (None, None) where the picture makes no sense."""
    keypoints = np.array(keypoints, np.float64)
    scores = np.array(scores, np.float64)
    if keypoints.shape != (17, 2) or scores.shape != (17,):
        raise ValueError(
            f"lifting takes 17 COCO keypoints and scores, not shapes {keypoints.shape} and {scores.shape}"
        )
    if size.shape != (2,) or not np.isfinite(size).all() or size.min() < 1:
        return None, None
    with np.errstate(invalid="ignore"):
        near = (np.abs(keypoints - size / 2) < _FARTHEST * size.max()).all(-1)
        good = near & (scores >= LEAST_SCORE)
    return np.where(good[:, None], keypoints, 0.0), np.where(good, np.clip(scores, 0, 1), 0.0)


def _nobody():
    return Lifted(np.full((17, 3), np.nan), None)

"""Lifts one person's keypoints to three dimensions, frame after frame.

Owns the short history of keypoints, the choice of what counts as seen, and the person's place in
front of the camera. The inputs' form is `features`', the weights are `network`'s.
"""

from dataclasses import dataclass

import numpy as np

from .features import ASSUMED_FOCAL, JOINTS_FROM_BONES, LAGS_S, between, features
from .network import Network

#: Scores below this count as missing.
LEAST_SCORE = 0.05
#: Fewer seen joints than this are no pose.
LEAST_JOINTS = 4
#: Keypoints more than this many pictures away from the picture's middle are garbage.
_FARTHEST = 5.0
#: Moments nearer to a frame than this are that frame's.
_SAME_S = 1e-6
_LAGS = np.array(LAGS_S)
#: A pause longer than this is a new beginning.
_LONGEST_GAP_S = 0.5


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
    """Remembers a quarter of a second of one person's keypoints, so lifting frames in order is better than alone."""

    def __init__(self, path=None):
        """path: the weights; those that ship if None. Raises LiftError."""
        self._network = Network(path)
        self.reset()

    def reset(self):
        """Forget the person: the next frame is a first one."""
        # Frames in order; these arrays are replaced, never written into, so a copied lifter remembers by itself.
        self._times, self._keypoints, self._scores = np.empty(0), np.empty((0, 17, 2)), np.empty((0, 17))
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
        if np.count_nonzero(scores) < LEAST_JOINTS:
            return _nobody()
        focal = float(focal_px or ASSUMED_FOCAL * size.max())
        x, view = features(*self._past(time_s), size, focal)
        bones = self._network(x[None])[0] @ view
        joints = (JOINTS_FROM_BONES @ bones).astype(np.float64)
        return Lifted(joints, root_translation(joints, keypoints, scores, size, focal))

    def _remember(self, keypoints, scores, size, time_s):
        times = self._times
        if len(times):
            gap_s = time_s - times[-1]
            if not 0 <= gap_s <= _LONGEST_GAP_S or (size != self._size).any():
                self.reset()
                times = self._times
        first = max(np.searchsorted(times, time_s - LAGS_S[-1], "right") - 1, 0)
        last = len(times) - (len(times) > 0 and times[-1] == time_s)
        self._size = size
        self._times = np.append(times[first:last], time_s)
        self._keypoints = np.concatenate([self._keypoints[first:last], keypoints[None]])
        self._scores = np.concatenate([self._scores[first:last], scores[None]])

    def _past(self, time_s):
        """Keypoints (T, 17, 2) and scores (T, 17) at `LAGS_S` before time_s, between the frames around each moment."""
        times = self._times
        moments = time_s - _LAGS
        after = np.searchsorted(times, moments - _SAME_S)
        known = (moments > times[0] - _SAME_S)[:, None]
        before = np.maximum(after - 1, 0)
        points, trust = self._keypoints[after], self._scores[after]
        ahead_s = times[after] - moments
        if (ahead_s > _SAME_S).any():
            share = ahead_s / np.maximum(times[after] - times[before], _SAME_S)
            share = np.clip(share, 0.0, 1.0)[:, None]
            points, trust = between(points, trust, self._keypoints[before], self._scores[before], share)
        return points, trust * known


def root_translation(joints_camera, keypoints, scores, size, focal_px):
    """Where the hips are, by linear least squares: (3,) m, or None where that is not determined.

    joints_camera: (17, 3) m hip-centred; keypoints: (17, 2) px; scores: (17,) weights.
    A joint p seen along the tangents (a, b) asks p.x + t.x = a (p.z + t.z), and the same for y.
    """
    seen = scores > 0
    if seen.sum() < LEAST_JOINTS:
        return None
    tangent = (keypoints[seen] - size / 2) / focal_px
    p, w = joints_camera[seen], scores[seen]
    zero = np.zeros(len(p))
    rows = np.concatenate(
        [np.stack([w, zero, -w * tangent[:, 0]], 1), np.stack([zero, w, -w * tangent[:, 1]], 1)]
    )
    wanted = np.concatenate(
        [w * (tangent[:, 0] * p[:, 2] - p[:, 0]), w * (tangent[:, 1] * p[:, 2] - p[:, 1])]
    )
    normal = rows.T @ rows
    smallest, _, largest = np.linalg.eigvalsh(normal)
    if smallest * 1e9 < largest:
        return None
    root = np.linalg.solve(normal, rows.T @ wanted)
    return root if root[2] > 0.1 else None


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

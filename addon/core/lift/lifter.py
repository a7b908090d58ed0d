"""Lifts one person's keypoints to three dimensions, frame after frame.

Owns the short history of keypoints, the choice of what counts as seen, and the person's place in
front of the camera. The inputs' form is `features`', the weights are `network`'s.
"""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

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
    """Remembers 0.3 s of one person's keypoints, so lifting frames in order is better than alone."""

    def __init__(self, path=None):
        """path: the weights; those that ship if None. Raises LiftError."""
        self._network = Network(path)
        self.reset()

    def reset(self):
        """Forget the person: the next frame is a first one."""
        self._times, self._keypoints, self._scores = [], [], []
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
        window = [(keypoints, scores)] + [self._at(time_s - lag) for lag in LAGS_S[1:]]
        points = np.stack([w[0] for w in window])[None]
        trust = np.stack([w[1] for w in window])[None]
        focal = float(focal_px or ASSUMED_FOCAL * size.max())
        x, view = features(points, trust, size[None], np.array([focal]))
        bones = self._network(x) @ view
        joints = (JOINTS_FROM_BONES @ bones)[0].astype(np.float64)
        return Lifted(joints, root_translation(joints, keypoints, scores, size, focal))

    def _remember(self, keypoints, scores, size, time_s):
        times = self._times
        back = bool(times) and (time_s < times[-1] or time_s - times[-1] > _LONGEST_GAP_S)
        if back or (self._size is not None and not np.array_equal(size, self._size)):
            self.reset()
            times = self._times
        if times and time_s == times[-1]:
            for kept in (times, self._keypoints, self._scores):
                kept.pop()
        self._size = size
        times.append(time_s)
        self._keypoints.append(keypoints)
        self._scores.append(scores)
        while len(times) > 2 and times[1] < time_s - LAGS_S[-1]:
            for kept in (times, self._keypoints, self._scores):
                kept.pop(0)

    def _at(self, time_s):
        """Keypoints and scores at a past moment, between the frames around it."""
        after = bisect_right(self._times, time_s)
        if after == 0:
            return np.zeros((17, 2)), np.zeros(17)
        before = after - 1
        after = min(after, len(self._times) - 1)
        gap = self._times[after] - self._times[before]
        share = (time_s - self._times[before]) / gap if gap > 0 else 0.0
        a, b = self._scores[before], self._scores[after]
        # A joint seen on one side alone counts there if that frame is the nearer one.
        wa = (1 - share) * ((a > 0) & ((b > 0) | (share <= 0.5)))
        wb = share * ((b > 0) & ((a > 0) | (share > 0.5)))
        total = wa + wb
        safe = np.where(total > 0, total, 1.0)
        points = (self._keypoints[before] * wa[:, None] + self._keypoints[after] * wb[:, None]) / safe[
            :, None
        ]
        return points, (a * wa + b * wb) / safe


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

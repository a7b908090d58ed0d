"""The box around one person, from frame to frame, and whether it can be trusted. Pure: no pictures, no clock."""

import numpy as np

# Indices of COCO-17.
_SHOULDERS, _HIPS = [5, 6], [11, 12]
_CHAINS = (
    (5, 7, 9),
    (6, 8, 10),
    (11, 13, 15),
    (12, 14, 16),
)  # shoulder or hip, elbow or knee, wrist or ankle

CONFIDENT = 0.3  # of a keypoint's score
LEAST = 5  # confident keypoints that make a person
MARGIN = 1.25
_ASPECT = 3 / 4  # of the network's crop, width by height
_SHRINK = 0.2  # how much of the way an edge goes inwards in a frame; outwards it goes at once
_SMALLEST = 0.05  # of the picture's shorter side
_JUMP = 1.4  # times the size in one frame: no person grows or shrinks so fast
_FALL = 0.7  # of the usual score
_BORDER = 0.02  # of the crop's size


def confident(keypoints: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Which keypoints count, (K,) bool. A guess would blow the box up."""
    return (scores >= CONFIDENT) & np.isfinite(keypoints).all(axis=1)


def box_of(keypoints: np.ndarray, scores: np.ndarray, size: tuple[int, int]) -> np.ndarray | None:
    """The box of a person by its confident keypoints, (4,) xyxy px, or None where too few are for a person.

    keypoints: (17, 2) px. scores: (17,). size: (width, height) px of the picture.
    """
    sure = confident(keypoints, scores)
    if sure.sum() < LEAST:
        return None
    points = np.concatenate([keypoints[sure], _unseen_ends(keypoints, sure)])
    low, high = points.min(axis=0), points.max(axis=0)
    centre, half = (low + high) / 2, (high - low) / 2 * MARGIN
    half = np.maximum(half, _SMALLEST / 2 * min(size))
    return inside(np.concatenate([centre - half, centre + half]), size)


def eased(before: np.ndarray, box: np.ndarray) -> np.ndarray:
    """The next box of somebody followed: edges go outwards at once and inwards slowly. Boxes (4,) xyxy px."""
    step = box - before
    outwards = step * [-1, -1, 1, 1] > 0
    return np.where(outwards, box, before + _SHRINK * step)


def doubtful(
    looked: np.ndarray,
    keypoints: np.ndarray,
    scores: np.ndarray,
    usual_score: float,
    size: tuple[int, int],
) -> bool:
    """Whether a frame gives reason to ask a detector: scores fell, keypoints touch the crop's border or the size
    jumped.

    looked: (4,) xyxy px, the box that the network was shown. usual_score: the mean score of late. The picture's
    own border is no crop's.
    """
    sure = confident(keypoints, scores)
    if sure.sum() < LEAST or scores.mean() < _FALL * usual_score:
        return True
    box = box_of(keypoints, scores, size)
    jump = np.max(box[2:] - box[:2]) / np.max(looked[2:] - looked[:2])
    if not 1 / _JUMP <= jump <= _JUMP:
        return True
    centre, (width, height) = (looked[:2] + looked[2:]) / 2, looked[2:] - looked[:2]
    crop = np.array([max(width, height * _ASPECT), max(height, width / _ASPECT)]) * MARGIN
    low = np.maximum(centre - crop * (0.5 - _BORDER), 0)
    high = np.minimum(centre + crop * (0.5 - _BORDER), size)
    touching = ((keypoints[sure] < low) & (low > 0)) | ((keypoints[sure] > high) & (high < size))
    return bool(touching.any())


def parts(size: tuple[int, int], crop_width: float) -> list[list[float]]:
    """Boxes whose crops, `crop_width` px wide and upright, cover a picture half over each other, the middle first.

    None where the picture is no wider than a crop that is as high as it.
    """
    crop = np.array([crop_width, crop_width / _ASPECT])
    spare = np.array(size) - crop
    if spare[0] <= 0:
        return []
    steps = np.ceil(np.maximum(spare, 0) / (crop / 2) - 1e-9).astype(int)
    across, down = (crop[i] / 2 + spare[i] * np.arange(steps[i] + 1) / max(steps[i], 1) for i in (0, 1))
    middle = np.array(size) / 2
    centres = sorted(((x, y) for x in across for y in down), key=lambda centre: np.abs(centre - middle).sum())
    half_box = crop / MARGIN / 2  # a crop is this much larger than its box
    return [[*(centre - half_box), *(centre + half_box)] for centre in centres]


def inside(box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The part of a box within the picture, at least a pixel wide and high."""
    width, height = size
    low = np.clip(box[:2], 0, [width - 1, height - 1])
    high = np.clip(box[2:], low + 1, [width, height])
    return np.concatenate([low, high])


def _unseen_ends(keypoints: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Where the ends of limbs may be that are not seen, (n, 2) px.

    Without room for them the box would close on what is seen, and they would never be.
    """
    ends = []
    torso = 0.0
    if sure[_SHOULDERS].any() and sure[_HIPS].any():
        shoulder = keypoints[_SHOULDERS][sure[_SHOULDERS]].mean(axis=0)
        torso = float(np.linalg.norm(keypoints[_HIPS][sure[_HIPS]].mean(axis=0) - shoulder))
    for root, middle, end in _CHAINS:
        if sure[end]:
            continue
        if sure[root] and sure[middle]:  # as if the limb were straight
            ends.append(2 * keypoints[middle] - keypoints[root])
        elif sure[root] and root in _HIPS:  # as if the leg hung down, about 1.6 torsos long
            ends.append(keypoints[root] + [0.0, 1.6 * torso])
    return np.array(ends).reshape(-1, 2)

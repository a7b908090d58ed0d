"""Who is who: how alike two poses and two boxes are, and the best pairing of rows with columns. Pure numpy."""

import numpy as np

from .evaluation.oks import oks
from .evaluation.sigmas import SIGMAS
from .person import confident

_LEAST = 3  # keypoints that two poses must share to be alike


def likeness(a: np.ndarray, scores_a: np.ndarray, b: np.ndarray, scores_b: np.ndarray, area: float) -> float:
    """Object keypoint similarity of two poses, 0…1, over the keypoints that both are sure of.

    a, b: (17, 2) px. scores: (17,). area: px², of the person. 0 where fewer than three keypoints are shared.
    """
    both = confident(a, scores_a) & confident(b, scores_b)
    return float(oks(a, b, both, area, SIGMAS["coco17"])) if both.sum() >= _LEAST else 0.0


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """The boxes' intersection over their union; (4,) xyxy each."""
    shared = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0).prod()
    union = (a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - shared
    return float(shared / union) if union > 0 else 0.0


def pairs(affinity: np.ndarray, least: float) -> list[tuple[int, int]]:
    """(row, column) pairs with the highest sum, each row and column once at most; none below `least`.

    affinity: (R, C), 0 or more. The Hungarian method by shortest augmenting paths, O(R² C) after the sides are
    swapped so that R ≤ C; Kuhn 1955, Jonker and Volgenant 1987.
    """
    rows, columns = affinity.shape
    if rows > columns:
        return [(row, column) for column, row in pairs(affinity.T, least)]
    cost = -affinity
    row_price, column_price = np.zeros(rows), np.zeros(columns)
    owner = np.full(columns, -1)
    for start in range(rows):
        slack, came_from = np.full(columns, np.inf), np.full(columns, -1)
        done = np.zeros(columns, bool)
        row, column = start, -1
        while True:  # until a free column is reached
            reduced = cost[row] - row_price[row] - column_price
            better = ~done & (reduced < slack)
            slack[better], came_from[better] = reduced[better], column
            step = np.where(done, np.inf, slack).min()
            row_price[start] += step
            row_price[owner[done]] += step
            column_price[done] -= step
            slack[~done] -= step
            column = int(np.where(done, np.inf, slack).argmin())
            done[column] = True
            if owner[column] < 0:
                break
            row = owner[column]
        while column >= 0:  # each row on the path moves on to the next column
            before = came_from[column]
            owner[column] = start if before < 0 else owner[before]
            column = before
    return [(int(row), column) for column, row in enumerate(owner) if row >= 0 and affinity[row, column] >= least]

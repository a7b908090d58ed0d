"""How well each limb is seen: the scores of its keypoints over the last moments."""

from collections import deque

import numpy as np

from .skeleton import COCO17

LIMBS = {
    "Head": [COCO17.index(name) for name in ("nose", "left_eye", "right_eye", "left_ear", "right_ear")],
    **{
        f"{side.capitalize()} {limb}": [COCO17.index(f"{side}_{joint}") for joint in joints]
        for limb, joints in (("arm", ("shoulder", "elbow", "wrist")), ("leg", ("hip", "knee", "ankle")))
        for side in ("left", "right")
    },
}
WINDOW_S = 1.0


def limb_scores(scores) -> np.ndarray:
    """(…, 5) 0…1 of `LIMBS`, from scores (…, K) whose first 17 are COCO's; of the head the better half counts.

    A head is seen from one side: the other ear and eye say nothing against it.
    """
    scores = np.clip(np.nan_to_num(np.asarray(scores, float)), 0.0, 1.0)
    head, *limbs = LIMBS.values()
    better = np.sort(scores[..., head], axis=-1)[..., 2:].mean(-1)
    return np.stack([better, *(scores[..., rows].mean(-1) for rows in limbs)], axis=-1)


class Quality:
    """The mean of `limb_scores` over the last second."""

    def __init__(self):
        self._seen: deque[tuple[float, np.ndarray]] = deque(maxlen=240)

    def add(self, now_s: float, scores) -> None:
        self._seen.append((now_s, scores[:17]))

    def value(self, now_s: float) -> dict[str, float] | None:
        """0…1 a limb, or None where nothing came within the last second."""
        recent = [scores for seen_s, scores in self._seen if now_s - seen_s <= WINDOW_S]
        if not recent:
            return None
        return dict(zip(LIMBS, limb_scores(recent).mean(0).round(3).tolist(), strict=True))

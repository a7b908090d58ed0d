"""Somebody followed through the frames, and which of the people found in a frame that is.

Pure: no pictures, no clock. Who is followed at all is `people`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from . import person as single
from .matching import iou, likeness, pairs

HIDDEN_S = 1.0  # somebody unseen so long has left
_SAME = 0.6  # OKS of two poses that are one person's
_LIKE = 0.15  # the least likeness to who was there before
_HIDDEN_WORTH = 0.9  # of the likeness of somebody who was not seen in the last frame
_NEAR = 0.1  # IoU, at least, of somebody's own look's find with where they should be
_SPEED_S = 0.15  # time constant of a person's speed
_USUAL = 0.1  # how much of a frame's score goes into the usual one


@dataclass(frozen=True, eq=False)
class Person:
    """Somebody who is followed.

    key: names the track. id: on the wire; None as long as it may be nobody. box: (4,) xyxy px, where to look.
    keypoints: (17, 2) px and scores: (17,) as last seen, None where a detector alone has seen them yet.
    row: which of the last frame's looks saw them, None for none. seen_s: when that was. seen: how often.
    speed: (2,) px/s. usual_score: mean of the scores of late. missed: looks of a detector since its last find.
    """

    key: int
    id: int | None
    box: np.ndarray
    seen_s: float
    keypoints: np.ndarray | None = None
    scores: np.ndarray | None = None
    row: int | None = None
    seen: int = 0
    speed: np.ndarray = field(default_factory=lambda: np.zeros(2))
    usual_score: float = 0.0
    missed: int = 0

    def moved(self, time_s: float) -> np.ndarray:
        """How far they have come since they were seen, (2,) px."""
        return self.speed * min(max(time_s - self.seen_s, 0.0), HIDDEN_S)

    def expected_box(self, time_s: float) -> np.ndarray:
        """The box where they should be by now, (4,) xyxy px."""
        return self.box + np.tile(self.moved(time_s), 2)


@dataclass(frozen=True, eq=False)
class Look:
    """A box for the network, (4,) xyxy px, and whose it is: None in a search."""

    box: np.ndarray
    key: int | None


@dataclass(frozen=True, eq=False)
class Found:
    """A person in the looks of a frame. row: in which of them. keys: whose looks showed them."""

    keypoints: np.ndarray
    scores: np.ndarray
    box: np.ndarray
    row: int
    keys: frozenset


def find(looked: Sequence[Look], keypoints: np.ndarray, scores: np.ndarray, size: tuple[int, int]) -> list[Found]:
    """The people in the looks; one that two looks show is one, as the surer of them has it.

    keypoints: (N, 17, 2) px. scores: (N, 17). size: (width, height) px of the picture.
    """
    found = []
    for row in np.argsort(-scores.sum(axis=1), kind="stable"):
        box = single.box_of(keypoints[row], scores[row], size)
        if box is None:
            continue
        new = Found(keypoints[row], scores[row], box, int(row), frozenset({looked[row].key}))
        for index, other in enumerate(found):
            if iou(other.box, new.box) == 0:
                continue
            area = (other.box[2:] - other.box[:2]).prod()
            if likeness(other.keypoints, other.scores, new.keypoints, new.scores, area) > _SAME:
                found[index] = replace(other, keys=other.keys | new.keys)
                break
        else:
            found.append(new)
    return found


def claims(people: Sequence[Person], found: Sequence[Found], time_s: float, alone: bool) -> dict[int, int]:
    """Whom of the people each of those found is: indices of people to indices of found.

    By likeness first. What is left in a person's own look is theirs as well, as when they moved fast; but where
    they are not followed `alone`, only if it is near.
    """
    fits = np.array([[_fit(p, new, time_s) for new in found] for p in people]).reshape(len(people), len(found))
    taken = dict(pairs(fits, _LIKE))
    for column, new in enumerate(found):
        own = [i for i, p in enumerate(people) if p.key in new.keys and i not in taken]
        if not alone:
            own = [i for i in own if iou(people[i].expected_box(time_s), new.box) > _NEAR]
        if own and column not in taken.values():
            taken[max(own, key=lambda i: fits[i, column])] = column
    return taken


def seen(p: Person, new: Found, time_s: float) -> Person:
    """The person as found in this frame."""
    box = single.eased(p.box, new.box) if p.row is not None else new.box
    speed, usual, passed_s = p.speed, float(new.scores.mean()), time_s - p.seen_s
    if p.seen:
        both = single.confident(p.keypoints, p.scores) & single.confident(new.keypoints, new.scores)
        if both.any() and 0 < passed_s <= HIDDEN_S:
            step = np.median(new.keypoints[both] - p.keypoints[both], axis=0) / passed_s
            speed = speed + (step - speed) * passed_s / (passed_s + _SPEED_S)
        usual = p.usual_score + _USUAL * (usual - p.usual_score)
    return replace(
        p, box=box, keypoints=new.keypoints, scores=new.scores, row=new.row, seen_s=time_s, seen=p.seen + 1,
        speed=speed, usual_score=usual,
    )  # fmt: skip


def _fit(p: Person, new: Found, time_s: float) -> float:
    """0…1: how well a person found fits where somebody should be by now."""
    box = p.expected_box(time_s)
    overlap = iou(box, new.box)
    if p.keypoints is None or overlap == 0:
        return overlap / 2
    pose = likeness(p.keypoints + p.moved(time_s), p.scores, new.keypoints, new.scores, (box[2:] - box[:2]).prod())
    return (pose + overlap) / 2 * (1.0 if p.row is not None else _HIDDEN_WORTH)

"""Who is in the picture, from frame to frame: where to look, who is who, who came and who left.

Pure: no pictures, no clock, states unchanged. A frame goes `looks` → the network → `follow`; a detector's boxes
come in between by `detected`. The box of one person is `person`'s; one person through the frames, `tracks`'.
"""

from dataclasses import dataclass, replace

import numpy as np

from . import person as single
from .matching import iou, pairs
from .tracks import HIDDEN_S, Found, Look, Person, claims, find, seen

MOST = 8  # people at once
LOOK_EVERY = 4  # frames from one look for newcomers to the next, while somebody is followed
DETECT_EVERY = 10  # frames from one look of a detector to the next
_SURE_LOOKS = 3  # in which a newcomer is seen before it counts, where others are there already
_SURE_KEYPOINTS = 8  # and how many keypoints it shows
_FOUND = 0.2  # IoU of a detector's box with that of somebody followed
_MISSED = 3  # looks of a detector without somebody before another may take the place


@dataclass(frozen=True, eq=False)
class People:
    """Everybody in a picture of `size` (width, height) px, at most `limit`.

    homes: (n, 4) xyxy px, boxes to look in by turns for newcomers. searching: whether that is done while somebody
    is seen. gone: who has left, for their identities. issued: identities so far. doubtful: whether the last frame
    gives reason to ask a detector.
    """

    size: tuple[int, int]
    limit: int
    homes: np.ndarray
    searching: bool = True
    people: tuple[Person, ...] = ()
    gone: tuple[Person, ...] = ()
    issued: int = 0
    turn: int = 0
    frame: int = 0
    keys: int = 0
    doubtful: bool = True

    @property
    def seen(self) -> dict[int, int]:
        """Identities in the last frame, and by which of its looks."""
        return {p.id: p.row for p in self.people if p.id is not None and p.row is not None}

    @property
    def ask(self) -> bool:
        """Whether a detector should look at the last frame."""
        return self.doubtful or self.frame % DETECT_EVERY == 0


def start(
    size: tuple[int, int],
    limit: int = 1,
    box: np.ndarray | None = None,
    searching: bool = True,
    before: People | None = None,
) -> People:
    """Nobody yet. box: where the first person is, xyxy px, if that is known. before: whose identities go on, where
    the picture's size has changed.

    One person is looked for in the given box alone, or in the whole frame and then in upright parts of it: in a
    wide picture's whole a standing person is small in the network's crop. Several are looked for in large and small
    parts, where there are any: a crop that shows two people gives a mixture of them.
    """
    width, height = size
    whole, given = [0.0, 0.0, width, height], [] if box is None else [np.asarray(box, float)]
    if limit == 1:
        homes = given or [whole, *single.parts(size, height * 3 / 4)]
    else:
        large = min(height * 3 / 4, width * 0.6)
        homes = [*given, *(single.parts(size, large) + single.parts(size, large * 0.6) or [whole])]
    homes = np.array([single.inside(np.array(home), size) for home in homes])
    if before is None:
        return People(size, limit, homes, searching)
    gone = tuple(p for p in (*before.people, *before.gone) if p.id is not None)
    return People(size, limit, homes, searching, gone=gone, issued=before.issued)


def looks(state: People, time_s: float) -> list[Look]:
    """Where to look in the next frame, taken at time_s: at everybody, and in one place for newcomers."""
    out = []
    for p in state.people:
        box = p.box if p.row is not None else single.inside(p.expected_box(time_s), state.size)
        out.append(Look(box, p.key))
    search = _search(state)
    if search is not None:
        out.append(Look(search[1], None))
    return out


def follow(state: People, looked: list[Look], keypoints: np.ndarray, scores: np.ndarray, time_s: float) -> People:
    """The state after a frame. keypoints: (N, 17 or more, 2) px and scores: (N, 17 or more) of the N looks."""
    keypoints, scores = np.asarray(keypoints, float)[:, :17], np.asarray(scores, float)[:, :17]
    found = find(looked, keypoints, scores, state.size)
    taken = claims(state.people, found, time_s, alone=state.limit == 1)
    people, gone = [], list(state.gone)
    for index, p in enumerate(state.people):
        if index in taken:
            people.append(seen(p, found[taken[index]], time_s))
        elif p.id is None:
            continue
        elif _has_left(state, p, time_s):
            gone.append(p)
        else:
            people.append(replace(p, row=None))
    search, keys = _search(state), state.keys
    for index, new in enumerate(found):
        if index not in taken.values() and len(people) < state.limit and _newcomer(state.limit, new, people):
            fresh = Person(keys, None, new.box, time_s, new.keypoints, new.scores)
            people.append(seen(fresh, new, time_s))
            keys += 1
    people, gone, issued = _identified(people, gone, state.issued, state.limit)
    anybody = any(p.row is not None for p in people)
    turn = state.turn if search is None else search[0] + 1
    if not anybody and any(p.row is not None for p in state.people):
        turn = 0
    doubtful = not anybody or any(p.row is None for p in people) or _doubts(state, looked, people)
    return replace(
        state, people=tuple(people), gone=tuple(gone), issued=issued, turn=turn, frame=state.frame + 1, keys=keys,
        doubtful=doubtful,
    )  # fmt: skip


def detected(state: People, then: People, boxes: np.ndarray, time_s: float) -> People:
    """The state with what a detector found in an earlier frame.

    then: the state that `follow` gave for that frame. boxes: (N, 4) xyxy px in it, the surest first. Boxes of
    people followed go on by what these have moved since; the largest of the others are looked at in the next
    frame, as far as there is room.
    """
    if then.size != state.size:
        return state
    boxes = np.asarray(boxes, float).reshape(-1, 4)
    boxes = boxes[(boxes[:, 2:] > boxes[:, :2]).all(axis=1)]
    before = {p.key: p for p in then.people}
    known = [p for p in state.people if p.key in before]
    overlaps = np.array([[iou(before[p.key].box, box) for box in boxes] for p in known])
    matches = {known[row].key: column for row, column in pairs(overlaps.reshape(len(known), len(boxes)), _FOUND)}
    people = []
    for p in state.people:
        if p.key in matches:
            box = boxes[matches[p.key]] + (p.box - before[p.key].box if p.row is not None else 0.0)
            box = single.inside(box, state.size)
            if p.row is not None:
                p = replace(p, box=single.eased(p.box, box), missed=0)
            else:
                p = replace(p, box=box, speed=np.zeros(2), missed=0)
        elif p.key in before:
            p = replace(p, missed=p.missed + 1)
        people.append(p)
    others = [box for index, box in enumerate(boxes) if index not in matches.values()]
    others = [box for box in others if all(iou(box, p.box) < 1 - _FOUND for p in people)]
    others.sort(key=lambda box: -(box[2:] - box[:2]).prod())
    gone, keys = list(state.gone), state.keys
    for box in others:
        if len(people) == state.limit:
            ghost = max(people, key=lambda p: p.missed)
            if ghost.missed < _MISSED:
                break
            people.remove(ghost)
            gone += [ghost] * (ghost.id is not None)
        people.append(Person(keys, None, single.inside(box, state.size), time_s))
        keys += 1
    return replace(state, people=tuple(people), gone=tuple(gone), keys=keys)


def _search(state: People) -> tuple[int, np.ndarray] | None:
    """Where to look for newcomers next, and the turn of that place: the homes, and beside everybody seen.

    None for no such look. Where somebody who is seen is in the middle, no newcomer would be found.
    """
    visible = [p for p in state.people if p.row is not None]
    if len(state.people) >= state.limit or (visible and (not state.searching or state.frame % LOOK_EVERY)):
        return None
    places = np.concatenate([state.homes, *(_beside(p.box, state.size) for p in visible)])
    centres = [(p.box[:2] + p.box[2:]) / 2 for p in visible]
    for step in range(len(places)):
        turn = (state.turn + step) % len(places)
        low, high = places[turn].reshape(2, 2)
        near = (high - low) / 4 * single.MARGIN
        if not any((np.abs(centre - (low + high) / 2) < near).all() for centre in centres):
            return turn, places[turn]
    return None


def _beside(box: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Boxes to the left and right for somebody of the same height, (n, 4); none beyond the picture."""
    (x, y), half = (box[:2] + box[2:]) / 2, np.array([0.375, 0.5]) * (box[3] - box[1])
    centres = [[x + side * half[1], y] for side in (-1, 1) if 0 < x + side * half[1] < size[0]]
    return np.array([single.inside(np.concatenate([c - half, c + half]), size) for c in centres]).reshape(-1, 4)


def _has_left(state: People, p: Person, time_s: float) -> bool:
    """One person is looked for everywhere at once; among several an unseen one may be behind another."""
    if state.limit == 1 or not 0 <= time_s - p.seen_s <= HIDDEN_S:
        return True
    centre = p.expected_box(time_s).reshape(2, 2).mean(axis=0)
    return bool((centre < 0).any() or (centre > state.size).any())


def _newcomer(limit: int, new: Found, people: list[Person]) -> bool:
    """Whether somebody found is nobody who is followed, nor a mixture with one."""
    if limit == 1:
        return True
    sure = single.confident(new.keypoints, new.scores)
    if sure.sum() < _SURE_KEYPOINTS:
        return False
    near = 0.1 * np.max(new.box[2:] - new.box[:2])
    for p in people:
        if p.keypoints is None:
            continue
        both = sure & single.confident(p.keypoints, p.scores)
        same = np.linalg.norm(new.keypoints[both] - p.keypoints[both], axis=1) < near
        if same.sum() > 0.25 * sure.sum():
            return False
    return True


def _identified(people: list[Person], gone: list[Person], issued: int, limit: int):
    """Gives identities: to the first at once, to others when they have been seen often enough.

    Who comes back has the identity of who left nearest to there, so that there are never more than `limit`.
    """
    out, gone = [], list(gone)
    for p in people:
        first = limit == 1 or not any(q.id is not None for q in [*people, *out])
        if p.id is None and p.row is not None and (first or p.seen >= _SURE_LOOKS):
            if gone:
                before = min(gone, key=lambda q: np.linalg.norm((q.box - p.box).reshape(2, 2).mean(axis=0)))
                gone.remove(before)
                p = replace(p, id=before.id)
            else:
                p, issued = replace(p, id=issued), issued + 1
        out.append(p)
    return out, gone, issued


def _doubts(state: People, looked: list[Look], people: list[Person]) -> bool:
    boxes = {look.key: look.box for look in looked}
    return any(
        single.doubtful(boxes[p.key], p.keypoints, p.scores, p.usual_score, state.size)
        for p in people
        if p.row is not None and p.key in boxes
    )

"""Several people: who is who. Actors walk through a picture, and what a top-down network would give is simulated."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linear_sum_assignment

from mocap_worker import people
from mocap_worker.matching import iou, likeness, pairs

SIZE = (1280, 720)
FPS = 25.0
# A standing person, COCO-17, 1 high: x to both sides of 0, y downwards.
BODY = np.array(
    [[0, 0], [0.02, -0.02], [-0.02, -0.02], [0.05, 0], [-0.05, 0], [0.12, 0.15], [-0.12, 0.15], [0.16, 0.32],
     [-0.16, 0.32], [0.17, 0.47], [-0.17, 0.47], [0.08, 0.5], [-0.08, 0.5], [0.09, 0.73], [-0.09, 0.73], [0.09, 0.95],
     [-0.09, 0.95]]
)  # fmt: skip


def body(x, y=150.0, height=400.0, phase=0.0):
    """A walking person: limbs swing by the phase. (17, 2) px."""
    points = BODY * height
    swing = 0.12 * height * np.sin(phase)
    points[[9, 14, 16], 0] += np.array([1.0, 0.5, 1.0]) * swing
    points[[10, 13, 15], 0] -= np.array([1.0, 0.5, 1.0]) * swing
    return points + np.array([x, y])


class Network:
    """Gives for each box the person nearest to its middle, as top-down networks do; one who is mostly behind another
    cannot be seen. noise: px."""

    def __init__(self, seed=0, noise=2.0):
        self.rng, self.noise = np.random.default_rng(seed), noise

    def __call__(self, boxes, actors):
        """actors: the nearer to the camera come first."""
        visible = []
        for actor in actors:
            if all(iou(bounds(actor), bounds(front)) < 0.45 for front in visible):
                visible.append(actor)
        keypoints, scores = np.zeros((len(boxes), 17, 2)), np.full((len(boxes), 17), 0.1)
        for row, box in enumerate(boxes):
            middle, reach = (box[:2] + box[2:]) / 2, max(box[2] - box[0], (box[3] - box[1]) * 0.75) * 0.6
            near = [actor for actor in visible if abs(bounds(actor)[::2].mean() - middle[0]) < reach]
            if near:
                chosen = min(near, key=lambda actor: np.abs(bounds(actor).reshape(2, 2).mean(0) - middle).sum())
                keypoints[row] = chosen + self.rng.normal(0, self.noise, (17, 2))
                scores[row] = self.rng.uniform(0.6, 0.95, 17)
        return keypoints, scores


def bounds(points):
    return np.concatenate([points.min(0), points.max(0)])


class Scene:
    """People followed in a picture, frame by frame."""

    def __init__(self, limit, size=SIZE, fps=FPS, seed=0, **options):
        self.state, self.fps = people.start(size, limit, **options), fps
        self.network, self.time_s = Network(seed), 0.0

    def frame(self, *actors):
        """Shows the actors, the nearer ones first; which identity each of them has, by index, None for none."""
        looks = people.looks(self.state, self.time_s)
        assert 1 <= len(looks) <= self.state.limit
        keypoints, scores = self.network([look.box for look in looks], actors)
        self.state = people.follow(self.state, looks, keypoints, scores, self.time_s)
        self.time_s += 1 / self.fps
        who = [None] * len(actors)
        for identity, row in self.state.seen.items():
            distances = [np.abs(keypoints[row] - actor).mean() for actor in actors]
            assert min(distances) < 10
            assert who[int(np.argmin(distances))] is None, "two identities for one actor"
            who[int(np.argmin(distances))] = identity
        return who

    def until_all_are_found(self, *actors):
        for _ in range(100):
            who = self.frame(*actors)
            if None not in who:
                return who
        raise AssertionError(f"only {who} were found")


def test_everybody_is_found_and_keeps_an_identity():
    scene = Scene(3)
    actors = [body(250), body(650), body(1050)]
    who = scene.until_all_are_found(*actors)
    assert sorted(who) == [0, 1, 2]
    for _ in range(20):
        assert scene.frame(*actors) == who
        assert len(people.looks(scene.state, scene.time_s)) == 3  # nothing more to look for


def test_no_more_than_wanted_are_followed():
    scene = Scene(2)
    actors = [body(250), body(650), body(1050)]
    for _ in range(60):
        who = scene.frame(*actors)
    assert sorted(identity for identity in who if identity is not None) == [0, 1]


def test_people_close_to_each_other_are_all_found():
    scene = Scene(6, size=(1920, 1080))
    assert sorted(scene.until_all_are_found(*[body(400 + 200 * n, 300, 300) for n in range(6)])) == [0, 1, 2, 3, 4, 5]


def test_second_person_is_found_in_an_upright_picture():
    scene = Scene(2, size=(720, 1280))
    assert sorted(scene.until_all_are_found(body(180, 500, 400), body(540, 500, 400))) == [0, 1]


def test_given_box_is_where_the_first_person_is_looked_for():
    scene = Scene(2, box=[950, 150, 1150, 550])
    actors = [body(250), body(1050)]
    assert scene.frame(*actors) == [None, 0]
    assert scene.until_all_are_found(*actors) == [1, 0]


@settings(deadline=None, max_examples=25)
@given(
    speed=st.floats(100, 500),  # px/s, each towards the other
    heights=st.tuples(st.floats(330, 450), st.floats(330, 450)),
    phases=st.tuples(st.floats(0, 6), st.floats(0, 6)),
    fps=st.sampled_from([12.0, 25.0, 60.0]),
    seed=st.integers(0, 1000),
)
def test_people_who_cross_are_not_swapped(speed, heights, phases, fps, seed):
    scene = Scene(2, fps=fps, seed=seed)

    def at(time_s):
        left = body(200 + speed * time_s, 150, heights[0], phases[0] + 6 * time_s)
        right = body(1080 - speed * time_s, 150, heights[1], phases[1] + 6 * time_s)
        return left, right

    before = scene.until_all_are_found(*at(0.0))
    for index in range(int(fps * 880 / speed)):
        last = scene.frame(*at(index / fps))
    assert last == before


def test_somebody_behind_another_comes_out_as_themselves():
    scene = Scene(2)
    before = scene.until_all_are_found(body(640), body(400))
    for x in np.arange(400, 640, 8.0):  # walks behind the one who stands, at 200 px a second
        scene.frame(body(640), body(x))
    assert scene.frame(body(640), body(640))[1] is None
    for x in np.arange(640, 860, 8.0):
        last = scene.frame(body(640), body(x))
    assert last == before


def test_two_looks_at_one_person_are_one_person():
    scene = Scene(2)
    who = scene.until_all_are_found(body(500), body(700))
    assert sorted(who) == [0, 1]
    for _ in range(10):
        assert scene.frame(body(700)) == [who[1]]  # the other's look shows this one at most


def test_who_leaves_is_unseen_and_has_the_same_identity_when_back():
    scene = Scene(2)
    actors = [body(300), body(900)]
    who = scene.until_all_are_found(*actors)
    for _ in range(int(2 * FPS)):
        assert scene.frame(actors[1]) == [who[1]]
    assert scene.until_all_are_found(actors[1], body(280))[1] == who[0]
    assert scene.state.issued == 2


def test_of_several_who_left_the_nearest_comes_back():
    scene = Scene(3)
    actors = [body(200), body(640), body(1080)]
    who = scene.until_all_are_found(*actors)
    for _ in range(int(1.5 * FPS)):
        scene.frame(actors[1])
    assert scene.until_all_are_found(actors[1], body(1060)) == [who[1], who[2]]
    assert scene.until_all_are_found(actors[1], body(1060), body(230))[2] == who[0]


def test_newcomer_counts_when_it_was_seen_for_a_while():
    """What looks like a person in one frame alone gets no identity, and so no packets."""
    scene = Scene(2)
    scene.until_all_are_found(body(300))
    for _ in range(40):
        if any(look.key is None for look in people.looks(scene.state, scene.time_s)):
            scene.frame(body(300), body(900))
            scene.frame(body(300))
        else:
            scene.frame(body(300))
    assert scene.state.issued == 1


def test_mixture_of_two_people_is_no_newcomer():
    scene = Scene(3)
    scene.until_all_are_found(body(400))
    looks = [*people.looks(scene.state, scene.time_s)[:1], people.Look(np.array([300.0, 60, 800, 660]), None)]
    mixed = np.where((np.arange(17) % 2 == 0)[:, None], body(400), body(620))
    state = people.follow(scene.state, looks, np.array([body(400), mixed]), np.full((2, 17), 0.8), scene.time_s)
    assert len(state.people) == 1


def test_picture_of_another_size_keeps_the_count_of_identities():
    scene = Scene(2)
    scene.until_all_are_found(body(300), body(900))
    again = people.start((720, 1280), 2, before=scene.state)
    assert again.issued == 2 and again.seen == {} and len(again.gone) == 2


@settings(deadline=None, max_examples=40)
@given(st.data(), st.integers(1, 4), st.tuples(st.integers(1, 2000), st.integers(1, 2000)))
def test_any_keypoints_leave_the_state_sound(data, limit, size):
    state, time_s = people.start(size, limit), 0.0
    for _ in range(data.draw(st.integers(1, 6))):
        looks = people.looks(state, time_s)
        assert 1 <= len(looks) <= limit
        for look in looks:
            x1, y1, x2, y2 = look.box
            assert 0 <= x1 and x1 + 1 <= x2 <= size[0] and 0 <= y1 and y1 + 1 <= y2 <= size[1]
        shape = (len(looks), 17)
        keypoints = data.draw(arrays(float, (*shape, 2), elements=st.floats(-3000, 3000) | st.just(np.nan)))
        scores = data.draw(arrays(float, shape, elements=st.sampled_from([0.0, 0.2, 0.5, 0.9])))
        state = people.follow(state, looks, keypoints, scores, time_s)
        boxes = data.draw(arrays(float, (data.draw(st.integers(0, 3)), 4), elements=st.floats(-100, 2500)))
        if data.draw(st.booleans()):
            state = people.detected(state, state, boxes, time_s)
        ids = [p.id for p in (*state.people, *state.gone) if p.id is not None]
        assert len(ids) == len(set(ids)) == state.issued <= limit
        assert len(state.people) <= limit and len({p.key for p in state.people}) == len(state.people)
        time_s += data.draw(st.floats(-1, 2))


# A detector's boxes


def test_detectors_boxes_are_looked_at_in_the_next_frame():
    scene = Scene(2, searching=False)
    actors = [body(250), body(1050, height=450)]
    scene.state = people.detected(scene.state, scene.state, np.array([bounds(actor) for actor in actors]), 0.0)
    boxes = [look.box.tolist() for look in people.looks(scene.state, 0.0)]
    assert boxes == [bounds(actors[1]).tolist(), bounds(actors[0]).tolist()]  # the larger first
    for _ in range(3):
        who = scene.frame(*actors)
    assert who == [1, 0]


def test_largest_is_followed_where_one_is_wanted():
    scene = Scene(1)
    actors = [body(250, height=300), body(1050, height=450), body(640, height=200)]
    scene.state = people.detected(scene.state, scene.state, np.array([bounds(actor) for actor in actors]), 0.0)
    assert scene.frame(*actors) == [None, 0, None]


def test_detectors_late_box_is_moved_by_what_the_person_has_moved_since():
    scene = Scene(1)
    scene.until_all_are_found(body(300))
    then = scene.state
    seen = bounds(body(300)) + np.array([-60, -30, 60, 30])  # it sees a wide coat
    for x in np.arange(300, 420, 6.0):
        scene.frame(body(x))
    state = people.detected(scene.state, then, seen[None], scene.time_s)
    before, after = scene.state.people[0].box, state.people[0].box
    expected = seen + (before - then.people[0].box)
    assert after[0] == pytest.approx(min(before[0], expected[0]))
    assert after[2] == pytest.approx(max(before[2], expected[2]))
    assert state.people[0].id == 0 and len(state.people) == 1


def test_detector_finds_somebody_hidden_again():
    scene = Scene(2, searching=False)
    scene.state = people.detected(scene.state, scene.state, np.array([bounds(body(300)), bounds(body(900))]), 0.0)
    who = scene.until_all_are_found(body(300), body(900))
    scene.frame(body(300))
    assert set(scene.state.seen) == {who[0]}
    state = people.detected(scene.state, scene.state, np.array([bounds(body(300)), bounds(body(940))]), scene.time_s)
    scene.state = state
    assert scene.frame(body(300), body(940)) == who


def test_nothing_that_only_the_pose_sees_keeps_somebody_out():
    """A coat on a hanger is followed; a detector sees none there, but somebody elsewhere."""
    scene = Scene(1)
    coat, somebody = body(640), body(1100)
    scene.until_all_are_found(coat)
    for _ in range(3):
        scene.state = people.detected(scene.state, scene.state, bounds(somebody)[None], scene.time_s)
        who = scene.frame(coat, somebody)
    assert who == [None, 0]


def test_somebody_whom_the_detector_does_not_see_is_kept_where_nobody_else_is():
    """Detectors miss people upside down."""
    scene = Scene(1)
    scene.until_all_are_found(body(640))
    for _ in range(10):
        scene.state = people.detected(scene.state, scene.state, np.zeros((0, 4)), scene.time_s)
        assert scene.frame(body(640)) == [0]


def test_detector_is_asked_now_and_then_and_when_in_doubt():
    scene = Scene(1)
    scene.until_all_are_found(body(640))
    asked = []
    for _ in range(30):
        scene.frame(body(640))
        asked.append(scene.state.ask)
    assert sum(asked) == 3
    scene.frame()
    assert scene.state.ask


# Likeness and pairing


def test_pairs_have_the_highest_sum_as_scipy_finds_it():
    rng = np.random.default_rng(0)
    for _ in range(300):
        affinity = rng.random(rng.integers(0, 7, 2)).round(int(rng.integers(1, 4)))
        found = pairs(affinity, 0.0)
        rows, columns = linear_sum_assignment(affinity, maximize=True)
        assert sum(affinity[pair] for pair in found) == pytest.approx(affinity[rows, columns].sum())
        assert len({row for row, _ in found}) == len({column for _, column in found}) == min(affinity.shape)
    assert pairs(np.array([[0.9, 0.1], [0.1, 0.1]]), 0.2) == [(0, 0)]


def test_likeness_is_oks_over_what_both_are_sure_of():
    """A nose 2σ·√area away is worth e^−½."""
    a, scores = body(300), np.full(17, 0.9)
    assert likeness(a, scores, a, scores, 4e4) == pytest.approx(1.0)
    b = a.copy()
    b[0, 0] += 2 * 0.026 * 200
    assert likeness(a, scores, b, scores, 4e4) == pytest.approx((16 + np.exp(-0.5)) / 17)
    unsure = scores.copy()
    unsure[0] = 0.1
    assert likeness(a, scores, b, unsure, 4e4) == pytest.approx(1.0)
    unsure[2:] = 0.1
    assert likeness(a, scores, a, unsure, 4e4) == 0.0


def test_iou_by_hand():
    assert iou(np.array([0, 0, 2, 2.0]), np.array([1, 1, 3, 3.0])) == pytest.approx(1 / 7)
    assert iou(np.array([0, 0, 2, 2.0]), np.array([5, 5, 6, 6.0])) == 0.0


def test_states_are_not_changed():
    scene = Scene(2)
    scene.until_all_are_found(body(300), body(900))
    state = scene.state
    kept = replace(state)
    scene.frame(body(310), body(890))
    people.detected(state, state, np.array([[0.0, 0, 50, 50]]), scene.time_s)
    assert all(getattr(state, name) is getattr(kept, name) for name in ("people", "gone", "homes"))

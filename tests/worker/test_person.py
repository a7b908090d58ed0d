"""One person's box: by hand-computed numbers, then what must hold for any keypoints. And one person followed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mocap_worker import people, person

SIZE = (640, 480)


def standing(x=300.0, y=100.0, height=200.0):
    """COCO-17 keypoints in two columns 40 px apart, from y to y + height, all confident."""
    heights = [0, 0, 0, 0, 0, 0.2, 0.2, 0.4, 0.4, 0.5, 0.5, 0.5, 0.5, 0.75, 0.75, 1, 1]
    sides = [0, 20, -20, 20, -20] + [20, -20] * 6
    return np.array([[x + side, y + height * h] for side, h in zip(sides, heights, strict=True)])


class One:
    """One person followed, frame by frame."""

    def __init__(self, size=SIZE, box=None):
        self.state, self.time_s = people.start(size, 1, box), 0.0

    @property
    def looked(self):
        """The box that the next frame is looked at in."""
        (look,) = people.looks(self.state, self.time_s)
        return look.box.tolist()

    def frame(self, keypoints, scores):
        looked = people.looks(self.state, self.time_s)
        self.state = people.follow(self.state, looked, keypoints[None], scores[None], self.time_s)
        self.time_s += 1 / 30
        return self


def test_box_starts_as_the_whole_frame_or_the_given_one():
    assert One().looked == [0, 0, 640, 480]
    assert One(box=[10, 20, 110, 220]).looked == [10, 20, 110, 220]
    assert One(box=[-50, 20, 900, 220]).looked == [0, 20, 640, 220]


def test_box_is_the_keypoints_bounds_by_a_quarter_more():
    one = One().frame(standing(), np.ones(17))
    assert one.state.seen == {0: 0}
    # 40 × 200 px around (300, 200), times 1.25.
    np.testing.assert_allclose(one.looked, [275, 75, 325, 325])


def test_unsure_keypoints_do_not_blow_the_box_up():
    keypoints, scores = standing(), np.ones(17)
    keypoints[[0, 3]], scores[[0, 3]] = [600.0, 10.0], 0.2
    keypoints[4], scores[4] = np.nan, 0.0
    np.testing.assert_allclose(One().frame(keypoints, scores).looked, [275, 75, 325, 325])


def test_edges_go_outwards_at_once_and_inwards_slowly():
    one = One().frame(standing(), np.ones(17)).frame(standing(x=310), np.ones(17))
    np.testing.assert_allclose(one.looked, [275 + 0.2 * 10, 75, 335, 325])


def test_unseen_feet_keep_room():
    scores = np.ones(17)
    scores[[15, 16]] = 0.0  # ankles; knees at y 250, hips at 200: straight on, feet would be at 300
    assert person.box_of(standing(), scores, SIZE)[3] >= 300
    scores[[13, 14]] = 0.0  # knees, too: torso from 140 to 200, legs about 1.6 of it from the hips
    assert person.box_of(standing(), scores, SIZE)[3] >= 200 + 1.6 * 60


def test_nobody_is_looked_for_in_all_homes_and_found_again():
    one = One().frame(standing(), np.ones(17))
    looked = []
    for _ in range(len(one.state.homes) + 1):
        one.frame(standing(), np.full(17, 0.1))
        assert one.state.seen == {}
        looked.append(one.looked)
    assert looked[0] == looked[-1] == [0, 0, 640, 480]
    assert sorted(looked[:-1]) == sorted(one.state.homes.tolist())
    one.frame(standing(), np.ones(17))
    np.testing.assert_allclose(one.looked, [275, 75, 325, 325])
    assert one.state.seen == {0: 0}  # one person is number 0, however often they come


def test_parts_of_a_wide_picture_cover_it_and_an_upright_one_has_none():
    homes = people.start((1280, 720)).homes
    assert homes[1:, 0].min() <= 0.15 * 540 and homes[1:, 2].max() >= 1280 - 0.15 * 540
    covered = np.zeros(1280, bool)
    for x1, _, x2, _ in homes[1:]:
        margin = (x2 - x1) * 0.125
        covered[max(0, int(x1 - margin)) : int(np.ceil(x2 + margin))] = True
    assert covered.all()
    assert len(people.start((480, 640)).homes) == 1


def test_given_box_is_the_only_home():
    one = One(box=[10, 20, 110, 220])
    for _ in range(3):
        one.frame(standing(), np.zeros(17))
        assert one.looked == [10, 20, 110, 220]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, False),
        ({"scores": 0.5}, True),  # fell from 0.9
        ({"scores": 0.8}, False),
        ({"wrist": (300 + 98, 200)}, False),
        ({"wrist": (300 + 114, 200)}, True),  # a crop of 50 × 250 px is 187.5 wide by its aspect, 234 with its margin
        ({"height": 300}, True),  # in one frame
        ({"height": 120}, True),
        ({"height": 220}, False),
    ],
)
def test_detector_is_asked_where_a_frame_is_doubtful(change, expected):
    keypoints = standing(height=change.get("height", 200))
    keypoints[9] = change.get("wrist", keypoints[9])
    scores = np.full(17, change.get("scores", 0.9))
    looked = np.array([275.0, 75.0, 325.0, 325.0])
    assert person.doubtful(looked, keypoints, scores, 0.9, SIZE) is expected


def test_pictures_own_border_is_not_doubtful():
    keypoints = standing(x=25)
    looked = person.box_of(keypoints, np.ones(17), SIZE)
    keypoints[10] = [0.0, 200.0]
    assert not person.doubtful(looked, keypoints, np.ones(17), 1.0, SIZE)


@settings(deadline=None)
@given(
    arrays(float, (17, 2), elements=st.floats(-2000, 2000) | st.just(np.nan)),
    arrays(float, 17, elements=st.floats(0, 1)),
    st.tuples(st.integers(1, 2000), st.integers(1, 2000)),
)
def test_box_always_has_an_area_within_the_picture(keypoints, scores, size):
    one = One(size)
    for _ in range(3):
        x1, y1, x2, y2 = one.frame(keypoints, scores).looked
        assert 0 <= x1 and x1 + 1 <= x2 <= size[0] and 0 <= y1 and y1 + 1 <= y2 <= size[1]

"""The person's box: by hand-computed numbers, then what must hold for any keypoints."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mocap_worker import person

SIZE = (640, 480)


def standing(x=300.0, y=100.0, height=200.0):
    """COCO-17 keypoints in two columns 40 px apart, from y to y + height, all confident."""
    heights = [0, 0, 0, 0, 0, 0.2, 0.2, 0.4, 0.4, 0.5, 0.5, 0.5, 0.5, 0.75, 0.75, 1, 1]
    sides = [0, 20, -20, 20, -20] + [20, -20] * 6
    return np.array([[x + side, y + height * h] for side, h in zip(sides, heights, strict=True)])


def test_box_starts_as_the_whole_frame_or_the_given_one():
    assert person.start(SIZE).box.tolist() == [0, 0, 640, 480]
    assert person.start(SIZE, [10, 20, 110, 220]).box.tolist() == [10, 20, 110, 220]
    assert person.start(SIZE, [-50, 20, 900, 220]).box.tolist() == [0, 20, 640, 220]


def test_box_is_the_keypoints_bounds_by_a_quarter_more():
    follower = person.follow(person.start(SIZE), standing(), np.ones(17))
    assert follower.present
    # 40 × 200 px around (300, 200), times 1.25.
    np.testing.assert_allclose(follower.box, [275, 75, 325, 325])


def test_unsure_keypoints_do_not_blow_the_box_up():
    keypoints, scores = standing(), np.ones(17)
    keypoints[[0, 3]], scores[[0, 3]] = [600.0, 10.0], 0.2
    keypoints[4], scores[4] = np.nan, 0.0
    follower = person.follow(person.start(SIZE), keypoints, scores)
    np.testing.assert_allclose(follower.box, [275, 75, 325, 325])


def test_edges_go_outwards_at_once_and_inwards_slowly():
    first = person.follow(person.start(SIZE), standing(), np.ones(17))
    moved = person.follow(first, standing(x=310), np.ones(17))
    np.testing.assert_allclose(moved.box, [275 + 0.2 * 10, 75, 335, 325])


def test_unseen_feet_keep_room():
    scores = np.ones(17)
    scores[[15, 16]] = 0.0  # ankles; knees at y 250, hips at 200: straight on, feet would be at 300
    follower = person.follow(person.start(SIZE), standing(), scores)
    assert follower.box[3] >= 300
    scores[[13, 14]] = 0.0  # knees, too: torso from 140 to 200, legs about 1.6 of it from the hips
    follower = person.follow(person.start(SIZE), standing(), scores)
    assert follower.box[3] >= 200 + 1.6 * 60


def test_nobody_is_looked_for_in_all_homes_and_found_again():
    follower = person.follow(person.start(SIZE), standing(), np.ones(17))
    looked = []
    for _ in range(len(follower.homes) + 1):
        follower = person.follow(follower, standing(), np.full(17, 0.1))
        assert not follower.present
        looked.append(follower.box.tolist())
    assert looked[0] == looked[-1] == [0, 0, 640, 480]
    assert [sorted(looked[:-1])] == [sorted(follower.homes.tolist())]
    found = person.follow(follower, standing(), np.ones(17))
    np.testing.assert_allclose(found.box, [275, 75, 325, 325])


def test_parts_of_a_wide_picture_cover_it_and_an_upright_one_has_none():
    homes = person.start((1280, 720)).homes
    assert homes[1:, 0].min() <= 0.15 * 540 and homes[1:, 2].max() >= 1280 - 0.15 * 540
    covered = np.zeros(1280, bool)
    for x1, _, x2, _ in homes[1:]:
        margin = (x2 - x1) * 0.125
        covered[max(0, int(x1 - margin)) : int(np.ceil(x2 + margin))] = True
    assert covered.all()
    assert len(person.start((480, 640)).homes) == 1


def test_given_box_is_the_only_home():
    follower = person.start(SIZE, [10, 20, 110, 220])
    for _ in range(3):
        follower = person.follow(follower, standing(), np.zeros(17))
        assert follower.box.tolist() == [10, 20, 110, 220]


@settings(deadline=None)
@given(
    arrays(float, (17, 2), elements=st.floats(-2000, 2000) | st.just(np.nan)),
    arrays(float, 17, elements=st.floats(0, 1)),
    st.tuples(st.integers(1, 2000), st.integers(1, 2000)),
)
def test_box_always_has_an_area_within_the_picture(keypoints, scores, size):
    follower = person.start(size)
    for _ in range(3):
        follower = person.follow(follower, keypoints, scores)
        x1, y1, x2, y2 = follower.box
        assert 0 <= x1 and x1 + 1 <= x2 <= size[0] and 0 <= y1 and y1 + 1 <= y2 <= size[1]

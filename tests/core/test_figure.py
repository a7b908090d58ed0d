"""A person as lines: which are drawn, and what of them lies in the picture."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mocap_core.figure import LEFT, MIDDLE, RIGHT, clipped, lines


def test_lines_join_seen_joints_left_orange_right_blue():
    points, scores = np.full((17, 2), np.nan), np.zeros(17)
    points[[5, 7, 6, 8]], scores[[5, 7, 6, 8]] = [[1, 1], [2, 2], [3, 3], [4, 4]], [0.9, 0.9, 0.9, 0.1]
    ends, colours = lines(points, scores)
    assert ends.tolist() == [[[1, 1], [2, 2]], [[1, 1], [3, 3]]]  # the right elbow is unsure
    assert colours.tolist() == [list(LEFT), list(MIDDLE)]
    scores[8] = 0.9
    assert list(RIGHT) in lines(points, scores)[1].tolist()


def test_whole_body_skeletons_are_drawn_by_their_first_seventeen():
    ends, _ = lines(np.ones((133, 3)), np.ones(133))
    assert ends.shape == (16, 2, 3)


def test_nobody_has_no_lines():
    ends, colours = lines(np.full((17, 2), np.nan), np.zeros(17))
    assert ends.shape == (0, 2, 2) and colours.shape == (0, 3)
    assert clipped(ends, (10, 10))[0].shape == (0, 2, 2)


def test_lines_end_at_the_pictures_border():
    ends = np.array([[[2, 5], [12, 5]], [[-5, 5], [15, 5]], [[1, 1], [2, 2]], [[5, -4], [5, 4]]], float)
    inside, kept = clipped(ends, (10, 8))
    assert kept.all()
    assert inside.tolist() == [[[2, 5], [10, 5]], [[0, 5], [10, 5]], [[1, 1], [2, 2]], [[5, 0], [5, 4]]]


def test_lines_outside_are_left_out():
    ends = np.array([[[-2, 5], [-1, 5]], [[-3, 1], [1, -3]], [[11, 0], [11, 8]], [[3, 9], [4, 9]]], float)
    assert not clipped(ends, (10, 8))[1].any()


coordinate = st.floats(-50, 50, allow_nan=False).map(lambda value: round(value, 2))


@settings(deadline=None)
@given(st.lists(st.tuples(coordinate, coordinate, coordinate, coordinate), min_size=1, max_size=8))
def test_what_is_left_lies_in_the_picture_and_on_the_line(numbers):
    ends = np.array(numbers, float).reshape(-1, 2, 2)
    inside, kept = clipped(ends, (20, 10))
    assert len(inside) == kept.sum()
    assert (inside >= -1e-6).all() and (inside <= np.array([20, 10]) + 1e-6).all()
    start, along = ends[kept, 0], ends[kept, 1] - ends[kept, 0]
    for point in (inside[:, 0], inside[:, 1]):
        off = (point - start)[:, 0] * along[:, 1] - (point - start)[:, 1] * along[:, 0]
        np.testing.assert_allclose(off, 0, atol=1e-6)
    # A point of each that was left out is outside.
    for share in np.linspace(0.05, 0.95, 7):
        middle = ends[~kept, 0] + share * (ends[~kept, 1] - ends[~kept, 0])
        assert not ((middle > 1e-9) & (middle < np.array([20, 10]) - 1e-9)).all(axis=1).any()

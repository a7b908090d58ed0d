"""Tracking quality by limb: hand-computed means of scores, and only of what came lately."""

import numpy as np
import pytest

from mocap_core.quality import LIMBS, Quality, limb_scores


def test_each_limb_is_the_mean_of_its_keypoints_scores():
    scores = np.zeros(133)
    scores[[5, 7, 9]] = 0.9, 0.6, 0.3  # the left arm
    scores[[12, 14, 16]] = 1.0, 1.0, 0.4  # the right leg
    scores[[0, 1, 3]] = 0.9, 0.9, 0.6  # a head in profile: one eye and ear are hidden
    expected = {"Head": 0.8, "Left arm": 0.6, "Right arm": 0.0, "Left leg": 0.0, "Right leg": 0.8}
    assert dict(zip(LIMBS, limb_scores(scores), strict=True)) == pytest.approx(expected)


def test_scores_that_are_none_count_as_unseen():
    assert limb_scores(np.full(17, np.nan)).tolist() == [0.0] * 5
    assert limb_scores(np.full(17, 7.0)).tolist() == [1.0] * 5


def test_only_the_last_second_counts():
    quality = Quality()
    assert quality.value(0.0) is None
    quality.add(0.0, np.zeros(17))
    quality.add(1.5, np.full(17, 0.5))
    quality.add(2.0, np.full(17, 1.0))
    assert quality.value(2.1)["Left arm"] == 0.75
    assert quality.value(4.0) is None

"""Feet on the floor: locking, letting go, easing, the floor's height."""

import math
from itertools import pairwise

import pytest

from mocap_core.contact import EASE_OUT_S, RELEASE_SPEED_M_S, Contact, bends_legs, follow

DT = 1 / 30
LEFT, RIGHT = (0.1, 0.0, 0.08), (-0.1, 0.0, 0.08)


def stand(contact=None, frames=5, **options):
    contact = contact or Contact()
    for _ in range(frames):
        contact, shift, targets = follow(contact, (LEFT, RIGHT), (0.0, 0.0), (0.0, 0.0), DT, **options)
    return contact, shift, targets


def test_standing_feet_lock_where_they_are():
    contact, shift, targets = stand()
    assert all(foot.locked for foot in contact.feet)
    assert targets == [pytest.approx(LEFT), pytest.approx(RIGHT)]
    assert shift == pytest.approx((0, 0, 0))


def test_low_feet_stand_from_the_first_frame_on_and_raised_ones_do_not():
    contact, _, _ = follow(Contact(), [(0.1, 0, 0.08), (-0.1, 0, 0.28)], (0.0, 0.2), (0.0, 0.0), 0.0)
    assert [foot.locked for foot in contact.feet] == [True, False]


def test_a_locked_foot_ignores_trembling():
    contact, _, _ = stand()
    shown = []
    for i in range(30):
        ankle = (LEFT[0] + 0.01 * (-1) ** i, LEFT[1], LEFT[2])
        contact, _, targets = follow(contact, (ankle, RIGHT), (0.0, 0.0), (0.3, 0.0), DT)
        shown.append(targets[0])
    steps = [math.dist(a, b) for a, b in pairwise(shown)]
    assert max(steps) < 0.003  # of 20 mm each


def test_a_fast_foot_goes_as_the_motion_does_and_what_it_was_off_fades():
    contact, _, _ = stand()
    off = (LEFT[0], -0.02, LEFT[2])
    contact, shift, targets = follow(contact, (off, RIGHT), (0.0, 0.0), (0.1, 0.0), DT)
    held = targets[0][1] - (off[1] + shift[1])
    assert held > 0.01
    away = (LEFT[0], -0.10, LEFT[2])
    contact, shift, targets = follow(contact, (away, RIGHT), (0.0, 0.0), (RELEASE_SPEED_M_S + 0.1, 0.0), DT)
    assert not contact.feet[0].locked and contact.feet[1].locked
    assert 0 < targets[0][1] - (away[1] + shift[1]) < held
    for _ in range(math.ceil(EASE_OUT_S / DT)):
        contact, shift, targets = follow(contact, (away, RIGHT), (0.0, 0.0), (1.0, 0.0), DT)
    assert targets[0] == pytest.approx((away[0] + shift[0], away[1] + shift[1], away[2]))


def test_a_foot_that_was_pinned_above_the_floor_comes_down_to_it():
    contact, _, _ = stand()
    for _ in range(20):
        hovering = (LEFT[0], LEFT[1], LEFT[2] + 0.03)
        contact, _, targets = follow(contact, (hovering, RIGHT), (0.03, 0.0), (0.0, 0.0), DT)
    assert targets[0][2] == pytest.approx(LEFT[2], abs=1e-3)


def test_flight_releases_both_feet_and_keeps_its_height():
    contact, _, _ = stand()
    heights = []
    for i in range(15):  # half a second in the air, from 2.5 m/s
        time_s = (i + 1) * DT
        up = 2.5 * time_s - 4.9 * time_s**2
        ankles = tuple((x, y, z + up) for x, y, z in (LEFT, RIGHT))
        contact, _, targets = follow(contact, ankles, (up, up), (2.0, 2.0), DT)
        heights.append(targets[0][2] - LEFT[2])
    assert not any(foot.locked for foot in contact.feet)
    assert max(heights) > 0.28  # of 0.32


def test_feet_that_keep_still_above_a_floor_that_sank_are_not_in_the_air():
    contact, _, _ = stand()
    for height in (-0.2, 0.0):  # a crouch seen too deep, and out of it: as fast as a jump
        feet = [(x, y, z + height) for x, y, z in (LEFT, RIGHT)]
        for _ in range(2):
            contact, _, _ = follow(contact, feet, (height, height), (1.0, 1.0), DT)
    assert contact.air_s > 0 and contact.floor < -0.1
    for _ in range(10):
        contact, _, _ = follow(contact, (LEFT, RIGHT), (0.0, 0.0), (0.05, 0.05), DT)
    assert contact.air_s == 0 and contact.floor == pytest.approx(0, abs=0.02)


def test_nobody_takes_off_by_a_guess_of_depth():
    for guess, flies in ((0.0, True), (0.05, False)):
        contact, _, _ = stand()
        for i in range(4):  # 1.5 m/s
            up = 0.05 * (i + 1)
            ankles = tuple((x, y, z + up) for x, y, z in (LEFT, RIGHT))
            contact, _, targets = follow(contact, ankles, (up, up), (1.5, 1.5), DT, guessed_rise_m=guess)
        assert (contact.air_s > 0) == flies
        assert (targets[0][2] - LEFT[2] > 0.1) == flies


def test_the_hips_give_way_to_a_pinned_foot():
    contact, _, _ = stand()
    for i in range(20):
        drift = 0.002 * i
        ankles = tuple((x + drift, y, z) for x, y, z in (LEFT, RIGHT))
        contact, shift, targets = follow(contact, ankles, (0.0, 0.0), (0.06, 0.06), DT)
    assert shift[0] < -0.01
    assert abs(targets[0][0] - LEFT[0]) < 0.02


def test_feet_below_the_floor_come_up_at_once_and_floating_ones_come_down():
    contact, _, _ = stand()
    for _ in range(10):
        low = tuple((x, y, z - 0.1) for x, y, z in (LEFT, RIGHT))
        contact, shift, _ = follow(contact, low, (-0.1, -0.1), (0.0, 0.0), DT)
    assert shift[2] == pytest.approx(0.1, abs=0.01)
    for _ in range(60):
        contact, shift, _ = follow(contact, (LEFT, RIGHT), (0.0, 0.0), (0.0, 0.0), DT)
    assert shift[2] == pytest.approx(0.0, abs=0.01)


def test_slow_drift_upwards_is_taken_out():
    contact, _, _ = stand()
    for i in range(90):
        up = 0.003 * i
        ankles = tuple((x, y, z + up) for x, y, z in (LEFT, RIGHT))
        contact, _, targets = follow(contact, ankles, (up, up), (0.5, 0.5), DT)
    assert abs(targets[0][2] - LEFT[2]) < 0.03


def test_without_a_known_height_the_lowest_foot_stands():
    ankles = ((0.1, 0, 0.5), (-0.1, 0, 0.4))
    _, shift, targets = follow(Contact(), ankles, (0.42, 0.32), (1.0, 1.0), DT, rooted=False)
    assert shift[2] == pytest.approx(-0.32) and targets[1][2] == pytest.approx(0.08)


def test_switched_off_it_keeps_the_floor_alone():
    contact, _, targets = stand(pinning=False)
    assert not any(foot.locked for foot in contact.feet)
    assert targets == [pytest.approx(LEFT), pytest.approx(RIGHT)]


def test_switched_on_again_feet_stand_where_they_are_by_then():
    contact, _, _ = stand()
    (x, y, z), (far_x, far_y, far_z) = LEFT, RIGHT
    gone = (x, y + 2, z), (far_x, far_y + 2, far_z)
    for pinning in (False, True, True, True, True, True):
        contact, shift, _ = follow(contact, gone, (0.0, 0.0), (0.0, 0.0), DT, pinning=pinning)
    assert all(foot.locked and foot.pin[1] == pytest.approx(2.0) for foot in contact.feet)
    assert shift == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)


def test_a_free_foot_is_kept_out_of_the_floor_and_legs_bend_for_it():
    contact, _, _ = stand()
    swinging = (-0.1, 0.4, 0.03)  # 5 cm too low
    for _ in range(5):  # long enough to be let go altogether
        contact, _, targets = follow(contact, (LEFT, swinging), (0.0, -0.05), (0.0, 2.0), DT)
    assert not contact.feet[1].locked
    assert targets[1][2] == pytest.approx(0.08)  # at rest on the floor, which has followed it down
    contact, _, targets = follow(contact, (LEFT, (-0.1, 0.4, 0.0)), (0.0, -0.08), (0.0, 2.0), DT)
    assert targets[1][2] == pytest.approx(0.08) and bends_legs(contact, (0.0, -0.08))
    assert not bends_legs(Contact(floor=0.0), (0.0, 0.02))

"""Feet that stand still: which foot is on the floor, where it is pinned, and how the hips give way to it.

A foot locks where it is when it is slow and low, in the first frame at once, and lets go, easing out, when it is
fast, high or dragged away, so flight releases both. The floor follows the lower foot, so that a camera's wrong guess
at height does not leave anybody floating, except while both feet are in the air.
"""

import math
from dataclasses import dataclass, replace

LOCK_SPEED_M_S = 0.15
RELEASE_SPEED_M_S = 0.3
LOCK_HEIGHT_M = 0.04
RELEASE_HEIGHT_M = 0.05
RELEASE_DRAG_M = 0.08
LOCK_AFTER_S = 0.02
EASE_OUT_S = 0.06
CREEP_S = 4.0  # in which a pin gives way to a foot that is somewhere else for good
SETTLE_S = 0.1  # in which a pin comes down to the floor
SHIFT_S = 0.025  # in which the hips give way to a pinned foot
FORGET_S = 4.0  # in which a shift that no foot asks for fades
FLOOR_DOWN_S = 0.05
FLOOR_UP_S = 0.08
RISE_S = 0.05  # over which the rise is averaged
TAKE_OFF_M_S = 0.7
LANDED_M = 0.02
LONGEST_FLIGHT_S = 0.8
LONGEST_TURN_S = 0.15  # that a foot is slow at the top of a jump


@dataclass(frozen=True)
class Foot:
    """One foot: locked or not, for how long it has been slow and low, where it is pinned, how far that is from where
    the motion has it, and how far this counts (0 to 1)."""

    locked: bool = False
    slow_s: float = 0.0
    pin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)
    weight: float = 0.0


@dataclass(frozen=True)
class Contact:
    """feet: left and right. shift: (x, y) metres added to the hips. floor: its height in the motion as
    given, low and rise: that of the lower foot and how fast it goes up, m/s. air_s: since both feet left
    the floor. still_s: for how long a foot has been slow."""

    feet: tuple[Foot, Foot] = (Foot(), Foot())
    shift: tuple[float, float] = (0.0, 0.0)
    floor: float | None = None
    low: float = 0.0
    rise: float = 0.0
    air_s: float = 0.0
    still_s: float = 0.0


def follow(contact, ankles, clearances, speeds, dt_s, rooted=True, pinning=True, guessed_rise_m=0.0):
    """The contact dt_s later, the shift of the hips (x, y, z) and where the two ankles should be.

    ankles: two points as the motion has them, metres, z up. clearances: two heights above their rest of the
    feet's lowest points. speeds: two, m/s. rooted: false where the hips' height is unknown: the lowest foot
    stands on the floor then. pinning: false to keep only the floor. guessed_rise_m: what of their rise since is a
    guess, on which nobody takes off.
    """
    low = min(clearances)
    rise = 0.0
    if contact.floor is not None and dt_s > 0:
        risen_m = low - contact.low - guessed_rise_m
        rise = contact.rise + (risen_m / dt_s - contact.rise) * dt_s / (dt_s + RISE_S)
    still_s = contact.still_s + dt_s if min(speeds) < LOCK_SPEED_M_S else 0.0
    floor, air_s = _floor(contact, low, rise, still_s, dt_s, rooted)
    sx, sy = contact.shift
    if not pinning:
        targets = [(x, y, z - floor) for x, y, z in ankles]
        return Contact(Contact().feet, (0.0, 0.0), floor, low, rise, air_s, still_s), (0.0, 0.0, -floor), targets

    feet = []
    for foot, (x, y, z), clearance, speed in zip(contact.feet, ankles, clearances, speeds, strict=True):
        here = (x + sx, y + sy, z - floor + max(0.0, floor - clearance))  # not into the floor
        feet.append(_lock(foot, here, clearance - floor, speed, dt_s, contact.floor is None))

    locked = [(foot, ankle) for foot, ankle in zip(feet, ankles, strict=True) if foot.locked]
    if locked:
        pull = 1 - math.exp(-dt_s / SHIFT_S)
        sx += pull * (sum(foot.pin[0] - ankle[0] for foot, ankle in locked) / len(locked) - sx)
        sy += pull * (sum(foot.pin[1] - ankle[1] for foot, ankle in locked) / len(locked) - sy)
    fade = math.exp(-dt_s / FORGET_S)
    sx, sy = sx * fade, sy * fade

    targets = []
    for side, (x, y, z) in enumerate(ankles):
        foot = feet[side]
        free = (x + sx, y + sy, z - floor + max(0.0, floor - clearances[side]))  # not into the floor
        if foot.locked:
            targets.append(foot.pin)
            feet[side] = replace(foot, offset=tuple(p - f for p, f in zip(foot.pin, free, strict=True)))
        else:  # goes as the motion does, and what it was off fades
            targets.append(_shown(foot, free))
    return Contact(tuple(feet), (sx, sy), floor, low, rise, air_s, still_s), (sx, sy, -floor), targets


def bends_legs(contact, clearances):
    """Whether a foot is to be elsewhere than the motion has it: pinned, or kept out of the floor."""
    return any(foot.weight > 0 for foot in contact.feet) or min(clearances) < contact.floor


def _floor(contact, low, rise, still_s, dt_s, rooted):
    """Height of the floor and for how long both feet have been in the air.

    Feet leave the floor fast, and gravity brings them back soon; whatever rises slowly or stays up is drift. In the air
    no foot keeps still for longer than where a jump turns.
    """
    floor, air_s = contact.floor, contact.air_s
    if floor is None or not rooted:
        return low, 0.0
    if low - floor < LANDED_M or still_s > LONGEST_TURN_S:
        air_s = 0.0
    elif rise > TAKE_OFF_M_S or air_s > 0:
        air_s += dt_s
    if 0 < air_s < LONGEST_FLIGHT_S:
        return floor, air_s
    memory = FLOOR_DOWN_S if low < floor else FLOOR_UP_S
    return floor + (low - floor) * (1 - math.exp(-dt_s / memory)), air_s


def _lock(foot, here, height, speed, dt_s, first):
    if foot.locked:
        away = math.dist(here, foot.pin)
        dragged = away > RELEASE_DRAG_M and speed > LOCK_SPEED_M_S
        if speed > RELEASE_SPEED_M_S or height > RELEASE_HEIGHT_M or dragged:
            return Foot(False, 0.0, foot.pin, foot.offset, max(0.0, foot.weight - dt_s / EASE_OUT_S))
        aims = (*here[:2], here[2] - max(0.0, height))  # what is pinned stands on the floor
        pin = tuple(
            p + (a - p) * (1 - math.exp(-dt_s / memory_s))
            for p, a, memory_s in zip(foot.pin, aims, (CREEP_S, CREEP_S, SETTLE_S), strict=True)
        )
        return Foot(True, foot.slow_s, pin, foot.offset, foot.weight)
    slow = speed < LOCK_SPEED_M_S and height < LOCK_HEIGHT_M
    slow_s = foot.slow_s + dt_s if slow else 0.0
    if slow and (first or slow_s >= LOCK_AFTER_S):
        return Foot(True, slow_s, _shown(foot, here), foot.offset, 1.0)  # where it is shown now, so nothing jumps
    return Foot(False, slow_s, foot.pin, foot.offset, max(0.0, foot.weight - dt_s / EASE_OUT_S))


def _shown(foot, free):
    """Where an unlocked foot is shown that the motion has at `free`."""
    w = foot.weight * foot.weight * (3 - 2 * foot.weight)
    return tuple(f + o * w for f, o in zip(free, foot.offset, strict=True))

"""A finished take solved again, all packets known: smoothed both ways in time, at the moments that are
asked for."""

from dataclasses import dataclass

import numpy as np

from . import adaptive, filters, level
from . import contact as feet_contact
from .contact import Contact
from .observe import observe
from .rotation import norm, same_hemisphere, slerp
from .solve.binding import bind
from .solve.fit import basis_of, leg_ratio, location_of, turns_of
from .solve.legs import clearance_m, held_bones, leg_joints, plant
from .stages import (
    ACROSS,
    ANKLES,
    DEPTH,
    FEET,
    JOINTS,
    LEGS,
    LIFTED_LASTS,
    POINTS,
    SEATED_AFTER_S,
    Stand,
    calibrated_rotation,
    depth_rise_m,
    feet_scale,
    foot_speed,
    points_of,
    promised_m,
    seated_after,
    travel,
)

# Work between two yields, sized for slices of a few milliseconds.
_OBSERVE_SLICE = 12
_FIT_SLICE = 80
_CONTACT_SLICE = 100
_ARRAY_SLICE = 1500  # frames of what is done to all of them by numpy
_SAMPLE = 6000  # frames that tell up and how long legs are
RISE_S = 0.4  # in which hips that held go back to where they are seen


@dataclass(frozen=True, eq=False)
class TakePoses:
    """rotations (F, B, 4) wxyz in one hemisphere along time, hips_location (F, 3), world_from_camera (3,
    3), times_s (F,)."""

    rotations: np.ndarray
    hips_location: np.ndarray
    world_from_camera: np.ndarray
    times_s: np.ndarray


def solve_take(rig, settings, packets, frame_times_s, stand=None, held=None):
    """All poses of a take. A generator: yields its progress, 0 to 1, every few milliseconds and returns
    TakePoses.

    packets: PosePackets of one clock, any order. frame_times_s: (F,) moments on that clock, rising.
    stand: where the first confident frame puts the character. held: RigPose whose hips and legs are kept where they are
    not to follow from the start; else they rest. A take that shows nobody gives the rest pose.
    """
    b = bind(rig)
    stand = stand or Stand()
    times_out = np.asarray(frame_times_s, dtype=float)
    lifted = not all(packet.measured or packet.empty for packet in packets)
    times_s, measured, scores, first = yield from _observed(settings, packets, lifted)
    if not len(times_s) or not len(times_out):
        rest = np.zeros((len(times_out), len(rig.bones), 4))
        rest[..., 0] = 1.0
        return TakePoses(rest, np.zeros((len(times_out), 3)), level.WORLD_FROM_CAMERA.copy(), times_out)
    promised, lasting = promised_m(scores), LIFTED_LASTS if lifted else 1.0
    yield 0.3
    position, velocity = yield from _sliced(
        adaptive.smooth(measured, promised, times_s, settings.heaviness, lasting), 0.3, 0.6, 3 * len(times_s) // 48
    )

    rotation, scale = _oriented(b, settings, stand, position, velocity, times_s, first)
    yield 0.6
    seated = yield from _seated(settings, scores, times_s, times_out)
    points = np.empty((len(times_out), *position.shape[1:]))
    joints = np.empty((len(times_out), JOINTS, 3))
    for rows in _slices(len(times_out), _ARRAY_SLICE):
        points[rows] = filters.resample(position, velocity, times_s, times_out[rows])
        joints[rows] = points[rows, :JOINTS] @ rotation.T
        joints[rows][np.ix_(seated[rows], LEGS)] = np.nan
        yield 0.6 + 0.02 * rows.stop / len(times_out)
    root = points[:, ACROSS] + points[:, DEPTH]
    rooted = bool(np.isfinite(root).all())
    start = position[first, ACROSS] + position[first, DEPTH]
    middle, floor = _places(b, settings, rotation, root, start, seated, scale)

    turns = np.empty((len(times_out), 20, 3, 3))
    previous = held.rotations if held is not None and seated[0] else None
    for rows in _slices(len(times_out), _FIT_SLICE):
        turns[rows], _ = turns_of(b, joints[rows], previous, seated[rows])
        previous = basis_of(b, turns[rows.stop - 1 : rows.stop], len(rig.bones))[0]
        yield 0.62 + 0.19 * rows.stop / len(times_out)
    hips, knees, ankles = (np.empty((len(times_out), 2, 3)) for _ in range(3))
    clearances = np.empty((len(times_out), 2))
    for rows in _slices(len(times_out), _ARRAY_SLICE):
        hips[rows], knees[rows], ankles[rows], toes = leg_joints(b, turns[rows], middle[rows])
        clearances[rows] = clearance_m(b, ankles[rows], toes)
        yield 0.82
    ankles, clearances = ankles / b.size, clearances / b.size
    rows = np.searchsorted(times_s, times_out).clip(max=len(times_s) - 1)
    unseen = np.isnan(measured[:, FEET, 0][rows])
    yield 0.82
    speeds = _speeds(points, unseen, root, ankles, lifted, times_out, rooted)
    yield 0.82
    guessed_m = np.zeros(len(times_out))
    if lifted and rooted:
        guessed_m[1:] = depth_rise_m(rotation, root[:-1], root[1:]) * scale / b.size
    shift, targets, pinned = yield from _contacts(
        ankles, clearances, speeds, guessed_m, times_out, rooted, settings.contact, seated, floor
    )
    shift, targets = shift * b.size, targets * b.size
    rotations = np.empty((len(times_out), len(rig.bones), 4))
    for rows in _slices(len(times_out), 4 * _FIT_SLICE):
        if pinned[rows].any():
            moved = shift[rows, None]
            turns[rows] = plant(b, turns[rows], hips[rows] + moved, knees[rows] + moved, targets[rows])
        rotations[rows] = basis_of(b, turns[rows], len(rig.bones))
        yield 0.9 + 0.1 * rows.stop / len(times_out)
    location = np.empty((len(times_out), 3))
    for rows in _slices(len(times_out), _ARRAY_SLICE):
        location[rows] = location_of(b, turns[rows], middle[rows] + shift[rows] + stand.location)
        rotations[rows] = same_hemisphere(rotations[rows], rotations[rows.start - 1] if rows.start else None)
        yield 1.0
    if seated.any():
        at_rest = location_of(b, turns[:1], (b.middle + stand.location)[None])[0]
        location = _held(location, seated, times_out, at_rest if held is None else held.hips_location)
        legs = held_bones(b)
        at_first = rotations[0] if held is None else held.rotations
        rotations[:, legs] = same_hemisphere(_held(rotations[:, legs], seated, times_out, at_first[legs]))
    return TakePoses(rotations, location, rotation, times_out)


def _observed(settings, packets, lifted):
    """What the packets show of somebody, in order of time, each time once: times_s (N,), points (N, 25, 3), the
    joints' scores (N, 21), and the row of the first that is good enough to begin with, or 0."""
    packets = sorted((p for p in packets if np.isfinite(p.timestamp)), key=lambda p: p.timestamp)
    times_s = np.empty(len(packets))
    points, scores = np.empty((len(packets), POINTS, 3)), np.empty((len(packets), JOINTS))
    count, first, lifter = 0, None, None
    for i, packet in enumerate(packets):
        observation, lifter = observe(packet, lifter, settings.mirror)
        if observation is not None and (not count or packet.timestamp > times_s[count - 1] + 1e-6):
            times_s[count], scores[count] = packet.timestamp, observation.scores
            points[count] = points_of(observation, lifted)
            first = count if first is None and observation.sure else first
            count += 1
        if i % _OBSERVE_SLICE == _OBSERVE_SLICE - 1:
            yield 0.3 * i / len(packets)
    return times_s[:count], points[:count], scores[:count], first or 0


def _oriented(b, settings, stand, position, velocity, times_s, first):
    """The rotation from camera axes to the world, constant over the take, and rig metres per metre of the
    actor."""
    joints_camera = position[:, :JOINTS]
    if settings.calibration is not None:
        return calibrated_rotation(settings.calibration, stand), b.leg_length / settings.calibration.leg_m
    rotation = level.WORLD_FROM_CAMERA
    sample = slice(None, None, max(1, len(joints_camera) // _SAMPLE))
    if settings.level == "AUTO":
        speed_m_s = np.nan_to_num(norm(velocity[sample][:, ACROSS] + velocity[sample][:, DEPTH]))
        up = level.up_of_take(joints_camera[sample], speed_m_s)
        root = position[sample][:, ACROSS] + position[sample][:, DEPTH]
        feet = level.lower_foot(joints_camera[sample][:, ANKLES] + root[:, None], up)
        steps_s = np.minimum(np.diff(times_s[sample], prepend=times_s[0]), filters.LONGEST_STEP_S)
        rotation = level.levelled(up, level.Ground.of(feet, steps_s))
    turn = stand.heading_rad - level.heading_rad(joints_camera[first] @ rotation.T)
    return level.yaw(turn if np.isfinite(turn) else 0.0) @ rotation, leg_ratio(b, joints_camera[sample])


def _seated(settings, scores, times_s, times_out):
    """(M,) whether hips and legs hold, at times_out, of scores (N, 21) at times_s."""
    if settings.legs != "AUTO":
        return np.full(len(times_out), settings.legs == "HOLD")
    seated, waited_s, answers = False, 0.0, []
    for number, row in enumerate(scores):
        step_s = times_s[number] - times_s[number - 1] if number else SEATED_AFTER_S
        seated, waited_s = seated_after(seated, waited_s, row, step_s)
        answers.append(seated)
        if number % _CONTACT_SLICE == _CONTACT_SLICE - 1:
            yield 0.6
    known = np.array(answers)
    changes = np.flatnonzero(known[1:] != known[:-1]) + 1  # what is noticed late has begun earlier
    for change in changes:
        began = np.searchsorted(times_s, times_s[change] - SEATED_AFTER_S)
        known[began:change] = known[change]
    return known[np.clip(np.searchsorted(times_s, times_out, side="right") - 1, 0, len(known) - 1)]


def _places(b, settings, rotation, root, start, seated, scale):
    """The middle of the hip joints (M, 3) as the hips travel, but while they hold; and the floor, or None."""
    middle = np.repeat((b.middle * [1.0, 1.0, 0.0])[None], len(root), axis=0)
    if not np.isfinite(root).all():
        return middle, None
    moved = travel(rotation, start, root) * scale
    steps = np.diff(moved, axis=0)
    steps[seated[1:]] = 0.0
    middle += moved[0] + np.concatenate((np.zeros((1, 3)), np.cumsum(steps, axis=0)))
    known = settings.calibration.root if settings.calibration else None
    if known is None:
        return middle, None
    middle[:, 2] += travel(rotation, np.array(known), start)[2] * scale
    return middle, -float(b.middle[2]) / b.size


def _held(values, seated, times_s, first):
    """Locations (M, 3) or rotations (M, K, 4) with those of hips and legs that hold as they were before, at first
    `first`, and gone over to what is seen where they follow again."""
    rows = np.maximum.accumulate(np.where(seated, -1, np.arange(len(seated))))
    out = values.copy()
    out[seated] = np.where((rows[seated] >= 0).reshape(-1, *[1] * (values.ndim - 1)), values[rows[seated]], first)
    for before, follows, share in _rises(seated, times_s):
        if values.ndim == 2:
            out[follows] = out[before] + (values[follows] - out[before]) * share[:, None]
        else:
            out[follows] = slerp(out[before], values[follows], share[:, None])
    return out


def _rises(seated, times_s):
    """For each time that hips and legs follow again: the row before, the rows of going over, and how far they have."""
    for row in np.flatnonzero(~seated[1:] & seated[:-1]):
        share = (times_s - times_s[row]) / RISE_S
        follows = np.flatnonzero(~seated & (share > 0) & (share < 1))
        yield row, follows, share[follows] ** 2 * (3 - 2 * share[follows])


def _speeds(points, unseen, root, ankles, lifted, times_s, rooted):
    """(M, 2) m/s of the feet: by `foot_speed`, or of the pose where nobody knows how far away it is. unseen: (M, 2)."""
    if len(times_s) < 2:
        return np.zeros((len(times_s), 2))
    of_pose = norm(np.gradient(ankles, times_s, axis=0))
    if not rooted:
        return of_pose
    of_points = norm(np.gradient(points[:, FEET], times_s, axis=0)) * feet_scale(root[:, 2:], lifted)
    return foot_speed(np.where(unseen, np.nan, of_points), of_pose)


def _contacts(ankles, clearances, speeds, guessed_m, times_s, rooted, pinning, seated, floor):
    """Shifts of the hips (F, 3), targets of the ankles (F, 2, 3) and whether any foot is held (F,)."""
    steps = np.diff(times_s, prepend=times_s[0])
    shift, targets, pinned = np.empty((len(ankles), 3)), np.empty_like(ankles), np.zeros(len(ankles), bool)
    contact = Contact() if floor is None else Contact(floor=floor, low=floor)
    for i in range(len(ankles)):
        row = ankles[i].tolist(), clearances[i].tolist(), speeds[i].tolist(), float(steps[i])
        if seated[i]:
            contact, shift[i], targets[i], pinned[i] = Contact(), 0.0, ankles[i], False
        else:
            contact, shift[i], targets[i] = feet_contact.follow(contact, *row, rooted, pinning, float(guessed_m[i]))
            pinned[i] = pinning and feet_contact.bends_legs(contact, row[1])
        if i % _CONTACT_SLICE == _CONTACT_SLICE - 1:
            yield 0.82 + 0.08 * i / len(ankles)
    return shift, targets, pinned


def _slices(count, size):
    return [slice(i, min(i + size, count)) for i in range(0, count, size)]


def _sliced(work, start, end, expected):
    """Progress from start to end while a generator works; returns what it returns."""
    done = 0
    while True:
        try:
            next(work)
        except StopIteration as result:
            return result.value
        done += 1
        yield start + (end - start) * min(1.0, done / max(expected, 1))

"""A finished take solved again, all packets known: smoothed both ways in time, at the moments that are
asked for."""

from dataclasses import dataclass

import numpy as np

from . import adaptive, filters, level
from . import contact as feet_contact
from .contact import Contact
from .observe import observe
from .rotation import norm, same_hemisphere
from .solve.binding import bind
from .solve.fit import basis_of, leg_ratio, location_of, turns_of
from .solve.legs import clearance_m, leg_joints, plant
from .stages import ACROSS, DEPTH, FEET, JOINTS, Stand, points_of, promised_m, travel

# Work between two yields, sized for slices of a few milliseconds.
_OBSERVE_SLICE = 12
_FIT_SLICE = 80
_CONTACT_SLICE = 100


@dataclass(frozen=True, eq=False)
class TakePoses:
    """rotations (F, B, 4) wxyz in one hemisphere along time, hips_location (F, 3), world_from_camera (3,
    3), times_s (F,)."""

    rotations: np.ndarray
    hips_location: np.ndarray
    world_from_camera: np.ndarray
    times_s: np.ndarray


def solve_take(rig, settings, packets, frame_times_s, stand=None):
    """All poses of a take. A generator: yields its progress, 0 to 1, every few milliseconds and returns
    TakePoses.

    packets: PosePackets of one clock, any order. frame_times_s: (F,) moments on that clock, rising.
    stand: where the first confident frame puts the character. A take that shows nobody gives the rest pose.
    """
    b = bind(rig)
    stand = stand or Stand()
    times_out = np.asarray(frame_times_s, dtype=float)
    seen = yield from _observed(settings, packets)
    if not seen or not len(times_out):
        rest = np.zeros((len(times_out), len(rig.bones), 4))
        rest[..., 0] = 1.0
        return TakePoses(rest, np.zeros((len(times_out), 3)), level.WORLD_FROM_CAMERA.copy(), times_out)
    times_s = np.array([time_s for time_s, _ in seen])
    observations = [observation for _, observation in seen]
    measured = np.stack([points_of(o) for o in observations])
    promised = promised_m(np.stack([o.scores for o in observations]))
    position, velocity = yield from _sliced(
        adaptive.smooth(measured, promised, times_s, settings.heaviness), 0.3, 0.6, 3 * len(seen) // 48
    )

    first = next((i for i, o in enumerate(observations) if o.sure), 0)
    rotation, scale = _oriented(b, settings, stand, position[:, :JOINTS], first)
    points = filters.resample(position, velocity, times_s, times_out)
    yield 0.62
    joints = points[:, :JOINTS] @ rotation.T
    root = points[:, ACROSS] + points[:, DEPTH]
    rooted = bool(np.isfinite(root).all())
    middle = np.repeat((b.middle * [1.0, 1.0, 0.0])[None], len(times_out), axis=0)
    if rooted:
        middle += travel(rotation, position[first, ACROSS] + position[first, DEPTH], root) * scale

    turns = np.empty((len(times_out), 20, 3, 3))
    previous = None
    for rows in _slices(len(times_out), _FIT_SLICE):
        turns[rows], _ = turns_of(b, joints[rows], previous)
        previous = basis_of(b, turns[rows.stop - 1 : rows.stop], len(rig.bones))[0]
        yield 0.62 + 0.2 * rows.stop / len(times_out)
    hips, knees, ankles, toes = leg_joints(b, turns, middle)
    shift, targets, pinned = yield from _contacts(
        ankles, clearance_m(b, ankles, toes), points[:, FEET] if rooted else ankles, times_out, rooted, settings.contact
    )
    rotations = np.empty((len(times_out), len(rig.bones), 4))
    for rows in _slices(len(times_out), 4 * _FIT_SLICE):
        if pinned[rows].any():
            moved = shift[rows, None]
            turns[rows] = plant(b, turns[rows], hips[rows] + moved, knees[rows] + moved, targets[rows])
        rotations[rows] = basis_of(b, turns[rows], len(rig.bones))
        yield 0.9 + 0.1 * rows.stop / len(times_out)
    location = location_of(b, turns, middle + shift + stand.location)
    return TakePoses(same_hemisphere(rotations), location, rotation, times_out)


def _observed(settings, packets):
    """[(time_s, Observation)] of the packets that show somebody, in order of time, each time once."""
    packets = sorted((p for p in packets if np.isfinite(p.timestamp)), key=lambda p: p.timestamp)
    seen, lifter = [], None
    for i, packet in enumerate(packets):
        observation, lifter = observe(packet, lifter, settings.mirror)
        if observation is not None and (not seen or packet.timestamp > seen[-1][0] + 1e-6):
            seen.append((packet.timestamp, observation))
        if i % _OBSERVE_SLICE == _OBSERVE_SLICE - 1:
            yield 0.3 * i / len(packets)
    return seen


def _oriented(b, settings, stand, joints_camera, first):
    """The rotation from camera axes to the world, constant over the take, and rig metres per metre of the
    actor."""
    rotation = level.WORLD_FROM_CAMERA
    if settings.level == "AUTO":
        rotation = level.levelled(level.up_of_take(joints_camera))
    turn = stand.heading_rad - level.heading_rad(joints_camera[first] @ rotation.T)
    return level.yaw(turn if np.isfinite(turn) else 0.0) @ rotation, leg_ratio(b, joints_camera)


def _contacts(ankles, clearances, feet, times_s, rooted, pinning):
    """Shifts of the hips (F, 3), targets of the ankles (F, 2, 3) and whether any foot is held (F,)."""
    steps = np.diff(times_s, prepend=times_s[0])
    speeds = np.zeros(feet.shape[:2])
    if len(times_s) > 1:
        speeds = norm(np.gradient(feet, times_s, axis=0))
    shift, targets, pinned = np.empty((len(ankles), 3)), np.empty_like(ankles), np.zeros(len(ankles), bool)
    contact = Contact()
    for i, row in enumerate(
        zip(ankles.tolist(), clearances.tolist(), speeds.tolist(), steps.tolist(), strict=True)
    ):
        contact, shift[i], targets[i] = feet_contact.follow(contact, *row, rooted, pinning)
        pinned[i] = any(foot.weight > 0 for foot in contact.feet)
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

"""Pose packets to poses, one at a time: state and packet in, state and pose out, time from the packet."""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from . import adaptive, level
from . import contact as feet_contact
from .adaptive import Smoothed
from .contact import Contact
from .easing import ease
from .level import Ground
from .observe import observe
from .rotation import dot, norm
from .solve.binding import MID_JOINTS, ROOT_JOINTS, bind
from .solve.fit import basis_of, location_of, turns_of
from .solve.legs import clearance_m, held_bones, leg_joints, plant
from .solve.rig import RigPose
from .stages import (
    ACROSS,
    ANKLES,
    DEPTH,
    FEET,
    FIRST_NOISE_LIFTED,
    FIRST_NOISE_MEASURED,
    JOINTS,
    LEGS,
    LIFTED_LASTS,
    POINTS,
    SEATED_AFTER_S,
    WAVERING_LIVE_M_S,
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
from .take_clock import RESTART_GAP_S

COAST_S = 0.2  # a joint unseen this long is no longer guessed from its motion: its bones hold
MAX_STEP_S = 0.1
_HIPS, _KNEES = ROOT_JOINTS[2:], MID_JOINTS[2:]
SCALE_MEMORY_S = 3.0
DEPTH_S = 0.1  # in which somebody whose depth is guessed goes to where it puts them
RISE_S, RISE_M_S = 0.6, 1.5  # after holding, hips go back to where they are seen in this time and no faster


@dataclass(frozen=True, eq=False)
class State:
    """What `step` remembers. Nothing in it is changed: a step makes a new one.

    rotation: (3, 3) from camera axes to the world, None before the first confident frame. yaw_rad: its turn
    about z. up: sum of the body axes seen standing, and up_s their seconds. ground: where the lower foot was.
    middle: (3,) of the hip joints as the motion has them, behind_m: how far they are to go yet in depth. ankles:
    (2, 3), ankle_speed: (2,). returning: (B,) bones on their way back to what is seen.
    """

    stand: Stand = field(default_factory=Stand)
    time_s: float | None = None
    session: str | None = None
    mirrored: bool | None = None
    track: Smoothed | None = None
    lifter: object = None
    pose: RigPose | None = None
    rotation: np.ndarray | None = None
    yaw_rad: float = 0.0
    up: np.ndarray | None = None
    up_s: float = 0.0
    ground: Ground = field(default_factory=Ground)
    leg_m: float = 0.0
    leg_s: float = 0.0
    root_camera: np.ndarray | None = None
    middle: np.ndarray | None = None
    behind_m: float = 0.0
    ankles: np.ndarray | None = None
    ankle_speed: np.ndarray | None = None
    contact: Contact = field(default_factory=Contact)
    returning: np.ndarray | None = None
    held: RigPose | None = None
    seated: bool = False
    seated_s: float = 0.0
    risen_s: float = RISE_S

    @classmethod
    def initial(cls, stand=None, held=None):
        """Before the first packet of a capture, for a character that stands at `stand`; held: its pose now, for hips
        and legs that are not to follow."""
        return cls(stand=stand or Stand(), held=held)


def _changed(state, **changes):
    """A copy of the state with these changes, as `dataclasses.replace` makes it, in a sixth of its time."""
    twin = object.__new__(State)
    twin.__dict__.update(state.__dict__, **changes)
    return twin


def recentred(state):
    """The state from which the character goes on where it stood, facing as it did; all else that is known stays."""
    returning = None if state.pose is None else np.ones(len(state.pose.rotations), bool)
    return _changed(
        state, rotation=None, middle=None, root_camera=None, ankles=None, contact=Contact(), returning=returning
    )


def step(rig, settings, state, packet):
    """The state after a packet and the rig's pose, or None as long as nobody was seen well.

    A frame with nobody, one that comes late, and one that cannot be read hold the pose.
    """
    b = bind(rig)
    if state.mirrored not in (None, settings.mirror):
        state = _begun_anew(state)
    observation, lifter = observe(packet, state.lifter, settings.mirror)
    if observation is None:
        return state, _held(state, packet)
    state, dt_s = _clocked(state, packet)
    if dt_s is None:
        return state, _held(state, packet)

    lifted = not packet.measured
    track = adaptive.follow(
        state.track or Smoothed.initial(POINTS, FIRST_NOISE_LIFTED if lifted else FIRST_NOISE_MEASURED),
        points_of(observation, lifted),
        promised_m(observation.scores),
        dt_s,
        settings.heaviness,
        LIFTED_LASTS if lifted else 1.0,
    )
    track = adaptive.forget(track, COAST_S)
    state = _changed(
        state, track=track, lifter=lifter, time_s=packet.timestamp, session=packet.session, mirrored=settings.mirror
    )
    joints_camera = track.position[:JOINTS]
    root_camera = track.position[ACROSS] + track.position[DEPTH]

    if state.rotation is None and not observation.sure:
        return state, _held(state, packet)
    dt_s = min(dt_s, MAX_STEP_S)
    root_velocity = track.velocity[ACROSS] + track.velocity[DEPTH]
    state, rotation = _oriented(state, settings, joints_camera, root_camera, root_velocity, dt_s)
    joints = joints_camera @ rotation.T
    state, scale = _scaled(b, settings, state, joints, dt_s)
    first = state.middle is None
    rooted = np.isfinite(root_camera).all()
    state = _seated(state, settings, observation.scores, dt_s, first)
    middle, contact = (_start(b, settings, rotation, root_camera, scale) if first else (state.middle, state.contact))
    behind_m = guessed_rise_m = 0.0
    if rooted and state.root_camera is not None and not state.seated:
        moved = travel(rotation, state.root_camera, root_camera)
        if lifted:  # where a guess of depth turns out wrong, nobody leaps
            behind_m = (state.behind_m + root_camera[2] - state.root_camera[2]) * math.exp(-dt_s / DEPTH_S)
            moved[:2] += rotation[:2, 2] * (state.behind_m - behind_m)
            guessed_rise_m = float(depth_rise_m(rotation, state.root_camera, root_camera)) * scale
        middle = middle + moved * scale

    afresh = first and state.held is not None  # hips and legs hold as at first, also where they were put back
    before = state.held if state.seated and (afresh or state.pose is None) else state.pose
    previous = None if before is None else before.rotations
    if state.seated:
        joints = joints.copy()
        joints[LEGS] = np.nan
    turns, _ = turns_of(b, joints[None], previous, np.array([True]) if state.seated else None)
    hips, knees, ankles, toes = leg_joints(b, turns, middle[None])
    pose_speed = _live_speed(state, ankles[0], dt_s)
    speed = pose_speed / b.size
    if rooted:
        of_points = norm(track.velocity[FEET]) * feet_scale(root_camera[2], lifted)
        speed = foot_speed(of_points, speed, WAVERING_LIVE_M_S)
    shift = np.zeros(3)
    if state.seated:
        contact = Contact()
    else:
        clearances = (clearance_m(b, ankles, toes)[0] / b.size).tolist()
        contact, shift, targets = feet_contact.follow(
            contact, (ankles[0] / b.size).tolist(), clearances, speed.tolist(), dt_s, rooted, settings.contact,
            guessed_rise_m / b.size,
        )  # fmt: skip
        shift = np.multiply(shift, b.size)
        if settings.contact and feet_contact.bends_legs(contact, clearances):
            turns = plant(b, turns, hips + shift, knees + shift, np.array([targets]) * b.size)
    rotations = basis_of(b, turns, len(rig.bones))[0]
    if state.seated and previous is not None:
        rows = held_bones(b)
        rotations[rows] = previous[rows]
    returning = None
    if state.pose is not None:
        lost = ~np.isfinite(joints_camera[:, 0])
        scores = observation.scores
        if state.seated:  # held legs are neither lost nor on their way back
            lost[LEGS], scores = False, np.where(np.isin(np.arange(JOINTS), LEGS), 1.0, scores)
        rotations, returning = ease(
            rig,
            rotations,
            state.pose.rotations,
            state.returning,
            lost,
            scores,
            track.unseen_s[:JOINTS],
            dt_s,
        )
        if state.seated and afresh:
            rotations[rows] = previous[rows]
        signs = np.copysign(1.0, dot(rotations, state.pose.rotations))  # in one hemisphere
        rotations = rotations * signs[:, None]
    location = _location(b, state, turns, middle + shift, before, dt_s)
    pose = RigPose(rotations, location, rotation, packet.timestamp)
    state = _changed(
        state, pose=pose, middle=middle, behind_m=behind_m, ankles=ankles[0],
        root_camera=root_camera if rooted else state.root_camera,
        ankle_speed=pose_speed, contact=contact, returning=returning,
    )  # fmt: skip
    return state, pose


def _seated(state, settings, scores, dt_s, first):
    """The state with the answer to whether hips and legs hold."""
    if settings.legs != "AUTO":
        seated, waited_s = settings.legs == "HOLD", 0.0
    else:
        seated, waited_s = seated_after(state.seated, state.seated_s, scores, SEATED_AFTER_S if first else dt_s)
    if state.seated and not seated:
        returning = None if state.pose is None else np.ones(len(state.pose.rotations), bool)
        return _changed(state, seated=False, seated_s=0.0, risen_s=0.0, returning=returning)
    return _changed(state, seated=seated, seated_s=waited_s, risen_s=min(state.risen_s + dt_s, RISE_S))


def _start(b, settings, rotation, root_camera, scale):
    """Where the middle of the hips is at first, and the contact: the floor is where the lower foot is, or, if that is
    known, as far below as when it was calibrated."""
    middle = b.middle * [1.0, 1.0, 0.0]
    root = settings.calibration.root if settings.calibration else None
    if root is None or not np.isfinite(root_camera).all():
        return middle, Contact()
    middle[2] = travel(rotation, np.array(root), root_camera)[2] * scale
    floor = -float(b.middle[2]) / b.size
    return middle, Contact(floor=floor, low=floor)


def _location(b, state, turns, middle, before, dt_s):
    """The hips' basis location: where the middle of the hip joints is, or where it was, of hips that hold."""
    stand = np.array(state.stand.location)
    if state.seated:
        return location_of(b, turns, (b.middle + stand)[None])[0] if before is None else before.hips_location
    location = location_of(b, turns, (middle + stand)[None])[0]
    if state.risen_s < RISE_S and state.pose is not None:
        step = location - state.pose.hips_location
        location = state.pose.hips_location + step * min(1.0, RISE_M_S * dt_s / max(float(norm(step)), 1e-9))
    return location


def _held(state, packet):
    return None if state.pose is None else replace(state.pose, time_s=packet.timestamp)


def _clocked(state, packet):
    """The state and the seconds since the last packet: 0 at the beginning, None for a packet that comes late.

    A new session, a long pause and a clock that was set back begin anew: the pose eases over and is
    anchored again.
    """
    if state.time_s is None:
        return state, 0.0
    dt_s = packet.timestamp - state.time_s
    if state.session == packet.session and 0 < dt_s <= RESTART_GAP_S:
        return state, dt_s
    if state.session == packet.session and -RESTART_GAP_S <= dt_s <= 0:
        return state, None
    if state.session == packet.session and dt_s > 0:  # the same camera, after a pause
        returning = None if state.pose is None else np.ones(len(state.pose.rotations), bool)
        return _changed(state, track=None, root_camera=None, ankles=None, returning=returning), level.FRAME_S
    return _begun_anew(state), 0.0


def _begun_anew(state):
    returning = None if state.pose is None else np.ones(len(state.pose.rotations), bool)
    return replace(State.initial(state.stand, state.held), pose=state.pose, returning=returning)


def _oriented(state, settings, joints_camera, root_camera, root_velocity, dt_s):
    """The rotation from camera axes to the world: level by who stood and walked so far, heading by the first frame; or
    as it was calibrated."""
    if settings.calibration is not None:
        if state.rotation is None:
            state = _changed(state, rotation=calibrated_rotation(settings.calibration, state.stand))
        return state, state.rotation
    rotation = level.WORLD_FROM_CAMERA
    if settings.level == "AUTO":
        state = _stood(state, joints_camera, root_velocity, dt_s)
        foot = level.lower_foot(joints_camera[ANKLES], state.up) + root_camera
        state = _changed(state, ground=state.ground.seen(foot, dt_s))
        rotation = level.levelled(state.up, state.ground)
    if state.rotation is None:
        turn = state.stand.heading_rad - level.heading_rad(joints_camera @ rotation.T)
        state = _changed(state, yaw_rad=turn if np.isfinite(turn) else 0.0)
    rotation = level.yaw(state.yaw_rad) @ rotation
    if state.rotation is not None:
        rotation = level.towards(state.rotation, rotation, dt_s)
    return _changed(state, rotation=rotation), rotation


def _stood(state, joints_camera, root_velocity, dt_s):
    """The state with what this frame's body axis says of up."""
    if state.rotation is not None and state.up_s >= level.ENOUGH_S:
        return state
    speed_m_s = float(norm(root_velocity))
    axis, weight = level.upright(joints_camera, speed_m_s if np.isfinite(speed_m_s) else 0.0)
    seconds = float(weight) * (dt_s or level.FRAME_S)
    if state.up is not None:
        seconds *= level.agreement(axis, state.up)
    up = level.CAMERA_UP * level.DOUBT_LIVE_S if state.up is None else state.up
    return _changed(state, up=up + axis * seconds, up_s=state.up_s + seconds)


def _scaled(b, settings, state, joints, dt_s):
    """Rig metres per metre of the actor, from the running mean length of the actor's legs, or as it was calibrated."""
    if settings.calibration is not None:
        return state, b.leg_length / settings.calibration.leg_m
    legs = norm(joints[_KNEES] - joints[_HIPS]) + norm(joints[ANKLES] - joints[_KNEES])
    length = float(legs.sum()) / 2
    if not 0.05 < length < 5:  # or unseen
        return state, b.leg_length / state.leg_m if state.leg_m else 1.0
    known_s = min(state.leg_s, SCALE_MEMORY_S)  # none yet where a pause came right after the first frame
    share = dt_s / max(known_s + dt_s, 1e-6) if state.leg_m else 1.0
    leg_m = state.leg_m + (length - state.leg_m) * share
    return _changed(state, leg_m=leg_m, leg_s=state.leg_s + dt_s), b.leg_length / leg_m


def _live_speed(state, ankles, dt_s):
    if state.ankles is None or dt_s <= 0:
        return np.zeros(2)
    speed = norm(ankles - state.ankles) / dt_s
    share = dt_s / (dt_s + 0.06)
    return state.ankle_speed + (speed - state.ankle_speed) * share

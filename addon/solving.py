"""A finished take on its way to an Action: the final solve in slices, then all curves at once."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import bpy
import numpy as np

from . import action, take_layers
from .core.pipeline import Settings, Stand, solve_take
from .core.protocol import PosePacket
from .core.solve.rig import RigPose
from .rig import Target


@dataclass(frozen=True)
class SolvedTake:
    """What became of a take. frames: (F,) of the scene. times_s: (F,) on the packets' clock."""

    path: Path
    action: str
    frames: np.ndarray
    times_s: np.ndarray
    world_from_camera: np.ndarray
    seconds: dict[str, float]


class Solving:
    """One take being solved: `advance` until it is true, then `write`.

    action_name: the Action with the live keys, if there is one; else `name` is a new one's, the file's if it is empty.
    person: who of those in the take; it begins with
    the take's first packet, whoever that shows, so that all people of a take are on one time. held: the pose of hips
    and legs that do not follow. first_frame: where on the timeline that first packet lies, between frames, too;
    from_frame: where keys begin at the earliest. start_s, end_s: what of the take is wanted, from its first packet on.
    track: the take lies on an NLA track.
    """

    def __init__(
        self,
        path: Path,
        target: Target,
        settings: Settings,
        stand: Stand,
        packets: Sequence[PosePacket],
        first_frame: float,
        fps: float,
        action_name: str = "",
        person: int = 0,
        held: RigPose | None = None,
        name: str = "",
        from_frame: int | None = None,
        start_s: float = 0.0,
        end_s: float | None = None,
        track: bool = False,
    ):
        self.path = path
        self.name = name or path.stem
        self.target = target
        self.action_name = action_name
        self.progress = 0.0
        self.track = track
        self._spent_s = 0.0
        packets = in_one_time(packets)
        begin_s, length_s = packets[0].timestamp, packets[-1].timestamp - packets[0].timestamp
        end_s = length_s if end_s is None else min(end_s, length_s)
        self._frames = frames_in(first_frame, from_frame, start_s, end_s, fps)
        self._times_s = begin_s + (self._frames - first_frame) / fps
        theirs = [packet for packet in packets if packet.person == person]
        self._steps: Iterator[float] = solve_take(target.rig, settings, theirs, self._times_s, stand, held)
        self._poses = None

    def advance(self, budget_s: float) -> bool:
        """Solve on for about `budget_s` seconds; true when all is solved."""
        start_s = time.perf_counter()
        try:
            while time.perf_counter() - start_s < budget_s:
                self.progress = next(self._steps)
        except StopIteration as end:
            self._poses = end.value
        self._spent_s += time.perf_counter() - start_s
        return self._poses is not None

    def write(self, armature: bpy.types.Object, take_action: bpy.types.Action) -> SolvedTake:
        """Replace the Action's keys by the solved ones."""
        start_s = time.perf_counter()
        poses = self._poses
        values = self.target.values(poses.rotations, poses.hips_location)
        action.write(take_action, armature, self.target.channels, self._frames, values, self.target.driving.held)
        take_layers.settle(armature, take_action, self.track)
        return SolvedTake(
            self.path,
            take_action.name,
            self._frames,
            self._times_s,
            poses.world_from_camera,
            {"solve": self._spent_s, "write": time.perf_counter() - start_s},
        )


def frames_in(first_frame: float, from_frame: int | None, start_s: float, end_s: float, fps: float) -> np.ndarray:
    """(F,) the whole frames of a take whose first packet lies at `first_frame`, of the seconds that are wanted; one at
    least."""
    begin = math.ceil(first_frame + start_s * fps - 1e-3)
    begin = begin if from_frame is None else max(begin, from_frame)
    return np.arange(begin, max(math.floor(first_frame + end_s * fps + 1e-3), begin) + 1)


def people_in(packets: Sequence[PosePacket]) -> list[int]:
    """The numbers of those who are seen in a take."""
    return sorted({packet.person for packet in packets if not packet.empty})


def named(people: Sequence[int]) -> str:
    """Who was seen, in words."""
    return f"seen {'was' if len(people) == 1 else 'were'} {', '.join(map(str, people))}"


def in_one_time(packets: Sequence[PosePacket]) -> list[PosePacket]:
    """The packets in the order of their capture, on one clock.

    A take may hold several sessions, when the worker began anew; each has its own clock, so a later one is
    moved to where its first packet arrived, or right behind the one before.
    """
    sessions: dict[str | None, list[PosePacket]] = {}
    for packet in packets:
        sessions.setdefault(packet.session, []).append(packet)
    ordered: list[PosePacket] = []
    for group in sessions.values():
        group.sort(key=lambda packet: packet.timestamp)
        if ordered:
            pause_s = group[0].meta.get("received", 0.0) - ordered[-1].meta.get("received", 0.0)
            shift_s = ordered[-1].timestamp + max(pause_s, 1e-3) - group[0].timestamp
            group = [replace(packet, timestamp=packet.timestamp + shift_s) for packet in group]
        ordered += group
    return ordered

"""A finished take on its way to an Action, in slices: the final solve, what it is as keys, the curves."""

import gc
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from . import action, key_reduction, take_layers
from .core.pipeline import Settings, Stand, solve_take
from .core.protocol import PosePacket
from .core.solve.rig import RigPose
from .core.take_clock import in_one_time
from .key_reduction import Bounds
from .rig import Target

_SOLVED = 0.95  # of all the work
_FREED = 500


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
    """One take being solved: `advance` until it is true, then `write` until it gives what became of the take.

    action_uids: of the Action with the live keys, or that is made anew; else `name` is a new one's, the file's if it is
    empty. As a Part's. person: who of those in the take; it begins with the take's first packet, whoever that shows, so
    that all people of a take are on one time. held: the pose of hips and legs that do not follow. first_frame: where on
    the timeline that first packet lies, between frames, too; from_frame: where keys begin at the earliest. start_s,
    end_s: what of the take is wanted, from its first packet on. track: the take lies on an NLA track. bounds: how far
    keys may be off; without, each frame has its own.
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
        action_uids: Sequence[int] = (),
        person: int = 0,
        held: RigPose | None = None,
        name: str = "",
        from_frame: int | None = None,
        start_s: float = 0.0,
        end_s: float | None = None,
        track: bool = False,
        bounds: Bounds | None = None,
    ):
        self.path = path
        self.name = name or path.stem
        self.target = target
        self.action_uids = list(action_uids)
        before = action.find(action_uids)  # of a take that is solved again, or still with live keys
        self._before = before.session_uid if before is not None and action.noted(before, "begins") else None
        self.progress = 0.0
        self.track = track
        self._spent_s = self._writing_s = 0.0
        self._place = first_frame, from_frame, start_s, end_s, fps
        self.begins = take_layers.beginning(packets)
        self._steps = self._work(settings, stand, packets, person, held, bounds)
        self._done = False
        self._written = 0  # channels, or curves are to be begun anew

    def advance(self, budget_s: float) -> bool:
        """Solve on for about `budget_s` seconds; true when all is solved."""
        start_s = time.perf_counter()
        try:
            while not self._done and time.perf_counter() - start_s < budget_s:
                self.progress = next(self._steps)
        except StopIteration:
            self._done = True
        # Hundreds of thousands of objects live until the end: Python's collector would stop everything to look at them.
        gc.unfreeze() if self._done else gc.freeze()
        self._spent_s += time.perf_counter() - start_s
        return self._done

    def close(self) -> None:
        """Let go of a solve that is not wanted any more."""
        self._steps.close()
        gc.unfreeze()

    def discard(self, armature: bpy.types.Object | None) -> None:
        """Take the Action away again, unless it was there before; `write` begins anew."""
        self._written = 0
        made = action.find(self.action_uids)
        if made is not None and made.session_uid != self._before:
            take_layers.remove(made, armature)

    def write(
        self, armature: bpy.types.Object, take_action: bpy.types.Action, budget_s: float = math.inf
    ) -> SolvedTake | None:
        """Replace the Action's keys by the solved ones, for about `budget_s` seconds; None until all are there."""
        start_s = time.perf_counter()
        channels, held = self.target.channels, self.target.driving.held
        there = len(action.curves(take_action))
        if not self._written or there != len(held) + sum(channel.width for channel in channels[: self._written]):
            action.begin_writing(take_action, float(self._frames[0]), held)  # or an undo took some away
            self._written = 0
        writes = self._written < len(channels)
        while self._written < len(channels):
            rows = self._rows[self._written]
            values = self._values[self._written][rows]
            action.write(take_action, channels[self._written], self._frames[rows], values)
            self._written += 1
            if time.perf_counter() - start_s > budget_s:
                break
        spent_s = time.perf_counter() - start_s
        self._writing_s += spent_s
        if writes and (self._written < len(channels) or spent_s > budget_s):
            return None  # what comes after the last channel has a call of its own
        take_layers.settle(armature, take_action, self.track)
        armature.update_tag()
        spent_s = {"solve": self._spent_s, "write": self._writing_s}
        return SolvedTake(self.path, take_action.name, self._frames, self._times_s, self._world_from_camera, spent_s)

    def _work(self, settings, stand, packets, person, held, bounds) -> Iterator[float]:
        first_frame, from_frame, start_s, end_s, fps = self._place
        packets = in_one_time(packets)
        begin_s, length_s = packets[0].timestamp, packets[-1].timestamp - packets[0].timestamp
        end_s = length_s if end_s is None else min(end_s, length_s)
        frames = frames_in(first_frame, 0.0, length_s, fps)  # all, as where the feet are follows from the beginning
        times_s = begin_s + (frames - first_frame) / fps
        wanted = frames_in(first_frame, start_s, end_s, fps)
        wanted = wanted if from_frame is None else wanted[wanted >= from_frame]
        used = np.isin(frames, wanted) if len(wanted) else frames == frames[-1]
        self._frames, self._times_s = frames[used], times_s[used]
        yield 0.0
        theirs = [packet for packet in packets if packet.person == person]
        poses = yield from _scaled(solve_take(self.target.rig, settings, theirs, times_s, stand, held), _SOLVED)
        self._world_from_camera = poses.world_from_camera
        yield _SOLVED  # what was needed for it has just been given back, which takes its time
        used = slice(None) if used.all() else used
        values = self.target.values_in_steps(poses.rotations[used], poses.hips_location[used])
        self._values = yield from _scaled(values, _SOLVED)
        rows = key_reduction.rows_of(self.target.channels, self._values, bounds, self.target.space.unit_m)
        self._rows = yield from _scaled(rows, _SOLVED)
        for packets_ in (packets, theirs):  # thousands are not freed at once
            while packets_:
                del packets_[-_FREED:]
                yield 1.0


def _scaled(work, share: float):
    """A part's progress as the whole's; work that tells none is behind the part. Gives what the work gives."""
    while True:
        try:
            done = next(work)
        except StopIteration as end:
            return end.value
        yield share if done is None else share * done


def frames_in(first_frame: float, start_s: float, end_s: float, fps: float) -> np.ndarray:
    """(F,) the whole frames of a take whose first packet lies at `first_frame`, of the seconds that are wanted; one at
    least."""
    begin = math.ceil(first_frame + start_s * fps - 1e-3)
    return np.arange(begin, max(math.floor(first_frame + end_s * fps + 1e-3), begin) + 1)


def named(people: Sequence[int]) -> str:
    """Who was seen, in words."""
    return f"seen {'was' if len(people) == 1 else 'were'} {', '.join(map(str, people))}"

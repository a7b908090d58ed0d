"""What a list of takes says about one: how long it is, and what of it is missing.

Counted while a take is recorded, or from its journal.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from .protocol import MAX_LINE, PacketError, PosePacket, decode
from .take import read_header
from .take_clock import Clock, received_s

_TOO_LONG = 1.5  # times the usual step between pictures: where a sender does not number them, one is missing


@dataclass(frozen=True)
class TakeSummary:
    """A take in figures.

    created: when, ISO 8601, or empty. length_s: from the first picture to the last. frames: pictures, however many
    people each shows. lost: packets that never came. unseen: pictures that show nobody. people: who is seen, by
    number. damaged: lines that cannot be read.
    """

    created: str = ""
    length_s: float = 0.0
    frames: int = 0
    lost: int = 0
    unseen: int = 0
    people: tuple[int, ...] = ()
    damaged: int = 0


class TakeCount:
    """Adds up the packets of a take as they come."""

    def __init__(self):
        self._runs: list[_Run] = []
        self._running: dict[str | None, tuple[Clock, _Run]] = {}  # by session
        self._people: set[int] = set()

    def add(self, packet: PosePacket) -> None:
        clock, run = self._running.get(packet.session, (None, None))
        if clock is None or not clock.holds(packet):
            clock, run = self._running[packet.session] = Clock(), _Run()
            self._runs.append(run)
        clock.add(packet)
        run.add(packet)
        if not packet.empty:
            self._people.add(packet.person)

    @property
    def people(self) -> tuple[int, ...]:
        """The numbers of those who were seen."""
        return tuple(sorted(self._people))

    def summary(self, created: str = "", damaged: int = 0) -> TakeSummary:
        runs = self._runs
        pauses_s = [max(after.received_s[0] - before.received_s[1], 0.0) for before, after in pairwise(runs)]
        return TakeSummary(
            created,
            round(sum(run.length_s for run in runs) + sum(pauses_s), 3),
            sum(len(run.times_s) for run in runs),
            sum(run.lost for run in runs),
            sum(len(run.times_s - run.seen_s) for run in runs),
            self.people,
            damaged,
        )


class _Run:
    """What came on one clock (see `take_clock`): each has a count of its own."""

    def __init__(self):
        self.times_s: set[float] = set()
        self.seen_s: set[float] = set()
        self.received_s = [0.0, 0.0]
        self._numbers: list[int] | None = []

    def add(self, packet: PosePacket) -> None:
        arrived_s = received_s(packet)
        if arrived_s is not None:
            self.received_s = [self.received_s[0] if self.times_s else arrived_s, arrived_s]
        self.times_s.add(packet.timestamp)
        if not packet.empty:
            self.seen_s.add(packet.timestamp)
        if packet.seq is None:
            self._numbers = None
        elif self._numbers is not None:
            low, high, count = self._numbers or (packet.seq, packet.seq, 0)
            self._numbers = [min(low, packet.seq), max(high, packet.seq), count + 1]

    @property
    def length_s(self) -> float:
        return max(self.times_s) - min(self.times_s)

    @property
    def lost(self) -> int:
        if self._numbers:
            low, high, count = self._numbers
            return max(high - low + 1 - count, 0)
        steps = np.diff(np.sort(list(self.times_s)))
        if not len(steps):
            return 0
        usual = np.median(steps)
        return int(np.sum(np.rint(steps[steps > _TOO_LONG * usual] / usual) - 1))


def summarize(path: str | os.PathLike, wanted: Callable[[], bool] = lambda: True) -> TakeSummary | None:
    """A take's figures from its journal, line by line; None where they are no longer wanted.

    Raises TakeError as `read_take` does.
    """
    header = read_header(path)
    count, damaged = TakeCount(), 0
    with open(Path(path), "rb") as lines:
        if header:
            next(lines)
        for line in lines:
            if not wanted():
                return None
            if not line.strip():
                continue
            try:
                message = decode(line.rstrip(b"\n"), MAX_LINE)
            except PacketError:
                message = None
            if isinstance(message, PosePacket):
                count.add(message)
            else:
                damaged += 1
    created = header.get("created")
    return count.summary(created if isinstance(created, str) else "", damaged)

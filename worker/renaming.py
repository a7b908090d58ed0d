"""People found again have the numbers that they had: in the take whose video was looked at, or before a stop."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mocap_core.protocol import PosePacket

from .matching import likeness, pairs
from .person import confident

RUN = "run"  # in meta: which run found it, where one was stopped
_NEAR_S = 0.3


def renamed(packets: Sequence[PosePacket], known: Sequence[PosePacket] = ()) -> list[PosePacket]:
    """The packets with the numbers of those in `known` who were at the same places at the same times, for most of
    the time; without `known`, of the run before, at its end. Who was not there gets a number that is free.

    packets: in the order of their times, each run's people numbered for themselves.
    """
    out: list[PosePacket] = []
    for run in sorted({packet.meta.get(RUN, 0) for packet in packets}):
        part = [packet for packet in packets if packet.meta.get(RUN, 0) == run]
        numbers = _numbers(part, known or out)
        out += [replace(packet, meta=packet.meta | {"person": numbers[packet.person]}) for packet in part]
    return sorted(out, key=lambda packet: (packet.timestamp, packet.person))


def _numbers(packets: Sequence[PosePacket], known: Sequence[PosePacket]) -> dict[int, int]:
    """Each person's number in `known`."""
    people = sorted({packet.person for packet in packets})
    theirs = {person: [p for p in known if p.person == person and not p.empty] for person in sorted(_seen(known))}
    times_s = [np.array([packet.timestamp for packet in of]) for of in theirs.values()]
    affinity = np.zeros((len(people), len(theirs)))
    for packet in packets:
        if packet.empty:
            continue
        for column, of in enumerate(theirs.values()):
            there = of[int(np.abs(times_s[column] - packet.timestamp).argmin())]
            if abs(there.timestamp - packet.timestamp) < _NEAR_S:
                affinity[people.index(packet.person), column] += _alike(packet, there)
    numbers = {people[row]: list(theirs)[column] for row, column in pairs(affinity, 1e-6)}
    for person in people:
        if person not in numbers:
            taken = numbers.values()
            numbers[person] = next(number for number in (person, *range(len(people))) if number not in taken)
    return numbers


def _seen(packets: Sequence[PosePacket]) -> set[int]:
    return {packet.person for packet in packets if not packet.empty}


def _alike(packet: PosePacket, other: PosePacket) -> float:
    points, scores = packet.keypoints[:17], packet.scores[:17]
    sure = points[confident(points, scores)]
    area = float(np.ptp(sure, axis=0).prod()) if len(sure) else 0.0
    return likeness(points, scores, other.keypoints[:17], other.scores[:17], max(area, 1.0))

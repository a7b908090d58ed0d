"""The clocks of a take's packets: where a sender's begins again or leaps, and all of them made one."""

import math
from collections.abc import Iterable
from dataclasses import replace

from .protocol import PosePacket

LATE_S = 1.0  # a packet that is further back is of a clock that began again; as `live` has it
LEAP_S = 5.0  # one further ahead of its arrival than any before was, too; a first picture can take long
UNTOLD_LEAP_S = 600.0  # where nobody noted arrivals, a longer pause is not believed
_STEP_S = 1e-3  # at least, from one run to the next


def runs(packets: Iterable[PosePacket]) -> list[list[PosePacket]]:
    """The packets by runs, in the order in which these began; each in the order of capture.

    packets: as they arrived, or the runs of a call before, one after the other. A run is of one session; another
    begins where the clock goes back by more than `LATE_S` or leaps ahead of our own, as of a sender that plays a file
    again or was restarted.
    """
    out: list[_Run] = []
    running: dict[str | None, _Run] = {}
    for packet in packets:
        session, received_s = packet.session, _received_s(packet)
        run = running.get(session)
        if run is None or not run.holds(packet.timestamp, received_s):
            run = running[session] = _Run()
            out.append(run)
        run.add(packet, received_s)
    for run in out:
        run.packets.sort(key=lambda packet: packet.timestamp)
    return [run.packets for run in out]


def in_one_time(packets: Iterable[PosePacket]) -> list[PosePacket]:
    """The packets in the order of their capture, on the clock of the first run.

    packets: as for `runs`. Each later run is moved to where its first packet arrived, or right behind the one before.
    """
    ordered: list[PosePacket] = []
    for run in runs(packets):
        if ordered:
            before_s, after_s = _received_s(ordered[-1]), _received_s(run[0])
            pause_s = 0.0 if before_s is None or after_s is None else after_s - before_s
            shift_s = ordered[-1].timestamp + max(pause_s, _STEP_S) - run[0].timestamp
            run = [replace(packet, timestamp=packet.timestamp + shift_s) for packet in run]
        ordered += run
    return ordered


class _Run:
    """newest_s: the latest capture so far. lead_s: by how much the clock was ahead of the arrivals' at most."""

    def __init__(self):
        self.packets: list[PosePacket] = []
        self.newest_s = self.lead_s = -math.inf

    def add(self, packet: PosePacket, received_s: float | None) -> None:
        self.packets.append(packet)
        self.newest_s = max(self.newest_s, packet.timestamp)
        if received_s is not None:
            self.lead_s = max(self.lead_s, packet.timestamp - received_s)

    def holds(self, time_s: float, received_s: float | None) -> bool:
        if time_s < self.newest_s - LATE_S:
            return False
        if received_s is None or self.lead_s == -math.inf:
            return time_s <= self.newest_s + UNTOLD_LEAP_S
        # By the most so far, as what waited in a queue comes at once, and a file that is sent fast runs ahead steadily.
        return time_s - received_s <= self.lead_s + LEAP_S


def _received_s(packet: PosePacket) -> float | None:
    """When it arrived, on our clock; None in a take that somebody else wrote."""
    received_s = packet.meta.get("received")
    return received_s if type(received_s) in (int, float) else None

"""The clocks of a take's packets: where a sender's begins again or leaps, and all of them made one."""

import math
from collections.abc import Iterable
from dataclasses import replace

from .protocol import PosePacket

RESTART_GAP_S = 1.0  # a packet that is further back is of a clock that began again
LEAP_S = 5.0  # one further ahead of its arrival than any before was, too; a first picture can take long
UNTOLD_LEAP_S = 600.0  # where nobody noted arrivals, a longer pause is not believed
_STEP_S = 1e-3  # at least, from one run to the next


def runs(packets: Iterable[PosePacket]) -> list[list[PosePacket]]:
    """The packets by runs, in the order in which these began; each in the order of capture.

    packets: as they arrived, or the runs of a call before, one after the other. A run is of one session; another
    begins where the clock goes back by more than `RESTART_GAP_S` or leaps ahead of our own, as of a sender that plays a
    file again or was restarted.
    """
    out: list[list[PosePacket]] = []
    running: dict[str | None, tuple[Clock, list[PosePacket]]] = {}
    for packet in packets:
        clock, run = running.get(packet.session, (None, None))
        if clock is None or not clock.holds(packet):
            clock, run = running[packet.session] = Clock(), []
            out.append(run)
        clock.add(packet)
        run.append(packet)
    for run in out:
        run.sort(key=lambda packet: packet.timestamp)
    return out


def in_one_time(packets: Iterable[PosePacket]) -> list[PosePacket]:
    """The packets in the order of their capture, on the clock of the first run.

    packets: as for `runs`. Each later run is moved to where its first packet arrived, or right behind the one before.
    """
    ordered: list[PosePacket] = []
    for run in runs(packets):
        if ordered:
            before_s, after_s = received_s(ordered[-1]), received_s(run[0])
            pause_s = 0.0 if before_s is None or after_s is None else after_s - before_s
            shift_s = ordered[-1].timestamp + max(pause_s, _STEP_S) - run[0].timestamp
            run = [replace(packet, timestamp=packet.timestamp + shift_s) for packet in run]
        ordered += run
    return ordered


class Clock:
    """A run's, by the packets that came so far. newest_s: the latest capture. lead_s: by how much it was ahead of the
    arrivals' clock at most."""

    def __init__(self):
        self.newest_s = self.lead_s = -math.inf

    def add(self, packet: PosePacket) -> None:
        self.newest_s = max(self.newest_s, packet.timestamp)
        arrived_s = received_s(packet)
        if arrived_s is not None:
            self.lead_s = max(self.lead_s, packet.timestamp - arrived_s)

    def holds(self, packet: PosePacket) -> bool:
        """Whether a packet of the same session is of the same run."""
        if packet.timestamp < self.newest_s - RESTART_GAP_S:
            return False
        arrived_s = received_s(packet)
        if arrived_s is None or self.lead_s == -math.inf:
            return packet.timestamp <= self.newest_s + UNTOLD_LEAP_S
        # By the most so far, as what waited in a queue comes at once, and a file that is sent fast runs ahead steadily.
        return packet.timestamp - arrived_s <= self.lead_s + LEAP_S


def received_s(packet: PosePacket) -> float | None:
    """When it arrived, on our clock; None in a take that somebody else wrote."""
    arrived_s = packet.meta.get("received")
    return arrived_s if type(arrived_s) in (int, float) else None

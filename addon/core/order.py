"""Which packets got lost, came late or twice: counting by their numbers, with no sockets and no clocks."""

from collections import deque
from dataclasses import dataclass

from .protocol import PosePacket

_MAX_GAP = 10_000  # a larger jump is a sender that counts differently, not a loss


@dataclass
class Counters:
    """Packets since the link was opened.

    received: poses taken in. lost: numbers missing so far; one that arrives after all is counted back.
    reordered: came after one with a higher number. late: of these, came after a newer one of the same person had
    been returned.
    duplicates: dropped. bad: datagrams that were no message. bytes: of poses.
    """

    received: int = 0
    lost: int = 0
    reordered: int = 0
    late: int = 0
    duplicates: int = 0
    bad: int = 0
    bytes: int = 0


class PacketOrder:
    """Puts packets in order, drops duplicates and keeps the counters."""

    def __init__(self, counters: Counters):
        self._counters = counters
        self._session: str | None = None
        self._past: deque[str] = deque(maxlen=16)
        self._highest = -1
        self._missing: set[int] = set()
        self._from_zero = False
        self._returned: dict[int, int] = {}  # by person, the highest number

    def expect_session(self) -> None:
        """The next session is known to be new: what is missing from its number 0 on is lost."""
        self._from_zero = True

    def expect_until(self, session: str, count: int) -> None:
        """The sender says that `count` packets were sent in all: what of them has not come is lost."""
        if session == self._session and 0 < count - self._highest - 1 <= _MAX_GAP:
            self._miss(count)
            self._highest = count - 1

    def take(self, packets: list[PosePacket]) -> tuple[list[PosePacket], dict[int, PosePacket]]:
        """The packets of one look at the socket, in order, and the newest of each person that is not late.

        Packets without a number (foreign senders') stay in the order of their arrival.
        """
        kept, newest, sessions = [], {}, {}
        returned = dict(self._returned)
        for packet in packets:
            seq, session = packet.seq, packet.session
            if seq is None:
                newest[packet.person] = packet
            elif session in self._past:
                self._counters.reordered += 1
                self._counters.late += 1
            else:
                if session != self._session:
                    self._begin(session, seq)
                    returned = {}
                if seq > self._highest:
                    self._miss(seq)
                    self._highest = seq
                elif seq in self._missing:
                    self._missing.discard(seq)
                    self._counters.lost -= 1
                    self._counters.reordered += 1
                    self._counters.late += seq < returned.get(packet.person, -1)
                else:
                    self._counters.duplicates += 1
                    continue
                if seq > self._returned.get(packet.person, -1):
                    self._returned[packet.person] = seq
                    newest[packet.person] = packet
            self._counters.received += 1
            sessions.setdefault(session, len(sessions))
            kept.append(packet)
        kept.sort(key=lambda packet: (sessions[packet.session], packet.seq or 0))
        return kept, newest

    def _begin(self, session: str | None, seq: int) -> None:
        if self._session is not None:
            self._past.append(self._session)
        self._session = session
        self._missing.clear()
        self._returned.clear()
        self._highest = -1 if self._from_zero else seq - 1
        self._from_zero = False

    def _miss(self, until: int) -> None:
        """Counts the numbers between the highest so far and `until` as lost."""
        if until - self._highest - 1 <= _MAX_GAP:
            gap = range(self._highest + 1, until)
            self._missing.update(gap)
            self._counters.lost += len(gap)

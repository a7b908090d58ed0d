"""A worker with no camera: plays packets that are there already, over the same wire as a real one.

It runs in a thread of Blender's own process and answers a `link.PoseLink` as `mocap_worker.control` does: leases,
start and stop, pings, status. No lease, nothing is played.
"""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from .endpoint import Endpoint
from .previews import Previews
from .protocol import (
    VERSION,
    PacketError,
    Ping,
    Pong,
    PosePacket,
    Preview,
    Start,
    Status,
    Stop,
    Subscribe,
    decode,
    encode,
)
from .take import TakeError
from .take_clock import Clock

_STATUS_S = 1.0
_IDLE_S = 0.1
_PAUSE_S = 1 / 30  # between one session of a take, or one pass, and the next
_STALL_S = 0.5  # who is later than this goes on from now and does not hurry

Address = tuple[str, int]
Draw = Callable[[PosePacket, tuple[int, int]], np.ndarray]


class Player:
    """Plays until `close`; each Start begins anew. Raises LinkError where no port can be had.

    name: what is played, for the status. packets: gives them from the first on, in the order of their times, session
    by session; called in the thread and may raise TakeError. loop: begin again at the end. key: the link's, if it
    has one. draw: makes a packet's picture, (H, W, 3) RGB uint8, in that size, for who asks for a preview.
    """

    def __init__(
        self,
        name: str,
        packets: Callable[[], Iterable[PosePacket]],
        loop: bool = False,
        key: bytes | None = None,
        draw: Draw | None = None,
    ):
        self._name, self._packets, self._loop, self._draw = name, packets, loop, draw
        self._previews = Previews()
        self._endpoint = Endpoint("127.0.0.1", 0, key)
        self._leases: dict[Address, float] = {}
        self._status, self._status_due_s = Status("idle"), 0.0
        self._handled = self._session = ""
        self._sent = 0  # in this session
        self._playing: Iterator[tuple[float, PosePacket]] | None = None
        self._next: tuple[float, PosePacket] | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="mocap player", daemon=True)
        self._thread.start()

    @property
    def draws(self) -> bool:
        """Whether there are pictures of what is played."""
        return self._draw is not None

    @property
    def _title(self) -> str:
        """The name as a sentence begins with it."""
        return self._name[:1].upper() + self._name[1:]

    @property
    def address(self) -> Address:
        """Where it listens: a link's `worker`."""
        return self._endpoint.host, self._endpoint.port

    def close(self) -> None:
        """Ends soon: whoever calls does not wait for a take that is being read. Closing twice is fine."""
        self._closing = True

    def _serve(self) -> None:
        try:
            while not self._closing:
                self._turn()
        finally:
            self._previews.close()
            self._endpoint.close()

    def _turn(self) -> None:
        due_s = self._next[0] if self._next else time.perf_counter() + _IDLE_S
        self._endpoint.wait(max(0.0, min(due_s - time.perf_counter(), _IDLE_S)))
        now = time.perf_counter()
        for datagram, address, arrival_s in self._endpoint.drain():
            try:
                self._handle(decode(datagram), address, arrival_s)
            except PacketError as error:
                self._endpoint.count_bad(error)
        self._leases = {address: until_s for address, until_s in self._leases.items() if until_s > now}
        self._previews.keep(self._leases, now)
        if self._playing is not None and not self._leases:
            self._end(Status("idle"))
        self._play(now)
        if now >= self._status_due_s:
            self._tell()

    def _handle(self, message: object, address: Address, arrival_s: float) -> None:
        if isinstance(message, Subscribe):
            if message.lease_s <= 0:
                self._leases.pop(address, None)
            else:
                self._leases[address] = arrival_s + message.lease_s
        elif isinstance(message, Ping):
            self._endpoint.send(encode(Pong(message.sent, arrival_s, time.perf_counter())), address)
        elif isinstance(message, Preview) and self._draw is not None:
            if address in self._leases:
                self._previews.ask(address, message, arrival_s)
        elif isinstance(message, Start | Stop) and address in self._leases:
            self._status_due_s = 0.0
            if message.id != self._handled:
                self._handled = message.id
                self._end(Status("idle"))
                if isinstance(message, Start):
                    self._begin()

    def _begin(self) -> None:
        self._status = Status("loading", f"Reading {self._name}.", 0.0)
        self._tell()
        self._playing = self._timed()
        try:
            self._next = next(self._playing, None)
        except TakeError as error:
            self._end(Status("error", str(error)))
            return
        if self._next is None:
            self._end(Status("error", f"{self._title} holds no poses."))
            return
        self._status, self._status_due_s = Status("capturing", f"Playing {self._name}."), 0.0

    def _end(self, status: Status) -> None:
        self._status, self._status_due_s = status, 0.0
        self._playing = self._next = None

    def _timed(self) -> Iterator[tuple[float, PosePacket]]:
        """Each packet and when it is due, by perf_counter."""
        due_s = None
        while True:
            session, clock, offset_s = None, None, 0.0
            for packet in self._packets():
                now = time.perf_counter()
                if clock is None or packet.session != session or not clock.holds(packet):
                    session, clock = packet.session, Clock()
                    offset_s = (now if due_s is None else due_s + _PAUSE_S) - packet.timestamp
                    self._session, self._sent = os.urandom(4).hex(), 0
                clock.add(packet)
                due_s = packet.timestamp + offset_s
                if now - due_s > _STALL_S:
                    offset_s, due_s = offset_s + now - due_s, now
                yield due_s, packet
            if due_s is None or not self._loop:
                return

    def _play(self, now: float) -> None:
        while self._next is not None and self._next[0] <= now:
            due_s, packet = self._next
            datagram = encode(self._addressed(packet, due_s))
            for address in self._leases:
                self._endpoint.send(datagram, address)
            self._sent += 1
            if self._draw is not None and packet.size is not None:
                self._previews.show(packet.size, packet.timestamp, partial(self._draw, packet))
            self._next = next(self._playing, None)
            if self._next is None:
                self._end(Status("ended", f"{self._title} has ended."))

    def _addressed(self, packet: PosePacket, due_s: float) -> PosePacket:
        """The packet as of this session, taken now; one of a foreign sender gets what it lacks."""
        if "v" in packet.meta:
            meta = {name: value for name, value in packet.meta.items() if name != "received"}
        else:
            meta = {"v": VERSION, "person": 0, "skeleton": packet.skeleton, "units": "m" if packet.metric else None}
            meta |= {"measured": packet.measured, "size": None if packet.size is None else list(packet.size)}
        meta |= {"session": self._session, "seq": self._sent, "grabbed": round(due_s, 6)}
        meta["sent"] = round(time.perf_counter(), 6)
        return replace(packet, meta=meta)

    def _tell(self) -> None:
        self._status_due_s = time.perf_counter() + _STATUS_S
        figures = {"packets_sent": self._sent}
        self._status = replace(self._status, figures=figures, session=self._session, request=self._handled)
        for address in self._leases:
            self._endpoint.send(encode(self._status), address)

"""The add-on's end of the wire: subscribes, asks for captures, takes in poses, counts what got lost.

Nothing here blocks: `poll` is called each tick, a thread keeps the lease, and another looks up the worker's name.
The worker's end is `mocap_worker.control`.
"""

import os
import threading
import time
from collections import deque

from .endpoint import Endpoint, LinkError, is_loopback
from .lookup import Lookup
from .order import Counters, PacketOrder
from .protocol import (
    CONTROL_PORT,
    POSE_PORT,
    Cameras,
    Devices,
    Film,
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

LEASE_S = 5.0
_RENEW_S = 1.0
_RESEND_S = 0.5
_PING_S = 1.0
_OFFSETS = 16  # pings that the clock offset is chosen from

__all__ = ["LEASE_S", "Counters", "LinkError", "PoseLink"]


class PoseLink:
    """Opens the port and subscribes at the worker with the first poll. Raises LinkError.

    port: where poses come in; another is bound and subscribed with where it is taken (see `port`).
    worker: host and port of the worker's control socket; may be set anew when a worker was started elsewhere. A host's
    name is looked up first, see `looking_up`.
    key: shared secret (`seal.read_key`), needed where the worker is another machine.
    """

    def __init__(
        self,
        port: int = POSE_PORT,
        worker: tuple[str, int] = ("127.0.0.1", CONTROL_PORT),
        key: bytes | None = None,
    ):
        self._lookup = Lookup(*worker)
        # A name without a key may still be this machine's own; where it is not, `problem` says so.
        here = key is None if self._lookup.is_name else is_loopback(self._lookup.address[0])
        host = "127.0.0.1" if here else "0.0.0.0"
        self._subscribed = False
        self._renew_s = float("-inf")
        self._film, self._asking_film = "", threading.Lock()
        self.filmed: str | None = None
        self._endpoint = Endpoint(host, port, key, any_port=True, beside=self._renew)
        self.counters = Counters()
        self.status: Status | None = None
        self.newest: dict[int, PosePacket] = {}
        self.cameras: dict | None = None
        self._status_s = float("-inf")
        self._ping_s = self._resend_s = float("-inf")
        self._request: Start | Stop | None = None
        self._offsets: deque[tuple[float, float]] = deque(maxlen=_OFFSETS)
        self._order = PacketOrder(self.counters)

    @property
    def port(self) -> int:
        """The port that was bound."""
        return self._endpoint.port

    @property
    def key(self) -> bytes | None:
        return self._endpoint.key

    @property
    def worker(self) -> tuple[str, int]:
        """Whom it asks: an address, or what it was given for as long as that is looked up. Set anew, the one before
        gets its subscription back."""
        return self._lookup.address or (self._lookup.host, self._lookup.port)

    @worker.setter
    def worker(self, address: tuple[str, int]) -> None:
        if self._subscribed:
            self._send(Subscribe(0.0))
        self._lookup = Lookup(*address)
        self.status = self.cameras = None
        self._offsets.clear()
        self._subscribed = False
        self._ping_s = self._resend_s = float("-inf")

    @property
    def looking_up(self) -> str:
        """The worker's name for as long as it is looked up, else an empty string."""
        return self._lookup.host if self._lookup.running else ""

    @property
    def problem(self) -> str:
        """Why nobody can be asked, a sentence for the user, or an empty string. Starting a capture tries again."""
        found = self._lookup.address
        if found and not is_loopback(found[0]) and is_loopback(self._endpoint.host):
            return f"{self._lookup.host} is another machine, and needs a shared key: the same here and there."
        return self._lookup.problem

    @property
    def clock_offset_s(self) -> float | None:
        """The worker's clock minus ours (time.perf_counter()), or None before the first pong.

        A time of the worker's, as meta.grabbed, minus this is that moment on our clock.
        """
        return min(self._offsets)[1] if self._offsets else None  # the quickest round trip knows best

    @property
    def last_bad(self) -> str:
        """Why the last bad datagram was dropped, or an empty string."""
        return self._endpoint.last_bad

    def status_age_s(self, now: float) -> float:
        """Seconds since the worker last told its state, infinite where it never did. It tells each second."""
        return now - self._status_s

    def start(self, source: str, model: str = "", device: str = "", options: dict | None = None) -> str:
        """Asks for a capture until the worker answers; gives the id that `status.request` then has."""
        if self._lookup.problem:
            self._lookup = Lookup(*self.worker)
        self._request = Start(os.urandom(4).hex(), source, model, device, options or {})
        self._order.expect_session()
        self._send_request()
        return self._request.id

    def stop(self) -> str:
        """Asks for the end of the capture until the worker answers with the id in `status.request`."""
        self._request = Stop(os.urandom(4).hex())
        self._send_request()
        return self._request.id

    def ask_preview(self, name: str, width: int, height: int) -> None:
        """Asks for the camera's picture in memory of this name; renewed each second. An empty name gives it back."""
        self._send(Preview(name, width, height))

    def ask_film(self, path: str) -> None:
        """Asks for the camera's pictures in this file, beside a take, until an empty path ends it. `filmed` has the
        path as long as the worker says that it films, else an empty one; None before any answer."""
        with self._asking_film:  # or the thread could ask once more for what has just been ended
            self._film = path
            self._send(Film(path))

    def ask_cameras(self) -> None:
        """Asks which cameras the worker's machine has; `cameras` has their names by index when it has answered."""
        self._send(Devices())

    @property
    def asking(self) -> bool:
        """True while a start or stop has not been answered."""
        return self._request is not None

    def poll(self, now: float) -> list[PosePacket]:
        """The packets since the last call, oldest first; subscribes and brings `status` up to date.

        now: time.perf_counter(). `newest` has then, by person, the newest packet of this call, where it is newer
        than those before: a late packet is for the take and not to be shown. Each packet's meta gets `received`,
        our clock at its arrival.
        """
        self._keep_alive(now)
        poses, last_status = [], None
        for datagram, address, arrival_s in self._endpoint.drain():
            try:
                message = decode(datagram)
            except PacketError as error:
                self._endpoint.count_bad(error)
                continue
            if isinstance(message, PosePacket):
                message.meta["received"] = round(arrival_s, 6)
                self.counters.bytes += len(datagram)
                poses.append(message)
            elif address != self._lookup.address:
                continue
            elif isinstance(message, Status):
                last_status = message
            elif isinstance(message, Film):
                self.filmed = message.path
            elif isinstance(message, Cameras):
                self.cameras = message.cameras
            elif isinstance(message, Pong):
                self._take_pong(message, arrival_s)
        packets, self.newest = self._order.take(poses)
        if last_status is not None:
            self._take_status(last_status, now)
        self.counters.bad = self._endpoint.bad
        return packets

    def close(self) -> None:
        """Gives the subscription back and frees the port. Closing twice is fine."""
        self._subscribed = False  # or the thread could renew what is given back
        self._send(Subscribe(0.0))
        self._endpoint.close()

    def _send(self, message: object) -> None:
        """To the worker, once its address is known."""
        if self._lookup.address is not None:
            self._endpoint.send(encode(message), self._lookup.address)

    def _keep_alive(self, now: float) -> None:
        if self._lookup.address is None:
            return
        if not self._subscribed:
            self._subscribed = True
            self._send(Subscribe(LEASE_S))
        if self._request is not None and now - self._resend_s >= _RESEND_S:
            self._resend_s = now
            self._send_request()
        if now - self._ping_s >= _PING_S:
            self._ping_s = now
            self._send(Ping(time.perf_counter()))

    def _renew(self) -> None:
        """Renews the lease and the film, in the endpoint's thread: a Blender that saves or renders keeps both."""
        now = time.perf_counter()
        if self._subscribed and now - self._renew_s >= _RENEW_S:
            self._renew_s = now
            self._send(Subscribe(LEASE_S))
            with self._asking_film:
                if self._film:
                    self._send(Film(self._film))

    def _send_request(self) -> None:
        # The subscription goes first: a worker starts nothing for somebody who does not listen.
        self._send(Subscribe(LEASE_S))
        self._send(self._request)

    def _take_status(self, status: Status, now: float) -> None:
        self.status, self._status_s = status, now
        if self._request is not None and status.request == self._request.id:
            self._request = None
        sent = status.figures.get("packets_sent")
        if status.state in ("ended", "idle", "error") and isinstance(sent, int):
            self._order.expect_until(status.session, sent)

    def _take_pong(self, pong: Pong, arrival_s: float) -> None:
        round_trip_s = (arrival_s - pong.ping_sent) - (pong.sent - pong.received)
        offset_s = ((pong.received - pong.ping_sent) + (pong.sent - arrival_s)) / 2
        self._offsets.append((round_trip_s, offset_s))

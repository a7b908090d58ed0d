"""One UDP socket, sealed where there is a key: what both ends of the wire are built on.

A thread takes datagrams off the socket and stamps them, so that none is lost and no stamp is late while
Blender is busy; it queues bytes and does nothing else.
"""

import ipaddress
import socket
import threading
import time
from collections import deque
from collections.abc import Callable

from .protocol import MAX_DECODED, PacketError
from .seal import Seal

_QUEUE = 20_000  # minutes of poses
_WAKE_S = 0.25


class LinkError(Exception):
    """A socket that cannot be had or used; the text is a sentence for the user."""


def resolve(host: str, port: int) -> tuple[str, int]:
    """The IPv4 address of a host name, or LinkError."""
    try:
        found = socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_DGRAM)
    except (OSError, ValueError):
        raise LinkError(
            f"The host {host!r} is not known. Check the name and the network, or give its address in numbers."
        ) from None
    return found[0][4]


def is_loopback(host: str) -> bool:
    """True for an address that stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Endpoint:
    """A bound UDP socket. Raises LinkError where it cannot be bound, or a key is missing outside loopback.

    any_port: take another free port where `port` is in use. beside: called in the thread, again and again.
    """

    def __init__(
        self,
        host: str,
        port: int,
        key: bytes | None = None,
        any_port: bool = False,
        beside: Callable[[], None] = lambda: None,
    ):
        host, port = resolve(host, port)
        if key is None and not is_loopback(host):
            raise LinkError(
                f"Listening at {host} is open to other machines and needs a shared key; "
                f"set one, or stay on this machine with 127.0.0.1."
            )
        self.key = key
        self._seal = None if key is None else Seal(key)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            # Room for what comes while this process is busy; the system may grant less.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        except OSError:
            pass
        try:
            self._bind(host, port, any_port)
        except BaseException:
            self._socket.close()
            raise
        self._socket.settimeout(_WAKE_S)
        self.host, self.port = self._socket.getsockname()
        self.bad = 0
        self.last_bad = ""
        self._queue: deque[tuple[bytes, tuple[str, int], float]] = deque(maxlen=_QUEUE)
        self._beside = beside
        self._closing = False
        self._sending = threading.Lock()  # the worker sends from two threads
        self._arrived = threading.Event()
        self._thread = threading.Thread(target=self._receive, name="mocap link", daemon=True)
        self._thread.start()

    def send(self, datagram: bytes, address: tuple[str, int]) -> bool:
        """Sends to a resolved address. False where the system refused, as with no network."""
        if self._closing:
            return False
        with self._sending:
            try:
                self._socket.sendto(datagram if self._seal is None else self._seal.seal(datagram), address)
            except OSError:
                return False
        return True

    def wait(self, timeout_s: float) -> None:
        """Returns when a datagram has come since the last wait, or after the time."""
        self._arrived.wait(timeout_s)
        self._arrived.clear()

    def drain(self) -> list[tuple[bytes, tuple[str, int], float]]:
        """What came since the last call, opened: (datagram, address, arrival by time.perf_counter())."""
        received = []
        while self._queue:
            datagram, address, arrival_s = self._queue.popleft()
            if self._seal is not None:
                try:
                    datagram = self._seal.open(datagram)
                except PacketError as error:
                    self.count_bad(error)
                    continue
            received.append((datagram, address, arrival_s))
        return received

    def count_bad(self, error: PacketError) -> None:
        self.bad += 1
        self.last_bad = str(error)

    def close(self) -> None:
        """Frees the port. Closing twice is fine."""
        self._closing = True
        try:  # the thread waits for a datagram, and nobody who closes shall wait for it
            self._socket.sendto(b"", ("127.0.0.1" if self.host == "0.0.0.0" else self.host, self.port))
        except OSError:
            pass
        self._thread.join()
        self._socket.close()

    def _bind(self, host: str, port: int, any_port: bool) -> None:
        try:
            self._socket.bind((host, port))
            return
        except OSError as error:
            reason = error.strerror
        if not any_port:
            raise LinkError(f"UDP port {port} at {host} cannot be used: {reason}. Choose another port.")
        try:
            self._socket.bind((host, 0))
        except OSError as error:
            raise LinkError(f"No UDP port at {host} can be used: {error.strerror}.") from None

    def _receive(self) -> None:
        while not self._closing:
            self._beside()
            try:
                # One byte more than is read, so that what is too long is seen to be and not cut to fit.
                datagram, address = self._socket.recvfrom(MAX_DECODED + 256)
            except TimeoutError:
                continue
            except ConnectionError:
                continue  # Windows reports here that an earlier datagram met a closed port
            except OSError as error:
                if error.errno == 10040:  # Windows: longer than the buffer
                    self._queue.append((b" " * (MAX_DECODED + 1), ("", 0), time.perf_counter()))
                    continue
                if self._closing:
                    return
                time.sleep(_WAKE_S)
                continue
            self._queue.append((datagram, address, time.perf_counter()))
            self._arrived.set()

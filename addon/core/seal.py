"""The shared key: proves who sent a datagram and drops replays. It does not hide what is inside.

A sealed datagram is the JSON, a newline, and three hexadecimal words: the sender's random id, its counter and
the HMAC-SHA256 over everything before it. The counter is the sender's wall clock in nanoseconds, pushed on
where it would repeat, so it stays fresh over restarts with nothing to remember.
"""

import hashlib
import hmac
import os
import time
from collections import deque

from .protocol import PacketError

KEY_BYTES = 16  # the least that a key may have
FRESH_S = 30.0  # how far the two machines' clocks may be apart
_TRAILER = 1 + 8 + 1 + 16 + 1 + 64


def read_key(text: str) -> bytes:
    """The key of a text, such as a key file's content. Raises ValueError where it is too short."""
    key = text.strip().encode("utf-8")
    if len(key) < KEY_BYTES:
        raise ValueError(f"the key has {len(key)} characters; at least {KEY_BYTES} are needed")
    return key


class Seal:
    """Seals what is sent and opens what comes in. clock: nanoseconds of wall time."""

    def __init__(self, key: bytes, clock=time.time_ns):
        self._key = key
        self._clock = clock
        self._sender = os.urandom(4).hex().encode()
        self._counter = 0
        self._seen: set[bytes] = set()
        self._ages: deque[tuple[int, bytes]] = deque()

    def seal(self, datagram: bytes) -> bytes:
        self._counter = max(self._counter + 1, self._clock())
        signed = b"%s\n%s %016x " % (datagram, self._sender, self._counter)
        return signed + self._mac(signed)

    def open(self, sealed: bytes) -> bytes:
        """The datagram inside. Raises PacketError where it is not sealed with our key, stale or a replay."""
        signed, mac = sealed[:-64], sealed[-64:]
        if len(sealed) < _TRAILER or not hmac.compare_digest(mac, self._mac(signed)):
            raise PacketError("not sealed with the shared key")
        datagram, stamp = signed[: 64 - _TRAILER], signed[65 - _TRAILER : -1]
        now = self._clock()
        apart_s = (int(stamp[9:], 16) - now) / 1e9
        if abs(apart_s) > FRESH_S:
            raise PacketError(
                f"the sender's clock is {apart_s:+.0f} s from ours, or this is an old datagram again"
            )
        while self._ages and now - self._ages[0][0] > 2 * FRESH_S * 1e9:
            self._seen.discard(self._ages.popleft()[1])
        if stamp in self._seen:
            raise PacketError("a datagram came again")
        self._seen.add(stamp)
        self._ages.append((now, stamp))
        return datagram

    def _mac(self, signed: bytes) -> bytes:
        return hmac.new(self._key, signed, hashlib.sha256).hexdigest().encode()

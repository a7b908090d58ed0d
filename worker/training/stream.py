"""Pictures on their way from the processes that draw them to the one that trains.

Chunks of pictures are asked for by number and hardness and come back in order, whichever process drew them,
so that a run can be repeated and resumed exactly. They are drawn into memory that the processes share: megabytes
through a pipe would hold training up. Safe where processes are spawned.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import queue
import signal
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

_FAILED = -1
_ENDED = (
    "a process that draws pictures has ended unexpectedly, as where the system kills it because memory runs out; the "
    "same command goes on from the last checkpoint, and fewer workers in the config need less memory"
)
#: Parts of the body are kept at every fourth pixel, from the third: where heatmaps have their cells.
PARTS_EVERY, PARTS_FROM = 4, 2


class StreamError(Exception):
    """A process that draws has died or failed."""


@dataclass(frozen=True)
class Chunk:
    """images (N, H, W, 3) uint8; keypoints (N, 17, 2) px float32; visibility (N, 17) uint8; parts (N, H/4, W/4)
    uint8."""

    images: np.ndarray
    keypoints: np.ndarray
    visibility: np.ndarray
    parts: np.ndarray


def shapes(count: int, size: tuple[int, int]) -> dict[str, tuple[tuple[int, ...], type]]:
    """Shape and type of a chunk's arrays. size: (width, height) of its pictures, px."""
    width, height = size
    cells = [len(range(PARTS_FROM, side, PARTS_EVERY)) for side in (height, width)]
    return {
        "images": ((count, height, width, 3), np.uint8),
        "keypoints": ((count, 17, 2), np.float32),
        "visibility": ((count, 17), np.uint8),
        "parts": ((count, *cells), np.uint8),
    }


def draw_chunk(source, number: int, size: int, hardness: float) -> Chunk:
    """The chunk of this number: every picture has its own hardness between 0 and the chunk's."""
    pictures = []
    for index in range(number * size, (number + 1) * size):
        own = hardness * np.random.default_rng([source.seed, index, 1]).random() ** 0.6
        pictures.append(source.draw(index, float(own)))
    images, keypoints, visibility = (
        np.stack([getattr(p, name) for p in pictures]) for name in ("image", "keypoints", "visibility")
    )
    cells = slice(PARTS_FROM, None, PARTS_EVERY)
    return Chunk(images, keypoints, visibility, np.stack([p.parts[cells, cells] for p in pictures]))


class _Slots:
    """Places for chunks in memory that processes share."""

    def __init__(self, memory, count: int, size: tuple[int, int]) -> None:
        self._memory, self._shapes = memory, shapes(count, size)
        self._each = self.bytes_of(count, size)

    @staticmethod
    def bytes_of(count: int, size: tuple[int, int]) -> int:
        return sum(_bytes(*described) for described in shapes(count, size).values())

    def arrays(self, slot: int) -> Chunk:
        """What lies in a slot; written into, it is there for all."""
        at, found = slot * self._each, {}
        for name, (shape, kind) in self._shapes.items():
            found[name] = np.frombuffer(self._memory, kind, int(np.prod(shape)), at).reshape(shape)
            at += _bytes(shape, kind)
        return Chunk(**found)


def _bytes(shape: tuple[int, ...], kind: type) -> int:
    """Rounded up, so that what follows begins at a multiple of its own numbers' size."""
    return (int(np.prod(shape)) * np.dtype(kind).itemsize + 7) // 8 * 8


class _Abandoned(Exception):
    """The process that trains was killed."""


def _while_wanted(act):
    """What `act(timeout=…)` returns once it does; ends when nobody is left to draw for."""
    while True:
        try:
            return act(timeout=2)
        except (queue.Empty, queue.Full):
            if not multiprocessing.parent_process().is_alive():
                raise _Abandoned from None


def _work(options: dict, size: int, memory, asked, drawn) -> None:
    os.environ.setdefault("LP_NUM_THREADS", "0")  # llvmpipe draws in this thread: the others train
    import cv2

    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that trains; it ends this one
    try:
        if hasattr(os, "nice"):
            os.nice(2)
        from .pictures import PictureSource

        source, slots = PictureSource(**options), _Slots(memory, size, options["size"])
        while True:
            number, hardness, slot = _while_wanted(asked.get)
            chunk, place = draw_chunk(source, number, size, hardness), slots.arrays(slot)
            for name in ("images", "keypoints", "visibility", "parts"):
                getattr(place, name)[:] = getattr(chunk, name)
            drawn.put((number, slot))
    except _Abandoned:
        drawn.cancel_join_thread()
    except Exception as error:
        drawn.put((_FAILED, f"{type(error).__name__}: {error}"))


class PictureStream:
    """Chunks drawn ahead by `workers` processes. options: PictureSource's arguments; size: a chunk's; ahead: how many
    may be drawn and not yet taken."""

    def __init__(self, options: dict, size: int, workers: int = 1, ahead: int = 4) -> None:
        context, count = multiprocessing.get_context("spawn"), workers + ahead
        memory = context.RawArray(ctypes.c_uint8, count * _Slots.bytes_of(size, options["size"]))
        self._slots, self._free = _Slots(memory, size, options["size"]), list(range(count))
        self._asked, self._drawn = context.Queue(), context.Queue()
        self._waiting: deque[tuple[int, float]] = deque()
        self._here: dict[int, int | str] = {}
        self._arrival = threading.Condition()
        arguments = (options, size, memory, self._asked, self._drawn)
        self._workers = [context.Process(target=_work, args=arguments, daemon=True) for _ in range(workers)]
        for worker in self._workers:
            worker.start()
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self) -> None:
        while True:
            try:
                number, slot = self._drawn.get()
            except (EOFError, OSError):
                return
            with self._arrival:
                self._here[number] = slot
                self._arrival.notify_all()

    def ask(self, number: int, hardness: float) -> None:
        """Has a chunk drawn, once there is a place for it. Chunks must be taken in the order they are asked for."""
        self._waiting.append((number, hardness))
        self._hand_out()

    def _hand_out(self) -> None:
        while self._waiting and self._free:
            self._asked.put((*self._waiting.popleft(), self._free.pop()))

    def is_here(self, number: int) -> bool:
        """Whether a chunk can be taken without waiting. Raises StreamError."""
        with self._arrival:
            self._check()
            if number not in self._here and self._one_is_dead():
                self._arrival.wait_for(lambda: _FAILED in self._here, timeout=1)  # its last words may be on their way
                self._check()
                raise StreamError(_ENDED)
            return number in self._here

    @contextmanager
    def taken(self, number: int) -> Iterator[Chunk]:
        """The chunk of this number, which must have been asked for; waits for it. It lasts as long as the block."""
        with self._arrival:
            while number not in self._here:
                self._check()
                if not self._arrival.wait(timeout=5) and self._one_is_dead():
                    raise StreamError(_ENDED)
            slot = self._here.pop(number)
        try:
            yield self._slots.arrays(slot)
        finally:
            self._free.append(slot)
            self._hand_out()

    def _check(self) -> None:
        if _FAILED in self._here:
            raise StreamError(f"pictures could not be drawn: {self._here[_FAILED]}")

    def _one_is_dead(self) -> bool:
        return not all(worker.is_alive() for worker in self._workers)

    def close(self) -> None:
        for worker in self._workers:
            worker.terminate()
            worker.join()

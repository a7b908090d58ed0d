"""Pictures on their way from the processes that draw them to the one that trains.

Chunks of pictures are asked for by number and hardness and come back in order, whichever process drew them,
so that a run can be repeated and resumed exactly. Safe where processes are spawned.
"""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import threading
from dataclasses import dataclass

import numpy as np

_FAILED = -1


class StreamError(Exception):
    """A process that draws has died or failed."""


@dataclass(frozen=True)
class Chunk:
    """images (N, H, W, 3) uint8; keypoints (N, 17, 2) px; visibility (N, 17); parts (N, H, W) uint8."""

    images: np.ndarray
    keypoints: np.ndarray
    visibility: np.ndarray
    parts: np.ndarray


def draw_chunk(source, number: int, size: int, hardness: float) -> Chunk:
    """The chunk of this number: every picture has its own hardness between 0 and the chunk's."""
    pictures = []
    for index in range(number * size, (number + 1) * size):
        own = hardness * np.random.default_rng([source.seed, index, 1]).random() ** 0.6
        pictures.append(source.draw(index, float(own)))
    columns = ("image", "keypoints", "visibility", "parts")
    return Chunk(*(np.stack([getattr(p, name) for p in pictures]) for name in columns))


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


def _work(options: dict, size: int, asked, drawn) -> None:
    os.environ.setdefault("LP_NUM_THREADS", "0")  # llvmpipe draws in this thread: the others train
    import cv2

    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that trains; it ends this one
    try:
        if hasattr(os, "nice"):
            os.nice(2)
        from .pictures import PictureSource

        source = PictureSource(**options)
        while True:
            number, hardness = _while_wanted(asked.get)
            chunk = draw_chunk(source, number, size, hardness)
            _while_wanted(lambda timeout, done=(number, chunk): drawn.put(done, timeout=timeout))
    except _Abandoned:
        drawn.cancel_join_thread()
    except Exception as error:
        drawn.put((_FAILED, f"{type(error).__name__}: {error}"))


class PictureStream:
    """Chunks drawn ahead by `workers` processes. options: PictureSource's arguments; size: a chunk's."""

    def __init__(self, options: dict, size: int, workers: int = 1) -> None:
        context = multiprocessing.get_context("spawn")
        self._asked, self._drawn = context.Queue(), context.Queue(maxsize=8)
        self._here: dict[int, Chunk | str] = {}
        self._arrival = threading.Condition()
        arguments = (options, size, self._asked, self._drawn)
        self._workers = [context.Process(target=_work, args=arguments, daemon=True) for _ in range(workers)]
        for worker in self._workers:
            worker.start()
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self) -> None:
        """Takes chunks in as they come: megabytes through a pipe, read late, would hold training up."""
        while True:
            try:
                number, chunk = self._drawn.get()
            except (EOFError, OSError):
                return
            with self._arrival:
                self._here[number] = chunk
                self._arrival.notify_all()

    def ask(self, number: int, hardness: float) -> None:
        """Has a chunk drawn."""
        self._asked.put((number, hardness))

    def get(self, number: int) -> Chunk:
        """The chunk of this number, which must have been asked for; waits for it."""
        with self._arrival:
            while number not in self._here:
                if _FAILED in self._here:
                    raise StreamError(f"pictures could not be drawn: {self._here[_FAILED]}")
                if not self._arrival.wait(timeout=5) and not all(w.is_alive() for w in self._workers):
                    raise StreamError("a process that draws pictures has ended unexpectedly")
            return self._here.pop(number)

    def close(self) -> None:
        for worker in self._workers:
            worker.terminate()
            worker.join()

"""A detector beside the capture and not in its way: a thread of its own, asked about the newest frame."""

import os
import sys
import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from .people import People


class Lookout:
    """Asks a `detector.Detector`, or nobody where it is None. times_ms: gets how long each look took."""

    def __init__(self, detector, times_ms: deque):
        self._detector, self._times_ms = detector, times_ms
        self._pool = ThreadPoolExecutor(1, "detector", initializer=_stand_back)
        self._looking: Future | None = None

    def offer(self, image: np.ndarray, then: People) -> None:
        """Has a frame looked at, (H, W, 3) uint8 RGB, unless an earlier one still is. then: who is in it."""
        if self._detector is not None and self._looking is None:
            self._looking = self._pool.submit(self._look, image, then)

    def take(self) -> tuple[People, np.ndarray] | None:
        """What `offer` was given as `then` and the people's boxes, (N, 4) xyxy px; once, and None until then."""
        if self._looking is None or not self._looking.done():
            return None
        looking, self._looking = self._looking, None
        return looking.result()

    def __enter__(self) -> "Lookout":
        return self

    def __exit__(self, *exception) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _look(self, image: np.ndarray, then: People) -> tuple[People, np.ndarray]:
        started = time.perf_counter()
        boxes, _ = self._detector.detect(image)
        self._times_ms.append((time.perf_counter() - started) * 1000)
        return then, boxes


def _stand_back() -> None:
    """Lets the pose go first where cores are few. Only Linux gives one thread a lower priority than the others."""
    if sys.platform.startswith("linux"):
        thread = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, thread, min(os.getpriority(os.PRIO_PROCESS, thread) + 5, 19))

"""Running figures of a session: times a stage, latency, poses a second."""

from collections import deque

import numpy as np

_KEPT = 2000


class Times:
    """The last durations of one kind, in milliseconds."""

    def __init__(self):
        self._values: deque[float] = deque(maxlen=_KEPT)

    def add(self, seconds: float) -> None:
        self._values.append(seconds * 1e3)

    def summary(self) -> dict | None:
        """{p50, p95} in milliseconds, or None before the first."""
        if not self._values:
            return None
        p50, p95 = np.percentile(self._values, (50, 95))
        return {"p50": round(float(p50), 3), "p95": round(float(p95), 3)}


class Latency:
    """From a frame's grab to the pose on the bones: whole, and by stage.

    stages: `worker` from the grab until sent, `travel` from there to its arrival, `blender` from there to the pose.
    """

    def __init__(self):
        self.whole = Times()
        self.stages = {"worker": Times(), "travel": Times(), "blender": Times()}

    def add(self, meta: dict, done_s: float, offset_s: float | None) -> None:
        """A packet's meta, when its pose was done, and the worker's clock minus ours or None."""
        received_s = meta["received"]
        self.stages["blender"].add(done_s - received_s)
        grabbed_s, sent_s = meta.get("grabbed"), meta.get("sent")
        if "v" not in meta or offset_s is None or grabbed_s is None:
            return
        self.whole.add(done_s - (grabbed_s - offset_s))
        if sent_s is not None:
            self.stages["worker"].add(sent_s - grabbed_s)
            self.stages["travel"].add(max(received_s - (sent_s - offset_s), 0.0))


class Rate:
    """How often a second something happened lately."""

    WINDOW_S = 2.0

    def __init__(self):
        self._times: deque[float] = deque(maxlen=1000)

    def add(self, now: float) -> None:
        self._times.append(now)

    def value(self, now: float) -> float:
        recent = [time for time in self._times if now - time <= self.WINDOW_S]
        if len(recent) < 2:
            return 0.0
        return (len(recent) - 1) / max(recent[-1] - recent[0], 1e-6)

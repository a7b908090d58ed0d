"""How long calls hold Blender's main thread. For the scripts that run in Blender; it lies beside them."""

import time

LONGEST_MS = 50.0


class Apart:
    """What is Blender's own in calls of ours, each in one piece, which is told apart: called as `apart(call, …)`.

    spent_s: all of it until now, by the clock and computed.
    """

    def __init__(self):
        self.spent_s = (0.0, 0.0)

    def __call__(self, call, *arguments):
        before = _clocks_s()
        try:
            return call(*arguments)
        finally:
            self.spent_s = tuple(s + now - then for s, now, then in zip(self.spent_s, _clocks_s(), before, strict=True))


def _clocks_s() -> tuple[float, float]:
    return time.perf_counter(), time.thread_time()


class Calls:
    """How long calls have held Blender's main thread, by name: by the clock, and what they computed in that time.

    By the clock a call also waits for a busy machine. apart: what is left out of them.
    """

    def __init__(self, apart: Apart | None = None):
        self._apart = apart or Apart()
        self.longest_ms: dict[str, tuple[float, float]] = {}
        self.over = self.over_computing = 0

    def __call__(self, name: str, call, *arguments):
        before_s, apart_s = _clocks_s(), self._apart.spent_s
        out = call(*arguments)
        spans = zip(_clocks_s(), before_s, self._apart.spent_s, apart_s, strict=True)
        spent_ms, computed_ms = (1e3 * (end - begin - (own - already)) for end, begin, own, already in spans)
        before = self.longest_ms.get(name, (0.0, 0.0))
        self.longest_ms[name] = max(spent_ms, before[0]), max(computed_ms, before[1])
        self.over += spent_ms > LONGEST_MS
        self.over_computing += computed_ms > LONGEST_MS
        return out

    def figures(self) -> dict:
        out = {"calls_over_50_ms": self.over, "calls_computing_over_50_ms": self.over_computing}
        for name, (spent_ms, computed_ms) in sorted(self.longest_ms.items()):
            key = name.replace(" ", "_")
            out |= {f"{key}_ms_max": round(spent_ms, 2), f"{key}_computing_ms_max": round(computed_ms, 2)}
        return out

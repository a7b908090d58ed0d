"""How long calls hold Blender's main thread. For the scripts that run in Blender; it lies beside them."""

import time

LONGEST_MS = 50.0


class Calls:
    """How long calls have held Blender's main thread, by name: by the clock, and what they computed in that time.

    By the clock a call also waits for a busy machine.
    """

    def __init__(self):
        self.longest_ms: dict[str, tuple[float, float]] = {}
        self.over = self.over_computing = 0

    def __call__(self, name: str, call, *arguments):
        start_s, computed_s = time.perf_counter(), time.thread_time()
        out = call(*arguments)
        spent_ms, computed_ms = 1e3 * (time.perf_counter() - start_s), 1e3 * (time.thread_time() - computed_s)
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

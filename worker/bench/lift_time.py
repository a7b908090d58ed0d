"""What lifting a frame costs in numpy on one thread: a process of its own, as threads are counted when numpy starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from mocap_core.lift import Lifter
from mocap_core.lift.features import FEATURES
from mocap_core.lift.network import Network

_ONE = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")}
_WARM_UP = 100


def time_of(weights: Path | None = None, rounds: int = 2000) -> dict:
    """Milliseconds a frame, of the network alone and of the whole `Lifter.lift`, by turns."""
    command = [sys.executable, "-m", "mocap_worker.bench.lift_time", str(rounds), *([str(weights)] if weights else [])]
    done = subprocess.run(command, env=os.environ | _ONE, stdout=subprocess.PIPE, text=True, check=True)
    return {"name": "lift/time", "threads": 1} | json.loads(done.stdout)


def _measure(weights: str | None, rounds: int) -> dict[str, float]:
    network, lifter, rng = Network(weights), Lifter(weights), np.random.default_rng(0)
    x = rng.standard_normal((1, FEATURES)).astype(np.float32)
    person = np.array([320, 240]) + rng.normal(0, 60, (17, 2))
    taken: dict[str, list[float]] = {"network_": [], "": []}
    for i in range(rounds + _WARM_UP):
        keypoints, scores = person + rng.normal(0, 2, (17, 2)), np.full(17, 0.9)
        clock = [time.perf_counter()]
        network(x)
        clock.append(time.perf_counter())
        lifter.lift(keypoints, scores, (640, 480), i / 30)
        clock.append(time.perf_counter())
        for values, ms in zip(taken.values(), 1e3 * np.diff(clock), strict=True):
            values.append(ms)
    out = {}
    for name, values in taken.items():
        p50, p95 = np.percentile(values[_WARM_UP:], [50, 95])
        out |= {f"{name}p50_ms": round(float(p50), 3), f"{name}p95_ms": round(float(p95), 3)}
    return out


if __name__ == "__main__":
    print(json.dumps(_measure(sys.argv[2] if len(sys.argv) > 2 else None, int(sys.argv[1]))))

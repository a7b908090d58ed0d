"""`mocap bench solvers`: a chain's tip after a moving target, by each solver that `chains` has."""

import time

import numpy as np

from ..chains.chain import Chain
from ..chains.follow import BUDGET_S, SOLVERS, analytic

FPS = 30
SECONDS = 8


def cases() -> dict[str, tuple[Chain, np.ndarray]]:
    """Chains with their targets (F, 3), by name: in reach, at its edge, and with joints that hardly turn."""
    tail = chain(np.full(6, 0.1), np.radians([80.0, 0.0, 80.0]))
    arm = chain(np.array([0.12, 0.30, 0.27]), np.radians([150.0, 0.0, 150.0]))
    stiff = chain(np.full(6, 0.1), np.radians([25.0, 0.0, 25.0]))
    two = chain(np.array([0.3, 0.27]), np.radians([150.0, 0.0, 150.0]))
    return {
        "tail of six, in reach": (tail, moving(np.array([0.0, 0.36, 0.0]), 0.16)),
        "clavicle to hand": (arm, moving(np.array([0.0, 0.42, 0.0]), 0.18)),
        "two bones": (two, moving(np.array([0.0, 0.36, 0.0]), 0.15)),
        "tail of six, now and then out of reach": (tail, moving(np.array([0.0, 0.5, 0.0]), 0.2)),
        "tail of six stiff joints": (stiff, moving(np.array([0.0, 0.5, 0.0]), 0.12)),
    }


def chain(lengths_m: np.ndarray, most_rad: np.ndarray) -> Chain:
    """Bones one behind the other along y, each free about x and z up to `most_rad`."""
    offsets = np.repeat(np.eye(4)[None], len(lengths_m), axis=0)
    offsets[1:, 1, 3] = lengths_m[:-1]
    limits = np.repeat(np.stack((-most_rad, most_rad), -1)[None], len(lengths_m), axis=0)
    free = np.repeat([[True, False, True]], len(lengths_m), axis=0)
    return Chain(offsets, np.array([0.0, lengths_m[-1], 0.0]), limits, free)


def moving(middle: np.ndarray, radius_m: float) -> np.ndarray:
    """(F, 3) once around and up and down, without a halt."""
    time_s = np.arange(FPS * SECONDS) / FPS
    turn = np.stack([np.sin(0.9 * time_s), 0.5 * np.sin(1.7 * time_s + 1), np.cos(1.3 * time_s)], -1)
    return middle + radius_m * turn


def measure() -> list[dict]:
    """A case each of chain and solver."""
    out = []
    for name, (made, targets) in cases().items():
        for solver, solve in SOLVERS.items():
            angles, spent_s = np.empty((len(targets), len(made), 3)), []
            seed = analytic(made, targets[0], np.zeros((len(made), 3)))
            for row, target in enumerate(targets):
                start_s = time.thread_time()
                seed = solve(made, target, seed, BUDGET_S)
                spent_s.append(time.thread_time() - start_s)
                angles[row] = seed
            out.append({"name": f"{name}, {solver}", **figures(made, targets, angles), **times(spent_s)})
    return out


def figures(made: Chain, targets: np.ndarray, angles: np.ndarray) -> dict:
    """Reach error against the nearest that is in reach, how jerky the joints turn, and how often all are in limits."""
    far = np.maximum(0.0, np.linalg.norm(targets, axis=-1) - made.lengths_m.sum())
    tips = np.array([made.reach(row) for row in angles])
    missed_mm = 1e3 * np.maximum(0.0, np.linalg.norm(tips - targets, axis=-1) - far)
    low, high = made.limits[..., 0] - 1e-6, made.limits[..., 1] + 1e-6
    jerk = np.abs(np.diff(angles, 2, axis=0)).max(axis=(1, 2))
    return {
        "reach_error_mm_p50": round(float(np.percentile(missed_mm, 50)), 3),
        "reach_error_mm_p95": round(float(np.percentile(missed_mm, 95)), 3),
        "joint_acceleration_deg_p95": round(float(np.degrees(np.percentile(jerk, 95))), 3),
        "within_limits": round(float(((angles >= low) & (angles <= high)).all(axis=(1, 2)).mean()), 3),
    }


def times(spent_s: list[float]) -> dict:
    p50, p95 = np.percentile(np.array(spent_s) * 1e3, (50, 95))
    return {"p50_ms": round(float(p50), 3), "p95_ms": round(float(p95), 3)}

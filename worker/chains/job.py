"""The files that the add-on exchanges with `mocap solve-chains`, JSON both.

The job: {"format": "mocap chains", "version": 1, "chains": [{"name", "solver", "offsets" (N, 4, 4), "tip" (3), "limits"
(N, 3, 2), "free" (N, 3), "posed" (F, N, 3), "targets" (F, 3), "budget_ms"}]}, see `chain` and `follow`; lengths in
metres, angles in radians. The result: {"format": "mocap chains solved", "version": 1, "chains": [{"name", "rotations"
(F, N, 4) wxyz, "missed_m" (F)}]}.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .chain import Chain
from .follow import BUDGET_S, SOLVERS, follow, rotations

FORMAT, SOLVED, VERSION = "mocap chains", "mocap chains solved", 1
MOST = 1_000_000  # angles in all: a job beyond that is no take's


class JobError(ValueError):
    """A job that cannot be read or solved; the text is a sentence for the user."""


@dataclass(frozen=True, eq=False)
class Wanted:
    """One chain of a job; see the module."""

    name: str
    solver: str
    chain: Chain
    posed: np.ndarray
    targets: np.ndarray
    budget_s: float


def read(path: Path) -> list[Wanted]:
    """The chains of a job's file. Raises JobError."""
    try:
        told = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise JobError(f"Cannot read {path}: {error.strerror or error}.") from None
    except (ValueError, RecursionError):
        raise JobError(f"{path} is no job for chains: it is not JSON.") from None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise JobError(f"{path} is no job for chains: its “format” is not “{FORMAT}”.")
    if told.get("version") != VERSION:
        raise JobError(f"{path} is a job of another version than {VERSION}. Update the worker.")
    chains = told.get("chains")
    if not isinstance(chains, list):
        raise JobError(f"{path} names no chains.")
    return [_wanted(number, each) for number, each in enumerate(chains)]


def solve(wanted: list[Wanted], progress: Callable[[float], None]) -> dict:
    """The result of a job, as JSON values."""
    total = sum(len(each.targets) * len(each.chain) for each in wanted)
    done, chains = 0, []
    for each in wanted:
        size = len(each.targets) * len(each.chain)
        angles = follow(
            each.chain, each.targets, each.posed, SOLVERS[each.solver], each.budget_s,
            lambda share, done=done, size=size: progress((done + share * size) / total),
        )  # fmt: skip
        done += size
        reached = np.array([each.chain.reach(row) for row in angles]).reshape(-1, 3)
        missed = np.linalg.norm(reached - each.targets, axis=-1)
        chains.append(
            {"name": each.name, "rotations": rotations(angles).round(7).tolist(), "missed_m": missed.round(6).tolist()}
        )
    return {"format": SOLVED, "version": VERSION, "chains": chains}


def write(path: Path, result: dict) -> None:
    """Write a result, whole or not at all. Raises JobError."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(json.dumps(result), "utf-8")
        os.replace(part, path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise JobError(f"Cannot write {path}: {error.strerror or error}.") from None


def _wanted(number: int, told: dict) -> Wanted:
    try:
        name = str(told["name"])
        offsets, tip, limits, free, posed, targets = (
            np.array(told[key], dtype=float) for key in ("offsets", "tip", "limits", "free", "posed", "targets")
        )
        budget_s = float(told.get("budget_ms", 1e3 * BUDGET_S)) / 1e3
        solver = told.get("solver", "ikpy")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise JobError(f"Chain {number} of the job is not whole: {error}.") from None
    count, frames = len(offsets) if offsets.ndim else 0, len(targets) if targets.ndim else 0
    shapes = {
        "offsets": (offsets, (count, 4, 4)), "tip": (tip, (3,)), "limits": (limits, (count, 3, 2)),
        "free": (free, (count, 3)), "posed": (posed, (frames, count, 3)), "targets": (targets, (frames, 3)),
    }  # fmt: skip
    for key, (array, shape) in shapes.items():
        if array.shape != shape or not np.isfinite(array).all() or not array.size:
            raise JobError(f"Chain “{name}” has no sound {key}: found {array.shape}, expected {shape}, all finite.")
    if posed.size > MOST:
        raise JobError(f"Chain “{name}” is too long for one job: {frames} frames of {count} bones.")
    if solver not in SOLVERS:
        raise JobError(f"Chain “{name}” asks for the solver {solver!r:.40}; there are {', '.join(SOLVERS)}.")
    if (limits[..., 0] > limits[..., 1]).any() or not budget_s > 0:
        raise JobError(f"Chain “{name}” has limits or a time budget that nothing is within.")
    chain = Chain(offsets, tip, limits, free > 0.5)
    if not (np.abs(offsets).max() < 1e4 and np.abs(tip).max() < 1e4) or not chain.lengths_m.sum() > 1e-6:
        raise JobError(f"Chain “{name}” has no length, or one beyond all measure.")
    return Wanted(name, solver, chain, posed, targets, min(budget_s, 10.0))

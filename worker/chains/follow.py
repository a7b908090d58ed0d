"""A chain along a take: frame after frame from a seed, so that it goes on where it was."""

from collections.abc import Callable

import numpy as np

from mocap_core.rotation import from_matrix, same_hemisphere

from .by_ikpy import by_ikpy
from .chain import Chain, Solver, matrices
from .closed_form import closed_form
from .damped import damped

SOLVERS: dict[str, Solver] = {"ikpy": by_ikpy, "damped": damped, "closed form": closed_form}
BUDGET_S = 0.1  # a frame
_MISSED = 1e-3  # of the chain's length: the previous pose was no good seed


def follow(
    chain: Chain,
    targets: np.ndarray,
    posed: np.ndarray,
    solver: Solver = by_ikpy,
    budget_s: float = BUDGET_S,
    progress: Callable[[float], None] = lambda share: None,
) -> np.ndarray:
    """Angles (F, N, 3) whose tip follows the targets (F, 3), within the chain's limits.

    posed: (F, N, 3) how the chain is posed without this; what of it changes is carried on. Each frame begins with the
    frame before; where that does not get there, once more from the closed form.
    """
    out = np.empty_like(posed)
    near_m = _MISSED * chain.lengths_m.sum()
    seed = chain.within(posed[0])
    if np.linalg.norm(chain.reach(seed) - targets[0]) > near_m:
        seed = analytic(chain, targets[0], posed[0])
    for row, target in enumerate(targets):
        angles = chain.within(solver(chain, target, seed, budget_s))
        missed_m = np.linalg.norm(chain.reach(angles) - target)
        if missed_m > near_m and row and missed_m > 1.1 * _out_of_reach_m(chain, target):
            again = chain.within(solver(chain, target, analytic(chain, target, posed[row]), budget_s))
            if np.linalg.norm(chain.reach(again) - target) < 0.5 * missed_m:
                angles = again
        out[row] = angles
        if row + 1 < len(targets):
            seed = chain.within(angles + _difference(posed[row + 1], posed[row]) * chain.free)
            seed = np.where(chain.free, seed, posed[row + 1])
        progress((row + 1) / len(targets))
    return out


def analytic(chain: Chain, target: np.ndarray, posed: np.ndarray) -> np.ndarray:
    """A seed: the closed form's answer, as far as the limits allow it."""
    angles = closed_form(chain, target, posed, 0.0)
    return chain.within(np.where(chain.free, angles, posed))


def rotations(angles: np.ndarray) -> np.ndarray:
    """(F, N, 4) wxyz in one hemisphere along time."""
    return same_hemisphere(from_matrix(matrices(angles)))


def _difference(after: np.ndarray, before: np.ndarray) -> np.ndarray:
    return np.remainder(after - before + np.pi, 2 * np.pi) - np.pi


def _out_of_reach_m(chain: Chain, target: np.ndarray) -> float:
    """How much too far away the target is, or as good as nothing."""
    return max(float(np.linalg.norm(target) - chain.lengths_m.sum()), 1e-9)

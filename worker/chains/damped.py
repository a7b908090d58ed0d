"""Damped least squares over the whole chain.

Each step moves the tip towards the target by the Jacobian's damped inverse (Wampler 1986; Nakamura and Hanafusa 1986).
Angles that are at a limit and would go beyond it sit out; what the tip does not need is spent on staying near the seed.
"""

import time

import numpy as np

from .chain import Chain

STEPS = 60
NEAR = 1e-4  # of the chain's length: that is there
DAMPING = 0.02  # of the chain's length
_LONGEST = 0.25  # of the chain's length, a step
_KEPT = 0.05  # of what was moved away from the seed goes back a step, where the tip does not mind


def damped(chain: Chain, target: np.ndarray, seed: np.ndarray, budget_s: float) -> np.ndarray:
    """See `chain.Solver`. The best that was reached, always within the limits."""
    until_s = time.thread_time() + budget_s
    length = float(chain.lengths_m.sum())
    low, high = chain.limits[..., 0], chain.limits[..., 1]
    seed = chain.within(seed)
    angles, best, least = seed, seed, np.inf
    for _ in range(STEPS):
        tip, jacobian = chain.jacobian(angles)
        error = target - tip
        distance = float(np.linalg.norm(error))
        if distance < least:
            best, least = angles, distance
        if distance < NEAR * length or time.thread_time() > until_s:
            break
        error = error * min(1.0, _LONGEST * length / distance)
        free = chain.free.copy()
        for _ in range(2):  # the second time without those that the first would take beyond their limits
            used = jacobian.reshape(3, -1) * free.ravel()
            inverse = used.T @ np.linalg.inv(used @ used.T + (DAMPING * length) ** 2 * np.eye(3))
            back = (_KEPT * (seed - angles) * free).ravel()
            move = (inverse @ (error - used @ back) + back).reshape(angles.shape)
            beyond = ((angles <= low) & (move < 0)) | ((angles >= high) & (move > 0))
            if not (beyond & free).any():
                break
            free &= ~beyond
        angles = np.clip(angles + move * free, low, high)
    return best

"""The closed form: a chain as two rigid halves, an elbow between them, by the law of cosines.

Fast and exact where the target is in reach, but it knows no limits, and a long chain bends in one place only.
"""

import numpy as np

from mocap_core.rotation import norm, swing, unit
from mocap_core.solve.two_bone import two_bone

from .chain import Chain, euler, matrices


def closed_form(chain: Chain, target: np.ndarray, seed: np.ndarray, budget_s: float) -> np.ndarray:
    """See `chain.Solver`. The halves keep the seed's shape and the elbow its plane."""
    frames = chain.frames(seed)
    tip = frames[-1, :3, :3] @ chain.tip + frames[-1, :3, 3]
    lengths = chain.lengths_m
    if len(chain) == 1:
        return _aimed(chain, 0, np.eye(3), tip, np.asarray(target, float), seed)[None]
    elbow = 1 + int(np.argmin(np.abs(2 * np.cumsum(lengths)[:-1] - lengths.sum())))
    middle = frames[elbow, :3, 3]
    upper_m, lower_m = norm(middle), norm(tip - middle)
    bent = middle
    if norm(np.cross(unit(middle), unit(tip - middle))) < 1e-6:  # straight: it closes about the first free axis
        axis = 0 if chain.free[elbow, 0] else 2
        bent = middle + 1e-3 * upper_m * frames[elbow, :3, 2 - axis]
    new_middle, new_tip = two_bone(np.zeros(3), bent, np.asarray(target, float), upper_m, lower_m)
    out = seed.copy()
    out[0] = _aimed(chain, 0, np.eye(3), middle, new_middle, seed)
    frames = chain.frames(out)
    above = frames[elbow - 1, :3, :3] @ chain.offsets[elbow, :3, :3]
    at = frames[elbow, :3, 3]
    out[elbow] = _aimed(chain, elbow, above, chain.reach(out) - at, new_tip - at, out)
    return out


def _aimed(chain: Chain, row: int, above: np.ndarray, now: np.ndarray, wanted: np.ndarray, angles: np.ndarray):
    """(3,) the bone's angles that turn what lies at `now` (from its head, as it is turned now) towards `wanted`.

    above: (3, 3) the axes in which it turns. A bone that may not twist has one or two such angles of its own.
    """
    turn = matrices(angles[row])
    held, wanted = unit(turn.T @ above.T @ now), unit(above.T @ wanted)
    if chain.free[row, 1] or angles[row, 1] != 0:
        return euler(swing(turn @ held, wanted) @ turn, angles[row])
    # Rz · Rx · held = wanted: its third row has x alone, a·sin x + b·cos x = c.
    a, b, c = held[1], held[2], wanted[2]
    middle, half = np.arctan2(a, b), np.arccos(np.clip(c / max(np.hypot(a, b), 1e-12), -1.0, 1.0))
    found = []
    for x in (middle + half, middle - half):
        across = np.cos(x) * a - np.sin(x) * b
        z = np.arctan2(wanted[1], wanted[0]) - np.arctan2(across, held[0])
        answer = np.array([x, 0.0, z])
        found.append(angles[row] + np.remainder(answer - angles[row] + np.pi, 2 * np.pi) - np.pi)
    return min(found, key=lambda answer: np.abs(answer - angles[row]).sum())

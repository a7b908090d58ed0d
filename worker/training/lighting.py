"""Light for a scene: windows, lamps, the sky; from the front, the side or behind; too much of it or too little."""

from __future__ import annotations

import math

import numpy as np

from .chance import Chance
from .render import Light


def sample_light(c: Chance, hardness: float) -> Light:
    """Light of one main source and what comes from around; never so little that nothing is seen."""

    def tone(strength: float) -> np.ndarray:
        warm = c.normal(0.10 + 0.06 * hardness)
        return strength * np.array([1 + warm, 1.0, 1 - warm])

    key, ambient = c.between(0.05, 1.6), c.between(0.15, 1.0)
    turn = c.between(0, 2 * math.pi)
    if c.yes(0.12 * hardness):  # from behind, the front in the dark
        turn, key, ambient = math.pi / 2 + c.normal(0.4), c.between(0.8, 2.5), c.between(0.15, 0.45)
    exposure = c.between(0.6, 1.25) / max(0.55 * key + ambient, 0.4)
    if c.yes(0.10 * hardness):
        exposure *= c.scale(0.45, 2.2)
    return Light(
        key_direction=_direction(turn, math.radians(c.between(12, 80))),
        key_colour=tone(key),
        fill_direction=_direction(c.between(0, 2 * math.pi), math.radians(c.between(0, 60))),
        fill_colour=tone(c.between(0, 0.5)),
        sky_colour=tone(ambient),
        ground_colour=tone(ambient * c.between(0.2, 0.9)),
        shadow=c.between(0.5, 1.0),
        exposure=exposure,
    )


def _direction(turn: float, rise: float) -> np.ndarray:
    return np.array([math.cos(turn) * math.cos(rise), math.sin(turn) * math.cos(rise), math.sin(rise)])

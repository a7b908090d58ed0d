"""Chance for scenes and looks: single numbers, drawn from a generator by the block, which is many times quicker."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate

import numpy as np


class Shares:
    """Names, each with a share."""

    def __init__(self, shares: dict[str, float]) -> None:
        self.names = list(shares)
        self._edges = list(accumulate(shares.values()))

    def at(self, u: float) -> str:
        """The name at u, 0…1."""
        return self.names[min(bisect(self._edges, u * self._edges[-1]), len(self.names) - 1)]


class Chance:
    """Plain Python numbers from one generator, in an order that the same seed repeats."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self._uniform: list[float] = []
        self._normal: list[float] = []

    def u(self) -> float:
        """0…1."""
        if not self._uniform:
            self._uniform = self.rng.random(128).tolist()
        return self._uniform.pop()

    def normal(self, spread: float = 1.0, middle: float = 0.0) -> float:
        if not self._normal:
            self._normal = self.rng.normal(size=64).tolist()
        return middle + spread * self._normal.pop()

    def yes(self, share: float) -> bool:
        return self.u() < share

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.u()

    def scale(self, low: float, high: float) -> float:
        """Between two numbers, all orders of magnitude alike."""
        return low * (high / low) ** self.u()

    def whole(self, low: int, high: int) -> int:
        """low … high − 1."""
        return low + int(self.u() * (high - low))

    def one(self, things: Sequence):
        return things[int(self.u() * len(things))]

    def of(self, shares: Shares) -> str:
        return shares.at(self.u())

    def vector(self, spread: float) -> np.ndarray:
        return np.array([self.normal(spread), self.normal(spread), self.normal(spread)])

    def colour(self, low: float = 0.02, high: float = 0.9) -> tuple[float, float, float]:
        """A linear RGB colour, often dull as things in rooms are."""
        grey, tint = self.scale(low, high), (0.06, 0.25, 0.7)[int(3 * self.u())]
        return tuple(min(1.0, grey * math.exp(self.normal(tint))) for _ in range(3))

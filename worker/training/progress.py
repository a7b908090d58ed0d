"""How a run gets on, in lines for people and in figures for curves: loss, speed, what is left."""

from __future__ import annotations

import time

import numpy as np


class Progress:
    """Counts from where a run begins or goes on. pictures: in a step."""

    def __init__(self, step: int, pictures: int) -> None:
        self._pictures, self._losses = pictures, []
        self.restart(step)

    def restart(self, step: int) -> None:
        """Counts from here: what came before was slow for once."""
        self._first, self._started, self._waited_s = step, time.perf_counter(), 0.0

    def waited(self, seconds: float) -> None:
        """Seconds without pictures to learn from."""
        self._waited_s += seconds

    def loss(self, value: float) -> None:
        """One step's."""
        self._losses.append(value)

    def figures(self, step: int) -> dict[str, float]:
        """Since the last time they were asked for: the mean loss; from the beginning: pictures a second."""
        loss, self._losses = float(np.mean(self._losses)), []
        return {"loss": loss, "pictures_per_s": (step - self._first) * self._pictures / self._lasted_s()}

    def waiting(self) -> float:
        """The share of the time that was spent on waiting for pictures."""
        return self._waited_s / self._lasted_s()

    def left_s(self, step: int, end: int) -> float:
        """How long the steps up to `end` will take."""
        return (end - step) * self._lasted_s() / max(1, step - self._first)

    def _lasted_s(self) -> float:
        return time.perf_counter() - self._started

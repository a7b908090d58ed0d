"""The latest pictures drawn, on the device that trains: a step picks from a window that moves on as training does.

Either the window keeps step with training (`reuse`: how often a picture is seen), and then a run can be repeated
and resumed exactly; or it takes what has come (`reuse` 0), so that a fast device never waits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .processes import Processes
from .stream import Chunk, PictureStream, shapes


@dataclass(frozen=True)
class Pictures:
    """On one device: images (N, H, W, 3) uint8; keypoints (N, 17, 2) px; visibility (N, 17) uint8; parts (N, rows,
    columns) uint8, of each heatmap cell."""

    images: Tensor
    keypoints: Tensor
    visibility: Tensor
    parts: Tensor


class Pool:
    """recipe: has input_size, chunk, first, window, reuse, ahead, batch_size and seed. Of several processes each has
    a pool and pictures of its own."""

    def __init__(self, recipe, stream: PictureStream, device: torch.device, processes: Processes) -> None:
        self.recipe, self.stream, self.device, self.processes = recipe, stream, device, processes
        self.hardness_of: list[float] = []
        #: Chunks before `oldest` are gone, those from `newest` on have not come; each lies at its number's place.
        self.oldest = self.newest = 0
        self.places = recipe.window // recipe.chunk + 2
        self._all = {
            name: torch.empty((self.places * shape[0], *shape[1:]), dtype=torch.from_numpy(np.empty(0, kind)).dtype,
                              device=device)
            for name, (shape, kind) in shapes(recipe.chunk, recipe.input_size).items()
        }  # fmt: skip

    def restore(self, step: int, hardness_of: list[float]) -> None:
        """Has the window that a resumed run needs drawn again; one that does not keep step begins with new ones."""
        self.hardness_of = list(hardness_of)
        self.oldest = self._window(step)[0] if self.recipe.reuse else len(hardness_of)
        self.newest = self.oldest
        # Of fewer processes each is further on than any was: what lies before is never drawn, and not asked for.
        self.hardness_of += self.hardness_of[-1:] * (self.oldest - len(self.hardness_of))
        for number in range(self.oldest, len(self.hardness_of)):
            self._ask(number)

    def _window(self, step: int) -> tuple[int, int]:
        """The first chunk that a step may pick from, and the first one that it may not, where they keep step."""
        r = self.recipe
        drawn = max(r.first, r.chunk) + int(step * r.batch_size / self.processes.count / r.reuse)
        return max(0, drawn - r.window) // r.chunk, drawn // r.chunk

    def _ask(self, number: int) -> None:
        self.stream.ask(number * self.processes.count + self.processes.rank, self.hardness_of[number])

    def fill(self, step: int, hardness: float) -> None:
        """Takes what the step needs, and has more drawn."""
        r = self.recipe
        wanted = self._window(step)[1] if r.reuse else self.newest
        while len(self.hardness_of) < wanted + r.ahead:
            self.hardness_of.append(hardness)
            self._ask(len(self.hardness_of) - 1)
        if r.reuse:
            while self.newest < wanted:
                self._take()
            self.oldest = self._window(step)[0]
        else:
            first = -(-max(r.first, r.chunk) // r.chunk)
            while self.newest - self.oldest < first or self._is_here(self.newest):
                self._take()
                self.oldest = max(self.oldest, self.newest - r.window // r.chunk)
                if self.newest - self.oldest < first:
                    self.hardness_of.append(hardness)
                    self._ask(len(self.hardness_of) - 1)

    def _is_here(self, number: int) -> bool:
        return self.stream.is_here(number * self.processes.count + self.processes.rank)

    def _take(self) -> None:
        at = self.newest % self.places * self.recipe.chunk
        with self.stream.taken(self.newest * self.processes.count + self.processes.rank) as chunk:
            self._put(at, chunk)
        self.newest += 1

    def _put(self, at: int, chunk: Chunk) -> None:
        for name, everything in self._all.items():
            values = torch.from_numpy(getattr(chunk, name))
            if self.device.type == "cuda":
                values = values.pin_memory()  # a copy, so that the chunk's place is free at once
            everything[at : at + len(values)].copy_(values, non_blocking=True)

    def batch(self, step: int, hardness: float) -> Pictures:
        """The step's pictures of this process."""
        r = self.recipe
        self.fill(step, hardness)
        rng = np.random.default_rng([r.seed, 2, step, self.processes.rank])
        drawn = rng.integers(self.oldest * r.chunk, self.newest * r.chunk, r.batch_size // self.processes.count)
        rows = torch.from_numpy(drawn % (self.places * r.chunk)).to(self.device, non_blocking=True)
        return Pictures(**{name: everything[rows] for name, everything in self._all.items()})

"""What a config's `training` says: the settings that every run has, and how they are read and refused."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeVar

R = TypeVar("R")

_SPOKEN = {int: "a whole number", float: "a number", tuple: "a tuple", dict: "a dict", bool: "True or False"}
_PRECISIONS = ("fp32", "bf16")


class TrainingError(Exception):
    """Training cannot start or go on; what was there is kept."""


@dataclass
class RunSettings:
    """What every run has. model: the config that uses the weights.

    batch_size: pictures a step, of all processes together. minutes: how long to train, all calls together; the rate
    then follows the time, and 0 leaves it to the number of steps. clip: the gradient's length. ema: decay of the
    averaged weights, 0 for none. precision: of the network's pass, "fp32" or "bf16". compile: by torch.compile.
    checkpoint_every, log_every, samples_every: steps; 0 draws no samples. small_checkpoints: the optimiser's moments
    and the average in 16 bits, so that a run goes on nearly where it was, not with the same bits.
    """

    model: str | None = None
    batch_size: int = 32
    minutes: float = 0.0
    lr: float = 1e-3
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.999)
    clip: float = 1.0
    ema: float = 0.0
    precision: str = "fp32"
    compile: bool = False
    seed: int = 0
    val_every: int = 10
    samples_every: int = 1000
    checkpoint_every: int = 500
    log_every: int = 50
    small_checkpoints: bool = False

    def check(self) -> None:
        """Raises TrainingError for values that cannot be."""
        for name in ("batch_size", "val_every", "checkpoint_every", "log_every"):
            if getattr(self, name) < 1:
                raise TrainingError(f"the config's training has {name}={getattr(self, name)}; expected 1 or more")
        for name in ("minutes", "samples_every", "lr"):
            if getattr(self, name) < 0:
                raise TrainingError(f"the config's training has {name}={getattr(self, name)}; expected 0 or more")
        if self.precision not in _PRECISIONS:
            raise TrainingError(f"the config's training has precision={self.precision!r}; expected 'fp32' or 'bf16'")


def read_recipe(kind: type[R], table: dict) -> R:
    """A recipe out of a config's `training`. Raises TrainingError for unknown names and values of another kind."""
    defaults = {f.name: getattr(kind(), f.name) for f in fields(kind)}
    if unknown := set(table) - set(defaults):
        raise TrainingError(f"the config's training has unknown settings: {', '.join(sorted(unknown))}")
    for name, value in table.items():
        expected = type(defaults[name])
        allowed = {float: (int, float), tuple: (tuple, list), type(None): (str, type(None))}.get(expected, (expected,))
        if not isinstance(value, allowed) or (isinstance(value, bool) and expected is not bool):
            raise TrainingError(f"the config's training has {name}={value!r}; expected {_SPOKEN.get(expected, 'text')}")
    return kind(**table)

"""What a config's `training` says: the settings that every run has, and how they are read and refused."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TypeVar, get_args, get_origin, get_type_hints

R = TypeVar("R")

_SPOKEN = {int: "a whole number", float: "a number", dict: "a dict", bool: "True or False"}
_SPOKEN_MANY = {int: "whole numbers", float: "numbers", str: "texts"}
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
        for name in ("minutes", "samples_every", "weight_decay", "seed"):
            if getattr(self, name) < 0:
                raise TrainingError(f"the config's training has {name}={getattr(self, name)}; expected 0 or more")
        for name in ("clip", "sigma"):
            if getattr(self, name, 1) <= 0:
                raise TrainingError(f"the config's training has {name}={getattr(self, name)}; expected more than 0")
        if not 0 <= self.lr <= 1:
            raise TrainingError(f"the config's training has lr={self.lr}; expected 0 up to 1, such as 5e-4")
        if self.seed >= 2**63:
            raise TrainingError(f"the config's training has seed={self.seed}; expected less than 2**63")
        for name, values in (("ema", (self.ema,)), ("betas", self.betas)):
            if not all(0 <= value < 1 for value in values):
                raise TrainingError(
                    f"the config's training has {name}={getattr(self, name)}; expected 0 or more, and less than 1"
                )
        for name, value in getattr(self, "augmentation", {}).items():
            if not _fits(value, float):
                raise TrainingError(f"the config's augmentation has {name}={value!r}; expected a number")
        if self.precision not in _PRECISIONS:
            raise TrainingError(f"the config's training has precision={self.precision!r}; expected 'fp32' or 'bf16'")


def read_recipe(kind: type[R], table: dict) -> R:
    """A recipe out of a config's `training`. Raises TrainingError for unknown names and values of another kind."""
    expected = get_type_hints(kind)
    if unknown := set(table) - set(expected):
        raise TrainingError(f"the config's training has unknown settings: {', '.join(sorted(unknown))}")
    for name, value in table.items():
        if not _fits(value, expected[name]):
            raise TrainingError(f"the config's training has {name}={value!r}; expected {_spoken(expected[name])}")
    return kind(**table)


def _fits(value: object, expected: type) -> bool:
    """Whether a value is of the kind that a recipe's annotation says; whole numbers and lists do for others."""
    inner = get_args(expected)
    if get_origin(expected) is tuple:
        if not isinstance(value, tuple | list):
            return False
        kinds = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        return len(value) == len(kinds) and all(map(_fits, value, kinds))
    if inner:  # one or the other
        return any(_fits(value, kind) for kind in inner)
    if expected in (int, float) and isinstance(value, bool):
        return False
    if expected is float:
        return isinstance(value, int | float) and abs(value) <= sys.float_info.max
    return isinstance(value, expected)


def _spoken(expected: type) -> str:
    inner = get_args(expected)
    if get_origin(expected) is tuple:
        return f"a tuple of {'' if inner[-1] is Ellipsis else f'{len(inner)} '}{_SPOKEN_MANY[inner[0]]}"
    return _SPOKEN.get(expected, "text")

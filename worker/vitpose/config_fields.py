"""Values of a config by dotted names, checked as they are taken; every error says which file and which name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .config import ConfigError


class Fields:
    """The values of one config. What is taken is there and as expected, or ConfigError is raised."""

    def __init__(self, path: Path, values: dict[str, Any]) -> None:
        self.path = path
        self.values = values

    def get(self, name: str, default: Any = None) -> Any:
        value: Any = self.values
        for part in name.split("."):
            if not isinstance(value, dict) or part not in value:
                return default
            value = value[part]
        return value

    def wrong(self, name: str, expected: str) -> ConfigError:
        return ConfigError(f"{self.path}: {name} is {_short(self.get(name))}; expected {expected}.")

    def whole(self, name: str, default: int | None = None, least: int = 1, most: int = 10_000) -> int:
        value = self.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise self.wrong(name, f"a whole number from {least} to {most:,}")
        return value

    def number(self, name: str, default: float, least: float, most: float) -> float:
        value = self.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
            raise self.wrong(name, f"a number from {least} to {most}")
        return float(value)

    def numbers(self, name: str, count: int, default: Any = None, kind: type = int) -> tuple:
        values = self.get(name, default)
        kinds = (int,) if kind is int else (int, float)
        if isinstance(values, list | tuple) and len(values) == count:
            if all(isinstance(v, kinds) and not isinstance(v, bool) and 0 < v < 10_000 for v in values):
                return tuple(kind(v) for v in values)
        raise self.wrong(name, f"{count} positive numbers")

    def only(self, name: str, *supported: Any, default: Any = None) -> Any:
        value = self.get(name, default)
        if value not in supported:
            raise self.wrong(name, " or ".join(repr(value) for value in supported))
        return value

    def widths(self, name: str) -> tuple[int, ...]:
        """The widths or kernels of layers, any number of them; none for None."""
        values = self.get(name)
        if values is None:
            return ()
        if not isinstance(values, list | tuple) or not all(isinstance(value, int) for value in values):
            raise self.wrong(name, "a list of whole numbers")
        return tuple(values)

    def steps(self, name: str) -> list[dict]:
        """A pipeline: its steps that are dicts; none where there is no pipeline."""
        value = self.get(name)
        return [step for step in value if isinstance(step, dict)] if isinstance(value, list | tuple) else []


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "…"

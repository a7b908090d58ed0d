"""Cloth as tiles that repeat: how much of its second colour a cloth has, (SIDE, SIDE) a pattern."""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 128


def _grid() -> tuple[np.ndarray, np.ndarray]:
    return np.meshgrid(np.arange(SIDE) / SIDE, np.arange(SIDE) / SIDE)


def _noise(seed: int, *octaves: int, across: float = 1.0) -> np.ndarray:
    """Smooth noise that repeats, 0…1; across: how much longer its spots are along y."""
    rng = np.random.default_rng([17, seed])
    out = np.zeros((SIDE, SIDE), np.float32)
    for octave in octaves:
        cells = rng.random((max(2, round(octave / across)), octave)).astype(np.float32)
        wide = cv2.resize(np.tile(cells, (3, 3)), (3 * SIDE, 3 * SIDE), interpolation=cv2.INTER_CUBIC)
        out += wide[SIDE : 2 * SIDE, SIDE : 2 * SIDE] * octave**-0.5
    order = np.empty(out.size)
    order[np.argsort(out, axis=None)] = np.linspace(0, 1, out.size)
    return order.reshape(out.shape)


def _spots(seed: int, count: int, radius: float, petals: int = 0) -> np.ndarray:
    rng = np.random.default_rng([18, seed])
    x, y = _grid()
    out = np.zeros((SIDE, SIDE))
    for cx, cy, turn, size in rng.random((count, 4)):
        dx, dy = (x - cx + 0.5) % 1 - 0.5, (y - cy + 0.5) % 1 - 0.5
        r = radius * (0.7 + 0.6 * size)
        if petals:
            r = r * (0.7 + 0.4 * np.cos(petals * np.arctan2(dy, dx) + 6 * turn))
        out = np.maximum(out, np.hypot(dx, dy) < r)
    return out


def _plaid(seed: int) -> np.ndarray:
    rng = np.random.default_rng([19, seed])
    lines = np.zeros(SIDE)
    for _ in range(5):
        at, width = rng.integers(SIDE), rng.integers(3, 26)
        lines[(at + np.arange(width)) % SIDE] += rng.choice([0.3, 0.6, -0.2])
    return np.clip(lines[None] + lines[:, None], 0, 1)


def _letters(seed: int) -> np.ndarray:
    rng = np.random.default_rng([20, seed])
    out = np.zeros((SIDE, SIDE), np.uint8)
    for row in range(4):
        word = "".join(chr(65 + c) for c in rng.integers(0, 26, 6))
        cv2.putText(out, word, (2, 28 + 32 * row), cv2.FONT_HERSHEY_DUPLEX, rng.uniform(0.7, 1.0), 255, 3)
    return out / 255


def _make() -> dict[str, np.ndarray]:
    x, y = _grid()
    diamonds = np.abs((x + y) * 2 % 1 - 0.5) + np.abs((x - y) * 2 % 1 - 0.5)
    zigzag = (y * 4 + np.abs((x * 4) % 1 - 0.5)) % 1
    return {
        "plain": np.zeros((SIDE, SIDE)),
        "stripes": (y * 2) % 1 < 0.5,
        "thin stripes": (y * 4) % 1 < 0.22,
        "bars": (x * 2) % 1 < 0.5,
        "checks": ((x * 2) % 1 < 0.5) * 0.5 + ((y * 2) % 1 < 0.5) * 0.5,
        "plaid": _plaid(1),
        "tartan": _plaid(4),
        "dots": np.hypot((x * 3) % 1 - 0.5, (y * 3) % 1 - 0.5) < 0.27,
        "spots": _spots(3, 22, 0.06),
        "camouflage": 0.6 * (_noise(5, 4, 8) > 0.5) + 0.4 * (_noise(6, 5, 10) > 0.6),
        "gradient": np.abs(2 * y - 1),
        "marl": _noise(7, 32, 64),
        "denim": 0.5 * _noise(8, 4, 64, across=0.2) + 0.3 * _noise(9, 3, 5),
        "diamonds": diamonds < 0.5,
        "zigzag": zigzag < 0.5,
        "flowers": _spots(10, 12, 0.13, 5),
        "leaves": _spots(11, 16, 0.12, 2),
        "pinstripes": (x * 5) % 1 < 0.12,
        "letters": _letters(12),
        "paint": _noise(13, 3, 6) > 0.6,
        "hair": _noise(14, 24, 48, across=8.0),
    }


_TILES = _make()
#: Names of the tiles, in the order of `tiles`.
TILES = tuple(_TILES)


def tiles() -> np.ndarray:
    """(N, SIDE, SIDE) uint8."""
    return np.stack([(255 * np.clip(tile, 0, 1)).astype(np.uint8) for tile in _TILES.values()])

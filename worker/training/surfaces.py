"""What walls, floors, furniture and grounds are made of: square tiles that repeat, (N, SIDE, SIDE, 3) uint8.

A tile says, channel by channel, how much of a thing's second colour is seen; coloured ones are meant for black and
white as the two colours.
"""

from __future__ import annotations

import cv2
import numpy as np

SIDE = 128


def _grid() -> tuple[np.ndarray, np.ndarray]:
    """x and y of a tile's points, 0…1."""
    at = (np.arange(SIDE) + 0.5) / SIDE
    return np.meshgrid(at, at)


def fractal(rng: np.random.Generator, slope: float = 1.0, stretch: float = 1.0, low: int = 1) -> np.ndarray:
    """(SIDE, SIDE) noise that repeats, 0…1, with amplitudes as 1/frequency^slope; stretch: how much longer along y."""
    f = np.fft.fftfreq(SIDE) * SIDE
    r = np.hypot(f[None, :], f[:, None] * stretch)
    amplitude = np.where(r >= low, np.maximum(r, 1) ** -slope, 0)
    waves = np.fft.ifft2(amplitude * np.exp(2j * np.pi * rng.random((SIDE, SIDE)))).real
    waves -= waves.mean()
    return np.clip(0.5 + waves / (5 * waves.std() + 1e-9), 0, 1)


def _hash(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    return rng.random((rows, columns))


def _blocks(rng, rows: int, columns: int, joint: float, shift: float, spread: float = 0.35) -> np.ndarray:
    """Bricks, tiles or planks of changing brightness, their joints dark."""
    x, y = _grid()
    row = np.floor(y * rows).astype(int)
    u = x * columns + shift * (row % 2)
    column = np.floor(u).astype(int) % columns
    tone = 1 - spread * _hash(rng, rows, columns)[row, column]
    edge_x, edge_y = np.abs(u % 1 - 0.5), np.abs((y * rows) % 1 - 0.5)
    gap = (edge_x > 0.5 - joint * columns / 2) | (edge_y > 0.5 - joint * rows / 2)
    return np.where(gap, 0.15, tone) * (0.8 + 0.2 * fractal(rng, 0.8))


def _wood(rng, planks: int, knots: float = 1.0) -> np.ndarray:
    x, _ = _grid()
    plank = np.floor(x * planks).astype(int)
    grain = fractal(rng, 0.9, 8.0) * 0.6 + 0.4 * fractal(rng, 1.3, 5.0)
    tone = grain * 0.6 + 0.4 * _hash(rng, 1, planks)[0][plank]
    if planks > 1:
        tone = np.where(np.abs((x * planks) % 1 - 0.5) > 0.49, 0.05, tone)
    rings = 0.5 + 0.5 * np.sin(18 * fractal(rng, 1.6, 4.0))
    return tone * (1 - 0.25 * knots * rings)


def leaves(rng, size: int, count: int, shape: tuple[float, float], palette: np.ndarray, side: int = SIDE) -> np.ndarray:
    """(side, side, 3) leaves over leaves, the sizes as a power law, each shaded along itself."""
    out = np.zeros((side, side, 3), np.float32) + palette[0] * 0.3
    for k in range(count):
        length = size * (0.35 + 0.65 * rng.random() ** 2)
        wide = length * rng.uniform(*shape)
        cx, cy = rng.random(2) * side
        turn = rng.random() * 180
        tone = palette[rng.integers(len(palette))] * np.exp(rng.normal(0, 0.35)) * (0.35 + 0.65 * k / count)
        for dx in (-side, 0, side):
            for dy in (-side, 0, side):
                if -length < cx + dx < side + length and -length < cy + dy < side + length:
                    centre = (int(cx + dx), int(cy + dy))
                    axes = (max(1, int(length / 2)), max(1, int(wide / 2)))
                    cv2.ellipse(out, centre, axes, turn, 0, 360, tone.tolist(), -1, cv2.LINE_AA)
    return out


def _grey(tile: np.ndarray) -> np.ndarray:
    return np.repeat(np.asarray(tile, np.float32)[..., None], 3, 2)


_GREENS = np.array([(0.08, 0.22, 0.03), (0.16, 0.34, 0.06), (0.26, 0.40, 0.10), (0.10, 0.26, 0.10), (0.34, 0.36, 0.10)])
_AUTUMN = np.array([(0.45, 0.22, 0.05), (0.60, 0.36, 0.08), (0.30, 0.12, 0.04), (0.40, 0.36, 0.10), (0.20, 0.16, 0.05)])
_STONES = np.array([(0.40, 0.38, 0.36), (0.55, 0.53, 0.50), (0.30, 0.29, 0.28), (0.48, 0.42, 0.36)])


def _colour(rng, tile, a, b) -> np.ndarray:
    return np.asarray(a) + (np.asarray(b) - np.asarray(a)) * tile[..., None]


def _make() -> dict[str, np.ndarray]:
    def rng(n):
        return np.random.default_rng([41, n])

    x, y = _grid()
    weave = (
        0.5
        + 0.25 * np.sin(2 * np.pi * 16 * x) * np.sign(np.sin(2 * np.pi * 16 * y))
        + 0.3 * (fractal(rng(1), 0.4) - 0.5)
    )
    blinds = np.clip(0.55 + 0.5 * np.sin(2 * np.pi * 8 * y), 0, 1) * (0.85 + 0.15 * fractal(rng(2), 1.5))
    folds = (
        0.5 + 0.3 * np.sin(2 * np.pi * (4 * x + 0.15 * np.sin(2 * np.pi * x))) + 0.25 * np.sin(2 * np.pi * 11 * x + 1)
    )
    books = _hash(rng(3), 4, 23)[np.floor(y * 4).astype(int), np.floor(x * 23).astype(int)]
    spine = rng(4).random((4, 23, 3))[np.floor(y * 4).astype(int), np.floor(x * 23).astype(int)]
    books = spine**1.5 * np.where(((y * 4) % 1 > 0.25 + 0.25 * books) & ((x * 23) % 1 > 0.08), 1, 0.08)[..., None]
    windows = np.where((np.abs((x * 4) % 1 - 0.5) < 0.28) & (np.abs((y * 4) % 1 - 0.5) < 0.33), 0.2, 0.9)
    panes = _hash(rng(5), 4, 4)[np.floor(y * 4).astype(int), np.floor(x * 4).astype(int)]
    windows = np.where(windows < 0.5, 0.1 + 0.6 * panes**2, windows * (0.85 + 0.15 * fractal(rng(6), 1.0)))
    mat = np.where((np.abs((x * 2) % 1 - 0.5) > 0.488) | (np.abs((y * 2) % 1 - 0.5) > 0.488), 0.3, 0.8)
    court = 0.75 + 0.2 * (fractal(rng(7), 0.7, 8.0) - 0.5)
    court = np.where(
        (np.abs(x - 0.3) < 0.012) | (np.abs(y - 0.7) < 0.012), 1.0, court * _blocks(rng(8), 4, 16, 0.002, 0.5, 0.2)
    )
    ribs = np.clip(0.6 + 0.5 * np.sin(2 * np.pi * 12 * x), 0, 1) * (0.8 + 0.2 * fractal(rng(9), 1.2))
    return {
        "plain": _grey(np.zeros((SIDE, SIDE))),
        "plaster": _grey(0.5 + 0.9 * (fractal(rng(10), 1.1) - 0.5)),
        "dirt": _grey(fractal(rng(11), 1.5)),
        "stripes": _grey((x * 4) % 1 < 0.5),
        "checks": _grey((np.floor(x * 4) + np.floor(y * 4)) % 2),
        "tiles": _grey(_blocks(rng(12), 4, 4, 0.012, 0.0, 0.15)),
        "small tiles": _grey(_blocks(rng(13), 10, 10, 0.010, 0.0, 0.25)),
        "bricks": _grey(_blocks(rng(14), 10, 4, 0.014, 0.5)),
        "red bricks": _colour(rng(15), _blocks(rng(15), 10, 4, 0.014, 0.5, 0.6), (0.5, 0.45, 0.4), (0.50, 0.17, 0.10)),
        "planks": _grey(_wood(rng(16), 5)),
        "parquet": _grey(_blocks(rng(17), 16, 4, 0.004, 0.5, 0.45) * (0.7 + 0.3 * _wood(rng(18), 1))),
        "wood": _grey(_wood(rng(19), 1)),
        "dark wood": _colour(rng(20), _wood(rng(20), 2), (0.05, 0.02, 0.01), (0.32, 0.16, 0.07)),
        "light wood": _colour(rng(21), _wood(rng(21), 3), (0.42, 0.25, 0.12), (0.78, 0.57, 0.34)),
        "concrete": _grey(0.35 + 0.6 * fractal(rng(22), 0.9)),
        "marble": _grey(np.abs(2 * fractal(rng(23), 1.4) - 1) ** 0.6),
        "carpet": _grey(fractal(rng(24), 0.25)),
        "rug": _grey(
            0.5 * ((np.abs((x * 2) % 1 - 0.5) + np.abs((y * 2) % 1 - 0.5)) < 0.4) + 0.5 * fractal(rng(25), 0.3)
        ),
        "fabric": _grey(weave),
        "curtain": _grey(folds * (0.85 + 0.15 * fractal(rng(26), 0.8))),
        "blinds": _grey(blinds),
        "ribs": _grey(ribs),
        "books": books,
        "mats": _grey(mat * (0.85 + 0.15 * fractal(rng(27), 1.3))),
        "court": _grey(court),
        "windows": _grey(windows),
        "grass": leaves(rng(28), 16, 1500, (0.08, 0.2), _GREENS),
        "leaves": leaves(rng(29), 30, 420, (0.3, 0.7), _GREENS),
        "autumn": leaves(rng(30), 24, 500, (0.3, 0.8), _AUTUMN),
        "gravel": leaves(rng(31), 14, 900, (0.6, 1.0), _STONES),
        "stone wall": leaves(rng(32), 44, 130, (0.5, 0.8), _STONES),
        "asphalt": _grey(0.25 + 0.5 * fractal(rng(33), 0.2)),
        "sand": _grey(0.6 + 0.5 * (fractal(rng(34), 0.7) - 0.5)),
        "bark": _grey(fractal(rng(35), 1.0, 8.0)),
        "water": _grey(fractal(rng(36), 1.3, 0.2)),
    }


def surfaces() -> dict[str, np.ndarray]:
    """All tiles by name, (SIDE, SIDE, 3) uint8."""
    return {name: (255 * np.clip(tile, 0, 1) + 0.5).astype(np.uint8) for name, tile in _make().items()}


#: Tiles that bring their own colours.
COLOURED = ("red bricks", "dark wood", "light wood", "books", "grass", "leaves", "autumn", "gravel", "stone wall")
WALLS = {
    "plain": 0.34, "plaster": 0.16, "bricks": 0.05, "red bricks": 0.04, "stripes": 0.03, "tiles": 0.05,
         "small tiles": 0.03, "planks": 0.05, "light wood": 0.03, "dark wood": 0.02, "concrete": 0.06, "curtain": 0.05,
         "blinds": 0.03, "books": 0.03, "stone wall": 0.02, "ribs": 0.03, "dirt": 0.04, "mats": 0.02, "fabric": 0.02,
}  # fmt: skip
FLOORS = {"plain": 0.10, "tiles": 0.10, "small tiles": 0.04, "checks": 0.04, "planks": 0.09, "parquet": 0.10,
          "light wood": 0.07, "dark wood": 0.06, "concrete": 0.08, "marble": 0.04, "carpet": 0.10, "rug": 0.04,
          "mats": 0.05, "court": 0.07, "dirt": 0.02}  # fmt: skip
THINGS = {"plain": 0.50, "wood": 0.12, "light wood": 0.06, "dark wood": 0.05, "fabric": 0.08, "dirt": 0.05,
          "marble": 0.02, "ribs": 0.04, "checks": 0.02, "stripes": 0.03, "books": 0.02, "concrete": 0.01}  # fmt: skip
GROUNDS = {"grass": 0.26, "gravel": 0.10, "asphalt": 0.16, "concrete": 0.10, "sand": 0.08, "tiles": 0.08,
           "autumn": 0.05, "court": 0.06, "bricks": 0.05, "dirt": 0.05, "water": 0.01}  # fmt: skip
FRONTS = {"windows": 0.34, "red bricks": 0.12, "bricks": 0.10, "concrete": 0.12, "plaster": 0.14, "ribs": 0.05,
          "stone wall": 0.06, "planks": 0.04, "plain": 0.03}  # fmt: skip

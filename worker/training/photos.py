"""Pictures that stand in for photographs: behind people, on posters and in windows. (SIDE, SIDE, 3) uint8 each.

Owns the kinds there are. All are made from chance alone, with the statistics that photographs have: things over things
of all sizes, textures at all scales, soft light, a focus.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from .surfaces import SIDE as TILE
from .surfaces import leaves

SIDE = 256


class _Maker:
    """One picture while it is painted: linear RGB, float32."""

    def __init__(self, rng: np.random.Generator, tiles: dict[str, np.ndarray], clouds: list[np.ndarray]) -> None:
        self.rng, self.tiles, self.clouds = rng, tiles, clouds
        self.image = np.zeros((SIDE, SIDE, 3), np.float32)

    @property
    def image(self) -> np.ndarray:
        return self._image

    @image.setter
    def image(self, value: np.ndarray) -> None:
        self._image = np.ascontiguousarray(value, np.float32)  # as OpenCV paints on

    def colour(self, dull: float = 0.6) -> np.ndarray:
        grey = 10 ** self.rng.uniform(-1.5, -0.05)
        return np.clip(grey * np.exp(self.rng.normal(0, 0.08 if self.rng.random() < dull else 0.6, 3)), 0, 1)

    def cloud(self) -> np.ndarray:
        """(SIDE, SIDE) noise with the power spectrum of photographs, about 1."""
        k = self.rng.integers(0, SIDE, 2)
        noise = np.roll(self.clouds[self.rng.integers(len(self.clouds))], k, (0, 1))
        return noise if self.rng.random() < 0.5 else noise[:, ::-1]

    def gradient(self, a, b, turn: float = 0.0) -> np.ndarray:
        y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE - 0.5
        t = np.clip(0.5 + x * np.sin(turn) + y * np.cos(turn), 0, 1)[..., None]
        return (np.asarray(a) * (1 - t) + np.asarray(b) * t).astype(np.float32)

    def tile(self, name: str, repeat: float, a=None, b=None) -> np.ndarray:
        """A surface seen straight on."""
        side = max(8, round(SIDE / repeat))
        t = cv2.resize(self.tiles[name], (side, side), interpolation=cv2.INTER_AREA)
        n = -(-SIDE // side) + 1
        t = np.tile(t, (n, n, 1))
        oy, ox = self.rng.integers(0, side, 2)
        t = t[oy : oy + SIDE, ox : ox + SIDE].astype(np.float32) / 255
        return t if a is None else np.asarray(a) + (np.asarray(b) - np.asarray(a)) * t

    def ground(self, name: str, horizon: int, a=None, b=None) -> None:
        """A surface that recedes to the horizon, below it."""
        rows, columns = SIDE - horizon, SIDE
        y = np.arange(rows)[:, None] + 0.5
        scale = self.rng.uniform(14, 40) / y
        x = (np.arange(columns)[None] - SIDE * self.rng.uniform(0.2, 0.8)) * scale * 0.06
        z = scale * self.rng.uniform(6, 16) + np.zeros_like(x)
        c, s = np.cos(t := self.rng.uniform(0, 3)), np.sin(t)
        u, v = (x * c + z * s) * TILE, (z * c - x * s) * TILE
        t = cv2.remap(
            self.tiles[name], (u % TILE).astype(np.float32), (v % TILE).astype(np.float32), cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_WRAP,
        ).astype(np.float32) / 255  # fmt: skip
        far = np.clip(scale * 0.10, 0, 1)[..., None]
        t = t * (1 - far) + t.mean((0, 1)) * far
        self.image[horizon:] = t if a is None else np.asarray(a) + (np.asarray(b) - np.asarray(a)) * t

    def thing(self, x0, y0, x1, y1, material: str | None = None) -> None:
        """A box of some material with light on one side."""
        x0, y0, x1, y1 = (int(v) for v in (max(x0, 0), max(y0, 0), min(x1, SIDE), min(y1, SIDE)))
        if x1 - x0 < 2 or y1 - y0 < 2:
            return
        name = material or list(self.tiles)[self.rng.integers(len(self.tiles))]
        full = self.tile(name, self.rng.uniform(1, 6), self.colour() * 0.4, self.colour())[y0:y1, x0:x1]
        light = np.linspace(self.rng.uniform(0.5, 1), self.rng.uniform(0.5, 1), x1 - x0)[None, :, None]
        self.image[y0:y1, x0:x1] = full * light

    def limbs(self, count: int) -> None:
        """Bars, some bent, in the colours of skin and cloth."""
        for _ in range(count):
            p = self.rng.uniform(0, SIDE, 2)
            turn, thick = self.rng.uniform(0, 2 * np.pi), int(self.rng.uniform(3, 16))
            tone = (self.colour(0.3) if self.rng.random() < 0.5 else _SKIN[self.rng.integers(len(_SKIN))]).tolist()
            for _ in range(self.rng.integers(1, 3)):
                q = p + self.rng.uniform(12, 70) * np.array([np.cos(turn), np.sin(turn)])
                cv2.line(self.image, *(tuple(int(v) for v in r) for r in (p, q)), tone, thick, cv2.LINE_AA)
                p, turn = q, turn + self.rng.normal(0, 1.0)

    def trees(self, horizon: int, count: int) -> None:
        for _ in range(count):
            x, size = self.rng.uniform(0, SIDE), self.rng.uniform(20, 110)
            base = horizon + size * self.rng.uniform(0.05, 0.4)
            cv2.line(self.image, (int(x), int(base)), (int(x + self.rng.normal(0, 4)), int(base - size * 0.7)),
                     (0.06, 0.045, 0.03), max(2, int(size / 14)), cv2.LINE_AA)  # fmt: skip
            name = ("leaves", "leaves", "autumn")[self.rng.integers(3)]
            crown = self.tile(name, SIDE / max(24.0, size * 1.4)) * np.exp(self.rng.normal(-0.2, 0.4))
            mask = np.zeros((SIDE, SIDE), np.float32)
            for _ in range(12):
                c = (int(x + self.rng.normal(0, size * 0.25)), int(base - size * 0.9 + self.rng.normal(0, size * 0.22)))
                cv2.circle(mask, c, int(size * self.rng.uniform(0.08, 0.25)), 1.0, -1, cv2.LINE_AA)
            mask = (mask * (self.cloud() > 0.7))[..., None]
            self.image = self.image * (1 - mask) + crown * mask

    def sky(self, horizon: int) -> None:
        top = np.array([(0.15, 0.33, 0.75), (0.5, 0.55, 0.62), (0.8, 0.8, 0.8), (0.3, 0.45, 0.7), (0.05, 0.06, 0.12)])
        low = np.array([(0.55, 0.70, 0.90), (0.75, 0.78, 0.82), (0.9, 0.9, 0.9), (0.95, 0.7, 0.5), (0.3, 0.2, 0.18)])
        k = self.rng.integers(len(top))
        self.image[:] = self.gradient(top[k], low[k])
        clouds = np.clip((self.cloud() - self.rng.uniform(0.9, 1.3)) * 2, 0, 1)[..., None]
        self.image = self.image * (1 - clouds) + 0.9 * low[2] * clouds

    def building(self, x0, x1, top, bottom) -> None:
        """A front with windows in rows."""
        r = self.rng
        wall = ("red bricks", "bricks", "plaster", "concrete", "plain")[r.integers(5)]
        self.thing(x0, top, x1, bottom, wall)
        across, down = r.uniform(8, 30), r.uniform(10, 34)
        w, h = across * r.uniform(0.3, 0.75), down * r.uniform(0.4, 0.8)
        glass, frame = self.colour() * 0.5, self.colour()
        for y in np.arange(top + down * 0.3, bottom - h, down):
            for x in np.arange(x0 + across * 0.3, x1 - w, across):
                a, b = (int(x), int(y)), (int(x + w), int(y + h))
                cv2.rectangle(self.image, a, b, (glass * np.exp(r.normal(0, 0.5))).tolist(), -1)
                cv2.rectangle(self.image, a, b, frame.tolist(), 1)


_SKIN = np.array(
    [(0.74, 0.47, 0.35), (0.46, 0.24, 0.14), (0.155, 0.066, 0.034), (0.84, 0.60, 0.48), (0.29, 0.13, 0.07)]
)


def _dead_leaves(m: _Maker) -> None:
    """Things over things, their sizes as a power law: the simplest pictures with photographs' statistics."""
    names = list(m.tiles)
    m.image = m.gradient(m.colour(), m.colour(), m.rng.uniform(0, 6)) * m.cloud()[..., None]
    count = m.rng.integers(120, 500)
    turned = m.rng.random() < 0.5
    for _ in range(count):
        size = 6 / (0.02 + m.rng.random() * 0.9)
        x, y = m.rng.uniform(-20, SIDE + 20, 2)
        shape, tone = m.rng.integers(3), m.colour(0.5)
        mask = np.zeros((SIDE, SIDE), np.uint8)
        if shape == 0:
            cv2.circle(mask, (int(x), int(y)), int(size / 2), 255, -1)
        else:
            turn = m.rng.uniform(0, 180) if turned else m.rng.normal(0, 4)
            box = cv2.boxPoints(((x, y), (size, size * m.rng.uniform(0.15, 1.5)), turn))
            cv2.fillConvexPoly(mask, box.astype(int), 255)
        where = mask > 0
        if size > 25 and m.rng.random() < 0.6:
            other = m.tile(names[m.rng.integers(len(names))], m.rng.uniform(1, 7), tone * m.rng.uniform(0.2, 0.8), tone)
            m.image[where] = other[where]
        else:
            m.image[where] = tone


def _foliage(m: _Maker) -> None:
    palette = np.array([(0.06, 0.16, 0.03), (0.14, 0.30, 0.06), (0.30, 0.42, 0.12), (0.10, 0.22, 0.10)])
    palette = palette * np.exp(m.rng.normal(0, 0.25, 3))
    size = m.rng.uniform(10, 60)
    m.image = leaves(m.rng, int(size), int(60000 / size**1.5), (0.2, 0.8), palette, SIDE)
    if m.rng.random() < 0.5:
        m.image = np.where(
            (m.cloud() > m.rng.uniform(1.15, 1.5))[..., None], m.gradient((0.8, 0.85, 0.9), (0.6, 0.7, 0.8)), m.image
        )


def _street(m: _Maker) -> None:
    horizon = int(m.rng.uniform(0.35, 0.7) * SIDE)
    m.sky(horizon)
    x = -m.rng.uniform(0, 60)
    while x < SIDE:
        wide = m.rng.uniform(30, 150)
        m.building(x, x + wide, horizon - m.rng.uniform(30, 260), horizon + 6)
        x += wide + m.rng.exponential(14)
    m.ground(("asphalt", "tiles", "concrete", "gravel")[m.rng.integers(4)], horizon, m.colour() * 0.3, m.colour() * 0.8)
    for _ in range(m.rng.integers(0, 6)):  # cars, bins, posts
        x, w, h = m.rng.uniform(0, SIDE), m.rng.uniform(4, 70), m.rng.uniform(12, 60)
        m.thing(x, horizon + 10 - h, x + w, horizon + 10, ("plain", "plain", "ribs")[m.rng.integers(3)])
    m.trees(horizon, m.rng.integers(0, 4))


def _park(m: _Maker) -> None:
    horizon = int(m.rng.uniform(0.3, 0.65) * SIDE)
    m.sky(horizon)
    hedge = m.tile("leaves", m.rng.uniform(2, 8)) * m.rng.uniform(0.4, 1.0)
    rise = (horizon - m.rng.uniform(10, 70) - 40 * (m.cloud()[0] - 1)).astype(int)
    mask = np.arange(SIDE)[:, None] > rise[None]
    m.image[mask] = hedge[mask]
    m.ground(("grass", "grass", "grass", "sand", "gravel")[m.rng.integers(5)], horizon)
    m.trees(horizon, m.rng.integers(1, 7))


def _front(m: _Maker) -> None:
    m.building(0, SIDE, 0, SIDE)
    if m.rng.random() < 0.6:
        m.ground("concrete", int(m.rng.uniform(0.7, 0.95) * SIDE), m.colour() * 0.3, m.colour())


def _interior(
    m: _Maker, wall=("plain", "plaster", "tiles", "bricks", "light wood"), extra: Callable | None = None
) -> None:
    """A wall, a floor and what stands and hangs there."""
    r = m.rng
    horizon = int(r.uniform(0.6, 0.95) * SIDE)
    tone = m.colour()
    m.image[:] = m.tile(wall[r.integers(len(wall))], r.uniform(1, 8), tone * r.uniform(0.5, 0.95), tone)
    m.image *= m.gradient([r.uniform(0.4, 1)] * 3, [r.uniform(0.4, 1)] * 3, r.uniform(0, 6))
    m.ground(("planks", "parquet", "tiles", "carpet", "concrete")[r.integers(5)], horizon, m.colour() * 0.3, m.colour())
    for _ in range(r.integers(0, 4)):  # windows and pictures
        x, y, w, h = r.uniform(-20, SIDE), r.uniform(0, 120), r.uniform(20, 110), r.uniform(20, 110)
        m.thing(x - 4, y - 4, x + w + 4, y + h + 4, "plain")
        m.thing(x, y, x + w, y + h, ("plain", "blinds", "leaves", "curtain", "dirt", "windows")[r.integers(6)])
        if r.random() < 0.4:
            m.image[int(max(y, 0)) : int(y + h), int(max(x, 0)) : int(x + w)] *= r.uniform(1, 3)
    for _ in range(r.integers(1, 8)):  # furniture
        x, w, h = r.uniform(-20, SIDE), r.uniform(10, 120), r.uniform(20, 150)
        foot = horizon + r.uniform(0, 40)
        m.thing(
            x, foot - h, x + w, foot, ("plain", "wood", "dark wood", "fabric", "books", "light wood")[r.integers(6)]
        )
    for _ in range(r.integers(0, 14)):  # small things
        x, y, s = r.uniform(0, SIDE), r.uniform(60, horizon), r.uniform(3, 22)
        m.thing(x, y, x + s, y + s * r.uniform(0.4, 3), "plain")
    if extra is not None:
        extra(m)


def _books(m: _Maker) -> None:
    _interior(m, ("books", "books", "dark wood"))


def _kitchen(m: _Maker) -> None:
    def cupboards(m: _Maker) -> None:
        tone, x = m.colour(0.9), 0.0
        while x < SIDE:
            w = m.rng.uniform(26, 60)
            for y0, y1 in ((0, m.rng.uniform(40, 70)), (140, 215)):
                cv2.rectangle(m.image, (int(x) + 1, int(y0)), (int(x + w) - 1, int(y1)), tone.tolist(), -1)
                cv2.line(m.image, (int(x + w) - 6, int(y0) + 8), (int(x + w) - 6, int(y1) - 8), (0.2, 0.2, 0.2), 2)
            x += w
        m.thing(0, 130, SIDE, 140, "marble")

    _interior(m, ("small tiles", "tiles"), cupboards)


def _gym(m: _Maker) -> None:
    def bars(m: _Maker) -> None:
        for _ in range(m.rng.integers(3, 14)):
            x, y = m.rng.uniform(0, SIDE, 2)
            q = (int(x + m.rng.normal(0, 60)), int(y + m.rng.normal(0, 60)))
            cv2.line(m.image, (int(x), int(y)), q, m.colour().tolist(), int(m.rng.integers(1, 6)), cv2.LINE_AA)
        for _ in range(m.rng.integers(0, 4)):
            x = m.rng.uniform(0, SIDE)
            m.thing(x, 150, x + m.rng.uniform(40, 140), 250, "mats")

    _interior(m, ("plain", "bricks", "ribs", "blinds", "mats"), bars)


def _curtains(m: _Maker) -> None:
    a = m.colour(0.3)
    m.image[:] = m.tile(("curtain", "blinds", "ribs", "fabric")[m.rng.integers(4)], m.rng.uniform(0.5, 3), a * 0.3, a)


def _lights(m: _Maker) -> None:
    """Far lights out of focus."""
    m.image[:] = m.gradient(m.colour() * 0.2, m.colour() * 0.3)
    for _ in range(m.rng.integers(10, 90)):
        x, y = m.rng.uniform(0, SIDE, 2)
        over = m.image.copy()
        cv2.circle(over, (int(x), int(y)), int(m.rng.uniform(2, 20)), m.colour(0.2).tolist(), -1, cv2.LINE_AA)
        m.image = np.maximum(m.image, m.image + 0.6 * (over - m.image))


def _crowd(m: _Maker) -> None:
    """People far off, out of focus: heads, trunks and legs in rows."""
    _street(m) if m.rng.random() < 0.5 else _interior(m)
    for row in range(m.rng.integers(1, 4)):
        size, base = m.rng.uniform(20, 70), m.rng.uniform(120, 250)
        for _ in range(m.rng.integers(2, 12)):
            x = m.rng.uniform(0, SIDE)
            skin, top, low = _SKIN[m.rng.integers(len(_SKIN))], m.colour(0.4), m.colour(0.7)
            cv2.rectangle(
                m.image, (int(x - size * 0.14), int(base - size)), (int(x + size * 0.14), int(base)), low.tolist(), -1
            )
            cv2.ellipse(
                m.image,
                (int(x), int(base - size * 1.25)),
                (int(size * 0.24), int(size * 0.36)),
                0,
                0,
                360,
                top.tolist(),
                -1,
            )
            cv2.circle(
                m.image, (int(x), int(base - size * 1.75)), max(2, int(size * 0.13)), skin.tolist(), -1, cv2.LINE_AA
            )
        m.image = cv2.GaussianBlur(m.image, (0, 0), 1.5 + row)


def _clutter(m: _Maker) -> None:
    _interior(m)
    m.limbs(int(m.rng.integers(4, 30)))


def _colours(m: _Maker) -> None:
    a, b, c = (m.colour(0.3) for _ in range(3))
    m.image[:] = m.gradient(a, b, m.rng.uniform(0, 6)) * (m.cloud()[..., None] ** m.rng.uniform(0.3, 1.5))
    m.image = m.image + (c - a) * 0.5 * np.clip(m.cloud() - 1, 0, 1)[..., None]


KINDS: dict[str, tuple[float, Callable[[_Maker], None]]] = {
    "things": (0.16, _dead_leaves),
    "foliage": (0.07, _foliage),
    "street": (0.11, _street),
    "park": (0.12, _park),
    "front": (0.06, _front),
    "interior": (0.16, _interior),
    "books": (0.04, _books),
    "kitchen": (0.05, _kitchen),
    "gym": (0.07, _gym),
    "curtains": (0.03, _curtains),
    "lights": (0.03, _lights),
    "crowd": (0.04, _crowd),
    "clutter": (0.06, _clutter),
    "colours": (0.05, _colours),
}


def spectrum_clouds(count: int, seed: int = 43) -> list[np.ndarray]:
    """(SIDE, SIDE) noise that repeats, with amplitudes as 1/frequency, about 1."""
    rng = np.random.default_rng(seed)
    f = np.fft.fftfreq(SIDE) * SIDE
    r = np.maximum(np.hypot(f[None], f[:, None]), 1)
    out = []
    for _ in range(count):
        waves = np.fft.ifft2(r ** -rng.uniform(0.9, 1.5) * np.exp(2j * np.pi * rng.random((SIDE, SIDE)))).real
        out.append(np.clip(1 + 0.35 * (waves - waves.mean()) / waves.std(), 0.1, 2).astype(np.float32))
    return out


def photo(kind: str, seed: int, tiles: dict[str, np.ndarray], clouds: list[np.ndarray]) -> np.ndarray:
    """One picture of a kind. tiles: `surfaces.surfaces()`; clouds: `spectrum_clouds`."""
    rng = np.random.default_rng([42, seed])
    maker = _Maker(rng, tiles, clouds)
    KINDS[kind][1](maker)
    image = np.clip(maker.image, 0, None).astype(np.float32) * (0.75 + 0.25 * maker.cloud()[..., None])
    y, x = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    lamp = np.exp(-((x - rng.random()) ** 2 + (y - rng.random()) ** 2) / rng.uniform(0.1, 1.0))
    image = image * (rng.uniform(0.3, 1) + lamp[..., None] * rng.uniform(0, 1.2) * np.exp(rng.normal(0, 0.12, 3)))
    image = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 0.4 + 3.5 * rng.random() ** 3)
    image = image * rng.uniform(0.35, 0.6) / max(float(image.mean() + image.std()), 1e-3)
    return (255 * np.clip(image, 0, 1) ** (1 / 2.2) + 0.5).astype(np.uint8)

"""What a camera does to a picture: exposure, colour, focus, motion, noise, and the compression of its stream."""

from __future__ import annotations

import math

import cv2
import numpy as np

from .chance import Chance


def webcam(c: Chance, image: np.ndarray, hardness: float, pixel: float = 1.0) -> np.ndarray:
    """(H, W, 3) uint8 in and out.

    pixel: how many px of the picture one px of the camera's frame makes; above 1 the crop was enlarged, and noise and
    compression are as coarse.
    """
    height, width = image.shape[:2]
    spread = 0.3 + 0.7 * hardness
    small = max(0.35, 1 / pixel) if pixel > 1.05 else 1.0
    x = image
    if small < 1:
        size = (max(8, round(width * small)), max(8, round(height * small)))
        x = cv2.resize(x, size, interpolation=cv2.INTER_AREA)
    x = _toned(c, x, spread)
    blur = c.between(0.35, 0.5 + 0.7 * hardness) if c.yes(0.35 * spread) else 0.0
    if blur:
        x = cv2.GaussianBlur(x, (0, 0), blur)
    if c.yes(0.14 * hardness):
        x = cv2.filter2D(x, -1, _smear(c))
    if c.yes(0.15 * hardness):  # sharpened by the camera
        x = cv2.addWeighted(x, 1 + (k := c.between(0.3, 1.2)), cv2.GaussianBlur(x, (0, 0), 1.0), -k, 0)
    if c.yes(0.55 * spread):
        x = _noisy(c, x, c.u() ** 2 * 16 * spread)
    if c.yes(0.5 * spread):
        quality = int(c.between(18, 92))
        _, data = cv2.imencode(".jpg", x, [cv2.IMWRITE_JPEG_QUALITY, quality])
        x = cv2.imdecode(data, cv2.IMREAD_COLOR)
    if small < 1:
        x = cv2.resize(x, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(x)


def _toned(c: Chance, x: np.ndarray, spread: float) -> np.ndarray:
    """Gamma, contrast, brightness and white balance by a table a channel, saturation by a matrix."""
    gamma = math.exp(c.normal(0.22 * spread)) if c.yes(0.7) else 1.0
    contrast = math.exp(c.normal(0.15 * spread)) * math.exp(c.normal(0.14 * spread))
    lift = c.normal(0.05 * spread)
    ramp = np.linspace(0, 1, 256) ** gamma
    gains = np.array([contrast * math.exp(c.normal(0.05 * spread)) for _ in range(3)])
    table = (ramp[:, None] - 0.5) * gains + 0.5 + lift
    x = cv2.LUT(x, (255 * np.clip(table, 0, 1) + 0.5).astype(np.uint8)[None])
    k = math.exp(c.normal(0.25 * spread, 0.05))
    if abs(k - 1) > 0.04 or c.yes(0.04):
        k = 0.0 if c.yes(0.02) else k
        matrix = k * np.eye(3) + (1 - k) / 3
        x = cv2.transform(x, matrix)
    return x


def _smear(c: Chance) -> np.ndarray:
    """A kernel of motion."""
    length = c.whole(3, 9)
    kernel = np.zeros((length, length), np.float32)
    angle, middle = c.between(0, math.pi), (length - 1) / 2
    way = np.array([math.cos(angle), math.sin(angle)]) * middle
    p, q = (tuple(round(middle + s * v) for v in way) for s in (-1, 1))
    cv2.line(kernel, p, q, 1.0)
    return kernel / kernel.sum()


def _noisy(c: Chance, x: np.ndarray, strength: float) -> np.ndarray:
    """Noise in levels, more in the dark; the colours' at times coarser than the light's."""
    noise = np.empty(x.shape[:2], np.int8)
    cv2.setRNGSeed(int(c.u() * (1 << 31)))
    cv2.randn(noise, 0, max(strength, 0.6))
    if c.yes(0.5):
        return cv2.add(x, cv2.merge([noise] * 3), dtype=cv2.CV_8U)
    colour = np.empty(x.shape, np.int8)
    cv2.randn(colour, 0, max(strength, 0.6))
    return cv2.add(x, colour, dtype=cv2.CV_8U)

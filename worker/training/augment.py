"""Changes to drawn pictures each time they are used, on the device that trains: turns, scale, shifts, mirrors, things
in front, light and colour, blur, noise.

What changes is drawn on the CPU, so that it follows from the generator alone on every device; only noise is drawn
where it is added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mocap_core.skeleton import COCO_FLIP_PAIRS

from .pool import Pictures
from .render import PARTS
from .stream import PARTS_EVERY, PARTS_FROM

_FLIP = np.arange(17)
for _left, _right in COCO_FLIP_PAIRS:
    _FLIP[[_left, _right]] = _right, _left
_FLIP_PARTS = [
    PARTS.index(name.replace("left", "#").replace("right", "left").replace("#", "right")) for name in PARTS
]
#: At most so many things are put in front of a picture.
_OCCLUDERS = 2


@dataclass(frozen=True)
class Augmentation:
    """Standard deviations: turn in degrees, scale (log), shift as a share of the picture, gain, contrast and
    saturation (log); chances: flip, blur, occluder, each of two; noise: grey levels of 255, at most.
    """

    turn_deg: float = 5.0
    scale: float = 0.06
    shift: float = 0.02
    gain: float = 0.1
    contrast: float = 0.0
    saturation: float = 0.0
    flip: float = 0.0
    occluder: float = 0.0
    blur: float = 0.0
    noise: float = 0.0


def augment(rng: np.random.Generator, how: Augmentation, pictures: Pictures) -> tuple[Tensor, ...]:
    """Changed pictures: images (N, H, W, 3) float32, 0…255; keypoints (N, 17, 2); visibility (N, 17); parts (N, rows,
    columns) long."""
    n, height, width = pictures.images.shape[:3]
    device = pictures.images.device

    def on_device(values: np.ndarray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).to(device, non_blocking=True)

    matrix, mirrored = _places(rng, how, n, width, height)
    back = np.linalg.inv(matrix)
    pixels, cells = _pixels(width, height), _cells(*pictures.parts.shape[:0:-1])
    images = pictures.images.permute(0, 3, 1, 2).float()
    grid = F.affine_grid(on_device((pixels @ back @ np.linalg.inv(pixels))[:, :2]), images.shape, align_corners=True)
    images = F.grid_sample(images, grid, align_corners=True)
    parts = pictures.parts[:, None].float()
    grid = F.affine_grid(on_device((cells @ back @ np.linalg.inv(cells))[:, :2]), parts.shape, align_corners=True)
    parts = F.grid_sample(parts, grid, mode="nearest", align_corners=True)[:, 0].long()
    flip = torch.from_numpy(mirrored).to(device)
    parts = torch.where(flip[:, None, None], torch.tensor(_FLIP_PARTS, device=device)[parts], parts)
    linear, offset = on_device(matrix[:, :2]).split([2, 1], 2)
    keypoints = pictures.keypoints @ linear.transpose(1, 2) + offset.transpose(1, 2)
    order = torch.from_numpy(_FLIP).to(device)
    keypoints = torch.where(flip[:, None, None], keypoints[:, order], keypoints)
    visibility = torch.where(flip[:, None], pictures.visibility[:, order], pictures.visibility)
    if how.occluder:
        _cover(images, parts, _occluders(rng, how, n, width, height), on_device)
    images = _coloured(images, rng, how, on_device)
    if how.blur:
        _blur(images, rng.random(n) * (rng.random(n) < how.blur), on_device)
    if how.noise:
        generator = torch.Generator(device).manual_seed(int(rng.integers(2**62)))
        level = on_device(rng.uniform(0, how.noise, n))[:, None, None, None]
        images = images + level * torch.randn(images.shape, generator=generator, device=device)
    return images.clamp(0, 255).permute(0, 2, 3, 1), keypoints, visibility, parts


def _places(rng, how: Augmentation, n: int, width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, 3, 3) from px before to px after; (N,) whether that mirrors."""
    turn, scale = np.radians(rng.normal(0, how.turn_deg, n)), np.exp(rng.normal(0, how.scale, n))
    mirrored = rng.random(n) < how.flip
    c, s = np.cos(turn) * scale, np.sin(turn) * scale
    linear = np.stack([np.stack([c, -s], -1), np.stack([s, c], -1)], 1)
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    matrix = np.tile(np.eye(3), (n, 1, 1))
    matrix[:, :2, :2] = linear
    matrix[:, :2, 2] = centre - linear @ centre + rng.normal(0, how.shift, (n, 2)) * (width, height)
    matrix[mirrored] = np.array([[-1, 0, width - 1], [0, 1, 0], [0, 0, 1]]) @ matrix[mirrored]
    return matrix, mirrored


def _pixels(width: int, height: int) -> np.ndarray:
    """(3, 3): from px to grid_sample's places, −1 and 1 at the middles of the outermost pixels."""
    return np.array([[2 / (width - 1), 0, -1], [0, 2 / (height - 1), -1], [0, 0, 1]])


def _cells(columns: int, rows: int) -> np.ndarray:
    """(3, 3): the same from a picture's px to its map of parts."""
    of_px = np.array([[1, 0, -PARTS_FROM], [0, 1, -PARTS_FROM], [0, 0, PARTS_EVERY]]) / PARTS_EVERY
    return _pixels(columns, rows) @ of_px


def _occluders(rng, how: Augmentation, n: int, width: int, height: int) -> np.ndarray:
    """(N, 2, 10): there or not, round or not, middle and half sides in px, turn, a colour's share of 0…255."""
    k = (n, _OCCLUDERS)
    there, round_ = rng.random(k) < how.occluder, rng.random(k) < 0.5
    middle = rng.uniform(0, 1, (*k, 2)) * (width, height)
    half = rng.uniform(0.04, 0.22, (*k, 2)) * height
    plain = rng.uniform(0, 255, (*k, 3)) * np.where(rng.random((*k, 1)) < 0.5, 1, np.nan)
    return np.concatenate([there[..., None], round_[..., None], middle, half, rng.uniform(0, np.pi, (*k, 1)), plain], 2)


def _cover(images: Tensor, parts: Tensor, things: np.ndarray, on_device) -> None:
    """Things in front, in place: of one colour or, where that is NaN, cut out of the picture before."""
    height, width = images.shape[2:]
    y = torch.arange(height, device=images.device)[:, None]
    x = torch.arange(width, device=images.device)[None, :]
    rows = [_rows(things[:, k, 0], images.device) for k in range(_OCCLUDERS)]
    fills = [images[some - 1] for some in rows]
    for k, (some, fill) in enumerate(zip(rows, fills, strict=True)):
        _, round_, cx, cy, half_x, half_y, turn, *colour = on_device(things[:, k])[some].T[..., None, None]
        dx, dy = x - cx, y - cy
        along = (dx * turn.cos() + dy * turn.sin()) / half_x
        across = (dy * turn.cos() - dx * turn.sin()) / half_y
        inside = torch.where(round_ > 0, along**2 + across**2 < 1, (along.abs() < 1) & (across.abs() < 1))
        plain = torch.stack(colour, 1)
        fill = torch.where(plain.isnan(), fill, plain.expand_as(fill))
        images[some] = torch.where(inside[:, None], fill, images[some])
        parts[some] = parts[some].masked_fill(inside[:, PARTS_FROM::PARTS_EVERY, PARTS_FROM::PARTS_EVERY], 0)


def _rows(wanted: np.ndarray, device: torch.device) -> Tensor:
    """Which pictures it is not 0 for: most are left as they are, and cost nothing."""
    return torch.from_numpy(np.flatnonzero(wanted)).to(device)


def _coloured(images: Tensor, rng, how: Augmentation, on_device) -> Tensor:
    n = len(images)
    gain = np.exp(rng.normal(0, how.gain, (n, 1)) + rng.normal(0, how.gain / 3, (n, 3)))
    images = images * on_device(gain)[..., None, None]
    if how.contrast:
        middle = images.mean((1, 2, 3), keepdim=True)
        images = middle + (images - middle) * on_device(np.exp(rng.normal(0, how.contrast, (n, 1, 1, 1))))
    if how.saturation:
        grey = images.mean(1, keepdim=True)
        images = grey + (images - grey) * on_device(np.exp(rng.normal(0, how.saturation, (n, 1, 1, 1))))
    return images


def _blur(images: Tensor, share: np.ndarray, on_device) -> None:
    """Mixes them in place with themselves under a 5×5 binomial filter (σ 1 px); share: (N,) of it."""
    rows = _rows(share, images.device)
    sharp = images[rows]
    weights = (images.new_tensor([1, 4, 6, 4, 1]) / 16).expand(images.shape[1], 1, 1, 5)
    soft = F.conv2d(F.pad(sharp, (2, 2, 0, 0), "replicate"), weights, groups=len(weights))
    soft = F.conv2d(F.pad(soft, (0, 0, 2, 2), "replicate"), weights.transpose(2, 3), groups=len(weights))
    images[rows] = sharp + on_device(share)[rows, None, None, None] * (soft - sharp)
